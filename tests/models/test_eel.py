"""EEL as MilkDrop's presets use it: what is read, what it computes, and what it cannot do."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.eel.machine import MOST_TURNS, Machine
from models.eel.parser import MOST_DEPTH, parse
from models.errors import CodeError


def value(text: str, **known: float) -> float:
    machine = Machine()
    machine.update(known.items())
    return machine.compile(text)()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 + 2 * 3", 7.0),
        ("(1 + 2) * 3", 9.0),
        ("2 ^ 3 ^ 1", 8.0),
        ("-2 ^ 2", -4.0),
        ("10 - 4 - 3", 3.0),
        ("7 / 0", 0.0),
        ("7 % 0", 0.0),
        ("7.9 % 4.2", 3.0),
        (".5 + 1.", 1.5),
        ("5 | 2", 7.0),
        ("6 & 3", 2.0),
        ("1 + 1 == 2 && 3 > 2", 1.0),
        ("0 || !0", 1.0),
        ("1 ? 2 : 3", 2.0),
        ("0 ? 2", 0.0),
        ("if(above(2, 1), 5, 6)", 5.0),
        ("if(equal(1, 1.000001), 5, 6)", 5.0),
        ("sqrt(-4)", 2.0),
        ("log(-1)", 0.0),
        ("asin(2)", 0.0),
        ("exp(100000)", 0.0),
        ("int(-2.7) + floor(-2.1)", -5.0),
        ("sign(-3) + bnot(0) + band(1, 0) + bor(1, 0)", 1.0),
        ("A = 3; a * a", 9.0),
        ("x = 2; x += 3; x *= 4; x", 20.0),
        ("// nothing\n/* at all */ 4", 4.0),
        ("exec2(a = 2, a + 1)", 3.0),
        ("megabuf(3) = 7; megabuf(3) + megabuf(4)", 7.0),
        ("m = 10; m[2] = 5; megabuf(12)", 5.0),
        ("assign(z, 4); z", 4.0),
        ("n = 0; loop(5, n = n + 1; n *= 2); n", 62.0),
        ("n = 0; while(exec2(n += 1, below(n, 7))); n", 7.0),
        ("$PI > 3.14 && $pi < 3.15", 1.0),
        ("min(1, 2) + max(3, 4) + sqr(3)", 14.0),
        ("", 0.0),
    ],
)
def test_computes(text, expected):
    assert value(text) == pytest.approx(expected)


@pytest.mark.parametrize(
    "text",
    [
        "1 +",
        "(1",
        "1)",
        "a b",
        "3 = 4",
        "nosuch(1)",
        "sin(1, 2)",
        "a = ;b",
        "@",
        "1;;,",
        "(" * (MOST_DEPTH + 9),
    ],
)
def test_what_is_no_eel_is_refused(text):
    with pytest.raises(CodeError):
        Machine().compile(text)


@given(st.text(alphabet="ab1.2+-*/%^|&=<>!?:;,()[] sinfloop", max_size=40))
def test_any_text_runs_or_is_refused(text):
    try:
        run = Machine().compile(text)
    except CodeError:
        return
    run()


def test_branches_that_are_not_taken_do_nothing():
    machine = Machine()
    machine.compile("if(0, a = 1, b = 2); 0 && exec2(c = 1, 1)")()
    assert (machine["a"], machine["b"], machine["c"]) == (0.0, 2.0, 0.0)


def test_loops_end():
    machine = Machine()
    endless = machine.compile("while(exec2(n += 1, 1)); loop(1000000, m += 1)")
    endless()
    assert (machine["n"], machine["m"]) == (MOST_TURNS, 0.0)
    machine.refill()
    machine.compile("loop(3, loop(1000000, m += 1))")()
    assert machine["m"] < MOST_TURNS


def test_runaway_numbers_become_nothing():
    assert value("x = 10 ^ 200; x = x * x; x") == 0.0
    assert value("megabuf(-5) = 1; megabuf(99999999) = 1; megabuf(-5) + megabuf(99999999)") == 0.0


def test_chance_follows_the_seed():
    first, again, other = (Machine(seed) for seed in (1, 1, 2))
    draws = [[m.compile("rand(100)")() for _ in range(20)] for m in (first, again, other)]
    assert draws[0] == draws[1] != draws[2]
    assert all(0.0 <= draw < 100.0 for draw in draws[0])
    assert 0.0 <= Machine().compile("rand(0)")() < 1.0


def test_pools_share_only_what_is_shared():
    shared: dict[int, float] = {}
    one, two = Machine(1, shared), Machine(2, shared)
    one.compile("gmegabuf(1) = 3; megabuf(1) = 4; a = 5")()
    assert two.compile("gmegabuf(1) + megabuf(1) + a")() == 3.0


def test_depth_is_bounded():
    assert parse("(" * 30 + "1" + ")" * 30).steps
