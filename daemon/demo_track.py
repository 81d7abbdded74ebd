"""The built-in demo track: music made here, so that there is something to hear on any machine.

Every stretch of it is computed from the score alone: any block can be asked for, in any order, without
rendering what comes before, and the end runs into the beginning. Its beats and sections are known
exactly, which makes it a test signal too.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from daemon.demo_score import (
    BAR,
    BARS,
    BEATS,
    BEATS_PER_BAR,
    BPM,
    TICKS,
    TICKS_PER_BEAT,
    form,
    has_kick,
    score,
)
from daemon.demo_sounds import Sounds, Stereo

SECONDS = BEATS * 60 / BPM
"""Length of one round, 201.3 s."""

_PEAK = 10 ** (-1.0 / 20)
"""-1 dBFS: what the output never exceeds."""
_DRIVE = 1.0
_KEPT_BARS = 4
_MADE_AHEAD = 2
"""Sounds made with each bar for later ones, so that no bar has to wait for many at once."""
_LONGEST_SOUND = 16
"""Seconds; the riser of eight bars lasts 15."""
_DUCK = 0.72
_DUCK_BEATS = 0.62


@dataclass(frozen=True)
class Section:
    """A section of the track.

    Attributes:
        name: intro, groove, breakdown, build, drop or outro.
        start: seconds.
        end: seconds.
        first_bar: bar in which it starts, counted from 0.
        bars: its length.
    """

    name: str
    start: float
    end: float
    first_bar: int
    bars: int


def beats() -> list[float]:
    """Exact times of the beats of one round, seconds, whether a kick plays on them or not."""
    return [beat * 60 / BPM for beat in range(BEATS)]


def downbeats() -> list[float]:
    """Exact times of the first beats of the bars, seconds."""
    return beats()[::BEATS_PER_BAR]


def kicks() -> list[float]:
    """Times of the beats on which the kick plays, seconds."""
    return [time for beat, time in enumerate(beats()) if has_kick(beat)]


def sections() -> list[Section]:
    """The sections in order, without gaps, seconds."""
    borders = [*downbeats(), SECONDS]
    return [
        Section(part.name, borders[part.first], borders[part.end], part.first, part.bars) for part in form()
    ]


class DemoTrack:
    """The track at one sample rate, endlessly repeated.

    Music is rendered a bar at a time, when a block first reaches into it, in a small part of its own
    length. Instruments are made a few at a time ahead of their first note; only the first block, and a
    jump forward, have to wait for theirs.

    Args:
        rate: samples a second, 8000 to 192000.
        only: names of the sounds to play, such as ("kick",); empty plays all.

    Raises:
        ValueError: `rate` is out of range.
    """

    def __init__(self, rate: int, only: tuple[str, ...] = ()) -> None:
        if not 8000 <= rate <= 192000:
            raise ValueError(f"a sample rate of {rate} cannot be rendered; use 8000 to 192000.")
        self.rate = rate
        self.length = self.sample_of(TICKS)
        self._sounds = Sounds(rate)
        self._notes = [note for note in score() if not only or note.sound[0] in only]
        self._starts = np.array([self.sample_of(note.tick) for note in self._notes], dtype=np.int64)
        # In order of first use, the next to be made at the end.
        self._to_make = list(dict.fromkeys(note.sound for note in self._notes))[::-1]
        self._bars: OrderedDict[int, NDArray[np.int16]] = OrderedDict()

    def sample_of(self, tick: int) -> int:
        """Sample at which a tick of the score falls, rounded to the nearest."""
        per_second = BPM * TICKS_PER_BEAT
        return (2 * tick * self.rate * 60 + per_second) // (2 * per_second)

    def block(self, start: int, n: int) -> NDArray[np.int16]:
        """`n` samples from sample `start` of the endless track, shape (n, 2).

        The same samples come out however the track is cut into blocks.

        Raises:
            ValueError: `start` or `n` is negative.
        """
        if start < 0 or n < 0:
            raise ValueError(f"there is no block of {n} samples at {start}; both must be 0 or more.")
        out = np.empty((n, 2), dtype=np.int16)
        done = 0
        while done < n:
            place = (start + done) % self.length
            bar, first = self._bar_at(place)
            piece = bar[place - first : place - first + n - done]
            out[done : done + len(piece)] = piece
            done += len(piece)
        return out

    def _bar_at(self, place: int) -> tuple[NDArray[np.int16], int]:
        """The bar that holds sample `place`, and its first sample."""
        index = place * BARS // self.length
        # Bar lines are rounded to samples: the division may be one off.
        if self._bar_line(index + 1) <= place:
            index += 1
        elif self._bar_line(index) > place:
            index -= 1
        if index not in self._bars:
            self._bars[index] = self._render(self._bar_line(index), self._bar_line(index + 1))
            if len(self._bars) > _KEPT_BARS:
                self._bars.popitem(last=False)
            for _ in range(min(_MADE_AHEAD, len(self._to_make))):
                self._sounds.get(self._to_make.pop())
        return self._bars[index], self._bar_line(index)

    def _bar_line(self, bar: int) -> int:
        return self.sample_of(bar * BAR)

    def _render(self, first: int, end: int) -> NDArray[np.int16]:
        """Mix samples `first` to `end` of one round."""
        plain = np.zeros((end - first, 2), dtype=np.float32)
        ducked = np.zeros_like(plain)
        # What rings at the end of a round still rings at the beginning of the next.
        for shift in (0, self.length):
            starts = self._starts - shift
            for index in np.flatnonzero((starts < end) & (starts > first - _LONGEST_SOUND * self.rate)):
                note, at = self._notes[index], int(self._starts[index]) - shift
                sound = self._sounds.get(note.sound)
                low, high = max(at, first), min(at + len(sound), end)
                if low < high:
                    bus = ducked if note.ducked else plain
                    bus[low - first : high - first] += sound[low - at : high - at] * _balance(
                        note.gain, note.pan
                    )
        self._duck(ducked, first, end)
        plain += ducked
        return _to_int16(plain)

    def _duck(self, bus: Stereo, first: int, end: int) -> None:
        """Push the tones down under each kick: the pumping that holds a house track together."""
        per_beat = self.length / BEATS
        for beat in range(max(0, int(first / per_beat) - 1), min(BEATS, int(end / per_beat) + 1)):
            at, following = self.sample_of(beat * TICKS_PER_BEAT), self.sample_of((beat + 1) * TICKS_PER_BEAT)
            low, high = max(at, first), min(following, end)
            if low < high and has_kick(beat):
                progress = np.arange(low - at, high - at) / (self.rate * 60 / BPM * _DUCK_BEATS)
                left = np.maximum(0.0, 1.0 - progress)
                bus[low - first : high - first] *= (1.0 - _DUCK * left * left).astype(np.float32)[:, None]


def render(rate: int) -> NDArray[np.int16]:
    """One round of the track, shape (n, 2).

    Raises:
        ValueError: `rate` is out of range.
    """
    track = DemoTrack(rate)
    return track.block(0, track.length)


def write_wav(path: Path, rate: int) -> None:
    """Write one round to a 16-bit WAV file, for listening."""
    soundfile.write(path, render(rate), rate, subtype="PCM_16")


def _balance(gain: float, pan: float) -> NDArray[np.float32]:
    """Left and right gain; constant power but for a factor, so that the middle is `gain`."""
    left, right = np.sqrt(1.0 - pan), np.sqrt(1.0 + pan)
    return np.array([gain * left, gain * right], dtype=np.float32)


def _to_int16(mix: Stereo) -> NDArray[np.int16]:
    """Saturate softly to -1 dBFS and quantise.

    x (27 + x^2) / (27 + 9 x^2) is close to tanh(x) and reaches 1 with no slope at 3 (Padé).
    """
    x = np.clip(mix * np.float32(_DRIVE), -3.0, 3.0)
    squared = x * x
    soft = x * (27.0 + squared) / (27.0 + 9.0 * squared)
    return np.rint(soft * np.float32(_PEAK * 32767)).astype(np.int16)
