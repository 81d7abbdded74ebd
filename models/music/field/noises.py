"""Noises without a beat. Every function returns float32[n, 2] with a peak or deviation near 1."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from models.music.field.filters import Audio, Curve, band, convolved, minimum_phase, smooth_walk


def _stereo(left: NDArray[np.floating], right: NDArray[np.floating], width: float) -> Audio:
    middle = (left + right) / 2
    both = np.stack([left * width + middle * (1 - width), right * width + middle * (1 - width)], axis=1)
    return both.astype(np.float32)


def level(x: Audio, decibels: float) -> Audio:
    """Scaled to a peak of `decibels` dBFS; silence stays silence."""
    peak = float(np.abs(x).max(initial=0.0))
    return x if peak == 0.0 else (x * np.float32(10.0 ** (decibels / 20.0) / peak)).astype(np.float32)


def coloured(rng: np.random.Generator, samples: int, rate: int, slope: float, width: float = 1.0) -> Audio:
    """Gaussian noise whose power goes as frequency ** `slope`: 0 white, -1 pink, -2 brown, 1 hiss.

    `width` 1 has independent channels, 0 is mono. Below 20 Hz the slope ends.
    """
    white = rng.standard_normal((samples, 2), dtype=np.float32)
    if slope:
        taps = 4096 if slope < 0 else 512
        curve: Curve = lambda hertz: np.maximum(hertz, 20.0) ** (slope / 2) / 1000.0 ** (slope / 2)  # noqa: E731
        white = convolved(white, minimum_phase(curve, rate, taps))
    white /= np.float32(max(1e-9, float(white.std())))
    return _stereo(white[:, 0], white[:, 1], width)


def banded(rng: np.random.Generator, samples: int, rate: int, low: float, high: float) -> Audio:
    """White noise between two frequencies in Hz, deviation 1."""
    noise = rng.standard_normal((samples, 2), dtype=np.float32)
    noise = convolved(noise, minimum_phase(band(low, high, 3), rate))
    return (noise / np.float32(max(1e-9, float(noise.std())))).astype(np.float32)


def _partials(
    samples: int, rate: int, hertz: float, gains: NDArray[np.float64], phases: NDArray[np.float64]
) -> NDArray[np.float32]:
    total = np.zeros(samples, np.float32)
    turn = (2 * np.pi * hertz / rate) * np.arange(samples)
    for number, (gain, phase) in enumerate(zip(gains, phases, strict=True), 1):
        if gain > 1e-4 and number * hertz < 0.45 * rate:
            total += gain * np.sin(number * turn + phase)
    return total


def hum(rng: np.random.Generator, samples: int, rate: int) -> Audio:
    """Mains hum of 50 or 60 Hz: soft with few harmonics, or a buzz with many."""
    count = int(rng.choice((4, 8, 30)))
    gains = rng.uniform(0.1, 1.0, count) / np.arange(1, count + 1) ** rng.uniform(0.3, 1.8)
    gains[1::2] *= rng.uniform(0.3, 2.0)
    mains = float(rng.choice((50.0, 60.0))) * rng.uniform(0.999, 1.001)
    tone = _partials(samples, rate, mains, gains, rng.uniform(0, 2 * np.pi, count))
    tone *= smooth_walk(rng, samples, rate, 8.0, 0.8, 1.0)
    noise = coloured(rng, samples, rate, -1.0) * np.float32(rng.uniform(0.0, 0.05))
    return _stereo(tone, tone * rng.uniform(0.2, 1.0), 1.0) + noise


def drone(rng: np.random.Generator, samples: int, rate: int) -> Audio:
    """A few held tones whose partials swell slowly, each channel in its own way."""
    channels = []
    roots = 55.0 * 2.0 ** (rng.integers(0, 30, int(rng.integers(1, 4))) / 12)
    for _ in range(2):
        total = np.zeros(samples, np.float32)
        for root in roots:
            for number in range(1, int(rng.integers(3, 9))):
                detuned = root * number * rng.uniform(0.998, 1.002)
                tone = np.sin((2 * np.pi * detuned / rate) * np.arange(samples) + rng.uniform(0, 6.28))
                total += tone * smooth_walk(rng, samples, rate, rng.uniform(3, 10), 0.1, 1.0) / number
        channels.append(total)
    fade = np.minimum(1.0, np.arange(samples) / (rng.uniform(0.5, 6.0) * rate))
    return level(_stereo(channels[0] * fade, channels[1] * fade, 1.0), 0.0)


def wind(rng: np.random.Generator, samples: int, rate: int) -> Audio:
    """Noise bands that come and go over seconds."""
    total = np.zeros((samples, 2), np.float32)
    for low in (40.0, 150.0, 400.0, 900.0):
        gusts = smooth_walk(rng, samples, rate, rng.uniform(1.0, 5.0), 0.0, 1.0) ** 2
        total += banded(rng, samples, rate, low, 2.5 * low) * gusts[:, None].astype(np.float32)
    return level(total, 0.0)


def sweep(rng: np.random.Generator, samples: int, rate: int) -> Audio:
    """A tone that glides up and down without rest: siren, theremin, riser."""
    octaves = smooth_walk(rng, samples, rate, rng.uniform(2.0, 9.0), np.log2(80.0), np.log2(4000.0))
    phase = 2 * np.pi * np.cumsum(2.0**octaves) / rate
    tone = np.sin(phase) + rng.uniform(0.0, 0.5) * np.sin(2 * phase)
    return level(_stereo(tone, tone, 1.0), 0.0)


def squeal(rng: np.random.Generator, samples: int, rate: int) -> Audio:
    """Acoustic feedback: tones that rise out of noise, howl, and are turned down again."""
    total = coloured(rng, samples, rate, -1.0) * np.float32(0.01)
    time = np.arange(samples) / rate
    for _ in range(int(rng.integers(2, 7))):
        start, length = rng.uniform(0.0, samples / rate - 2), rng.uniform(1.0, 8.0)
        inside = np.clip((time - start) / length, 0.0, 1.0)
        gain = 10.0 ** (-3.0 * (1 - np.minimum(1.0, inside * 2.5))) * (inside > 0) * (1 - inside) ** 0.3
        total += (gain * np.sin(2 * np.pi * rng.uniform(500.0, 5000.0) * time))[:, None].astype(np.float32)
    return level(total, 0.0)


def machine(rng: np.random.Generator, samples: int, rate: int) -> Audio:
    """A motor or fan: harmonics of its turning rate, and noise modulated by it, too fast for a beat."""
    turning = rng.uniform(18.0, 90.0)
    gains = rng.uniform(0.0, 1.0, 20) / np.arange(1, 21) ** 0.7
    tone = _partials(samples, rate, turning, gains, rng.uniform(0, 6.28, 20))
    flutter = 1.0 + 0.5 * np.sin(2 * np.pi * turning * np.arange(samples) / rate)
    noise = banded(rng, samples, rate, rng.uniform(60, 500), rng.uniform(1500, 8000)) * flutter[:, None]
    return level((tone[:, None] + rng.uniform(0.1, 2.0) * noise).astype(np.float32), 0.0)


def _scattered(
    rng: np.random.Generator, samples: int, times: NDArray[np.float64], rate: int, kernels: list[Audio]
) -> Audio:
    """Each event one of the kernels, with a random loudness and place between left and right."""
    total = np.zeros((samples, 2), np.float32)
    kinds = rng.integers(len(kernels), size=len(times))
    loud = rng.lognormal(0.0, 0.6, len(times))
    right = rng.uniform(0.0, 1.0, len(times))
    places = np.minimum((times * rate).astype(np.int64), samples - 1)
    for kind, kernel in enumerate(kernels):
        mine = kinds == kind
        impulses = np.zeros((samples, 2), np.float32)
        np.add.at(impulses[:, 0], places[mine], loud[mine] * (1 - right[mine]))
        np.add.at(impulses[:, 1], places[mine], loud[mine] * right[mine])
        total += convolved(impulses, kernel)
    return total


def applause(rng: np.random.Generator, samples: int, rate: int) -> Audio:
    """Claps of a crowd as a Poisson process; it may start with a few hands, swell and die away."""
    seconds = samples / rate
    shape = smooth_walk(rng, 1000, 1000, 0.2, 0.4, 1.0)
    if rng.random() < 0.5:
        shape *= np.minimum(1.0, np.linspace(0.0, rng.uniform(1.0, 8.0), 1000)) ** 2
    if rng.random() < 0.4:
        shape *= np.minimum(1.0, np.linspace(rng.uniform(1.0, 6.0), 0.0, 1000)) ** 2
    count = int(rng.poisson(rng.uniform(40.0, 700.0) * seconds))
    edges = np.concatenate(([0.0], np.cumsum(shape)))
    times = np.interp(rng.random(count) * edges[-1], edges, np.linspace(0.0, seconds, 1001))
    kernels = []
    for _ in range(5):
        length = int(0.03 * rate)
        burst = rng.standard_normal(length) * np.exp(-np.arange(length) / rate / rng.uniform(0.002, 0.007))
        centre = rng.uniform(700.0, 2500.0)
        kernels.append(
            convolved(burst.astype(np.float32), minimum_phase(band(centre / 2, centre * 2), rate, 256))
        )
    return level(_scattered(rng, samples, times, rate, kernels), 0.0)


def crackle(rng: np.random.Generator, samples: int, rate: int) -> Audio:
    """Clicks of a worn record or a bad contact: Poisson, a few much louder than the rest."""
    count = int(rng.poisson(rng.uniform(0.5, 60.0) * samples / rate))
    times = np.sort(rng.uniform(0.0, samples / rate, count))
    decays = [np.exp(-np.arange(64) / rate / tau) * np.cos(np.arange(64)) for tau in (1e-4, 2e-4, 5e-4)]
    clicks = _scattered(rng, samples, times, rate, [kernel.astype(np.float32) for kernel in decays])
    floor = coloured(rng, samples, rate, rng.choice((0.0, -1.0))) * np.float32(rng.uniform(0.0, 0.02))
    return level(clicks + floor, 0.0)


def irregular(rng: np.random.Generator, seconds: float, mean: float) -> NDArray[np.float64]:
    """Instants without metre: gaps are drawn from a gamma distribution (shape 1.5) of mean `mean` seconds."""
    gaps = 0.05 + rng.gamma(1.5, mean / 1.5, int(seconds / mean * 2) + 4)
    times = np.cumsum(gaps)
    return np.asarray(times[times < seconds - 0.3])


def hits(rng: np.random.Generator, samples: int, rate: int, times: NDArray[np.float64]) -> Audio:
    """Thumps, knocks and clanks at given instants."""
    kernels = []
    time = np.arange(int(0.35 * rate)) / rate
    for _ in range(3):
        fall = np.exp(-time / rng.uniform(0.01, 0.08))
        ring = np.sin(2 * np.pi * rng.uniform(60.0, 1800.0) * time + 1.0) * rng.uniform(0.2, 1.0)
        kernels.append(
            ((ring + rng.standard_normal(len(time)) * rng.uniform(0.1, 0.8)) * fall).astype(np.float32)
        )
    return level(_scattered(rng, samples, times, rate, kernels), 0.0)
