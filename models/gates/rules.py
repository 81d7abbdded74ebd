"""The rules that a learned score must pass before anything reads it.

A score may collapse: be the same for everything, or nearly so, or be stretched until it no longer looks so,
or be noise. Spread alone tells none of these apart from a good score, so the rules ask for agreement with
what was measured, on presets that training never saw, and compare with what simple models reach.

- `spread`: the score before calibration has a standard deviation, quartiles apart and enough different
  values. Stops a constant, with a little noise or without.
- `calibration`: what is published keeps the order of the raw score and is spread no wider. Stops a constant
  that was stretched.
- `agreement`: rank correlation with the measurement, by the lower bound of its 95 % family-bootstrap
  interval. Stops noise of any spread.
- `scale`: the prediction is spread about as widely as the measurement. Stops a score that was stretched or
  squeezed before it was called raw.
- `baselines`: simple models are beaten, and no rival is clearly better. Stops a network that adds nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from models.gates.bootstrap import REPLICATES, Interval, interval
from models.gates.ranks import F64, I64, MICRO, Ranking, correlation, micro, spread

RULES = ("spread", "calibration", "agreement", "scale", "baselines")


@dataclass(frozen=True)
class Thresholds:
    """What is asked for.

    Attributes:
        raw_std: least standard deviation before calibration.
        iqr: least distance of its quartiles.
        distinct: least share of different values.
        mode: greatest share of one value.
        agreement: least lower bound of the rank correlation with the measurement.
        scale: least and greatest ratio of the standard deviations of prediction and measurement.
        replicates: how often families are drawn for an interval.
    """

    raw_std: float = 0.03
    iqr: float = 0.03
    distinct: float = 0.5
    mode: float = 0.2
    agreement: float = 0.6
    scale: tuple[float, float] = (0.4, 1.1)
    replicates: int = REPLICATES


PAIRS = Thresholds()
"""For scores of pairs."""


@dataclass(frozen=True)
class Evidence:
    """Predictions beside measurements, for presets (or pairs of presets) whose families training never saw.

    Attributes:
        predicted: f64[n] in [0, 1], before calibration.
        measured: f64[n] in [0, 1].
        families: i64[n] or i64[n, k]: the families of each row.
        baselines: predictions f64[n] of simple models, which must be beaten.
        rivals: predictions f64[n] of other models, which must not be clearly better.
    """

    predicted: F64
    measured: F64
    families: I64
    baselines: Mapping[str, F64] = field(default_factory=dict)
    rivals: Mapping[str, F64] = field(default_factory=dict)


@dataclass(frozen=True)
class Finding:
    """What one rule found: `text` is a clause with the numbers."""

    rule: str
    passed: bool
    text: str


@dataclass(frozen=True)
class Verdict:
    """What all rules found.

    Attributes:
        findings: one for each rule, in the order of `RULES`.
        agreement: rank correlation with the measurement.
        scale: ratio of the standard deviations of prediction and measurement; 0 for a constant measurement.
        raw_std: of the score before calibration.
    """

    findings: tuple[Finding, ...]
    agreement: Interval
    scale: float
    raw_std: float

    @property
    def passed(self) -> bool:
        """Do all rules hold?"""
        return all(finding.passed for finding in self.findings)

    @property
    def failed(self) -> tuple[str, ...]:
        """Names of the rules that do not hold."""
        return tuple(finding.rule for finding in self.findings if not finding.passed)


def judge(
    raw: F64, published: F64, evidence: Evidence, thresholds: Thresholds = PAIRS, *, seed: int = 1
) -> Verdict:
    """Apply every rule.

    Args:
        raw: f64[n] in [0, 1]: the score as the model gave it, for what is to be published.
        published: f64[n] in [0, 1]: the same after calibration.
        evidence: from held-out families.
        thresholds: what is asked for.
        seed: of the bootstrap.

    Raises:
        ValueError: columns of different lengths, or numbers outside [0, 1].
    """
    if len(raw) != len(published) or len(evidence.predicted) != len(evidence.measured):
        raise ValueError("columns must have one row for each score")
    target, forecast = Ranking(evidence.measured), Ranking(evidence.predicted)
    drawn = partial(interval, families=evidence.families, seed=seed, replicates=thresholds.replicates)
    agreement = drawn(partial(correlation, forecast, target))
    spread_of_target = spread(evidence.measured).std
    scale = spread(evidence.predicted).std / spread_of_target if spread_of_target else 0.0
    findings = (
        _spread(raw, thresholds),
        _calibration(raw, published),
        Finding(
            "agreement",
            agreement.low >= thresholds.agreement,
            f"rank correlation with the measurement {agreement}, lower bound at least "
            f"{thresholds.agreement:g} wanted",
        ),
        Finding(
            "scale",
            thresholds.scale[0] <= scale <= thresholds.scale[1],
            f"spread of prediction to measurement {scale:.3f}, from {thresholds.scale[0]:g} to "
            f"{thresholds.scale[1]:g} wanted",
        ),
        _baselines(evidence, forecast, target, drawn),
    )
    return Verdict(findings, agreement, scale, spread(raw).std)


def _spread(raw: F64, least: Thresholds) -> Finding:
    found = spread(raw)
    passed = (
        found.std >= least.raw_std
        and found.iqr >= least.iqr
        and found.distinct >= least.distinct * found.count
        and found.mode <= least.mode
    )
    text = (
        f"raw standard deviation {found.std:.4f} (at least {least.raw_std:g}), quartiles {found.iqr:.4f} "
        f"apart ({least.iqr:g}), {found.distinct} of {found.count} scores different ({least.distinct:g}), "
        f"commonest {found.mode:.3f} (at most {least.mode:g})"
    )
    return Finding("spread", passed, text)


def _calibration(raw: F64, published: F64) -> Finding:
    """Published scores must rise with raw ones, and be spread no wider, to a millionth."""
    before, after = micro(raw), micro(published)
    order = np.lexsort((after, before))
    kept = bool((np.diff(after[order]) >= 0).all())
    narrow, wide = spread(raw).std, spread(published).std
    passed = kept and wide <= narrow + 1.0 / MICRO
    order_text = "keeps the order" if kept else "changes the order"
    return Finding(
        "calibration", passed, f"{order_text}, standard deviation {wide:.4f} after and {narrow:.4f} before"
    )


def _baselines(
    evidence: Evidence,
    forecast: Ranking,
    target: Ranking,
    drawn: Callable[[Callable[[I64], float]], Interval],
) -> Finding:
    if not evidence.baselines:
        return Finding("baselines", False, "no baseline was compared with")
    passed, texts = True, []
    for name, column in (*evidence.baselines.items(), *evidence.rivals.items()):
        ahead = drawn(partial(_ahead, forecast, Ranking(column), target))
        must_be_beaten = name in evidence.baselines
        passed = passed and (ahead.low > 0.0 if must_be_beaten else ahead.high >= 0.0)
        texts.append(f"{'ahead of' if must_be_beaten else 'beside'} {name} by {ahead}")
    return Finding("baselines", passed, "; ".join(texts))


def _ahead(forecast: Ranking, other: Ranking, target: Ranking, weights: I64) -> float:
    return correlation(forecast, target, weights) - correlation(other, target, weights)
