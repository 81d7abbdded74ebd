"""The pick record: everything that led to a choice, in bytes that can be compared and recomputed."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from dsp.snapshot import ExpressiveAudioSnapshot
from selector.canonical import GENESIS, HashChain, canonical, check
from selector.catalog import Table
from selector.choice import Choice
from selector.events import Ack
from selector.fixedpoint import MISSING, from_micro, to_micro
from selector.settings import Mode

__all__ = ["PickLog", "PickNote", "canonical", "check"]

VERSION: Final = 1
"""`v` of every record."""


class PickNote(msgspec.Struct, frozen=True, kw_only=True):
    """What a record says besides the choice itself.

    `trigger` is why a change was due; `reason` says the same, unless how the pick was found says more.
    """

    seq: int
    requested_mode: Mode
    reason: str
    trigger: str
    intensity: int
    activate_sample: int
    snapshot: ExpressiveAudioSnapshot


class PickLog:
    """Makes and seals the lines of `picks.jsonl`.

    Args:
        seed: of the session.
        config_sha: sha256 (hex) of the resolved configuration.
        catalog_sha: sha256 (hex) of the catalogue.
        prev: hash of the last line already written; 64 zeros for a new log.
    """

    def __init__(self, *, seed: int, config_sha: str, catalog_sha: str, prev: str = GENESIS) -> None:
        self._chain = HashChain(prev)
        self._session: dict[str, Any] = {"seed": seed, "config": config_sha[:16], "catalog": catalog_sha[:16]}

    def restock(self, catalog_sha: str) -> None:
        """Picks come from another catalogue from here on; sha256 (hex) of it."""
        self._session["catalog"] = catalog_sha[:16]

    @property
    def prev(self) -> str:
        """Hash of the last line."""
        return self._chain.prev

    def pick(self, note: PickNote, table: Table, choice: Choice) -> dict[str, Any]:
        """The sealed record of a pick (fields: docs/file-formats.md)."""
        row, index, snapshot = table.rows[choice.index], choice.index, note.snapshot
        entry = choice.entry
        return self._chain.seal(
            {
                "type": "pick",
                "v": VERSION,
                "seq": note.seq,
                "kind": table.kind,
                "mode": choice.mode,
                "requestedMode": note.requested_mode,
                "reason": choice.fallback or note.reason,
                "trigger": note.trigger,
                "sample": snapshot.t_samples,
                "timeSec": snapshot.time_sec,
                "beatCount": snapshot.beat_count,
                "barCount": snapshot.bar_count,
                "section": snapshot.section,
                "snapshot": msgspec.to_builtins(snapshot),
                "intensity01": from_micro(note.intensity),
                "pack": table.pack,
                "pair": row.ident if table.kind == "pair" else None,
                "presetId": row.ident if table.kind == "preset" else None,
                "index": index,
                "fgUrl": row.fg_url,
                "bgUrl": row.bg_url,
                "presetIds": list(table.preset_ids(index)),
                "warp_diff": _real(row.warp),
                "cx_diff": _real(row.cx),
                "quality01": _real(row.quality),
                "factors": _reals(entry.factors),
                "weight": entry.weight,
                "totalWeight": choice.total,
                "probability": from_micro(to_micro(entry.weight / choice.total)),
                "draw": choice.draw,
                "candidates": choice.candidates,
                "runnersUp": [
                    {
                        "id": table.rows[other.index].ident,
                        "weight": other.weight,
                        "factors": _reals(other.factors),
                    }
                    for other in choice.runners_up
                ],
                "prepareSample": snapshot.t_samples,
                "activateSample": note.activate_sample,
                **self._session,
            }
        )

    def outcome(self, seq: int, outcome: str, sample: int, **details: Any) -> dict[str, Any]:
        """A sealed outcome record; details that are None are left out."""
        told = {name: value for name, value in details.items() if value is not None}
        return self._chain.seal(
            {"type": "outcome", "v": VERSION, "seq": seq, "outcome": outcome, "sample": sample, **told}
        )

    def answered(self, ack: Ack, outcome: str, sample: int) -> dict[str, Any]:
        """The sealed outcome record of a browser's answer."""
        return self.outcome(
            ack.seq,
            outcome,
            sample,
            ms=ack.ms,
            lateMs=ack.late_ms,
            reason=ack.reason or None,
            layer=ack.layer or None,
            client=ack.client,
        )


def _real(value: int) -> float | None:
    return None if value == MISSING else from_micro(value)


def _reals(factors: dict[str, int]) -> dict[str, float]:
    return {name: from_micro(value) for name, value in factors.items()}
