"""The report is one file that holds the session, loads nothing, runs nothing of strangers, and fits."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
import shutil
import zlib
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import numpy as np
import pytest
from long_night import long_levels, long_night, snapshots
from recordings import HOP, RATE, at, forge, record

from daemon.cli import main
from daemon.pick_stream import PickLine
from daemon.report import levels
from daemon.report.build import assemble
from daemon.report.collect import Collected
from daemon.report.columns import Beats
from daemon.report.heard import Heard
from daemon.report.levels import FIELDS, Levels
from daemon.report.statistics import Statistics
from daemon.session import SessionReader

SECONDS = 40
INPUTS = [
    {"type": "command", "sample": at(20.5), "verb": "next", "origin": "osc:10.0.0.7"},
    {"type": "report", "sample": at(21), "client": "left", "fps": 31.5},
    {"type": "device", "sample": at(30), "state": "stalled", "detail": "no blocks"},
    {"type": "device", "sample": at(31), "state": "live", "detail": ""},
    {"type": "overflow", "sample": at(33), "count": 512},
]


@pytest.fixture(scope="module")
def session(
    tmp_path_factory: pytest.TempPathFactory, demo_pack: Path, music: Callable[..., np.ndarray]
) -> SessionReader:
    return record(tmp_path_factory.mktemp("report") / "night", demo_pack, music(20, SECONDS), INPUTS)


def made(folder: Path, out: Path, *args: str) -> int:
    return main(["report", str(folder), "-o", str(out), *args])


def block(page: str, name: str) -> bytes:
    """What the page finds in a data block."""
    text = re.search(rf'<script type="application/octet-stream" id="{name}">([^<]*)</script>', page)
    assert text, name
    return zlib.decompress(base64.b64decode(text[1]))


def rows(page: str, kind: str) -> list[dict[str, Any]]:
    found = [json.loads(line) for line in block(page, "rows").splitlines()]
    return [row for row in found if row["k"] == kind]


def unpacked(planes: bytes, bins: int) -> dict[tuple[str, str], np.ndarray]:
    """As `unpack.js` does it: share 0 to 1 by field and figure."""
    columns = iter(np.frombuffer(planes, np.uint8).reshape(-1, bins))
    found: dict[tuple[str, str], np.ndarray] = {}
    for field in FIELDS:
        for stat in field.stats:
            plane = next(columns)
            if stat == "mean":
                plane = np.cumsum(plane, dtype=np.uint8)
            else:
                mean = found[field.name, "mean"]
                plane = mean - plane if stat == "min" else mean + plane
            found[field.name, stat] = plane
    return {name: plane / 255.0 for name, plane in found.items()}


# ---- what was heard ----


@pytest.mark.parametrize(("hops", "most"), [(500, 4096), (20_000, 4096), (12_289, 1024), (1, 1024)])
def test_bins_hold_minimum_mean_and_maximum_of_what_they_cover(hops: int, most: int) -> None:
    values = snapshots(hops)
    made = Levels(most)
    for row in values:
        made.add(SimpleNamespace(**{field.name: float(v) for field, v in zip(FIELDS, row, strict=True)}))
    made.finish()
    assert made.bins <= most
    assert made.bins == -(-hops // made.width)
    padded = np.concatenate((values, np.repeat(values[-1:], -hops % made.width, axis=0)))
    bins = padded.reshape(-1, made.width, len(FIELDS))
    found = unpacked(made.planes(), made.bins)
    for column, field in enumerate(FIELDS):
        shares = (bins[:, :, column] - field.low) / (field.high - field.low)
        for stat in field.stats:
            expected = getattr(shares, stat)(axis=1)
            # All full bins; the mean of a last one that was filled up in steps may lie elsewhere.
            np.testing.assert_allclose(found[field.name, stat][:-1], expected[:-1], atol=0.6 / 255 + 1e-4)


def test_a_peak_of_one_hop_is_seen_from_afar() -> None:
    values = np.zeros((levels.CHUNK * 8, len(FIELDS)), np.float32)
    column = [field.name for field in FIELDS].index("energy01")
    values[12_345, column] = 1.0
    made = Levels(most=512)
    for start in range(0, len(values), levels.CHUNK):
        made.extend(values[start : start + levels.CHUNK])
    assert made.width == 64
    peaks = np.flatnonzero(unpacked(made.planes(), made.bins)["energy01", "max"] == 1.0)
    assert peaks.tolist() == [12_345 // 64]


def test_beats_come_back() -> None:
    made = Beats()
    told = [(0.5, 123.456, 0, True, True), (0.98, 123.45, 1, False, False), (0.97, 60.0, 99, True, False)]
    for second, bpm, beat, trusted, down in told:
        made.add(
            second,
            {"tempoBpm": bpm, "barBeat": beat, "trusted": trusted, "downbeat": down, "source": "link"},
        )
    data = zlib.decompress(base64.b64decode(made.packed()))
    n = len(told)
    assert np.cumsum(np.frombuffer(data[: 4 * n], "<i4")).tolist() == [5000, 9800, 9700]
    assert np.frombuffer(data[4 * n : 6 * n], "<u2").tolist() == [12346, 12345, 6000]
    assert list(data[6 * n : 7 * n]) == [16 + 32, 1, 16 + 15]
    assert list(data[7 * n :]) == [1, 1, 1]


# ---- the file ----


def test_the_file_holds_the_session(
    session: SessionReader, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "night.html"
    assert made(session.folder, out, "--json", "--verify") == 0
    said = json.loads(capsys.readouterr().out)
    page = out.read_text()
    assert said["bytes"] == out.stat().st_size
    assert said["verdict"]["identical"]
    picks = [r for r in session.records("picks") if r["type"] == "pick"]
    assert [row["seq"] for row in rows(page, "p")] == [pick["seq"] for pick in picks]
    for row, pick in zip(rows(page, "p"), picks, strict=True):
        assert row["words"]["why"]
        assert row["factors"] == pick["factors"]
        assert row["probability"] == pick["probability"]
        assert row["reason"] == pick["reason"]
    head = rows(page, "h")[0]
    assert head["levels"]["bins"] == said["hops"] == SECONDS * RATE // HOP
    assert head["beats"] == sum(r["type"] == "beat" for r in session.records("events"))
    assert head["statistics"] == said["statistics"]
    assert [(row["verb"], row["origin"], row["t"]) for row in rows(page, "c")] == [
        ("next", "osc:10.0.0.7", round(at(20.5) / RATE, 4))
    ]
    assert [row["state"] for row in rows(page, "d")] == ["stalled", "live"]
    assert [row["count"] for row in rows(page, "o")] == [512]
    assert [row["fps"] for row in rows(page, "f")] == [31.5]


def test_the_curves_are_what_was_decided_upon(session: SessionReader, tmp_path: Path) -> None:
    out = tmp_path / "night.html"
    assert made(session.folder, out) == 0
    page = out.read_text()
    bins = rows(page, "h")[0]["levels"]["bins"]
    found = unpacked(block(page, "levels"), bins)
    for record_ in session.records("picks"):
        if record_["type"] == "pick":
            hop = record_["snapshot"]["tSamples"] // HOP - 1
            for name, key in (("energy01", "energy01"), ("bass01", "bass01"), ("rms01", "rms01")):
                assert found[name, "mean"][hop] == pytest.approx(record_["snapshot"][key], abs=0.51 / 255)


def test_nothing_is_loaded_and_only_our_script_may_run(session: SessionReader, tmp_path: Path) -> None:
    out = tmp_path / "night.html"
    assert made(session.folder, out, "--no-replay") == 0
    page = out.read_text()
    assert 'id="levels"' not in page
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)
    assert policy

    def hashed(tag: str) -> str:
        bodies = re.findall(rf"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
        assert len(bodies) == 1
        return "'sha256-" + base64.b64encode(hashlib.sha256(bodies[0].encode()).digest()).decode() + "'"

    rules = dict(rule.strip().split(" ", 1) for rule in policy[1].split(";"))
    assert rules == {
        "default-src": "'none'",
        "script-src": hashed("script"),
        "style-src": hashed("style"),
        "img-src": "data:",
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    assert page.index("Content-Security-Policy") < page.index("<style>")
    assert re.findall(r'(?:src|href|action)\s*=\s*["\']([^"\']*)', page) == ["data:,"]
    assert not re.search(
        r"https?://|@import|url\(|innerHTML|insertAdjacentHTML|document\.write|\beval\(", page
    )


EVIL = "</script><script>alert(1)</script><img src=x onerror=alert(2)>"


def evil_session(session: SessionReader, folder: Path) -> SessionReader:
    picks = [r for r in session.records("picks") if r["type"] == "pick"]
    lines = []
    for number, pick in enumerate(picks, 1):
        sample = pick["activateSample"]
        lines.append({**pick, "fgUrl": f"/presets/{EVIL}{number}.json", "pack": EVIL, "reason": EVIL})
        lines[-1] |= {"section": "__proto__", "presetIds": [EVIL, EVIL]}
        common = {"type": "outcome", "v": 1, "seq": pick["seq"], "sample": sample}
        lines.append(
            {**common, "outcome": "activated", "activateSample": sample, "beatCount": 1, "barCount": 1}
        )
        lines.append({**common, "outcome": "failed", "reason": EVIL, "client": EVIL, "layer": "constructor"})
    like = SessionReader(session.folder)
    like.header.input = {"name": EVIL}
    made_ = forge(folder, like, lines)
    header = json.loads((folder / "session.json").read_text())
    (folder / "session.json").write_text(json.dumps({**header, "session": EVIL}))
    return SessionReader(made_.folder)


def test_what_strangers_wrote_stays_text(session: SessionReader, tmp_path: Path) -> None:
    evil = evil_session(session, tmp_path / "evil")
    out = tmp_path / "evil.html"
    assert made(evil.folder, out, "--no-replay") == 0
    page = out.read_text()
    assert "alert(" not in page.replace(html.escape(EVIL), "")
    assert "onerror" not in page.replace(html.escape(EVIL), "")
    assert page.count("<script") == page.count("</script>") == 3  # rows, beats, and ours
    row = rows(page, "p")[0]
    assert row["pack"] == EVIL
    assert row["outcomes"][-1]["reason"] == EVIL


def test_a_folder_without_sound_is_drawn_from_its_logs(
    session: SessionReader, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["replay", str(session.folder), "--out", str(tmp_path / "again")]) == 0
    assert made(tmp_path / "again", tmp_path / "again.html") == 0
    assert "no sound in this folder" in capsys.readouterr().err
    page = (tmp_path / "again.html").read_text()
    assert rows(page, "h")[0]["levels"] is None
    assert len(rows(page, "p")) == sum(r["type"] == "pick" for r in session.records("picks"))


def test_what_diverges_is_stamped_and_told_by_the_exit_code(session: SessionReader, tmp_path: Path) -> None:
    picks = [
        {name: value for name, value in r.items() if name not in ("prev", "hash")}
        for r in session.records("picks")
    ]
    changed = next(r for r in picks if r["type"] == "pick" and r["seq"] == 2)
    changed["section"] = "peak" if changed["section"] != "peak" else "calm"
    lie = forge(tmp_path / "lie", session, picks)
    assert made(lie.folder, tmp_path / "lie.html") == 1
    head = rows((tmp_path / "lie.html").read_text(), "h")[0]
    assert "parts from the recording" in head["parted"]
    assert made(lie.folder, tmp_path / "lie.html", "--verify", "--no-replay") == 1
    head = rows((tmp_path / "lie.html").read_text(), "h")[0]
    assert (head["verdict"]["identical"], head["levels"]) == (False, None)


def test_a_changed_log_leaves_the_old_report_alone(session: SessionReader, tmp_path: Path) -> None:
    folder, out = tmp_path / "session", tmp_path / "r.html"
    shutil.copytree(session.folder, folder)
    data = (folder / "picks.jsonl").read_bytes()
    (folder / "picks.jsonl").write_bytes(data.replace(b'"section":"', b'"section":"x', 1))
    out.write_text("what was there")
    assert made(folder, out, "--no-replay") == 2
    assert out.read_text() == "what was there"
    assert made(session.folder, tmp_path / "no" / "folder.html", "--no-replay") == 2
    assert made(session.folder, tmp_path, "--no-replay") == 2


def test_a_header_as_long_as_a_book_is_cut(session: SessionReader, tmp_path: Path) -> None:
    folder = tmp_path / "long"
    shutil.copytree(session.folder, folder)
    header = json.loads((folder / "session.json").read_text())
    long = "x" * 1_000_000
    header |= {"session": long, "startedAt": long, "input": {"a": [long]}, "platform": {long: long}}
    header["config"] = {"selector": []}
    (folder / "session.json").write_text(json.dumps(header))
    assert made(folder, tmp_path / "long.html", "--no-replay") == 0
    page = (tmp_path / "long.html").read_text()
    assert max(map(len, re.findall("x+", page))) < 1000
    head = rows(page, "h")[0]["header"]
    assert max(map(len, [*head["platform"][0], head["session"], head["sound"]])) <= 300


@pytest.mark.parametrize(
    "lie",
    [
        {"factors": {"match": 7e8}},
        {"factors": {}},
        {"weight": 2**60, "totalWeight": 0},
        {"runnersUp": [{"id": "x", "weight": 0, "factors": {"explore": 1.0}}], "weight": 1},
        {"fgUrl": "%ff%00", "presetIds": []},
    ],
    ids=str,
)
def test_one_forged_record_does_not_hide_the_night(
    session: SessionReader, tmp_path: Path, lie: dict[str, Any]
) -> None:
    picks = [r for r in session.records("picks") if r["type"] == "pick"]
    forged = forge(tmp_path / "forged", session, [{**picks[0], **lie}, *picks[1:]])
    assert made(forged.folder, tmp_path / "f.html", "--no-replay") == 0
    found = rows((tmp_path / "f.html").read_text(), "p")
    assert len(found) == len(picks)
    assert found[0]["words"]["why"]


def test_moments_that_cannot_be_are_refused(session: SessionReader, tmp_path: Path) -> None:
    picks = [r for r in session.records("picks") if r["type"] == "pick"]
    forged = forge(tmp_path / "forged", session, [{**picks[0], "activateSample": 1 << 60}])
    assert made(forged.folder, tmp_path / "f.html", "--no-replay") == 2


def test_a_session_without_clean_end_has_a_report(
    demo_pack: Path, tmp_path: Path, music: Callable[..., np.ndarray]
) -> None:
    torn = record(tmp_path / "torn", demo_pack, music(20, 12), close=False)
    assert made(torn.folder, tmp_path / "t.html") == 0
    head = rows((tmp_path / "t.html").read_text(), "h")[0]
    assert not head["closed"]
    assert 8.0 < head["end"] <= 12.0


# ---- figures ----


def shown(seq: int, what: str, on: float | None, **more: Any) -> dict[str, Any]:
    outcomes = more.pop("outcomes", [{"o": "shown", "t": on}])
    base = {"seq": seq, "pack": "p", "id": what, "kind": "pair", "title": what, "fg": what, "reason": "start"}
    return {**base, "shown": on is not None, "on": on, "outcomes": outcomes, **more}


def test_figures_of_a_night_that_can_be_counted_by_hand(session: SessionReader) -> None:
    header = msgspec.structs.replace(
        session.header, catalog={"packs": {"p": {"pairs": [{}] * 8, "presets": [{}] * 99}}}
    )
    figures = Statistics(header)
    figures.pick(shown(1, "a", 0.0))
    figures.pick(shown(2, "b", 10.0, reason="dwell:bar", outcomes=[{"o": "shown", "late": 80.0}]))
    figures.pick(shown(3, "c", None, shown=False, outcomes=[{"o": "failed"}]))
    figures.pick(shown(4, "a", 40.0, reason="dwell:bar", outcomes=[]))
    figures.state({"beat": True, "bar": False, "audio": "live"}, 75.0)
    figures.state({"beat": False, "bar": False, "audio": "silent"}, 25.0)
    result = figures.result(100.0)
    assert (result["picks"], result["shown"], result["skipped"]) == (4, 3, 1)
    assert (result["late"], result["failed"], result["unanswered"]) == (1, 1, 1)
    assert result["reasons"] == [("start", 2), ("dwell:bar", 2)]
    assert result["dwell"]["counts"] == [0, 0, 1, 0, 0, 1, 0, 1, 0]
    assert (result["dwell"]["median"], result["dwell"]["max"]) == (30.0, 60.0)
    assert result["mostShown"][0] == ["p", "a", "a", "a", 2, 70.0]
    assert (result["trustedBeat01"], result["trustedBar01"], result["live01"]) == (0.75, 0.0, 0.75)
    assert (result["different"], result["pool"], result["coverage01"]) == (2, 8, 0.25)
    assert result["entropyBits"] == pytest.approx(0.9183, abs=1e-4)


def test_repeats_are_counted_in_picks(session: SessionReader) -> None:
    figures = Statistics(session.header)
    for seq, what in enumerate("abaacb", 1):
        figures.pick(shown(seq, what, 10.0 * seq))
    repeats = figures.result(100.0)["repeats"]
    assert repeats["edges"][:2] == (2, 5)
    assert repeats["counts"][:3] == [1, 2, 0]  # a after 2 and at once, b after 4
    assert (repeats["min"], repeats["median"]) == (1, 2)


def test_nothing_shown_gives_no_figures_and_no_error(session: SessionReader) -> None:
    result = Statistics(session.header).result(10.0)
    assert (result["shown"], result["coverage01"], result["dwell"]["median"]) == (0, None, None)


# ---- a whole night ----


def test_three_hours_fit_into_ten_megabytes(session: SessionReader, tmp_path: Path) -> None:
    night = long_night(session, tmp_path / "night", 3.0)
    heard = Heard(long_levels(3.0), 2_025_000)
    assert heard.levels.bins <= levels.MOST_BINS
    assert heard.levels.width * HOP / RATE < 0.05  # still finer than a beat
    report = assemble(night, Collected(night), heard, [])
    assert report.statistics["shown"] > 1200
    assert len(report.html.encode()) <= 10_000_000


def test_the_reader_s_record_still_has_what_the_rows_need() -> None:
    """Whoever renames a field of a pick changes the rows, too."""
    known = {field.encode_name for field in msgspec.structs.fields(PickLine)}
    assert {"prepareSample", "activateSample", "runnersUp", "warp_diff", "fgUrl", "snapshot"} <= known
