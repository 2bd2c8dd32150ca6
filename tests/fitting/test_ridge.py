"""Ridge Cox regression: the penalty that cross-validation chooses, blocks, strata, and hard data."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

from itgstrat.concordance import comparable_pairs
from itgstrat.errors import ModelError, OutcomeError
from itgstrat.fitting.partial_likelihood import RiskSets, fit_cox
from itgstrat.fitting.survival.base import split_by_events
from itgstrat.fitting.survival.ridge import CoxRidge
from itgstrat.outcome import make_outcome
from tests.simulate import simulate_outcome


def simulate(n=200, p=20, effects=(0.8, -0.5), seed=0, **settings):
    features = np.random.default_rng(seed).standard_normal((n, p))
    truth = features[:, : len(effects)] @ np.array(effects)
    frame = pd.DataFrame(features, columns=["age", "grade=2", *(f"g{i}" for i in range(p - 2))])
    return frame, simulate_outcome(truth, seed=seed + 1, **settings), truth


X, Y, _ = simulate()
CLINICAL = ("age", "grade")


def test_the_penalty_maximises_the_cross_validated_partial_likelihood():
    """Counted once more with a loop over folds and penalties, without warm starts."""
    model = CoxRidge(clinical=CLINICAL, clinical_penalty=2.0, n_penalties=7, seed=4).fit(X, Y)
    values, scores = X.to_numpy(), []
    whole = RiskSets.of(Y)
    for spread in model.path_["spread"]:
        penalty = np.append([2.0, 2.0], np.full(18, values[:, 2:].var(axis=0).sum() / spread**2))
        score = 0.0
        for train, _ in split_by_events(Y, 5, seed=4):
            sets = RiskSets.of(Y[train])
            coef = fit_cox(values[train], sets, penalty)
            score += whole.log_likelihood((values @ coef)[whole.order])
            score -= sets.log_likelihood((values[train] @ coef)[sets.order])
        scores.append(score)
    np.testing.assert_allclose(model.path_["score"], scores, rtol=0, atol=1e-4)
    assert model.spread_ == (model.path_["spread"][np.argmax(scores)],)
    np.testing.assert_allclose(model.model_.coef, fit_cox(values, whole, model.penalty_), rtol=0, atol=1e-10)


def test_wide_blocks_are_judged_as_if_not_rotated():
    features, outcome, _ = simulate(n=60, p=150, seed=2)
    model = CoxRidge(clinical=CLINICAL, n_penalties=3, inner_folds=3).fit(features, outcome)
    values, spread = features.to_numpy(), model.path_["spread"][2]
    whole, score = RiskSets.of(outcome), 0.0
    penalty = np.append([1.0, 1.0], np.full(148, values[:, 2:].var(axis=0).sum() / spread**2))
    for train, _ in split_by_events(outcome, 3, seed=0):
        sets = RiskSets.of(outcome[train])
        coef = fit_cox(values[train], sets, penalty)
        score += whole.log_likelihood((values @ coef)[whole.order])
        score -= sets.log_likelihood((values[train] @ coef)[sets.order])
    assert model.path_["score"][2] == pytest.approx(score, abs=1e-4)


def test_the_spread_carries_over_between_cohorts_of_different_size():
    """Twice and eight times the patients, half the features: about the spread of the simulated log hazard."""
    for n, p in ((300, 40), (600, 40), (2400, 20)):
        values = np.random.default_rng(n).standard_normal((n, p))
        coef = np.random.default_rng(1).standard_normal(p) * 0.8 / np.sqrt(p)
        features = pd.DataFrame(values, columns=[f"g{i}" for i in range(p)])
        model = CoxRidge().fit(features, simulate_outcome(values @ coef, seed=n))
        assert 0.4 < model.spread_[0] < 1.6


@pytest.mark.parametrize("rule", ["partial_likelihood", "concordance"])
def test_it_finds_the_signal_and_its_concordance(rule):
    features, outcome, truth = simulate(n=800, p=30, effects=(0.3, 0, 0.8, -0.8), seed=5)
    train, test = np.arange(400), np.arange(400, 800)
    model = CoxRidge(clinical=CLINICAL, rule=rule).fit(features.iloc[train], outcome[train])
    pairs = comparable_pairs(outcome[test])
    best = pairs.concordance(truth[test])
    assert best > 0.75
    assert pairs.concordance(model.predict(features.iloc[test])) > best - 0.03


def test_without_signal_concordance_is_a_half_and_the_block_stays_narrow():
    features, outcome, _ = simulate(n=1000, p=40, effects=(0.0,), seed=6)
    train, test = np.arange(500), np.arange(500, 1000)
    model = CoxRidge().fit(features.iloc[train], outcome[train])
    assert comparable_pairs(outcome[test]).concordance(model.predict(features.iloc[test])) == pytest.approx(
        0.5, abs=0.05
    )
    assert model.spread_[0] < 0.2


def test_clinical_columns_keep_out_of_the_block():
    light = CoxRidge(clinical=CLINICAL, clinical_penalty=0.0).fit(X, Y)
    assert light.penalty_[:2].tolist() == [0, 0]
    assert len(set(light.penalty_[2:])) == 1
    heavy = CoxRidge(clinical=CLINICAL, clinical_penalty=1e6).fit(X, Y)
    assert np.abs(heavy.model_.coef[:2]).max() < 0.01 < np.abs(light.model_.coef[:2]).min()


def test_blocks_get_penalties_of_their_own():
    """Five features matter, sixty do not; one penalty for all has to compromise."""
    random = np.random.default_rng(7)
    values = random.standard_normal((600, 65))
    truth = values[:, :5] @ [0.5, -0.5, 0.5, -0.5, 0.5]
    features = pd.DataFrame(values, columns=[*(f"a{i}" for i in range(5)), *(f"b{i}" for i in range(60))])
    outcome = simulate_outcome(truth, seed=8)
    train, test = np.arange(200), np.arange(200, 600)
    block = tuple(f"a{i}" for i in range(5))
    one = CoxRidge().fit(features.iloc[train], outcome[train])
    two = CoxRidge(blocks=(block, ("absent",))).fit(features.iloc[train], outcome[train])
    assert two.spread_[0] > 3 * two.spread_[2]
    pairs = comparable_pairs(outcome[test])
    assert pairs.concordance(two.predict(features.iloc[test])) > pairs.concordance(one.predict(features.iloc[test]))


def test_strata_shifts_do_not_bias():
    features, _, truth = simulate(n=1200, p=4, effects=(0.0, 0.6), seed=8)
    stratum = np.where(np.arange(1200) % 2, "a", "b")
    features.loc[stratum == "b", "age"] += 1.5
    outcome = simulate_outcome(truth, stratum, np.where(stratum == "b", 200.0, 2000.0), seed=9)
    coef = CoxRidge().fit(features, outcome).model_.coef
    assert np.abs(coef - [0, 0.6, 0, 0]).max() < 0.1
    pooled = make_outcome(outcome.event, outcome.time_days)
    assert CoxRidge().fit(features, pooled).model_.coef[0] > 0.3


def separate(n=60):
    outcome = make_outcome(np.arange(n) % 4 > 0, np.arange(1, n + 1))
    features = np.random.default_rng(0).standard_normal((n, 4))
    features[:, 0] = -(np.arange(n) - n / 2) / 17
    return pd.DataFrame(features, columns=["age", "f1", "f2", "f3"]), outcome


def test_separation_by_a_free_covariate_is_told_and_a_light_penalty_tames_it():
    with pytest.raises(ModelError, match="has no finite coefficients: a feature separates early from late events"):
        CoxRidge(clinical=("age",), clinical_penalty=0.0).fit(*separate())
    features, outcome = separate()
    assert CoxRidge(clinical=("age",)).fit(features, outcome).score(features, outcome) > 0.95


def test_hard_data():
    constant = X.assign(g3=0.0)
    assert CoxRidge().fit(constant, Y).model_.coef[5] == 0
    tied = CoxRidge().fit(X, make_outcome(Y.event, np.full(200, 30.0)))
    assert np.isfinite(tied.predict(X)).all()
    lone = make_outcome(Y.event, Y.time_days, stratum=np.where(np.arange(200) == 7, "lone", "main"))
    assert np.isfinite(CoxRidge(clinical=CLINICAL).fit(X, lone).predict(X)).all()
    wide, outcome, _ = simulate(n=40, p=120)
    assert CoxRidge(clinical=CLINICAL).fit(wide, outcome).score(wide, outcome) > 0.5


def test_what_cannot_be_fitted_is_told():
    with pytest.raises(ModelError, match="every feature is clinical; use a plain Cox model"):
        CoxRidge(clinical=CLINICAL).fit(X[["age", "grade=2"]], Y)
    with pytest.raises(ModelError, match="every feature outside the clinical block is the same in all patients"):
        CoxRidge().fit(X * 0, Y)
    with pytest.raises(OutcomeError, match=r"3 events among 200 patients; a ridge Cox model .* needs at least 4"):
        CoxRidge().fit(X, make_outcome(np.arange(200) < 3, Y.time_days))


def test_fitting_twice_gives_the_same_bits():
    model = CoxRidge(clinical=CLINICAL, blocks=(("g1", "g2"),))
    first, again = model.fit(X, Y).model_.to_arrays(), clone(model).fit(X, Y).model_.to_arrays()
    assert all(first[name].tobytes() == again[name].tobytes() for name in first)
