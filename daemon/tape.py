"""What the engine heard and said, in order, for those who keep it: the recorder and the flight recorder.

Samples lie in shared memory, records and states come through a queue. Each listener has a `Tape` of its own,
so that one that waits for a disk keeps nobody waiting. Whatever is in the queue was made from samples that
are in the ring already, and a state stands between all that led to it and all that followed.
"""

from __future__ import annotations

import queue
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np

from daemon.errors import SessionError
from daemon.ring import Reader, Ring
from selector.canonical import GENESIS

CHUNK = 16384  # samples at a time; whole hops at every rate

Log: TypeAlias = Literal["inputs", "picks", "events"]


class Said(NamedTuple):
    """Records of the hops that end at `position` (samples since the engine began)."""

    position: int
    records: Sequence[tuple[Log, dict[str, Any]]]


class StateAt(NamedTuple):
    """The engine's whole state at a hop boundary; `cut` where it was asked for to begin a new folder."""

    sample: int
    data: bytes
    cut: bool = False


class Stock(NamedTuple):
    """A catalogue (`Catalog.to_json`) that the next `Said` names: packs have changed."""

    data: bytes


class Tape:
    """One listener's place in it. Filled by the main thread, read by one other.

    Args:
        ring: analysed samples, int32 stereo, from the engine's first on.
        hop: samples; audio is handed out in whole hops, so that it never passes a state still to come.
        prev: hash that the next pick record will name as the one before.

    Attributes:
        prev: the same, of what `take` has given.
    """

    def __init__(self, ring: Ring, hop: int, prev: str = GENESIS) -> None:
        self._ring = ring
        self._reader = Reader(ring, start=0)
        self._hop = hop
        self._waiting: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self.prev = prev

    @property
    def position(self) -> int:
        """First sample not yet heard."""
        return self._reader.position

    def put(self, item: Any) -> None:
        """Add what was said, a state, or an order to the listener; never blocks."""
        self._waiting.put(item)

    def take(self) -> Iterator[Any]:
        """What waits, one by one."""
        for _ in range(self._waiting.qsize()):
            item = self._waiting.get_nowait()
            if isinstance(item, Said):
                for log, record in item.records:
                    if log == "picks":
                        self.prev = record["hash"]
            yield item

    def hear(self, until: int | None = None, *, rest: bool = False) -> Iterator[np.ndarray]:
        """Samples, int32[n, 2], up to one of them, or all whole hops that there are.

        Args:
            until: the first sample to leave out.
            rest: take what fills no hop, too.

        Raises:
            SessionError: so many were waiting that some have been overwritten.
        """
        while True:
            there = self._reader.available if until is None else until - self.position
            if not rest:
                there -= there % self._hop
            block, lost = self._reader.read(max(0, min(CHUNK, there)))
            if lost:
                raise SessionError(
                    f"writing was too slow, {lost} samples went by", fix="use a faster disk or load it less"
                )
            if not len(block):
                return
            yield block

    def clock(self, sample: int) -> str:
        """Wall clock at which a sample was heard just now, ISO 8601."""
        ago = (self._ring.written - sample) / self._ring.rate
        return (datetime.now(UTC) - timedelta(seconds=ago)).isoformat(timespec="milliseconds")

    def seek(self, sample: int) -> None:
        """Go on with another sample, as far as it is still there."""
        self._reader = Reader(self._ring, start=sample)
