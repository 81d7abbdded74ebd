"""Composes a piece of band music in one style: sections, chords, bass, accompaniment, melody, drums.

Times are in beats of the truth's beat level; the first downbeat is beat 0, a pickup lies before it.
"""

from __future__ import annotations

from typing import NamedTuple, TypeVar

import msgspec
import numpy as np

from models.music.clip import SectionName
from models.music.score.chords import Chords
from models.music.score.melody import melody
from models.music.score.styles import DRUM_KEYS, Style
from models.music.soundfont import DRUMS, Voice

T = TypeVar("T")

BASS, LEAD, COMPING = 0, 1, 2
"""MIDI channels; comping parts take `COMPING` and those above it."""
_KITS = (0, 0, 0, 8, 16, 24, 25, 32, 40)
_FILLS = (
    "ssss",
    "ssttffff",
    "s.st.tff",
    "....ssss",
    "..sst.f.",
    "TTttffkk",
    "s.s.ssss",
    ".......s",
    "kskskkss",
)


_TRIPLET_FILLS = ("ssssss", "sstfff", "s.st.f", "...sss", "s.ss.s")
_SOFT, _LOUD = 0.75, 1.2


class Event(NamedTuple):
    """A note: `beat`, `length` in beats, MIDI `channel`, `key`, `velocity`."""

    beat: float
    length: float
    channel: int
    key: int
    velocity: int


class Piece(msgspec.Struct, kw_only=True):
    """A composed piece.

    Attributes:
        voices: sound of each channel in use.
        events: notes in no particular order.
        bars: length in bars.
        sections: `(beat, name)`, ascending.
        pickup: beats that the piece starts before beat 0.
        untold: `(first, last)` beats of passages from which the beat cannot be known.
    """

    voices: list[Voice]
    events: list[Event]
    bars: int
    sections: list[tuple[float, SectionName]]
    pickup: float
    untold: list[tuple[float, float]]


class Section(NamedTuple):
    """`bars` bars from bar `start`, which channels play in it, and its loudness at both ends."""

    start: int
    bars: int
    playing: frozenset[int]
    held: bool
    loud: tuple[float, float] = (1.0, 1.0)


def _of(rng: np.random.Generator, choices: tuple[T, ...]) -> T:
    return choices[int(rng.integers(len(choices)))]


def _sections(rng: np.random.Generator, bars: int, channels: list[int], telling: list[int]) -> list[Section]:
    """Parts enter and leave every 4 or 8 bars; only a lone introduction may hide the beat.

    Args:
        rng: settles everything.
        bars: length of the piece.
        channels: those in use.
        telling: those that tell the beat, the plainest first.
    """
    sections: list[Section] = []
    start = 0
    lone = rng.random() < 0.25
    level = 1.0
    while start < bars:
        length = int(_of(rng, (2, 4, 4, 8, 8)))
        chance = {DRUMS: 0.8, BASS: 0.88, LEAD: 0.7}
        playing = {channel for channel in channels if rng.random() < chance.get(channel, 0.75)}
        held = start == 0 and length <= 4 and rng.random() < 0.25
        if start == 0 and lone and not held:
            playing, length = {_of(rng, tuple(channels))}, int(_of(rng, (2, 2, 4)))
        elif not playing & set(telling[:2]):
            playing.add(telling[0])
        after = float(rng.uniform(_SOFT, _LOUD)) if rng.random() < 0.4 else level
        gradual = length >= 4 and rng.random() < 0.3  # crescendo, decrescendo; else the level steps
        sections.append(
            Section(start, length, frozenset(playing), held, (level if gradual else after, after))
        )
        level = after
        start += length
    return sections


def _telling(
    channels: list[int], kit: dict[str, str], basses: list[str], comps: list[list[str]], beats: int
) -> list[int]:
    """Channels from which the beat can be known, the plainest first: drums, bass, chords mostly on beats."""
    found = []
    if DRUMS in channels and any(pattern[0] not in ".-" for pattern in kit.values()):
        found.append(DRUMS)
    if BASS in channels and all(_on_beats(pattern, beats) for pattern in basses):
        found.insert(0, BASS)
    found += [COMPING + k for k, patterns in enumerate(comps) if all(_on_beats(p, beats) for p in patterns)]
    return found or [channel for channel in (BASS, DRUMS, *channels) if channel in channels][:1]


def _on_beats(pattern: str, beats: int) -> bool:
    """Whether each bar begins with a note and most of its beats have one."""
    for bar in pattern.split():
        starts = [step * beats / len(bar) for step, symbol in enumerate(bar) if symbol not in ".-"]
        whole = [start for start in starts if start % 1 == 0]
        if 0.0 not in starts or (2 * len(whole) < len(starts) and len(whole) < beats):
            return False
    return True


def _bar(pattern: str, index: int) -> str:
    bars = pattern.split()
    return bars[index % len(bars)]


class _Composer:
    """Collects the events of one piece."""

    def __init__(self, rng: np.random.Generator, style: Style, harmony: Chords) -> None:
        self.rng = rng
        self.style = style
        self.harmony = harmony
        self.ahead = 0.5 if rng.random() < style.anticipate else 0.0
        self.events: list[Event] = []
        self.dynamics = float(rng.uniform(0.7, 1.15))
        self.level = 1.0
        self.stress = float(rng.choice((0.0, 0.0, 6.0, 12.0)))

    def add(self, beat: float, length: float, channel: int, key: int, velocity: float) -> None:
        """One note; in half of the pieces downbeats are louder than beats, and these than what is between."""
        accent = 0.0 if beat % 1 else 1.0 if beat % self.style.beats else 1.5
        loud = round(
            (velocity + (accent - 0.7) * self.stress) * self.dynamics * self.level
            + float(self.rng.normal(0.0, 4.0))
        )
        self.events.append(Event(beat, length, channel, min(108, max(20, key)), min(127, max(28, loud))))

    def steps(self, pattern: str, bar: int) -> list[tuple[float, float, str]]:
        """`(beat, length, symbol)` of a bar of a pattern, holds added to the note before."""
        symbols = _bar(pattern, bar)
        step = self.style.beats / len(symbols)
        found: list[tuple[float, float, str]] = []
        for index, symbol in enumerate(symbols):
            if symbol == "-":
                if found:
                    beat, length, before = found[-1]
                    found[-1] = (beat, length + step, before)
            elif symbol != ".":
                found.append((bar * self.style.beats + index * step, step, symbol))
        return found

    def chord_time(self, beat: float) -> float:
        """The beat whose chord is played: ahead of the bar line in a piece that anticipates."""
        return beat + self.ahead if (beat + self.ahead) % self.style.beats < self.ahead else beat

    def bass(self, pattern: str, bar: int, *, rooted: bool) -> None:
        """A bar of bass; where `rooted`, it takes the root on the first beat whatever the pattern says."""
        first, following = bar * self.style.beats, (bar + 1) * self.style.beats
        steps = self.steps(pattern, bar)
        if rooted and (not steps or steps[0][0] > first):
            ends = min(first + 1.0, steps[0][0] if steps else first + 1.0)
            steps.insert(0, (float(first), ends - first, "r"))
        for beat, length, symbol in steps:
            key = self.harmony.bass(self.chord_time(beat), symbol, following)
            self.add(beat, length * 0.92, BASS, key, 100 if beat % 1 == 0 else 90)

    def comp(self, channel: int, pattern: str, octave: int, bar: int) -> None:
        for beat, length, symbol in self.steps(pattern, bar):
            keys = self.harmony.voicing(self.chord_time(beat), octave)
            if symbol.isdigit():
                place = int(symbol) - 1
                keys = [keys[place % len(keys)] + 12 * (place // len(keys))]
            velocity = {"X": 96.0, "o": 55.0}.get(symbol, 80.0)
            for key in keys:
                self.add(beat, length * (0.55 if symbol == "x" else 0.95), channel, key, velocity)

    def drums(self, kit: dict[str, str], bar: int, *, fill: str, crash: bool) -> None:
        from_beat = bar * self.style.beats
        fill_from = (bar + 1) * self.style.beats - min(2, self.style.beats - 1) if fill else np.inf
        for letter, pattern in kit.items():
            for beat, _, symbol in self.steps(pattern, bar):
                if beat >= fill_from or (letter not in "ks" and self.rng.random() < 0.02):
                    continue
                velocity = {"X": 115.0, "o": 48.0}.get(symbol, 92.0)
                self.add(beat, 0.2, DRUMS, DRUM_KEYS[letter], velocity)
        if fill:
            step = min(2, self.style.beats - 1) / len(fill)
            for index, letter in enumerate(fill):
                if letter != ".":
                    self.add(fill_from + index * step, 0.2, DRUMS, DRUM_KEYS[letter], 88 + 3 * index)
        if crash:
            self.add(from_beat, 0.2, DRUMS, DRUM_KEYS["C"], 105)


def _voices(rng: np.random.Generator, style: Style, comping: int) -> list[Voice]:
    def voice(channel: int, program: int, volume: tuple[int, int], spread: int) -> Voice:
        pan = 64 + int(rng.integers(-spread, spread + 1))
        return Voice(channel, program, int(rng.integers(*volume)), pan, int(rng.integers(10, 90)))

    voices: list[Voice] = []
    if style.bass:
        voices.append(voice(BASS, _of(rng, style.bass_programs), (80, 127), 8))
    if style.lead:
        voices.append(voice(LEAD, _of(rng, style.lead), (75, 122), 20))
    for index in range(comping):
        programs = style.comping[index % len(style.comping)].programs
        voices.append(voice(COMPING + index, _of(rng, programs), (55, 110), 50))
    if any(style.drums):
        voices.append(voice(DRUMS, _of(rng, _KITS), (70, 127), 0))
    return voices


def compose(rng: np.random.Generator, style: Style, bars: int) -> Piece:
    """A piece of `bars` bars in one style; the same `rng` state gives the same piece."""
    progressions = style.progressions or ("1",)
    harmony = Chords(
        int(rng.integers(12)),
        _of(rng, style.scales),
        _of(rng, progressions),
        style.beats,
        sevenths=style.sevenths,
    )
    composer = _Composer(rng, style, harmony)
    comping = min(len(style.comping), int(rng.integers(1, 4))) if style.comping else 0
    voices = _voices(rng, style, comping)
    kit = _of(rng, style.drums) if style.drums else {}
    if not kit:
        voices = [voice for voice in voices if voice.channel != DRUMS]
    channels = [voice.channel for voice in voices]
    basses = [_of(rng, style.bass) for _ in range(2)] if style.bass else []
    comps = [
        [_of(rng, style.comping[i % len(style.comping)].patterns) for _ in range(2)] for i in range(comping)
    ]
    telling = _telling(channels, kit, basses, comps, style.beats)
    sections = _sections(rng, bars, channels, telling)
    for number, section in enumerate(sections):
        again = int(rng.random() < 0.3)
        fills = rng.random() < 0.7
        for bar in range(section.start, min(bars, section.start + section.bars)):
            last = bar == section.start + section.bars - 1
            composer.level = float(np.interp(bar - section.start, (0, section.bars), section.loud))
            if DRUMS in section.playing and not section.held:
                fill = _of(rng, _TRIPLET_FILLS if style.division == 3 else _FILLS) if fills and last else ""
                composer.drums(kit, bar, fill=fill, crash=number > 0 and bar == section.start and fills)
            if BASS in section.playing:
                rooted = (bar - section.start) % 2 == 0
                composer.bass("r" + "-" * 7 if section.held else basses[again], bar, rooted=rooted)
            for index in range(comping):
                if COMPING + index in section.playing or section.held:
                    pattern = "X-------" if section.held else comps[index][again]
                    composer.comp(COMPING + index, pattern, style.comping[index].octave, bar)
    composer.level = 1.0
    pickup = 0.0
    if style.lead:
        spans = [(s.start, min(bars, s.start + s.bars)) for s in sections if LEAD in s.playing and not s.held]
        for beat, length, key, velocity in melody(rng, style, harmony, spans):
            composer.add(beat, length, LEAD, key, velocity)
            pickup = max(pickup, -beat)
    named: list[tuple[float, SectionName]] = []
    for section in sections:
        name: SectionName = "groove" if DRUMS in section.playing and not section.held else "calm"
        if not named or named[-1][1] != name:
            named.append((float(section.start * style.beats), name))
    opening = sections[0]
    hidden = not opening.playing & set(telling) or opening.held
    untold = [(0.0, float(opening.bars * style.beats))] if hidden and len(sections) > 1 else []
    return Piece(
        voices=voices, events=composer.events, bars=bars, sections=named, pickup=pickup, untold=untold
    )
