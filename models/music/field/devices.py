"""What devices do to sound: overdrive, compression, coarse samples, lossy codecs. Nothing is delayed."""

from __future__ import annotations

import io
from typing import Literal

import numpy as np
import soundfile  # type: ignore[import-untyped]

from models.music.field.filters import Audio

Codec = Literal["vorbis", "opus", "mp3"]

_BLOCK = 64
_CHUNK = 1 << 15  # libsndfile's Vorbis writer takes much of the stack when it is handed everything at once
_LAGS = 4096


def overdriven(x: Audio, decibels: float, *, hard: bool) -> Audio:
    """Amplified and held within -1..1: cut off, or rounded by a hyperbolic tangent."""
    loud = x * np.float32(10.0 ** (decibels / 20.0))
    return np.asarray(np.clip(loud, -1.0, 1.0) if hard else np.tanh(loud))


def compressed(
    x: Audio, rate: int, *, threshold: float, ratio: float, attack: float, release: float
) -> Audio:
    """A feed-forward compressor; short times limit, long ones pump.

    Args:
        x: float32[n, 2].
        rate: Hz.
        threshold: below the loudest block, dB.
        ratio: dB in for one dB out, above the threshold.
        attack: seconds to 63 % when the level rises.
        release: seconds to 63 % when it falls.
    """
    blocks = -(-len(x) // _BLOCK)
    peaks = np.abs(np.pad(x, ((0, blocks * _BLOCK - len(x)), (0, 0)))).max(axis=1)
    levels = 20.0 * np.log10(peaks.reshape(blocks, _BLOCK).max(axis=1) + 1e-7)
    over = np.maximum(0.0, levels - (levels.max() - threshold)) * (1.0 - 1.0 / ratio)
    rise, fall = (1.0 - np.exp(-_BLOCK / rate / seconds) for seconds in (attack, release))
    reduction = np.empty(blocks)
    state = 0.0
    for index, wanted in enumerate(over.tolist()):
        state += (wanted - state) * (rise if wanted > state else fall)
        reduction[index] = state
    gain = 10.0 ** (-np.interp(np.arange(len(x)), (np.arange(blocks) + 0.5) * _BLOCK, reduction) / 20.0)
    return (x * gain[:, None].astype(np.float32)).astype(np.float32)


def quantised(rng: np.random.Generator, x: Audio, bits: int) -> Audio:
    """Rounded to integers of `bits` bits, with triangular dither of two steps' width."""
    scale = np.float32(2.0 ** (bits - 1))
    dither = rng.random(x.shape, dtype=np.float32) - rng.random(x.shape, dtype=np.float32)
    return (np.clip(np.round(x * scale + dither), -scale, scale - 1) / scale).astype(np.float32)


def coded(x: Audio, rate: int, codec: Codec, quality: float) -> Audio:
    """Encoded and decoded again, its delay taken back to within a sample.

    Args:
        x: float32[n, 2].
        rate: Hz; Opus takes 48000 only.
        codec: which.
        quality: 0 (small) to 1 (good).
    """
    name, subtype = {"vorbis": ("OGG", "VORBIS"), "opus": ("OGG", "OPUS"), "mp3": ("MP3", "MPEG_LAYER_III")}[
        codec
    ]
    memory = io.BytesIO()
    with soundfile.SoundFile(
        memory, "w", rate, x.shape[1], subtype, format=name, compression_level=1.0 - quality
    ) as file:
        for start in range(0, len(x), _CHUNK):
            file.write(x[start : start + _CHUNK])
    memory.seek(0)
    heard, _ = soundfile.read(memory, dtype="float32", always_2d=True)
    heard = heard[: len(x)]
    result = np.zeros_like(x)
    lag = _delay(x, heard)
    part = heard[max(0, lag) :][: len(x) + min(0, lag)]
    result[max(0, -lag) : max(0, -lag) + len(part)] = part
    return result


def _delay(x: Audio, y: Audio) -> int:
    """By how many samples `y` comes after `x`: the peak of their cross-correlation over the loudest 6 s."""
    size = 1 << 18
    loudness = np.add.reduceat(np.square(x[:, 0]), np.arange(0, len(x), size // 4))
    start = max(0, min(int(np.argmax(loudness)) * (size // 4), len(x) - size))
    mine, other = x[start : start + size, 0], y[start : start + size, 0]
    product = np.conj(np.fft.rfft(mine, 2 * size)) * np.fft.rfft(other, 2 * size)
    correlation = np.fft.irfft(product, 2 * size)
    near = np.concatenate((correlation[-_LAGS:], correlation[:_LAGS]))
    return int(np.argmax(near)) - _LAGS if float(np.abs(near).max()) > 0 else 0
