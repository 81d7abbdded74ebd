"""Which preset files are read at all: those that are there, of a preset's size, and not blacklisted."""

from __future__ import annotations

import heapq
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from models.errors import PackError
from models.packs.canonical import draw64
from selector.manifests import path_key

LARGEST_BYTES = 256 << 10
"""The app's limit; the largest of 4,189 real presets has 36 kB."""
SUFFIXES = (".milk", ".milk2")
UNREAD = ("missing", "unreadable", "empty", "large", "binary-nul", "blacklisted", "broken line")
"""Reasons for which a file is not read at all."""
SAMPLES = ("first", "reservoir", "list")

_BLACK_KEYS = (
    "badSourceRelPaths",
    "badRelPaths",
    "badRelatives",
    "badUrls",
    "badIds",
)


@dataclass(frozen=True)
class Sampling:
    """Which of the files found are taken.

    Attributes:
        how: `first` in order of their paths, `reservoir` as drawn, or `list`: those named.
        limit: how many at most; 0 for all.
        seed: of the draw.
        names: paths relative to the source, for `list`, in `path_key`'s form.
    """

    how: str = "first"
    limit: int = 0
    seed: int = 1
    names: frozenset[str] = frozenset()


@dataclass
class Blacklist:
    """Paths, file names, ids and URLs that are never taken, in `path_key`'s form."""

    names: set[str] = field(default_factory=set)

    def add_file(self, path: Path) -> None:
        """Add a `quality-blacklist.json` of the app, or a text file with one path a line.

        Raises:
            PackError: it cannot be read.
        """
        for name in read_names(path):
            self.names.add(path_key(name))

    def __contains__(self, rel_path: str) -> bool:
        key = path_key(rel_path)
        return key in self.names or key.rpartition("/")[2] in self.names


def read_names(path: Path) -> list[str]:
    """Names in a JSON list or blacklist, or one a line; `#` begins a comment.

    Raises:
        PackError: the file cannot be read.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
        if path.suffix == ".json":
            top: Any = json.loads(text)
            rows = top if isinstance(top, list) else [r for k in _BLACK_KEYS for r in top.get(k) or ()]
            return [str(row) for row in rows]
    except (OSError, ValueError, AttributeError) as error:
        raise PackError(f"no list of presets can be read here ({error})", where=str(path)) from error
    return [line.strip() for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]


def find(folder: Path, *, recurse: bool) -> Iterator[Path]:
    """Preset files in `folder`, by path; below it only when asked to, and never through links.

    Raises:
        PackError: there is no such folder.
    """
    if not folder.is_dir():
        raise PackError("there is no such folder", where=str(folder), fix="name a folder of presets")
    pending = [folder]
    while pending:
        here = pending.pop()
        entries = sorted(here.iterdir(), key=lambda entry: entry.name)
        yield from (e for e in entries if e.suffix.lower() in SUFFIXES and e.is_file())
        if recurse:
            pending += [e for e in reversed(entries) if e.is_dir() and not e.is_symlink()]


def sample(paths: Iterable[str], sampling: Sampling) -> list[str]:
    """Those of `paths` (relative to the source) that are taken, in the order given.

    A reservoir is the `limit` smallest by a hash of (seed, path): the same for any order of `paths`, and
    hardly another when files are added.
    """
    if sampling.how == "list":
        paths = (path for path in paths if path_key(path) in sampling.names)
    if sampling.how == "reservoir" and sampling.limit:
        numbered = enumerate(paths)
        drawn = heapq.nsmallest(
            sampling.limit, numbered, key=lambda row: draw64(sampling.seed, "sample", path_key(row[1]))
        )
        return [path for _, path in sorted(drawn)]
    taken = list(paths)
    return taken[: sampling.limit] if sampling.limit else taken


def read_file(path: Path) -> tuple[bytes, str]:
    """The file's bytes and what is wrong with it: empty when nothing is.

    Reasons are the app's: `missing`, `unreadable`, `empty`, `large`, `binary-nul`.
    """
    try:
        size = path.stat().st_size
        if size == 0:
            return b"", "empty"
        if size > LARGEST_BYTES:
            return b"", "large"
        data = path.read_bytes()
    except FileNotFoundError:
        return b"", "missing"
    except OSError:
        return b"", "unreadable"
    if b"\0" in data[:8192] and not data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return b"", "binary-nul"
    return data, ""
