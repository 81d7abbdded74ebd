"""What the operator wants lasts as long as it should, is known by name, and wins where it must."""

from __future__ import annotations

from itertools import product

import msgspec
import pytest
from band import LOUD, RATE, Band, make_catalog, make_selector, make_table
from hypothesis import given
from hypothesis import strategies as st

from selector.authority import may
from selector.catalog import Catalog, Item, Pack, Row, Table
from selector.events import Activate, CommandDone, PickLogged, ResumeState
from selector.fixedpoint import MICRO
from selector.liking import HIGH, LOW, Liking
from selector.vocabulary import Command


def of(events, kind):
    return [e for e in events if isinstance(e, kind)]


def item(number: int) -> Item:
    return Item("pair", "demo", number)


# -- who wins -----------------------------------------------------------------------------------


def test_the_rule_of_who_wins():
    order = ("automatic", "cues", "operator")
    for by, against in product(order, order):
        assert may(by, held=False, against=against) == (order.index(by) >= order.index(against))
        assert may(by, held=True, against=against) == (by == "operator")
    assert all(may(by, held=False) for by in order)


# -- more and less ------------------------------------------------------------------------------


changes = st.lists(
    st.one_of(
        st.tuples(st.just("change"), st.integers(0, 9), st.sampled_from([-1, 1])),
        st.tuples(st.just("rate"), st.integers(0, 9), st.integers(0, 5)),
        st.tuples(st.just("undo"), st.just(0), st.just(0)),
    ),
    max_size=60,
)


@given(changes)
def test_likings_stay_within_their_bounds_and_undo_goes_all_the_way_back(script):
    table, liking, states = make_table(10), Liking(), [()]
    for what, number, value in script:
        if what == "undo":
            if len(states) > 1:
                states.pop()
            liking.undo()
        else:
            getattr(liking, what)(item(number), value)
            states.append(None)
        assert all(LOW <= entry.steps <= HIGH for entry in liking.liked)
        assert all(MICRO // 8 <= share <= 2 * MICRO for share in liking.factors(table).values())
    while liking.undo() is not None:
        pass
    assert liking.liked == ()
    assert liking.factors(table) == {}


def test_kin_share_some_of_it():
    rows = [
        Row(ident=1, fg_url="a", bg_url="b"),
        Row(ident=2, fg_url="b", bg_url="c"),
        Row(ident=3, fg_url="d", bg_url="e", family="x"),
        Row(ident=4, fg_url="f", bg_url="g", family="x"),
        Row(ident=5, fg_url="h", bg_url="i"),
    ]
    table, liking = Table("pair", "demo", rows), Liking()
    liking.change(item(1), 1)
    liking.change(item(3), -1)
    factors = liking.factors(table)
    assert factors[0] > factors[1] > MICRO > factors[3] > factors[2]
    assert 4 not in factors


def shown(selector, band, number):
    selector.command(Command("pair", str(number)), band.sample)
    selector.command(Command("next"), band.sample)
    band.play(selector, 1.5)


def test_more_and_less_are_in_the_records_and_move_the_draw():
    band, selector = Band(), make_selector()
    band.play(selector, 2.0)
    shown(selector, band, 3)
    for _ in range(3):
        done = of(selector.command(Command("less"), band.sample, "ws:control#1"), CommandDone)[0]
    assert done.message == "Less like demo:3 (-3)."
    assert [(e.id, e.steps) for e in selector.state.liked] == [("demo:3", -3)]
    shown(selector, band, 20)
    selector.command(Command("more", "demo:5"), band.sample)
    selector.command(Command("energy", -0.7), band.sample)  # so that it fits
    factors = {}
    for _ in range(60):
        selector.command(Command("next"), band.sample)
        for pick in of(band.play(selector, 1.2), PickLogged):
            record = pick.record
            for entry in ({"id": record["pair"], "factors": record["factors"]}, *record["runnersUp"]):
                factors.setdefault(entry["id"], set()).add(entry["factors"].get("rating", 1.0))
    assert factors[5] == {1.259921}
    assert factors.get(3, {0.125}) == {0.125}
    assert (
        of(selector.command(Command("undo"), band.sample), CommandDone)[0].message
        == "demo:5 is as it was (+0)."
    )


def test_stars():
    band, selector = Band(), make_selector()
    band.play(selector, 2.0)
    key = next(iter(selector.resume_state().history)).key
    for stars, steps in ((1.0, -3), (2.0, -1), (3.0, None), (4.0, 2), (5.0, 3), (0.0, None)):
        selector.command(Command("rate", stars), band.sample)
        assert [(e.id, e.steps) for e in selector.state.liked] == ([] if steps is None else [(key, steps)])


@pytest.mark.parametrize("verb", ["more", "less", "undo"])
def test_what_cannot_be_liked_is_said(verb):
    selector = make_selector()
    done = of(selector.command(Command(verb), 0), CommandDone)[0]
    assert not done.ok


# -- wishes that end ----------------------------------------------------------------------------


def test_calm_for_two_minutes_is_calm_and_ends_by_itself():
    band = Band(msgspec.structs.replace(LOUD, energy01=0.88, energy_slow01=0.88, accent01=1.0), hop=1024)
    selector = make_selector()
    band.play(selector, 3.0)
    selector.command(Command("rest", 2.0), band.sample, "ws:control#1")
    intent = selector.state.intents[0]
    assert (intent.name, intent.owner) == ("rest", "ws:control#1")
    assert intent.until_sample == band.sample + 120 * RATE
    picks = [e.record for e in of(band.play(selector, 119.0), PickLogged)]
    assert picks[0]["reason"] == "command:rest"
    assert len(picks) >= 3
    assert all(p["intensity01"] <= 0.25 for p in picks)
    after = [e.record for e in of(band.play(selector, 60.0), PickLogged)]
    assert selector.state.intents == ()
    assert max(p["intensity01"] for p in after) > 0.5


def test_a_hold_until_the_drop_ends_with_the_drop():
    band, selector = Band(), make_selector()
    band.play(selector, 12.0)
    selector.command(Command("untildrop", True), band.sample)
    assert not of(band.play(selector, 60.0), Activate)
    snapshot, beats = band.hop()
    events = selector.step(snapshot, [band.change("drop"), *beats]) + band.play(selector, 3.0)
    assert [e.record["reason"] for e in of(events, PickLogged)] == ["section:drop"]
    assert len(of(events, Activate)) == 1
    assert not selector.state.until_drop
    assert of(band.play(selector, 60.0), Activate)


def test_a_hold_until_the_drop_ends_by_itself():
    band, selector = Band(hop=1024), make_selector()
    band.play(selector, 5.0)
    selector.command(Command("untildrop", True), band.sample)
    assert not of(band.play(selector, 299.0), Activate)
    assert of(band.play(selector, 10.0), Activate)


def test_a_plain_hold_outlasts_the_drop():
    band, selector = Band(), make_selector()
    band.play(selector, 12.0)
    for verb in ("untildrop", "hold"):
        selector.command(Command(verb, True), band.sample)
    snapshot, beats = band.hop()
    events = selector.step(snapshot, [band.change("drop"), *beats]) + band.play(selector, 10.0)
    assert not of(events, Activate)


def test_everything_outlives_a_restart():
    band, one = Band(), make_selector()
    band.play(one, 3.0)
    for verb, arg in (("more", None), ("rest", 5.0), ("untildrop", True), ("energy", 0.25)):
        one.command(Command(verb, arg), band.sample, "osc:pad")
    saved = msgspec.json.decode(msgspec.json.encode(one.resume_state()), type=ResumeState)
    two = make_selector(resume=saved)
    for name in ("liked", "until_drop", "energy_bias"):
        assert getattr(two.state, name) == getattr(one.state, name), name
    assert of(two.command(Command("undo"), band.sample), CommandDone)[0].ok


def test_likings_find_their_items_again_when_packs_change():
    table = make_table(6)
    liking = Liking()
    liking.change(item(2), 1)
    assert liking.factors(table) == {2: 1_259_921}
    smaller = Table("pair", "demo", table.rows[1:])
    assert liking.factors(smaller) == {1: 1_259_921}
    assert Catalog([Pack("demo", smaller, make_catalog().packs["demo"].presets)]).find(item(0)) is None
