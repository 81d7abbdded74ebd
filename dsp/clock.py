"""A clock that somebody else keeps: what it said, and the beats that follow from it.

Conventions: samples for time, beats of the clock for place. `place` counts beats from the first of a bar and
goes on over bars, so that half time has a parity; only its remainder by the bar length came from outside.
"""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple

from msgspec import Meta, Struct

ClockSource = Literal["link", "midi", "os2l"]

FRESH_S = 1.5
FRESH_BEATS = 2.5
"""A clock that has said nothing for the longer of the two is gone."""
FAR_S = 10.0
"""How far from now the beat may lie that a clock speaks of."""
PULL = 0.5
"""Share of an error in phase that a reading takes back."""
NEAR = 0.08
"""Share of a beat by which a reading may miss what was expected; beyond it the clock has jumped."""
SAME = 0.02
"""The same for the tempo."""


class ClockReading(Struct, frozen=True, rename="camel"):
    """One thing that a clock said.

    Attributes:
        source: which clock.
        bpm: its tempo.
        beat: one of its beats, as a sample index; up to `FAR_S` before or after now.
        place: of that beat in the bar, 0 for its first; -1 where the clock does not know.
        metre: beats of its bar.
        running: False where it stands still.
    """

    source: ClockSource
    bpm: Annotated[float, Meta(ge=20.0, le=400.0)]
    beat: Annotated[int, Meta(ge=-(10**15), le=10**15)]
    place: Annotated[int, Meta(ge=-1, le=63)] = -1
    metre: Annotated[int, Meta(ge=1, le=64)] = 4
    running: bool = True


class Due(NamedTuple):
    """A beat to come: where it falls, in samples, and which of the bar it is."""

    sample: float
    place: int


class ClockGrid:
    """The beats of one clock.

    Args:
        rate: samples a second.

    Attributes:
        period: samples a beat of the clock lasts.
        metre: beats of a bar.
        bar_known: whether `place` means anything.
        factor: beats of the clock to one of ours: 0.5, 1 or 2, as asked for by hand.
    """

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self.period = rate / 2.0
        self.metre = 4
        self.bar_known = False
        self.factor = 1.0
        self._beat = 0.0
        self._place = 0
        self._shift = 0.0
        self._turn = 0
        self._until = -1

    @property
    def length(self) -> float:
        """Samples that one of our beats lasts."""
        return self.period * self.factor

    def fresh(self, now: int) -> bool:
        """Whether the clock runs and was heard of lately."""
        return now <= self._until

    def stop(self) -> None:
        """It stands still."""
        self._until = -1

    def read(self, now: int, reading: ClockReading) -> bool:
        """Take over what the clock said.

        Returns:
            True if it is not where it was expected.
        """
        if not reading.running:
            self.stop()
            return False
        if abs(reading.beat - now) > FAR_S * self._rate:
            return False
        period = 60.0 * self._rate / reading.bpm
        place = -1 if reading.place < 0 else (reading.place + self._turn) % reading.metre
        expected = self._nearest(reading.beat + self._shift)
        error = reading.beat + self._shift - expected.sample
        known = self.fresh(now) and 1.0 - SAME < period / self.period < 1.0 + SAME
        near = known and -NEAR * period < error < NEAR * period
        same = place < 0 or (reading.metre == self.metre and expected.place % self.metre == place)
        self._beat = expected.sample + PULL * error if near else reading.beat + self._shift
        self._place = expected.place if same else place
        self.period = period
        if place >= 0:
            self.metre, self.bar_known = reading.metre, True
        elif not self.fresh(now):
            self.bar_known = False
        self._until = now + int(max(FRESH_S * self._rate, FRESH_BEATS * period))
        return not near

    def set(self, now: int, beat: float, period: float, until: int) -> None:
        """Put it on a beat by decree, to be believed until sample `until`; bars go on if it ran."""
        self.bar_known = self.bar_known and self.fresh(now)
        self._place = self._nearest(beat).place
        self._beat, self.period, self.factor, self._shift = beat, period, 1.0, 0.0
        self._until = until

    def place(self, place: int, metre: int) -> None:
        """The beat it was put on is this one of a bar of so many; nobody says that this is a fact."""
        self._place, self.metre, self.bar_known = place, metre, False

    def keep(self, until: int) -> None:
        """Go on as it is until sample `until`."""
        self._until = until

    def nudge(self, samples: float) -> None:
        """All beats fall later by so much, now and from now on."""
        self._beat += samples
        self._shift += samples

    def scale(self, factor: float) -> None:
        """Half (2.0) or double (0.5) time; one undoes the other, and more than one step is not taken."""
        if 0.5 <= self.factor * factor <= 2.0:
            self.factor *= factor

    def tap_downbeat(self, now: int) -> None:
        """The beat nearest to `now` is the first of a bar, and so it stays."""
        turn = -self._nearest(float(now)).place
        self._place += turn
        self._turn = (self._turn + turn) % self.metre
        self.bar_known = True

    def after(self, sample: float) -> Due:
        """The first of our beats after `sample`; moves its reference there, so that it can go on for ever."""
        beats = ((sample - self._beat) / self.period + self._place) / self.factor
        number = beats // 1.0 + 1.0
        due = self._beat + (number * self.factor - self._place) * self.period
        return Due(due, int(number) % self.metre)

    def moved(self, due: Due) -> None:
        """A beat was passed on: count from there."""
        near = self._nearest(due.sample)
        self._beat, self._place = near.sample, near.place

    def _nearest(self, sample: float) -> Due:
        """The beat of the clock itself that is nearest to `sample`; its place is not yet a remainder."""
        steps = int(((sample - self._beat) / self.period + 0.5) // 1.0)
        return Due(self._beat + steps * self.period, self._place + steps)
