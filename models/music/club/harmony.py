"""Keys, chord progressions, and what each pitched part plays over a chord."""

from __future__ import annotations

import numpy as np

from models.music.clip import Split
from models.music.club.splits import share

MODES = {
    "minor": (0, 2, 3, 5, 7, 8, 10),
    "dorian": (0, 2, 3, 5, 7, 9, 10),
    "phrygian": (0, 1, 3, 5, 7, 8, 10),
    "major": (0, 2, 4, 5, 7, 9, 11),
    "mixolydian": (0, 2, 4, 5, 7, 9, 10),
}
PROGRESSIONS = (
    "0", "0 0 0 0", "0 5", "0 6", "0 3", "0 5 3 4", "0 5 2 6", "0 3 4 4", "0 6 5 6", "5 6 0 0", "3 4 0 0",
    "0 4 5 3", "0 2 3 6", "0 0 3 4", "0 0 5 6", "1 4 0 0", "0 6", "3 0 4 5", "5 3 0 4", "0 1", "0 0 0 6",
    "0 4 3 3", "2 5 1 4", "0 2 5 4",
)  # fmt: skip
"""Degrees of the scale, one a bar or one every two bars."""


class Harmony:
    """A key, a mode, a progression, and the kind of chords of one piece.

    Args:
        rng: source of all choices.
        split: which progressions may be used.
        moving: whether the chords have to change, at least every two bars.
    """

    def __init__(self, rng: np.random.Generator, split: Split, *, moving: bool = False) -> None:
        self.key = int(rng.integers(12))
        self._scale = MODES[str(rng.choice(list(MODES), p=[0.4, 0.2, 0.1, 0.2, 0.1]))]
        allowed = share(split, "progression", PROGRESSIONS)
        if moving:
            allowed = [line for line in allowed if len(set(line.split())) > 1]
        self._degrees = [int(degree) for degree in allowed[int(rng.integers(len(allowed)))].split()]
        self._bars_each = int(rng.choice([1, 1, 2] if moving else [1, 1, 2, 4]))
        self._size = int(rng.choice([2, 3, 3, 4, 5]))
        self._inversion = int(rng.integers(0, 3))

    def degree(self, bar: int) -> int:
        """Degree of the scale in force in a bar."""
        return self._degrees[(bar // self._bars_each) % len(self._degrees)]

    def changes(self, bar: int) -> bool:
        """Whether the chord of a bar differs from that of the bar before."""
        return bar == 0 or self.degree(bar) != self.degree(bar - 1)

    def pitch(self, bar: int, step: int, octave: int) -> int:
        """MIDI pitch `step` scale steps over the root of the bar's chord; octave 4 starts at middle C."""
        index = self.degree(bar) + step
        return 12 * (octave + 1 + index // 7) + self.key % 12 + self._scale[index % 7]

    def chord(self, bar: int, octave: int) -> tuple[int, ...]:
        """The bar's chord in thirds, inverted so that neighbours lie close."""
        pitches = [self.pitch(bar, 2 * k, octave) for k in range(self._size)]
        for k in range(min(self._inversion, len(pitches) - 1)):
            pitches[k] += 12
        floor = 12 * (octave + 1) + 8
        return tuple(sorted(p - 12 if p > floor + 12 else p for p in pitches))
