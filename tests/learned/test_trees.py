"""Trees as arrays: every patient ends where a slow walk says, and leaves say what they hold."""

from dataclasses import replace

import numpy as np
import pytest

from itgstrat.learned import BoostedModel, ForestModel
from itgstrat.learned.model import pack_model, unpack_model

#: Two trees: a root with a leaf and another split, and a root alone.
SHAPE = {
    "features": np.array(["a", "b", "idle"]),
    "root": np.array([0, 5, 6], dtype=np.int32),
    "left": np.array([1, -1, 3, -1, -1, -1], dtype=np.int32),
    "right": np.array([2, -1, 4, -1, -1, -1], dtype=np.int32),
    "feature": np.array([0, -1, 1, -1, -1, -1], dtype=np.int32),
    "threshold": np.array([0.5, 0.0, -1.0, 0.0, 0.0, 0.0]),
    "missing_left": np.array([True, False, False, False, False, False]),
    "cover": np.array([10.0, 4.0, 6.0, 3.0, 3.0, 10.0]),
    "leaf": np.array([-1, 0, -1, 1, 2, 3], dtype=np.int32),
}
FOREST = ForestModel(
    **SHAPE,
    times_days=np.array([10.0, 20.0]),
    cumulative_hazard=np.array([[0.5, 1.5], [0.0, 0.25], [0.0, 0.0], [0.1, 0.6]]),
    followed_until_days=30.0,
)
BOOSTED = BoostedModel(
    **SHAPE,
    value=np.array([0.3, -0.1, 0.2, 0.05]),
    strata=np.array(["one"]),
    start=np.array([0, 1, 2]),
    times_days=np.array([10.0, 10.0]),
    cumulative_hazard=np.array([0.2, 0.4]),
    followed_days=np.array([30.0, 40.0]),
)
PATIENTS = np.array([[0.5, 0.0, 9.0], [0.6, -1.0, 9.0], [0.6, 0.0, 9.0], [np.nan, 0.0, 9.0], [0.6, np.nan, 9.0]])
LEAVES = [[0, 3], [1, 3], [2, 3], [0, 3], [2, 3]]


def walk(trees, patient):
    """Go down one tree after the other, one patient at a time."""
    found = []
    for root in trees.root[:-1]:
        node = root
        while trees.left[node] >= 0:
            value = np.float32(patient[trees.feature[node]])
            left = trees.missing_left[node] if np.isnan(value) else value <= trees.threshold[node]
            node = root + (trees.left[node] if left else trees.right[node])
        found.append(trees.leaf[node])
    return found


def grow(n_trees=20, depth=6, n_features=5, seed=0):
    """Make full random trees with missing values going either way."""
    random = np.random.default_rng(seed)
    n_inner, n_nodes = 2**depth - 1, 2 ** (depth + 1) - 1
    inner = np.arange(n_nodes) < n_inner
    left = np.where(inner, 2 * np.arange(n_nodes) + 1, -1)
    count = n_trees * n_nodes
    is_inner = np.tile(inner, n_trees)
    n_leaves = int((~is_inner).sum())
    return replace(
        FOREST,
        features=np.array([f"f{number}" for number in range(n_features)]),
        root=np.arange(0, count + 1, n_nodes, dtype=np.int32),
        left=np.tile(left, n_trees),
        right=np.tile(np.where(inner, left + 1, -1), n_trees),
        feature=np.where(is_inner, random.integers(0, n_features, count), -1),
        threshold=np.where(is_inner, random.standard_normal(count), 0.0),
        missing_left=is_inner & (random.random(count) < 0.5),
        cover=np.ones(count),
        leaf=np.where(is_inner, -1, np.cumsum(~is_inner) - 1),
        cumulative_hazard=random.exponential(size=(n_leaves, 2)).cumsum(axis=1),
    )


def test_patients_reach_the_leaves_that_the_splits_say():
    assert FOREST.find_leaves(PATIENTS).tolist() == LEAVES
    assert [walk(FOREST, patient) for patient in PATIENTS] == LEAVES


def test_many_patients_reach_the_leaves_of_a_slow_walk():
    trees = grow()
    patients = np.random.default_rng(1).standard_normal((700, 5))
    patients[np.random.default_rng(2).random(patients.shape) < 0.1] = np.nan
    assert trees.find_leaves(patients).tolist() == [walk(trees, patient) for patient in patients]


def test_values_are_compared_in_single_precision():
    trees = replace(FOREST, threshold=np.array([np.float64(np.float32(0.1)), 0, -1.0, 0, 0, 0]))
    above = np.nextafter(np.float64(np.float32(0.1)), 1)  # the same number as a float32
    assert trees.find_leaves(np.array([[above, 0, 0]]))[0, 0] == 0


def test_values_that_single_precision_cannot_hold_are_infinite():
    assert FOREST.find_leaves(np.array([[1e300, -1e300, 0.0], [-1e300, 0.0, 0.0]])).tolist() == [[1, 3], [0, 3]]


def test_the_risk_of_a_forest_is_its_mean_mortality():
    np.testing.assert_allclose(FOREST.risk(PATIENTS), [(2.0 + 0.7) / 2, (0.25 + 0.7) / 2, 0.35, 1.35, 0.35])


def test_the_survival_of_a_forest_is_the_mean_of_its_leaves():
    told = FOREST.survival(PATIENTS[:2], [0, 9.9, 10, 19, 20, 30, 30.1])
    first = [1, 1, (0.5 + 0.9) / 2, (0.5 + 0.9) / 2, (0 + 0.45) / 2, (0 + 0.45) / 2, np.nan]
    second = [1, 1, (1 + 0.9) / 2, (1 + 0.9) / 2, (0.75 + 0.45) / 2, (0.75 + 0.45) / 2, np.nan]
    np.testing.assert_allclose(told, [first, second])


def test_survival_at_no_time_is_an_empty_table():
    assert FOREST.survival(PATIENTS, []).shape == (5, 0)


def test_the_risk_of_boosted_trees_is_the_sum_of_their_leaves():
    np.testing.assert_allclose(BOOSTED.risk(PATIENTS), [0.35, -0.05, 0.25, 0.35, 0.25])


def test_the_survival_of_boosted_trees_follows_the_baseline_of_the_stratum():
    told = BOOSTED.survival(PATIENTS[:1], [5, 10, 35, 41])
    np.testing.assert_allclose(told[0], [1, *[np.exp(-0.4 * np.exp(0.35))] * 2, np.nan])
    own = BOOSTED.survival(PATIENTS[:1], [5, 10, 35], np.array(["one"]))
    np.testing.assert_allclose(own[0], [1, np.exp(-0.2 * np.exp(0.35)), np.nan])


def test_only_the_features_of_splits_are_used():
    assert FOREST.used.tolist() == BOOSTED.used.tolist() == [0, 1]


@pytest.mark.parametrize("model", [FOREST, BOOSTED, grow()], ids=["forest", "boosted", "grown"])
def test_a_record_survives_packing_and_one_patient_is_a_cohort(model):
    again = unpack_model(pack_model(model))
    patients = np.random.default_rng(3).standard_normal((300, len(model.features)))
    assert type(again) is type(model)
    assert again.risk(patients).tobytes() == model.risk(patients).tobytes()
    assert again.followed_until_days == model.followed_until_days
    alone = [model.risk(patients[[row]])[0] for row in range(300)]
    np.testing.assert_array_equal(alone, model.risk(patients))
