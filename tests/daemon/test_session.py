"""What is recorded can be read back, verified, and every damage is located."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from daemon.cli import main
from daemon.config import Config
from daemon.engine import Engine, log_records
from daemon.errors import SessionError
from daemon.packs import load
from daemon.replay import drive, engine_of_header
from daemon.session import SessionReader, SessionWriter, new_header
from daemon.verify import Verdict, verify

RATE = 48000
SECONDS = 24
INPUTS = [{"type": "command", "sample": 256 * 1000, "verb": "next", "origin": "test"}]


def record(folder: Path, pack: Path, music: np.ndarray, *, close: bool = True) -> None:
    """Record a session as the daemon would, without its processes."""
    config, catalog = Config(), load([pack]).catalog
    header = new_header(
        config,
        catalog,
        session="test",
        seed=11,
        rate=RATE,
        source={"name": "test"},
        started_at="2026-01-01T00:00:00+00:00",
    )
    writer = SessionWriter(folder, header)
    engine: Engine = engine_of_header(header, "test")
    for start in range(0, len(music), 1000):
        writer.audio(music[start : start + 1000])
    for hop in drive(engine, [music], INPUTS):
        for applied in hop.applied:
            writer.input(applied)
        for log, line in log_records(hop):
            (writer.pick if log == "picks" else writer.event)(line)
    if close:
        writer.close()
    else:
        writer.abandon()


@pytest.fixture(scope="module")
def stretch(music: Callable[..., np.ndarray]) -> np.ndarray:
    """Music of which the last hop is not whole."""
    return music(30, SECONDS + 0.002)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory, demo_pack: Path, stretch: np.ndarray) -> Path:
    folder = tmp_path_factory.mktemp("recorded") / "session"
    record(folder, demo_pack, stretch)
    return folder


@pytest.fixture
def session(recorded: Path, tmp_path: Path) -> Path:
    """A copy that may be damaged."""
    copy = tmp_path / "session"
    copy.mkdir()
    for file in recorded.iterdir():
        (copy / file.name).write_bytes(file.read_bytes())
    return copy


def flip(path: Path, at: int) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)


def judged(folder: Path) -> Verdict:
    return verify(SessionReader(folder))


def test_a_session_is_identical(recorded: Path) -> None:
    verdict = judged(recorded)
    assert verdict.identical, verdict
    assert verdict.samples == RATE * SECONDS  # whole hops
    assert verdict.picks >= 4
    assert verdict.inputs == 1
    assert main(["verify", str(recorded)]) == 0


@pytest.mark.parametrize("share", [0.05, 0.3, 0.6, 0.95])
def test_a_flipped_byte_of_the_audio_names_the_second(session: Path, share: float) -> None:
    audio = session / "audio.flac"
    flip(audio, int(share * audio.stat().st_size))
    verdict = judged(session)
    assert (verdict.identical, verdict.cause) == (False, "audio")
    assert "audio.flac second" in verdict.where
    assert main(["verify", str(session)]) == 1


def test_a_flipped_byte_of_the_audio_file_s_own_header_is_seen(session: Path) -> None:
    flip(session / "audio.flac", 60)
    assert not judged(session).identical


@pytest.mark.parametrize(("log", "cause"), [("inputs", "input"), ("picks", "picks"), ("events", "events")])
@pytest.mark.parametrize("share", [0.0, 0.4, 0.99])
def test_a_flipped_byte_of_a_log_names_the_line(session: Path, log: str, cause: str, share: float) -> None:
    path = session / f"{log}.jsonl"
    data = path.read_bytes()
    at = int(share * (len(data) - 2))
    at += data[at : at + 1] == b"\n"
    flip(path, at)
    verdict = judged(session)
    assert (verdict.identical, verdict.cause) == (False, cause)
    line = data[:at].count(b"\n") + 1
    assert verdict.where.endswith(f"{log}.jsonl line {line}")
    assert main(["verify", str(session)]) == 1


def test_a_flipped_byte_of_the_header_is_seen(session: Path) -> None:
    path = session / "session.json"
    at = path.read_bytes().index(b'"seed": 11') + len('"seed": 1')
    flip(path, at)
    assert main(["verify", str(session)]) in (1, 2)


def _drop_line(path: Path) -> None:
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:1] + lines[2:]))


def _swap_lines(path: Path) -> None:
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([lines[1], lines[0], *lines[2:]]))


@pytest.mark.parametrize("damage", [_drop_line, _swap_lines])
def test_a_dropped_or_swapped_record_is_seen(session: Path, damage: Callable[[Path], None]) -> None:
    damage(session / "picks.jsonl")
    assert judged(session).cause == "picks"


def test_without_clean_end_it_is_verified_to_its_last_whole_record(
    tmp_path: Path, demo_pack: Path, stretch: np.ndarray
) -> None:
    folder = tmp_path / "session"
    record(folder, demo_pack, stretch, close=False)
    with (folder / "picks.jsonl").open("ab") as file:
        file.write(b'{"type":"pick","torn')
    verdict = judged(folder)
    assert verdict.identical, verdict
    assert not verdict.clean_end
    assert verdict.samples >= RATE * (SECONDS - 2)


def test_a_folder_that_is_no_session_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", str(tmp_path)]) == 2
    assert "no session here" in capsys.readouterr().err


def test_a_second_session_in_one_folder_is_refused(recorded: Path) -> None:
    with pytest.raises(SessionError, match="already here"):
        SessionWriter(recorded, SessionReader(recorded).header)


def test_every_pick_is_explained_and_recomputed(recorded: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from selector.explain import faults

    picks = [r for r in SessionReader(recorded).records("picks") if r["type"] == "pick"]
    assert picks
    for pick in picks:
        assert faults(pick) == []
        assert main(["explain", str(recorded), str(pick["seq"])]) == 0
    assert f"pair {picks[-1]['pair']}" in capsys.readouterr().out
    assert main(["explain", str(recorded), "999"]) == 2
