"""A ring of audio in shared memory: one process writes, any number read, nobody waits for anybody.

The memory is a memfd mapped by every process that inherited its descriptor, so it survives the
death of any of them and leaves nothing behind in the file system. It begins with one page of header:

====== ==== =====================================================================
offset type meaning
====== ==== =====================================================================
0      8s   magic ``AIVJRING``
8      u32  layout version
12     u32  dtype of a sample: 0 float32, 1 int32
16     u32  channels
20     u32  sample rate in Hz
24     u64  capacity in frames, a power of two
64     u64  *claimed*: frames the writer has begun to write, ever
72     u64  *written*: frames that are complete, ever
80     u64  heartbeat: CLOCK_MONOTONIC in ns when *written* last moved
88     u32  overflows: how often the device reported lost input
92     u32  flags: every status bit the device ever raised
96     u32  generation: how many writers there have been
====== ==== =====================================================================

Frame *i* lies in slot ``i % capacity``. The writer moves *claimed*, copies, then moves *written*;
a reader copies, then looks at *claimed* again: what may have been overwritten meanwhile is never
handed out. *claimed* never falls, not even when a writer was killed between the two moves: the
slots that it left half overwritten stay out of bounds for its successor's readers.

Both counters are single aligned 8-byte stores. Stores must be seen in program order, which x86-64
guarantees; elsewhere the system call that wakes the reader orders them.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import select
import struct
import time
from collections.abc import Sequence

import numpy as np
from numpy.typing import DTypeLike, NDArray

from daemon.errors import AivjdError

MAGIC = b"AIVJRING"
VERSION = 1
HEADER_BYTES = 4096
MAX_CHANNELS = 256
INPUT_UNDERFLOW = 1  # as PortAudio numbers its status bits
INPUT_OVERFLOW = 2

_FIXED = struct.Struct("<8sIIIIQ")
_DTYPES = (np.dtype(np.float32), np.dtype(np.int32))
_CLAIMED, _WRITTEN, _HEARTBEAT = 8, 9, 10  # in units of u64
_OVERFLOWS, _FLAGS, _GENERATION = 22, 23, 24  # in units of u32
_SEALS = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL


class RingError(AivjdError):
    """Shared memory that is no ring of ours, or two writers on one ring."""


class Ring:
    """One mapping of a ring; make it with `create` or `attach`.

    Attributes:
        fd: descriptor of the memory; inherited by a child through ``pass_fds``.
        wake_fds: eventfds, one for each reader; `write` signals all of them.
        channels: samples in a frame.
        capacity: frames, a power of two.
        rate: Hz.
        dtype: float32 or int32.
    """

    def __init__(self, fd: int, wake_fds: Sequence[int]) -> None:
        self.fd = fd
        self.wake_fds = tuple(wake_fds)
        self.dtype, self.channels, self.rate, self.capacity = _read_header(fd)
        size = HEADER_BYTES + self.capacity * self.channels * self.dtype.itemsize
        if os.fstat(fd).st_size != size:
            raise RingError(
                f"shared memory has {os.fstat(fd).st_size} bytes where its header announces {size}",
                fix="restart aivjd",
            )
        self._map = mmap.mmap(fd, size)
        self._u64 = np.frombuffer(self._map, np.uint64, HEADER_BYTES // 8)
        self._u32 = np.frombuffer(self._map, np.uint32, HEADER_BYTES // 4)
        self._frames: NDArray[np.float32 | np.int32] = np.frombuffer(
            self._map, self.dtype, self.capacity * self.channels, HEADER_BYTES
        ).reshape(self.capacity, self.channels)
        self._is_writer = False

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
        """Make a ring filled with zeros.

        Args:
            name: shown by the system in ``/proc/PID/fd``.
            channels: 1 to `MAX_CHANNELS`.
            capacity: frames, a power of two from 2.
            rate: sample rate in Hz, above 0.
            dtype: float32 or int32.
            readers: how many eventfds to make; each reader needs its own.

        Raises:
            ValueError: an argument is out of its range.
        """
        if not 1 <= channels <= MAX_CHANNELS:
            raise ValueError(f"channels must be 1 to {MAX_CHANNELS}, not {channels}")
        if capacity < 2 or capacity & (capacity - 1):
            raise ValueError(f"capacity must be a power of two from 2, not {capacity}")
        if rate < 1:
            raise ValueError(f"rate must be positive, not {rate}")
        if np.dtype(dtype) not in _DTYPES:
            raise ValueError(f"dtype must be float32 or int32, not {np.dtype(dtype)}")
        fd = os.memfd_create(f"aivjd-{name}", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        os.ftruncate(fd, HEADER_BYTES + capacity * channels * np.dtype(dtype).itemsize)
        # With its size sealed, no process can make the others fault by truncating the memory.
        fcntl.fcntl(fd, fcntl.F_ADD_SEALS, _SEALS)
        code = _DTYPES.index(np.dtype(dtype))
        os.pwrite(fd, _FIXED.pack(MAGIC, VERSION, code, channels, rate, capacity), 0)
        wake_fds = [os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK) for _ in range(readers)]
        return cls(fd, wake_fds)

    @classmethod
    def attach(cls, fd: int, wake_fds: Sequence[int] = ()) -> Ring:
        """Map a ring made elsewhere, from descriptors inherited from its maker.

        Raises:
            RingError: the memory holds no ring of this version, or its size is wrong.
        """
        return cls(fd, wake_fds)

    @property
    def fds(self) -> tuple[int, ...]:
        """Every descriptor a child must inherit (``pass_fds``) to attach."""
        return (self.fd, *self.wake_fds)

    @property
    def written(self) -> int:
        """Frames written since the ring was made; never falls."""
        return int(self._u64[_WRITTEN])

    @property
    def claimed(self) -> int:
        """Frames written or being written; all up to ``claimed - capacity`` are gone."""
        return int(self._u64[_CLAIMED])

    @property
    def heartbeat_ns(self) -> int:
        """CLOCK_MONOTONIC in ns of the last write; 0 before the first."""
        return int(self._u64[_HEARTBEAT])

    @property
    def overflows(self) -> int:
        """How often the device reported that input was lost."""
        return int(self._u32[_OVERFLOWS])

    @property
    def flags(self) -> int:
        """Every status bit the device ever raised: `INPUT_UNDERFLOW`, `INPUT_OVERFLOW`, ..."""
        return int(self._u32[_FLAGS])

    @property
    def generation(self) -> int:
        """How many writers there have been; grows by one when capture is restarted."""
        return int(self._u32[_GENERATION])

    def claim(self) -> None:
        """Become the writer, going on where the last one ended.

        Raises:
            RingError: another process is writing.
        """
        if self._is_writer:
            return
        try:
            # A record lock belongs to the process and ends with it, however it dies.
            fcntl.lockf(self.fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise RingError(
                "another process is writing to the audio ring", fix="end it before starting another"
            ) from error
        self._is_writer = True
        self._u32[_GENERATION] += np.uint32(1)

    def write(self, block: NDArray[np.float32 | np.int32]) -> None:
        """Append a block, publish it and wake all readers. The first call claims the ring.

        Args:
            block: (n, channels) of the ring's dtype, n at most half the capacity.

        Raises:
            ValueError: the block does not fit the ring.
            RingError: another process is writing.
        """
        if block.ndim != 2 or block.shape[1] != self.channels or block.dtype != self.dtype:
            raise ValueError(f"a {block.dtype} block {block.shape} into a ring of {self!r}")
        frames = len(block)
        if frames > self.capacity // 2:
            raise ValueError(f"{frames} frames into a ring of {self!r}")
        if not self._is_writer:
            self.claim()
        start = self.written
        self._u64[_CLAIMED] = max(self.claimed, start + frames)
        slot = start & (self.capacity - 1)
        first = min(frames, self.capacity - slot)
        self._frames[slot : slot + first] = block[:first]
        self._frames[: frames - first] = block[first:]
        self._u64[_WRITTEN] = start + frames
        self._u64[_HEARTBEAT] = time.monotonic_ns()
        for fd in self.wake_fds:
            os.eventfd_write(fd, 1)

    def note_status(self, flags: int) -> None:
        """Add status bits of the device; `INPUT_OVERFLOW` is counted as well. For the writer only."""
        self._u32[_FLAGS] |= np.uint32(flags)
        if flags & INPUT_OVERFLOW:
            self._u32[_OVERFLOWS] += np.uint32(1)

    def copy(self, start: int, frames: int) -> NDArray[np.float32 | np.int32]:
        """A copy of frames `start` to ``start + frames``, with no check that they are still there."""
        slot = start & (self.capacity - 1)
        first = min(frames, self.capacity - slot)
        block = np.empty((frames, self.channels), self.dtype)
        block[:first] = self._frames[slot : slot + first]
        block[first:] = self._frames[: frames - first]
        return block

    def close(self) -> None:
        """Unmap, and close the descriptors. The memory goes when the last process has closed it."""
        del self._u64, self._u32, self._frames
        self._map.close()
        for fd in self.fds:
            os.close(fd)

    def __repr__(self) -> str:
        return f"<Ring {self.dtype} {self.capacity} x {self.channels} at {self.rate} Hz>"


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

    def read(self, max_frames: int) -> tuple[NDArray[np.float32 | np.int32], int]:
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


def _read_header(fd: int) -> tuple[np.dtype[np.float32 | np.int32], int, int, int]:
    """dtype, channels, rate in Hz and capacity in frames, checked."""
    raw = os.pread(fd, _FIXED.size, 0)
    magic, version, code, channels, rate, capacity = (
        _FIXED.unpack(raw) if len(raw) == _FIXED.size else (b"", 0, 0, 0, 0, 0)
    )
    if magic != MAGIC:
        raise RingError("the shared memory holds no audio ring", fix="restart aivjd")
    if version != VERSION:
        raise RingError(
            f"the audio ring has layout {version} where this program knows {VERSION}",
            fix="restart aivjd so that all its processes are of one version",
        )
    sound = 1 <= channels <= MAX_CHANNELS and capacity > 0 and not capacity & (capacity - 1)
    if not sound or code >= len(_DTYPES) or rate == 0:
        raise RingError("the header of the audio ring is damaged", fix="restart aivjd")
    return _DTYPES[code], channels, rate, capacity
