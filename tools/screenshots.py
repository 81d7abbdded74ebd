"""Takes the pictures of the README from a real daemon playing the demo track.

.venv/bin/python tools/screenshots.py docs/images
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import sync_playwright

from daemon.bench.running import RunningDaemon

FLAGS = "--no-sandbox --use-gl=angle --use-angle=swiftshader --enable-unsafe-swiftshader"
SETTLE_S = 40.0  # until the beat is trusted and the first groove plays


def main(folder: Path) -> None:
    """Control page first, since two layers at a good resolution leave a machine without GPU no time."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as sessions, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS.split())
        with RunningDaemon("--input", "demo", "--seed", "3", "--record", sessions) as daemon:
            stage = browser.new_page(viewport={"width": 960, "height": 540})
            stage.goto(daemon.url + "?res=96x54")
            control = browser.new_page(viewport={"width": 1280, "height": 800})
            control.goto(daemon.url + "control")
            time.sleep(SETTLE_S)
            control.locator("text=not chosen yet").first.wait_for(state="hidden", timeout=60_000)
            control.screenshot(path=folder / "control.png")
            control.close()
            stage.goto(daemon.url + "?res=640x360")
            time.sleep(12)
            stage.screenshot(path=folder / "stage.png", timeout=60_000)
        browser.close()


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]))
