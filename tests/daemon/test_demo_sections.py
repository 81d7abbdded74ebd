"""The demo track section by section, from sound to picture: what is heard there, the show follows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from daemon.config import Config
from daemon.demo_track import sections
from daemon.engine import Engine
from dsp.events import Beat, SectionChange
from selector.events import Activate, PickLogged
from tests.golden.catalogue import catalogue

RATE = 48000
FROM_S, SECONDS = 26, 44


class Evening:
    """The first breakdown of the track and what comes after it, as an engine hears and shows it."""

    def __init__(self, music: Callable[..., np.ndarray], *commands: tuple[float, str, Any]) -> None:
        engine = Engine(Config(), catalogue(), seed=5, rate=RATE)
        for second, verb, arg in commands:
            sample = int((second - FROM_S) * RATE)
            engine.accept({"type": "command", "sample": sample, "verb": verb, "arg": arg, "origin": "test"})
        self.downbeats: list[int] = []
        self.drops: list[int] = []
        self.changes: list[tuple[float, str]] = []
        self.shown: list[Activate] = []
        self.picks: dict[int, dict[str, Any]] = {}
        for hop in engine.feed(music(FROM_S, SECONDS)):
            for event in (*hop.heard, *hop.decided):
                if isinstance(event, Beat) and event.downbeat:
                    self.downbeats.append(event.sample)
                elif isinstance(event, SectionChange):
                    self.changes.append((event.sample / RATE + FROM_S, event.section))
                    if event.section == "drop":
                        self.drops.append(event.sample)
                elif isinstance(event, Activate):
                    self.shown.append(event)
                elif isinstance(event, PickLogged):
                    self.picks[event.record["seq"]] = event.record
        self.hop = engine.hop

    def second(self, activate: Activate) -> float:
        return activate.sample / RATE + FROM_S

    def pick(self, activate: Activate) -> dict[str, Any]:
        return self.picks[activate.seq]


@pytest.fixture(scope="module")
def evening(music: Callable[..., np.ndarray]) -> Evening:
    return Evening(music)


def test_the_drop_fires_on_its_downbeat(evening: Evening) -> None:
    """Within a hop of the sample at which that downbeat was announced; its section is called 100 ms later."""
    assert len(evening.drops) == 1, evening.changes
    downbeat = max(b for b in evening.downbeats if b <= evening.drops[0])
    build = next(s for s in sections() if s.name == "build")
    assert abs(downbeat / RATE + FROM_S - build.start) < 0.01  # the kick comes back there
    fired = min(evening.shown, key=lambda a: abs(a.sample - downbeat))
    assert abs(fired.sample - downbeat) <= evening.hop
    pick = evening.pick(fired)
    assert pick["reason"] == "section:build"
    assert pick["intensity01"] >= 0.85
    assert fired.fade_sec == 0.0


def test_the_breakdown_holds_calm_pictures(evening: Evening) -> None:
    began = next(second for second, section in evening.changes if section == "breakdown")
    inside = [a for a in evening.shown if began < evening.second(a) < evening.drops[0] / RATE + FROM_S - 0.3]
    assert inside
    before = max(evening.second(a) for a in evening.shown if evening.second(a) <= began)
    assert evening.second(inside[0]) < max(began + 2.0, before + 8.0) + 2.5  # a bar after it may
    assert all(evening.pick(a)["intensity01"] <= 0.25 for a in inside)


def test_a_hold_during_the_build_wins(music: Callable[..., np.ndarray]) -> None:
    held = Evening(music, (59.0, "hold", True))
    assert len(held.drops) == 1
    assert not [a for a in held.shown if held.second(a) > 59.0]
