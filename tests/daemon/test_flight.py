"""The last minutes, kept in memory and written when asked for, verify like any session."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from studio import RATE, Studio, judged, said_in, samples_of, until

from daemon.errors import ProtocolError
from daemon.ring import Ring
from daemon.session import SessionReader
from daemon.settings import RecordSettings

COMMANDS = [
    {"type": "command", "sample": 256 * 700, "verb": "next", "origin": "test"},
    {"type": "command", "sample": 256 * 3100, "verb": "next", "origin": "test"},
]


@pytest.fixture(scope="module")
def stretch(music: Callable[..., np.ndarray]) -> np.ndarray:
    return music(30, 20.003)


def settings(**given: Any) -> RecordSettings:
    return RecordSettings(**{"keep_free_gb": 0.0, "flight_min": 0.1, "state_s": 2.0} | given)


async def saved(studio: Studio, root: Path) -> str:
    """Press the button; what the operator is told."""
    told = len(studio.warnings)
    studio.recording.save(root)
    studio.tick()
    async with asyncio.timeout(20):
        while len(studio.warnings) == told or studio.recording._saving:
            await asyncio.sleep(0.01)
    return studio.warnings[-1]


def kept(studio: Studio) -> float:
    """Seconds that the flight recorder has, once it has caught up."""
    flight = studio.recording._flight
    assert flight is not None
    until(lambda: flight._tape.position >= studio.engine.position)
    until(lambda: flight._chunks[-1].first == studio.recording._state_at)
    return flight.seconds


@pytest.mark.parametrize("recorded", [False, True])
def test_the_last_seconds_are_a_session_that_verifies(
    demo_pack: Path, tmp_path: Path, stretch: np.ndarray, recorded: bool
) -> None:
    root = tmp_path / "sessions"
    studio = Studio(demo_pack, root if recorded else None, settings())
    studio.play(stretch, COMMANDS)
    assert 6 <= kept(studio) <= 9
    sentence = asyncio.run(saved(studio, root))
    (folder,) = (path for path in root.iterdir() if "flight" in path.name)
    assert sentence == f"saved the last 0.1 minutes in {folder}"
    assert studio.recording.describe()["saved"] == str(folder)
    verdict = judged(folder)
    assert verdict.identical, verdict
    assert verdict.clean_end
    assert verdict.states >= 3
    assert verdict.picks >= 1
    assert verdict.inputs == 1
    start = SessionReader(folder).start
    assert start is not None
    assert (start.reason, SessionReader(folder).header.session) == ("flight", folder.name)
    assert np.array_equal(samples_of(folder), stretch[start.sample : studio.engine.position])
    assert len(samples_of(folder)) >= 6 * RATE
    studio.end()
    if not recorded:
        return
    # It says of these seconds what the recording says, and the hash chain of the picks goes through both.
    (whole,) = (path for path in root.iterdir() if "flight" not in path.name)
    for log in ("inputs", "picks", "events"):
        last = said_in([folder], log)
        assert last
        assert said_in([whole], log)[-len(last) :] == last
    hashes = [record["hash"] for record in SessionReader(whole).records("picks")]
    assert {record["hash"] for record in SessionReader(folder).records("picks")} <= set(hashes)


def test_before_the_first_state_it_begins_with_the_show(
    demo_pack: Path, tmp_path: Path, stretch: np.ndarray
) -> None:
    studio = Studio(demo_pack, None, settings(state_s=600.0))
    studio.play(stretch[: 3 * RATE])
    asyncio.run(saved(studio, tmp_path))
    (folder,) = tmp_path.iterdir()
    verdict = judged(folder)
    assert verdict.identical, verdict
    assert SessionReader(folder).start is None
    assert np.array_equal(samples_of(folder), stretch[: studio.engine.position])


def test_what_led_to_an_engine_s_death_can_be_saved(
    demo_pack: Path, tmp_path: Path, stretch: np.ndarray
) -> None:
    studio = Studio(demo_pack, None, settings())
    studio.play(stretch[: 11 * RATE], COMMANDS)
    studio.end(clean=False)
    studio.recording.begin(studio.header, Ring.create("next", 2, 1 << 16, RATE, "int32", readers=0))
    asyncio.run(saved(studio, tmp_path))
    until(lambda: not studio.recording._saving)
    (folder,) = tmp_path.iterdir()
    verdict = judged(folder)
    assert verdict.identical, verdict
    assert not verdict.clean_end
    start = SessionReader(folder).start
    assert start is not None
    assert np.array_equal(samples_of(folder), stretch[start.sample : 11 * RATE])
    assert verdict.samples >= 6 * RATE


def test_a_save_is_whole_or_not_there(demo_pack: Path, tmp_path: Path, stretch: np.ndarray) -> None:
    studio = Studio(demo_pack, None, settings())
    studio.play(stretch[: 4 * RATE])
    (tmp_path / "file").write_bytes(b"")
    sentence = asyncio.run(saved(studio, tmp_path / "file"))
    assert sentence.startswith("the last minutes could not be saved: ")
    assert "Not a directory" in sentence
    studio.recording.tick()
    asyncio.run(saved(studio, tmp_path / "good"))  # and the next may succeed
    assert [judged(folder).identical for folder in (tmp_path / "good").iterdir()] == [True]


def test_it_can_be_off_and_says_so(demo_pack: Path, tmp_path: Path) -> None:
    studio = Studio(demo_pack, None, settings(flight_min=0.0))
    with pytest.raises(ProtocolError, match=r"record\.flight_min: the flight recorder is off"):
        studio.recording.save(tmp_path)


def test_after_a_loss_it_begins_anew(demo_pack: Path, tmp_path: Path, stretch: np.ndarray) -> None:
    """Main stood still for longer than the ring is: what is kept must not have a hole."""
    studio = Studio(demo_pack, None, settings(), ring_s=2)
    studio.play(stretch[: 6 * RATE], wait=False)
    flight = studio.recording._flight
    assert flight is not None
    until(lambda: not flight._chunks or flight.seconds < 2)
    for second in range(6, 12):
        studio.play(stretch[second * RATE : (second + 1) * RATE])
        until(lambda: flight._tape.position >= studio.engine.position)
    asyncio.run(saved(studio, tmp_path))
    (folder,) = tmp_path.iterdir()
    verdict = judged(folder)
    assert verdict.identical, verdict
    first = SessionReader(folder).first
    assert first > 3 * RATE
    assert np.array_equal(samples_of(folder), stretch[first : studio.engine.position])


def test_a_minute_takes_less_than_fourteen_megabytes(
    demo_pack: Path, tmp_path: Path, stretch: np.ndarray
) -> None:
    studio = Studio(demo_pack, None, settings(flight_min=1.0, state_s=10.0))
    studio.play(stretch, COMMANDS)
    seconds = kept(studio)
    flight = studio.recording._flight
    assert flight is not None
    asyncio.run(saved(studio, tmp_path))  # all is pressed now
    assert 1e5 * seconds < flight.bytes < 14e6 / 60 * seconds
