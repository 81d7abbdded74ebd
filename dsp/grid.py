"""The beat grid: where the next beat will fall, and when that is said.

The grid is a phase-locked loop that follows the likeliest hypothesis of the pulse bank, gently while the two
agree and by a jump when they have disagreed for long enough.
Beats are announced `lead` samples ahead and never taken back; what is learned later moves the next one.
"""

from __future__ import annotations

from typing import NamedTuple

from dsp.snapshot import BeatSource


class Announced(NamedTuple):
    """One beat said ahead of time."""

    sample: int
    number: int
    period: float
    source: BeatSource


class BeatGrid:
    """Period and next beat.

    Attributes:
        period: samples per beat.
        next_beat: sample at which the next beat not yet passed on will fall.
        count: beats announced so far.
        last: sample of the last beat announced.
        octave: factor on the period that was asked for by hand (0.5, 1 or 2).
    """

    PHASE_GAIN = 0.10
    """Share of the phase error taken back in a frame."""
    PERIOD_GAIN = 0.05

    def __init__(self, rate: int, lead: int, frame: int) -> None:
        self._rate = rate
        self._lead = lead
        self._frame = frame
        self.period = rate / 2.0
        self.next_beat = 0.0
        self.count = 0
        self.last = -(10 * rate)
        self.octave = 1.0
        self._disagreed = 0
        self._taps: list[int] = []
        self._tapped_until = -1

    @property
    def source(self) -> BeatSource:
        """Who set the grid."""
        return "tap" if self._tapped_until >= 0 else "audio"

    def follow(
        self, now: int, period: float, phase01: float, latency: float, pull: float, patience: int
    ) -> bool:
        """Move towards a hypothesis.

        Args:
            now: sample index of the newest frame's end.
            period: samples per beat of the hypothesis.
            phase01: its position within the beat.
            latency: samples by which evidence trails the sound.
            pull: 0 (leave the grid alone) to 1.
            patience: frames of disagreement until the grid jumps.

        Returns:
            True if it jumped.
        """
        if now <= self._tapped_until:
            return False
        self._tapped_until = -1
        wanted = period * self.octave
        unit = min(period, wanted)
        heard = now - latency + (1.0 - phase01) * period
        error = (heard - self.next_beat) / unit
        error -= (error + 0.5) // 1.0
        ratio = wanted / self.period
        if -0.13 < error < 0.13 and 0.95 < ratio < 1.05:
            self._disagreed = max(0, self._disagreed - 2)
            self.next_beat += self.PHASE_GAIN * pull * error * unit
            self.period += self.PERIOD_GAIN * pull * (wanted - self.period)
            return False
        self._disagreed += 1
        if self._disagreed < patience:
            return False
        self._disagreed = 0
        self.period = wanted
        self._place(heard, now)
        return True

    def _place(self, beat: float, now: int) -> None:
        """Put the grid on `beat` and its multiples; the next one keeps a decent distance from the last."""
        earliest = max(now + 1.0, self.last + 0.55 * self.period)
        self.next_beat = beat + -((beat - earliest) // self.period) * self.period

    def announce(self, now: int, audible: bool) -> list[Announced]:
        """Beats to announce at `now`; when not `audible` the grid only runs on silently."""
        said = []
        while self.next_beat <= now + self._lead:
            sample = round(self.next_beat)
            if audible and sample >= self.last + 0.5 * self.period:
                self.count += 1
                self.last = max(sample, now + 1)
                said.append(Announced(self.last, self.count, self.period, self.source))
            self.next_beat += self.period
        return said

    def tap(self, now: int) -> tuple[float, bool]:
        """Take one tap; from the third on the grid follows the taps for eight beats.

        Returns:
            Samples per beat, and whether the grid was set.
        """
        if self._taps and now - self._taps[-1] > 2 * self._rate:
            self._taps.clear()
        self._taps = [*self._taps[-7:], now]
        if len(self._taps) < 3:
            return self.period, False
        period = (self._taps[-1] - self._taps[0]) / (len(self._taps) - 1)
        if period < self._rate / 5.0:
            return self.period, False
        self.period = period
        self._tapped_until = now + int(8.0 * period)
        self._place(float(now), now)
        return period, True

    def scale(self, factor: float, now: int) -> None:
        """Halve (2.0) or double (0.5) the period relative to what is heard; twice undoes the other."""
        octave = self.octave * factor
        if 0.5 <= octave <= 2.0:
            self.octave = octave
            beat = self.next_beat
            self.period *= factor
            self._place(beat, now)
