"""What PLAGE and GSVA learn from training is frozen in the recipe, and no patient is in it."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from itgstrat.fitting.panel import FeaturePanel
from itgstrat.learned import ModelBundle
from itgstrat.learned.kernel import LEAST_FOR_KERNEL, find_densities, learn_kernel
from itgstrat.scoring import score_sets
from itgstrat.scoring.gsva import estimate_density
from tests.simulate import INTEGRINS, SIGNATURES, make_bundle, simulate_cohort

ONE = simulate_cohort(40, 60, seed=1).cohort
TWO = simulate_cohort(60, 60, batches=("one", "two"), missing=0.02, seed=2).cohort
SETS = SIGNATURES[:2]


@pytest.mark.parametrize("score", ["plage", "gsva"])
def test_training_patients_of_one_platform_get_the_scores_that_r_gives(score):
    recipe = FeaturePanel(SETS, score).fit(ONE).recipe_
    measured = recipe.measure(**{k: v for k, v in ONE.arrays().items() if k in ("expression", "genes")})
    sets = {signature.id: dict(signature.genes) for signature in SETS}
    table = ONE.expression.to_numpy().astype(float)
    whole = score_sets(table, list(ONE.genes), sets, [score])[score]  # golden: tests/scoring/test_table.py
    np.testing.assert_allclose(recipe.raw_scores(measured, recipe.reference_rows(ONE.batch)), whole, rtol=0, atol=1e-9)


def test_plage_keeps_its_loadings_on_a_new_cohort():
    recipe = FeaturePanel(SIGNATURES, "plage").fit(TWO).recipe_
    again = recipe.featurise(**ONE.arrays(), reference="cohort").recipe
    np.testing.assert_array_equal(again.weight, recipe.weight)
    assert np.abs(again.gene_mean - recipe.gene_mean[-1]).max() > 0.1
    for position in np.flatnonzero(recipe.rules == "set"):
        own = recipe.entries(position)
        assert recipe.weight[own] @ recipe.sign[own] > 0
        assert not np.isin(recipe.weight[own], [1, -1]).any()
    others = np.repeat(recipe.rules != "set", np.diff(recipe.start))
    np.testing.assert_array_equal(recipe.weight[others], recipe.sign[others])


@pytest.mark.parametrize("score", ["singscore", "zscore"])
def test_the_other_methods_learn_no_weight_and_keep_no_values(score):
    recipe = FeaturePanel(SIGNATURES, score).fit(TWO).recipe_
    np.testing.assert_array_equal(recipe.weight, recipe.sign)
    assert recipe.kernel.size == 0


def test_no_patients_row_is_in_the_kernel(tmp_path):
    ModelBundle.load(make_bundle(TWO, score="gsva").save(tmp_path / "model"))
    kernel = ModelBundle.load(tmp_path / "model").recipe.kernel
    assert kernel.shape == TWO.shape
    assert kernel.dtype == np.float32
    for half in (kernel[:30], kernel[30:]):
        assert (half[1:] >= half[:-1]).all()  # every gene by itself
    profiles = np.nan_to_num(TWO.expression.to_numpy())
    shared = (profiles[:, None, :] == kernel[None, :, :]).mean(axis=2)
    assert shared.max() < 0.3


def test_a_small_platform_gets_no_reference_of_its_own():
    expression = TWO.expression.to_numpy()
    groups = np.repeat([0, 1, 2, 3], [30, 9, 20, 1])
    kernel, start = learn_kernel(expression, groups)
    assert start.tolist() == [0, 30, 30, 50, 50]
    assert len(kernel) == 60  # nine and one are ten in all, sorted together
    assert (kernel[51:] >= kernel[50:-1]).all()
    kernel, start = learn_kernel(expression[:59], groups[:59])
    assert len(kernel) == 50  # nine alone are kept nowhere
    density = find_densities(expression, groups, kernel, start)
    for batch, own in ((0, slice(0, 30)), (1, slice(None)), (2, slice(30, 50)), (3, slice(None))):
        mine = groups == batch
        np.testing.assert_array_equal(density[mine], estimate_density(expression[mine], kernel[own]))


def test_few_patients_in_all_are_one_reference():
    few = ONE.expression.to_numpy()[: LEAST_FOR_KERNEL - 1]
    kernel, start = learn_kernel(few, np.arange(len(few)) % 3)
    assert start.tolist() == [0, 0, 0, 0]
    np.testing.assert_array_equal(kernel, np.sort(few, axis=0))


def test_a_gene_that_is_constant_in_training_is_as_not_measured():
    flat = replace(ONE, expression=ONE.expression.assign(**{INTEGRINS[0]: np.float32(0)}))
    recipe = FeaturePanel(SETS, "gsva", min_coverage=1.0).fit(flat).recipe_
    features = recipe.featurise(**ONE.arrays()).features
    assert features.missing[:, 0].all()  # the signature holds it
    assert not features.missing[:, 1].any()


def test_a_platform_of_other_units_is_ranked_in_its_own_densities():
    shifted = replace(ONE, expression=ONE.expression * np.float32(2) - np.float32(4), batch=np.full(len(ONE), "other"))
    tables = [ONE.expression, shifted.expression]
    both = replace(
        ONE,
        expression=pd.concat(tables).set_axis([f"p{i}" for i in range(80)]),
        clinical=pd.concat([ONE.clinical, ONE.clinical]).set_axis([f"p{i}" for i in range(80)]),
        batch=np.repeat(["one", "other"], 40),
        outcome=None,
    )
    values = FeaturePanel(SETS, "gsva").fit(both).transform(both).to_numpy()
    np.testing.assert_allclose(values[:40], values[40:], rtol=0, atol=0.05)
