"""The partial likelihood against a slow loop, R, lifelines and scikit-survival."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lifelines import CoxPHFitter
from scipy.optimize import approx_fprime
from sksurv.linear_model import CoxPHSurvivalAnalysis

from itgstrat.errors import ModelError
from itgstrat.fitting.partial_likelihood import RiskSets, fit_cox
from itgstrat.fitting.penalty_path import fit_path, minimise_quadratic
from itgstrat.fitting.survival.base import to_structured
from itgstrat.outcome import make_outcome

GOLDEN = Path(__file__).parents[1] / "golden"
R_SAYS = json.loads((GOLDEN / "cox.json").read_text())
PATIENTS = pd.read_csv(GOLDEN / "cox.csv")
VALUES = PATIENTS[["karno", "age", "delay", "prior"]].to_numpy(float)
OUTCOME = make_outcome(PATIENTS["event"], PATIENTS["time"], stratum=PATIENTS["stratum"].to_numpy(str))
WHOLE = make_outcome(PATIENTS["event"], PATIENTS["time"])
PENALTY = np.array([5.0, 5.0, 40.0, 40.0])


def draw(seed, n=40, p=3, strata=3, times=9):
    random = np.random.default_rng(seed)
    outcome = make_outcome(
        random.random(n) < 0.7, random.integers(1, times, n), stratum=random.choice([*"abcdefgh"][:strata], n)
    )
    return random.standard_normal((n, p)), outcome


def count_slowly(risk, outcome, ties):
    """Efron's or Breslow's log partial likelihood as it stands in the book."""
    total = 0.0
    for name in np.unique(outcome.stratum):
        own = outcome.stratum == name
        for time in np.unique(outcome.time_days[own & outcome.event]):
            failing = own & outcome.event & (outcome.time_days == time)
            at_risk = np.exp(risk[own & (outcome.time_days >= time)]).sum()
            for number in range(failing.sum()):
                gone = number / failing.sum() if ties == "efron" else 0.0
                total -= np.log(at_risk - gone * np.exp(risk[failing]).sum())
            total += risk[failing].sum()
    return total


@settings(deadline=None, max_examples=50)
@given(seed=st.integers(0, 10_000), strata=st.integers(1, 8), times=st.sampled_from([2, 6, 40]))
@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_likelihood_gradient_and_information_equal_a_slow_loop(ties, seed, strata, times):
    values, outcome = draw(seed, strata=strata, times=times)
    coef = np.array([0.5, -1.0, 0.2])
    sets = RiskSets.of(outcome, ties)
    ordered = values[sets.order]
    assert sets.log_likelihood(ordered @ coef) == pytest.approx(count_slowly(values @ coef, outcome, ties), abs=1e-9)

    def slope(at):
        return ordered.T @ sets.residuals(ordered @ at)

    numeric = approx_fprime(coef, lambda at: count_slowly(values @ at, outcome, ties), 1e-6)
    np.testing.assert_allclose(slope(coef), numeric, atol=1e-3)
    curvature = np.stack([approx_fprime(coef, lambda at, j=j: slope(at)[j], 1e-7) for j in range(3)])
    np.testing.assert_allclose(sets.information(ordered, ordered @ coef), -curvature, atol=1e-3)


@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_a_penalised_stratified_model_equals_r(ties):
    found = fit_cox(VALUES, RiskSets.of(OUTCOME, ties), PENALTY)
    np.testing.assert_allclose(found, R_SAYS[f"ridge_{ties}"], rtol=0, atol=1e-8)


def test_a_stratified_model_equals_r():
    sets = RiskSets.of(OUTCOME)
    coef = fit_cox(VALUES, sets, np.zeros(4))
    np.testing.assert_allclose(coef, R_SAYS["coef"], rtol=0, atol=1e-8)
    risk = (VALUES @ coef)[sets.order]
    reached = [sets.log_likelihood(np.zeros(len(risk))), sets.log_likelihood(risk)]
    np.testing.assert_allclose(reached, R_SAYS["log_likelihood"], rtol=0, atol=1e-8)
    variance = np.linalg.inv(sets.information(VALUES[sets.order], risk))
    np.testing.assert_allclose(variance.ravel(), R_SAYS["variance"], rtol=0, atol=1e-8)


def test_strata_equal_lifelines():
    table = pd.DataFrame(VALUES).rename(columns=str).assign(time=OUTCOME.time_days, e=OUTCOME.event, s=OUTCOME.stratum)
    theirs = CoxPHFitter().fit(table, "time", "e", strata=["s"], fit_options={"precision": 1e-14})
    np.testing.assert_allclose(fit_cox(VALUES, RiskSets.of(OUTCOME), np.zeros(4)), theirs.params_, rtol=0, atol=1e-8)


@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_a_penalty_per_feature_equals_scikit_survival(ties):
    theirs = CoxPHSurvivalAnalysis(alpha=PENALTY, ties=ties, tol=1e-14, n_iter=500).fit(VALUES, to_structured(WHOLE))
    np.testing.assert_allclose(fit_cox(VALUES, RiskSets.of(WHOLE, ties), PENALTY), theirs.coef_, rtol=0, atol=1e-8)


def test_more_features_than_patients_equal_the_long_way():
    """In 60 dimensions scikit-survival can still go the long way."""
    values, outcome = draw(1, n=30, p=60, strata=1)
    penalty = np.random.default_rng(2).uniform(0.5, 20, 60)
    theirs = CoxPHSurvivalAnalysis(alpha=penalty, ties="efron", tol=1e-14, n_iter=500)
    theirs.fit(values, to_structured(outcome))
    sets = RiskSets.of(outcome)
    found = fit_cox(values, sets, penalty)
    np.testing.assert_allclose(found, theirs.coef_, rtol=0, atol=1e-8)
    np.testing.assert_allclose(fit_cox(values, sets, penalty, start=found), found, rtol=0, atol=1e-10)


def test_a_free_block_beside_more_features_than_patients_is_at_its_maximum():
    values, outcome = draw(3, n=50, p=80)
    penalty = np.append([0.0, 0.0], np.full(78, 5.0))
    sets = RiskSets.of(outcome)
    coef = fit_cox(values, sets, penalty)
    slope = values[sets.order].T @ sets.residuals((values @ coef)[sets.order]) - penalty * coef
    assert np.abs(slope).max() < 1e-8


def test_what_does_not_vary_within_strata_gets_no_coefficient():
    values, outcome = draw(4)
    by_stratum = np.unique(outcome.stratum, return_inverse=True)[1].astype(float)
    wider = np.column_stack([values, by_stratum, np.ones(len(values))])
    sets = RiskSets.of(outcome)
    found = fit_cox(wider, sets, np.zeros(5))
    assert found[3:].tolist() == [0, 0]
    np.testing.assert_allclose(found[:3], fit_cox(values, sets, np.zeros(3)), rtol=0, atol=1e-10)


def test_a_stratum_of_one_patient_changes_nothing():
    values, outcome = draw(5, strata=1)
    more = make_outcome(
        np.append(outcome.event, True), np.append(outcome.time_days, 3), stratum=np.append(outcome.stratum, "z")
    )
    alone = fit_cox(values, RiskSets.of(outcome), np.zeros(3))
    both = fit_cox(np.vstack([values, [9, 9, 9]]), RiskSets.of(more), np.zeros(3))
    np.testing.assert_allclose(both, alone, rtol=0, atol=1e-10)


def test_separation_is_told_without_a_penalty_and_tamed_with_one():
    values, sets = np.arange(20.0)[:, None], RiskSets.of(make_outcome(np.ones(20), np.arange(20, 0, -1)))
    for scale in (1e-6, 1e-3, 1.0, 1e3, 1e6):
        for offset in (0.0, 1e3):
            with pytest.raises(ModelError, match="has no finite coefficients: a feature separates"):
                fit_cox(values * scale + offset, sets, np.zeros(1))
    assert 0 < fit_cox(values, sets, np.ones(1))[0] < 5
    with pytest.raises(ModelError, match="has no finite coefficients"):
        fit_path(values, sets, np.zeros(1), np.array([0.1]), 0.5, 1e-9)


def test_twice_the_same_free_feature_is_told():
    values, outcome = draw(6)
    with pytest.raises(ModelError, match="no finite coefficients"):
        fit_cox(values[:, [0, 0]], RiskSets.of(outcome), np.zeros(2))


@pytest.mark.parametrize("strata", [1, 4])
@pytest.mark.parametrize("l1_ratio", [0.05, 0.5, 1.0])
@pytest.mark.parametrize("p", [5, 70])
def test_the_path_meets_its_optimality_conditions(strata, l1_ratio, p):
    """The conditions of the convex problem, written down apart, hold at every penalty."""
    values, outcome = draw(7, n=60, p=p, strata=strata, times=30)
    factor = np.append(0.0, np.ones(p - 1))
    sets = RiskSets.of(outcome)
    alphas = np.geomspace(0.3, 0.06, 6)
    for alpha, coef in zip(alphas, fit_path(values, sets, factor, alphas, l1_ratio, 1e-12).T, strict=True):
        slope = values[sets.order].T @ sets.residuals((values @ coef)[sets.order]) / len(values)
        slope -= alpha * factor * (1 - l1_ratio) * coef
        bound = alpha * factor * l1_ratio
        np.testing.assert_allclose(slope[coef != 0], (bound * np.sign(coef))[coef != 0], rtol=0, atol=1e-11)
        assert (np.abs(slope[coef == 0]) <= bound[coef == 0] + 1e-11).all()
    assert np.count_nonzero(coef) > 1


@settings(deadline=None)
@given(seed=st.integers(0, 10_000), p=st.integers(1, 8))
def test_the_quadratic_problem_is_solved_from_any_start(seed, p):
    random = np.random.default_rng(seed)
    root = random.standard_normal((p + 3, p))
    curved, linear, l1 = root.T @ root, 3 * random.standard_normal(p), random.uniform(0, 2, p).round()
    found = [minimise_quadratic(curved, linear, l1, start) for start in (np.zeros(p), random.standard_normal(p))]
    np.testing.assert_allclose(*found, atol=1e-7)

    def objective(w):
        return 0.5 * w @ curved @ w - linear @ w + l1 @ np.abs(w)

    for shift in 0.01 * random.standard_normal((20, p)):
        assert objective(found[0]) <= objective(found[0] + shift) + 1e-12
