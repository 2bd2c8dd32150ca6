"""Figures draw what they are told, into the axes they are given, in the same bytes every time."""

import re
import xml.etree.ElementTree as ET

import matplotlib
import numpy as np
import pytest
from matplotlib.figure import Figure

from itgstrat.evaluation.compare import LABELS
from itgstrat.reporting.decision_figure import plot_decision
from itgstrat.reporting.figures import (
    figure_svg,
    plot_calibration,
    plot_concordance,
    plot_contributions,
    plot_kaplan_meier,
    stratum_colours,
)
from tests.reporting.conftest import CURVE, DECISION, STRATA, make_comparison, make_patients

POINT = {"patients": 40.0, "events": 9.0, "predicted": 0.8, "observed": 0.7, "low": 0.6, "high": 0.8}


def draw_survival(ax=None, **settings):
    table = make_patients()
    return plot_kaplan_meier(table["event"], table["time_days"], table["stratum"], STRATA, ax=ax, **settings)


FIGURES = {
    "kaplan_meier": draw_survival,
    "calibration": lambda ax=None: plot_calibration([POINT, {**POINT, "predicted": 0.5}], 730.5, ax=ax),
    "curve": lambda ax=None: plot_calibration([POINT], 730.5, curve=CURVE, ax=ax),
    "decision": lambda ax=None: plot_decision(DECISION, 730.5, ax=ax),
    "concordance": lambda ax=None: plot_concordance(make_comparison(), ax=ax),
    "contributions": lambda ax=None: plot_contributions(["a", "b"], [0.2, 0.1], [0.2, -0.1], ax=ax),
}


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_takes_axes_or_makes_its_own(name):
    ax = Figure().add_subplot()
    assert FIGURES[name](ax=ax) is ax
    assert FIGURES[name]().figure is not ax.figure


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_leaves_the_settings_of_the_caller_alone(name):
    before = dict(matplotlib.rcParams)
    figure_svg(FIGURES[name]().figure)
    assert dict(matplotlib.rcParams) == before


@pytest.mark.parametrize("name", FIGURES)
def test_svg_is_the_same_every_time_well_formed_and_labelled(name):
    text = figure_svg(FIGURES[name]().figure, name, "What <it> shows & how")
    assert text == figure_svg(FIGURES[name]().figure, name, "What <it> shows & how")
    root = ET.fromstring(text)
    assert root.get("role") == "img"
    assert root.get("aria-label") == "What <it> shows & how"
    assert root[0].tag.endswith("title")
    assert root[0].text == "What <it> shows & how"
    assert "<metadata" not in text
    assert "<!--" not in text


@pytest.mark.parametrize("name", FIGURES)
def test_ids_are_prefixed_and_every_reference_is_met(name):
    text = figure_svg(FIGURES[name]().figure, "one")
    ids = re.findall(r'\sid="([^"]+)"', text)
    assert len(ids) == len(set(ids))
    assert all(one.startswith("one-") for one in ids)
    assert set(re.findall(r'(?:url\(#|href="#)([^")]+)', text)) <= set(ids)
    other = re.findall(r'\sid="([^"]+)"', figure_svg(FIGURES[name]().figure, "two"))
    assert not set(ids) & set(other)


def texts(ax):
    return [item.get_text() for item in ax.texts]


def test_numbers_at_risk_stand_below_the_curves_in_the_order_of_the_strata():
    year = 365.25
    times = np.array([0.5, 1.5, 2.5, 3.0, 1.0, 2.0]) * year
    group = ["low", "low", "low", "low", "high", "high"]
    ax = plot_kaplan_meier([1, 0, 1, 0, 1, 1], times, group, ["low", "high"], until_days=3 * year)
    ticks = [0, 0.5, 1, 1.5, 2, 2.5, 3]
    assert ax.get_xticks().tolist() == ticks
    low = [sum(time >= tick * year for time in times[:4]) for tick in ticks]
    high = [sum(time >= tick * year for time in times[4:]) for tick in ticks]
    assert texts(ax)[:17] == ["at risk", "low", *map(str, low), "high", *map(str, high)]
    assert low == [4, 4, 3, 3, 2, 2, 1]
    assert high == [2, 2, 2, 1, 1, 0, 0]


def test_years_and_legend():
    ax = draw_survival()
    assert ax.get_xlabel() == "years"
    legend = [text.get_text() for text in ax.get_legend().get_texts()]
    assert [text.split()[0] for text in legend] == list(STRATA)


def test_log_rank_says_when_it_compares_within_cohort():
    assert any(text.startswith("log-rank p") for text in texts(draw_survival()))
    assert any(text.endswith("within cohort") for text in texts(draw_survival(cohort=make_patients()["cohort"])))
    assert not any(text.endswith("within cohort") for text in texts(draw_survival(cohort=["one"] * 60)))


def test_one_stratum_one_patient_and_no_event_are_drawn():
    ax = plot_kaplan_meier([0], [400], ["withheld"], STRATA)
    assert not any("log-rank" in text for text in texts(ax))
    assert ax.get_legend().get_texts()[0].get_text() == "withheld (1 patient, 0 events)"


def test_no_patients_is_refused():
    with pytest.raises(ValueError, match="no patients"):
        plot_kaplan_meier([], [], [])


def test_strata_colours_are_told_apart():
    assert len(set(stratum_colours(["a", "b", "c", "d", "e", "f"]).values())) == 6
    assert len(stratum_colours([str(number) for number in range(9)])) == 9


def test_concordance_shows_every_row_that_ranks_and_every_draw():
    comparison = make_comparison()
    ax = plot_concordance(comparison)
    names = [text.get_text() for text in ax.get_yticklabels()]
    assert names == [*(label for name, label in LABELS.items() if name != "kaplan_meier"), "random genes"]
    assert any(len(line.get_xdata()) == 100 for line in ax.lines)
    assert "0.650 (0.570 to 0.720)" in texts(ax)


def test_concordance_without_random_signatures():
    ax = plot_concordance(make_comparison(draws=0, models=("model", "kaplan_meier")))
    assert [text.get_text() for text in ax.get_yticklabels()] == ["the model"]


def test_contributions_show_the_largest_first_and_no_zero():
    sizes = np.linspace(0, 1, 30)
    ax = plot_contributions([f"f{number}" for number in range(30)], sizes, -sizes)
    assert [text.get_text() for text in ax.get_yticklabels()] == [f"f{number}" for number in range(29, 9, -1)]
    assert all(patch.get_width() < 0 for patch in ax.patches)
    empty = plot_contributions(["a"], [0.0], [0.0])
    assert not empty.patches


def test_a_dollar_sign_and_markup_in_a_name_are_text():
    text = figure_svg(plot_contributions(["$x^2$ <b>&", 'id="x" url(#y)'], [1, 2], [1, 2]).figure, "f")
    assert "$x^2$ &lt;b&gt;&amp;" in text
    assert 'id="x" url(#y)' in text
    ET.fromstring(text)


def test_calibration_without_limits_is_drawn():
    nan = {**POINT, "low": float("nan"), "high": float("nan")}
    figure_svg(plot_calibration([nan], 365.25).figure)
    figure_svg(plot_calibration([], 365.25).figure)


def test_the_smooth_curve_is_drawn_through_its_own_points():
    ax = plot_calibration([POINT, POINT], 365.25, curve=CURVE)
    lines = [line for line in ax.lines if len(line.get_xdata()) == 3]
    assert [line.get_ydata().tolist() for line in lines] == [list(CURVE.observed)]
    assert len(ax.lines) == 2  # the diagonal and the curve, groups not joined


def test_a_decision_curve_has_a_line_for_each_way_to_decide():
    ax = plot_decision(DECISION, 730.5)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == [
        "the model",
        "clinical only",
        "treat all",
        "treat none",
    ]
    assert ax.lines[0].get_ydata().tolist() == pytest.approx([0.25, 0.15, 0.05])
    without = [{key: value for key, value in row.items() if key != "clinical"} for row in DECISION]
    assert len(plot_decision(without, 730.5).lines) == 3
    figure_svg(plot_decision([{**row, "model": float("nan")} for row in without], 730.5).figure)
