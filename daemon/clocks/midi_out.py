"""MIDI clock that we send: 24 ticks a beat, start on a trusted downbeat, stop when the beat is gone."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from time import monotonic
from typing import Any

from daemon.clocks.midi_ports import Port
from daemon.clocks.ticks import PER_BEAT
from daemon.rig_settings import MidiSettings

TICK, START, STOP = b"\xf8", b"\xfa", b"\xfc"
LOOK_S = 1.0
GONE_BEATS = 4.5
"""Beats without a new one after which the clock stops."""
BEHIND = 4 * PER_BEAT
"""Ticks that we may be late and still send all of; beyond that (a machine that slept) it starts anew."""


class TickPlan:
    """Which tick falls when. Pure: time is an argument.

    Attributes:
        started: ticks are due.
        sent: ticks since the start.
    """

    def __init__(self) -> None:
        self.started = False
        self.sent = 0
        self._beat = 0
        self._at_s = 0.0
        self._beat_s = 0.5

    def beat(self, wire: Mapping[str, Any]) -> bool:
        """Take an announced beat; True if the clock is to start with it."""
        self._at_s, self._beat_s = wire["atMs"] / 1000, 60.0 / wire["tempoBpm"]
        if self.started:
            self._beat += 1
            return False
        if not (wire["trusted"] and wire["downbeat"]):
            return False
        self.started, self.sent, self._beat = True, 0, 0
        return True

    def due_s(self) -> float:
        """Second of the next tick. Ticks of a beat that came early are not held back."""
        return self._at_s + (self.sent - self._beat * PER_BEAT) * self._beat_s / PER_BEAT

    def gone(self, now_s: float) -> bool:
        """Whether beats have stopped coming, or we are hopelessly late."""
        late = now_s - self.due_s() > BEHIND * self._beat_s / PER_BEAT
        return self.started and (late or now_s - self._at_s > GONE_BEATS * self._beat_s)


class MidiClockOut:
    """Sends ticks.

    Args:
        settings: port.
    """

    def __init__(self, settings: MidiSettings) -> None:
        self._port = Port("out", settings.clock_out, settings)
        self._plan = TickPlan()
        self._news = asyncio.Event()

    async def run(self) -> None:
        """Until cancelled."""
        looked = monotonic()
        try:
            while True:
                now = monotonic()
                if now - looked > LOOK_S:
                    looked = now
                    self._port.look()
                if self._plan.gone(now):
                    self._plan.started = False
                    self._send(STOP)
                elif self._plan.started and self._plan.due_s() <= now:
                    if self._plan.sent == 0:
                        self._send(START)
                    self._send(TICK)
                    self._plan.sent += 1
                    continue
                wait = self._plan.due_s() - now if self._plan.started else LOOK_S
                self._news.clear()
                try:
                    await asyncio.wait_for(self._news.wait(), min(max(wait, 0.0), LOOK_S))
                except TimeoutError:
                    continue
        finally:
            if self._plan.started:
                self._send(STOP)
            self._port.close()

    def _send(self, message: bytes) -> None:
        if self._port.name:
            self._port.device.send_message(list(message))

    def snapshot(self, snapshot: Mapping[str, Any]) -> None:
        """Not needed."""

    def announced(self, wire: Mapping[str, Any]) -> None:
        """Beats are what ticks lie between."""
        if wire["type"] == "beat":
            self._plan.beat(wire)
            self._news.set()

    def describe(self) -> str:
        """For the state."""
        if not self._port.name:
            return "the port is not there"
        return "sends" if self._plan.started else "waits for a trusted downbeat"
