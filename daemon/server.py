"""Browsers: one port for pages and websocket, around the pure rules of its neighbours.

Each client has a writer task that empties its `Outbox`. Publishing never waits: it encodes once,
puts the bytes into every outbox and wakes the writers. A slow client loses frames, then its
connection, never the show.
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import itertools
import logging
import os
import socket
import time
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, Protocol
from urllib.parse import quote
from weakref import WeakSet

import websockets
from websockets.asyncio.server import Server as WebsocketServer
from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response

from daemon.access import WILDCARDS, Access, is_loopback, parse_cookies
from daemon.connection import (
    ABORT_BUFFERED,
    HELLO_TIMEOUT_S,
    POLICY_VIOLATION,
    SKIP_BUFFERED,
    TRY_AGAIN_LATER,
    Inbox,
    Outbox,
    ViolationError,
)
from daemon.errors import ConfigError, ProtocolError
from daemon.metrics import Metrics
from daemon.pages import Pages, Source
from daemon.protocol import (
    MAX_FRAME_BYTES,
    PROTOCOL,
    Ack,
    CommandMessage,
    Hello,
    Ping,
    Report,
    Role,
    encode,
    error_body,
    kind_of,
    pong_body,
    reply_body,
)
from daemon.settings import ServerSettings

log = logging.getLogger(__name__)

CLOSE_TIMEOUT_S = 2.0
INTERNAL_ERROR = 1011

Submission = Ack | Report | CommandMessage


class ClientInfo(NamedTuple):
    """Who sent a message."""

    id: int  # never used twice in this process
    role: Role
    name: str
    address: str


class Hub(Source, Protocol):
    """What the server asks of the daemon. Nothing here may block."""

    def current(self) -> dict[str, Any] | None:
        """What is on screen, shaped like `prepare`."""

    def upcoming(self) -> dict[str, Any] | None:
        """What was prepared and not yet activated, shaped like `prepare`."""

    def hello_extra(self) -> dict[str, Any]:
        """`version`, `session`, `rate`, `hop`, `vocabulary`."""

    def submit(self, message: Submission, client: ClientInfo) -> Awaitable[str | None] | str | None:
        """Pass on a valid message; a returned text becomes the `reply`.

        Raises:
            ProtocolError: it cannot be used; the sentence goes back to the client.
        """


class _Client:
    """A connection with what waits for it."""

    def __init__(self, number: int, socket_: ServerConnection, inbox: Inbox) -> None:
        self.number = number
        self.socket = socket_
        self.inbox = inbox
        self.outbox = Outbox()
        self.wake = asyncio.Event()
        self.leaving = False

    @property
    def buffered(self) -> int:
        return self.socket.transport.get_write_buffer_size()

    def info(self) -> ClientInfo:
        hello = self.inbox.hello
        assert hello is not None
        return ClientInfo(self.number, hello.role, hello.name, _peer(self.socket))


class Server:
    """Serves browsers on `settings.host`:`settings.port`.

    Args:
        settings: addresses, token, origins, limits.
        hub: the rest of the daemon.
        web_dir: folder of the built pages.
        metrics: counters are registered here.
        clock: monotonic seconds; the same clock as every `...Ms` the daemon publishes.
        on_clients: called after a client said hello or left.
    """

    def __init__(
        self,
        settings: ServerSettings,
        hub: Hub,
        web_dir: Path,
        metrics: Metrics,
        *,
        clock: Callable[[], float] = time.monotonic,
        on_clients: Callable[[], None] | None = None,
    ) -> None:
        self._settings = settings
        self._hub = hub
        self._web_dir = web_dir
        self._metrics = metrics
        self._clock = clock
        self._on_clients = on_clients or (lambda: None)
        self._numbers = itertools.count(1)
        self._clients: dict[int, _Client] = {}
        self._farewells: set[asyncio.Task[None]] = set()
        self._authorised: WeakSet[ServerConnection] = WeakSet()  # showed the token before hello
        self._server: WebsocketServer | None = None
        self._register_metrics()

    def _register_metrics(self) -> None:
        metrics = self._metrics
        self._refused = metrics.counter("aivjd_http_refused_total", "Requests turned away.", ["reason"])
        self._answers = metrics.counter("aivjd_http_answers_total", "HTTP answers.", ["status"])
        self._received = metrics.counter("aivjd_ws_received_total", "Messages of clients.", ["type"])
        self._errors = metrics.counter("aivjd_ws_errors_total", "Messages that could not be used.")
        self._sent = metrics.counter("aivjd_ws_sent_total", "Frames sent.", ["kind"])
        self._skipped = metrics.counter("aivjd_ws_skipped_total", "Frames a slow client skipped.", ["kind"])
        self._closed = metrics.counter("aivjd_ws_closed_total", "Clients closed by the daemon.", ["reason"])
        clients = metrics.gauge("aivjd_ws_clients", "Connected clients.", ["role"])
        for role in self.client_counts():
            clients.follow(partial(self._count, role), role=role)

    # Life

    async def start(self) -> None:
        """Listen.

        Raises:
            ConfigError: the address cannot be listened on, or a token is missing.
        """
        settings = self._settings
        host = "" if settings.host in WILDCARDS else settings.host
        if not settings.token and (not host or not is_loopback(host)):
            raise ConfigError(
                f"listening on '{settings.host}' lets the whole network in",
                where="server.token",
                fix="set a token, or listen on 127.0.0.1",
            )
        try:
            self._server = await serve(
                self._handle,
                host or None,
                settings.port,
                process_request=self._process_request,
                subprotocols=[websockets.Subprotocol(PROTOCOL)],
                compression=None,
                server_header=None,
                max_size=MAX_FRAME_BYTES,
                write_limit=SKIP_BUFFERED,
                open_timeout=20,
                ping_interval=15,
                ping_timeout=15,
                close_timeout=10,
                start_serving=False,
                logger=logging.getLogger("daemon.websockets"),
            )
        except (OSError, OverflowError) as error:
            reason = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else str(error)
            raise ConfigError(
                f"cannot listen on {settings.host}:{settings.port} ({reason})",
                where="server.port",
                fix="stop the program that uses it or choose another port",
            ) from error
        self._access = Access(
            host=settings.host,
            port=self.port,
            token=settings.token,
            origins=settings.origins,
            names=_own_names(),
        )
        self._pages = Pages(self._hub, self._web_dir, self._metrics, self._access)
        await self._server.start_serving()

    async def stop(self) -> None:
        """Close every connection with code 1001 and stop listening."""
        if self._server is None:
            return
        for client in list(self._clients.values()):
            self._close(client, 1001, "the daemon stops", metric="stop")
        if self._farewells:
            await asyncio.wait(self._farewells)
        self._server.close()
        await self._server.wait_closed()

    @property
    def port(self) -> int:
        """The real port; meaningful after `start`."""
        assert self._server is not None
        return int(next(iter(self._server.sockets)).getsockname()[1])

    def urls(self, *, with_token: bool = False) -> list[str]:
        """Addresses of the stage page, best first."""
        host = self._settings.host
        hosts = ["localhost", *_addresses()] if host in WILDCARDS else [host]
        query = f"?token={quote(self._settings.token)}" if with_token and self._settings.token else ""
        return [f"http://{f'[{name}]' if ':' in name else name}:{self.port}/{query}" for name in hosts]

    def client_counts(self) -> dict[str, int]:
        """Clients that said hello, by role."""
        counts = {"stage": 0, "control": 0, "monitor": 0}
        for client in self._clients.values():
            if client.inbox.hello is not None:
                counts[client.inbox.hello.role] += 1
        return counts

    def _count(self, role: str) -> int:
        return self.client_counts()[role]

    # Publishing

    def publish(self, message: Mapping[str, Any] | bytes) -> None:
        """Queue an ordered message for every client; bytes are an encoded JSON object."""
        body = message if isinstance(message, bytes) else encode(message)
        for client in self._greeted():
            self._push(client, body)

    def publish_snapshot(self, payload: Mapping[str, Any] | bytes) -> None:
        """Offer a `snapshot` message to every client whose rate asks for one now."""
        clients = self._greeted()
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
        for client in self._greeted():
            skipped = client.outbox.skipped_audio
            if client.outbox.offer_audio(frame):
                self._skipped.inc(client.outbox.skipped_audio - skipped, kind="audio")
                client.wake.set()

    def _greeted(self) -> list[_Client]:
        """Clients that said hello; one that reads nothing while we owe it a lot is dropped here."""
        chosen = []
        for client in list(self._clients.values()):
            if client.leaving or client.inbox.hello is None:
                continue
            if client.buffered > ABORT_BUFFERED:
                client.leaving = True
                self._closed.inc(reason="buffer")
                client.socket.transport.abort()
                continue
            chosen.append(client)
        return chosen

    def _push(self, client: _Client, body: bytes) -> None:
        if client.leaving:
            return
        if client.outbox.push(body):
            client.wake.set()
        else:
            self._close(client, TRY_AGAIN_LATER, "too slow; come back with lastSeq", metric="overflow")

    # One connection

    async def _handle(self, socket_: ServerConnection) -> None:
        if len(self._clients) >= self._settings.max_clients:
            self._closed.inc(reason="full")
            await socket_.close(TRY_AGAIN_LATER, "too many clients")
            return
        token = "" if socket_ in self._authorised else self._access.token
        client = _Client(next(self._numbers), socket_, Inbox(token=token))
        self._clients[client.number] = client
        tasks = [asyncio.ensure_future(self._read(client)), asyncio.ensure_future(self._write(client))]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                error = task.exception()
                if error is not None and not isinstance(error, websockets.ConnectionClosed):
                    log.error("connection of client %d failed", client.number, exc_info=error)
                    self._close(client, INTERNAL_ERROR, "internal error", metric="error")
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            del self._clients[client.number]
            if client.inbox.hello is not None:
                self._on_clients()

    async def _read(self, client: _Client) -> None:
        try:
            async with asyncio.timeout(HELLO_TIMEOUT_S) as patience:
                while True:
                    frame = await client.socket.recv()
                    await self._receive(client, frame)
                    if client.inbox.hello is not None:
                        patience.reschedule(None)
        except TimeoutError:
            reason = f"no hello within {HELLO_TIMEOUT_S:g} s"
            self._close(client, POLICY_VIOLATION, reason, metric="hello")

    async def _receive(self, client: _Client, frame: str | bytes) -> None:
        try:
            message = client.inbox.receive(frame, self._clock())
        except ViolationError as error:
            self._close(client, error.code, str(error), metric="policy")
            return
        except ProtocolError as error:
            self._errors.inc()
            self._push(client, error_body(str(error)))
            return
        self._received.inc(type=kind_of(message))
        if isinstance(message, Hello):
            self._welcome(client, message)
        elif isinstance(message, Ping):
            self._push(client, pong_body(message, self._clock()))
        else:
            await self._submit(client, message)

    def _welcome(self, client: _Client, hello: Hello) -> None:
        extra = self._hub.hello_extra()
        same_session = hello.session in ("", extra["session"])
        seen = hello.last_seq if same_session else 0
        body = encode(
            {
                "type": "hello",
                "protocol": PROTOCOL,
                **extra,
                "nowMs": self._clock() * 1000.0,
                "state": self._hub.state(),
                "picks": [record for record in self._hub.picks() if record["seq"] > seen][-20:],
                "current": self._hub.current(),
                "next": self._hub.upcoming(),
            }
        )
        client.outbox.subscribe(snapshot_hz=hello.snapshot_hz, audio=hello.audio)
        self._push(client, body)
        self._on_clients()

    async def _submit(self, client: _Client, message: Submission) -> None:
        try:
            answer = self._hub.submit(message, client.info())
            text = await answer if inspect.isawaitable(answer) else answer
            good = True
        except ProtocolError as error:
            good, text = False, str(error)
        except Exception:
            log.exception("a message of client %d could not be handled", client.number)
            good, text = False, "The daemon could not handle this; its log says why."
        if not good:
            self._errors.inc()
        if isinstance(message, CommandMessage) and message.id is not None:
            self._push(client, reply_body(message, ok=good, message=text or ""))
        elif not good:
            self._push(client, error_body(text or ""))

    async def _write(self, client: _Client) -> None:
        while True:
            frame = client.outbox.take(client.buffered)
            if frame is None:
                client.wake.clear()
                await client.wake.wait()
                continue
            await client.socket.send(frame.data, text=frame.text)
            self._sent.inc(kind="text" if frame.text else "audio")

    def _close(self, client: _Client, code: int, reason: str, *, metric: str) -> None:
        """Say farewell without waiting for it; a client that does not listen is cut off."""
        if client.leaving:
            return
        client.leaving = True
        self._closed.inc(reason=metric)
        task = asyncio.ensure_future(self._farewell(client, code, reason))
        self._farewells.add(task)
        task.add_done_callback(self._farewells.discard)

    async def _farewell(self, client: _Client, code: int, reason: str) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_TIMEOUT_S):
                await client.socket.close(code, _close_reason(reason))
                return
        client.socket.transport.abort()

    # Requests

    async def _process_request(self, socket_: ServerConnection, request: Request) -> Response | None:
        response = await self._judge(socket_, request)
        if response is not None:
            self._answers.inc(status=str(response.status_code))
        return response

    async def _judge(self, socket_: ServerConnection, request: Request) -> Response | None:
        headers, access = request.headers, self._access
        if request.method != "GET":
            response = self._refuse(405, "method", "Only GET is answered.", request)
            response.headers["Allow"] = "GET"
            return response
        hosts = headers.get_all("Host")
        if refusal := access.check_host(hosts):
            return self._refuse(*refusal, request)
        path, _, query = request.path.partition("?")
        explicit = access.has_explicit_token(query, headers.get_all("Authorization"))
        known = explicit is True or access.has_cookie(parse_cookies(headers.get_all("Cookie")))
        websocket = path == "/ws"
        # A websocket may still show its token in hello.
        if access.token and not known and not (websocket and explicit is None):
            return self._refuse(
                401, "token", "The token is missing or wrong; add ?token=... to the address.", request
            )
        if not websocket:
            response = await self._pages.answer(request)
            if explicit and access.token:
                response.headers["Set-Cookie"] = (
                    f"{access.cookie_name}={access.cookie}; Path=/; HttpOnly; SameSite=Strict"
                )
            return response
        refusal = access.check_origin(
            headers.get_all("Origin"),
            hosts,
            peer=_peer(socket_),
            explicit_token=bool(access.token and explicit),
        )
        if refusal:
            return self._refuse(*refusal, request)
        if len(self._clients) >= self._settings.max_clients:
            return self._refuse(
                503, "full", "Too many clients are connected; close one or raise server.max_clients.", request
            )
        if known:
            self._authorised.add(socket_)
        return None

    def _refuse(self, status: int, reason: str, sentence: str, request: Request) -> Response:
        self._refused.inc(reason=reason)
        return self._pages.text(status, sentence, request)


def _peer(socket_: ServerConnection) -> str:
    address = socket_.remote_address
    return str(address[0]) if address else ""


def _close_reason(text: str) -> str:
    """A close frame holds at most 123 bytes of reason."""
    return text.encode("utf-8")[:123].decode("utf-8", "ignore")


def _own_names() -> list[str]:
    name = socket.gethostname().lower()
    return [name, f"{name.partition('.')[0]}.local"]


def _addresses() -> list[str]:
    """This machine's addresses on its networks, as far as its own name leads to them."""
    try:
        found = socket.getaddrinfo(socket.gethostname(), None, type=socket.SOCK_STREAM)
    except OSError:
        return []
    addresses = dict.fromkeys(str(entry[4][0]) for entry in found)
    return [address for address in addresses if not is_loopback(address)]
