"""Whether the beats are believed: announced, trusted, or only kept going for a while.

Noise can always be explained afterwards; it cannot be foretold. So what counts is what the network hears at
the beats that were foretold, beside how far the hypotheses agree among themselves.
"""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

from dsp.grid import Following
from dsp.settings import DspSettings
from dsp.steadiness import tempo_stability01
from dsp.trust import Trust

NEAR_S = 0.04
"""How far from its foretold time a beat may be heard."""
MEMORY = 0.2
"""Weight of the newest beat in the hit rate."""
START_SHARE, START_HITS, START_MUSIC = 0.4, 0.2, 0.5
"""Agreement, hit rate and probability of music from which beats are announced."""
STOP_HITS = 0.12
"""Hit rate below which beats go on only because they were sure before."""
NO_MUSIC = 0.25
"""Probability of music below which beats do not go on for long, however sure they were."""
NO_MUSIC_S = 0.6
STUBBORN, STUBBORN_S = 0.5, 15.0
"""Another level, or the off-beat, must be likelier for this share of the time locked so far, and at most so
long."""
READINGS_S = 20
STEADY_S = 8.0


class Check(NamedTuple):
    """What was heard at a foretold beat: how clearly, and how many samples late."""

    error: float
    hit: float


class Belief:
    """Decides by hit rate, agreement and music.

    Attributes:
        running: beats are announced.
        trusted: they can be relied on; hysteresis and hold times as in newliveweb.
        confidence01: agreement of the hypotheses, held down by the hit rate: the chance that a beat is right.
        stability01: how little the tempo moved over the last ten beats (newliveweb beatTempo).
        steady_period: mean period, in samples, over the last confident seconds.
    """

    def __init__(self, settings: DspSettings, rate: int) -> None:
        self._settings = settings
        self._rate = rate
        self._near = NEAR_S * rate
        self._trust = Trust(3 * rate // 2, 2 * rate)
        self._heard: deque[tuple[float, float]] = deque(maxlen=16)
        self._foretold: deque[int] = deque()
        self._tempi: deque[float] = deque(maxlen=10)
        self.reset()

    def reset(self) -> None:
        """Believe nothing."""
        self.running = False
        self.trusted = False
        self.confidence01 = 0.0
        self.stability01 = 0.0
        self.steady_period = 0.0
        self._hits = self._music = self._lively = 0.0
        self._checked = 0
        self._locked_s = self._adrift_s = self._empty_s = 0.0
        self._last = -1
        self._heard.clear()
        self._foretold.clear()
        self._tempi.clear()

    @property
    def coasting(self) -> bool:
        """Beats run though they are not heard any more."""
        return self.running and self._adrift_s > 0.0

    def forget_tempi(self) -> None:
        """The tempo changed by decree: that is no instability."""
        self._tempi.clear()

    def assume(self) -> None:
        """Someone who knows said where the beat is."""
        self.running = True
        self._adrift_s = 0.0

    def jumped(self) -> None:
        """The grid follows another hypothesis: what was foretold for the old one says nothing about it."""
        self._foretold.clear()
        self._tempi.clear()
        self._hits = max(self._hits, START_HITS)
        self._adrift_s = 0.0
        self._locked_s *= 0.3

    def foretold(self, sample: int) -> None:
        """A beat of the grid will fall at `sample`, announced or not."""
        self._foretold.append(sample)

    def hear(self, time: float, beat: float, music: float) -> Check | None:
        """Take the evidence for sample `time` in; it comes frame by frame, in order.

        Returns:
            What was heard at a foretold beat, once that is known.
        """
        self._heard.append((time, beat))
        self._music += 0.02 * (music - self._music)
        self._lively = max(beat, self._lively - 0.004)
        if not self._foretold or time < self._foretold[0] + self._near:
            return None
        at = self._foretold.popleft()
        hit, weight, moment = 0.0, 1e-6, 0.0
        for when, value in self._heard:
            if abs(when - at) <= self._near:
                hit = max(hit, value)
                weight += value * value
                moment += value * value * (when - at)
        self._checked += 1
        self._hits += max(MEMORY, 1.0 / self._checked) * (hit - self._hits)
        return Check(moment / weight, hit)

    def follow(self, share: float) -> Following:
        """How firmly the grid is to follow a hypothesis of this share."""
        if share < 0.3 or self._lively < START_HITS:
            return Following(0.0, 1 << 30, 1 << 30)
        sure = self.running and self._hits > 0.4
        patience = 8 if sure else 2
        # What has been right for long is not given up for a bar of off-beats.
        doubt_s = min(STUBBORN * self._locked_s, STUBBORN_S)
        return Following(min(1.0, 1.3 * share), patience, max(patience, int(doubt_s * READINGS_S)))

    def decide(self, now: int, share: float, period: float, ruled: bool) -> bool:
        """Judge at a reading.

        Args:
            now: sample index.
            share: of the likeliest hypothesis.
            period: of the grid, samples.
            ruled: the grid is set by someone who knows.

        Returns:
            True in the moment in which evidence has gone: from here on the steady period serves best.
        """
        step_s = (now - self._last) / self._rate if self._last >= 0 else 0.0
        self._last = now
        # About the share of beats that are right, among made clips with this hit rate (see reference.md).
        self.confidence01 = share * min(3.0 * self._hits, 0.5 + 0.5 * self._hits)
        self._follow_tempo(period, step_s)
        lost = False
        if not self.running:
            self.running = ruled or (
                share >= START_SHARE
                and self._hits >= START_HITS
                and self._music >= START_MUSIC
                and self._checked >= 2
            )
        elif self._hits >= STOP_HITS or ruled:
            self._locked_s += step_s
            self._adrift_s = 0.0
        else:
            lost = self._adrift_s == 0.0 and self.steady_period > 0.0
            self._adrift_s += step_s
        self._empty_s = self._empty_s + step_s if self._music < NO_MUSIC and not ruled else 0.0
        budget = self._settings.freerun_s if self._locked_s > 6.0 else 2.0
        if self.running and (self._adrift_s > budget or self._empty_s > NO_MUSIC_S):
            self.running = False
            self._locked_s = self._adrift_s = 0.0
        self._judge_trust(now)
        return lost

    def _follow_tempo(self, period: float, step_s: float) -> None:
        near = self.steady_period > 0.0 and 0.97 < period / self.steady_period < 1.03
        if not near:
            self.steady_period = period
        elif self.confidence01 > 0.5:
            self.steady_period += step_s / STEADY_S * (period - self.steady_period)
        self._tempi.append(60.0 * self._rate / period)
        self.stability01 = tempo_stability01(self._tempi)

    def _judge_trust(self, now: int) -> None:
        settings = self._settings
        stable = settings.beat_trust_stability
        good = (
            self.running
            and self.confidence01 >= settings.beat_trust_enter
            and self.stability01 >= stable
            and self._music >= START_MUSIC
        )
        bad = (
            not self.running
            or self.confidence01 < settings.beat_trust_leave
            or self.stability01 < 0.7 * stable
        )
        self.trusted = self._trust.step(now, good, bad)
