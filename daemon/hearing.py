"""Builds the analyser that the settings ask for: with the beat tracker of our own, or with aubio's."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from daemon.beat_engine import import_aubio
from dsp.analyzer import Analyzer
from dsp.detected_beats import Detection
from dsp.hop import hop_of
from dsp.settings import DspSettings

SURE = 0.25
"""aubio's confidence (a share of the autocorrelation) that it has on steady music: as sure as it gets."""


class AubioDetector:
    """`aubio.tempo` with a window of two hops (512/256 at 44.1 and 48 kHz, its best setting as measured).

    Args:
        rate: samples a second.
        hop: samples in a hop.

    Raises:
        MissingError: the package is not installed or does not load.
    """

    def __init__(self, rate: int, hop: int) -> None:
        self._tempo: Any = import_aubio().tempo("default", 2 * hop, hop, rate)

    def hear(self, mono: NDArray[np.float32]) -> Detection | None:
        """See `dsp.detected_beats.Detector`."""
        tempo = self._tempo
        if not tempo(mono)[0]:
            return None
        bpm = float(tempo.get_bpm())
        if bpm <= 0.0:
            return None
        sure = min(max(float(tempo.get_confidence()) / SURE, 0.0), 1.0)
        return Detection(int(tempo.get_last()), bpm, sure)


def analyzer_of(settings: DspSettings, rate: int) -> Analyzer:
    """The analyser with the beat engine that is chosen.

    Raises:
        MissingError: it is aubio, which is not installed.
        InputError: the rate cannot be analysed.
    """
    if settings.beat_engine == "aubio":
        return Analyzer(settings, rate, AubioDetector(rate, hop_of(rate)))
    return Analyzer(settings, rate)
