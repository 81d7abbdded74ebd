"""Recording goes on over folders, full disks and slow ones; what is there verifies, and tells its holes."""

from __future__ import annotations

import errno
import shutil
import time
from collections.abc import Callable, Iterable
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from studio import RATE, Studio, judged, said_in, samples_of, until

from daemon import recorder as recorder_module
from daemon.recorder import Recorder
from daemon.session import SessionReader, SessionWriter
from daemon.settings import RecordSettings
from daemon.tape import StateAt

COMMANDS = [
    {"type": "command", "sample": 256 * 700, "verb": "next", "origin": "test"},
    {"type": "command", "sample": 256 * 1800, "verb": "hold", "arg": True, "origin": "test"},
    {"type": "command", "sample": 256 * 2900, "verb": "hold", "arg": False, "origin": "test"},
]


@pytest.fixture(scope="module")
def stretch(music: Callable[..., np.ndarray]) -> np.ndarray:
    """Music of which the last hop is not whole."""
    return music(30, 24.003)


def settings(**given: Any) -> RecordSettings:
    return RecordSettings(
        **{"keep_free_gb": 0.0, "flight_min": 0.0, "rotate_min": 0.0, "state_s": 2.0} | given
    )


def folders(root: Path) -> list[Path]:
    return sorted(root.iterdir())


def test_rotated_folders_verify_and_join_to_the_whole(
    demo_pack: Path, tmp_path: Path, stretch: np.ndarray
) -> None:
    for name, minutes in (("whole", 0.0), ("parts", 0.1)):
        studio = Studio(demo_pack, tmp_path / name, settings(rotate_min=minutes))
        studio.play(stretch, COMMANDS)
        studio.end()
        assert studio.warnings == []
    (whole,), parts = folders(tmp_path / "whole"), folders(tmp_path / "parts")
    assert len(parts) == 4
    headers = [SessionReader(part).header for part in parts]
    for part, header in zip(parts, headers, strict=True):
        verdict = judged(part)
        assert verdict.identical, verdict
        assert verdict.clean_end
        assert verdict.states >= 2
        assert header.session == part.name
    for before, after in pairwise(parts):
        start = SessionReader(after).start
        assert start is not None
        assert (start.continues, start.reason) == (before.name, "rotation")
        begin = SessionReader(before).first
        assert start.sample == begin + len(samples_of(before))
        # The folder before ends in the very state with which the next begins: one proof of both.
        assert SessionReader(before).state(start.sample) == SessionReader(after).state(start.sample)
    assert np.array_equal(np.concatenate([samples_of(part) for part in parts]), stretch)
    for log in ("inputs", "picks", "events"):
        assert said_in(parts, log) == said_in([whole], log)
        assert len(said_in([whole], log)) >= 3
    picks = [record for part in parts for record in SessionReader(part).records("picks")]
    assert all(after["prev"] == before["hash"] for before, after in pairwise(picks))


def test_nothing_is_missing_between_folders_if_all_ends_before_the_first_is_closed(
    demo_pack: Path, tmp_path: Path, stretch: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after `kill -9` in just that moment: no folder ever gets its clean end."""
    left: list[SessionWriter] = []
    monkeypatch.setattr("daemon.recorder._end", lambda writer, *_, **__: left.append(writer))
    studio = Studio(demo_pack, tmp_path, settings(rotate_min=0.1))
    studio.play(stretch, COMMANDS)
    studio.end()
    parts = folders(tmp_path)
    assert len(parts) == 4
    for before, after in pairwise(parts):
        verdict, begin = judged(before), SessionReader(before).first
        assert verdict.identical, verdict
        assert not verdict.clean_end
        assert begin + verdict.samples == SessionReader(after).first
    assert len(left) == 4
    for writer in left:
        writer.abandon()


def test_a_state_that_comes_too_late_cuts_nothing_away(
    demo_pack: Path, tmp_path: Path, stretch: np.ndarray
) -> None:
    """The recorder may have written more already when the state comes: then the folder goes on."""
    studio = Studio(demo_pack, tmp_path, settings(rotate_min=0.01, state_s=600.0))
    recorder = studio.recording.recorder
    assert recorder is not None
    studio.recording.tick = lambda: None  # type: ignore[method-assign]
    studio.play(stretch[:RATE])
    until(lambda: recorder.position == studio.engine.position)
    recorder.put(StateAt(studio.engine.position - studio.engine.hop, b"not looked at", cut=True))
    studio.play(stretch[RATE : 2 * RATE])
    studio.end()
    (folder,) = folders(tmp_path)
    assert np.array_equal(samples_of(folder), stretch[: 2 * RATE])


class Faulty(SessionWriter):
    """A folder on a disk that fails, or is slow, when told to."""

    fail = ""
    nap_s = 0.0

    def _trouble(self, call: str) -> None:
        if Faulty.fail == call:
            raise OSError(errno.ENOSPC, "No space left on device")

    def audio(self, block: np.ndarray) -> None:
        self._trouble("audio")
        nap, Faulty.nap_s = Faulty.nap_s, 0.0
        time.sleep(nap)
        super().audio(block)

    def records(self, records: Iterable[tuple[str, dict[str, Any]]]) -> None:
        self._trouble("records")
        super().records(records)

    def state_later(self, sample: int, state: bytes) -> None:
        self._trouble("state")
        super().state_later(sample, state)

    def sync(self) -> None:
        self._trouble("sync")
        super().sync()


@pytest.fixture
def faulty(monkeypatch: pytest.MonkeyPatch) -> type[Faulty]:
    def with_faults(*args: Any) -> Recorder:
        return Recorder(*args, write=Faulty)

    monkeypatch.setattr("daemon.recording.Recorder", with_faults)
    monkeypatch.setattr(recorder_module, "SYNC_S", 0.1)
    monkeypatch.setattr(recorder_module, "PAUSE_S", 0.2)
    Faulty.fail, Faulty.nap_s = "", 0.0
    return Faulty


def check_a_hole(root: Path, stretch: np.ndarray, studio: Studio, reason: str) -> None:
    """Two folders that verify, with the right samples, and a hole between them that is told."""
    first, second = folders(root)
    for folder in (first, second):
        verdict = judged(folder)
        assert verdict.identical, verdict
        assert verdict.events > 5
        assert verdict.unverified < 5  # nor do the logs go on where the audio ends
        begin, heard = SessionReader(folder).first, samples_of(folder)
        assert len(heard) >= RATE
        assert np.array_equal(heard, stretch[begin : begin + len(heard)])
    start = SessionReader(second).start
    assert start is not None
    assert (start.continues, start.reason) == ("", "disk")
    assert second.name == f"{first.name}-002"
    assert start.sample > len(samples_of(first))
    stopped, again = studio.warnings
    assert stopped.startswith("recording stopped: ")
    assert reason in stopped
    assert again == f"recording again, in {second}"


@pytest.mark.parametrize(
    "call", ["audio", "records", *(pytest.param(c, marks=pytest.mark.slow) for c in ("state", "sync"))]
)
def test_after_a_full_disk_it_begins_again_in_another_folder(
    demo_pack: Path, tmp_path: Path, stretch: np.ndarray, faulty: type[Faulty], call: str
) -> None:
    studio = Studio(demo_pack, tmp_path, settings())
    recorder = studio.recording.recorder
    assert recorder is not None
    studio.play(stretch[: 8 * RATE], COMMANDS)
    faulty.fail = call
    studio.play(stretch[8 * RATE : 11 * RATE])
    until(lambda: recorder.message)
    studio.tick()
    assert studio.recording.describe()["on"] is False
    assert "No space left" in studio.recording.describe()["message"]
    faulty.fail = ""
    time.sleep(0.5)
    studio.play(stretch[11 * RATE : 12 * RATE])
    until(lambda: recorder.on)
    studio.play(stretch[12 * RATE :])
    studio.end()
    check_a_hole(tmp_path, stretch, studio, "No space left on device")


def test_a_slow_disk_makes_a_hole_and_no_more(
    demo_pack: Path, tmp_path: Path, stretch: np.ndarray, faulty: type[Faulty]
) -> None:
    studio = Studio(demo_pack, tmp_path, settings(), ring_s=6)
    recorder = studio.recording.recorder
    assert recorder is not None
    studio.play(stretch[: 8 * RATE], COMMANDS)
    until(lambda: studio.ring.written - recorder.position < RATE)
    faulty.nap_s = 2.0
    studio.play(stretch[8 * RATE : 14 * RATE], wait=False)  # the show does not wait
    until(lambda: recorder.message)
    time.sleep(0.5)
    studio.play(stretch[14 * RATE : 15 * RATE])
    until(lambda: recorder.on)
    studio.play(stretch[15 * RATE :])
    studio.end()
    check_a_hole(tmp_path, stretch, studio, "too slow")


def test_it_leaves_room_on_the_disk_and_closes_the_folder(
    demo_pack: Path,
    tmp_path: Path,
    stretch: np.ndarray,
    faulty: type[Faulty],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    free = SimpleNamespace(free=3 << 30)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: free)
    studio = Studio(demo_pack, tmp_path, settings(keep_free_gb=2.0))
    recorder = studio.recording.recorder
    assert recorder is not None
    studio.play(stretch[: 8 * RATE], COMMANDS)
    free.free = 1 << 30
    time.sleep(0.3)
    studio.play(stretch[8 * RATE : 11 * RATE])
    until(lambda: recorder.message)
    free.free = int(2.1 * (1 << 30))  # not yet: it would stop again at once
    time.sleep(0.5)
    studio.tick()
    assert not recorder.on
    free.free = 3 << 30
    time.sleep(0.5)
    studio.play(stretch[11 * RATE : 12 * RATE])
    until(lambda: recorder.on)
    studio.play(stretch[12 * RATE :])
    studio.end()
    check_a_hole(tmp_path, stretch, studio, "less than 2 GB free")
    assert all(judged(folder).clean_end for folder in folders(tmp_path))


def test_a_place_that_comes_later_gets_the_rest(
    demo_pack: Path, tmp_path: Path, stretch: np.ndarray, faulty: type[Faulty]
) -> None:
    """The disk is plugged in during the show: the first folder begins in the middle."""
    root = tmp_path / "disk"
    root.write_bytes(b"in the way")
    studio = Studio(demo_pack, root, settings())
    recorder = studio.recording.recorder
    assert recorder is not None
    studio.play(stretch[: 3 * RATE])
    until(lambda: recorder.message)
    studio.tick()
    assert "Not a directory" in studio.recording.describe()["message"]
    root.unlink()
    time.sleep(0.5)
    studio.play(stretch[3 * RATE : 4 * RATE])
    until(lambda: recorder.on)
    studio.play(stretch[4 * RATE :])
    studio.end()
    (folder,) = folders(root)
    verdict = judged(folder)
    assert verdict.identical, verdict
    start = SessionReader(folder).start
    assert start is not None
    assert (start.continues, start.reason) == ("", "disk")
    assert np.array_equal(samples_of(folder), stretch[start.sample :])


def test_an_engine_that_cannot_tell_its_state_is_recorded_in_one_folder(
    demo_pack: Path, tmp_path: Path, stretch: np.ndarray
) -> None:
    studio = Studio(demo_pack, tmp_path, settings(rotate_min=0.02))
    studio.play(stretch[:RATE])
    studio.recording.heard({"state": None, "why": "the beat engine keeps its state to itself"})
    studio.play(stretch[RATE : 4 * RATE])
    studio.end()
    (folder,) = folders(tmp_path)
    assert judged(folder).identical
    assert np.array_equal(samples_of(folder), stretch[: 4 * RATE])


def test_without_a_last_word_the_folder_has_no_clean_end(
    demo_pack: Path, tmp_path: Path, stretch: np.ndarray
) -> None:
    studio = Studio(demo_pack, tmp_path, settings())
    studio.play(stretch[: 6 * RATE])
    studio.end(clean=False)
    (folder,) = folders(tmp_path)
    verdict = judged(folder)
    assert verdict.identical, verdict
    assert not verdict.clean_end
    assert verdict.samples > 5.5 * RATE
