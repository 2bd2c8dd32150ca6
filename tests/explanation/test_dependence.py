"""Dependence: against scikit-learn, slow loops, and closed forms of models whose dependence is known."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.inspection import partial_dependence as sklearn_dependence

from itgstrat.errors import ModelError
from itgstrat.explanation.dependence import accumulated_effects, partial_dependence
from itgstrat.fitting import CoxPlain
from itgstrat.fitting.survival import RandomSurvivalForest
from itgstrat.learned.response import LogisticModel
from tests.simulate import simulate_outcome

TIMES = [365.25, 1095.75]
N = 120


@pytest.fixture(scope="module")
def features():
    generator = np.random.default_rng(3)
    values = generator.normal(size=(N, 4))
    values[:, 1] += 0.8 * values[:, 0]  # correlated, where the two kinds differ
    values[:, 3] = np.round(values[:, 3])  # tied
    return values


@pytest.fixture(scope="module")
def outcome(features):
    return simulate_outcome(0.8 * features[:, 0] - 0.5 * features[:, 1] * features[:, 2], seed=5)


@pytest.fixture(scope="module")
def forest(features, outcome):
    table = pd.DataFrame(features, columns=list("abcd"))
    return RandomSurvivalForest(n_trees=20, seed=0).fit(table, outcome).model_


@pytest.fixture(scope="module")
def linear(features, outcome):
    return CoxPlain().fit(pd.DataFrame(features, columns=list("abcd")), outcome).model_


class Regressor(RegressorMixin, BaseEstimator):
    """A record as scikit-learn sees it: survival at one time, or the risk."""

    def __init__(self, model=None, day=None):
        self.model, self.day = model, day

    def fit(self, X, y=None):
        self.fitted_ = True
        return self

    def predict(self, X):
        return self.model.risk(X) if self.day is None else self.model.survival(X, [self.day])[:, 0]


@pytest.mark.parametrize("feature", ["a", "d"])
def test_partial_dependence_is_that_of_scikit_learn(forest, features, feature):
    column = "abcd".index(feature)
    for times in ([], TIMES):
        found = partial_dependence(forest, features, feature, times, points=12)
        for number, day in enumerate(times or [None]):
            wrapped = Regressor(forest, day).fit(features)
            theirs = sklearn_dependence(
                wrapped, features, [column], custom_values={column: found.grid}, method="brute", kind="average"
            )
            assert found.values[:, number] == pytest.approx(theirs["average"][0], abs=1e-12)


def test_the_grid_ends_at_the_5th_and_95th_percentile_or_holds_all_values(forest, features):
    grid = partial_dependence(forest, features, "a", points=7).grid
    assert len(grid) == 7
    assert grid[[0, -1]] == pytest.approx(np.quantile(features[:, 0], [0.05, 0.95]))
    assert partial_dependence(forest, features, "d").grid.tolist() == np.unique(features[:, 3]).tolist()


def slow_effects(predict, features, column, intervals):
    """The definition, patient by patient: Apley & Zhu 2020, equations 15 and 16, quantiles of type 1 as in ALEPlot."""
    ordered = sorted(features[:, column])
    edges = [ordered[0]]
    for k in range(1, intervals + 1):
        place = max(int(np.ceil(round(len(ordered) * k / intervals, 9))), 1)
        edges.append(ordered[place - 1])
    edges = sorted(set(edges))
    changes = [[] for _ in edges[1:]]
    for row in features:
        k = next(k for k in range(len(edges) - 1) if row[column] <= edges[k + 1])
        low, high = row.copy(), row.copy()
        low[column], high[column] = edges[k], edges[k + 1]
        changes[k].append(predict(high[None])[0] - predict(low[None])[0])
    effects = [0.0]
    for own in changes:
        effects.append(effects[-1] + sum(own) / len(own))
    total = sum(len(own) * (effects[k] + effects[k + 1]) / 2 for k, own in enumerate(changes))
    return np.array(edges), np.array(effects) - total / len(features)


@pytest.mark.parametrize("feature", ["a", "b", "d"])
@pytest.mark.parametrize("intervals", [5, 30])
def test_local_effects_are_those_of_a_slow_loop(forest, features, feature, intervals):
    column = "abcd".index(feature)
    for day in (None, *TIMES):
        found = accumulated_effects(forest, features, feature, [] if day is None else [day], intervals=intervals)
        edges, effects = slow_effects(Regressor(forest, day).predict, features, column, intervals)
        assert found.grid == pytest.approx(edges)
        assert found.values[:, 0] == pytest.approx(effects, abs=1e-10)


def test_of_a_linear_risk_both_are_the_line(linear, features):
    """In closed form: slope times distance, whatever the other features do."""
    for kind in (partial_dependence, accumulated_effects):
        found = kind(linear, features, "b")
        assert np.diff(found.values[:, 0]) == pytest.approx(linear.coef[1] * np.diff(found.grid))
    local = accumulated_effects(linear, features, "b", intervals=N)
    weights = np.bincount(np.maximum(np.searchsorted(local.grid, features[:, 1], side="left") - 1, 0))
    assert (weights * (local.values[:-1, 0] + local.values[1:, 0]) / 2).sum() == pytest.approx(0, abs=1e-9)


def test_where_features_are_correlated_only_local_effects_are_right():
    """risk = b - a where a and b move together: at fixed b the effect of a is -1 in both; of a product they part."""

    class Product:
        features = np.array(["a", "b"])

        def risk(self, values):
            return values[:, 0] * values[:, 1]

    generator = np.random.default_rng(0)
    a = generator.normal(size=4000)
    values = np.column_stack([a, a + 0.01 * generator.normal(size=4000)])
    local = accumulated_effects(Product(), values, "a", intervals=40)
    # d(ab)/da = b = a where the patients are, so the effect is a^2 / 2; averaged over all b it would be flat
    expected = local.grid**2 / 2
    inner = np.abs(local.grid) < 2
    assert local.values[inner, 0] - local.values[inner, 0].mean() == pytest.approx(
        expected[inner] - expected[inner].mean(), abs=0.05
    )
    assert np.ptp(partial_dependence(Product(), values, "a").values) < 0.2


def test_of_a_label_it_is_the_probability(features):
    none = np.empty(0)
    coef = np.array([0.8, -0.5, 0, 0.1])
    model = LogisticModel("R", np.array(list("abcd")), 0.3, 1.2, none, none, coef, np.zeros(4), 0.2)
    found = partial_dependence(model, features, "a", points=9)
    for value, mean in zip(found.grid, found.values[:, 0], strict=True):
        changed = features.copy()
        changed[:, 0] = value
        assert mean == pytest.approx(np.mean([model.probability(one[None])[0] for one in changed]))
    assert (found.label, found.times_days.size) == ("R", 0)
    edges, effects = slow_effects(model.probability, features, 0, 9)
    local = accumulated_effects(model, features, "a", intervals=9)
    assert local.grid == pytest.approx(edges)
    assert local.values[:, 0] == pytest.approx(effects, abs=1e-10)
    with pytest.raises(ModelError, match=r"the model predicts a label \(R\), which has no time"):
        partial_dependence(model, features, "a", TIMES)


def test_survival_beyond_follow_up_is_not_told(forest, features):
    late = forest.followed_until_days + 1
    assert np.isnan(partial_dependence(forest, features, "a", [late]).values).all()
    assert np.isnan(accumulated_effects(forest, features, "a", [late]).values).all()


def test_strata_have_baselines_of_their_own(features, outcome):
    halves = np.where(np.arange(N) % 2, "one", "two")
    two = replace(outcome, stratum=halves)
    model = CoxPlain().fit(pd.DataFrame(features, columns=list("abcd")), two).model_
    found = partial_dependence(model, features, "a", TIMES, strata=halves)
    changed = features.copy()
    changed[:, 0] = found.grid[4]
    assert found.values[4] == pytest.approx(model.survival(changed, TIMES, halves).mean(axis=0))
    assert not np.allclose(found.values, partial_dependence(model, features, "a", TIMES).values)


def test_what_cannot_be_looked_at_is_refused(linear, features):
    with pytest.raises(ModelError, match="no feature 'z'; it has a, b, c, d"):
        partial_dependence(linear, features, "z")
    with pytest.raises(ModelError, match="no patients"):
        accumulated_effects(linear, features[:0], "a")
    same = features.copy()
    same[:, 0] = 1.0
    with pytest.raises(ModelError, match="all 120 patients have the same a"):
        accumulated_effects(linear, same, "a")
