"""Permutation importance: against a slow loop and scikit-learn, and what is known of it."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator
from sklearn.inspection import permutation_importance as sklearn_importance

from itgstrat.concordance import comparable_pairs
from itgstrat.errors import ModelError, OutcomeError
from itgstrat.evaluation.importance import join_importances, permutation_importance
from itgstrat.fitting import CoxPlain
from itgstrat.learned.response import LogisticModel
from itgstrat.outcome import make_outcome
from itgstrat.response import Response
from tests.simulate import simulate_outcome

NAMES = list("abcd")


@pytest.fixture(scope="module")
def trained():
    values = np.random.default_rng(0).normal(size=(150, 4))
    values[:, 1] = values[:, 0] + 0.05 * values[:, 1]
    outcome = simulate_outcome(values[:, 0] + 0.6 * values[:, 2], seed=1)
    model = CoxPlain().fit(pd.DataFrame(values, columns=NAMES), outcome).model_
    return model, values, outcome


def test_it_is_a_slow_loop(trained):
    model, values, outcome = trained
    found = permutation_importance(model, values, outcome, repeats=3, seed=4)
    generator = np.random.default_rng(4)
    orders = [generator.permutation(150) for _ in range(3)]
    pairs = comparable_pairs(outcome)
    for row in range(4):
        for repeat, order in enumerate(orders):
            dealt = values.copy()
            for patient, other in enumerate(order):
                dealt[patient, row] = values[other, row]
            expected = float(pairs.concordance(model.risk(values)) - pairs.concordance(model.risk(dealt)))
            assert found.drops[row, repeat] == pytest.approx(expected, abs=1e-12)


class Ranker(BaseEstimator):
    def __init__(self, model=None):
        self.model = model

    def fit(self, X, y=None):
        return self

    def score(self, X, y):
        return float(comparable_pairs(y).concordance(self.model.risk(X)))


def test_it_is_that_of_scikit_learn_within_the_error_of_the_draws(trained):
    model, values, outcome = trained
    ours = permutation_importance(model, values, outcome, repeats=60)
    theirs = sklearn_importance(Ranker(model), values, outcome, n_repeats=60, random_state=0)
    error = np.sqrt(ours.drops.var(axis=1) / 60 + theirs.importances_std**2 / 60)
    assert (np.abs(ours.mean - theirs.importances_mean) < 4 * error + 1e-12).all()


def test_the_same_seed_gives_the_same_and_an_unused_feature_nothing(trained):
    model, values, outcome = trained
    without = replace(model, coef=model.coef * [1, 1, 1, 0])
    one, two = (permutation_importance(without, values, outcome, seed=2) for _ in range(2))
    assert one.drops.tolist() == two.drops.tolist()
    assert not one.drops[3].any()
    assert one.concordance == pytest.approx(float(comparable_pairs(outcome).concordance(without.risk(values))))


def test_correlated_features_matter_together(trained):
    _, values, outcome = trained
    # the two hold the same: a model that leans on both loses more when both go
    model = CoxPlain().fit(pd.DataFrame(values, columns=NAMES), outcome).model_
    model = replace(model, coef=np.array([0.5, 0.5, 0.6, 0.0]))
    alone = permutation_importance(model, values, outcome)
    joint = permutation_importance(model, values, outcome, {"both": ["a", "b"], "other": ["d"]})
    assert joint.names.tolist() == ["both", "other"]
    assert joint.mean[0] > alone.mean[:2].max()
    assert joint.mean[1] == 0


def test_values_stay_within_their_stratum():
    values = np.array([[0.0], [0.0], [0.0], [5.0], [5.0], [5.0]])
    outcome = make_outcome([1] * 6, [1, 2, 3, 1, 2, 3], stratum=["x"] * 3 + ["y"] * 3)

    class Model:
        features, used = np.array(["a"]), np.array([0])

        def risk(self, features):
            seen.append(features[:, 0].tolist())
            return features[:, 0]

    seen = []
    permutation_importance(Model(), values, outcome, repeats=5)
    assert all(row == values[:, 0].tolist() for row in seen)


def test_what_cannot_be_judged_is_refused(trained):
    model, values, outcome = trained
    with pytest.raises(ModelError, match="features that the model does not have: z"):
        permutation_importance(model, values, outcome, {"own": ["a", "z"]})
    with pytest.raises(OutcomeError, match="none of 2 patients can be compared with another: 0 events"):
        permutation_importance(model, values[:2], make_outcome([0, 0], [1, 2]))


def test_of_a_label_it_is_what_the_auc_loses(trained):
    _, values, _ = trained
    generator = np.random.default_rng(5)
    label = values[:, 0] + generator.normal(size=150) > 0
    known = Response(label, np.resize(["x", "y"], 150))
    model = LogisticModel(
        label="good", features=np.array(NAMES), intercept=0.0, slope=1.0, knots=np.empty(0), heights=np.empty(0),
        coef=np.array([1.0, 0.0, 0.5, 0.0]), center=np.zeros(4), offset=0.0,
    )  # fmt: skip
    found = permutation_importance(model, values, known, repeats=4, seed=6)
    assert found.measure == "AUC"

    def auc(score):
        pairs = [
            (score[i] > score[j]) + 0.5 * (score[i] == score[j])
            for i in np.flatnonzero(label)
            for j in np.flatnonzero(~label)
            if known.stratum[i] == known.stratum[j]
        ]
        return np.mean(pairs)

    assert found.concordance == pytest.approx(auc(values[:, 0] + 0.5 * values[:, 2]))
    generator = np.random.default_rng(6)
    order = np.arange(150)
    for name in ("x", "y"):
        rows = np.flatnonzero(known.stratum == name)
        order[rows] = generator.permutation(rows)
    dealt = values[order, 0] + 0.5 * values[:, 2]
    assert found.drops[0, 0] == pytest.approx(found.concordance - auc(dealt), abs=1e-12)


def test_importances_of_folds_are_joined_and_nothing_is_refused(trained):
    model, values, outcome = trained
    halves = [np.arange(0, 75), np.arange(75, 150)]
    parts = [permutation_importance(model, values[own], outcome[own], repeats=3) for own in halves]
    joined = join_importances(parts)
    np.testing.assert_array_equal(joined.drops, np.hstack([one.drops for one in parts]))
    np.testing.assert_allclose(joined.mean, np.mean([one.mean for one in parts], axis=0))
    low, high = joined.interval(0.5)
    np.testing.assert_allclose(low, np.percentile(joined.drops, 25, axis=1))
    np.testing.assert_allclose(high, np.percentile(joined.drops, 75, axis=1))
    with pytest.raises(ModelError, match="no importances to join"):
        join_importances([])
