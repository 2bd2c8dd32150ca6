"""train(config) as a notebook calls it; the command line has its own tests."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import itgstrat
from itgstrat.config import load_config
from itgstrat.errors import CohortError, ModelError, OutcomeError, OutputError
from itgstrat.learned import ModelBundle
from itgstrat.prediction import predict
from itgstrat.training import read_cohorts, train, versions
from tests.cli.builders import write_run


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return train(load_config(write_run(tmp_path_factory.mktemp("run"))))


def test_what_is_saved_is_what_was_trained(run, tmp_path):
    folder = run.save(tmp_path / "out")
    loaded = ModelBundle.load(folder / "model")
    (cohort,) = run.cohorts
    for reference in ("pooled", "batch"):
        here, there = predict(run.bundle, cohort, reference), predict(loaded, cohort, reference)
        pd.testing.assert_frame_equal(here.table, there.table)
        pd.testing.assert_frame_equal(here.explanations, there.explanations)
    assert json.loads((folder / "evaluation.json").read_text()) == json.loads(json.dumps(run.evaluation.as_dict()))
    with pytest.raises(OutputError, match="exists; give another folder"):
        run.save(folder)


def test_training_patients_get_the_risk_of_the_fitted_model(run):
    (cohort,) = run.cohorts
    table = predict(run.bundle, cohort, "batch").table
    assert np.isclose(table["risk"].mean(), 0)
    counts = table["stratum"].value_counts()
    assert counts.to_dict() == {"low": 20, "intermediate": 20, "high": 20}


def test_the_bundle_knows_where_it_comes_from(run):
    info = run.bundle.info
    assert info["patients"] == 60
    assert info["cohorts"] == {"ours": 60}
    assert info["events"] == run.cohorts[0].outcome.n_events
    assert info["finding"] == run.evaluation.finding
    assert info["config"]["name"] == "small"
    assert info["versions"] == versions()
    assert versions()["itgstrat"] == itgstrat.__version__


def test_cohorts_are_read_in_the_order_of_the_configuration(tmp_path):
    config = load_config(write_run(tmp_path))
    (item,) = config.cohorts
    other = item.model_copy(update={"name": "other"})
    validation = config.validation.model_copy(update={"external": (other,)})
    steps = []
    training, external = read_cohorts(config.model_copy(update={"validation": validation}), lambda *s: steps.append(s))
    assert [cohort.name for cohort in training] == ["ours"]
    assert [cohort.name for cohort in external] == ["other"]
    assert steps == [("reading cohorts", 1, 2), ("reading cohorts", 2, 2)]


def test_a_covariate_that_is_the_same_in_all_is_left_out_and_named(tmp_path):
    changed = {"change_clinical": lambda table: table.assign(age=50)}
    config = load_config(write_run(tmp_path, **changed))
    trained = train(config)
    assert trained.left_out == {"age": "missing in every patient or the same in all"}
    assert any("no baseline 'clinical only'" in note for note in trained.evaluation.notes)
    assert "age" not in trained.bundle.recipe.names


def test_a_covariate_need_not_be_known_in_every_patient(tmp_path):
    config = load_config(write_run(tmp_path, change_clinical=lambda t: t.assign(age=t["age"].mask(t.index % 2 == 0))))
    assert "age" in train(config).bundle.recipe.names


def test_too_few_events_for_the_folds(tmp_path):
    few = {"change_clinical": lambda table: table.assign(OS=[1] * 5 + [0] * 55)}
    with pytest.raises(OutcomeError, match="5 events among 60 patients; training on 1 of 2 folds needs at least 8"):
        train(load_config(write_run(tmp_path, **few)))


def test_a_horizon_beyond_follow_up_is_not_told(tmp_path):
    trained = train(load_config(write_run(tmp_path, strata={"horizons": [1, 90]})))
    inside = trained.evaluation.internal
    assert inside.patients["survival_365_days"].notna().all()
    assert inside.patients["survival_32872_days"].isna().all()
    assert inside.calibration["32872.5"] == []
    assert any("the horizons at 32872 days" in note for note in trained.evaluation.notes)
    trained.save(tmp_path / "out")
    prediction = predict(trained.bundle, trained.cohorts[0])
    assert prediction.table["survival_32872_days"].isna().all()
    assert "training was not followed to the last horizon; survival there is not told" in prediction.notes


def test_an_external_cohort_without_a_gene_of_the_signatures_is_refused(run):
    (cohort,) = run.cohorts
    kept = [gene for gene in cohort.genes if not gene.startswith("ITG")]
    with pytest.raises(CohortError, match=r"none of the \d+ signature genes is among the \d+ genes"):
        predict(run.bundle, replace(cohort, expression=cohort.expression[kept]))


def test_settings_that_leave_no_feature_end_the_run(tmp_path):
    def drop(table):
        return table.drop(columns=[gene for gene in table if gene.startswith("ITG")])

    with pytest.raises(ModelError, match="no feature can be computed"):
        train(load_config(write_run(tmp_path, change_expression=drop)))
