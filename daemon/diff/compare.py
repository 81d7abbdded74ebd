"""Two runs side by side: a row for each pick of either, and the totals."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final, Literal

import msgspec

from daemon.diff.align import Aligner
from daemon.diff.cause import first_difference, odds_differ, reason_of
from daemon.pick_stream import Fate

Verdict = Literal["same", "time", "other", "added", "missing"]

FRAME: Final = 0.02
"""Seconds by which the same pick may differ and still be the same: a frame of video; nobody sees it."""


class Side(msgspec.Struct, frozen=True, rename="camel"):
    """A pick of one run. `time_sec` is when it came on screen (or was to, or was taken back)."""

    seq: int
    time_sec: float
    beat: int
    bar: int
    item: str  # `<pack>:<pair or preset>`
    shown: bool | None


class Row(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """One pick of A, of B, or the same of both.

    `same`: the same thing at the same moment; `time`: the same thing at another; `other`: another thing
    at about the same moment; `added`: only in B; `missing`: only in A. `shift_*` is B minus A. `field`
    and `why`: the first difference; empty for what is the same.
    """

    verdict: Verdict
    a: Side | None
    b: Side | None
    shift_sec: float | None = None
    shift_beats: int | None = None
    field: str = ""
    why: str = ""
    odds_differ: bool = False


class Totals(msgspec.Struct, rename="camel", kw_only=True):
    """Of a whole comparison. `same_share`: of all rows; shifts: over the same things, in seconds."""

    same: int = 0
    time: int = 0
    other: int = 0
    added: int = 0
    missing: int = 0
    odds_differ: int = 0  # of the same picks, those that had another chance
    same_share: float = 1.0
    mean_shift_sec: float = 0.0
    mean_abs_shift_sec: float = 0.0
    reasons: dict[str, int] = {}

    @property
    def identical(self) -> bool:
        """Whether every pick is the same."""
        return not (self.time or self.other or self.added or self.missing)


class Tally:
    """Adds up rows."""

    def __init__(self) -> None:
        self._verdicts: Counter[str] = Counter()
        self._reasons: Counter[str] = Counter()
        self._odds = 0
        self._shift = self._apart = 0.0

    def add(self, row: Row) -> None:
        """Count a row."""
        self._verdicts[row.verdict] += 1
        self._odds += row.odds_differ
        if row.verdict != "same":
            self._reasons[row.field] += 1
        if row.verdict in ("same", "time") and row.shift_sec is not None:
            self._shift += row.shift_sec
            self._apart += abs(row.shift_sec)

    def totals(self) -> Totals:
        """What was counted so far."""
        count = self._verdicts
        paired = max(count["same"] + count["time"], 1)
        return Totals(
            **{name: count[name] for name in ("same", "time", "other", "added", "missing")},
            odds_differ=self._odds,
            same_share=round(count["same"] / count.total(), 6) if count else 1.0,
            mean_shift_sec=round(self._shift / paired, 6),
            mean_abs_shift_sec=round(self._apart / paired, 6),
            reasons=dict(self._reasons.most_common()),
        )


def compare(a: Iterable[Fate], b: Iterable[Fate], rate_a: int, rate_b: int) -> Iterator[Row]:
    """Rows in order of time, as soon as they are certain.

    Args:
        a: picks of the first run with what became of them.
        b: of the second.
        rate_a: sample rate of the first in Hz; times are compared in seconds.
        rate_b: of the second.
    """
    aligner: Aligner[tuple[Fate, float]] = Aligner(lambda pick: pick[1], lambda pick: name(pick[0]))
    ours = ((fate, fate.moment / rate_a) for fate in a)
    theirs = ((fate, fate.moment / rate_b) for fate in b)
    for one, other in aligner.pairs(ours, theirs):
        if one is None or other is None:
            yield _alone(one, other)
        else:
            yield _both(one, other, rate_a, rate_b)


def name(fate: Fate) -> tuple[str, str, int | str, bool]:
    """What makes two picks the same thing: what was picked, and whether it was let onto the screen."""
    return fate.pick.kind, fate.pick.pack, fate.pick.ident, fate.shown is not False


def _alone(one: tuple[Fate, float] | None, other: tuple[Fate, float] | None) -> Row:
    fate, at = one or other  # type: ignore[misc]
    side = _side(fate, at)
    return Row(
        verdict="missing" if one else "added",
        a=side if one else None,
        b=None if one else side,
        field=fate.pick.trigger or fate.pick.reason,
        why=f"{'A' if one else 'B'} alone made it: {reason_of(fate.pick)}",
    )


def _both(one: tuple[Fate, float], other: tuple[Fate, float], rate_a: int, rate_b: int) -> Row:
    (a, at_a), (b, at_b) = one, other
    shift = at_b - at_a
    alike = name(a) == name(b)
    verdict: Verdict = "other" if not alike else "same" if abs(shift) < FRAME else "time"
    found = first_difference(a, b, rate_a, rate_b) if verdict != "same" else None
    return Row(
        verdict=verdict,
        a=_side(a, at_a),
        b=_side(b, at_b),
        shift_sec=round(shift, 6),
        shift_beats=b.beat - a.beat if a.pick.snapshot.get("beatTrusted") else None,
        field=found.field if found else "",
        why=found.why if found else "",
        odds_differ=verdict == "same" and odds_differ(a.pick, b.pick),
    )


def _side(fate: Fate, at: float) -> Side:
    pick = fate.pick
    return Side(pick.seq, round(at, 6), fate.beat, fate.bar, f"{pick.pack}:{pick.ident}", fate.shown)
