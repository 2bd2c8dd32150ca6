"""Boosted Cox models: records predict what scikit-survival predicts; steps are chosen by the held-out likelihood."""

import numpy as np
import pytest
from sksurv.ensemble import ComponentwiseGradientBoostingSurvivalAnalysis, GradientBoostingSurvivalAnalysis

from itgstrat.concordance import comparable_pairs
from itgstrat.errors import ModelError, OutcomeError
from itgstrat.fitting.survival import BoostedCox, ComponentwiseCox
from itgstrat.fitting.survival.base import split_by_events, to_structured
from itgstrat.outcome import make_outcome
from tests.fitting.test_forest import simulate
from tests.simulate import simulate_outcome

X, Y = simulate(200)
NEW = simulate(60, seed=5)[0].to_numpy()
STRATA = np.where(np.arange(200) % 3 == 0, "a", "b")
MODELS = [BoostedCox(n_steps=60), ComponentwiseCox(n_steps=60)]


def fit_theirs(model, features, outcome, n_steps):
    if isinstance(model, ComponentwiseCox):
        theirs = ComponentwiseGradientBoostingSurvivalAnalysis(n_estimators=n_steps, learning_rate=model.learning_rate)
    else:
        theirs = GradientBoostingSurvivalAnalysis(
            n_estimators=n_steps,
            learning_rate=model.learning_rate,
            max_depth=model.max_depth,
            min_samples_leaf=model.min_leaf,
            subsample=model.subsample,
            max_features=model.max_features,
            random_state=model.seed,
        )
    return theirs.fit(features.to_numpy(), to_structured(outcome))


def slow_log_likelihood(outcome, risk):
    """Breslow's log partial likelihood within strata, one event at a time."""
    total = 0.0
    for i in np.flatnonzero(outcome.event):
        at_risk = (outcome.stratum == outcome.stratum[i]) & (outcome.time_days >= outcome.time_days[i])
        total += risk[i] - np.log(np.exp(risk[at_risk]).sum())
    return total


def test_boosted_trees_predict_what_scikit_survival_predicts():
    model = BoostedCox(n_steps=60, seed=3).fit(X, Y)
    theirs = fit_theirs(model, X, Y, model.n_steps_)
    assert model.n_steps_ > 5
    np.testing.assert_allclose(model.model_.risk(NEW), theirs.predict(NEW), rtol=0, atol=1e-12)
    times = theirs.unique_times_
    expected = theirs.predict_survival_function(NEW, return_array=True)
    np.testing.assert_allclose(model.model_.survival(NEW, times), expected, rtol=0, atol=1e-12)


def test_componentwise_boosting_predicts_what_scikit_survival_predicts():
    model = ComponentwiseCox(n_steps=60).fit(X, Y)
    theirs = fit_theirs(model, X, Y, model.n_steps_)
    shift = theirs.predict(X.to_numpy()).mean()  # ours is relative to the training mean
    np.testing.assert_allclose(model.model_.risk(NEW), theirs.predict(NEW) - shift, rtol=0, atol=1e-12)
    times = theirs.unique_times_
    expected = theirs.predict_survival_function(NEW, return_array=True)
    np.testing.assert_allclose(model.model_.survival(NEW, times), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("model", MODELS)
def test_the_steps_are_those_of_the_best_held_out_likelihood(model):
    outcome = make_outcome(Y.event, np.ceil(Y.time_days / 50), stratum=STRATA)
    model.fit(X, outcome)
    asked = [1, 7, 30, 60]
    slow = np.zeros(len(asked))
    for train, test in split_by_events(outcome, 5, model.seed):
        own = outcome[test]
        for number, steps in enumerate(asked):
            risk = fit_theirs(model, X.iloc[train], outcome[train], steps).predict(X.iloc[test].to_numpy())
            slow[number] += slow_log_likelihood(own, risk) - slow_log_likelihood(own, np.zeros(len(own)))
    told = model.steps_.set_index("step")["log_likelihood"]
    np.testing.assert_allclose(told[asked], slow / outcome.n_events, rtol=0, atol=1e-10)
    assert told[0] == 0
    assert model.n_steps_ == told.idxmax()


@pytest.mark.parametrize("model", MODELS)
def test_without_a_signal_hardly_any_step_is_taken(model):
    outcome = simulate_outcome(np.zeros(200), seed=9)
    model.fit(X, outcome)
    assert model.n_steps_ < 10
    held_out = simulate_outcome(np.zeros(60), seed=10)
    assert abs(comparable_pairs(held_out).concordance(model.model_.risk(NEW)) - 0.5) < 0.1


@pytest.mark.parametrize(("model", "seed"), [(BoostedCox(n_steps=20), 9), (ComponentwiseCox(n_steps=20), 3)])
def test_no_step_at_all_is_a_model_that_tells_all_patients_the_same(model, seed):
    features = X[["f7"]]
    model.fit(features, simulate_outcome(np.zeros(200), seed=seed))
    assert model.n_steps_ == 0
    assert model.predict(features).tolist() == [0] * 200
    survival = model.model_.survival(features.to_numpy(), [500.0])
    assert (survival == survival[0]).all()
    assert 0 < survival[0, 0] < 1


@pytest.mark.parametrize("model", MODELS)
def test_strata_have_baselines_of_their_own(model):
    fitted = model.fit(X, make_outcome(Y.event, Y.time_days, stratum=STRATA)).model_
    values = X.to_numpy()[:1]
    told = [fitted.survival(values, [500.0], np.array([name]))[0, 0] for name in ("a", "b", "elsewhere")]
    assert len(set(told)) == 3
    assert min(told[:2]) < told[2] < max(told[:2])


@pytest.mark.parametrize("model", MODELS)
def test_fitting_twice_gives_the_same_bits(model):
    first, again = (model.fit(X, Y).model_.to_arrays() for _ in range(2))
    assert all(first[name].tobytes() == again[name].tobytes() for name in first)


def test_componentwise_boosting_finds_the_signal_and_leaves_the_rest():
    features, outcome = simulate(400, 40)
    coef = ComponentwiseCox().fit(features, outcome).model_.coef
    assert set(np.argsort(-np.abs(coef))[:2]) == {0, 1}
    assert coef[0] > 0.5 > -0.5 > coef[1]
    assert (coef == 0).sum() > 10


@pytest.mark.parametrize("model", MODELS)
def test_what_cannot_be_boosted_is_told(model):
    with pytest.raises(OutcomeError, match=r"3 events among 200 patients; a boosted Cox model .* needs at least 4"):
        model.fit(X, make_outcome(np.arange(200) < 3, Y.time_days))
    with pytest.raises(ModelError, match="every feature is the same in all 200 patients"):
        model.fit(X * 0 + 2, Y)
