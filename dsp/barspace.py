"""Tempo, phase, level and bar as parallel hypotheses: nothing that could still be right is ever dropped.

Every tempo from the slowest to the fastest, at every position of a bar of three and of four, has a
probability. Each frame moves them all on and weighs them by the network's evidence; a track that begins with
any tempo at any moment is one of the hypotheses, so a cut is found as soon as the evidence is there.

Conventions: frames of 10 ms, positions in half frames; phase in beats, 0 at the beat; probabilities.
"""

from __future__ import annotations

from math import fsum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dsp.frames import FRAME_RATE
from dsp.kernels.approx import exp2, log2
from dsp.kernels.barspace import (
    advance,
    favour,
    fold,
    gather,
    likeliest_phase,
    likeliest_tempo,
    observe,
    settle,
)

Float32 = NDArray[np.float32]

METRES = (4, 3)
STEP = 1.02
"""Ratio of neighbouring tempi, unless that is less than a half frame."""
BINS = 48
"""Parts of a beat in which the likeliest phase is looked for."""
REACH = 0.08
"""In beats: hypotheses so close to the likeliest phase say the same."""
NEIGHBOURS = 3
"""Tempi so many places away say the same."""


LESS = 0.995
"""What is left of the strongest evidence a frame later: it counts for some two seconds."""


class Chances(NamedTuple):
    """How the music behaves, and how far the evidence is believed. All found on made music; see reference.md.

    Attributes:
        change: how strongly tempi keep; a change by the ratio q at a beat has weight `exp(-change |q - 1|)`.
        restart_s: mean seconds until something new begins.
        stray: chance that the place in the bar is lost at a beat.
        beat: exponent of the beat evidence; less than 1 since neighbouring frames tell the same.
        downbeat: exponent of the downbeat evidence.
        tempo: exponent of the tempo evidence, applied once a beat.
        waltz: prior share of bars of three.
        usual: evidence that speaks neither for nor against a beat, as a share of the strongest of late.
    """

    change: float = 60.0
    restart_s: float = 60.0
    stray: float = 0.04
    beat: float = 0.45
    downbeat: float = 0.7
    tempo: float = 0.1
    waltz: float = 0.08
    usual: float = 0.06


class Reading(NamedTuple):
    """The likeliest hypothesis.

    Attributes:
        share: probability of it and of those that say the same, 0..1.
        period: frames a beat.
        phase01: position within the beat.
        beats: beats in the bar.
        place: the beat of the bar that fell last, 0 is the downbeat.
        bar_share: probability of that place and metre, given tempo and phase.
    """

    share: float
    period: float
    phase01: float
    beats: int
    place: int
    bar_share: float


class BarSpace:
    """All hypotheses.

    Attributes:
        tempi: float64[tempi], BPM of each tempo, fast to slow.
        gain: float32[tempi], likelihood of each tempo by other evidence; may be written, 1 says nothing.
    """

    def __init__(self, slowest_bpm: float, fastest_bpm: float, chances: Chances) -> None:
        self._chances = chances
        intervals = _intervals(slowest_bpm, fastest_bpm)
        count = len(intervals)
        self.tempi = np.array([120.0 * FRAME_RATE / interval for interval in intervals])
        rows = []
        start = 0
        for beats in METRES:
            for index, interval in enumerate(intervals):
                rows.append((start, interval, beats, index))
                start += interval * beats
        self._rings = np.array(rows, dtype=np.int32)
        self._head = np.zeros(len(rows), dtype=np.int32)
        self._mass = np.zeros(start, dtype=np.float32)
        self._near, self._moves = _moves(intervals, chances.change)
        self._enter = np.zeros((count, 4), dtype=np.float32)
        self._trust = np.array([chances.beat, chances.downbeat, chances.usual])
        self._ratio = np.zeros((2, 5), dtype=np.float32)
        self._sums = np.zeros(len(rows))
        self._phases = np.zeros(BINS, dtype=np.float32)
        self._out = np.zeros(10)
        self._restart = 1.0 / (chances.restart_s * FRAME_RATE)
        self._bins = np.array([_tempo_bin(bpm) for bpm in self.tempi.tolist()], dtype=np.int32)
        self.gain = np.ones(count, dtype=np.float32)
        self.reset()

    def reset(self) -> None:
        """Forget everything: all tempi and positions are equally likely."""
        count = len(self.tempi)
        for start, interval, beats, _ in self._rings.tolist():
            share = self._chances.waltz if beats == 3 else 1.0 - self._chances.waltz
            self._mass[start : start + interval * beats] = share / (count * interval * beats)
        self._head[:] = 0
        self._peak = 0.1
        settle(self._mass, self._rings, self._sums, 1.0)

    def step(self, beat: float, downbeat: float) -> None:
        """Take the evidence of one frame in.

        Args:
            beat: probability of a beat in this frame.
            downbeat: probability that there is a beat which begins a bar.
        """
        self._peak = max(beat, LESS * self._peak)
        self._trust[2] = min(max(self._chances.usual * self._peak, 0.02), 0.3)
        total = advance(
            self._mass,
            self._rings,
            self._head,
            self._near,
            self._moves,
            self.gain,
            self._sums,
            self._restart,
            self._chances.stray,
            self._enter,
        )
        observe(self._mass, self._rings, self._head, self._sums, self._trust, beat, downbeat, self._ratio)
        if not 1e-6 < total < 1e6:
            if total > 0.0:
                settle(self._mass, self._rings, self._sums, 1.0 / total)
            else:
                self.reset()

    def read(self) -> Reading:
        """Give the likeliest hypothesis."""
        best = likeliest_tempo(self._sums, len(self.tempi))
        return self.around(best, fsum(self._sums.tolist()))

    def favour(self, tempo: Float32) -> None:
        """Weigh the tempi by the network's opinion of the tempo, float32[48] as in `dsp.network`."""
        favour(tempo, self._bins, self._chances.tempo, self.gain)

    def suggest(self, period: float, phase01: float) -> None:
        """Someone who knows says that a beat lasts `period` frames and that this is where in it we are."""
        for row, (start, interval, beats, _) in enumerate(self._rings.tolist()):
            for at in range(interval * beats):
                place = ((at - int(self._head[row])) % (interval * beats)) / interval
                off = place - phase01
                off -= (off + 0.5) // 1.0
                wrong = 30.0 * abs(interval / (2.0 * period) - 1.0) + 30.0 * abs(off)
                self._mass[start + at] *= 1e-6 + exp2(-wrong)
        settle(self._mass, self._rings, self._sums, 1.0)

    def nudge(self, frames: float) -> None:
        """All beats fall so many frames later."""
        for row, (_, interval, beats, _) in enumerate(self._rings.tolist()):
            self._head[row] = (int(self._head[row]) + round(2.0 * frames)) % (interval * beats)

    def around(self, tempo: int, total: float) -> Reading:
        """The likeliest phase and place in the bar at about one tempo, an index into `tempi`."""
        first, last = max(0, tempo - NEIGHBOURS), min(len(self.tempi), tempo + NEIGHBOURS + 1)
        fold(self._mass, self._rings, self._head, first, last, self._phases)
        best = likeliest_phase(self._phases)
        out = self._out
        gather(self._mass, self._rings, self._head, first, last, (best + 0.5) / BINS, REACH, out)
        share, offset, interval, *places = out.tolist()
        phase = (best + 0.5) / BINS + offset
        top = places.index(max(places))
        beats, place = (3, top) if top < 3 else (4, top - 3)
        laps = int(phase // 1.0)
        phase -= laps
        place = (place + laps) % beats
        return Reading(
            share=share / total,
            period=interval / 2.0,
            phase01=phase,
            beats=beats,
            place=place,
            bar_share=places[top] / share if share > 0.0 else 0.0,
        )


def _tempo_bin(bpm: float) -> int:
    """Which of the network's 48 tempi from 55 to 220 BPM, 24 an octave, is nearest."""
    return min(max(int(24.0 * log2(bpm / 55.0)), 0), 47)


def _intervals(slowest_bpm: float, fastest_bpm: float) -> list[int]:
    """Half frames a beat, ascending, each at least one more than and about `STEP` times the one before."""
    longest = int(120.0 * FRAME_RATE / slowest_bpm)
    intervals = [int(120.0 * FRAME_RATE / fastest_bpm)]
    exact = float(intervals[0])
    while intervals[-1] < longest:
        exact = max(exact * STEP, intervals[-1] + 1.0)
        intervals.append(int(exact + 0.5))
    return intervals


def _moves(intervals: list[int], change: float) -> tuple[NDArray[np.int32], Float32]:
    """From which tempi each tempo may be reached, and how likely, out of all a tempo may become."""
    count = len(intervals)
    weights = [
        [exp2(-1.4426950408889634 * change * abs(new / old - 1.0)) for new in intervals] for old in intervals
    ]
    near = np.zeros((count, 2), dtype=np.int32)
    width = 0
    for new in range(count):
        sources = [old for old in range(count) if weights[old][new] > 0.002]
        near[new] = sources[0], sources[-1] + 1
        width = max(width, len(sources))
    moves = np.zeros((count, width), dtype=np.float32)
    totals = [0.0] * count
    for new in range(count):
        for old in range(int(near[new, 0]), int(near[new, 1])):
            totals[old] += weights[old][new]
    for new in range(count):
        for old in range(int(near[new, 0]), int(near[new, 1])):
            moves[new, old - int(near[new, 0])] = weights[old][new] / totals[old]
    return near, moves
