"""Beats that something else detects: announced ahead, and obedient to the hand."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from dsp.detected_beats import DetectedBeats, Detection
from dsp.events import Beat, Tempo
from dsp.settings import DspSettings
from dsp.taps import Tapped

RATE, HOP = 48000, 256
LEAD = 60 * RATE // 1000
SILENT_HOP = np.zeros((HOP, 2), dtype=np.int32)


class Scripted:
    """A detector that finds the beats it was given, each within the hop in which it falls."""

    def __init__(self, beats, bpm=120.0, confidence=1.0):
        self.beats, self.bpm, self.confidence = [round(b) for b in beats], bpm, confidence
        self.now = 0
        self.heard = []

    def hear(self, mono):
        self.now += len(mono)
        self.heard.append(mono.copy())
        if self.beats and self.beats[0] < self.now:
            return Detection(self.beats.pop(0), self.bpm, self.confidence)
        return None


def tracker(detector) -> DetectedBeats:
    return DetectedBeats(detector, DspSettings(), HOP, RATE)


def play(beats: DetectedBeats, seconds: float, *, start: float = 0.0, audible: bool = True, hands=()):
    """Events of so many seconds; `hands` are (second, action) done in between."""
    events, hands = [], list(hands)
    for now in range(round(start * RATE / HOP) * HOP + HOP, round((start + seconds) * RATE), HOP):
        while hands and hands[0][0] * RATE <= now:
            hands.pop(0)[1](now)
        beats.hear(SILENT_HOP)
        events += beats.step(now, audible)
    return events


def seconds_of(events) -> np.ndarray:
    return np.array([e.sample for e in events if isinstance(e, Beat)]) / RATE


def steady(seconds=30.0, period=0.5, start=1.0):
    return RATE * np.arange(start, seconds, period)


def test_steady_beats_are_foretold_where_they_fall():
    beats = tracker(Scripted(steady()))
    events = play(beats, 20)
    told = [e for e in events if isinstance(e, Beat)]
    assert all(LEAD <= e.sample - e.emitted <= LEAD + 2 * HOP for e in told[1:])
    assert np.abs(seconds_of(events) * 2 % 1.0 - 0.5).min() > 0.49  # on whole halves of a second
    assert np.diff(seconds_of(events)) == pytest.approx(0.5, abs=1e-3)
    assert [e.count for e in told] == list(range(1, len(told) + 1))
    assert [e.bpm for e in events if isinstance(e, Tempo)] == pytest.approx([120.0], abs=0.2)
    assert beats.trusted
    assert not beats.bar_trusted
    assert beats.tempo_bpm == pytest.approx(120, abs=0.2)


def test_bars_are_counted_in_fours_until_a_downbeat_is_tapped():
    beats = tracker(Scripted(steady()))
    events = play(beats, 20, hands=[(10.01, beats.tap_downbeat)])
    told = [e for e in events if isinstance(e, Beat)]
    assert all((b.bar_beat - a.bar_beat) % 4 == 1 for a, b in pairwise(told[:7]))
    late = [e for e in told if e.sample > 10.4 * RATE]
    assert {round(e.sample / RATE) % 2 for e in late if e.downbeat} == {0}  # 10, 12, 14: four beats are 2 s
    assert all(e.downbeat == (e.bar_beat == 0) for e in told)
    bars = [e.bar_count for e in told if e.downbeat]
    assert bars == list(range(bars[0], bars[0] + len(bars)))
    assert beats.bar_trusted


def test_the_detector_hears_the_mean_of_both_channels():
    detector = Scripted([])
    left = np.zeros((HOP, 2), dtype=np.int32)
    left[:, 0] = (1 << 23) - 1
    tracker(detector).hear(left)
    assert detector.heard[0].dtype == np.float32
    assert detector.heard[0] == pytest.approx(0.5, abs=1e-6)


def test_another_phase_is_taken_after_two_beats_and_no_beat_comes_twice():
    cut = np.concatenate((steady(10.0), steady(20.0, start=10.2)))
    events = play(tracker(Scripted(cut)), 19)
    times = seconds_of(events)
    assert np.abs((times[times > 11.5] - 0.2) * 2 - np.round((times[times > 11.5] - 0.2) * 2)).max() < 0.02
    assert np.diff(times).min() > 0.25


def test_without_detected_beats_it_stops_and_silence_stops_it_at_once():
    beats = tracker(Scripted(steady(10.0)))
    assert seconds_of(play(beats, 20))[-1] < 12.1
    assert (beats.tempo_bpm, beats.trusted, beats.phase01(20 * RATE)) == (0.0, False, 0.0)
    beats = tracker(Scripted(steady()))
    play(beats, 8)
    assert play(beats, 2, start=8, audible=False) == []
    assert not beats.trusted


def test_an_unsure_detector_is_not_trusted():
    beats = tracker(Scripted(steady(), confidence=0.1))
    assert len(seconds_of(play(beats, 20))) > 30
    assert not beats.trusted


@pytest.mark.parametrize(("factor", "period"), [(2.0, 1.0), (0.5, 0.25)])
def test_half_and_double_time(factor, period):
    beats = tracker(Scripted(steady()))
    events = play(beats, 20, hands=[(8.0, lambda now: beats.scale(factor, now))])
    times = seconds_of(events)
    assert np.diff(times[times > 10]) == pytest.approx(period, abs=2e-3)


def test_taps_set_the_grid_where_nothing_is_detected():
    beats = tracker(Scripted([]))
    events = play(beats, 6, hands=[(2.2, lambda now: beats.tap(now, Tapped(0.6 * RATE, now)))])
    times = seconds_of(events)
    assert np.diff(times) == pytest.approx(0.6, abs=0.01)
    assert {e.source for e in events if isinstance(e, Beat)} == {"tap"}


def test_a_nudge_moves_what_is_still_to_come():
    quiet = Scripted(steady(8.0))
    beats = tracker(quiet)
    before = seconds_of(play(beats, 8))[-1]
    beats.nudge(RATE // 50)
    after = seconds_of(play(beats, 1.2, start=8))
    assert after[0] - before == pytest.approx(0.52, abs=0.003)
