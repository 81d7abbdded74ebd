"""A session in stretches from one recorded state to the next, each of which replays on its own.

A stretch begins in the state that was recorded and must end in the next one: if all of them do, and the first
begins where the session does, the whole is proved.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from daemon import engine_state
from daemon.checked_audio import checked_audio
from daemon.engine import Engine, log_records
from daemon.errors import SessionError
from daemon.outline import Mark, Outline, effects, sums
from daemon.replay import ENGINE_FAULTS, HeaderError, StateError, drive, engine_for, engine_of, take_up
from daemon.session import SessionReader
from daemon.verdict import DivergedError, blame
from selector.canonical import canonical

Line = tuple[str, Any]
"""Log and what it says: bytes of a sealed pick or outcome, or an event without its place in the chain."""


class Stretch(NamedTuple):
    """What one replay covers.

    Attributes:
        first: sample with which it begins.
        state: recorded there; None where the session begins.
        end: sample before which it ends.
        marks: states within it and at its end, which must be met.
        summed: sample up to which the session has checksums.
        effects, sums: bytes of the inputs from which to read them.
        catalogue: sha256 of the one with which it begins; empty for that of the header.
    """

    first: int
    state: Mark | None
    end: int
    marks: tuple[Mark, ...]
    summed: int
    effects: int
    sums: int
    catalogue: str


def stretches(reader: SessionReader, outline: Outline, most: int) -> list[Stretch]:
    """The session in at most so many stretches of about the same length."""
    whole = outline.summed - reader.first
    borders: list[Mark] = []
    for mark in outline.marks:
        if (
            len(borders) < most - 1
            and mark.sample - reader.first >= (len(borders) + 1) * whole / most
            and mark.sample < outline.summed
        ):
            borders.append(mark)
    begins: list[Mark | None] = [None, *borders]
    firsts = [reader.first, *(mark.sample for mark in borders)]
    ends = [*firsts[1:], outline.summed]
    return [
        Stretch(
            first,
            state,
            end,
            tuple(mark for mark in outline.marks if first < mark.sample <= end),
            outline.summed,
            *outline.offsets(first),
            outline.catalogue_at(first),
        )
        for first, state, end in zip(firsts, begins, ends, strict=True)
    ]


def engine_at(reader: SessionReader, state: Mark | None, catalogue: str = "") -> Engine:
    """The engine as it was at a recorded state, or where the session begins.

    Args:
        reader: of the session.
        state: recorded; None for where it begins.
        catalogue: sha256 of the one in force at the state; empty for that of the header.

    Raises:
        DivergedError: header or state are not what they should be.
    """
    try:
        if state is None:
            return engine_of(reader)
        engine = engine_for(reader, catalogue=catalogue)
        take_up(engine, reader, state.sample, state.sha256)
    except HeaderError as error:
        raise DivergedError(error.part, error.where, error.what) from error
    except StateError as error:
        raise DivergedError("state", error.where, error.what) from error
    return engine


def replay(
    reader: SessionReader,
    stretch: Stretch,
    *,
    block: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> Iterator[Line | int]:
    """What the logs should say of a stretch, line by line; at last the sample that was reached.

    Raises:
        DivergedError: the audio is not what was analysed, a state is not met, or the engine fails.
        SessionError: the session cannot be read.
    """
    engine = engine_at(reader, stretch.state, stretch.catalogue)
    blocks = checked_audio(
        reader, sums(reader, stretch.sums, stretch.first), stretch.first, stretch.end, stretch.summed
    )
    inputs = effects(reader, stretch.effects, stretch.first, stretch.end)
    marks = list(reversed(stretch.marks))
    try:
        for hop in drive(engine, blocks, inputs, block=block, progress=progress):
            for log, record in log_records(hop):
                yield log, canonical(record) if log == "picks" else record
            if marks and hop.position >= marks[-1].sample:
                _meet(reader, engine, marks.pop())
    except HeaderError as error:
        raise DivergedError(error.part, error.where, error.what) from error
    except SessionError:
        raise
    except ENGINE_FAULTS as error:
        raise DivergedError(
            "engine",
            f"{reader.folder} second {engine.position / engine.rate:.2f}",
            f"the engine fails here ({type(error).__name__}: {error})",
        ) from error
    yield engine.position


def _meet(reader: SessionReader, engine: Engine, mark: Mark) -> None:
    if engine_state.sha256(engine_state.dump(engine)) == mark.sha256:
        return
    where = reader.line("inputs", mark.line)
    found = blame(reader.header, where, "the engine is in another state here than was recorded")
    raise DivergedError("state", where, found.message) if found.cause == "engine" else found
