"""Building blocks of sound: oscillators, envelopes, filters, reverberation. Nothing here delays an attack."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Audio = NDArray[np.float32]


@njit("float32[:](float32[:], float32[:], float64, int64)", cache=True, nogil=True)
def _state_variable(x: Audio, warped: Audio, damping: float, kind: int) -> Audio:
    """Topology-preserving state-variable filter (Zavalishin, The Art of VA Filter Design, 2012, 4.2)."""
    y = np.empty_like(x)
    band = low = 0.0
    for n in range(x.size):
        g = warped[n] if warped.size > 1 else warped[0]
        high = (x[n] - (g + damping) * band - low) / (1.0 + g * (g + damping))
        v = g * high
        through = v + band
        band = v + through
        w = g * through
        deep = w + low
        low = w + deep
        y[n] = deep if kind == 0 else (through * damping if kind == 1 else high)
    return y


def swept(
    x: Audio, cutoff: NDArray[np.floating] | float, rate: int, *, q: float = 0.707, kind: str = "low"
) -> Audio:
    """Second-order filter with a cutoff (Hz) that may differ at every sample; `kind` low, band or high."""
    hertz = np.clip(np.atleast_1d(np.asarray(cutoff, dtype=np.float64)), 15.0, 0.45 * rate)
    warped = np.tan(np.pi * hertz / rate).astype(np.float32)
    kinds = {"low": 0, "band": 1, "high": 2}
    return np.asarray(
        _state_variable(np.ascontiguousarray(x, dtype=np.float32), warped, 1.0 / q, kinds[kind])
    )


def between(x: NDArray[np.floating], low: float, high: float, rate: int) -> Audio:
    """First-order Butterworth band-pass from `low` to `high` Hz of `[n]` or `[channels, n]`.

    The bilinear transform of B s / (s^2 + B s + w0^2) with w0^2 = w1 w2 and B = w2 - w1, edges prewarped.
    """
    a, b = np.tan(np.pi * low / rate), np.tan(np.pi * high / rate)
    centre, q = rate / np.pi * np.arctan(np.sqrt(a * b)), np.sqrt(a * b) / (b - a)
    rows = [swept(row.astype(np.float32), centre, rate, q=float(q), kind="band") for row in np.atleast_2d(x)]
    return np.stack(rows) if x.ndim == 2 else rows[0]


def resampled(x: Audio, up: int, down: int) -> Audio:
    """`[n, channels]` at `up / down` times its rate: polyphase, linear phase, no delay.

    The low-pass is a Kaiser-windowed sinc (beta 5) over ten periods of the lower rate to each side.
    """
    widest = max(up, down)
    half = 10 * widest
    taps = np.arange(-half, half + 1)
    kernel = np.sinc(taps / widest) * np.kaiser(len(taps), 5.0)
    kernel *= up / kernel.sum()
    length = -(-len(x) * up // down)
    reach = len(taps) // up + 1
    kernel = np.pad(kernel, (0, up * reach - len(taps))).astype(np.float32)
    padded = np.pad(x, ((reach - 1, half // up + 1), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, reach, axis=0)  # [n, channels, oldest..newest]
    out = np.empty((length, x.shape[1]), dtype=np.float32)
    for first in range(min(up, length)):
        phase, newest = (first * down + half) % up, (first * down + half) // up
        rows = out[first::up]
        rows[:] = windows[newest::down][: len(rows)] @ kernel[phase::up][::-1]
    return out


def seconds_axis(rate: int, length: float) -> NDArray[np.float64]:
    """Instants of the samples of `length` seconds."""
    return np.arange(max(int(length * rate), 1)) / rate


def phase_of(hertz: NDArray[np.float64], rate: int) -> NDArray[np.float64]:
    """Running phase in cycles; the first sample has phase 0."""
    return np.concatenate(([0.0], np.cumsum(hertz[:-1]))) / rate


def saw(phase: NDArray[np.float64], step: NDArray[np.float64] | float) -> NDArray[np.float64]:
    """Saw tooth with rounded jumps (polyBLEP; Valimaki and Huovilainen, 2007); `step` in cycles a sample."""
    place = phase % 1.0
    wave = 2.0 * place - 1.0
    width = np.broadcast_to(np.asarray(step), place.shape)
    early, late = place < width, place > 1.0 - width
    a = place[early] / width[early]
    wave[early] -= 2.0 * a - a * a - 1.0
    b = (place[late] - 1.0) / width[late]
    wave[late] -= b * b + 2.0 * b + 1.0
    return wave


def pulse(phase: NDArray[np.float64], step: NDArray[np.float64] | float, width: float) -> NDArray[np.float64]:
    """Pulse wave with a duty cycle of `width`."""
    return 0.5 * (saw(phase, step) - saw(phase + width, step))


def decay(t: NDArray[np.float64], seconds: float) -> NDArray[np.float64]:
    """Exponential decay that has fallen by 60 dB after `seconds`."""
    return np.exp(t * (-6.9078 / max(seconds, 1e-4)))


def envelope(t: NDArray[np.float64], attack: float, hold: float, fall: float) -> NDArray[np.float64]:
    """Linear attack, level 1 until `hold`, then a fall of 60 dB in `fall` seconds."""
    rise = np.minimum((t + 1.0 / 48000) / max(attack, 1.0 / 48000), 1.0)
    return rise * decay(np.maximum(t - hold, 0.0), fall)


def faded(x: NDArray[np.floating], rate: int, seconds: float = 0.004) -> Audio:
    """The same with its last samples faded out, so that cutting it off does not click."""
    n = min(int(seconds * rate), x.shape[-1])
    out = x.astype(np.float32)
    out[..., x.shape[-1] - n :] *= np.linspace(1.0, 0.0, n, dtype=np.float32)
    return out


def unit_peak(x: NDArray[np.floating]) -> Audio:
    """Scaled to a peak of 1; silence stays silence."""
    peak = float(np.max(np.abs(x), initial=0.0))
    return (x / peak if peak > 0 else x).astype(np.float32)


def place(track: Audio, hit: Audio, start: int, left: float, right: float) -> None:
    """Add a hit (`[n]` or `[2, n]`) to a stereo track (`[2, n]`) from sample `start` on."""
    stop = min(start + hit.shape[-1], track.shape[1])
    if start < 0 or stop <= start:
        return
    part = hit[..., : stop - start]
    first, second = (part, part) if hit.ndim == 1 else (part[0], part[1])
    track[0, start:stop] += np.float32(left) * first
    track[1, start:stop] += np.float32(right) * second


def room(rng: np.random.Generator, send: Audio, rate: int) -> Audio:
    """Reverberation `[2, n]` of a mono send: noise that decays faster at high frequencies, unit energy."""
    length = rng.uniform(0.25, 2.2)
    t = seconds_axis(rate, length)
    noise = rng.standard_normal((2, len(t))).astype(np.float32) * decay(t, length).astype(np.float32)
    noise[:, : int(rate * rng.uniform(0.0, 0.03))] = 0.0
    response = between(noise, rng.uniform(100, 400), rng.uniform(2500, 9000), rate)
    response /= np.sqrt(np.sum(response**2, axis=1, keepdims=True)) + 1e-9
    size = _fast_length(len(send) + len(t))
    wet = np.fft.irfft(np.fft.rfft(response, size) * np.fft.rfft(send, size), size)
    return np.asarray(wet[:, : len(send)], dtype=np.float32)


def _fast_length(least: int) -> int:
    """A transform length of at least `least` with small prime factors: within 13 % of it."""
    odds = (1, 3, 5, 9, 15, 25, 27, 45, 75, 81)
    return min(odd << max((-(-least // odd) - 1).bit_length(), 0) for odd in odds)
