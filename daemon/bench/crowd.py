"""Many websocket clients in one process, for load: they read, answer pings, and throw away.

Started as ``python -m daemon.bench.crowd URL COUNT HZ``; only towards this machine. Prints how many are
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
import time
from urllib.parse import urlsplit

from daemon.protocol import PROTOCOL

_MASK = bytes(4)
PATIENCE_S = 60.0  # for all to be let in
AT_ONCE = 32  # asking at the same time
LONGEST_S = 600.0


def _frame(opcode: int, payload: bytes) -> bytes:
    """A masked frame of at most 125 bytes."""
    return bytes([0x80 | opcode, 0x80 | len(payload)]) + _MASK + payload


class Client:
    """One connection: says hello, then follows the frames just enough to answer pings.

    Args:
        host: an address of this machine.
        port: of the server.
        target: path and query of the websocket.
        hz: snapshots a second that it wants.
    """

    def __init__(self, host: str, port: int, target: str, hz: float) -> None:
        if not ipaddress.ip_address(host).is_loopback:
            raise ValueError("a crowd is for this machine only")
        self.socket = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
        self.socket.setblocking(False)
        self.open = False
        self._hello = json.dumps({"type": "hello", "role": "monitor", "snapshotHz": hz}).encode()
        self._held = b""
        self._request = (
            f"GET {target} HTTP/1.1\r\nHost: {host}:{port}\r\nUpgrade: websocket\r\n"
            "Connection: Upgrade\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
            f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: {PROTOCOL}\r\n\r\n"
        ).encode()
        self.socket.connect_ex((host, port))

    def write(self) -> None:
        """It is connected: ask for a websocket."""
        with contextlib.suppress(OSError):
            self.socket.send(self._request)

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
        if not self.open:
            head, end, self._held = self._held.partition(b"\r\n\r\n")
            if not end:
                self._held = head
                return True
            if not head.startswith(b"HTTP/1.1 101"):
                return False
            self.open = True
            self.socket.send(_frame(1, self._hello))
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


class Crowd:
    """All of them.

    Args:
        url: of the websocket.
        count: how many.
        hz: snapshots a second that each wants.
    """

    def __init__(self, url: str, count: int, hz: float) -> None:
        parts = urlsplit(url)
        self._where = (parts.hostname or "", parts.port or 80, f"{parts.path}?{parts.query}", hz)
        self._left = count
        self._selector = selectors.DefaultSelector()
        self._clients: set[Client] = set()
        self._ends, end = os.pipe()
        os.set_blocking(end, False)
        signal.set_wakeup_fd(end)
        for name in (signal.SIGTERM, signal.SIGALRM):
            signal.signal(name, lambda *_: None)
        signal.setitimer(signal.ITIMER_REAL, LONGEST_S)
        self._selector.register(self._ends, selectors.EVENT_READ)

    @property
    def connected(self) -> int:
        """How many are."""
        return sum(client.open for client in self._clients)

    @property
    def settled(self) -> bool:
        """Whether all have tried, and none is waiting for an answer."""
        return not self._left and self.connected == len(self._clients)

    def serve(self) -> bool:
        """Bring some more in, and read for whoever has something; False when it is time to end."""
        while self._left and len(self._clients) - self.connected < AT_ONCE:
            self._left -= 1
            client = Client(*self._where)
            self._clients.add(client)
            self._selector.register(client.socket, selectors.EVENT_WRITE, client)
        for key, events in self._selector.select(1.0):
            client = key.data
            if client is None:
                return False
            if events & selectors.EVENT_WRITE:
                client.write()
                self._selector.modify(client.socket, selectors.EVENT_READ, client)
            elif not client.read():
                self._selector.unregister(client.socket)
                client.socket.close()
                self._clients.discard(client)
        return True


def main() -> None:
    """Entry of the process."""
    crowd = Crowd(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]))
    patience = time.monotonic() + PATIENCE_S
    going = True
    while going and not crowd.settled and time.monotonic() < patience:
        going = crowd.serve()
    print(crowd.connected, flush=True)
    while going:
        going = crowd.serve()
    print(crowd.connected, flush=True)


if __name__ == "__main__":
    main()
