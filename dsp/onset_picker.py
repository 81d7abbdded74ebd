"""From the network's outputs to onsets: buffers around `kernels.onset_pick`."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dsp.hop import hop_of
from dsp.kernels.onset_pick import FAINTEST, pick
from dsp.onset_features import OCTAVE_DB
from dsp.onset_network import CLASSES, OnsetClass

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]

HIT_GAP_MS = 30
"""Two hits closer than this are one."""
CLASS_GAP_MS = 40
FADE_DB_S = 3.0


class Hit(NamedTuple):
    """An onset of one class: its sample, its class, 0..1 beside the strongest of its class of late."""

    sample: int
    kind: OnsetClass
    strength: float


class Picker:
    """From the network's outputs to onsets.

    Args:
        thresholds: of the five probabilities, as the weights name them.
        rate: samples a second.
        gap_ms: least time between two onsets of one class.
    """

    def __init__(self, thresholds: list[float], rate: int, gap_ms: int = CLASS_GAP_MS) -> None:
        hop = hop_of(rate)
        self._thresholds = np.array(thresholds, dtype=np.float32)
        self._lengths = np.array([hop, HIT_GAP_MS * rate // 1000, gap_ms * rate // 1000], dtype=np.int64)
        long_ago = -10 * rate
        self._last = np.array([long_ago] * 6 + [1] * 5 + [-1], dtype=np.int64)
        self._strongest = np.full(len(CLASSES), FAINTEST)
        self._fade = FADE_DB_S / OCTAVE_DB * hop / rate
        self._found = np.zeros(len(CLASSES), dtype=np.int64)
        self._strength = np.zeros(len(CLASSES))

    def step(self, outputs: Float32, parts: Float64, gate: float, end: int) -> list[Hit]:
        """Onsets of one hop.

        Args:
            outputs: float32[OUTPUTS] of the network.
            parts: float64[4, p], mean squares in each p-th part of the hop: whole sound, low, mid, high band.
            gate: mean square of the whole sound below which nothing is an onset.
            end: index of the sample after the hop.
        """
        count = pick(
            outputs,
            self._thresholds,
            parts,
            gate,
            end,
            self._lengths,
            self._last,
            self._strongest,
            self._fade,
            self._found,
            self._strength,
        )
        if count == 0:
            return []
        return [
            Hit(sample, kind, strength)
            for kind, sample, strength in zip(
                CLASSES, self._found.tolist(), self._strength.tolist(), strict=True
            )
            if sample >= 0
        ]
