"""Browsers: one port for pages and websocket. Lets connections in and reads what they say.

Who may come in is judged by `access`, what they may say by `connection` and `protocol`; pages are
answered by `pages`, and everything sent over the websocket goes through `clients`.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
import os
import socket
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote
from weakref import WeakSet

import websockets
from websockets.asyncio.server import Server as WebsocketServer
from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response

from daemon.access import WILDCARDS, Access, is_loopback, parse_cookies
from daemon.clients import CLOSE_TIMEOUT_S, Client, ClientInfo, Clients, peer
from daemon.connection import (
    HELLO_TIMEOUT_S,
    POLICY_VIOLATION,
    SKIP_BUFFERED,
    TRY_AGAIN_LATER,
    Inbox,
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
    encode,
    error_body,
    kind_of,
    pong_body,
    reply_body,
)
from daemon.settings import ServerSettings

log = logging.getLogger(__name__)

GOING_AWAY = 1001
INTERNAL_ERROR = 1011

Submission = Ack | Report | CommandMessage


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
        self._clients = Clients(metrics, clock)
        self._authorised: WeakSet[ServerConnection] = WeakSet()  # showed the token before hello
        self._server: WebsocketServer | None = None
        self._refused = metrics.counter("aivjd_http_refused_total", "Requests turned away.", ["reason"])
        self._answers = metrics.counter("aivjd_http_answers_total", "HTTP answers.", ["status"])
        self._received = metrics.counter("aivjd_ws_received_total", "Messages of clients.", ["type"])
        self._errors = metrics.counter("aivjd_ws_errors_total", "Messages that could not be used.")

    # -- life

    async def start(self) -> None:
        """Listen.

        Raises:
            ConfigError: the address cannot be listened on, or a token is missing.
        """
        settings = self._settings
        if not settings.token and not is_loopback(settings.host):
            raise ConfigError(
                f"listening on '{settings.host}' lets the whole network in",
                where="server.token",
                fix="set a token, or listen on 127.0.0.1",
            )
        try:
            self._server = await serve(
                self._handle,
                None if settings.host == "*" else settings.host,
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
                close_timeout=20,
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
        self._server.close(close_connections=False)
        await self._clients.close_all(GOING_AWAY, "the daemon stops")
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
        return self._clients.counts()

    def publish(self, message: Mapping[str, Any] | bytes) -> None:
        """Queue an ordered message for every client; bytes are an encoded JSON object."""
        self._clients.publish(message)

    def publish_snapshot(self, payload: Mapping[str, Any] | bytes) -> None:
        """Offer a `snapshot` message to every client whose rate asks for one now."""
        self._clients.publish_snapshot(payload)

    def publish_audio(self, frame: bytes) -> None:
        """Offer a binary audio frame to every client that wants audio."""
        self._clients.publish_audio(frame)

    # -- one connection

    async def _handle(self, socket_: ServerConnection) -> None:
        if len(self._clients) >= self._settings.max_clients:
            self._refused.inc(reason="full")
            await socket_.close(TRY_AGAIN_LATER, "too many clients")
            return
        socket_.close_timeout = CLOSE_TIMEOUT_S  # the library's own is for the transfer of pages
        token = "" if socket_ in self._authorised else self._access.token
        client = self._clients.add(socket_, Inbox(token=token))
        tasks = [
            asyncio.ensure_future(self._read(client)),
            asyncio.ensure_future(self._clients.write(client)),
        ]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                error = task.exception()
                if error is not None and not isinstance(error, websockets.ConnectionClosed):
                    log.error("connection of client %d failed", client.number, exc_info=error)
                    self._clients.close(client, INTERNAL_ERROR, "internal error", metric="error")
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._clients.remove(client)
            if client.inbox.hello is not None:
                self._on_clients()

    async def _read(self, client: Client) -> None:
        try:
            async with asyncio.timeout(HELLO_TIMEOUT_S) as patience:
                while True:
                    frame = await client.socket.recv()
                    if client.leaving:
                        continue  # its answer to our farewell is somewhere behind this
                    await self._receive(client, frame)
                    if client.inbox.hello is not None:
                        patience.reschedule(None)
        except TimeoutError:
            reason = f"no hello within {HELLO_TIMEOUT_S:g} s"
            self._clients.close(client, POLICY_VIOLATION, reason, metric="hello")

    async def _receive(self, client: Client, frame: str | bytes) -> None:
        try:
            message = client.inbox.receive(frame, self._clock())
        except ViolationError as error:
            self._clients.close(client, error.code, str(error), metric="policy")
            return
        except ProtocolError as error:
            self._errors.inc()
            self._clients.push(client, error_body(str(error)))
            return
        self._received.inc(type=kind_of(message))
        if isinstance(message, Hello):
            self._welcome(client, message)
        elif isinstance(message, Ping):
            self._clients.push(client, pong_body(message, self._clock()))
        else:
            await self._submit(client, message)

    def _welcome(self, client: Client, hello: Hello) -> None:
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
        self._clients.push(client, body)
        self._on_clients()

    async def _submit(self, client: Client, message: Submission) -> None:
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
            self._clients.push(client, reply_body(message, ok=good, message=text or ""))
        elif not good:
            self._clients.push(client, error_body(text or ""))

    # -- requests

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
            peer=peer(socket_),
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
