"""What each part of a piece plays, bar by bar: patterns drawn once, varied by phrase, filled at its end."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from models.music.clip import Split
from models.music.club.grounding import grounded
from models.music.club.harmony import Harmony
from models.music.club.rhythm import Pattern, Step, Swing, euclidean, mutate, realise, walk
from models.music.club.splits import pick
from models.music.club.style import Style


class Note(NamedTuple):
    """Something played at a position in beats, swing included, `length` beats long; drums have no pitches."""

    beat: float
    velocity: float
    pitches: tuple[int, ...] = ()
    length: float = 0.25


class Part:
    """A rhythm and its variations. `notes` gives one bar of it.

    Args:
        rng: source of all choices.
        split: which families of rhythms may be used.
        style: of the piece.
        role: the part that it is for.
        swing: the feel of the piece, or None for a part that is played straight.
        tells: whether the part is one of those that tell the beat (`grounding`).
    """

    def __init__(
        self,
        rng: np.random.Generator,
        split: Split,
        style: Style,
        role: str,
        swing: Swing | None,
        *,
        tells: bool = False,
    ) -> None:
        self._rng, self._style, self.role = rng, style, role
        self._swing = swing
        text, steps = self._draw(rng, split, style, role)
        self._duple = steps % 3 != 0
        changed = mutate(rng, text, style.drop + 0.05, style.ghost + 0.04)
        lines = [grounded(rng, line, role, style) if tells else line for line in (text, changed)]
        self._patterns = [realise(rng, line, steps) for line in lines]
        self._alternate = int(rng.choice([1, 2, 4, 4, 8, 100]))
        self._spread = float(rng.uniform(0.0, 0.25))

    @staticmethod
    def _draw(rng: np.random.Generator, split: Split, style: Style, role: str) -> tuple[str, int]:
        steps, bar = style.steps, style.bar * style.steps
        if role == "kick":
            text = pick(rng, split, "kick", style.kicks)
        elif role in ("clap", "snare"):
            text = pick(rng, split, "snare", style.snares)
        elif role in ("hat", "shaker"):
            text = pick(rng, split, "hat", style.hats) if rng.random() < 0.75 else "x" * bar
        elif role == "open":
            text = ("..x." if steps == 4 else "..x") * style.bar
            if rng.random() < 0.35:
                text = euclidean(rng, split, "open", bar)
        elif role == "ride":
            text = {4: ("x...", "x.x.", "..x."), 3: ("x..", "x.x", "x..")}[steps][
                int(rng.integers(3))
            ] * style.bar
        elif role in ("bass", "chord"):
            text = pick(rng, split, role, style.basses if role == "bass" else style.stabs)
        elif role == "arp":
            dense = {4: ("xxxx", "x.x.", "x.xx", "xxx."), 3: ("xxx", "x.x", "xxx", "xx.")}[steps]
            text = dense[int(rng.integers(4))] * style.bar if rng.random() < 0.7 else "walk"
        elif role in ("lead", "vocal"):
            text = "walk" if rng.random() < 0.7 else "euclid"
        else:
            text = "euclid" if rng.random() < 0.6 else "walk"
        if text == "walk":
            density = rng.uniform(0.12, 0.3) if role in ("lead", "vocal") else rng.uniform(0.2, 0.5)
            text = walk(
                rng, bar * int(rng.choice([1, 2])), steps, float(density), float(rng.uniform(0.2, 0.8))
            )
        elif text == "euclid":
            text = euclidean(rng, split, role, bar)
        drop = 0.0 if role == "kick" and rng.random() < 0.7 else style.drop
        return mutate(
            rng, text, drop, 0.0 if role in ("bass", "chord") else style.ghost * rng.random()
        ), steps

    def steps(self, bar: int) -> list[Step]:
        """Hits of a bar, in beats from its start."""
        varied = (bar + 1) % self._alternate == 0
        pattern: Pattern = self._patterns[1 if varied else 0]
        if not pattern.steps:
            return []
        width = self._style.bar
        offset = (bar * width) % pattern.beats
        found = [
            Step(s.beat - offset, s.velocity) for s in pattern.steps if 0 <= s.beat - offset < width - 1e-9
        ]
        if self._swing is not None and self._duple:
            found = [Step(self._swing.warp(s.beat), s.velocity) for s in found]
        noise = self._rng.uniform(-self._spread, self._spread, len(found))
        return [
            Step(s.beat, float(np.clip(s.velocity * (1 + e), 0.1, 1.0)))
            for s, e in zip(found, noise, strict=True)
        ]


class Melody:
    """What pitches a pitched part plays over its rhythm.

    A part that tells the beat begins its figure anew in each bar, with a root that is held.
    """

    def __init__(self, rng: np.random.Generator, harmony: Harmony, role: str, *, tells: bool = False) -> None:
        self._rng, self._harmony, self._role, self._tells = rng, harmony, role, tells
        octaves = {
            "bass": (1, 3),
            "chord": (3, 5),
            "arp": (3, 6),
            "lead": (4, 6),
            "vocal": (3, 5),
            "pad": (2, 5),
        }
        self._octave = int(rng.integers(*octaves[role]))
        steps = {"bass": (0, 0, 0, 0, 7, 4, 2, -3), "arp": (0, 2, 4, 7, 9, 11)}.get(
            role, (0, 1, 2, 3, 4, 5, 7, 9)
        )
        self._motif = [int(s) for s in rng.choice(steps, int(rng.choice([3, 4, 6, 8, 16])))]
        if role == "bass":
            self._motif[0] = 0
            if rng.random() < 0.5:
                self._motif = [0]
        if role == "arp" and (tells or rng.random() < 0.6):
            self._motif = sorted(self._motif)
        if tells:
            self._motif[0] = 0
        self._gate = float(
            rng.choice([0.08, 0.15, 0.25, 0.5, 1.0]) if role != "vocal" else rng.choice([0.1, 0.5, 1.0])
        )
        self._whole = rng.random() < 0.3
        self._turn = 0

    def notes(self, bar: int, steps: list[Step], width: int) -> list[Note]:
        """Notes for the hits of a bar that starts at beat `bar * width`."""
        base = float(bar * width)
        if self._role == "pad":
            fresh = bar % 4 == 0 or self._harmony.changes(bar)
            return [Note(base, 0.8, self._harmony.chord(bar, self._octave), width * 1.0)] if fresh else []
        out = []
        if self._tells:
            self._turn = 0
        for k, step in enumerate(steps):
            ahead = steps[k + 1].beat if k + 1 < len(steps) else float(width)
            length = min(max(ahead - step.beat, 0.1), 2.0) * 0.95
            if not self._whole:
                held = self._tells and step.beat == 0
                length = min(length, max(self._gate, 0.9) if held else self._gate)
            if self._role == "chord":
                pitches = self._harmony.chord(bar, self._octave)
            else:
                motif = self._motif[self._turn % len(self._motif)]
                self._turn += 1
                pitches = (self._harmony.pitch(bar, motif, self._octave),)
            out.append(Note(base + step.beat, step.velocity, pitches, length))
        if bar % 4 == 3 and self._role in ("bass", "arp"):
            self._turn = 0
        return out


def fill(rng: np.random.Generator, width: int, steps: int) -> list[tuple[str, Step]]:
    """Drum hits of a fill in the last beats of a bar, each with its role."""
    beats = float(rng.choice([0.5, 1.0, 1.0, 2.0, width]))
    grid = int(rng.choice([2, 4, 4, 3, 6])) if steps == 4 else 3
    role = str(rng.choice(["snare", "perc0", "perc1", "clap", "kick", "mixed"]))
    hits = []
    for k in range(round(beats * grid)):
        if rng.random() < 0.8:
            voice = str(rng.choice(["snare", "perc0", "perc1", "kick"])) if role == "mixed" else role
            level = float(np.clip(0.4 + 0.5 * k / (beats * grid) + rng.normal(0, 0.1), 0.2, 1.0))
            hits.append((voice, Step(width - beats + k / grid, level)))
    return hits


def roll(rng: np.random.Generator, start: float, beats: float) -> list[Step]:
    """A drum roll that gets denser and louder over `beats`."""
    out, position = [], 0.0
    dense = bool(rng.random() < 0.7)
    while position < beats - 1e-6:
        share = position / beats
        step = (1.0 if share < 0.5 else 0.5 if share < 0.75 else 0.25) if dense else 0.25
        out.append(Step(start + position, float(0.2 + 0.7 * share)))
        position += step
    return out
