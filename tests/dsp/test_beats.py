"""Beats: right, ahead of time, once each, and trusted only when they can be."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from dsp.analyzer import Analyzer
from dsp.events import HopResult
from dsp.settings import DspSettings
from tests.dsp.signals import analyse, beat_track, beats_of, kick, noise, place, to_int


def metronome(bpm: float, rate: int, seconds: float) -> tuple[np.ndarray, np.ndarray]:
    x = np.zeros(int(seconds * rate))
    truth = np.arange(0.3 * rate, len(x) - 0.2 * rate, 60.0 * rate / bpm)
    for at in truth:
        place(x, kick(rate), at)
    return x, truth


def errors(results: list[HopResult], truth: np.ndarray, start: float) -> np.ndarray:
    """Samples between each beat after `start` and the nearest true one."""
    samples = np.array([beat.sample for beat in beats_of(results) if start < beat.sample < truth[-1]])
    return np.array([np.abs(truth - sample).min() for sample in samples])


@pytest.mark.parametrize("rate", [44100, 48000])
@pytest.mark.parametrize("bpm", [97, 120, 140, 163, 175])
def test_a_plain_groove(bpm, rate):
    x, truth = beat_track(bpm, rate, 12)
    results = analyse(to_int(x), rate)
    off = errors(results, truth, 6 * rate)
    assert off.max() < 0.025 * rate
    assert abs(len(off) - np.sum(truth > 6 * rate)) <= 1
    last = results[int(truth[-1]) // results[0].snapshot.t_samples].snapshot
    assert last.tempo_bpm == pytest.approx(bpm, rel=0.02)
    assert last.beat_trusted or bpm > 150  # so fast, a bare kick and snare might as well be half as fast


def test_every_rate_hears_the_same_beats():
    times = {}
    for rate in (44100, 48000, 88200, 96000):
        x, _ = beat_track(127, rate, 14)
        times[rate] = np.array([beat.sample / rate for beat in beats_of(analyse(to_int(x), rate))])
    for rate in (44100, 88200, 96000):
        assert len(times[rate]) == len(times[48000])
        assert np.abs(times[rate] - times[48000]).max() < 0.003


@pytest.fixture(scope="module")
def groove() -> tuple[list[HopResult], np.ndarray]:
    x, truth = beat_track(128, 48000, 14)
    return analyse(to_int(x), 48000), truth


def test_a_beat_is_announced_ahead_once_and_never_out_of_order(groove):
    results, _ = groove
    beats = beats_of(results)
    assert [beat.count for beat in beats] == list(range(1, len(beats) + 1))
    assert all(later.sample > beat.sample for beat, later in pairwise(beats))
    assert all(beat.sample - beat.emitted >= 0.05 * 48000 for beat in beats[1:])
    assert all(beat.sample - beat.emitted <= 0.07 * 48000 for beat in beats)


def test_bars_count_four_and_the_flag_needs_evidence(groove):
    beats = beats_of(groove[0])
    assert {beat.bar_beat for beat in beats} == {0, 1, 2, 3}
    assert all(beat.downbeat == (beat.bar_beat == 0) for beat in beats)
    assert all(0 <= later.bar_count - beat.bar_count <= 1 for beat, later in pairwise(beats))
    plain = analyse(to_int(metronome(120, 48000, 20)[0]), 48000)
    assert plain[-100].snapshot.beat_trusted
    assert not any(result.snapshot.bar_trusted for result in plain)  # every beat is like every other


def test_snapshot_follows_the_announced_beats(groove):
    results, _ = groove
    beats = beats_of(results)
    for result in results:
        snapshot = result.snapshot
        fallen = [beat for beat in beats if beat.sample <= snapshot.t_samples]
        assert snapshot.beat_count == len(fallen)
        assert 0.0 <= snapshot.beat_phase01 < 1.0
        if snapshot.beat_trusted and fallen and snapshot.t_samples - fallen[-1].sample < 256:
            assert snapshot.beat_phase01 < 0.05 or snapshot.beat_phase01 > 0.95
            assert snapshot.beat_pulse01 > 0.7


def test_trust_is_earned_and_lost(groove):
    results, _ = groove
    assert not any(result.snapshot.beat_trusted for result in results[:280])
    assert results[-1].snapshot.beat_trusted
    hiss = analyse(noise(20, 48000, -18), 48000)
    assert not any(result.snapshot.beat_trusted for result in hiss)
    assert len(beats_of(hiss)) <= 4


def test_runs_on_through_a_breakdown_for_a_bounded_time():
    rate = 48000
    x, truth = beat_track(126, rate, 14)
    period = 60 * rate / 126
    pad = 0.05 * np.sin(2 * np.pi * 330 * np.arange(12 * rate) / rate)
    settings = DspSettings(freerun_s=4.0)
    results = analyse(to_int(np.concatenate((x, pad))), rate, settings)
    within = [b for b in beats_of(results) if 14 * rate < b.sample < 18 * rate]
    assert len(within) >= 7
    phases = np.array([((b.sample - truth[0]) / period + 0.5) % 1 - 0.5 for b in within])
    assert np.abs(phases).max() < 0.1
    late = [b for b in beats_of(results) if 18 * rate < b.sample < 20 * rate]
    assert len(late) >= 2
    assert not any(beat.trusted for beat in late)
    assert not [b for b in beats_of(results) if b.sample > 25 * rate]


def test_antiphase_stereo_is_heard():
    x, truth = beat_track(125, 44100, 12)
    off = errors(analyse(to_int(np.stack((x, -x), axis=1)), 44100), truth, 5 * 44100)
    assert len(off) > 12
    assert off.max() < 0.03 * 44100


def test_taps_set_the_grid():
    rate = 48000
    analyzer = Analyzer(DspSettings(), rate)
    analyzer.feed(noise(1.0, rate, -20))
    results = []
    for _ in range(5):
        analyzer.tap()
        results += analyzer.feed(noise(0.6, rate, -20))
    beats = [beat for beat in beats_of(results) if beat.source == "tap"]
    assert len(beats) >= 2
    assert results[-1].snapshot.tempo_bpm == pytest.approx(100, rel=0.02)
    assert results[-1].snapshot.beat_source == "tap"


@pytest.mark.parametrize(("act", "expected"), [("half", 60.0), ("double", 240.0)])
def test_half_and_double_time(act, expected):
    rate = 48000
    x, truth = metronome(120, rate, 16)
    analyzer = Analyzer(DspSettings(), rate)
    analyzer.feed(to_int(x[: 8 * rate]))
    getattr(analyzer, act)()
    results = analyzer.feed(to_int(x[8 * rate :]))
    assert results[-1].snapshot.tempo_bpm == pytest.approx(expected, rel=0.02)
    unit = 60 * rate / max(120, expected)
    late = [beat for beat in beats_of(results) if beat.sample > 10 * rate]
    assert max(abs((b.sample - truth[0] + unit / 2) % unit - unit / 2) for b in late) < 0.03 * rate
