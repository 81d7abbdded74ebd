"""Tables agree with the mathematics they stand for."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from dsp import tables


def test_sin_cos_are_within_an_ulp_in_all_quarters():
    for numerator in range(-40, 81):
        s, c = tables.sin_cos(numerator, 40)
        assert s == pytest.approx(math.sin(2 * math.pi * numerator / 40), abs=4e-15)
        assert c == pytest.approx(math.cos(2 * math.pi * numerator / 40), abs=4e-15)
    assert tables.sin_cos(1, 4) == (1.0, 0.0)


@pytest.mark.parametrize("x", [0, 1e-6, 0.3, 1.0, 5.5, 40.0])
def test_exp_minus(x):
    assert tables.exp_minus(round(x * 1e6), 10**6) == pytest.approx(math.exp(-x), rel=1e-12)


def test_twiddles_lie_on_the_unit_circle_in_order():
    re, im = tables.twiddles(64)
    expected = np.exp(-2j * np.pi * np.arange(64) / 64)
    assert np.abs(re + 1j * im - expected).max() < 1e-7


def test_window_peaks_late_and_its_sum_is_returned():
    window, total = tables.late_window(2048)
    assert abs(int(window.argmax()) - 1536) <= 1
    assert total == pytest.approx(float(window.astype(np.float64).sum()), rel=1e-9)
    assert window.min() > 0.0


def test_band_edges_have_one_ratio():
    edges = np.array(tables.band_edges(30, 16000, 6)) / tables.HZ
    assert len(edges) == 65
    assert edges[0] == 30
    assert edges[-1] == pytest.approx(16000, abs=0.01)
    assert np.ptp(edges[1:] / edges[:-1]) < 1e-5


def test_bin_ranges_are_empty_above_nyquist_and_never_empty_below():
    edges = tables.band_edges(30, 16000, 6)
    ranges = tables.bin_ranges(list(itertools.pairwise(edges)), 512, 8000)
    for (first, last), low in zip(ranges, edges, strict=False):
        if low < 3900 * tables.HZ:
            assert 0 <= first < last <= 256
        if low > 4000 * tables.HZ:
            assert (first, last) == (0, 0)


def test_k_weighting_is_the_one_of_the_standard_at_48_khz():
    shelf, rumble = tables.k_weighting(48000)
    # ITU-R BS.1770-5, tables 1 and 2.
    assert shelf == pytest.approx(
        [1.53512485958697, -2.69169618940638, 1.19839281085285, -1.69065929318241, 0.73248077421585], abs=1e-6
    )
    assert rumble == pytest.approx([1.0, -2.0, 1.0, -1.99004745483398, 0.99007225036621], abs=1e-6)


def gain_db(filter_: list[float], hz: float, rate: int) -> float:
    z = np.exp(-2j * np.pi * hz / rate)
    b0, b1, b2, a1, a2 = filter_
    return float(20 * np.log10(abs((b0 + b1 * z + b2 * z * z) / (1 + a1 * z + a2 * z * z))))


@pytest.mark.parametrize("rate", [8000, 44100, 48000, 96000, 192000])
def test_filters_cut_where_they_say(rate):
    assert gain_db(tables.low_pass(120 * tables.HZ, rate), 120, rate) == pytest.approx(-3.01, abs=0.01)
    assert gain_db(tables.band_pass(900 * tables.HZ, 0.5, rate), 900, rate) == pytest.approx(0, abs=0.01)
    edge = min(5000, 0.45 * rate)
    assert gain_db(tables.high_pass(5000 * tables.HZ, rate), edge, rate) == pytest.approx(-3.01, abs=0.01)
