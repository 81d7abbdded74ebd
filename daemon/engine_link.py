"""What the supervisor and the engine process say to each other.

A `SOCK_SEQPACKET` pair: one message a packet, JSON except for audio frames, which begin with ``A``.

To the engine: the handover (with file descriptors), then ``{"op":"input","record":{...}}`` and
``{"op":"stop"}``. From it: ``ready``, ``ordered`` + ``logs`` + ``applied`` + ``position``,
``snapshot``, ``resume``, ``osc``, ``stopped``.
"""

from __future__ import annotations

import os
import socket

import msgspec

from daemon.session import Header

MAX_MESSAGE = 1 << 18
SOCKET_BUFFER = 4 << 20


class Handover(msgspec.Struct):
    """First message to the engine, written to a memory file whose descriptor is sent along.

    Descriptors: this file, the capture ring, its eventfd, the ring of analysed samples, its eventfd.
    """

    header: Header
    channels: tuple[int, int]  # which channels of the capture ring are left and right, from 1


def pair() -> tuple[socket.socket, socket.socket]:
    """Both ends, with room for a pause of the main process."""
    ends = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    for end in ends:
        end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SOCKET_BUFFER)
        end.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SOCKET_BUFFER)
    return ends


def hand_over(link: socket.socket, handover: Handover, rings: list[int]) -> None:
    """Send the header and the descriptors of the rings to a fresh engine process."""
    fd = os.memfd_create("aivjd-header")
    try:
        data = memoryview(msgspec.json.encode(handover))
        while data:
            data = data[os.write(fd, data) :]
        socket.send_fds(link, [b"handover"], [fd, *rings])
    finally:
        os.close(fd)
