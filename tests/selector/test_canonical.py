"""Canonical JSON survives a round trip; the chain notices every change."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selector.canonical import GENESIS, HashChain, canonical, check

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(-1e9, 1e9)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text('abc"\\\n€', max_size=3), inner),
    max_leaves=12,
)


@given(VALUES)
def test_reading_and_writing_again_gives_the_same_bytes(value):
    once = canonical(value)
    assert canonical(json.loads(once)) == once


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1.0, "1"),
        (-0.0, "0"),
        (0.1, "0.1"),
        (1e-6, "0.000001"),
        (4e-7, "0"),
        (-0.25, "-0.25"),
        (-1e-6, "-0.000001"),
        (123456.789, "123456.789"),
        ({"b": [], "a": {}}, '{"a":{},"b":[]}'),
        ((1, True, None, "ä\n"), '[1,true,null,"ä\\n"]'),
    ],
)
def test_one_spelling(value, text):
    assert canonical(value).decode() == text


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1e10, {1: 2}, b"x", {"a": {3}}])
def test_what_has_no_spelling_is_refused(value):
    with pytest.raises(ValueError):
        canonical(value)


def lines() -> list[bytes]:
    chain = HashChain()
    return [canonical(chain.seal({"seq": i, "x": i / 7})) for i in range(5)]


def test_a_whole_chain_holds_and_starts_with_zeros():
    assert check(lines()) is None
    assert json.loads(lines()[0])["prev"] == GENESIS == "0" * 64
    assert check([line.decode() + "\n" for line in lines()]) is None


def test_a_chain_goes_on_where_another_ended():
    first = lines()
    chain = HashChain(json.loads(first[-1])["hash"])
    assert check([*first, canonical(chain.seal({"seq": 5}))]) is None


@pytest.mark.parametrize("bad", range(5))
def test_any_changed_dropped_or_rewritten_line_is_found(bad):
    changed = lines()
    changed[bad] = changed[bad].replace(b'"seq":', b'"seq":1')
    assert check(changed) == bad
    spaced = lines()
    spaced[bad] = spaced[bad].replace(b",", b", ", 1)
    assert check(spaced) == bad
    torn = lines()
    torn[bad] = torn[bad][:-1]
    assert check(torn) == bad
    missing = lines()
    del missing[bad]
    assert check(missing) == (bad if bad < 4 else None)
