"""Where the coming beats and bars will fall, extrapolated from the last announced beat."""

from __future__ import annotations

from typing import Literal, TypeAlias

from msgspec import Struct

from dsp.events import Beat

Quantum: TypeAlias = Literal["bar", "beat", "time"]


def samples(seconds: float, rate: int) -> int:
    """Seconds as samples, rounded up, so that no limit is missed by rounding."""
    return -int(-seconds * rate // 1.0)


class Moment(Struct, frozen=True):
    """A sample, what it is aligned to, and (when aligned) which beat and bar that is."""

    sample: int
    quantum: Quantum
    beat_count: int = 0
    bar_count: int = 0


class Grid:
    """The latest beat and the tempo it was announced with.

    Args:
        rate: samples a second.
        beats_per_bar: metre; downbeats are where `bar_beat` is 0.
    """

    def __init__(self, rate: int, beats_per_bar: int) -> None:
        self._rate = rate
        self._metre = beats_per_bar
        self._beat: Beat | None = None
        self._period = 0.0

    def hear(self, beat: Beat) -> None:
        """Take over an announced beat."""
        if beat.tempo_bpm > 0.0:
            self._beat = beat
            self._period = 60.0 * self._rate / beat.tempo_bpm

    def alive(self, sample: int) -> bool:
        """Whether a beat was announced within the last four beat periods."""
        return self._beat is not None and sample - self._beat.sample <= 4.0 * self._period

    def first_beat(self, after: int, multiple: int = 1) -> Moment | None:
        """First beat at or after `after` whose count is divisible by `multiple`."""
        if self._beat is None:
            return None
        k = self._steps_to(after)
        k += -(self._beat.count + k) % multiple
        return self._moment(k, "beat")

    def first_bar(self, after: int, multiple: int = 1) -> Moment | None:
        """First downbeat at or after `after` whose bar count is divisible by `multiple`."""
        if self._beat is None:
            return None
        k = self._steps_to(after)
        k += -(self._beat.bar_beat + k) % self._metre
        k += self._metre * (-self._bar_at(k) % multiple)
        return self._moment(k, "bar")

    def nearest(self, sample: int, quantum: Quantum) -> Moment | None:
        """The beat or downbeat nearest to `sample`; None for a moment that follows no beat."""
        if self._beat is None or quantum == "time":
            return None
        k = int(((sample - self._beat.sample) / self._period + 0.5) // 1.0)
        if quantum == "bar":
            off = (self._beat.bar_beat + k) % self._metre
            k += -off if 2 * off <= self._metre else self._metre - off
        return self._moment(k, quantum)

    def _steps_to(self, after: int) -> int:
        """Beats from the last announced one to the first that is not before `after`."""
        assert self._beat is not None
        k = int((after - self._beat.sample) // self._period)
        return k if self._sample_at(k) >= after else k + 1

    def _sample_at(self, k: int) -> int:
        assert self._beat is not None
        return self._beat.sample + int((k * self._period + 0.5) // 1.0)

    def _bar_at(self, k: int) -> int:
        assert self._beat is not None
        return self._beat.bar_count + (self._beat.bar_beat + k) // self._metre

    def _moment(self, k: int, quantum: Quantum) -> Moment:
        assert self._beat is not None
        return Moment(self._sample_at(k), quantum, self._beat.count + k, self._bar_at(k))
