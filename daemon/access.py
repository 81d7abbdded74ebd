"""Who may talk to the server: Host, Origin and token. Pure rules over request headers.

- *Host* is checked against DNS rebinding: a name the daemon does not go by is refused. An address
  written as digits cannot be rebound and is allowed off loopback.
- *Origin* is checked against pages of other sites: the page must come from this very host and port,
  from a configured origin, or from another name of this machine's loopback on the same port.
- The *token* may come as `?token=`, as `Authorization: Bearer`, or, once a page was opened with it,
  as a cookie: a page's own scripts and pictures are fetched without the query of the page.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
from collections.abc import Mapping, Sequence
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

from daemon.connection import same_secret

LOOPBACK_NAMES = frozenset({"localhost", "localhost."})
WILDCARDS = frozenset({"0.0.0.0", "::", "*"})  # noqa: S104 - compared with, not bound to


class Refusal(NamedTuple):
    """Why a request is turned away."""

    status: int
    reason: str  # short, for the metrics
    sentence: str


class Authority(NamedTuple):
    """A host, lower case without brackets, and its port if one was named."""

    host: str
    port: int | None


def parse_authority(text: str) -> Authority | None:
    """Read `host`, `host:port` or `[v6]:port`; None when it is none of these."""
    if not text or any(character in text for character in "/\\@?# \t,"):
        return None
    try:
        parts = urlsplit(f"//{text}")
        return Authority(parts.hostname.lower(), parts.port) if parts.hostname else None
    except ValueError:
        return None


def is_loopback(host: str) -> bool:
    """Whether a host name or address means this machine alone."""
    if host.lower() in LOOPBACK_NAMES:
        return True
    address = _address(host)
    return address is not None and address.is_loopback


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None
    mapped = getattr(address, "ipv4_mapped", None)  # a v4 peer seen through a v6 socket
    return mapped or address


class Access:
    """The rules for one listening address.

    Args:
        host: the address listened on.
        port: the real port.
        token: shared secret; empty when none is asked for.
        origins: further web origins that may connect.
        names: further names of this machine, such as its host name.
    """

    def __init__(
        self, *, host: str, port: int, token: str, origins: Sequence[str], names: Sequence[str] = ()
    ) -> None:
        self._port = port
        self._token = token
        self._loopback_only = is_loopback(host)
        self._origins = frozenset(origin.rstrip("/").lower() for origin in origins)
        hosts = {host.lower(), *(name.lower() for name in names)}
        for origin in self._origins:
            if authority := parse_authority(urlsplit(origin).netloc):
                hosts.add(authority.host)
        self._hosts = frozenset(hosts - WILDCARDS)
        self.cookie_name = f"aivj-{port}"
        self.cookie = hmac.new(token.encode(), b"aivj cookie", hashlib.sha256).hexdigest() if token else ""

    @property
    def token(self) -> str:
        """The secret asked for, or an empty text."""
        return self._token

    def check_host(self, host_headers: Sequence[str]) -> Refusal | None:
        """Judge the Host headers of a request."""
        authority = parse_authority(host_headers[0]) if len(host_headers) == 1 else None
        if authority is None:
            return Refusal(400, "host", "The request needs exactly one usable Host header.")
        host = authority.host
        if is_loopback(host) or host in self._hosts or (not self._loopback_only and _address(host)):
            return None
        return Refusal(
            403,
            "host",
            f"This daemon is not called '{host[:80]}'; open it by address, or add it to server.origins.",
        )

    def check_origin(
        self, origins: Sequence[str], host_headers: Sequence[str], *, peer: str, explicit_token: bool
    ) -> Refusal | None:
        """Judge the Origin headers of a websocket request whose Host was already accepted.

        Args:
            origins: values of the Origin header.
            host_headers: values of the Host header.
            peer: address of the other end.
            explicit_token: the right token came in query or Authorization, which no foreign page can do.
        """
        if not origins:
            # Browsers always send one, so this is a program.
            if is_loopback(peer) or explicit_token:
                return None
            return Refusal(403, "origin", "A program on another machine must show the token.")
        if len(origins) == 1 and (
            self.is_configured(origins[0]) or self._is_own(origins[0], host_headers[0])
        ):
            return None
        return Refusal(
            403, "origin", f"Pages of '{origins[0][:80]}' may not connect; add that origin to server.origins."
        )

    def is_configured(self, origin: str) -> bool:
        """Whether this origin is one of `server.origins`."""
        return origin.lower() in self._origins

    def _is_own(self, origin: str, host_header: str) -> bool:
        try:
            parts = urlsplit(origin)
        except ValueError:
            return False
        page, here = parse_authority(parts.netloc), parse_authority(host_header)
        if parts.scheme not in ("http", "https") or page is None or here is None:
            return False
        default = 443 if parts.scheme == "https" else 80
        page_port, here_port = page.port or default, here.port or default
        if page_port != here_port:
            return False
        return page.host == here.host or (is_loopback(page.host) and is_loopback(here.host))

    def has_explicit_token(self, query: str, authorization: Sequence[str]) -> bool | None:
        """Whether query or Authorization carry the token; None when neither carries any."""
        given = parse_qs(query).get("token", [])
        given += [text[7:].strip() for text in authorization if text[:7].lower() == "bearer "]
        if not given:
            return None
        return len(given) == 1 and same_secret(given[0], self._token)

    def has_cookie(self, cookies: Mapping[str, str]) -> bool:
        """Whether the cookie of a page opened with the token is there."""
        return bool(self.cookie) and same_secret(cookies.get(self.cookie_name, ""), self.cookie)


def parse_cookies(headers: Sequence[str]) -> dict[str, str]:
    """Cookie headers as a mapping; what cannot be read is left out."""
    pairs = (part.partition("=") for header in headers for part in header.split(";"))
    return {name.strip(): value.strip() for name, separator, value in pairs if separator}
