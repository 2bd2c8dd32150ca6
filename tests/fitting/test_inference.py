"""Inference equals R's survival, and refuses what it cannot say."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from itgstrat.errors import ModelError, OutcomeError
from itgstrat.fitting.inference import infer, likelihood_ratio, restricted_means
from itgstrat.outcome import make_outcome
from tests.simulate import simulate_outcome

GOLDEN = Path(__file__).parents[1] / "golden"
R_SAYS = json.loads((GOLDEN / "cox.json").read_text())
PATIENTS = pd.read_csv(GOLDEN / "cox.csv")
FEATURES = PATIENTS[["karno", "age", "delay", "prior"]].astype(float)
OUTCOME = make_outcome(PATIENTS["event"], PATIENTS["time"], stratum=PATIENTS["stratum"].to_numpy(str))


def test_hazard_ratios_equal_r():
    found = infer(FEATURES, OUTCOME)
    for name in ("hazard_ratio", "lower", "upper", "p"):
        np.testing.assert_allclose(found.table[name], R_SAYS[name], rtol=1e-8)
    assert found.table.index.tolist() == list(FEATURES.columns)
    assert (found.n_patients, found.n_events, found.n_strata) == (137, 128, 4)


def test_proportionality_equals_r():
    np.testing.assert_allclose(infer(FEATURES, OUTCOME).table["proportional_p"], R_SAYS["score_test_p"], rtol=1e-6)


def test_a_hazard_ratio_that_wears_off_is_seen():
    random = np.random.default_rng(0)
    x = random.standard_normal((800, 2))
    early = random.exponential(np.exp(-1.5 * x[:, 0]))
    time = np.where(early < 0.5, early, 0.5 + random.exponential(1.0, 800))
    outcome = make_outcome(np.ones(800, bool), time)
    found = infer(pd.DataFrame(x, columns=["wears", "off"]), outcome).table["proportional_p"]
    assert found["wears"] < 1e-6
    assert found["off"] > 0.01


def test_nested_models_equal_r():
    found = likelihood_ratio(FEATURES[["age", "prior"]], FEATURES, OUTCOME)
    np.testing.assert_allclose([found.statistic, found.degrees, found.p], R_SAYS["likelihood_ratio"], rtol=1e-8)


def test_noise_is_found_no_better_in_most_draws():
    p = []
    for seed in range(60):
        x = pd.DataFrame(np.random.default_rng(seed).standard_normal((120, 2)), columns=["a", "b"])
        outcome = simulate_outcome(0.5 * x["a"].to_numpy(), seed=seed)
        p.append(likelihood_ratio(x[["a"]], x, outcome).p)
    assert 0.3 < np.mean(p) < 0.7


def test_restricted_means_equal_r():
    found = restricted_means(OUTCOME, PATIENTS["trt"].to_numpy(), 200.0)
    np.testing.assert_allclose(found.groups["mean_days"], R_SAYS["restricted_mean"], rtol=1e-10)
    error = (found.groups["upper"] - found.groups["lower"]) / (2 * 1.959963984540054)
    np.testing.assert_allclose(error, R_SAYS["restricted_mean_se"], rtol=1e-10)
    assert found.differences["days"].tolist() == pytest.approx([np.diff(R_SAYS["restricted_mean"])[0]])


def test_the_interval_of_a_difference_covers_the_truth():
    """Exponential means of 100 and 200 days, restricted to 300."""
    truth = np.diff([mean * (1 - np.exp(-300 / mean)) for mean in (100, 200)])[0]
    groups = np.repeat(["a", "b"], 100)
    covered = []
    for seed in range(200):
        outcome = simulate_outcome(np.zeros(200), mean_days=np.repeat([100.0, 200.0], 100), censored=0.1, seed=seed)
        if min(outcome.time_days[:100].max(), outcome.time_days[100:].max()) >= 300:
            limits = restricted_means(outcome, groups, 300.0).differences.iloc[0]
            covered.append(limits["lower"] < truth < limits["upper"])
    assert len(covered) > 150
    assert 0.9 < np.mean(covered) < 0.99


def test_a_horizon_beyond_the_follow_up_is_refused():
    with pytest.raises(OutcomeError, match="nobody of 1, 2 is followed up to 5000 days; choose an earlier horizon"):
        restricted_means(OUTCOME, PATIENTS["trt"].to_numpy(), 5000)


def test_what_has_no_estimate_is_refused():
    with pytest.raises(ModelError, match="flat: the same in all patients of each stratum"):
        infer(FEATURES.assign(flat=1.0), OUTCOME)
    with pytest.raises(OutcomeError, match="3 events among 137 patients; a Cox model without penalty"):
        infer(FEATURES, make_outcome(np.arange(137) < 3, OUTCOME.time_days))
    with pytest.raises(ModelError, match="has no finite coefficients: a feature separates"):
        infer(pd.DataFrame({"order": -np.arange(40.0)}), make_outcome(np.ones(40), np.arange(1, 41)))
    with pytest.raises(ModelError, match="not nested: the smaller has 1 features, the larger 2, without trt"):
        likelihood_ratio(PATIENTS[["trt"]], FEATURES[["age", "prior"]], OUTCOME)
