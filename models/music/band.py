"""Band music: a composed piece, played by people or machines, rendered with a sound font; exact truth."""

from __future__ import annotations

import numpy as np

from models.music.clip import Clip, OnsetClass, Split, Truth, merged
from models.music.excerpt import without_start
from models.music.machine import Font, font_path, fonts
from models.music.score.composer import Piece, compose
from models.music.score.drawn import generated_style
from models.music.score.styles import Style
from models.music.score.tempo import TempoMap, played_tempi
from models.music.score.train import TRAIN
from models.music.score.valid import VALID
from models.music.soundfont import DRUMS, Attack, Note, Synth

_KICKS = frozenset((35, 36))
_CLAPS = frozenset((37, 38, 39, 40))
_HATS = frozenset((42, 44, 46, 49, 51, 52, 53, 54, 55, 56, 57, 59, 69, 70, 82))
_SLOW_PROGRAMS = frozenset((*range(48, 55), *range(88, 96)))
_SLOW_RISE = 0.02
"""Seconds from 10 % to 50 % of the peak from which an attack is called slow."""
_SLOW_DELAY = 0.03
_GENERATED = 0.22
"""Share of training pieces in a style of drawn patterns."""


def drum_class(key: int) -> OnsetClass:
    """The class of a General-MIDI drum key."""
    if key in _KICKS:
        return "kick"
    if key in _CLAPS:
        return "clap"
    return "hihat" if key in _HATS else "other"


def _style(rng: np.random.Generator, split: Split) -> Style:
    if split == "train" and rng.random() < _GENERATED:
        return generated_style(rng)
    styles = TRAIN if split == "train" else VALID
    return styles[int(rng.integers(len(styles)))]


def _font(rng: np.random.Generator, split: Split) -> Font:
    choices = fonts(split)
    shares = np.array([font.share for font in choices])
    return choices[int(rng.choice(len(choices), p=shares / shares.sum()))]


class _Players:
    """How far each note is off the grid: nobody, or people with their own lag and looseness."""

    def __init__(self, rng: np.random.Generator, piece: Piece) -> None:
        loose = float(rng.choice((0.0, 0.0, 0.002, 0.004, 0.006, 0.009)))
        self._rng = rng
        self._loose = loose
        self._lag = {v.channel: float(rng.normal(0.0, loose / 2)) for v in piece.voices if v.channel != DRUMS}

    def offset(self, channel: int) -> float:
        """Seconds, within -18..18 ms."""
        if self._loose == 0.0:
            return 0.0
        drawn = self._lag.get(channel, 0.0) + float(self._rng.normal(0.0, self._loose))
        return float(np.clip(drawn, -0.018, 0.018))


def _notes(rng: np.random.Generator, piece: Piece, tempo: TempoMap, synth: Synth) -> list[Note]:
    players = _Players(rng, piece)
    notes: list[Note] = []
    for event in piece.events:
        start = synth.snap(max(0.0, tempo.time(event.beat) + players.offset(event.channel)))
        end = max(start + 0.03, tempo.time(event.beat + event.length))
        notes.append(Note(start, end, event.channel, event.key, event.velocity))
    return notes


def _slow(attack: Attack, program: int, channel: int) -> bool:
    if channel == DRUMS:
        return False
    return program in _SLOW_PROGRAMS or attack.rise > _SLOW_RISE or attack.delay > _SLOW_DELAY


def _onsets(truth: Truth, piece: Piece, notes: list[Note], synth: Synth, duration: float) -> None:
    """Fills in where notes really start: the sound font's own delay is added."""
    programs = {voice.channel: voice.program for voice in piece.voices}
    by_class: dict[OnsetClass, list[float]] = {"kick": [], "clap": [], "hihat": [], "other": []}
    slow: list[float] = []
    for note in notes:
        attack = synth.attack(note.channel, note.key)
        start = note.start + attack.delay
        if start >= duration - 0.02:
            continue
        if _slow(attack, programs[note.channel], note.channel):
            slow.append(note.start)
        else:
            by_class[drum_class(note.key) if note.channel == DRUMS else "other"].append(start)
    truth.onsets = merged([time for times in by_class.values() for time in times])
    truth.onsets_by_class = {name: sorted(set(times)) for name, times in by_class.items()}
    truth.onsets_dontcare = merged(slow)


def make(rng: np.random.Generator, split: Split) -> Clip:
    """One clip of band music, 30 to 50 s, peak between -14 and -0.3 dBFS.

    Args:
        rng: all randomness comes from it.
        split: decides which styles and sound fonts may be used.

    Raises:
        MissingPackageError: FluidSynth or a sound font is not installed.
    """
    style = _style(rng, split)
    font = _font(rng, split)
    rate = 48000 if rng.random() < 0.2 else 44100
    length = float(rng.uniform(30.0, 48.0))
    bpm = float(rng.uniform(*style.tempo))
    bpm = round(bpm) if rng.random() < 0.5 else bpm
    bars = int(np.ceil(length * bpm / 60 / style.beats))
    piece = compose(rng, style, bars)
    lead_in = float(rng.uniform(0.05, 1.0)) + piece.pickup * 60 / bpm
    tempo = TempoMap(
        played_tempi(rng, bpm, bars * style.beats, style.beats),
        lead_in,
        swing=float(rng.uniform(*style.swing)),
        swing_level=style.swing_level,
    )
    last = float(tempo.beats[-1])
    duration = min(last + 1.5, 50.0)
    reverb = float(rng.uniform(0.1, 0.9)) if rng.random() < 0.7 else 0.0
    with Synth(font_path(font), rate, reverb=reverb, chorus=rng.random() < 0.4) as synth:
        for voice in piece.voices:
            synth.choose(voice)
        notes = _notes(rng, piece, tempo, synth)
        first_note = min((note.start for note in notes), default=0.0)
        beats = [float(t) for t in tempo.beats[:-1] if t < duration]
        # a pickup of a beat or more shows beats before the first downbeat
        before = int(piece.pickup + 1e-6)
        beats = [tempo.time(-float(k)) for k in range(before, 0, -1)] + beats
        untold = [(0.0, tempo.time(end) - 0.05) for _, end in piece.untold if tempo.time(end) < duration]
        truth = Truth(
            id=f"band_{style.name}_{int(rng.integers(1 << 40)):010x}",
            category="band",
            duration=duration,
            beats=beats,
            downbeats=[float(t) for t in tempo.beats[: -1 : style.beats] if t < duration],
            beats_per_bar=style.beats,
            tempo=[segment for segment in tempo.segments() if segment[0] < duration],
            mask=untold + ([(last - 0.05, duration)] if last < duration else []),
            silent=[(0.0, first_note)] if first_note > 0.5 else [],
            changes=[untold[0][1] if untold else max(0.0, first_note)],
            sections=[(tempo.time(beat), name) for beat, name in piece.sections],
        )
        _onsets(truth, piece, notes, synth, duration)
        samples = synth.render(notes, duration)
    peak = max(1e-6, float(np.abs(samples).max()))
    samples *= np.float32(10 ** (rng.uniform(-14.0, -0.3) / 20) / peak)
    clip = Clip(rate=rate, samples=samples, truth=truth)
    if rng.random() < 0.3:
        return without_start(clip, first_note + float(rng.uniform(0.0, 8.0)))
    return clip
