"""Drivers, beeswarm and waterfall: from an explanation, a prediction or a table; the numbers are the table's."""

import xml.etree.ElementTree as ET
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from itgstrat.explanation import explain
from itgstrat.learned import LinearModel
from itgstrat.reporting.contribution_figures import (
    MOST_POINTS,
    plot_beeswarm,
    plot_drivers,
    plot_waterfall,
    rank_drivers,
)
from itgstrat.reporting.svg import describe, figure_svg
from tests.reporting.conftest import make_bundle, make_config, make_prediction
from tests.simulate import make_bundle as fit_bundle
from tests.simulate import simulate_cohort


def make_table(n_patients=50, n_features=3, seed=0):
    generator = np.random.default_rng(seed)
    values = generator.normal(size=(n_patients, n_features))
    return pd.DataFrame(
        {
            "patient": np.repeat([f"P{i}" for i in range(n_patients)], n_features),
            "feature": np.tile([f"f{i}" for i in range(n_features)], n_patients),
            "value": values.ravel(),
            "contribution": (values * np.linspace(-1, 1, n_features)).ravel(),
        }
    )


def names(ax):
    return [text.get_text() for text in ax.get_yticklabels()]


def linear(names, coef):
    model = make_bundle(make_config()).model
    return replace(model, features=np.array(names), coef=np.array(coef, dtype=float), center=np.zeros(len(names)))


def test_drivers_of_a_linear_model_show_the_largest_first_and_no_zero():
    coef = -np.linspace(0, 1, 30)
    model = linear([f"f{number}" for number in range(30)], coef)
    ax = plot_drivers(model)
    assert names(ax) == [f"f{number}" for number in range(29, 9, -1)]
    assert all(patch.get_width() < 0 for patch in ax.patches)
    assert ax.get_xlabel().startswith("log hazard ratio per training SD")
    empty = plot_drivers(linear(["a"], [0.0]))
    assert not empty.patches
    assert describe(empty) == "What drives the risk: nothing contributes"


def test_drivers_of_contributions_are_means_with_the_side_that_high_values_push_to():
    table = make_table()
    ranked = rank_drivers(table)
    wide = table.pivot_table(index="patient", columns="feature", values="contribution")
    assert ranked["name"].tolist() == wide.abs().mean().sort_values(ascending=False).index[:2].tolist()
    assert ranked["size"].tolist() == pytest.approx(sorted(wide.abs().mean()[["f0", "f2"]], reverse=True))
    assert dict(zip(ranked["name"], ranked["direction"], strict=True)) == {"f0": -1.0, "f2": 1.0}
    assert set(rank_drivers(table.drop(columns="value"))["direction"]) == {0.0}


def test_a_ranking_is_drawn_with_its_limits():
    ranking = pd.DataFrame({"feature": ["a", "b"], "mean_absolute": [0.2, 0.3], "lower": 0.1, "upper": [0.25, 0.4]})
    ax = plot_drivers(ranking)
    assert names(ax) == ["b", "a"]
    ends = [segment[:, 0].tolist() for segment in ax.collections[0].get_segments()]
    assert ends == [[0.1, 0.4], [0.1, 0.25]]
    assert ax.get_xlim()[1] > 0.4


def test_a_beeswarm_has_a_point_a_patient_where_the_contribution_is():
    table = make_table()
    ax = plot_beeswarm(table)
    assert len(names(ax)) == 2  # the one in the middle never contributes
    for points, name in zip(ax.collections, names(ax), strict=True):
        own = table.loc[table["feature"] == name, "contribution"]
        offsets = np.asarray(points.get_offsets())
        assert np.sort(offsets[:, 0]) == pytest.approx(np.sort(own))
        assert len({tuple(row) for row in offsets.round(9)}) == len(own)


def test_a_beeswarm_is_coloured_by_the_rank_of_the_value():
    table = make_table(n_features=2)
    ax = plot_beeswarm(table)
    own = table[table["feature"] == names(ax)[0]]
    rank = own["value"].rank().to_numpy()
    assert np.asarray(ax.collections[0].get_array()) == pytest.approx((rank - 1) / (len(rank) - 1))
    same = plot_beeswarm(table.assign(value=1.0)).collections[0].get_array()
    assert set(same.tolist()) == {0.5}


def test_a_beeswarm_of_many_patients_stays_small():
    ax = plot_beeswarm(make_table(n_patients=1000, n_features=15))
    assert len(ax.collections[0].get_offsets()) == MOST_POINTS
    assert len(figure_svg(ax)) < 1_000_000
    assert "of 1,000 patients" in describe(ax)


def test_rows_stay_apart():
    for points in plot_beeswarm(make_table(400).assign(contribution=0.5)).collections:
        heights = np.asarray(points.get_offsets())[:, 1]
        assert np.ptp(heights) <= 0.81


def test_a_waterfall_ends_at_the_risk_and_sums_up_the_rest():
    table = make_table(2, 20)
    own = table[table["patient"] == "P1"]
    ax = plot_waterfall(table, "P1", base=0.5, top=5)
    ends = np.cumsum([0.5, *(patch.get_width() for patch in ax.patches)])
    assert ends[-1] == pytest.approx(0.5 + own["contribution"].sum())
    assert [patch.get_x() for patch in ax.patches] == pytest.approx(ends[:-1])
    assert names(ax)[-1] == "15 more"
    sizes = np.abs([patch.get_width() for patch in ax.patches][:5])
    assert sizes == pytest.approx(np.sort(own["contribution"].abs())[::-1][:5])


def test_a_waterfall_of_a_patient_that_is_not_there_is_refused():
    with pytest.raises(ValueError, match="no contribution of the patient 'nobody'"):
        plot_waterfall(make_table(), "nobody")


def test_an_explanation_is_drawn_by_feature_gene_and_system():
    cohort = simulate_cohort(60, 60, {"ITGAV": 0.5}).cohort
    bundle = fit_bundle(cohort)
    featurised = bundle.recipe.featurise(**cohort.arrays())
    explanation = explain(bundle.model, featurised, list(cohort.patients))
    risk = bundle.model.risk(featurised.features.values)[3]
    for by in ("feature", "gene", "system"):
        ax = plot_waterfall(explanation, cohort.patients[3], by)
        assert f"to the risk {risk:+.2f}" in describe(ax)
    assert "ITGAV" in " ".join(rank_drivers(explanation, "gene")["name"])
    assert plot_beeswarm(explanation, "gene").get_legend().get_texts()[0].get_text() == "lowers it"
    over_time = explain(bundle.model, featurised, list(cohort.patients), times_days=[365.25, 730.5])
    with pytest.raises(ValueError, match="contributions at 2 times"):
        plot_beeswarm(over_time)


def test_a_prediction_is_drawn_with_its_own_base():
    prediction = replace(make_prediction(), base=2.0)
    assert describe(plot_waterfall(prediction, "P3")).startswith("P3: from +2.00 to the risk +3.00")


def test_a_dollar_sign_and_markup_in_a_name_are_text():
    model = linear(["$x^2$ <b>&", 'id="x" url(#y)'], [1.0, 2.0])
    assert isinstance(model, LinearModel)
    text = figure_svg(plot_drivers(model), "f")
    assert "$x^2$ &lt;b&gt;&amp;" in text
    assert 'id="x" url(#y)' in text
    ET.fromstring(text)
