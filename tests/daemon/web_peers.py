"""A hub without a daemon, a server around it, and a raw HTTP client that sends exactly what it is told."""

import asyncio
import contextlib
import json

from websockets.asyncio.client import connect

from daemon.errors import ProtocolError
from daemon.metrics import Metrics
from daemon.server import Server
from daemon.settings import ServerSettings

HOST = "127.0.0.1"


class FakeHub:
    def __init__(self, packs=None):
        self.packs = packs or {}
        self.submitted = []
        self.good = True
        self.pick_records = [{"type": "pick", "seq": seq} for seq in range(1, 26)]

    def state(self):
        return {"type": "state", "hold": False, "session": "s1"}

    def picks(self):
        return self.pick_records

    def current(self):
        return {"seq": 24}

    def upcoming(self):
        return None

    def hello_extra(self):
        return {"version": "0", "session": "s1", "rate": 48000, "hop": 256, "vocabulary": []}

    def health(self):
        return self.good, {"reason": "" if self.good else "no sound"}

    def pack_dirs(self):
        return self.packs

    def submit(self, message, client):
        verb = getattr(message, "verb", "")
        if verb == "crash":
            raise RuntimeError("boom")
        if verb == "refuse":
            raise ProtocolError("there is no verb 'refuse'", fix="use another")
        self.submitted.append((message, client))
        if verb == "later":
            return self._later()
        return "done" if verb == "say" else None

    async def _later(self):
        await asyncio.sleep(0)
        return "done later"


@contextlib.asynccontextmanager
async def serving(hub=None, web_dir=None, *, on_clients=None, **settings):
    hub = hub or FakeHub()
    metrics = Metrics()
    server = Server(
        ServerSettings(**{"host": HOST, "port": 0} | settings), hub, web_dir, metrics, on_clients=on_clients
    )
    server.metrics, server.hub = metrics, hub
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


def dial(server, *, path="/ws", origin=None, headers=None, **options):
    return connect(
        f"ws://{HOST}:{server.port}{path}",
        subprotocols=["aivj.v1"],
        origin=origin,
        additional_headers=headers,
        proxy=None,
        **options,
    )


async def greet(socket, **fields):
    """Say hello and return the answer."""
    await socket.send(json.dumps({"type": "hello", "role": "stage", "snapshotHz": 60} | fields))
    return await heard(socket, "hello")


async def heard(socket, kind, within=3.0):
    """The next message of this type."""
    async with asyncio.timeout(within):
        while True:
            frame = await socket.recv()
            if isinstance(frame, bytes):
                continue
            message = json.loads(frame)
            if message["type"] == kind:
                return message


async def get(server, target, *, method="GET", headers=()):
    """Status, headers (lower case) and body of one request whose target is sent as it stands."""
    lines = [f"{method} {target} HTTP/1.1", *headers]
    if not any(line.lower().startswith("host:") for line in headers):
        lines.append(f"Host: {HOST}:{server.port}")
    return await raw(server, ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))


async def raw(server, data):
    reader, writer = await asyncio.open_connection(HOST, server.port)
    try:
        writer.write(data)
        async with asyncio.timeout(3):
            answer = await reader.read()
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()
    head, _, body = answer.partition(b"\r\n\r\n")
    status_line, *fields = head.decode("latin-1").split("\r\n")
    pairs = (field.partition(":") for field in fields)
    found = {name.strip().lower(): value.strip() for name, _, value in pairs}
    return int(status_line.split(" ")[1]) if status_line else 0, found, body
