"""From beats to seconds: steady, drifting and bending tempo, and swing."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray


class TempoMap:
    """Times of beats when the tempo runs linearly (in time) from each beat's value to the next one's.

    Args:
        tempi: float64[n + 1], beats a minute at beat 0..n.
        start: seconds at beat 0.
        swing: place of the off-beat within a swung span, 0.5 (straight) to 0.7.
        swing_level: swung spans in a beat: 1 swings eighths, 2 sixteenths.
    """

    def __init__(
        self, tempi: NDArray[np.float64], start: float, *, swing: float = 0.5, swing_level: int = 1
    ) -> None:
        self.tempi = tempi
        self._swing = swing
        self._level = swing_level
        lengths = 120.0 / (tempi[:-1] + tempi[1:])
        self.beats: NDArray[np.float64] = start + np.concatenate(([0.0], np.cumsum(lengths)))

    def time(self, beat: float) -> float:
        """Seconds at a place on the grid, swung; before the first and after the last beat the tempo stays."""
        whole = math.floor(beat)
        part = self._swung(beat - whole)
        if whole < 0:
            return float(self.beats[0] + (whole + part) * 60.0 / self.tempi[0])
        if whole >= len(self.beats) - 1:
            return float(self.beats[-1] + (whole + part - len(self.beats) + 1) * 60.0 / self.tempi[-1])
        first, last = float(self.tempi[whole]), float(self.tempi[whole + 1])
        slope = (last - first) / float(self.beats[whole + 1] - self.beats[whole])
        if abs(slope) < 1e-9:
            return float(self.beats[whole]) + part * 60.0 / first
        # beats = (first t + slope t^2 / 2) / 60, solved for t
        return float(self.beats[whole]) + (math.sqrt(first * first + 120.0 * slope * part) - first) / slope

    def _swung(self, part: float) -> float:
        span = math.floor(part * self._level)
        inside = part * self._level - span
        if inside < 0.5:
            inside *= 2 * self._swing
        else:
            inside = self._swing + (inside - 0.5) * 2 * (1 - self._swing)
        return (span + inside) / self._level

    def segments(self) -> list[tuple[float, float, float, float]]:
        """`[start, end, bpm at start, bpm at end]`, steady beats joined."""
        joined: list[tuple[float, float, float, float]] = []
        for index in range(len(self.beats) - 1):
            start, end = float(self.beats[index]), float(self.beats[index + 1])
            first, last = float(self.tempi[index]), float(self.tempi[index + 1])
            if joined and first == last == joined[-1][2] == joined[-1][3]:
                joined[-1] = (joined[-1][0], end, first, last)
            else:
                joined.append((start, end, first, last))
        return joined


def played_tempi(rng: np.random.Generator, tempo: float, beats: int, bar: int) -> NDArray[np.float64]:
    """Tempo at each of `beats` + 1 beats: mostly steady, sometimes drifting, slowing down, or stepping."""
    tempi = np.full(beats + 1, float(tempo))
    kind = rng.random()
    if kind < 0.62:
        return tempi
    if kind < 0.84:  # people: a slow random walk about the tempo, some per cent
        walk = np.cumsum(rng.normal(0.0, 1.0, beats + 1))
        walk = np.convolve(np.pad(walk, 4, mode="edge"), np.ones(9) / 9, mode="valid")
        walk -= walk.mean()
        span = max(1e-9, float(np.abs(walk).max()))
        tempi *= 1.0 + walk / span * rng.uniform(0.01, 0.04)
        return tempi
    if kind < 0.92:  # a ritardando or accelerando over some bars, kept or taken back
        length = int(rng.integers(2, 6)) * bar
        first = int(rng.integers(2, max(3, beats // bar - 5))) * bar
        goal = rng.uniform(0.75, 0.92) if rng.random() < 0.6 else rng.uniform(1.06, 1.2)
        ramp = np.clip((np.arange(beats + 1) - first) / length, 0.0, 1.0)
        if rng.random() < 0.5:
            ramp[first + length + 1 :] = 0.0
        tempi *= 1.0 + ramp * (goal - 1.0)
        return tempi
    middle = int(rng.integers(3, max(4, beats // bar - 3))) * bar  # a new section, a little faster or slower
    tempi[middle:] *= rng.uniform(0.9, 1.1)
    return tempi
