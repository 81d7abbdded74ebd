"""The form of a piece: which parts play in which bars, and what happens there."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from models.music.clip import SectionName

DRUMS = ("kick", "clap", "snare", "hat", "open", "shaker", "ride", "perc0", "perc1")
PITCHED = ("bass", "chord", "arp", "lead", "vocal", "pad")
_LIKELY = {
    "kick": 0.97, "clap": 0.75, "snare": 0.4, "hat": 0.8, "open": 0.55, "shaker": 0.3, "ride": 0.2,
    "perc0": 0.45, "perc1": 0.25,
    "bass": 0.9, "chord": 0.55, "arp": 0.35, "lead": 0.3, "vocal": 0.2, "pad": 0.35,
}  # fmt: skip
"""Chance that a piece has a part."""
_QUIET = {"pad": 0.75, "arp": 0.25, "lead": 0.3, "vocal": 0.35, "chord": 0.15}
"""Chance that a part plays in a breakdown."""
_INTROS = (
    ("hat",), ("hat", "open"), ("bass",), ("pad",), ("arp",), ("kick",), ("perc0", "shaker"), ("kick", "hat"),
    ("chord",), ("vocal", "pad"), ("bass", "hat"), ("snare", "hat"),
)  # fmt: skip
_SPARSE = (
    ("arp",), ("arp", "bass"), ("arp", "pad"), ("bass",), ("bass", "hat"), ("chord", "bass"),
    ("chord", "pad"),
    ("kick", "pad"), ("kick", "pad", "lead"), ("perc0", "pad"), ("hat", "perc0"), ("arp", "lead", "bass"),
    ("chord", "vocal", "bass"), ("hat",), ("clap", "bass"), ("arp", "chord", "pad", "vocal"),
)  # fmt: skip


class Span(NamedTuple):
    """Consecutive bars in which the same parts play.

    Attributes:
        start, bars: first bar and number of bars.
        name: section as truth calls it.
        parts: the parts that play.
        sweep: cutoff in Hz at the start and the end of a low-pass over everything but the kick, or None.
        build: whether a riser and a roll lead to the next span.
        level: gain of all parts in dB.
        gap: beats of silence at the end.
    """

    start: int
    bars: int
    name: SectionName
    parts: frozenset[str]
    sweep: tuple[float, float] | None = None
    build: bool = False
    level: float = 0.0
    gap: float = 0.0


def cast(rng: np.random.Generator) -> frozenset[str]:
    """The parts that a piece has at its fullest: drums, and at least one pitched part."""
    parts = {part for part, chance in _LIKELY.items() if rng.random() < chance}
    if not parts & {"clap", "snare", "hat", "open", "shaker", "perc0"}:
        parts.add("hat")
    if not parts & {"clap", "snare"} and rng.random() < 0.5:
        parts.add("clap" if rng.random() < 0.5 else "snare")
    if not parts & {"bass", "chord", "arp"}:
        parts.add("bass" if rng.random() < 0.7 else "chord")
    return frozenset(parts)


def drum_set(rng: np.random.Generator) -> frozenset[str]:
    """Kick, snare and something to keep time, alone or with a few others."""
    time = str(rng.choice(["hat", "hat", "hat", "ride", "open", "shaker"]))
    parts = {"kick", "snare" if rng.random() < 0.8 else "clap"} | ({time} if rng.random() < 0.88 else set())
    chances = {"bass": 0.5, "chord": 0.35, "lead": 0.2, "pad": 0.15, "arp": 0.12, "vocal": 0.1}
    return frozenset(parts | {part for part, chance in chances.items() if rng.random() < chance})


def _thinned(rng: np.random.Generator, parts: frozenset[str]) -> frozenset[str]:
    """The same without one to three parts; the kick leaves rarely."""
    stays = {"kick": 0.8, "bass": 0.4, "snare": 0.4, "clap": 0.4}
    leaving = [part for part in sorted(parts) if rng.random() >= stays.get(part, 0.0)]
    count = min(int(rng.integers(1, 4)), max(len(leaving) - 2, 0))
    return parts - set(rng.permutation(leaving)[:count].tolist())


def _phrases(
    rng: np.random.Generator, parts: frozenset[str], start: int, stop: int, name: SectionName
) -> list[Span]:
    """Bars filled with phrases of 4 or 8 bars that vary the parts."""
    spans = []
    while start < stop:
        bars = min(int(rng.choice([2, 4, 4, 8])), stop - start)
        now = parts if rng.random() < 0.6 else _thinned(rng, parts)
        sweep = None
        if rng.random() < 0.08:
            low, high = np.exp(rng.uniform(np.log(200), np.log(1500))), rng.uniform(5000, 14000)
            sweep = (float(low), float(high)) if rng.random() < 0.6 else (float(high), float(low))
        gap = float(rng.choice([0.5, 1.0, 2.0, 4.0])) if rng.random() < 0.06 else 0.0
        spans.append(Span(start, bars, name, now, sweep, False, float(rng.normal(0, 0.7)), gap))
        start += bars
    return spans


def groove(rng: np.random.Generator, parts: frozenset[str], bars: int) -> list[Span]:
    """Perhaps an introduction, then phrases."""
    spans: list[Span] = []
    if rng.random() < 0.4 and bars >= 10:
        chosen = frozenset(_INTROS[int(rng.integers(len(_INTROS)))])
        length = int(rng.choice([1, 2, 4, 4, 8]))
        length = min(length, bars // 3)
        drums = bool(chosen & set(DRUMS))
        sweep = (float(rng.uniform(200, 1500)), 12000.0) if rng.random() < 0.2 else None
        spans.append(Span(0, length, "groove" if drums else "calm", chosen, sweep))
        parts = parts | chosen if rng.random() < 0.6 else parts
    begun = spans[-1].bars if spans else 0
    return [*spans, *_phrases(rng, parts, begun, bars, "groove")]


def sparse(rng: np.random.Generator, bars: int) -> list[Span]:
    """Music without a drum set: arpeggios, basses, a lone pulse over pads, hats alone."""
    parts = frozenset(_SPARSE[int(rng.integers(len(_SPARSE)))])
    extra = parts | {str(rng.choice(["pad", "lead", "hat", "arp", "bass", "shaker"]))}
    spans, start = [], 0
    while start < bars:
        length = min(int(rng.choice([4, 8])), bars - start)
        spans.append(Span(start, length, "calm", extra if rng.random() < 0.4 and start else parts))
        start += length
    return spans


def breakdown(rng: np.random.Generator, parts: frozenset[str], bars: int, bar_seconds: float) -> list[Span]:
    """Groove, a stretch without drums for 8 to 24 s, perhaps a build-up, and the drop."""
    away = max(round(rng.uniform(8, 24) / bar_seconds), 2)
    build = int(rng.choice([0, 1, 2, 2, 4])) if away > 4 else int(rng.choice([0, 1]))
    before = max(round((bars - away) * rng.uniform(0.3, 0.6)), 4)
    quiet = {part for part, chance in _QUIET.items() if rng.random() < chance} or {"pad"}
    level = float(rng.choice([0.0, -3.0, -8.0, -15.0]))
    gap = float(rng.choice([0.0, 0.0, 0.5, 1.0, 2.0, 4.0]))
    spans = _phrases(rng, parts, 0, before, "groove")
    first = max(away - build, 1)
    spans.append(
        Span(before, first, "breakdown", frozenset(quiet), None, build == 0 and rng.random() < 0.5, level)
    )
    at = before + first
    if build:
        added = {
            str(part) for part in rng.permutation(["hat", "arp", "clap", "bass"])[: int(rng.integers(0, 3))]
        }
        sweep = (float(rng.uniform(150, 600)), 14000.0) if rng.random() < 0.5 else None
        spans.append(
            Span(at, build, "build", frozenset({*quiet, *added, "roll"}), sweep, True, level / 2, gap)
        )
        at += build
    elif gap:
        spans[-1] = spans[-1]._replace(gap=gap)
    drop = min(8, max(bars - at, 1))
    spans.append(Span(at, drop, "drop", parts | {"kick"}))
    return [*spans, *_phrases(rng, parts, at + drop, bars, "peak")]
