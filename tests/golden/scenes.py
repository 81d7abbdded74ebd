"""What the golden sessions play, what the operator does in them, and how the audience answers."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from itertools import count
from typing import Any, NamedTuple

from daemon.engine import Hop
from selector.events import Activate, Prepare
from tests.golden.music import Part

GROOVE = "kick clap hat bass"
QUICK = """
[selector.director]
bar_quantum = 2
min_dwell_sec = 3.0
max_dwell_sec = 9.0
beatless_sec = 5.0
"""


class Scene(NamedTuple):
    """One golden session.

    Attributes:
        name: of its folder.
        what: it is about, a sentence.
        rate: samples a second.
        seed: of every draw.
        parts: of the music.
        pan: whether left and right differ.
        toml: configuration, on top of the defaults.
        does: (second, input without its sample).
        gap: seconds from and to which the device is gone: zeros.
        fails: numbers of the picks that a browser cannot show.
        states: seconds at which the engine's state is kept.
    """

    name: str
    what: str
    rate: int
    seed: int
    parts: tuple[Part, ...]
    pan: bool = False
    toml: str = QUICK
    does: tuple[tuple[float, dict[str, Any]], ...] = ()
    gap: tuple[float, float] | None = None
    fails: tuple[int, ...] = ()
    states: tuple[float, ...] = ()


def command(second: float, verb: str, arg: bool | float | str | None = None) -> tuple[float, dict[str, Any]]:
    """What an operator asks for."""
    given = {} if arg is None else {"arg": arg}
    return second, {"type": "command", "verb": verb, **given, "origin": "golden"}


def device(second: float, state: str) -> tuple[float, dict[str, Any]]:
    """What becomes of the input."""
    return second, {"type": "device", "state": state, "detail": "golden"}


SCENES = (
    Scene(
        name="steady",
        what="Silence, a groove, a breakdown and a drop at 124 beats a minute, nobody at the controls.",
        rate=48000,
        seed=1,
        parts=(
            Part(2, 12400, 12400, ""),
            Part(24, 12400, 12400, GROOVE),
            Part(16, 12400, 12400, "chords", 100),
            Part(32, 12400, 12400, f"{GROOVE} chords", 220),
        ),
    ),
    Scene(
        name="tempo",
        what="110 beats a minute, then 128 at once, then slowly up to 140: what was a beat is none any more.",
        rate=44100,
        seed=2,
        parts=(
            Part(22, 11000, 11000, GROOVE),
            Part(28, 12800, 12800, f"{GROOVE} chords", 200),
            Part(28, 12800, 14000, GROOVE, 180),
        ),
        pan=True,
        toml=QUICK + '[selector.select]\nmode = "shuffle"\nwindow = 4\n',
    ),
    Scene(
        name="device",
        what="The input goes away and comes back; operator and browsers have much to say.",
        rate=48000,
        seed=3,
        parts=(Part(56, 12600, 12600, f"{GROOVE} chords", 190), Part(24, 12600, 12600, "bass hat", 60)),
        does=(
            command(4.0, "next"),
            command(6.5, "sensitivity", -3.0),
            command(8.0, "ban"),
            command(9.0, "hold", True),
            device(13.0, "stalled"),
            (16.0, {"type": "overflow", "count": 480}),
            device(16.0, "live"),
            command(17.5, "hold", False),
            command(18.0, "mode", "random"),
            *(command(19.0 + k * 60 / 126, "tap") for k in range(4)),
            command(21.5, "nudge", -12.0),
            command(22.0, "energy", 0.4),
            command(23.0, "pair", "beta:17"),
            command(26.0, "kind", "preset"),
            command(28.0, "blackout", True),
            command(29.0, "blackout", False),
            command(31.0, "kind", "pair"),
            command(31.2, "mode", "weighted"),
            command(32.0, "back"),
            command(34.0, "calm"),
            command(36.0, "no such verb"),
        ),
        gap=(13.0, 16.0),
        fails=(3, 6),
        states=(20.0,),
    ),
)


class Audience:
    """Inputs of a scene as their time comes: what was planned, and answers to what is shown.

    A browser is ready 120 ms after it was told, shows 40 ms after its moment, reports each second, and is
    dark for a while after it showed something dark (every fifth pick).
    """

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._order = count()
        self._waiting: list[tuple[int, int, dict[str, Any]]] = []
        self._dark = False
        for second, record in scene.does:
            self._at(second, record)
        for second in range(1, 120):
            self._at(second, {"type": "report"})

    def _at(self, second: float, record: dict[str, Any]) -> None:
        heapq.heappush(self._waiting, (int(second * self._scene.rate), next(self._order), record))

    def due(self, position: int) -> Iterator[dict[str, Any]]:
        """Inputs that take effect at `position`."""
        while self._waiting and self._waiting[0][0] <= position:
            record = heapq.heappop(self._waiting)[2]
            if record["type"] == "report":
                luma = 0.004 if self._dark else 0.4
                record = {"type": "report", "client": "wall", "fps": 59.5, "luma01": luma, "motion01": 0.2}
            yield {**record, "sample": position}

    def hear(self, hop: Hop) -> None:
        """Answer what the engine says."""
        now = hop.position / self._scene.rate
        for event in hop.decided:
            if isinstance(event, Prepare):
                failed = event.seq in self._scene.fails
                answer = {"phase": "failed", "reason": "no such file", "layer": "bg"} if failed else {}
                self._answer(now + 0.12, event.seq, {"phase": "prepared", "ms": 118.5, **answer})
            elif isinstance(event, Activate):
                shown = event.sample / self._scene.rate + 0.04
                self._answer(shown, event.seq, {"phase": "shown", "lateMs": 3.25})
                self._dark = event.seq % 5 == 0

    def _answer(self, second: float, seq: int, what: dict[str, Any]) -> None:
        self._at(second, {"type": "ack", "seq": seq, "client": "wall", **what})
