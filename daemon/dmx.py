"""DMX over the network for what has no OSC: sACN (E1.31) or Art-Net, packed by their libraries."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
from collections.abc import Callable, Mapping
from time import monotonic
from typing import Any, Protocol

from daemon.dmx_map import Moment, Rgb, colour_of, values
from daemon.errors import ConfigError, MissingError
from daemon.rig_settings import DmxSettings

UNIVERSE = 512
SACN_PORT, ARTNET_PORT = 5568, 6454
SACN_LAST = 63999
NAME = "aivjd"
FAREWELLS = 3  # the standard wants the end of a stream to be said three times


class Packer(Protocol):
    """A universe as a datagram."""

    port: int

    def __call__(self, data: bytes) -> bytes:
        """The datagram for 512 values."""

    def farewell(self, data: bytes) -> bytes:
        """The datagram that says that nothing follows; empty where there is none."""


class _Sacn:
    port = SACN_PORT

    def __init__(self, settings: DmxSettings) -> None:
        import sacn.messages.data_packet as messages

        # The same name on the same universe is the same source, also after a restart.
        cid = tuple(f"aivjd {settings.universe:>10}".encode())
        self._packet = messages.DataPacket(cid, NAME, settings.universe, priority=settings.priority)

    def __call__(self, data: bytes) -> bytes:
        self._packet.dmxData = tuple(data)
        self._packet.sequence_increase()
        return bytes(self._packet.getBytes())

    def farewell(self, data: bytes) -> bytes:
        self._packet.option_StreamTerminated = True
        return self(data)


class _ArtNet:
    port = ARTNET_PORT

    def __init__(self, settings: DmxSettings) -> None:
        from stupidArtnet import StupidArtnet

        self._packet = StupidArtnet("127.0.0.1", settings.universe, UNIVERSE)
        self._packet.close()  # we send ourselves: its own socket would print what fails

    def __call__(self, data: bytes) -> bytes:
        return bytes(self._packet.packet_header) + data

    def farewell(self, data: bytes) -> bytes:
        return b""


def _packer(settings: DmxSettings) -> Packer:
    try:
        return _Sacn(settings) if settings.protocol == "sacn" else _ArtNet(settings)
    except ImportError as error:
        raise MissingError(
            f"{settings.protocol} cannot be sent ({error})",
            where="dmx.protocol",
            fix='run `pip install "aivjd[dmx]"`, or set it to "off"',
        ) from error


def _address(settings: DmxSettings) -> str:
    """Where it goes, an IPv4 address."""
    if not settings.to:
        high, low = divmod(settings.universe, 256)
        return f"239.255.{high}.{low}" if settings.protocol == "sacn" else "255.255.255.255"
    try:
        return str(socket.getaddrinfo(settings.to, None, socket.AF_INET, socket.SOCK_DGRAM)[0][4][0])
    except OSError as error:
        raise ConfigError(
            f"{settings.to!r} is no host ({error})", where="dmx.to", fix="give a name or an IPv4 address"
        ) from error


class Dmx:
    """Sends one block of channels.

    Args:
        settings: how and where.
        clock: monotonic seconds.

    Attributes:
        sent: datagrams handed to the kernel.
        lost: datagrams that it did not take.

    Raises:
        ConfigError: universe or host cannot be used.
        MissingError: the package for it is not installed.
    """

    def __init__(self, settings: DmxSettings, clock: Callable[[], float] = monotonic) -> None:
        if settings.protocol == "sacn" and not 1 <= settings.universe <= SACN_LAST:
            raise ConfigError("sACN has no universe 0", where="dmx.universe", fix="count from 1")
        self._settings = settings
        self._clock = clock
        self._packer = _packer(settings)
        self.address = _address(settings), self._packer.port
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        with contextlib.suppress(OSError):
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        if ipaddress.ip_address(self.address[0]).is_multicast:
            self._socket.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 8)
        self._frame = bytes(UNIVERSE)
        self._colour: Rgb = (0, 0, 0)
        self._coming: dict[int, str] = {}
        self._blackout = False
        self._next_s = 0.0
        self.sent = self.lost = 0

    async def run(self) -> None:
        """Until cancelled; then say that nothing follows."""
        try:
            await asyncio.Event().wait()
        finally:
            for _ in range(FAREWELLS):
                if packet := self._packer.farewell(self._frame):
                    self._send(packet)
            self.close()

    def close(self) -> None:
        """Give the socket back."""
        self._socket.close()

    def snapshot(self, snapshot: Mapping[str, Any]) -> None:
        """Send what it says, if it is time."""
        now = self._clock()
        if now < self._next_s:
            return
        period = 1.0 / self._settings.rate_hz
        self._next_s = max(self._next_s + period, now + period / 2)
        block = values(Moment(snapshot, self._colour, self._blackout))
        before = bytes(self._settings.first - 1)
        self._frame = (before + block).ljust(UNIVERSE, b"\0")[:UNIVERSE]
        self._send(self._packer(self._frame))

    def announced(self, wire: Mapping[str, Any]) -> None:
        """Keep what is shown, and whether it is black."""
        match wire["type"]:
            case "prepare":
                self._coming[wire["seq"]] = f"{wire['pack']}:{wire['pair'] or wire['presetIds'][0]}"
            case "activate":
                self._colour = colour_of(self._coming.pop(wire["seq"], ""))
            case "cancel":
                self._coming.pop(wire["seq"], None)
            case "state":
                self._blackout = bool(wire["blackout"])

    def describe(self) -> str:
        """For the state."""
        where = f"{self._settings.protocol} universe {self._settings.universe} to {self.address[0]}"
        return f"{where}, the network refuses it" if self.lost and not self.sent else where

    def _send(self, packet: bytes) -> None:
        try:
            self._socket.sendto(packet, self.address)
            self.sent += 1
        except OSError:  # network down, no route, no room: it may come back
            self.lost += 1
