"""Tempo and phase hypotheses, fed with onset evidence.

Evidence is relative: a band's flux over its own mean, divided by the strongest of the last seconds.
So the same music 30 dB quieter gives the same evidence.

Conventions: one frame is about 10.7 ms (`frame_hops` hops); intervals are in frames per beat; phase 0 is
the beat.
"""

from __future__ import annotations

import numpy as np

from dsp.kernels.approx import exp2, log2
from dsp.kernels.pulse import advance, read
from dsp.settings import DspSettings
from dsp.tables import exp_minus, smoothing

# How likely a frame holds an onset of the (low, mid, high) band, by where in the beat it lies.
CHANCES = (
    (0.54, 0.55, 0.55),  # on the beat
    (0.24, 0.24, 0.26),  # one frame before or after
    (0.045, 0.08, 0.22),  # half-way between beats
    (0.035, 0.05, 0.05),  # at a quarter or three quarters
    (0.015, 0.02, 0.06),  # at a third or two thirds
    (0.014, 0.013, 0.012),  # anywhere else
)
WEIGHTS = (0.55, 0.45, 0.3)
"""How much each band counts: frames and bands are not independent, so less than 1."""
TEMPO_SPREAD = 0.6
"""Standard deviation of the tempo prior, in octaves around `CENTRE_BPM`."""
CENTRE_BPM = 124.0
TEMPO_CHANGE = 90.0
"""Chance of a change of interval falls as exp(-TEMPO_CHANGE * |ratio - 1|) (Krebs 2015)."""
LEAK = 0.0004


class PulseBank:
    """Every tempo and phase at once.

    Attributes:
        period: samples per beat of the likeliest hypothesis.
        phase01: position within that beat, of the newest frame.
        coherence01: share of all probability that lies near that tempo and phase.
        evidence: onset evidence of low, mid, high in the newest frame, 0..1.
    """

    def __init__(self, settings: DspSettings, hop: int, rate: int) -> None:
        self.frame_hops = max(1, (rate // 100 + hop // 2) // hop)
        self.frame = self.frame_hops * hop
        self._rate = rate
        shortest = 60 * rate // (self.frame * settings.tempo_max_bpm)
        longest = -(-60 * rate // (self.frame * settings.tempo_min_bpm))
        self._intervals = np.arange(shortest, longest + 1, dtype=np.int64)
        begins = [0]
        for interval in range(shortest, longest):
            begins.append(begins[-1] + interval)
        self._begins = np.array(begins, dtype=np.int64)
        size = begins[-1] + longest
        self._classes = np.zeros(size, dtype=np.uint8)
        for begin, interval in zip(begins, range(shortest, longest + 1), strict=True):
            for i in range(interval):
                self._classes[begin + i] = _class_of(i, interval)
        self._table = np.array(
            [
                [
                    [w * log2(p) for p, w in zip(row, WEIGHTS, strict=True)],
                    [w * log2(1.0 - p) for p, w in zip(row, WEIGHTS, strict=True)],
                ]
                for row in CHANCES
            ]
        )
        self._transition = _transitions(shortest, longest)
        self._prior = self._tempo_prior()
        self._states = np.zeros(size)
        self._spare = np.zeros(size)
        self._mass = np.zeros(len(begins))
        self._out = np.zeros(4)
        self.evidence = np.zeros(3)
        self._mean = [0.0, 0.0, 0.0]
        self._peak = [1.0, 1.0, 1.0]
        self._follow = smoothing(1.0, self.frame, rate)
        self._fade = exp_minus(self.frame, 4 * rate)
        self.reset()

    def reset(self) -> None:
        """Forget everything but the loudness of onsets."""
        for m, begin in enumerate(self._begins):
            self._states[begin : begin + self._intervals[m]] = self._prior[m]
        self.period = 60.0 * self._rate / CENTRE_BPM
        self.phase01 = 0.0
        self.coherence01 = 0.0
        self.evidence[:] = 0.0

    def step(self, fluxes: tuple[float, float, float], trust: float) -> None:
        """Take one frame in.

        Args:
            fluxes: low, mid and high flux, dB per band.
            trust: how much the evidence counts, 0 (fly on blindly) to 1.
        """
        for band, flux in enumerate(fluxes):
            over = flux - self._mean[band]
            self._mean[band] += self._follow * over
            peak = max(self._peak[band] * self._fade, over, 1.0)
            self._peak[band] = peak
            self.evidence[band] = min(max((over / peak - 0.15) / 0.5, 0.0), 1.0)
        advance(
            self._states,
            self._spare,
            self._intervals,
            self._begins,
            self._classes,
            self._table,
            self.evidence,
            trust,
            self._transition,
            self._prior,
            LEAK * trust,
            self._mass,
        )
        read(self._states, self._mass, self._intervals, self._begins, 0.03, 0.08, self._out)
        self.period = float(self._out[0]) * self.frame
        self.phase01 = float(self._out[1])
        self.coherence01 = float(self._out[2])

    def suggest(self, period: float, phase01: float) -> None:
        """Put most of the probability on one hypothesis, as when someone taps.

        Args:
            period: samples per beat; outside the range of tempi nothing happens.
            phase01: position within the beat now.
        """
        interval = round(period / self.frame)
        m = interval - int(self._intervals[0])
        if not 0 <= m < len(self._intervals):
            return
        self._states *= 0.05
        at = int(phase01 * interval) % interval
        self._states[int(self._begins[m]) + at] += 0.95

    def _tempo_prior(self) -> np.ndarray:
        weights = []
        for interval in self._intervals:
            octaves = log2(60.0 * self._rate / (self.frame * int(interval)) / CENTRE_BPM) / TEMPO_SPREAD
            weights.append(exp2(-0.7213475204444817 * octaves * octaves))
        total = 0.0
        for weight in weights:
            total += weight
        return np.array([w / total / int(t) for w, t in zip(weights, self._intervals, strict=True)])


def _class_of(position: int, interval: int) -> int:
    """Row of `CHANCES` for a position within the beat."""
    distance = min(position, interval - position)
    if distance <= 1:
        return distance
    if abs(2 * position - interval) <= 2:
        return 2
    if min(abs(4 * position - interval), abs(4 * position - 3 * interval)) <= 4:
        return 3
    if min(abs(3 * position - interval), abs(3 * position - 2 * interval)) <= 3:
        return 4
    return 5


def _transitions(shortest: int, longest: int) -> np.ndarray:
    """Chance to go from each interval to each other, rows sum to 1."""
    rows = []
    for old in range(shortest, longest + 1):
        row = [
            exp_minus(int(TEMPO_CHANGE) * abs(new - old), old) if 4 * abs(new - old) <= old else 0.0
            for new in range(shortest, longest + 1)
        ]
        total = 0.0
        for chance in row:
            total += chance
        rows.append([chance / total for chance in row])
    return np.array(rows)
