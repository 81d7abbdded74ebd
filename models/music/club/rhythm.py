"""Rhythms as text and as grammar: templates, Euclidean and random-walk rhythms, mutations, swing.

A pattern is a line of steps: `X` accent, `x` plain, `o` ghost, `?` perhaps, `.` nothing. Its length and the
beats it lasts settle the grid: 16 steps in 4 beats are sixteenths, 12 are triplets.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from models.music.clip import Split
from models.music.club.splits import share

_VELOCITY = {"X": 1.0, "x": 0.75, "o": 0.32}


class Step(NamedTuple):
    """A hit of a pattern: position in beats from the pattern's start, velocity 0..1."""

    beat: float
    velocity: float


class Pattern(NamedTuple):
    """Hits of one or more bars, ascending; `beats` is how long it lasts."""

    steps: tuple[Step, ...]
    beats: float


def realise(rng: np.random.Generator, text: str, steps_per_beat: int) -> Pattern:
    """The hits of a written pattern; each `?` is decided now."""
    hits = []
    for k, mark in enumerate(text):
        chosen = ("x" if rng.random() < 0.5 else ".") if mark == "?" else mark
        if chosen in _VELOCITY:
            hits.append(Step(k / steps_per_beat, _VELOCITY[chosen]))
    return Pattern(tuple(hits), len(text) / steps_per_beat)


def euclid(hits: int, steps: int, turn: int) -> str:
    """`hits` spread as evenly as possible over `steps` (Toussaint, 2005), turned by `turn` steps."""
    marks = ["x" if (k * hits) % steps < hits else "." for k in range(steps)]
    return "".join(marks[turn:] + marks[:turn])


def euclidean(rng: np.random.Generator, split: Split, kind: str, steps: int) -> str:
    """A Euclidean rhythm that only this split uses for this kind of part."""
    names = [f"{hits}/{turn}" for hits in range(2, steps // 2 + 2) for turn in range(min(steps, 8))]
    allowed = share(split, f"euclid/{kind}/{steps}", names)
    hits, turn = allowed[int(rng.integers(len(allowed)))].split("/")
    return euclid(int(hits), steps, int(turn))


def walk(rng: np.random.Generator, steps: int, steps_per_beat: int, density: float, push: float) -> str:
    """A random rhythm: `density` hits a step; `push` > 0.5 favours off-beats, < 0.5 beats."""
    marks = []
    for k in range(steps):
        place = k % steps_per_beat
        weight = 2 * (1 - push) if place == 0 else (1.5 * push if 2 * place == steps_per_beat else push)
        hit = rng.random() < min(density * 2 * weight, 0.95)
        marks.append(("X" if rng.random() < 0.25 else "x") if hit else ".")
    return "".join(marks)


def mutate(rng: np.random.Generator, text: str, drop: float, ghost: float) -> str:
    """The pattern with hits left out (accents less often) and ghost notes put in."""
    out = []
    for mark in text:
        if (mark in "xo" and rng.random() < drop) or (mark == "X" and rng.random() < 0.3 * drop):
            out.append(".")
        elif mark == "." and rng.random() < ghost:
            out.append("o")
        else:
            out.append(mark)
    return "".join(out)


class Swing(NamedTuple):
    """Where the second of each pair of notes falls.

    Attributes:
        pair: beats that a pair lasts: 1 for swung eighths, 0.5 for swung sixteenths.
        ratio: share of the pair before the second note: 0.5 straight, 2/3 triplet.
    """

    pair: float
    ratio: float

    def warp(self, beat: float) -> float:
        """A straight position moved to where it is played."""
        whole = np.floor(beat / self.pair + 1e-9)
        part = beat / self.pair - whole
        late = self.ratio + (2 * part - 1) * (1 - self.ratio)
        moved = 2 * part * self.ratio if part <= 0.5 else late
        return float((whole + moved) * self.pair)
