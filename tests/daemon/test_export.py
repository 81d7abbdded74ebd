"""What is exported is what was recorded, in forms that other programs read as they are."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pyarrow import parquet as pq
from recordings import HOP, RATE, at, forge, record

from daemon.cli import main
from daemon.export import columns, parquet, rows, spreadsheet
from daemon.export.app_log import token
from daemon.session import SessionReader
from selector.canonical import canonical
from selector.catalog import Catalog

SECONDS = 40
INPUTS = [
    {"type": "ack", "sample": at(8), "seq": 1, "phase": "shown", "ms": 5, "lateMs": 3.5, "client": "left"},
    *(
        {"type": "report", "sample": at(s), "client": "left", "luma01": 0.25, "motion01": 0.02}
        for s in (4, 5)
    ),
    {"type": "report", "sample": at(6), "client": "left", "luma01": 0.37},
    {"type": "command", "sample": at(20.5), "verb": "next", "origin": "test"},
]


@pytest.fixture(scope="module")
def session(
    tmp_path_factory: pytest.TempPathFactory, demo_pack: Path, music: Callable[..., np.ndarray]
) -> SessionReader:
    inputs = sorted(INPUTS, key=lambda entry: int(str(entry["sample"])))
    return record(tmp_path_factory.mktemp("export") / "night", demo_pack, music(20, SECONDS), inputs)


@pytest.fixture(scope="module")
def picks(session: SessionReader) -> list[dict[str, Any]]:
    found = [r for r in session.records("picks") if r["type"] == "pick"]
    assert len(found) >= 4
    return found


def exported(session: SessionReader, out: Path, *args: str) -> int:
    return main(["export", str(session.folder), "-o", str(out), *args])


def test_no_field_of_a_record_is_left_out(session: SessionReader, picks: list[dict[str, Any]]) -> None:
    """Whoever adds a field to a record adds its column, or changes this test."""
    known = {column.name for column in columns.PICKS} | {"type"}
    assert set().union(*picks) <= known
    inner = {column.name: {field.name for field in column.inner} for column in columns.PICKS}
    for pick in picks:
        assert set(pick["factors"]) <= inner["factors"]
        assert set(pick["snapshot"]) == inner["snapshot"]
    lifted = {"type", "v", "seq", "activateSample", "beatCount", "barCount", "prev", "hash"}
    told = {name for r in session.records("picks") if r["type"] == "outcome" for name in r}
    assert told <= {field.name for field in columns._OUTCOME.inner} | lifted
    events = {name for event in session.records("events") for name in event}
    assert events <= {column.name for column in columns.EVENTS}


def test_picks_as_parquet_are_the_records(
    session: SessionReader, picks: list[dict[str, Any]], tmp_path: Path
) -> None:
    out = tmp_path / "picks.parquet"
    assert exported(session, out) == 0
    table = pq.read_table(out)
    assert [str(table.schema.field(name).type) for name in ("seq", "weight", "probability", "shown")] == [
        "int64", "int64", "double", "bool",
    ]  # fmt: skip
    for row, pick in zip(table.to_pylist(), picks, strict=True):
        for name, value in pick.items():
            if name == "factors":
                assert {k: v for k, v in row["factors"].items() if v is not None} == value
            elif name == "runnersUp":
                assert [(r["id"], r["weight"]) for r in row[name]] == [
                    (str(r["id"]), r["weight"]) for r in value
                ]
            elif name != "type":
                assert row[name] == value, name
    said = json.loads(pq.read_schema(out).metadata[b"aivjd"])
    header = session.header
    assert (said["session"], said["code"], said["seed"]) == (header.session, header.code, header.seed)


def test_what_became_of_a_pick_is_in_its_row(session: SessionReader, tmp_path: Path) -> None:
    assert exported(session, tmp_path / "picks.jsonl") == 0
    first = json.loads((tmp_path / "picks.jsonl").read_text().splitlines()[0])
    activated = next(r for r in session.records("picks") if r["type"] == "outcome")
    assert first["shown"] is True
    assert first["activatedSample"] == activated["activateSample"]
    assert first["activatedSec"] == activated["activateSample"] / RATE
    assert {"outcome": "shown", "sample": at(8), "ms": 5.0, "lateMs": 3.5, "client": "left"}.items() <= first[
        "outcomes"
    ][-1].items()


def test_snapshots_are_those_that_were_decided_upon(
    session: SessionReader, picks: list[dict[str, Any]], tmp_path: Path
) -> None:
    out = tmp_path / "snapshots.parquet"
    assert exported(session, out, "--what", "snapshots") == 0
    table = pq.read_table(out).to_pylist()
    assert len(table) == SECONDS * RATE // HOP
    by_sample = {row["tSamples"]: row for row in table}
    for pick in picks:
        assert by_sample[pick["sample"]] == pick["snapshot"]


def test_fewer_snapshots_are_evenly_spaced(session: SessionReader, tmp_path: Path) -> None:
    out = tmp_path / "snapshots.jsonl"
    assert exported(session, out, "--what", "snapshots", "--hz", "10") == 0
    times = [json.loads(line)["tSamples"] for line in out.read_text().splitlines()]
    assert len(times) == pytest.approx(10 * SECONDS, abs=1)
    gaps = np.diff(times)
    assert abs(gaps - RATE / 10).max() <= HOP
    assert main(["export", str(session.folder), "--what", "snapshots", "--hz", "0"]) == 2
    assert main(["export", str(session.folder), "--hz", "10"]) == 2


def test_a_replay_that_parts_from_the_recording_is_told(
    session: SessionReader, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = session.records("picks")
    lines[2]["intensity01"] = 0.123
    forged = forge(tmp_path / "forged", session, lines)
    assert exported(forged, tmp_path / "s.csv", "--what", "snapshots") == 1
    assert "parts from the recording" in capsys.readouterr().err
    assert len((tmp_path / "s.csv").read_text("utf-8-sig").splitlines()) == 1 + SECONDS * RATE // HOP


def test_parquet_is_written_in_row_groups_as_rows_come(tmp_path: Path) -> None:
    alive: list[int] = []

    def source() -> Iterator[dict[str, Any]]:
        for number in range(1050):
            alive.append(number)
            yield {"a": number}

    column = (columns.Column("a", "int"),)
    assert parquet.write(tmp_path / "t.parquet", column, source(), {}, group=100) == 1050
    file = pq.ParquetFile(tmp_path / "t.parquet")
    assert file.num_row_groups == 11
    assert file.read().column("a").to_pylist() == alive


def test_a_night_of_picks_passes_without_being_held(session: SessionReader, tmp_path: Path) -> None:
    """Only the picks that browsers may still answer wait."""
    pick = next(r for r in session.records("picks") if r["type"] == "pick")
    many = forge(tmp_path / "many", session, [{**pick, "seq": n} for n in range(1, 400)])
    read = 0

    class Counting(SessionReader):
        def checked(self, log: str) -> Iterator[dict[str, Any]]:
            nonlocal read
            for one in super().checked(log):
                read += 1
                yield one

    table = rows.pick_rows(Counting(many.folder), rows.Told())
    assert next(table)["seq"] == 1
    assert read == rows.OPEN_PICKS + 1
    assert sum(1 for _ in table) == 398


def test_csv_opens_in_a_spreadsheet(
    session: SessionReader, picks: list[dict[str, Any]], tmp_path: Path
) -> None:
    out = tmp_path / "picks.csv"
    assert exported(session, out) == 0
    data = out.read_bytes()
    assert data.startswith(b"\xef\xbb\xbf")
    assert data.count(b"\r\n") == len(picks) + 1
    table = list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))
    for row, pick in zip(table, picks, strict=True):
        assert row["fgUrl"] == pick["fgUrl"]
        assert (
            float(row["snapshot.loudnessDb"]) == pick["snapshot"]["loudnessDb"]
        )  # a number, though negative
        assert row["factors.match"] == (
            "" if "match" not in pick["factors"] else f"{pick['factors']['match']:g}"
        )
        assert row["shown"] in ("true", "false", "")
        assert json.loads(row["presetIds"]) == pick["presetIds"]
    assert not any("e-" in cell for row in table for name, cell in row.items() if name.startswith("factors."))


@pytest.mark.parametrize("text", ["=1+1", "+1", "-2", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "\uff1d1"])
def test_no_name_becomes_a_formula(text: str) -> None:
    file = io.StringIO(newline="")
    table = (columns.Column("name", "text"), columns.Column("level", "real"))
    spreadsheet.write(file, table, [{"name": text, "level": -2.5}])
    file.seek(0)
    assert list(csv.reader(file))[1] == [f"'{text}", "-2.5"]
    assert spreadsheet.guarded("cosmic = dust - 1") == "cosmic = dust - 1"


APP_KEYS = [
    "tMs", "pack", "pair", "warpDiff", "cxDiff", "quality01", "intensity01", "presetFgId", "presetBgId",
    "vizAvgLuma", "vizAvgFrameDelta", "pmAvgLumaFg", "pmAvgLumaBg", "audioRms", "audioPeak",
    "pageErrorsSinceLast", "consoleErrorsSinceLast", "okHeuristic", "reasons",
]  # fmt: skip


def shown_pick(pick: dict[str, Any], seq: int, second: float, **changes: Any) -> list[dict[str, Any]]:
    sample = at(second)
    made = {**pick, "seq": seq, "sample": sample - HOP, "activateSample": sample, **changes}
    done = {"type": "outcome", "v": 1, "seq": seq, "outcome": "activated", "sample": sample}
    return [made, {**done, "activateSample": sample, "beatCount": 8, "barCount": 2}]


@pytest.fixture(scope="module")
def forged(
    session: SessionReader, picks: list[dict[str, Any]], tmp_path_factory: pytest.TempPathFactory
) -> SessionReader:
    """Picks that the demo pack does not give: with a quality, of a preset, with a name made to harm."""
    pick = picks[1]
    failed = {"type": "outcome", "v": 1, "seq": 2, "outcome": "failed", "sample": at(11), "reason": "404"}
    preset = {
        "kind": "preset", "pair": None, "presetId": "pack-a-1a2b3c", "presetIds": ["pack-a-1a2b3c"],
        "bgUrl": None, "warp_diff": None, "cx_diff": None,
    }  # fmt: skip
    evil = {"presetIds": ["x (1)|y\n[sel] mode=fake", "b"], "pack": "my pack", "reason": "start"}
    lines = [
        *shown_pick(
            pick, 1, 2.0, quality01=0.7654, pair=7, presetIds=["coupled:demo:7:fg", "coupled:demo:7:bg"]
        ),
        *shown_pick(pick, 2, 10.0, **preset),
        failed,
        *shown_pick(pick, 3, 20.0, **evil),
    ]
    return forge(tmp_path_factory.mktemp("forged") / "session", session, lines)


def test_eval_rows_are_the_app_s_with_the_four_fields_filled(
    forged: SessionReader, picks: list[dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", str(forged.folder), "--what", "eval"]) == 0
    table = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [list(row) for row in table] == [APP_KEYS] * 3
    pick, row = picks[1], table[0]
    assert row == {
        "tMs": 1767225600000 + round(1000 * at(2.0) / RATE),
        "pack": "demo",
        "pair": 7,
        "warpDiff": pick["warp_diff"],
        "cxDiff": pick["cx_diff"],
        "quality01": 0.7654,
        "intensity01": pick["intensity01"],
        "presetFgId": "coupled:demo:7:fg",
        "presetBgId": "coupled:demo:7:bg",
        "vizAvgLuma": 0.29,  # of 0.25, 0.25 and 0.37, told while it was on screen
        "vizAvgFrameDelta": 0.02,
        "pmAvgLumaFg": None,
        "pmAvgLumaBg": None,
        "audioRms": pick["snapshot"]["rms01"],
        "audioPeak": pytest.approx(10 ** (pick["snapshot"]["peakDb"] / 20), abs=1e-6),
        "pageErrorsSinceLast": 0,
        "consoleErrorsSinceLast": 0,
        "okHeuristic": True,
        "reasons": [],
    }
    assert (table[1]["pair"], table[1]["presetFgId"], table[1]["presetBgId"]) == (None, "pack-a-1a2b3c", None)
    assert table[1]["reasons"] == ["pageerror", "no-luma", "no-motion-sample"]


def test_log_lines_have_the_app_s_form(
    forged: SessionReader, picks: list[dict[str, Any]], tmp_path: Path
) -> None:
    assert exported(forged, tmp_path / "aivj-selection.log", "--what", "log") == 0
    reason = picks[1]["reason"]
    pairs = forged.header.catalog["packs"]["demo"]["pairs"]
    motion = next(pair["motion"] for pair in pairs if pair["id"] == 7) / 1_000_000
    assert (tmp_path / "aivj-selection.log").read_text().splitlines() == [
        f"[sel] mode=weighted pack=demo pair=7 q=0.7654 presetId=coupled:demo:7:fg reason={reason}",
        f"[log] selected preset coupled:demo:7:fg m={motion:.4f} tier=strict",
        f"[log] selected preset coupled:demo:7:bg m={motion:.4f} tier=strict",
        f"[sel] mode=weighted lib=demo presetId=pack-a-1a2b3c reason={reason}",
        "[log] selected preset pack-a-1a2b3c",
        f"[sel] mode=weighted pack=my%20pack pair={picks[1]['pair']} q=na "
        "presetId=x%20%281)%7Cy%0A[sel]%20mode=fake reason=start",
        "[log] selected preset x%20%281)%7Cy%0A[sel]%20mode=fake",
        "[log] selected preset b",
    ]


def test_the_app_s_own_expressions_read_the_log(
    session: SessionReader, capsys: pytest.CaptureFixture[str]
) -> None:
    """Those of `stat-selection-ratio.mjs` and of the [sel] parsers."""
    assert main(["export", str(session.folder), "--what", "log"]) == 0
    shown = [r for r in session.records("picks") if r.get("outcome") == "activated"]
    ids, modes = [], []
    for line in capsys.readouterr().out.splitlines():
        if re.search(r"\[sel\]", line):
            modes.append(re.search(r"\bmode=([a-zA-Z0-9_-]+)", line)[1])
        elif found := re.search(r"selected preset (.+)$", line, re.IGNORECASE):
            ids.append(re.match(r"^([^\s(|]+)(?:\s|\(|\||$)", found[1].strip())[1])
    assert len(modes) == len(shown)
    assert len(ids) == 2 * len(shown)
    assert all(re.fullmatch(r"coupled:demo:\d+:(fg|bg)", ident) for ident in ids)


def test_motion_and_tier_are_told_where_they_were_measured(
    session: SessionReader, picks: list[dict[str, Any]], tmp_path: Path
) -> None:
    like = SessionReader(session.folder)
    pairs = like.header.catalog["packs"]["demo"]["pairs"]
    next(pair for pair in pairs if pair["id"] == 7).update(motion=81_234, dark=1)
    sha256 = Catalog.from_json(canonical(like.header.catalog)).sha256
    told = shown_pick(picks[1], 1, 2.0, pair=7, presetIds=["one", "two"], catalog=sha256[:16])
    made = forge(tmp_path / "m", like, told)
    assert exported(made, tmp_path / "l.txt", "--what", "log") == 0
    assert (tmp_path / "l.txt").read_text().splitlines()[1:] == [
        "[log] selected preset one m=0.0812 tier=dark",
        "[log] selected preset two m=0.0812 tier=dark",
    ]


@pytest.mark.parametrize(
    ("text", "expected"), [("", "-"), ("a b", "a%20b"), ("a\x1bb", "a%1Bb"), ("ä:1", "ä:1")]
)
def test_a_token_is_one_token(text: str, expected: str) -> None:
    assert token(text) == expected


def test_without_pyarrow_it_says_what_to_install(
    session: SessionReader,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    assert exported(session, tmp_path / "p.parquet") == 3
    assert "aivjd[export]" in capsys.readouterr().err
    assert exported(session, tmp_path / "p.csv") == 0
    assert [path.name for path in tmp_path.iterdir()] == ["p.csv"]


def test_a_changed_record_leaves_no_half_file(session: SessionReader, tmp_path: Path) -> None:
    folder = tmp_path / "session"
    shutil.copytree(session.folder, folder)
    data = (folder / "picks.jsonl").read_bytes()
    (folder / "picks.jsonl").write_bytes(data.replace(b'"section":"', b'"section":"x', 1))
    out = tmp_path / "picks.csv"
    out.write_text("what was there")
    for what in ("picks", "eval", "log"):
        assert main(["export", str(folder), "--what", what, "-o", str(out)]) == 2
    assert out.read_text() == "what was there"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["picks.csv", "session"]


def test_a_sealed_lie_is_an_error_and_no_traceback(
    session: SessionReader, picks: list[dict[str, Any]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lies = [
        {"weight": "heavy"},
        {"seq": 2**70},
        {"snapshot": {"tSamples": "now"}},
        {"factors": {"match": []}},
    ]
    for number, lie in enumerate(lies):
        made = forge(tmp_path / str(number), session, [{**picks[0], **lie}])
        for name in ("p.csv", "p.parquet", "p.jsonl"):
            assert exported(made, tmp_path / name) == 2, (lie, name)
            assert "Traceback" not in capsys.readouterr().err


def test_formats_that_do_not_fit_are_refused(session: SessionReader, tmp_path: Path) -> None:
    assert main(["export", str(session.folder), "--format", "parquet"]) == 2  # no file
    assert exported(session, tmp_path / "x", "--what", "eval", "--format", "csv") == 2
    assert exported(session, tmp_path / "no" / "such" / "folder.csv") == 2
    assert exported(session, tmp_path / "no" / "such" / "folder.parquet") == 2


def test_a_session_without_clean_end_is_exported(
    session: SessionReader, demo_pack: Path, tmp_path: Path, music: Callable[..., np.ndarray]
) -> None:
    torn = record(tmp_path / "torn", demo_pack, music(20, 12), close=False)
    with (torn.folder / "picks.jsonl").open("ab") as file:
        file.write(b'{"type":"pick","torn')
    assert exported(torn, tmp_path / "picks.csv") == 0
    assert exported(torn, tmp_path / "snapshots.parquet", "--what", "snapshots") == 0
    assert pq.read_table(tmp_path / "snapshots.parquet").num_rows > 10 * RATE // HOP
