"""Permutation importance: against a slow loop and scikit-learn, and what is known of it."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator
from sklearn.inspection import permutation_importance as sklearn_importance

from itgstrat.concordance import comparable_pairs
from itgstrat.errors import ModelError, OutcomeError
from itgstrat.evaluation.importance import permutation_importance
from itgstrat.fitting import CoxPlain
from itgstrat.outcome import make_outcome
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
