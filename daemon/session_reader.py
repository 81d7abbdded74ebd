"""Reads a session folder that somebody else may have made: nothing in it is trusted."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import soundfile

from daemon.errors import SessionError
from daemon.session_files import (
    LOGS,
    MAX_CATALOG,
    MAX_STATE,
    catalog_name,
    inflate,
    lines_inside,
    open_inside,
    read_inside,
    sha256_inside,
    state_name,
)
from daemon.session_header import FORMAT, Closed, Header, Start
from daemon.session_log import CHANGED, BrokenChainError, SealedLog
from dsp.hop import hop_of
from selector.canonical import GENESIS

READ_FRAMES = 4096  # a FLAC block: what can be lost of a file whose end was never written
MAX_HEADER = 16 << 20
MAX_LOG = 1 << 31


class SessionReader:
    """A session folder, opened for reading. Nothing in it is trusted.

    Attributes:
        folder: where it is.
        header: as it stands there.
        start: where it begins, if in the middle.
        closed: what its clean end says, if it has one.

    Raises:
        SessionError: no session here, or its header cannot be used.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        where = str(folder / "session.json")
        if not os.path.lexists(folder / "session.json"):
            raise SessionError(
                "no session here", where=str(folder), fix="name a folder that holds a session.json"
            )
        try:
            self.header = header = msgspec.json.decode(
                read_inside(folder, "session.json", MAX_HEADER), type=Header
            )
            self.start = None if header.start is None else msgspec.convert(header.start, Start)
            if self.start is not None and sorted(self.start.prev) != sorted(LOGS):
                raise ValueError(f"`start.prev` names {', '.join(self.start.prev)}")
            self.closed = None if header.closed is None else msgspec.convert(header.closed, Closed)
        except (ValueError, RecursionError) as error:  # msgspec's errors are ValueErrors
            raise SessionError(
                f"damaged header ({error})", where=where, fix="it cannot be replayed"
            ) from error
        if header.v != FORMAT:
            raise SessionError(
                f"session format {header.v}, this version reads {FORMAT}",
                where=where,
                fix="use the version named in it",
            )
        if header.hop != hop_of(header.rate) or self.first % header.hop:
            raise SessionError(
                f"damaged header (hop {header.hop} at {header.rate} Hz, from sample {self.first})",
                where=where,
                fix="it cannot be replayed",
            )

    @property
    def first(self) -> int:
        """Its first sample."""
        return 0 if self.start is None else self.start.sample

    def first_prev(self, log: str) -> str:
        """The hash that the first line of a log must name as the one before."""
        if self.start is not None:
            return self.start.prev.get(log, GENESIS)
        resumed = self.header.resume if log == "picks" else None
        return str(resumed.get("prev", GENESIS)) if resumed else GENESIS

    def lines(self, log: str, offset: int = 0) -> Iterator[bytes]:
        """Whole lines of a log from a byte on, without their line ends; a torn last line is left out."""
        return lines_inside(self.folder, f"{log}.jsonl", offset)

    @property
    def length(self) -> int:
        """Samples in the folder, for progress; 0 where its end is not known."""
        return self.closed.samples if self.closed else 0

    def sealed(self, log: str) -> SealedLog:
        """A log as its chain is checked, line by line; after a clean end no line is torn."""
        lines = lines_inside(self.folder, f"{log}.jsonl", torn=self.closed is not None)
        return SealedLog(lines, self.first_prev(log))

    def checked(self, log: str) -> Iterator[dict[str, Any]]:
        """Every record of a log, each once its place in the chain was checked.

        Raises:
            SessionError: naming file and line of the first record that is not what was written.
        """
        try:
            yield from self.sealed(log)
        except BrokenChainError as broken:
            raise SessionError(
                CHANGED,
                where=self.line(log, broken.number),
                fix="restore the file; everything before this line still verifies",
            ) from broken

    def line(self, log: str, number: int) -> str:
        """How a line of a log is named in messages, from 1."""
        return f"{self.folder / log}.jsonl line {number}"

    def records(self, log: str) -> list[dict[str, Any]]:
        """Every record of a log at once; see `checked`."""
        return list(self.checked(log))

    def state(self, sample: int) -> bytes:
        """The engine's state that was kept at a sample, for `engine_state.restore`.

        Raises:
            SessionError: it is missing or damaged.
        """
        name = state_name(sample)
        return inflate(read_inside(self.folder, name, MAX_STATE), MAX_STATE, str(self.folder / name))

    def catalog(self, sha256: str) -> bytes:
        """The catalogue of that sha256 (hex), to which packs changed, for `Catalog.from_json`; not checked.

        Raises:
            SessionError: it is missing or larger than it can be.
        """
        return read_inside(self.folder, catalog_name(sha256), MAX_CATALOG)

    def file_sha256(self, name: str) -> str:
        """sha256 (hex) of one of its files; empty where it is larger than it can be."""
        samples = self.closed.samples if self.closed else 0
        # Incompressible sound takes six bytes a sample.
        limit = 8 * samples + (1 << 20) if name == "audio.flac" else MAX_LOG
        return sha256_inside(self.folder, name, limit)

    def audio(self, first: int | None = None) -> Iterator[np.ndarray]:
        """The analysed samples, int32[n, 2] with n up to 4096, as far as they can be decoded.

        Args:
            first: sample to begin with; the session's first by default.

        Raises:
            SessionError: there is no such file, or it is of another format.
        """
        path = self.folder / "audio.flac"
        skip = 0 if first is None else first - self.first
        with open_inside(self.folder, "audio.flac") as plain:
            try:
                with soundfile.SoundFile(plain.fileno(), closefd=False) as file:
                    if (file.format, file.samplerate, file.channels) != ("FLAC", self.header.rate, 2):
                        raise SessionError(
                            f"{file.format}, {file.samplerate} Hz, {file.channels} channels, "
                            f"but the session is FLAC, {self.header.rate} Hz, stereo",
                            where=str(path),
                            fix="restore the file",
                        )
                    if skip:
                        file.seek(skip)
                    # In step with the blocks of the file, so that a torn end costs no more than one.
                    frames = READ_FRAMES - skip % READ_FRAMES
                    while len(block := file.read(frames, dtype="int32", always_2d=True)):
                        yield block >> 8
                        frames = READ_FRAMES
            except (soundfile.LibsndfileError, OverflowError):
                # A damaged or unfinished file ends here; the checksums in inputs.jsonl tell which.
                return
