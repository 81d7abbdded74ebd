"""What is no music has no beat, at any level: nothing is announced, nothing is trusted."""

from __future__ import annotations

import numpy as np
import pytest

from tests.dsp.signals import analyse, beats_of, to_int

RATE, SECONDS = 44100, 40


def applause(rng: np.random.Generator) -> np.ndarray:
    """Many people, each clapping at their own pace and never quite evenly."""
    x = np.zeros(SECONDS * RATE)
    envelope = np.exp(-np.arange(int(0.02 * RATE)) / (0.004 * RATE))
    for _ in range(40):
        at = rng.uniform(0.0, 0.5)
        while at < SECONDS - 0.1:
            start = int(at * RATE)
            x[start : start + len(envelope)] += (
                rng.uniform(0.2, 1.0) * envelope * rng.standard_normal(len(envelope))
            )
            at += rng.normal(0.26, 0.05)
    return x


def hum(rng: np.random.Generator) -> np.ndarray:
    t = np.arange(SECONDS * RATE) / RATE
    return sum(np.sin(2 * np.pi * 50 * k * t + rng.uniform(0, 6)) / k for k in range(1, 12))


def white(rng: np.random.Generator) -> np.ndarray:
    return rng.standard_normal(SECONDS * RATE)


def drone(rng: np.random.Generator) -> np.ndarray:
    t = np.arange(SECONDS * RATE) / RATE
    return sum(
        np.sin(2 * np.pi * hz * t) * (1 + 0.3 * np.sin(0.4 * t + k)) for k, hz in enumerate((110, 165, 221))
    )


@pytest.mark.parametrize("level_db", [-18, -40, -60])
@pytest.mark.parametrize("make", [white, hum, applause, drone])
def test_at_most_one_beat_a_minute_and_no_trust(make, level_db):
    x = make(np.random.default_rng(11))
    x *= 10 ** (level_db / 20) / np.sqrt(np.mean(x**2))
    results = analyse(to_int(np.clip(x, -1, 1)), RATE)
    assert len(beats_of(results)) <= 1
    assert not any(result.snapshot.beat_trusted for result in results)
