"""The figures under their standard names: one convention, the same bytes every time, described in words."""

import inspect
import re
import xml.etree.ElementTree as ET

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

import itgstrat
from itgstrat import figures
from itgstrat.evaluation.importance import PermutationImportance
from itgstrat.evaluation.interval import Interval
from itgstrat.evaluation.subgroups import Subgroup
from itgstrat.explanation.dependence import Dependence
from itgstrat.learned.agents import CALLS
from itgstrat.outcome import make_outcome
from tests.reporting.conftest import STRATA, make_bundle, make_comparison, make_config, make_patients, make_prediction
from tests.reporting.label_builders import make_response_comparison


def draw_survival(ax=None):
    table = make_patients()
    outcome = make_outcome(table["event"], table["time_days"], stratum=table["cohort"].to_numpy(str))
    return figures.plot_kaplan_meier(outcome, table["stratum"], STRATA, ax=ax)


DEPENDENCE = Dependence("itg_avb6", "partial", np.arange(3.0), np.array([730.5]), np.eye(3)[:, :1], np.arange(9.0))
IMPORTANCE = PermutationImportance(np.array(["a", "itg_avb6"]), 0.7, np.array([[0.01, 0.02], [0.1, 0.2]]))
SUBGROUPS = (
    Subgroup("sex", "female", 40, 20, Interval(0.6, 0.5, 0.7), None),
    Subgroup("sex", "male", 9, 3, None, None),
)
RATIOS = pd.DataFrame({"hazard_ratio": [2.0, 0.5], "lower": [1.1, 0.2], "upper": [3.6, 1.2]}, index=["age", "b"])
COUNTS = pd.DataFrame([{"agent": "drug", "patients": 10, CALLS[0]: 5, CALLS[1]: 1, CALLS[2]: 4}])

#: Figure -> how to draw it, and a word of its description that comes from the record.
FIGURES = {
    "plot_beeswarm": (lambda ax=None: figures.plot_beeswarm(make_prediction(), ax=ax), "αVβ6 (ITGAV/ITGB6) 0.667"),
    "plot_calibration": (lambda ax=None: figures.plot_calibration(make_comparison(), 730.5, ax=ax), "0.20 predicted"),
    "plot_concordance": (lambda ax=None: figures.plot_concordance(make_comparison(), ax=ax), "the model 0.650"),
    "plot_decision_curve": (
        lambda ax=None: figures.plot_decision_curve(make_comparison(), ax=ax),
        "from a risk of 20% the model +0.250",
    ),
    "plot_drivers": (
        lambda ax=None: figures.plot_drivers(make_bundle(make_config()).model, ax=ax),
        "α5β1 (ITGA5/ITGB1) -0.200",
    ),
    "plot_eligibility": (lambda ax=None: figures.plot_eligibility(COUNTS, ax=ax), "drug: 4 of 10"),
    "plot_forest": (lambda ax=None: figures.plot_forest(RATIOS, ax=ax), "age 2.00 (1.10 to 3.60)"),
    "plot_heterodimer_map": (
        lambda ax=None: figures.plot_heterodimer_map({"itg_avb6": -0.4}, "effect", ax=ax),
        "αVβ6 -0.40",
    ),
    "plot_importance": (lambda ax=None: figures.plot_importance(IMPORTANCE, ax=ax), "αVβ6 (ITGAV/ITGB6) +0.150"),
    "plot_kaplan_meier": (draw_survival, "low: 18 patients, 10 events"),
    "plot_partial_dependence": (
        lambda ax=None: figures.plot_partial_dependence(DEPENDENCE, ax=ax),
        "from 1.00 to 0.00",
    ),
    "plot_roc": (lambda ax=None: figures.plot_roc(make_response_comparison(), ax=ax), "the model 0.7"),
    "plot_subgroups": (lambda ax=None: figures.plot_subgroups(SUBGROUPS, ax=ax), "sex: male (9, 3) too few events"),
    "plot_time_dependent_auc": (
        lambda ax=None: figures.plot_time_dependent_auc(make_comparison(), ax=ax),
        "the model at 2 years 0.701 (0.600 to 0.800)",
    ),
    "plot_waterfall": (
        lambda ax=None: figures.plot_waterfall(make_prediction(), "P1", ax=ax),
        "P1: from 0.00 to the risk -1.00",
    ),
}

pytestmark = pytest.mark.parametrize("name", FIGURES)


def test_every_figure_is_drawn_here_and_takes_axes_by_name(name):
    assert set(FIGURES) == {one for one in figures.__all__ if one.startswith("plot_")}
    parameters = inspect.signature(getattr(itgstrat.figures, name)).parameters
    for own in ("title", "ax"):
        assert parameters[own].kind is inspect.Parameter.KEYWORD_ONLY
    assert parameters["ax"].default is None


def test_a_figure_takes_axes_or_makes_its_own(name):
    draw, _ = FIGURES[name]
    ax = Figure().add_subplot()
    assert draw(ax=ax) is ax
    assert draw().figure is not ax.figure
    small = figures.new_axes()
    figures.figure_svg(draw(ax=small))
    assert small.figure.get_size_inches().tolist() == [3.4, 2.8]


def test_a_figure_leaves_the_settings_of_the_caller_alone(name):
    before = dict(matplotlib.rcParams)
    figures.figure_svg(FIGURES[name][0]())
    assert dict(matplotlib.rcParams) == before


def test_a_figure_says_in_words_what_it_shows(name):
    draw, word = FIGURES[name]
    ax = draw()
    assert word in figures.describe(ax)
    assert figures.describe(ax.figure) == figures.describe(ax)


def test_svg_is_the_same_every_time_well_formed_and_labelled(name):
    draw, word = FIGURES[name]
    text = figures.figure_svg(draw(), name)
    assert text == figures.figure_svg(draw(), name)
    root = ET.fromstring(text)
    assert root.get("role") == "img"
    assert word in root.get("aria-label")
    assert root[0].tag.endswith("title")
    assert root[0].text == root.get("aria-label")
    assert "<metadata" not in text
    assert "<!--" not in text


def test_ids_are_prefixed_and_every_reference_is_met(name):
    draw, _ = FIGURES[name]
    text = figures.figure_svg(draw(), "one", "What <it> shows & how")
    assert ET.fromstring(text).get("aria-label") == "What <it> shows & how"
    ids = re.findall(r'\sid="([^"]+)"', text)
    assert len(ids) == len(set(ids))
    assert all(one.startswith("one-") for one in ids)
    assert set(re.findall(r'(?:url\(#|href="#)([^")]+)', text)) <= set(ids)
    other = re.findall(r'\sid="([^"]+)"', figures.figure_svg(draw(), "two"))
    assert not set(ids) & set(other)
