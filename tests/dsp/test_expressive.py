"""The app's formulas, written a second time with numpy and without the analyser's helpers."""

from __future__ import annotations

import numpy as np
import pytest

from dsp.expressive import Expressive
from dsp.frontend import FrontEnd
from dsp.settings import DspSettings
from tests.dsp.signals import analyse, beat_track, noise, to_int

HOP, RATE = 256, 48000
DT = HOP / RATE


def follow(value: float, target: float, up: float, down: float) -> float:
    return value + (1 - np.exp(-DT / (up if target > value else down))) * (target - value)


def reference(valid, trusted, raw, bands, phases):
    """newliveweb expressiveAudioDriver.ts, one dict per hop."""
    slow = flux = accent = 0.0
    armed, marks, rows = True, [], []
    lag = round(0.032 / DT)
    for k in range(len(raw)):
        now = (k + 1) * HOP
        old = bands[k - lag][:5] if k >= lag else np.zeros(5)
        rise = min(1.0, 0.9 * np.maximum(bands[k][:5] - old, 0).sum()) if valid[k] else 0.0
        flux = follow(flux, rise, 0.03, 0.22)
        if armed and flux >= 0.28:
            marks.append(now)
            armed = False
        elif flux < 0.20:
            armed = True
        gate = np.clip((flux - 0.28) / 0.72, 0, 1)
        p = phases[k]
        pulse = np.exp(-((min(p, 1 - p) / 0.11) ** 2)) if valid[k] and trusted[k] else 0.0
        kick, _, _, clap, hihat = bands[k][:5]
        hit = np.clip(0.62 * kick + 0.22 * hihat + 0.2 * clap + 0.2 * gate + 0.18 * pulse, 0, 1)
        accent = follow(accent, hit if valid[k] else 0.0, 0.06, 0.22)
        soft = max(0.0, (raw[k] - 0.03) / 0.97)
        base = np.clip(0.35 + 0.53 * soft**0.72, 0.35, 0.88) if valid[k] else 0.35
        slow = follow(slow, base, 0.24, 0.9)
        rows.append(
            {
                "energy01": np.clip(base + 0.08 * accent, 0.35, 0.88),
                "energy_slow01": slow,
                "bass01": bands[k][5] if valid[k] else 0.0,
                "flux01": flux,
                "beat_pulse01": pulse,
                "accent01": accent,
                "onset_rate2s": min(5, sum(now - m < 2 * RATE for m in marks) / 2),
                "gate_boost": min(1.6, 1 + 0.25 * accent + 0.15 * gate),
            }
        )
    return rows


def test_formulas():
    rng = np.random.default_rng(11)
    n = 1500
    valid, trusted = np.arange(n) % 700 > 60, np.arange(n) % 300 > 100
    raw = np.clip(rng.uniform(-0.1, 1.1, n), 0, 1)
    bands = np.repeat(rng.uniform(0, 1, (n // 20 + 1, 6)), 20, axis=0)[:n]
    phases = rng.uniform(0, 1, n)
    driver = Expressive(HOP, RATE)
    for k, row in enumerate(reference(valid, trusted, raw, bands, phases)):
        driver.step((k + 1) * HOP, bool(valid[k]), bool(trusted[k]), raw[k], bands[k].tolist(), phases[k])
        for name, expected in row.items():
            assert getattr(driver, name) == pytest.approx(expected, abs=1e-8), (k, name)


def test_sub_bands_and_flux_against_numpy():
    """The front end's spectrum readings for noise, with window, bins and curve done by hand."""
    samples = noise(0.2, RATE, -20)
    front = FrontEnd(DspSettings(), RATE)
    hops = [samples[at : at + HOP] for at in range(0, len(samples) - HOP + 1, HOP)]
    for k, hop in enumerate(hops):
        front.listen(hop, k * HOP, 1e-6)
        front.look(7.0)
    n = 8 * HOP
    x = np.concatenate(hops)[-n:] / 8388608.0
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
