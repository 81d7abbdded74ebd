"""Many websocket clients in one process, for load: they read, answer pings, and throw away.

Started as ``python -m daemon.bench.crowd URL COUNT``; only towards this machine. Prints how many are
connected once all have tried, and at the end, by SIGTERM, how many still are.
"""

from __future__ import annotations

import contextlib
import ipaddress
import json
import os
import selectors
import signal
import socket
import struct
import sys
from urllib.parse import urlsplit

from daemon.protocol import PROTOCOL

_MASK = bytes(4)
PATIENCE_S = 10.0
LONGEST_S = 600.0


def connect(url: str) -> socket.socket:
    """A client that has said hello.

    Raises:
        OSError: it was refused.
    """
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or 80
    if not ipaddress.ip_address(host).is_loopback:
        raise ValueError("a crowd is for this machine only")
    client = socket.create_connection((host, port), PATIENCE_S)
    client.sendall(
        f"GET {parts.path}?{parts.query} HTTP/1.1\r\nHost: {host}:{port}\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
        f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: {PROTOCOL}\r\n\r\n".encode()
    )
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        byte = client.recv(1)
        if not byte:
            raise ConnectionError("the server hung up")
        head += byte
    if not head.startswith(b"HTTP/1.1 101"):
        raise ConnectionError(head.splitlines()[0].decode("latin-1"))
    hello = json.dumps({"type": "hello", "role": "monitor", "name": "crowd"}).encode()
    client.sendall(_frame(1, hello))
    client.setblocking(False)
    return client


def _frame(opcode: int, payload: bytes) -> bytes:
    """A masked frame of at most 125 bytes."""
    return bytes([0x80 | opcode, 0x80 | len(payload)]) + _MASK + payload


class Client:
    """One connection: follows the frames just enough to answer pings."""

    def __init__(self, sock: socket.socket) -> None:
        self.socket = sock
        self._held = b""

    def read(self) -> bool:
        """Read what is there; False when the server has closed."""
        try:
            data = self.socket.recv(1 << 16)
        except BlockingIOError:
            return True
        except OSError:
            return False
        if not data:
            return False
        self._held += data
        at = 0
        while (size := self._frame_size(at)) is not None:
            header, payload = size
            if self._held[at] & 0x0F == 9:
                with contextlib.suppress(OSError):
                    self.socket.send(_frame(10, self._held[at + header : at + header + payload]))
            at += header + payload
        self._held = self._held[at:]
        return True

    def _frame_size(self, at: int) -> tuple[int, int] | None:
        """Header and payload length of a whole frame at `at`."""
        held = len(self._held) - at
        if held < 2:
            return None
        header, payload = 2, self._held[at + 1] & 0x7F
        if payload == 126 and held >= 4:
            header, payload = 4, struct.unpack_from(">H", self._held, at + 2)[0]
        elif payload == 127 and held >= 10:
            header, payload = 10, struct.unpack_from(">Q", self._held, at + 2)[0]
        elif payload > 125:
            return None
        return (header, payload) if held >= header + payload else None


def main() -> None:
    """Entry of the process."""
    url, count = sys.argv[1], int(sys.argv[2])
    end_read, end_write = os.pipe()
    os.set_blocking(end_write, False)
    signal.set_wakeup_fd(end_write)
    signal.signal(signal.SIGTERM, lambda *_: None)
    signal.signal(signal.SIGALRM, lambda *_: None)
    signal.setitimer(signal.ITIMER_REAL, LONGEST_S)
    selector = selectors.DefaultSelector()
    for _ in range(count):
        with contextlib.suppress(OSError):
            client = connect(url)
            selector.register(client, selectors.EVENT_READ, Client(client))
        _read(selector, 0)
    selector.register(end_read, selectors.EVENT_READ)
    print(len(selector.get_map()) - 1, flush=True)
    while _read(selector, 1.0):
        pass
    print(len(selector.get_map()) - 1, flush=True)


def _read(selector: selectors.BaseSelector, timeout: float) -> bool:
    """Serve whoever has something; False when it is time to end."""
    for key, _ in selector.select(timeout):
        if key.data is None:
            return False
        if not key.data.read():
            selector.unregister(key.fileobj)
            key.data.socket.close()
    return True


if __name__ == "__main__":
    main()
