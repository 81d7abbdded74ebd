"""What all processes that fill the input ring have in common, seen from both ends.

Such a *feeder* is disposable. Its parent resolves the input, makes the ring to suit, and starts it;
when it dies, however it dies, the parent starts another on the same ring, which goes on with the
next generation. The arrangement:

- argv[1] is the request, a JSON object; the ring's descriptors are inherited.
- stdout carries reports, one JSON object a line: `opened`, `error` (a sentence), `closed`.
- stdin is a pipe that only the parent holds: its end, by `close` or by the parent's death, means stop.
- the exit status (`Exit`) says whether to start another.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Any, TypeVar

from daemon.errors import AivjdError
from daemon.ring_memory import RingMemory

if TYPE_CHECKING:
    from daemon.ring import Ring

AnyRing = TypeVar("AnyRing", bound=RingMemory)
RING_SECONDS = 4
STOP_PATIENCE_S = 1.0


class Exit(IntEnum):
    """Exit status of a feeder."""

    ENDED = 0
    """Told to stop, or a file came to its end: start no other."""
    REFUSED = 2
    """The request cannot be met, now or later."""
    LACKING = 3
    """A library is missing."""
    UNAVAILABLE = 10
    """The device is absent or does not open as the session needs it: try again, less and less often."""
    LOST = 11
    """The device vanished while it ran: try again at once, then less and less often."""

    @property
    def try_again(self) -> bool:
        """Whether another feeder may succeed where this one ended."""
        return self in (Exit.UNAVAILABLE, Exit.LOST)


@dataclass(frozen=True)
class Input:
    """Where the sound comes from, resolved but not yet opened.

    Attributes:
        label: for a person, and in the session's header.
        rate: sample rate in Hz, fixed for the session.
        channels: of the ring that the feeder fills.
        pair: which of them are left and right, counted from 1.
        module: the feeder's.
        request: what that module needs to know.
    """

    label: str
    rate: int
    channels: int
    pair: tuple[int, int]
    module: str
    request: dict[str, Any]

    def make_ring(self, *, readers: int = 1) -> Ring:
        """A ring of at least `RING_SECONDS` that suits this input."""
        from daemon.ring import Ring  # not above: the capture process does without numpy

        frames = 1 << (RING_SECONDS * self.rate - 1).bit_length()
        return Ring.create("input", self.channels, frames, self.rate, readers=readers)

    def command(self, ring: RingMemory, block: int) -> list[str]:
        """Command line of the feeder; it must inherit ``ring.fds`` and have a pipe as stdin.

        Args:
            ring: to be filled.
            block: frames at a time.
        """
        request = {**self.request, "block": block, "ring": ring.fd, "wake": ring.wake_fds}
        return [sys.executable, "-m", self.module, json.dumps(request)]

    def spawn(self, ring: RingMemory, block: int) -> subprocess.Popen[bytes]:
        """Start the feeder. Closing its ``stdin`` stops it; its ``stdout`` carries the reports."""
        return subprocess.Popen(  # noqa: S603 - our own interpreter and module
            self.command(ring, block),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            pass_fds=ring.fds,
            env=environment(),
        )


def environment() -> dict[str, str]:
    """The environment of a feeder: ours, without threads for linear algebra it never does."""
    return os.environ | {"OPENBLAS_NUM_THREADS": "1"}


# The feeder's own end


def report(kind: str, **fields: object) -> None:
    """Send one report to the parent; nobody is left to read it when the parent is gone."""
    line = json.dumps({"type": kind, **fields}) + "\n"
    try:
        os.write(1, line.encode())
    except BrokenPipeError:
        return


def main(
    feed: Callable[[dict[str, Any], AnyRing, threading.Event], Exit],
    attach: Callable[[int, list[int]], AnyRing],
) -> None:
    """Body of a feeder: `feed` gets the request, the ring and the order to stop, and fills the ring.

    Does not return.

    Args:
        feed: the work.
        attach: makes of the ring's descriptors what `feed` writes to.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which then closes stdin
    stop = threading.Event()
    threading.Thread(target=_stop_with_parent, args=[stop], daemon=True).start()
    try:
        request = json.loads(sys.argv[1])
        code = feed(request, attach(request["ring"], request["wake"]), stop)
    except AivjdError as error:
        report("error", message=str(error))
        code = Exit(error.exit_code)
    report("closed", status=code.name.lower())
    # Not sys.exit: closing down PortAudio may hang for ever when its sound server has died.
    os._exit(code)


def _stop_with_parent(stop: threading.Event) -> None:
    """Set `stop` when stdin ends, and end the process if that has no effect.

    A thread, since the main thread may hang in the sound system. Not PR_SET_PDEATHSIG: that signal
    comes when the *thread* that started us ends, and is not there but on Linux.
    """
    while os.read(0, 4096):
        pass
    stop.set()
    time.sleep(STOP_PATIENCE_S)
    os._exit(Exit.ENDED)
