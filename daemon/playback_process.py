"""The engine's process while a recorded session is played again, in real time, to browsers and desks.

Samples come through the ring as they do from a device; all other inputs come from the recording, each at its
sample. What the world says today changes nothing: the night is shown as it was.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from daemon.engine import Engine
from daemon.engine_link import Handover
from daemon.engine_process import EngineProcess
from daemon.replay import NO_EFFECT, engine_of
from daemon.session import SessionReader


class PlaybackProcess(EngineProcess):
    """An engine whose inputs are recorded ones."""

    _coming: Iterator[dict[str, Any]]
    _next: dict[str, Any] | None

    def _engine_of(self, handover: Handover) -> Engine:
        reader = SessionReader(Path(handover.played))
        self._coming = (record for record in reader.checked("inputs") if record["type"] not in NO_EFFECT)
        self._next = next(self._coming, None)
        return engine_of(reader)

    def _input(self, record: dict[str, Any]) -> None:
        """What is said today is not heard."""

    def _bridge_stall(self) -> None:
        """Gaps of the night are in its audio; a gap of today is waited for."""

    def _feed(self, samples: np.ndarray, arrived: float | None = None) -> None:
        while self._next is not None and self._next["sample"] < self.fed + len(samples):
            self.engine.accept(self._next)
            self._next = next(self._coming, None)
        super()._feed(samples, arrived)
