"""A run that learns a label: from the configuration to a saved model that `itgstrat predict` applies."""

import numpy as np
import pandas as pd
import pytest

from itgstrat.config import load_config
from itgstrat.errors import BundleError, ConfigError, ModelError
from itgstrat.fitting.response.pipeline import labelling_of
from itgstrat.learned import ModelBundle
from itgstrat.prediction import predict
from itgstrat.training import train
from tests.cli.builders import call, write_run


def label(table):
    """The event as R and NR, with two patients who have neither."""
    text = np.where(table["OS"] == 1, "R", "NR").astype(object)
    text[:2] = ["SD", None]
    return table.assign(best=text)


RESPONSE = {"column": "best", "positive": ["R"], "negative": ["NR"], "n_alphas": 5, "inner_folds": 2}


def write_label_run(folder, **sections):
    quick = {"folds": 2, "repeats": 1, "random_signatures": 0, "without_random": True, "bootstrap": 100}
    settings = {"endpoint": None, "response": RESPONSE, "evaluation": quick}
    return write_run(folder, 80, change_clinical=label, **(settings | sections))


@pytest.mark.parametrize("kind", ["elastic_net_logistic", "histogram_boosting", "random_forest"])
def test_train_save_load_predict(tmp_path, kind):
    config = load_config(write_label_run(tmp_path, response={**RESPONSE, "kind": kind}))
    trained = train(config)
    (cohort,) = trained.cohorts
    assert len(cohort) == 78
    assert "2 patients dropped: best is missing or SD" in str(cohort.dropped[-1])
    folder = trained.save(tmp_path / "out")
    loaded = ModelBundle.load(folder / "model")
    here, there = predict(trained.bundle, cohort).table, predict(loaded, cohort).table
    pd.testing.assert_frame_equal(here, there)
    assert list(here.columns[:5]) == ["patient", "label", "probability", "log_odds", "stratum"]
    assert here["probability"].between(0, 1).all()
    assert set(here["label"]) == {"best R, against NR (putative)"}
    report = (folder / "report.html").read_text()
    assert "It is not response to an integrin antagonist" in report
    assert trained.evaluation.finding in report.replace("&#39;", "'")
    with pytest.raises(BundleError, match="predicts a label"):
        _ = loaded.survival_model


def test_contributions_add_up_to_the_log_odds(tmp_path):
    trained = train(load_config(write_label_run(tmp_path)))
    prediction = predict(trained.bundle, trained.cohorts[0])
    total = prediction.explanations.groupby("patient", sort=False)["contribution"].sum()
    told = prediction.table.set_index("patient")["log_odds"].loc[total.index] - trained.bundle.model.offset
    np.testing.assert_allclose(total, told, atol=1e-9)


def test_the_command_line_trains_and_predicts(tmp_path):
    path = write_label_run(tmp_path)
    called = call("train", path, "--out", tmp_path / "out")
    assert called.code == 0, called.err
    assert "AUC" in called.out
    model, clinical = tmp_path / "out" / "model", tmp_path / "clinical.tsv"
    called = call("predict", model, tmp_path / "expression.tsv", "--clinical", clinical, "--out", tmp_path / "new")
    assert called.code == 0, called.err
    assert "not response to an integrin antagonist" in called.out
    table = pd.read_csv(tmp_path / "new" / "predictions.tsv", sep="\t")
    assert len(table) == 80
    assert table["probability"].notna().all()
    assert "putative" in (tmp_path / "new" / "report.html").read_text()


@pytest.mark.parametrize(
    ("sections", "message"),
    [
        ({"endpoint": {"event": "OS", "time": "OS.time"}}, "endpoint: a run needs either .* both are there"),
        ({"response": None}, "endpoint: a run needs either .* neither is there"),
        ({"response": RESPONSE | {"negative": ["R"]}}, "R: is positive and negative"),
        ({"response": RESPONSE | {"positive": [True]}}, "True is a truth value; write the text of the file in quotes"),
        ({"response": RESPONSE | {"column": "age"}}, "the label 'age' is a covariate, too"),
    ],
)
def test_faults_of_the_configuration(tmp_path, sections, message):
    with pytest.raises(ConfigError, match=message):
        load_config(write_label_run(tmp_path, **sections))


def test_a_survival_run_has_no_label(tmp_path):
    with pytest.raises(ModelError, match="the run 'small' has no `response` section"):
        labelling_of(load_config(write_run(tmp_path)))


def test_cohorts_that_name_other_patients_alike(tmp_path):
    path = write_label_run(tmp_path)
    text = path.read_text().replace("- clinical: clinical.tsv", "- prefix: ours-\n  clinical: clinical.tsv")
    path.write_text(text)
    trained = train(load_config(path))
    assert trained.cohorts[0].patients.str.startswith("ours-one-").all()
