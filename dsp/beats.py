"""The beat tracker behind one small door: `BeatTracker.step(now, audible, evidence)`.

Inside, the network's evidence weighs all hypotheses of tempo, phase, level and bar (`barspace`); a
phase-locked grid (`grid`) follows the likeliest one and says ahead when the next beat will fall; what is then
heard at the beats that were foretold decides whether they are believed (`belief`).

Conventions: samples for time; evidence and confidence in 0..1; nothing is announced unless it is running.
"""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dsp.bars import Bars
from dsp.barspace import BarSpace, Chances, Reading
from dsp.belief import Belief
from dsp.events import Beat, DspEvent, Tempo
from dsp.frames import FRAME_RATE
from dsp.grid import Announced, BeatGrid
from dsp.octave import OctavePolicy
from dsp.settings import DspSettings
from dsp.snapshot import BeatSource, micro
from dsp.taps import Tapped

READ_FRAMES = 5
"""The hypotheses are read every 50 ms."""
AUDIBLE_HIT = 0.1
"""Evidence below which a foretold beat was not heard at all, and says nothing about when it fell."""


class Evidence(NamedTuple):
    """What the network says of one frame.

    Attributes:
        beat: probability of a beat, `DELAY` before the end of the frame.
        downbeat: probability of a downbeat there.
        music: probability that this is music with a beat.
        tempo: float32[bins], probability of each tempo, see `dsp.network`.
    """

    beat: float
    downbeat: float
    music: float
    tempo: NDArray[np.float32]


class BeatTracker:
    """Beats, tempo, bars.

    Attributes:
        trusted, bar_trusted: flags with hysteresis.
        count, bar_beat, bar_count: of the last beat that fell.
        beats_per_bar: 3 or 4.
    """

    def __init__(
        self, settings: DspSettings, hop: int, rate: int, delay_s: float, chances: Chances | None = None
    ) -> None:
        self._settings = settings
        self._rate = rate
        self._delay = delay_s * rate
        self._frame = rate / FRAME_RATE
        self._space = BarSpace(settings.tempo_min_bpm, settings.tempo_max_bpm, chances or Chances())
        self._grid = BeatGrid(rate, settings.beat_lead_ms * rate // 1000 + hop)
        self._octave = OctavePolicy(settings.tempo_octave)
        self._belief = Belief(settings, rate)
        self._bars = Bars(settings.bar_trust)
        self._frames = 0
        self._reading: Reading | None = None
        self._coming: deque[Beat] = deque()
        self._told_bpm = 0.0
        self.count = 0
        self.bar_beat = 0
        self.bar_count = 0
        self.beats_per_bar = 4

    @property
    def source(self) -> BeatSource:
        """Who set the grid."""
        return self._grid.source

    @property
    def running(self) -> bool:
        """Whether beats are announced."""
        return self._belief.running

    @property
    def coasting(self) -> bool:
        """Whether they go on only because they were sure before."""
        return self._belief.coasting

    @property
    def trusted(self) -> bool:
        """Whether the beats can be relied on."""
        return self._belief.trusted

    @property
    def bar_trusted(self) -> bool:
        """Whether the position within the bar means anything."""
        return self.trusted and self._bars.trusted

    @property
    def confidence01(self) -> float:
        """How sure it is of tempo and phase."""
        return self._belief.confidence01

    @property
    def stability01(self) -> float:
        """How little the tempo moved over the last ten beats (newliveweb beatTempo)."""
        return self._belief.stability01

    @property
    def tempo_bpm(self) -> float:
        """Tempo of the grid, 0 when nothing is announced."""
        return 60.0 * self._rate / self._grid.period if self._belief.running else 0.0

    def phase01(self, now: int) -> float:
        """Position between the beat before `now` and the one after; 0 when nothing is announced."""
        if not self._belief.running:
            return 0.0
        upcoming = self._coming[0].sample if self._coming else self._grid.next_beat
        phase = 1.0 - (upcoming - now) / self._grid.period
        return min(max(phase, 0.0), 0.999999)

    def step(
        self, now: int, audible: bool, end: int = -1, evidence: Evidence | None = None
    ) -> list[DspEvent]:
        """Take one hop in that ends at sample `now`; give what it announces.

        Args:
            now: samples consumed.
            audible: whether there is any sound.
            end: sample at which the frame of `evidence` ended.
            evidence: of the frame that ended in this hop, if one did.
        """
        if not audible:
            self._silence()
        elif evidence is not None:
            self._hear(end, evidence)
        self._fall(now)
        return self._announce(now)

    def tap(self, now: int, tapped: Tapped) -> None:
        """Someone taps along."""
        self._grid.rule(now, tapped)
        # What has been tapped is the likeliest, whatever was heard.
        self._propose(now, tapped.period, tapped.beat)
        self._belief.assume()

    def suggest(self, now: int, period: float, beat: float) -> None:
        """A clock has a beat at sample `beat`, one each `period`: likely, if that tempo is looked for."""
        bpm = 60.0 * self._rate / period
        if self._settings.tempo_min_bpm <= bpm <= self._settings.tempo_max_bpm:
            self._propose(now, period, beat)

    def _propose(self, now: int, period: float, beat: float) -> None:
        left = (beat - now + self._delay) / period  # frames run `delay` behind
        self._space.suggest(period / self._frame, left - left // 1.0)

    def tap_downbeat(self, now: int) -> None:
        """Someone says that the beat next to now is the first of a bar."""
        self._bars.tap(self._grid.index_at(now))

    def nudge(self, samples: int) -> None:
        """Move the grid: later when positive."""
        self._grid.nudge(samples)
        self._space.nudge(samples / self._frame)

    def scale(self, factor: float, now: int) -> None:
        """Half (2.0) or double (0.5) time."""
        self._grid.scale(factor, now)
        self._belief.forget_tempi()

    def _silence(self) -> None:
        if self._belief.running or self._frames:
            self._space.reset()
            self._belief.reset()
            self._bars.reset()
            self._reading = None
            self._frames = 0

    def _hear(self, end: int, evidence: Evidence) -> None:
        space, grid, belief = self._space, self._grid, self._belief
        space.step(evidence.beat, evidence.downbeat)
        check = belief.hear(end - self._delay, evidence.beat, evidence.music)
        if check is not None and check.hit > AUDIBLE_HIT:
            grid.correct(check.error, min(1.0, 1.5 * check.hit))
        self._frames += 1
        if self._frames % READ_FRAMES:
            return
        if evidence.tempo.shape[0]:
            space.favour(evidence.tempo)
        reading = self._reading = space.read()
        period = reading.period * self._frame
        heard = end - self._delay + (1.0 - reading.phase01) * period
        wanted = period * self._octave.step(60.0 * FRAME_RATE / reading.period)
        if grid.follow(end, wanted, heard, belief.follow(reading.share)):
            belief.jumped()
            self._bars.jumped()
        self._bars.hear(reading, grid.index_at(heard))
        if belief.decide(end, reading.share, grid.period, grid.source != "audio"):
            grid.period = belief.steady_period

    def _fall(self, now: int) -> None:
        while self._coming and self._coming[0].sample <= now:
            beat = self._coming.popleft()
            self.count, self.bar_beat, self.bar_count = beat.count, beat.bar_beat, beat.bar_count

    def _announce(self, now: int) -> list[DspEvent]:
        events: list[DspEvent] = []
        running = self._belief.running
        for said in self._grid.announce(now, running):
            self._belief.foretold(said.sample)
            if running:
                events += self._tell(said, now)
        return events

    def _tell(self, said: Announced, now: int) -> list[DspEvent]:
        bpm = 60.0 * self._rate / said.period
        place, bar, self.beats_per_bar = self._bars.label(said.place)
        beat = Beat(
            sample=said.sample,
            emitted=now,
            count=said.number,
            bar_beat=place,
            bar_count=bar,
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
