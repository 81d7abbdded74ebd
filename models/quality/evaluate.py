"""How well measurements are told from text and equations, beside simple models, on authors never seen.

Targets are taken as ranks: what counts is the order of presets, and luma and motion have long tails. Every
model sees the same rows and folds. Folds are hashes of the author (or family) and never move.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np

from models.features.vector import names
from models.gates.bootstrap import REPLICATES, Interval, interval
from models.gates.ranks import F64, I64, Ranking, correlation
from models.gates.rules import Evidence, Thresholds, Verdict, judge
from models.quality.boosting import Boosting, Growth
from models.quality.data import Rows
from models.quality.linear import Ridge
from models.splits import FOLDS

SHIPPED = "boosting"
_BY_RUNNING = (
    "run.",
    "mesh.",
    "q.",
    "q1.",
    "q2.",
    "q3.",
    "q4.",
    "q5.",
    "q6.",
    "q7.",
    "q8.",
    "ink.",
    "broken",
)
LEAST = {"luma": 0.25, "motion": 0.25, "response": 0.4}
"""Lower bound of the rank correlation that a score must reach before anything reads it."""

Fit = Callable[[F64, F64], Callable[[F64], F64]]


@dataclass(frozen=True)
class Judged:
    """One target.

    Attributes:
        models: rank correlation with the measurement, by model.
        ahead: by how much the shipped model is ahead of each other one, on the same rows.
        verdict: of the gate.
        half_width: of the 90 % interval around a prediction, in ranks (0..1).
    """

    models: Mapping[str, Interval]
    ahead: Mapping[str, Interval]
    verdict: Verdict
    half_width: float


def text_columns() -> I64:
    """Columns that need no running of equations."""
    return np.flatnonzero([not name.startswith(_BY_RUNNING) for name in names()])


def ranks01(target: F64) -> F64:
    """Middle ranks, brought into 0..1."""
    ones = np.ones(len(target), dtype=np.int64)
    return Ranking(target).ranks(ones) / (2.0 * len(target))


def judge_rows(
    rows: Rows,
    folds: I64,
    groups: I64,
    *,
    seed: int = 1,
    replicates: int = REPLICATES,
    growth: Growth | None = None,
) -> dict[str, Judged]:
    """Cross-validate every model on every target.

    Args:
        rows: measured presets.
        folds: i64[n]: the fold in which each is held out; below 0 for one that is left out altogether.
        groups: i64[n]: what intervals draw anew: authors or families.
        seed: of models and intervals.
        replicates: of the bootstrap.
        growth: how trees are grown.
    """
    boosted = partial(_boosting, seed, growth)
    used = folds >= 0
    part = partial(
        _judge,
        rows.inputs[used],
        folds[used],
        groups[used],
        seed=seed,
        replicates=replicates,
        boosted=boosted,
    )
    return {name: part(ranks01(target[used]), LEAST[name]) for name, target in rows.targets.items()}


def _judge(
    inputs: F64,
    folds: I64,
    groups: I64,
    target: F64,
    least: float,
    *,
    seed: int,
    replicates: int,
    boosted: Fit,
) -> Judged:
    text = text_columns()
    everything = np.arange(inputs.shape[1])
    fits: dict[str, tuple[Fit, I64]] = {
        "mean": (_mean, everything),
        "ridge, text": (_ridge, text),
        "ridge": (_ridge, everything),
        "boosting, text": (boosted, text),
        SHIPPED: (boosted, everything),
    }
    told = {name: np.empty(len(target)) for name in fits}
    for number in range(FOLDS):
        held, seen = folds == number, folds != number
        if not held.any() or not seen.any():
            continue
        for name, (fit, columns) in fits.items():
            told[name][held] = fit(inputs[seen][:, columns], target[seen])(inputs[held][:, columns])
    told = {name: np.clip(column, 0.0, 1.0) for name, column in told.items()}
    truth = Ranking(target)
    drawn = partial(interval, families=groups, seed=seed, replicates=replicates)
    ranked = {name: Ranking(column) for name, column in told.items()}
    agreement = {name: drawn(partial(correlation, column, truth)) for name, column in ranked.items()}
    ahead = {
        name: drawn(partial(_ahead, ranked[SHIPPED], column, truth))
        for name, column in ranked.items()
        if name != SHIPPED
    }
    verdict = judge(
        told[SHIPPED],
        told[SHIPPED],
        Evidence(told[SHIPPED], target, groups, {"mean": told["mean"]}, {"ridge": told["ridge"]}),
        Thresholds(agreement=least, replicates=replicates),
        seed=seed,
    )
    missed = np.sort(np.abs(told[SHIPPED] - target))
    return Judged(agreement, ahead, verdict, float(missed[(len(missed) - 1) * 9 // 10]))


def _mean(inputs: F64, target: F64) -> Callable[[F64], F64]:
    """The mean of all ranks, whatever the fold: the folds' own means would look like knowledge."""
    return lambda held: np.full(len(held), 0.5)


def _ridge(inputs: F64, target: F64) -> Callable[[F64], F64]:
    return Ridge(inputs, target).predict


def _boosting(seed: int, growth: Growth | None, inputs: F64, target: F64) -> Callable[[F64], F64]:
    return Boosting(inputs, target, growth, seed).predict


def _ahead(model: Ranking, other: Ranking, truth: Ranking, weights: I64) -> float:
    return correlation(model, truth, weights) - correlation(other, truth, weights)
