"""How long a hop is. A room of its own, since the main process needs it and loads no kernels."""

from __future__ import annotations


def hop_of(rate: int) -> int:
    """Samples in a hop at `rate`: 256 at 44.1 and 48 kHz, 512 at 88.2 and 96 kHz."""
    hop = 64
    while 250 * hop <= rate:
        hop *= 2
    return hop
