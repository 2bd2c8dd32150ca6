"""Estimates with intervals: every row is drawn where it is, and numbers stand beside it."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from itgstrat.evaluation.compare import LABELS
from itgstrat.evaluation.importance import PermutationImportance
from itgstrat.evaluation.interval import Interval
from itgstrat.evaluation.response_table import RandomAuc, ResponseComparison, ResponseRow
from itgstrat.evaluation.separation import HazardRatio, Separation
from itgstrat.evaluation.subgroups import Subgroup
from itgstrat.reporting.interval_figures import (
    plot_concordance,
    plot_forest,
    plot_importance,
    plot_subgroups,
    plot_time_dependent_auc,
)
from itgstrat.reporting.svg import describe
from tests.reporting.conftest import make_comparison


def texts(ax):
    return [item.get_text() for item in ax.texts]


def names(ax):
    return [text.get_text() for text in ax.get_yticklabels()]


def test_concordance_shows_every_row_that_ranks_and_every_draw():
    ax = plot_concordance(make_comparison())
    assert names(ax) == [*(label for name, label in LABELS.items() if name != "kaplan_meier"), "random genes"]
    assert any(len(line.get_xdata()) == 100 for line in ax.lines)
    assert "0.650 (0.570 to 0.720)" in texts(ax)


def test_concordance_without_random_signatures():
    ax = plot_concordance(make_comparison(draws=0, models=("model", "kaplan_meier")))
    assert names(ax) == ["the model"]


def test_concordance_of_a_classifier_is_its_auc():
    value, other = Interval(0.7, 0.6, 0.8), Interval(0.2, 0.1, 0.3)
    row = ResponseRow("model", "the model", value, *[other] * 5)
    item = ResponseComparison(
        "external", "X", "pooled", 30, 12, (row,), (), RandomAuc((0.5, 0.6), 0.55, 0.5, 0.6, 0.3), pd.DataFrame()
    )
    ax = plot_concordance(item)
    assert ax.get_xlabel() == "area under the ROC curve"
    assert describe(ax).endswith("the model 0.700 (0.600 to 0.800); random genes 0.550 (0.500 to 0.600)")


def test_a_forest_draws_ratios_on_a_log_axis_and_leaves_out_what_has_none():
    table = pd.DataFrame(
        {"signature": ["itg_avb6", "b"], "hazard_ratio": [2.0, np.nan], "low": [1.2, 1.0], "high": [3.3, 2.0]}
    )
    ax = plot_forest(table)
    assert names(ax) == ["αVβ6 (ITGAV/ITGB6)"]
    ends = [line.get_xdata() for line in ax.lines if len(line.get_xdata()) == 2 and line.get_xdata()[0] != 1]
    assert [list(end) for end in ends] == [[1.2, 3.3]]
    low, high = ax.get_xlim()
    assert low * high == pytest.approx(1)
    assert high > 3.3


@pytest.mark.parametrize("far", [1.02, 1.3, 5.0, 1e4])
def test_a_forest_has_ticks_on_both_sides_however_far_it_reaches(far):
    ax = plot_forest(pd.DataFrame({"hazard_ratio": [1.0], "low": [1 / far], "high": [far]}, index=["a"]))
    ticks = ax.get_xticks()
    assert 1.0 in ticks
    assert far < 1.2 or len(ticks) in (3, 5)


def test_a_forest_of_strata():
    found = Separation(9.0, 2, 0.01, (HazardRatio("high", "low", 20, 10, 3.0, 1.5, 6.0),))
    assert names(plot_forest(found)) == ["high over low"]


def test_subgroups_without_a_concordance_are_named():
    rows = [Subgroup("sex", level, 20, 10, None, None) for level in ("female", "male")]
    ax = plot_subgroups([replace(rows[0], harrell=Interval(0.6, 0.5, 0.7)), rows[1]])
    assert names(ax) == ["sex: female (20, 10)", "sex: male (20, 10)"]
    assert texts(ax) == ["0.600 (0.500 to 0.700)", "too few events"]


def test_importance_shows_the_largest_first():
    record = PermutationImportance(np.array(["a", "b", "c"]), 0.7, np.array([[0.1, 0.3], [0.0, 0.0], [0.5, 0.5]]))
    ax = plot_importance(record, top=2)
    assert names(ax) == ["c", "a"]
    assert texts(ax) == ["+0.500", "+0.200"]


def test_auc_over_time_shows_chosen_models_side_by_side():
    item = make_comparison()
    rows = [replace(r, horizons=(replace(r.horizons[0], horizon_days=1826.25), *r.horizons)) for r in item.rows]
    ax = plot_time_dependent_auc(replace(item, rows=tuple(rows)), models=("model", "clinical"))
    assert [text.get_text() for text in ax.get_xticklabels()] == ["2", "5"]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["the model", "clinical only"]
    places = [line.get_xdata().tolist() for line in ax.lines if line.get_label() in ("the model", "clinical only")]
    assert sorted(places[0]) != sorted(places[1])
    assert "the model at 5 years 0.701" in describe(ax)


def test_auc_of_models_that_have_none_is_an_empty_figure():
    assert plot_time_dependent_auc(make_comparison(), models=("kaplan_meier",)).get_legend() is None
