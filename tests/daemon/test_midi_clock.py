"""MIDI clock: a tempo and a beat out of ticks that come when they come; ticks out of beats."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.clock_input import Told
from daemon.clocks.midi_in import MidiClockIn
from daemon.clocks.midi_out import TickPlan
from daemon.clocks.ticks import PER_BEAT, Ticks
from daemon.rig_settings import MidiSettings

START, CONTINUE, STOP = [0xFA], [0xFB], [0xFC]


def jittered(bpm: float, seed: int, first: float = 0.0) -> Iterator[float]:
    """When ticks come from a busy machine: late by up to 3 ms, now and then by 25, never out of order."""
    dice, tick, last = random.Random(seed), 0, 0.0
    while True:
        late = dice.uniform(0, 0.003) if dice.random() > 0.05 else dice.uniform(0, 0.025)
        last = max(last, first + tick * 60 / bpm / PER_BEAT + late)
        yield last
        tick += 1


def receiver(**changes: object) -> tuple[MidiClockIn, list[Told], list[float]]:
    now = [0.0]
    said: list[Told] = []
    return MidiClockIn(MidiSettings(**changes), said.append, lambda: now[0]), said, now


@settings(deadline=None, max_examples=60)
@given(st.integers(60, 180), st.integers(0, 10**6))
def test_four_beats_of_jittered_ticks_are_enough(bpm: int, seed: int) -> None:
    clock, said, _ = receiver()
    clock.take(START, 0.0)
    for _, at in zip(range(4 * PER_BEAT), jittered(bpm, seed, 1.0), strict=False):
        clock.take([0xF8], at)
    last = said[-1]
    assert last.bpm == pytest.approx(bpm, abs=0.5)
    beats = (last.at_s - 1.0) * bpm / 60
    assert beats == pytest.approx(4, abs=0.012)
    assert last.place == 0
    assert last.running


def test_another_tempo_is_followed_within_a_beat_and_a_half() -> None:
    clock, said, _ = receiver()
    clock.take(START, 0.0)
    at = 0.0
    for tick in range(400):
        at += 60 / (120 if tick < 200 else 140) / PER_BEAT
        clock.take([0xF8], at)
        if tick >= 236:
            assert said[-1].bpm == pytest.approx(140, abs=0.5)


def test_before_a_start_there_is_a_tempo_and_no_beat() -> None:
    clock, said, now = receiver()
    for tick in range(96):
        clock.take([0xF8], tick / 48)
    now[0] = 2.0
    assert not said
    assert clock.describe() == "120.0 BPM, waits for a start"
    clock.take(START, 2.0)
    for tick in range(96, 120):
        clock.take([0xF8], tick / 48)
    assert (said[-1].at_s, said[-1].place) == (pytest.approx(2.5), 1)


def test_stop_and_go_on_and_song_position() -> None:
    clock, said, now = receiver()
    clock.take(START, 0.0)
    for tick in range(48):
        clock.take([0xF8], tick / 48)
    clock.take(STOP, 1.0)
    assert not said[-1].running
    now[0] = 1.0
    assert clock.describe() == "120.0 BPM, stopped"
    clock.take([0xF2, 6, 0], 1.0)  # the sixth sixteenth: in the middle of the second beat
    clock.take(CONTINUE, 1.0)
    for tick in range(48, 108):
        clock.take([0xF8], tick / 48)
    # Tick 48 was tick 36 of the song; its beat 2 began twelve ticks later.
    beats = (said[-1].at_s - (48 + 12) / 48) * 2 + 2
    assert beats == pytest.approx(round(beats), abs=0.01)
    assert said[-1].place == round(beats) % 4


def test_ticks_that_stop_coming_are_told() -> None:
    clock, said, now = receiver()
    clock.take(START, 0.0)
    for tick in range(48):
        clock.take([0xF8], tick / 48)
    now[0] = 1.2
    clock.look()
    assert said[-1].running
    now[0] = 2.0
    clock.look()
    assert not said[-1].running
    assert clock.describe() == "no clock"


def test_the_offset_that_was_set() -> None:
    for offset, place in ((30.0, 2), (-30.0, 2)):
        clock, said, _ = receiver(offset_ms=offset, beats_per_bar=3)
        clock.take(START, 0.0)
        for tick in range(36):
            clock.take([0xF8], tick / 48)
        assert said[-1].at_s == pytest.approx(1.0 + offset / 1000)
        assert (said[-1].place, said[-1].metre) == (place, 3)


MESSAGE = st.one_of(
    st.just([0xF8]),
    st.sampled_from([START, CONTINUE, STOP]),
    st.lists(st.integers(0, 255), max_size=4),
)


@settings(deadline=None)
@given(st.lists(st.tuples(MESSAGE, st.floats(-0.1, 1.0)), max_size=120))
def test_no_bytes_break_it(story: list[tuple[list[int], float]]) -> None:
    """Whatever comes, in whatever time: what is told can be a clock."""
    clock, said, now = receiver()
    for message, wait in story:
        now[0] += wait
        clock.take(message, now[0])
        clock.look()
        clock.describe()
    for told in said:
        assert 20.0 <= told.bpm <= 400.0
        assert 0 <= told.place < told.metre or not told.running


def test_a_row_of_ticks_is_as_long_as_it_may_be() -> None:
    ticks = Ticks()
    for tick in range(100_00):
        ticks.tick(tick / 48)
    assert len(ticks._row) == 4 * PER_BEAT


def beat(at_s: float, bpm: float, *, downbeat: bool = False, trusted: bool = True) -> dict[str, object]:
    return {"atMs": at_s * 1000, "tempoBpm": bpm, "downbeat": downbeat, "trusted": trusted}


def sent(plan: TickPlan, until: float) -> list[float]:
    """Seconds of the ticks that are due."""
    times = []
    while plan.started and plan.due_s() <= until:
        times.append(plan.due_s())
        plan.sent += 1
    return times


def test_ticks_lie_between_beats_and_none_is_lost() -> None:
    plan, times, at, bpm = TickPlan(), [], 1.0, 120.0
    assert not plan.beat(beat(0.5, bpm))
    assert not plan.beat(beat(0.5, bpm, downbeat=True, trusted=False))
    assert not plan.started
    truth = []
    for number in range(40):
        assert plan.beat(beat(at, bpm, downbeat=number % 4 == 0)) == (number == 0)
        truth.append(at)
        at += 60 / bpm
        bpm += 0.7
        times += sent(plan, at - 0.06)
    assert times == sorted(times)
    assert len(times) // PER_BEAT == 39
    for number, moment in enumerate(truth[:39]):
        assert times[number * PER_BEAT] == pytest.approx(moment, abs=0.001)


def test_it_stops_when_beats_are_gone_or_it_slept() -> None:
    plan = TickPlan()
    plan.beat(beat(1.0, 120, downbeat=True))
    sent(plan, 2.9)
    assert not plan.gone(2.9)
    sent(plan, 3.3)
    assert plan.gone(3.3)
    plan = TickPlan()
    plan.beat(beat(1.0, 120, downbeat=True))
    assert not plan.gone(2.9)
    assert plan.gone(3.1)


@pytest.mark.parametrize("held_s", [0.1, 0.3, 0.45, 0.8])
def test_a_sender_that_was_held_up_and_hurries_after_it_is_no_other_tempo(held_s: float) -> None:
    clock, said, _ = receiver()
    clock.take(START, 0.0)
    for tick in range(480):
        at = tick / 48
        if 5.0 < at < 5.0 + held_s:
            at = 5.0 + held_s + 0.0001 * tick
        clock.take([0xF8], at)
    assert all(told.bpm == pytest.approx(120, abs=0.5) for told in said)
    assert said[-1].at_s * 2 == pytest.approx(round(said[-1].at_s * 2), abs=0.01)
