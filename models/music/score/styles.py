"""What a style of band music is, and the notation of its patterns.

A pattern is a string; bars are parted by spaces, and each bar is divided evenly by its number of characters,
so that `x.x.x.x.` are eighths of a 4/4 bar and `x..x..x..x..` its triplets' first notes.

Drums and chords: `x` hit, `X` accent, `o` soft, `.` nothing; for chords `-` holds the one before, digits
`1`..`9` are single tones of the chord from below (above its size: an octave higher).
Bass: `r` root, `3`, `5`, `o` octave, `l` fifth below, `a` a step below the next root, `-` hold, `.` nothing.
"""

from __future__ import annotations

from typing import Literal

import msgspec

Scale = Literal["major", "minor", "dorian", "mixolydian", "harmonic", "blues"]

DRUM_KEYS: dict[str, int] = {
    "k": 36, "s": 38, "S": 40, "c": 39, "r": 37, "h": 42, "p": 44, "o": 46, "d": 51, "b": 53, "e": 59,
    "C": 49, "Z": 57, "w": 56, "m": 70, "a": 82, "y": 54, "t": 45, "T": 48, "f": 43, "g": 63, "G": 64,
    "x": 62, "v": 75, "q": 60, "Q": 61, "A": 67, "B": 68, "l": 81, "L": 80, "i": 65, "I": 66, "u": 69,
}  # fmt: skip
"""General-MIDI key of each drum letter: bass drum, snares, clap, rim, hats, cymbals, bells, hand drums."""

PIANOS = (0, 1, 2, 3, 4, 5, 6, 7)
MALLETS = (8, 9, 10, 11, 12, 13, 14)
ORGANS = (16, 17, 18, 19)
ACCORDIONS = (21, 22, 23)
GUITARS = (24, 25, 26, 27, 28)
DISTORTED = (29, 30)
BASSES = (32, 33, 34, 35, 36, 37)
SYNTH_BASSES = (38, 39)
PLUCKED = (45, 46, 104, 105, 106, 107, 108)
STRINGS = (48, 49, 50, 51)
CHOIRS = (52, 53, 54)
BRASS = (56, 57, 58, 60, 61, 62, 63)
REEDS = (64, 65, 66, 67, 68, 71)
PIPES = (72, 73, 74, 75, 79)
SOLO_STRINGS = (40, 41, 42)
LEADS = (80, 81, 82, 83, 84, 85, 86, 87)
PADS = (88, 89, 90, 91, 92, 94, 95)


class Comping(msgspec.Struct, frozen=True):
    """An accompanying part: what may play it, its patterns, the octave it lies in (5 = around middle C)."""

    programs: tuple[int, ...]
    patterns: tuple[str, ...]
    octave: int = 5


class Style(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the composer draws a piece of one style from.

    Attributes:
        name: part of the clip's name.
        tempo: lowest and highest tempo, beats a minute; the beat is the truth's beat (6/8: dotted quarter).
        beats: beats in a bar.
        division: melodic steps in a beat: 2, 3 or 4.
        swing: lowest and highest place of the off-beat eighth within the beat; 0.5 is straight.
        swing_level: parts of a beat that swing: 1 for eighths, 2 for sixteenths.
        drums: one is drawn: patterns by letters of `DRUM_KEYS`; empty for a style without drums.
        bass: patterns; empty for none.
        bass_programs: what may play the bass.
        comping: accompanying parts; two or three of them play.
        lead: what may play the melody.
        busy: how many of the melody's steps carry a note, 0..1.
        syncopation: share of melody notes on beats that are taken early by a step.
        scales: one is drawn.
        progressions: scale degrees, one group a bar, two chords of half a bar parted by a comma.
        sevenths: chords of four tones.
        anticipate: how likely a piece takes its chord changes half a beat early.
    """

    name: str
    tempo: tuple[float, float]
    beats: int = 4
    division: int = 2
    swing: tuple[float, float] = (0.5, 0.5)
    swing_level: int = 1
    drums: tuple[dict[str, str], ...] = ()
    bass: tuple[str, ...] = ()
    bass_programs: tuple[int, ...] = BASSES
    comping: tuple[Comping, ...] = ()
    lead: tuple[int, ...] = ()
    busy: float = 0.5
    syncopation: float = 0.1
    scales: tuple[Scale, ...] = ("major", "minor")
    progressions: tuple[str, ...] = ()
    sevenths: bool = False
    anticipate: float = 0.0
