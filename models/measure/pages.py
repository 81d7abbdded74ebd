"""Serves the rig's page and the renderer to the browser, on a loopback port of its own."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType

from models.errors import MeasureError

FOLDER = Path(__file__).with_name("page")
_TYPES = {".html": "text/html", ".js": "text/javascript"}


def rig_files(modules: Path) -> dict[str, bytes]:
    """Path to content of everything that the butterchurn rig's page loads.

    Args:
        modules: the `node_modules` folder that holds butterchurn.

    Raises:
        MeasureError: butterchurn is not there.
    """
    library = modules / "butterchurn" / "dist" / "butterchurn.js"
    if not library.is_file():
        raise MeasureError("butterchurn is missing", where=str(library), fix="run `make setup`")
    files = {f"/{path.name}": path.read_bytes() for path in sorted(FOLDER.iterdir()) if path.suffix in _TYPES}
    return files | {"/butterchurn.js": library.read_bytes()}


class Pages:
    """An HTTP server of `files`, as a context manager. `url` ends in a slash."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                content = files.get(self.path)
                self.send_response(200 if content is not None else 404)
                suffix = Path(self.path).suffix
                self.send_header("Content-Type", _TYPES.get(suffix, "application/octet-stream"))
                self.send_header("Content-Length", str(len(content or b"")))
                self.end_headers()
                self.wfile.write(content or b"")

            def log_message(self, *_: object) -> None:
                return None

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/"

    def __enter__(self) -> Pages:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
