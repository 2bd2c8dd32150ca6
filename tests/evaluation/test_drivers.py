"""What drives a model: additive at every level, judged on patients left out, and no patient in what is saved."""

import numpy as np
import pandas as pd
import pytest
from joblib import Parallel

from itgstrat.config import load_config
from itgstrat.errors import ModelError
from itgstrat.evaluation import drivers as drivers_module
from itgstrat.evaluation.drivers import MOST_EXPLAINED, MOST_JUDGED, REPEATS, learn_drivers, rank_levels
from itgstrat.evaluation.importance import permutation_importance
from itgstrat.explanation import compare_rankings, explain
from itgstrat.explanation.systems import name_systems
from itgstrat.fitting import build_pipeline
from itgstrat.fitting.survival.base import split_by_events
from itgstrat.training import read_cohorts
from tests.cli.builders import write_run

KINDS = {
    "linear": {"kind": "ridge_cox", "n_penalties": 3},
    "forest": {"kind": "random_survival_forest", "n_trees": 10},
    "stack": {
        "kind": "stack",
        "inner_folds": 2,
        "members": [
            {"name": "clinical", "blocks": ["clinical"], "model": {"kind": "plain_cox"}},
            {"name": "trees", "model": {"kind": "boosted_cox", "n_steps": 5, "inner_folds": 2}},
        ],
    },
}


@pytest.fixture(scope="module", params=KINDS)
def found(request, tmp_path_factory):
    config = load_config(write_run(tmp_path_factory.mktemp("run"), 80, model=KINDS[request.param]))
    ((cohort,), _) = read_cohorts(config)
    pipeline = build_pipeline(config)
    outcome = cohort.require_outcome()
    fitted = build_pipeline(config).fit(cohort, outcome)
    return config, cohort, pipeline, fitted, learn_drivers(config, fitted, cohort, outcome)


def test_rankings_are_means_of_the_contributions_of_all_training_patients(found):
    _, cohort, _, fitted, drivers = found
    panel = fitted.named_steps["features"]
    told = explain(
        fitted.named_steps["model"].model_, panel.recipe_.featurise(**cohort.arrays()), list(map(str, cohort.patients))
    )
    assert drivers.n_patients == len(drivers.explanation.patients) == len(cohort)
    for level, table in (("feature", told.by_feature()), ("gene", told.by_gene()), ("system", told.by_system())):
        mean = table.assign(size=table["contribution"].abs()).groupby(level)["size"].mean()
        mean = mean[mean > 0].sort_values(ascending=False)
        own = drivers.of(level)
        np.testing.assert_allclose(own["mean_absolute"], mean, atol=1e-12)
        assert set(own["name"]) == set(mean.index)
        assert (own["lower"] <= own["mean_absolute"]).all()
        assert (own["mean_absolute"] <= own["upper"]).all()
    assert (drivers.of("system")["theme"] != "").all()


def test_importance_and_stability_are_those_of_patients_left_out(found):
    config, cohort, pipeline, _, drivers = found
    outcome = cohort.require_outcome()
    seed = int(np.random.SeedSequence(config.seed).generate_state(1)[0])
    told, drops, columns = [], [], drivers.importance["feature"].names.tolist()
    for train, test in split_by_events(outcome, config.evaluation.folds, seed):
        fitted = pipeline.fit(cohort[train], outcome[train])
        panel, model = fitted.named_steps["features"], fitted.named_steps["model"].model_
        featurised = panel.recipe_.featurise(**cohort[test].arrays())
        told.append(explain(model, featurised, list(map(str, cohort.patients[test]))))
        every = permutation_importance(
            model, featurised.features.values, outcome[test], repeats=REPEATS, seed=config.seed
        )
        place = {name: row for row, name in enumerate(every.names)}
        drops.append(np.stack([every.drops[place[name]] if name in place else np.zeros(REPEATS) for name in columns]))
    np.testing.assert_allclose(drivers.importance["feature"].drops, np.hstack(drops), atol=1e-12)
    assert drivers.n_folds == config.evaluation.folds
    (kendall,) = compare_rankings(told)["kendall"]  # two folds, one pair
    assert drivers.kendall == pytest.approx(kendall, nan_ok=True)
    systems = {system for one in told for _, system in name_systems(one.features, one.origin)}
    strongest = drivers.of("system")["name"].head(MOST_JUDGED)
    assert set(drivers.importance["system"].names) == set(strongest) & systems


def test_what_is_saved_has_a_row_a_name_and_no_patient(found):
    _, cohort, _, _, drivers = found
    table = drivers.tabulate()
    assert not table.duplicated(["level", "name"]).any()
    assert len(table) == len(drivers.ranked)
    assert not set(table["name"]) & set(map(str, cohort.patients))
    known = table.dropna(subset="loss")
    assert set(known["level"]) <= {"feature", "system"}
    by = drivers.importance["feature"]
    row = known[(known["level"] == "feature") & (known["name"] == by.names[0])]
    assert row["loss"].item() == pytest.approx(by.drops[0].mean())


def test_dependence_is_of_the_strongest_feature_within_follow_up(found):
    config, _, _, _, drivers = found
    assert [one.kind for one in drivers.dependence] == ["partial", "accumulated"]
    for one in drivers.dependence:
        assert one.feature == drivers.of("feature")["name"][0]
        assert set(one.times_days) <= set(config.strata.horizons_days)
        assert np.isfinite(one.values).all()


def test_many_patients_are_drawn_and_direction_is_that_of_the_coefficient(tmp_path, monkeypatch):
    monkeypatch.setattr("itgstrat.evaluation.drivers.MOST_EXPLAINED", 20)
    config = load_config(write_run(tmp_path, 80, model=KINDS["linear"]))
    ((cohort,), _) = read_cohorts(config)
    fitted = build_pipeline(config).fit(cohort, cohort.require_outcome())
    drivers = learn_drivers(config, fitted, cohort, cohort.require_outcome())
    assert MOST_EXPLAINED == 1000
    assert len(drivers.explanation.patients) == 20
    assert set(drivers.explanation.patients) <= set(map(str, cohort.patients))
    assert drivers.n_patients == 80
    model = fitted.named_steps["model"].model_
    coef = pd.Series(model.coef, index=model.features)
    own = drivers.of("feature").set_index("name")["direction"]
    assert (own == np.sign(coef[own.index])).all()


def test_folds_that_fail_are_counted_and_the_others_tell(found, monkeypatch):
    config, cohort, pipeline, _, whole = found
    left, own = iter([False, True, True]), drivers_module._judge

    def judge(*arguments):
        if next(left, True):
            return own(*arguments)
        raise ModelError("no feature is left")

    monkeypatch.setattr(drivers_module, "_judge", judge)
    strongest = {level: whole.of(level)["name"].head(2).tolist() for level in ("feature", "system")}
    outcome = cohort.require_outcome()
    judged, untold = drivers_module._judge_folds(config, pipeline, cohort, outcome, strongest, Parallel())
    assert len(judged) == whole.n_folds - 1
    assert untold == (
        f"stability over folds and permutation importance in 1 of {whole.n_folds} folds: no feature is left",
    )


def test_too_few_events_for_the_folds_are_told_not_raised(tmp_path):
    config = load_config(write_run(tmp_path, 80, model=KINDS["linear"]))
    ((cohort,), _) = read_cohorts(config)
    outcome = cohort.require_outcome()
    fitted = build_pipeline(config).fit(cohort, outcome)
    rows = np.flatnonzero(~outcome.event)
    few = cohort[np.sort(np.concatenate([rows, np.flatnonzero(outcome.event)[:2]]))]
    drivers = learn_drivers(config, fitted, few, few.require_outcome())
    assert not drivers.importance
    assert np.isnan(drivers.kendall)
    assert "stability over folds and permutation importance: " in drivers.untold[0]
    assert drivers.tabulate()["loss"].isna().all()
    pd.testing.assert_frame_equal(rank_levels(drivers.explanation, config.seed), drivers.ranked)
