"""OS2L: what DJ programs such as VirtualDJ say to lights, over TCP: beats, and buttons as verbs.

JSON objects one after the other, with or without anything between them (os2l.org):
``{"evt":"beat","change":false,"pos":32,"bpm":128.0,"strength":45.5}`` and
``{"evt":"btn","name":"next","page":"","state":"on"}``. Other events are for lights and mean nothing here.
A button's name is what it does, as in the OSC book: `next`, `hold`, `mode shuffle`.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Iterator, Mapping
from time import monotonic
from typing import Any

from daemon.clock_input import Told
from daemon.errors import AivjdError, ConfigError, ProtocolError
from daemon.osc_desks import Desks
from daemon.rate import Seldom, SourceLimiter
from daemon.rig_settings import Os2lSettings
from daemon.settings import OscSettings

log = logging.getLogger("aivjd")

LONGEST = 4096  # bytes of an object; those of the standard have a hundred
CONNECTIONS = 8
PER_SECOND, BURST = 50, 100
COMPLAINT_S = 5.0
BEATS_PER_BAR = 4
SPACE = " \t\r\n\0"


class Objects:
    """JSON objects out of a stream of bytes."""

    def __init__(self) -> None:
        self._held = ""
        self._decoder = json.JSONDecoder(parse_constant=_refuse)

    def feed(self, data: bytes) -> Iterator[dict[str, Any]]:
        """Take bytes; give what is whole.

        Raises:
            ProtocolError: this is no OS2L.
        """
        try:
            self._held = (self._held + data.decode("ascii")).lstrip(SPACE)
            while self._held:
                try:
                    value, end = self._decoder.raw_decode(self._held)
                except json.JSONDecodeError:
                    if len(self._held) > LONGEST or not self._held.startswith("{"):
                        raise
                    return
                if not isinstance(value, dict):
                    raise ProtocolError("what came is no JSON object")
                self._held = self._held[end:].lstrip(SPACE)
                yield value
        except (ValueError, RecursionError) as error:
            raise ProtocolError("what came is no JSON") from error


def _refuse(constant: str) -> float:
    raise ValueError(f"{constant} is no number")


def beat_of(event: Mapping[str, Any], now_s: float) -> Told | None:
    """The clock reading that a `beat` event is; None where its numbers are none."""
    bpm, place = event.get("bpm"), event.get("pos")
    if isinstance(bpm, bool) or not isinstance(bpm, int | float) or not 20.0 <= bpm <= 400.0:
        return None
    known = isinstance(place, int) and not isinstance(place, bool)
    return Told("os2l", float(bpm), now_s, place % BEATS_PER_BAR if known else -1, BEATS_PER_BAR)


def button_of(event: Mapping[str, Any]) -> tuple[str, object] | None:
    """Verb and argument that a `btn` event is; None where it is nothing."""
    name, state = event.get("name"), event.get("state")
    if not isinstance(name, str) or state not in ("on", "off"):
        return None
    verb, _, rest = name.strip().partition(" ")
    if rest:
        return (verb, rest.strip()) if state == "on" else None
    return verb, state == "on"


class Os2l:
    """Listens.

    Args:
        settings: where, and to whom.
        tell: gets what the clock says.
        command: gets verbs, as `Orders.command`.
        clock: monotonic seconds.

    Raises:
        ConfigError: `allow` names what is no network.
    """

    def __init__(
        self,
        settings: Os2lSettings,
        tell: Callable[[Told], None],
        command: Callable[[str, object, str], None],
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._settings = settings
        self._allows = Desks(OscSettings(allow=settings.allow)).allows
        self._tell = tell
        self._command = command
        self._clock = clock
        self._limiter = SourceLimiter(PER_SECOND, BURST)
        self._complaint = Seldom(COMPLAINT_S)
        self._open: set[asyncio.StreamWriter] = set()
        self.port = settings.port

    async def run(self) -> None:
        """Until cancelled.

        Raises:
            ConfigError: the port cannot be used.
        """
        try:
            server = await asyncio.start_server(
                self._connected, self._settings.host, self._settings.port, limit=LONGEST
            )
        except OSError as error:
            raise ConfigError(
                f"OS2L cannot listen there ({error})", where="os2l.port", fix="use another, or 0 for none"
            ) from error
        self.port = server.sockets[0].getsockname()[1]
        try:
            await asyncio.Event().wait()
        finally:
            server.close()
            for writer in self._open:
                writer.close()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        host = str(writer.get_extra_info("peername")[0])
        objects = Objects()
        self._open.add(writer)
        try:
            if len(self._open) > CONNECTIONS or not self._allows(host):
                self._complain(host, "it may not connect, or too many have")
                return
            while data := await reader.read(LONGEST):
                for event in objects.feed(data):
                    self.take(event, host)
        except (AivjdError, OSError) as error:
            self._complain(host, str(error))
        finally:
            self._open.discard(writer)
            writer.close()

    def take(self, event: Mapping[str, Any], host: str) -> None:
        """Use one event; whatever it holds, nothing is raised."""
        now = self._clock()
        if not self._limiter.allow(host, now):
            self._complain(host, "it sends too much")
            return
        if event.get("evt") == "beat":
            told = beat_of(event, now)
            if told is not None:
                self._tell(told)
        elif event.get("evt") == "btn" and (button := button_of(event)) is not None:
            try:
                self._command(*button, f"os2l:{host}")
            except AivjdError as error:
                self._complain(host, str(error))

    def _complain(self, host: str, sentence: str) -> None:
        if self._complaint.ask(self._clock()) is not None:
            log.warning("OS2L from %s: %s", host, sentence[:200])

    def snapshot(self, snapshot: Mapping[str, Any]) -> None:
        """Not needed."""

    def announced(self, wire: Mapping[str, Any]) -> None:
        """Not needed."""

    def describe(self) -> str:
        """For the state."""
        return f"{len(self._open)} connected" if self._open else "nobody connected"
