"""The cue list: scenes come when their rules say so, and want no more than the operator leaves them."""

from __future__ import annotations

import msgspec
import pytest
from band import LOUD, RATE, Band, make_catalog, make_selector
from hypothesis import given, settings
from hypothesis import strategies as st

from selector.cues import CuePlace, Cues
from selector.events import Activate, CommandDone, PickLogged, ResumeState
from selector.memory import Memory
from selector.scene_settings import Scene
from selector.settings import SelectorSettings
from selector.vocabulary import Command

SCENES = (
    Scene(name="doors", mode="shuffle", calm=True, minutes=0.5, max_dwell_sec=12.0),
    Scene(name="warm", pack="other", energy=0.2, first="other:3", until="drop", least_minutes=0.25),
    Scene(name="late", kind="preset", mode="random"),
)


def of(events, kind):
    return [e for e in events if isinstance(e, kind)]


def night(**more):
    return Band(hop=1024), make_selector(SelectorSettings(scenes=SCENES), **more)


def picks(events):
    return [e.record for e in of(events, PickLogged)]


def test_a_scene_brings_its_settings_and_ends_by_time():
    band, selector = night()
    events = band.play(selector, 29.0)
    state = selector.state
    assert (state.mode, state.pack, state.cue.name, state.cue.index) == ("shuffle", "demo", "doors", 0)
    assert state.cue.scenes == ("doors", "warm", "late")
    assert picks(events)[0]["reason"] == "cue"
    assert len(of(events, Activate)) >= 3  # its own longest stay
    assert all(p["intensity01"] <= 0.25 for p in picks(events))
    events = band.play(selector, 12.0)
    state = selector.state
    assert (state.mode, state.pack, state.energy_bias, state.cue.name) == ("weighted", "other", 0.2, "warm")
    first = next(p for p in picks(events) if p["reason"] == "cue")
    assert (first["pack"], first["pair"]) == ("other", 3)
    assert "asked" in first["factors"]


def test_a_scene_ends_with_a_section_but_not_too_soon():
    band, selector = night()
    band.play(selector, 31.0)
    assert selector.state.cue.name == "warm"
    for seconds, name in ((5.0, "warm"), (15.0, "late")):
        band.play(selector, seconds)
        snapshot, beats = band.hop()
        selector.step(snapshot, [band.change("drop"), *beats])
        assert selector.state.cue.name == name
    assert selector.state.kind == "preset"
    band.play(selector, 60.0)
    assert selector.state.cue.name == "late"  # the last one stays


def test_what_the_operator_has_set_stays_until_it_is_given_back():
    band, selector = night()
    band.play(selector, 5.0)
    selector.command(Command("mode", "random"), band.sample, "ws:control#1")
    band.play(selector, 30.0)
    state = selector.state
    assert (state.mode, state.pack, state.cue.name) == ("random", "other", "warm")
    selector.command(Command("auto"), band.sample)
    assert selector.state.mode == "weighted"
    assert selector.state.intents == ()


def test_a_hold_outranks_the_list():
    band, selector = night()
    band.play(selector, 5.0)
    selector.command(Command("hold", True), band.sample)
    events = band.play(selector, 60.0)
    assert selector.state.cue.name == "warm"
    assert not of(events, Activate)
    selector.command(Command("hold", False), band.sample)
    assert of(band.play(selector, 30.0), Activate)


def test_what_the_operator_asked_for_is_shown_before_the_scene_s():
    band, selector = night()
    band.play(selector, 29.6)
    selector.command(Command("pair", "demo:7"), band.sample)
    selector.command(Command("next"), band.sample)
    shown = [p["pair"] for p in picks(band.play(selector, 15.0)) if p["reason"] in ("pinned", "cue")]
    assert shown == [7, 3]


@pytest.mark.parametrize(
    ("where", "name"), [("next", "warm"), ("late", "late"), ("3", "late"), ("back", "doors"), ("off", "")]
)
def test_the_operator_goes_where_he_likes(where, name):
    band, selector = night()
    band.play(selector, 2.0)
    done = of(selector.command(Command("cue", where), band.sample), CommandDone)[0]
    assert done.ok
    assert selector.state.cue.name == name
    band.play(selector, 5.0)
    assert selector.state.cue.name == name


def test_where_there_is_nothing_to_go_to_that_is_said():
    band, selector = night()
    assert "no scene 'nowhere'" in of(selector.command(Command("cue", "nowhere"), 0), CommandDone)[0].message
    assert "no cue list" in of(make_selector().command(Command("cue", "next"), 0), CommandDone)[0].message
    assert make_selector().state.cue is None
    assert band.sample == 0


def test_a_restart_goes_on_in_the_scene_and_another_night_may():
    band, one = night()
    band.play(one, 40.0)
    saved = msgspec.json.decode(msgspec.json.encode(one.resume_state()), type=ResumeState)
    two = make_selector(SelectorSettings(scenes=SCENES), resume=saved)
    assert two.state.cue.name == "warm"
    assert two.resume_state().cue.since < 0
    kept = msgspec.convert(msgspec.to_builtins(saved), Memory, strict=False).counted_from(saved.sample)
    three = make_selector(SelectorSettings(scenes=SCENES), memory=kept)
    assert (three.state.cue.name, three.state.pack) == ("warm", "other")
    other = make_selector(SelectorSettings(scenes=SCENES[:2]), memory=kept)
    assert other.state.cue.name == "doors"  # another list begins at its beginning


def test_a_first_picture_that_may_not_be_shown_is_passed_over():
    band, selector = night(catalog=make_catalog())
    band.play(selector, 5.0)
    selector.command(Command("ban", "other:3"), band.sample)
    first = next(p for p in picks(band.play(selector, 40.0)) if p["pack"] == "other")
    assert first["pair"] != 3


def test_two_scenes_of_one_name_are_refused():
    with pytest.raises(msgspec.ValidationError, match="same name"):
        msgspec.convert({"scenes": [{"name": "a"}, {"name": "a"}]}, SelectorSettings)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.tuples(
                st.just("go"), st.sampled_from(["next", "back", "off", "warm", "2", "0", "-1", "99", ""])
            ),
            st.tuples(st.just("play"), st.integers(1, 100)),
        ),
        max_size=30,
    )
)
def test_the_place_is_always_one_of_the_list(script):
    cues, band = Cues(SCENES, RATE, None), Band(LOUD)
    for what, value in script:
        if what == "go":
            cues.go(value, band.sample)
        else:
            band.sample += value * RATE
            cues.step([band.change("drop")], band.sample)
        assert -1 <= cues.index < len(SCENES)
        assert cues.since <= band.sample
        assert cues.place == CuePlace(cues.list, cues.index, cues.since)
