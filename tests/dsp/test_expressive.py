"""Sub-bands, centroid and ranges of the snapshot. Its formulas are in `test_expressive_golden`."""

from __future__ import annotations

import numpy as np
import pytest

from dsp.expressive import Expressive
from dsp.frontend import FrontEnd
from dsp.settings import DspSettings
from tests.dsp.signals import analyse, beat_track, noise, to_int

HOP, RATE = 256, 48000


def test_sub_bands_against_numpy():
    """The front end's spectrum readings for noise, with window, bins and curve done by hand."""
    samples = noise(0.2, RATE, -20)
    front = FrontEnd(DspSettings(), RATE)
    ended = -1
    for at in range(0, len(samples) - HOP + 1, HOP):
        front.listen(samples[at : at + HOP])
        ended = max(ended, front.look(at + HOP, 7.0))
    n = 2048
    x = samples[ended - n : ended] / 8388608.0
    rise = np.sin(np.pi / 2 * (np.arange(3 * n // 4) + 0.5) / (3 * n // 4)) ** 2
    fall = np.cos(np.pi / 2 * (np.arange(n // 4) + 0.5) / (n // 4)) ** 2
    window = np.concatenate((rise, fall))
    power = (np.abs(np.fft.rfft(x * window[:, None], axis=0)) ** 2).sum(1) * 2 / window.sum() ** 2
    shown = np.clip((10 * np.log10(power) + 7.0 + 81.4) / 75, 0, 1)
    hz = np.arange(len(power)) * RATE / n
    ranges = (
        (40, 110),
        (60, 250),
        (250, 2000),
        (1200, 4000),
        (6000, 12000),
        (20, 250),
        (250, 4000),
        (4000, 16000),
    )
    for k, (low, high) in enumerate(ranges):
        mean = shown[(hz >= low) & (hz < high)].mean()
        assert front.out[k] == pytest.approx(mean**0.85 if k < 5 else mean, abs=2e-4)


@pytest.mark.parametrize("hz", [100, 1000, 8000])
def test_centroid_of_a_tone_is_its_place_on_the_log_axis(hz):
    tone = to_int(0.3 * np.sin(2 * np.pi * hz * np.arange(RATE // 2) / RATE))
    centroid = analyse(tone, RATE)[-1].snapshot.centroid01
    assert centroid == pytest.approx(np.log(hz / 30) / np.log(16000 / 30), abs=0.03)


def test_ranges_hold_and_reals_are_micro_units():
    x, _ = beat_track(128, RATE, 6)
    for result in analyse(to_int(1.5 * x), RATE):
        snapshot = result.snapshot
        for name in snapshot.__struct_fields__:
            value = getattr(snapshot, name)
            if name.endswith("01"):
                assert 0.0 <= value <= 1.0, name
            if isinstance(value, float):
                assert value == round(value * 1e6) / 1e6, name
        assert 1.0 <= snapshot.gate_boost <= 1.6
        assert 0.0 <= snapshot.onset_rate2s <= 5.0


def test_sustained_flux_is_one_onset():
    driver = Expressive(HOP, RATE)
    for k in range(300):
        level = min(1.0, k / 60)
        driver.step((k + 1) * HOP, True, False, 0.5, [level] * 6, 0.0)
    assert driver.onset_rate2s == 0.5
