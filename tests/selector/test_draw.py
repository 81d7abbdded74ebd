"""The generator against published outputs, its draws against their distribution."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from selector.draw import STREAM_PICK, mulhi, permutation, splitmix64, u64


def test_splitmix64_gives_its_published_outputs():
    # Seed 1234567: the vector printed with the reference implementations of SplitMix64.
    assert [splitmix64(1234567, n) for n in range(5)] == [
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
        4593380528125082431,
        16408922859458223821,
    ]


def test_streams_and_seeds_do_not_share_numbers():
    seen = {u64(seed, stream, n) for seed in range(5) for stream in range(5) for n in range(200)}
    assert len(seen) == 5 * 5 * 200


def test_draws_follow_the_weights():
    weights = np.array([1, 0, 5, 10, 100, 3, 81, 0], dtype=np.int64) * 1_000_003
    total, count = int(weights.sum()), 40_000
    ends, hits = np.cumsum(weights), np.zeros(len(weights))
    for n in range(count):
        hits[np.searchsorted(ends, mulhi(u64(42, STREAM_PICK, n), total), side="right")] += 1
    assert hits[weights == 0].sum() == 0
    expected = weights[weights > 0] * (count / total)
    chi2 = float((((hits[weights > 0] - expected) ** 2) / expected).sum())
    assert chi2 < 20.5  # 5 degrees of freedom, one in a thousand


@given(st.integers(0, 2**64 - 1), st.integers(1, 2**62))
def test_mulhi_stays_below_the_total(bits, total):
    assert 0 <= mulhi(bits, total) < total


@pytest.mark.parametrize("n", [1, 2, 3, 4, 31, 100])
@pytest.mark.parametrize("seed", [0, 1, 2**63 + 5])
def test_every_cycle_holds_all_and_seams_do_not_repeat(n, seed):
    previous = None
    for cycle in range(60):
        order = permutation(seed, cycle, n).tolist()
        assert sorted(order) == list(range(n))
        if previous is not None and n > 1:
            assert order[0] != previous
        previous = order[-1]


def test_orders_are_fresh_and_their_firsts_uniform():
    orders = [tuple(permutation(9, cycle, 6).tolist()) for cycle in range(3000)]
    assert len(set(orders)) > 600
    firsts = np.bincount([o[0] for o in orders], minlength=6)
    assert float((((firsts - 500.0) ** 2) / 500.0).sum()) < 20.5
