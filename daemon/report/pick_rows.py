"""A pick with everything the page says of it, as one row."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, Final
from urllib.parse import unquote

from daemon.errors import SessionError
from daemon.pick_stream import Line, OutcomeLine, PickLine, pick_lines, plain
from daemon.replay import ENGINE_FAULTS
from daemon.session import SessionReader
from selector.explain import explain

OPEN_PICKS: Final = 64
"""Picks that still wait for what browsers say of them; at the shortest stay this is eight minutes."""
LONGEST: Final = 300  # characters of a name or a reason that a stranger gave
MOST_FACTORS: Final = 40
_ENDINGS = (".json", ".milk", ".milk2")
_SNAPSHOT = ("loudnessDb", "energy01", "bass01", "mid01", "high01")

Row = dict[str, Any]


def pick_rows(reader: SessionReader) -> Iterator[Row]:
    """A row for each pick, in order, once enough has gone by for all answers to have come.

    Raises:
        SessionError: the pickLog was changed, or holds what is no pick.
    """
    yield from rows_of(_all_possible(reader), reader.header.rate)


def rows_of(lines: Iterable[Line], rate: int) -> Iterator[Row]:
    """The same from typed records; seconds count from the sample 0 of these."""
    waiting: dict[int, Row] = {}
    for line in lines:
        if isinstance(line, PickLine):
            waiting[line.seq] = _row(line, rate)
            if len(waiting) > OPEN_PICKS:
                yield waiting.pop(next(iter(waiting)))
        elif line.seq in waiting:
            _outcome(waiting[line.seq], line, rate)
    yield from waiting.values()


def _all_possible(reader: SessionReader) -> Iterator[Line]:
    for line in pick_lines(reader):
        _possible(line, reader)
        yield line


def _possible(line: Line, reader: SessionReader) -> None:
    """No show is so long, and no page counts further."""
    numbers = [line.seq, line.sample]
    if isinstance(line, PickLine):
        numbers += (line.prepare_sample, line.activate_sample, line.candidates)
    else:
        numbers += (at for at in (line.activate_sample, line.until_sample) if at is not None)
    if not all(0 <= number < 1 << 53 for number in numbers):
        raise SessionError(
            f"record {line.seq} names a moment that cannot be",
            where=str(reader.folder / "picks.jsonl"),
            fix="see `aivjd verify`",
        )


def _row(pick: PickLine, rate: int) -> Row:
    return {
        "seq": pick.seq,
        "t": round(pick.sample / rate, 4),
        "kind": pick.kind,
        "pack": clipped(pick.pack),
        "id": clipped(str(pick.ident)),
        "title": f"Pair {pick.ident}" if pick.kind == "pair" else preset_name(pick.fg_url),
        "fg": preset_name(pick.fg_url),
        "bg": "" if pick.bg_url is None else preset_name(pick.bg_url),
        "urls": [clipped(url) for url in (pick.fg_url, pick.bg_url) if url is not None],
        "mode": clipped(pick.mode),
        "reason": clipped(pick.reason),
        "section": clipped(pick.section),
        "intensity": pick.intensity01,
        "prepare": round(pick.prepare_sample / rate, 4),
        "planned": round(pick.activate_sample / rate, 4),
        "on": None,
        "shown": None,
        "probability": pick.probability,
        "weight": str(pick.weight),  # may be larger than what a page can count
        "total": str(pick.total_weight),
        "draw": str(pick.draw),
        "candidates": pick.candidates,
        "bar": pick.bar_count,
        "beat": pick.beat_count,
        "warp": pick.warp_diff,
        "cx": pick.cx_diff,
        "quality": pick.quality01,
        "factors": {clipped(name): value for name, value in islice(pick.factors.items(), MOST_FACTORS)},
        "runners": [
            [clipped(str(other.id)), other.weight / pick.total_weight if pick.total_weight > 0 else 0.0]
            for other in pick.runners_up[:5]
        ],
        "words": _words(pick),
        "heard": [_number(pick.snapshot.get(name)) for name in _SNAPSHOT],
        "outcomes": [],
    }


def _words(pick: PickLine) -> Row:
    try:
        said = explain(plain(pick))
    except (*ENGINE_FAULTS, RecursionError) as error:
        # A forged record must not keep the rest of the night from being seen.
        why = f"It cannot be explained ({type(error).__name__}); see `aivjd verify`."
        return {"why": why, "odds": "", "else": "", "notes": []}
    return {
        "why": clipped(said.why_now),
        "odds": clipped(said.odds),
        "else": clipped(said.alternative),
        "notes": [
            [clipped(note.name), clipped(note.what), note.runners_up01]
            for note in islice(said.factors, MOST_FACTORS)
        ],
    }


def _outcome(row: Row, line: OutcomeLine, rate: int) -> None:
    if line.outcome == "activated":
        moment = line.sample if line.activate_sample is None else line.activate_sample
        row["shown"], row["on"] = True, round(moment / rate, 4)
    elif line.outcome == "skipped":
        row["shown"] = False
    said = {
        "o": clipped(line.outcome),
        "t": round(line.sample / rate, 4),
        "ms": line.ms,
        "late": line.late_ms,
        "reason": clipped(line.reason),
        "layer": clipped(line.layer),
        "client": clipped(line.client),
        "until": None if line.until_sample is None else round(line.until_sample / rate, 4),
    }
    if len(row["outcomes"]) < OPEN_PICKS:
        row["outcomes"].append({name: value for name, value in said.items() if value not in (None, "")})


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def preset_name(url: str) -> str:
    """File name without folder, query and ending, decoded."""
    name = unquote(url.partition("?")[0].partition("#")[0].rpartition("/")[2])
    for ending in _ENDINGS:
        name = name.removesuffix(ending)
    return clipped(name)


def clipped(text: str) -> str:
    """`text`, or its beginning."""
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
