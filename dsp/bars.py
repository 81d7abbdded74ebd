"""Which beat of the bar each announced beat is.

The hypotheses say at every reading which beat of a bar of three or four has just fallen; here that becomes
a count that does not stutter: a new place in the bar has to be the likeliest for a while before it is taken.
"""

from __future__ import annotations

from dsp.barspace import Reading

PATIENCE = 16
"""Readings (0.8 s) for which another place must be the likelier one."""
MEMORY = 0.03
"""Weight of the newest reading in the certainty."""


class Bars:
    """Counter of beats in the bar.

    Attributes:
        trusted: the place in the bar has been clear for a while.
        count: bars begun.
    """

    def __init__(self, trust: float) -> None:
        self._enough = trust
        self.count = 0
        self._metre = 4
        self._first = 1
        self.reset()

    def reset(self) -> None:
        """Forget the evidence; the counters go on."""
        self._disagreed = 0
        self._certain = 0.0
        self._tapped = False
        self.trusted = False

    def hear(self, reading: Reading, following: int) -> None:
        """Take a reading in.

        Args:
            reading: of the hypotheses.
            following: index of the beat that comes next after the reading's phase.
        """
        first = following - reading.place - 1
        agrees = reading.beats == self._metre and (first - self._first) % self._metre == 0
        self._certain += MEMORY * ((reading.bar_share if agrees else 0.0) - self._certain)
        self._disagreed = 0 if agrees else self._disagreed + 1
        if self._disagreed >= PATIENCE and not self._tapped and reading.bar_share > 0.4:
            self._metre, self._first = reading.beats, first
            self._disagreed = 0
        self.trusted = self._tapped or self._certain >= (0.8 if self.trusted else 1.0) * self._enough

    def jumped(self) -> None:
        """The beats are others now: the next reading says where the bar is."""
        self._disagreed = PATIENCE

    def tap(self, beat: int) -> None:
        """The beat of index `beat` is the first of a bar, says someone who knows; holds until a reset."""
        self._first = beat
        self._tapped = True

    def label(self, beat: int) -> tuple[int, int, int]:
        """Place in the bar, the bar's number and length, of the beat of index `beat`; ask once a beat."""
        place = (beat - self._first) % self._metre
        if place == 0 or self.count == 0:
            self.count += 1
        return place, self.count, self._metre
