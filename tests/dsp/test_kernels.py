"""Kernels agree with slow, straightforward references."""

from __future__ import annotations

import numpy as np
import pytest

from dsp import tables
from dsp.hop import hop_of
from dsp.kernels.approx import exp2, log2
from dsp.kernels.filters import biquad, hear
from dsp.kernels.frames import octaves, window_power


def test_log2_and_exp2_keep_their_promise():
    rng = np.random.default_rng(7)
    for x in rng.uniform(-300, 300, 3000):
        value = float(np.exp2(x))
        assert abs(log2(value) - np.log2(value)) < 2e-10
        assert abs(exp2(x) / value - 1) < 2e-11
    assert log2(1.0) == 0.0
    assert exp2(0.0) == 1.0
    assert log2(0.0) == log2(-3.0) == log2(float("nan")) == -1022.0


@pytest.mark.parametrize(("size", "width"), [(512, 512), (2048, 1881), (4096, 4096)])
def test_window_power_is_the_sum_of_two_real_transforms(size, width):
    signal = np.random.default_rng(size).normal(size=(2, width + 100)).astype(np.float32)
    window, _ = tables.late_window(width)
    power = np.zeros(size // 2, dtype=np.float32)
    work = np.zeros((2, 2, size), dtype=np.float32)
    window_power(signal, 60, window, np.stack(tables.twiddles(size)), work, 0.25, power)
    shown = signal[:, 60 : 60 + width].astype(np.float64) * window
    expected = 0.25 * (np.abs(np.fft.rfft(shown, size, axis=1)) ** 2).sum(0)
    assert np.abs(power - expected[: size // 2]).max() < 1e-6 * expected.max()


def test_antiphase_counts_in_full():
    size = 512
    left = np.random.default_rng(1).normal(size=size).astype(np.float32)
    window, _ = tables.late_window(size)
    twiddle, work = np.stack(tables.twiddles(size)), np.zeros((2, 2, size), dtype=np.float32)
    powers = []
    for right in (left, -left):
        power = np.zeros(size // 2, dtype=np.float32)
        window_power(np.stack((left, right)), 0, window, twiddle, work, 1.0, power)
        powers.append(power)
    np.testing.assert_allclose(powers[0], powers[1], rtol=1e-3, atol=1e-4)


def test_octaves_are_base_two_logarithms():
    power = np.float32(10) ** np.random.default_rng(3).uniform(-13, 3, 4000).astype(np.float32)
    level = np.zeros_like(power)
    octaves(power, level)
    np.testing.assert_allclose(level, np.log2(power.astype(np.float64)), atol=5e-6)
    octaves(np.zeros(4, dtype=np.float32), level[:4])
    assert level[:4].tolist() == [-45.0] * 4


def test_biquad_is_the_difference_equation():
    rng = np.random.default_rng(2)
    x = rng.normal(size=(2, 300))
    b0, b1, b2, a1, a2 = coefficients = np.array(tables.low_pass(1000 * tables.HZ, 48000))
    memory, got, y = (0.0, 0.0, 0.0, 0.0), [], np.zeros_like(x)
    for left, right in x.T.tolist():
        u, v, memory = biquad(tuple(coefficients.tolist()), left, right, memory)
        got.append((u, v))
    for n in range(300):
        y[:, n] = b0 * x[:, n]
        if n > 0:
            y[:, n] += b1 * x[:, n - 1] - a1 * y[:, n - 1]
        if n > 1:
            y[:, n] += b2 * x[:, n - 2] - a2 * y[:, n - 2]
    np.testing.assert_allclose(np.array(got).T, y, atol=1e-12)


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
    parts, levels = np.zeros((4, 4)), np.zeros(5)
    hear(samples, coefficients, memory, history, parts, levels)
    assert levels[0] == pytest.approx(0.125)
    assert levels[1] == 0.5
    assert history[0, -256:].tolist() == [0.5] * 256
    assert not history[1].any()
    np.testing.assert_allclose(parts[0], 0.125)
    for _ in range(2000):
        hear(0 * samples, coefficients, memory, history, parts, levels)
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
