"""The app's `ExpressiveAudioSnapshot` formulas, at hop rate.

Source: newliveweb `expressiveAudioDriver.ts` and `AudioBus.ts`. Mended: the level is taken after the safe
automatic gain, so that a quiet input gives the same numbers; flux compares with 32 ms ago (the app's
byte updates come at 30 Hz) but is evaluated each hop; onsets are rising edges of flux and not every frame
above it.
"""

from __future__ import annotations

from collections import deque

import numpy as np

from dsp.kernels.expressive import FLUX_GATE, drive
from dsp.tables import smoothing

FLUX_REARM = 0.20
FLUX_LAG_S = 0.032


class Expressive:
    """The followers behind energy, flux and accent.

    Attributes:
        energy01, energy_slow01, bass01, flux01, beat_pulse01, accent01, onset_rate2s, gate_boost: as in the
            snapshot.
        kick01, clap01, hihat01: sub-bands after the app's curve.
    """

    def __init__(self, hop: int, rate: int) -> None:
        seconds = ((0.24, 0.9), (0.03, 0.22), (0.06, 0.22))
        self._speeds = np.array([[smoothing(time, hop, rate) for time in times] for times in seconds])
        self._state = np.zeros(3)
        self._past = np.zeros((max(1, round(FLUX_LAG_S * rate / hop)), 5))
        self._turn = 0
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
        kick, bass, synth, clap, hihat, low = bands[:6]
        self.kick01, self.clap01, self.hihat01 = kick, clap, hihat
        self.bass01 = low if valid else 0.0
        (
            self.energy01,
            self.energy_slow01,
            self.flux01,
            self.beat_pulse01,
            self.accent01,
            self.gate_boost,
        ) = drive(
            valid,
            trusted,
            energy_raw01,
            kick,
            bass,
            synth,
            clap,
            hihat,
            phase01,
            self._turn,
            self._speeds,
            self._state,
            self._past,
        )
        self._turn += 1
        self._mark(now)

    def _mark(self, now: int) -> None:
        if self._armed and self.flux01 >= FLUX_GATE:
            self._marks.append(now)
            self._armed = False
        elif self.flux01 < FLUX_REARM:
            self._armed = True
        while self._marks and self._marks[0] <= now - self._window:
            self._marks.popleft()
        self.onset_rate2s = min(5.0, len(self._marks) / 2.0)
