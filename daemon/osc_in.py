"""OSC from desks: `/aivj/<verb>` becomes a command; `/aivj/query` is answered with the whole state.

Whatever arrives, nothing is raised into the event loop and nothing waits: a packet is used whole,
or counted and complained about now and then.
"""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias, cast

from daemon.errors import ConfigError, ProtocolError
from daemon.metrics import Metrics
from daemon.osc_out import resolve_target
from daemon.osc_packet import Message, parse
from daemon.osc_table import state_packets
from daemon.rate import Seldom, SourceLimiter
from daemon.settings import OscSettings
from selector import vocabulary

log = logging.getLogger(__name__)

PREFIX = "/aivj/"
PACKETS_PER_SECOND = 500  # of one source: several faders moved at once
PACKETS_BURST = 1000
QUERIES_PER_SECOND = 4  # an answer is larger than the question, so it must not be had for nothing
COMPLAINT_S = 5.0

OnCommand: TypeAlias = Callable[[str, vocabulary.Arg, str], None]


class OscReceiver(asyncio.DatagramProtocol):
    """Receives on one UDP socket; `listen` makes one.

    Args:
        on_command: gets verb, argument as it takes effect, and origin (`osc:<host>`).
        state: gives the `state` message, for the answer to a query.
        targets: where the answer to a query is sent besides to whoever asked.
        metrics: counters are registered here.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        on_command: OnCommand,
        state: Callable[[], Mapping[str, Any]],
        targets: Sequence[str],
        metrics: Metrics,
        clock: Callable[[], float],
    ) -> None:
        self._on_command = on_command
        self._state = state
        self._targets = [address for _, address in map(resolve_target, targets)]
        self._clock = clock
        self._limiter = SourceLimiter(PACKETS_PER_SECOND, PACKETS_BURST)
        self._queries = SourceLimiter(QUERIES_PER_SECOND, QUERIES_PER_SECOND)
        self._complaint = Seldom(COMPLAINT_S)
        self._received = metrics.counter("aivjd_osc_received_total", "OSC messages.", ["verb"])
        self._refused = metrics.counter("aivjd_osc_refused_total", "OSC that was not used.", ["reason"])
        self._transport: asyncio.DatagramTransport | None = None

    @property
    def port(self) -> int:
        """The real port."""
        assert self._transport is not None
        return int(self._transport.get_extra_info("sockname")[1])

    def close(self) -> None:
        """Stop receiving."""
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The socket is open."""
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[Any, ...]) -> None:
        """Use one datagram."""
        host = str(addr[0])
        try:
            if not self._limiter.allow(host, self._clock()):
                self._refuse("rate", host, "it sends too much")
                return
            for message in parse(data):
                self._use(message, host, addr)
        except ProtocolError as error:
            self._refuse("malformed", host, str(error))
        except Exception:
            log.exception("an OSC packet of %s could not be handled", host)
            self._refused.inc(reason="internal")

    def error_received(self, exc: Exception) -> None:
        """A datagram of ours came back refused: who asked is no longer there."""
        self._refused.inc(reason="unreachable")

    def _use(self, message: Message, host: str, addr: tuple[Any, ...]) -> None:
        verb = message.address.removeprefix(PREFIX) if message.address.startswith(PREFIX) else ""
        if verb not in vocabulary.TABLE:
            self._refuse("address", host, f"there is no address {message.address[:80]}")
            return
        self._received.inc(verb=verb)
        command = vocabulary.parse(verb, message.args)
        if isinstance(command, vocabulary.CommandError):
            self._refuse("argument", host, command.sentence)
        elif isinstance(command, vocabulary.Command):
            if command.verb == "query":
                self._answer(host, addr)
            else:
                self._command(command, host)

    def _command(self, command: vocabulary.Command, host: str) -> None:
        try:
            self._on_command(command.verb, command.arg, f"osc:{host}")
        except ProtocolError as error:
            self._refuse("argument", host, str(error))

    def _answer(self, host: str, addr: tuple[Any, ...]) -> None:
        if not self._queries.allow(host, self._clock()):
            self._refuse("rate", host, "it asks too often")
            return
        assert self._transport is not None
        packets = state_packets(dict(self._state())).values()
        for destination in dict.fromkeys([addr, *self._targets]):
            for packet in packets:
                self._transport.sendto(packet, destination)

    def _refuse(self, reason: str, host: str, sentence: str) -> None:
        self._refused.inc(reason=reason)
        held = self._complaint.ask(self._clock())
        if held is not None:
            more = f" ({held} more complaints held back)" if held else ""
            log.warning("OSC from %s was not used: %s%s", host, sentence, more)


async def listen(
    settings: OscSettings,
    on_command: OnCommand,
    state: Callable[[], Mapping[str, Any]],
    metrics: Metrics,
    *,
    clock: Callable[[], float] = time.monotonic,
) -> OscReceiver:
    """Receive OSC on `settings.in_host`:`settings.in_port` (0 takes a free port here).

    Raises:
        ConfigError: the address cannot be used, or a target is wrong.
    """
    loop = asyncio.get_running_loop()
    receiver = OscReceiver(on_command, state, settings.targets, metrics, clock)
    try:
        await loop.create_datagram_endpoint(
            lambda: receiver, local_addr=(settings.in_host, settings.in_port), allow_broadcast=True
        )
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno and error.errno > 0 else str(error)
        raise ConfigError(
            f"cannot receive OSC on {settings.in_host}:{settings.in_port} ({reason})",
            where="osc.in_port",
            fix="stop the program that uses it or choose another port",
        ) from error
    return receiver
