"""Calibration against R and lifelines, and on simulated patients whose hazard is known."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from lifelines.utils import survival_table_from_events

from itgstrat.evaluation import calibration_curve as curves
from itgstrat.evaluation.calibration import (
    calibration_table,
    d_calibration,
    horizon_recalibration,
    observed_expected,
    overall_slope,
    own_survival,
)
from itgstrat.evaluation.calibration_curve import calibration_curve, fit_spline
from itgstrat.evaluation.discrimination import dynamic_blocks, dynamic_weights, resampled_concordance
from itgstrat.evaluation.interval import Z_95
from itgstrat.evaluation.metrics import bootstrap_weights, brier, survival_at
from itgstrat.outcome import Outcome, make_outcome

from .builders import make_outcomes

GOLDEN = Path(__file__).parents[1] / "golden"
ONE_FOLD = np.zeros((1, 300), dtype=int)


@pytest.fixture(scope="module")
def golden():
    """Outcome, predicted survival, horizon and what R says of them."""
    content = json.loads((GOLDEN / "calibration.json").read_text())
    data = pd.DataFrame(content["data"])
    outcome = make_outcome(data["event"].to_numpy(), data["time"].to_numpy())
    stratified = Outcome(outcome.event, outcome.time_days, data["cohort"].to_numpy(str))
    return outcome, stratified, data["survival"].to_numpy(), content["horizon"], content["expected"]


def with_error(interval):
    return interval.estimate, (interval.high - interval.estimate) / Z_95


def test_intercept_and_slope_at_a_horizon_are_those_of_r(golden):
    outcome, _, survival, horizon, expected = golden
    intercept, slope = horizon_recalibration(outcome, survival[None], horizon)
    assert with_error(intercept) == pytest.approx(expected["intercept"], abs=1e-8)
    assert with_error(slope) == pytest.approx(expected["slope"], abs=1e-8)


def test_overall_slope_is_that_of_r_within_cohort_and_clustered_by_patient(golden):
    _, outcome, survival, _, expected = golden
    assert with_error(overall_slope(outcome, survival[None], ONE_FOLD)) == pytest.approx(expected["overall"], abs=1e-9)
    other = np.exp(-np.exp(np.log(-np.log(survival)) + np.tile([-0.1, 0.1], 150)))
    found = overall_slope(outcome, np.stack([survival, other]), np.repeat(ONE_FOLD, 2, axis=0))
    assert with_error(found) == pytest.approx(expected["overall_repeated"], abs=1e-9)


def test_observed_over_expected_auc_and_brier_are_those_of_r(golden):
    outcome, _, survival, horizon, expected = golden
    weights = bootstrap_weights(outcome, 200, seed=0)
    ratio = observed_expected(outcome, survival[None], horizon, weights)
    assert ratio.estimate == pytest.approx(expected["observed_expected"], abs=1e-12)
    assert ratio.low < ratio.estimate < ratio.high
    blocks = dynamic_blocks(outcome, np.zeros(300), horizon)
    auc, _ = resampled_concordance([blocks], [1 - survival[:, None]], dynamic_weights(outcome, horizon)[None], weights)
    assert auc[0, 0] == pytest.approx(expected["auc"], abs=1e-12)
    blind = np.full(300, expected["km"])
    for own, name in ((survival, "brier"), (blind, "brier_null")):
        assert brier(outcome, own[:, None], np.array([horizon])).mean() == pytest.approx(expected[name], abs=1e-12)


@pytest.mark.parametrize(("least_for_four", "name"), [(100, "four"), (1000, "three")])
def test_the_smooth_curve_is_that_of_r(golden, monkeypatch, least_for_four, name):
    outcome, _, survival, horizon, expected = golden
    monkeypatch.setattr(curves, "LEAST_FOR_FOUR_KNOTS", least_for_four)
    found = calibration_curve(outcome, survival[None], horizon, bootstrap_weights(outcome, 50, seed=0))
    assert (found.ici.estimate, found.e50, found.e90) == pytest.approx(
        (expected[name]["ici"], expected[name]["e50"], expected[name]["e90"]), abs=1e-8
    )
    assert all(low <= high for low, high in zip(found.low, found.high, strict=True))


def test_d_calibration_is_that_of_survivaleval(golden):
    outcome, *_ = golden
    expected = json.loads((GOLDEN / "decision.json").read_text())["d_calibration"]
    times = outcome.time_days.max() * np.array([0.5, 1.0])
    found = d_calibration(outcome, np.tile(np.exp(-times / 1300), (1, 300, 1)), times)
    assert found.p_value == pytest.approx(expected["p_value"], abs=1e-9)
    assert np.array(found.shares) * 300 == pytest.approx(expected["bins"], abs=1e-9)


def test_d_calibration_of_pooled_out_of_fold_kaplan_meier_is_near_one():
    # why the report says that such a p does not show calibration
    p_values = []
    for seed in range(8):
        random = np.random.default_rng(seed)
        died, lost, fold = random.exponential(size=250), random.exponential(size=250), np.arange(250) % 5
        outcome = make_outcome(died <= lost, np.minimum(died, lost) * 1000 + 1)
        times = np.linspace(100, np.sort(outcome.time_days)[-25], 40)
        survival = np.empty((1, 250, 40))
        for k in range(5):
            others = outcome[np.flatnonzero(fold != k)]
            survival[0, fold == k] = [survival_at(others, time)[0] for time in times]
        p_values.append(d_calibration(outcome, survival, times).p_value)
    assert np.median(p_values) > 0.99
    assert min(p_values) > 0.5


def predict(risk, times, spread=1.0):
    return np.exp(-np.atleast_1d(times) / 1000 * np.exp(spread * risk)[:, None])


@pytest.mark.parametrize("spread", [1.0, 2.0])
def test_simulated_truth_has_slope_one_and_doubled_log_hazards_a_half(spread):
    inside = []
    for seed in range(20):
        risk, outcome = make_outcomes(600, seed=seed)
        survival = predict(risk, 700.0, spread).T
        overall = overall_slope(outcome, survival, np.zeros((1, 600), dtype=int))
        _, slope = horizon_recalibration(outcome, survival, 700.0)
        for found in (overall, slope):
            inside.append(found.low < 1 / spread < found.high)
            assert found.estimate == pytest.approx(1 / spread, abs=0.3)
    assert sum(inside) >= 34  # 38 expected of 40; fewer than 34 has a chance of 1%


def test_simulated_truth_has_a_small_ici_and_doubled_log_hazards_a_large_one():
    truth, doubled = [], []
    for seed in range(5):
        risk, outcome = make_outcomes(1000, seed=seed)
        weights = bootstrap_weights(outcome, 50, seed=0)
        truth.append(calibration_curve(outcome, predict(risk, 700.0).T, 700.0, weights).ici.estimate)
        doubled.append(calibration_curve(outcome, predict(risk, 700.0, 2.0).T, 700.0, weights).ici)
    assert max(truth) < 0.04
    assert all(found.low > 0.06 for found in doubled)


def test_simulated_truth_has_even_d_calibration_and_trebled_log_hazards_have_not():
    p_values, trebled = [], []
    for seed in range(100):
        risk, outcome = make_outcomes(300, seed=seed)
        outcome = Outcome(
            np.ones(300, dtype=bool),
            np.random.default_rng([seed, 1]).exponential(1000 * np.exp(-risk)) + 1e-9,
            outcome.stratum,
        )
        times = np.linspace(1, outcome.time_days.max(), 400)
        p_values.append(d_calibration(outcome, predict(risk, times)[None], times).p_value)
        trebled.append(d_calibration(outcome, predict(risk, times, 3.0)[None], times).p_value)
    assert np.quantile(trebled, 0.9) < 0.01
    assert 0.35 < np.mean(p_values) < 0.65
    assert np.mean(np.array(p_values) < 0.05) <= 0.12


def test_censored_patients_are_spread_over_what_is_left():
    found = d_calibration(make_outcome([0, 1], [10, 10]), np.full((1, 2, 1), 0.25), np.array([10.0]))
    expected = np.array([0.4, 0.4, 0.2 + 1, 0, 0, 0, 0, 0, 0, 0]) / 2
    assert found.shares == pytest.approx(expected.tolist())


def test_own_survival_is_read_from_a_straight_hazard_and_cut_at_the_last_time():
    survival = np.exp(-np.array([[[0.1, 0.3], [0.2, 0.2]]]))
    found = -np.log(own_survival(np.array([5.0, 99.0]), survival, np.array([10.0, 20.0])))
    assert found == pytest.approx(np.array([[0.05, 0.2]]))


def test_repetitions_of_one_prediction_change_nothing_but_noise_among_them_does():
    risk, outcome = make_outcomes(300)
    survival, weights = predict(risk, 700.0).T, bootstrap_weights(outcome, 20, seed=0)
    one, three = (calibration_curve(outcome, np.repeat(survival, r, axis=0), 700.0, weights) for r in (1, 3))
    assert three.ici.estimate == pytest.approx(one.ici.estimate, abs=1e-6)
    assert three.ici.high == pytest.approx(one.ici.high, abs=1e-6)
    alone, tripled = (horizon_recalibration(outcome, np.repeat(survival, r, axis=0), 700.0)[1] for r in (1, 3))
    assert with_error(tripled) == pytest.approx(with_error(alone), abs=1e-9)


def test_a_curve_needs_ten_events_and_predictions_that_differ():
    risk, outcome = make_outcomes(300)
    weights = bootstrap_weights(outcome, 20, seed=0)
    assert calibration_curve(outcome, np.full((1, 300), 0.5), 700.0, weights) is None
    early = np.sort(outcome.time_days[outcome.event])[8]
    assert calibration_curve(outcome, predict(risk, early).T, early, weights) is None
    two = np.where(risk > 0, 0.3, 0.7)[None]
    straight = calibration_curve(outcome, two, 700.0, weights)  # two values: a line through both
    assert len(straight.predicted) == len(straight.observed)
    assert np.isnan(overall_slope(outcome, np.full((1, 300), 0.5), ONE_FOLD).estimate)


def test_a_spline_is_straight_beyond_its_knots():
    values = np.random.default_rng(0).normal(size=500)
    spline = fit_spline(values, 4)
    beyond = spline(np.array([spline.knots[-1] + step for step in (1.0, 2.0, 3.0)]))
    assert np.diff(beyond, n=2, axis=0) == pytest.approx(0, abs=1e-9)
    assert len(fit_spline(np.repeat([0.0, 1.0], 50), 4).knots) == 0


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


def test_groups_not_followed_to_the_horizon_are_kept_without_an_observation():
    _, outcome = make_outcomes(100)
    table = calibration_table(outcome, np.linspace(0, 1, 100), 1e6)
    assert [row["patients"] for row in table] == [20] * 5
    assert np.isnan([[row["observed"], row["low"], row["high"]] for row in table]).all()
    assert not np.isnan([row["predicted"] for row in table]).any()
