"""Down the ladder at once, up only with patience, and back by itself."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsp.ladder import BY_EAR, WORDS, Ladder, Rung

HOLD = 100
RUNGS = list(range(len(WORDS)))


def good(*rungs: int) -> list[bool]:
    return [rung in rungs for rung in RUNGS]


def test_nothing_is_called_audio() -> None:
    ladder = Ladder(HOLD, clock_first=False)
    assert not ladder.step(0, good())
    assert ladder.word == "audio"


@pytest.mark.parametrize("first", RUNGS)
def test_each_step_is_taken_and_left(first: int) -> None:
    """From every rung it falls at once to each lower one, and comes back after the hold, not before."""
    for second in RUNGS[first + 1 :]:
        ladder = Ladder(HOLD, clock_first=False)
        ladder.step(0, good(first))
        assert (ladder.rung, ladder.word) == (first, WORDS[first])
        ladder.step(10, good(second))
        assert ladder.rung == second
        ladder.step(20, good(first, second))
        at_once = first == Rung.TAP or (first in BY_EAR and second in BY_EAR)
        assert (ladder.rung == first) == at_once
        if not at_once:
            ladder.step(20 + HOLD - 1, good(first, second))
            assert ladder.rung == second
            ladder.step(20 + HOLD, good(first, second))
            assert ladder.rung == first


def test_a_flickering_source_is_not_taken() -> None:
    ladder = Ladder(HOLD, clock_first=False)
    ladder.step(0, good(Rung.LINK))
    for now in range(1, 2000):
        ladder.step(now, good(Rung.LINK, Rung.AUDIO) if now % (HOLD - 1) else good(Rung.LINK))
        assert ladder.word == "link"


def test_a_clock_may_go_first() -> None:
    ladder = Ladder(HOLD, clock_first=True)
    ladder.step(0, good(Rung.AUDIO))
    for now in range(1, HOLD + 2):
        ladder.step(now, good(Rung.AUDIO, Rung.MIDI))
    assert ladder.word == "midi"
    ladder.step(HOLD + 2, good(Rung.AUDIO))
    assert ladder.word == "audio"


@given(st.booleans(), st.lists(st.tuples(st.integers(1, 150), st.sets(st.sampled_from(RUNGS))), max_size=60))
def test_what_is_in_force_is_good_and_the_best_that_held(
    clock_first: bool, story: list[tuple[int, set[int]]]
) -> None:
    ladder, now = Ladder(HOLD, clock_first=clock_first), 0
    held: dict[int, int] = {}
    for wait, rungs in story:
        now += wait
        held = {rung: held.get(rung, now) for rung in rungs}
        ladder.step(now, good(*rungs))
        if not rungs:
            assert ladder.rung == Rung.HEARD
            continue
        assert ladder.rung in rungs
        order = RUNGS
        if clock_first:
            order = [*order[1:4], order[0], *order[4:]]
        better = order[: order.index(ladder.rung)]
        assert not [rung for rung in better if rung in rungs and now - held[rung] >= HOLD]
