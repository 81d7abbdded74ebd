"""What counts as silence, and what counts as quiet music.

Above the squelch everything is heard. Below it, sound is heard where full passages of the programme are quiet
too, or where it moves as music and speech do and noise does not: up and down by several decibels, many times
in a row.
"""

from __future__ import annotations

from collections import deque

from dsp.settings import DspSettings

HYSTERESIS_DB = 3.0
PASSAGES_DB = 30.0
"""Passages of music lie within this below the full ones."""
BLOCK_S = 0.25
BLOCKS = 16
MOVES_DB = 6.0
"""Span of levels in a block that moves; noise of any wide band stays within 2 dB."""
OVER_FLOOR_DB = 6.0


class Squelch:
    """Gate with hysteresis and hold.

    Attributes:
        db: the squelch in force.
        audible: the sound is above it, or was so within `silence_ms`.
    """

    def __init__(self, settings: DspSettings, hop: int, rate: int) -> None:
        self._settings = settings
        self._silent_hops = self._silence_hops = max(1, int(settings.silence_ms * rate / (1000 * hop)))
        self._block = max(1, round(BLOCK_S * rate / hop))
        self._count = 0
        self._low, self._high = 0.0, -120.0
        self._moves: deque[bool] = deque(maxlen=BLOCKS)
        self._lively = False
        self.db = settings.squelch_db - settings.sensitivity_db
        self.audible = False

    def step(self, level_db: float, sensitivity_db: float, reference_db: float, floor_db: float) -> None:
        """Take one hop in.

        Args:
            level_db: short-term level.
            sensitivity_db: manual gain.
            reference_db: of full passages, 0 while not known.
            floor_db: noise floor.
        """
        ceiling = self._settings.squelch_db - sensitivity_db
        lowest = ceiling - self._settings.squelch_depth_db
        self._watch(level_db, ceiling, lowest)
        # The noise floor cannot raise the squelch above what the operator set.
        passage = max(reference_db - PASSAGES_DB, floor_db + OVER_FLOOR_DB)
        self.db = lowest if self._lively else min(ceiling, max(lowest, passage))
        if level_db > self.db:
            self._silent_hops = 0
            self.audible = True
        elif level_db < self.db - HYSTERESIS_DB or not self.audible:
            self._silent_hops += 1
            if self._silent_hops >= self._silence_hops:
                self.audible = False

    def _watch(self, level_db: float, ceiling: float, lowest: float) -> None:
        """Judge whether sound between `lowest` and `ceiling` has moved in half of the last four seconds."""
        # Comparisons, since calls of `min` and `max` in every hop add up.
        if level_db < self._low:
            self._low = level_db
        if level_db > self._high:
            self._high = level_db
        self._count += 1
        if self._count == self._block:
            self._moves.append(self._high - self._low >= MOVES_DB and lowest < self._high < ceiling)
            self._lively = sum(self._moves) >= BLOCKS // 2
            self._low, self._high, self._count = 0.0, -120.0, 0
