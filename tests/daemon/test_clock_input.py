"""A clock's second becomes a sample once; what no clock can mean never reaches the engine."""

from __future__ import annotations

import math
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.clock_input import Told, in_samples
from daemon.sample_clock import SampleClock
from dsp.clock import ClockReading

RATE = 48000


def running(anchor: float = 100.0) -> SampleClock:
    clock = SampleClock(RATE)
    clock.arrived(RATE, anchor + 1.0)
    return clock


@given(st.floats(0, 1e5), st.integers(0, 10**10))
def test_seconds_and_samples_are_each_other(anchor: float, sample: int) -> None:
    clock = running(anchor)
    assert abs(clock.sample(clock.seconds(sample)) - sample) <= 1


def test_a_beat_gets_its_sample() -> None:
    told = Told("link", 128.0, 102.5, 3)
    assert in_samples(told.record(), running()) == {
        "type": "clock",
        "source": "link",
        "bpm": 128.0,
        "beat": 120000,
        "place": 3,
        "metre": 4,
        "running": True,
    }


def test_before_there_is_a_sample_nothing_is_said() -> None:
    assert in_samples(Told("midi", 120.0, 1.0).record(), SampleClock(RATE)) is None


@pytest.mark.parametrize(
    "fields",
    [
        {"bpm": 0.0},
        {"bpm": math.nan},
        {"bpm": -120.0},
        {"bpm": 1e9},
        {"atS": math.inf},
        {"atS": math.nan},
        {"atS": 1e300},
        {"place": -2},
        {"place": 1000},
        {"metre": 0},
        {"metre": 4.5},
        {"source": "sundial"},
        {"running": "yes"},
    ],
)
def test_what_no_clock_can_mean_is_dropped(fields: dict[str, Any]) -> None:
    record = {**Told("link", 120.0, 101.0).record(), **fields}
    assert in_samples(record, running()) is None


@given(
    st.floats(),
    st.floats(),
    st.integers(-(10**20), 10**20),
    st.integers(-(10**20), 10**20),
)
def test_what_comes_out_can_be_read(bpm: float, at: float, place: int, metre: int) -> None:
    record = in_samples(Told("os2l", bpm, at, place, metre).record(), running())
    if record is not None:
        msgspec.convert({key: value for key, value in record.items() if key != "type"}, ClockReading)
