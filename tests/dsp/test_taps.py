"""A tempo out of fingers that slip, miss and bounce."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsp.taps import Tapped, Taps

RATE = 48000


def row(times: list[float]) -> Tapped | None:
    taps, said = Taps(RATE), None
    for time in times:
        said = taps.tap(round(time * RATE)) or said
    return said


def astray(said: Tapped, period_s: float, beat_s: float) -> float:
    """How far its beat lies from the true ones, in seconds."""
    off = (said.beat / RATE - beat_s) / period_s
    return (off - round(off)) * period_s


def test_two_taps_say_nothing_and_three_do() -> None:
    assert row([0.0, 0.5]) is None
    assert row([0.0, 0.5, 1.0]) == Tapped(24000.0, 48000.0)


@given(st.integers(60, 200), st.lists(st.integers(-18, 18), min_size=8, max_size=8))
def test_slips_are_averaged(bpm: int, slips_ms: list[int]) -> None:
    """Fingers miss by up to 18 ms: the tempo is right within 3 %, the beat within 30 ms."""
    period = 60.0 / bpm
    said = row([1.0 + k * period + slip / 1000 for k, slip in enumerate(slips_ms)])
    assert said is not None
    assert said.period / RATE == pytest.approx(period, rel=0.03)
    assert abs(astray(said, period, 1.0)) < 0.03


@pytest.mark.parametrize("bpm", [80, 126, 174])
def test_a_missed_tap_a_late_one_and_a_double_one_do_no_harm(bpm: int) -> None:
    period = 60.0 / bpm
    times = [1.0 + k * period for k in range(9) if k != 4]
    times[2] += 0.35 * period
    times.insert(6, times[5] + 0.06)
    said = row(times)
    assert said is not None
    assert said.period / RATE == pytest.approx(period, rel=0.002)
    assert abs(astray(said, period, 1.0)) < 0.002


def test_another_tempo_is_taken_with_three_taps() -> None:
    said = row([0.5 * k for k in range(8)] + [3.5 + 0.8 * k for k in range(1, 4)])
    assert said is not None
    assert said.period / RATE == pytest.approx(0.8, rel=0.01)


def test_after_a_pause_another_row_begins() -> None:
    assert row([0.0, 0.5, 4.0, 4.4]) is None
    said = row([0.0, 0.5, 1.0, 5.0, 5.4, 5.8])
    assert said is not None
    assert said.period / RATE == pytest.approx(0.4)


@given(st.lists(st.integers(0, 1 << 22), max_size=40))
def test_no_fingers_break_it(times: list[int]) -> None:
    taps = Taps(RATE)
    for now in sorted(times):
        said = taps.tap(now)
        if said is not None:
            assert RATE / 8 <= said.period <= 3 * RATE
            assert abs(said.beat - now) <= 3 * RATE
