"""HTTP on the websocket's port: a request target in, an answer out.

Only GET. One request a connection: the websocket library closes after each answer.
"""

from __future__ import annotations

import asyncio
import email.utils
import http
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from websockets.datastructures import Headers
from websockets.http11 import Request, Response

from daemon.access import Access
from daemon.metrics import CONTENT_TYPE, Metrics
from daemon.protocol import encode
from daemon.web_files import FileTooLargeError, read_file, split_path

PAGE_POLICY = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; "
    "img-src 'self' data: blob:; connect-src 'self' ws: wss:; worker-src 'self'; font-src 'self'; "
    "frame-ancestors 'self'; base-uri 'none'; form-action 'none'"
)
DATA_POLICY = "default-src 'none'; sandbox"

_PAGES = {(): "index.html", ("control",): "control.html"}
_NOT_BUILT = (
    "<!doctype html><html lang=en><meta charset=utf-8><title>aivjd</title><h1>The pages are not built</h1>"
    "<p>The daemon runs, but the folder with the built pages is missing: <code>{folder}</code>."
    "<p>Run <code>make setup</code>, or <code>npm ci &amp;&amp; npm run build</code> in "
    "<code>daemon/web</code>, and load this page again.</html>"
)


class Source(Protocol):
    """What the pages ask of the daemon."""

    def state(self) -> dict[str, Any]:
        """The `state` message."""

    def picks(self) -> list[dict[str, Any]]:
        """The last pick records, newest last."""

    def health(self) -> tuple[bool, dict[str, Any]]:
        """Whether all is well, and the details."""

    def pack_dirs(self) -> Mapping[str, Path]:
        """Folder of each loaded pack by its name."""


class Pages:
    """Answers every request that is not the websocket's.

    Args:
        source: the daemon.
        web_dir: folder of the built pages; may be missing.
        metrics: what `/metrics` shows.
        access: tells which origins may read the answers.
    """

    def __init__(self, source: Source, web_dir: Path, metrics: Metrics, access: Access) -> None:
        self._source = source
        self._web_dir = web_dir
        self._metrics = metrics
        self._access = access

    async def answer(self, request: Request) -> Response:
        """The answer to a GET that was let in."""
        segments = split_path(request.path.partition("?")[0])
        if segments is None:
            return self.text(404, "There is nothing here.", request)
        match segments:
            case ["healthz"]:
                good, details = self._source.health()
                return self._json(200 if good else 503, {"ok": good, **details}, request)
            case ["metrics"]:
                return self._answer(200, self._metrics.render().encode(), CONTENT_TYPE, request)
            case ["api", "v1", "state"]:
                return self._json(200, self._source.state(), request)
            case ["api", "v1", "picks"]:
                return self._json(200, self._source.picks()[-20:], request)
            case ["presets", pack, *rest]:
                folder = self._source.pack_dirs().get(pack)
                if folder is None or not rest:
                    return self.text(404, "No such pack is loaded.", request)
                return await self._file(folder, rest, request, trusted=False)
        page = _PAGES.get(tuple(segments))
        if page is None:
            return await self._file(self._web_dir, segments, request, trusted=True)
        if not (self._web_dir / page).is_file():
            body = _NOT_BUILT.format(folder="daemon/web/dist")
            return self._answer(503, body.encode(), "text/html; charset=utf-8", request)
        return await self._file(self._web_dir, [page], request, trusted=True)

    def text(self, status: int, sentence: str, request: Request) -> Response:
        """A short answer in plain text."""
        return self._answer(status, f"{sentence}\n".encode(), "text/plain; charset=utf-8", request)

    async def _file(self, root: Path, segments: list[str], request: Request, *, trusted: bool) -> Response:
        try:
            file = await asyncio.to_thread(read_file, root, segments, trusted=trusted)
        except FileTooLargeError:
            return self.text(413, "This file is too large to be served.", request)
        if file is None:
            return self.text(404, "There is no such file.", request)
        fingerprinted = trusted and segments[0] == "assets"  # the build puts a hash into these names
        caching = {
            "Cache-Control": "private, max-age=31536000, immutable" if fingerprinted else "no-cache",
            "ETag": file.etag,
        }
        policy = PAGE_POLICY if trusted else DATA_POLICY
        if request.headers.get_all("If-None-Match") == [file.etag]:
            return self._answer(304, b"", file.content_type, request, policy=policy, extra=caching)
        return self._answer(200, file.body, file.content_type, request, policy=policy, extra=caching)

    def _json(self, status: int, content: Any, request: Request) -> Response:
        return self._answer(status, encode(content), "application/json; charset=utf-8", request)

    def _answer(
        self,
        status: int,
        body: bytes,
        content_type: str,
        request: Request,
        *,
        policy: str = PAGE_POLICY,
        extra: Mapping[str, str] | None = None,
    ) -> Response:
        headers = Headers(
            {
                "Date": email.utils.formatdate(usegmt=True),
                "Connection": "close",
                "Content-Type": content_type,
                "Content-Length": str(len(body)),
                "Content-Security-Policy": policy,
                "X-Content-Type-Options": "nosniff",
                "Referrer-Policy": "no-referrer",  # a page's address may hold the token
                "Vary": "Origin",
                **({"Cache-Control": "no-store"} | dict(extra or {})),
            }
        )
        origins = request.headers.get_all("Origin")
        if len(origins) == 1 and self._access.is_configured(origins[0]):
            headers["Access-Control-Allow-Origin"] = origins[0]
        return Response(status, http.HTTPStatus(status).phrase, headers, body)
