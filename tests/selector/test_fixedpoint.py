"""Polynomials against the mathematics, ranks against their definition."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from selector.fixedpoint import (
    MICRO,
    MISSING,
    exp2_neg,
    log2,
    power_micro,
    ranks_micro,
    to_micro,
)


def test_exp2_is_exact_to_a_trillionth():
    x = np.linspace(0.0, 40.0, 10_001)
    assert np.max(np.abs(exp2_neg(x) / 2.0**-x - 1.0)) < 1e-11
    assert exp2_neg(np.array([60.0, 1e300])).tolist() == [0.0, 0.0]


def test_log2_is_exact_to_a_trillionth():
    x = np.concatenate([np.linspace(1e-6, 4.0, 10_001), [1e-300, 1e300]])
    assert np.max(np.abs(log2(x) - np.log2(x))) < 1e-11


@given(st.floats(1e-6, 1.000001), st.floats(0.0, 16.0))
def test_power_matches_the_mathematics_to_a_millionth(base, exponent):
    assert abs(int(power_micro(np.array([base]), exponent)[0]) - base**exponent * MICRO) <= 1.0


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_has_no_micro_units(value):
    with pytest.raises(ValueError, match="finite"):
        to_micro(value)


def test_ties_share_the_middle_of_their_ranks():
    values = np.array([5, 1, 5, 9, MISSING, 5])
    assert ranks_micro(values).tolist() == [500_000, 0, 500_000, MICRO, MISSING, 500_000]


def test_one_value_and_equal_values_rank_in_the_middle():
    assert ranks_micro(np.array([3])).tolist() == [500_000]
    assert ranks_micro(np.array([3, 3, 3])).tolist() == [500_000] * 3
    assert ranks_micro(np.array([MISSING])).tolist() == [MISSING]


@given(st.lists(st.integers(-50, 50), min_size=2, max_size=40))
def test_ranks_follow_the_order_and_mirror(values):
    ranks = ranks_micro(np.array(values))
    mirrored = ranks_micro(-np.array(values))
    for a, ra, ma in zip(values, ranks, mirrored, strict=True):
        assert abs(int(ra) + int(ma) - MICRO) <= 1
        for b, rb in zip(values, ranks, strict=True):
            assert (a < b) == (ra < rb)
