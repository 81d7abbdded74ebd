"""A recording that replays to the same bytes is told from one that does not, and the cause is named."""

from __future__ import annotations

import json
import os
import signal
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sessions import HOP, RATE, copied, header_of, record

from daemon import verify as verifying
from daemon import verify_jobs
from daemon.cli import main
from daemon.outline import Outline
from daemon.session import SessionReader, file_sha256
from daemon.verify import Verdict, verify
from selector.canonical import GENESIS, HashChain, canonical

SECONDS = 30


def command(second: float, verb: str, arg: Any = None) -> dict[str, Any]:
    sample = int(second * RATE) // HOP * HOP
    return {"type": "command", "sample": sample, "verb": verb, "arg": arg, "origin": "test"}


INPUTS = [
    command(4, "next"),
    {"type": "ack", "sample": int(6 * RATE) // HOP * HOP, "seq": 1, "phase": "shown", "client": "a"},
    command(9, "hold", True),
    command(15, "hold", False),
    command(21, "mode", "shuffle"),
    command(22, "next"),
]


@pytest.fixture(scope="module")
def recorded(
    tmp_path_factory: pytest.TempPathFactory, demo_pack: Path, music: Callable[..., np.ndarray]
) -> Path:
    """Half a minute with a state every four seconds, and a last hop that is not whole."""
    folder = tmp_path_factory.mktemp("recorded") / "session"
    record(folder, header_of(demo_pack), music(54, SECONDS + 0.002), INPUTS, state_s=4)
    return folder


@pytest.fixture(scope="module")
def night(
    tmp_path_factory: pytest.TempPathFactory, demo_pack: Path, music: Callable[..., np.ndarray]
) -> list[Path]:
    """The same, in a new folder every eleven seconds."""
    folder = tmp_path_factory.mktemp("night") / "part"
    return record(folder, header_of(demo_pack), music(54, SECONDS + 0.002), INPUTS, state_s=4, rotate_s=11)


@pytest.fixture
def session(recorded: Path, tmp_path: Path) -> Path:
    return copied(recorded, tmp_path / "session")


@pytest.fixture
def second(night: list[Path], tmp_path: Path) -> Path:
    return copied(night[1], tmp_path / "second")


def judged(folder: Path, jobs: int = 1) -> Verdict:
    return verify(SessionReader(folder), jobs=jobs)


def edit_header(folder: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    header = json.loads((folder / "session.json").read_text())
    change(header)
    (folder / "session.json").write_text(json.dumps(header))


def edit_log(
    folder: Path, log: str, change: Callable[[list[dict[str, Any]]], Any], prev: str = GENESIS
) -> None:
    """A forger's work: change records, seal the whole chain again, and mend the clean end."""
    path = folder / f"{log}.jsonl"
    records = [json.loads(line) for line in path.read_bytes().splitlines()]
    change(records)
    chain = HashChain(prev)
    for entry in records:
        entry.pop("hash"), entry.pop("prev")
    path.write_bytes(b"".join(canonical(chain.seal(entry)) + b"\n" for entry in records))
    mend(folder)


def mend(folder: Path) -> None:
    def close_again(header: dict[str, Any]) -> None:
        files = header["closed"]["files"]
        header["closed"]["files"] = {name: file_sha256(folder / name) for name in files}

    edit_header(folder, close_again)


def lines(folder: Path, log: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / f"{log}.jsonl").read_bytes().splitlines()]


# -- what is as it was


def test_a_session_with_states_is_identical(recorded: Path) -> None:
    verdict = judged(recorded)
    assert verdict.identical, verdict
    assert (verdict.states, verdict.inputs, verdict.samples) == (7, len(INPUTS), SECONDS * RATE)
    assert verdict.unverifiable == []
    assert {e["type"] for e in lines(recorded, "events")} >= {"beat", "section", "state"}


def test_stretches_in_processes_say_the_same(recorded: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verifying, "WORTH_S", 1.0)
    asked: list[int] = []
    real = verify_jobs._Worker.give
    monkeypatch.setattr(
        verify_jobs._Worker,
        "give",
        lambda self, number, task: (asked.append(number), real(self, number, task))[1],
    )
    assert judged(recorded, jobs=2) == judged(recorded, jobs=1)
    assert len(asked) >= 5


def test_a_night_in_folders_is_the_same_as_in_one(night: list[Path], recorded: Path) -> None:
    assert len(night) == 3
    for log in ("picks", "events"):
        joined = [e for folder in night for e in lines(folder, log)]
        whole = lines(recorded, log)
        if log == "events":  # a chain of their own in each folder
            for entry in (*joined, *whole):
                del entry["hash"], entry["prev"]
        assert joined == whole
    for number, folder in enumerate(night):
        verdict = judged(folder)
        assert verdict.identical, verdict
        assert verdict.start == pytest.approx(11 * number, abs=0.01)
        assert bool(verdict.unverifiable) == (number > 0)


def test_it_replays_from_its_middle(night: list[Path], tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert main(["replay", str(night[1]), "--out", str(out)]) == 0
    assert (out / "picks.jsonl").read_bytes() == (night[1] / "picks.jsonl").read_bytes()
    assert (out / "events.jsonl").read_bytes() == (night[1] / "events.jsonl").read_bytes()
    assert main(["replay", str(night[1]), "--seed", "5"]) == 0


def test_without_a_clean_end_states_are_still_met(
    tmp_path: Path, demo_pack: Path, music: Callable[..., np.ndarray]
) -> None:
    folder = tmp_path / "session"
    record(folder, header_of(demo_pack), music(54, 9.5), state_s=2, close=False)
    with (folder / "inputs.jsonl").open("ab") as file:
        file.write(b'{"type":"command","torn')
    verdict = judged(folder)
    assert verdict.identical, verdict
    assert not verdict.clean_end
    assert verdict.states == 4
    assert verdict.samples >= RATE * 8.5
    assert any("last whole record" in what for what in verdict.unverifiable)


# -- a folder of sessions


def test_a_folder_of_sessions_is_one_table(night: list[Path], capsys: pytest.CaptureFixture[str]) -> None:
    parent = night[0].parent
    assert main(["verify", "--jobs", "1", str(parent)]) == 0
    table = capsys.readouterr().out
    assert table.count("identical") == 3 + 1
    assert "3 of 3 identical" in table
    assert "it begins in the state in which test was proved to be" in table
    assert main(["verify", "--jobs", "1", "--json", str(parent)]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["identical"]
    assert [s["unverifiable"] for s in told["sessions"]] == [[], [], []]


def test_one_bad_session_fails_the_folder(
    night: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number, folder in enumerate(night):
        copied(folder, tmp_path / f"{number}")
    (tmp_path / "1" / "picks.jsonl").write_bytes(b"{}\n")
    (tmp_path / "2" / "session.json").write_bytes(b"{")
    (tmp_path / "no session").mkdir()
    assert main(["verify", "--json", "--jobs", "1", str(tmp_path)]) == 1
    told = json.loads(capsys.readouterr().out)["sessions"]
    assert [s["cause"] for s in told] == ["", "picks", "unreadable"]
    assert main(["verify", "--jobs", "1", str(tmp_path)]) == 1
    assert "1 of 3 identical" in capsys.readouterr().out


# -- causes


def test_another_seed_or_config_or_catalogue_is_named(session: Path) -> None:
    def seed(header: dict[str, Any]) -> None:
        header["seed"] += 1

    edit_header(session, seed)
    verdict = judged(session)
    assert (verdict.cause, "`seed` is 12" in verdict.message) == ("config", True)


@pytest.mark.parametrize(
    ("cause", "change"),
    [
        ("config", lambda h: h["config"]["dsp"].update(squelch_db=-50.0)),
        ("config", lambda h: h["config"]["dsp"].update(tempo_min_bpm=1e-9)),
        ("config", lambda h: h["config"]["dsp"].update(unknown=1)),
        ("config", lambda h: h.update(configSha256="0" * 64)),
        ("catalogue", lambda h: h.update(catalogSha256="0" * 64)),
        ("catalogue", lambda h: h["catalog"]["packs"]["demo"]["pairs"].pop()),
        ("catalogue", lambda h: h["catalog"]["packs"]["demo"]["pairs"][0].update(warp=10**30)),
        ("catalogue", lambda h: h["catalog"].update(packs=[])),
    ],
)
def test_a_header_that_is_not_what_its_hashes_say(
    session: Path, cause: str, change: Callable[[dict[str, Any]], Any]
) -> None:
    edit_header(session, change)
    assert judged(session).cause == cause


def test_a_forged_pick_is_seen_though_every_hash_fits(session: Path) -> None:
    def forge(records: list[dict[str, Any]]) -> None:
        records[-1]["sample"] += HOP

    edit_log(session, "picks", forge)
    verdict = judged(session)
    assert verdict.cause == "engine"
    assert "`sample` was" in verdict.message
    assert verdict.where.endswith(f"picks.jsonl line {len(lines(session, 'picks'))}")


def test_other_code_and_other_machines_are_blamed_where_they_differ(session: Path) -> None:
    def forge(records: list[dict[str, Any]]) -> None:
        records[-1]["sample"] += 1

    edit_log(session, "events", forge)
    edit_header(session, lambda h: h["platform"].update(numba="0.1", weights="f" * 64))
    verdict = judged(session)
    assert verdict.cause == "platform"
    assert "numba was 0.1" in verdict.message
    assert "weights was ffff" in verdict.message
    edit_header(session, lambda h: h.update(code="0" * 64))
    assert judged(session).cause == "code"


def test_other_code_that_decides_the_same_is_identical_with_a_note(session: Path) -> None:
    edit_header(session, lambda h: h.update(code="0" * 64))
    verdict = judged(session)
    assert verdict.identical
    assert any("other code" in note for note in verdict.notes)
    assert any("engine states" in what for what in verdict.unverifiable)


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_state_that_is_not_met_is_named(session: Path, jobs: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many work on it, it is the earliest that counts."""
    monkeypatch.setattr(verifying, "WORTH_S", 1.0)

    def forge(records: list[dict[str, Any]]) -> None:
        states = [entry for entry in records if entry["type"] == "state"]
        states[2]["sha256"] = states[5]["sha256"] = "0" * 64

    edit_log(session, "inputs", forge)
    verdict = judged(session, jobs)
    assert verdict.cause == "state"
    line = [n for n, e in enumerate(lines(session, "inputs"), 1) if e["type"] == "state"][2]
    assert verdict.where.endswith(f"inputs.jsonl line {line}")


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_state_file_that_was_changed_is_seen(
    session: Path, jobs: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verifying, "WORTH_S", 1.0)
    states = sorted(session.glob("states/*.bin"), key=lambda path: int(path.stem))
    states[3].write_bytes(states[4].read_bytes())
    verdict = judged(session, jobs)
    assert (verdict.identical, verdict.where.endswith(f"states/{states[3].name}")) == (False, True)
    assert verdict.cause in ("file", "state")


@pytest.mark.parametrize(
    "change",
    [
        lambda h, folder: h["start"].update(sha256="0" * 64),
        lambda h, folder: h["start"].update(sample=h["start"]["sample"] + HOP),
        lambda h, folder: h["start"].update(sample=h["start"]["sample"] + 1),
        lambda h, folder: h["start"]["prev"].update(picks="0" * 64),
        lambda h, folder: h.update(start=None),
        lambda h, folder: (folder / "states" / f"{h['start']['sample']}.bin").unlink(),
    ],
    ids=["sha256", "sample", "odd", "prev", "none", "file"],
)
def test_a_beginning_that_does_not_fit_is_refused(second: Path, change: Callable[..., Any]) -> None:
    edit_header(second, lambda header: change(header, second))
    assert main(["verify", "--jobs", "1", str(second)]) in (1, 2)


def test_the_beginning_of_another_show_is_refused(second: Path, night: list[Path]) -> None:
    other = json.loads((night[2] / "session.json").read_text())["start"]
    state = (night[2] / "states" / f"{other['sample']}.bin").read_bytes()

    def swap(header: dict[str, Any]) -> None:
        sample = header["start"]["sample"]
        (second / "states" / f"{sample}.bin").write_bytes(state)
        header["start"]["sha256"] = other["sha256"]

    edit_header(second, swap)
    verdict = judged(second)
    assert verdict.cause == "state"
    assert "is that of sample" in verdict.message


def test_an_input_that_was_left_out_is_seen_though_every_hash_fits(session: Path) -> None:
    def forge(records: list[dict[str, Any]]) -> None:
        records.remove(next(entry for entry in records if entry.get("verb") == "next"))

    edit_log(session, "inputs", forge)
    assert judged(session).cause in ("engine", "state")


@pytest.mark.parametrize(
    "change",
    [
        lambda e: e.update(frames=e["frames"] + 1),
        lambda e: e.update(frames=1 << 40, sample=1 << 41),
        lambda e: e.update(sha256="x"),
        lambda e: e.update(sample=-1),
        lambda e: e.update(sample=True),
        lambda e: e.update(type=None),
    ],
)
def test_an_impossible_input_is_named(session: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    edit_log(session, "inputs", lambda records: change(records[7]))
    verdict = judged(session)
    assert verdict.cause == "input"
    assert verdict.where.endswith("inputs.jsonl line 8")


def test_an_input_that_no_engine_can_take_is_no_traceback(session: Path) -> None:
    def forge(records: list[dict[str, Any]]) -> None:
        entry = next(entry for entry in records if entry["type"] == "ack")
        entry["seq"] = "one"

    edit_log(session, "inputs", forge)
    verdict = judged(session)
    assert verdict.cause == "engine"
    assert "the engine fails here" in verdict.message
    assert main(["replay", str(session)]) == 2


# -- processes


@pytest.mark.parametrize("gone", [False, True], ids=["while it is given the stretch", "before"])
def test_a_process_that_dies_is_a_finding(session: Path, monkeypatch: pytest.MonkeyPatch, gone: bool) -> None:
    """Fault injection: as if a forged state had crashed it."""
    monkeypatch.setattr(verifying, "WORTH_S", 1.0)
    real = verify_jobs._Worker.give

    def give(self: Any, number: int, task: Any) -> None:
        if number == 3:
            os.kill(self.process.pid, signal.SIGKILL)
            if gone:
                self.process.join()
        real(self, number, task)

    monkeypatch.setattr(verify_jobs._Worker, "give", give)
    verdict = judged(session, jobs=2)
    assert (verdict.cause, "states/" in verdict.where) == ("state", True)
    assert "does not come through" in verdict.message


def test_a_process_that_hangs_is_a_finding(session: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verifying, "WORTH_S", 1.0)
    monkeypatch.setattr(verify_jobs, "PATIENCE_S", 3.0)
    real = verify_jobs._Worker.give

    def give(self: Any, number: int, task: Any) -> None:
        if number == 3:
            os.kill(self.process.pid, signal.SIGSTOP)
        real(self, number, task)

    monkeypatch.setattr(verify_jobs._Worker, "give", give)
    verdict = judged(session, jobs=2)
    assert verdict.cause == "state"
    assert "says nothing" in verdict.message


# -- memory


def test_a_long_log_is_never_in_memory(session: Path) -> None:
    chain, at = HashChain(), 0
    with (session / "inputs.jsonl").open("wb") as file:
        for number in range(60_000):
            at += RATE // 4
            entry = {"type": "audio", "sample": at, "frames": RATE // 4, "sha256": f"{number:064x}"}
            file.write(canonical(chain.seal(entry)) + b"\n")
    size = (session / "inputs.jsonl").stat().st_size
    tracemalloc.start()
    assert Outline(SessionReader(session)).summed == at
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert size > 15_000_000
    assert peak < 4_000_000
