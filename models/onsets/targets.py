"""What the onset network should say of a clip, hop by hop, and how much each hop counts.

The network is asked "has something begun within the last three hops?", from the very hop in which it begins:
its answer is then the probability given what can be known so far, and the first hop over the threshold is
the first that allows the decision.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dsp.hop import hop_of
from dsp.onset_network import CLASSES
from models.music.clip import Truth

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]

HELD_HOPS = 3.0
"""How long after an onset the answer is yes."""
FREE_HOPS = 5.0
"""From there to here any answer will do: the network may take its time to forget."""
EASY_HOPS = 0.4
"""An onset this late in its hop cannot be heard yet; the hop counts in proportion."""
SLOW_S = 0.03
"""After a note with slow attack any answer will do for so long; and one hop before it."""


class Targets(NamedTuple):
    """Targets of n hops.

    Attributes:
        values: float32[n, 5], 0 or 1: any onset, then each of `CLASSES`.
        weights: float32[n, 5], 0..1.
        age: float32[n], hops since the newest onset; NaN where there is none within `HELD_HOPS`.
    """

    values: Float32
    weights: Float32
    age: Float32


def ages(times: list[float], ends: Float64) -> Float64:
    """Seconds from the newest of the ascending `times` to each of `ends`; infinite before the first."""
    if not times:
        return np.full(len(ends), np.inf)
    at = np.array(times)
    index = np.searchsorted(at, ends, side="left") - 1
    return np.where(index >= 0, ends - at[np.maximum(index, 0)], np.inf)


def targets_of(truth: Truth, hops: int, rate: int) -> Targets:
    """Targets and weights of the first `hops` hops of a clip."""
    seconds = hop_of(rate) / rate
    ends: Float64 = np.arange(1, hops + 1, dtype=np.float64) * seconds
    values = np.zeros((hops, 1 + len(CLASSES)), dtype=np.float32)
    weights = np.ones((hops, 1 + len(CLASSES)), dtype=np.float32)
    lists = [truth.onsets, *(truth.onsets_by_class.get(name, []) for name in CLASSES)]
    slow = ages(truth.onsets_dontcare, np.add(ends, seconds)) < SLOW_S + seconds
    for head, times in enumerate(lists):
        age = ages(sorted(times), ends) / seconds
        values[:, head] = age <= HELD_HOPS
        weights[:, head] = np.where(age < EASY_HOPS, np.maximum(age / EASY_HOPS, 0.05), 1.0)
        weights[(age > HELD_HOPS) & (age <= FREE_HOPS), head] = 0.0
        if head == 0 or CLASSES[head - 1] == "other":
            weights[slow & (values[:, head] == 0.0), head] = 0.0
    if truth.onsets and not truth.onsets_by_class:
        weights[:, 1:] = 0.0
    newest = ages(truth.onsets, ends) / seconds
    return Targets(values, weights, np.where(newest <= HELD_HOPS, newest, np.nan).astype(np.float32))
