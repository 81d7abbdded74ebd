"""The memory behind a ring of audio: its layout, its writer, and what keeps readers safe.

One process writes, any number read (`daemon.ring`), nobody waits for anybody. No numpy in here:
the capture process hands on bytes as PortAudio gives them, and so is light and soon restarted.

The memory is a memfd mapped by every process that inherited its descriptor, so it survives the
death of any of them and leaves nothing behind in the file system. It begins with one page of header:

====== ==== =====================================================================
offset type meaning
====== ==== =====================================================================
0      8s   magic ``AIVJRING``
8      u32  layout version
12     u32  sample format: 0 float32, 1 int32
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
import struct
import time
from collections.abc import Sequence
from typing import Any, Self

from daemon.errors import AivjdError

MAGIC = b"AIVJRING"
VERSION = 1
HEADER_BYTES = 4096
MAX_CHANNELS = 256
SAMPLE_BYTES = 4
SAMPLE_NAMES = ("float32", "int32")
INPUT_UNDERFLOW = 1  # as PortAudio numbers its status bits
INPUT_OVERFLOW = 2

_FIXED = struct.Struct("<8sIIIIQ")
_CLAIMED, _WRITTEN, _HEARTBEAT = 8, 9, 10  # in units of u64
_OVERFLOWS, _FLAGS, _GENERATION = 22, 23, 24  # in units of u32
_SEALS = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL


class RingError(AivjdError):
    """Shared memory that is no ring of ours, or two writers on one ring."""


class RingMemory:
    """One mapping of a ring; made with `allocate` or `attach`.

    Attributes:
        fd: descriptor of the memory; inherited by a child through ``pass_fds``.
        wake_fds: eventfds, one for each reader; every write signals all of them.
        sample: ``float32`` or ``int32``.
        channels: samples in a frame.
        capacity: frames, a power of two.
        rate: Hz.
    """

    def __init__(self, fd: int, wake_fds: Sequence[int]) -> None:
        self.fd = fd
        self.wake_fds = tuple(wake_fds)
        self.sample, self.channels, self.rate, self.capacity = _read_header(fd)
        self._frame_bytes = self.channels * SAMPLE_BYTES
        size = HEADER_BYTES + self.capacity * self._frame_bytes
        if os.fstat(fd).st_size != size:
            raise RingError(
                f"shared memory has {os.fstat(fd).st_size} bytes where its header announces {size}",
                fix="restart aivjd",
            )
        self._map = mmap.mmap(fd, size)
        with memoryview(self._map) as whole:
            self._u64 = whole[:HEADER_BYTES].cast("Q")
            self._u32 = whole[:HEADER_BYTES].cast("I")
            self._data = whole[HEADER_BYTES:]
        self._is_writer = False

    @classmethod
    def allocate(
        cls, name: str, channels: int, capacity: int, rate: int, sample: str, *, readers: int = 1
    ) -> Self:
        """Make a ring filled with zeros.

        Args:
            name: shown by the system in ``/proc/PID/fd``.
            channels: 1 to `MAX_CHANNELS`.
            capacity: frames, a power of two from 2.
            rate: sample rate in Hz, above 0.
            sample: ``float32`` or ``int32``.
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
        if sample not in SAMPLE_NAMES:
            raise ValueError(f"dtype must be float32 or int32, not {sample}")
        fd = os.memfd_create(f"aivjd-{name}", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        os.ftruncate(fd, HEADER_BYTES + capacity * channels * SAMPLE_BYTES)
        # With its size sealed, no process can make the others fault by truncating the memory.
        fcntl.fcntl(fd, fcntl.F_ADD_SEALS, _SEALS)
        header = _FIXED.pack(MAGIC, VERSION, SAMPLE_NAMES.index(sample), channels, rate, capacity)
        os.pwrite(fd, header, 0)
        wake_fds = [os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK) for _ in range(readers)]
        return cls(fd, wake_fds)

    @classmethod
    def attach(cls, fd: int, wake_fds: Sequence[int] = ()) -> Self:
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
        return self._u64[_WRITTEN]

    @property
    def claimed(self) -> int:
        """Frames written or being written; all up to ``claimed - capacity`` are gone."""
        return self._u64[_CLAIMED]

    @property
    def heartbeat_ns(self) -> int:
        """CLOCK_MONOTONIC in ns of the last write; 0 before the first."""
        return self._u64[_HEARTBEAT]

    @property
    def overflows(self) -> int:
        """How often the device reported that input was lost."""
        return self._u32[_OVERFLOWS]

    @property
    def flags(self) -> int:
        """Every status bit the device ever raised: `INPUT_UNDERFLOW`, `INPUT_OVERFLOW`."""
        return self._u32[_FLAGS]

    @property
    def generation(self) -> int:
        """How many writers there have been; grows by one when capture is restarted."""
        return self._u32[_GENERATION]

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
        self._u32[_GENERATION] += 1

    def write_bytes(self, block: Any) -> None:
        """Append whole frames, publish them and wake all readers. The first call claims the ring.

        Args:
            block: a buffer of bytes: interleaved samples, at most half the capacity.

        Raises:
            ValueError: the block does not fit the ring.
            RingError: another process is writing.
        """
        source = memoryview(block)
        frames, rest = divmod(len(source), self._frame_bytes)
        if rest or frames > self.capacity // 2:
            raise ValueError(f"a block of {len(source)} bytes into a ring of {self!r}")
        if not self._is_writer:
            self.claim()
        start = self.written
        self._u64[_CLAIMED] = max(self.claimed, start + frames)
        at = (start & (self.capacity - 1)) * self._frame_bytes
        first = min(len(source), len(self._data) - at)
        self._data[at : at + first] = source[:first]
        self._data[: len(source) - first] = source[first:]
        self._u64[_WRITTEN] = start + frames
        self._u64[_HEARTBEAT] = time.monotonic_ns()
        for fd in self.wake_fds:
            os.eventfd_write(fd, 1)

    def note_status(self, flags: int) -> None:
        """Add status bits of the device; `INPUT_OVERFLOW` is counted as well. For the writer only."""
        self._u32[_FLAGS] |= flags
        if flags & INPUT_OVERFLOW:
            self._u32[_OVERFLOWS] += 1

    def close(self) -> None:
        """Unmap, and close the descriptors. The memory goes when the last process has closed it."""
        for view in (self._u64, self._u32, self._data):
            view.release()
        self._map.close()
        for fd in self.fds:
            os.close(fd)

    def __repr__(self) -> str:
        return f"<{self.capacity} x {self.channels} {self.sample} at {self.rate} Hz>"


def _read_header(fd: int) -> tuple[str, int, int, int]:
    """Sample format, channels, rate in Hz and capacity in frames, checked."""
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
    sound = 1 <= channels <= MAX_CHANNELS and capacity > 1 and not capacity & (capacity - 1)
    if not sound or code >= len(SAMPLE_NAMES) or rate == 0:
        raise RingError("the header of the audio ring is damaged", fix="restart aivjd")
    return SAMPLE_NAMES[code], channels, rate, capacity
