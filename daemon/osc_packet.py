"""OSC 1.0 packets: strict reading, plain writing. Pure.

`parse` walks a datagram by its own lengths before `python-osc` reads the values, because that
library takes a truncated float for 0.0 and lets a bundle's time tag delay the whole loop. Time tags
are read over: what arrives takes effect now.
"""

from __future__ import annotations

import math
import struct
from typing import NamedTuple, TypeAlias

from pythonosc.osc_message import OscMessage

from daemon.errors import ProtocolError

MAX_DATAGRAM = 4096
MAX_NESTING = 4
MAX_ARGUMENTS = 64

Argument: TypeAlias = bool | int | float | str | None

_BUNDLE = b"#bundle\0"
_FIXED = {"i": 4, "f": 4, "r": 4, "m": 4, "h": 8, "d": 8, "t": 8, "T": 0, "F": 0, "N": 0}
_USABLE = frozenset("ifhdsTFN")


class Message(NamedTuple):
    """An address with the arguments that a command can use."""

    address: str
    args: tuple[Argument, ...]


def parse(datagram: bytes) -> list[Message]:
    """Read a message, or every message of a bundle, in order.

    Raises:
        ProtocolError: the datagram is malformed anywhere; then none of it counts.
    """
    if len(datagram) > MAX_DATAGRAM:
        raise _malformed(f"has {len(datagram)} bytes", f"send at most {MAX_DATAGRAM}")
    messages: list[Message] = []
    _packet(datagram, messages, depth=0)
    return messages


def _packet(packet: bytes, messages: list[Message], *, depth: int) -> None:
    if not packet or len(packet) % 4:
        raise _malformed("is empty or no multiple of 4 bytes long")
    if not packet.startswith(_BUNDLE):
        messages.append(_message(packet))
        return
    if depth >= MAX_NESTING:
        raise _malformed("nests its bundles too deeply", f"nest at most {MAX_NESTING}")
    at = len(_BUNDLE) + 8
    if len(packet) < at:
        raise _malformed("is a bundle without a time tag")
    while at < len(packet):
        (size,) = struct.unpack_from(">i", packet, at)  # the length is a multiple of 4, so 4 bytes are there
        at += 4
        if not 0 < size <= len(packet) - at:
            raise _malformed("has a bundle element that reaches beyond it")
        _packet(packet[at : at + size], messages, depth=depth + 1)
        at += size


def _message(packet: bytes) -> Message:
    raw_address, at = _string(packet, 0)
    if not raw_address.startswith(b"/") or not all(33 <= byte < 127 for byte in raw_address):
        raise _malformed("has no address of printable ASCII that starts with '/'")
    address = raw_address.decode("ascii")
    if at == len(packet):  # early senders leave the type tags out
        return Message(address, ())
    raw_tags, at = _string(packet, at)
    tags = raw_tags.decode("latin-1")
    if not tags.startswith(","):
        raise _malformed("has type tags without a comma", address=address)
    if len(tags) - 1 > MAX_ARGUMENTS:
        raise _malformed(f"has more than {MAX_ARGUMENTS} arguments", address=address)
    for tag in tags[1:]:
        at = _skip(packet, at, tag, address)
    if at != len(packet):
        raise _malformed("has bytes after its last argument", address=address)
    try:
        values = OscMessage(packet).params
    except Exception as error:  # whatever the library trips over, the packet is to blame
        raise _malformed("cannot be read", address=address) from error
    usable = tuple(value for tag, value in zip(tags[1:], values, strict=True) if tag in _USABLE)
    if any(isinstance(value, float) and not math.isfinite(value) for value in usable):
        raise _malformed("holds a number that is not finite", address=address)
    return Message(address, usable)


def _skip(packet: bytes, at: int, tag: str, address: str) -> int:
    """Where the argument after this one begins."""
    if tag == "s":
        text, end = _string(packet, at)
        try:
            text.decode("utf-8")
        except UnicodeDecodeError as error:
            raise _malformed("holds a text that is not UTF-8", address=address) from error
        return end
    if tag == "b":
        if at + 4 > len(packet):
            raise _malformed("is shorter than its type tags say", address=address)
        size = int(struct.unpack_from(">i", packet, at)[0])
        end = at + 4 + size + -size % 4
        if size < 0 or end > len(packet):
            raise _malformed("holds a blob that reaches beyond it", address=address)
        return end
    size = _FIXED.get(tag, -1)
    if size < 0:
        raise _malformed(f"has the type tag {tag!r}", "use i, f, h, d, s, T, F, N or b", address=address)
    if at + size > len(packet):
        raise _malformed("is shorter than its type tags say", address=address)
    return at + size


def _string(packet: bytes, at: int) -> tuple[bytes, int]:
    """The text at `at` and where the next thing begins: null-ended, padded with nulls to 4 bytes."""
    end = packet.find(b"\0", at)
    if end < 0:
        raise _malformed("holds a text without an end")
    following = end + 4 - (end - at) % 4
    if following > len(packet) or any(packet[end:following]):
        raise _malformed("holds a text that is not padded with nulls")
    return packet[at:end], following


def _malformed(what: str, fix: str = "check the sender", *, address: str = "") -> ProtocolError:
    return ProtocolError(f"the OSC packet {what}", where=address[:80], fix=fix)


def pack_string(text: str) -> bytes:
    """An OSC-string: ASCII (other characters become `?`), null-ended, padded to 4 bytes."""
    raw = text.encode("ascii", "replace").replace(b"\0", b"?")
    return raw + b"\0" * (4 - len(raw) % 4)
