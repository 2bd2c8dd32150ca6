import numpy as np
import pytest
from hypothesis import assume, given, settings
from lifelines import KaplanMeierFitter
from sksurv.metrics import brier_score, integrated_brier_score
from sksurv.nonparametric import CensoringDistributionEstimator
from sksurv.util import Surv

from itgstrat.errors import OutcomeError
from itgstrat.evaluation.metrics import (
    bootstrap_weights,
    brier,
    censoring_survival,
    choose_horizons,
    evaluation_times,
    integrated_brier,
    observed_weights,
    survival_at,
)
from itgstrat.outcome import Outcome, make_outcome

from .builders import make_outcomes, tied_outcomes


@pytest.mark.parametrize("seed", range(3))
def test_integrated_brier_is_that_of_scikit_survival(seed):
    risk, outcome = make_outcomes(seed=seed)
    structured = Surv.from_arrays(outcome.event, outcome.time_days)
    times = evaluation_times(outcome)
    survival = np.exp(-times / 1000 * np.exp(risk)[:, None])
    expected = integrated_brier_score(structured, structured, survival, times)
    assert integrated_brier(outcome, survival, times).mean() == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("seed", range(3))
def test_brier_at_each_time_is_that_of_scikit_survival(seed):
    risk, outcome = make_outcomes(seed=seed)
    structured = Surv.from_arrays(outcome.event, outcome.time_days)
    times = evaluation_times(outcome)
    survival = np.exp(-times / 1000 * np.exp(risk)[:, None])
    expected = brier_score(structured, structured, survival, times)[1]
    np.testing.assert_allclose(brier(outcome, survival, times).mean(axis=0), expected, atol=1e-12)


@settings(deadline=None)
@given(data=tied_outcomes())
def test_those_seen_stand_for_all_while_anybody_is_followed(data):
    """Weighted events give back the Kaplan-Meier estimate, ties between events and censorings included."""
    _, outcome = data
    for time in np.unique(outcome.time_days)[:-1] + 0.5:
        weights = observed_weights(outcome, np.array([time]))[:, 0]
        died = outcome.event & (outcome.time_days <= time)
        assert weights.sum() == pytest.approx(len(outcome))
        assert 1 - weights[died].sum() / len(outcome) == pytest.approx(survival_at(outcome, time)[0])


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


def test_wanted_horizons_within_follow_up_are_kept():
    _, outcome = make_outcomes()
    horizons, notes = choose_horizons(outcome, [730.5, 365.25])
    assert horizons.tolist() == [365.25, 730.5]
    assert notes == []


def test_horizons_beyond_follow_up_become_the_latest_sensible_one():
    _, outcome = make_outcomes()
    horizons, notes = choose_horizons(outcome, [365.25, 5000.0, 9000.0])
    end = evaluation_times(outcome)[-1]
    assert horizons[0] == 365.25
    assert len(horizons) == 2
    month = 365.25 / 12
    assert end - month <= horizons[1] < end
    assert horizons[1] / month == pytest.approx(round(horizons[1] / month))
    assert "no horizon of 5000, 9000 days" in notes[0]
    assert f"judged at {horizons[1]:.0f} days instead" in notes[0]


def test_horizons_end_where_training_ends_and_begin_at_the_first_event():
    _, outcome = make_outcomes()
    assert choose_horizons(outcome, [730.5], 400.0)[0].tolist() == [13 * 365.25 / 12]
    outcome = make_outcome([0] * 20 + [1, 0] * 20, [5] * 20 + [300 + i for i in range(40)])
    horizons, notes = choose_horizons(outcome, [100.0])
    assert horizons[0] >= 300
    assert "the first event is at 300 days" in notes[0]


@settings(deadline=None)
@given(data=tied_outcomes(strata=2))
def test_a_chosen_horizon_is_within_follow_up_even_of_a_few_days(data):
    _, outcome = data
    horizons, notes = choose_horizons(outcome, [2.0, 365.0])
    assert len(notes) == 1
    assert (np.diff(horizons) > 0).all()
    for _, rows in outcome.by_stratum():
        assert 0 < horizons[-1] < outcome.time_days[rows].max()


def test_choosing_a_horizon_needs_an_event():
    with pytest.raises(OutcomeError, match="0 events among 2 patients"):
        choose_horizons(make_outcome([0, 0], [1, 2]), [1.0])
