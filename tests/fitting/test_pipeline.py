"""Every survival model as scikit-learn uses it: cloned, cross-validated, saved and loaded."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.model_selection import cross_val_predict, cross_val_score
from sklearn.pipeline import Pipeline

from itgstrat.concordance import comparable_pairs
from itgstrat.config import build_config
from itgstrat.errors import OutcomeError
from itgstrat.fitting import SURVIVAL_MODELS, CoxElasticNet, CoxPlain, FeaturePanel, build_pipeline
from itgstrat.fitting.pipeline import Design
from itgstrat.fitting.survival.base import split_by_events
from itgstrat.learned import ModelBundle
from tests.simulate import INTEGRINS, SIGNATURES, make_bundle, simulate_cohort

SIMULATION = simulate_cohort(160, 80, {INTEGRINS[0]: 1.0}, ("one", "two"), age_effect=0.8, missing=0.02, seed=1)
COHORT, OUTCOME = SIMULATION.cohort, SIMULATION.outcome


def make_pipeline(model, score="zscore", covariates=("age", "sex")):
    return Pipeline([("features", FeaturePanel(SIGNATURES, score, covariates)), ("model", model)])


@pytest.mark.parametrize("name", SURVIVAL_MODELS)
def test_every_model_is_fitted_cloned_and_cross_validated(name):
    pipeline = make_pipeline(SURVIVAL_MODELS[name]())
    copy = clone(pipeline)
    assert repr(copy.get_params()) == repr(pipeline.get_params())
    folds = split_by_events(OUTCOME, 3, seed=0)
    scores = cross_val_score(pipeline, COHORT, OUTCOME, cv=folds)
    assert (scores > 0.55).all()
    assert scores.tolist() == cross_val_score(copy, COHORT, OUTCOME, cv=folds).tolist()
    assert not hasattr(pipeline.named_steps["model"], "model_")


@pytest.mark.parametrize("name", SURVIVAL_MODELS)
def test_every_model_predicts_the_same_from_a_saved_bundle(name, tmp_path):
    model = SURVIVAL_MODELS[name]()
    bundle = make_bundle(COHORT, model=model)
    loaded = ModelBundle.load(bundle.save(tmp_path / "model"))
    new = simulate_cohort(20, 80, missing=0.05, seed=3).cohort
    features = loaded.recipe.featurise(**new.arrays()).features.values
    panel = FeaturePanel(SIGNATURES, covariates=("age", "sex")).fit(COHORT)
    np.testing.assert_allclose(loaded.model.risk(features), model.predict(panel.transform(new)), rtol=0, atol=1e-12)
    horizons = bundle.horizons_days
    np.testing.assert_allclose(
        loaded.model.survival(features, horizons, new.batch),
        model.model_.survival(panel.transform(new).to_numpy(), horizons, new.batch),
        rtol=0,
        atol=1e-12,
    )


@pytest.mark.parametrize("name", SURVIVAL_MODELS)
def test_every_model_can_be_fitted_again(name):
    pipeline = make_pipeline(SURVIVAL_MODELS[name]())
    first = pipeline.fit(COHORT, OUTCOME).predict(COHORT)
    pipeline.fit(COHORT[np.arange(100)], OUTCOME[np.arange(100)])
    assert pipeline.fit(COHORT, OUTCOME).predict(COHORT).tolist() == first.tolist()


def test_the_panel_gives_a_table_of_named_features():
    table = FeaturePanel(SIGNATURES, covariates=("age",)).fit_transform(COHORT)
    assert list(table.columns) == [*(signature.id for signature in SIGNATURES), "age"]
    pd.testing.assert_index_equal(table.index, COHORT.patients)


def test_no_outcome_enters_the_features():
    blind = replace(COHORT, outcome=None)
    pd.testing.assert_frame_equal(
        FeaturePanel(SIGNATURES).fit_transform(blind), FeaturePanel(SIGNATURES).fit_transform(COHORT, OUTCOME)
    )


def test_a_test_patient_has_no_part_in_the_features_of_its_fold():
    train, test = np.arange(100), np.arange(100, 160)
    loud = COHORT.expression.copy()
    loud.iloc[test] *= 100
    fits = [
        make_pipeline(CoxPlain()).fit(cohort[train], OUTCOME[train])
        for cohort in (COHORT, replace(COHORT, expression=loud))
    ]
    assert fits[0].predict(COHORT[test]).tolist() == fits[1].predict(COHORT[test]).tolist()


def test_a_known_hazard_is_found_by_the_whole_pipeline():
    sim = simulate_cohort(500, 60, {INTEGRINS[0]: 1.2}, ("one", "two"), seed=7)
    alone = FeaturePanel((replace(SIGNATURES[0], genes={INTEGRINS[0]: 1}),), "zscore")
    pipeline = Pipeline([("features", alone), ("model", CoxPlain())])
    risk = cross_val_predict(pipeline, sim.cohort, sim.outcome, cv=split_by_events(sim.outcome, 5, seed=0))
    pairs = comparable_pairs(sim.outcome)
    assert pairs.concordance(risk) == pytest.approx(pairs.concordance(sim.log_hazard), abs=0.01)
    coef = pipeline.fit(sim.cohort, sim.outcome).named_steps["model"].model_.coef[0]
    assert coef == pytest.approx(1.2, abs=3 / np.sqrt(sim.outcome.n_events))


@pytest.mark.parametrize("model", [CoxElasticNet(n_alphas=10), CoxPlain()])
def test_without_a_signal_the_concordance_is_one_half(model):
    sim = simulate_cohort(1200, 40, batches=("one", "two", "three"), seed=11)
    folds = split_by_events(sim.outcome, 5, seed=0)
    pipeline = make_pipeline(model)
    scores = cross_val_score(pipeline, sim.cohort, sim.outcome, cv=folds)
    assert scores.mean() == pytest.approx(0.5, abs=0.03)


def test_an_outcome_without_events_dies_with_a_message():
    censored = replace(OUTCOME, event=np.zeros(len(OUTCOME), bool))
    with pytest.raises(OutcomeError, match="0 events among 160 patients"):
        make_pipeline(CoxElasticNet()).fit(COHORT, censored)


CONFIG = build_config(
    {
        "name": "run",
        "cohorts": [{"name": "one", "source": "one.tsv", "columns": {"age": "Age"}}],
        "endpoint": {"event": "event", "time": "time"},
        "features": {"signatures": ["heterodimers"], "score": "zscore", "covariates": ["age"], "min_coverage": 0.7},
        "model": {"l1_ratio": 0.3, "n_alphas": 7, "alpha_min_ratio": 0.2, "inner_folds": 3},
        "seed": 5,
    }
)


def test_a_pipeline_is_built_as_the_configuration_says():
    settings = build_pipeline(CONFIG).get_params()
    expected = {
        "features__score": "zscore",
        "features__covariates": ("age",),
        "features__min_coverage": 0.7,
        "features__seed": 5,
        "model__l1_ratio": 0.3,
        "model__n_alphas": 7,
        "model__alpha_min_ratio": 0.2,
        "model__inner_folds": 3,
        "model__unpenalised": ("age",),
        "model__seed": 5,
    }
    assert {name: settings[name] for name in expected} == expected
    assert len(settings["features__signatures"]) == 24


def test_a_design_without_signatures_is_a_plain_cox_model():
    pipeline = build_pipeline(CONFIG, Design((), ("age",)))
    assert isinstance(pipeline.named_steps["model"], CoxPlain)
    assert pipeline.fit(COHORT, OUTCOME).named_steps["features"].recipe_.names == ("age",)
