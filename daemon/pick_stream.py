"""The pickLog as typed records, one at a time: for what compares and exports, never for what decides.

A session of a whole night is read line by line, its hash chain checked on the way; nothing here holds
more than the few picks whose fate is not known yet.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Literal, TypeAlias

import msgspec

from daemon.errors import SessionError
from daemon.session import SessionReader

UNDECIDED = 16  # the selector prepares one pick at a time; more than a few at once only a forged log has


class Runner(msgspec.Struct, frozen=True):
    """One of the heaviest others."""

    id: int | str
    weight: int
    factors: dict[str, float]


class PickLine(msgspec.Struct, frozen=True, kw_only=True, rename="camel", tag="pick", tag_field="type"):
    """A `pick` record (docs/file-formats.md). Reals come from micro-units; samples are absolute."""

    v: int
    seq: int
    kind: Literal["pair", "preset"]
    mode: str
    requested_mode: str
    reason: str
    trigger: str = ""  # the first logs had none
    sample: int
    time_sec: float
    beat_count: int
    bar_count: int
    section: str
    snapshot: dict[str, Any]
    intensity01: float
    pack: str
    pair: int | None
    preset_id: str | None
    index: int
    fg_url: str
    bg_url: str | None
    preset_ids: tuple[str, ...]
    warp_diff: float | None = msgspec.field(name="warp_diff")
    cx_diff: float | None = msgspec.field(name="cx_diff")
    quality01: float | None
    factors: dict[str, float]
    weight: int
    total_weight: int
    probability: float
    draw: int
    candidates: int
    runners_up: tuple[Runner, ...]
    prepare_sample: int
    activate_sample: int
    seed: int
    config: str
    catalog: str
    prev: str
    hash: str

    @property
    def ident(self) -> int | str:
        """Number of the pair or id of the preset."""
        return self.preset_id or "" if self.pair is None else self.pair


class OutcomeLine(msgspec.Struct, frozen=True, kw_only=True, rename="camel", tag="outcome", tag_field="type"):
    """An `outcome` record. What was not said is None or empty."""

    v: int
    seq: int
    outcome: str
    sample: int
    activate_sample: int | None = None
    beat_count: int | None = None
    bar_count: int | None = None
    ms: float | None = None
    late_ms: float | None = None
    reason: str = ""
    layer: str = ""
    client: str = ""
    until_sample: int | None = None


Line: TypeAlias = PickLine | OutcomeLine
# Learnt while one thread imports: threads that meet a type for the first time together crash msgspec 0.22.
msgspec.json.Decoder(Line)


class Fate(msgspec.Struct, frozen=True):
    """A pick and what became of it.

    `moment` is the sample at which it came on screen, or was planned to; `shown` is None where the
    log ends before it is known; `known` is the sample at which the log says so.
    """

    pick: PickLine
    shown: bool | None
    moment: int
    beat: int
    bar: int
    known: int
    reason: str = ""


def pick_lines(reader: SessionReader) -> Iterator[Line]:
    """The pickLog of a session.

    Raises:
        SessionError: a record was changed, or is no pick or outcome.
    """
    for number, record in enumerate(reader.checked("picks"), 1):
        try:
            yield typed(record)
        except msgspec.ValidationError as error:
            raise SessionError(
                f"not a record of a pickLog ({error})",
                where=reader.line("picks", number),
                fix="read it with the version that wrote it",
            ) from error


def typed(record: dict[str, Any]) -> Line:
    """A record as the engine gives it."""
    return msgspec.convert(record, type=Line)


def plain(pick: PickLine) -> dict[str, Any]:
    """The record again, as `selector.explain` takes it."""
    record: dict[str, Any] = msgspec.to_builtins(pick)
    if not pick.trigger:
        del record["trigger"]
    return record


class FateBook:
    """Learns line by line what became of each pick."""

    def __init__(self) -> None:
        self._waiting: dict[int, PickLine] = {}
        self._last = 0

    def add(self, line: Line) -> Fate | None:
        """The pick whose fate this line tells, if it tells one."""
        self._last = line.sample
        if isinstance(line, PickLine):
            self._waiting[line.seq] = line
            if len(self._waiting) > UNDECIDED:
                return _undecided(self._waiting.pop(next(iter(self._waiting))), self._last)
        elif line.outcome in ("activated", "skipped") and line.seq in self._waiting:
            return _fate(self._waiting.pop(line.seq), line)
        return None

    def rest(self) -> Iterator[Fate]:
        """The picks whose fate was not told."""
        for pick in self._waiting.values():
            yield _undecided(pick, self._last)


def fates(lines: Iterable[Line]) -> Iterator[Fate]:
    """Every pick once it is known whether it came on screen, in that order; the undecided at the end."""
    book = FateBook()
    for line in lines:
        fate = book.add(line)
        if fate is not None:
            yield fate
    yield from book.rest()


def _undecided(pick: PickLine, now: int) -> Fate:
    return Fate(pick, None, pick.activate_sample, pick.beat_count, pick.bar_count, now)


def _fate(pick: PickLine, outcome: OutcomeLine) -> Fate:
    if outcome.outcome == "skipped":
        moment, beat, bar = outcome.sample, pick.beat_count, pick.bar_count
        return Fate(pick, False, moment, beat, bar, outcome.sample, outcome.reason)
    moment = outcome.sample if outcome.activate_sample is None else outcome.activate_sample
    beat = pick.beat_count if outcome.beat_count is None else outcome.beat_count
    bar = pick.bar_count if outcome.bar_count is None else outcome.bar_count
    return Fate(pick, True, moment, beat, bar, outcome.sample)
