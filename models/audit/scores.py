"""Finds scores that carry no information: collapsed to nearly one value, or stretched to hide it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from models.gates.ranks import spread
from models.gates.rules import PAIRS

WIDER = 1.05
"""A calibration may not spread a score by more than this."""
_NEAR_GATE = (0.03, 0.0315)
"""A standard deviation in here is what stretching to just above the usual gate of 0.03 leaves."""


def faults(top: Mapping[str, Any], values: Sequence[float]) -> list[str]:
    """Sentences about what is wrong with the scores `values` of a quality manifest `top`."""
    found = []
    scores = np.array(values, dtype=np.float64)
    if len(scores) < 2:
        return []
    seen = spread(scores)
    if seen.std < PAIRS.raw_std or seen.iqr < PAIRS.iqr:
        found.append(f"collapsed: standard deviation {seen.std:.4f}, quartiles {seen.iqr:.4f} apart")
    if seen.distinct < PAIRS.distinct * seen.count or seen.mode > PAIRS.mode:
        found.append(
            f"collapsed: {seen.distinct} of {seen.count} values differ, one is {seen.mode:.0%} of all"
        )
    stats = top.get("qualityStats")
    said = stats if isinstance(stats, Mapping) else {}
    calibration = said.get("calibration")
    if calibration is not None and "stretch" in str(calibration):
        found.append(f"stretched: calibration {str(calibration)[:60]!r}")
    raw = said.get("rawStd")
    if isinstance(raw, (int, float)) and raw > 0 and seen.std > WIDER * raw:
        found.append(f"stretched: standard deviation {seen.std:.4f}, before calibration {raw:.4f}")
    if _NEAR_GATE[0] <= seen.std < _NEAR_GATE[1] and raw is None:
        found.append(
            f"suspect: standard deviation {seen.std:.4f} is just above 0.03, and rawStd is not given"
        )
    return found
