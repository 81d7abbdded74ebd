"""Writes a session folder while the show runs: appended, chained, whole up to its last record always."""

from __future__ import annotations

import contextlib
import hashlib
import os
import zlib
from collections import deque
from collections.abc import Iterable
from pathlib import Path
from typing import Any, BinaryIO

import msgspec
import numpy as np
import soundfile

from daemon.errors import SessionError
from daemon.session_files import CATALOGS, LOGS, STATES, catalog_name, state_name
from daemon.session_header import Header
from selector.canonical import HashChain, canonical

TROUBLE = (OSError, soundfile.LibsndfileError, SessionError, AssertionError)
"""What writing may raise; soundfile asserts that all was written."""
SUMS_A_SECOND = 4  # what `kill -9` can cost, and how finely damage is located


class SessionWriter:
    """Appends to a session folder. Not thread-safe: one recorder owns it.

    Args:
        folder: created; must not hold a session yet.
        header: written at once, and again with `closed` at a clean end.
        audio: whether `audio.flac` is written (a replay leaves it out).
        state: where the header has a `start`, the engine's state there.
    """

    def __init__(
        self, folder: Path, header: Header, *, audio: bool = True, state: bytes | None = None
    ) -> None:
        self.folder = folder
        self.header = header
        self._states: list[int] = []
        self._catalogs: set[str] = set()
        self._unsynced: deque[tuple[int, str]] = deque()
        self._synced: deque[tuple[int, str]] = deque()
        first = 0 if header.start is None else int(header.start["sample"])
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if (folder / "session.json").exists():
                raise SessionError(
                    "a session is already here", where=str(folder), fix="choose another folder"
                )
            if header.start is not None:
                assert state is not None, "a session that begins in the middle needs the state there"
                self._write_state(first, state)
            self._files: dict[str, BinaryIO] = {name: (folder / f"{name}.jsonl").open("xb") for name in LOGS}
            self._audio = (
                soundfile.SoundFile(
                    folder / "audio.flac", "x", header.rate, 2, format="FLAC", subtype="PCM_24"
                )
                if audio
                else None
            )
            # Last, so that no instant leaves a session without its logs.
            self._write_header()
        except (OSError, soundfile.LibsndfileError) as error:
            raise SessionError(
                f"cannot record ({error})",
                where=str(folder),
                fix="check the folder's rights and the free space",
            ) from error
        self._inputs = HashChain()
        self._events = HashChain()
        self.samples = first
        self._every = header.rate // SUMS_A_SECOND
        self._summed = first
        self._sha = hashlib.sha256()

    def audio(self, block: np.ndarray) -> None:
        """Append analysed samples, int32[n, 2] holding 24-bit integers."""
        start = 0
        while start < len(block):
            room = self._summed + self._every - self.samples
            piece = np.ascontiguousarray(block[start : start + room])
            if self._audio is not None:
                self._audio.write(piece << 8)  # libsndfile takes the upper 24 bits of an int32
            self._sha.update(piece.astype("<i4", copy=False).tobytes())
            self.samples += len(piece)
            start += len(piece)
            if self.samples - self._summed == self._every:
                self._sum()

    def _sum(self) -> None:
        record = {
            "type": "audio",
            "sample": self.samples,
            "frames": self.samples - self._summed,
            "sha256": self._sha.hexdigest(),
        }
        self._line("inputs", self._inputs.seal(record))
        self._summed = self.samples
        self._sha = hashlib.sha256()

    def input(self, record: dict[str, Any]) -> None:
        """Append an input as the engine applied it."""
        self._line("inputs", self._inputs.seal(dict(record)))

    def pick(self, record: dict[str, Any]) -> None:
        """Append a pick or outcome record, already sealed by the selector."""
        self._line("picks", record)

    def event(self, record: dict[str, Any]) -> None:
        """Append a beat, section, tempo, state or activation."""
        self._line("events", self._events.seal(dict(record)))

    def records(self, records: Iterable[tuple[str, dict[str, Any]]]) -> None:
        """Append records to the logs that they name, in order."""
        append = {"inputs": self.input, "picks": self.pick, "events": self.event}
        for log, record in records:
            append[log](record)

    def state(self, sample: int, state: bytes) -> None:
        """Keep the engine's state at a sample, as `engine_state.dump` gave it: some 10 ms and a sync."""
        self._write_state(sample, state)
        # On the disk before its record is: a record that is there names a file that is there.
        _sync(self.folder / state_name(sample))
        self._state_record(sample, hashlib.sha256(state).hexdigest())

    def state_later(self, sample: int, state: bytes) -> None:
        """The same without waiting for the disk: the record follows with the first `flush` after a `sync`."""
        self._write_state(sample, state)
        self._unsynced.append((sample, hashlib.sha256(state).hexdigest()))

    def catalog(self, data: bytes) -> None:
        """Keep a catalogue (`Catalog.to_json`) that an input of type `packs` is about to name."""
        sha256 = hashlib.sha256(data).hexdigest()
        _replace(self.folder / catalog_name(sha256), data)
        # As with a state: a record that is there names a file that is there.
        _sync(self.folder / catalog_name(sha256))
        self._catalogs.add(sha256)

    def _state_record(self, sample: int, sha256: str) -> None:
        self.input({"type": "state", "sample": sample, "sha256": sha256})

    def _write_state(self, sample: int, state: bytes) -> None:
        _replace(self.folder / state_name(sample), zlib.compress(state, 1))
        self._states.append(sample)

    def _line(self, log: str, record: dict[str, Any]) -> None:
        self._files[log].write(canonical(record) + b"\n")

    def flush(self) -> None:
        """Hand everything to the system: from here on it outlives this process."""
        while self._synced:
            self._state_record(*self._synced.popleft())
        for file in self._files.values():
            file.flush()

    def sync(self) -> None:
        """Bring what the system was handed onto the disk.

        A slow disk takes seconds, so this may be called from another thread: one at a time, and not during
        `close` or `abandon`.
        """
        states = list(self._unsynced)
        for name in ("session.json", *self._names(), STATES, CATALOGS, "."):
            _sync(self.folder / name)
        for state in states:
            self._synced.append(state)
            self._unsynced.popleft()

    def _names(self) -> list[str]:
        """All that was written, but the header."""
        names = [f"{name}.jsonl" for name in LOGS] + (["audio.flac"] if self._audio is not None else [])
        states, catalogs = map(state_name, self._states), map(catalog_name, self._catalogs)
        return sorted({*names, *states, *catalogs})

    def settle(self) -> None:
        """Hand over all there is, the last samples and their checksum too; then only `close` may follow."""
        if self.samples > self._summed:
            self._sum()
        if self._audio is not None:
            self._audio.close()
        self.flush()

    def close(self) -> None:
        """A clean end: the last checksum, then the sha256 of every file in the header."""
        self.settle()
        self.abandon()
        first = 0 if self.header.start is None else int(self.header.start["sample"])
        self.header.closed = {
            "samples": self.samples - first,
            "files": {name: file_sha256(self.folder / name) for name in self._names()},
        }
        self._write_header(sync=True)
        self.sync()

    def abandon(self) -> None:
        """Close the files without a clean end: what is missing at the end, nobody knows."""
        with contextlib.ExitStack() as closing:  # each of them, even if the disk is full
            for file in self._files.values():
                closing.callback(file.close)
            if self._audio is not None:
                closing.callback(self._audio.close)
            self.flush()
            self.sync()
            self.flush()
        self.sync()

    def _write_header(self, *, sync: bool = False) -> None:
        target = self.folder / "session.json"
        draft = self.folder / "session.json.part"
        draft.write_bytes(msgspec.json.format(canonical(msgspec.to_builtins(self.header)), indent=1) + b"\n")
        if sync:  # it replaces one that is good
            _sync(draft)
        draft.replace(target)


def _replace(path: Path, data: bytes) -> None:
    """Write a file of a folder within the session: whole, or not at all."""
    path.parent.mkdir(exist_ok=True)
    draft = path.with_suffix(".part")
    draft.write_bytes(data)
    draft.replace(path)


def _sync(path: Path) -> None:
    with contextlib.suppress(FileNotFoundError):
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def file_sha256(path: Path) -> str:
    """sha256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
