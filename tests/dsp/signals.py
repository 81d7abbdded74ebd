"""Test signals with known truth, int32[n, 2], 24-bit."""

from __future__ import annotations

import numpy as np

from dsp.analyzer import Analyzer
from dsp.events import Beat, HopResult, Onset
from dsp.settings import DspSettings

FULL = 8388607


def to_int(x: np.ndarray) -> np.ndarray:
    """float[n] or float[n, 2] in -1..1 to int32[n, 2]."""
    x = x if x.ndim == 2 else np.repeat(x[:, None], 2, axis=1)
    return np.ascontiguousarray(np.clip(np.round(x * FULL), -FULL - 1, FULL).astype(np.int32))


def noise(seconds: float, rate: int, db: float, seed: int = 1) -> np.ndarray:
    """Stereo Gaussian noise of `db` dBFS RMS."""
    return to_int(np.random.default_rng(seed).normal(size=(int(seconds * rate), 2)) * 10 ** (db / 20))


def silence(seconds: float, rate: int) -> np.ndarray:
    return np.zeros((int(seconds * rate), 2), dtype=np.int32)


def kick(rate: int) -> np.ndarray:
    t = np.arange(int(0.12 * rate)) / rate
    return 0.6 * np.sin(2 * np.pi * (50 * t + 4 * (1 - np.exp(-t * 40)))) * np.exp(-t * 28)


def hat(rate: int, seed: int = 3) -> np.ndarray:
    t = np.arange(int(0.05 * rate)) / rate
    return 0.15 * np.diff(np.random.default_rng(seed).normal(size=len(t) + 1)) * np.exp(-t * 120)


def snare(rate: int, seed: int = 5) -> np.ndarray:
    t = np.arange(int(0.12 * rate)) / rate
    body = np.random.default_rng(seed).normal(size=len(t)) * 0.5 + np.sin(2 * np.pi * 190 * t)
    return 0.25 * body * np.exp(-t * 30)


def place(x: np.ndarray, sound: np.ndarray, at: float) -> None:
    start = round(at)
    piece = sound[: max(0, len(x) - start)]
    x[start : start + len(piece)] += piece


def beat_track(bpm: float, rate: int, seconds: float, first: float = 0.4) -> tuple[np.ndarray, np.ndarray]:
    """Kick on each beat, snare on two and four, hats between; and the beats' samples."""
    x = np.zeros(int(seconds * rate))
    period = 60.0 * rate / bpm
    beats = np.arange(first * rate, len(x) - 0.1 * rate, period)
    for k, beat in enumerate(beats):
        place(x, kick(rate), beat)
        place(x, hat(rate, seed=k % 4), beat + period / 2)
        if k % 2:
            place(x, snare(rate), beat)
    return x, beats


def analyse(samples: np.ndarray, rate: int, settings: DspSettings | None = None) -> list[HopResult]:
    return Analyzer(settings or DspSettings(), rate).feed(samples)


def beats_of(results: list[HopResult]) -> list[Beat]:
    return [event for result in results for event in result.events if isinstance(event, Beat)]


def onsets_of(results: list[HopResult]) -> list[Onset]:
    return [event for result in results for event in result.events if isinstance(event, Onset)]
