"""The interval of a risk over bootstrap samples: as wide as theory says, and only for linear models."""

import numpy as np
import pandas as pd
import pytest

from itgstrat.errors import ModelError
from itgstrat.fitting import CoxElasticNet, CoxPlain
from itgstrat.fitting.bootstrap import learn_spread
from itgstrat.fitting.inference import infer
from itgstrat.fitting.survival import RandomSurvivalForest, WeibullAFT
from itgstrat.outcome import make_outcome
from tests.simulate import simulate_outcome


@pytest.fixture(scope="module")
def drawn():
    values = np.random.default_rng(0).normal(size=(300, 3))
    table = pd.DataFrame(values, columns=list("abc"))
    return table, simulate_outcome(0.7 * values[:, 0] - 0.4 * values[:, 1], seed=2)


def test_without_a_penalty_it_is_as_wide_as_the_likelihood_says(drawn):
    table, outcome = drawn
    spread = learn_spread(CoxPlain(), table, outcome, CoxPlain().fit(table, outcome).model_, samples=200)
    found = infer(table, outcome).table
    error = (np.log(found["upper"]) - np.log(found["lower"])) / (2 * 1.96)
    assert spread.coef.std(axis=0) == pytest.approx(error.to_numpy(), rel=0.25)
    patient = np.array([[2.0, -1.0, 0.5]])
    low, high = spread.interval(patient)
    risks = ((patient - spread.center) * spread.coef).sum(axis=1)
    assert (low[0], high[0]) == pytest.approx(tuple(np.quantile(risks, [0.025, 0.975])))


def test_the_interval_of_a_patient_holds_the_true_risk_as_often_as_it_says():
    held = []
    for seed in range(12):
        values = np.random.default_rng(seed).normal(size=(200, 2))
        table = pd.DataFrame(values, columns=list("ab"))
        outcome = simulate_outcome(values @ [0.7, -0.4], seed=seed + 50)
        spread = learn_spread(CoxPlain(), table, outcome, CoxPlain().fit(table, outcome).model_, samples=100, seed=seed)
        low, high = spread.interval(values)
        truth = (values - values.mean(axis=0)) @ [0.7, -0.4]
        held.append(((low <= truth) & (truth <= high)).mean())
    assert np.mean(held) > 0.85


def test_a_penalised_model_tells_how_often_a_feature_is_chosen(drawn):
    table, outcome = drawn
    noise = pd.DataFrame(np.random.default_rng(9).normal(size=(300, 6))).add_prefix("noise")
    wide = pd.concat([table, noise], axis=1)
    model = CoxElasticNet(l1_ratio=1.0, one_se=True, inner_folds=3, n_alphas=20)
    spread = learn_spread(model, wide, outcome, model.fit(wide, outcome).model_, samples=8)
    assert spread.chosen()[0] == 1.0
    assert spread.chosen()[3:].mean() < 0.8
    assert spread.coef.shape == (8, 9)


def test_the_seed_decides_and_patients_stay_within_their_stratum(drawn):
    table, outcome = drawn
    trained = WeibullAFT().fit(table, outcome).model_
    one, two, other = (learn_spread(WeibullAFT(), table, outcome, trained, samples=4, seed=s) for s in (1, 1, 2))
    assert one.coef.tolist() == two.coef.tolist()
    assert one.coef.tolist() != other.coef.tolist()
    seen = []

    class Watch(CoxPlain):
        def fit(self, X, y):
            seen.append((np.sort(y.stratum).tolist(), len(np.unique(y.patient))))
            return super().fit(X, y)

    strata = make_outcome(outcome.event, outcome.time_days, stratum=np.repeat(["x", "y", "z"], 100))
    learn_spread(Watch(), table, strata, trained, samples=3)
    assert all(names == np.sort(strata.stratum).tolist() for names, _ in seen)
    assert all(100 < patients < 250 for _, patients in seen)


def test_a_model_that_is_not_linear_or_cannot_be_fitted_is_refused(drawn):
    table, outcome = drawn
    forest = RandomSurvivalForest(n_trees=3)
    with pytest.raises(ModelError, match="the risk of a ForestModel is no weighted sum of features"):
        learn_spread(forest, table, outcome, forest.fit(table, outcome).model_, samples=2)
    trained = CoxPlain().fit(table, outcome).model_

    class Never(CoxPlain):
        def fit(self, X, y):
            raise ModelError("no")

    with pytest.raises(ModelError, match="4 of 4 bootstrap samples of the patients carry no model"):
        learn_spread(Never(), table, outcome, trained, samples=4)
