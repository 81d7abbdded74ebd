"""Faults of cables and channels: a side missing, swapped, in antiphase, late or noisy; dropouts."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from models.music.field import noises
from models.music.field.filters import Audio


def _mono(rng: np.random.Generator, x: Audio, rate: int) -> Audio:
    return np.asarray(np.repeat(x.mean(axis=1, keepdims=True), 2, axis=1))


def _one_side(rng: np.random.Generator, x: Audio, rate: int) -> Audio:
    return np.asarray(x * np.eye(2, dtype=np.float32)[int(rng.integers(2))])


def _antiphase(rng: np.random.Generator, x: Audio, rate: int) -> Audio:
    if rng.random() < 0.5:  # a cable soldered the wrong way about, else a mono source on one
        return x * np.array([1.0, -1.0], np.float32)
    return _mono(rng, x, rate) * np.array([1.0, -1.0], np.float32)


def _noisy_side(rng: np.random.Generator, x: Audio, rate: int) -> Audio:
    """One side carries nothing but hum or noise, at up to the music's level."""
    hums = rng.random() < 0.5
    fault = noises.hum(rng, len(x), rate) if hums else noises.coloured(rng, len(x), rate, -1.0)
    power = float(np.sqrt(np.mean(np.square(x, dtype=np.float64))))
    scale = power * 10.0 ** (rng.uniform(-30.0, 0.0) / 20.0) / max(1e-9, float(fault.std()))
    result = x.copy()
    side = int(rng.integers(2))
    result[:, side] = fault[:, side] * np.float32(scale)
    return result


def _swapped(rng: np.random.Generator, x: Audio, rate: int) -> Audio:
    return np.ascontiguousarray(x[:, ::-1])


def _unbalanced(rng: np.random.Generator, x: Audio, rate: int) -> Audio:
    gains = np.ones(2, np.float32)
    gains[int(rng.integers(2))] = 10.0 ** (-rng.uniform(3.0, 40.0) / 20.0)
    return x * gains


def _late_side(rng: np.random.Generator, x: Audio, rate: int) -> Audio:
    """One side 0.1 to 20 ms late; truth stays with the earlier one."""
    delay = int(rng.uniform(0.0001, 0.02) * rate)
    side = int(rng.integers(2))
    result = x.copy()
    result[delay:, side] = x[: len(x) - delay, side]
    result[:delay, side] = 0.0
    return result


_FAULTS: tuple[Callable[[np.random.Generator, Audio, int], Audio], ...] = (
    _mono,
    _one_side,
    _antiphase,
    _noisy_side,
    _swapped,
    _unbalanced,
    _late_side,
)


def channel_fault(rng: np.random.Generator, x: Audio, rate: int) -> Audio:
    """`x` float32[n, 2] with one of the faults."""
    return _FAULTS[int(rng.integers(len(_FAULTS)))](rng, x, rate)


def dropouts(rng: np.random.Generator, x: Audio, rate: int) -> tuple[Audio, list[tuple[float, float]]]:
    """One to eight gaps of 20 to 200 ms.

    Returns:
        the samples, and the gaps in seconds.
    """
    result = x.copy()
    gaps: list[tuple[float, float]] = []
    for _ in range(int(rng.integers(1, 9))):
        start = int(rng.uniform(0.0, len(x) - 0.3 * rate))
        end = start + int(rng.uniform(0.02, 0.2) * rate)
        result[start:end] = 0.0
        gaps.append((start / rate, end / rate))
    return result, sorted(gaps)
