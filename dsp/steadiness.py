"""How little a tempo moves."""

from __future__ import annotations

from collections.abc import Collection

FEWEST = 5


def tempo_stability01(tempi: Collection[float]) -> float:
    """`1 - (MAD - 0.5) / 5.5` of tempi in BPM, in 0..1; 0 with fewer than five (newliveweb beatTempo)."""
    if len(tempi) < FEWEST:
        return 0.0
    middle = sorted(tempi)[len(tempi) // 2]
    deviation = sorted(abs(bpm - middle) for bpm in tempi)[len(tempi) // 2]
    return 1.0 - min(max((deviation - 0.5) / 5.5, 0.0), 1.0)
