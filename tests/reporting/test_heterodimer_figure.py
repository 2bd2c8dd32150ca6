"""The map of the integrin family: a cell a heterodimer of the catalogue, and no other."""

from dataclasses import replace

import numpy as np
import pytest

from itgstrat.biology import load_catalogue
from itgstrat.reporting.heterodimer_figure import measure_abundance, plot_heterodimer_map, take_effects
from itgstrat.reporting.labels import label_feature, name_subunits
from itgstrat.reporting.svg import describe
from tests.reporting.conftest import make_bundle, make_config
from tests.simulate import simulate_cohort

FAMILY = list(load_catalogue().heterodimers.values())


def test_every_heterodimer_has_its_cell_and_no_two_share_one():
    ax = plot_heterodimer_map({one.id: float(number) for number, one in enumerate(FAMILY)})
    cells = {(patch.get_x(), patch.get_y()) for patch in ax.patches}
    assert len(cells) == len(ax.patches) == len(FAMILY) >= 24
    greek = name_subunits(FAMILY)
    alphas, betas = ([text.get_text() for text in axis.get_ticklabels()] for axis in (ax.yaxis, ax.xaxis))
    assert sorted(alphas) == sorted({greek[one.alpha] for one in FAMILY})
    for text, one in zip(ax.texts, FAMILY, strict=True):
        assert text.get_position() == (betas.index(greek[one.beta]), alphas.index(greek[one.alpha]))
    assert betas == ["β1", "β2", "β3", "β4", "β5", "β6", "β7", "β8"]
    assert alphas[:11] == [f"α{number}" for number in range(1, 12)]


def test_subunits_have_the_names_of_the_field():
    assert {"αV", "αIIb", "αL", "αM", "αX", "αD", "αE", "β6"} <= set(name_subunits(FAMILY).values())
    own = replace(FAMILY[0], title="ours")
    assert name_subunits([own]) == {"ITGA1": "α1", "ITGB1": "β1"}
    assert label_feature("Integrin aIIbb3 (ITGA2B/ITGB3)") == "αIIbβ3 (ITGA2B/ITGB3)"


def test_what_has_no_number_is_a_dash_and_what_does_not_pair_is_blank():
    ax = plot_heterodimer_map({"itg_avb6": 1.25, "itg_a5b1": np.nan}, "effect")
    assert sorted(text.get_text() for text in ax.texts) == sorted(["+1.25", *["–"] * (len(FAMILY) - 1)])
    assert describe(ax).endswith(f"αVβ6 1.25; {len(FAMILY) - 1} without a number")
    assert "none measured" in describe(plot_heterodimer_map({}))


def test_no_effect_is_white_and_opposite_effects_are_opposite_colours():
    ax = plot_heterodimer_map({"itg_avb6": -0.2, "itg_a5b1": 0.0, "itg_avb3": 0.1}, "effect")
    colour = {t.get_text(): p.get_facecolor()[:3] for t, p in zip(ax.texts, ax.patches, strict=True)}
    assert colour["0.00"] == pytest.approx((1, 1, 1), abs=0.01)
    assert colour["-0.20"][2] > colour["-0.20"][0]  # blue
    assert colour["+0.10"][0] > colour["+0.10"][2]  # vermilion


def test_numbers_are_readable_on_their_colour():
    ax = plot_heterodimer_map({one.id: float(number) for number, one in enumerate(FAMILY)})
    weights = np.array([0.2126, 0.7152, 0.0722])

    def luminance(colour):
        linear = np.array(colour[:3])
        return weights @ np.where(linear <= 0.04045, linear / 12.92, ((linear + 0.055) / 1.055) ** 2.4)

    from matplotlib.colors import to_rgb

    for text, patch in zip(ax.texts, ax.patches, strict=True):
        pair = sorted([luminance(to_rgb(text.get_color())), luminance(patch.get_facecolor())])
        assert (pair[1] + 0.05) / (pair[0] + 0.05) > 3.0


def test_abundance_is_the_median_of_the_lower_subunit():
    cohort = simulate_cohort(30, 60).cohort
    found = measure_abundance(cohort)
    expression = cohort.expression
    expected = np.median(np.minimum(expression["ITGAV"], expression["ITGB6"]))
    assert found["itg_avb6"] == pytest.approx(expected)
    genes = [gene for gene in cohort.genes if gene != "ITGB6"]
    assert np.isnan(measure_abundance(replace(cohort, expression=expression[genes]))["itg_avb6"])
    assert len(found) == len(FAMILY)


def test_abundance_of_relative_numbers_is_refused():
    with pytest.raises(ValueError, match="is in z-score, which is relative to the cohort itself"):
        measure_abundance(replace(simulate_cohort(30, 60).cohort, unit="z-score"))


def test_effects_are_coefficients_of_the_features_that_are_heterodimers():
    assert take_effects(make_bundle(make_config()).model) == {"itg_a5b1": -0.2, "itg_avb6": 0.3}
