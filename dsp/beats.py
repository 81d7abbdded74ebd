"""The beat tracker behind one small door: `BeatTracker.step(features, now)`.

Inside, a bank of hypotheses (`pulse`) says where the beat is, a phase-locked grid (`grid`) says when the next
one will fall, and the grid's own predictions are checked against what is then heard: that hit rate, compared
with chance, is the confidence. Noise can always be explained afterwards; it cannot be foretold.

Conventions: samples for time; evidence and confidence in 0..1; nothing is announced unless it is running.
"""

from __future__ import annotations

from collections import deque
from math import sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dsp.bars import Bars
from dsp.events import Beat, DspEvent, Tempo
from dsp.grid import BeatGrid
from dsp.pulse import PulseBank
from dsp.settings import DspSettings
from dsp.snapshot import BeatSource, micro
from dsp.tables import smoothing
from dsp.trust import Trust

LATENCY_S = 0.020
"""How long after a hit its evidence peaks, as measured on clicks."""
START, STOP = 0.30, 0.14
"""Confidence from which beats are announced, and below which only free running keeps them."""
WIDTH = 5
"""Frames in which a predicted beat may be hit."""
MEMORY = 0.14
"""Weight of the newest beat in the hit rate."""


class BeatFeatures(NamedTuple):
    """What the tracker hears of one hop: flux in dB per band, whether there is sound, the spectrum."""

    low: float
    mid: float
    high: float
    audible: bool
    spectrum: NDArray[np.uint8]


class BeatTracker:
    """Beats, tempo, bars.

    Attributes:
        confidence01: how much better than chance the last beats were foretold.
        stability01: how little the tempo moved over the last ten beats (newliveweb beatTempo).
        trusted, bar_trusted: flags with hysteresis.
        tempo_bpm: 0 when unknown.
        phase01, bar_phase01: position within beat and bar.
        count, bar_beat, bar_count: of the last beat that fell.
        source: who set the grid.
    """

    def __init__(self, settings: DspSettings, hop: int, rate: int) -> None:
        self._settings = settings
        self._rate = rate
        self._bank = PulseBank(settings, hop, rate)
        self._frame = self._bank.frame
        self._grid = BeatGrid(rate, settings.beat_lead_ms * rate // 1000 + hop, self._frame)
        self._bars = Bars(settings.bar_trust)
        self._trust = Trust(3 * rate // 2, 2 * rate)
        self._hops = 0
        self._fluxes = [0.0, 0.0, 0.0]
        self._latency = int(LATENCY_S * rate)
        self._chance = smoothing(5.0, self._frame, rate)
        self._recent: deque[float] = deque([0.0] * WIDTH, maxlen=WIDTH)
        self._accents: deque[tuple[float, float]] = deque([(0.0, 0.0)] * WIDTH, maxlen=WIDTH)
        self._checks: deque[int] = deque()
        self._tempi: deque[float] = deque(maxlen=10)
        self._coming: deque[Beat] = deque()
        self._told_bpm = 0.0
        self._steady_period = self._grid.period
        self._forget()
        self.count = 0
        self.bar_beat = 0
        self.bar_count = 0

    def _forget(self) -> None:
        self._bank.reset()
        self._bars.reset()
        self._running = False
        self._mean, self._square, self._hits, self._checked = 0.0, 0.0, 0.0, 0
        self._locked = self._adrift = 0
        self._checks.clear()
        self._tempi.clear()
        self.confidence01 = 0.0
        self.stability01 = 0.0
        self.trusted = False

    @property
    def source(self) -> BeatSource:
        """Who set the grid."""
        return self._grid.source

    @property
    def bar_trusted(self) -> bool:
        """Whether the position within the bar means anything."""
        return self.trusted and self._bars.trusted

    @property
    def tempo_bpm(self) -> float:
        """Tempo of the grid, 0 when nothing is announced."""
        return 60.0 * self._rate / self._grid.period if self._running else 0.0

    def phase01(self, now: int) -> float:
        """Position between the beat before `now` and the one after; 0 when nothing is announced."""
        if not self._running:
            return 0.0
        upcoming = self._coming[0].sample if self._coming else self._grid.next_beat
        phase = 1.0 - (upcoming - now) / self._grid.period
        return min(max(phase, 0.0), 0.999999)

    def step(self, features: BeatFeatures, now: int) -> list[DspEvent]:
        """Take one hop in that ends at sample `now`; give what it announces."""
        fluxes = self._fluxes
        fluxes[0] = max(fluxes[0], features.low)
        fluxes[1] = max(fluxes[1], features.mid)
        fluxes[2] = max(fluxes[2], features.high)
        self._hops += 1
        if self._hops == self._bank.frame_hops:
            self._hops = 0
            self._step_frame((fluxes[0], fluxes[1], fluxes[2]), features, now)
            self._fluxes = [0.0, 0.0, 0.0]
        self._fall(now)
        return self._announce(now)

    def tap(self, now: int) -> None:
        """Someone taps along."""
        period, ready = self._grid.tap(now)
        if ready:
            self._bank.suggest(period, self._latency / period)
            self._running = True

    def scale(self, factor: float, now: int) -> None:
        """Half (2.0) or double (0.5) time."""
        self._grid.scale(factor, now)
        self._tempi.clear()

    def _step_frame(self, fluxes: tuple[float, float, float], features: BeatFeatures, now: int) -> None:
        bank, grid = self._bank, self._grid
        if not features.audible:
            if self._running or self._checked:
                self._forget()
            return
        bank.step(fluxes, 1.0)
        self._bars.hear(features.spectrum)
        low, mid, high = bank.evidence.tolist()
        self._recent.append(0.5 * low + 0.3 * mid + 0.2 * high)
        self._accents.append((low, mid))
        peak = max(self._recent)
        follow = max(self._chance, 1.0 / (1 + self._checked * 40 + 40))
        self._mean += follow * (peak - self._mean)
        self._square += follow * (peak * peak - self._square)
        while self._checks and self._checks[0] + self._latency + WIDTH * self._frame // 2 <= now:
            self._checks.popleft()
            self._check(peak)
        adrift = self._running and self.confidence01 < STOP
        if adrift and self._adrift == 0:
            grid.period = self._steady_period
        patience = int((1.2 if self.confidence01 > 0.5 or adrift else 0.3) * self._rate) // self._frame
        pull = min(1.0, bank.coherence01 * 1.5) * (0.1 if adrift else 1.0)
        if bank.coherence01 < 0.25:
            pull, patience = 0.0, 1 << 30
        if grid.follow(now, bank.period, bank.phase01, self._latency, pull, patience):
            self._checks.clear()
            self._tempi.clear()
            self._hits = min(self._hits, self._mean + 0.5 * (self._hits - self._mean))
        self._decide(now)

    def _check(self, hit: float) -> None:
        """Compare what was heard at a predicted beat with what is heard anywhere."""
        self._checked += 1
        self._hits += max(MEMORY, 1.0 / (self._checked + 1)) * (hit - self._hits)
        spread = sqrt(max(self._square - self._mean * self._mean, 0.0))
        contrast = (self._hits - self._mean) / (spread + 0.05)
        sure = min((contrast - 0.25) / 1.25, (self._hits - 0.1) / 0.3)
        self.confidence01 = min(max(sure, 0.0), 1.0)
        period = self._grid.period
        near = 0.97 < period / self._steady_period < 1.03
        if not near or self.confidence01 > 0.5:
            self._steady_period += (0.1 if near else 1.0) * (period - self._steady_period)
        self._tempi.append(60.0 * self._rate / period)
        self.stability01 = _stability(self._tempi)

    def _decide(self, now: int) -> None:
        settings = self._settings
        confident = self.confidence01
        if not self._running:
            self._running = confident >= START and self._bank.coherence01 >= 0.3 and self._checked >= 3
        elif confident >= STOP:
            self._adrift = 0
            self._locked += self._frame
        else:
            self._adrift += self._frame
            budget = settings.freerun_s if self._locked > 6 * self._rate else 2.0
            if self._adrift > budget * self._rate and self.source == "audio":
                self._running = False
                self._locked = self._adrift = 0
        good = (
            self._running
            and confident >= settings.beat_trust_enter
            and self.stability01 >= settings.beat_trust_stability
        )
        bad = (
            not self._running
            or confident < settings.beat_trust_leave
            or self.stability01 < 0.7 * settings.beat_trust_stability
        )
        self.trusted = self._trust.step(now, good, bad)

    def _fall(self, now: int) -> None:
        while self._coming and self._coming[0].sample <= now:
            beat = self._coming.popleft()
            self.count, self.bar_beat, self.bar_count = beat.count, beat.bar_beat, beat.bar_count
            low = max(accent[0] for accent in self._accents)
            mid = max(accent[1] for accent in self._accents)
            self._bars.fell(beat.count, low, mid)

    def _announce(self, now: int) -> list[DspEvent]:
        events: list[DspEvent] = []
        before = self._grid.next_beat
        for said in self._grid.announce(now, self._running):
            bpm = 60.0 * self._rate / said.period
            position, bar = self._bars.label(said.number)
            beat = Beat(
                sample=said.sample,
                emitted=now,
                count=said.number,
                bar_beat=position,
                bar_count=bar,
                tempo_bpm=micro(bpm),
                trusted=self.trusted,
                downbeat=position == 0,
                source=said.source,
            )
            self._coming.append(beat)
            events.append(beat)
            if not 0.997 < bpm / max(self._told_bpm, 1.0) < 1.003:
                self._told_bpm = bpm
                events.append(
                    Tempo(
                        sample=now,
                        emitted=now,
                        bpm=beat.tempo_bpm,
                        confidence01=micro(self.confidence01),
                    )
                )
        if self._grid.next_beat > before:
            self._checks.append(round(before))
        return events


def _stability(tempi: deque[float]) -> float:
    """`1 - (MAD - 0.5) / 5.5` of the last tempi in BPM, 0 with fewer than five (newliveweb beatTempo)."""
    if len(tempi) < 5:
        return 0.0
    middle = sorted(tempi)[len(tempi) // 2]
    deviation = sorted(abs(bpm - middle) for bpm in tempi)[len(tempi) // 2]
    return 1.0 - min(max((deviation - 0.5) / 5.5, 0.0), 1.0)
