"""Whatever the sound, the operator and the browsers do, the limits and the rules hold."""

from __future__ import annotations

import itertools
from typing import Any

import msgspec
from band import LOUD, QUIET, RATE, Band, make_selector
from hypothesis import given, settings
from hypothesis import strategies as st

from dsp.events import DspEvent
from selector.events import (
    Ack,
    Activate,
    Cancel,
    OutcomeLogged,
    PickLogged,
    Prepare,
    Report,
    SelectorEvent,
    StateChanged,
)
from selector.explain import faults
from selector.pick import canonical, check
from selector.selector import Selector
from selector.settings import DirectorSettings, SelectorSettings
from selector.vocabulary import Command, parse

HOP = 2048
GRACE = 0.025 * RATE + 1  # a drop is dated when it fell
LIMITS = DirectorSettings()
AUTOMATIC = ("start", "dwell:", "section:", "energy:", "silence", "return")

sounds = st.sampled_from(
    [
        LOUD,
        QUIET,
        msgspec.structs.replace(LOUD, bar_trusted=False),
        msgspec.structs.replace(LOUD, beat_trusted=False, bar_trusted=False),
        msgspec.structs.replace(LOUD, energy01=0.88, energy_slow01=0.88, accent01=1.0),
        msgspec.structs.replace(LOUD, energy01=0.36, energy_slow01=0.36, accent01=0.0),
    ]
)
commands = st.one_of(
    st.tuples(
        st.sampled_from(["next", "back", "calm", "hold", "blackout", "query", "unban", "ban"]), st.none()
    ),
    st.tuples(st.just("hold"), st.booleans()),
    st.tuples(st.sampled_from(["ban", "pair", "unban"]), st.integers(0, 8)),
    st.tuples(st.just("preset"), st.sampled_from(["p0", "p3", "nope"])),
    st.tuples(st.just("mode"), st.sampled_from(["weighted", "random", "shuffle", "public_v0"])),
    st.tuples(st.just("kind"), st.sampled_from(["pair", "preset"])),
    st.tuples(st.just("pack"), st.sampled_from(["demo", "other", "none"])),
    st.tuples(st.just("energy"), st.floats(-1, 1)),
    st.tuples(st.sampled_from(["more", "less", "undo"]), st.none()),
    st.tuples(st.just("rate"), st.floats(0, 5)),
    st.tuples(st.just("rest"), st.floats(0, 2)),
    st.tuples(st.just("untildrop"), st.booleans()),
)
actions = st.one_of(
    st.tuples(st.just("play"), st.floats(0.05, 25.0)),
    st.tuples(st.just("command"), commands),
    st.tuples(st.just("sound"), sounds),
    st.tuples(st.just("section"), st.sampled_from(["drop", "breakdown", "groove", "build", "calm"])),
    st.tuples(st.just("kicks"), st.booleans()),
    st.tuples(st.just("level"), st.floats(0.0, 1.0)),
    st.tuples(st.just("drift"), st.floats(0.0, 0.3)),
    st.tuples(st.just("bpm"), st.floats(60.0, 200.0)),
    st.tuples(st.just("ack"), st.tuples(st.integers(0, 3), st.sampled_from(["prepared", "shown", "failed"]))),
    st.tuples(st.just("dark"), st.just(None)),
)
scripts = st.lists(actions, max_size=25)


class Stagehand:
    """Runs a script and keeps every event with its time and what was forbidden then."""

    def __init__(self, selector: Selector) -> None:
        self.selector = selector
        self.band = Band(hop=HOP)
        self.trace: list[tuple[int, SelectorEvent]] = []
        self.lines: list[bytes] = []

    def run(self, script: list[tuple[str, Any]]) -> Stagehand:
        for name, value in script:
            getattr(self, name)(value)
        self.play(3.0)
        return self

    def take(self, events: list[SelectorEvent]) -> None:
        for event in events:
            self.trace.append((self.band.sample, event))
            if isinstance(event, PickLogged | OutcomeLogged):
                self.lines.append(canonical(event.record))

    def step(self, extra: list[DspEvent]) -> None:
        snapshot, events = self.band.hop()
        state = self.selector.state
        made = self.selector.step(snapshot, [*extra, *events])
        forbidden = {*state.banned, *(q.id for q in state.quarantined if q.until_sample > snapshot.t_samples)}
        for event in made:
            if isinstance(event, PickLogged):
                r = event.record
                assert f"{r['pack']}:{r['pair'] if r['kind'] == 'pair' else r['presetId']}" not in forbidden
                assert faults(r) == []
                automatic = r["reason"].startswith(AUTOMATIC)
                assert not (state.hold and state.now and automatic)
                waits = r["reason"] in ("section:drop", "section:build")
                assert not (state.until_drop and state.now and automatic and not waits)
                if snapshot.t_samples < state.rest_until_sample:
                    assert r["intensity01"] <= 0.25
            if isinstance(event, Activate):
                assert self.key_of(event.seq) not in forbidden
        self.take(made)

    def key_of(self, seq: int) -> str:
        prepared = next(e for _, e in self.trace if isinstance(e, Prepare) and e.seq == seq)
        return f"{prepared.pack}:{prepared.preset_ids[0] if prepared.pair is None else prepared.pair}"

    def play(self, seconds: float) -> None:
        for _ in range(int(seconds * RATE / HOP)):
            self.step([])

    def command(self, value: tuple[str, Any]) -> None:
        command = parse(value[0], [value[1]])
        assert isinstance(command, Command)
        self.take(self.selector.command(command, self.band.sample))

    def sound(self, value: Any) -> None:
        self.band.now = value

    def section(self, value: Any) -> None:
        self.step([self.band.change(value)])

    def kicks(self, value: bool) -> None:
        self.band.kicking = value

    def level(self, value: float) -> None:
        self.band.now = msgspec.structs.replace(self.band.now, rms01=value)

    def drift(self, value: float) -> None:
        self.band.drift(value)

    def bpm(self, value: float) -> None:
        self.band.bpm = value

    def ack(self, value: tuple[int, Any]) -> None:
        seqs = [e.seq for _, e in self.trace if isinstance(e, Prepare)]
        if seqs:
            seq = max(seqs[-1] - value[0], 1)
            self.take(self.selector.ack(Ack(seq=seq, phase=value[1], reason="x"), self.band.sample))

    def dark(self, _: None) -> None:
        for _ in range(8):
            self.take(self.selector.report(Report(client="a", luma01=0.0), self.band.sample))
            self.play(0.5)


@settings(max_examples=150, deadline=None)
@given(scripts, st.integers(0, 2**64 - 1), st.sampled_from([0.5, 1.7]))
def test_limits_rules_and_records_hold_for_any_script(script, seed, flash_gap):
    limits = DirectorSettings(flash_gap_sec=flash_gap)
    hand = Stagehand(make_selector(SelectorSettings(director=limits), seed)).run(script)
    assert check(hand.lines) is None
    prepared: dict[int, tuple[int, Prepare]] = {}
    reasons: dict[int, str] = {}
    gone: set[int] = set()
    last: int | None = None
    cut: int | None = None
    black, dimmed = False, 0
    for t, event in hand.trace:
        if isinstance(event, PickLogged):
            reasons[event.record["seq"]] = event.record["reason"]
            assert event.record["seq"] == len(reasons)
        elif isinstance(event, Prepare):
            assert event.activate_sample - t >= LIMITS.next_lead_sec * RATE - 1
            prepared[event.seq] = (t, event)
        elif isinstance(event, Cancel):
            gone.add(event.seq)
        elif isinstance(event, Activate):
            assert event.seq in prepared
            assert event.seq not in gone
            gone.add(event.seq)
            assert t - GRACE <= event.sample <= t + LIMITS.announce_sec * RATE + 1
            if last is not None:
                assert event.sample - last >= flash_gap * RATE
            last = event.sample
            if event.fade_sec < 0.25:
                assert cut is None or event.sample - cut >= LIMITS.hard_cut_gap_sec * RATE
                cut = event.sample
        elif isinstance(event, StateChanged) and event.state.blackout != black:
            assert dimmed == 0 or t - dimmed >= flash_gap * RATE
            black, dimmed = event.state.blackout, t


sounds_only = st.lists(
    st.one_of(
        st.tuples(st.just("play"), st.floats(0.5, 60.0)),
        st.tuples(st.just("sound"), sounds),
        st.tuples(st.just("section"), st.sampled_from(["drop", "breakdown", "groove", "build", "calm"])),
        st.tuples(st.just("kicks"), st.booleans()),
        st.tuples(st.just("level"), st.floats(0.0, 1.0)),
        st.tuples(st.just("drift"), st.floats(0.0, 0.3)),
        st.tuples(st.just("bpm"), st.floats(60.0, 200.0)),
    ),
    max_size=15,
)


@settings(max_examples=80, deadline=None)
@given(sounds_only)
def test_left_alone_no_picture_stays_shorter_or_longer_than_the_dwell_limits(script):
    hand = Stagehand(make_selector()).run(script)
    reasons = {e.record["seq"]: e.record["reason"] for _, e in hand.trace if isinstance(e, PickLogged)}
    shown = [e for _, e in hand.trace if isinstance(e, Activate)]
    moments = [e.sample for e in shown]
    for before, after in itertools.pairwise(shown):
        dropped = reasons[after.seq] == "section:build"
        least = LIMITS.drop_dwell_sec if dropped else LIMITS.min_dwell_sec
        assert least * RATE <= after.sample - before.sample <= LIMITS.max_dwell_sec * RATE
    end = hand.band.sample
    if moments:
        assert end - moments[-1] <= LIMITS.max_dwell_sec * RATE
    elif end > RATE:
        raise AssertionError("nothing was shown within a second")


@settings(max_examples=15, deadline=None)
@given(scripts)
def test_same_inputs_same_bytes(script):
    first = Stagehand(make_selector()).run(script)
    second = Stagehand(make_selector()).run(script)
    assert first.lines == second.lines
    assert first.trace == second.trace


def test_hold_outlasts_everything_automatic():
    hand = Stagehand(make_selector()).run([("play", 2.0), ("command", ("hold", True))])
    count = len(hand.trace)
    hand.run([("play", 60.0), ("section", "drop"), ("play", 60.0), ("sound", QUIET), ("play", 60.0)])
    assert not [e for _, e in hand.trace[count:] if isinstance(e, Prepare | Activate)]
    hand.run([("command", ("next", None)), ("play", 2.0)])
    assert [e for _, e in hand.trace[count:] if isinstance(e, Activate)]


def test_spamming_next_never_flashes_and_never_starves():
    selector = make_selector(SelectorSettings(director=DirectorSettings(flash_gap_sec=0.9)))
    hand = Stagehand(selector)
    hand.band.bpm = 150.0
    for _ in range(400):
        hand.command(("next", None))
        hand.step([])
    moments = [e.sample for _, e in hand.trace if isinstance(e, Activate)]
    gaps = [(b - a) / RATE for a, b in itertools.pairwise(moments)]
    assert len(gaps) >= 10
    assert min(gaps) >= 0.9
    assert max(gaps) < 2.0
