"""The rows of the tables, one at a time: a night passes through without being held."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

import msgspec

from daemon.diff.variants import hops_of
from daemon.engine import Hop, log_records
from daemon.errors import SessionError
from daemon.export.columns import EVENTS, PICKS, fitted
from daemon.fingerprint import code_sha256
from daemon.pick_stream import OutcomeLine, PickLine, pick_lines
from daemon.replay import engine_of
from daemon.session import SessionReader
from selector.canonical import canonical

OPEN_PICKS: Final = 64
"""Picks that still wait for what browsers say of them; at the shortest stay this is eight minutes."""

Row = dict[str, Any]


class Told:
    """What there is to say after the rows."""

    def __init__(self) -> None:
        self.rows = 0
        self.warnings: list[str] = []
        self.diverged = ""


def pick_rows(reader: SessionReader, told: Told) -> Iterator[Row]:
    """A row for each pick, in order; see `columns.PICKS`."""
    where, rate, left_out = str(reader.folder / "picks.jsonl"), reader.header.rate, 0
    waiting: dict[int, Row] = {}
    for line in pick_lines(reader):
        if isinstance(line, PickLine):
            waiting[line.seq] = {**msgspec.to_builtins(line), "outcomes": [], "shown": None}
            if len(waiting) > OPEN_PICKS:
                row = waiting.pop(next(iter(waiting)))
                yield fitted(PICKS, row, f"{where} pick {row['seq']}")
        elif line.seq in waiting:
            _outcome(waiting[line.seq], line, rate)
        else:
            left_out += 1
    for row in waiting.values():
        yield fitted(PICKS, row, f"{where} pick {row['seq']}")
    if left_out:
        told.warnings.append(
            f"{left_out} outcomes of picks of long ago, or of before this session, are left out"
        )


def _outcome(row: Row, line: OutcomeLine, rate: int) -> None:
    if line.outcome == "activated":
        moment = line.sample if line.activate_sample is None else line.activate_sample
        row |= {"shown": True, "activatedSample": moment, "activatedSec": moment / rate}
        row |= {"activatedBeat": line.beat_count, "activatedBar": line.bar_count}
    elif line.outcome == "skipped":
        row["shown"] = False
    said = msgspec.to_builtins(line)
    row["outcomes"].append({name: value if value != "" else None for name, value in said.items()})


def event_rows(reader: SessionReader, told: Told) -> Iterator[Row]:
    """A row for each event; see `columns.EVENTS`."""
    for number, record in enumerate(reader.checked("events"), 1):
        where = reader.line("events", number)
        sample = record.get("sample")
        if not isinstance(sample, int):
            raise SessionError("the event has no sample", where=where, fix="see `aivjd verify`")
        yield fitted(EVENTS, {**record, "timeSec": sample / reader.header.rate}, where)


def snapshot_rows(
    reader: SessionReader, told: Told, *, hz: float | None, progress: Callable[[int], None] | None
) -> Iterator[Row]:
    """What was heard, by replaying: each hop, or the first at or after every 1/`hz` s.

    The picks that fall on the way are compared with the recorded ones: while they are the same, what is
    exported is what was decided upon. Where they part is said in `told.diverged`.
    """
    header = reader.header
    if header.code != code_sha256():
        told.warnings.append(f"heard again by other code than recorded ({header.version})")
    recorded = reader.lines("picks")
    tick = 0
    for hop in hops_of(reader, engine_of(reader), progress):
        if not told.diverged:
            told.diverged = parted(hop, recorded)
        if hz is not None:
            if hop.position * hz < tick * header.rate:
                continue
            tick = int(hop.position * hz / header.rate) + 1
        yield msgspec.to_builtins(hop.snapshot)


def parted(hop: Hop, recorded: Iterator[bytes]) -> str:
    """A sentence where a hop of the replay decides otherwise than the next recorded lines say, else empty."""
    for log, record in log_records(hop):
        if log != "picks":
            continue
        line = next(recorded, None)
        if line is not None and line != canonical(record):
            return (
                f"the replay parts from the recording at {hop.snapshot.time_sec:.2f} s (see `aivjd verify`)"
            )
    return ""
