"""Weighing by strata gives what weighing entry by entry would, and draws and lists what it says."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from selector import weights
from selector.catalog import MOST_ENTRIES, Row, Table
from selector.errors import BadCatalog
from selector.fixedpoint import MICRO, MISSING
from selector.kernels import bell, ramp
from selector.settings import SelectSettings
from selector.strata import STRATA, Strata

S = SelectSettings()


def column(values) -> np.ndarray:
    return np.array(values, dtype=np.int64)


def plainly(strata: Strata, worth, standing, rules, explore):
    """Each weight by the formula of `weights.combine`, entry by entry."""
    found = []
    for i in range(len(worth)):
        match, visible, strong, variety = strata.suiting(i)
        factors = {"match": match, "visible": visible, "tooStrong": strong, "variety": variety}
        factors |= {"quality": int(worth[i]), "manifest": int(standing[i]), "explore": explore}
        found.append(weights.combine(factors | {"repeat": rules.get(i, MICRO)}))
    return found


entries = st.integers(1, 60).flatmap(
    lambda n: st.tuples(
        st.lists(st.one_of(st.just(MISSING), st.integers(0, MICRO)), min_size=n, max_size=n),
        st.lists(st.integers(0, MICRO), min_size=n, max_size=n),
        st.lists(st.sampled_from([0, MICRO, MICRO, 2 * MICRO, 333_333]), min_size=n, max_size=n),
        st.dictionaries(st.integers(0, n - 1), st.sampled_from([0, 250_000, 999_999, 2 * MICRO])),
    )
)


@given(entries, st.sampled_from(["calm", "peak"]), st.integers(0, MICRO), st.integers(0, MICRO))
def test_it_is_the_formula_entry_by_entry(given_entries, section, intensity, at):
    strength, worth, standing, rules = (column(v) if isinstance(v, list) else v for v in given_entries)
    strata = Strata(strength, worth, standing)
    dials = weights.dials(S)
    weights.dial(dials, section, intensity, 500_000, S)
    strata.suit(dials, S.sigma)
    total = strata.weigh(rules)
    expected = plainly(strata, worth, standing, rules, int(dials[8]))
    assert total == sum(expected)
    if total == 0:
        return
    # The interval of an entry is as long as its weight: its first and last draw, and the one after it.
    chosen = strata.locate(at * (total - 1) // MICRO)
    assert expected[chosen] > 0
    counted = dict.fromkeys(range(len(worth)), 0)
    at_draw = 0
    while at_draw < total:
        index = strata.locate(at_draw)
        counted[index] += expected[index]
        at_draw += expected[index]
        assert strata.locate(min(at_draw, total) - 1) == index
    assert at_draw == total
    assert counted == dict(enumerate(expected))
    heavy = strata.others(chosen, 5)
    rest = sorted((w for i, w in enumerate(expected) if i != chosen and w), reverse=True)
    assert [expected[i] for i in heavy] == rest[:5]
    assert chosen not in heavy


def test_many_strengths_are_rounded_and_few_are_not():
    few = Strata(column([0, 333_333, MICRO, MISSING]), column([MICRO] * 4), column([MICRO] * 4))
    assert few.strengths.tolist() == [MISSING, 0, 333_333, MICRO]
    n = 5000
    many = Strata(column(np.arange(n) * 200), column([MICRO] * n), column([MICRO] * n))
    assert len(many.strengths) == STRATA + 2
    dials = weights.dials(S)
    weights.dial(dials, "peak", 700_000, None, S)
    many.suit(dials, S.sigma)
    assert abs(many.suiting(3500)[0] - MICRO) < 2_000
    assert all(abs(many.suiting(i)[0] - bell(200 * i - 700_000, S.sigma)) < 16_000 for i in range(0, n, 97))


def test_an_unknown_strength_suits_every_moment():
    strata = Strata(column([MISSING]), column([MICRO]), column([MICRO]))
    dials = weights.dials(S)
    weights.dial(dials, "calm", 0, 0, S)
    strata.suit(dials, S.sigma)
    assert strata.suiting(0) == (MICRO,) * 4


def test_more_entries_than_sums_have_room_for_are_refused():
    with pytest.raises(BadCatalog, match="split the pack"):
        Table("pair", "huge", [Row(ident=1, fg_url="x")] * (MOST_ENTRIES + 1))


def test_the_greatest_sum_fits():
    n = MOST_ENTRIES
    full = np.full(n, 4 * MICRO, dtype=np.int64)
    strata = Strata(np.full(n, MISSING, dtype=np.int64), full, full)
    strata.flatten(0)
    assert strata.weigh({}) == n * 4 * MICRO * MICRO
    assert strata.weigh({0: 0}) == (n - 1) * 4 * MICRO * MICRO


def test_the_bell_falls_to_61_percent_at_sigma():
    assert [bell(d, 0.18) for d in (0, 180_000, -180_000)] == [MICRO, 606_531, 606_531]
    d = np.arange(-MICRO, MICRO, 997)
    exact = np.exp(-((d / MICRO) ** 2) / (2 * 0.18**2)) * MICRO
    assert np.max(np.abs(np.array([bell(int(x), 0.18) for x in d]) - exact)) <= 0.51


def test_the_ramp_is_straight():
    assert [ramp(v, 400, 200_000) for v in (-5, 0, 200, 400, 900)] == [
        200_000,
        200_000,
        600_000,
        MICRO,
        MICRO,
    ]
    assert ramp(0, 0, 200_000) == MICRO
