"""What we make of a Link session, without one: a session that is a table of its own."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.clock_input import Told
from daemon.clocks import link
from daemon.clocks.link import LinkClock, Position, position, told
from daemon.rig_settings import LinkSettings


class Session:
    """A session whose beat follows from a clock that the test moves."""

    def __init__(self, tempo: float = 120.0) -> None:
        self.enabled = False
        self.quantum = 1.0
        self.tempo = tempo
        self.playing = False
        self.start_stop_sync_enabled = False
        self.num_peers = 1
        self.now = 0.0
        self.zero = 0.0
        self.forced: list[float] = []

    @property
    def beat(self) -> float:
        return (self.now - self.zero) * self.tempo / 60.0

    def force_beat(self, beat: float) -> None:
        self.forced.append(beat)
        self.zero = self.now - beat * 60.0 / self.tempo


def snapshot(**changes: Any) -> dict[str, Any]:
    return {
        "atMs": 0.0,
        "tempoBpm": 128.0,
        "beatTrusted": True,
        "barTrusted": True,
        "beatSource": "audio",
        "barBeat": 0,
        "beatPhase01": 0.0,
        **changes,
    }


@given(
    st.floats(-1000, 100000),
    st.floats(20, 400),
    st.floats(-500, 500),
    st.floats(-64, 64),
    st.integers(1, 64),
)
def test_the_next_beat_and_its_place(
    beat: float, tempo: float, offset_ms: float, offset_beats: float, quantum: int
) -> None:
    settings = LinkSettings(quantum=quantum, offset_ms=offset_ms, offset_beats=offset_beats)
    said = told(Position(beat, 50.0, tempo), settings, running=True)
    number = beat + offset_beats + (said.at_s - 50.0 - offset_ms / 1000) * tempo / 60.0
    assert number == pytest.approx(round(number), abs=1e-5)
    assert -1e-6 < number - beat - offset_beats <= 1 + 1e-6
    assert said.place == round(number) % quantum
    assert (said.bpm, said.metre) == (tempo, quantum)


def test_an_interrupted_reading_is_not_used() -> None:
    times = iter([0.0, 0.030, 1.0, 1.000001, 2.0, 2.5, 3.0, 3.1])
    session = Session()
    assert position(session, lambda: next(times)).at_s == pytest.approx(1.0000005)


def follower(session: Session, **settings: Any) -> tuple[LinkClock, list[Told]]:
    said: list[Told] = []
    clock = LinkClock(
        LinkSettings(**{"mode": "follow", **settings}), said.append, session, lambda: session.now
    )
    return clock, said


@pytest.mark.parametrize(
    ("peers", "start_stop", "playing", "running"),
    [(0, False, False, False), (1, False, False, True), (2, True, False, False), (2, True, True, True)],
)
def test_it_runs_while_others_are_there_and_play(
    peers: int, start_stop: bool, playing: bool, running: bool
) -> None:
    session = Session()
    session.num_peers, session.start_stop_sync_enabled, session.playing = peers, start_stop, playing
    clock, said = follower(session)
    clock.look()
    assert said[-1].running is running


def test_following_never_sets_anything() -> None:
    session = Session(97.0)
    clock, _ = follower(session)
    for second in range(20):
        session.now = float(second)
        clock.look()
        clock.snapshot(snapshot(atMs=second * 1000.0))
    assert (session.tempo, session.forced) == (97.0, [])


def test_it_joins_late_and_leaves_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """aalink issue 7: who comes as a session of its own may change the tempo of those who are there."""
    monkeypatch.setattr(link, "JOIN_AFTER_S", 0.05)
    session = Session()
    clock, said = follower(session)

    async def life() -> None:
        task = asyncio.get_running_loop().create_task(clock.run())
        await asyncio.sleep(0)
        assert not session.enabled
        while not said:
            await asyncio.sleep(0.01)
        assert session.enabled
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert not session.enabled

    asyncio.run(life())


def lead(session: Session, seconds: float, **heard: Any) -> None:
    clock = LinkClock(LinkSettings(mode="lead"), lambda told: None, session, lambda: session.now)
    session.enabled = True
    for tick in range(int(seconds * 20)):
        session.now = tick / 20
        beats = session.now * 128.0 / 60.0
        here = {"atMs": session.now * 1000, "barBeat": int(beats) % 4, "beatPhase01": beats % 1}
        clock.snapshot(snapshot(**{**here, **heard}))


def test_leading_sets_tempo_and_bar_once_they_have_differed_for_a_while() -> None:
    session = Session(100.0)
    lead(session, 1.9)
    assert (session.tempo, session.forced) == (100.0, [])
    session = Session(100.0)
    lead(session, 10.0)
    assert session.tempo == 128.0
    assert len(session.forced) == 1
    assert (session.beat - session.now * 128.0 / 60.0) % 4 == pytest.approx(0.0, abs=0.01)


@pytest.mark.parametrize(
    "heard", [{"beatTrusted": False}, {"beatSource": "link"}, {"beatSource": "coast", "beatTrusted": False}]
)
def test_no_guess_is_led(heard: dict[str, Any]) -> None:
    session = Session(100.0)
    lead(session, 10.0, **heard)
    assert (session.tempo, session.forced) == (100.0, [])


def test_without_a_trusted_bar_only_the_tempo_is_led() -> None:
    session = Session(100.0)
    lead(session, 10.0, barTrusted=False)
    assert (session.tempo, session.forced) == (128.0, [])


def test_in_words() -> None:
    session = Session(128.04)
    clock, _ = follower(session)
    assert clock.describe() == "1 other, 128.0 BPM"
    session.num_peers = 0
    assert clock.describe() == "nobody else"
