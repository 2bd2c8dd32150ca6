"""What drives the model, as the report tells it: for any kind of model, names as text."""

from dataclasses import replace

import numpy as np
import pytest

from itgstrat.reporting import training_report
from itgstrat.reporting.drivers import describe_drivers
from itgstrat.reporting.heterodimer_figure import sum_effects
from tests.reporting.conftest import FEATURES, make_cohort
from tests.reporting.test_report import Page


def test_every_level_importance_dependence_and_map_are_drawn(config, drivers, bundle, cohorts):
    part = describe_drivers(config, drivers, bundle, cohorts)
    assert [one.name for one in part.figures] == [
        "drivers-features", "drivers-systems", "drivers-genes", "importance-features", "importance-systems",
        "dependence-partial", "dependence-accumulated", "heterodimers-effect",
    ]  # fmt: skip
    assert "Shown for all 30 training patients" in part.words[0]
    assert "Kendall's tau-b of the order of the features is 0.41" in part.words[1]
    assert "62% of the features among the ten strongest" in part.words[1]
    assert part.words[2] == "Not told: a <part>: too few."
    first = part.tables[0].rows[0]
    row = drivers.tabulate().iloc[0]
    assert first[1] == row["name"]
    assert first[2] == f"{row['mean_absolute']:.3f} ({row['lower']:.3f} to {row['upper']:.3f})"
    assert first[4] == f"{row['rank']:.0f}"
    assert first[5] == f"{row['loss']:+.3f} ({row['loss_range_low']:+.3f} to {row['loss_range_high']:+.3f})"
    assert part.tables[0].columns[5].endswith("(range over folds and repeats)")
    assert "the model held fixed" in part.tables[0].caption
    assert "not a confidence interval" in part.tables[0].caption


def test_it_is_told_of_models_without_coefficients_and_from_some_of_the_patients(config, drivers, bundle, cohorts):
    told = replace(drivers, explanation=replace(drivers.explanation, method="exact TreeSHAP"), n_patients=4000)
    without = replace(bundle, model=object())
    part = describe_drivers(config, told, without, cohorts)
    assert len(part.tables) == 1
    assert "(exact TreeSHAP). Shown for 30 (drawn at random) of 4,000 training patients" in part.words[0]


def test_abundance_is_mapped_where_expression_tells_levels(config, drivers, bundle):
    genes = list(map(str, bundle.recipe.genes))
    cohorts = []
    for name in ("C1", "C2"):
        one = make_cohort(name)
        cohorts.append(replace(one, expression=one.expression.set_axis(genes, axis=1)))
    names = [one.name for one in describe_drivers(config, drivers, bundle, cohorts).figures]
    assert "heterodimers-abundance" in names
    relative = [replace(one, unit="z-score") for one in cohorts]
    names = [one.name for one in describe_drivers(config, drivers, bundle, relative).figures]
    assert "heterodimers-abundance" not in names


def test_effects_of_heterodimers_have_the_sign_of_their_coefficient(drivers):
    effects = sum_effects(drivers.explanation)
    mean = drivers.explanation.mean_absolute().set_index("feature")["mean_absolute"]
    assert effects == pytest.approx({FEATURES[0]: mean[FEATURES[0]], FEATURES[1]: -mean[FEATURES[1]]})
    adjusted = replace(drivers.explanation, features=(f"{FEATURES[0]}:adjusted", *drivers.explanation.features[1:]))
    assert sum_effects(adjusted) == pytest.approx(effects)


def test_a_model_that_uses_nothing_has_nothing_to_draw(config, evaluation, drivers, bundle, cohorts):
    nothing = replace(
        drivers.explanation,
        features=(),
        values=drivers.explanation.values[:, :0],
        imputed=drivers.explanation.imputed[:, :0],
        contributions=drivers.explanation.contributions[:, :0],
        output=np.zeros(30),
        origin=None,
    )
    empty = drivers.ranked.iloc[:0]
    unused = {level: replace(one, drops=0 * one.drops) for level, one in drivers.importance.items()}
    told = replace(drivers, explanation=nothing, ranked=empty, importance=unused, dependence=(), kendall=np.nan)
    part = describe_drivers(config, told, bundle, cohorts)
    assert part.figures == ()
    assert part.tables[0].rows == ()
    assert not Page(training_report(config, evaluation, bundle, cohorts, told)).open


def test_names_with_markup_are_text(config, evaluation, drivers, bundle, cohorts):
    page = training_report(config, evaluation, bundle, cohorts, drivers)
    assert "<i>system</i>" not in page
    assert "<i>system</i>" in Page(page).text
