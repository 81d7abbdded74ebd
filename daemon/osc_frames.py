"""OSC packets in a stream of bytes: lengths before them (OSC 1.0) or SLIP (1.1). Pure.

Which of the two a desk speaks shows in its first byte: a length begins with 0, as no packet is that
long, and nothing in SLIP does.
"""

from __future__ import annotations

import struct

from daemon.errors import ProtocolError
from daemon.osc_packet import MAX_DATAGRAM

_END, _ESC, _ESC_END, _ESC_ESC = 0xC0, 0xDB, 0xDC, 0xDD


class Frames:
    """Takes a stream apart; `feed` as bytes come."""

    def __init__(self) -> None:
        self._held = bytearray()
        self._slip: bool | None = None

    def feed(self, data: bytes) -> list[bytes]:
        """The packets that are whole now.

        Raises:
            ProtocolError: nothing sensible can follow; the connection is to be closed.
        """
        self._held += data
        if self._slip is None and self._held:
            self._slip = self._held[0] != 0
        return self._by_slip() if self._slip else self._by_length()

    def frame(self, packet: bytes) -> bytes:
        """A packet the way the other side sends its own; by length before it has sent any."""
        if not self._slip:
            return struct.pack(">i", len(packet)) + packet
        escaped = packet.replace(b"\xdb", b"\xdb\xdd").replace(b"\xc0", b"\xdb\xdc")
        return b"\xc0" + escaped + b"\xc0"

    def _by_length(self) -> list[bytes]:
        packets = []
        while len(self._held) >= 4:
            (size,) = struct.unpack_from(">i", self._held)
            if not 0 <= size <= MAX_DATAGRAM:
                raise _broken(f"a packet of {size} bytes")
            if len(self._held) < 4 + size:
                break
            packets.append(bytes(self._held[4 : 4 + size]))
            del self._held[: 4 + size]
        return packets

    def _by_slip(self) -> list[bytes]:
        *whole, rest = bytes(self._held).split(b"\xc0")
        self._held = bytearray(rest)
        if len(rest) > 2 * MAX_DATAGRAM:
            raise _broken(f"a packet of more than {MAX_DATAGRAM} bytes")
        return [_unescaped(frame) for frame in whole if frame]


def _unescaped(frame: bytes) -> bytes:
    if len(frame) > 2 * MAX_DATAGRAM:
        raise _broken(f"a packet of more than {MAX_DATAGRAM} bytes")
    first, *parts = frame.split(b"\xdb")
    made = bytearray(first)
    for part in parts:
        if not part or part[0] not in (_ESC_END, _ESC_ESC):
            raise _broken("an escape that SLIP does not have")
        made.append(_END if part[0] == _ESC_END else _ESC)
        made += part[1:]
    return bytes(made)


def _broken(what: str) -> ProtocolError:
    return ProtocolError(f"the stream holds {what}", fix="send OSC with lengths before the packets, or SLIP")
