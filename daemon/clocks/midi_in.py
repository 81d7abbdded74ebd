"""MIDI clock that is received: follows start, stop and song position of another machine."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping, Sequence
from time import monotonic
from typing import Any

from daemon.clock_input import Told
from daemon.clocks.midi_ports import Port
from daemon.clocks.ticks import PER_BEAT, Ticks
from daemon.rig_settings import MidiSettings

EACH_TICKS = PER_BEAT // 2
LOOK_S = 1.0


class MidiClockIn:
    """Says where the sender is, twice a beat.

    Args:
        settings: port, bar, offset.
        tell: gets what the clock says.
        clock: monotonic seconds.
    """

    def __init__(
        self, settings: MidiSettings, tell: Callable[[Told], None], clock: Callable[[], float] = monotonic
    ) -> None:
        self._settings = settings
        self._tell = tell
        self._clock = clock
        self._told = False
        self._port: Port | None = None
        self.ticks = Ticks()

    def open(self) -> MidiClockIn:
        """Take the port.

        Raises:
            ConfigError: there is no MIDI system.
            MissingError: python-rtmidi is not installed.
        """
        self._port = Port("in", self._settings.clock_in, self._settings)
        self._port.device.ignore_types(sysex=True, timing=False, active_sense=True)
        return self

    async def run(self) -> None:
        """Listen until cancelled; the port may come later, go, and come back."""
        loop = asyncio.get_running_loop()

        def heard(event: tuple[list[int], float], _: object = None) -> None:
            # A thread of the MIDI system: as little as can be, and not after the loop has ended.
            at_s = self._clock()
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(self.take, event[0], at_s)

        port = self._port
        assert port is not None, "`open` comes first"
        port.device.set_callback(heard)
        try:
            while True:
                port.look()
                self.look()
                await asyncio.sleep(LOOK_S)
        finally:
            port.device.cancel_callback()
            port.close()

    def look(self) -> None:
        """Say so when ticks have stopped coming."""
        if self._told and self.ticks.lost(self._clock()):
            self._say(running=False)

    def take(self, message: Sequence[int], at_s: float) -> None:
        """A message came at second `at_s`; what is no clock is not ours."""
        ticks = self.ticks
        match message:
            case [0xF8]:
                ticks.tick(at_s)
                if ticks.running and ticks.placed and ticks.next % EACH_TICKS == 0:
                    self._say(running=True)
            case [0xFA]:
                ticks.start()
            case [0xFB]:
                ticks.resume()
            case [0xFC]:
                ticks.stop()
                self._say(running=False)
            case [0xF2, low, high]:
                ticks.position(low & 0x7F | (high & 0x7F) << 7)

    def _say(self, *, running: bool) -> None:
        ticks, line, metre = self.ticks, self.ticks.line, self._settings.beats_per_bar
        if line is None:
            if self._told and not running:
                self._told = False
                self._tell(Told("midi", 120.0, self._clock(), running=False))
            return
        beat = -(-ticks.next // PER_BEAT)
        at_s = line.at(beat * PER_BEAT) + self._settings.offset_ms / 1000
        self._told = running
        self._tell(Told("midi", line.bpm, at_s, beat % metre, metre, running))

    def snapshot(self, snapshot: Mapping[str, Any]) -> None:
        """Not needed."""

    def announced(self, wire: Mapping[str, Any]) -> None:
        """Not needed."""

    def describe(self) -> str:
        """For the state: what comes."""
        ticks = self.ticks
        if ticks.lost(self._clock()):
            return "no clock"
        if ticks.line is None:
            return "clock begins"
        way = "" if ticks.running and ticks.placed else ", stopped" if ticks.placed else ", waits for a start"
        return f"{ticks.line.bpm:.1f} BPM{way}"
