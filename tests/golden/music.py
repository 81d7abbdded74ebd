"""Music for the golden sessions, made with integers alone: the same samples on every machine.

It has what the engine listens for (kick, clap, hat, bass, chords, silence) and little besides, so that FLAC
packs it tightly: ten bits deep, and the same on both sides unless a part is panned.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dsp.tables import exp_minus, sin_cos

Int64 = NDArray[np.int64]

WAVE = 4096
SINE: Int64 = np.array([round(32767 * sin_cos(k, WAVE)[0]) for k in range(WAVE)], dtype=np.int64)
PHASE = 1 << 32
"""Phases are integers, this many to a turn."""
DEPTH = 14
"""Of 24 bits, so many at the lower end stay zero."""
CHORDS = ((220, 262, 330), (175, 220, 262), (196, 262, 330), (196, 247, 294))
"""Hz, one chord a bar."""


class Part(NamedTuple):
    """A stretch of music.

    Attributes:
        beats: its length.
        bpm: at its first beat, in hundredths.
        bpm_end: at its last.
        plays: some of `kick clap hat bass chords`; nothing for silence.
        level: of 256.
    """

    beats: int
    bpm: int
    bpm_end: int
    plays: str
    level: int = 160


def render(rate: int, parts: Sequence[Part], *, pan: bool = False) -> NDArray[np.int32]:
    """24-bit integers, int32[n, 2].

    Args:
        rate: samples a second.
        parts: one after the other.
        pan: bass to the right and chords to the left, or all in the middle.
    """
    grid = list(_beats(rate, parts))
    total = grid[-1][0]
    sides = np.zeros((2, total + 2 * rate), dtype=np.int64)
    for number, ((start, part), (end, _)) in enumerate(pairwise(grid)):
        for at, name, sound in _notes(rate, number, start, end, part):
            gains = {"bass": (1, 3), "chords": (3, 1)}.get(name, (2, 2)) if pan else (2, 2)
            for side, gain in zip(sides, gains, strict=True):
                side[at : at + len(sound)] += sound * part.level * gain >> 9
    mixed = np.clip(sides[:, :total].T << 8, -8_000_000, 8_000_000)
    return np.ascontiguousarray((mixed + (1 << DEPTH - 1) >> DEPTH) << DEPTH, dtype=np.int32)


def _beats(rate: int, parts: Sequence[Part]) -> Iterator[tuple[int, Part]]:
    """Sample of each beat with its part; the end of the last one, too."""
    numerator, denominator = 0, 1  # of the time in samples, exact
    part = parts[0]
    for part in parts:
        for beat in range(part.beats):
            yield numerator // denominator, part
            bpm = part.bpm + (part.bpm_end - part.bpm) * beat // max(1, part.beats - 1)
            # A beat lasts 6000 * rate / bpm samples.
            numerator, denominator = numerator * bpm + 6000 * rate * denominator, denominator * bpm
    yield numerator // denominator, part


def _notes(rate: int, number: int, start: int, end: int, part: Part) -> Iterator[tuple[int, str, Int64]]:
    plays, half = part.plays.split(), (start + end) // 2
    if "kick" in plays:
        yield start, "kick", _kick(rate)
    if "clap" in plays and number % 2:
        yield start, "clap", _noise(rate, rate // 8, 30, 0) * 3 // 4
    if "hat" in plays:
        for at in (start, half):
            yield at, "hat", _noise(rate, rate // 24, 8, 1) // (2 if at == start else 1)
    chord = CHORDS[number // 4 % 4]
    if "bass" in plays:
        yield half, "bass", _tone(rate, (end - start) // 2, chord[0] // 4, 250) * 5 // 8
    if "chords" in plays and number % 4 in (0, 1):
        length = (end - start) * (2 if "kick" not in plays else 1)
        for hz in chord:
            yield start, "chords", _tone(rate, length, hz, 500) // 4


def _decay(rate: int, n: int, ms: int) -> Int64:
    """An exponential decay in steps of a millisecond, of 4096."""
    steps = np.array([round(4096 * exp_minus(k, ms)) for k in range(n * 1000 // rate + 1)], dtype=np.int64)
    return steps[np.arange(n, dtype=np.int64) * 1000 // rate]


def _kick(rate: int) -> Int64:
    """A pitch that falls from 200 to 50 Hz."""
    n = rate // 4
    hz = 50 * 4096 + 150 * _decay(rate, n, 25)
    phase = np.cumsum(hz * (PHASE // 4096) // rate)
    return SINE[phase * WAVE // PHASE % WAVE] * _decay(rate, n, 90) >> 12


def _tone(rate: int, n: int, hz: int, ms: int) -> Int64:
    at = np.arange(n, dtype=np.int64) * (hz * PHASE // rate) // (PHASE // WAVE)
    wave = SINE[at % WAVE] + SINE[2 * at % WAVE] // 3
    fade = np.minimum(np.minimum(np.arange(n), np.arange(n)[::-1]), 512)
    return (wave * _decay(rate, n, ms) >> 12) * fade >> 9


def _noise(rate: int, n: int, ms: int, sharp: int) -> Int64:
    """Hashed noise; `sharp` takes the low half of it away."""
    x = np.arange(n + 1, dtype=np.uint32) + np.uint32(1)
    for shift, factor in ((16, 0x7FEB352D), (15, 0x846CA68B)):
        x = (x ^ (x >> np.uint32(shift))) * np.uint32(factor)
    white = (x >> np.uint32(17)).astype(np.int64) - (1 << 14)
    white = white[1:] - white[:-1] if sharp else white[1:]
    return white * _decay(rate, n, ms) >> 13
