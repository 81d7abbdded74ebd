"""Loudness by the book; a gain that is slow, bounded, frozen when it must be."""

from __future__ import annotations

import numpy as np
import pytest

from dsp.level import Level
from dsp.settings import DspSettings
from tests.dsp.signals import analyse, beat_track, beats_of, noise, to_int

RATE = 48000
HOP = 256


def sine(hz: float, db: float, seconds: float, rate: int = RATE) -> np.ndarray:
    return to_int(10 ** (db / 20) * np.sin(2 * np.pi * hz * np.arange(int(seconds * rate)) / rate))


@pytest.mark.parametrize("rate", [44100, 48000, 96000])
def test_loudness_of_the_calibration_tone(rate):
    """EBU Tech 3341: a stereo 1 kHz sine at -23 dBFS reads -23 LUFS."""
    assert analyse(sine(1000, -23, 1.0, rate), rate)[-1].snapshot.loudness_db == pytest.approx(-23.0, abs=0.1)


def test_peak_and_spectrum_read_full_scale_as_zero():
    snapshot = analyse(sine(1000, -6.02, 0.5), RATE)[-1].snapshot
    assert snapshot.peak_db == pytest.approx(-6.02, abs=0.05)
    from dsp.analyzer import Analyzer

    analyzer = Analyzer(DspSettings(), RATE)
    analyzer.feed(sine(1000, -20, 0.5))
    top = int(analyzer.spectrum.argmax())
    assert 255 * 58 / 80 < analyzer.spectrum[top] <= 255 * 60.5 / 80
    assert 30 * (16000 / 30) ** (top / 64) <= 1030
    assert 30 * (16000 / 30) ** ((top + 1) / 64) >= 970


def test_gain_slope_is_limited_both_ways():
    settings = DspSettings()
    quiet, loud = noise(6, RATE, -40), noise(6, RATE, -8)
    gains = [r.snapshot.gain_db for r in analyse(np.concatenate((quiet, loud, quiet)), RATE)]
    steps = np.diff(gains) * RATE / HOP
    assert steps.max() <= settings.agc_rise_db_s + 1e-3
    assert steps.min() >= -settings.agc_fall_db_s - 1e-3
    assert steps.max() > 0.9 * settings.agc_rise_db_s
    assert gains[6 * RATE // HOP - 1] > 15
    assert min(gains[6 * RATE // HOP :]) < 0


def test_gain_is_capped():
    settings = DspSettings(agc_max_db=12.0, agc_min_db=-3.0)
    assert max(r.snapshot.gain_db for r in analyse(noise(6, RATE, -45), RATE, settings)) <= 12.0
    assert min(r.snapshot.gain_db for r in analyse(noise(6, RATE, -4), RATE, settings)) >= -3.0


def test_gain_is_frozen_close_to_the_noise_floor():
    level = Level(DspSettings(), HOP, RATE)
    for _ in range(2000):
        level.step(1e-3, 0.1, 2e-3)
    for _ in range(10):
        level.step(1e-5, 0.01, 2e-5)
    for _ in range(400):  # the floor follows down
        level.step(1e-5, 0.01, 2e-5)
    frozen = level.gain_db
    for _ in range(1000):
        level.step(1e-5, 0.01, 2e-5)
    assert level.gain_db == frozen
    assert level.audible


def test_sensitivity_adds_gain_and_moves_the_squelch():
    plain = analyse(noise(2, RATE, -60), RATE)[-1].snapshot
    eager = analyse(noise(2, RATE, -60), RATE, DspSettings(sensitivity_db=12.0))[-1].snapshot
    assert plain.audio_state == "silent"
    assert eager.audio_state == "live"
    from dsp.analyzer import Analyzer

    analyzer = Analyzer(DspSettings(), RATE)
    before = analyzer.feed(noise(1, RATE, -20))[-1].snapshot
    analyzer.set_sensitivity(6.0)
    after = analyzer.feed(noise(0.05, RATE, -20))[-1].snapshot
    assert after.gain_db - before.gain_db == pytest.approx(6.0, abs=0.5)


def test_the_same_music_30_db_quieter():
    x, _truth = beat_track(126, RATE, 16)
    loud, quiet = analyse(to_int(x * 0.8), RATE), analyse(to_int(x * 0.8 * 10**-1.5), RATE)
    a, b = ([beat.sample for beat in beats_of(r) if beat.sample > 4 * RATE] for r in (loud, quiet))
    assert len(a) == len(b) > 20
    assert max(abs(p - q) for p, q in zip(a, b, strict=True)) < 0.005 * RATE
    energies = [
        np.array([r.snapshot.energy01 for r in results[12 * RATE // HOP :]]) for results in (loud, quiet)
    ]
    assert abs(energies[0].mean() - energies[1].mean()) < 0.03
    kicks = [np.array([r.snapshot.kick01 for r in results[12 * RATE // HOP :]]) for results in (loud, quiet)]
    assert abs(kicks[0].mean() - kicks[1].mean()) < 0.05
