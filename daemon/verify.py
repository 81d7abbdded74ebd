"""Does a recording replay to the bytes that were recorded? If not: where, and why."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from typing import Any, Literal

import msgspec
import numpy as np

from daemon.beat_engine import aubio_name
from daemon.engine import Engine, log_records
from daemon.errors import SessionError
from daemon.fingerprint import code_sha256, tool_version
from daemon.replay import drive, engine_of
from daemon.session import SessionReader, file_sha256
from selector.canonical import HashChain, canonical

Cause = Literal["", "audio", "input", "file", "picks", "events", "code", "engine", "inexact"]
INEXACT = (
    "aubio is exact only on the machine that recorded, so a difference elsewhere does not show that "
    "the session was changed"
)


class Verdict(msgspec.Struct, kw_only=True):
    """What `verify` found. `cause` is empty when everything is identical."""

    session: str
    identical: bool
    cause: Cause = ""
    where: str = ""
    message: str = ""
    samples: int = 0
    picks: int = 0
    events: int = 0
    inputs: int = 0
    unverified: int = 0  # records after the last audio that could be replayed
    clean_end: bool = True
    notes: list[str] = []


class _DivergedError(Exception):
    def __init__(self, cause: Cause, where: str, message: str) -> None:
        super().__init__(message)
        self.cause, self.where, self.message = cause, where, message


def verify(
    reader: SessionReader, *, block: int | None = None, progress: Callable[[int], None] | None = None
) -> Verdict:
    """Check every hash, then replay and compare byte for byte.

    Raises:
        SessionError: the folder cannot be read at all.
    """
    header = reader.header
    verdict = Verdict(session=header.session, identical=False, clean_end=header.closed is not None)
    if header.closed is None:
        verdict.notes.append("the session has no clean end; it is checked up to its last whole record")
    if header.code != code_sha256():
        verdict.notes.append(f"recorded by other code ({header.version}), verified by {tool_version()}")
    if not header.replay_exact:
        verdict.notes.append(f"beats by {header.beat_engine}, verified with {aubio_name()}: {INEXACT}")
    try:
        _check(reader, verdict, block, progress)
        verdict.identical = True
    except _DivergedError as found:
        verdict.cause, verdict.where, verdict.message = found.cause, found.where, found.message
        if found.cause == "engine" and not header.replay_exact:
            verdict.cause, verdict.message = "inexact", f"{found.message}; {INEXACT}"
    return verdict


def _check(
    reader: SessionReader, verdict: Verdict, block: int | None, progress: Callable[[int], None] | None
) -> None:
    inputs = _records(reader, "inputs", "input")
    expected = {log: list(reader.lines(log)) for log in ("picks", "events")}
    for log, cause in (("picks", "picks"), ("events", "events")):
        _chain(reader, log, expected[log], cause)  # type: ignore[arg-type]
    verdict.inputs = sum(record["type"] != "audio" for record in inputs)
    verdict.picks, verdict.events = len(expected["picks"]), len(expected["events"])
    closed = reader.header.closed
    if closed is not None:
        _closed_files(reader, closed["files"])
    engine = engine_of(reader)
    checksums = [record for record in inputs if record["type"] == "audio"]
    audio = _checked_audio(reader, checksums)
    verdict.samples = _compare(reader, engine, audio, inputs, expected, verdict, block, progress)


def _records(reader: SessionReader, log: str, cause: Cause) -> list[dict[str, Any]]:
    try:
        return reader.records(log)
    except SessionError as error:
        raise _DivergedError(cause, error.where, error.what) from error


def _chain(reader: SessionReader, log: str, lines: list[bytes], cause: Cause) -> None:
    bad = reader.first_bad(log, lines)
    if bad is not None:
        raise _DivergedError(
            cause,
            f"{reader.folder / log}.jsonl line {bad + 1}",
            "the record was changed or is missing (its hash does not fit the chain)",
        )


def _checked_audio(reader: SessionReader, checksums: list[dict[str, Any]]) -> Iterator[np.ndarray]:
    """The samples of every stretch whose checksum holds; a wrong one names the time."""
    path = reader.folder / "audio.flac"
    held: list[np.ndarray] = []
    count = 0
    source = reader.audio()
    rest = np.empty((0, 2), dtype=np.int32)
    for number, record in enumerate(checksums):
        frames, end = record["frames"], record["sample"]
        held, count = ([rest], len(rest)) if len(rest) else ([], 0)
        while count < frames and (samples := next(source, None)) is not None:
            held.append(samples)
            count += len(samples)
        joined = np.concatenate(held) if held else rest
        if count < frames:
            if reader.header.closed is None and number == len(checksums) - 1:
                return  # the writer died before the encoder gave up its last block
            raise _DivergedError(
                "audio",
                f"{path} second {(end - frames + count) / reader.header.rate:.2f}",
                "the audio ends or cannot be decoded here, but more was analysed",
            )
        stretch, rest = joined[:frames], joined[frames:]
        if (
            hashlib.sha256(np.ascontiguousarray(stretch, dtype="<i4").tobytes()).hexdigest()
            != record["sha256"]
        ):
            raise _DivergedError(
                "audio",
                f"{path} seconds {(end - frames) / reader.header.rate:.2f} to {end / reader.header.rate:.2f}",
                "the audio is not what was analysed",
            )
        yield stretch
    if reader.header.closed is not None and (len(rest) or next(source, None) is not None):
        raise _DivergedError("audio", str(path), "there is more audio than was analysed")


def _closed_files(reader: SessionReader, files: dict[str, str]) -> None:
    for name, sha256 in files.items():
        path = reader.folder / name
        if name == "audio.flac":
            continue  # its samples are checked first, since they tell the second
        if file_sha256(path) != sha256:
            raise _DivergedError("file", str(path), "the file is not the one that was closed")


def _compare(
    reader: SessionReader,
    engine: Engine,
    audio: Iterator[np.ndarray],
    inputs: list[dict[str, Any]],
    expected: dict[str, list[bytes]],
    verdict: Verdict,
    block: int | None,
    progress: Callable[[int], None] | None,
) -> int:
    chains = {"events": HashChain()}
    seen = dict.fromkeys(expected, 0)
    for hop in drive(engine, audio, inputs, block=block, progress=progress):
        for log, record in log_records(hop):
            line = canonical(chains[log].seal(dict(record)) if log in chains else record)
            at = seen[log]
            if at < len(expected[log]) and line != expected[log][at]:
                raise _DivergedError(
                    "code" if reader.header.code != code_sha256() else "engine",
                    f"{reader.folder / log}.jsonl line {at + 1}",
                    _difference(expected[log][at], line),
                )
            if at >= len(expected[log]) and reader.header.closed is not None:
                raise _DivergedError(
                    "engine",
                    f"{reader.folder / log}.jsonl line {at + 1}",
                    f"the replay adds {line.decode()[:200]}",
                )
            seen[log] = at + 1
    for log, lines in expected.items():
        missing = len(lines) - seen[log]
        if missing > 0 and reader.header.closed is not None:
            raise _DivergedError(
                "engine",
                f"{reader.folder / log}.jsonl line {seen[log] + 1}",
                f"{missing} recorded but not reproduced",
            )
        verdict.unverified += max(0, missing)
    _audio_file(reader)
    return engine.position


def _audio_file(reader: SessionReader) -> None:
    closed = reader.header.closed
    path = reader.folder / "audio.flac"
    if (
        closed is not None
        and "audio.flac" in closed["files"]
        and file_sha256(path) != closed["files"]["audio.flac"]
    ):
        raise _DivergedError(
            "audio",
            str(path),
            "the samples are right, but the file around them is not the one that was closed",
        )


def _difference(recorded: bytes, replayed: bytes) -> str:
    """The first field in which two records differ."""
    old, new = msgspec.json.decode(recorded), msgspec.json.decode(replayed)
    for key in sorted(old.keys() | new.keys()):
        if key not in ("prev", "hash") and old.get(key) != new.get(key):
            return f"`{key}` was {old.get(key)!r}, replayed {new.get(key)!r}"
    return "the chain before this record differs"
