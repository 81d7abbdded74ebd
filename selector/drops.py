"""Hears a drop the moment it falls: the kick that comes back on a downbeat, louder than what was before it.

The analyser announces a drop some 100 ms after it fell, when its section has changed. That is too late for
the picture; so while a breakdown or a build goes on, each kick is looked at as it is heard, a few
milliseconds after the hit. Kicks in a breakdown that are none (plucks, toms) bring no rise with them: on the
demo track the rise is 0.9 there and 1.7 at the drop.
"""

from __future__ import annotations

from typing import Final

from dsp.events import Onset
from dsp.snapshot import ExpressiveAudioSnapshot, Section

QUIET_SECTIONS: Final[frozenset[Section]] = frozenset({"breakdown", "build"})
_RISE: Final = 1.4  # of the level, against the mean of what was before
_MEMORY_SEC: Final = 0.4  # length of that mean (time constant)


class DropWatch:
    """Follows the level through breakdowns and builds.

    Args:
        rate: samples a second.

    Attributes:
        since: sample at which the breakdown or build began; None outside of them.
    """

    def __init__(self, rate: int) -> None:
        self._memory = _MEMORY_SEC * rate
        self._usual = 0.0
        self._previous_sample = 0
        self.since: int | None = None

    def hear(self, snapshot: ExpressiveAudioSnapshot, kicks: list[Onset]) -> int | None:
        """Take a hop in. Returns the sample of the hit with which everything comes back, if this is it."""
        elapsed = snapshot.t_samples - self._previous_sample
        self._previous_sample = snapshot.t_samples
        usual = self._usual
        self._usual += (snapshot.rms01 - usual) * elapsed / (elapsed + self._memory)
        if snapshot.section not in QUIET_SECTIONS:
            self.since = None
            return None
        if self.since is None:
            self.since = snapshot.t_samples
        return kicks[0].sample if kicks and snapshot.rms01 >= _RISE * usual else None
