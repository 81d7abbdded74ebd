"""What outlives a session, in one SQLite file: bans, likings, quarantine, the place in the cue list.

The show goes on whatever becomes of the file. Killed at any instant it holds the last whole state (WAL, one
transaction each time); a full disk is said once and tried again with the next change; a damaged file is moved
aside and a new one begun. Written by a thread of its own, so that no disk can delay a message.

Layout: `meta` holds the version; `items` one row for each picture that something is remembered of, `value` as
JSON. Older layouts are brought up step by step (`MIGRATIONS`); a newer one is left alone and moved aside.
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from time import time
from typing import Any, Final

import msgspec

from selector.catalog import Item
from selector.cues import CuePlace
from selector.liking import Liked
from selector.memory import Memory
from selector.quarantine import Detention, Strikes

MIGRATIONS: Final = (
    # 1: bans and likings
    (
        "CREATE TABLE items (what TEXT, kind TEXT, pack TEXT, ident TEXT, value TEXT,"
        " PRIMARY KEY (what, kind, pack, ident))",
    ),
    # 2: the order in which things were said, so that the last ban is the one that `unban` lifts
    ("ALTER TABLE items ADD COLUMN place INTEGER NOT NULL DEFAULT 0",),
    # 3: the scene of the cue list, since when it has been on, and when that was last known
    ("CREATE TABLE cue (list TEXT, scene INTEGER, since REAL, known REAL)",),
)
"""Statements that bring a file from version n to n + 1."""

_BUSY_S: Final = 2.0
CUE_S: Final = 6 * 3600.0
"""A cue list that was left for longer begins anew: that was another night."""
Warn = Callable[[str], None]


class MemoryFile:
    """The file.

    Args:
        path: of the file; it and its folder are made where they are missing.
        warn: told in a sentence when something is wrong; may be called from another thread.
    """

    def __init__(self, path: Path, warn: Warn) -> None:
        self.path = path
        self._warn = warn
        self._wanted: tuple[Memory, float] | None = None
        self._written: tuple[Memory, dict[str, float]] | None = None
        self._change = threading.Condition()
        self._closing = False
        self._failed = False
        self._thread: threading.Thread | None = None

    def load(self, rate: int) -> Memory:
        """What is remembered, quarantine in samples at `rate` from now on; nothing where it cannot be had."""
        for attempt in (1, 2):
            try:
                with self._open() as file:
                    return _read(file, rate, time())
            except (sqlite3.DatabaseError, msgspec.DecodeError, ValueError) as error:
                if isinstance(error, sqlite3.OperationalError) and not _damaged(error):
                    self._complain(f"what is remembered cannot be read ({error}): {self.path}")
                    return Memory()
                if attempt == 2 or not self._move_aside(error):
                    return Memory()
            except OSError as error:
                self._complain(f"what is remembered cannot be read ({error}): {self.path}")
                return Memory()
        return Memory()

    def note(self, memory: Memory, rate: int) -> None:
        """Remember this from now on; returns at once."""
        ends = {_key(d.item): time() + d.until_sample / rate for d in memory.quarantine}
        if self._written is not None and _same(self._written, (memory, ends)):
            return
        self._written = memory, ends
        with self._change:
            self._wanted = memory, rate
            if self._thread is None:
                self._thread = threading.Thread(target=self._write_on, name="memory", daemon=True)
                self._thread.start()
            self._change.notify()

    def close(self) -> None:
        """Write what is left."""
        with self._change:
            self._closing = True
            self._change.notify()
        if self._thread is not None:
            self._thread.join(5.0)

    def _write_on(self) -> None:
        while True:
            with self._change:
                while self._wanted is None and not self._closing:
                    self._change.wait()
                wanted, self._wanted = self._wanted, None
            if wanted is None:
                return
            self._write(*wanted)

    def _write(self, memory: Memory, rate: float) -> None:
        try:
            with self._open() as file:
                _store(file, memory, rate, time())
            self._failed = False
        except (sqlite3.Error, OSError) as error:
            self._written = None  # the next change tries again
            self._complain(f"bans and likings cannot be kept ({error}): {self.path}")

    @contextlib.contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """One transaction on the file, brought up to date first."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        file = sqlite3.connect(self.path, timeout=_BUSY_S, isolation_level=None)
        try:
            file.execute("PRAGMA journal_mode = WAL")
            file.execute("PRAGMA synchronous = FULL")
            file.execute("BEGIN IMMEDIATE")
            _migrate(file)
            yield file
            file.execute("COMMIT")
        finally:
            file.close()

    def _move_aside(self, error: Exception) -> bool:
        """A file that cannot be used makes way; True where it did."""
        aside = self.path.with_name(f"{self.path.name}.damaged-{int(time())}")
        try:
            self.path.rename(aside)
            for tail in ("-wal", "-shm"):
                self.path.with_name(self.path.name + tail).unlink(missing_ok=True)
        except OSError:
            self._complain(f"what is remembered is damaged and cannot be moved aside ({error}): {self.path}")
            return False
        self._complain(
            f"what was remembered is damaged ({error}); it is now {aside.name}, and a new file begins"
        )
        return True

    def _complain(self, sentence: str) -> None:
        if not self._failed:
            self._failed = True
            self._warn(sentence)


def _damaged(error: sqlite3.Error) -> bool:
    return getattr(error, "sqlite_errorname", "") in ("SQLITE_CORRUPT", "SQLITE_NOTADB", "SQLITE_ERROR")


def _migrate(file: sqlite3.Connection) -> None:
    file.execute("CREATE TABLE IF NOT EXISTS meta (version INTEGER)")
    row = file.execute("SELECT version FROM meta").fetchone()
    version = 0 if row is None else int(row[0])
    if version > len(MIGRATIONS):
        raise ValueError(f"it was written by a newer version, layout {version}")
    for statements in MIGRATIONS[version:]:
        for statement in statements:
            file.execute(statement)
    if version < len(MIGRATIONS):
        file.execute("DELETE FROM meta")
        file.execute("INSERT INTO meta VALUES (?)", (len(MIGRATIONS),))


def _key(item: Item) -> str:
    return f"{item.kind}:{item.key}"


def _read(file: sqlite3.Connection, rate: int, now: float) -> Memory:
    found: dict[str, list[tuple[Item, Any]]] = {"ban": [], "liking": [], "quarantine": [], "strikes": []}
    for what, kind, pack, ident, value in file.execute(
        "SELECT what, kind, pack, ident, value FROM items ORDER BY place, kind, pack, ident"
    ):
        item = msgspec.convert({"kind": kind, "pack": pack, "ident": msgspec.json.decode(ident)}, Item)
        if what in found:
            found[what].append((item, msgspec.json.decode(value)))
    left = [(item, reason, int((until - now) * rate)) for item, (reason, until) in found["quarantine"]]
    return Memory(
        banned=tuple(item for item, _ in found["ban"]),
        liked=tuple(Liked(item, int(steps)) for item, steps in found["liking"]),
        quarantine=tuple(
            Detention(item, str(reason), samples) for item, reason, samples in left if samples > 0
        ),
        strikes=tuple(Strikes(item, int(count)) for item, count in found["strikes"]),
        cue=_cue(file, rate, now),
    )


def _cue(file: sqlite3.Connection, rate: int, now: float) -> CuePlace | None:
    row = file.execute("SELECT list, scene, since, known FROM cue").fetchone()
    if row is None or now - float(row[3]) > CUE_S:
        return None
    return CuePlace(str(row[0]), int(row[1]), int((float(row[2]) - now) * rate))


def _store(file: sqlite3.Connection, memory: Memory, rate: float, now: float) -> None:
    rows: list[tuple[str, Item, Any]] = [("ban", item, None) for item in memory.banned]
    rows += [("liking", entry.item, entry.steps) for entry in memory.liked]
    rows += [("quarantine", d.item, [d.reason, now + d.until_sample / rate]) for d in memory.quarantine]
    rows += [("strikes", s.item, s.count) for s in memory.strikes]
    file.execute("DELETE FROM cue")
    if memory.cue is not None:
        since = now + memory.cue.since / rate
        file.execute("INSERT INTO cue VALUES (?, ?, ?, ?)", (memory.cue.list, memory.cue.scene, since, now))
    file.execute("DELETE FROM items")
    file.executemany(
        "INSERT INTO items (what, kind, pack, ident, value, place) VALUES (?, ?, ?, ?, ?, ?)",
        [
            (
                what,
                item.kind,
                item.pack,
                msgspec.json.encode(item.ident).decode(),
                msgspec.json.encode(value).decode(),
                place,
            )
            for place, (what, item, value) in enumerate(rows)
        ],
    )


def _same(one: tuple[Memory, dict[str, float]], other: tuple[Memory, dict[str, float]]) -> bool:
    """Whether both say the same; an end of quarantine may be a second off, since it is told in samples."""
    (a, ends_a), (b, ends_b) = one, other
    same = (a.banned, a.liked, a.strikes) == (b.banned, b.liked, b.strikes)
    places = [m.cue and (m.cue.list, m.cue.scene) for m in (a, b)]
    same = same and places[0] == places[1]
    return same and ends_a.keys() == ends_b.keys() and all(abs(ends_a[k] - ends_b[k]) < 1.0 for k in ends_a)
