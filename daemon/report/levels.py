"""What was heard, small enough for a page: minimum, mean and maximum over equal stretches of hops.

The finest level only; the page makes the coarser ones. A minute has a bin for every hop, a night one for
every eighth: whenever the bins would become too many, each two are made one, so that memory is bounded.
"""

from __future__ import annotations

from operator import attrgetter
from typing import Final, Literal, NamedTuple

import numpy as np

from dsp.snapshot import ExpressiveAudioSnapshot

Stat = Literal["min", "mean", "max"]

MOST_BINS: Final = 1 << 18
"""Three hours at 43 ms a bin; 3.9 MB before they are deflated."""
CHUNK: Final = 4096  # hops that wait to be reduced; a power of two, as the width of a bin is


class Field(NamedTuple):
    """A field of the snapshot: what 0 and 255 stand for, and which of its figures the page draws."""

    name: str
    low: float
    high: float
    stats: tuple[Stat, ...]


FIELDS: Final = (
    Field("loudness_db", -70.0, 0.0, ("mean",)),
    Field("rms01", 0.0, 1.0, ("mean", "max")),
    Field("energy01", 0.0, 1.0, ("mean", "min", "max")),
    Field("bass01", 0.0, 1.0, ("mean", "max")),
    Field("mid01", 0.0, 1.0, ("mean", "max")),
    Field("high01", 0.0, 1.0, ("mean", "max")),
    Field("section_intensity01", 0.0, 1.0, ("mean",)),
    Field("buildup01", 0.0, 1.0, ("mean",)),
    Field("beat_confidence01", 0.0, 1.0, ("mean",)),
)

_values = attrgetter(*(field.name for field in FIELDS))


class Levels:
    """Takes snapshots one by one.

    Attributes:
        width: hops of a bin.
        bins: that are whole so far.
    """

    def __init__(self, most: int = MOST_BINS) -> None:
        self._most = most
        self._waiting = np.empty((CHUNK, len(FIELDS)), dtype=np.float32)
        self._count = 0
        # Grows with the session: minimum, mean, maximum; float32[3, capacity, fields].
        self._table = np.empty((3, min(most, CHUNK), len(FIELDS)), dtype=np.float32)
        self.width = 1
        self.bins = 0

    def add(self, snapshot: ExpressiveAudioSnapshot) -> None:
        """The next hop."""
        self._waiting[self._count] = _values(snapshot)
        self._count += 1
        if self._count == CHUNK:
            self.extend(self._waiting)
            self._count = 0

    def finish(self) -> None:
        """Take in what waits; a last bin that is not full is filled up with its own last hop."""
        if self._count:
            rest = self._waiting[: self._count]
            missing = -self._count % self.width
            self.extend(np.concatenate((rest, np.repeat(rest[-1:], missing, axis=0))))
            self._count = 0

    def extend(self, rows: np.ndarray) -> None:
        """Hops at once: float32[n, fields], n a multiple of `width`."""
        hops = rows.reshape(-1, self.width, rows.shape[1])
        fresh = np.stack((hops.min(axis=1), hops.mean(axis=1), hops.max(axis=1)))
        while self.bins + fresh.shape[1] > self._most:
            self._halve()
            fresh = _halved(fresh)
        if (end := self.bins + fresh.shape[1]) > self._table.shape[1]:
            larger = np.empty(
                (3, min(max(2 * self._table.shape[1], end), self._most), len(FIELDS)), np.float32
            )
            larger[:, : self.bins] = self._table[:, : self.bins]
            self._table = larger
        self._table[:, self.bins : end] = fresh
        self.bins = end

    def _halve(self) -> None:
        half = _halved(self._table[:, : self.bins])
        self._table[:, : half.shape[1]] = half
        self.bins = half.shape[1]
        self.width *= 2

    def planes(self) -> bytes:
        """uint8, plane by plane as `FIELDS` names them, bin by bin.

        `mean` is written as the difference from the bin before (modulo 256), `min` and `max` as their
        distance from the mean: so they deflate to a third.
        """
        made = []
        for column, field in enumerate(FIELDS):
            low, mean, high = (_bytes(plane[: self.bins, column], field) for plane in self._table)
            for stat in field.stats:
                if stat == "mean":
                    made.append(np.diff(mean, prepend=np.uint8(0)))
                else:
                    # Rounded apart, the mean may lie a step beyond the ends.
                    made.append(
                        np.maximum(mean, low) - low if stat == "min" else np.maximum(high, mean) - mean
                    )
        return b"".join(plane.astype(np.uint8).tobytes() for plane in made)


def _halved(table: np.ndarray) -> np.ndarray:
    """float32[3, n, fields] to float32[3, ceil(n / 2), fields]."""
    if table.shape[1] % 2:
        table = np.concatenate((table, table[:, -1:]), axis=1)
    left, right = table[:, ::2], table[:, 1::2]
    return np.stack((np.minimum(left[0], right[0]), (left[1] + right[1]) / 2, np.maximum(left[2], right[2])))


def _bytes(values: np.ndarray, field: Field) -> np.ndarray:
    share = (np.nan_to_num(values) - field.low) / (field.high - field.low)
    made: np.ndarray = np.clip(share * 255.0 + 0.5, 0.0, 255.0).astype(np.uint8)
    return made
