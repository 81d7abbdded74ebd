"""Section by section: a drop fires on its downbeat, a build holds back, a breakdown calms."""

from __future__ import annotations

from itertools import pairwise

import msgspec
import pytest
from band import HOP, LOUD, QUIET, RATE, Band, make_selector
from hypothesis import given, settings
from hypothesis import strategies as st

from selector.events import Activate, Cancel, PickLogged, Prepare, StateChanged
from selector.settings import DirectorSettings, SelectorSettings
from selector.vocabulary import Command

BAR = 4 * 60.0 / 125.0


def of(events, kind):
    return [e for e in events if isinstance(e, kind)]


def reasons(events):
    return [e.record["reason"] for e in of(events, PickLogged)]


class Set:
    """A band and what the selector made of it."""

    def __init__(self, sound=LOUD, **limits: float) -> None:
        self.band = Band(sound)
        self.band.kicking = True
        self.band.now = msgspec.structs.replace(self.band.now, rms01=0.2)
        self.selector = make_selector(SelectorSettings(director=DirectorSettings(**limits)))
        self.events: list[object] = []

    def play(self, seconds: float) -> list[object]:
        start = len(self.events)
        self.events += self.band.play(self.selector, seconds)
        return self.events[start:]

    def section(self, name, *, kicking: bool, rms01: float, **sound: float) -> list[object]:
        change = self.band.change(name, rms01=rms01, **sound)
        self.band.kicking = kicking
        snapshot, events = self.band.hop()
        start = len(self.events)
        self.events += self.selector.step(snapshot, [change, *events])
        return self.events[start:]

    def to_downbeat(self) -> int:
        """Play up to the hop in which the next downbeat falls, without it. Returns its sample."""
        ahead = next((b for b in self.band.downbeats if b >= self.band.sample + HOP), None)
        while ahead is None or ahead >= self.band.sample + HOP:
            self.play(HOP / RATE + 1e-9)
            if ahead is None:
                ahead = next((b for b in self.band.downbeats if b >= self.band.sample + HOP), None)
        return ahead

    def say(self, verb, arg=None):
        self.events += self.selector.command(Command(verb, arg), self.band.sample)


def in_breakdown(**limits) -> Set:
    show = Set(**limits)
    show.play(16 * BAR)
    show.section("breakdown", kicking=False, rms01=0.08, energy01=0.5, energy_slow01=0.5)
    return show


def drop(show: Set) -> tuple[int, list[object]]:
    """Everything comes back on the next downbeat; the analyser says so 100 ms later."""
    downbeat = show.to_downbeat()
    show.band.kicking = True
    show.band.now = msgspec.structs.replace(show.band.now, rms01=0.2, energy01=0.85, energy_slow01=0.85)
    start = len(show.events)
    show.play(0.1)
    show.section("drop", kicking=True, rms01=0.2)
    show.play(3.0)
    return downbeat, show.events[start:]


def test_a_drop_fires_on_its_downbeat():
    show = in_breakdown()
    show.play(8 * BAR)
    show.section("build", kicking=False, rms01=0.1)
    show.play(6 * BAR)
    downbeat, events = drop(show)
    shown = of(events, Activate)
    assert [e.sample for e in shown] == [downbeat]
    assert shown[0].fade_sec == 0.0
    pick = next(p.record for p in of(show.events, PickLogged) if p.record["seq"] == shown[0].seq)
    assert pick["reason"] == "section:build"
    assert pick["intensity01"] >= 0.85
    assert pick["sample"] < downbeat - RATE  # it was loaded well before
    assert "section:drop" not in reasons(events)


def test_it_is_told_within_a_hop_and_a_half_of_the_hit():
    show = in_breakdown()
    show.play(8 * BAR)
    downbeat = show.to_downbeat()
    show.band.kicking = True
    show.band.now = msgspec.structs.replace(show.band.now, rms01=0.2)
    while not of(show.play(HOP / RATE + 1e-9), Activate):
        assert show.band.sample < downbeat + RATE
    assert show.band.sample - downbeat <= 1.5 * HOP


def test_the_breakdown_gets_a_calm_picture_and_keeps_to_calm_ones():
    show = in_breakdown(max_dwell_sec=20.0)
    shown = {e.seq for e in of(show.play(60.0), Activate)}
    picks = [p.record for p in of(show.events, PickLogged) if p.record["seq"] in shown]
    assert picks[0]["reason"] == "section:breakdown"
    assert len(picks) >= 3
    assert all(p["intensity01"] <= 0.25 for p in picks)


def test_a_build_holds_back():
    show = in_breakdown()
    show.play(4 * BAR)
    before = len(of(show.events, Activate))
    show.section("build", kicking=False, rms01=0.1)
    show.play(14 * BAR)  # louder music would long have changed
    assert len(of(show.events, Activate)) == before


def test_a_hold_during_the_build_wins():
    show = in_breakdown()
    show.play(8 * BAR)
    assert of(show.events, Prepare)[-1].fade_sec == 0.0  # it is armed
    show.say("hold", True)
    _, events = drop(show)
    assert not of(events, Activate)
    show.say("hold", False)
    assert not of(show.play(2.0), Activate)  # what was missed is not made up for


def test_kicks_without_a_rise_are_no_drop():
    show = in_breakdown()
    show.play(8 * BAR)
    show.band.kicking = True
    assert not of(show.play(4 * BAR), Activate)


def test_a_hit_off_the_downbeat_is_no_drop():
    show = in_breakdown()
    show.play(8 * BAR)
    show.to_downbeat()
    show.play(0.1)  # between the beats
    show.band.kicking = True
    show.band.now = msgspec.structs.replace(show.band.now, rms01=0.3)
    assert not of(show.play(0.5), Activate)


def test_without_a_drop_the_armed_picture_is_taken_back():
    show = in_breakdown()
    show.play(8 * BAR)
    armed = of(show.events, Prepare)[-1].seq
    events = show.section("groove", kicking=True, rms01=0.1) + show.play(0.1)
    assert Cancel(armed, "section:over") in of(events, Cancel)


def test_a_breakdown_that_is_over_before_it_was_answered_calls_for_nothing():
    show = Set()
    show.play(16 * BAR)
    events = show.section("breakdown", kicking=False, rms01=0.08)
    assert reasons(events) == ["section:breakdown"]
    events = show.section("groove", kicking=True, rms01=0.2) + show.play(4.0)
    assert [c.reason for c in of(events, Cancel)] == ["section:over"]
    assert not of(events, Activate)


def test_drops_that_follow_too_soon_are_not_answered():
    show = in_breakdown(drop_cooldown_sec=60.0)
    show.play(8 * BAR)
    drop(show)
    show.play(16.0)
    show.section("breakdown", kicking=False, rms01=0.08)
    show.play(6 * BAR)
    _, events = drop(show)
    assert "section:drop" not in reasons(events)
    assert not [e for e in of(events, Activate) if e.fade_sec == 0.0]


def test_silence_rests_and_the_return_wakes():
    show = Set()
    show.play(20.0)
    show.band.now = QUIET
    events = show.play(20.0)
    rest = [p.record for p in of(events, PickLogged) if p.record["reason"] == "silence"]
    assert len(rest) == 1
    assert rest[0]["intensity01"] <= 0.25
    assert rest[0]["mode"] == "weighted"
    show.band.now = LOUD
    events = show.play(12.0)
    assert reasons(events)[0] == "return"
    assert of(events, Activate)


def test_blinking_with_the_blackout_is_slowed_down():
    show = Set()
    show.play(5.0)
    start = len(show.events)
    for press in range(60):
        show.say("blackout", press % 2 == 0)
        show.play(0.05)
    show.play(1.0)
    times, black = [], False
    for event in of(show.events[start:], StateChanged):
        if event.state.blackout != black:
            black = event.state.blackout
            times.append(event.state)
    assert 2 <= len(times) <= 8
    assert not show.selector.state.blackout


def test_dwell_limits_of_a_section_hold():
    limits = {"dwell": {"groove": [10.0, 14.0]}}
    chosen = msgspec.convert({"director": limits}, SelectorSettings)
    band = Band()
    shown = of(band.play(make_selector(chosen), 120.0), Activate)
    gaps = [(b.sample - a.sample) / RATE for a, b in pairwise(shown)]
    assert len(gaps) >= 7
    assert all(10.0 <= gap <= 14.0 + 4.0 for gap in gaps)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 64), st.floats(80.0, 170.0), st.floats(0.0, 1.0))
def test_changes_that_nothing_calls_for_fall_on_the_quantum(quantum, bpm, accent):
    limits = DirectorSettings(bar_quantum=quantum, max_dwell_sec=60.0)
    sound = msgspec.structs.replace(LOUD, accent01=accent)
    band = Band(sound, bpm=bpm, hop=2048)
    events = band.play(make_selector(SelectorSettings(director=limits)), 200.0)
    bar = 4 * 60.0 * RATE / bpm
    for before, shown in pairwise(of(events, Activate)):
        assert shown.beat_count % 4 == 0
        if shown.bar_count % quantum:
            following = shown.sample + (-shown.bar_count % quantum) * bar
            assert following > before.sample + limits.max_dwell_sec * RATE


@pytest.mark.parametrize("gap", [4.0, 10.0])
def test_hard_cuts_that_come_too_soon_become_fades(gap):
    limits = {"fade_sec": 0.0, "hard_cut_gap_sec": gap}
    show = Set(**limits)
    for _ in range(40):
        show.say("next")
        show.play(1.2)
    shown = of(show.events, Activate)
    cuts = [e.sample for e in shown if e.fade_sec == 0.0]
    assert len(shown) > len(cuts) >= 3
    assert all(b - a >= gap * RATE for a, b in pairwise(cuts))
    assert {e.fade_sec for e in shown} == {0.0, 0.4}
