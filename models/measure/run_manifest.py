"""A row of `run-manifest.json`, as the app defines it and the show reads it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha1
from typing import Any

from models.measure.verdict import JUDGED, verdict

RUN_FILE = "run-manifest.json"


def run_row(
    preset_id: str,
    rel_path: str,
    metrics: Mapping[str, float],
    *,
    fault: str = "",
    detail: str = "",
    frames: Sequence[str] = (),
) -> dict[str, Any]:
    """What measuring says of one preset file.

    Args:
        preset_id: the library's id, or `coupled:<pack>:<pair>:fg|bg`.
        rel_path: `<pack>/<path inside>`.
        metrics: of the stimulus that judges; of them only those that decide something are written.
        fault: one of `verdict.HARD`, or empty.
        detail: the renderer's words about the fault.
        frames: paths of pictures, inside the pack.
    """
    said = verdict(fault, metrics)
    return {
        "presetId": preset_id,
        "relPath": rel_path,
        "filePath": "",
        "status": said.status,
        "tier": said.tier,
        "idHash": sha1(preset_id.encode(), usedforsecurity=False).hexdigest()[:16],
        "frames": list(frames),
        "bestFrame": frames[0] if frames else "",
        "metrics": {name: metrics[name] for name in JUDGED if name in metrics},
        "reasons": said.reasons + ([detail] if detail else []),
        "at": "",
        "score": said.score,
    }


def counts(rows: Sequence[Mapping[str, Any]], unique: int) -> dict[str, int]:
    """The manifest's counts; `unique` is how many presets differ in content."""
    good = [row for row in rows if row["status"] == "ok"]
    return {
        "total": len(rows),
        "ok": len(good),
        "failed": len(rows) - len(good),
        "skipped": 0,
        "tier1Ok": sum(row["tier"] == "strict" for row in good),
        "tier2Ok": sum(row["tier"] == "dark" for row in good),
        "uniquePresets": unique,
    }
