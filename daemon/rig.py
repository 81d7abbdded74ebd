"""What a rig has besides browsers and OSC: clocks of others, ours for others, lights by DMX.

Each part is imported, and its package needed, only where it is configured. Parts never stop the show: what
fails while it runs is said and left out; what is missing at the start is an error at once.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from daemon.clock_input import Told
from daemon.config import Config

log = logging.getLogger("aivjd")

LOOK_S = 1.0


class Part(Protocol):
    """One thing in the rig."""

    async def run(self) -> None:
        """Do its work until cancelled."""

    def snapshot(self, snapshot: Mapping[str, Any]) -> None:
        """What is heard, some sixty times a second."""

    def announced(self, wire: Mapping[str, Any]) -> None:
        """An ordered message of the engine: beats, picks."""

    def describe(self) -> str:
        """How it is, in a few words."""


class Rig:
    """All parts that are configured.

    Args:
        config: resolved.
        tell: gets what clocks say.
        command: gets verbs that others send, as `Orders.command`.
        warn: says what the operator should know.
        changed: called when what `describe` says has changed.

    Raises:
        MissingError: a package that is needed is not installed.
        ConfigError: a port or address cannot be used.
    """

    def __init__(
        self,
        config: Config,
        tell: Callable[[Told], None],
        command: Callable[[str, object, str], None],
        warn: Callable[[str], None],
        changed: Callable[[], None],
    ) -> None:
        self._warn = warn
        self._changed = changed
        self.parts: dict[str, Part] = {}
        self._said: dict[str, str] = {}
        self._tasks: list[asyncio.Task[None]] = []
        if config.link.mode != "off":
            from daemon.clocks import link

            self.parts["link"] = link.LinkClock(config.link, tell, link.join())
        if config.midi.clock_in:
            from daemon.clocks import midi_in

            self.parts["midi in"] = midi_in.MidiClockIn(config.midi, tell).open()
        if config.midi.clock_out:
            from daemon.clocks import midi_out

            self.parts["midi out"] = midi_out.MidiClockOut(config.midi)

        if config.midi.control_in:
            from daemon.clocks import midi_verbs

            self.parts["midi verbs"] = midi_verbs.MidiVerbs(config.midi, command).open()
        if config.os2l.port:
            from daemon.clocks import os2l

            self.parts["os2l"] = os2l.Os2l(config.os2l, tell, command)
        if config.dmx.protocol != "off":
            from daemon.dmx import Dmx

            self.parts["dmx"] = Dmx(config.dmx)

    def start(self) -> None:
        """Let every part work."""
        loop = asyncio.get_running_loop()
        self._tasks = [loop.create_task(self._work(name, part)) for name, part in self.parts.items()]
        if self.parts:
            self._tasks.append(loop.create_task(self._look()))

    async def stop(self) -> None:
        """End every part."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _work(self, name: str, part: Part) -> None:
        try:
            await part.run()
        except Exception as error:  # noqa: BLE001 - whatever fails, the show goes on
            self._lost(name, error)

    async def _look(self) -> None:
        """Say when something has changed, such as who is in a Link session."""
        while True:
            before, self._said = self._said, {}
            self._pass_on(self._describe)
            if self._said != before:
                self._changed()
            await asyncio.sleep(LOOK_S)

    def _describe(self, part: Part) -> None:
        name = next(name for name, known in self.parts.items() if known is part)
        self._said[name] = part.describe()

    def snapshot(self, snapshot: Mapping[str, Any]) -> None:
        """What is heard goes to every part."""
        self._pass_on(lambda part: part.snapshot(snapshot))

    def announced(self, wire: Mapping[str, Any]) -> None:
        """What the engine announces goes to every part."""
        self._pass_on(lambda part: part.announced(wire))

    def _pass_on(self, what: Callable[[Part], object]) -> None:
        for name, part in list(self.parts.items()):
            try:
                what(part)
            except Exception as error:  # noqa: BLE001 - whatever fails, the show goes on
                self._lost(name, error)

    def _lost(self, name: str, error: Exception) -> None:
        log.error("%s failed", name, exc_info=error)
        self.parts.pop(name, None)
        self._warn(f"{name} failed ({error}); the show goes on without it")

    def describe(self) -> dict[str, str]:
        """What the state says of each part."""
        return dict(self._said)
