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
from dsp.onset_features import PARTS, wide_bands
from dsp.onset_picker import Hit
from dsp.onsets import Onsets
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


class FrontEnd:
    """Features of the newest hop and of the newest frame.

    Attributes:
        spectrum: uint8[64], 0 to 255 for -80 to 0 dB, log-spaced from 30 Hz to 16 kHz.
        levels: float64[5]: mean square, highest magnitude, K-weighted power, mean square below 120 Hz and
            above 5 kHz.
        out: float64[9]: eight sub-bands after the gain, centroid (see `kernels.bands`).
        features: float32[FEATURES] of the newest frame, for the network.
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
        self._coefficients = np.array([*tables.k_weighting(rate), *wide_bands(rate)])
        self._memory = np.zeros((5, 2, 2))
        self._parts = np.zeros((4, PARTS))
        self._onsets = Onsets(rate, settings.onset_gap_ms)
        self.spectrum = np.zeros(SPECTRUM_BANDS, dtype=np.uint8)
        self.levels = np.zeros(5)
        self.out = np.zeros(9)
        self.features = frames.features

    def listen(self, samples: NDArray[np.int32]) -> None:
        """Filter the hop and measure its levels.

        Args:
            samples: int32[hop, 2], 24-bit.
        """
        hear(samples, self._coefficients, self._memory, self._history, self._parts, self.levels)

    def onsets(self, now: int, gate: float) -> list[Hit]:
        """Onsets that can be told by the end of this hop.

        Args:
            now: sample index after the hop.
            gate: mean square below which nothing is an onset.
        """
        return self._onsets.step(self._history, self._parts, now, gate)

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
