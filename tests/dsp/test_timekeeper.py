"""The beat with other clocks beside it: one unbroken count, whoever keeps the time."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_tracker import DELAY_S, HOP, NO_TEMPO, RATE, activations

from dsp.beats import BeatTracker, Evidence
from dsp.clock import ClockReading, ClockSource
from dsp.events import Beat
from dsp.settings import DspSettings
from dsp.timekeeper import Timekeeper

SILENT = np.zeros(0)


class Said(NamedTuple):
    """What came of it: beats, and (second, word, trusted) wherever the word changed."""

    beats: list[Beat]
    words: list[tuple[float, str]]
    keeper: Timekeeper


def readings(
    bpm: float,
    start: float,
    end: float,
    *,
    source: ClockSource = "link",
    first: float = 0.0,
    place: int | None = 0,
    jitter_ms: float = 0.0,
) -> list[tuple[float, ClockReading]]:
    """A clock that speaks four times a second; a beat of it at `first`, the `place`-th of its bar."""
    period, dice, said = 60.0 / bpm, np.random.default_rng(5), []
    for second in np.arange(start, end, 0.25):
        number = round((second - first) / period)
        at = (first + number * period + dice.normal() * jitter_ms / 1000) * RATE
        where = -1 if place is None else (place + number) % 4
        said.append((second, ClockReading(source, bpm, round(at), where)))
    return said


def run(
    seconds: float,
    heard: np.ndarray = SILENT,
    clocks: Iterable[tuple[float, ClockReading]] = (),
    does: Iterable[tuple[float, str]] = (),
    audible: tuple[float, float] = (0.0, 1e9),
    **options: float,
) -> Said:
    """Run over made evidence for beats heard at `heard` (s), with readings and acts at their seconds."""
    set_up = DspSettings(**options)
    keeper = Timekeeper(BeatTracker(set_up, HOP, RATE, DELAY_S), set_up, HOP, RATE)
    beat, downbeat = activations(heard, seconds), activations(heard[::4], seconds)
    coming = sorted([*clocks], key=lambda item: item[0])
    acts = sorted(does)
    said: list[Beat] = []
    words: list[tuple[float, str]] = []
    frame = 0
    for now in range(HOP, int(seconds * RATE) + 1, HOP):
        while coming and coming[0][0] * RATE <= now:
            keeper.clock(now, coming.pop(0)[1])
        while acts and acts[0][0] * RATE <= now:
            act = acts.pop(0)[1]
            if act in ("tap", "tap_downbeat"):
                getattr(keeper, act)(now)
            elif act.startswith("nudge"):
                keeper.nudge(int(act.split()[1]))
            else:
                keeper.scale(2.0 if act == "half" else 0.5, now)
        end, evidence = (frame + 1) * RATE // 100, None
        if end <= now and frame < len(beat):
            near = bool(len(heard)) and np.abs(heard - frame / 100).min() < 4.0
            evidence = Evidence(beat[frame], downbeat[frame], 1.0 if near else 0.1, NO_TEMPO)
            frame += 1
        hears = bool(len(heard)) and audible[0] <= now / RATE < audible[1]
        said += [event for event in keeper.step(now, hears, end, evidence) if isinstance(event, Beat)]
        assert 0.0 <= keeper.phase01(now) < 1.0
        if not words or words[-1][1] != keeper.source:
            words.append((now / RATE, keeper.source))
    for number, event in enumerate(said, 1):
        assert event.count == number
        assert event.emitted < event.sample or event.sample == event.emitted + 1
    for before, after in pairwise(said):
        assert after.sample - before.sample > 0.44 * 60 * RATE / max(before.tempo_bpm, after.tempo_bpm)
        assert after.bar_count - before.bar_count == int(after.downbeat)
    return Said(said, words, keeper)


def off(beats: Iterable[Beat], bpm: float, first: float = 0.0) -> np.ndarray:
    """Seconds by which beats miss a clock."""
    period = 60.0 / bpm
    times = np.array([beat.sample / RATE - first for beat in beats])
    return times - np.round(times / period) * period


def test_without_clocks_it_is_the_tracker() -> None:
    heard = 0.5 + 0.47 * np.arange(60)
    tracker = BeatTracker(DspSettings(), HOP, RATE, DELAY_S)
    beat, downbeat = activations(heard, 30), activations(heard[::4], 30)
    alone, frame = [], 0
    for now in range(HOP, 30 * RATE + 1, HOP):
        end, evidence = (frame + 1) * RATE // 100, None
        if end <= now and frame < len(beat):
            evidence = Evidence(beat[frame], downbeat[frame], 1.0, NO_TEMPO)
            frame += 1
        alone += [event for event in tracker.step(now, True, end, evidence) if isinstance(event, Beat)]
    both = run(30, heard).beats
    assert len(both) > 50
    assert both == alone


def test_in_silence_link_keeps_the_time() -> None:
    said = run(20, clocks=readings(128, 2.0, 15.0, first=0.1))
    assert [word for _, word in said.words] == ["audio", "link", "audio"]
    assert np.abs(off(said.beats, 128, 0.1)).max() < 0.001
    assert len(said.beats) == pytest.approx(14.5 * 128 / 60, abs=2)
    assert all(beat.trusted and beat.source == "link" for beat in said.beats)
    assert said.words[2][0] == pytest.approx(14.75 + 1.5, abs=0.1)
    bars = [beat for beat in said.beats if beat.downbeat]
    assert np.abs(off(bars, 32, 0.1)).max() < 0.001


def test_jitter_is_smoothed_and_a_jump_followed_at_once() -> None:
    clocks = [*readings(120, 0.0, 10.0, jitter_ms=4.0), *readings(120, 10.0, 20.0, first=0.2, place=2)]
    said = run(20, clocks=clocks)
    before = [beat for beat in said.beats if 1 < beat.sample / RATE < 10]
    assert np.abs(off(before, 120)).max() < 0.012
    after = [beat for beat in said.beats if beat.sample / RATE > 11]
    assert np.abs(off(after, 120, 0.2)).max() < 0.001
    assert {beat.bar_beat for beat in after if beat.downbeat} == {0}
    assert np.abs(off([b for b in after if b.bar_beat == 2], 30, 0.2)).max() < 0.001


def test_what_is_heard_goes_first_and_link_carries_the_breakdown() -> None:
    """The heard beat is 30 ms away from Link's, so it is clear who keeps the time."""
    heard = 0.53 + 0.5 * np.arange(28)
    again = 30.03 + 0.5 * np.arange(30)
    said = run(45, np.concatenate((heard, again)), readings(120, 0.0, 45.0), does=[], freerun_s=4.0)
    words = [word for _, word in said.words]
    assert words == ["link", "audio", "link", "audio"]
    link = [beat for beat in said.beats if beat.source == "link"]
    assert np.abs(off(link, 120)).max() < 0.002
    trusted = [beat for beat in said.beats if beat.source == "audio"]
    assert np.abs(off(trusted, 120, 0.03)).max() < 0.012
    assert len(said.beats) == pytest.approx(89, abs=2)
    assert said.words[3][0] > 31.5


def test_a_clock_may_be_preferred() -> None:
    said = run(20, 0.53 + 0.5 * np.arange(40), readings(120, 5.0, 12.0), clock_first=True)
    assert [word for _, word in said.words] == ["audio", "link", "audio"]


def test_a_clock_tells_the_level_to_what_is_heard() -> None:
    """Evidence at 140 could as well be 70; with a clock at 70 it is."""
    heard = 0.4 + 60 / 140 * np.arange(100)
    alone = run(30, heard)
    assert alone.keeper.tempo_bpm == pytest.approx(140, rel=0.02)
    said = run(30, heard, readings(70, 0.0, 8.0, first=0.4))
    assert said.beats[8].tempo_bpm == pytest.approx(70, rel=0.01)


def test_link_before_midi_before_os2l_before_taps() -> None:
    clocks = [
        *readings(100, 3.0, 30.0, source="os2l"),
        *readings(110, 3.0, 20.0, source="midi", place=None),
        *readings(120, 3.0, 10.0, source="link"),
    ]
    taps = [(31.0 + 0.6 * k, "tap") for k in range(4)]
    said = run(60, clocks=clocks, does=taps, tap_hold_s=10.0, internal_bpm=95.0)
    assert [word for _, word in said.words] == [
        "internal",
        "link",
        "midi",
        "os2l",
        "internal",
        "tap",
        "internal",
    ]
    bars = {beat.source: beat.bar_beat for beat in said.beats}
    assert set(bars) == {"internal", "link", "midi", "os2l", "tap"}
    assert not any(beat.trusted for beat in said.beats if beat.source == "internal")
    assert said.beats[-1].tempo_bpm == pytest.approx(100, rel=0.01), "it goes on from the last"


def test_taps_count_in_silence_for_a_while() -> None:
    said = run(40, does=[(1.0 + 0.5 * k, "tap") for k in range(5)], tap_hold_s=20.0)
    assert [word for _, word in said.words] == ["audio", "tap", "audio"]
    assert np.abs(off(said.beats, 120)).max() < 0.012
    assert said.beats[-1].sample / RATE == pytest.approx(3.0 + 20.0, abs=0.6)


def test_taps_win_over_a_beat_that_is_not_trusted_and_not_over_one_that_is() -> None:
    heard = 0.5 + 0.5 * np.arange(90)
    said = run(45, heard, does=[(15.25 + 0.5 * k, "tap") for k in range(4)])
    assert "tap" in [word for _, word in said.words]
    assert said.words[-1][1] == "audio"
    last = [beat for beat in said.beats if beat.sample / RATE > 40]
    assert np.abs(off(last, 120, 0.0)).max() < 0.02, "what is heard is right again"


def test_a_coasting_beat_says_so() -> None:
    said = run(30, 0.5 + 0.47 * np.arange(40))
    assert [word for _, word in said.words][:2] == ["audio", "coast"]
    assert {beat.source for beat in said.beats if 24 < beat.sample / RATE < 28} == {"coast"}


def test_by_hand_half_double_nudge_and_downbeat_hold_for_a_clock() -> None:
    acts = [(4.0, "half"), (10.0, "double"), (12.0, "double"), (16.0, "half"), (20.0, "nudge 480")]
    acts += [(24.02, "tap_downbeat")]
    said = run(30, clocks=readings(120, 0.0, 30.0, place=1), does=acts)

    def between(start: float, end: float) -> list[Beat]:
        return [beat for beat in said.beats if start <= beat.sample / RATE < end]

    assert len(between(4.5, 9.5)) == 5
    assert np.abs(off(between(4.5, 9.5), 60, 0.5)).max() < 0.001, "half time falls on the bar"
    assert len(between(12.5, 15.4)) in (11, 12, 13)
    assert np.abs(off(between(21, 24), 120, 0.01)).max() < 0.001, "nudged, and it stays so"
    down = [beat for beat in between(25, 30) if beat.downbeat]
    assert np.abs(off(down, 30, 24.01)).max() < 0.001
    assert said.keeper.bar_trusted


@pytest.mark.parametrize("known", [True, False])
def test_bars_of_a_clock_are_trusted_where_it_knows_them(known: bool) -> None:
    said = run(5, clocks=readings(120, 0.0, 5.0, place=0 if known else None))
    assert said.keeper.trusted
    assert said.keeper.bar_trusted == known


def test_a_clock_that_stops_is_gone_at_once() -> None:
    stop = ClockReading("midi", 120.0, 0, running=False)
    said = run(10, clocks=[*readings(120, 0.0, 5.0, source="midi"), (5.01, stop)])
    assert said.words[-1] == (pytest.approx(5.02, abs=0.02), "audio")


READING = st.builds(
    ClockReading,
    st.sampled_from(["link", "midi", "os2l"]),
    st.floats(20, 400),
    st.one_of(st.integers(-500_000, 1_000_000), st.integers(-(10**15), 10**15)),
    st.integers(-1, 63),
    st.integers(1, 64),
    st.booleans(),
)
ACT = st.sampled_from(["tap", "tap_downbeat", "half", "double", "nudge 9000", "nudge -9000"])


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.tuples(st.floats(0, 6), READING), max_size=20),
    st.lists(st.tuples(st.floats(0, 6), ACT), max_size=12),
    st.booleans(),
)
def test_no_clock_breaks_the_count(
    clocks: list[tuple[float, ClockReading]], acts: list[tuple[float, str]], internal: bool
) -> None:
    """Whatever clocks say and people do, beats come one by one, half a beat apart, bars count (see `run`)."""
    run(7, 0.4 + 0.5 * np.arange(10), clocks, acts, internal_bpm=120.0 if internal else 0.0)


def test_the_internal_clock_goes_on_with_the_bars_and_calls_them_no_fact() -> None:
    said = run(20, clocks=readings(120, 0.0, 8.0, place=3), internal_bpm=95.0)
    words = {beat.source for beat in said.beats}
    assert words == {"link", "internal"}
    for before, after in pairwise(said.beats):
        assert after.bar_beat == (before.bar_beat + 1) % 4
    assert not said.keeper.bar_trusted
    assert not said.keeper.trusted


def test_a_downbeat_that_was_tapped_is_forgotten_with_the_row_of_taps() -> None:
    row = [(1.0 + 0.5 * k, "tap") for k in range(4)]
    again = [(31.2 + 0.6 * k, "tap") for k in range(4)]
    acts = [*row, (3.5, "tap_downbeat")]
    assert run(6, does=acts, tap_hold_s=10.0).keeper.bar_trusted
    said = run(36, does=[*acts, *again], tap_hold_s=10.0)
    assert said.keeper.trusted
    assert not said.keeper.bar_trusted


def test_what_was_done_by_hand_to_a_heard_beat_does_not_move_a_clock_that_comes_later() -> None:
    heard = 0.53 + 0.5 * np.arange(40)
    acts = [(8.0, "nudge 960"), (9.05, "tap_downbeat")]
    said = run(28, heard, readings(120, 22.0, 28.0), does=acts, freerun_s=0.0)
    link = [beat for beat in said.beats if beat.source == "link"]
    assert len(link) >= 8
    assert np.abs(off(link, 120)).max() < 0.001
    assert np.abs(off([beat for beat in link if beat.downbeat], 30)).max() < 0.001
