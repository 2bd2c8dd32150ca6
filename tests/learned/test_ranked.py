"""Ranks that recipes share give each of them the features it makes by itself, to the last bit."""

from dataclasses import replace

import numpy as np
import pytest

from itgstrat.fitting.panel import FeaturePanel
from itgstrat.learned.ranked import share_ranks
from itgstrat.scoring import SCORES
from tests.simulate import INTEGRINS, SIGNATURES, simulate_cohort

from .test_recipe import DAMAGES, NEW, TRAINING, with_expression

RANKED = [name for name, score in SCORES.items() if score.values == "rank"]


def learn(signatures, score, cohort=TRAINING):
    return FeaturePanel(signatures, score, ("age",)).fit(cohort).recipe_


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("reference", ["batch", "pooled", "cohort"])
@pytest.mark.parametrize("score", RANKED)
@pytest.mark.parametrize("n_recipes", [1, 2])
def test_features_are_the_same(score, reference, damage, n_recipes):
    recipes = [learn(SIGNATURES[:2], score), learn(SIGNATURES[1:], score)][:n_recipes]
    arrays = with_expression(NEW, DAMAGES[damage](NEW.expression)).arrays()
    shared = share_ranks(recipes, arrays["expression"], arrays["genes"])
    assert shared is not None
    for recipe in recipes:
        own = recipe.featurise(**arrays, reference=reference)
        given = dict(zip(("expression", "genes", "ranked"), shared, strict=True))
        found = recipe.featurise(**arrays | given, reference=reference)
        np.testing.assert_array_equal(found.measured.values, own.measured.values)
        np.testing.assert_array_equal(found.measured.n_measured, own.measured.n_measured)
        np.testing.assert_array_equal(found.features.values, own.features.values)
        np.testing.assert_array_equal(found.features.missing, own.features.missing)


def test_more_patients_than_are_ranked_together():
    recipes = [learn(SIGNATURES[:2], RANKED[0]), learn(SIGNATURES[1:], RANKED[0])]
    many = simulate_cohort(120, 80, missing=0.05, seed=3).cohort.arrays()
    ranks, genes, counts = share_ranks(recipes, many["expression"], many["genes"])
    assert ranks.shape == (120, len(genes))
    for patient in (0, 49, 50, 119):
        row = many["expression"][[patient]]
        alone = share_ranks(recipes, row, many["genes"])
        np.testing.assert_array_equal(alone[0][0], ranks[patient])
        assert alone[2][0] == counts[patient] == np.isfinite(row).sum()


def test_where_nothing_is_shared():
    one, two = learn(SIGNATURES[:2], RANKED[0]), learn(SIGNATURES[1:], RANKED[0])
    arrays = NEW.arrays()
    table = arrays["expression"], arrays["genes"]
    assert share_ranks([one, two], *table) is not None
    fewer = replace(TRAINING, expression=TRAINING.expression.iloc[:, :-1])
    assert share_ranks([one, learn(SIGNATURES[1:], RANKED[0], fewer)], *table) is None
    unranked = next(name for name in SCORES if name not in RANKED)
    assert share_ranks([one, learn(SIGNATURES[1:], unranked)], *table) is None
    none = NEW.expression.drop(columns=[name for name in INTEGRINS if name in NEW.expression])
    assert share_ranks([one, two], none.to_numpy(), list(none.columns)) is None
