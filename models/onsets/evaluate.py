"""How well onsets are found: the real decision on the real network, against the truth of made music."""

from __future__ import annotations

from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from dsp.hop import hop_of
from dsp.onset_features import PARTS, WIDE
from dsp.onset_network import CLASSES, OUTPUTS, OnsetNetwork, OnsetWeights
from dsp.onset_picker import Picker
from models.music.clip import Truth, merged
from models.onsets.clips import Piece

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]

WIDE_S, NARROW_S = 0.05, 0.025
LOUD = np.ones((1 + WIDE, PARTS))
"""Strength is not judged here, and made music needs no gate."""


class Heard(NamedTuple):
    """One onset: claimed time, time at which it was announced (s), class."""

    time: float
    emitted: float
    name: str


class Score(msgspec.Struct, frozen=True):
    """Results of one clip or the mean over several.

    Attributes:
        wide: F of all onsets within 50 ms, at the later of claimed and announced time.
        narrow: the same within 25 ms.
        lag: median of announced minus true time, ms.
        error: median of the claimed time's absolute error, ms.
        false: onsets a minute where there are none; NaN for music.
        classes: F within 50 ms of each class; NaN for one that does not occur.
    """

    wide: float
    narrow: float
    lag: float
    error: float
    false: float
    classes: tuple[float, ...]


def activations(piece: Piece, weights: OnsetWeights) -> Float32:
    """Outputs of the network over a clip, float32[hops, OUTPUTS]."""
    network = OnsetNetwork(weights)
    out = np.zeros((len(piece.features), OUTPUTS), dtype=np.float32)
    for k, row in enumerate(np.asarray(piece.features, dtype=np.float32)):
        out[k] = network.step(row)
    return out


def pick(outputs: Float32, rate: int, thresholds: list[float]) -> list[Heard]:
    """Onsets that the live path would announce, given the network's outputs."""
    hop = hop_of(rate)
    picker = Picker(thresholds, rate)
    heard = []
    for k, row in enumerate(outputs):
        end = (k + 1) * hop
        for sample, kind, _ in picker.step(row, LOUD, 0.0, end):
            heard.append(Heard(sample / rate, end / rate, kind))
    return heard


def pairs(truth: Float64, found: Float64, tolerance: float) -> list[tuple[int, int]]:
    """Largest one-to-one matching of ascending times no further apart than `tolerance`."""
    matched, j = [], 0
    for i, time in enumerate(truth):
        while j < len(found) and found[j] < time - tolerance:
            j += 1
        if j < len(found) and found[j] <= time + tolerance:
            matched.append((i, j))
            j += 1
    return matched


def f_measure(truth: list[float], found: list[float], tolerance: float, free: list[float]) -> float:
    """F of `found`; what lies near one of the `free` times and matches nothing is not counted."""
    reference, heard = np.array(sorted(truth)), np.array(sorted(found))
    matched = pairs(reference, heard, tolerance)
    extra = np.delete(heard, [j for _, j in matched])
    if free and len(extra):
        distance = np.abs(extra[:, None] - np.array(free)).min(axis=1)
        extra = extra[distance > tolerance]
    total = len(reference) + len(matched) + len(extra)
    return 2 * len(matched) / total if total else float("nan")


def score(truth: Truth, heard: list[Heard]) -> Score:
    """Judge the onsets of one clip."""
    hits: list[Heard] = []
    for onset in heard:  # one hit may have several classes
        if not hits or onset.time - hits[-1].time > 0.03:
            hits.append(onset)
    if not truth.onsets:
        nan = float("nan")
        false = 60.0 * len(hits) / truth.duration
        return Score(nan, nan, nan, nan, false, (nan,) * len(CLASSES))
    live = [max(onset.time, onset.emitted) for onset in hits]
    slow = truth.onsets_dontcare
    wide = f_measure(truth.onsets, live, WIDE_S, slow)
    narrow = f_measure(truth.onsets, live, NARROW_S, slow)
    at = np.array(truth.onsets)
    matched = pairs(at, np.array([onset.time for onset in hits]), WIDE_S)
    late = [hits[j].emitted - at[i] for i, j in matched]
    wrong = [abs(hits[j].time - at[i]) for i, j in matched]
    classes = []
    for name in CLASSES:
        times = merged(truth.onsets_by_class.get(name, []))
        found = [max(onset.time, onset.emitted) for onset in heard if onset.name == name]
        free = slow if name == "other" else []
        classes.append(f_measure(times, found, WIDE_S, free) if times else float("nan"))
    lag, error = (1e3 * float(np.median(v)) if v else float("nan") for v in (late, wrong))
    return Score(wide, narrow, lag, error, float("nan"), tuple(classes))


def mean(scores: list[Score]) -> Score:
    """Mean over clips in which there is something to judge."""

    def over(values: list[float]) -> float:
        known = [value for value in values if value == value]
        return float(np.mean(known)) if known else float("nan")

    return Score(
        over([s.wide for s in scores]),
        over([s.narrow for s in scores]),
        over([s.lag for s in scores]),
        over([s.error for s in scores]),
        over([s.false for s in scores]),
        tuple(over([s.classes[k] for s in scores]) for k in range(len(CLASSES))),
    )
