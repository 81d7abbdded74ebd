"""Kernels agree with slow, straightforward references."""

from __future__ import annotations

import numpy as np
import pytest

from dsp import tables
from dsp.hop import hop_of
from dsp.kernels.approx import exp2, log2
from dsp.kernels.fft import stereo_power
from dsp.kernels.filters import biquad, hear
from dsp.kernels.pulse import advance


def test_log2_and_exp2_keep_their_promise():
    rng = np.random.default_rng(7)
    for x in rng.uniform(-300, 300, 3000):
        value = float(np.exp2(x))
        assert abs(log2(value) - np.log2(value)) < 2e-10
        assert abs(exp2(x) / value - 1) < 2e-11
    assert log2(1.0) == 0.0
    assert exp2(0.0) == 1.0
    assert log2(0.0) == log2(-3.0) == log2(float("nan")) == -1022.0


@pytest.mark.parametrize("size", [512, 1024, 2048, 4096])
def test_stereo_power_is_the_sum_of_two_real_transforms(size):
    history = np.random.default_rng(size).normal(size=(2, size)).astype(np.float32)
    window, _ = tables.late_window(size)
    power = np.zeros(size // 2, dtype=np.float32)
    work = np.zeros((2, 2, size), dtype=np.float32)
    stereo_power(history, window, np.stack(tables.twiddles(size)), work, 0.25, power)
    expected = 0.25 * (np.abs(np.fft.rfft(history.astype(np.float64) * window, axis=1)) ** 2).sum(0)
    assert np.abs(power - expected[: size // 2]).max() < 1e-6 * expected.max()


def test_antiphase_counts_in_full():
    size = 512
    left = np.random.default_rng(1).normal(size=size).astype(np.float32)
    window, _ = tables.late_window(size)
    twiddle, work = np.stack(tables.twiddles(size)), np.zeros((2, 2, size), dtype=np.float32)
    powers = []
    for right in (left, -left):
        power = np.zeros(size // 2, dtype=np.float32)
        stereo_power(np.stack((left, right)), window, twiddle, work, 1.0, power)
        powers.append(power)
    np.testing.assert_allclose(powers[0], powers[1], rtol=1e-3, atol=1e-4)


def test_biquad_is_the_difference_equation():
    rng = np.random.default_rng(2)
    x = rng.normal(size=(2, 300))
    b0, b1, b2, a1, a2 = coefficients = np.array(tables.low_pass(1000 * tables.HZ, 48000))
    memory, y = np.zeros((2, 2)), np.zeros_like(x)
    biquad(x[:, :128].copy(), coefficients, memory, first := np.zeros((2, 128)))
    biquad(x[:, 128:].copy(), coefficients, memory, second := np.zeros((2, 172)))
    for n in range(300):
        y[:, n] = b0 * x[:, n]
        if n > 0:
            y[:, n] += b1 * x[:, n - 1] - a1 * y[:, n - 1]
        if n > 1:
            y[:, n] += b2 * x[:, n - 2] - a2 * y[:, n - 2]
    np.testing.assert_allclose(np.hstack((first, second)), y, atol=1e-12)


def test_hear_measures_levels_and_forgets_tiny_memory():
    samples = np.zeros((256, 2), dtype=np.int32)
    samples[:, 0] = 4194304  # half of full scale, left only
    coefficients = np.array(
        [
            *tables.k_weighting(48000),
            tables.low_pass(120 * tables.HZ, 48000),
            tables.band_pass(900 * tables.HZ, 0.5, 48000),
            tables.high_pass(5000 * tables.HZ, 48000),
        ]
    )
    memory, history = np.zeros((5, 2, 2)), np.zeros((2, 2048), dtype=np.float32)
    blocks, parts, levels = np.zeros((4, 2, 256)), np.zeros((4, 4)), np.zeros(3)
    hear(samples, coefficients, memory, history, blocks, parts, levels)
    assert levels[0] == pytest.approx(0.125)
    assert levels[1] == 0.5
    assert history[0, -256:].tolist() == [0.5] * 256
    assert not history[1].any()
    np.testing.assert_allclose(parts[0], 0.125)
    for _ in range(2000):
        hear(0 * samples, coefficients, memory, history, blocks, parts, levels)
    assert not memory.any()


@pytest.mark.parametrize(
    ("rate", "hop"),
    [
        (8000, 64),
        (16000, 128),
        (32000, 256),
        (44100, 256),
        (48000, 256),
        (88200, 512),
        (96000, 512),
        (192000, 1024),
    ],
)
def test_hop(rate, hop):
    assert hop_of(rate) == hop


def test_advance_is_a_hidden_markov_model():
    """Two tempi of 3 and 4 frames, against the matrix form."""
    intervals, begins = np.array([3, 4]), np.array([0, 3])
    classes = np.array([0, 1, 1, 0, 1, 1, 1], dtype=np.uint8)
    chance = np.array([[0.6, 0.3], [0.1, 0.05]])
    table = np.stack((np.log2(chance), np.log2(1 - chance)), axis=1)
    transition = np.array([[0.8, 0.2], [0.3, 0.7]])
    rng = np.random.default_rng(4)
    states = rng.uniform(size=7)
    states /= states.sum()
    prior, evidence = np.array([0.2, 0.1]), np.array([0.7, 0.2])
    move = np.zeros((7, 7))
    for m in range(2):
        for i in range(intervals[m] - 1):
            move[begins[m] + i, begins[m] + i + 1] = 1
        for k in range(2):
            move[begins[m] + intervals[m] - 1, begins[k]] = transition[m, k]
    likelihood = np.prod(chance**evidence * (1 - chance) ** (1 - evidence), axis=1)
    expected = (0.9 * states @ move + 0.1 * np.repeat(prior, intervals)) * likelihood[classes]
    expected /= expected.sum()
    mass = np.zeros(2)
    advance(
        states, np.zeros(7), intervals, begins, classes, table, evidence, 1.0, transition, prior, 0.1, mass
    )
    np.testing.assert_allclose(states, expected, rtol=1e-9)
    np.testing.assert_allclose(mass, [expected[:3].sum(), expected[3:].sum()], rtol=1e-9)
