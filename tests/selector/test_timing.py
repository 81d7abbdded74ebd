"""When changes come: on the bar, on the drop, at once when asked."""

from __future__ import annotations

from itertools import pairwise

import msgspec
import pytest
from band import LOUD, QUIET, RATE, Band, make_selector

from dsp.events import Beat
from selector.director import Director
from selector.events import Activate, Cancel, PickLogged, Prepare
from selector.grid import Moment
from selector.settings import DirectorSettings, SelectorSettings
from selector.vocabulary import Command


def of(events, kind):
    return [e for e in events if isinstance(e, kind)]


def reasons(events):
    return [e.record["reason"] for e in of(events, PickLogged)]


@pytest.mark.parametrize("sound", [QUIET, LOUD])
def test_something_is_shown_within_a_second(sound):
    events = Band(sound).play(make_selector(), 1.0)
    assert of(events, Activate)[0].sample < RATE
    assert reasons(events) == ["fallback:no-audio" if sound is QUIET else "start"]


def test_automatic_changes_fall_on_phrases_with_the_full_lead():
    band, selector = Band(bpm=128.0), make_selector()
    events = band.play(selector, 120.0)
    prepared, shown = of(events, Prepare)[1:], of(events, Activate)[1:]
    assert len(shown) >= 3
    beat = 60.0 * RATE / 128.0
    for activate in shown:
        assert activate.bar_count % 4 == 0
        assert activate.beat_count % 4 == 0
        assert abs(activate.sample - (RATE // 4 + activate.beat_count * beat)) <= 2
    for plan, pick in zip(prepared, of(events, PickLogged)[1:], strict=False):
        assert 2.0 * RATE <= plan.activate_sample - pick.record["sample"] <= 2.3 * RATE


def test_louder_music_changes_faster():
    loud = msgspec.structs.replace(LOUD, energy01=0.88, energy_slow01=0.88, accent01=1.0, beat_pulse01=1.0)
    soft = msgspec.structs.replace(LOUD, energy01=0.36, energy_slow01=0.36, accent01=0.0)
    fast, slow = (len(of(Band(s).play(make_selector(), 150.0), Activate)) for s in (loud, soft))
    assert fast > 2 * slow


def test_without_beats_changes_come_by_time():
    sound = msgspec.structs.replace(LOUD, beat_trusted=False, bar_trusted=False)
    shown = of(Band(sound).play(make_selector(), 65.0), Activate)
    gaps = [b.sample - a.sample for a, b in pairwise(shown)]
    assert gaps
    assert all(abs(gap - 20 * RATE) < 0.1 * RATE for gap in gaps)


def test_a_moving_grid_is_followed_until_the_announcement():
    band, selector = Band(ahead=0.3), make_selector()
    events = []
    while len(of(events, Prepare)) < 2:
        events += band.play(selector, 0.01)
    band.drift(0.04)
    events += band.play(selector, 3.0)
    planned, shown = of(events, Prepare)[1], of(events, Activate)[1]
    assert shown.seq == planned.seq
    assert 0.035 * RATE < shown.sample - planned.activate_sample < 0.045 * RATE


def test_a_drop_is_answered_on_a_bar_as_soon_as_loading_allows():
    band, selector = Band(), make_selector()
    band.play(selector, 12.0)
    change = band.change("drop", energy01=0.88, energy_slow01=0.88)
    snapshot, beats = band.hop()
    events = selector.step(snapshot, [change, *beats]) + band.play(selector, 4.0)
    pick = of(events, PickLogged)[0].record
    assert pick["reason"] == "section:drop"
    assert pick["intensity01"] >= 0.85
    shown = of(events, Activate)[0]
    assert shown.beat_count % 4 == 0
    assert 0.6 * RATE <= shown.sample - change.sample <= 2.7 * RATE
    assert shown.fade_sec == 0.0


def test_a_drop_overrules_what_was_prepared_for_the_groove():
    band, selector = Band(), make_selector()
    events = []
    while len(of(events, Prepare)) < 2:
        events += band.play(selector, 0.01)
    snapshot, beats = band.hop()
    after = selector.step(snapshot, [band.change("drop"), *beats]) + band.play(selector, 4.0)
    assert of(after, Cancel)[0].reason == "replaced:section:drop"
    assert len(of(after, Activate)) == 1


def test_a_drop_right_after_a_change_waits_for_the_shortest_stay_or_is_let_go():
    band, selector = Band(), make_selector()
    band.play(selector, 1.0)
    snapshot, beats = band.hop()
    events = selector.step(snapshot, [band.change("drop"), *beats]) + band.play(selector, 7.0)
    assert not of(events, Activate)
    assert "section:drop" not in reasons(events)


def test_a_breakdown_calls_for_calm():
    band, selector = Band(), make_selector()
    band.play(selector, 12.0)
    snapshot, beats = band.hop()
    pick = of(selector.step(snapshot, [band.change("breakdown"), *beats]), PickLogged)[0].record
    assert pick["reason"] == "section:breakdown"
    assert pick["intensity01"] <= 0.25
    assert pick["pair"] < 20


def test_a_jump_of_energy_calls_for_a_change():
    soft = msgspec.structs.replace(LOUD, energy01=0.45, energy_slow01=0.45, accent01=0.0)
    band, selector = Band(soft), make_selector()
    band.play(selector, 10.0)
    band.now = msgspec.structs.replace(LOUD, energy01=0.85, energy_slow01=0.85)
    events = band.play(selector, 3.5)
    assert reasons(events) == ["energy:up"]
    assert len(of(events, Activate)) == 1


def test_a_drop_late_in_the_shortest_stay_is_answered_when_it_ends():
    band, selector = Band(), make_selector()
    first = of(band.play(selector, 6.2), Activate)[0]
    snapshot, beats = band.hop()
    events = selector.step(snapshot, [band.change("drop"), *beats]) + band.play(selector, 6.0)
    shown = of(events, Activate)[0]
    assert reasons(events) == ["section:drop"]
    assert 8.0 * RATE <= shown.sample - first.sample <= 10.5 * RATE


def test_soft_music_never_stays_beyond_the_longest_stay():
    soft = msgspec.structs.replace(LOUD, energy01=0.35, energy_slow01=0.35, accent01=0.0)
    shown = of(Band(soft, bpm=70.0, hop=1024).play(make_selector(), 200.0), Activate)
    gaps = [b.sample - a.sample for a, b in pairwise(shown)]
    assert len(gaps) == 4
    assert all(40 * RATE < gap <= 45 * RATE for gap in gaps)


def test_aiming_again_stays_within_its_bounds_and_keeps_to_bars():
    director = Director(DirectorSettings(), RATE)
    beat = Beat(
        sample=100_000,
        emitted=90_000,
        count=9,
        bar_beat=1,
        bar_count=2,
        tempo_bpm=120.0,
        trusted=True,
        downbeat=False,
        source="audio",
    )
    director.hear(QUIET, [beat])
    downbeat = 100_000 + 3 * RATE // 2
    plan = Moment(downbeat - 3000, "bar", 12, 3)
    assert director.re_aim(plan, 0, 1 << 62) == Moment(downbeat, "bar", 12, 3)
    assert director.re_aim(plan, downbeat + 1, 1 << 62) == plan
    assert director.re_aim(plan, 0, downbeat - 1) == plan
    assert director.re_aim(Moment(101_000, "beat"), 0, 1 << 62) == Moment(100_000, "beat", 9, 2)
    assert director.re_aim(Moment(101_000, "time"), 0, 1 << 62) == Moment(101_000, "time")


def test_next_comes_on_the_next_beat_that_leaves_time_to_load():
    band, selector = Band(), make_selector()
    band.play(selector, 5.0)
    pressed = band.sample
    selector.command(Command("next"), pressed)
    events = band.play(selector, 2.0)
    shown = of(events, Activate)[0]
    beat = 60.0 * RATE / 125.0
    assert 0.6 * RATE <= shown.sample - pressed <= 0.7 * RATE + beat
    assert abs((shown.sample - RATE // 4) / beat - round((shown.sample - RATE // 4) / beat)) < 1e-3


def test_next_pulls_in_what_is_already_loaded():
    band, selector = Band(), make_selector()
    events = []
    while len(of(events, Prepare)) < 2:
        events += band.play(selector, 0.01)
    band.play(selector, 0.7)
    pressed = band.sample
    selector.command(Command("next"), pressed)
    after = band.play(selector, 2.0)
    assert of(after, Activate)[0].seq == 2
    assert of(after, Activate)[0].sample - pressed <= (0.15 + 0.1) * RATE + 60.0 * RATE / 125.0
    assert not of(after, Cancel)


def test_contradicting_limits_are_refused():
    with pytest.raises(ValueError, match="min_dwell_sec"):
        SelectorSettings(director=DirectorSettings(min_dwell_sec=50.0))
    with pytest.raises(ValueError, match="flash_gap_sec"):
        SelectorSettings(director=DirectorSettings(min_dwell_sec=1.0, flash_gap_sec=2.0))
