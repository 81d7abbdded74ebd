"""The cue list: which scene it is, when it is over, and what it wants. Without scenes it wants nothing.

A scene proposes mode, kind, pack and energy, which hold as far as the operator has set nothing himself
(`authority`), and begins with a change of picture. The last scene stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

import msgspec
from msgspec import Struct

from dsp.events import DspEvent, SectionChange
from selector.canonical import canonical
from selector.grid import samples
from selector.scene_settings import Scene


class CuePlace(Struct, frozen=True, rename="camel"):
    """A place in a cue list: sha256 (hex) of the list, number of the scene (-1: off), sample it began at."""

    list: str
    scene: int
    since: int


class Cues:
    """Goes from scene to scene.

    Args:
        scenes: in their order.
        rate: samples a second.
        place: where an earlier one was; of no use in another list.

    Attributes:
        list: sha256 (hex) of the scenes.
        index: of the scene; -1 while there is none, or the list is off.
        since: sample at which it began.
        entered: whether its beginning has been answered.
    """

    def __init__(self, scenes: tuple[Scene, ...], rate: int, place: CuePlace | None) -> None:
        self._scenes = scenes
        self._rate = rate
        self.list = sha256(canonical(msgspec.to_builtins(scenes))).hexdigest()
        known = place is not None and place.list == self.list and place.scene < len(scenes)
        self.index = place.scene if known and place else (0 if scenes else -1)
        self.since = place.since if known and place else 0
        self.entered = known or not scenes

    @property
    def scene(self) -> Scene | None:
        """The one it is; None for none."""
        return self._scenes[self.index] if self.index >= 0 else None

    @property
    def place(self) -> CuePlace | None:
        """Where it is, for one that goes on; None without a list."""
        return CuePlace(self.list, self.index, self.since) if self._scenes else None

    @property
    def names(self) -> tuple[str, ...]:
        """Of all scenes."""
        return tuple(scene.name for scene in self._scenes)

    @property
    def stay(self) -> tuple[int, int]:
        """Shortest and longest stay of a picture in this scene, samples; 0 where it does not say."""
        scene = self.scene
        if scene is None:
            return 0, 0
        return samples(scene.min_dwell_sec, self._rate), samples(scene.max_dwell_sec, self._rate)

    def step(self, events: Sequence[DspEvent], sample: int) -> None:
        """Go on when the rules of the scene say so."""
        if self.index < 0 or self.index + 1 == len(self._scenes):
            return
        scene = self._scenes[self.index]
        elapsed = sample - self.since
        if elapsed < samples(60.0 * scene.least_minutes, self._rate):
            return
        timed = scene.minutes > 0.0 and elapsed >= samples(60.0 * scene.minutes, self._rate)
        if timed or any(isinstance(e, SectionChange) and e.section == scene.until for e in events):
            self._enter(self.index + 1, sample)

    def go(self, where: str, sample: int) -> str:
        """Go where the operator says: `next`, `back`, `off`, a name, or a number from 1. Returns why not."""
        if not self._scenes:
            return "There is no cue list; give one with --cues or in the configuration."
        index = self._index_of(where)
        if index is None or not -1 <= index < len(self._scenes):
            return f"There is no scene '{where}'; use next, back, off or one of {', '.join(self.names)}."
        self._enter(index, sample)
        return ""

    def _index_of(self, where: str) -> int | None:
        words = {"next": self.index + 1, "back": max(self.index - 1, 0), "off": -1}
        if where in words:
            return words[where]
        if where in self.names:
            return self.names.index(where)
        return int(where) - 1 if where.isdecimal() and int(where) > 0 else None

    def _enter(self, index: int, sample: int) -> None:
        self.index, self.since, self.entered = index, sample, False
