"""Precision and recall over clips, with bootstrap intervals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

Float64 = NDArray[np.float64]

RESAMPLES = 1000


class Candidates(NamedTuple):
    """What one head proposed in one clip.

    Attributes:
        scores: float[n], its activation.
        hits: bool[n], whether there is something in the truth.
        errors: float64[n], seconds that a hit is late; 0 for states.
        events: how many there are to be found.
    """

    scores: NDArray[np.floating]
    hits: NDArray[np.bool_]
    errors: Float64
    events: int

    def counts(self, threshold: float) -> tuple[int, int, int]:
        """Hits, proposals and events at a threshold."""
        chosen = self.scores >= threshold
        return int((chosen & self.hits).sum()), int(chosen.sum()), self.events


class Score(msgspec.Struct):
    """Quality of one head over all clips.

    Attributes:
        precision: average precision over all thresholds.
        f: best F over all thresholds.
        interval: 95 % interval of F at that threshold, clips drawn anew.
        threshold: that threshold.
        late_ms: median error of the hits.
        jitter_ms: from the 10th to the 90th percentile of the errors.
        events: to be found.
    """

    precision: float
    f: float
    interval: tuple[float, float]
    threshold: float
    late_ms: float
    jitter_ms: float
    events: int


def scored(clips: Sequence[Candidates]) -> Score:
    """Score of one head over clips."""
    scores = np.concatenate([clip.scores for clip in clips])
    hits = np.concatenate([clip.hits for clip in clips])
    errors = np.concatenate([clip.errors for clip in clips])
    events = sum(clip.events for clip in clips)
    if events == 0 or not hits.any():
        return Score(0.0, 0.0, (0.0, 0.0), 1.0, 0.0, 0.0, events)
    order = np.argsort(-scores, kind="stable")
    scores, hits, errors = scores[order], hits[order], errors[order]
    found, proposed = np.cumsum(hits), np.arange(1, len(scores) + 1)
    f = 2.0 * found / (proposed + events)
    best = int(f.argmax())
    early, late, latest = np.percentile(1000.0 * errors[: best + 1][hits[: best + 1]], (10, 50, 90))
    return Score(
        precision=float((found / proposed)[hits].sum() / events),
        f=float(f[best]),
        interval=interval(clips, float(scores[best])),
        threshold=float(scores[best]),
        late_ms=float(late),
        jitter_ms=float(latest - early),
        events=events,
    )


def interval(clips: Sequence[Candidates], threshold: float) -> tuple[float, float]:
    """95 % interval of F at a threshold: the bootstrap over clips, from a fixed seed."""
    counts = np.array([clip.counts(threshold) for clip in clips])
    random = np.random.Generator(np.random.Philox(key=0))
    drawn = counts[random.integers(len(clips), size=(RESAMPLES, len(clips)))].sum(axis=1)
    values = 2.0 * drawn[:, 0] / np.maximum(drawn[:, 1] + drawn[:, 2], 1)
    low, high = np.percentile(values, (2.5, 97.5))
    return float(low), float(high)


def area(clips: Sequence[Candidates]) -> float:
    """Area under the receiver operating characteristic: how often a hit outscores a miss."""
    scores = np.concatenate([clip.scores for clip in clips])
    hits = np.concatenate([clip.hits for clip in clips])
    misses = np.sort(scores[~hits])
    if len(misses) == 0 or not hits.any():
        return 0.5
    below = np.searchsorted(misses, scores[hits], "left") + np.searchsorted(misses, scores[hits], "right")
    return float(below.mean() / 2.0 / len(misses))
