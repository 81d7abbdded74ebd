"""Measuring without a browser: metrics of known pictures, verdicts, campaigns, what a pack gets."""

from __future__ import annotations

import json
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon import packs as live_packs
from models.measure import campaign as campaigns
from models.measure.campaign import Campaign
from models.measure.metrics import FULL, SERIES, TILES, correlation, difference, flashes, measure, response
from models.measure.png import png
from models.measure.probe import Probed, Rig
from models.measure.publish import METRICS_FILE, RUN_FILE, entries, publish
from models.measure.stimuli import KICK_FRAMES, NAMES, SAMPLES, stimulus
from models.measure.verdict import verdict
from models.milk.made import made_name, made_preset
from models.milk.writer import write_milk
from models.packs.canonical import draw64
from models.packs.check import check_pack
from models.packs.layer import Reader
from models.packs.sync import Plan, sync

PIXELS = 160
FPS = 30


def row(luma01: float, motion01: float = 0.0, tiles: list[float] | None = None) -> list[int]:
    """A frame of `PIXELS` pixels of one grey."""
    grey = round(luma01 * FULL)
    plain = dict.fromkeys(SERIES, 0) | {"luma": grey * PIXELS, "motion": round(motion01 * FULL) * PIXELS}
    each = [round(one * FULL) for one in tiles or [luma01] * TILES]
    return [*plain.values(), *(one * PIXELS // TILES for one in each)]


def measured(series: list[list[int]], envelope: list[int] | None = None) -> dict[str, float]:
    beats = envelope or [0] * len(series)
    return measure(series, beats, pixels=PIXELS, settled=1, fps=FPS)


def test_metrics_of_a_still_grey_picture():
    metrics = measured([row(0.25)] * 40)
    assert metrics["avgLuma"] == metrics["minLuma"] == metrics["maxLuma"] == pytest.approx(0.25, abs=1e-4)
    assert metrics["motion"] == metrics["flashesPerSec"] == metrics["beatSync"] == metrics["lumaStep"] == 0.0


def test_what_came_before_it_settled_does_not_count():
    assert measured([row(1.0, 1.0)] + [row(0.5)] * 30) == measured([row(0.0)] + [row(0.5)] * 30)


@pytest.mark.parametrize(
    ("period", "tiles", "worst"),
    [
        (6, 16, 5),  # half a period dark, half bright: five flashes a second
        (30, 16, 1),
        (6, 4, 5),  # a quarter of the picture is enough
        (6, 3, 0),
        (1000, 16, 0),
    ],
)
def test_flashes_are_counted_where_a_quarter_of_the_picture_flashes(period, tiles, worst):
    def frame(at: int) -> list[int]:
        level = 0.9 if at % period < period // 2 else 0.1
        return row(0.5, tiles=[level] * tiles + [0.5] * (TILES - tiles))

    assert flashes([frame(at) for at in range(60)], pixels=PIXELS, fps=FPS) == worst


def test_small_changes_and_bright_ones_are_no_flashes():
    dim = [row(0.5, tiles=[0.50 if at % 4 < 2 else 0.55] * TILES) for at in range(60)]
    bright = [row(0.9, tiles=[1.0 if at % 4 < 2 else 0.92] * TILES) for at in range(60)]
    assert flashes(dim, pixels=PIXELS, fps=FPS) == flashes(bright, pixels=PIXELS, fps=FPS) == 0


def test_motion_on_the_beat_is_found_up_to_three_frames_late():
    envelope = [int(at % 10 == 0) for at in range(60)]
    late = [row(0.5, 0.2 if at % 10 == 2 else 0.01) for at in range(60)]
    assert measured(late, envelope)["beatSync"] == pytest.approx(1.0, abs=1e-3)
    assert correlation([5] * 60, envelope) == 0.0


def test_response_is_what_is_above_the_chaos():
    black, grey, white = (bytes([level, level, level, 255] * 50) for level in (0, 100, 200))
    assert difference([white], [black]) == pytest.approx(200 / 255, abs=1e-3)
    assert response({"music": [white], "silence": [black]}) == pytest.approx(200 / 255, abs=1e-3)
    heard = response({"music": [white], "silence": [black], "floor": [grey]})
    assert heard == pytest.approx(100 / 255, abs=1e-3)
    assert response({"music": [grey], "silence": [black], "floor": [white]}) == 0.0
    assert response({"music": [white]}) is None


@pytest.mark.parametrize(
    ("change", "status", "tier", "reason"),
    [
        ({}, "ok", "strict", None),
        ({"avgLuma": 0.01}, "ok", "dark", "quality-filter: too-dark"),
        ({"avgLuma": 0.99}, "ok", "dark", "quality-filter: too-bright"),
        ({"motion": 0.0}, "ok", "dark", "quality-filter: low-motion"),
        ({"flashesPerSec": 4.0}, "ok", "strict", "flash-risk"),
    ],
)
def test_verdicts(change, status, tier, reason):
    said = verdict("", {"avgLuma": 0.4, "motion": 0.02, "flashesPerSec": 0.0} | change)
    assert (said.status, said.tier) == (status, tier)
    assert said.reasons == ([reason] if reason else [])


def test_a_fault_fails_without_metrics():
    said = verdict("render-failed", {})
    assert (said.status, said.reasons, said.score) == ("failed", ["render-failed"], 0.0)


@given(st.integers(1, 9), st.integers(1, 9), st.randoms())
def test_a_png_holds_the_pixels(width, height, random):
    rgba = bytes(random.randrange(256) for _ in range(width * height * 4))
    data = png(rgba, width, height)
    at = data.index(b"IDAT")
    raw = zlib.decompress(data[at + 4 : at + 4 + int.from_bytes(data[at - 4 : at], "big")])
    stride = 1 + 3 * width
    for y in range(height):
        line = raw[(height - 1 - y) * stride + 1 : (height - y) * stride]
        for x in range(width):
            assert line[3 * x : 3 * x + 3] == rgba[4 * (y * width + x) : 4 * (y * width + x) + 3]


def test_stimuli_are_windows_of_sound_with_their_onsets():
    made = {name: stimulus(name, 30) for name in NAMES}
    assert all(len(one.wave) == 30 * SAMPLES for one in made.values())
    assert set(made["silence"].wave) == {128}
    assert made["floor"].wave == made["silence"].wave
    assert made["floor"].seed != made["silence"].seed
    assert made["kick"].envelope == tuple(int(at % KICK_FRAMES == 0) for at in range(30))
    assert len({one.sha256 for one in made.values()}) == len(NAMES) - 1
    assert max(made["music"].wave) > 190


class FakeProbe:
    """Sees metrics that depend on the preset's text alone; presets named in `faults` fail."""

    faults: frozenset[str] = frozenset()
    seen = 0

    def __init__(self, rig: Rig, files: object) -> None:
        self.rig = rig

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return None

    def describe(self) -> dict[str, str]:
        return {"renderer": "fake", "browser": "none"}

    def see(self, text: str) -> Probed:
        type(self).seen += 1
        draw = draw64(1, text)
        if draw % 10 == 0:
            return Probed("render-failed", "shader does not link")
        metrics = {"avgLuma": draw % 97 / 100, "motion": draw % 89 / 1000, "flashesPerSec": 0.0}
        pictures = [png(bytes([draw % 256] * 16), 2, 2)] * 4
        return Probed("", "", {"music": metrics}, {"music": "00"}, None, pictures, {"cpuSec.music": draw % 7})


@pytest.fixture
def fake(monkeypatch):
    """Campaigns that need no browser."""
    FakeProbe.seen = 0
    monkeypatch.setattr(campaigns, "Probe", FakeProbe)
    monkeypatch.setattr(campaigns, "rig_files", lambda modules: {"/page": b""})
    return FakeProbe


def quiet(_done: int, _total: int, _what: str) -> None:
    return None


@pytest.fixture
def pack(tmp_path) -> Path:
    source = tmp_path / "source"
    source.mkdir()
    for at in range(60):
        (source / f"{made_name(at)}.milk").write_bytes(write_milk(made_preset(at)))
    sync(
        Plan(source, stage=False),
        tmp_path / "pack",
        Reader(None),
        dry_run=False,
        tool_version="t",
        progress=quiet,
    )
    return tmp_path / "pack"


def run(pack: Path, cache: Path, order: int) -> tuple[int, dict[str, bytes]]:
    found, tasks = entries(pack)
    campaign = Campaign(cache, Rig(), Path("nowhere"))
    todo = sorted(tasks.values(), key=lambda task: draw64(order, task.content))
    fresh = campaign.run(todo, workers=1, progress=quiet)
    publish(pack, found, campaign, "test")
    return fresh, {name: (pack / name).read_bytes() for name in (RUN_FILE, METRICS_FILE)}


def test_any_order_gives_the_same_bytes_and_nothing_is_measured_twice(pack, fake, tmp_path):
    fresh, first = run(pack, tmp_path / "a", 1)
    assert fresh == 60
    assert run(pack, tmp_path / "b", 2) == (60, first)
    assert run(pack, tmp_path / "a", 3) == (0, first)
    assert fake.seen == 120


def test_a_campaign_that_was_killed_goes_on(pack, fake, tmp_path, monkeypatch):
    _, whole = run(pack, tmp_path / "whole", 1)
    see = FakeProbe.see

    def dying(self, text: str) -> Probed:
        if FakeProbe.seen == 60 + 40:
            raise KeyboardInterrupt
        return see(self, text)

    monkeypatch.setattr(FakeProbe, "see", dying)
    with pytest.raises(KeyboardInterrupt):
        run(pack, tmp_path / "cut", 1)
    monkeypatch.setattr(FakeProbe, "see", see)
    assert run(pack, tmp_path / "cut", 1) == (20, whole)


def test_a_measured_pack_is_whole_and_the_show_knows_what_was_seen(pack, fake, tmp_path):
    run(pack, tmp_path / "cache", 1)
    assert check_pack(pack) == []
    rows = json.loads((pack / RUN_FILE).read_bytes())["presets"]
    failed = [one for one in rows if one["status"] == "failed"]
    assert 0 < len(failed) < 20
    assert all(one["reasons"][0] == "render-failed" for one in failed)
    table = live_packs.load([pack]).catalog.packs["pack"].presets
    assert int(table.blocked.sum()) == len(failed)
    assert int((table.motion >= 0).sum()) == len(rows) - len(failed)
    provenance = json.loads((pack / "pack-provenance.v0.json").read_bytes())
    assert provenance["measured"]["renderer"]["renderer"] == "fake"
    assert all((pack / one["bestFrame"]).is_file() for one in rows if one["status"] == "ok")


def test_what_depends_on_the_rig_is_kept_apart(pack, fake, tmp_path):
    _, tasks = entries(pack)
    keys = {Campaign(tmp_path, rig, Path("nowhere")).key for rig in (Rig(), Rig(frames=90), Rig(("kick",)))}
    assert len(keys) == 3
    assert len(tasks) == 60
