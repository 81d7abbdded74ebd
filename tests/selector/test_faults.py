"""A broken browser is told from a broken picture; what the audience cannot see is replaced in time."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import msgspec
from band import RATE, Band, make_catalog, make_selector
from hypothesis import given, settings
from hypothesis import strategies as st

from selector.catalog import Item
from selector.events import Ack, Activate, Cancel, OutcomeLogged, PickLogged, Prepare, Report, ResumeState
from selector.faults import Faults
from selector.selector import Selector
from selector.settings import LoopSettings, SelectorSettings
from selector.vocabulary import Command


def item(number: int) -> Item:
    return Item("pair", "demo", number)


def faults() -> Faults:
    return Faults(3, 1000)


def test_alone_and_unproven_nothing_is_known():
    assert faults().bad("a", item(1), "x", 0) == "alone"


def test_alone_but_proven_its_word_counts():
    ledger = faults()
    assert ledger.good("a", item(1), 0) == ()
    assert ledger.bad("a", item(2), "x", 1) == "picture"


def test_what_failed_before_anything_went_well_counts_once_something_does():
    ledger = faults()
    ledger.bad("a", item(1), "link", 0)
    assert [f.item for f in ledger.good("a", item(2), 1)] == [item(1)]


def test_a_picture_that_others_show_is_not_to_blame():
    ledger = faults()
    ledger.good("a", item(1), 0)
    ledger.good("b", item(2), 0)
    assert ledger.bad("a", item(2), "x", 1) == "browser"


def test_others_are_waited_for_and_two_agree():
    ledger = faults()
    for client in "ab":
        ledger.good(client, item(1), 0)
    assert ledger.bad("a", item(2), "x", 1) == "open"
    assert ledger.bad("b", item(2), "x", 2) == "picture"


def test_one_that_fails_everything_is_not_believed_until_it_shows_something():
    ledger = faults()
    ledger.good("a", item(0), 0)
    verdicts = [ledger.bad("a", item(n), "x", n) for n in (1, 2, 3, 4)]
    assert verdicts == ["picture", "picture", "browser", "browser"]
    assert ledger.suspects(4) == ["a"]
    assert ledger.good("a", item(9), 5) == ()
    assert ledger.suspects(5) == []
    assert ledger.bad("a", item(2), "x", 6) == "picture"


def test_those_that_are_gone_are_not_asked():
    ledger = faults()
    ledger.good("b", item(1), 0)
    ledger.good("a", item(1), 5000)
    assert ledger.bad("a", item(2), "x", 5001) == "picture"


# -- the loop -----------------------------------------------------------------------------------


class Stages:
    """Browsers that answer what a selector says. `works(client, seq, key)` says whether one can show it."""

    def __init__(self, selector: Selector, band: Band, works: dict[str, Callable[[int, str], bool]]) -> None:
        self.selector = selector
        self.band = band
        self.works = works
        self.luma: dict[str, float] = dict.fromkeys(works, 0.4)
        self.motion: dict[str, float] = dict.fromkeys(works, 0.1)
        self.mute: set[str] = set()
        self.events: list[object] = []
        self.on_screen = ""
        self.keys: dict[int, str] = {}

    def play(self, seconds: float) -> list[object]:
        """Reports each second, as stages do, and with each sample (0.4 s) while it is dark."""
        start = len(self.events)
        for tick in range(round(seconds / 0.1)):
            self.answer(self.band.play(self.selector, 0.1))
            for client in self.works:
                if client in self.mute or not (
                    tick % 10 == 0 or (self.luma[client] < 0.02 and tick % 4 == 0)
                ):
                    continue
                told = Report(client=client, luma01=self.luma[client], motion01=self.motion[client])
                self.answer(self.selector.report(told, self.band.sample))
        return self.events[start:]

    def answer(self, events: list[object]) -> None:
        self.events += events
        for event in events:
            if isinstance(event, Prepare):
                self.keys[event.seq] = f"{event.pack}:{event.pair}"
                for client, works in self.works.items():
                    if client not in self.mute:
                        good = works(event.seq, self.keys[event.seq])
                        self.say(client, event.seq, "prepared" if good else "failed")
            elif isinstance(event, Activate):
                self.on_screen = self.keys[event.seq]
                for client, works in self.works.items():
                    if client not in self.mute and works(event.seq, self.keys[event.seq]):
                        self.say(client, event.seq, "shown")

    def say(self, client: str, seq: int, phase: str) -> None:
        ack = Ack(seq=seq, phase=phase, client=client, ms=120.0, reason="x" if phase == "failed" else "")
        self.answer(self.selector.ack(ack, self.band.sample))


def stages(**works: Callable[[int, str], bool]) -> Stages:
    return Stages(make_selector(catalog=make_catalog(60)), Band(hop=1024), works)


def always(seq: int, key: str) -> bool:
    return True


def never(seq: int, key: str) -> bool:
    return False


def of(events, kind):
    return [e for e in events if isinstance(e, kind)]


def detained(events) -> list[int]:
    return [e.record["seq"] for e in of(events, OutcomeLogged) if e.record["outcome"] == "quarantined"]


def test_a_browser_on_which_everything_fails_empties_nothing():
    show = stages(a=never)
    show.play(120.0)
    state = show.selector.state
    assert state.quarantined == ()
    assert detained(show.events) == []
    assert any("Stage a fails whatever" in warning for warning in state.warnings)


def test_a_browser_that_breaks_during_the_show_has_its_accusations_taken_back():
    broken_from = 4
    show = stages(a=lambda seq, key: seq < broken_from)
    show.play(120.0)
    assert 1 <= len(detained(show.events)) <= 2
    assert show.selector.state.quarantined == ()


def test_one_broken_browser_among_two_changes_nothing_for_the_other():
    show, alone = stages(a=always, b=never), stages(a=always)
    show.play(90.0)
    alone.play(90.0)
    assert show.selector.state.quarantined == ()
    assert [e.sample for e in of(show.events, Activate)] == [e.sample for e in of(alone.events, Activate)]
    assert not of(show.events, Cancel)


def test_a_picture_that_fails_on_both_is_quarantined_at_once():
    show = stages(a=lambda seq, key: seq != 2, b=lambda seq, key: seq != 2)
    show.play(60.0)
    assert detained(show.events) == [2]


def test_a_picture_that_fails_on_a_browser_that_shows_others_is_quarantined():
    show = stages(a=lambda seq, key: seq != 2)
    show.play(60.0)
    assert detained(show.events) == [2]
    assert not any("fails whatever" in warning for warning in show.selector.state.warnings)


def test_dark_on_screen_the_safe_pick_is_there_within_two_seconds():
    show = stages(a=always)
    show.play(40.0)
    before = show.on_screen
    show.luma["a"] = 0.0
    dark_at = show.band.sample
    events = show.play(0.1)
    while not of(events, Activate):
        events += show.play(0.1)
    assert of(events, Activate)[0].sample - dark_at <= 2.0 * RATE
    pick = of(events, PickLogged)[0].record
    assert pick["reason"] == "replace:dark"
    safe = show.on_screen
    assert safe != before
    shown_well = [show.keys[e.seq] for e in of(show.events, Activate)[:-2]]
    assert safe in shown_well
    assert [q.id for q in show.selector.state.quarantined] == [before]


def test_a_screen_that_is_dark_whatever_is_shown_does_not_make_it_churn():
    show = stages(a=always)
    show.play(20.0)
    show.luma["a"] = 0.0
    events = show.play(180.0)
    assert len([e for e in of(events, PickLogged) if e.record["reason"].startswith("replace:")]) <= 4
    assert len(show.selector.state.quarantined) == 0
    assert any("Stage a fails whatever" in warning for warning in show.selector.state.warnings)


def test_a_frozen_picture_is_replaced():
    show = stages(a=always)
    show.play(20.0)
    show.motion["a"] = 0.0
    events = show.play(9.0)
    assert "replace:frozen" in [e.record["reason"] for e in of(events, PickLogged)]


def test_a_page_that_draws_nothing_any_more_is_frozen():
    show = stages(a=always)
    show.play(20.0)
    show.mute = {"a"}
    events = []
    for _ in range(11):
        events += show.play(0.8)
        events += show.selector.report(Report(client="a", fps=0.0), show.band.sample)
    assert "replace:frozen" in [e.record["reason"] for e in of(events, PickLogged)]


def test_a_broken_browser_that_has_left_is_not_named_any_more():
    show = stages(a=never)
    show.play(60.0)
    assert any("Stage a" in warning for warning in show.selector.state.warnings)
    show.mute = {"a"}
    show.play(10.0)
    assert not any("Stage a" in warning for warning in show.selector.state.warnings)


def test_an_unanswered_show_gets_a_safe_pick_within_two_seconds_and_no_more():
    show = stages(a=always)
    show.play(20.0)
    asked = len(of(show.events, Activate))
    while len(of(show.events, Activate)) == asked:
        show.mute = {"a"} if len(of(show.events, Prepare)) > asked else set()
        show.play(0.1)
    last = of(show.events, Activate)[-1]
    events = show.play(3.0)
    picks = of(events, PickLogged)
    assert [p.record["reason"] for p in picks] == ["replace:unanswered"]
    assert of(events, Activate)[0].sample - last.sample <= 2.0 * RATE
    assert show.selector.state.quarantined == ()
    assert len(of(show.play(20.0), PickLogged)) <= 1  # nobody is there: the show goes on at its own pace


def test_where_nobody_looks_nothing_is_unanswered():
    show = stages()
    show.play(60.0)
    assert not [e for e in of(show.events, PickLogged) if e.record["reason"].startswith("replace:")]


def test_a_slow_stage_is_waited_for():
    band, selector = Band(hop=1024), make_selector()
    events = []
    due: list[tuple[int, Ack]] = []
    for _ in range(int(120 * RATE / 1024)):
        snapshot, beats = band.hop()
        for event in selector.step(snapshot, beats):
            events.append(event)
            if isinstance(event, Prepare):
                due.append((band.sample + 3 * RATE, Ack(seq=event.seq, phase="prepared", ms=3000.0)))
            elif isinstance(event, Activate):
                due.append((event.sample + 4 * RATE, Ack(seq=event.seq, phase="shown", late_ms=3900.0)))
        for at, ack in due:
            if at <= band.sample:
                selector.ack(ack, band.sample)
        due = [(at, ack) for at, ack in due if at > band.sample]
        if len(of(events, Prepare)) and band.sample % RATE < 1024:
            selector.report(Report(client="", luma01=0.3, motion01=0.1), band.sample)
    assert not [e for e in of(events, PickLogged) if e.record["reason"].startswith("replace:")]


def test_a_held_picture_that_fails_is_said_and_replaced_on_release():
    show = stages(a=always)
    show.play(20.0)
    show.answer(show.selector.command(Command("hold", True), show.band.sample))
    show.luma["a"] = 0.0
    events = show.play(10.0)
    assert not of(events, Activate)
    assert any("held" in warning for warning in show.selector.state.warnings)
    show.luma["a"] = 0.4
    show.answer(show.selector.command(Command("hold", False), show.band.sample))
    assert of(show.play(2.0), PickLogged)[0].record["reason"] == "replace:dark"


def test_blackout_is_no_darkness_not_even_afterwards():
    show = stages(a=always)
    show.play(20.0)
    show.luma["a"] = 0.0
    show.answer(show.selector.report(Report(client="a", luma01=0.0), show.band.sample))
    show.answer(show.selector.command(Command("blackout", True), show.band.sample))
    show.play(5.0)
    show.answer(show.selector.command(Command("blackout", False), show.band.sample))
    show.answer(show.selector.report(Report(client="a", luma01=0.0), show.band.sample))
    show.luma["a"] = 0.4
    show.play(2.0)
    assert detained(show.events) == []


def test_strikes_and_what_is_safe_outlive_a_restart():
    settings_ = SelectorSettings(loop=LoopSettings())
    show = stages(a=lambda seq, key: seq != 2)
    show.play(60.0)
    saved = msgspec.json.decode(msgspec.json.encode(show.selector.resume_state()), type=ResumeState)
    assert saved.safe
    assert saved.strikes
    other = make_selector(settings_, catalog=make_catalog(60), resume=saved)
    assert other.resume_state().strikes == saved.strikes
    assert other.resume_state().safe == saved.safe


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from("abc"), st.sampled_from(["good", "bad"]), st.integers(0, 6)), max_size=60
    )
)
def test_a_client_that_never_did_well_condemns_nothing_alone(script):
    ledger = faults()
    well: set[str] = set()
    for now, (client, what, number) in enumerate(script):
        if client == "a":
            assert ledger.bad("a", item(number), "x", now) != "picture" or any(
                s.failed for c, s in ledger._clients.items() if c != "a"
            )
        elif what == "good":
            ledger.good(client, item(number), now)
            well.add(client)
        else:
            ledger.bad(client, item(number), "x", now)
    for one, other in itertools.combinations("abc", 2):
        assert not {*ledger.suspects(len(script))} & {*ledger.present(len(script))}, (one, other)
