"""What the analyser announces besides the snapshot.

`sample` is the audio time the event claims; `emitted` is the number of samples consumed when it was
announced. A beat is announced ahead (`emitted < sample`), an onset right after it was heard.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from dsp.snapshot import AudioState, BeatSource, ExpressiveAudioSnapshot, Section

OnsetKind = Literal["kick", "clap", "hihat", "other"]


class Onset(msgspec.Struct, frozen=True, rename="camel", tag="onset"):
    """A note or hit began. `strength01` is relative to the recent past; `count` never repeats."""

    sample: int
    emitted: int
    kind: OnsetKind
    strength01: float
    count: int


class Beat(msgspec.Struct, frozen=True, rename="camel", tag="beat"):
    """A beat of the predicted grid, announced ahead of `sample`; each `count` is announced once."""

    sample: int
    emitted: int
    count: int
    bar_beat: int  # 0 is the downbeat
    bar_count: int
    tempo_bpm: float
    trusted: bool
    downbeat: bool
    source: BeatSource


class Tempo(msgspec.Struct, frozen=True, rename="camel", tag="tempo"):
    """The tempo estimate moved."""

    sample: int
    emitted: int
    bpm: float
    confidence01: float


class SectionChange(msgspec.Struct, frozen=True, rename="camel", tag="section"):
    """The music went from one section to another."""

    sample: int
    emitted: int
    section: Section
    previous: Section


class StateChange(msgspec.Struct, frozen=True, rename="camel", tag="state"):
    """One of the trust flags or the audio state changed."""

    sample: int
    emitted: int
    audio_state: AudioState
    audio_valid: bool
    beat_trusted: bool
    bar_trusted: bool


DspEvent = Onset | Beat | Tempo | SectionChange | StateChange


class HopResult(msgspec.Struct, frozen=True):
    """All that one hop brought."""

    snapshot: ExpressiveAudioSnapshot
    events: tuple[DspEvent, ...]
