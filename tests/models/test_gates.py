"""The gate lets an honest score through and stops every collapse at the rule that is there for it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scores import (
    ALMOST_CONSTANT,
    COLLAPSED,
    HONEST,
    QUICK,
    ROWS,
    evidence,
    families,
    measured,
    noise,
    stretched,
)

from models.gates.bootstrap import interval
from models.gates.ranks import Ranking, correlation, spearman, spread
from models.gates.rules import RULES, Evidence, Verdict
from models.gates.rules import judge as judge_by


def judge(raw: np.ndarray, published: np.ndarray, held_out: Evidence) -> Verdict:
    return judge_by(raw, published, held_out, QUICK)


def test_an_honest_score_passes_every_rule():
    verdict = judge(HONEST, HONEST, evidence(HONEST))
    assert verdict.passed, verdict.findings
    assert tuple(finding.rule for finding in verdict.findings) == RULES
    assert 0.8 < verdict.agreement.low < verdict.agreement.value < verdict.agreement.high < 1.0


@pytest.mark.parametrize("name", COLLAPSED)
def test_a_collapsed_score_fails_at_its_rule(name):
    raw, published, rule = COLLAPSED[name]
    assert rule in judge(raw, published, evidence(raw)).failed


def test_noise_as_wide_as_the_measurement_fails_by_agreement_and_not_by_spread():
    raw, published, _ = COLLAPSED["random"]
    failed = judge(raw, published, evidence(raw)).failed
    assert "agreement" in failed
    assert not {"spread", "calibration", "scale"} & set(failed)


def test_a_stretch_that_is_passed_off_as_raw_is_still_found():
    hidden = stretched(ALMOST_CONSTANT, 0.0306)
    assert spread(hidden).std > 0.03
    assert {"agreement", "scale"} <= set(judge(hidden, hidden, evidence(hidden)).failed)


def test_a_stretched_score_that_does_know_something_has_the_wrong_scale():
    true_but_narrow = stretched(HONEST, 0.0306)
    failed = judge(true_but_narrow, true_but_narrow, evidence(true_but_narrow)).failed
    assert failed == ("scale",)


@pytest.mark.parametrize(
    ("published", "text"),
    [(np.clip(stretched(HONEST, 0.3), 0, 1), "keeps the order"), (1.0 - HONEST, "changes the order")],
)
def test_calibration_may_neither_widen_nor_reorder(published, text):
    verdict = judge(HONEST, published, evidence(HONEST))
    assert verdict.failed == ("calibration",)
    assert text in verdict.findings[1].text


def test_calibration_may_narrow():
    assert judge(HONEST, stretched(HONEST, 0.1), evidence(HONEST)).passed


def test_a_model_that_adds_nothing_to_a_baseline_fails():
    same = evidence(HONEST)
    weak = Evidence(HONEST, same.measured, same.families, {"ridge": HONEST + 0.0}, {})
    assert judge(HONEST, HONEST, weak).failed == ("baselines",)
    nothing = Evidence(HONEST, same.measured, same.families, {}, {})
    assert judge(HONEST, HONEST, nothing).failed == ("baselines",)


def test_a_rival_that_is_clearly_better_stops_a_model():
    found = evidence(HONEST)
    better = Evidence(HONEST, found.measured, found.families, found.baselines, {"boosting": measured()})
    assert judge(HONEST, HONEST, better).failed == ("baselines",)


@given(st.lists(st.integers(0, 6), min_size=2, max_size=40), st.data())
def test_weights_are_the_same_as_rows_that_occur_so_often(values, data):
    n = len(values)
    other = np.array(data.draw(st.lists(st.integers(0, 6), min_size=n, max_size=n)), dtype=float)
    times = np.array(data.draw(st.lists(st.integers(0, 3), min_size=n, max_size=n)))
    column = np.array(values, dtype=float)
    if not times.any():
        return
    weighted = correlation(Ranking(column), Ranking(other), times)
    assert weighted == spearman(np.repeat(column, times), np.repeat(other, times))


def test_rank_correlation_by_hand():
    assert spearman(np.array([1.0, 2.0, 3.0]), np.array([3.0, 7.0, 9.0])) == pytest.approx(1.0)
    assert spearman(np.array([1.0, 2.0, 3.0]), np.array([9.0, 7.0, 3.0])) == pytest.approx(-1.0)
    # 1 - 6 * sum(d^2) / (n * (n^2 - 1)) with d = 1, 1, 1, 1
    assert spearman(np.array([1.0, 2.0, 3.0, 4.0]), np.array([2.0, 1.0, 4.0, 3.0])) == pytest.approx(0.6)
    assert spearman(np.array([1.0, 1.0]), np.array([1.0, 2.0])) == 0.0


def test_order_of_rows_changes_no_bit():
    a, b, turn = HONEST, measured(), np.random.RandomState(9).permutation(ROWS)
    assert spearman(a, b) == spearman(a[turn], b[turn])
    assert spread(a) == spread(a[turn])


def test_families_widen_an_interval():
    """Ten copies of each row carry no more information than one."""
    a, b = measured()[:60], np.clip(measured()[:60] + noise(3, 0.2)[:60], 0, 1)
    copies = np.repeat(np.arange(60), 10)
    x, y = Ranking(a[copies]), Ranking(b[copies])

    def width(groups):
        found = interval(lambda weights: correlation(x, y, weights), groups, replicates=200)
        return found.high - found.low

    assert width(copies) > 2.5 * width(np.arange(600))


def test_intervals_repeat_and_follow_the_seed():
    x, y = Ranking(HONEST), Ranking(measured())
    first, again, other = (
        interval(lambda weights: correlation(x, y, weights), families(), seed=seed, replicates=100)
        for seed in (1, 1, 2)
    )
    assert first == again
    assert first != other
    assert first.value == other.value


@pytest.mark.parametrize("scores", [[], [0.5, 1.5], [float("nan")]])
def test_what_is_no_score_is_refused(scores):
    with pytest.raises(ValueError, match="0 to 1"):
        spread(np.array(scores))
