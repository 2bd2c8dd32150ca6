"""Against pmsampsize; golden/sample_size.py says how the numbers were made."""

import json
from pathlib import Path

import numpy as np
import pytest

from itgstrat.concordance import comparable_pairs
from itgstrat.errors import OutcomeError
from itgstrat.evaluation.sample_size import (
    NOISE,
    OPTIMISM,
    concordance_of_spread,
    cox_snell_of_concordance,
    judge_sample_size,
    largest_cox_snell,
    patients_for_overall_risk,
    patients_for_shrinkage,
)
from itgstrat.fitting.small_cox import fit_small_cox
from itgstrat.outcome import make_outcome

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "sample_size.json").read_text())["cases"]


@pytest.mark.parametrize("case", GOLDEN, ids=lambda case: f"R2 {case['rsquared']}")
def test_minimum_is_that_of_pmsampsize(case):
    r_squared, largest = case["rsquared"], largest_cox_snell(case["rate"] * case["followed"])
    assert largest == pytest.approx(case["max_rsquared"], rel=1e-3)  # it rounds the events of 10,000 patients up
    assert patients_for_shrinkage(case["parameters"], r_squared, 0.9) == case["n_shrinkage"]
    target = r_squared / (r_squared + OPTIMISM * largest)
    assert abs(patients_for_shrinkage(case["parameters"], r_squared, target) - case["n_optimism"]) <= 1
    # its third criterion only checks that the others leave a small margin; ours solves for the patients
    assert patients_for_overall_risk(case["rate"], case["horizon"], case["followed"]) < case["n"]


@pytest.mark.parametrize(("rate", "horizon", "followed"), [(0.065, 2, 2.07), (0.3, 1, 4), (0.1, 5, 3)])
def test_margin_of_the_overall_risk_is_met_and_not_with_one_patient_less(rate, horizon, followed):
    n = patients_for_overall_risk(rate, horizon, followed)

    def margin(patients):
        upper = rate + 1.959964 * np.sqrt(rate / (patients * followed))
        return np.exp(-rate * horizon) - np.exp(-upper * horizon)

    assert margin(n) <= 0.05 < margin(n - 1)


def test_concordance_of_a_spread_is_that_of_simulated_patients():
    random = np.random.default_rng(0)
    log_hazard = random.normal(0, 0.8, 3000)
    outcome = make_outcome(np.ones(3000), random.exponential(np.exp(-log_hazard)) + 1e-9)
    assert concordance_of_spread(0.8) == pytest.approx(comparable_pairs(outcome).concordance(log_hazard), abs=0.01)


@pytest.mark.parametrize("censored", [0.0, 0.5])
def test_r_squared_of_a_concordance_is_that_of_a_fitted_model(censored):
    random = np.random.default_rng(1)
    n, log_hazard = 3000, random.normal(0, 0.7, 3000)
    time, censoring = random.exponential(np.exp(-log_hazard)), random.exponential(1, n) / max(censored, 1e-9)
    outcome = make_outcome(time <= censoring, np.minimum(time, censoring) + 1e-9)
    fits = [fit_small_cox(outcome, design) for design in (log_hazard[None, :, None], random.normal(size=(1, n, 1)))]
    # against a covariate of noise, which is the null within 1; the published steps are an approximation
    ratio = 2 * (fits[0].log_likelihood[0] - fits[1].log_likelihood[0])
    expected = cox_snell_of_concordance(concordance_of_spread(0.7), outcome.n_events / n)
    assert 1 - np.exp(-ratio / n) == pytest.approx(expected, abs=0.045)


def test_expected_shrinkage_belongs_to_the_patients_at_hand():
    outcome = make_outcome([1, 0] * 400, [1, 3] * 400, "years")
    found = judge_sample_size(outcome, 20, 730.5)
    again = patients_for_shrinkage(20, found.r_squared, found.expected_shrinkage)
    assert again == pytest.approx(800, abs=1)
    assert judge_sample_size(outcome[np.arange(20)], 60, 730.5).expected_shrinkage < 0.2
    better = judge_sample_size(outcome, 20, 730.5, r_squared=0.5)
    assert better.minimum < found.minimum
    assert better.expected_shrinkage > found.expected_shrinkage
    assert pytest.approx(1.6449, abs=1e-4) == NOISE


def test_the_sentence_warns_only_where_it_must():
    outcome = make_outcome([1, 0] * 400, [1, 3] * 400, "years")
    few, many = judge_sample_size(outcome, 60, 730.5), judge_sample_size(outcome, 3, 730.5)
    assert few.events_per_parameter == pytest.approx(400 / 60)
    assert not few.enough
    assert "400 events for 60 candidate features (6.7 events each) in 800 patients" in few.say()
    assert "have to be shrunk" in few.say()
    assert many.enough
    assert many.say().endswith("and is met.")


@pytest.mark.parametrize(("parameters", "r_squared"), [(0, 0.1), (5, 0.0), (5, 0.95)])
def test_impossible_numbers_are_refused(parameters, r_squared):
    with pytest.raises(OutcomeError, match="the minimum sample size needs"):
        judge_sample_size(make_outcome([1, 0], [1, 2]), parameters, 1.0, r_squared)


@pytest.mark.parametrize("concordance", [0.5, 1.0, 0.4])
def test_a_concordance_that_ranks_nobody_has_no_r_squared(concordance):
    with pytest.raises(OutcomeError, match="ranks nobody or everybody"):
        cox_snell_of_concordance(concordance, 0.5)
