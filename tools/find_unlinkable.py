"""Lists the presets of the installed package whose shaders do not link in a real browser.

    .venv/bin/python tools/find_unlinkable.py daemon/web/node_modules models/packs/unlinkable.json

butterchurn draws such a preset without the broken shader and says nothing, so the picture is not what
its author made; the stage refuses it. The list is kept with the pack builder, by content id, and is
written anew with this command when the package changes. Needs Chromium and Playwright (`make test`
installs both); the browser asks nobody but this script.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from urllib.parse import unquote, urlsplit

from playwright.sync_api import Route, sync_playwright

from models.errors import PresetError
from models.packs.butterchurn import read_preset

HOME = "http://presets.invalid/"  # never resolved: every request is answered below
FLAGS = "--no-sandbox --use-gl=angle --use-angle=swiftshader --enable-unsafe-swiftshader"
FRESH_EVERY = 60  # presets for one graphics context
PAGE = """<!doctype html><script type="module">
import butterchurn from "/butterchurn.js";
let visualizer;
window.fresh = () => {
    visualizer?.gl.getExtension("WEBGL_lose_context").loseContext();
    const size = { width: 64, height: 36, pixelRatio: 1, onlyUseWASM: true };
    visualizer = butterchurn.createVisualizer(null, document.createElement("canvas"), size);
    visualizer.outputGl = null;
    const { gl } = visualizer, link = gl.linkProgram.bind(gl);
    gl.linkProgram = (program) => {
        link(program);
        if (gl.getProgramParameter(program, gl.LINK_STATUS)) return;
        const logs = gl.getAttachedShaders(program).map((shader) => gl.getShaderInfoLog(shader));
        throw new Error(logs.join("").split("\\n")[0]);
    };
};
window.attempt = async (name) => {
    try { await visualizer.loadPreset(await (await fetch("/preset/" + name)).json(), 0); }
    catch (error) { return error.message; }
    return "";
};
window.fresh();
window.ready = true;
</script>"""


def main(modules: Path, out: Path) -> None:
    """Load every preset once and write those that fail."""
    folder = modules / "butterchurn-presets" / "presets" / "converted"
    names = sorted(path.name for path in folder.glob("*.json"))

    def answer(route: Route) -> None:
        path = unquote(urlsplit(route.request.url).path)
        if path == "/":
            route.fulfill(body=PAGE, content_type="text/html")
        elif path == "/butterchurn.js":
            script = modules / "butterchurn" / "dist" / "butterchurn.js"
            route.fulfill(path=script, content_type="text/javascript")
        elif path.startswith("/preset/"):
            file = folder / names[int(path.removeprefix("/preset/"))]
            route.fulfill(path=file, content_type="application/json")
        else:
            route.fulfill(status=404)

    failed: dict[str, str] = {}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS.split())
        page = browser.new_page()
        page.route("**/*", answer)
        page.goto(HOME)
        page.wait_for_function("window.ready")
        for number, name in enumerate(names):
            if number % FRESH_EVERY == FRESH_EVERY - 1:
                page.evaluate("window.fresh()")
            reason = page.evaluate("(number) => window.attempt(number)", number)
            if reason:
                try:
                    failed[read_preset(folder / name).content_id] = reason.removeprefix("ERROR: ").strip()
                except PresetError as error:
                    print(f"{name}: {error.what}", file=sys.stderr)
        browser.close()
    out.write_text(json.dumps(failed, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    print(f"{len(names)} presets, {len(failed)} do not link")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(Path(sys.argv[1]), Path(sys.argv[2]))
