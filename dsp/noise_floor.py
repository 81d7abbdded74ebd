"""How loud the room is when nothing plays."""

from __future__ import annotations

from collections import deque

from dsp.tables import smoothing

BLOCK_S = 0.25
BLOCKS = 8
STEADY_DB = 4.0
"""Noise stays within this span for two seconds; music with anything struck in it does not."""
BELOW_DB = 20.0
"""A pause lies this far below the full passages."""
ROOM_DB = 20.0
"""Taken for the distance of the floor while nothing is known."""


class NoiseFloor:
    """Tracks the level of pauses: down whenever the sound is below it, up in pauses alone.

    A floor that rose all the time would reach long, even music and freeze the gain; this one moves up only
    where there is silence, or steady sound far below the music.

    Attributes:
        db: the floor, dBFS.
    """

    def __init__(self, hop: int, rate: int) -> None:
        self._fall = smoothing(0.3, hop, rate)
        self._rise = smoothing(1.0, hop, rate)
        self._block = max(1, round(BLOCK_S * rate / hop))
        self._count = 0
        self._low, self._high = 0.0, -120.0
        self._spans: deque[tuple[float, float]] = deque(maxlen=BLOCKS)
        self._steady = False
        self.db = -120.0

    def assume(self, level_db: float) -> None:
        """Put the floor below the first level that was heard."""
        self.db = level_db - ROOM_DB

    def step(self, level_db: float, silent: bool, reference_db: float) -> None:
        """Take one hop in.

        Args:
            level_db: short-term level.
            silent: nothing plays.
            reference_db: of the full passages.
        """
        if level_db < self._low:
            self._low = level_db
        if level_db > self._high:
            self._high = level_db
        self._count += 1
        if self._count == self._block:
            self._spans.append((self._low, self._high))
            lowest, highest = min(low for low, _ in self._spans), max(high for _, high in self._spans)
            self._steady = len(self._spans) == BLOCKS and highest - lowest < STEADY_DB
            self._low, self._high, self._count = 0.0, -120.0, 0
        if level_db < self.db:
            self.db += self._fall * (level_db - self.db)
        elif silent or (self._steady and level_db < reference_db - BELOW_DB):
            self.db += self._rise * (level_db - self.db)
