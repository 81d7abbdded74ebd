"""A ring of audio in shared memory, as arrays: what every process but capture reads and writes.

`daemon.ring_memory` explains the layout and why a reader never sees a torn frame.
"""

from __future__ import annotations

import os
import select
from collections.abc import Sequence

import numpy as np
from numpy.typing import DTypeLike, NDArray

from daemon.ring_memory import HEADER_BYTES, INPUT_OVERFLOW, INPUT_UNDERFLOW, RingError, RingMemory

__all__ = ["INPUT_OVERFLOW", "INPUT_UNDERFLOW", "Reader", "Ring", "RingError"]

Block = NDArray[np.float32 | np.int32]
"""(n, channels)"""


class Ring(RingMemory):
    """A ring whose frames are rows of an array; make it with `create` or `attach`.

    Attributes:
        dtype: float32 or int32.
    """

    def __init__(self, fd: int, wake_fds: Sequence[int]) -> None:
        super().__init__(fd, wake_fds)
        self.dtype: np.dtype[np.float32 | np.int32] = np.dtype(self.sample)
        self._frames: Block = np.frombuffer(
            self._map, self.dtype, self.capacity * self.channels, HEADER_BYTES
        ).reshape(self.capacity, self.channels)

    @classmethod
    def create(
        cls,
        name: str,
        channels: int,
        capacity: int,
        rate: int,
        dtype: DTypeLike = np.float32,
        *,
        readers: int = 1,
    ) -> Ring:
        """Make a ring filled with zeros; arguments as for `RingMemory.allocate`.

        Raises:
            ValueError: an argument is out of its range.
        """
        return cls.allocate(name, channels, capacity, rate, np.dtype(dtype).name, readers=readers)

    def write(self, block: Block) -> None:
        """Append a block, publish it and wake all readers. The first call claims the ring.

        Args:
            block: (n, channels) of the ring's dtype, n at most half the capacity.

        Raises:
            ValueError: the block does not fit the ring.
            RingError: another process is writing.
        """
        if block.ndim != 2 or block.shape[1] != self.channels or block.dtype != self.dtype:
            raise ValueError(f"a {block.dtype} block {block.shape} into a ring of {self!r}")
        self.write_bytes(np.ascontiguousarray(block).reshape(-1).view(np.uint8))

    def copy(self, start: int, frames: int) -> Block:
        """A copy of frames `start` to ``start + frames``, with no check that they are still there."""
        slot = start & (self.capacity - 1)
        first = min(frames, self.capacity - slot)
        block = np.empty((frames, self.channels), self.dtype)
        block[:first] = self._frames[slot : slot + first]
        block[first:] = self._frames[: frames - first]
        return block

    def close(self) -> None:
        """Unmap, and close the descriptors. The memory goes when the last process has closed it."""
        del self._frames
        super().close()


class Reader:
    """One reader's place in a ring; readers never disturb the writer or each other.

    Args:
        ring: what to read.
        wake: which of the ring's eventfds is this reader's own.
        start: frame to begin with; the next to be written when left out.
    """

    def __init__(self, ring: Ring, wake: int = 0, *, start: int | None = None) -> None:
        self.ring = ring
        self.fd = ring.wake_fds[wake] if ring.wake_fds else -1
        self.position = ring.written if start is None else start

    @property
    def available(self) -> int:
        """Frames written that this reader has not read, lost ones included."""
        return self.ring.written - self.position

    def read(self, max_frames: int) -> tuple[Block, int]:
        """Take what is there, without waiting.

        Returns:
            A copy (n, channels) with n from 0 to `max_frames`, and how many frames before it were
            lost because this reader was more than the capacity behind. After a loss it goes on half
            a ring behind the writer, so that it is not overtaken again at once.
        """
        ring = self.ring
        lost = 0
        while True:
            behind = ring.claimed - self.position
            if behind > ring.capacity:
                # A block is at most half a ring, so half a ring behind *claimed* is written already.
                skipped = behind - ring.capacity // 2
                self.position += skipped
                lost += skipped
            start = self.position
            block = ring.copy(start, max(0, min(max_frames, ring.written - start)))
            if ring.claimed - start <= ring.capacity:
                self.position = start + len(block)
                return block, lost

    def wait(self, timeout_s: float) -> bool:
        """Sleep until something was written since the last call, at most `timeout_s` seconds.

        For a selector or event loop use `fd` and call ``wait(0)`` to clear it.
        """
        if not select.select([self.fd], [], [], timeout_s)[0]:
            return False
        os.eventfd_read(self.fd)
        return True
