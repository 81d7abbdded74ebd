"""Filters that delay nothing they need not: minimum-phase FIRs from a magnitude, and fast convolution.

A minimum-phase filter's response starts at lag 0, so an attack stays where it was and truth needs no shift.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Audio = NDArray[np.float32]
Curve = Callable[[NDArray[np.floating]], NDArray[np.floating]]
"""Gain (linear, >= 0) over frequency in Hz."""


def convolved(x: Audio, kernel: Audio) -> Audio:
    """`x` float32[n] or [n, channels], causally convolved with `kernel` float32[m] (or [m, channels]).

    Overlap-add with FFTs some times as long as the kernel; the tail after n samples is left out.
    """
    taps = len(kernel)
    size = 1 << max(14, (4 * taps - 1).bit_length())
    hop = size - taps + 1
    columns = x.reshape(len(x), -1)
    response = np.fft.rfft(kernel.reshape(taps, -1), size, axis=0)
    result = np.zeros((len(x) + size, columns.shape[1]), np.float32)
    for start in range(0, len(x), hop):
        block = np.fft.rfft(columns[start : start + hop], size, axis=0) * response
        result[start : start + size] += np.fft.irfft(block, size, axis=0)
    return result[: len(x)].reshape(x.shape)


def minimum_phase(curve: Curve, rate: int, taps: int = 1024) -> Audio:
    """Impulse response float32[taps] of minimum phase with a magnitude curve (folded real cepstrum;
    Oppenheim and Schafer, Discrete-Time Signal Processing, section 13.5). The gain has a floor of -80 dB.
    """
    size = 4 * taps
    gain = np.maximum(curve(np.fft.rfftfreq(size, 1.0 / rate)), 1e-4)
    cepstrum = np.fft.irfft(np.log(gain), size)
    cepstrum[1 : size // 2] *= 2.0
    cepstrum[size // 2 + 1 :] = 0.0
    response = np.fft.irfft(np.exp(np.fft.rfft(cepstrum)), size)[:taps]
    fade = np.ones(taps)
    fade[-taps // 4 :] = np.linspace(1.0, 0.0, taps // 4)
    return (response * fade).astype(np.float32)


def band(low: float, high: float, order: int = 2) -> Curve:
    """Butterworth magnitudes: a high-pass at `low` Hz (0: none) and a low-pass at `high` Hz (0: none)."""

    def gain(hertz: NDArray[np.floating]) -> NDArray[np.floating]:
        total = np.ones_like(hertz)
        if low > 0:
            total /= np.sqrt(1.0 + (low / np.maximum(hertz, 1e-3)) ** (2 * order))
        if high > 0:
            total /= np.sqrt(1.0 + (hertz / high) ** (2 * order))
        return total

    return gain


def tilted(rng: np.random.Generator, decibels: float) -> Curve:
    """An equaliser: straight lines, over the logarithm of frequency, between random gains at seven places."""
    places = np.log([40.0, 120.0, 350.0, 1000.0, 3000.0, 8000.0, 18000.0])
    gains = rng.uniform(-decibels, decibels, len(places))

    def gain(hertz: NDArray[np.floating]) -> NDArray[np.floating]:
        return np.asarray(10.0 ** (np.interp(np.log(np.maximum(hertz, 20.0)), places, gains) / 20.0))

    return gain


def smooth_walk(
    rng: np.random.Generator, samples: int, rate: int, seconds: float, low: float, high: float
) -> NDArray[np.float64]:
    """float64[samples] that wanders within `low`..`high`, with a new goal about every `seconds`."""
    count = max(2, int(samples / rate / seconds) + 2)
    goals = rng.uniform(low, high, count)
    places = np.cumsum(rng.uniform(0.5, 1.5, count))
    places = (places - places[0]) / (places[-1] - places[0]) * samples
    return np.interp(np.arange(samples), places, goals)
