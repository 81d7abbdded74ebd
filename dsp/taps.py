"""Taps: a tempo and a beat from fingers, which slip.

The median of the intervals says what a beat is; taps that fit no multiple of it are left out; a line through
the others gives period and phase. (Median first and least squares after: both the usual robust way.)
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

ENOUGH = 3
KEPT = 12
PAUSE_S = 2.5
"""After so long without a tap another row begins."""
BOUNCE_S = 0.18
"""A tap so soon after another is the same finger (333 a minute)."""
ASTRAY = 0.2
"""Share of a beat by which a tap may miss the row and still count."""
OTHER = 0.25
"""Two taps in a row that last so much less or more than the row's beat begin another."""


class Tapped(NamedTuple):
    """What a row of taps says: samples a beat, and one beat."""

    period: float
    beat: float


class Taps:
    """A row of taps.

    Args:
        rate: samples a second.
    """

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._row: list[int] = []

    def tap(self, now: int) -> Tapped | None:
        """Take a tap at sample `now`; from the third on the row says something."""
        row = self._row
        if row and now - row[-1] < BOUNCE_S * self._rate:
            return None
        if row and now - row[-1] > PAUSE_S * self._rate:
            row.clear()
        if self._turned(now):
            del row[:-2]
        row.append(now)
        del row[:-KEPT]
        return _line(row) if len(row) >= ENOUGH else None

    def _turned(self, now: int) -> bool:
        """Whether the last two intervals agree with each other and not with the row: another tempo."""
        row = self._row
        if len(row) < ENOUGH + 1:
            return False
        beat = _median(row[:-1])
        one, other = row[-1] - row[-2], now - row[-1]
        agree = abs(one - other) < ASTRAY * min(one, other)
        return agree and all(
            abs(x - beat) > OTHER * beat and abs(x - 2 * beat) > OTHER * beat for x in (one, other)
        )


def _median(row: list[int]) -> float:
    gaps = sorted(later - before for before, later in pairwise(row))
    middle = len(gaps) // 2
    return float(gaps[middle]) if len(gaps) % 2 else (gaps[middle - 1] + gaps[middle]) / 2.0


def _line(row: list[int]) -> Tapped:
    beat = _median(row)
    # Counted from the tap that fits most of the others, so that one that slipped cannot be the measure.
    counts, places = max((_fitting(row, start, beat) for start in row), key=lambda found: len(found[0]))
    if len(counts) < 2 or counts[0] == counts[-1]:
        return Tapped(beat, float(row[-1]))
    size, all_counts, all_places = len(counts), 0, 0
    for count, place in zip(counts, places, strict=True):
        all_counts += count
        all_places += place
    mean_count, mean_place = all_counts / size, all_places / size
    over = under = 0.0
    for count, place in zip(counts, places, strict=True):
        over += (count - mean_count) * (place - mean_place)
        under += (count - mean_count) * (count - mean_count)
    period = over / under
    return Tapped(period, mean_place + (counts[-1] - mean_count) * period + row[0])


def _fitting(row: list[int], start: int, beat: float) -> tuple[list[int], list[int]]:
    """Taps that lie on beats counted from `start`: which beat, and samples since the first tap."""
    counts, places = [], []
    for at in row:
        count = int(((at - start) / beat + 0.5) // 1.0)
        if abs(at - start - count * beat) <= ASTRAY * beat:
            counts.append(count)
            places.append(at - row[0])
    return counts, places
