"""Renders one preset in butterchurn, in a browser, to a synthetic beat, and measures its picture.

A preset alone, from a black picture: 60 frames of 128 x 72 at 30 a second; the first 25 are left to settle.
The sound is the same for every preset: a kick about twice a second, a tone and a chirp. `Math.random` is
seeded and time is counted in frames, so that two measurements differ by no more than the graphics driver's
rounding. Another start picture, other music or a longer time would give other numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from models.packs.butterchurn import Preset

if TYPE_CHECKING:
    from playwright.sync_api import Browser

FLAGS = ("--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader")
"""For a browser that draws without a graphics card."""

SHADER = "one of its shaders does not link"
STOPS = "its equations stop with an error"
BLACK = "stays black"
WHITE = "stays white"

_PAGE = """<body><script type="module">
import butterchurn from "/butterchurn.js";
const link = WebGL2RenderingContext.prototype.linkProgram;
let unlinked = 0;
WebGL2RenderingContext.prototype.linkProgram = function (program) {
  link.call(this, program);
  if (!this.getProgramParameter(program, this.LINK_STATUS)) unlinked += 1;
};
const [width, height, frames, settled] = [128, 72, 60, 25];
const canvas = Object.assign(document.createElement("canvas"), { width, height });
window.measure = async (preset) => {
  unlinked = 0;
  let seed = 1;
  Math.random = () => (seed = (seed * 1103515245 + 12345) % 2147483648) / 2147483648;
  const size = { width, height, meshWidth: 32, meshHeight: 24, onlyUseWASM: true };
  const visualizer = butterchurn.createVisualizer(null, canvas, size);
  await visualizer.loadPreset(preset, 0);
  const gl = visualizer.gl;
  const pixels = new Uint8Array(width * height * 4);
  let [before, luma, motion] = [null, 0, 0];
  for (let frame = 0; frame < frames; frame += 1) {
    const wave = new Uint8Array(1024).map((_, i) => {
      const n = frame * 1470 + i;
      const kick = 80 * Math.exp(-(frame % 14) / 4) * Math.sin(n * 0.0078);
      return 128 + kick + 20 * Math.sin(n * 0.06) + 12 * Math.sin(n * n * 0.37);
    });
    const audioLevels = { timeByteArray: wave, timeByteArrayL: wave, timeByteArrayR: wave };
    visualizer.render({ audioLevels, elapsedTime: 1 / 30 });
    gl.readPixels(0, 0, width, height, gl.RGBA, gl.UNSIGNED_BYTE, pixels);
    if (frame < settled) continue;
    const grey = new Float32Array(width * height).map((_, i) =>
      (0.2126 * pixels[4 * i] + 0.7152 * pixels[4 * i + 1] + 0.0722 * pixels[4 * i + 2]) / 255);
    luma += grey.reduce((a, b) => a + b, 0) / grey.length;
    if (before) motion += grey.reduce((a, b, i) => a + Math.abs(b - before[i]), 0) / grey.length;
    before = grey;
  }
  gl.getExtension("WEBGL_lose_context").loseContext();
  return { unlinked, luma: luma / (frames - settled), motion: motion / (frames - settled - 1) };
};
window.ready = true;
</script>"""


@dataclass(frozen=True)
class Seen:
    """What a preset looked like.

    Attributes:
        luma: mean brightness (Rec. 709 weights), 0..1.
        motion: mean change of brightness of a pixel from one frame to the next, 0..1.
        fault: what no taste decides: no picture, or one that never changes; empty when there is none.
    """

    luma: float
    motion: float
    fault: str


def see(browser: Browser, modules: Path, preset: Preset) -> Seen:
    """Render `preset` in a fresh page.

    Args:
        browser: Chromium, started with `FLAGS` where there is no graphics card.
        modules: the `node_modules` folder that holds butterchurn.
        preset: what to render.
    """
    from playwright.sync_api import Error, Route

    def answer(route: Route) -> None:
        if route.request.url.endswith("/butterchurn.js"):
            library = modules / "butterchurn" / "dist" / "butterchurn.js"
            route.fulfill(body=library.read_text(encoding="utf-8"), content_type="text/javascript")
        else:
            route.fulfill(body=_PAGE, content_type="text/html")

    page = browser.new_page()
    try:
        page.route("**/*", answer)
        page.goto("http://rig.test/")
        page.wait_for_function("window.ready")
        picture = page.evaluate("preset => measure(preset)", preset.body)
    except Error:
        return Seen(0.0, 0.0, STOPS)
    finally:
        page.close()
    luma, motion = picture["luma"], picture["motion"]
    if picture["unlinked"]:
        return Seen(luma, motion, SHADER)
    if luma < 0.002 and motion < 0.0006:
        return Seen(luma, motion, BLACK)
    return Seen(luma, motion, WHITE if luma > 0.99 and motion < 0.0005 else "")
