"""Pads and knobs: MIDI notes and controllers as verbs of the one vocabulary."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
from collections.abc import Callable, Mapping, Sequence
from time import monotonic
from typing import Any

from daemon.clocks.midi_ports import Port
from daemon.errors import AivjdError, ConfigError, ProtocolError
from daemon.osc_learnt import TOGGLE, Binding, wanted
from daemon.rate import Seldom, TokenBucket
from daemon.rig_settings import MidiSettings
from selector.vocabulary import TABLE

log = logging.getLogger("aivjd")

LOOK_S = 1.0
COMPLAINT_S = 5.0
PER_SECOND, BURST = 200, 400
NOTE_OFF, NOTE_ON, CONTROL = 0x80, 0x90, 0xB0
HALF = 64


def bound(verbs: Mapping[str, str]) -> dict[tuple[str, int], Binding]:
    """What each note and controller means.

    Raises:
        ConfigError: a key or a verb that is none.
    """
    table = {}
    for key, text in verbs.items():
        where = f"midi.verbs.{key}"
        number = int(key.split()[1]) if re.fullmatch(r"(note|cc) [0-9]{1,3}", key) else 128
        if number > 127:
            raise ConfigError(
                f"{key!r} is no note or controller", where=where, fix="write 'note 36' or 'cc 7'"
            )
        try:
            table[key.split()[0], number] = wanted(text)
        except ProtocolError as error:
            raise ConfigError(error.what, where=where, fix=error.fix) from error
    return table


def meaning(binding: Binding, kind: str, value: int) -> tuple[str, object] | None:
    """Verb and argument; None for a release that means nothing.

    Args:
        binding: of the note or controller.
        kind: `note` or `cc`.
        value: velocity (0 for a note that ends) or position, 0 to 127.
    """
    verb = TABLE[binding.verb]
    pressed = value > 0 if kind == "note" else value >= HALF
    if binding.arg:
        argument = None if binding.arg == TOGGLE else binding.arg
        return (verb.name, argument) if pressed else None
    if verb.arg == "float" and kind == "cc":
        return verb.name, verb.low + (verb.high - verb.low) * value / 127
    if verb.arg in ("trigger", "optionalId"):
        return (verb.name, None) if pressed else None
    return verb.name, pressed


class MidiVerbs:
    """Listens to one port.

    Args:
        settings: port and verbs.
        command: gets verb, argument and origin.
        clock: monotonic seconds.

    Raises:
        ConfigError: a key or a verb that is none.
    """

    def __init__(
        self,
        settings: MidiSettings,
        command: Callable[[str, object, str], None],
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._settings = settings
        self._verbs = bound(settings.verbs)
        self._command = command
        self._clock = clock
        self._before: dict[int, int] = {}
        self._bucket = TokenBucket(PER_SECOND, BURST)
        self._complaint = Seldom(COMPLAINT_S)
        self._port: Port | None = None

    def open(self) -> MidiVerbs:
        """Take the port.

        Raises:
            ConfigError: there is no MIDI system.
            MissingError: python-rtmidi is not installed.
        """
        self._port = Port("in", self._settings.control_in, self._settings)
        return self

    async def run(self) -> None:
        """Listen until cancelled; the port may come later, go, and come back."""
        loop, port = asyncio.get_running_loop(), self._port
        assert port is not None, "`open` comes first"

        def heard(event: tuple[list[int], float], _: object = None) -> None:
            with contextlib.suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(self.take, event[0])

        port.device.set_callback(heard)
        try:
            while True:
                port.look()
                await asyncio.sleep(LOOK_S)
        finally:
            port.device.cancel_callback()
            port.close()

    def take(self, message: Sequence[int]) -> None:
        """Use one message; whatever it holds, nothing is raised."""
        if len(message) != 3 or not all(0 <= byte < 128 for byte in message[1:]):
            return
        status, number, value = message
        kind = {NOTE_ON: "note", NOTE_OFF: "note", CONTROL: "cc"}.get(status & 0xF0, "")
        binding = self._verbs.get((kind, number))
        if binding is None:
            return
        value = 0 if status & 0xF0 == NOTE_OFF else value
        said = meaning(binding, kind, value)
        if kind == "cc":
            before, self._before[number] = self._before.get(number, 0), value
            crossed = (before >= HALF) != (value >= HALF)
            if said is None or (not crossed and not isinstance(said[1], float)):
                return  # a knob that is turned presses once, where it passes the middle
        if said is None or not self._bucket.allow(self._clock()):
            return
        try:
            self._command(*said, f"midi:{kind}{number}")
        except AivjdError as error:
            if self._complaint.ask(self._clock()) is not None:
                log.warning("MIDI %s %d: %s", kind, number, error)

    def snapshot(self, snapshot: Mapping[str, Any]) -> None:
        """Not needed."""

    def announced(self, wire: Mapping[str, Any]) -> None:
        """Not needed."""

    def describe(self) -> str:
        """For the state."""
        return self._port.name if self._port is not None and self._port.name else "the port is not there"
