"""Where beats lie in time: tempo that is linear between knots, inverted exactly."""

from __future__ import annotations

from itertools import pairwise
from typing import Self

import numpy as np
from numpy.typing import NDArray


class Timeline:
    """Beat positions to seconds. Beat 0 lies at `origin`; the tempo before and after the knots is constant.

    Args:
        knots: `(seconds, bpm)`, ascending; the tempo is linear in time between them.
        origin: seconds of beat 0, not before the first knot.
    """

    def __init__(self, knots: list[tuple[float, float]], origin: float) -> None:
        self.knots = [(max(time, origin), bpm) for time, bpm in knots]
        self.origin = origin
        times = np.array([origin, *(time for time, _ in self.knots)])
        rates = np.array([knots[0][1], *(bpm for _, bpm in self.knots)]) / 60.0
        widths = np.diff(times, append=times[-1])
        slopes = np.diff(rates, append=rates[-1]) / np.where(widths > 0, widths, 1.0)
        slopes[widths <= 0] = 0.0
        self._times, self._rates, self._slopes = times, rates, slopes
        self._beats = np.concatenate(([0.0], np.cumsum(0.5 * (rates[1:] + rates[:-1]) * widths[:-1])))

    @classmethod
    def steady(cls, bpm: float, origin: float) -> Self:
        """One tempo."""
        return cls([(origin, bpm)], origin)

    @classmethod
    def ramp(cls, first: float, last: float, start: float, length: float, origin: float) -> Self:
        """From one tempo to another within `length` seconds from `start` on."""
        return cls([(origin, first), (start, first), (start + length, last)], origin)

    @classmethod
    def drift(cls, rng: np.random.Generator, bpm: float, span: float, seconds: float, origin: float) -> Self:
        """A human's tempo: a random walk with a pull home, within a share `span` of `bpm`."""
        knots, offset, time = [(origin, bpm)], 0.0, origin
        while time < origin + seconds:
            time += rng.uniform(1.5, 4.0)
            offset = float(np.clip(0.85 * offset + rng.normal(0.0, 0.4 * span), -span, span))
            knots.append((time, bpm * (1.0 + offset)))
        return cls(knots, origin)

    def seconds(self, beats: NDArray[np.float64]) -> NDArray[np.float64]:
        """Seconds at which beat positions lie. Solves b = r t + k t^2 / 2 within each stretch."""
        at = np.clip(np.searchsorted(self._beats, beats, side="right") - 1, 0, len(self._times) - 1)
        ahead = beats - self._beats[at]
        rate, slope = self._rates[at], self._slopes[at]
        return np.asarray(
            self._times[at] + 2.0 * ahead / (rate + np.sqrt(np.maximum(rate**2 + 2.0 * slope * ahead, 1e-9)))
        )

    def bpm(self, seconds: float) -> float:
        """Tempo at an instant."""
        return float(np.interp(seconds, self._times, self._rates)) * 60.0

    def tempo(self, end: float) -> list[tuple[float, float, float, float]]:
        """The tempo as truth states it: `[start, end, bpm at start, bpm at end]` up to `end` seconds."""
        edges = [self.origin, *(time for time, _ in self.knots if self.origin < time < end), end]
        return [(a, b, self.bpm(a), self.bpm(b)) for a, b in pairwise(edges)]
