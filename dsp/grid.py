"""The beat grid: where the next beat will fall, and when that is said.

The grid is a phase-locked loop that follows the likeliest hypothesis, gently while the two
agree and by a jump when they have disagreed for long enough.
Beats are announced `lead` samples ahead and never taken back; what is learned later moves the next one.
"""

from __future__ import annotations

from typing import NamedTuple

from dsp.snapshot import BeatSource
from dsp.taps import Tapped


class Announced(NamedTuple):
    """One beat said ahead of time."""

    sample: int
    place: int
    number: int
    period: float
    source: BeatSource


class Following(NamedTuple):
    """How firmly the grid follows a hypothesis.

    Attributes:
        pull: 0 (leave the grid alone) to 1.
        patience: readings in disagreement until it jumps to other music.
        stubbornness: the same, if it is the same music read at another level or on the off-beat.
    """

    pull: float
    patience: int
    stubbornness: int


LEVELS = (0.5, 2.0, 1.5, 2.0 / 3.0)


def _reread(ratio: float, error: float) -> bool:
    """Whether a hypothesis is the same beat at another level (ratio of periods) or half a beat off."""
    if 0.97 < ratio < 1.03:
        return abs(error) > 0.35
    return any(0.96 < ratio / level < 1.04 for level in LEVELS)


class BeatGrid:
    """Period and next beat.

    Attributes:
        period: samples per beat.
        next_beat: sample at which the next beat not yet passed on will fall.
        index: beats that have come so far, announced or not.
        count: beats announced so far.
        last: sample of the last beat announced.
        octave: factor on the period that was asked for by hand (0.5, 1 or 2).
    """

    QUICK, CALM = (0.7, 0.3), (0.2, 0.03)
    """Shares of a beat's error that move phase and period: when the tempo moves, and when it does not."""
    SETTLING = 0.25
    """How fast the one becomes the other, a beat."""
    BIAS_S = 0.006
    """Errors that have this mean are no chance: the tempo moves."""
    DRAW = 0.02
    """Share of the distance to the likeliest hypothesis taken back at a reading."""

    def __init__(self, rate: int, lead: int) -> None:
        self._rate = rate
        self._lead = lead
        self.period = rate / 2.0
        self.next_beat = 0.0
        self.index = 0
        self.count = 0
        self.last = -(10 * rate)
        self.octave = 1.0
        self._disagreed = 0
        self._agile, self._bias = 1.0, 0.0
        self._tapped_until = -1

    @property
    def source(self) -> BeatSource:
        """Who set the grid."""
        return "tap" if self._tapped_until >= 0 else "audio"

    def follow(self, now: int, period: float, heard: float, follow: Following) -> bool:
        """Move towards a hypothesis.

        Args:
            now: sample index.
            period: samples per beat of the hypothesis.
            heard: one of its beats, in samples.
            follow: how firmly.

        Returns:
            True if it jumped.
        """
        if now <= self._tapped_until:
            return False
        self._tapped_until = -1
        wanted = period * self.octave
        unit = min(period, wanted)
        error = (heard - self.next_beat) / unit
        error -= (error + 0.5) // 1.0
        ratio = wanted / self.period
        if -0.13 < error < 0.13 and 0.95 < ratio < 1.05:
            self._disagreed = max(0, self._disagreed - 2)
            self.next_beat += self.DRAW * follow.pull * error * unit
            self.period += 0.25 * self.DRAW * follow.pull * (wanted - self.period)
            return False
        self._disagreed += 1
        if self._disagreed < (follow.stubbornness if _reread(ratio, error) else follow.patience):
            return False
        self._disagreed = 0
        self._agile, self._bias = 1.0, 0.0
        self.period = wanted
        self._place(heard, now)
        return True

    def correct(self, error: float, weight: float) -> None:
        """A foretold beat was heard `error` samples late; `weight`, 0..1, says how clearly.

        An alpha-beta filter (a Kalman filter in its steady state) that becomes agile when errors keep a sign.
        """
        if self._tapped_until >= 0:
            return
        self._bias += 0.3 * (error - self._bias)
        moving = min(abs(self._bias) / (self.BIAS_S * self._rate), 1.5) - 0.5
        self._agile += self.SETTLING * (-self._agile)
        self._agile = max(self._agile, moving, 0.0)
        phase = self.CALM[0] + self._agile * (self.QUICK[0] - self.CALM[0])
        period = self.CALM[1] + self._agile * (self.QUICK[1] - self.CALM[1])
        self.next_beat += phase * weight * error
        self.period += period * weight * error

    def index_at(self, sample: float) -> int:
        """Index of the beat of the grid that is nearest to `sample`, past or to come."""
        return self.index + 1 + round((sample - self.next_beat) / self.period)

    def nudge(self, samples: int) -> None:
        """Move what is still to come."""
        self.next_beat += samples

    def _place(self, beat: float, now: int) -> None:
        """Put the grid on `beat` and its multiples; the next one keeps a decent distance from the last."""
        earliest = max(now + 1.0, self.last + 0.55 * self.period)
        self.next_beat = beat + -((beat - earliest) // self.period) * self.period

    def announce(self, now: int, running: bool) -> list[Announced]:
        """Beats to announce at `now`; those of a grid that is not `running` have no number, 0."""
        said = []
        while self.next_beat <= now + self._lead:
            sample = round(self.next_beat)
            self.index += 1
            if not running:
                said.append(Announced(sample, self.index, 0, self.period, self.source))
            elif sample >= self.last + 0.5 * self.period:
                self.count += 1
                self.last = max(sample, now + 1)
                said.append(Announced(self.last, self.index, self.count, self.period, self.source))
            self.next_beat += self.period
        return said

    def rule(self, now: int, tapped: Tapped) -> None:
        """Follow taps and nothing else for eight beats."""
        self.period = tapped.period
        self._tapped_until = now + int(8.0 * tapped.period)
        self._place(tapped.beat, now)

    def scale(self, factor: float, now: int) -> None:
        """Halve (2.0) or double (0.5) the period relative to what is heard; twice undoes the other."""
        octave = self.octave * factor
        if 0.5 <= octave <= 2.0:
            self.octave = octave
            beat = self.next_beat
            self.period *= factor
            self._place(beat, now)
