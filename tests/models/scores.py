"""Scores of made-up models: an honest one, and every way to collapse that was met."""

from __future__ import annotations

import numpy as np

from models.gates.rules import Evidence, Thresholds

ROWS = 240
FAMILIES = 60
QUICK = Thresholds(replicates=100)


def measured() -> np.ndarray:
    """What pairs are worth, spread as measured composites are (mean 0.58, standard deviation 0.26)."""
    return np.random.RandomState(1).beta(1.6, 1.2, ROWS)


def families() -> np.ndarray:
    """Two families for each row."""
    return np.random.RandomState(2).randint(0, FAMILIES, (ROWS, 2))


def noise(seed: int, size: float) -> np.ndarray:
    return np.random.RandomState(seed).normal(0.0, size, ROWS)


def stretched(scores: np.ndarray, std: float) -> np.ndarray:
    """A straight line through `scores` that gives them the standard deviation `std`."""
    return (scores - scores.mean()) * (std / scores.std()) + scores.mean()


HONEST = np.clip(0.25 + 0.6 * measured() + noise(3, 0.06), 0.0, 1.0)
ALMOST_CONSTANT = np.clip(0.7746 + noise(4, 0.0192), 0.0, 1.0)
"""Spread as the first training was."""
COLLAPSED = {
    "constant": (np.full(ROWS, 0.77), np.full(ROWS, 0.77), "spread"),
    "constant plus noise": (
        np.clip(0.77 + noise(5, 1e-3), 0, 1),
        np.clip(0.77 + noise(5, 1e-3), 0, 1),
        "spread",
    ),
    "constant stretched": (ALMOST_CONSTANT, stretched(ALMOST_CONSTANT, 0.0306), "calibration"),
    "random": (np.clip(0.5 + noise(6, 0.25), 0, 1), np.clip(0.5 + noise(6, 0.25), 0, 1), "agreement"),
}
"""(raw, published, the rule that must catch it)."""


def evidence(predicted: np.ndarray) -> Evidence:
    """With one weak baseline and one good rival."""
    truth = measured()
    return Evidence(
        predicted=predicted,
        measured=truth,
        families=families(),
        baselines={"static": np.clip(0.5 + 0.05 * truth + noise(7, 0.2), 0, 1)},
        rivals={"boosting": np.clip(0.3 + 0.5 * truth + noise(8, 0.06), 0, 1)},
    )
