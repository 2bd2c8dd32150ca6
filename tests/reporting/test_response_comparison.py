"""One comparison of a classifier in the report: out of fold is said, and nothing is calibrated that says nothing."""

from dataclasses import replace

import numpy as np

from itgstrat.evaluation.interval import Interval
from itgstrat.reporting.response_comparison import describe_response, describe_responses
from itgstrat.reporting.wording import say_interval
from tests.reporting.label_builders import make_response_comparison


def test_roc_and_calibration_say_that_they_are_out_of_fold_and_tell_the_numbers():
    item = make_response_comparison()
    part = describe_response("c1", item)
    assert [one.name for one in part.figures] == ["c1-auc", "c1-roc"]
    (calibration,) = part.calibration
    model = item.row("model")
    assert calibration.caption.startswith(
        f"Out of fold: calibration of the model; intercept {say_interval(model.intercept)}, slope "
        f"{say_interval(model.slope)}, Brier score {say_interval(model.brier)}. 5 groups of 16 patients"
    )
    assert part.figures[1].caption.startswith("Out of fold: ROC curves, the mean over cohorts and folds")
    assert "(out-of-fold)" in part.intro
    external = describe_response("c1", make_response_comparison("external", "X"))
    assert external.figures[1].caption == "By the frozen model: ROC curves. Dashed: chance."
    assert "Reference: pooled training patients, frozen." in external.intro


def test_the_prevalence_has_no_calibration():
    item = make_response_comparison()
    measures, calibration, _ = describe_response("c1", item).tables
    assert [row[0] for row in measures.rows] == ["the model", "proliferation only", "prevalence only"]
    assert [row[0] for row in calibration.rows] == ["the model", "proliferation only"]
    model = item.row("model")
    assert calibration.rows[0][1:] == (say_interval(model.intercept), say_interval(model.slope))
    assert (measures.strong, calibration.strong) == ((0,), (0,))
    flat = describe_response("c1", make_response_comparison(flat=True)).tables
    assert [row[0] for row in flat[1].rows] == ["proliferation only"]


def test_why_there_is_no_calibration_figure():
    rare = describe_response("c1", make_response_comparison(rare=True))
    assert rare.calibration == ()
    assert rare.uncalibrated == "No calibration figure: 6 patients of the rarer label, 10 are needed."
    flat = describe_response("c1", make_response_comparison(flat=True))
    assert flat.calibration == ()
    assert "does not tell patients of a fold apart" in flat.uncalibrated


def test_probabilities_that_are_worse_than_the_prevalence_or_too_far_apart_are_warned_of():
    item = make_response_comparison()
    assert describe_response("c1", item).warnings == ()
    wide = [replace(row, slope=Interval(0.4, 0.2, 0.7)) if row.model == "model" else row for row in item.rows]
    (told,) = describe_response("c1", replace(item, rows=tuple(wide))).warnings
    assert told.startswith("Predicted probabilities are too far apart here (calibration slope 0.400 (0.200 to 0.700)")

    def worse(by):
        return replace(
            item,
            differences=tuple(
                replace(one, brier=Interval(by, by / 2, 2 * by)) if one.against == "prevalence" else one
                for one in item.differences
            ),
        )

    (told,) = describe_response("c1", worse(0.02)).warnings
    assert told.startswith("Predicted probabilities are worse here than the prevalence of training")
    assert describe_response("c1", worse(1e-5)).warnings == ()


def test_variants_are_folded_away_under_their_numbers():
    one, two = (make_response_comparison("leave-one-cohort-out", name) for name in ("C1", "C2"))
    external = make_response_comparison("external", "X")
    together = make_response_comparison("leave-one-cohort-out", "all")
    other = replace(external, reference="cohort")
    parts = describe_responses([make_response_comparison(), together, one, two, external, other])
    assert [bool(part.summary) for part in parts] == [False, False, True, True, False, True]
    assert [part.key for part in parts] == [f"c{number}" for number in range(1, 7)]
    assert parts[1].title == "Left out, one cohort at a time"
    auc = say_interval(one.row("model").auc)
    assert parts[2].summary.startswith(f"AUC {auc}; Brier score against prevalence ")
    assert np.isfinite(one.row("model").auc.estimate)
