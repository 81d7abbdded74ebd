"""How loud it is, what counts as silence, and the automatic gain.

The gain is safe: it is frozen below the squelch and close to the noise floor, its slope is limited in both
directions, and so is its range. So a pause is not amplified into hiss, and the drop after it is not clipped.

Conventions: dB are relative to full scale; mean squares are over both channels; one step is one hop.
"""

from __future__ import annotations

from math import fsum, sqrt

from dsp.kernels.approx import exp2, log2
from dsp.settings import DspSettings
from dsp.tables import smoothing

DB = 3.010299956639812
FLOOR = 1e-12
"""-120 dBFS: what silence reads."""
WINDOW_S = 0.043
"""Peak and level are over this time, as the app's 2048 samples are."""
TARGET = 0.5
"""Where the automatic gain brings the mean of `max(peak, 1.5 rms)` (newliveweb AudioBus)."""
HYSTERESIS_DB = 3.0


def decibel(power: float) -> float:
    """Decibels of a mean square."""
    return DB * log2(power + FLOOR)


class Level:
    """Level, loudness, noise floor, squelch, gain.

    Attributes:
        level_db: short-term level.
        loudness_db: momentary loudness (ITU-R BS.1770, 0.4 s, ungated), LUFS.
        peak_db: highest magnitude of the last 43 ms.
        noise_floor_db: the quietest it has been, rising by 0.4 dB/s.
        audible: louder than the squelch, or was so within `silence_ms`.
        gain_db: automatic plus manual gain.
        gain: the same, linear.
        energy_raw01: `max(peak, 1.5 rms)` after the gain, clamped.
        rms01: root mean square after the gain, clamped.
    """

    def __init__(self, settings: DspSettings, hop: int, rate: int) -> None:
        self._settings = settings
        self._hop_s = hop / rate
        span = max(1, round(WINDOW_S * rate / hop))
        self._squares = [0.0] * span
        self._peaks = [0.0] * span
        self._weighted = [0.0] * max(1, round(0.4 * rate / hop))
        self._turn = 0
        self._silent_hops = self._silence_hops = max(1, int(settings.silence_ms * rate / (1000 * hop)))
        self._floor_fall = smoothing(0.3, hop, rate)
        self._attack = smoothing(1.2, hop, rate)
        self._release = smoothing(6.0, hop, rate)
        self._mean = 0.0
        self._heard = 0
        self._auto_db = 0.0
        self.sensitivity_db = settings.sensitivity_db
        self.level_db = self.loudness_db = self.peak_db = -120.0
        self.noise_floor_db = -120.0
        self.audible = False
        self.gain_db = self.sensitivity_db
        self.gain = exp2(self.gain_db / (2.0 * DB))
        self.energy_raw01 = 0.0
        self.rms01 = 0.0

    @property
    def squelch_db(self) -> float:
        """The squelch in force, at the input."""
        return self._settings.squelch_db - self.sensitivity_db

    def step(self, square: float, peak: float, weighted: float) -> None:
        """Take one hop in.

        Args:
            square: mean square of both channels.
            peak: highest magnitude.
            weighted: K-weighted mean squares of both channels, summed.
        """
        span = len(self._squares)
        self._squares[self._turn % span] = square
        self._peaks[self._turn % span] = peak
        self._weighted[self._turn % len(self._weighted)] = weighted
        self._turn += 1
        # fsum is correctly rounded, so it is the same everywhere and in any order.
        mean = fsum(self._squares) / span
        loud = fsum(self._weighted)
        top = max(self._peaks)
        self.level_db = decibel(mean)
        self.loudness_db = decibel(loud / len(self._weighted)) - 0.691
        self.peak_db = decibel(top * top)
        self._track_floor()
        self._squelch()
        rms = sqrt(mean)
        base = max(top, 1.5 * rms)
        self._adapt(min(base, 1.0))
        self.gain_db = self._auto_db + self.sensitivity_db
        self.gain = exp2(self.gain_db / (2.0 * DB))
        self.energy_raw01 = min(base * self.gain, 1.0)
        self.rms01 = min(rms * self.gain, 1.0)

    def _track_floor(self) -> None:
        if self.level_db < self.noise_floor_db:
            self.noise_floor_db += self._floor_fall * (self.level_db - self.noise_floor_db)
        else:
            self.noise_floor_db = min(self.noise_floor_db + 0.4 * self._hop_s, self.level_db)
        if self._turn == len(self._squares):
            self.noise_floor_db = self.level_db - 20.0  # nothing known yet: assume some room below

    def _squelch(self) -> None:
        if self.level_db > self.squelch_db:
            self._silent_hops = 0
            self.audible = True
        elif self.level_db < self.squelch_db - HYSTERESIS_DB or not self.audible:
            self._silent_hops += 1
            if self._silent_hops >= self._silence_hops:
                self.audible = False

    def _adapt(self, base: float) -> None:
        if self.level_db < self.squelch_db or self.level_db < self.noise_floor_db + 3.0:
            return
        self._heard += 1
        follow = self._attack if base > self._mean else self._release
        self._mean += max(follow, 1.0 / self._heard) * (base - self._mean)
        settings = self._settings
        wanted = 2.0 * DB * log2(TARGET / max(self._mean, 1e-6))
        wanted = min(max(wanted, settings.agc_min_db), settings.agc_max_db)
        rise = settings.agc_rise_db_s * self._hop_s
        fall = settings.agc_fall_db_s * self._hop_s
        self._auto_db += min(max(wanted - self._auto_db, -fall), rise)
