"""How good the model is stands beside what it says: calibration and Brier score, with that of Kaplan-Meier."""

import json
from dataclasses import replace

import pytest

from itgstrat.evaluation.compare import Interval
from itgstrat.evaluation.summary import summarise_comparisons
from itgstrat.reporting import prediction_report
from itgstrat.reporting.performance import say_performance, tabulate_performance
from tests.reporting.conftest import make_evaluation, make_prediction
from tests.reporting.test_report import Page


def make_info():
    """As a bundle reads it from disk; Kaplan-Meier and the external cohort have numbers of their own."""
    first, *others = make_evaluation().comparisons
    rows = tuple(
        replace(row, brier=Interval(0.25, 0.2, 0.3)) if row.model == "kaplan_meier" else row for row in first.rows
    )
    worse = replace(others[2], rows=(replace(others[2].rows[0], slope=Interval(0.4, 0.1, 0.7)), *others[2].rows[1:]))
    comparisons = (replace(first, rows=rows), *others[:2], worse, others[3])
    return json.loads(json.dumps({"evaluation": summarise_comparisons(comparisons)}))


@pytest.mark.parametrize(("reference", "shown"), [("pooled", 4), ("batch", 4), ("cohort", 2)])
def test_left_out_and_external_cohorts_are_told_by_the_reference_of_the_prediction(reference, shown):
    rows = tabulate_performance(make_info(), reference).rows
    assert len(rows) == shown
    assert rows[0][0] == "Cross-validation"
    assert rows[0][2:] == (
        "0.650 (0.570 to 0.720)",
        "0.850 (0.700 to 1.020)",
        "0.180 (0.150 to 0.210)",
        "0.250 (0.200 to 0.300)",
    )
    assert {row[0].split(", ")[1] for row in rows[1:]} == {f"{reference.replace('batch', 'pooled')} reference"}


def test_the_sentence_tells_external_cohorts_too():
    said = say_performance(make_info(), "pooled")
    assert "Cross-validation: slope 0.850 (0.700 to 1.020), Brier score 0.180 (0.150 to 0.210), that of Kap" in said
    assert "External: X, pooled reference: slope 0.400 (0.100 to 0.700)" in said
    assert "Left out" not in said


def test_it_stands_beside_the_finding_and_in_the_overview(bundle):
    page = Page(prediction_report(make_prediction(), replace(bundle, info={**bundle.info, **make_info()})))
    header = page.text[: page.text.index("Overview")]
    assert "The finding of training. Calibration (slope 1 is right) and integrated Brier score" in header
    assert "Left out: C2, pooled reference 60 (" in page.text


def test_a_recalibrated_model_says_that_these_are_older_numbers():
    info = make_info() | {"recalibration": {"cohort": "theirs"}}
    assert "before its survival was recalibrated on theirs" in tabulate_performance(info, "pooled").caption


def test_a_model_without_these_numbers_tells_none(bundle):
    assert tabulate_performance(bundle.info, "pooled") is None
    assert say_performance(bundle.info, "pooled") == ""
    assert "Brier" not in Page(prediction_report(make_prediction(), bundle)).text
