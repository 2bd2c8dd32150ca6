"""What training learns beside a model: kept where the data carry it, said where they do not."""

from dataclasses import replace

import numpy as np
import pytest

from itgstrat.config import build_config
from itgstrat.fitting import build_pipeline
from itgstrat.fitting.uncertainty import learn_uncertainty
from itgstrat.learned import ModelBundle
from itgstrat.prediction import predict
from itgstrat.recalibration import recalibrate
from tests.simulate import make_bundle, simulate_cohort

COHORT = simulate_cohort(150, 60, {"ITGAV": 0.8, "ITGB3": 0.8}, seed=3).cohort
NEW = simulate_cohort(120, 60, {"ITGAV": 0.8, "ITGB3": 0.8}, ("new",), seed=4).cohort


def learn(kind="ridge_cox", cohort=COHORT, **settings):
    config = build_config({
        "name": "test",
        "cohorts": [{"name": "one", "source": "nowhere.tsv"}],
        "endpoint": {"event": "event", "time": "time"},
        "features": {"signatures": ["heterodimers"]},
        "model": {"kind": kind},
        "uncertainty": {"folds": 3, "samples": 20} | settings,
        "seed": 2,
    })  # fmt: skip
    pipeline = build_pipeline(config).fit(cohort, cohort.require_outcome())
    return learn_uncertainty(config, pipeline, cohort), pipeline


def test_a_linear_model_gets_both():
    made, pipeline = learn()
    assert made.untold == {}
    assert made.lower_bound.level == 0.9
    features = pipeline.named_steps["features"].features(COHORT).values
    low, high = made.spread.interval(features)
    risk = pipeline.named_steps["model"].model_.risk(features)
    assert np.corrcoef((low + high) / 2, risk)[0, 1] > 0.9
    assert (low <= high).all()
    assert ((low < risk) & (risk < high)).mean() > 0.8


def test_a_forest_gets_the_bound_alone_and_the_reason():
    made, _ = learn("random_survival_forest")
    assert made.lower_bound is not None
    assert made.spread is None
    assert made.untold == {"spread": "the risk is no weighted sum of features"}


def test_what_is_not_asked_for_is_not_learned():
    made, _ = learn(level=None, samples=0)
    assert (made.lower_bound, made.spread, made.untold) == (None, None, {})


def test_what_too_few_patients_cannot_carry_is_said():
    made, _ = learn(level=0.999)
    assert made.lower_bound is None
    assert made.untold["lower_bound"].startswith("150 patients cannot carry a lower bound at the level 0.999")
    assert made.spread is not None


@pytest.fixture(scope="module")
def bundle():
    made, pipeline = learn()
    panel = pipeline.named_steps["features"]
    plain = make_bundle(COHORT)
    return replace(
        plain, recipe=panel.recipe_, model=pipeline.named_steps["model"].model_, familiarity=panel.familiarity_,
        lower_bound=made.lower_bound, spread=made.spread,
    )  # fmt: skip


def test_a_prediction_tells_both_and_a_saved_model_the_same(bundle, tmp_path):
    told = predict(bundle, NEW).table
    assert (told["risk_low"] <= told["risk_high"]).all()
    known = ~told["out_of_distribution"]
    assert 0 < known.sum() < len(told)
    assert (told["lower_bound_days"].notna() == known).all()  # nothing is told of a patient unlike those of training
    assert told["lower_bound_days"][known].between(0, bundle.lower_bound.times_days[-1]).all()
    again = predict(ModelBundle.load(bundle.save(tmp_path / "model")), NEW).table
    assert again.equals(told)
    outlived = NEW.outcome.time_days > told["lower_bound_days"]
    assert outlived[known & (NEW.outcome.event | outlived)].mean() > 0.75  # 90% but for chance and what is censored
    at = int(np.flatnonzero(known)[3])
    alone = predict(bundle, NEW[[at]]).table
    for name in ("risk_low", "risk_high", "lower_bound_days"):
        assert alone[name].iloc[0] == pytest.approx(told[name].iloc[at], abs=1e-9)


def test_capped_are_those_whose_survival_stays_above_to_the_end(bundle):
    values = bundle.recipe.featurise(**NEW.arrays()).features.values
    last = bundle.model.survival(values, bundle.lower_bound.times_days, NEW.batch)[:, -1]
    own = float(np.median(last[last < np.median(last)]))  # falls there at the last time, in one patient or more
    told = predict(replace(bundle, lower_bound=replace(bundle.lower_bound, survival=own)), NEW).table
    known = ~told["out_of_distribution"]
    assert (told["lower_bound_capped"] == (known & (last > own))).all()
    assert 0 < told["lower_bound_capped"].sum() < known.sum()


def test_a_recalibrated_model_has_no_bound_of_another(bundle):
    new = recalibrate(bundle, NEW).bundle
    assert new.lower_bound is None
    assert "lower_bound_days" not in predict(new, NEW).table
    assert "risk_low" in predict(new, NEW).table
