"""Files for browsers: from a URL path to a file that surely lies under its root.

Packs come from strangers, so their files are served as data only: nothing in a pack is ever given
a type that a browser would run.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

MAX_FILE_BYTES = 32 * 1024 * 1024  # the library writes an answer in one piece

_DATA_TYPES = {
    ".json": "application/json; charset=utf-8",
    ".jsonl": "text/plain; charset=utf-8",
    ".milk": "text/plain; charset=utf-8",
    ".milk2": "text/plain; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
    ".csv": "text/csv; charset=utf-8",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".webp": "image/webp",
    ".gif": "image/gif",
}
_PAGE_TYPES = _DATA_TYPES | {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".ico": "image/x-icon",
    ".map": "application/json; charset=utf-8",
    ".wasm": "application/wasm",
    ".woff2": "font/woff2",
    ".webmanifest": "application/manifest+json",
}
_UNKNOWN = "application/octet-stream"


class WebFile(NamedTuple):
    """A file as it is sent."""

    body: bytes
    content_type: str
    etag: str


class FileTooLargeError(Exception):
    """The file exists but is larger than `MAX_FILE_BYTES`."""


def split_path(raw_path: str) -> list[str] | None:
    """Decode the path of a request target into segments, once.

    Args:
        raw_path: what stands before `?`, percent-encoded, starting with a slash.

    Returns:
        The segments, or None when one of them could leave a folder or is no plain name: empty,
        hidden, `..`, with a backslash, a colon, a control character, or not UTF-8.
    """
    if not raw_path.startswith("/"):
        return None
    if raw_path == "/":
        return []
    segments: list[str] = []
    for part in raw_path[1:].split("/"):
        try:
            name = unquote_to_bytes(part).decode("utf-8")
        except UnicodeDecodeError:
            return None
        # A leading dot covers '.', '..' and hidden files; the colon covers drives and streams of Windows.
        if not name or name.startswith(".") or any(c in "/\\:" or ord(c) < 32 or ord(c) == 127 for c in name):
            return None
        segments.append(name)
    return segments


def read_file(root: Path, segments: list[str], *, trusted: bool) -> WebFile | None:
    """Read the file that `segments` name under `root`. Blocks on the disk.

    Args:
        root: folder that must not be left, not even through a symbolic link.
        segments: from `split_path`.
        trusted: our own built pages; otherwise only types that a browser does not run.

    Returns:
        The file, or None when there is none, or none that may be given out.

    Raises:
        FileTooLargeError: it has more than `MAX_FILE_BYTES`.
    """
    try:
        home = root.resolve(strict=True)
        path = home.joinpath(*segments).resolve(strict=True)
        if not path.is_relative_to(home):
            return None
        # Non-blocking, for a FIFO would hold the thread; no link, for the path is resolved.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError, RuntimeError):  # absent, not permitted, too long a name, a loop of links
        return None
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            return None
        if status.st_size > MAX_FILE_BYTES:
            raise FileTooLargeError
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            body = file.read(MAX_FILE_BYTES)
    finally:
        os.close(descriptor)
    types = _PAGE_TYPES if trusted else _DATA_TYPES
    etag = f'"{status.st_size:x}-{status.st_mtime_ns:x}"'
    return WebFile(body, types.get(path.suffix.lower(), _UNKNOWN), etag)
