"""Where samples become features: buffers and tables of one rate around the kernels.

Conventions: hop 256 at 32 to 64 kHz, in proportion at other rates, so that a hop is about 5.5 ms; the FFT
spans eight hops; a full-scale sine in both channels reads 0 dB.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from dsp import tables
from dsp.hop import hop_of
from dsp.kernels.bands import describe
from dsp.kernels.fft import stereo_power
from dsp.kernels.filters import hear
from dsp.kernels.onset import detect
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
FLUX_HZ = (160, 4500)
"""Where the low flux group ends and the high one begins."""
FLUX_LAG_S = 0.016
ONSET_BANDS = ((0.035, 0.060, 0.01), (0.016, 0.030, 0.001), (0.010, 0.025, 0.0002))
"""Of low, mid and high: release and slow envelope in seconds, least share of the whole sound."""
PARTS = 4
"""Onsets are looked for in so many parts of a hop, each about 1.3 ms."""


class FrontEnd:
    """Features of the newest hop.

    Attributes:
        spectrum: uint8[64], 0 to 255 for -80 to 0 dB, log-spaced from 30 Hz to 16 kHz.
        levels: float64[3]: mean square, highest magnitude, K-weighted power.
        out: float64[12]: eight sub-bands after the gain, three fluxes, centroid (see `kernels.bands`).
        found: int64[3], sample of the low, mid, high onset of this hop, or -1.
        strength: float64[3], how strong it is beside the strongest of late.
        low_power: mean square below 150 Hz.
        high_power: mean square above 5 kHz.
    """

    def __init__(self, settings: DspSettings, rate: int) -> None:
        self.hop = hop = hop_of(rate)
        size = 8 * hop
        window, total = tables.late_window(size)
        self._window = window
        self._scale = 2.0 / (total * total)
        self._twiddle = np.stack(tables.twiddles(size))
        self._history = np.zeros((2, size), dtype=np.float32)
        self._work = np.zeros((2, 2, size), dtype=np.float32)
        self._power = np.zeros(size // 2, dtype=np.float32)
        self._octaves = np.zeros(size // 2, dtype=np.float32)
        edges = tables.band_edges(30, 16000, 6)
        pairs = list(pairwise(edges))
        self._bands = tables.bin_ranges(pairs, size, rate)
        self._subs = tables.bin_ranges([(low * HZ, high * HZ) for low, high in SUB_BANDS], size, rate)
        below = [sum(low < hz * HZ for low, _ in pairs) for hz in FLUX_HZ]
        present = sum(int(last) > 0 for _, last in self._bands)
        self._groups = np.array([0, *below, SPECTRUM_BANDS, present], dtype=np.int32)
        lag = max(1, round(FLUX_LAG_S * rate / hop))
        self._lag = lag
        self._past = np.full((lag + 1, SPECTRUM_BANDS), -200.0, dtype=np.float32)
        self._loudest = np.full(1, -200.0)
        self._turn = 0
        self._fade_db = 3.0 * hop / rate
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
        self.out = np.zeros(12)
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

    def look(self, gain_db: float) -> None:
        """Transform the newest eight hops and describe their spectrum."""
        stereo_power(self._history, self._window, self._twiddle, self._work, self._scale, self._power)
        describe(
            self._power,
            self._octaves,
            self._bands,
            self._subs,
            gain_db,
            self._fade_db,
            self._groups,
            self._past,
            self._turn,
            self._loudest,
            self.spectrum,
            self.out,
        )
        self._turn = (self._turn + 1) % self._lag
