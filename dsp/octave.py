"""Which metrical level is meant: what the music says, or always the slow or the fast one."""

from __future__ import annotations

from dsp.settings import Octave

BORDER_BPM = 100.0
"""Slow beats are at most this fast, fast ones at least."""
MARGIN = 1.06
"""A tempo near the border keeps the level it has."""


class OctavePolicy:
    """Factor on the period of what is heard, with hysteresis.

    Attributes:
        factor: 1, 2 (every second beat counts) or 0.5 (twice as many beats).
    """

    def __init__(self, policy: Octave) -> None:
        self._policy = policy
        self.factor = 1.0

    def step(self, bpm: float) -> float:
        """Give the factor for music of `bpm`."""
        if self._policy == "slow":
            border = BORDER_BPM * (MARGIN if self.factor == 1.0 else 1.0 / MARGIN)
            self.factor = 2.0 if bpm > border else 1.0
        elif self._policy == "fast":
            border = BORDER_BPM * (MARGIN if self.factor != 1.0 else 1.0 / MARGIN)
            self.factor = 0.5 if bpm < border else 1.0
        return self.factor
