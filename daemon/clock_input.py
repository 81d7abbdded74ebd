"""What a clock said, on its way from the main process to the engine.

Main tells monotonic seconds, since it knows no samples. The engine's process, which knows when each sample
sounded, turns them into a sample index once; that record is the input, and is replayed as it stands.
"""

from __future__ import annotations

from typing import Any

import msgspec

from daemon.sample_clock import SampleClock
from dsp.clock import ClockReading, ClockSource


class Told(msgspec.Struct, frozen=True, rename="camel", tag="clock"):
    """One thing that a clock said; see `dsp.clock.ClockReading`.

    Attributes:
        at_s: monotonic second of one of its beats.
    """

    source: ClockSource
    bpm: float
    at_s: float
    place: int = -1
    metre: int = 4
    running: bool = True

    def record(self) -> dict[str, Any]:
        """For the engine's process."""
        return msgspec.to_builtins(self)


def in_samples(record: dict[str, Any], clock: SampleClock) -> dict[str, Any] | None:
    """The input that a `Told.record` is; None for what no clock can mean, and before there is any sample."""
    if not clock.running:
        return None
    try:
        told = msgspec.convert(record, Told)
        fields = {**record, "bpm": round(told.bpm, 6), "beat": clock.sample(told.at_s)}
        reading = msgspec.convert(fields, ClockReading)
    except (ValueError, OverflowError):  # msgspec's errors are ValueErrors; infinity has no sample
        return None
    return {"type": "clock", **msgspec.to_builtins(reading)}
