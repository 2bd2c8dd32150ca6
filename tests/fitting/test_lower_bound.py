"""The lower bound holds for as many new patients as it says, whatever censoring depends on."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.pipeline import Pipeline

from itgstrat.errors import ModelError, OutcomeError
from itgstrat.fitting import CoxPlain, FeaturePanel
from itgstrat.fitting.lower_bound import calibrate_lower_bound, choose_times, learn_lower_bound, stay_probability
from itgstrat.fitting.survival.base import split_by_events
from itgstrat.outcome import make_outcome
from tests.simulate import SIGNATURES, simulate_cohort


def draw(generator, n, n_features, censoring):
    """Patients with times from a Cox model of two features, and censoring times that depend on them or not."""
    x = generator.standard_normal((n, n_features))
    log_hazard = 0.8 * x[:, 0] - 0.6 * x[:, 1]
    times = generator.exponential(1000 * np.exp(-log_hazard))
    pull = {
        "none": np.full(n, 50.0),
        "independent": np.zeros(n),
        "with the risk": -0.8 * log_hazard,
        "against the risk": 0.8 * log_hazard,
        "covariates": x[:, 2] - x[:, 0],
    }[censoring]
    return x, times, np.maximum(generator.exponential(1200, n) * np.exp(pull), 1e-3)


def judge(seed, n, n_features, censoring, level):
    """Share of new patients who outlive their bound: of the calibrated one, unweighted, and by the model's word."""
    generator = np.random.default_rng(seed)
    x, times, limits = draw(generator, n, n_features, censoring)
    new, truth, _ = draw(generator, 3000, n_features, censoring)
    outcome = make_outcome(times <= limits, np.minimum(times, limits) + 1e-6)
    table, grid = pd.DataFrame(x).add_prefix("f"), choose_times(outcome)
    risk, survival = np.empty(n), np.empty((n, len(grid)))
    for train, test in split_by_events(outcome, 10, 0):
        model = CoxPlain().fit(table.iloc[train], outcome[train]).model_
        risk[test], survival[test] = model.risk(x[test]), model.survival(x[test], grid)
    weighted = calibrate_lower_bound(outcome, risk, survival, grid, level)
    unweighted = calibrate_lower_bound(outcome, risk, survival, grid, level, np.ones(n))
    model = CoxPlain().fit(table, outcome).model_
    bounds = (weighted, unweighted, replace(weighted, survival=level))
    return [float((truth >= bound.bound_days(model, new)).mean()) for bound in bounds]


@pytest.mark.parametrize("censoring", ["none", "independent", "with the risk", "against the risk", "covariates"])
@pytest.mark.parametrize("level", [0.9, 0.5])
def test_coverage_is_what_was_asked_for(censoring, level):
    found = np.array([judge(seed, 250, 4, censoring, level) for seed in range(16)])
    error = found[:, 0].std(ddof=1) / 4
    assert found[:, 0].mean() == pytest.approx(level, abs=0.012 + 2.5 * error)
    if censoring != "none" and level == 0.5:  # deaths that censoring hid are many before the median
        assert found[:, 1].mean() < level - 0.05


def test_a_model_that_overfits_is_put_right():
    found = np.array([judge(seed, 150, 30, "covariates", 0.9) for seed in range(16)])
    assert found[:, 2].mean() < 0.87  # by its own word
    assert found[:, 0].mean() >= 0.89


def test_without_censoring_it_is_split_conformal():
    """The k-th smallest conformity score, k = floor((n + 1) x (1 - level)), by a plain loop over thresholds."""
    generator = np.random.default_rng(0)
    days = np.sort(generator.exponential(100, 60))
    grid = np.sort(days)
    survival = np.exp(-np.outer(generator.uniform(0.5, 2, 60), grid) / 100)
    outcome = make_outcome(np.ones(60), generator.permutation(days))
    found = calibrate_lower_bound(outcome, np.zeros(60), survival, grid, 0.8)
    for s in (found.survival, found.survival - 1e-9):
        missed = 0
        for time, row in zip(outcome.time_days, survival, strict=True):
            bound = next((day for day, share in zip(grid, row, strict=True) if share <= s), grid[-1])
            missed += time < bound
        assert ((missed + 1) / 61 <= 0.2) == (s == found.survival)


def test_who_is_likely_to_be_censored_counts_more():
    generator = np.random.default_rng(1)
    risk = generator.standard_normal(4000)
    limits = generator.exponential(500 * np.exp(-0.7 * risk))
    times = generator.exponential(500 * np.exp(-risk))
    outcome = make_outcome(times <= limits, np.minimum(times, limits) + 1e-6)
    truth = np.exp(-outcome.time_days / 500 * np.exp(0.7 * risk))
    far = np.abs(stay_probability(outcome, risk) - truth)
    assert np.quantile(far, 0.99) < 0.05
    assert np.abs(stay_probability(outcome, np.zeros(4000)) - truth).mean() > 3 * far.mean()
    assert stay_probability(make_outcome([1, 1], [1, 2]), np.zeros(2)).tolist() == [1.0, 1.0]


def test_of_a_flat_risk_it_is_kaplan_meier_of_the_censoring_but_for_its_estimator():
    """Nelson-Aalen's product limit: exp(-sum of censorings over those at risk), just before each time."""
    outcome = make_outcome([1, 0, 1, 0, 1], [1, 2, 3, 3, 4])
    expected = np.exp([-0, -0, -1 / 4, -1 / 4, -1 / 4 - 1 / 3])
    assert stay_probability(outcome, np.zeros(5)) == pytest.approx(expected)


def test_strata_are_censored_each_in_their_own_way():
    outcome = make_outcome([0, 0, 1, 1, 1, 1], [1, 2, 3, 1, 2, 3], stratum=["x"] * 3 + ["y"] * 3)
    assert stay_probability(outcome, np.zeros(6))[3:].tolist() == [1.0] * 3
    assert stay_probability(outcome, np.zeros(6))[2] < 0.5


def test_times_end_while_a_tenth_of_each_stratum_is_left():
    outcome = make_outcome(
        np.ones(40), np.r_[np.arange(1.0, 21), np.arange(101.0, 121)], stratum=["x"] * 20 + ["y"] * 20
    )
    grid = choose_times(outcome)
    assert grid[-1] == 19.0
    assert grid[0] == 1.0
    assert len(choose_times(make_outcome(np.ones(5000), np.arange(1.0, 5001)))) == 400
    with pytest.raises(ModelError, match="no event before day 3"):
        choose_times(make_outcome([0, 0, 1], [1, 2, 3]))


def test_too_few_patients_and_a_wrong_level_are_refused():
    days = np.arange(1.0, 6)
    survival = np.tile(np.linspace(1, 0, 5), (5, 1))
    outcome = make_outcome(np.ones(5), days)
    with pytest.raises(ModelError, match=r"5 patients cannot carry a lower bound at the level 0.9; it needs 9 or more"):
        calibrate_lower_bound(outcome, np.zeros(5), survival, days)
    with pytest.raises(ModelError, match="the level of a lower bound is 90"):
        calibrate_lower_bound(outcome, np.zeros(5), survival, days, 90)


def test_a_pipeline_is_fitted_in_folds_and_the_seed_decides():
    cohort = simulate_cohort(120, 80, {"ITGAV": 1.0}, batches=("one", "two"), seed=3).cohort
    pipeline = Pipeline([("features", FeaturePanel(SIGNATURES, "zscore", ("age",))), ("model", CoxPlain())])
    one, two = (learn_lower_bound(pipeline, cohort, 0.8, folds=4, seed=1) for _ in range(2))
    assert one.survival == two.survival
    assert one.n_patients == 120
    assert 0 < one.survival < 1
    fitted = pipeline.fit(cohort, cohort.require_outcome())
    values = fitted.named_steps["features"].features(cohort).values
    days = one.bound_days(fitted.named_steps["model"].model_, values, cohort.batch)
    # in training more outlive it than in new patients; deaths before it are seen at least
    died = cohort.require_outcome().event & (cohort.require_outcome().time_days < days)
    assert died.mean() < 0.25
    with pytest.raises(OutcomeError, match="events among"):
        learn_lower_bound(pipeline, cohort[np.arange(20)], folds=60)
