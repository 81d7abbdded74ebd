"""Opens the files of a session folder that somebody else may have made.

Only plain files inside the folder are opened: no link leads out of it, no pipe keeps the reader waiting, no
size is taken on trust.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from daemon.errors import SessionError

LOGS = ("inputs", "picks", "events")
MAX_LINE = 1 << 20
MAX_STATE = 4 << 20
"""Bytes; an engine's state has about 0.4 MB."""
MAX_CATALOG = 16 << 20
"""Bytes; 10,000 pairs have about 2 MB."""
STATES = "states"
CATALOGS = "catalogs"
NAME = re.compile(
    rf"session\.json|audio\.flac|(?:{'|'.join(LOGS)})\.jsonl|{STATES}/(?:0|[1-9][0-9]{{0,15}})\.bin"
    rf"|{CATALOGS}/[0-9a-f]{{64}}\.json"
)
"""All that a session folder holds."""


def state_name(sample: int) -> str:
    """Where the state at a sample lies, within the folder."""
    return f"{STATES}/{sample}.bin"


def catalog_name(sha256: str) -> str:
    """Where a catalogue to which packs changed during the session lies, by its sha256 (hex)."""
    return f"{CATALOGS}/{sha256}.json"


def open_inside(folder: Path, name: str) -> BinaryIO:
    """Open a file of a session for reading.

    Args:
        folder: of the session; it may be a link itself.
        name: one of `NAME`.

    Raises:
        SessionError: it is not there, no plain file, or nothing that a session has.
    """
    where = str(folder / name)
    if not NAME.fullmatch(name):
        raise SessionError("no session has such a file", where=repr(name), fix="remove it from session.json")
    try:
        return os.fdopen(_open(folder, name), "rb")
    except OSError as error:
        raise SessionError(
            f"cannot be read ({error.strerror})", where=where, fix="put the recorded file in its place"
        ) from error


def _open(folder: Path, name: str) -> int:
    *parents, last = name.split("/")
    place = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for parent in parents:
            inner = os.open(parent, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=place)
            os.close(place)
            place = inner
        # Without O_NONBLOCK a pipe would wait for somebody to write into it.
        file = os.open(last, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=place)
    finally:
        os.close(place)
    if not stat.S_ISREG(os.fstat(file).st_mode):
        os.close(file)
        raise OSError(0, "not a plain file")
    return file


def read_inside(folder: Path, name: str, limit: int) -> bytes:
    """All of a file that has at most `limit` bytes.

    Raises:
        SessionError: as `open_inside`, or it is larger.
    """
    with open_inside(folder, name) as file:
        # What is asked for is set aside at once, so no more is asked for than there is.
        data = file.read(min(os.fstat(file.fileno()).st_size, limit) + 1)
    if len(data) > limit:
        raise SessionError(
            f"more than {limit} bytes", where=str(folder / name), fix="put the recorded file in its place"
        )
    return data


def sha256_inside(folder: Path, name: str, limit: int) -> str:
    """sha256 (hex) of a file; empty where it has more than `limit` bytes.

    Raises:
        SessionError: as `open_inside`.
    """
    with open_inside(folder, name) as file:
        if os.fstat(file.fileno()).st_size > limit:
            return ""
        return hashlib.file_digest(file, "sha256").hexdigest()


def inflate(data: bytes, limit: int, where: str) -> bytes:
    """What was deflated, at most `limit` bytes.

    Raises:
        SessionError: it is damaged or larger.
    """
    inflater = zlib.decompressobj()
    try:
        whole = inflater.decompress(data, limit)
    except zlib.error as error:
        raise SessionError(f"cannot be unpacked ({error})", where=where, fix="restore the file") from error
    if not inflater.eof or inflater.unused_data:
        raise SessionError(
            "cannot be unpacked (it ends too soon or too late)", where=where, fix="restore the file"
        )
    return whole


def lines_inside(folder: Path, name: str, offset: int = 0, *, torn: bool = False) -> Iterator[bytes]:
    """Whole lines of a log from a byte on, without their line ends.

    Args:
        folder: of the session.
        name: of the log.
        offset: byte to begin with.
        torn: whether a last line without an end is given as an empty one, and not left out.

    Raises:
        SessionError: as `open_inside`, or a line is longer than any record.
    """
    with open_inside(folder, name) as file:
        file.seek(offset)
        while line := file.readline(MAX_LINE):
            if not line.endswith(b"\n"):
                if len(line) == MAX_LINE:
                    raise SessionError(
                        f"a line of more than {MAX_LINE} bytes",
                        where=str(folder / name),
                        fix="the log is damaged",
                    )
                if torn:
                    yield b""
                return
            yield line[:-1]
