"""SurvSHAP(t) on a small case, over all orders of the features: `tests/golden/survshap.py`."""

import json
from pathlib import Path

import numpy as np
import pytest

from itgstrat.explanation.permutation import permute
from itgstrat.explanation.tree_shap import explain_trees
from itgstrat.learned import ForestModel, LinearModel

GOLD = json.loads((Path(__file__).parents[1] / "golden" / "survshap.json").read_text())
PATIENTS, BACKGROUND, TIMES = (np.array(GOLD[name]) for name in ("patients", "background", "times"))
FEATURES = np.array(list("abcd"))


def build_forest():
    trees = GOLD["forest"]["trees"]
    names = {"left": "children_left", "right": "children_right", "feature": "feature"}
    arrays = {new: np.concatenate([tree[old] for tree in trees]).astype(np.int32) for new, old in names.items()}
    leaves = arrays["left"] < 0
    return ForestModel(
        features=FEATURES,
        root=np.cumsum([0, *(len(tree["feature"]) for tree in trees)]).astype(np.int32),
        left=arrays["left"],
        right=arrays["right"],
        feature=np.where(leaves, -1, arrays["feature"]).astype(np.int32),
        threshold=np.where(leaves, 0.0, np.concatenate([tree["threshold"] for tree in trees])),
        missing_left=np.zeros(len(leaves), dtype=bool),
        cover=np.concatenate([tree["weighted_n_node_samples"] for tree in trees]),
        leaf=np.where(leaves, np.cumsum(leaves) - 1, -1).astype(np.int32),
        times_days=np.array(GOLD["forest"]["times"]),
        cumulative_hazard=np.concatenate([tree["hazard"] for tree in trees]),
        followed_until_days=GOLD["last"],
    )


def test_the_forest_is_the_one_that_was_explained():
    np.testing.assert_allclose(build_forest().survival(PATIENTS, TIMES), GOLD["forest"]["survival"], atol=1e-12)


def test_a_forests_survival_over_time_is_split_as_survshap_does():
    forest = build_forest()
    base, told = explain_trees(forest, PATIENTS, forest.leaf_survival(TIMES) / forest.n_trees, BACKGROUND)
    np.testing.assert_allclose(base, GOLD["forest"]["base"], rtol=0, atol=1e-12)
    np.testing.assert_allclose(told, GOLD["forest"]["contributions"], rtol=0, atol=1e-12)
    assert np.abs(told).max() > 0.05


def build_cox():
    cox = GOLD["cox"]
    return LinearModel(
        features=FEATURES,
        coef=np.array(cox["coef"]),
        center=np.zeros(4),
        strata=np.array([], dtype=str),
        start=np.array([0, len(cox["times"])]),
        times_days=np.array(cox["times"]),
        cumulative_hazard=np.array(cox["hazard"]),
        followed_days=np.array([GOLD["last"]]),
    )


def test_every_coalition_of_a_cox_model_is_asked_as_survshap_does():
    model = build_cox()
    base, told = permute(lambda rows, _: model.survival(rows, TIMES), PATIENTS, BACKGROUND, np.arange(4))
    np.testing.assert_allclose(base[0], GOLD["cox"]["base"], rtol=0, atol=1e-9)
    np.testing.assert_allclose(told, GOLD["cox"]["contributions"], rtol=0, atol=1e-9)


@pytest.mark.parametrize("patient", range(3))
def test_the_straight_way_of_a_cox_model_is_near_survshap_but_another_rule(patient):
    """Aumann-Shapley along the straight line against Shapley values from the same single background patient."""
    from itgstrat.explanation.link import mean_slope, survival_of_risk

    model, centre = build_cox(), np.zeros((1, 4))
    link = survival_of_risk(model, TIMES, None)
    risk = model.contributions(PATIENTS[[patient]])
    straight = risk[:, :, None] * mean_slope(link, np.zeros((1, 1)), risk.sum(axis=1, keepdims=True))[:, None]
    _, shapley = permute(lambda rows, _: model.survival(rows, TIMES), PATIENTS[[patient]], centre, np.arange(4))
    np.testing.assert_allclose(straight.sum(axis=1), shapley.sum(axis=1), rtol=0, atol=1e-12)
    assert 1e-6 < np.abs(straight - shapley).max() < 0.02
    assert (np.sign(straight) == np.sign(shapley)).all()
