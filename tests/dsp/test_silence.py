"""Silence yields silence: no beats, no onsets, no validity, and a gain that stays where it was."""

from __future__ import annotations

import numpy as np
import pytest

from dsp.analyzer import Analyzer
from dsp.settings import DspSettings
from tests.dsp.signals import analyse, beat_track, beats_of, noise, onsets_of, silence, to_int

RATE = 48000


@pytest.mark.parametrize(
    "samples", [silence(5, RATE), noise(5, RATE, -60.0)], ids=["zeros", "-60 dBFS noise"]
)
def test_from_the_start(samples):
    results = analyse(samples, RATE)
    assert all(not result.events for result in results)
    last = results[-1].snapshot
    assert last.audio_state == "silent"
    assert last.section == "silence"
    assert not last.audio_valid
    assert (last.energy01, last.accent01, last.flux01, last.bass01) == (0.35, 0.0, 0.0, 0.0)
    assert (last.tempo_bpm, last.beat_phase01, last.beat_count, last.onset_count) == (0.0, 0.0, 0, 0)
    assert last.gain_db == 0.0


@pytest.fixture(scope="module", params=["zeros", "noise"])
def after_music(request):
    x, _ = beat_track(124, RATE, 10)
    rest = silence(4, RATE) if request.param == "zeros" else noise(4, RATE, -60.0)
    return analyse(np.concatenate((to_int(x), rest)), RATE)


def test_after_music(after_music):
    at = 10 * RATE // 256
    before, second = after_music[at - 1].snapshot, after_music[at + RATE // 256].snapshot
    assert before.audio_valid
    assert before.beat_trusted
    assert not second.audio_valid
    assert not second.beat_trusted
    assert second.audio_state == "silent"
    assert second.section == "silence"
    late = [result for result in after_music if result.snapshot.t_samples > 11 * RATE]
    assert not beats_of(late)
    assert not onsets_of(late)


def test_gain_is_frozen_in_silence(after_music):
    quiet = [r.snapshot.gain_db for r in after_music if r.snapshot.t_samples > 10.2 * RATE]
    assert len(set(quiet)) == 1


def test_device_states():
    x, _ = beat_track(124, RATE, 3)
    analyzer = Analyzer(DspSettings(), RATE)
    assert analyzer.feed(to_int(x))[-1].snapshot.audio_state == "live"
    for state in ("stalled", "noInput"):
        analyzer.device_state(state)
        results = analyzer.feed(silence(0.1, RATE))
        assert {result.snapshot.audio_state for result in results} == {state}
        assert not results[0].snapshot.audio_valid
    analyzer.device_state("live")
    assert analyzer.feed(to_int(x))[-1].snapshot.audio_state == "live"


def test_nothing_decays_into_subnormal_numbers():
    analyzer = Analyzer(DspSettings(), RATE)
    analyzer.feed(to_int(beat_track(124, RATE, 2)[0]))
    analyzer.feed(silence(30, RATE))
    front = analyzer._front
    for array in (front._memory, front.levels, front.out, analyzer._beats._tracker._space._mass):
        tiny = np.abs(array[array != 0.0])
        assert tiny.size == 0 or tiny.min() > 1e-300
