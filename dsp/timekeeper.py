"""Who keeps the time: the door of the beat tracker, with other clocks beside it.

As long as the beat that is heard is in force (`ladder`), the tracker's beats are passed on as they are. When
it is not, the clock that is keeps the grid: its beats are announced ahead in the same way, and the counts go
on. The tracker hears on all the time, knows nothing of clocks, and so is back as soon as it is trusted; only
while it is not, a clock that begins or jumps is suggested to its hypotheses, as taps are.

Conventions: as `dsp.beats`; whoever keeps the time, two beats are half a beat apart or nearly so.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from dsp.clock import ClockGrid, ClockReading, Due
from dsp.events import Beat, DspEvent, Tempo
from dsp.ladder import BY_EAR, Ladder, Rung
from dsp.settings import DspSettings
from dsp.snapshot import BeatSource, micro
from dsp.taps import Taps

if TYPE_CHECKING:
    from dsp.beats import BeatTracker, Evidence
    from dsp.detected_beats import DetectedBeats

TAP_BEATS = 8
"""For so many beats taps are in force whatever is heard and not trusted."""
RECENT_S = 4
APART = 0.45
"""Beats of different origin are so far apart at the least, in beats."""


class Timekeeper:
    """Beats, tempo, bars, whoever keeps them.

    Args:
        tracker: hears the beats.
        settings: of the ladder.
        hop: samples in a step.
        rate: samples a second.

    Attributes:
        count, bar_beat, bar_count: of the last beat that fell.
        beats_per_bar: of the bar it is in.
    """

    def __init__(
        self, tracker: BeatTracker | DetectedBeats, settings: DspSettings, hop: int, rate: int
    ) -> None:
        self._tracker = tracker
        self._rate = rate
        self._lead = settings.beat_lead_ms * rate // 1000 + hop
        self._tap_hold = int(settings.tap_hold_s * rate)
        self._internal_bpm = settings.internal_bpm
        self._ladder = Ladder(int(settings.clock_hold_s * rate), clock_first=settings.clock_first)
        self._taps = Taps(rate)
        self._link, self._midi, self._os2l = ClockGrid(rate), ClockGrid(rate), ClockGrid(rate)
        self._tapped, self._internal = ClockGrid(rate), ClockGrid(rate)
        self._tap_rules_until = -1
        self._coming: deque[Beat] = deque()
        self._withheld: Beat | None = None
        self._last = -10 * rate
        self._free_from = self._last
        self._numbered = 0
        self._bars = 0
        self._told_bpm = 0.0
        self.count = self.bar_beat = self.bar_count = 0
        self.beats_per_bar = 4

    # -- what is known

    @property
    def source(self) -> BeatSource:
        """Who keeps the time."""
        tracker = self._tracker
        tapped = self._ladder.rung in BY_EAR and tracker.running and tracker.source == "tap"
        return "tap" if tapped else self._ladder.word

    @property
    def trusted(self) -> bool:
        """Whether the beats can be relied on."""
        rung = self._ladder.rung
        return self._tracker.trusted if rung in BY_EAR else rung != Rung.INTERNAL

    @property
    def bar_trusted(self) -> bool:
        """Whether the position within the bar means anything."""
        grid = self._grid
        return self._tracker.bar_trusted if grid is None else self.trusted and grid.bar_known

    @property
    def confidence01(self) -> float:
        """How sure tempo and phase are: somebody's clock is a fact, the internal one is none."""
        return self._tracker.confidence01 if self._grid is None else float(self.trusted)

    @property
    def stability01(self) -> float:
        """How little the tempo moved over the last ten beats."""
        return self._tracker.stability01 if self._grid is None else 1.0

    @property
    def tempo_bpm(self) -> float:
        """Tempo of the beats, 0 when none are announced."""
        grid = self._grid
        return self._tracker.tempo_bpm if grid is None else 60.0 * self._rate / grid.length

    def phase01(self, now: int) -> float:
        """Position between the beat before `now` and the one after; 0 when nothing is announced."""
        grid = self._grid
        if grid is None:
            return self._tracker.phase01(now)
        upcoming = self._coming[0].sample if self._coming else self._due(grid, now).sample
        return min(max(1.0 - (upcoming - now) / grid.length, 0.0), 0.999999)

    # -- what is said

    def tap(self, now: int) -> None:
        """Someone taps along."""
        said = self._taps.tap(now)
        if said is None:
            return
        self._tracker.tap(now, said)
        self._tap_rules_until = now + int(TAP_BEATS * said.period)
        self._tapped.set(now, said.beat, said.period, max(self._tap_rules_until, now + self._tap_hold))

    def tap_downbeat(self, now: int) -> None:
        """Someone says that the beat next to now is the first of a bar."""
        self._tracker.tap_downbeat(now)
        for grid in (self._link, self._midi, self._os2l, self._tapped):
            if grid.fresh(now):
                grid.tap_downbeat(now)

    def nudge(self, samples: int) -> None:
        """Move the beats of whoever keeps the time: later when positive."""
        grid = self._grid
        if grid is not None:
            grid.nudge(samples)
        if grid is None or grid is self._tapped:
            self._tracker.nudge(samples)

    def scale(self, factor: float, now: int) -> None:
        """Half (2.0) or double (0.5) time."""
        self._tracker.scale(factor, now)
        for grid in self._grids():
            grid.scale(factor)

    def clock(self, now: int, reading: ClockReading) -> None:
        """A clock says where it is."""
        grid = {"link": self._link, "midi": self._midi, "os2l": self._os2l}[reading.source]
        if grid.read(now, reading) and not self._tracker.trusted:
            self._tracker.suggest(now, grid.length, grid.after(float(now)).sample)

    # -- time goes on

    def step(
        self, now: int, audible: bool, end: int = -1, evidence: Evidence | None = None
    ) -> list[DspEvent]:
        """Take one hop in that ends at sample `now`; see `dsp.beats.BeatTracker.step`."""
        heard = self._tracker.step(now, audible, end, evidence)
        if self._ladder.step(now, self._good(now)) and self._ladder.rung == Rung.INTERNAL:
            self._begin_internal(now)
        grid = self._grid
        self._fall(now)
        if grid is None:
            return self._pass_on(heard, now)
        for event in heard:
            if isinstance(event, Beat):
                self._withheld = event
        return self._announce(grid, now)

    def _good(self, now: int) -> tuple[bool, ...]:
        tracker = self._tracker
        heard = tracker.running and not tracker.coasting
        tapped = now <= self._tap_rules_until or (self._tapped.fresh(now) and not heard)
        return (
            tracker.trusted,
            self._link.fresh(now),
            self._midi.fresh(now),
            self._os2l.fresh(now),
            tapped,
            heard,
            tracker.running,
            self._internal_bpm > 0.0,
        )

    def _begin_internal(self, now: int) -> None:
        """Go on with the last beat, if it was just now, or begin with the tempo that was set."""
        known = self._last > now - RECENT_S * self._rate
        bpm = self._told_bpm if known else self._internal_bpm
        self._internal.set(now, float(self._last if known else now), 60.0 * self._rate / bpm, now)
        place = self._coming[-1].bar_beat if self._coming else self.bar_beat
        self._internal.place(place, self.beats_per_bar)

    def _pass_on(self, heard: list[DspEvent], now: int) -> list[DspEvent]:
        late, self._withheld = self._withheld, None
        if late is not None and late.sample > now:
            heard = [late, *heard]
        events: list[DspEvent] = []
        for event in heard:
            if not isinstance(event, Beat):
                events.append(event)
            elif event.sample >= self._free_from:
                beats = self._tracker.beats_per_bar
                events.append(self._number(event.sample, now, event.bar_beat, beats, event.tempo_bpm))
        return events

    def _announce(self, grid: ClockGrid, now: int) -> list[DspEvent]:
        events: list[DspEvent] = []
        while (due := self._due(grid, now)).sample <= now + self._lead:
            grid.moved(due)
            told, bpm = self._told_bpm, micro(60.0 * self._rate / grid.length)
            sample = max(round(due.sample), now + 1)
            events.append(self._number(sample, now, due.place, grid.metre, bpm))
            self._free_from = sample + int(APART * grid.length)
            if not 0.997 < bpm / max(told, 1.0) < 1.003:
                events.append(Tempo(sample=now, emitted=now, bpm=bpm, confidence01=self.confidence01))
        return events

    def _due(self, grid: ClockGrid, now: int) -> Due:
        """Its next beat that may be announced at `now`."""
        return grid.after(max(self._last + APART * grid.length, float(now)))

    def _number(self, sample: int, now: int, place: int, beats: int, bpm: float) -> Beat:
        self._numbered += 1
        if place == 0 or self._bars == 0:
            self._bars += 1
        self._last, self._told_bpm = sample, bpm
        self.beats_per_bar = beats
        beat = Beat(
            sample=sample,
            emitted=now,
            count=self._numbered,
            bar_beat=place,
            bar_count=self._bars,
            tempo_bpm=bpm,
            trusted=self.trusted,
            downbeat=place == 0,
            source=self.source,
        )
        self._coming.append(beat)
        return beat

    def _fall(self, now: int) -> None:
        while self._coming and self._coming[0].sample <= now:
            beat = self._coming.popleft()
            self.count, self.bar_beat, self.bar_count = beat.count, beat.bar_beat, beat.bar_count

    @property
    def _grid(self) -> ClockGrid | None:
        """The clock that keeps the time; None while it is heard."""
        match self._ladder.rung:
            case Rung.LINK:
                return self._link
            case Rung.MIDI:
                return self._midi
            case Rung.OS2L:
                return self._os2l
            case Rung.TAP:
                return self._tapped
            case Rung.INTERNAL:
                return self._internal
        return None

    def _grids(self) -> tuple[ClockGrid, ...]:
        return self._link, self._midi, self._os2l, self._tapped, self._internal
