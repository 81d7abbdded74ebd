"""The safety envelope: how often the light may change, whoever asks. Nothing overrules it.

Every change of what the audience sees passes here: pictures and blackout. Photosensitive viewers stand at
most three flashes a second, so there is a least time between two changes; hard cuts are kept further apart,
and one that comes too soon becomes a fade.
"""

from __future__ import annotations

from selector.grid import samples
from selector.settings import DirectorSettings

_HARD_SEC = 0.25
"""A shorter fade is a hard cut."""


class Envelope:
    """Admits changes.

    Args:
        settings: its limits.
        rate: samples a second.
        last: sample of the last change before, hard as it may have been; None for none.
    """

    def __init__(self, settings: DirectorSettings, rate: int, last: int | None) -> None:
        self._gap = samples(settings.flash_gap_sec, rate)
        self._cut_gap = samples(settings.hard_cut_gap_sec, rate)
        self._soft_sec = settings.soft_fade_sec
        self._last = last
        self._last_cut = last

    @property
    def earliest(self) -> int:
        """Sample before which nothing may change."""
        return 0 if self._last is None else self._last + self._gap

    def admit(self, sample: int, fade_sec: float) -> float:
        """A change at `sample`, which is not before `earliest`. Returns how long it must take, seconds."""
        if fade_sec < _HARD_SEC and self._last_cut is not None and sample < self._last_cut + self._cut_gap:
            fade_sec = self._soft_sec
        self._last = sample
        if fade_sec < _HARD_SEC:
            self._last_cut = sample
        return fade_sec
