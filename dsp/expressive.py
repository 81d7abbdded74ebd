"""The app's `ExpressiveAudioSnapshot` formulas, at hop rate.

Source: newliveweb `expressiveAudioDriver.ts` and `AudioBus.ts`. Mended: the level is taken after the safe
automatic gain, so that a quiet input gives the same numbers; flux compares with 32 ms ago (the app's
byte updates come at 30 Hz) but is evaluated each hop; onsets are rising edges of flux and not every frame
above it.
"""

from __future__ import annotations

from collections import deque

from dsp.kernels.approx import exp2, log2
from dsp.tables import smoothing

LOG2_E = 1.4426950408889634
FLUX_GATE = 0.28
FLUX_REARM = 0.20
FLUX_LAG_S = 0.032


def clamp01(value: float) -> float:
    """The value, held within 0 and 1."""
    return 0.0 if value < 0.0 else min(value, 1.0)


def beat_pulse(phase01: float) -> float:
    """A bell around the beat: `exp(-(min(p, 1-p) / 0.11)^2)`."""
    distance = min(phase01, 1.0 - phase01) / 0.11
    return exp2(-LOG2_E * distance * distance)


class Expressive:
    """The followers behind energy, flux and accent.

    Attributes:
        energy01, energy_slow01, bass01, flux01, beat_pulse01, accent01, onset_rate2s, gate_boost: as in the
            snapshot.
        kick01, clap01, hihat01: sub-bands after the app's curve.
    """

    def __init__(self, hop: int, rate: int) -> None:
        self._slow = (smoothing(0.24, hop, rate), smoothing(0.9, hop, rate))
        self._flux = (smoothing(0.03, hop, rate), smoothing(0.22, hop, rate))
        self._accent = (smoothing(0.06, hop, rate), smoothing(0.22, hop, rate))
        lag = max(1, round(FLUX_LAG_S * rate / hop))
        self._past: deque[tuple[float, ...]] = deque([(0.0,) * 5] * lag, maxlen=lag)
        self._window = 2 * rate
        self._marks: deque[int] = deque()
        self._armed = True
        self.energy01 = 0.35
        self.energy_slow01 = 0.0
        self.bass01 = self.flux01 = self.beat_pulse01 = self.accent01 = 0.0
        self.onset_rate2s = 0.0
        self.gate_boost = 1.0
        self.kick01 = self.clap01 = self.hihat01 = 0.0

    def step(
        self, now: int, valid: bool, trusted: bool, energy_raw01: float, bands: list[float], phase01: float
    ) -> None:
        """Take one hop in.

        Args:
            now: sample index after the hop.
            valid: the audio can be believed.
            trusted: so can the beat.
            energy_raw01: level after the gain.
            bands: kick, bass, synth, clap, hihat (after the app's curve) and low, after the gain, 0..1.
            phase01: position within the beat.
        """
        kick, bass, synth, clap, hihat = bands[:5]
        self.kick01, self.clap01, self.hihat01 = kick, clap, hihat
        self.bass01 = bands[5] if valid else 0.0
        old = self._past[0]
        self._past.append((kick, bass, synth, clap, hihat))
        rise = max(0.0, kick - old[0]) + max(0.0, bass - old[1]) + max(0.0, synth - old[2])
        rise = min(1.0, 0.9 * (rise + max(0.0, clap - old[3]) + max(0.0, hihat - old[4])))
        self.flux01 = _follow(self.flux01, rise if valid else 0.0, self._flux)
        self._mark(now)
        gated = clamp01((self.flux01 - FLUX_GATE) / (1.0 - FLUX_GATE))
        self.beat_pulse01 = beat_pulse(phase01) if valid and trusted else 0.0
        raw = 0.62 * kick + 0.22 * hihat + 0.20 * clap + 0.20 * gated + 0.18 * self.beat_pulse01
        self.accent01 = _follow(self.accent01, clamp01(raw) if valid else 0.0, self._accent)
        base = 0.35
        soft = (energy_raw01 - 0.03) / 0.97
        if valid and soft > 0.0:
            base = min(0.35 + 0.53 * exp2(0.72 * log2(soft)), 0.88)
        self.energy_slow01 = _follow(self.energy_slow01, base, self._slow)
        self.energy01 = min(max(base + 0.08 * self.accent01, 0.35), 0.88)
        self.gate_boost = min(1.6, 1.0 + 0.25 * self.accent01 + 0.15 * gated)

    def _mark(self, now: int) -> None:
        if self._armed and self.flux01 >= FLUX_GATE:
            self._marks.append(now)
            self._armed = False
        elif self.flux01 < FLUX_REARM:
            self._armed = True
        while self._marks and self._marks[0] <= now - self._window:
            self._marks.popleft()
        self.onset_rate2s = min(5.0, len(self._marks) / 2.0)


def _follow(value: float, target: float, speed: tuple[float, float]) -> float:
    """One step of a follower with different speeds upwards and downwards."""
    return value + (speed[0] if target > value else speed[1]) * (target - value)
