"""Browsers answer, operators command, engines restart: what follows."""

from __future__ import annotations

import itertools

import msgspec
import pytest
from band import QUIET, RATE, Band, make_catalog, make_selector

from selector.catalog import Item
from selector.events import (
    Ack,
    Activate,
    Cancel,
    CommandDone,
    OutcomeLogged,
    PickLogged,
    Prepare,
    Report,
    ResumeState,
    StateChanged,
)
from selector.pick import canonical, check
from selector.quarantine import Quarantine
from selector.settings import SelectorSettings, SelectSettings
from selector.vocabulary import Command, parse


def of(events, kind):
    return [e for e in events if isinstance(e, kind)]


def outcomes(events):
    return [(e.record["seq"], e.record["outcome"]) for e in of(events, OutcomeLogged)]


def running(seconds=3.0, **more):
    band, selector = Band(), make_selector(**more)
    return band, selector, band.play(selector, seconds)


def until_prepared(band, selector):
    events = []
    while not of(events, Prepare):
        events += band.play(selector, 0.01)
    return events


def after_one(client="", **more):
    """A second picture is on screen, and `client` has shown the first one well."""
    band, selector, _ = running(**more)
    for phase in ("prepared", "shown"):
        selector.ack(Ack(seq=1, phase=phase, client=client, ms=100.0, late_ms=0.0), band.sample)
    selector.command(Command("next"), band.sample)
    events = band.play(selector, 1.2)
    assert [e.seq for e in of(events, Activate)] == [2]
    return band, selector, of(events, Prepare)[0]


def test_failing_before_its_moment_it_is_cancelled_and_replaced():
    band, selector, _ = after_one("a")
    first = of(until_prepared(band, selector), Prepare)[0]
    events = selector.ack(Ack(seq=first.seq, phase="failed", client="a", reason="link"), band.sample)
    assert of(events, Cancel) == [Cancel(first.seq, "failed")]
    assert outcomes(events) == [(first.seq, "failed"), (first.seq, "quarantined"), (first.seq, "skipped")]
    state = of(events, StateChanged)[-1].state
    assert [(q.id, q.reason) for q in state.quarantined] == [(f"demo:{first.pair}", "failed: link")]
    after = band.play(selector, 4.0)
    pick = of(after, PickLogged)[0].record
    assert pick["reason"] == "replace:failed"
    assert pick["pair"] != first.pair
    shown = of(after, Activate)
    assert shown[0].seq == pick["seq"]
    assert shown[0].sample - first.activate_sample <= RATE


def test_failing_on_screen_it_is_replaced_at_once():
    band, selector, events = running()
    events = selector.ack(Ack(seq=1, phase="failed", reason="context lost"), band.sample)
    events += band.play(selector, 2.0)
    assert of(events, PickLogged)[0].record["reason"] == "replace:failed"
    assert [e.seq for e in of(events, Activate)] == [2]


def test_two_stages_failing_the_same_pick_replace_it_once():
    band, selector, _ = running()
    for client in "ab":
        selector.ack(Ack(seq=1, phase="failed", client=client), band.sample)
    assert len(of(band.play(selector, 3.0), Prepare)) == 1


def test_under_hold_a_failure_waits_for_the_release():
    band, selector, _ = running()
    selector.command(Command("hold", True), band.sample)
    selector.ack(Ack(seq=1, phase="failed"), band.sample)
    assert not of(band.play(selector, 5.0), Prepare)
    selector.command(Command("hold", False), band.sample)
    assert of(band.play(selector, 1.0), PickLogged)[0].record["reason"] == "replace:failed"


def test_a_stage_that_fails_everything_does_not_make_it_flicker():
    band, selector, _ = running(catalog=make_catalog(200))
    count = 0
    for _ in range(int(60 * RATE / 256)):
        snapshot, beats = band.hop()
        for event in selector.step(snapshot, beats):
            if isinstance(event, Prepare):
                count += 1
                selector.ack(Ack(seq=event.seq, phase="failed"), band.sample)
    assert 5 < count < 20


def test_quarantine_ends_on_its_sample():
    settings = SelectorSettings(select=SelectSettings(quarantine_sec=5.0))
    band, selector, _ = after_one(settings=settings)
    selector.ack(Ack(seq=2, phase="failed"), band.sample)
    until = selector.state.quarantined[0].until_sample
    assert until == band.sample + 5 * RATE
    while selector.state.quarantined:
        band.play(selector, 0.01)
    assert 0 <= band.sample - until < 512


def test_answers_become_outcomes_and_strangers_are_ignored():
    _band, selector, _ = running()
    said = [
        selector.ack(Ack(seq=1, phase="prepared", ms=120.5, client="a"), 9),
        selector.ack(Ack(seq=1, phase="shown", late_ms=10.0, client="a"), 9),
        selector.ack(Ack(seq=1, phase="shown", late_ms=900.0, client="b"), 9),
        selector.ack(Ack(seq=99, phase="failed"), 9),
    ]
    assert [outcomes(e) for e in said] == [[(1, "prepared")], [(1, "shown")], [(1, "late")], []]
    record = of(said[0], OutcomeLogged)[0].record
    assert (record["ms"], record["client"], record["sample"]) == (120.5, "a", 9)


def report(selector, band, seconds, **luma):
    events = []
    for _ in range(round(seconds / 0.4)):
        events += band.play(selector, 0.4)
        for client, value in luma.items():
            events += selector.report(Report(client=client, luma01=value), band.sample)
    return events


def test_black_on_every_stage_is_replaced_black_on_one_is_not():
    band, selector, _ = running()
    assert not of(report(selector, band, 4.0, a=0.0, b=0.3), Cancel | PickLogged)
    events = report(selector, band, 2.0, a=0.0, b=0.01)
    failed = next(e.record for e in of(events, OutcomeLogged) if e.record["outcome"] == "failed")
    assert (failed["seq"], failed["reason"]) == (1, "dark")
    assert of(events, PickLogged)[0].record["reason"] == "replace:dark"
    assert [q.reason for q in selector.state.quarantined] == ["dark"]


def test_black_during_blackout_is_meant():
    band, selector, _ = running()
    selector.command(Command("blackout", True), band.sample)
    report(selector, band, 4.5, a=0.0)
    assert selector.state.quarantined == ()


def test_each_picture_gets_its_own_time_to_become_bright():
    band, selector, _ = running()
    selector.report(Report(client="a", luma01=0.0), band.sample)
    band.play(selector, 1.0)
    selector.command(Command("next"), band.sample)
    events = []
    while not of(events, Activate):
        events += band.play(selector, 0.1)
    shown = of(events, Activate)[0].sample
    while not [1 for e in of(events, OutcomeLogged) if e.record["outcome"] == "failed"]:
        events += band.play(selector, 0.1) + selector.report(Report(client="a", luma01=0.0), band.sample)
    assert 0.7 * RATE <= band.sample - shown <= 0.95 * RATE


def test_detention_is_exact_to_the_sample():
    jail = Quarantine(1000, 5000)
    item = Item("pair", "demo", 3)
    jail.add(item, "failed", 0)
    assert not jail.expire(999)
    assert item in jail
    assert jail.expire(1000)
    assert item not in jail
    assert jail.next_expiry is None


def test_who_fails_again_stays_twice_as_long_until_it_was_seen_well():
    jail, item = Quarantine(1000, 5000), Item("pair", "demo", 3)
    stays = []
    for _ in range(5):
        stays.append(jail.add(item, "failed", 0).until_sample)
        jail.expire(stays[-1])
    assert stays == [1000, 2000, 4000, 5000, 5000]
    jail = Quarantine(1000, 5000, jail.held, jail.strikes)  # as after a restart
    assert jail.add(item, "failed", 0).until_sample == 5000
    assert jail.add(item, "again", 999).until_sample == 5000  # what is in already stays no longer for it
    jail.expire(5000)
    jail.clear_record(item)
    assert jail.add(item, "failed", 0).until_sample == 1000
    assert jail.acquit(item)
    assert jail.strikes == ()


def test_what_is_in_quarantine_cannot_be_asked_for_nor_gone_back_to():
    band, selector, second = after_one()
    failed = second.pair
    selector.ack(Ack(seq=2, phase="failed", reason="shader"), band.sample)
    band.play(selector, 3.0)
    refused = selector.command(Command("pair", str(failed)), band.sample)[0]
    assert refused.message == f"demo:{failed} is in quarantine (failed: shader); choose another."
    selector.command(Command("back"), band.sample)
    assert of(band.play(selector, 3.0), PickLogged)[0].record["pair"] != failed


# -- commands -----------------------------------------------------------------------------------


def test_a_pin_is_the_next_pick_and_only_that():
    band, selector, _ = running()
    done, changed = selector.command(Command("pair", "12"), band.sample)
    assert done == CommandDone("pair", True, "demo:12 is next.")
    assert changed.state.pinned == "demo:12"
    selector.command(Command("next"), band.sample)
    events = band.play(selector, 2.0)
    pick = of(events, PickLogged)[0].record
    assert (pick["pair"], pick["reason"], pick["probability"], pick["candidates"]) == (12, "pinned", 1.0, 1)
    assert selector.state.pinned is None


def test_a_pin_replaces_what_is_prepared_at_the_same_moment():
    band, selector, _ = running()
    first = of(until_prepared(band, selector), Prepare)[0]
    selector.command(Command("pair", "other:3"), band.sample)
    events = band.play(selector, 3.0)
    assert of(events, Cancel)[0].seq == first.seq
    assert of(events, Prepare)[0].pack == "other"
    assert abs(of(events, Activate)[0].sample - first.activate_sample) < 5


@pytest.mark.parametrize(
    ("verb", "arg", "part"),
    [
        ("pair", "999", "no pair '999'"),
        ("pack", "nope", "no pack 'nope'"),
        ("preset", "p99", "no preset"),
        ("unban", None, "not banned"),
        ("ban", "777", "no '777'"),
        ("tap", None, "analyser"),
    ],
)
def test_what_cannot_be_done_is_said(verb, arg, part):
    band, selector, _ = running()
    before = selector.state
    events = selector.command(Command(verb, arg), band.sample)
    assert len(events) == 1
    assert not events[0].ok
    assert part in events[0].message
    assert selector.state == before


def test_what_is_banned_leaves_and_never_comes_back():
    band, selector, events = running(catalog=make_catalog(3))
    gone = of(events, PickLogged)[0].record["pair"]
    selector.command(Command("ban"), band.sample)
    events = band.play(selector, 200.0)
    assert of(events, PickLogged)[0].record["reason"] == "command:ban"
    assert gone not in [e.record["pair"] for e in of(events, PickLogged)]
    refused = selector.command(Command("pair", str(gone)), band.sample)[0]
    assert "banned" in refused.message
    selector.command(Command("unban"), band.sample)
    assert selector.command(Command("pair", str(gone)), band.sample)[0].ok


def test_banning_what_is_prepared_takes_it_back():
    band, selector, _ = running()
    first = of(until_prepared(band, selector), Prepare)[0]
    selector.command(Command("ban", str(first.pair)), band.sample)
    events = band.play(selector, 3.0)
    assert of(events, Cancel)[0].seq == first.seq
    assert of(events, Activate)[0].seq == first.seq + 1
    assert of(events, Prepare)[0].pair != first.pair


def test_hold_takes_back_what_was_prepared_and_its_turn_comes_later():
    settings = SelectorSettings(select=SelectSettings(mode="shuffle"))
    band, selector, events = running(settings=settings, catalog=make_catalog(6))
    pending = of(until_prepared(band, selector), Prepare)[0]
    held = selector.command(Command("hold"), band.sample)
    assert of(held, Cancel)[0] == Cancel(pending.seq, "hold")
    assert not of(band.play(selector, 5.0), Activate)
    selector.command(Command("hold"), band.sample)
    events += band.play(selector, 220.0)
    shown = [e.pair for e in of(events, Prepare)]
    assert shown[1] == pending.pair
    assert sorted(shown[:6]) == list(range(6))


def test_changing_pack_and_kind_changes_the_picture():
    band, selector, _ = running()
    selector.command(Command("kind", "preset"), band.sample)
    pick = of(band.play(selector, 2.0), PickLogged)[0].record
    assert (pick["kind"], pick["pair"], pick["bgUrl"], pick["reason"]) == (
        "preset",
        None,
        None,
        "command:kind",
    )
    assert pick["presetIds"] == [pick["presetId"]]
    selector.command(Command("pack", "other"), band.sample)
    pick = of(band.play(selector, 2.0), PickLogged)[0].record
    assert (pick["kind"], pick["pack"]) == ("pair", "other")
    assert pick["presetIds"] == [f"coupled:other:{pick['pair']}:fg", f"coupled:other:{pick['pair']}:bg"]


def test_query_sends_the_state_even_when_nothing_changed():
    _band, selector, _ = running()
    assert of(selector.command(Command("query"), 0), StateChanged)
    assert of(selector.command(Command("energy", 0.0), 0), StateChanged)  # it is the operator's now
    assert not of(selector.command(Command("energy", 0.0), 0), StateChanged)


# -- restart ------------------------------------------------------------------------------------


def restarted(selector, **more):
    """Through bytes, as a restart goes."""
    saved = msgspec.json.encode(selector.resume_state())
    return make_selector(resume=msgspec.json.decode(saved, type=ResumeState), **more)


def logged(events):
    return [canonical(e.record) for e in events if isinstance(e, PickLogged | OutcomeLogged)]


@pytest.mark.parametrize("mode", ["weighted", "shuffle"])
def test_a_restart_goes_on_without_repeating(mode):
    settings = SelectorSettings(select=SelectSettings(mode=mode))
    catalog = make_catalog(7)
    band, one = Band(hop=1024), make_selector(settings, catalog=catalog)
    events = band.play(one, 100.0)
    one.command(Command("ban", "2"), band.sample)
    two = restarted(one, settings=settings, catalog=catalog)
    assert msgspec.structs.replace(two.state, next=None) == msgspec.structs.replace(one.state, next=None)
    events += band.play(two, 100.0)
    shown = [e.record["pair"] for e in of(events, PickLogged)]
    assert all(a != b for a, b in itertools.pairwise(shown))
    assert [e.record["seq"] for e in of(events, PickLogged)] == list(range(1, len(shown) + 1))
    assert check(logged(events)) is None


def test_a_restarted_show_counts_from_zero_and_goes_on_at_its_pace():
    settings = SelectorSettings(select=SelectSettings(quarantine_sec=60.0))
    band, one = Band(hop=1024), make_selector(settings)
    events = band.play(one, 100.0)
    for phase in ("prepared", "shown"):
        one.ack(Ack(seq=of(events, Activate)[-1].seq, phase=phase), band.sample)
    one.command(Command("rest", 2.0), band.sample)
    band.play(one, 10.0)
    one.ack(Ack(seq=1, phase="failed"), band.sample)
    until = one.state.quarantined[0].until_sample - band.sample
    rest = one.state.rest_until_sample - band.sample
    changed = of(events, Activate)[-1].sample
    two, later = restarted(one, settings=settings), Band(hop=1024)
    assert two.state.quarantined[0].until_sample == until
    assert two.state.rest_until_sample == rest
    assert two.state.intents[0].until_sample == rest
    first = of(later.play(two, 60.0), Activate)[0]
    assert first.sample + band.sample - changed <= 45.5 * RATE


def test_what_was_prepared_at_a_restart_is_cancelled():
    band, one, _ = running()
    pending = of(until_prepared(band, one), Prepare)[0]
    two = restarted(one)
    events = band.play(two, 0.02)
    assert of(events, Cancel)[0] == Cancel(pending.seq, "restart")
    assert (pending.seq, "skipped") in outcomes(events)


@pytest.mark.parametrize("mode", ["weighted", "random", "public_v0"])
def test_what_was_prepared_at_a_restart_is_not_picked_at_once_again(mode):
    settings = SelectorSettings(select=SelectSettings(mode=mode))
    catalog = make_catalog(3)
    later = set()
    for seed in range(10):
        band, one = Band(), make_selector(settings, catalog=catalog, seed=seed)
        band.play(one, 10.0)
        pending = of(until_prepared(band, one), Prepare)[0]
        two = restarted(
            restarted(one, settings=settings, catalog=catalog), settings=settings, catalog=catalog
        )
        first, *others = of(band.play(two, 60.0), PickLogged)
        assert first.record["pair"] != pending.pair
        later |= {pick.record["pair"] == pending.pair for pick in others}
    assert True in later  # it is passed over once only


def test_where_nothing_else_may_be_shown_a_restart_picks_it_again_after_a_moment():
    band, one = Band(), make_selector(catalog=make_catalog(1))
    pending = of(until_prepared(band, one), Prepare)[0]
    two = restarted(one, catalog=make_catalog(1))
    assert of(band.play(two, 5.0), PickLogged)[0].record["pair"] == pending.pair


def test_a_pin_that_was_prepared_at_a_restart_stands():
    band, one, _ = running()
    one.command(Command("pair", "other:3"), band.sample)
    one.command(Command("next"), band.sample)
    until_prepared(band, one)
    two = restarted(one)
    assert two.state.pinned == "other:3"
    pick = of(band.play(two, 30.0), PickLogged)[0].record
    assert (pick["pack"], pick["pair"]) == ("other", 3)


def test_a_restart_in_silence_keeps_what_is_on_screen():
    band, one, _ = running()
    band.now = QUIET
    assert not of(band.play(restarted(one), 5.0), Prepare)


def test_a_pin_outlives_a_restart():
    band, one, _ = running()
    one.command(Command("pair", "other:3"), band.sample)
    two = restarted(one)
    assert two.state.pinned == "other:3"
    two.command(Command("next"), band.sample)
    pick = of(band.play(two, 2.0), PickLogged)[0].record
    assert (pick["pack"], pick["pair"], pick["reason"]) == ("other", 3, "pinned")


def test_parse_and_command_share_their_verbs():
    _band, selector, _ = running()
    for verb, arg in [("next", 1.0), ("hold", None), ("energy", "0.5"), ("mode", "shuffle"), ("pair", 3.0)]:
        command = parse(verb, [arg])
        assert isinstance(command, Command)
        assert selector.command(command, 0)[0].ok
