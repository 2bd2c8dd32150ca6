"""Every survival model, later ones among them: fit, clone, cross-validate, save, load, and bad input."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.model_selection import cross_val_score

from itgstrat.errors import ItgstratError, ModelError, OutcomeError
from itgstrat.fitting.survival import SURVIVAL_MODELS, CoxRidge, ExtraSurvivalTrees, Member
from itgstrat.fitting.survival.base import split_by_events
from itgstrat.learned import LinearRisk, ModelBundle
from itgstrat.learned.model import MODEL_KINDS, pack_model, unpack_model
from itgstrat.outcome import make_outcome
from itgstrat.prediction import predict
from itgstrat.reporting.drivers import tabulate_coefficients
from itgstrat.reporting.report import prediction_report
from itgstrat.reporting.sections import tabulate_horizons, tabulate_strata
from tests.simulate import INTEGRINS, make_bundle, simulate_cohort, simulate_outcome

#: Settings that make a model fast enough for a sweep.
FAST: dict[str, dict[str, Any]] = {
    "random_survival_forest": {"n_trees": 30},
    "extra_survival_trees": {"n_trees": 30},
    "boosted_cox": {"n_steps": 40},
    "componentwise_cox": {"n_steps": 60},
    "stack": {"members": (Member("ridge", CoxRidge(n_penalties=6)), Member("trees", ExtraSurvivalTrees(n_trees=30)))},
}
#: Models of one likelihood for all times, which has no maximum where features tell every event time apart.
PARAMETRIC = {"weibull_aft", "lognormal_aft"}
#: Models that do without four events; the others choose something by inner cross-validation.
FEW_EVENTS = {"plain_cox", "random_survival_forest", "extra_survival_trees", "weibull_aft", "lognormal_aft"}
names = pytest.mark.parametrize("name", SURVIVAL_MODELS)


def make(name: str):
    return SURVIVAL_MODELS[name](**FAST.get(name, {}))


def simulate(n=120, p=6, seed=0):
    values = np.random.default_rng(seed).standard_normal((n, p))
    features = pd.DataFrame(values, columns=[f"f{i}" for i in range(p)])
    return features, simulate_outcome(values[:, :2] @ [1.0, -0.8], seed=seed + 1)


X, Y = simulate()
STRATA = np.where(np.arange(120) % 3 == 0, "a", "b")
TRAINING = simulate_cohort(120, 60, {INTEGRINS[0]: 1.0}, ("one", "two"), age_effect=0.5, seed=1).cohort
NEW = simulate_cohort(20, 60, missing=0.05, seed=2).cohort


def same(first: Mapping[str, np.ndarray], second: Mapping[str, np.ndarray]) -> bool:
    return set(first) == set(second) and all(first[key].tobytes() == second[key].tobytes() for key in first)


def is_sound(model, features, outcome) -> bool:
    """Say whether risks are finite and survival is a probability that does not rise."""
    values = features.to_numpy()
    times = np.linspace(0, outcome.time_days.max(), 7)
    survival = model.model_.survival(values, times, outcome.stratum)
    told = survival[~np.isnan(survival)]
    falls = (np.nan_to_num(np.diff(survival, axis=1), nan=-1) <= 1e-12).all()
    return bool(
        np.isfinite(model.predict(features)).all()
        and ((told >= 0) & (told <= 1)).all()
        and (survival[:, 0] == 1).all()
        and falls
    )


@names
def test_fit_clone_and_cross_validate(name):
    model = make(name).fit(X, Y)
    assert is_sound(model, X, Y)
    assert model.score(X, Y) > 0.65
    again = clone(model)
    assert not hasattr(again, "model_")
    assert again.get_params().keys() == model.get_params().keys()
    assert same(pack_model(again.fit(X, Y).model_), pack_model(model.model_))
    scores = cross_val_score(make(name), X, Y, cv=split_by_events(Y, 3, seed=0))
    assert scores.mean() > 0.6


@names
def test_the_order_of_patients_at_prediction_is_of_no_matter(name):
    record = make(name).fit(X, Y).model_
    values = X.to_numpy()
    alone = [record.risk(values[[row]])[0] for row in range(len(X))]
    np.testing.assert_allclose(alone, record.risk(values), rtol=0, atol=1e-9)
    times = [100.0, 1000.0]
    alone = [record.survival(values[[row]], times, STRATA[[row]])[0] for row in range(len(X))]
    np.testing.assert_allclose(alone, record.survival(values, times, STRATA), rtol=0, atol=1e-9)


@names
def test_a_bundle_gives_the_model_back_bit_for_bit(name, tmp_path):
    bundle = make_bundle(TRAINING, model=make(name))
    assert type(bundle.model) in MODEL_KINDS.values()
    again = ModelBundle.load(bundle.save(tmp_path / "model"))
    assert same(pack_model(unpack_model(pack_model(bundle.model))), pack_model(bundle.model))
    first, second = predict(bundle, NEW), predict(again, NEW)
    pd.testing.assert_frame_equal(first.table, second.table, check_exact=True)
    pd.testing.assert_frame_equal(first.explanations, second.explanations, check_exact=True)
    assert again.model.followed_until_days == TRAINING.require_outcome().time_days.max()


@names
def test_reports_can_be_written_and_contributions_add_up(name):
    bundle = make_bundle(TRAINING, model=make(name))
    prediction = predict(bundle, NEW)
    page = prediction_report(prediction, bundle)
    assert (tabulate_coefficients(bundle) is not None) == isinstance(bundle.model, LinearRisk)
    assert "base" in page.lower()
    assert len(tabulate_strata(bundle).rows) == 3
    rows = tabulate_horizons(bundle).rows
    assert rows[-1][0] == "pooled"
    assert len(rows) in (1, 3)
    for table in (prediction.explanations, prediction.genes, prediction.systems):
        sums = table.groupby("patient")["contribution"].sum()[prediction.table["patient"]]
        np.testing.assert_allclose(prediction.base + sums, prediction.table["risk"], rtol=0, atol=1e-10)


@names
def test_fewer_events_than_folds(name):
    few = make_outcome(np.arange(120) % 40 == 0, Y.time_days)
    with pytest.raises(OutcomeError, match="3 events among 120 patients"):
        split_by_events(few, 5, seed=0)
    if name not in FEW_EVENTS:
        with pytest.raises(OutcomeError, match=r"3 events among 120 patients; .* use an endpoint with more events"):
            make(name).fit(X, few)
    else:
        assert is_sound(make(name).fit(X, few), X, few)


@names
def test_no_events(name):
    with pytest.raises(OutcomeError, match="0 events among 120 patients"):
        make(name).fit(X, make_outcome(np.zeros(120), Y.time_days))


@names
def test_one_patient(name):
    with pytest.raises(ItgstratError, match=r"found only one|1 events among 1 patients"):
        make(name).fit(X[:1], make_outcome([1], [5.0]))


@names
def test_all_times_tied(name):
    tied = make_outcome(Y.event, np.full(120, 30.0))
    if name in PARAMETRIC:
        with pytest.raises(ModelError, match="at the same time"):
            make(name).fit(X, tied)
    else:
        assert is_sound(make(name).fit(X, tied), X, tied)


@names
def test_a_feature_without_variance(name):
    features = X.assign(f3=2.5)
    model = make(name).fit(features, Y)
    assert is_sound(model, features, Y)
    np.testing.assert_allclose(model.predict(features.assign(f3=3.5)), model.predict(features), rtol=0, atol=1e-9)
    assert model.score(features, Y) > 0.65


@names
def test_a_covariate_that_separates_perfectly(name):
    outcome = make_outcome(np.arange(120) % 4 > 0, np.arange(1, 121))
    features = X.assign(f0=-(np.arange(120) - 60) / 35)
    model = make(name).fit(features, outcome)
    assert is_sound(model, features, outcome)
    assert model.score(features, outcome) > 0.8


@names
def test_more_features_than_patients(name):
    features, outcome = simulate(40, 120)
    if name in PARAMETRIC:
        with pytest.raises(ModelError, match="more features than"):
            make(name).fit(features, outcome)
    else:
        assert is_sound(make(name).fit(features, outcome), features, outcome)


@names
def test_a_stratum_with_one_patient(name):
    for event in (True, False):
        strata = np.where(np.arange(120) == 7, "lonely", "main")
        outcome = make_outcome(np.where(np.arange(120) == 7, event, Y.event), Y.time_days, stratum=strata)
        assert is_sound(make(name).fit(X, outcome), X, outcome)
