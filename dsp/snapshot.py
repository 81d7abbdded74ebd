"""What the room sounds like at one moment.

Conventions: one snapshot per hop; `*01` fields lie in [0, 1]; reals are rounded to micro-units
(`micro`) before they are stored, so that what is logged, sent and decided upon is the same number
on every machine. Names and meanings follow the newliveweb app's `ExpressiveAudioSnapshot`
(camelCase on the wire).
"""

from __future__ import annotations

from typing import Literal

import msgspec

AudioState = Literal["noInput", "stalled", "silent", "live"]
BeatSource = Literal["audio", "link", "midi", "os2l", "tap", "coast", "internal"]
Section = Literal["silence", "calm", "groove", "build", "drop", "peak", "breakdown"]

MICRO = 1_000_000


def micro(value: float) -> float:
    """Round to the nearest millionth (halves up): the only real numbers that leave the analyser."""
    return ((value * MICRO + 0.5) // 1.0) / MICRO


class ExpressiveAudioSnapshot(msgspec.Struct, frozen=True, rename="camel"):
    """One hop's worth of hearing.

    `t_samples` is the sample index just after the hop. Counters only grow, so that a listener at a
    lower rate can tell how many pulses it missed.
    """

    t_samples: int
    time_sec: float
    audio_state: AudioState
    audio_valid: bool
    beat_trusted: bool
    bar_trusted: bool
    energy01: float
    energy_slow01: float
    bass01: float
    flux01: float
    beat_pulse01: float
    accent01: float
    onset_rate2s: float = msgspec.field(name="onsetRate2s")  # onsets a second over the last 2 s, 0 to 5
    gate_boost: float  # 1 to 1.6
    rms01: float
    loudness_db: float  # momentary (0.4 s), dB below full scale
    peak_db: float
    noise_floor_db: float
    gain_db: float  # automatic plus manual gain in force
    kick01: float
    clap01: float
    hihat01: float
    mid01: float
    high01: float
    centroid01: float  # log-frequency position of the spectral centroid
    tempo_bpm: float  # 0 when unknown
    beat_phase01: float
    beat_count: int
    bar_phase01: float
    bar_beat: int  # 0 is the downbeat
    bar_count: int
    beat_confidence01: float
    tempo_stability01: float
    beat_source: BeatSource
    section: Section
    section_intensity01: float
    buildup01: float
    onset_count: int
