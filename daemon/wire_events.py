"""Turns what the engine announces into messages for browsers (`docs/wire-protocol.md`).

Pure: the mapping from samples to milliseconds is an argument.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from daemon.engine import Hop
from dsp.events import Beat, DspEvent, Onset, SectionChange
from selector.events import (
    Activate,
    Cancel,
    CommandDone,
    OutcomeLogged,
    PickLogged,
    Prepare,
    SelectorEvent,
    StateChanged,
)


class WireEvents:
    """`seconds` maps a sample index to monotonic seconds."""

    def __init__(self, seconds: Callable[[int], float]) -> None:
        self._seconds = seconds

    def _ms(self, sample: int) -> float:
        return round(self._seconds(sample) * 1000, 3)

    def of_hop(self, hop: Hop, now_ms: float) -> list[dict[str, Any]]:
        """Ordered messages of one hop; snapshots and audio are not among them.

        `now_ms` goes into each onset, so that a listener can tell the engine's delay from the way's.
        """
        messages = [message for event in hop.heard if (message := self._heard(event, now_ms)) is not None]
        messages += [message for d in hop.decided if (message := self._decided(d, hop.position)) is not None]
        return messages

    def _heard(self, event: DspEvent, now_ms: float) -> dict[str, Any] | None:
        if not isinstance(event, (Onset, Beat, SectionChange)):
            return None
        message = {**msgspec.to_builtins(event), "atMs": self._ms(event.sample)}
        if isinstance(event, Onset):
            message["sentMs"] = round(now_ms, 3)
        return message

    def _decided(self, decision: SelectorEvent, position: int) -> dict[str, Any] | None:
        match decision:
            case PickLogged():
                return {"type": "pick", "record": decision.record}
            case OutcomeLogged():
                return {"type": "outcome", "record": decision.record}
            case Prepare():
                return {
                    **msgspec.to_builtins(decision),
                    "type": "prepare",
                    "activateAtMs": self._ms(decision.activate_sample),
                }
            case Activate():
                return {
                    **msgspec.to_builtins(decision),
                    "type": "activate",
                    "atMs": self._ms(decision.sample),
                }
            case Cancel():
                return {**msgspec.to_builtins(decision), "type": "cancel"}
            case StateChanged():
                state = msgspec.to_builtins(decision.state)
                upcoming = state.get("next")
                if upcoming and "activateSample" in upcoming:
                    upcoming["activateAtMs"] = self._ms(upcoming["activateSample"])
                return {**state, "type": "state", "sample": position, "atMs": self._ms(position)}
            case CommandDone():
                # A command that took effect shows in the state; only a refusal needs words.
                return None if decision.ok else {"type": "error", "message": decision.message}
