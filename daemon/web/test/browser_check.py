"""Walk through both pages in a real Chromium against the mock daemon; needs `npm run build` first.

    python daemon/web/test/browser_check.py [--shots DIR] [--port 8799]

Checks what unit tests cannot: WebGL under the strict Content-Security-Policy, two pairs that really
show and move, faulty presets that are refused with a reason, coming back after a lost connection,
the operator's keys. Prints what was measured; exit 1 when a check fails.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

HERE = Path(__file__).parent
CHROMIUM = "/usr/bin/chromium"
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
EXPECTED_FAULTS = ("carries JavaScript equations", "does not link", "HTTP 404")

failures: list[str] = []


def check(good: bool, what: str) -> None:
    """Note a check; all are run even when one fails."""
    print(f"{'ok  ' if good else 'FAIL'} {what}")
    if not good:
        failures.append(what)


def stage_state(page: Page) -> dict:
    """`window.__aivj.getState()` of the stage."""
    return page.evaluate("() => window.__aivj.getState()")


def wait_for(page: Page, seconds: float, condition) -> dict | None:
    """The first state that meets `condition`, or None."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        state = stage_state(page)
        if condition(state):
            return state
        page.wait_for_timeout(100)
    return None


def watch_console(page: Page, name: str) -> list[str]:
    """Collect what a clean page never says. A missing preset (404) is reported by the browser itself."""
    lines: list[str] = []

    def heard(kind: str, text: str) -> None:
        if "404" not in text:
            lines.append(f"{name} {kind}: {text[:300]}")

    page.on("console", lambda m: heard(m.type, m.text) if m.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: heard("exception", str(error)))
    return lines


def picture_hash(page: Page) -> int:
    """Changes when the picture on screen does."""
    return hash(page.screenshot(timeout=60_000))


def run(port: int, shots: Path | None, log: Path) -> None:
    """Open both pages and go through the checks."""
    base = f"http://127.0.0.1:{port}"

    def shoot(page: Page, name: str) -> None:
        if shots:
            page.screenshot(path=str(shots / f"{name}.png"), timeout=60_000)

    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as profile:
        context = playwright.chromium.launch_persistent_context(
            profile,
            executable_path=CHROMIUM,
            headless=True,
            args=FLAGS,
            viewport={"width": 1280, "height": 720},
        )
        stage = context.new_page()
        console = watch_console(stage, "stage")
        stage.goto(base)

        shown: dict[int, dict] = {}
        for _ in range(2):
            state = wait_for(stage, 30, lambda s: s["current"] and s["current"]["seq"] not in shown)
            if state is None:
                break
            seq = state["current"]["seq"]
            stage.wait_for_timeout(4500)
            first = picture_hash(stage)
            stage.wait_for_timeout(700)
            state = stage_state(stage)
            shown[seq] = state
            shoot(stage, f"stage-{len(shown)}")
            current = state["current"]
            check(current["loaded"] == {"fg": current["fgUrl"], "bg": current["bgUrl"]}, f"pick {seq}: both layers are loaded")
            check(first != picture_hash(stage), f"pick {seq}: the picture moves")
            check(state["luma01"] > 0.03 and state["motion01"] > 0.0005, f"pick {seq}: luma {state['luma01']:.3f}, motion {state['motion01']:.4f}")
            print(f"     fps {state['fps']:.1f} at {state['resolution']}, load {json.dumps(state['lastLoadMs'])}")
        urls = {(s["current"]["fgUrl"], s["current"]["bgUrl"]) for s in shown.values()}
        check(len(urls) == 2, "two different pairs were on air")

        control = context.new_page()
        console += watch_console(control, "control")
        control.set_viewport_size({"width": 1280, "height": 800})
        control.goto(f"{base}/control")
        control.wait_for_timeout(1500)
        check(control.inner_text("#link") == "connected", "control page is connected")
        check(control.inner_text("#bpm").startswith("124"), "control page shows the tempo")
        control.keyboard.press("Space")
        control.wait_for_timeout(400)
        check(control.get_attribute("button.hold", "aria-pressed") == "true", "space holds")
        control.keyboard.press("Space")
        control.keyboard.press("b")
        control.wait_for_timeout(400)
        check(control.get_attribute("button.danger", "aria-pressed") == "true", "b is blackout")
        shoot(control, "control-blackout")
        stage.bring_to_front()
        stage.wait_for_timeout(2500)
        state = stage_state(stage)
        check(state["blackout"], "the stage goes black")
        check(state["luma01"] > 0.03, "blackout does not count as a dark picture")
        shoot(stage, "stage-blackout")
        control.keyboard.press("b")
        control.keyboard.press("n")

        faults = wait_for(stage, 45, lambda s: len([p for p in s["picks"] if p["failed"]]) >= 3)
        reasons = [p["failed"] for p in (faults or stage_state(stage))["picks"] if p["failed"]]
        for expected in EXPECTED_FAULTS:
            check(any(expected in reason for reason in reasons), f"refused: {expected}")
        check(stage_state(stage)["current"]["loaded"]["fg"] is not None, "the picture on air stays during faults")
        control.bring_to_front()
        control.wait_for_timeout(800)
        shoot(control, "control")
        for name, width, height in (("control-tablet", 1024, 768), ("control-phone", 390, 844), ("control-wide", 1920, 1080)):
            control.set_viewport_size({"width": width, "height": height})
            control.wait_for_timeout(500)
            shoot(control, name)
            wide = control.evaluate("() => document.documentElement.scrollWidth > innerWidth")
            check(not wide, f"{name}: nothing sticks out sideways")

        stage.bring_to_front()
        before = stage_state(stage)
        urllib.request.urlopen(urllib.request.Request(f"{base}/mock/drop", method="POST"), timeout=5).read()
        back = wait_for(stage, 10, lambda s: s["connected"] and s["audioFrames"] > before["audioFrames"] + 5)
        check(back is not None and back["session"] == before["session"], "the stage comes back after a lost connection")
        check(wait_for(stage, 5, lambda s: s["frames"] > before["frames"] + 5) is not None, "and draws on")

        acks = [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]
        reports = [m for m in acks if m["type"] == "report"]
        whole = {"type", "fps", "luma01", "motion01", "dropped"}
        # Where nothing was drawn since the last one there is no brightness to tell.
        check(any(set(m) == whole for m in reports), "reports have their four numbers")
        check(all(set(m) in (whole, whole - {"luma01", "motion01"}) for m in reports), "and nothing else")
        lates = [m["lateMs"] for m in acks if m["type"] == "ack" and m["phase"] == "shown"]
        prepares = [m["ms"] for m in acks if m["type"] == "ack" and m["phase"] == "prepared"]
        print(f"     prepared after ms {prepares}; shown late by ms {lates}")
        check(console == [], f"no console errors {console}")
        context.close()


def main() -> int:
    """Start the mock, run the walk, say how it went."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=8799)
    parser.add_argument("--shots", type=Path)
    options = parser.parse_args()
    if options.shots:
        options.shots.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "mock.log"
        with log.open("w") as out:
            mock = subprocess.Popen(
                ["node", str(HERE / "mock-daemon.mjs"), "--port", str(options.port), "--every", "11", "--faults"],
                stdout=out,
            )
            try:
                time.sleep(1)
                run(options.port, options.shots, log)
            finally:
                mock.terminate()
                mock.wait()
    print(f"{len(failures)} failed" if failures else "all good")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
