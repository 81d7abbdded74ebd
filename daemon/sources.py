"""Inputs that need no device: audio files, the demo track, clicks for measuring latency.

They fill the same ring from the same kind of process as a device would, in real time. Also the
one place where what the operator wrote for the input is understood: `resolve`.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from daemon import feeder
from daemon.ahead import ahead
from daemon.devices import check_channels, find, list_devices
from daemon.errors import DeviceError
from daemon.feeder import Exit, Input, report
from daemon.realtime import AHEAD, PLAY, ask_for_priority
from daemon.ring import INPUT_OVERFLOW, Ring

STEREO = (1, 2)
USUAL_RATE = 48000
CLICK_EVERY_S = 0.5
CLICK_FRAMES = 4
CLICK_LEVEL = 0.8
FULL_SCALE_16 = 1 << 15
AHEAD_S = 2.0
MOST_LATE_NS = 1_000_000_000

Blocks = Iterator[NDArray[np.float32]]


def resolve(name: str, pair: tuple[int, int] = STEREO, *, rate: int = 0, loop: bool = False) -> Input:
    """What `name` means: a device, ``default``, ``demo[:LOG]``, ``file:PATH`` or ``clicks[:LOG]``.

    Args:
        name: as the operator wrote it.
        pair: which channels of a device are left and right, counted from 1.
        rate: sample rate in Hz to ask for; 0 takes what the device gives by default. A file always
            has its own.
        loop: begin a file again at its end.

    Raises:
        NoInputDevice: a device was asked for and the machine has none.
        DeviceError: no such device, channel or readable file.
        MissingError: the PortAudio library is not installed.
    """
    kind, _, rest = name.partition(":")
    module = "daemon.sources"
    if kind in ("demo", "clicks"):
        label = "demo track" if kind == "demo" else kind
        return Input(label, rate or USUAL_RATE, 2, STEREO, module, {"kind": kind, "log": rest})
    if kind == "file":
        path = Path(rest).expanduser().absolute()
        with _open(path) as file:
            file_rate = file.samplerate
        file_request = {"kind": "file", "path": str(path), "loop": loop}
        return Input(f"file: {path.name}", file_rate, 2, STEREO, module, file_request)
    device = find(name, list_devices())
    channels = device.channels_to_open(pair)
    check_channels(pair, channels, device.label)
    # "default" stays what it is, so that the next process follows the system to another device.
    wanted = name if name == "default" else device.label
    return Input(device.label, rate or device.rate, channels, pair, "daemon.capture", {"device": wanted})


def _open(path: Path) -> Any:
    """The file as `soundfile.SoundFile`.

    Raises:
        DeviceError: it is missing, unreadable, of a kind nobody knows, or empty.
    """
    import soundfile  # type: ignore[import-untyped]

    if not path.exists():
        raise DeviceError("there is no such audio file", where=str(path), fix="check the path")
    try:
        file = soundfile.SoundFile(str(path))
    except (soundfile.LibsndfileError, OSError) as error:
        raise DeviceError(
            f"this cannot be read as audio ({error})", where=str(path), fix="convert it to WAV or FLAC"
        ) from error
    if file.frames == 0:
        file.close()
        raise DeviceError("this audio file holds no samples", where=str(path), fix="choose another")
    return file


def file_blocks(path: Path, rate: int, frames: int, *, loop: bool) -> Blocks:
    """A file's samples as float32 (n, 2), n at most `frames`; mono on both sides, of more the first two.

    Raises:
        DeviceError: now, not at the first block: the file cannot be played, or not at `rate` Hz.
    """
    file = _open(path)
    if file.samplerate != rate:
        file.close()
        raise DeviceError(
            f"this file has {file.samplerate} Hz, where this session began with {rate} Hz",
            where=str(path),
            fix="restart aivjd",
        )
    return _read(file, frames, loop=loop)


def _read(file: Any, frames: int, *, loop: bool) -> Blocks:
    with file:
        right = min(1, file.channels - 1)
        while True:
            block = file.read(frames, dtype="float32", always_2d=True)
            if len(block):
                yield np.ascontiguousarray(block[:, [0, right]])
            elif loop:
                file.seek(0)
            else:
                return


def demo_blocks(rate: int, frames: int) -> Blocks:
    """The demo track for ever, as float32 (frames, 2)."""
    from daemon.demo_track import DemoTrack

    track = DemoTrack(rate)
    start = 0
    while True:
        block = track.block(start, frames)
        yield block / np.float32(FULL_SCALE_16)
        start += frames


def click_blocks(rate: int, frames: int) -> Blocks:
    """Silence with a click at every multiple of `click_period`, the first at 0; float32 (frames, 2)."""
    period = click_period(rate)
    start = 0
    while True:
        inside = (np.arange(start, start + frames) % period) < CLICK_FRAMES
        yield np.repeat(np.where(inside, np.float32(CLICK_LEVEL), np.float32(0))[:, None], 2, axis=1)
        start += frames


def click_period(rate: int) -> int:
    """Frames from one click to the next."""
    return int(rate * CLICK_EVERY_S)


def play(
    blocks: Blocks,
    ring: Ring,
    stop: threading.Event,
    published: Callable[[int, int], None] | None = None,
) -> None:
    """Write `blocks` to `ring` in real time: each when its last sample would have been heard.

    The deadlines are absolute, so that nothing drifts and whoever wakes late catches up. Only after
    more than a second (the machine slept) the lost time is lost, and counts as an overflow.

    Args:
        blocks: float32 (n, channels of the ring).
        ring: also gives the rate.
        stop: ends it early.
        published: told, after each block, how many frames it had and the CLOCK_MONOTONIC time in ns.
    """
    began = sent = 0
    for block in blocks:
        # The clock starts when there is something to hear, however long that took to make.
        began = began or time.monotonic_ns()
        sent += len(block)
        wait_ns = began + sent * 1_000_000_000 // ring.rate - time.monotonic_ns()
        if wait_ns < -MOST_LATE_NS:
            began -= wait_ns
            ring.note_status(INPUT_OVERFLOW)
        if stop.wait(max(0, wait_ns) / 1e9):
            return
        ring.write(block)
        if published is not None:
            published(len(block), ring.heartbeat_ns)


class BlockLog:
    """Writes when each block was published: ``{"frame", "frames", "publishedNs"}``, one object a line."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("w", buffering=1, encoding="utf-8")
        self._frame = 0

    def __call__(self, frames: int, at_ns: int) -> None:
        """Note a block; `at_ns` is CLOCK_MONOTONIC in ns."""
        line = {"frame": self._frame, "frames": frames, "publishedNs": at_ns}
        self._file.write(json.dumps(line) + "\n")
        self._frame += frames


def feed(request: dict[str, Any], ring: Ring, stop: threading.Event) -> Exit:
    """Fill `ring` with what `request` names, until stopped or a file ends."""
    frames = request["block"]
    published = None
    match request["kind"]:
        case "file":
            blocks = file_blocks(Path(request["path"]), ring.rate, frames, loop=request["loop"])
        case "demo":
            blocks = demo_blocks(ring.rate, frames)
        case _:
            blocks = click_blocks(ring.rate, frames)
    if request.get("log"):
        published = BlockLog(Path(request["log"]))
    ring.claim()
    priority = ask_for_priority(PLAY)
    report(
        "opened",
        device=request["kind"],
        hostApi="",
        channels=ring.channels,
        rate=ring.rate,
        block=frames,
        latencyMs=None,
        generation=ring.generation,
        realtime=priority,
    )
    early = ahead(blocks, int(AHEAD_S * ring.rate / frames), prepare=lambda: ask_for_priority(AHEAD))
    play(early, ring, stop, published)
    if not stop.is_set():
        report("ended", frames=ring.written)
    return Exit.ENDED


if __name__ == "__main__":
    feeder.main(feed, Ring.attach)
