"""Real Chromium through Playwright, with the flags that make WebGL run without a GPU."""

from __future__ import annotations

import base64
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

FLAGS = [
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
]

# Decodes a screenshot in the browser, which has a PNG decoder anyway: mean luma and the pixels in grey.
_GREY = """async (data) => {
    const image = new Image();
    image.src = "data:image/png;base64," + data;
    await image.decode();
    const canvas = new OffscreenCanvas(64, 36);
    const context = canvas.getContext("2d");
    context.drawImage(image, 0, 0, 64, 36);
    const bytes = context.getImageData(0, 0, 64, 36).data;
    const grey = [];
    for (let i = 0; i < bytes.length; i += 4)
        grey.push(0.2126 * bytes[i] + 0.7152 * bytes[i + 1] + 0.0722 * bytes[i + 2]);
    return grey;
}"""


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser; ended whatever happens."""
    path = shutil.which("chromium")
    assert path, "Chromium is missing; install the Debian package chromium (`make test` does)"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()


class Observed:
    """A page with everything it complained about and asked for.

    Attributes:
        complaints: console errors and uncaught exceptions.
        foreign: requests that left the daemon's address.
    """

    def __init__(self, browser: Browser, url: str, width: int, height: int) -> None:
        self.page: Page = browser.new_page(viewport={"width": width, "height": height})
        self.complaints: list[str] = []
        self.foreign: list[str] = []
        home = "/".join(url.split("/")[:3])
        self.page.on("console", lambda m: self.complaints.append(m.text) if m.type == "error" else None)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda r: None if _at_home(r.url, home) else self.foreign.append(r.url))
        self.page.goto(url)

    def state(self) -> dict:
        """`window.__aivj.getState()`."""
        return self.page.evaluate("window.__aivj ? window.__aivj.getState() : null")

    def shot(self, path: Path) -> bytes:
        """A screenshot, also written to `path`."""
        path.parent.mkdir(parents=True, exist_ok=True)
        return self.page.screenshot(path=path, timeout=60_000)


def _at_home(url: str, home: str) -> bool:
    return url.startswith((home, home.replace("http", "ws", 1), "data:", "blob:"))


def grey(browser: Browser, png: bytes) -> list[float]:
    """A screenshot as 64 x 36 grey values, 0 to 255."""
    page = browser.new_page()
    try:
        return page.evaluate(_GREY, base64.b64encode(png).decode())
    finally:
        page.close()
