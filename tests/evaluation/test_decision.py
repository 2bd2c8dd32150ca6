"""Net benefit against dcurves (golden/decision.py), Kaplan-Meier by hand, and in bootstrap samples."""

import json
from pathlib import Path

import numpy as np
import pytest

from itgstrat.evaluation.decision import THRESHOLDS, decision_table, net_benefit
from itgstrat.evaluation.metrics import bootstrap_weights, survival_at
from itgstrat.outcome import Outcome, make_outcome

from .builders import make_outcomes

GOLDEN = Path(__file__).parents[1] / "golden"


@pytest.mark.parametrize(("unit", "horizon"), [("days", 730.0), ("months", 24.0)])
def test_net_benefit_is_that_of_dcurves_with_tied_times(unit, horizon):
    data = json.loads((GOLDEN / "calibration.json").read_text())["data"]
    expected = json.loads((GOLDEN / "decision.json").read_text())
    days = np.array(data["time"])
    outcome = make_outcome(data["event"], np.ceil(days / 30.4375) if unit == "months" else days)
    survival, thresholds = np.array(data["survival"]), np.array(expected["thresholds"])
    np.testing.assert_allclose(net_benefit(outcome, survival, horizon, thresholds), expected[unit]["model"], atol=1e-12)
    everybody = net_benefit(outcome, np.zeros(len(outcome)), horizon, thresholds)
    np.testing.assert_allclose(everybody, expected[unit]["all"], atol=1e-12)


def test_net_benefit_rests_on_the_survival_of_those_treated():
    risk, outcome = make_outcomes(grid=50)
    survival = np.exp(-0.5 * np.exp(risk))
    treated = 1 - survival >= 0.4
    alive = survival_at(outcome[treated], 500.0)[0]
    share = treated.mean()
    expected = share * (1 - alive) - share * alive * 0.4 / 0.6
    assert net_benefit(outcome, survival, 500.0, np.array([0.4]))[0] == pytest.approx(expected, abs=1e-12)


def test_a_bootstrap_draw_is_the_net_benefit_of_the_drawn_patients():
    risk, outcome = make_outcomes(80, grid=50)
    survival = np.exp(-0.5 * np.exp(risk))
    weights = bootstrap_weights(outcome, 10, seed=1).astype(float)
    drawn = net_benefit(outcome, survival, 500.0, np.array([0.2, 0.5]), weights)
    for draw in range(10):
        rows = np.repeat(np.arange(80), weights[:, draw].astype(int))
        expected = net_benefit(outcome[rows], survival[rows], 500.0, np.array([0.2, 0.5]))
        np.testing.assert_allclose(drawn[:, draw], expected, atol=1e-12)


def test_nobody_treated_gains_nothing_and_too_short_follow_up_is_not_known():
    outcome = make_outcome([1, 0, 0, 1], [1, 2, 9, 3])
    survival = np.array([0.5, 0.5, 0.9, 0.9])
    assert net_benefit(outcome, survival, 5.0, np.array([0.6]))[0] == 0
    assert np.isnan(net_benefit(outcome, survival, 5.0, np.array([0.5]))[0])
    assert net_benefit(make_outcome([0, 0], [9, 9]), np.zeros(2), 5.0, np.array([0.5]))[0] == -1


def test_a_model_of_the_truth_gains_over_noise_and_a_copy_gains_nothing():
    random = np.random.default_rng(7)
    risk, outcome = make_outcomes(800)
    truth = np.exp(-500 / 1000 * np.exp(risk))
    noise = np.exp(-500 / 1000 * np.exp(random.normal(size=800)))
    weights = bootstrap_weights(outcome, 200, seed=0)
    table = decision_table(outcome, {"model": truth, "clinical": noise}, 500.0, weights)
    assert [row["threshold"] for row in table] == THRESHOLDS.tolist()
    middle = [row for row in table if 0.3 <= row["threshold"] <= 0.6]
    assert all(row["low"] > 0 for row in middle)
    assert all(row["low"] <= row["gain"] <= row["high"] for row in middle)
    assert all(row["model"] > max(row["all"], row["none"]) for row in middle)
    same = decision_table(outcome, {"model": truth, "clinical": truth}, 500.0, weights)
    known = [row for row in same if not np.isnan(row["gain"])]  # of those at the highest risks nobody is followed
    assert len(known) > len(same) / 2
    assert all(row["gain"] == row["low"] == row["high"] == 0 for row in known)


def test_without_a_clinical_model_the_gain_is_over_treating_all_or_none():
    risk, outcome = make_outcomes(300)
    (row, *_) = decision_table(
        outcome, {"model": np.exp(-0.5 * np.exp(risk))}, 500.0, bootstrap_weights(outcome, 50, 0)
    )
    assert "clinical" not in row
    assert row["gain"] == pytest.approx(row["model"] - max(row["all"], 0))


def test_net_benefit_without_censoring_is_the_count():
    random = np.random.default_rng(1)
    days, survival = random.exponential(100, 200), random.random(200)
    outcome = Outcome(np.ones(200, dtype=bool), days, np.full(200, "all"))
    treated = survival <= 0.7
    expected = ((treated & (days <= 80)).sum() - (treated & (days > 80)).sum() * 0.3 / 0.7) / 200
    assert net_benefit(outcome, survival, 80.0, np.array([0.3]))[0] == pytest.approx(expected, abs=1e-12)
