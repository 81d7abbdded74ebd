"""Onsets by class: kick, clap, hihat, other, on the first hop that allows it, timed within the hop.

Features (`onset_features`) go through a small network (`onset_network`), whose probabilities become onsets
(`onset_picker`).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dsp.onset_features import OnsetFeatures
from dsp.onset_network import OnsetNetwork, OnsetWeights
from dsp.onset_picker import CLASS_GAP_MS, Hit, Picker
from dsp.weights.onsets import ONSETS

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]


class Onsets:
    """Onsets of one hop after another.

    Args:
        rate: samples a second.
        gap_ms: least time between two onsets of one class.
        weights: of the network.

    Attributes:
        reach: samples before the end of a hop that it looks at.
    """

    def __init__(self, rate: int, gap_ms: int = CLASS_GAP_MS, weights: OnsetWeights = ONSETS) -> None:
        self._features = OnsetFeatures(rate)
        self._network = OnsetNetwork(weights)
        self._picker = Picker(weights.header.thresholds, rate, gap_ms)
        self.reach = self._features.reach

    def step(self, history: Float32, parts: Float64, end: int, gate: float) -> list[Hit]:
        """Onsets that can be told by the end of one hop.

        Args:
            history: float32[2, n], n >= reach, the newest samples of left and right up to the end of the hop.
            parts: float64[4, 4], mean squares in each quarter of the hop: of the whole sound, then of the
                three bands of `onset_features.wide_bands`.
            end: index of the sample after the hop.
            gate: mean square of the whole sound below which nothing is an onset.
        """
        features = self._features.look(history, parts)
        return self._picker.step(self._network.step(features), parts, gate, end)
