"""What metrics say of a preset: status, tier, reasons and score, as the app's run-manifest has them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

LUMA_MIN, LUMA_MAX = 0.06, 0.96
"""The app's limits for a picture that is seen."""
MOTION_MIN = 0.0005
"""Below the fifth percentile of real presets under music: the picture stands still."""
FLASHES_MAX = 3.0

JUDGED = ("avgLuma", "motion", "flashesPerSec")
"""Metrics that decide something, here or in the show: a run-manifest holds no others."""
HARD = ("probe-timeout", "render-failed", "preset-load-failed", "probe-error")


@dataclass(frozen=True)
class Verdict:
    """Attributes: `status` ok or failed; `tier` strict or dark; `reasons`; `score`."""

    status: str
    tier: str
    reasons: list[str]
    score: float


def verdict(fault: str, metrics: Mapping[str, float]) -> Verdict:
    """Judge one preset.

    Args:
        fault: one of `HARD`, or empty.
        metrics: of the first stimulus; may be empty where there is a fault.
    """
    if fault:
        return Verdict("failed", "dark", [fault], 0.0)
    reasons = []
    if metrics["avgLuma"] < LUMA_MIN:
        reasons.append("quality-filter: too-dark")
    if metrics["avgLuma"] > LUMA_MAX:
        reasons.append("quality-filter: too-bright")
    if metrics["motion"] < MOTION_MIN:
        reasons.append("quality-filter: low-motion")
    tier = "dark" if reasons else "strict"
    if metrics.get("flashesPerSec", 0.0) > FLASHES_MAX:
        reasons.append("flash-risk")
    score = round(0.4 * metrics["avgLuma"] + 0.6 * metrics["motion"], 6)
    return Verdict("ok", tier, reasons, score)
