"""Which desks there are, and who may send: what the configuration means, checked once at the start."""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

from daemon.errors import ConfigError
from daemon.osc_form import known_addresses
from daemon.settings import DeskSettings, OscSettings

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network
Address: TypeAlias = tuple[socket.AddressFamily, tuple[str, int]]

_LOOPBACK: tuple[Network, ...] = (ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128"))


class Desk(NamedTuple):
    """One desk: how it wants things, from where it sends, where it listens."""

    settings: DeskSettings
    networks: tuple[Network, ...]
    target: Address | None

    @property
    def name(self) -> str:
        """What it is called."""
        return self.settings.name


class Desks:
    """All of them.

    Args:
        settings: of OSC.

    Raises:
        ConfigError: an address cannot be understood, or a name stands for two desks.
    """

    def __init__(self, settings: OscSettings) -> None:
        named = [_desk(desk, f"osc.desks ({desk.name})") for desk in settings.desks]
        names = [desk.name for desk in named]
        for name in names:
            if names.count(name) > 1:
                raise ConfigError(
                    f"two desks are called {name!r}", where="osc.desks", fix="give each a name of its own"
                )
        self._named = named
        self._targets = [
            Desk(
                DeskSettings(name=text, to=text, level_hz=settings.level_hz),
                (),
                resolve_target(text, "osc.targets"),
            )
            for text in settings.targets
        ]
        allowed = [network for text in settings.allow for network in _networks(text, "osc.allow")]
        self._allowed = (*_LOOPBACK, *allowed, *(n for desk in named for n in desk.networks))
        self.open_to_others = len(self._allowed) > len(_LOOPBACK)

    @property
    def all(self) -> list[Desk]:
        """Every desk, those of `osc.targets` too."""
        return [*self._targets, *self._named]

    @property
    def receivers(self) -> list[Desk]:
        """Those that OSC is sent to."""
        return [desk for desk in self.all if desk.target is not None]

    def allows(self, host: str) -> bool:
        """Whether this address may send."""
        address = _address(host)
        return address is not None and any(address in network for network in self._allowed)

    def of(self, host: str, address: str) -> Desk:
        """Whose message this is: the first desk that sends from there with such a prefix, or from there.

        A sender that is in no table counts as a desk of its own, called by its address.
        """
        ip = _address(host)
        there = [desk for desk in self._named if ip is not None and any(ip in n for n in desk.networks)]
        for desk in there:
            if address.startswith(desk.settings.prefix + "/"):
                return desk
        return there[0] if there else Desk(DeskSettings(name=host), (), None)


def _desk(settings: DeskSettings, where: str) -> Desk:
    target = resolve_target(settings.to, where) if settings.to else None
    for ours, theirs in settings.addresses.items():
        if ours not in known_addresses() or not re.fullmatch(r"(/[!-.0-~]{1,60}){1,4}", theirs):
            raise ConfigError(
                f"{ours!r} cannot be sent to {theirs!r}",
                where=where,
                fix="write an address of `aivjd osc-book`, and one that begins with '/' for it",
            )
    if settings.source:
        networks = _networks(settings.source, where)
    else:
        networks = _networks(target[1][0], where) if target is not None else ()
    return Desk(settings, networks, target)


def _networks(text: str, where: str) -> tuple[Network, ...]:
    try:
        return (ipaddress.ip_network(text.strip(), strict=False),)
    except ValueError as error:
        raise ConfigError(
            f"{text!r} is no address or network", where=where, fix="write '10.0.0.5' or '10.0.0.0/24'"
        ) from error


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def resolve_target(text: str, where: str = "osc.targets") -> Address:
    """Family and socket address of a `host:port`; may wait for a name server.

    Raises:
        ConfigError: it has another form, or the name is unknown.
    """
    host, separator, port = text.strip().rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]")
    host = host[1:-1] if bracketed else host
    if (
        not separator
        or not host
        or (":" in host and not bracketed)
        or not (port.isascii() and port.isdigit() and 1 <= int(port[:6]) <= 65535)
    ):
        raise ConfigError(
            f"{text!r} is no OSC target", where=where, fix="write 'host:port', like '10.0.0.5:8000'"
        )
    try:
        family, _, _, _, address = socket.getaddrinfo(host, int(port), type=socket.SOCK_DGRAM)[0]
    except (OSError, UnicodeError) as error:
        raise ConfigError(
            f"the host of the OSC target {text!r} is unknown",
            where=where,
            fix="check the name or use its address",
        ) from error
    return family, (str(address[0]), int(address[1]))


def receivers(settings: OscSettings) -> Sequence[Desk]:
    """Those that OSC is sent to."""
    return Desks(settings).receivers
