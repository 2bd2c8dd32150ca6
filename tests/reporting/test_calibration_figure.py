"""Calibration and decision curves draw the tables of a comparison at one horizon."""

from dataclasses import replace

import pytest

from itgstrat.reporting.calibration_figure import plot_calibration, plot_decision_curve
from itgstrat.reporting.svg import describe, figure_svg
from tests.reporting.conftest import CURVE, DECISION, make_comparison
from tests.reporting.label_builders import make_response_comparison

POINT = {"patients": 40.0, "events": 9.0, "predicted": 0.8, "observed": 0.7, "low": 0.6, "high": 0.8}


def calibrated(*rows, curves=()):
    return replace(make_comparison(), calibration={"730.5": list(rows)}, curves=dict(curves))


def test_the_horizon_is_in_the_title_and_the_first_is_the_default():
    assert plot_calibration(make_comparison()).get_title(loc="left") == "at 2 years"
    assert plot_calibration(make_comparison(), 1826.25).get_title(loc="left") == "at 5 years"
    assert plot_decision_curve(make_comparison(), 730.5, title="ours").get_title(loc="left") == "ours"


def test_a_horizon_that_was_not_judged_is_refused():
    with pytest.raises(ValueError, match=r"nothing was judged at 100 days; there is: 730.5, 1826.25 \(days\)"):
        plot_calibration(make_comparison(), 100.0)
    with pytest.raises(ValueError, match="nothing was judged at a horizon; there is: no horizon"):
        plot_decision_curve(replace(make_comparison(), decisions={}))


def test_calibration_without_limits_or_without_groups_is_drawn():
    nan = {**POINT, "low": float("nan"), "high": float("nan")}
    figure_svg(plot_calibration(calibrated(nan)))
    figure_svg(plot_calibration(calibrated()))


def test_groups_that_were_not_followed_are_told_of():
    lost = {**POINT, "observed": float("nan")}
    assert "1 group not drawn: nobody in it was followed for 2 years" in describe(plot_calibration(calibrated(lost)))


def test_a_label_is_drawn_by_its_probability_and_has_no_horizon():
    item = make_response_comparison()
    ax = plot_calibration(item)
    assert (ax.get_xlabel(), ax.get_title(loc="left")) == ("predicted probability", "")
    (curve,) = (line for line in ax.lines if len(line.get_xdata()) == len(item.curve.predicted))
    assert curve.get_ydata().tolist() == list(item.curve.observed)
    first = item.calibration[0]
    points = f"{first['predicted']:.2f} predicted, {first['observed']:.2f} observed"
    assert describe(ax).startswith(f"Calibration, by group of patients: {points}; ")
    with pytest.raises(ValueError, match=r"a label has no horizon \(730 days were asked for\)"):
        plot_calibration(item, 730.0)
    with pytest.raises(ValueError, match="there is no calibration: too few patients of one label"):
        plot_calibration(make_response_comparison(rare=True))


def test_the_smooth_curve_is_drawn_through_its_own_points():
    ax = plot_calibration(calibrated(POINT, POINT, curves={"730.5": CURVE}.items()))
    lines = [line for line in ax.lines if len(line.get_xdata()) == 3]
    assert [line.get_ydata().tolist() for line in lines] == [list(CURVE.observed)]
    assert len(ax.lines) == 2  # the diagonal and the curve, groups not joined


def test_a_decision_curve_has_a_line_for_each_way_to_decide():
    ax = plot_decision_curve(make_comparison())
    names = [text.get_text() for text in ax.get_legend().get_texts()]
    assert names == ["the model", "clinical only", "treat all", "treat none"]
    assert ax.lines[0].get_ydata().tolist() == pytest.approx([0.25, 0.15, 0.05])
    without = [{key: value for key, value in row.items() if key != "clinical"} for row in DECISION]
    assert len(plot_decision_curve(replace(make_comparison(), decisions={"730.5": without})).lines) == 3
    nothing = [{**row, "model": float("nan")} for row in without]
    figure_svg(plot_decision_curve(replace(make_comparison(), decisions={"730.5": nothing})))
