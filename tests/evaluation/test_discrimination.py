"""Concordance and time-dependent AUC: pair by pair, against scikit-survival, and in bootstrap samples."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from sksurv.metrics import concordance_index_censored, concordance_index_ipcw, cumulative_dynamic_auc
from sksurv.util import Surv

from itgstrat.concordance import comparable_pairs
from itgstrat.evaluation.discrimination import (
    dynamic_blocks,
    dynamic_weights,
    harrell_blocks,
    resampled_concordance,
    uno_weights,
)
from itgstrat.evaluation.metrics import bootstrap_weights, censoring_survival
from itgstrat.outcome import make_outcome

from .builders import make_outcomes, tied_outcomes


def concordance_of(outcome, risk, case_weights=None, blocks=None):
    """The point estimate for one risk, all patients judged by one model."""
    own = harrell_blocks(outcome, np.zeros(len(risk))) if blocks is None else blocks
    weights = np.ones(len(risk)) if case_weights is None else case_weights
    nothing = np.empty((len(risk), 0), dtype=np.float32)
    return resampled_concordance([own], [risk[:, None]], weights[None], nothing)[0][0, 0]


def count_pairs(outcome, risk, groups):
    """Harrell's concordance pair by pair, as its definition reads."""
    right = total = 0.0
    for i in range(len(outcome)):
        for j in range(len(outcome)):
            apart = outcome.stratum[i] != outcome.stratum[j] or groups[i] != groups[j]
            if i == j or apart or not outcome.event[i]:
                continue
            later = outcome.time_days[j] > outcome.time_days[i]
            censored_then = outcome.time_days[j] == outcome.time_days[i] and not outcome.event[j]
            if later or censored_then:
                total += 1
                right += 0.5 if risk[i] == risk[j] else float(risk[i] > risk[j])
    return right / total if total else np.nan


@given(data=tied_outcomes())
def test_harrell_is_that_of_scikit_survival_with_ties(data):
    risk, outcome = data
    pairs = comparable_pairs(outcome)
    assume(len(pairs.first))
    expected = concordance_index_censored(outcome.event, outcome.time_days, risk)
    assert pairs.concordance(risk) == pytest.approx(expected[0], abs=1e-12)
    right = pairs.concordant(risk)
    assert ((right == 1).sum(), (right == 0).sum(), (right == 0.5).sum()) == expected[1:4]


@settings(deadline=None)
@given(data=tied_outcomes(strata=3))
def test_harrell_compares_within_stratum_and_group_only(data):
    risk, outcome = data
    groups = np.arange(len(outcome)) % 2
    pairs = comparable_pairs(outcome, groups)
    assert (outcome.stratum[pairs.first] == outcome.stratum[pairs.second]).all()
    assert (groups[pairs.first] == groups[pairs.second]).all()
    np.testing.assert_allclose(pairs.concordance(risk), count_pairs(outcome, risk, groups))


def test_many_risks_are_judged_at_once():
    risk, outcome = make_outcomes(40)
    pairs = comparable_pairs(outcome)
    both = pairs.concordance(np.stack([risk, -risk], axis=1))
    assert both == pytest.approx([pairs.concordance(risk), 1 - pairs.concordance(risk)])


def test_without_a_comparable_pair_concordance_is_not_a_number():
    pairs = comparable_pairs(make_outcome([0, 0, 1], [1, 2, 3]))
    assert len(pairs.first) == 0
    assert np.isnan(pairs.concordance(np.arange(3.0)))
    assert np.isnan(pairs.concordance(np.ones((3, 2)))).all()


@pytest.mark.parametrize("seed", range(3))
def test_uno_is_that_of_scikit_survival(seed):
    risk, outcome = make_outcomes(seed=seed)
    structured = Surv.from_arrays(outcome.event, outcome.time_days)
    tau = np.quantile(outcome.time_days, 0.8)
    expected = concordance_index_ipcw(structured, structured, risk, tau=tau)[0]
    assert concordance_of(outcome, risk, uno_weights(outcome, tau)) == pytest.approx(expected, abs=1e-12)


def test_bootstrap_point_estimate_is_the_concordance_and_its_interval_covers_it():
    risk, outcome = make_outcomes(strata=("a", "b"))
    blocks = harrell_blocks(outcome, np.zeros(len(risk)))
    weights = bootstrap_weights(outcome, 500, seed=1)
    risks = np.stack([risk, np.zeros_like(risk)], axis=1)
    (point,), (drawn,) = resampled_concordance([blocks, blocks], [risks, risks], np.ones((1, len(risk))), weights)
    assert point == pytest.approx([comparable_pairs(outcome).concordance(risk), 0.5])
    assert drawn[0].mean() == pytest.approx(point[0], abs=0.005)
    assert drawn[1] == pytest.approx(0.5)
    low, high = np.percentile(drawn[0], [2.5, 97.5])
    assert low < point[0] < high


def test_a_bootstrap_draw_is_the_concordance_of_the_drawn_patients():
    risk, outcome = make_outcomes(60, strata=("a", "b"))
    weights = bootstrap_weights(outcome, 20, seed=2)
    blocks = harrell_blocks(outcome, np.zeros(60))
    _, drawn = resampled_concordance([blocks], [risk[:, None]], np.ones((1, 60)), weights)
    for draw in range(20):
        rows = np.repeat(np.arange(60), weights[:, draw].astype(int))
        assert drawn[0, 0, draw] == pytest.approx(comparable_pairs(outcome[rows]).concordance(risk[rows]))


def test_repetitions_are_pooled():
    risk, outcome = make_outcomes(80)
    folds = [np.arange(80) % 2, np.arange(80) % 3]
    pairs = [comparable_pairs(outcome, groups) for groups in folds]
    risks = [risk[:, None], -risk[:, None]]
    blocks = [harrell_blocks(outcome, groups) for groups in folds]
    point, _ = resampled_concordance(blocks, risks, np.ones((1, 80)), bootstrap_weights(outcome, 100, 0))
    right = sum(own.concordant(own_risk).sum() for own, own_risk in zip(pairs, risks, strict=True))
    assert point[0, 0] == pytest.approx(right / sum(len(own.first) for own in pairs))


def test_bootstrap_draws_without_events_are_not_a_number():
    outcome = make_outcome([1, 0, 0], [1, 2, 3])
    weights = bootstrap_weights(outcome, 200, seed=0)
    blocks = harrell_blocks(outcome, np.zeros(3))
    _, drawn = resampled_concordance([blocks], [np.array([[3.0], [2.0], [1.0]])], np.ones((1, 3)), weights)
    without = weights[0] == 0
    assert without.any()
    assert np.isnan(drawn[0, 0, without]).all()


@settings(deadline=None)
@given(data=tied_outcomes(strata=3))
def test_blocks_hold_the_comparable_pairs(data):
    risk, outcome = data
    groups = np.arange(len(outcome)) % 2
    blocks = harrell_blocks(outcome, groups)
    pairs = comparable_pairs(outcome, groups)
    assert sum(block.comparable.sum() for block in blocks) == len(pairs.first)
    np.testing.assert_allclose(concordance_of(outcome, risk, blocks=blocks), pairs.concordance(risk), atol=1e-12)


@pytest.mark.parametrize("seed", range(3))
def test_dynamic_auc_is_that_of_scikit_survival(seed):
    risk, outcome = make_outcomes(seed=seed)
    risk = risk.round(1)  # ties
    structured = Surv.from_arrays(outcome.event, outcome.time_days)
    for horizon in (200.0, 500.0, 1500.0):
        expected = cumulative_dynamic_auc(structured, structured, risk, [horizon])[0][0]
        blocks = dynamic_blocks(outcome, np.zeros(len(risk)), horizon)
        found = concordance_of(outcome, risk, dynamic_weights(outcome, horizon), blocks)
        assert found == pytest.approx(expected, abs=1e-12)


@settings(deadline=None)
@given(data=tied_outcomes(strata=2))
def test_dynamic_auc_counts_pairs_of_one_cohort_and_fold(data):
    risk, outcome = data
    horizon, groups = 3.0, np.arange(len(outcome)) % 2
    assume(all(outcome.time_days[rows].max() > horizon for _, rows in outcome.by_stratum()))
    own = censoring_survival(outcome, outcome.time_days, outcome.stratum, before=True)
    then = censoring_survival(outcome, np.full(len(outcome), horizon), outcome.stratum)
    right = total = 0.0
    for i in np.flatnonzero(outcome.event & (outcome.time_days <= horizon)):
        for j in np.flatnonzero(outcome.time_days > horizon):
            if outcome.stratum[i] == outcome.stratum[j] and groups[i] == groups[j]:
                weight = 1 / own[i] / then[j]
                total += weight
                right += weight * (0.5 if risk[i] == risk[j] else float(risk[i] > risk[j]))
    blocks = dynamic_blocks(outcome, groups, horizon)
    found = concordance_of(outcome, risk, dynamic_weights(outcome, horizon), blocks)
    np.testing.assert_allclose(found, right / total if total else np.nan, atol=1e-12)


def test_a_bootstrap_draw_of_the_dynamic_auc_is_that_of_the_drawn_patients():
    risk, outcome = make_outcomes(60)
    weights, case_weights = bootstrap_weights(outcome, 10, seed=2), dynamic_weights(outcome, 500.0)
    blocks = dynamic_blocks(outcome, np.zeros(60), 500.0)
    _, drawn = resampled_concordance([blocks], [risk[:, None]], case_weights[None], weights)
    for draw in range(10):
        rows = np.repeat(np.arange(60), weights[:, draw].astype(int))
        own = dynamic_blocks(outcome[rows], np.zeros(60), 500.0)
        assert drawn[0, 0, draw] == pytest.approx(concordance_of(outcome[rows], risk[rows], case_weights[rows], own))
