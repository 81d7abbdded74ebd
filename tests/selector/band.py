"""A band that plays for tests: snapshots and events of a made-up analyser, hop by hop."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from dsp.events import Beat, DspEvent, Onset, SectionChange
from dsp.snapshot import ExpressiveAudioSnapshot, Section
from selector.catalog import Catalog, Pack, Row, Table
from selector.choice import Situation
from selector.events import SelectorEvent
from selector.fixedpoint import MISSING, to_micro
from selector.selector import Selector
from selector.settings import SelectorSettings

RATE = 48_000
HOP = 256
CONFIG = "c" * 64

QUIET = ExpressiveAudioSnapshot(
    t_samples=0,
    time_sec=0.0,
    audio_state="silent",
    audio_valid=False,
    beat_trusted=False,
    bar_trusted=False,
    energy01=0.35,
    energy_slow01=0.35,
    bass01=0.0,
    flux01=0.0,
    beat_pulse01=0.0,
    accent01=0.0,
    onset_rate2s=0.0,
    gate_boost=1.0,
    rms01=0.0,
    loudness_db=-90.0,
    peak_db=-90.0,
    noise_floor_db=-90.0,
    gain_db=0.0,
    kick01=0.0,
    clap01=0.0,
    hihat01=0.0,
    mid01=0.0,
    high01=0.0,
    centroid01=0.0,
    tempo_bpm=0.0,
    beat_phase01=0.0,
    beat_count=0,
    bar_phase01=0.0,
    bar_beat=0,
    bar_count=0,
    beat_confidence01=0.0,
    tempo_stability01=0.0,
    beat_source="audio",
    section="silence",
    section_intensity01=0.0,
    buildup01=0.0,
    onset_count=0,
)
LOUD = msgspec.structs.replace(
    QUIET,
    audio_state="live",
    audio_valid=True,
    beat_trusted=True,
    bar_trusted=True,
    energy01=0.7,
    energy_slow01=0.7,
    accent01=0.4,
    section="groove",
    tempo_bpm=125.0,
)


class Band:
    """Plays hops. Change `now` (the sound) and `bpm` at will; call `drift` to move the grid.

    While `kicking`, each beat is heard as a kick in the hop in which it falls.
    """

    def __init__(
        self, now: ExpressiveAudioSnapshot = LOUD, bpm: float = 125.0, ahead: float = 0.2, hop: int = HOP
    ) -> None:
        self.step = hop
        self.now = now
        self.bpm = bpm
        self.sample = 0
        self.ahead = int(ahead * RATE)
        self._next_beat = float(RATE // 4)
        self._count = 0
        self.kicking = False
        self.downbeats: list[int] = []
        self._coming: list[int] = []

    def drift(self, seconds: float) -> None:
        self._next_beat += seconds * RATE

    def change(self, section: Section, **sound: float) -> SectionChange:
        previous = self.now.section
        self.now = msgspec.structs.replace(self.now, section=section, **sound)
        return SectionChange(self.sample, self.sample, section, previous)

    def hop(self) -> tuple[ExpressiveAudioSnapshot, list[DspEvent]]:
        self.sample += self.step
        events: list[DspEvent] = []
        while self.now.beat_trusted and self._next_beat <= self.sample + self.ahead:
            events.append(
                Beat(
                    sample=int(self._next_beat),
                    emitted=self.sample,
                    count=self._count,
                    bar_beat=self._count % 4,
                    bar_count=self._count // 4,
                    tempo_bpm=self.bpm,
                    trusted=True,
                    downbeat=self._count % 4 == 0,
                    source="audio",
                )
            )
            self._coming.append(int(self._next_beat))
            if self._count % 4 == 0:
                self.downbeats.append(int(self._next_beat))
            self._count += 1
            self._next_beat += 60.0 * RATE / self.bpm
        while self._coming and self._coming[0] < self.sample:
            at = self._coming.pop(0)
            if self.kicking:
                events.append(Onset(at, self.sample, "kick", 1.0, 0))
        if not self.now.beat_trusted:
            self._next_beat = max(self._next_beat, float(self.sample))
        snapshot = msgspec.structs.replace(
            self.now, t_samples=self.sample, time_sec=self.sample / RATE, beat_count=self._count
        )
        return snapshot, events

    def hops(self, seconds: float) -> Iterator[tuple[ExpressiveAudioSnapshot, list[DspEvent]]]:
        for _ in range(int(seconds * RATE / self.step)):
            yield self.hop()

    def play(self, selector: Selector, seconds: float) -> list[SelectorEvent]:
        return [e for snapshot, events in self.hops(seconds) for e in selector.step(snapshot, events)]


def make_table(n: int, pack: str = "demo", **columns: float) -> Table:
    """n pairs of evenly growing strength; `columns` set one column of all."""
    return Table(
        "pair",
        pack,
        [
            Row(
                ident=i,
                fg_url=f"/presets/{pack}/fg/{i}.milk",
                bg_url=f"/presets/{pack}/bg/{i}.milk",
                warp=1000 * (i + 1),
                cx=1500 * (i + 1),
                quality=to_micro(0.73 + 0.08 * (i * 7 % n) / n),
                **{name: to_micro(value) for name, value in columns.items()},
            )
            for i in range(n)
        ],
    )


def make_presets(n: int, pack: str = "demo") -> Table:
    return Table(
        "preset",
        pack,
        [
            Row(
                ident=f"p{i}",
                fg_url=f"/presets/{pack}/{i}.json",
                luma=to_micro(0.2 + 0.5 * i / n) if i % 3 else MISSING,
                motion=to_micro(0.1 * i / n) if i % 3 else MISSING,
                dark=int(i % 5 == 1),
            )
            for i in range(n)
        ],
    )


def make_catalog(pairs: int = 31, presets: int = 12) -> Catalog:
    return Catalog(
        [
            Pack("demo", make_table(pairs), make_presets(presets)),
            Pack("other", make_table(5, "other"), make_presets(0, "other")),
        ]
    )


def situation(**changes: object) -> Situation:
    """What a choice in a groove depends on, with `changes`."""
    base = {
        "mode": "weighted",
        "section": "groove",
        "intensity": 500_000,
        "shown": None,
        "shown_strength": None,
        "recent": [],
        "quarantined": [],
        "banned": [],
    }
    return Situation(**{**base, **changes})


def make_selector(settings: SelectorSettings | None = None, seed: int = 7, **more: object) -> Selector:
    catalog = more.pop("catalog", None) or make_catalog()
    return Selector(settings or SelectorSettings(), catalog, seed=seed, rate=RATE, config_sha=CONFIG, **more)
