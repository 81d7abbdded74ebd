"""Beats that something else detects, behind the door of the beat tracker.

A detector outside this room (aubio, where its engine is chosen) says that a beat has just fallen and how fast
they come. The phase-locked grid of the tracker follows it, so that beats are announced ahead, and that taps,
nudges, half and double time work whoever listens. Bars are only counted, in fours: a detector of beats knows
no downbeats, so they are not trusted until someone taps one.

What comes out is as exact as the detector: a foreign one computes in floating point as its build likes, so
the same samples need not give the same beats on another machine.
"""

from __future__ import annotations

from collections import deque
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from dsp.events import Beat, DspEvent, Tempo
from dsp.grid import Announced, BeatGrid, Following
from dsp.settings import DspSettings
from dsp.snapshot import BeatSource, micro
from dsp.steadiness import tempo_stability01
from dsp.taps import Tapped
from dsp.trust import Trust

BEATS_PER_BAR = 4
FULL_SCALE = 1.0 / (1 << 24)
"""Of the sum of two 24-bit channels."""
NEAR = 0.13
"""Share of a beat by which a detected one may miss the grid and still correct it."""
FIRMLY = Following(pull=1.0, patience=2, stubbornness=2)
"""Detected beats that must miss the grid until it jumps to them."""
START_BEATS = 2
"""Detected beats from which others are announced."""
COAST_BEATS = 1.5
"""Beats without a detected one after which the others coast."""
MISSING_BEATS = 4.0
"""Beats without a detected one after which none is announced."""


class Detection(NamedTuple):
    """A beat that fell.

    Attributes:
        sample: where, at most as many samples back as were heard.
        bpm: tempo, above 0.
        confidence01: how sure the detector is.
    """

    sample: int
    bpm: float
    confidence01: float


class Detector(Protocol):
    """Something that finds beats in a stream of samples."""

    def hear(self, mono: NDArray[np.float32]) -> Detection | None:
        """Take the next hop in, float32[hop] in -1..1; give the beat that fell in it, if one did."""


class DetectedBeats:
    """The door of `dsp.beats.BeatTracker`, with `hear` for the samples.

    Attributes: as there; `beats_per_bar` is always 4, and `coasting` says that beats go on undetected.
    """

    beats_per_bar = BEATS_PER_BAR

    def __init__(self, detector: Detector, settings: DspSettings, hop: int, rate: int) -> None:
        self._detector = detector
        self._settings = settings
        self._rate = rate
        self._grid = BeatGrid(rate, settings.beat_lead_ms * rate // 1000 + hop)
        self._trust = Trust(3 * rate // 2, 2 * rate)
        self._detection: Detection | None = None
        self._tempi: deque[float] = deque(maxlen=10)
        self._coming: deque[Beat] = deque()
        self._told_bpm = 0.0
        self._first = 1
        self._tapped = False
        self._bars = 0
        self.count = self.bar_beat = self.bar_count = 0
        self._reset()

    def _reset(self) -> None:
        self._heard, self._last = 0, -1
        self._tempi.clear()
        self._tapped = False
        self.running = False
        self.coasting = False
        self.trusted = False
        self.confidence01 = 0.0
        self.stability01 = 0.0

    @property
    def source(self) -> BeatSource:
        """Who set the grid."""
        return self._grid.source

    @property
    def bar_trusted(self) -> bool:
        """Whether the position within the bar means anything: only once someone tapped a downbeat."""
        return self.trusted and self._tapped

    @property
    def tempo_bpm(self) -> float:
        """Tempo of the grid, 0 when nothing is announced."""
        return 60.0 * self._rate / self._grid.period if self.running else 0.0

    def phase01(self, now: int) -> float:
        """Position between the beat before `now` and the one after; 0 when nothing is announced."""
        if not self.running:
            return 0.0
        upcoming = self._coming[0].sample if self._coming else self._grid.next_beat
        return min(max(1.0 - (upcoming - now) / self._grid.period, 0.0), 0.999999)

    def hear(self, samples: NDArray[np.int32]) -> None:
        """Let the detector hear the mean of both channels of the next hop, int32[hop, 2] of 24 bits."""
        mono = (samples[:, 0] + samples[:, 1]).astype(np.float32) * np.float32(FULL_SCALE)
        self._detection = self._detector.hear(mono)

    def step(self, now: int, audible: bool, end: int = -1, evidence: object = None) -> list[DspEvent]:
        """Give what is announced after the hop that was heard last; `end` and `evidence` are not used.

        Args:
            now: samples consumed.
            audible: whether there is any sound.
            end: see `dsp.beats.BeatTracker`.
            evidence: the same.
        """
        if not audible:
            self._reset()
        else:
            if self._detection is not None:
                self._follow(now, self._detection)
            self._judge(now)
        self._fall(now)
        return [event for said in self._grid.announce(now, self.running) for event in self._tell(said, now)]

    def tap(self, now: int, tapped: Tapped) -> None:
        """Someone taps along."""
        self._grid.rule(now, tapped)
        self.running, self._last = True, now

    def suggest(self, now: int, period: float, beat: float) -> None:
        """A clock has a beat at sample `beat`; a foreign detector takes no advice."""

    def tap_downbeat(self, now: int) -> None:
        """Someone says that the beat next to now is the first of a bar."""
        self._first, self._tapped = self._grid.index_at(now), True

    def nudge(self, samples: int) -> None:
        """Move the grid: later when positive."""
        self._grid.nudge(samples)

    def scale(self, factor: float, now: int) -> None:
        """Half (2.0) or double (0.5) time."""
        self._grid.scale(factor, now)
        self._tempi.clear()

    def _follow(self, now: int, detection: Detection) -> None:
        grid = self._grid
        if grid.follow(now, 60.0 * self._rate / detection.bpm, float(detection.sample), FIRMLY):
            self._tempi.clear()
        missed = (detection.sample - grid.next_beat) / grid.period
        missed -= (missed + 0.5) // 1.0
        if -NEAR < missed < NEAR:
            grid.correct(missed * grid.period, 1.0)
        self._heard += 1
        self._last = now
        self._tempi.append(60.0 * self._rate / grid.period)
        self.confidence01 = detection.confidence01
        self.stability01 = tempo_stability01(self._tempi)

    def _judge(self, now: int) -> None:
        settings = self._settings
        alive = self._last >= 0 and now - self._last < MISSING_BEATS * self._grid.period
        tapped = self.source == "tap"
        if not alive:
            self.confidence01 = 0.0
        self.running = tapped or (alive and (self.running or self._heard >= START_BEATS))
        self.coasting = self.running and not tapped and now - self._last > COAST_BEATS * self._grid.period
        stable = settings.beat_trust_stability
        good = self.running and self.confidence01 >= settings.beat_trust_enter and self.stability01 >= stable
        bad = (
            not self.running
            or self.confidence01 < settings.beat_trust_leave
            or self.stability01 < 0.7 * stable
        )
        self.trusted = self._trust.step(now, good, bad)

    def _fall(self, now: int) -> None:
        while self._coming and self._coming[0].sample <= now:
            beat = self._coming.popleft()
            self.count, self.bar_beat, self.bar_count = beat.count, beat.bar_beat, beat.bar_count

    def _tell(self, said: Announced, now: int) -> list[DspEvent]:
        if said.number == 0:
            return []
        place = (said.place - self._first) % BEATS_PER_BAR
        if place == 0 or self._bars == 0:
            self._bars += 1
        bpm = 60.0 * self._rate / said.period
        beat = Beat(
            sample=said.sample,
            emitted=now,
            count=said.number,
            bar_beat=place,
            bar_count=self._bars,
            tempo_bpm=micro(bpm),
            trusted=self.trusted,
            downbeat=place == 0,
            source=said.source,
        )
        self._coming.append(beat)
        if 0.997 < bpm / max(self._told_bpm, 1.0) < 1.003:
            return [beat]
        self._told_bpm = bpm
        confidence = micro(self.confidence01)
        return [beat, Tempo(sample=now, emitted=now, bpm=beat.tempo_bpm, confidence01=confidence)]
