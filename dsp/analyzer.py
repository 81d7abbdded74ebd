"""The one entry: samples in, snapshot and events out.

Everything is a pure function of the settings, the rate and the samples (and of taps and states given in
between): no clock, no file, no randomness. Feeding blocks of any size gives the same results.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from dsp.beats import BeatTracker, Evidence
from dsp.clock import ClockReading
from dsp.detected_beats import DetectedBeats, Detector
from dsp.errors import InputError
from dsp.events import DspEvent, HopResult, Onset, SectionChange, StateChange
from dsp.expressive import Expressive
from dsp.frames import FRAME_RATE
from dsp.frontend import FrontEnd
from dsp.kernels.approx import exp2, round_micro
from dsp.kernels.level import DB
from dsp.level import Level
from dsp.network import HEADS, Network
from dsp.sections import NetworkSections, SectionFeatures, Sections
from dsp.settings import DspSettings
from dsp.snapshot import AudioState, ExpressiveAudioSnapshot, Section, micro
from dsp.timekeeper import Timekeeper
from dsp.trust import Trust
from dsp.weights import BEATNET

LOWEST_RATE, HIGHEST_RATE = 8000, 192000
BEAT, DOWNBEAT, MUSIC = (HEADS.index(name) for name in ("beat", "downbeat", "music"))
SECTION_HOPS = 8
"""Sections move slowly: they are judged every 43 ms."""


in_order: Callable[..., ExpressiveAudioSnapshot] = ExpressiveAudioSnapshot
"""A snapshot from the values of its fields."""


def quantise(block: NDArray[np.float32]) -> NDArray[np.int32]:
    """Floats to 24-bit integers: what is recorded is exactly what is analysed.

    Args:
        block: float32[n, 2] in -1..1.

    Returns:
        int32[n, 2], halves rounded up, clipped to 24 bits, NaN to 0.
    """
    scaled = np.floor(block.astype(np.float64) * 8388608.0 + 0.5)
    scaled = np.where(np.isnan(scaled), 0.0, scaled)
    return np.minimum(np.maximum(scaled, -8388608.0), 8388607.0).astype(np.int32)


class Analyzer:
    """Streaming analyser of one stereo signal.

    Args:
        settings: how it is heard.
        rate: samples a second.
        detector: of the beats, where the engine that is chosen is not our own.

    Raises:
        InputError: the rate cannot be analysed, or engine and detector do not go together.

    Attributes:
        rate: samples a second.
        hop: samples in one step.
        position: samples consumed so far, a multiple of `hop`.
        spectrum: uint8[64], 0 to 255 for -80 to 0 dB, log-spaced from 30 Hz to 16 kHz, of the newest hop.
    """

    def __init__(self, settings: DspSettings, rate: int, detector: Detector | None = None) -> None:
        if (settings.beat_engine != "internal") != (detector is not None):
            raise InputError(
                f"{settings.beat_engine} is chosen, and {'a' if detector else 'no'} detector was given",
                where="dsp.beat_engine",
                fix="give the detector of the engine that is chosen",
            )
        if not LOWEST_RATE <= rate <= HIGHEST_RATE:
            raise InputError(
                f"{rate} Hz cannot be analysed", where="rate", fix=f"use {LOWEST_RATE} to {HIGHEST_RATE} Hz"
            )
        self.rate = rate
        self._front = FrontEnd(settings, rate)
        self.hop = hop = self._front.hop
        self.position = 0
        self.spectrum = self._front.spectrum
        self._level = Level(settings, hop, rate)
        self._valid = Trust(rate // 5, 0)
        self._network = Network(BEATNET)
        self._detected = DetectedBeats(detector, settings, hop, rate) if detector else None
        tracker = self._detected or BeatTracker(settings, hop, rate, int(BEATNET.delays[BEAT]) / FRAME_RATE)
        self._beats = Timekeeper(tracker, settings, hop, rate)
        self._expressive = Expressive(hop, rate)
        self._sections = Sections(settings, hop * SECTION_HOPS, rate)
        self._powers = [0.0, 0.0]
        self._device: Literal["live", "stalled", "noInput"] = "live"
        self._audio: AudioState = "silent"
        self._onsets = 0
        self._flags: tuple[AudioState, bool, bool, bool] = (self._audio, False, False, False)
        self._section: Section = "silence"
        self._rest = np.zeros((0, 2), dtype=np.int32)

    def feed(self, block: NDArray[np.int32]) -> list[HopResult]:
        """Take a block of any length in, int32[n, 2]; what does not fill a hop waits for the next block."""
        if block.ndim != 2 or block.shape[1] != 2:
            raise InputError(
                f"shape {block.shape} is not (samples, 2)", where="block", fix="give interleaved stereo"
            )
        waiting = np.concatenate((self._rest, block)) if len(self._rest) else block
        hop = self.hop
        whole = len(waiting) // hop * hop
        results = [self.step(waiting[at : at + hop]) for at in range(0, whole, hop)]
        self._rest = waiting[whole:].copy()
        return results

    def device_state(self, state: Literal["live", "stalled", "noInput"]) -> None:
        """Say how the input device is; effective from the next hop."""
        self._device = state

    def tap(self) -> None:
        """Take a tap at the current position; from the third on they set the grid."""
        self._beats.tap(self.position)

    def tap_downbeat(self) -> None:
        """The beat nearest to the current position is the first of a bar."""
        self._beats.tap_downbeat(self.position)

    def clock(self, reading: ClockReading) -> None:
        """A clock that somebody else keeps says where it is."""
        self._beats.clock(self.position, reading)

    def nudge(self, ms: float) -> None:
        """Move the beat grid by so many milliseconds, later when positive."""
        self._beats.nudge(round(ms * self.rate / 1000.0))

    def half(self) -> None:
        """Half time: twice as long between beats."""
        self._beats.scale(2.0, self.position)

    def double(self) -> None:
        """Double time."""
        self._beats.scale(0.5, self.position)

    def set_sensitivity(self, db: float) -> None:
        """Set the manual gain, dB."""
        self._level.sensitivity_db = db

    def step(self, samples: NDArray[np.int32]) -> HopResult:
        """Analyse exactly one hop.

        Args:
            samples: int32[hop, 2], 24-bit integers (-2^23 to 2^23 - 1).
        """
        if samples.shape != (self.hop, 2):
            raise InputError(
                f"shape {samples.shape} is not ({self.hop}, 2)",
                where="samples",
                fix="use feed for other blocks",
            )
        now = self.position = self.position + self.hop
        front, level = self._front, self._level
        front.listen(np.ascontiguousarray(samples, dtype=np.int32))
        gate = exp2(level.squelch_db / DB)
        square, peak, weighted, lows, highs = front.levels.tolist()
        level.step(square, peak, weighted)
        end = front.look(now, level.gain_db)
        events = self._onset_events(now, gate)
        live = self._device == "live"
        self._audio = ("live" if level.audible else "silent") if live else self._device
        audible = self._audio == "live"
        valid = self._valid.step(now, audible, not audible)
        out = front.out.tolist()
        beats = self._beats
        if self._detected is not None:
            self._detected.hear(samples)
        events += beats.step(now, audible, end, self._evidence() if end >= 0 and not self._detected else None)
        phase = beats.phase01(now)
        expressive = self._expressive
        expressive.step(now, valid, beats.trusted, level.energy_raw01, out, phase)
        self._powers[0] += lows / SECTION_HOPS
        self._powers[1] += highs / SECTION_HOPS
        if now // self.hop % SECTION_HOPS == 0:
            self._judge_section(valid)
        events += self._changes(now, valid, self._sections.section)
        return HopResult(snapshot=self._snapshot(now, valid, phase, out), events=tuple(events))

    def _evidence(self) -> Evidence:
        network = self._network
        network.step(self._front.features)
        said = network.activations
        return Evidence(float(said[BEAT]), float(said[DOWNBEAT]), float(said[MUSIC]), network.tempo)

    def _judge_section(self, valid: bool) -> None:
        rate = self._expressive.onset_rate2s
        said = None if self._detected else NetworkSections(*self._network.activations[MUSIC:].tolist())
        low, high = self._powers
        self._sections.step(SectionFeatures(valid, self._level.energy_raw01, rate, low, high, said))
        self._powers = [0.0, 0.0]

    def _onset_events(self, now: int, gate: float) -> list[DspEvent]:
        events: list[DspEvent] = []
        for hit in self._front.onsets(now, gate):
            self._onsets += 1
            events.append(
                Onset(
                    sample=hit.sample,
                    emitted=now,
                    kind=hit.kind,
                    strength01=micro(hit.strength),
                    count=self._onsets,
                )
            )
        return events

    def _changes(self, now: int, valid: bool, section: Section) -> list[DspEvent]:
        events: list[DspEvent] = []
        if section != self._section:
            events.append(SectionChange(sample=now, emitted=now, section=section, previous=self._section))
            self._section = section
        flags = (self._audio, valid, self._beats.trusted, self._beats.bar_trusted)
        if flags != self._flags:
            self._flags = flags
            events.append(
                StateChange(
                    sample=now,
                    emitted=now,
                    audio_state=flags[0],
                    audio_valid=flags[1],
                    beat_trusted=flags[2],
                    bar_trusted=flags[3],
                )
            )
        return events

    def _snapshot(self, now: int, valid: bool, phase: float, out: list[float]) -> ExpressiveAudioSnapshot:
        level, beats, felt = self._level, self._beats, self._expressive
        reals = (
            now / self.rate,
            felt.energy01,
            felt.energy_slow01,
            felt.bass01,
            felt.flux01,
            felt.beat_pulse01,
            felt.accent01,
            felt.onset_rate2s,
            felt.gate_boost,
            level.rms01,
            level.loudness_db,
            level.peak_db,
            level.noise_floor_db,
            level.gain_db,
            felt.kick01,
            felt.clap01,
            felt.hihat01,
            out[6],
            out[7],
            out[8],
            beats.tempo_bpm,
            phase,
            (beats.bar_beat + phase) / beats.beats_per_bar if beats.count else 0.0,
            beats.confidence01,
            beats.stability01,
            self._sections.intensity01,
            self._sections.buildup01,
        )
        # All at once: one call of `micro` for each would take a sixth of the whole hop.
        rounded = np.array(reals)
        round_micro(rounded)
        seconds, *measures, tempo, phase, bar_phase, sure, steady, intensity, buildup = rounded.tolist()
        # By position, in the order of the snapshot's fields, since names would take as long again.
        return in_order(
            now,
            seconds,
            self._audio,
            valid,
            beats.trusted,
            beats.bar_trusted,
            *measures,
            tempo,
            phase,
            beats.count,
            bar_phase,
            beats.bar_beat,
            beats.bar_count,
            sure,
            steady,
            beats.source,
            self._section,
            intensity,
            buildup,
            self._onsets,
        )
