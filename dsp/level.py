"""How loud it is, and what counts as silence; the gain acts on the first and rests in the second.

Conventions: dB are relative to full scale; mean squares are over both channels; one step is one hop.
"""

from __future__ import annotations

import numpy as np

from dsp.gain import Gain
from dsp.kernels.approx import exp2, log2
from dsp.kernels.level import DB, FLOOR, measure
from dsp.noise_floor import NoiseFloor
from dsp.settings import DspSettings
from dsp.squelch import Squelch

WINDOW_S = 0.043
"""Peak and level are over this time, as the app's 2048 samples are."""
LOUDNESS_S = 0.4
"""Momentary loudness is over this time (ITU-R BS.1770, EBU Tech 3341)."""
ABOVE_FLOOR_DB = 3.0
"""The gain rests this close to the noise floor."""


def decibel(power: float) -> float:
    """Decibels of a mean square, -120 at the least."""
    return DB * log2(power + FLOOR)


class Level:
    """Level, loudness, noise floor, squelch, gain.

    Attributes:
        level_db: short-term level.
        loudness_db: momentary loudness (ITU-R BS.1770, 0.4 s, ungated), LUFS.
        peak_db: highest magnitude of the last 43 ms.
        gain_db: automatic plus manual gain.
        gain: the same, linear.
        energy_raw01: `max(peak, 1.5 rms)` after the gain, clamped.
        rms01: root mean square after the gain, clamped.
        sensitivity_db: manual gain; may be set.
    """

    def __init__(self, settings: DspSettings, hop: int, rate: int) -> None:
        self._span = max(1, round(WINDOW_S * rate / hop))
        self._rings = np.zeros((3, max(self._span, round(LOUDNESS_S * rate / hop))))
        self._turn = 0
        self._squelch = Squelch(settings, hop, rate)
        self._floor = NoiseFloor(hop, rate)
        self._automatic = Gain(settings, hop, rate)
        self.sensitivity_db = settings.sensitivity_db
        self.level_db = self.loudness_db = self.peak_db = -120.0
        self.gain_db = self.sensitivity_db
        self.gain = exp2(self.gain_db / (2.0 * DB))
        self.energy_raw01 = 0.0
        self.rms01 = 0.0

    @property
    def squelch_db(self) -> float:
        """The squelch in force, at the input."""
        return self._squelch.db

    @property
    def audible(self) -> bool:
        """Whether the sound is louder than the squelch, or was so within `silence_ms`."""
        return self._squelch.audible

    @property
    def noise_floor_db(self) -> float:
        """Level of the pauses."""
        return self._floor.db

    def step(self, square: float, peak: float, weighted: float) -> None:
        """Take one hop in.

        Args:
            square: mean square of both channels.
            peak: highest magnitude.
            weighted: K-weighted mean squares of both channels, summed.
        """
        rms, top, self.level_db, self.loudness_db, self.peak_db = measure(
            square, peak, weighted, self._turn, self._span, self._rings
        )
        self._turn += 1
        floor, squelch, automatic = self._floor, self._squelch, self._automatic
        if self._turn == self._span:
            floor.assume(self.level_db)
        squelch.step(self.level_db, self.sensitivity_db, automatic.reference_db, floor.db)
        floor.step(self.level_db, not squelch.audible, automatic.reference_db)
        base = max(top, 1.5 * rms)
        if squelch.audible:
            automatic.hear(min(base, 1.0), self.level_db >= max(squelch.db, floor.db + ABOVE_FLOOR_DB))
        gain_db = automatic.db + self.sensitivity_db
        if gain_db != self.gain_db:
            self.gain_db = gain_db
            self.gain = exp2(gain_db / (2.0 * DB))
        self.energy_raw01 = min(base * self.gain, 1.0)
        self.rms01 = min(rms * self.gain, 1.0)
