"""Where samples become features: buffers and tables of one rate around the kernels.

Conventions: hop 256 at 32 to 64 kHz, in proportion at other rates, so that a hop is about 5.5 ms; spectra are
of frames of 10 ms (`frames`); a full-scale sine in both channels reads 0 dB.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from dsp import tables
from dsp.frames import FRAME_RATE, Frames
from dsp.hop import hop_of
from dsp.kernels.bands import describe
from dsp.kernels.filters import hear
from dsp.kernels.jump import detect
from dsp.settings import DspSettings
from dsp.tables import HZ

SUB_BANDS = (
    (40, 110),
    (60, 250),
    (250, 2000),
    (1200, 4000),
    (6000, 12000),
    (20, 250),
    (250, 4000),
    (4000, 16000),
)
"""Hz: kick, bass, synth, clap, hihat, and the wide low, mid, high (newliveweb AudioBus and
StreamAudioProcessor)."""
SPECTRUM_BANDS = 64
ONSET_BANDS = ((0.035, 0.060, 0.01), (0.016, 0.030, 0.001), (0.010, 0.025, 0.0002))
"""Of low, mid and high: release and slow envelope in seconds, least share of the whole sound."""
PARTS = 4
"""Onsets are looked for in so many parts of a hop, each about 1.3 ms."""


class FrontEnd:
    """Features of the newest hop and of the newest frame.

    Attributes:
        spectrum: uint8[64], 0 to 255 for -80 to 0 dB, log-spaced from 30 Hz to 16 kHz.
        levels: float64[3]: mean square, highest magnitude, K-weighted power.
        out: float64[9]: eight sub-bands after the gain, centroid (see `kernels.bands`).
        features: float32[FEATURES] of the newest frame, for the network.
        found: int64[3], sample of the low, mid, high onset of this hop, or -1.
        strength: float64[3], how strong it is beside the strongest of late.
        low_power: mean square below 150 Hz.
        high_power: mean square above 5 kHz.
    """

    def __init__(self, settings: DspSettings, rate: int) -> None:
        self.hop = hop = hop_of(rate)
        self._rate = rate
        self._frames = frames = Frames(rate)
        self._history = np.zeros((2, frames.reach + hop), dtype=np.float32)
        self._octaves = np.zeros_like(frames.long.power)
        edges = tables.band_edges(30, 16000, 6)
        self._bands = tables.bin_ranges(list(pairwise(edges)), frames.long.size, rate)
        subs = [(low * HZ, high * HZ) for low, high in SUB_BANDS]
        self._subs = tables.bin_ranges(subs, frames.long.size, rate)
        self._coefficients = np.array(
            [
                *tables.k_weighting(rate),
                tables.low_pass(120 * HZ, rate),
                tables.band_pass(900 * HZ, 0.5, rate),
                tables.high_pass(5000 * HZ, rate),
            ]
        )
        self._memory = np.zeros((5, 2, 2))
        self._blocks = np.zeros((4, 2, hop))
        self._parts = np.zeros((4, PARTS))
        part = hop // PARTS
        self._followers = np.array(
            [
                [
                    1.0 - tables.smoothing(release, part, rate),
                    tables.smoothing(slow, part, rate),
                    tables.smoothing(1.5, part, rate),
                    1.0 - tables.smoothing(3.0, part, rate),
                    share,
                ]
                for release, slow, share in ONSET_BANDS
            ]
        )
        self._threshold = np.array([settings.onset_rise_db, settings.onset_adapt])
        self._gap = settings.onset_gap_ms * rate // 1000
        self._onsets = np.zeros((3, 5))
        self._last = np.full(3, -(10 * rate), dtype=np.int64)
        self.spectrum = np.zeros(SPECTRUM_BANDS, dtype=np.uint8)
        self.levels = np.zeros(3)
        self.out = np.zeros(9)
        self.features = frames.features
        self.found = np.full(3, -1, dtype=np.int64)
        self.strength = np.zeros(3)
        self.low_power = 0.0
        self.high_power = 0.0

    def listen(self, samples: NDArray[np.int32], start: int, gate: float) -> None:
        """Filter the hop, measure its levels and look for onsets.

        Args:
            samples: int32[hop, 2], 24-bit.
            start: index of the first sample.
            gate: mean square below which nothing is an onset.
        """
        hear(samples, self._coefficients, self._memory, self._history, self._blocks, self._parts, self.levels)
        detect(
            self._blocks,
            self._parts,
            start,
            gate,
            self._followers,
            self._threshold,
            self._gap,
            self._onsets,
            self._last,
            self.found,
            self.strength,
        )
        low, high = 0.0, 0.0
        for value in self._parts[1].tolist():
            low += value
        for value in self._parts[3].tolist():
            high += value
        self.low_power, self.high_power = low / PARTS, high / PARTS

    def look(self, now: int, gain_db: float) -> int:
        """Describe the frame that ended in this hop, if one did.

        Args:
            now: sample index after the hop.
            gain_db: gain of the sub-bands.

        Returns:
            Sample at which the frame ended, or -1.
        """
        number = now * FRAME_RATE // self._rate
        # The last frame that ended at or before `now`; rounding may have put the end one sample later.
        end = number * self._rate // FRAME_RATE
        following = (number + 1) * self._rate // FRAME_RATE
        end = following if following <= now else end
        if end <= now - self.hop or end == 0:
            return -1
        frames = self._frames
        frames.look(self._history, self._history.shape[1] - (now - end))
        describe(frames.long.power, self._octaves, self._bands, self._subs, gain_db, self.spectrum, self.out)
        return end
