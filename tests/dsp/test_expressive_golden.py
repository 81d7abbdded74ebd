"""The snapshot formulas of newliveweb (reference section 3.5), written a second time as the app has them.

`Reference` is plain Python in the order of `expressiveAudioDriver.ts` (and of `AudioBus.ts` for the flux,
section 3.2). It takes the same features of 10,000 random frames as the analyser's `Expressive` and must
agree. What the analyser does otherwise on purpose is in `Reference` too, each place marked with its number:

1. Time passes by hops and not by animation frames: dt is `hop / rate`, so the clamp to 200 ms has no effect.
2. Flux compares with the bands 32 ms ago; the app compares with the frame before, which gives 0 between its
   30 Hz updates. The smoothing is the app's.
3. Onsets are rising edges of flux (0.28, armed again below 0.20); the app marks every frame above 0.28.
4. Flux falls to 0 and bass is 0 while the audio is not valid; the app shows both of any noise.
5. The beat pulse is 0 while beat or audio is not trusted; the app weighs only its part in the accent by
   trust.
6. Energy is taken after the safe automatic gain, as are the bands; the app takes it, and kick, clap and
   hihat, before any gain. The formulas are the same, so this test cannot see it: `test_loudness` does.
"""

from __future__ import annotations

import math
import random

import pytest

from dsp.expressive import Expressive

FRAMES = 10_000
HOP, RATE = 256, 48000
FIELDS = (
    *("energy01", "energy_slow01", "bass01", "flux01", "beat_pulse01", "accent01"),
    *("onset_rate2s", "gate_boost"),
)


def clamp(value: float, low: float, high: float) -> float:
    return max(low, min(high, value))


class Reference:
    def __init__(self, dt: float) -> None:
        self.dt = dt  # 1
        self.time = 0.0
        self.history: list[list[float]] = []
        self.flux = 0.0
        self.energy_slow = 0.0
        self.accent = 0.0
        self.marks: list[float] = []
        self.armed = True

    def toward(self, value: float, target: float, attack: float, release: float) -> float:
        tau = attack if target > value else release
        return value + (target - value) * (1.0 - math.exp(-self.dt / tau))

    def frame(
        self, valid: bool, trusted: bool, raw: float, bands: list[float], phase: float
    ) -> dict[str, float]:
        self.time += self.dt
        kick, bass, synth, clap, hihat, low = bands
        lag = round(0.032 / self.dt)  # 2
        self.history.append([kick, bass, synth, clap, hihat])
        before = self.history[-1 - lag] if len(self.history) > lag else [0.0] * 5
        deltas = [max(0.0, now - then) for now, then in zip(self.history[-1], before, strict=True)]
        flux = min(1.0, 0.9 * sum(deltas)) if valid else 0.0  # 4
        self.flux = self.toward(self.flux, flux, 0.03, 0.22)

        soft = max(0.0, (raw - 0.03) / 0.97)
        base = clamp(0.35 + 0.53 * soft**0.72, 0.35, 0.88) if valid else 0.35
        self.energy_slow = self.toward(self.energy_slow, base, 0.24, 0.9)
        gate = clamp((self.flux - 0.28) / 0.72, 0.0, 1.0)
        if self.flux < 0.2:  # 3
            self.armed = True
        elif self.flux >= 0.28 and self.armed:
            self.marks.append(self.time)
            self.armed = False
        self.marks = [mark for mark in self.marks if mark > self.time - 2.0 + self.dt / 2]
        pulse = math.exp(-((min(phase, 1.0 - phase) / 0.11) ** 2)) if valid and trusted else 0.0  # 5
        accent = clamp(0.62 * kick + 0.22 * hihat + 0.2 * clap + 0.2 * gate + 0.18 * pulse, 0.0, 1.0)
        self.accent = self.toward(self.accent, accent if valid else 0.0, 0.06, 0.22)
        return {
            "energy01": clamp(base + 0.08 * self.accent, 0.35, 0.88),
            "energy_slow01": self.energy_slow,
            "bass01": low if valid else 0.0,  # 4
            "flux01": self.flux,
            "beat_pulse01": pulse,
            "accent01": self.accent,
            "onset_rate2s": min(5.0, len(self.marks) / 2.0),
            "gate_boost": min(1.6, 1.0 + 0.25 * self.accent + 0.15 * gate),
        }


def random_frames(seed: int) -> list[tuple[bool, bool, float, list[float], float]]:
    """Features that hold for a while and jump, as those of music do, with all flags and both extremes."""
    rng = random.Random(seed)
    frames = []
    valid, trusted = True, False
    raw, bands = 0.5, [0.5] * 6
    for _ in range(FRAMES):
        if rng.random() < 0.004:
            valid = not valid
        if rng.random() < 0.01:
            trusted = not trusted
        if rng.random() < 0.1:
            raw = clamp(rng.uniform(-0.1, 1.1), 0.0, 1.0)
        scale = rng.choice([0.05, 1.0])
        bands = [rng.random() if rng.random() < 0.05 * scale else band for band in bands]
        frames.append((valid, trusted, raw, bands, rng.random()))
    return frames


@pytest.mark.parametrize(("hop", "rate"), [(HOP, RATE), (256, 44100), (512, 96000)])
def test_ten_thousand_frames(hop, rate):
    reference, driver = Reference(hop / rate), Expressive(hop, rate)
    lowest, highest = dict.fromkeys(FIELDS, math.inf), dict.fromkeys(FIELDS, -math.inf)
    for k, (valid, trusted, raw, bands, phase) in enumerate(random_frames(seed=rate)):
        expected = reference.frame(valid, trusted, raw, bands, phase)
        driver.step((k + 1) * hop, valid, trusted, raw, bands, phase)
        for name, value in expected.items():
            assert getattr(driver, name) == pytest.approx(value, abs=1e-8), (k, name)
            lowest[name], highest[name] = min(lowest[name], value), max(highest[name], value)
    # The frames reach both ends of what the formulas can give, so no clamp went untested.
    assert lowest["energy01"] == pytest.approx(0.35, abs=1e-6)
    assert highest["energy01"] == 0.88
    assert highest["gate_boost"] > 1.25
    assert highest["onset_rate2s"] >= 2.0
    assert highest["beat_pulse01"] > 0.99


def test_before_the_first_frame():
    driver = Expressive(HOP, RATE)
    assert (driver.energy01, driver.bass01, driver.flux01, driver.accent01) == (0.35, 0.0, 0.0, 0.0)
    assert (driver.beat_pulse01, driver.onset_rate2s, driver.gate_boost) == (0.0, 0.0, 1.0)
