"""What the demo track plays: its sections and every note, in ticks, independent of any sample rate.

House, 124 beats a minute, A minor, in four-bar phrases over Am9 | Fmaj9 | C | G. The form is the one
that a listening program must follow: groove, breakdown, build, drop, and the same again, bigger.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

BPM = 124
BEATS_PER_BAR = 4
TICKS_PER_BEAT = 48
SIXTEENTH = TICKS_PER_BEAT // 4
BAR = BEATS_PER_BAR * TICKS_PER_BEAT
_SWING = 1
"""Every second sixteenth is late by this many ticks: 10 ms, enough to breathe."""

CHORDS: tuple[tuple[int, ...], ...] = (
    (57, 60, 64, 67, 71),  # Am9
    (53, 57, 60, 64, 67),  # Fmaj9
    (55, 60, 64, 67, 74),  # C, added ninth
    (55, 59, 62, 69, 74),  # G, added ninth
)
"""Chords of a phrase, one a bar, as MIDI notes."""
ROOTS: tuple[int, ...] = (33, 29, 36, 31)
"""Bass note of each chord."""

_RUN = (0, 2, 4, 6, 5, 3, 4, 7, 2, 5, 3, 6, 4, 2, 5, 1)
"""Arpeggio of one bar: steps of the chord spread over two octaves."""
_MELODY: tuple[tuple[tuple[int, int, int], ...], ...] = (
    ((0, 6, 76), (6, 6, 74), (12, 4, 72)),
    ((0, 6, 72), (6, 6, 71), (12, 4, 69)),
    ((0, 6, 74), (6, 6, 72), (12, 4, 67)),
    ((0, 6, 74), (6, 4, 71), (10, 6, 69)),
)
"""Lead of a phrase: (sixteenth, length in sixteenths, MIDI note), bar by bar."""


@dataclass(frozen=True)
class Part:
    """A section of the form: `bars` bars from bar `first`."""

    name: str
    first: int
    bars: int
    big: bool = False

    @property
    def end(self) -> int:
        """The bar after the last."""
        return self.first + self.bars


@dataclass(frozen=True)
class Note:
    """One sound at one time.

    Attributes:
        tick: when, in ticks from the start of the track.
        sound: what, a name with its arguments, as `demo_sounds` knows them.
        gain: linear.
        pan: -1 left .. 1 right.
        ducked: whether the kick pushes it down.
    """

    tick: int
    sound: tuple[str | int, ...]
    gain: float
    pan: float = 0.0
    ducked: bool = False


def form() -> tuple[Part, ...]:
    """The sections in order, from bar 0, without gaps."""
    plan = (
        ("intro", 8, False),
        ("groove", 16, False),
        ("breakdown", 8, False),
        ("build", 8, False),
        ("drop", 16, False),
        ("groove", 8, True),
        ("breakdown", 8, True),
        ("build", 8, True),
        ("drop", 16, True),
        ("outro", 8, False),
    )
    parts: list[Part] = []
    for name, bars, big in plan:
        parts.append(Part(name, parts[-1].end if parts else 0, bars, big))
    return tuple(parts)


BARS = form()[-1].end
BEATS = BARS * BEATS_PER_BAR
TICKS = BARS * BAR


def has_kick(beat: int) -> bool:
    """Whether the kick plays on this beat (counted from 0)."""
    bar = beat // BEATS_PER_BAR
    part = next(part for part in form() if part.first <= bar < part.end)
    if part.name == "breakdown":
        return False
    if part.name == "build":
        # The last two bars leave the floor to the snare roll, and the last beat to silence.
        return bar < part.end - 2
    return True


def score() -> list[Note]:
    """Every note of the track, ordered by time."""
    notes: list[Note] = []
    for part in form():
        for bar in range(part.first, part.end):
            notes.extend(_drums(part, bar))
            notes.extend(_tones(part, bar))
        notes.extend(_signals(part))
    return sorted(notes, key=lambda note: note.tick)


def _at(bar: int, sixteenth: int) -> int:
    """Tick of a sixteenth of a bar, with swing."""
    return bar * BAR + sixteenth * SIXTEENTH + (_SWING if sixteenth % 2 else 0)


def _drums(part: Part, bar: int) -> Iterator[Note]:
    since = bar - part.first
    for beat in range(BEATS_PER_BAR):
        if has_kick(bar * BEATS_PER_BAR + beat):
            yield Note(_at(bar, 4 * beat), ("kick",), 0.82)
    if part.name == "build":
        yield from _roll(part, bar)
        return
    if part.name == "breakdown":
        if part.big or since >= 4:
            for step in (2, 6, 10, 14):
                yield Note(_at(bar, step), ("hat",), 0.12, pan=0.3)
        return
    quiet = (part.name == "intro" and since < 4) or (part.name == "outro" and since >= 4)
    if not quiet:
        for step in (4, 12):
            yield Note(_at(bar, step), ("clap",), 0.95)
        for step in (2, 6, 10, 14):
            yield Note(_at(bar, step), ("open_hat",), 0.36, pan=-0.1)
    for step in range(16):
        accent = (0.22, 0.11, 0.30, 0.15)[step % 4]
        yield Note(_at(bar, step), ("hat",), accent, pan=0.25)
    if part.name == "drop":
        for step in range(0, 16, 4):
            yield Note(_at(bar, step), ("ride",), 0.22 if part.big else 0.15, pan=-0.35)
    if since % 4 == 3 and part.name in ("groove", "drop"):
        for step, gain in ((13, 0.28), (15, 0.38)):
            yield Note(_at(bar, step), ("snare",), gain, pan=0.1)


def _roll(part: Part, bar: int) -> Iterator[Note]:
    """Snare roll: quarters, eighths, sixteenths, thirty-seconds; then one silent beat."""
    since = bar - part.first
    step = (TICKS_PER_BEAT, TICKS_PER_BEAT // 2, TICKS_PER_BEAT // 4, TICKS_PER_BEAT // 8)[since // 2]
    length = BAR - TICKS_PER_BEAT if bar == part.end - 1 else BAR
    for tick in range(0, length, step):
        progress = (since * BAR + tick) / (part.bars * BAR)
        yield Note(bar * BAR + tick, ("snare",), 0.14 + 0.5 * progress * progress)
    if since < 6:
        for eighth in (2, 6, 10, 14):
            yield Note(_at(bar, eighth), ("open_hat",), 0.24, pan=-0.1)


def _tones(part: Part, bar: int) -> Iterator[Note]:
    degree = bar % 4
    since = bar - part.first
    last_of_build = part.name == "build" and bar == part.end - 1
    if part.name in ("groove", "drop") or (part.name == "outro" and since < 4):
        yield from _bass(part, bar, degree)
    if part.name in ("intro", "groove", "outro"):
        bright = {"intro": since // 2, "groove": 3 + (since // 8) + part.big, "outro": 3 - since // 2}[
            part.name
        ]
        for step, gain in ((3, 0.56), (6, 0.72), (11, 0.56), (14, 0.42)):
            yield Note(_at(bar, step), ("stab", degree, bright), gain, ducked=True)
    if part.name in ("breakdown", "build") or part.name == "drop":
        level = {"breakdown": 1 + since // 3, "build": 2 + since // 2, "drop": 4}[part.name]
        gain = 0.22 if part.name == "drop" else 0.30
        if not last_of_build:
            yield Note(bar * BAR, ("pad", degree, level), gain, ducked=True)
    if part.name == "drop":
        for step in (0, 3, 6, 10, 13):
            yield Note(_at(bar, step), ("stab", degree, 5), 0.56, ducked=True)
        yield from _arpeggio(bar, degree, range(16), level=4, gain=0.28)
        if part.big:
            for step, length, pitch in _MELODY[degree]:
                yield from _echoes(Note(_at(bar, step), ("lead", pitch, length), 0.20, ducked=True), 0.3)
    elif part.name == "breakdown":
        steps = range(0, 16, 2) if part.big or since >= 4 else range(0, 16, 4)
        yield from _arpeggio(bar, degree, steps, level=1 + since // 4, gain=0.28)
    elif part.name == "build" and not last_of_build:
        yield from _arpeggio(bar, degree, range(16), level=1 + since // 2, gain=0.16 + 0.015 * since)


def _bass(part: Part, bar: int, degree: int) -> Iterator[Note]:
    root = ROOTS[degree]
    rolling = part.name == "drop"
    steps = ((2, 0), (3, 0), (6, 0), (7, 12), (10, 0), (11, 0), (14, 12), (15, 0)) if rolling else (
        (2, 0), (6, 0), (9, 12), (10, 0), (14, 0))  # fmt: skip
    for step, interval in steps:
        yield Note(_at(bar, step), ("bass", root + interval, int(rolling)), 0.33, ducked=True)


def _arpeggio(bar: int, degree: int, steps: range, *, level: int, gain: float) -> Iterator[Note]:
    chord = CHORDS[degree]
    for step in steps:
        octave, voice = divmod(_RUN[step], len(chord))
        pitch = chord[voice] + 12 * (octave + 1)
        pan = 0.5 if step % 4 < 2 else -0.5
        yield from _echoes(Note(_at(bar, step), ("pluck", pitch, level), gain, pan, ducked=True), 0.42)


def _echoes(note: Note, feedback: float) -> Iterator[Note]:
    """The note, and what a ping-pong delay of a dotted eighth makes of it."""
    yield note
    for repeat in (1, 2, 3):
        side = -0.8 if repeat % 2 else 0.8
        tick = (note.tick + repeat * 3 * SIXTEENTH) % TICKS
        yield Note(tick, note.sound, note.gain * feedback**repeat, side, note.ducked)


def _signals(part: Part) -> Iterator[Note]:
    """What tells a listener that a section ends or begins."""
    start, end = part.first * BAR, part.end * BAR
    if part.name == "build":
        yield Note(start, ("riser", part.bars), 0.62 if part.big else 0.5)
        yield Note(end - BAR, ("swell",), 0.5)
    if part.name == "drop":
        yield Note(start, ("crash",), 0.65)
        yield Note(start, ("boom",), 0.45)
        yield Note(start + 8 * BAR, ("crash",), 0.45)
    if part.name in ("groove", "breakdown"):
        yield Note(start, ("crash",), 0.36)
