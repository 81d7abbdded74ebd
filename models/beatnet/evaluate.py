"""How well the exported network says what is in clips, beside a simple baseline, by category.

The network runs as it does live, in the kernels. An instant is found where an activation has a peak within
50 ms of one in the truth; frames that do not count in training (starts, cross-fades) do not count here.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from dsp.frames import FRAME_RATE, LONG_HZ
from dsp.network import HEADS, POINTS, TEMPO_BINS, Network, Weights
from models.beatnet.augment import RISES
from models.beatnet.dataset import Piece
from models.beatnet.precision import Candidates, Score, area, scored
from models.beatnet.targets import DELAYS, TEMPO, Targets, instants, targets_of
from models.music.clip import Truth

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]
Bool = NDArray[np.bool_]

WITHIN_S = 0.05
APART = 4
"""Frames to either side that a peak must exceed."""
LEAST = 0.02
EVERY = 10
"""States are judged at every so many frames."""
TEMPO_EVERY = 50
CLOSE = 0.04
LEVELS = (1.0, 2.0, 0.5, 3.0, 1.0 / 3.0)
BANDS = {"kick": (0, 150), "clap": (150, 5000), "hihat": (5000, 20000)}
"""Hz that the baseline of a class listens to; the other baselines listen to everything."""


class TempoScore(msgspec.Struct):
    """Share of moments whose most likely tempo is right within 4 %.

    Attributes:
        exact: at the level of the truth.
        any_level: at it, its double, half, triple or third.
        constant: `exact` of always saying the commonest tempo.
        moments: judged.
    """

    exact: float
    any_level: float
    constant: float
    moments: int


class Report(msgspec.Struct):
    """Scores of a network over clips, per head; by category the F alone.

    Attributes:
        heads: by name.
        baselines: by name of an instant: the peaks of summed rises in place of the activation.
        categories: F of each head, by category then head, at the thresholds of all clips; where it occurs.
        music: area under the curve of music against everything else.
        tempo: of the tempo output.
        clips: judged.
        hours: of audio.
    """

    heads: dict[str, Score]
    baselines: dict[str, Score]
    categories: dict[str, dict[str, float]]
    music: float
    tempo: TempoScore
    clips: int
    hours: float


def evaluate(weights: Weights, pieces: Sequence[Piece]) -> Report:
    """Judge a network by clips that it was not trained on."""
    found: list[list[Candidates]] = []
    simple: list[list[Candidates]] = []
    said: list[Float64] = []
    true: list[Float64] = []
    for piece in pieces:
        features = np.asarray(piece.features, dtype=np.float32)
        targets = targets_of(piece.truth, len(features))
        activations, tempo = heard(weights, features)
        found.append([_candidates(head, activations, targets, piece.truth) for head in range(len(HEADS))])
        flux = _flux(features)
        simple.append([_candidates(head, flux, targets, piece.truth) for head in range(POINTS)])
        rows = np.flatnonzero(targets.tempo_weights == 1.0)[::TEMPO_EVERY]
        said.append(_mean_tempo(tempo[rows]))
        true.append(_mean_tempo(targets.tempo[rows]))
    heads = {name: scored([one[head] for one in found]) for head, name in enumerate(HEADS)}
    baselines = {name: scored([one[head] for one in simple]) for head, name in enumerate(HEADS[:POINTS])}
    frames = sum(len(piece.features) for piece in pieces)
    return Report(
        heads,
        baselines,
        _by_category(pieces, found, heads),
        area([one[HEADS.index("music")] for one in found]),
        _tempo_score(np.concatenate(said), np.concatenate(true)),
        len(pieces),
        frames / FRAME_RATE / 3600.0,
    )


def heard(weights: Weights, features: Float32) -> tuple[Float32, Float32]:
    """Run the network over features float32[n, FEATURES].

    Returns:
        activations float32[n, len(HEADS)] and tempo float32[n, TEMPO_BINS].
    """
    network = Network(weights)
    activations = np.zeros((len(features), len(HEADS)), dtype=np.float32)
    tempo = np.zeros((len(features), TEMPO_BINS), dtype=np.float32)
    for frame, row in enumerate(features):
        network.step(row)
        activations[frame], tempo[frame] = network.activations, network.tempo
    return activations, tempo


def _candidates(head: int, activations: Float32, targets: Targets, truth: Truth) -> Candidates:
    counted = targets.weights[:, head] == 1.0
    if head >= POINTS:
        rows = np.flatnonzero(counted)[::EVERY]
        hits = targets.values[rows, head] > 0.5
        return Candidates(activations[rows, head], hits, np.zeros(len(rows)), int(hits.sum()))
    return _peaks(activations[:, head], DELAYS[head], instants(truth, HEADS[head]), counted)


def _peaks(activation: Float32, delay: int, events: list[float], counted: Bool) -> Candidates:
    """Peaks of one activation, each matched to the nearest free event, the highest peaks first."""
    padded = np.pad(activation, APART, constant_values=-1.0)
    around = np.lib.stride_tricks.sliding_window_view(padded, 2 * APART + 1)
    top = np.flatnonzero((activation > LEAST) & (activation == around.max(axis=1)))
    before, after = padded[top + APART - 1].clip(0.0), padded[top + APART + 1].clip(0.0)
    times = (top + 1 - delay + (after - before) / (before + activation[top] + after)) / FRAME_RATE
    wanted = np.array(events, dtype=np.float64)
    places = (wanted * FRAME_RATE + delay - 1.0).round().astype(np.int64)
    judged = counted[places.clip(0, len(counted) - 1)] & (places < len(counted))
    keep = counted[top]
    free = np.ones(len(wanted), dtype=bool)
    hits = np.zeros(len(top), dtype=bool)
    errors = np.zeros(len(top))
    for index in np.argsort(-activation[top], kind="stable"):
        nearest = np.flatnonzero(free & (np.abs(wanted - times[index]) <= WITHIN_S))
        if len(nearest):
            best = nearest[np.argmin(np.abs(wanted[nearest] - times[index]))]
            free[best], hits[index] = False, True
            errors[index] = times[index] - wanted[best]
            # At the edge of what counts, a peak and its event are in or out together.
            keep[index] = judged[best] = keep[index] and judged[best]
    return Candidates(activation[top][keep], hits[keep], errors[keep], int(judged.sum()))


def _flux(features: Float32) -> Float32:
    """Summed rises as activations of the instants, delayed as the network's are."""
    centres = np.array(LONG_HZ)
    out = np.zeros((len(features), POINTS), dtype=np.float32)
    for head, name in enumerate(HEADS[:POINTS]):
        low, high = BANDS.get(name, (0, 20000))
        rise = features[:, RISES][:, (centres >= low) & (centres < high)].mean(axis=1)
        # The rise of a frame shows its own time; the activation would show it `delay - 1` frames later.
        late = max(DELAYS[head] - 1, 0)
        out[late:, head] = rise[: len(rise) - late]
    return out


def _by_category(
    pieces: Sequence[Piece], found: list[list[Candidates]], heads: dict[str, Score]
) -> dict[str, dict[str, float]]:
    table: dict[str, dict[str, float]] = {}
    for category in sorted({piece.truth.category for piece in pieces}):
        rows = [one for piece, one in zip(pieces, found, strict=True) if piece.truth.category == category]
        table[category] = {}
        for head, name in enumerate(HEADS):
            counts = np.sum([one[head].counts(heads[name].threshold) for one in rows], axis=0)
            if counts[2] > 0:
                table[category][name] = float(2 * counts[0] / (counts[1] + counts[2]))
    return table


def _mean_tempo(shares: Float32) -> Float64:
    """Beats per minute of the highest bin and its neighbours, float64[n], of float32[n, TEMPO_BINS]."""
    padded = np.pad(shares.astype(np.float64), ((0, 0), (1, 1)))
    top = shares.argmax(axis=1)
    near = np.take_along_axis(padded, top[:, None] + np.arange(3), axis=1)
    offset = (near[:, 2] - near[:, 0]) / np.maximum(near.sum(axis=1), 1e-12)
    return np.asarray(TEMPO[0] * (TEMPO[1] / TEMPO[0]) ** (top + offset))


def _tempo_score(said: Float64, true: Float64) -> TempoScore:
    if len(true) == 0:
        return TempoScore(0.0, 0.0, 0.0, 0)
    ratios = said / true
    levels = np.array([np.abs(ratios / level - 1.0) <= CLOSE for level in LEVELS])
    constant = max(float((np.abs(bpm / true - 1.0) <= CLOSE).mean()) for bpm in TEMPO)
    return TempoScore(float(levels[0].mean()), float(levels.any(axis=0).mean()), constant, len(true))
