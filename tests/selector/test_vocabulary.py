"""One table, one reader: every way in says and refuses the same."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selector.vocabulary import VERBS, Command, CommandError, Released, parse

TRIGGERS = [v.name for v in VERBS if v.arg == "trigger"]


@pytest.mark.parametrize("verb", TRIGGERS)
def test_triggers_fire_on_press_and_ignore_release(verb):
    for pressed in ([], [None], [1], [1.0], [True], ["1"], [0.01]):
        command = parse(verb, pressed)
        assert isinstance(command, Command)
        assert command.arg is None
    for released in ([0], [0.0], [False], ["0"], [-1]):
        assert parse(verb, released) == Released(verb)
    assert isinstance(parse(verb, ["later"]), CommandError)


@pytest.mark.parametrize("verb", ["hold", "blackout"])
def test_bools_set_or_toggle(verb):
    assert parse(verb).arg is None
    assert [parse(verb, [a]).arg for a in (1, 0.0, True, "off", "ON", "0")] == [
        True,
        False,
        True,
        False,
        True,
        False,
    ]
    assert isinstance(parse(verb, ["perhaps"]), CommandError)


def test_floats_are_clamped_and_never_strange():
    assert [parse("energy", [a]).arg for a in (0.25, 7, "-3", "0.5")] == [0.25, 1.0, -1.0, 0.5]
    assert parse("sensitivity", [100]) == Command("sensitivity", 24.0, "dsp")
    for bad in ([], [True], ["loud"], [math.nan], [math.inf], ["inf"]):
        assert isinstance(parse("energy", bad), CommandError)


def test_choices_and_names():
    assert parse("mode", ["shuffle"]) == Command("mode", "shuffle")
    assert "weighted, random, shuffle, public_v0" in parse("mode", ["best"]).sentence
    assert [parse("pair", [a]).arg for a in (12, 12.0, "12", " demo:12 ")] == ["12", "12", "12", "demo:12"]
    for bad in ([], [True], ["  "], [math.nan], ["x" * 300]):
        assert isinstance(parse("preset", bad), CommandError)


def test_ban_tells_buttons_from_names():
    assert parse("ban") == Command("ban")
    assert parse("ban", [1.0]) == parse("ban", [True]) == Command("ban")
    assert parse("ban", [0.0]) == Released("ban")
    assert parse("ban", [1]) == Command("ban", "1")
    assert parse("ban", [12.0]) == Command("ban", "12")


def test_unknown_verbs_and_too_many_arguments_are_explained():
    assert "use one of next, back" in parse("explode").sentence
    assert "at most one argument" in parse("next", [1, 2]).sentence


def test_the_analyser_owns_its_verbs():
    heard = {"tap", "downbeat", "nudge", "half", "double", "sensitivity"}
    assert {v.name for v in VERBS if v.owner == "dsp"} == heard
    assert len({v.name for v in VERBS}) == len(VERBS)
    assert all(v.what.endswith(".") for v in VERBS)
    assert all(v.low < v.high for v in VERBS if v.arg == "float")


@given(
    st.sampled_from([v.name for v in VERBS] + ["", "NEXT"]),
    st.lists(
        st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=400)), max_size=3
    ),
)
def test_nothing_breaks_the_reader(verb, raw):
    result = parse(verb, raw)
    if isinstance(result, CommandError):
        assert result.sentence.endswith(".")
        assert len(result.sentence) < 300
    elif isinstance(result, Command):
        assert result.arg is None or isinstance(result.arg, bool | float | str)
