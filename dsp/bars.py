"""Which of four beats is the first.

Evidence per beat: low and mid accents (kick on one and three, snare on two and four) speak for the parity,
a change of the spectrum (chord, bass note) for the downbeat itself. Leaky sums over about eight bars.
The count of four is always given; `trusted` says whether it means anything.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

KEEP = 0.94
"""Share of the evidence kept from one beat to the next."""


class Bars:
    """Counter of beats in the bar.

    Attributes:
        trusted: the best position leads clearly and has done so for two bars.
        count: bars begun.
    """

    def __init__(self, lead: float) -> None:
        self._lead = lead
        self._parity = [0.0, 0.0]
        self._change = [0.0, 0.0, 0.0, 0.0]
        self._sum = np.zeros(64, dtype=np.int64)
        self._frames = 0
        self._before: NDArray[np.int64] | None = None
        self._offset = 1
        self._steady = 0
        self.count = 0
        self.trusted = False

    def reset(self) -> None:
        """Forget the evidence; the counters go on."""
        self._parity = [0.0, 0.0]
        self._change = [0.0, 0.0, 0.0, 0.0]
        self._before = None
        self._steady = 0
        self.trusted = False

    def hear(self, spectrum: NDArray[np.uint8]) -> None:
        """Take the spectrum of one frame in, uint8[64]."""
        self._sum += spectrum
        self._frames += 1

    def label(self, beat: int) -> tuple[int, int]:
        """Position in the bar and number of the bar for the beat with count `beat`, asked once per beat."""
        position = (beat - self._offset) % 4
        if position == 0 or self.count == 0:
            self.count += 1
        return position, self.count

    def fell(self, beat: int, low: float, mid: float) -> None:
        """A beat has fallen; `low` and `mid` are its accents, 0..1. Closes the span of the beat before."""
        mean = 16 * self._sum // max(1, self._frames)
        change = 0.0
        if self._before is not None:
            change = int(np.abs(mean - self._before).sum()) / (64.0 * 16.0 * 16.0)
        self._before = mean
        self._sum = np.zeros(64, dtype=np.int64)
        self._frames = 0
        for k in range(2):
            self._parity[k] *= KEEP
        for k in range(4):
            self._change[k] *= KEEP
        self._parity[beat % 2] += low - mid
        # What has just been summed is the span that began with the beat before this one.
        self._change[(beat - 1) % 4] += min(change, 1.0)
        self._decide()

    def _decide(self) -> None:
        total = 1.0  # so that a spectrum that hardly changes says hardly anything
        for value in self._change:
            total += value
        scores = [
            4.0 * self._change[k] / total + 0.12 * (self._parity[k % 2] - self._parity[1 - k % 2])
            for k in range(4)
        ]
        best = scores.index(max(scores))
        second = max(score for k, score in enumerate(scores) if k != best)
        lead = scores[best] - second
        if best == self._offset % 4:
            self._steady = self._steady + 1 if lead > self._lead else max(0, self._steady - 1)
        else:
            self._steady = min(self._steady, 0) - 1
            if self._steady <= -4 and lead > 0.5 * self._lead:
                self._offset = best
                self._steady = 0
        self.trusted = self._steady >= 8 or (self.trusted and self._steady >= 4)
