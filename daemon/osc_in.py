"""OSC from desks over UDP and TCP: sockets around the `Door`.

Packets, echoes and answers all go through here; nothing is raised into the event loop, and a desk
that does not read is left behind, not waited for.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast

from daemon.errors import ConfigError, ProtocolError
from daemon.metrics import Metrics
from daemon.osc_desks import Desk, Desks
from daemon.osc_door import Door, OnCommand
from daemon.osc_echo import SETTLE_S, Listener
from daemon.osc_frames import Frames
from daemon.osc_learnt import Learnt
from daemon.settings import OscSettings

RECEIVE_BUFFER = 1 << 20
MAX_CONNECTIONS = 32
MAX_UNREAD = 256 * 1024
"""Bytes that may wait for a desk on TCP; then it is let go."""


class OscReceiver:
    """All that is received and echoed; `listen` makes one.

    Args:
        door: uses the packets.
        state: gives the `state` message, for the echoes.
        clock: monotonic seconds.
    """

    def __init__(
        self, door: Door, state: Callable[[], Mapping[str, Any]], clock: Callable[[], float]
    ) -> None:
        self.door = door
        self._state = state
        self._clock = clock
        self._later: asyncio.TimerHandle | None = None
        self._udp: asyncio.DatagramTransport | None = None
        self._tcp: asyncio.Server | None = None
        self.connections: set[asyncio.Transport] = set()

    @property
    def port(self) -> int:
        """The real UDP port."""
        assert self._udp is not None
        return int(self._udp.get_extra_info("sockname")[1])

    @property
    def tcp_port(self) -> int:
        """The real TCP port; 0 without."""
        return int(self._tcp.sockets[0].getsockname()[1]) if self._tcp is not None else 0

    def opened_udp(self, transport: asyncio.DatagramTransport) -> None:
        """The UDP socket is open: desks that want their controls moved get it from here."""
        self._udp = transport
        self.door.to_receivers = self._to_receiver
        for desk in self.door.desks.receivers:
            if desk.settings.echo != "state":
                self.door.echoes.add(Listener(desk, self._sender(desk), states=False))

    def _sender(self, desk: Desk) -> Callable[[bytes], None]:
        return lambda packet: self._to_receiver(desk, packet)

    def _to_receiver(self, desk: Desk, packet: bytes) -> None:
        if self._udp is not None and desk.target is not None and not self._udp.is_closing():
            self._udp.sendto(packet, desk.target[1])

    def opened_tcp(self, server: asyncio.Server) -> None:
        """TCP is listened to."""
        self._tcp = server

    def close(self) -> None:
        """Stop receiving."""
        if self._later is not None:
            self._later.cancel()
        if self._udp is not None:
            self._udp.close()
        if self._tcp is not None:
            self._tcp.close()
        for transport in list(self.connections):
            transport.abort()

    def packet(self, data: bytes, host: str, answer: Callable[[bytes], None], where: object = None) -> None:
        """Use one packet; see `Door.packet`."""
        if self.door.packet(data, host, answer, where) and self._later is None:
            # A control that lies still again is told what became of it, even if nothing did.
            loop = asyncio.get_running_loop()
            self._later = loop.call_later(SETTLE_S * 1.1, self.changed)

    def changed(self) -> None:
        """The state may have changed: tell whoever does not know."""
        if self._later is not None:
            self._later.cancel()
            self._later = None
        if self.door.echoes.tell(self._state(), self._clock()):
            self._later = asyncio.get_running_loop().call_later(SETTLE_S, self.changed)

    # -- for `Show`

    def watch(self, learnt: Callable[[], None]) -> None:
        """Call `learnt` whenever something was learnt or forgotten."""
        self.door.on_learnt = learnt

    def learn(self, text: str) -> None:
        """See `Door.learn`."""
        self.door.learn(text)

    def forget(self, address: str) -> None:
        """See `Door.forget`."""
        self.door.forget(address)

    def describe(self) -> dict[str, Any]:
        """See `Door.describe`."""
        return self.door.describe()


class _Udp(asyncio.DatagramProtocol):
    def __init__(self, receiver: OscReceiver) -> None:
        self._receiver = receiver
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)
        with contextlib.suppress(OSError):  # many faders moved at once, while a write to a browser takes long
            transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
        self._receiver.opened_udp(self._transport)

    def datagram_received(self, data: bytes, addr: tuple[Any, ...]) -> None:
        transport = self._transport
        assert transport is not None
        self._receiver.packet(data, str(addr[0]), lambda packet: transport.sendto(packet, addr), addr[:2])

    def error_received(self, exc: Exception) -> None:
        self._receiver.door.refuse("unreachable", "a desk", "it is not there any more")


class _Tcp(asyncio.Protocol):
    """One connection."""

    def __init__(self, receiver: OscReceiver) -> None:
        self._receiver = receiver
        self._frames = Frames()
        self._host = ""
        self._transport: asyncio.Transport | None = None
        self._listener: Listener | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._host = str(transport.get_extra_info("peername", ("",))[0])
        door, connections = self._receiver.door, self._receiver.connections
        if not door.desks.allows(self._host):
            door.refuse("source", self._host, "it may not send; name it in osc.allow or osc.desks")
            self._transport.abort()
        elif len(connections) >= MAX_CONNECTIONS:
            door.refuse("rate", self._host, f"{MAX_CONNECTIONS} are connected by TCP already")
            self._transport.abort()
        else:
            connections.add(self._transport)

    def data_received(self, data: bytes) -> None:
        try:
            packets = self._frames.feed(data)
        except ProtocolError as error:
            self._receiver.door.refuse("malformed", self._host, str(error))
            assert self._transport is not None
            self._transport.abort()
            return
        if self._listener is None and packets:
            # Its framing is known now; what it is told first is what changes from here on.
            desk = self._receiver.door.desks.of(self._host, "")
            self._listener = Listener(desk, self._send, states=True)
            self._receiver.door.echoes.add(self._listener)
        for packet in packets:
            self._receiver.packet(packet, self._host, self._send)

    def connection_lost(self, exc: Exception | None) -> None:
        assert self._transport is not None
        self._receiver.connections.discard(self._transport)
        if self._listener is not None:
            self._receiver.door.echoes.remove(self._listener)

    def _send(self, packet: bytes) -> None:
        assert self._transport is not None
        if self._transport.is_closing():
            return
        if self._transport.get_write_buffer_size() > MAX_UNREAD:
            self._receiver.door.refuse("unread", self._host, "it does not read what it is told")
            self._transport.abort()
            return
        self._transport.write(self._frames.frame(packet))


async def listen(
    settings: OscSettings,
    on_command: OnCommand,
    state: Callable[[], Mapping[str, Any]],
    metrics: Metrics,
    *,
    clock: Callable[[], float] = time.monotonic,
    keep: Path | None = None,
) -> OscReceiver:
    """Receive OSC on `settings.in_host`: UDP on `in_port` (0: a free one), TCP on `tcp_port` (0: none).

    Args:
        settings: addresses and desks.
        on_command: gets verb, argument as it takes effect, and origin (`osc:<name of the desk>`).
        state: gives the `state` message.
        metrics: counters are registered here.
        clock: monotonic seconds.
        keep: the file of learnt addresses; None keeps them in memory only.

    Raises:
        ConfigError: an address cannot be used, or a target is wrong.
    """
    loop = asyncio.get_running_loop()
    door = Door(on_command, state, Desks(settings), Learnt(keep), metrics, clock)
    receiver = OscReceiver(door, state, clock)
    where = "osc.in_port"
    try:
        await loop.create_datagram_endpoint(
            lambda: _Udp(receiver), local_addr=(settings.in_host, settings.in_port), allow_broadcast=True
        )
        if settings.tcp_port:
            where = "osc.tcp_port"
            server = await loop.create_server(lambda: _Tcp(receiver), settings.in_host, settings.tcp_port)
            receiver.opened_tcp(server)
    except OSError as error:
        receiver.close()
        reason = os.strerror(error.errno) if error.errno and error.errno > 0 else str(error)
        port = settings.in_port if where == "osc.in_port" else settings.tcp_port
        raise ConfigError(
            f"cannot receive OSC on {settings.in_host}:{port} ({reason})",
            where=where,
            fix="stop the program that uses it or choose another port",
        ) from error
    return receiver
