"""The reports of a model that learns a label: drivers, and a page a patient in log odds."""

import re

import numpy as np
import pytest

from itgstrat.config import load_config
from itgstrat.errors import ModelError
from itgstrat.prediction import predict
from itgstrat.reporting import response_prediction_report, response_report
from itgstrat.reporting.wording import say_interval, say_number
from itgstrat.training import train
from tests.reporting.test_report import Page
from tests.test_training_response import RESPONSE, write_label_run
from tests.test_training_surrogate import write_surrogate_run


@pytest.fixture(scope="module", params=["elastic_net_logistic", "random_forest"])
def run(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    return train(load_config(write_label_run(folder, response={**RESPONSE, "kind": request.param})))


def test_the_training_report_tells_what_drives_the_log_odds(run, tmp_path):
    page = Page((run.save(tmp_path / "out") / "report.html").read_text())
    assert not page.open
    assert "What drives the log odds" in page.text
    assert "Loss of AUC" in page.text
    labels = [attrs["aria-label"] for tag, attrs in page.tags if tag == "svg"]
    assert any(label.startswith("Contributions to the log odds of 78 patients") for label in labels)
    assert any(label.startswith("Loss of AUC where values are dealt out anew") for label in labels)


def test_the_report_has_what_that_of_survival_has(run, tmp_path):
    text = (run.save(tmp_path / "out") / "report.html").read_text()
    page = Page(text)
    # every id once: two figures do not share clip paths
    assert len(page.ids) == len(set(page.ids))
    for anchor in ("patients", "evaluation", "drivers", "quality", "left-out", "strata", "methods", "checklists"):
        assert f'<h2 id="{anchor}">' in text
    captions = re.findall(r"<caption><span>([^<]*)</span>", text)
    assert any(one.startswith("Table 1. Patients of each cohort") for one in captions)
    assert any(one.startswith("Table 1, by label (training patients)") for one in captions)
    assert any(one.startswith("Strata of log odds of the label (best R, against NR)") for one in captions)
    assert [one for one in captions if one.startswith(("REMARK", "TRIPOD+AI"))]
    labels = [attrs["aria-label"] for tag, attrs in page.tags if tag == "svg"]
    auc = say_interval(run.evaluation.internal.row("model").auc)
    assert sum(one.startswith(f"ROC curves, area with 95% interval: the model {auc}") for one in labels) == 1
    calibrated = [one for one in labels if one.startswith("Calibration, by group of patients: ")]
    assert len(calibrated) == bool(run.evaluation.internal.calibration)
    assert any(one.startswith("mean probability with ") for one in labels)
    assert "Out of fold: ROC curves" in page.text


def test_the_report_of_a_surrogate_label_fills_in_no_remark(tmp_path):
    trained = train(load_config(write_surrogate_run(tmp_path)))
    text = (trained.save(tmp_path / "out") / "report.html").read_text()
    summaries = re.findall(r"<summary>([^<]*)</summary>", text)
    assert [one.partition(" ")[0] for one in summaries if one.startswith(("REMARK", "TRIPOD"))] == ["TRIPOD+AI"]
    assert "REMARK is not filled in: it is about a clinical endpoint" in text
    assert '<h2 id="quality">' in text


def test_a_survival_run_has_no_label_to_report(run):
    config = run.config.model_copy(update={"response": None})
    with pytest.raises(ModelError, match="has no `response` section; its report is `training_report`"):
        response_report(config, run.evaluation, run.bundle, run.cohorts, run.drivers)


def test_a_patient_has_a_page_whose_waterfall_ends_at_the_log_odds(run):
    prediction = predict(run.bundle, run.cohorts[0])
    text = response_prediction_report(prediction, run.bundle)
    page = Page(text)
    assert not page.open
    assert re.findall(r'<th scope="col"[^>]*>([^<]*)</th>', text)[:4] == [
        "Patient", "Stratum", "Probability", "Log odds",
    ]  # fmt: skip
    row = prediction.table.iloc[0]
    cells = re.findall(r'<td class="number">([^<]*)</td>', text)
    assert cells[:2] == [f"{row['probability']:.2f}", say_number(row["log_odds"], 2, signed=True)]
    fall = next(attrs["aria-label"] for tag, attrs in page.tags if "to the log odds, by" in attrs.get("aria-label", ""))
    steps = [float(value) for value in re.findall(r" ([+-]?\d+\.\d\d)(?:;|$)", fall)]
    assert fall.endswith(f"log odds {cells[1]}")
    assert np.isclose(sum(steps[:-1]), steps[-1], atol=0.005 * len(steps))
    assert "Risk" not in page.text.split("Agents", maxsplit=1)[0]
    assert "such patients live" not in page.text
