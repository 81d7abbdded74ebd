"""Made rooms: impulse responses with the direct sound at lag 0, early reflections and an exponential tail."""

from __future__ import annotations

import numpy as np

from models.music.field.filters import Audio, band, convolved, minimum_phase


def room(rng: np.random.Generator, rate: int, decay: float, direct: float) -> Audio:
    """A stereo impulse response float32[n, 2].

    Args:
        rng: where the reflections lie.
        rate: Hz.
        decay: RT60 in seconds: the tail has fallen by 60 dB.
        direct: energy of the direct sound over that of all reflections, dB.
    """
    samples = int(min(decay, 2.0) * 0.8 * rate)
    time = np.arange(samples) / rate
    gap = rng.uniform(0.002, 0.02)
    tail = rng.standard_normal((samples, 2)) * (10.0 ** (-3.0 * time / decay) * (time > gap))[:, None]
    for _ in range(int(rng.integers(4, 12))):
        place = int(rng.uniform(gap, 0.08) * rate)
        if place < samples:
            tail[place] += rng.uniform(-6.0, 6.0, 2) * np.exp(-place / rate / 0.04)
    dark = minimum_phase(band(rng.uniform(60.0, 200.0), rng.uniform(1500.0, 9000.0), 1), rate, 256)
    wet = convolved(tail.astype(np.float32), dark)
    energy = max(1e-9, float(np.square(wet, dtype=np.float64).sum() / 2))
    wet *= np.float32(10.0 ** (-direct / 20.0) / np.sqrt(energy))
    wet[0] += 1.0
    return wet


def in_room(rng: np.random.Generator, x: Audio, rate: int, decay: float, direct: float) -> Audio:
    """`x` float32[n, 2] as heard in a made room."""
    return convolved(x, room(rng, rate, decay, direct))
