"""Weighing by strata gives what weighing entry by entry would, and draws and lists what it says."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from selector import weights
from selector.catalog import MOST_ENTRIES, Row, Table
from selector.draw import mulhi
from selector.errors import BadCatalog
from selector.fixedpoint import MICRO, MISSING
from selector.kernels.fit import bell, narrowness, ramp
from selector.kernels.weigh import upper
from selector.kin import MOST_MEMBERS, Aside, Kinship, Ladders, kinship
from selector.settings import SelectSettings
from selector.strata import STRATA, Strata, outcome
from selector.style import NONE, suits

S = SelectSettings()


def column(values) -> np.ndarray:
    return np.array(values, dtype=np.int64)


def moment(section="peak", intensity=500_000, shown=MISSING, style=NONE, band=NONE):
    """Dials as `Chooser` sets them."""
    dials = weights.dials(S)
    dials[0], dials[5], dials[9], dials[10] = intensity, shown, style, band
    dials[1], dials[3] = weights.limits(S)[section]
    return dials


def suit(strata, dials):
    strata.suit(dials, suits(S.style), S.sigma)


def aside_of(n, author=None, family=None, look=None):
    """Nothing set aside yet, with groups as given (MISSING for nobody's)."""
    rows = [Row(ident=i, fg_url="x") for i in range(n)]
    table = Table("pair", "p", rows)
    none = np.full(n, MISSING, dtype=np.int64)
    table.author, table.family = (none if c is None else column(c) for c in (author, family))
    kept = kinship(table)
    if look is not None:
        table.author, table.family = none, column(look)
        looks = kinship(table)
        first, end = int(kept.begin[-1]), len(kept.begin) - 1
        kin = kept.kin.copy()
        kin[:, 2] = np.where(
            looks.kin[:, 1] == len(looks.begin) - 1, end + len(looks.begin) - 1, looks.kin[:, 1] + end
        )
        kin[:, :2][kept.kin[:, :2] == end] = end + len(looks.begin) - 1
        kept = Kinship(
            kin,
            np.concatenate((kept.begin[:-1], looks.begin + first)),
            np.concatenate((kept.members, looks.members)),
            ("author", "family", "look"),
        )
    return Aside(kept, n)


def drawn(strata, aside, draw):
    """Index on which a draw from 0 up to the total falls."""
    total = outcome(aside)[1]
    bits = -(-draw * 2**64 // total)
    strata.draw(bits, aside)
    chosen, again, exactly, _ = outcome(aside)
    assert (again, exactly) == (total, draw)
    return chosen


def plainly(strata, worth, standing, aside, excluded, rating, explore):
    """Each weight by the formula of `weights.combine`, entry by entry."""
    found = []
    for i in range(len(worth)):
        factors = dict(zip(weights.FIT, strata.suiting(i), strict=True)) | aside.left(i)
        factors |= {"quality": int(worth[i]), "manifest": int(standing[i]), "explore": explore}
        factors |= {"banned": 0 if i in excluded else MICRO, "rating": rating.get(i, MICRO)}
        found.append(weights.combine(factors))
    return found


def some(n, *values):
    return st.lists(st.sampled_from(values), min_size=n, max_size=n)


entries = st.integers(1, 40).flatmap(
    lambda n: st.tuples(
        st.lists(st.one_of(st.just(MISSING), st.integers(0, MICRO)), min_size=n, max_size=n),
        st.lists(st.integers(0, MICRO), min_size=n, max_size=n),
        some(n, 0, MICRO, MICRO, 2 * MICRO, 333_333),
        some(n, 0, 1, 2, NONE),
        some(n, 0, 1, 2, NONE),
        st.tuples(*(some(n, MISSING, 0, 1, 2, 3, 7) for _ in range(3))),
        st.lists(st.integers(0, n - 1), max_size=20),
        st.lists(st.integers(0, n - 1), max_size=3),
        st.dictionaries(
            st.integers(0, n - 1), st.sampled_from([125_000, 860_000, 1_080_000, 2 * MICRO]), max_size=5
        ),
    )
)


@settings(deadline=None)
@given(
    entries, st.sampled_from(["calm", "peak"]), st.integers(0, MICRO), st.integers(0, 3), st.integers(0, 3),
    st.integers(0, MICRO),
)  # fmt: skip
def test_it_is_the_formula_entry_by_entry(given_entries, section, intensity, style, band, at):
    strength, worth, standing, styles, bands, groups, recent, excluded, rating = given_entries
    n = len(worth)
    strength, worth, standing, styles, bands = map(column, (strength, worth, standing, styles, bands))
    strata, aside = Strata(strength, worth, standing, styles, bands), aside_of(n, *groups)
    dials = moment(section, intensity, 500_000, style, band)
    suit(strata, dials)
    ladders = Ladders.weighted(n, S)
    aside.put(0, list(range(n)), [], ladders)  # what was set aside before must not stay
    aside.put(recent[-1] if recent else None, recent, excluded, ladders, rating)
    strata.draw(0, aside)
    total = outcome(aside)[1]
    expected = plainly(strata, worth, standing, aside, excluded, rating, int(dials[8]))
    assert total == sum(expected)
    out = {i for i in {*excluded, *recent[-1:]} if standing[i]}
    assert outcome(aside)[3] == len(out)
    if total == 0:
        assert outcome(aside)[0] == -1
        return
    # The interval of an entry is as long as its weight: its first and last draw, and the one after it.
    counted = dict.fromkeys(range(n), 0)
    at_draw = 0
    while at_draw < total:
        index = drawn(strata, aside, at_draw)
        counted[index] += expected[index]
        at_draw += expected[index]
        assert drawn(strata, aside, min(at_draw, total) - 1) == index
    assert at_draw == total
    assert counted == dict(enumerate(expected))
    chosen = drawn(strata, aside, at * (total - 1) // MICRO)
    assert expected[chosen] > 0
    heavy = strata.others(aside, 5)
    rest = sorted((w for i, w in enumerate(expected) if i != chosen and w), reverse=True)
    assert [expected[i] for i in heavy] == rest[:5]
    assert chosen not in heavy


@settings(deadline=None)
@given(entries, st.integers(0, 2**64 - 1))
def test_from_one_group_alone_it_is_the_same_formula(given_entries, bits):
    strength, worth, standing, styles, bands, groups, recent, excluded, rating = given_entries
    n = len(worth)
    strength, worth, standing, styles, bands = map(column, (strength, worth, standing, styles, bands))
    strata, aside = Strata(strength, worth, standing, styles, bands), aside_of(n, *groups)
    dials = moment()
    suit(strata, dials)
    aside.put(recent[-1] if recent else None, recent, excluded, Ladders.weighted(n, S), rating)
    expected = plainly(strata, worth, standing, aside, excluded, rating, int(dials[8]))
    for group in range(len(aside.groups) - 1):
        begin = aside.kinship.begin[group]
        members = aside.kinship.members[begin : begin + aside.kinship.size(group)].tolist()
        others = strata.draw_among(group, bits, aside, 3)
        chosen, total, draw, out = outcome(aside)
        assert total == sum(expected[i] for i in members)
        assert out == sum(expected[i] == 0 for i in members)
        if total == 0:
            assert (chosen, others) == (-1, [])
            continue
        assert draw == mulhi(bits, total)
        before = 0
        for i in members:
            if before <= draw < before + expected[i]:
                assert chosen == i
            before += expected[i]
        rest = sorted((expected[i] for i in members if i != chosen and expected[i]), reverse=True)
        assert [expected[i] for i in others] == rest[:3]


@given(st.integers(0, 2**64 - 1), st.integers(0, 2**63 - 1))
def test_the_high_half_is_that_of_the_draw(bits, total):
    assert upper(bits, total) == mulhi(bits, total)


def test_kin_recover_along_their_ladders_and_a_group_of_one_is_none():
    aside = aside_of(6, author=[0, 0, 1, 1, 2, MISSING], family=[5, 6, 7, 5, 8, 9])
    aside.put(0, [2, 0], [], Ladders.weighted(6, S))
    left = [aside.left(i) for i in range(6)]
    assert [f["author"] for f in left] == [600_000, 600_000, 733_333, 733_333, MICRO, MICRO]
    assert [f["family"] for f in left] == [150_000, MICRO, MICRO, 150_000, MICRO, MICRO]
    assert "look" not in left[0]
    aside.put(None, [], [], Ladders.weighted(6, S))
    assert all(set(aside.left(i).values()) == {MICRO} for i in range(6))


def test_an_author_of_too_many_is_not_told_apart():
    n = MOST_MEMBERS + 3
    kept = kinship(
        Table("pair", "p", [Row(ident=i, fg_url="x", author="a" if i > 1 else "b") for i in range(n)])
    )
    assert kept.size(0) == 2
    assert len(kept.begin) == 2


def test_alike_are_the_nearest_in_luma_and_motion():
    rows = [Row(ident=i, fg_url="x", luma=1000 * (i % 32), motion=1000 * (i // 32)) for i in range(1024)]
    kept = kinship(Table("pair", "p", rows))
    assert kept.known == ("look",)
    sizes = [kept.size(g) for g in range(len(kept.begin) - 1)]
    assert 4 <= min(sizes) <= max(sizes) <= 16
    members = kept.members[kept.begin[0] : kept.begin[1]].tolist()
    assert max(i % 32 for i in members) < 4
    assert max(i // 32 for i in members) < 4


def test_many_strengths_are_rounded_and_few_are_not():
    few = Strata(column([0, 333_333, MICRO, MISSING]), column([MICRO] * 4), column([MICRO] * 4))
    assert few.strengths.tolist() == [MISSING, 0, 333_333, MICRO]
    n = 5000
    many = Strata(column(np.arange(n) * 200), column([MICRO] * n), column([MICRO] * n))
    assert len(many.strengths) == STRATA + 2
    suit(many, moment("peak", 700_000))
    assert abs(many.suiting(3500)[0] - MICRO) < 2_000
    assert all(
        abs(many.suiting(i)[0] - bell(200 * i - 700_000, narrowness(S.sigma))) < 24_000
        for i in range(0, n, 97)
    )


def test_an_unknown_strength_suits_every_moment():
    strata = Strata(column([MISSING]), column([MICRO]), column([MICRO]))
    suit(strata, moment("calm", 0, 0, 2, 2))
    assert strata.suiting(0) == (MICRO,) * 6


def test_more_entries_than_sums_have_room_for_are_refused():
    with pytest.raises(BadCatalog, match="split the pack"):
        Table("pair", "huge", [Row(ident=1, fg_url="x")] * (MOST_ENTRIES + 1))


def test_the_greatest_sum_fits():
    n = MOST_ENTRIES
    full = np.full(n, 4 * MICRO, dtype=np.int64)
    strata, aside = Strata(np.full(n, MISSING, dtype=np.int64), full, full), aside_of(n)
    strata.flatten(0)
    strata.draw(2**64 - 1, aside)
    assert outcome(aside) == (n - 1, n * 4 * MICRO * MICRO, n * 4 * MICRO * MICRO - 1, 0)
    aside.put(None, [], [0], Ladders.random())
    strata.draw(0, aside)
    assert outcome(aside) == (1, (n - 1) * 4 * MICRO * MICRO, 0, 1)


def test_the_bell_falls_to_61_percent_at_sigma():
    narrow = narrowness(0.18)
    assert [bell(d, narrow) for d in (0, 180_000, -180_000)] == [MICRO, 606_531, 606_531]
    d = np.arange(-MICRO, MICRO, 997)
    exact = np.exp(-((d / MICRO) ** 2) / (2 * 0.18**2)) * MICRO
    assert np.max(np.abs(np.array([bell(int(x), narrow) for x in d]) - exact)) <= 0.51


def test_the_ramp_is_straight():
    assert [ramp(v, 400, 200_000) for v in (-5, 0, 200, 400, 900)] == [
        200_000,
        200_000,
        600_000,
        MICRO,
        MICRO,
    ]
    assert ramp(0, 0, 200_000) == MICRO
