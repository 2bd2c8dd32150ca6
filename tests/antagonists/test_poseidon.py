"""The simulated POSEIDON gives back what it was made of, and shows how little its size can tell."""

import numpy as np
import pandas as pd
import pytest

from itgstrat.antagonists.benefit_interaction import fit_interaction
from itgstrat.antagonists.poseidon import judge_poseidon, load_figures, poseidon_trial, simulate_poseidon
from itgstrat.biology import load_catalogue
from itgstrat.fitting.inference import infer
from itgstrat.outcome import make_outcome


def ratio(table, column):
    outcome = make_outcome(table["death"], table["os_months"], "months")
    return infer(table[[column]].astype(float), outcome).table.loc[column]


def test_every_figure_has_a_source_and_says_how_it_is_known():
    for name, figure in load_figures().items():
        assert figure.status in {"published", "derived", "assumed"}, name
        assert len(figure.source) > 5, name


def test_the_published_figures_are_those_of_the_catalogue():
    agent = load_catalogue().agent("abituzumab")
    trial = next(own for own in agent.trials if own.name == "POSEIDON")
    figures = load_figures()
    sizes = [int(figures[f"patients_{arm}"].value) for arm in ("500", "1000", "control")]
    assert str(trial.patients) == f"{sum(sizes)} ({', '.join(map(str, sizes))})"
    told = " ".join(marker.statement for marker in agent.biomarkers)
    for name in ("high_ratio_control", "median_months_control_high", "median_months_control_low", "ratio_high_left"):
        assert f"{figures[name].value:g}" in told, name


def test_sides_and_subgroups_are_of_the_published_size():
    figures, table = load_figures(), simulate_poseidon(copies=100)
    assert table["left_sided"].mean() == pytest.approx(figures["left"].value, abs=0.01)
    own = table[(table["arm"] != "500 mg") & (table["avb6_high"] == 1) & (table["left_sided"] == 1)]
    stained, published = 197 / 216, 20 + 22
    assert len(own) / 100 * stained == pytest.approx(published, rel=0.03)


def test_it_is_prognostic_in_controls_and_predictive_with_treatment():
    table = simulate_poseidon(copies=60, random_state=1)
    control = ratio(table[table["arm"] == "control"], "avb6_high")
    assert control["lower"] < 1.96 < control["upper"]
    table["treated"] = (table["arm"] != "control").astype(float)
    high_left = table[(table["avb6_high"] == 1) & (table["left_sided"] == 1)]
    found = ratio(high_left, "treated")
    assert found["lower"] < 0.36 < found["upper"]
    others = ratio(table.drop(high_left.index)[lambda t: t["avb6_high"] == 0], "treated")
    assert others["lower"] < 1 < others["upper"]
    interaction = fit_interaction(poseidon_trial(table))
    spread = poseidon_trial(table).score.std()
    assert interaction.low < np.exp(np.log(0.36) * spread) < interaction.high
    assert interaction.p < 1e-10
    medians = high_left[high_left["arm"] == "control"]["os_months"].median()
    assert medians == pytest.approx(10.2, abs=0.5)


def test_an_effect_in_everybody_is_no_interaction():
    table = simulate_poseidon(copies=40, truth="everybody", random_state=2)
    found = fit_interaction(poseidon_trial(table))
    assert found.p > 0.01
    assert found.at_quantiles["high"].max() < 1


def test_its_size_is_weak():
    found = judge_poseidon(trials=60)
    assert found.index.tolist() == ["published", "half", "none", "everybody"]
    # the subgroup test is found far more often than the interaction that would mean prediction
    assert (
        found.loc[["published", "half"], "subgroup_found"] > found.loc[["published", "half"], "interaction_found"]
    ).all()
    assert found.loc["half", "interaction_found"] < 0.4
    assert found.loc["half", "ratio_where_found"] < 0.55 < found.loc["half", "true_ratio"]
    assert found.loc["none", "subgroup_found"] < 0.15 < found.loc["none", "any_subgroup_found"]
    pd.testing.assert_frame_equal(found, judge_poseidon(trials=60))
