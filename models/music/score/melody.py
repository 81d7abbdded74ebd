"""Melodies: rhythmic motifs that come again, pitches by a random walk that rests on chord tones."""

from __future__ import annotations

import numpy as np

from models.music.score.chords import Chords
from models.music.score.styles import Style

_FORMS = ("AAAA", "AABA", "ABAB", "AAAB", "ABAC", "AABC")
_LOWEST, _HIGHEST = 58, 84


def _motif(rng: np.random.Generator, style: Style) -> list[tuple[float, float]]:
    """One bar's rhythm: `(beat in the bar, length)`; notes fall on beats more often than between them.

    On the strong beats they are long as a rule: what would follow within the beat often stays away.
    """
    settled = rng.random() < 0.6
    starts: list[float] = []
    for step in range(style.beats * style.division):
        beat, inside = divmod(step, style.division)
        weight = 1.5 if inside == 0 else 1.0 if inside * 2 == style.division else 0.6
        if beat == 0 and inside == 0:
            weight = 2.0
        if rng.random() < min(0.95, style.busy * weight):
            start = step / style.division
            if inside == 0 and rng.random() < style.syncopation:
                start -= 1.0 / (2 if style.division == 2 else style.division)
            starts.append(start)
    strong = {0.0, style.beats / 2} & set(starts) if settled else set()
    starts = [
        start
        for start in sorted(set(starts)) or [0.0]
        if start % 1 == 0 or np.floor(start) not in strong or rng.random() < 0.35
    ]
    ends = [*starts[1:], float(style.beats)]
    return [
        (start, (end - start) * float(rng.uniform(0.5, 0.98)))
        for start, end in zip(starts, ends, strict=True)
    ]


def melody(
    rng: np.random.Generator, style: Style, harmony: Chords, spans: list[tuple[int, int]]
) -> list[tuple[float, float, int, float]]:
    """A melody over spans of bars.

    Returns:
        `(beat, length, key, velocity)`; the first phrase may start with a pickup, also before beat 0.
    """
    motifs = {name: _motif(rng, style) for name in "ABC"}
    form = _FORMS[int(rng.integers(len(_FORMS)))]
    pickup = int(rng.integers(1, 4)) if rng.random() < 0.35 else 0
    rest = rng.random() < 0.6
    thirds = rng.random() < 0.15
    key = int(rng.integers(64, 76))
    notes: list[tuple[float, float, int, float]] = []
    for first, last in spans:
        for step in range(pickup, 0, -1):
            key = harmony.step(key, int(rng.integers(-1, 3)))
            notes.append((first * style.beats - step / style.division, 0.9 / style.division, key, 88.0))
        for bar in range(first, last):
            place = (bar - first) % 4
            rhythm = motifs[form[place]]
            if place == 3 and rest:  # a phrase ends on a long note, then there is room to breathe
                rhythm = [(0.0, style.beats * 0.6)]
            for start, length in rhythm:
                beat = bar * style.beats + start
                if beat < 0:
                    continue
                key = harmony.step(key, int(rng.choice((-3, -2, -1, -1, 0, 1, 1, 2, 3))))
                if start % 1 == 0:
                    key = harmony.nearest_tone(key, beat)
                while key < _LOWEST:
                    key += 12
                while key > _HIGHEST:
                    key -= 12
                loud = 100.0 if start % 1 == 0 else 90.0
                notes.append((beat, length, key, loud))
                if thirds:
                    notes.append((beat, length, harmony.step(key, -2), loud - 12))
    return notes
