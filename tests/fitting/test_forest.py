"""Survival forests: the record predicts what scikit-survival predicts, on times as they are and on binned times."""

import numpy as np
import pandas as pd
import pytest
from sksurv.ensemble import ExtraSurvivalTrees as SksurvExtraTrees
from sksurv.ensemble import RandomSurvivalForest as SksurvRandomForest

from itgstrat.concordance import comparable_pairs
from itgstrat.config.models import ForestConfig
from itgstrat.errors import ModelError, OutcomeError
from itgstrat.fitting.survival import ExtraSurvivalTrees, RandomSurvivalForest
from itgstrat.fitting.survival.base import to_structured
from itgstrat.fitting.survival.forest import bin_times
from itgstrat.outcome import make_outcome
from tests.simulate import simulate_outcome

LIBRARY = {RandomSurvivalForest: SksurvRandomForest, ExtraSurvivalTrees: SksurvExtraTrees}
FORESTS = list(LIBRARY)


def simulate(n=150, p=8, effects=(1.0, -0.8), seed=0):
    features = np.random.default_rng(seed).standard_normal((n, p))
    outcome = simulate_outcome(features[:, : len(effects)] @ np.array(effects), seed=seed + 1)
    return pd.DataFrame(features, columns=[f"f{i}" for i in range(p)]), outcome


X, Y = simulate()
NEW = simulate(60, seed=5)[0]
TIED = make_outcome(Y.event, np.ceil(Y.time_days / 100))


def fit_theirs(forest, outcome, min_leaf=5):
    settings = {"min_samples_leaf": min_leaf, "min_samples_split": 2 * min_leaf, "max_features": "sqrt"}
    theirs = LIBRARY[forest](n_estimators=30, random_state=3, **settings)
    return theirs.fit(X.to_numpy(), to_structured(outcome))


@pytest.mark.parametrize("n_times", [None, 20])
@pytest.mark.parametrize("outcome", [Y, TIED], ids=["free", "tied"])
@pytest.mark.parametrize("forest", FORESTS)
def test_the_record_predicts_what_scikit_survival_predicts(forest, outcome, n_times):
    model = forest(30, 5, n_times=n_times, seed=3).fit(X, outcome).model_
    # without bins theirs is fitted on the very times: that censored times were moved must not be seen
    theirs = fit_theirs(forest, outcome if n_times is None else bin_times(outcome, n_times))
    values = NEW.to_numpy()
    np.testing.assert_allclose(model.risk(values), theirs.predict(values), rtol=1e-12, atol=1e-12)
    times = theirs.unique_times_
    expected = theirs.predict_survival_function(values, return_array=True)
    np.testing.assert_allclose(model.survival(values, times), expected, rtol=0, atol=1e-12)
    cover = np.concatenate([tree.tree_.weighted_n_node_samples for tree in theirs.estimators_])
    np.testing.assert_array_equal(model.cover, cover)


@pytest.mark.parametrize("forest", FORESTS)
def test_missing_values_go_where_scikit_survival_sends_them(forest):
    random = np.random.default_rng(0)
    holes, new = X.mask(random.random(X.shape) < 0.2), NEW.mask(random.random(NEW.shape) < 0.2)
    model = forest(30, 5, n_times=None, seed=3).fit(holes, Y)
    theirs = LIBRARY[forest](
        30, min_samples_leaf=5, min_samples_split=10, max_features="sqrt", random_state=3
    ).fit(holes.to_numpy(), to_structured(Y))  # fmt: skip
    assert 0 < model.model_.missing_left.sum() < len(model.model_.left)
    np.testing.assert_allclose(model.predict(new), theirs.predict(new.to_numpy()), rtol=1e-12)


@pytest.mark.parametrize("forest", FORESTS)
def test_any_number_of_workers_gives_the_same_bits(forest):
    one = forest(20, seed=1).fit(X, Y).model_.to_arrays()
    two = forest(20, seed=1, n_jobs=2).fit(X, Y).model_.to_arrays()
    other = forest(20, seed=2).fit(X, Y).model_.to_arrays()
    assert all(one[name].tobytes() == two[name].tobytes() for name in one)
    assert one["threshold"].tobytes() != other["threshold"].tobytes()


@pytest.mark.parametrize("forest", FORESTS)
def test_a_forest_finds_an_interaction_that_no_linear_model_sees(forest):
    features, _ = simulate(600, 4)
    truth = 1.5 * np.sign(features["f0"] * features["f1"]).to_numpy()
    outcome = simulate_outcome(truth, seed=1)
    train, test = np.arange(300), np.arange(300, 600)
    model = forest(100, max_features=None).fit(features.iloc[train], outcome[train])
    best = comparable_pairs(outcome[test]).concordance(truth[test])
    assert best > 0.7
    assert model.score(features.iloc[test], outcome[test]) > best - 0.08


@pytest.mark.parametrize("forest", FORESTS)
def test_leaves_hold_enough_patients(forest):
    model = forest(20, min_leaf=12).fit(X, Y).model_
    assert model.cover[model.leaf >= 0].min() >= 12


def test_bins_keep_events_and_their_order():
    binned = bin_times(Y, 20)
    assert len(np.unique(binned.time_days)) == 20
    assert set(binned.time_days) <= set(Y.time_days[Y.event])
    assert (np.diff(binned.time_days[np.argsort(Y.time_days)]) >= 0).all()
    np.testing.assert_array_equal(binned.event, Y.event)


@pytest.mark.parametrize("n_times", [None, 1000])
def test_without_bins_everybody_is_at_risk_at_the_same_events(n_times):
    moved = bin_times(Y, n_times)
    np.testing.assert_array_equal(moved.time_days[Y.event], Y.time_days[Y.event])
    events = np.unique(Y.time_days[Y.event])
    before, after = (outcome.time_days >= events[:, None] for outcome in (Y, moved))
    np.testing.assert_array_equal(before, after)
    assert len(np.unique(moved.time_days)) <= len(events) + 1


@pytest.mark.parametrize("n_times", [10, 50])
def test_bins_leave_the_survival_of_all_patients_where_it_is(n_times):
    features, outcome = simulate(800)
    exact = RandomSurvivalForest(1, min_leaf=800, n_times=None).fit(features, outcome).model_
    binned = RandomSurvivalForest(1, min_leaf=800, n_times=n_times).fit(features, outcome).model_
    times = np.linspace(0, np.quantile(outcome.time_days, 0.9), 200)
    gap = binned.survival(features.to_numpy()[:1], times) - exact.survival(features.to_numpy()[:1], times)
    assert np.abs(gap).max() < 1.5 / n_times
    assert abs(gap.mean()) < 0.2 / n_times


@pytest.mark.parametrize("forest", FORESTS)
def test_what_no_forest_can_be_grown_on_is_told(forest):
    with pytest.raises(OutcomeError, match="0 events among 150 patients; a survival forest needs at least 1"):
        forest().fit(X, make_outcome(np.zeros(150), Y.time_days))
    with pytest.raises(ModelError, match="a survival forest compares patients; found only one"):
        forest().fit(X[:1], make_outcome([1], [5]))
    with pytest.raises(ModelError, match="every feature is the same in all 150 patients"):
        forest().fit(X * 0, Y)


@pytest.mark.parametrize("forest", FORESTS)
def test_binned_times_are_the_default_and_rank_patients_as_all_times_do(forest):
    assert forest().n_times == ForestConfig(kind="random_survival_forest").n_times == 50
    X, Y = simulate(400, seed=8)
    assert len(np.unique(Y.time_days[Y.event])) > 200
    test, moved, spread = np.arange(400) % 4, [], []
    for fold in range(4):
        pairs = comparable_pairs(Y[test == fold])
        risks = [
            forest(50, n_times=n_times, seed=1).fit(X[test != fold], Y[test != fold]).predict(X[test == fold])
            for n_times in (50, None)
        ]
        binned, exact = (float(pairs.concordance(risk)) for risk in risks)
        moved.append(binned - exact)
        spread.append(exact)
    assert abs(np.mean(moved)) < np.std(spread, ddof=1)
    assert np.mean(spread) > 0.65
