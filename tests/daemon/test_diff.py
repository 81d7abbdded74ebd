"""Two runs are compared pick by pick, and what makes them differ is found."""

from __future__ import annotations

import json
import random
import shlex
import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sessions
from hypothesis import given
from hypothesis import strategies as st
from recordings import at, forge, record

from daemon.cli import main
from daemon.config import parse
from daemon.diff.align import Aligner, worth
from daemon.diff.bisect import minimal
from daemon.diff.heard import Hearing, Tape
from daemon.diff.variants import Changes, changed, configure, engine_under, hops_of
from daemon.engine import Engine, log_records
from daemon.session import SessionReader
from selector.settings import SelectSettings

SECONDS = 40
NEXT = {"type": "command", "sample": at(20.5), "verb": "next", "origin": "test"}
Pick = tuple[float, int]  # second, what


@pytest.fixture(scope="module")
def stretch(music: Callable[..., np.ndarray]) -> np.ndarray:
    return music(20, SECONDS)


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory, demo_pack: Path, stretch: np.ndarray) -> SessionReader:
    return record(tmp_path_factory.mktemp("diff") / "night", demo_pack, stretch)


def ran(capsys: pytest.CaptureFixture[str], *args: str | Path) -> tuple[int, dict[str, Any]]:
    """Exit code and what `--json` printed."""
    code = main([*map(str, args), "--json"])
    return code, json.loads(capsys.readouterr().out or "{}")


def config(folder: Path, text: str) -> Path:
    path = folder / "other.toml"
    path.write_text(text)
    return path


def ours(*args: str) -> str:
    return shlex.join([sys.executable, *args])


# --- alignment


def aligned(a: Sequence[Pick], b: Sequence[Pick]) -> list[tuple[Pick | None, Pick | None]]:
    aligner: Aligner[Pick] = Aligner(lambda pick: pick[0], lambda pick: pick[1])
    return list(aligner.pairs(iter(a), iter(b)))


def best(a: Sequence[Pick], b: Sequence[Pick]) -> float:
    """The greatest worth there is, by the full table."""
    table = [[0.0] * (len(b) + 1) for _ in range(len(a) + 1)]
    for i, (when, what) in enumerate(a):
        for j, (moment, other) in enumerate(b):
            value = worth(what == other, abs(when - moment))
            table[i + 1][j + 1] = max(table[i][j + 1], table[i + 1][j], table[i][j] + value)
    return table[-1][-1]


@pytest.mark.parametrize("things", [2, 6, 60])
@pytest.mark.parametrize("steps", [(0.5, 3.0), (8.0, 45.0), (1.0, 200.0)])
def test_no_alignment_is_worth_more(things: int, steps: tuple[float, float]) -> None:
    """What is found in one pass with little memory is what the full table finds."""
    rng = random.Random(1)

    def run() -> list[Pick]:
        second, made = 0.0, []
        for _ in range(rng.randrange(25)):
            second += rng.uniform(*steps)
            made.append((second, rng.randrange(things)))
        return made

    for turn in range(150):
        a = run()
        b = sorted((t + rng.uniform(-3, 3), i) for t, i in a if rng.random() < 0.9) if turn % 2 else run()
        rows = aligned(a, b)
        assert [x for x, _ in rows if x] == a
        assert [y for _, y in rows if y] == b
        assert sum(worth(x[1] == y[1], abs(x[0] - y[0])) for x, y in rows if x and y) == pytest.approx(
            best(a, b)
        )


def test_one_insertion_moves_nothing_out_of_step() -> None:
    a = [(20.0 * n, n) for n in range(50)]
    b = [*a[:10], (190.0, 999), *a[10:]]
    rows = aligned(a, b)
    assert [row for row in rows if row[0] != row[1]] == [(None, (190.0, 999))]
    late = a[:10] + [(200.0, 999)] + [(t + 20.0, n) for t, n in a[10:]]
    rows = aligned(a, late)
    assert [row for row in rows if row[0] is None or row[1] is None] == [(None, (200.0, 999))]
    assert all(x is None or x[1] == y[1] for x, y in rows)


def test_a_long_night_is_aligned_in_little_memory() -> None:
    held = 0
    aligner: Aligner[Pick] = Aligner(lambda pick: pick[0], lambda pick: pick[1])
    count = 0
    a, b = ((10.0 * n, n % 96) for n in range(4000)), ((10.0 * n + 0.5, n % 96) for n in range(4000))
    for _ in aligner.pairs(a, b):
        count += 1
        held = max(held, len(aligner._left) + len(aligner._right))
    assert count == 4000
    assert held < 40


# --- diff


def test_a_session_is_the_same_as_its_replay(
    session: SessionReader, capsys: pytest.CaptureFixture[str]
) -> None:
    code, told = ran(capsys, "diff", session.folder)
    picks = sum(r["type"] == "pick" for r in session.records("picks"))
    assert (code, told["identical"], told["totals"]["same"]) == (0, True, picks)
    assert picks >= 3
    assert main(["diff", str(session.folder)]) == 0
    assert f"the same: {picks} picks" in capsys.readouterr().out


def test_another_seed_is_named(session: SessionReader, capsys: pytest.CaptureFixture[str]) -> None:
    code, told = ran(capsys, "diff", session.folder, "--seed", "12")
    first = told["rows"][0]
    assert (code, first["verdict"], first["field"]) == (1, "other", "seed")
    assert first["a"]["item"] != first["b"]["item"]
    assert first["shiftSec"] == 0
    assert told["totals"]["sameShare"] < 0.5


def test_another_width_of_match_is_named(
    session: SessionReader, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = config(tmp_path, "[selector.select]\nsigma = 0.6\n")
    code, told = ran(capsys, "diff", session.folder, "--config", other)
    differing = [row for row in told["rows"] if row["verdict"] != "same"]
    assert code == 1
    assert differing[0]["field"] == "match"
    assert "match (how well its strength fits the sound)" in differing[0]["why"]
    assert any("selector.select.sigma" in note for note in told["notes"])
    assert main(["diff", str(session.folder), "--config", str(other)]) == 1
    printed = capsys.readouterr().out
    assert " x " in printed
    assert "match" in printed.splitlines()[-1]


def test_a_shorter_stay_brings_the_same_order_sooner(
    demo_pack: Path, stretch: np.ndarray, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A shuffle has the same order whenever it is asked; so the picks are the same at other times."""
    toml = '[selector.select]\nmode = "shuffle"\n[selector.director]\nmax_dwell_sec = 16\nmin_dwell_sec = 6\n'
    a = record(tmp_path / "a", demo_pack, stretch, toml=toml)
    # Before anything is prepared for the end of the stay; later it would only be pulled in.
    b = record(tmp_path / "b", demo_pack, stretch, [{**NEXT, "sample": at(9.5)}], toml=toml)
    code, told = ran(capsys, "diff", a.folder, b.folder)
    verdicts = [row["verdict"] for row in told["rows"]]
    assert code == 1
    assert "other" not in verdicts
    assert verdicts[0] == "same"
    moved = next(row for row in told["rows"] if row["verdict"] == "time")
    assert moved["shiftSec"] < 0
    assert moved["field"] == "trigger"
    assert "command:next" in moved["why"]


def test_an_operator_s_pick_is_added_and_the_rest_stays_in_step(
    session: SessionReader, demo_pack: Path, stretch: np.ndarray, tmp_path: Path, capsys: Any
) -> None:
    more = record(tmp_path / "more", demo_pack, stretch, [{**NEXT, "sample": at(24.5)}])
    code, told = ran(capsys, "diff", session.folder, more.folder)
    added = [row for row in told["rows"] if row["verdict"] == "added"]
    assert code == 1
    assert [row["field"] for row in added] == ["command:next"]
    assert "The operator asked for the next one." in added[0]["why"]
    later = told["rows"][told["rows"].index(added[0]) + 1 :]
    assert all(row["a"] and row["b"] and abs(row["shiftSec"]) < 5 for row in later)
    back_code, back = ran(capsys, "diff", more.folder, session.folder)
    assert back_code == 1
    assert [row["field"] for row in back["rows"] if row["verdict"] == "missing"] == ["command:next"]


def test_a_torn_recording_is_the_same_as_its_replay(
    demo_pack: Path, stretch: np.ndarray, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    torn = record(tmp_path / "torn", demo_pack, stretch, close=False)
    lines = (torn.folder / "picks.jsonl").read_bytes().splitlines(keepends=True)
    (torn.folder / "picks.jsonl").write_bytes(b"".join(lines[:-1]) + lines[-1][:40])
    code, told = ran(capsys, "diff", torn.folder)
    assert (code, told["identical"]) == (0, True)


def test_another_version_is_run_and_compared(
    session: SessionReader, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, told = ran(capsys, "diff", session.folder, "--python", ours("-m", "daemon.cli"))
    assert (code, told["identical"]) == (0, True)
    assert any("same code" in note for note in told["notes"])
    script = tmp_path / "other.py"
    script.write_text(
        "import sys\nfrom daemon.cli import main\nsys.exit(main([*sys.argv[1:], '--seed', '12']))\n"
    )
    code, told = ran(capsys, "diff", session.folder, "--python", ours(str(script)))
    assert (code, told["rows"][0]["field"]) == (1, "seed")


def test_another_version_that_fails_is_quoted(
    session: SessionReader, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["diff", str(session.folder), "--python", str(tmp_path / "none")]) == 3
    assert main(["diff", str(session.folder), "--python", ours("-c", "raise SystemExit('too old')")]) == 2
    assert "too old" in capsys.readouterr().err
    assert main(["diff", str(session.folder), str(session.folder), "--seed", "1"]) == 2


def test_a_changed_record_is_refused(
    session: SessionReader, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "session"
    shutil.copytree(session.folder, folder)
    data = (folder / "picks.jsonl").read_bytes()
    (folder / "picks.jsonl").write_bytes(data.replace(b'"pair":', b'"pair":1', 1))
    assert main(["diff", str(folder)]) == 2
    assert "picks.jsonl line 1" in capsys.readouterr().err


# --- bisect


@given(
    st.integers(1, 20).flatmap(lambda n: st.tuples(st.just(n), st.sets(st.integers(0, n - 1), min_size=1)))
)
def test_the_guilty_keys_are_found(case: tuple[int, set[int]]) -> None:
    """All of them and no other, whatever they are, when all are needed."""
    count, guilty = case
    keys = [str(number) for number in range(count)]
    tried = []

    def fails(some: Sequence[str]) -> bool:
        tried.append(tuple(some))
        return {str(number) for number in guilty} <= set(some)

    assert set(minimal(keys, fails)) == {str(number) for number in guilty}
    if len(guilty) == 1:
        assert len(tried) <= 2 * count.bit_length()


SEVERAL = """
[selector.select]
quality_floor = 0.3
sigma = 0.6
luma_min = 0.01
[selector.loop]
dark_sec = 4.0
[osc]
level_hz = 10
"""


def test_the_key_that_makes_the_first_pick_differ_is_found(
    session: SessionReader, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, told = ran(capsys, "bisect", session.folder, "--config", config(tmp_path, SEVERAL))
    assert code == 1
    assert told["keys"] == {"selector.select.sigma": {"a": SelectSettings().sigma, "b": 0.6}}
    assert len(told["changed"]) == 4
    assert told["replays"] <= 6
    assert (told["pick"], told["field"]) == (2, "match")
    assert told["a"]["item"] != told["b"]["item"]
    assert main(["bisect", str(session.folder), "--config", str(tmp_path / "other.toml")]) == 1
    printed = capsys.readouterr().out
    assert f"selector.select.sigma: {SelectSettings().sigma} -> 0.6\nmakes pick 2 differ" in printed
    assert "not needed for it: selector.select.quality_floor" in printed


def test_keys_that_act_only_together_are_found_together(
    session: SessionReader, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """How public_v0 weighs says nothing until it is the mode."""
    text = '[selector.select]\nmode = "public_v0"\n'
    first = ran(capsys, "bisect", session.folder, "--config", config(tmp_path, text))[1]
    assert list(first["keys"]) == ["selector.select.mode"]
    # A least stay above the greatest is refused, so these two can only be changed together.
    text = "[selector.director]\nmin_dwell_sec = 45.1\nmax_dwell_sec = 45.2\n"
    text += f"[selector.select]\nsigma = {SelectSettings().sigma}\n"
    code, told = ran(capsys, "bisect", session.folder, "--config", config(tmp_path, text))
    assert code == 1
    assert set(told["keys"]) == {"selector.director.min_dwell_sec", "selector.director.max_dwell_sec"}
    assert told["b"] is None


def test_keys_without_effect_are_acquitted(
    session: SessionReader, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, told = ran(capsys, "bisect", session.folder, "--config", config(tmp_path, "[osc]\nlevel_hz = 10\n"))
    assert (code, told["differs"]) == (0, False)
    dark = config(tmp_path, "[selector.loop]\ndark_sec = 4.0\n")
    code, told = ran(capsys, "bisect", session.folder, "--config", dark)
    assert (code, told["changed"], told["keys"]) == (0, ["selector.loop.dark_sec"], [])


def test_no_key_is_blamed_for_a_session_that_does_not_replay(
    session: SessionReader, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = session.records("picks")
    lines[2]["pair"] = lines[2]["pair"] + 1
    forged = forge(tmp_path / "forged", session, lines)
    assert main(["bisect", str(forged.folder), "--config", str(config(tmp_path, SEVERAL))]) == 2
    assert "does not replay to its own picks" in capsys.readouterr().err


def test_a_recording_of_other_code_is_replayed_first(
    session: SessionReader, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What this code makes of it is the reference then, not what the other code had picked."""
    lines = session.records("picks")
    lines[0]["pair"] = lines[0]["pair"] + 1
    forged = forge(tmp_path / "forged", session, lines)
    path = forged.folder / "session.json"
    path.write_text(path.read_text().replace(session.header.code, "0" * 64))
    code, told = ran(capsys, "bisect", forged.folder, "--config", config(tmp_path, SEVERAL))
    assert code == 1
    assert list(told["keys"]) == ["selector.select.sigma"]


def test_versions_are_told_apart(
    session: SessionReader, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    script = tmp_path / "other.py"
    script.write_text(
        "import sys\nfrom daemon.cli import main\nsys.exit(main([*sys.argv[1:], '--seed', '12']))\n"
    )
    command = ("bisect", session.folder, "--python", ours("-m", "daemon.cli"), "--python", ours(str(script)))
    code, told = ran(capsys, *command)
    same, other = told["versions"]
    assert code == 1
    assert same["recording"] is None
    assert other["recording"]["pick"] == other["before"]["pick"] == 1
    assert other["recording"]["field"] == "seed"
    assert main(["bisect", str(session.folder)]) == 2


def test_keys_of_hearing_are_searched_too(
    session: SessionReader, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a beat to trust, changes fall by time."""
    deaf = "[dsp]\nbeat_trust_enter = 1.0\nbeat_trust_stability = 1.0\nsilence_ms = 890\n"
    deaf += "[selector.loop]\ndark_sec = 4.0\n"
    code, told = ran(capsys, "bisect", session.folder, "--config", config(tmp_path, deaf))
    assert code == 1
    assert len(told["changed"]) == 4
    assert len(told["keys"]) == 1
    assert next(iter(told["keys"])).startswith("dsp.beat_trust_")


HEARD_OTHERWISE = [
    {"type": "command", "sample": at(3), "verb": "tap", "origin": "test"},
    {"type": "command", "sample": at(3.5), "verb": "tap", "origin": "test"},
    {"type": "command", "sample": at(12), "verb": "sensitivity", "arg": -12.0, "origin": "test"},
    {"type": "device", "sample": at(18), "state": "stalled", "detail": ""},
    {"type": "device", "sample": at(18.5), "state": "live", "detail": ""},
    {"type": "command", "sample": at(22), "verb": "half", "origin": "test"},
]


def test_played_back_hearing_decides_as_hearing_does(
    demo_pack: Path, stretch: np.ndarray, tmp_path: Path
) -> None:
    """Record for record, under another configuration, with all that touches the analyser."""
    reader = record(tmp_path / "night", demo_pack, stretch, HEARD_OTHERWISE)
    base, other = changed(reader.header, Changes()), changed(reader.header, Changes())
    configure(other, parse("[selector.select]\nsigma = 0.6\n", source="test"))

    def run(engine: Engine, blocks: Any = None) -> list[dict[str, Any]]:
        hops = hops_of(reader, engine, None, blocks)
        return [record for hop in hops for log, record in log_records(hop) if log == "picks"]

    engine = engine_under(reader, base)
    tape = Tape(engine.hop, engine.position)
    engine.analyzer = Hearing(tape, engine.analyzer)
    assert run(engine) == reader.records("picks")
    tape.finish()
    for _ in range(2):
        engine = engine_under(reader, other)
        engine.analyzer = Hearing(tape)
        assert run(engine, tape.blocks()) == run(engine_under(reader, other))
    tape.close()


# --- a session that begins in the middle


@pytest.fixture(scope="module")
def second(tmp_path_factory: pytest.TempPathFactory, demo_pack: Path, stretch: np.ndarray) -> SessionReader:
    """The second folder of a night that was rotated."""
    folder = tmp_path_factory.mktemp("rotated") / "night"
    folders = sessions.record(folder, sessions.header_of(demo_pack), stretch, rotate_s=20)
    return SessionReader(folders[1])


def test_a_session_that_begins_in_the_middle_is_compared(
    second: SessionReader, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, told = ran(capsys, "diff", second.folder)
    assert second.first == at(20)
    assert (code, told["identical"]) == (0, True)
    assert told["totals"]["same"] >= 1
    assert main(["diff", str(second.folder), "--seed", "3"]) == 2
    assert "begins in the middle" in capsys.readouterr().err


def test_a_session_that_begins_in_the_middle_is_exported(second: SessionReader, tmp_path: Path) -> None:
    out = tmp_path / "s.jsonl"
    assert main(["export", str(second.folder), "--what", "snapshots", "-o", str(out)]) == 0
    samples = [json.loads(line)["tSamples"] for line in out.read_text().splitlines()]
    assert samples[0] == second.first + sessions.HOP
    assert len(samples) == second.closed.samples // sessions.HOP
    assert main(["export", str(second.folder), "--what", "snapshots", "--hz", "1", "-o", str(out)]) == 0
    assert len(out.read_text().splitlines()) in (20, 21)
