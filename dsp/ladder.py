"""The trust ladder: who says where the beat is.

From the most to the least trusted: the beat that is heard and trusted, Link, MIDI clock, OS2L, taps, a beat
that is heard and not trusted yet, a heard beat that coasts, the internal clock. Down it goes at once, to the
best that is left; up only when what is better has been good for a while without a break, so that a flickering
source does not make the beat jump to and fro. It comes back by itself.
"""

from __future__ import annotations

from collections.abc import Sequence

from dsp.snapshot import BeatSource


class Rung:
    """Steps, best first."""

    AUDIO = 0
    LINK = 1
    MIDI = 2
    OS2L = 3
    TAP = 4
    HEARD = 5
    COAST = 6
    INTERNAL = 7


WORDS: tuple[BeatSource, ...] = ("audio", "link", "midi", "os2l", "tap", "audio", "coast", "internal")
"""What each is called outside. Trusted or not, a beat that is heard is one of the audio."""
BY_EAR = frozenset((Rung.AUDIO, Rung.HEARD, Rung.COAST))
KEPT = (Rung.LINK, Rung.MIDI, Rung.OS2L)
"""Clocks that somebody else keeps."""


class Ladder:
    """Which rung is in force.

    Args:
        hold: samples for which a better rung must be good before it is taken.
        clock_first: a clock that somebody keeps goes before the beat that is heard.

    Attributes:
        rung: in force; `HEARD` where nothing is good.
    """

    def __init__(self, hold: int, *, clock_first: bool) -> None:
        self._hold = hold
        self._clock_first = clock_first
        self.rung = Rung.HEARD
        self._since = [-1] * len(WORDS)

    @property
    def word(self) -> BeatSource:
        """What the rung is called outside."""
        return WORDS[self.rung]

    def step(self, now: int, good: Sequence[bool]) -> bool:
        """Judge at sample `now`.

        Args:
            now: sample index, never less than before.
            good: for each rung, whether it could serve now.

        Returns:
            True if another rung came into force.
        """
        since, rung = self._since, self.rung
        for step, holds in enumerate(good):
            if not holds:
                since[step] = -1
            elif since[step] < 0:
                since[step] = now
        stays = good[rung]
        self.rung = rung if stays else Rung.HEARD
        for step in self._order():
            if step == rung and stays:
                break
            if good[step] and (not stays or self._quick(rung, step) or now - since[step] >= self._hold):
                self.rung = step
                break
        return self.rung != rung

    def _order(self) -> tuple[int, ...]:
        return _CLOCKS_FIRST if self._clock_first else _WRITTEN

    def _quick(self, rung: int, step: int) -> bool:
        """Whether it needs no proof: a finger; and what is heard is one grid, trusted more or less."""
        return step == Rung.TAP or (rung in BY_EAR and step in BY_EAR)


_WRITTEN = tuple(range(len(WORDS)))
_CLOCKS_FIRST = (*KEPT, Rung.AUDIO, *range(Rung.TAP, len(WORDS)))
