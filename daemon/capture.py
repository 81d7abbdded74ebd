"""The capture process: one audio device into the input ring, and nothing else.

Run as ``python -m daemon.capture`` by `daemon.feeder`, in a process that can be thrown away: with
a dead sound server PortAudio hangs for ever, and its list of devices is frozen when it loads. The
audio callback does three things: copy the block into the ring, note the device's status bits, wake
the readers (the last by `write_bytes`). Nothing in this process needs numpy.
"""

from __future__ import annotations

import math
import threading
import time
from types import ModuleType
from typing import Any

from daemon import feeder
from daemon.devices import Device, find, load_portaudio, query_devices
from daemon.errors import DeviceError
from daemon.feeder import Exit, report
from daemon.realtime import CAPTURE, ask_for_priority, quiet_collector
from daemon.ring_memory import INPUT_OVERFLOW, INPUT_UNDERFLOW, RingMemory

LOOK_S = 0.05
STALL_S = 1.0
FIRST_BLOCK_S = 5.0  # an idle PulseAudio sink takes 2 s to deliver for the first time
MAX_LATENCY_S = 5.0


class DeviceStream:
    """An open device that writes to a ring.

    Args:
        portaudio: the module `sounddevice`, or what behaves like it.
        device: what to open.
        ring: decides the rate and the number of channels.
        block: frames in a callback.

    Raises:
        DeviceError: the device does not open as the ring needs it.
    """

    def __init__(self, portaudio: ModuleType, device: Device, ring: RingMemory, block: int) -> None:
        if device.channels < ring.channels:
            raise DeviceError(
                f"'{device.label}' has {device.channels} channels now, where this session began with "
                f"{ring.channels}",
                fix="set it back, or restart aivjd",
            )
        self.ring = ring
        self.finished = threading.Event()
        try:
            self.stream = portaudio.RawInputStream(
                device=device.index,
                channels=ring.channels,
                samplerate=ring.rate,
                blocksize=block,
                dtype="float32",
                latency="low",
                callback=self._callback,
                finished_callback=self.finished.set,
            )
            self.stream.start()
        except portaudio.PortAudioError as error:
            raise DeviceError(
                f"'{device.label}' does not open at {ring.rate} Hz with {ring.channels} channels ({error})",
                fix="see that no other program holds it and that it is set to this rate",
            ) from error
        if round(self.stream.samplerate) != ring.rate:
            raise DeviceError(
                f"'{device.label}' runs at {self.stream.samplerate:g} Hz, where this session began with "
                f"{ring.rate} Hz",
                fix="set it back, or restart aivjd",
            )

    def _callback(self, block: Any, frames: int, when: object, status: Any) -> None:
        self.ring.write_bytes(block)
        if status:
            self.ring.note_status(
                INPUT_OVERFLOW * status.input_overflow | INPUT_UNDERFLOW * status.input_underflow
            )

    @property
    def latency_ms(self) -> float | None:
        """What the device says of its latency; None if that cannot be (JACK has said a day)."""
        latency = self.stream.latency
        sane = math.isfinite(latency) and 0 <= latency <= MAX_LATENCY_S
        return round(latency * 1000, 3) if sane else None

    def watch(self, stop: threading.Event) -> str:
        """Wait until told to stop, or the device is lost.

        Returns:
            Why the device is lost; empty when it was told to stop.
        """
        begun_at = self.ring.written
        delivered = looked = time.monotonic()
        seen = begun_at
        while not stop.wait(LOOK_S):
            now = time.monotonic()
            written = self.ring.written
            asleep = now - looked > STALL_S / 2  # we were suspended: that is not the device's fault
            if written != seen or asleep:
                seen, delivered = written, now
            looked = now
            if self.finished.is_set():
                return "the device ended the stream"
            if not self.stream.active:
                return "the stream is no longer active"
            patience = FIRST_BLOCK_S if seen == begun_at else STALL_S
            if now - delivered > patience:
                return f"no audio for {patience:g} s"
        return ""


def capture(request: dict[str, Any], ring: RingMemory, stop: threading.Event) -> Exit:
    """Fill `ring` from the device named in `request` until stopped or the device is lost."""
    portaudio = load_portaudio()
    quiet_collector(off=True)
    priority = ask_for_priority(CAPTURE)
    ring.claim()
    try:
        device = find(request["device"], query_devices(portaudio))
        stream = DeviceStream(portaudio, device, ring, request["block"])
    except DeviceError as error:
        report("error", message=str(error))
        return Exit.UNAVAILABLE
    report(
        "opened",
        device=device.name,
        hostApi=device.host_api,
        channels=ring.channels,
        rate=ring.rate,
        block=request["block"],
        latencyMs=stream.latency_ms,
        generation=ring.generation,
        realtime=priority,
    )
    reason = stream.watch(stop)
    if reason:
        # The stream is not closed: with a dead sound server that hangs. Ending the process closes it.
        report("error", message=f"'{device.label}' is lost: {reason}.")
        return Exit.LOST
    stream.stream.abort()
    return Exit.ENDED


if __name__ == "__main__":
    feeder.main(capture, RingMemory.attach)
