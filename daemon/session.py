"""A session folder: written while the show runs, read back for replay, verify and explain.

The three logs are hash chains of canonical JSON lines. `inputs.jsonl` carries, four times a second,
the sha256 of the samples that were analysed, so that damage of `audio.flac` is located.
See `docs/file-formats.md`.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import msgspec
import numpy as np
import soundfile

from daemon.beat_engine import engine_name, replay_exact
from daemon.config import Config
from daemon.errors import SessionError
from daemon.fingerprint import code_sha256, tool_version
from dsp.hop import hop_of
from selector.canonical import GENESIS, HashChain, canonical, check
from selector.catalog import Catalog

FORMAT = 1
LOGS = ("inputs", "picks", "events")
READ_FRAMES = 4096  # a FLAC block: what can be lost of a file whose end was never written
MAX_LINE = 1 << 20
SUMS_A_SECOND = 4  # what `kill -9` can cost, and how finely damage is located


class Header(msgspec.Struct, kw_only=True, rename="camel"):
    """`session.json`: all that an engine needs besides samples and inputs, and what made it."""

    v: int
    session: str
    started_at: str
    version: str
    code: str  # sha256 of the sources a pick depends on
    seed: int
    rate: int
    hop: int
    config: dict[str, Any]
    config_sha256: str
    catalog: dict[str, Any]
    catalog_sha256: str
    input: dict[str, Any]
    beat_engine: str = "internal"  # with its version where it is not ours
    replay_exact: bool = True  # whether every machine hears the same bits
    resume: dict[str, Any] | None = None
    closed: dict[str, Any] | None = None


def new_header(
    config: Config,
    catalog: Catalog,
    *,
    session: str,
    seed: int,
    rate: int,
    source: dict[str, Any],
    started_at: str = "",
    resume: dict[str, Any] | None = None,
) -> Header:
    """The header of a session that begins now, made by this code.

    Args:
        config: resolved.
        catalog: what can be picked.
        session: its id.
        seed: of every draw.
        rate: sample rate in Hz.
        source: where the sound comes from, for a person.
        started_at: wall clock, ISO 8601; empty for a replay.
        resume: state of an engine that this session continues.
    """
    return Header(
        v=FORMAT,
        session=session,
        started_at=started_at,
        version=tool_version(),
        code=code_sha256(),
        seed=seed,
        rate=rate,
        hop=hop_of(rate),
        config=msgspec.to_builtins(config),
        config_sha256=config.decision_sha256(),
        catalog=json.loads(catalog.to_json()),
        catalog_sha256=catalog.sha256,
        input=source,
        beat_engine=engine_name(config.dsp),
        replay_exact=replay_exact(config.dsp),
        resume=resume,
    )


class SessionWriter:
    """Appends to a session folder. Not thread-safe: one recorder owns it.

    Args:
        folder: created; must not hold a session yet.
        header: written at once, and again with `closed` at a clean end.
        audio: whether `audio.flac` is written (a replay leaves it out).
    """

    def __init__(self, folder: Path, header: Header, *, audio: bool = True) -> None:
        self.folder = folder
        self.header = header
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if (folder / "session.json").exists():
                raise SessionError(
                    "a session is already here", where=str(folder), fix="choose another folder"
                )
            self._write_header()
            self._files: dict[str, BinaryIO] = {name: (folder / f"{name}.jsonl").open("xb") for name in LOGS}
            self._audio = (
                soundfile.SoundFile(
                    folder / "audio.flac", "x", header.rate, 2, format="FLAC", subtype="PCM_24"
                )
                if audio
                else None
            )
        except (OSError, soundfile.LibsndfileError) as error:
            raise SessionError(
                f"cannot record ({error})",
                where=str(folder),
                fix="check the folder's rights and the free space",
            ) from error
        self._inputs = HashChain()
        self._events = HashChain()
        self.samples = 0
        self._every = header.rate // SUMS_A_SECOND
        self._summed = 0
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

    def _line(self, log: str, record: dict[str, Any]) -> None:
        self._files[log].write(canonical(record) + b"\n")

    def flush(self) -> None:
        """Hand everything to the system: from here on it outlives this process."""
        for file in self._files.values():
            file.flush()

    def sync(self) -> None:
        """Bring everything written so far onto the disk."""
        for file in self._files.values():
            file.flush()
            os.fsync(file.fileno())
        if self._audio is not None:
            self._audio.flush()

    def close(self) -> None:
        """A clean end: the last checksum, then the sha256 of every file in the header."""
        if self.samples > self._summed:
            self._sum()
        self.abandon()
        names = [f"{name}.jsonl" for name in LOGS] + (["audio.flac"] if self._audio is not None else [])
        self.header.closed = {
            "samples": self.samples,
            "files": {name: file_sha256(self.folder / name) for name in sorted(names)},
        }
        self._write_header()

    def abandon(self) -> None:
        """Close the files without a clean end: what is missing at the end, nobody knows."""
        self.sync()
        for file in self._files.values():
            file.close()
        if self._audio is not None:
            self._audio.close()

    def _write_header(self) -> None:
        target = self.folder / "session.json"
        draft = self.folder / "session.json.part"
        with draft.open("wb") as file:
            file.write(msgspec.json.format(canonical(msgspec.to_builtins(self.header)), indent=1) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        draft.replace(target)


def file_sha256(path: Path) -> str:
    """sha256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class SessionReader:
    """A session folder, opened for reading.

    Raises:
        SessionError: no session here, or its header cannot be used.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        path = folder / "session.json"
        try:
            self.header = msgspec.json.decode(path.read_bytes(), type=Header)
        except OSError as error:
            raise SessionError(
                "no session here", where=str(folder), fix="name a folder that holds a session.json"
            ) from error
        except (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError) as error:
            raise SessionError(
                f"damaged header ({error})", where=str(path), fix="it cannot be replayed"
            ) from error
        if self.header.v != FORMAT:
            raise SessionError(
                f"session format {self.header.v}, this version reads {FORMAT}",
                where=str(path),
                fix="use the version named in it",
            )

    def lines(self, log: str) -> Iterator[bytes]:
        """Whole lines of a log, without their line ends; a torn last line is left out."""
        path = self.folder / f"{log}.jsonl"
        try:
            with path.open("rb") as file:
                while line := file.readline(MAX_LINE):
                    if not line.endswith(b"\n"):
                        if len(line) == MAX_LINE:
                            raise SessionError(
                                f"a line of more than {MAX_LINE} bytes",
                                where=str(path),
                                fix="the log is damaged",
                            )
                        return
                    yield line[:-1]
        except OSError as error:
            raise SessionError(
                f"cannot be read ({error.strerror})", where=str(path), fix="restore it"
            ) from error

    def records(self, log: str) -> list[dict[str, Any]]:
        """Every record of a log, its chain checked.

        Raises:
            SessionError: naming file and line of the first record that is not what was written.
        """
        lines = list(self.lines(log))
        bad = self.first_bad(log, lines)
        if bad is not None:
            raise SessionError(
                "the record was changed or is missing (its hash does not fit the chain)",
                where=f"{self.folder / log}.jsonl line {bad + 1}",
                fix="restore the file; everything before this line still verifies",
            )
        return [json.loads(line) for line in lines]

    def first_bad(self, log: str, lines: list[bytes]) -> int | None:
        """Index of the first line that breaks the chain of a log, or None."""
        resumed = self.header.resume if log == "picks" else None
        return check(lines, prev=resumed["prev"] if resumed else GENESIS)

    def audio(self) -> Iterator[np.ndarray]:
        """The analysed samples, int32[n, 2] with n up to 4096, as far as they can be decoded."""
        path = self.folder / "audio.flac"
        try:
            with soundfile.SoundFile(path) as file:
                if file.samplerate != self.header.rate or file.channels != 2:
                    raise SessionError(
                        f"{file.samplerate} Hz, {file.channels} channels, "
                        f"but the session is {self.header.rate} Hz stereo",
                        where=str(path),
                        fix="restore the file",
                    )
                while len(block := file.read(READ_FRAMES, dtype="int32", always_2d=True)):
                    yield block >> 8
        except soundfile.LibsndfileError:
            # A damaged or unfinished file ends here; the checksums in inputs.jsonl tell which.
            return
        except OSError as error:
            raise SessionError(f"cannot be read ({error})", where=str(path), fix="restore it") from error
