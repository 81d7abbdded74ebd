"""The report in real Chromium, opened from the disk: it draws, follows wheel, pointer and keys."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from chromium import Observed, chromium, grey
from playwright.sync_api import Browser

from daemon.cli import main
from daemon.report.build import assemble
from daemon.report.collect import Collected
from daemon.report.heard import Heard

sys.path.append(str(Path(__file__).parents[1] / "daemon"))
from long_night import long_levels, long_night
from recordings import at, forge, record

pytestmark = pytest.mark.real

SHOTS = Path(__file__).parents[2] / "test-results" / "report"
EVIL = "</script><script>window.hurt=1</script><img src=x onerror=window.hurt=2>"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def session(
    tmp_path_factory: pytest.TempPathFactory, demo_pack: Path, music: Callable[..., np.ndarray]
) -> Any:
    inputs = [
        {"type": "command", "sample": at(20.5), "verb": "next", "origin": "osc:10.0.0.7"},
        {"type": "report", "sample": at(21), "client": "left", "fps": 31.5},
        {"type": "device", "sample": at(40), "state": "stalled", "detail": "no blocks"},
        {"type": "device", "sample": at(42), "state": "live", "detail": ""},
    ]
    return record(tmp_path_factory.mktemp("page") / "night", demo_pack, music(20, 60), inputs)


@pytest.fixture(scope="module")
def report(session: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("html") / "night.html"
    assert main(["report", str(session.folder), "-o", str(out), "--verify"]) == 0
    return out


def opened(browser: Browser, file: Path, width: int = 1440, height: int = 900) -> Observed:
    seen = Observed(browser, file.as_uri(), width, height)
    until(lambda: seen.page.evaluate("window.__report !== undefined"))
    return seen


def until(true: Callable[[], bool], seconds: float = 30.0) -> None:
    """Wait from here: the page's own policy forbids what Playwright would wait with inside it."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.05)


def state(seen: Observed) -> dict[str, Any]:
    return seen.page.evaluate("window.__report.state()")


def in_order(seen: Observed) -> None:
    """No complaint, nothing asked for outside the file."""
    assert seen.complaints == []
    assert [url for url in seen.foreign if not url.startswith("file:")] == []


@pytest.mark.parametrize(("width", "height"), [(1440, 900), (1024, 768)])
def test_it_draws_the_session(browser: Browser, report: Path, width: int, height: int) -> None:
    seen = opened(browser, report, width, height)
    try:
        png = seen.shot(SHOTS / f"report-{width}.png")
        assert np.std(grey(browser, png)) > 10.0
        # Every track has something on it: rows of the canvas that are not of one colour.
        varied = seen.page.evaluate("""() => {
            const canvas = document.getElementById("timeline");
            const { width, height } = canvas;
            const data = canvas.getContext("2d").getImageData(0, 0, width, height).data;
            let rows = 0;
            for (let y = 0; y < height; y++) {
                const colours = new Set();
                for (let x = 100; x < width; x++) {
                    const i = 4 * (y * width + x);
                    colours.add((data[i] << 16) | (data[i + 1] << 8) | data[i + 2]);
                }
                if (colours.size > 3) rows++;
            }
            return rows / height;
        }""")
        assert varied > 0.5
        # Nothing is cut off at the side.
        assert seen.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert seen.page.evaluate("document.documentElement.scrollHeight <= innerHeight")
        assert seen.page.locator(".chip.good").first.inner_text() == "verified"
        in_order(seen)
    finally:
        seen.page.close()


def test_wheel_drag_minimap_and_keys_move_the_view(browser: Browser, report: Path) -> None:
    seen = opened(browser, report)
    page = seen.page
    try:
        box = page.locator("#timeline").bounding_box()
        assert box
        x, y = box["x"] + 0.5 * box["width"], box["y"] + 0.6 * box["height"]
        whole = state(seen)
        page.mouse.move(x, y)
        page.mouse.wheel(0, -600)
        until(lambda: state(seen)["to"] - state(seen)["from"] < 40)
        near = state(seen)
        middle = whole["from"] + (x - box["x"] - 78) / (box["width"] - 78) * (whole["to"] - whole["from"])
        again = near["from"] + (x - box["x"] - 78) / (box["width"] - 78) * (near["to"] - near["from"])
        assert again == pytest.approx(middle, abs=0.1)  # what is under the pointer stays there
        page.mouse.down()
        page.mouse.move(x + 150, y, steps=4)
        page.mouse.up()
        dragged = state(seen)
        assert dragged["from"] < near["from"]
        assert dragged["to"] - dragged["from"] == pytest.approx(near["to"] - near["from"])
        page.keyboard.press("d")
        assert state(seen)["from"] > dragged["from"]
        page.keyboard.press("+")
        assert state(seen)["to"] - state(seen)["from"] < near["to"] - near["from"]
        mini = page.locator("#minimap").bounding_box()
        assert mini
        page.mouse.click(mini["x"] + 0.98 * mini["width"], mini["y"] + 10)
        assert state(seen)["to"] == pytest.approx(whole["to"])
        page.keyboard.press("0")
        assert (state(seen)["from"], state(seen)["to"]) == (whole["from"], whole["to"])
        for _ in range(40):
            page.keyboard.press("+")
        assert state(seen)["to"] - state(seen)["from"] == pytest.approx(1.0)
        in_order(seen)
    finally:
        page.close()


def test_two_fingers_zoom_and_choose_nothing(browser: Browser, report: Path) -> None:
    seen = opened(browser, report)
    page = seen.page
    try:
        touch = page.context.new_cdp_session(page)
        touch.send("Emulation.setTouchEmulationEnabled", {"enabled": True, "maxTouchPoints": 2})
        box = page.locator("#timeline").bounding_box()
        assert box
        middle, y = box["x"] + 0.6 * box["width"], box["y"] + 60
        before = state(seen)

        def fingers(kind: str, *reach: float) -> None:
            points = [{"x": middle + by, "y": y, "id": i} for i, by in enumerate(reach)]
            touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

        fingers("touchStart", -40.0)
        fingers("touchStart", -40.0, 40.0)
        for reach in (60.0, 90.0, 120.0):
            fingers("touchMove", -reach, reach)

        def zoomed() -> float:
            view = state(seen)
            return float((before["to"] - before["from"]) / (view["to"] - view["from"]))

        until(lambda: zoomed() > 2.85)
        after = state(seen)
        share = (middle - box["x"] - 78) / (box["width"] - 78)

        def under(view: dict[str, Any]) -> float:
            return view["from"] + share * (view["to"] - view["from"])

        assert zoomed() == pytest.approx(3.0, rel=0.05)
        assert under(after) == pytest.approx(under(before), abs=0.5)
        fingers("touchEnd", -120.0)
        fingers("touchEnd")
        assert state(seen)["selected"] == before["selected"]
        in_order(seen)
    finally:
        page.close()


def test_what_failed_is_in_quarantine_for_a_while(browser: Browser, session: Any, tmp_path: Path) -> None:
    picks = [r for r in session.records("picks") if r["type"] == "pick"]
    lines: list[dict[str, Any]] = []
    for pick in picks:
        done = {"type": "outcome", "v": 1, "seq": pick["seq"], "sample": pick["activateSample"]}
        lines += [pick, {**done, "outcome": "activated", "activateSample": pick["activateSample"]}]
    failed = {**done, "seq": picks[0]["seq"], "sample": at(24), "outcome": "failed", "reason": "link"}
    lines += [failed, {**failed, "outcome": "quarantined", "untilSample": at(3600)}]
    forged = forge(tmp_path / "forged", session, lines)
    assert main(["report", str(forged.folder), "-o", str(tmp_path / "f.html"), "--no-replay"]) == 0
    seen = opened(browser, tmp_path / "f.html")
    page = seen.page
    try:
        box = page.locator("#timeline").bounding_box()
        assert box

        def said(second: float) -> str:
            share = second / state(seen)["end"]
            page.mouse.move(box["x"] + 78 + share * (box["width"] - 78), box["y"] + 60)
            return page.locator("#tip").inner_text()

        assert "quarantine" not in said(20.0)
        assert f"in quarantine: Pair {picks[0]['pair']}" in said(30.0)
        assert page.locator("#why").inner_text()
        page.locator("summary").click()
        assert picks[0]["fgUrl"] in page.locator("#why").inner_text()
        in_order(seen)
    finally:
        page.close()


def test_a_pick_tells_why(browser: Browser, report: Path, session: Any) -> None:
    seen = opened(browser, report)
    page = seen.page
    picks = [r for r in session.records("picks") if r["type"] == "pick"]
    activated = [r for r in session.records("picks") if r.get("outcome") == "activated"]
    try:
        page.keyboard.press("ArrowRight")
        assert state(seen)["selected"] == picks[1]["seq"]
        why = page.locator("#why").inner_text()
        assert f"Pair {picks[1]['pair']}" in why
        assert all(str(other["id"]) in why for other in picks[1]["runnersUp"])
        assert "What made it likely" in why
        page.keyboard.press("ArrowLeft")
        assert state(seen)["selected"] == picks[0]["seq"]
        # A click on the timeline: the pick that was on screen then.
        box = page.locator("#timeline").bounding_box()
        assert box
        last = activated[-1]
        share = (last["activateSample"] / 48000 + 0.5) / state(seen)["end"]
        page.mouse.click(box["x"] + 78 + share * (box["width"] - 78), box["y"] + 60)
        assert state(seen)["selected"] == last["seq"]
        assert page.locator("tbody tr.chosen td").first.inner_text() == str(last["seq"])
        # The tip names what is under the pointer.
        assert f"Pair {picks[-1]['pair']}" in page.locator("#tip").inner_text()
        # By keyboard from the table.
        page.locator("tbody button").first.focus()
        page.keyboard.press("Enter")
        assert state(seen)["selected"] == picks[0]["seq"]
        in_order(seen)
    finally:
        page.close()


def test_search_table_statistics_and_session(browser: Browser, report: Path, session: Any) -> None:
    seen = opened(browser, report)
    page = seen.page
    picks = [r for r in session.records("picks") if r["type"] == "pick"]
    try:
        assert page.locator("tbody tr").count() == len(picks)
        page.keyboard.press("/")
        page.keyboard.type(f"pair {picks[2]['pair']}")
        found = [p for p in picks if f"pair {p['pair']}".startswith(f"pair {picks[2]['pair']}")]
        until(lambda: 1 <= (state(seen)["matches"] or 0) < len(picks))
        assert page.locator("tbody tr").count() == state(seen)["matches"] >= len(found) > 0
        page.keyboard.press("Enter")
        assert state(seen)["selected"] in [p["seq"] for p in picks]
        page.keyboard.press("Escape")
        assert state(seen)["matches"] is None
        page.get_by_role("button", name="Chance").click()
        shares = [float(t.split()[0]) for t in page.locator("tbody tr td:nth-child(7)").all_inner_texts()]
        assert shares == sorted(shares)
        page.get_by_role("tab", name="Picks").focus()
        page.keyboard.press("ArrowRight")
        shown = sum(r.get("outcome") == "activated" for r in session.records("picks"))
        assert page.locator("#figures .tile b").first.inner_text() == str(shown)
        page.keyboard.press("ArrowRight")
        about = page.locator("#about").inner_text()
        for known in (
            session.header.code,
            session.header.config_sha256,
            str(session.header.seed),
            "Verified",
        ):
            assert known in about
        in_order(seen)
    finally:
        page.close()


def test_everything_has_a_name_and_can_be_reached(browser: Browser, report: Path) -> None:
    seen = opened(browser, report)
    page = seen.page
    try:
        nameless = page.evaluate("""() => [...document.querySelectorAll(
            "button, input, select, canvas, [tabindex='0'], [role=tab]")]
            .filter((e) => e.offsetParent !== null || e.tagName === "CANVAS")
            .filter((e) => !(e.getAttribute("aria-label") || e.getAttribute("aria-labelledby")
                || e.textContent.trim() || e.labels?.length)).map((e) => e.outerHTML)""")
        assert nameless == []
        reached = set()
        page.evaluate("document.activeElement.blur()")
        for _ in range(60):
            page.keyboard.press("Tab")
            reached.add(page.evaluate("document.activeElement.id || document.activeElement.className"))
        assert {
            "colour",
            "in",
            "whole",
            "minimap",
            "timeline",
            "why",
            "tab-picks",
            "search",
            "picks",
        } <= reached
    finally:
        page.close()


def test_hostile_names_are_text(browser: Browser, session: Any, tmp_path: Path) -> None:
    picks = [r for r in session.records("picks") if r["type"] == "pick"]
    lines = []
    for pick in picks:
        lines.append(
            {**pick, "fgUrl": f"/x/{EVIL}.json", "pack": EVIL, "reason": EVIL, "section": "__proto__"}
        )
        done = {"type": "outcome", "v": 1, "seq": pick["seq"], "sample": pick["activateSample"]}
        lines.append({**done, "outcome": "activated", "activateSample": pick["activateSample"]})
        lines.append({**done, "outcome": "failed", "reason": EVIL, "client": EVIL, "layer": "constructor"})
    evil = forge(tmp_path / "evil", session, lines)
    assert main(["report", str(evil.folder), "-o", str(tmp_path / "evil.html"), "--no-replay"]) == 0
    seen = opened(browser, tmp_path / "evil.html")
    page = seen.page
    try:
        page.keyboard.press("ArrowRight")
        for by in ("pack", "reason", "author"):
            page.select_option("#colour", by)
        for tab in ("Statistics", "Session", "Picks"):
            page.get_by_role("tab", name=tab).click()
        page.mouse.move(400, 300)
        assert EVIL in page.locator("#why").inner_text()
        assert page.evaluate("window.hurt") is None
        assert page.evaluate("document.images.length") == 0
        assert page.evaluate("document.scripts.length") == 1  # the data blocks are gone once they are read
        in_order(seen)
    finally:
        page.close()


def test_three_hours_stay_smooth(browser: Browser, session: Any, tmp_path: Path) -> None:
    night = long_night(session, tmp_path / "night", 3.0)
    made = assemble(night, Collected(night), Heard(long_levels(3.0), 2_025_000), [])
    (tmp_path / "night.html").write_text(made.html)
    seen = opened(browser, tmp_path / "night.html")
    page = seen.page
    try:
        seen.shot(SHOTS / "report-3h.png")
        took = page.evaluate("""async () => {
            const stage = document.getElementById("timeline");
            const box = stage.getBoundingClientRect();
            const took = [];
            for (let i = 0; i < 60; i++) {
                const start = performance.now();
                stage.dispatchEvent(new WheelEvent("wheel", { deltaY: i < 30 ? -120 : 120,
                    clientX: box.left + 600, clientY: box.top + 200, bubbles: true, cancelable: true }));
                await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
                took.push(performance.now() - start);
            }
            return took.sort((a, b) => a - b);
        }""")
        # No graphics card, and cores that are shared: a tenth of a second would feel stuck even so.
        assert took[len(took) // 2] < 100.0, took
        (SHOTS / "frames.txt").write_text(f"median {took[30]:.1f} ms, worst {took[-1]:.1f} ms\n")
        page.keyboard.press("ArrowRight")
        page.fill("#search", "drop")
        until(lambda: state(seen)["matches"] is not None)
        in_order(seen)
    finally:
        page.close()


def test_on_paper_everything_is_there(browser: Browser, report: Path, tmp_path: Path) -> None:
    seen = opened(browser, report)
    try:
        pdf = seen.page.pdf(format="A4", landscape=True, print_background=True)
        assert len(pdf) > 20_000
        seen.page.emulate_media(media="print")
        seen.page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
        assert seen.page.locator("#figures").is_visible()
        assert seen.page.locator("#about").is_visible()
        assert not seen.page.locator("#search").is_visible()
        ground = seen.page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert ground == "rgb(255, 255, 255)"
        seen.shot(SHOTS / "report-paper.png")
    finally:
        seen.page.close()


def test_a_browser_that_cannot_unpack_it_says_so(browser: Browser, report: Path) -> None:
    page = browser.new_page()
    try:
        page.add_init_script("delete window.DecompressionStream")
        page.goto(report.as_uri())
        assert "DecompressionStream" in page.locator("#message").inner_text()
    finally:
        page.close()
