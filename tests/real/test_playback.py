"""A past night shown again: the same pairs at the same musical moments, in a real browser."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from chromium import Observed, chromium

from daemon.bench.running import RunningDaemon
from daemon.session import SessionReader

pytestmark = pytest.mark.real

NIGHT_S = 26
CONFIG = """
seed = 11
[selector.director]
min_dwell_sec = 4.0
max_dwell_sec = 8.0
"""


def watched(daemon: RunningDaemon, browser: Any, seconds: float) -> list[dict[str, Any]]:
    """What a stage showed, in order, until the show ends or for so long."""
    stage = Observed(browser, daemon.url + "?res=128x72", 320, 180)
    picks: list[dict[str, Any]] = []
    until = time.monotonic() + seconds
    while time.monotonic() < until and daemon.process.poll() is None:
        state = stage.state()
        if state and state["picks"]:
            picks = state["picks"]
        time.sleep(0.2)
    stage.page.close()
    return sorted(
        (p for p in picks if p["activatedAtMs"] is not None), key=lambda pick: float(pick["activatedAtMs"])
    )


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory, demo_pack: Path) -> tuple[Path, list[dict[str, Any]]]:
    """A recorded show with a browser, and what that showed when it was played again."""
    folder = tmp_path_factory.mktemp("night")
    config = folder / "config.toml"
    config.write_text(CONFIG, encoding="utf-8")
    places = ["--config", str(config), "--pack", str(demo_pack)]
    with chromium() as browser:
        with RunningDaemon(*places, "--input", "demo", "--record", str(folder / "sessions")) as live:
            assert watched(live, browser, NIGHT_S)
        session = Path(live.session)
        again = RunningDaemon("--wait", *places, verb=("replay", str(session), "--realtime"))
        with again:
            shown = watched(again, browser, NIGHT_S + 30)
            again.process.wait(30)
        assert again.exit_code == 0, "\n".join(again.lines)
        assert any(line.startswith("as it was") for line in again.lines), again.lines
    return session, shown


def test_a_night_is_shown_again_as_it_was(night: tuple[Path, list[dict[str, Any]]]) -> None:
    session, shown = night
    reader = SessionReader(session)
    records = list(reader.checked("picks"))
    picks = {record["seq"]: record for record in records if record["type"] == "pick"}
    moments = {
        record["seq"]: record["activateSample"] / reader.header.rate
        for record in records
        if record["type"] == "outcome" and record["outcome"] == "activated"
    }
    assert len(moments) >= 4
    assert any(record["type"] == "ack" for record in reader.checked("inputs")), "a browser took part"
    order = sorted(moments, key=moments.__getitem__)
    seen = [pick["seq"] for pick in shown]
    # The very last one may fall together with the end.
    assert seen in (order, order[:-1])
    assert [pick["presetIds"] for pick in shown] == [picks[seq]["presetIds"] for seq in seen]
    # Against the first picture, since the page does not know when the night began.
    first = shown[1]
    late = [
        (pick["activatedAtMs"] - first["activatedAtMs"]) / 1000
        - (moments[pick["seq"]] - moments[first["seq"]])
        for pick in shown[1:]
    ]
    assert max(map(abs, late)) < 0.25, late
