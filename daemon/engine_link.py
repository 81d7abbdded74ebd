"""What the supervisor and the engine process say to each other.

A `SOCK_SEQPACKET` pair: one message a packet, JSON except for audio frames, which begin with ``A``.

To the engine: the handover (with file descriptors), then ``{"op":"input","record":{...}}``,
``{"op":"packs"}`` with the descriptor of a memory file that holds the catalogue to choose from,
``{"op":"state"}`` and ``{"op":"stop"}``. From it: ``faults`` of the self-check even before the handover,
``ready``, ``ordered`` + ``logs`` + ``applied`` + ``position``, ``snapshot``, ``resume``, ``osc``,
``stopped``, and ``{"state":SAMPLE}`` with the descriptor of a memory file that holds the state there;
``{"state":null,"why":SENTENCE}`` where it cannot be told.
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

    Descriptors: this file, the capture ring, its eventfd, the ring of analysed samples.
    """

    header: Header
    channels: tuple[int, int]  # which channels of the capture ring are left and right, from 1
    played: str = ""  # folder of the session that is played again, or empty


def pair() -> tuple[socket.socket, socket.socket]:
    """Both ends, with room for a pause of the main process."""
    ends = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    for end in ends:
        end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SOCKET_BUFFER)
        end.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SOCKET_BUFFER)
    return ends


def hand_over(link: socket.socket, handover: Handover, rings: list[int]) -> None:
    """Send the header and the descriptors of the rings to a fresh engine process."""
    fd = memory_file("aivjd-header", msgspec.json.encode(handover))
    try:
        socket.send_fds(link, [b"handover"], [fd, *rings])
    finally:
        os.close(fd)


def memory_file(name: str, data: bytes) -> int:
    """Descriptor of a file in memory with these bytes."""
    fd = os.memfd_create(name)
    left = memoryview(data)
    while left:
        left = left[os.write(fd, left) :]
    return fd


def receive(link: socket.socket) -> tuple[bytes, bytes]:
    """One message, and what the memory file that came with it holds.

    Raises:
        BlockingIOError: there is none.
    """
    data, fds, _, _ = socket.recv_fds(link, MAX_MESSAGE, 1, socket.MSG_CMSG_CLOEXEC)
    if not fds:
        return data, b""
    with os.fdopen(fds[0], "rb") as file:
        file.seek(0)
        return data, file.read()
