"""Does a recording replay to the bytes that were recorded? If not: where, and why.

Behind this: `outline` reads the inputs, `stretches` replays what lies between two recorded states (in several
processes: `verify_jobs`), `checked_audio` gives the samples, `verdict` says who is to blame.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Literal

from daemon.fingerprint import code_sha256
from daemon.outline import Outline
from daemon.replay import StateError, recorded_state
from daemon.session import LOGS, SessionReader
from daemon.session_files import catalog_name, state_name
from daemon.session_log import CHANGED, BrokenChainError
from daemon.stretches import Line, Stretch, replay, stretches
from daemon.verdict import Cause, DivergedError, Verdict, blame, difference, opened
from daemon.verify_jobs import TASKS_A_JOB, replay_in_parallel
from selector.canonical import HashChain, canonical

__all__ = ["Verdict", "verify"]

WORTH_S = 120.0
"""Seconds of audio from which several processes are worth their start."""


def verify(
    reader: SessionReader,
    *,
    block: int | None = None,
    jobs: int = 1,
    progress: Callable[[int], None] | None = None,
) -> Verdict:
    """Check every hash, replay, and compare byte for byte.

    Args:
        reader: of the session.
        block: feed blocks of this length (changes nothing).
        jobs: processes that replay, each its own stretches; a short session is replayed in this one.
        progress: called with the number of samples replayed.

    Raises:
        SessionError: the folder cannot be read at all.
    """
    verdict = opened(reader.header)

    def shown(position: int) -> None:
        if progress:
            progress(position - reader.first)

    try:
        outline = Outline(reader)
        _header_of_picks(reader, outline)
        verdict.inputs, verdict.states = outline.inputs, len(outline.marks)
        _closed(reader, outline)
        tasks = _tasks(reader, outline, jobs)
        lines = (
            replay(reader, tasks[0], block=block, progress=shown)
            if len(tasks) == 1
            else replay_in_parallel(reader, tasks, jobs, block=block, progress=shown)
        )
        _compare(reader, lines, verdict)
        for mark in outline.marks:
            recorded_state(reader, mark.sample, mark.sha256)
        _closed_files(reader)
        verdict.identical = True
    except StateError as error:
        verdict.cause, verdict.where, verdict.message = "state", error.where, error.what
    except DivergedError as found:
        verdict.cause, verdict.where, verdict.message = found.cause, found.where, found.message
    return verdict


def _tasks(reader: SessionReader, outline: Outline, jobs: int) -> list[Stretch]:
    same_code = reader.header.code == code_sha256()
    long = outline.summed - reader.first >= WORTH_S * reader.header.rate
    tasks = stretches(reader, outline, jobs * TASKS_A_JOB if jobs > 1 and long and same_code else 1)
    # Other code may decide the same and still keep other things in mind.
    return tasks if same_code else [task._replace(marks=()) for task in tasks]


def _header_of_picks(reader: SessionReader, outline: Outline) -> None:
    """Whether the picks were made under the header that lies beside them."""
    header, where = reader.header, str(reader.folder / "session.json")
    log = reader.sealed("picks")
    try:
        first = next((record for record in log if record.get("type") == "pick"), None)
    except BrokenChainError as broken:
        raise DivergedError("picks", reader.line("picks", broken.number), CHANGED) from broken
    if first is None:
        return
    parts: tuple[tuple[Cause, str, Any], ...] = (
        ("config", "seed", header.seed),
        ("config", "config", header.config_sha256[:16]),
        ("catalogue", "catalog", header.catalog_sha256[:16]),
    )
    for cause, name, told in parts:
        if name == "catalog" and outline.catalogues:
            continue  # the first pick may come after the first change: the replay will tell
        if first.get(name) != told:
            raise DivergedError(
                cause, where, f"`{name}` is {told}, but the picks were made with {first.get(name)!r}"
            )


def _closed(reader: SessionReader, outline: Outline) -> None:
    """What the clean end says, as far as no replay is needed for it."""
    closed, where = reader.closed, str(reader.folder / "session.json")
    if closed is None:
        return
    files = {f"{log}.jsonl" for log in LOGS} | {state_name(mark.sample) for mark in outline.marks}
    files |= {catalog_name(sha256) for _, sha256 in outline.catalogues}
    if reader.start is not None:
        files.add(state_name(reader.start.sample))
    if outline.summed > reader.first:
        files.add("audio.flac")
    for missing in sorted(files - closed.files.keys()):
        raise DivergedError("file", where, f"the clean end does not name {missing}")
    for odd in sorted(closed.files.keys() - files):
        raise DivergedError(
            "file", where, f"the clean end names {odd[:100]!r}, which is no file of this session"
        )
    if outline.summed - reader.first != closed.samples:
        raise DivergedError(
            "input",
            str(reader.folder / "inputs.jsonl"),
            f"{closed.samples} samples were analysed, but {outline.summed - reader.first} are summed up",
        )


def _closed_files(reader: SessionReader) -> None:
    """Whether the files are those that were closed: last, since all else says better what is wrong."""
    if reader.closed is None:
        return
    for name, sha256 in sorted(reader.closed.files.items()):
        if reader.file_sha256(name) != sha256:
            path = str(reader.folder / name)
            if name == "audio.flac":
                message = "the samples are right, but the file around them is not the one that was closed"
                raise DivergedError("audio", path, message)
            raise DivergedError("file", path, "the file is not the one that was closed")


class _Recorded:
    """A log as it was recorded, read along with the replay."""

    def __init__(self, reader: SessionReader, log: Literal["picks", "events"]) -> None:
        self._reader = reader
        self._name: Literal["picks", "events"] = log
        self._log = reader.sealed(log)
        # Picks come sealed from the selector, events do not.
        self._chain = HashChain(reader.first_prev(log)) if log == "events" else None
        self.count = 0

    def next(self) -> bool:
        """Go on to the next record; False at the end of the log."""
        try:
            if self._log.next() is None:
                return False
        except BrokenChainError as broken:
            where = self._reader.line(self._name, broken.number)
            raise DivergedError(self._name, where, CHANGED) from broken
        self.count += 1
        return True

    def compare(self, said: Any) -> None:
        """Compare the next record with what the replay says."""
        line = canonical(self._chain.seal(said)) if self._chain else said
        where = self._reader.line(self._name, self.count + 1)
        if not self.next():
            if self._reader.closed is not None:
                raise blame(self._reader.header, where, f"the replay adds {line.decode()[:200]}")
        elif line != self._log.line:
            raise blame(self._reader.header, where, difference(self._log.line, line))

    def rest(self) -> int:
        """Read what the replay did not come to, and count it."""
        where = self._reader.line(self._name, self.count + 1)
        before = self.count
        while self.next():
            pass
        missing = self.count - before
        if missing and self._reader.closed is not None:
            raise blame(self._reader.header, where, f"{missing} recorded but not reproduced")
        return missing


def _compare(reader: SessionReader, lines: Iterator[Line | int], verdict: Verdict) -> None:
    recorded = {"picks": _Recorded(reader, "picks"), "events": _Recorded(reader, "events")}
    position = reader.first
    for item in lines:
        if isinstance(item, int):
            position = item
        else:
            recorded[item[0]].compare(item[1])
    verdict.samples = position - reader.first
    verdict.seconds = round(verdict.samples / reader.header.rate, 3)
    verdict.unverified = sum(log.rest() for log in recorded.values())
    verdict.picks, verdict.events = recorded["picks"].count, recorded["events"].count
    if verdict.unverified:
        verdict.unverifiable.append(
            f"{verdict.unverified} records after the last audio: what they were made from is not there"
        )
