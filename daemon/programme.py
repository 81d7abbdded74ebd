"""What the engine has announced, kept for whoever comes later: state, picks, what is on, what is next."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from daemon.config import Config

PICKS_KEPT = 20


def _state_before_the_engine(config: Config, packs: Mapping[str, Path]) -> dict[str, Any]:
    """What the engine will say first, so that a client that is earlier gets a whole state, too."""
    return {
        "hold": False,
        "blackout": False,
        "mode": config.selector.select.mode,
        "kind": config.selector.select.kind,
        "pack": next(iter(sorted(packs)), ""),
        "packs": sorted(packs),
        "energyBias": 0,
        "pinned": None,
        "banned": [],
        "quarantined": [],
        "untilDrop": False,
        "restUntilSample": 0,
        "liked": [],
        "intents": [],
        "cue": None,
        "now": None,
        "next": None,
        "warnings": [],
    }


class Programme:
    """Memory of announcements. It decides nothing.

    Args:
        config: resolved.
        packs: folder of each pack by name.

    Attributes:
        state: as the engine said it last.
        picks: the last pick records, newest last.
        outcomes: what became of them.
        current: what is on screen, in the shape of `prepare`.
        sensitivity_db: manual gain in force.
        beat_source: who keeps the beat.
        audio_state: what the input does.
    """

    def __init__(self, config: Config, packs: Mapping[str, Path]) -> None:
        self.state = _state_before_the_engine(config, packs)
        self.picks: deque[dict[str, Any]] = deque(maxlen=PICKS_KEPT)
        self.outcomes: deque[dict[str, Any]] = deque(maxlen=4 * PICKS_KEPT)
        self.current: dict[str, Any] | None = None
        self.sensitivity_db = config.dsp.sensitivity_db
        self.beat_source: str = "audio"
        self.audio_state: str = "noInput"
        self._prepared: dict[int, dict[str, Any]] = {}

    @property
    def upcoming(self) -> dict[str, Any] | None:
        """What is prepared next, in the shape of `prepare`."""
        return self._prepared[max(self._prepared)] if self._prepared else None

    def announced(self, wire: dict[str, Any]) -> None:
        """Keep an ordered message of the engine."""
        match wire["type"]:
            case "state":
                self.state = wire
            case "pick":
                self.picks.append(wire["record"])
            case "outcome":
                self.outcomes.append(wire["record"])
            case "prepare":
                self._prepared[wire["seq"]] = wire
            case "activate":
                self.current = self._prepared.pop(wire["seq"], self.current)
            case "cancel":
                self._prepared.pop(wire["seq"], None)

    def applied(self, record: Mapping[str, Any]) -> bool:
        """Keep what an input changed that no event tells; True if anything."""
        if record.get("verb") != "sensitivity":
            return False
        self.sensitivity_db = float(record["arg"])
        return True

    def heard(self, snapshot: Mapping[str, Any]) -> bool:
        """Keep what a snapshot says that belongs to the state; True if that changed."""
        before = self.beat_source, self.audio_state
        self.beat_source, self.audio_state = snapshot["beatSource"], snapshot["audioState"]
        return before != (self.beat_source, self.audio_state)

    def restarted(self) -> None:
        """Another engine goes on: what the last one prepared will not be activated."""
        self._prepared.clear()
