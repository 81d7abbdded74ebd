"""The connected browsers: who they are, what is published to them, how a slow one is let go.

Each client has a writer task that empties its `Outbox`. Publishing never waits: it encodes once,
puts the bytes into every outbox and wakes the writers. A slow client loses frames, then its
connection, never the show.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

from websockets.asyncio.server import ServerConnection

from daemon.connection import ABORT_BUFFERED, TRY_AGAIN_LATER, Inbox, Outbox
from daemon.metrics import Metrics
from daemon.protocol import Role, encode

CLOSE_TIMEOUT_S = 2.0


class ClientInfo(NamedTuple):
    """Who sent a message."""

    id: int  # never used twice in this process
    role: Role
    name: str
    address: str


class Client:
    """A connection with what waits for it."""

    def __init__(self, number: int, socket: ServerConnection, inbox: Inbox) -> None:
        self.number = number
        self.socket = socket
        self.inbox = inbox
        self.outbox = Outbox()
        self.wake = asyncio.Event()
        self.leaving = False

    @property
    def buffered(self) -> int:
        """Bytes the kernel has not taken yet."""
        return self.socket.transport.get_write_buffer_size()

    def info(self) -> ClientInfo:
        """Who this is; only after hello."""
        hello = self.inbox.hello
        assert hello is not None
        return ClientInfo(self.number, hello.role, hello.name, peer(self.socket))


class Clients:
    """All connections, and publishing to those that said hello.

    Args:
        metrics: counters are registered here.
        clock: monotonic seconds.
    """

    def __init__(self, metrics: Metrics, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._numbers = itertools.count(1)
        self._members: dict[int, Client] = {}
        self._farewells: set[asyncio.Task[None]] = set()
        self._sent = metrics.counter("aivjd_ws_sent_total", "Frames sent.", ["kind"])
        self._skipped = metrics.counter("aivjd_ws_skipped_total", "Frames a slow client skipped.", ["kind"])
        self._closed = metrics.counter("aivjd_ws_closed_total", "Clients closed by the daemon.", ["reason"])
        gauge = metrics.gauge("aivjd_ws_clients", "Connected clients.", ["role"])
        for role in self.counts():
            gauge.follow(partial(self._count, role), role=role)

    def __len__(self) -> int:
        return len(self._members)

    def add(self, socket: ServerConnection, inbox: Inbox) -> Client:
        """Take in a new connection."""
        client = Client(next(self._numbers), socket, inbox)
        self._members[client.number] = client
        return client

    def remove(self, client: Client) -> None:
        """Forget a connection that ended."""
        del self._members[client.number]

    def counts(self) -> dict[str, int]:
        """Clients that said hello, by role."""
        counts = {"stage": 0, "control": 0, "monitor": 0}
        for client in self._members.values():
            if client.inbox.hello is not None:
                counts[client.inbox.hello.role] += 1
        return counts

    def _count(self, role: str) -> int:
        return self.counts()[role]

    # -- publishing

    def publish(self, message: Mapping[str, Any] | bytes) -> None:
        """Queue an ordered message for every client; bytes are an encoded JSON object."""
        clients = self._listening()
        if clients:
            body = message if isinstance(message, bytes) else encode(message)
            for client in clients:
                self.push(client, body)

    def publish_snapshot(self, payload: Mapping[str, Any] | bytes) -> None:
        """Offer a snapshot to every client whose rate asks for one now."""
        clients = self._listening()
        if not clients:
            return
        body = payload if isinstance(payload, bytes) else encode({"type": "snapshot", **payload})
        now = self._clock()
        for client in clients:
            skipped = client.outbox.skipped_snapshots
            if client.outbox.offer_snapshot(body, now):
                self._skipped.inc(client.outbox.skipped_snapshots - skipped, kind="snapshot")
                client.wake.set()

    def publish_audio(self, frame: bytes) -> None:
        """Offer a binary audio frame to every client that wants audio."""
        for client in self._listening():
            skipped = client.outbox.skipped_audio
            if client.outbox.offer_audio(frame):
                self._skipped.inc(client.outbox.skipped_audio - skipped, kind="audio")
                client.wake.set()

    def _listening(self) -> list[Client]:
        """Clients that said hello; one that reads nothing while we owe it a lot is cut off here.

        The writer stops at `SKIP_BUFFERED`, so only answers to a flood of pings can get this far.
        """
        chosen = []
        for client in list(self._members.values()):
            if client.leaving or client.inbox.hello is None:
                continue
            if client.buffered > ABORT_BUFFERED:
                client.leaving = True
                self._closed.inc(reason="buffer")
                client.socket.transport.abort()
                continue
            chosen.append(client)
        return chosen

    def push(self, client: Client, body: bytes) -> None:
        """Queue an ordered message for one client; a full queue ends its connection."""
        if client.leaving:
            return
        if client.outbox.push(body):
            client.wake.set()
        else:
            self.close(client, TRY_AGAIN_LATER, "too slow; come back with lastSeq", metric="overflow")

    async def write(self, client: Client) -> None:
        """Send what waits for `client`, for as long as it is connected."""
        while True:
            frame = client.outbox.take(client.buffered)
            if frame is None:
                client.wake.clear()
                await client.wake.wait()
                continue
            await client.socket.send(frame.data, text=frame.text)
            self._sent.inc(kind="text" if frame.text else "audio")

    # -- letting go

    def close(self, client: Client, code: int, reason: str, *, metric: str) -> None:
        """Say farewell without waiting for it; a client that does not listen is cut off."""
        if client.leaving:
            return
        client.leaving = True
        self._closed.inc(reason=metric)
        task = asyncio.ensure_future(_farewell(client, code, reason))
        self._farewells.add(task)
        task.add_done_callback(self._farewells.discard)

    async def close_all(self, code: int, reason: str) -> None:
        """Close every connection and wait until they are gone."""
        for client in list(self._members.values()):
            self.close(client, code, reason, metric="stop")
        if self._farewells:
            await asyncio.wait(self._farewells)


async def _farewell(client: Client, code: int, reason: str) -> None:
    # A close frame holds at most 123 bytes of reason.
    short = reason.encode("utf-8")[:123].decode("utf-8", "ignore")
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(CLOSE_TIMEOUT_S):
            await client.socket.close(code, short)
            return
    client.socket.transport.abort()


def peer(socket: ServerConnection) -> str:
    """Address of the other end."""
    address = socket.remote_address
    return str(address[0]) if address else ""
