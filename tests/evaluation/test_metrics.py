import numpy as np
import pytest
from hypothesis import assume, given, settings
from lifelines import KaplanMeierFitter
from lifelines.utils import survival_table_from_events
from sksurv.metrics import concordance_index_censored, concordance_index_ipcw, integrated_brier_score
from sksurv.nonparametric import CensoringDistributionEstimator
from sksurv.util import Surv

from itgstrat.concordance import comparable_pairs
from itgstrat.errors import OutcomeError
from itgstrat.evaluation.metrics import (
    bootstrap_weights,
    calibration_table,
    censoring_survival,
    evaluation_times,
    harrell_pairs,
    integrated_brier,
    resampled_concordance,
    survival_at,
    uno_pairs,
)
from itgstrat.outcome import Outcome, make_outcome

from .builders import make_outcomes, tied_outcomes

ONE_GROUP = np.zeros(1000, dtype=int)


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
    pairs = harrell_pairs(outcome, groups)
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
    found = uno_pairs(outcome, ONE_GROUP[: len(outcome)], tau).concordance(risk)
    assert found == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("seed", range(3))
def test_integrated_brier_is_that_of_scikit_survival(seed):
    risk, outcome = make_outcomes(seed=seed)
    structured = Surv.from_arrays(outcome.event, outcome.time_days)
    times = evaluation_times(outcome)
    survival = np.exp(-times / 1000 * np.exp(risk)[:, None])
    expected = integrated_brier_score(structured, structured, survival, times)
    assert integrated_brier(outcome, survival, times).mean() == pytest.approx(expected, abs=1e-12)


def test_brier_weighs_each_stratum_by_its_own_censoring():
    risk, outcome = make_outcomes(200, strata=("a", "b"))
    times = evaluation_times(outcome)
    survival = np.exp(-times / 1000 * np.exp(risk)[:, None])
    both = integrated_brier(outcome, survival, times)
    for _, rows in outcome.by_stratum():
        np.testing.assert_allclose(both[rows], integrated_brier(outcome[rows], survival[rows], times))


def test_a_perfect_prediction_has_no_brier_score():
    _, outcome = make_outcomes(50)
    outcome = Outcome(np.ones(50, dtype=bool), outcome.time_days, outcome.stratum)
    times = evaluation_times(outcome)
    perfect = (outcome.time_days[:, None] > times).astype(float)
    np.testing.assert_array_equal(integrated_brier(outcome, perfect, times), 0)


@given(data=tied_outcomes())
def test_censoring_survival_is_that_of_scikit_survival(data):
    _, outcome = data
    assume(not outcome.event.all())
    estimator = CensoringDistributionEstimator().fit(Surv.from_arrays(outcome.event, outcome.time_days))
    times = np.linspace(0.5, outcome.time_days.max(), 9)
    found = censoring_survival(outcome, times, np.full(9, "0"))
    np.testing.assert_allclose(found, estimator.predict_proba(times))


@given(data=tied_outcomes())
def test_an_event_is_seen_unless_censored_before_it(data):
    _, outcome = data
    found = censoring_survival(outcome, outcome.time_days, outcome.stratum, before=True)
    product = np.ones(len(outcome))
    for time in np.unique(outcome.time_days[~outcome.event]):
        at_risk = (outcome.time_days > time) | ((outcome.time_days == time) & ~outcome.event)
        censored = (outcome.time_days == time) & ~outcome.event
        product[outcome.time_days > time] *= 1 - censored.sum() / at_risk.sum()
    np.testing.assert_allclose(found, product)
    assert (found[outcome.event] > 0).all()


def test_a_stratum_without_patients_is_answered_from_all():
    _, outcome = make_outcomes(60, strata=("a", "b"))
    times = np.array([100.0, 500.0])
    pooled = Outcome(outcome.event, outcome.time_days, np.full(60, "all"))
    np.testing.assert_array_equal(
        censoring_survival(outcome, times, np.full(2, "c")), censoring_survival(pooled, times, np.full(2, "all"))
    )


def test_nobody_censored_means_everybody_is_seen():
    outcome = make_outcome([1, 1, 1], [1, 2, 3])
    assert censoring_survival(outcome, np.array([1.0, 9.0]), np.full(2, "all")).tolist() == [1, 1]


@settings(deadline=None)
@given(data=tied_outcomes(strata=2))
def test_evaluation_times_rise_and_stay_within_follow_up_of_every_stratum(data):
    _, outcome = data
    times = evaluation_times(outcome)
    assert (np.diff(times) > 0).all()
    assert times[0] > 0
    for _, rows in outcome.by_stratum():
        assert times[-1] < outcome.time_days[rows].max()


def test_evaluation_times_leave_a_tenth_and_five_under_observation():
    for n in (30, 200):
        _, outcome = make_outcomes(n, strata=("a", "b"))
        end = evaluation_times(outcome)[-1]
        left = [(outcome.time_days[rows] > end).sum() for _, rows in outcome.by_stratum()]
        assert min(left) >= max(5, n / 20)


def test_evaluation_times_end_where_training_ends():
    _, outcome = make_outcomes()
    assert evaluation_times(outcome, 300.0)[-1] < 300 <= evaluation_times(outcome)[-1]


def test_evaluation_times_need_an_event():
    with pytest.raises(OutcomeError, match="0 events among 2 patients; judging a model needs at least 1"):
        evaluation_times(make_outcome([0, 0], [1, 2]))


def test_bootstrap_point_estimate_is_the_concordance_and_its_interval_covers_it():
    risk, outcome = make_outcomes(strata=("a", "b"))
    pairs = comparable_pairs(outcome)
    weights = bootstrap_weights(outcome, 500, seed=1)
    risks = np.stack([risk, np.zeros_like(risk)], axis=1)
    point, drawn = resampled_concordance([pairs, pairs], [risks, risks], weights)
    assert point == pytest.approx([pairs.concordance(risk), 0.5])
    assert drawn[0].mean() == pytest.approx(point[0], abs=0.005)
    assert drawn[1] == pytest.approx(0.5)
    low, high = np.percentile(drawn[0], [2.5, 97.5])
    assert low < point[0] < high


def test_a_bootstrap_draw_is_the_concordance_of_the_drawn_patients():
    risk, outcome = make_outcomes(60, strata=("a", "b"))
    weights = bootstrap_weights(outcome, 20, seed=2)
    pairs = comparable_pairs(outcome)
    _, drawn = resampled_concordance([pairs], [risk[:, None]], weights)
    for draw in range(20):
        rows = np.repeat(np.arange(60), weights[:, draw].astype(int))
        assert drawn[0, draw] == pytest.approx(comparable_pairs(outcome[rows]).concordance(risk[rows]))


def test_repetitions_are_pooled():
    risk, outcome = make_outcomes(80)
    folds = [np.arange(80) % 2, np.arange(80) % 3]
    pairs = [comparable_pairs(outcome, groups) for groups in folds]
    risks = [risk[:, None], -risk[:, None]]
    point, _ = resampled_concordance(pairs, risks, bootstrap_weights(outcome, 100, 0))
    right = sum(own.concordant(own_risk).sum() for own, own_risk in zip(pairs, risks, strict=True))
    assert point[0] == pytest.approx(right / sum(len(own.first) for own in pairs))


def test_bootstrap_draws_without_events_are_not_a_number():
    outcome = make_outcome([1, 0, 0], [1, 2, 3])
    weights = bootstrap_weights(outcome, 200, seed=0)
    _, drawn = resampled_concordance([comparable_pairs(outcome)], [np.array([[3.0], [2.0], [1.0]])], weights)
    without = weights[0] == 0
    assert without.any()
    assert np.isnan(drawn[0, without]).all()


def test_bootstrap_weights_keep_the_size_of_each_stratum():
    _, outcome = make_outcomes(90, strata=("a", "b", "b"))
    weights = bootstrap_weights(outcome, 50, seed=3)
    for _, rows in outcome.by_stratum():
        assert (weights[rows].sum(axis=0) == len(rows)).all()
    np.testing.assert_array_equal(weights, bootstrap_weights(outcome, 50, seed=3))
    assert (weights != bootstrap_weights(outcome, 50, seed=4)).any()


def test_survival_at_a_time_is_that_of_lifelines():
    _, outcome = make_outcomes(grid=50)
    curve = KaplanMeierFitter().fit(outcome.time_days, outcome.event)
    limits = curve.confidence_interval_survival_function_
    for time in (200.0, 475.0, 1500.0):
        survival, low, high = survival_at(outcome, time)
        assert survival == pytest.approx(curve.survival_function_at_times(time).iloc[0])
        row = limits[limits.index <= time].iloc[-1]
        assert (low, high) == pytest.approx(tuple(row), abs=1e-9)


def test_survival_beyond_follow_up_is_not_known():
    outcome = make_outcome([1, 0, 1, 0], [1, 2, 3, 4])
    assert survival_at(outcome, 4)[0] == 0.375
    assert np.isnan(survival_at(outcome, 4.1)).all()
    assert survival_at(make_outcome([0, 0], [2, 2]), 1.5) == (1, pytest.approx(0.025**0.5), 1)  # exact, of two
    assert np.isnan(survival_at(make_outcome([0, 0], [1, 2]), 3)).all()
    assert survival_at(make_outcome([1, 1], [1, 2]), 2)[0] == 0


def test_calibration_compares_groups_of_equal_size():
    risk, outcome = make_outcomes(100)
    survival = np.exp(-500 / 1000 * np.exp(risk))
    table = calibration_table(outcome, survival, 500)
    order = np.argsort(survival)
    assert [row["patients"] for row in table] == [20] * 5
    for row, rows in zip(table, np.array_split(order, 5), strict=True):
        died = survival_table_from_events(outcome.time_days[rows], outcome.event[rows]).loc[:500, "observed"].sum()
        assert row["events"] == died
        assert row["predicted"] == pytest.approx(survival[rows].mean())
        assert (row["observed"], row["low"], row["high"]) == survival_at(outcome[rows], 500)
        assert row["low"] <= row["observed"] <= row["high"]


def test_calibration_leaves_out_what_is_not_known():
    _, outcome = make_outcomes(100)
    survival = np.linspace(0, 1, 100)
    survival[10:] = np.nan
    assert [row["patients"] for row in calibration_table(outcome, survival, 50)] == [2] * 5
    assert calibration_table(outcome, np.full(100, np.nan), 50) == []
    assert calibration_table(outcome, np.linspace(0, 1, 100), 1e6) == []
