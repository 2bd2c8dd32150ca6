"""Exact Shapley values of trees: their definition, shap's own, and what must hold of any trees."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from itgstrat.explanation import tree_shap
from itgstrat.explanation.tree_shap import explain_trees, find_interactions
from tests.explanation.models import bundle, featurise, slow_shapley
from tests.learned.test_trees import BOOSTED, FOREST, grow


def cover_from_patients(trees, seed=5, n=400):
    """Fill the covers of random trees with the patients that come through; some nodes see none."""
    patients = np.random.default_rng(seed).standard_normal((n, len(trees.features)))
    cover = np.zeros(len(trees.left))
    for patient in patients:
        for root in trees.root[:-1]:
            node = root
            cover[node] += 1
            while trees.left[node] >= 0:
                left = patient[trees.feature[node]] <= trees.threshold[node]
                node = root + (trees.left[node] if left else trees.right[node])
                cover[node] += 1
    return replace(trees, cover=cover)


def expect(trees, values, patient, known, background=None):
    """What the trees say where some features are known: down both branches by cover where one is not."""

    def walk(root, node):
        if trees.left[node] < 0:
            return values[trees.leaf[node]]
        children = [root + trees.left[node], root + trees.right[node]]
        feature = trees.feature[node]
        source = patient if feature in known else background
        if source is not None:
            value = np.float32(source[feature])
            left = trees.missing_left[node] if np.isnan(value) else value <= trees.threshold[node]
            return walk(root, children[0] if left else children[1])
        if trees.cover[node] == 0:  # nobody came here: either way alike
            return (walk(root, children[0]) + walk(root, children[1])) / 2
        return sum(trees.cover[child] / trees.cover[node] * walk(root, child) for child in children)

    return sum(walk(root, root) for root in trees.root[:-1])


def some_patients(n, n_features, seed=1, missing=0.2):
    patients = np.random.default_rng(seed).standard_normal((n, n_features))
    patients[np.random.default_rng(seed + 1).random(patients.shape) < missing] = np.nan
    return patients


@pytest.mark.parametrize(("n_features", "depth"), [(5, 6), (2, 5), (1, 3), (5, 0)])
def test_contributions_are_the_shapley_values_by_definition(n_features, depth):
    trees = cover_from_patients(grow(4, depth, n_features))
    values = np.column_stack([trees.leaf_risk(), np.random.default_rng(3).standard_normal(len(trees.leaf_risk()))])
    patients = some_patients(6, n_features)
    base, told = explain_trees(trees, patients, values)
    np.testing.assert_allclose(base, expect(trees, values, patients[0], frozenset()), atol=1e-12)
    for patient, own in zip(patients, told, strict=True):
        slow = slow_shapley(lambda known, patient=patient: expect(trees, values, patient, known), n_features)
        np.testing.assert_allclose(own, slow, rtol=0, atol=1e-12)


def test_contributions_against_background_patients_are_the_shapley_values_by_definition():
    trees, patients, background = grow(3, 5, 4), some_patients(5, 4), some_patients(3, 4, seed=8)
    values = trees.leaf_risk()[:, None]
    base, told = explain_trees(trees, patients, values, background)
    np.testing.assert_allclose(base, trees.risk(background).mean(), atol=1e-12)
    for patient, own in zip(patients, told, strict=True):
        slow = [
            slow_shapley(lambda known, p=patient, r=one: expect(trees, values, p, known, r), 4) for one in background
        ]
        np.testing.assert_allclose(own, np.mean(slow, axis=0), rtol=0, atol=1e-12)


def as_shap_wants_them(trees, values):
    """Give trees in the form that shap takes as a dictionary (not documented: seen in shap 0.51)."""
    found = []
    for first, stop in zip(trees.root[:-1], trees.root[1:], strict=True):
        own = slice(first, stop)
        leaf = trees.leaf[own]
        found.append(
            {
                "children_left": trees.left[own],
                "children_right": trees.right[own],
                "children_default": np.where(trees.missing_left[own], trees.left[own], trees.right[own]),
                "features": trees.feature[own],
                "thresholds": trees.threshold[own],
                "values": np.ascontiguousarray(np.where(leaf >= 0, values[leaf], 0.0)[:, None]),
                "node_sample_weight": trees.cover[own],
            }
        )
    return {"trees": found, "internal_dtype": np.float64, "input_dtype": np.float32}


@pytest.mark.parametrize("name", ["random_survival_forest", "boosted_cox", "random_forest"])
def test_contributions_are_those_of_shap(name):
    shap = pytest.importorskip("shap")
    model = bundle(name).model
    values = featurise(name).features.values
    base, told = explain_trees(model, values, model.leaf_risk()[:, None])
    peer = shap.TreeExplainer(as_shap_wants_them(model, model.leaf_risk()))
    theirs = np.reshape(peer.shap_values(values.astype(np.float32), check_additivity=False), told.shape[:2])
    np.testing.assert_allclose(told[:, :, 0], theirs, rtol=0, atol=1e-10)
    np.testing.assert_allclose(base, peer.expected_value, atol=1e-10)


@settings(max_examples=40, deadline=None)
@given(
    n_trees=st.integers(1, 6),
    depth=st.integers(0, 7),
    n_features=st.integers(1, 9),
    seed=st.integers(0, 10**6),
    extreme=st.booleans(),
)
def test_base_and_contributions_add_up_whatever_the_trees(n_trees, depth, n_features, seed, extreme):
    trees = grow(n_trees, depth, n_features, seed)
    random = np.random.default_rng(seed + 1)
    trees = replace(trees, cover=random.integers(0, 9, len(trees.left)).astype(float))
    patients = some_patients(7, n_features, seed + 2)
    if extreme:
        patients[random.random(patients.shape) < 0.3] = 1e300
        patients[random.random(patients.shape) < 0.2] = -np.inf
    base, told = explain_trees(trees, patients, trees.leaf_risk()[:, None])
    np.testing.assert_allclose(base + told[:, :, 0].sum(axis=1), trees.risk(patients), rtol=1e-9, atol=1e-9)
    unused = np.setdiff1d(np.arange(n_features), trees.used)
    assert (told[:, unused] == 0).all()


def test_deep_trees_stay_exact():
    trees = grow(2, 13, 40)
    patients = some_patients(4, 40)
    base, told = explain_trees(trees, patients, trees.leaf_risk()[:, None])
    np.testing.assert_allclose(base + told[:, :, 0].sum(axis=1), trees.risk(patients), rtol=1e-11)


def test_a_patient_alone_gets_the_same_contributions(monkeypatch):
    trees, patients = cover_from_patients(grow()), some_patients(300, 5)
    together = explain_trees(trees, patients, trees.leaf_risk()[:, None])[1]
    alone = [explain_trees(trees, patients[[row]], trees.leaf_risk()[:, None])[1][0] for row in (0, 129, 299)]
    np.testing.assert_allclose(alone, together[[0, 129, 299]], rtol=0, atol=1e-12)
    monkeypatch.setattr(tree_shap, "_CELLS", 50)  # every tree by itself
    np.testing.assert_allclose(explain_trees(trees, patients, trees.leaf_risk()[:, None])[1], together, atol=1e-12)


def test_boosted_trees_of_double_precision_are_walked_in_double_precision():
    model = bundle("histogram_boosting").model
    assert model.double
    at = model.threshold[model.feature >= 0][0]
    patients = np.tile(featurise("histogram_boosting").features.values[:1], (2, 1))
    patients[:, model.feature[model.feature >= 0][0]] = [at, np.nextafter(at, np.inf)]
    assert model.risk(patients)[0] != model.risk(patients)[1]
    base, told = explain_trees(model, patients, model.leaf_risk()[:, None])
    np.testing.assert_allclose(base + told[:, :, 0].sum(axis=1), model.risk(patients), atol=1e-12)


@pytest.mark.parametrize("trees", [FOREST, BOOSTED], ids=["forest", "boosted"])
def test_no_patient_and_no_output(trees):
    base, told = explain_trees(trees, np.empty((0, 3)), trees.leaf_risk()[:, None])
    assert told.shape == (0, 3, 1)
    assert base[0] == pytest.approx(trees.leaf_risk() @ [0.4, 0.3, 0.3, 1.0])
    base, told = explain_trees(trees, np.zeros((2, 3)), np.empty((4, 0)))
    assert base.shape == (0,)
    assert told.shape == (2, 3, 0)


def test_interactions_are_the_shapley_interaction_index_by_definition():
    trees, patients = cover_from_patients(grow(3, 5, 4)), some_patients(4, 4)
    values = trees.leaf_risk()[:, None]
    for patient, own in zip(patients, find_interactions(trees, patients, values, 2), strict=True):
        assert own[2, 0] == 0
        for other in (0, 1, 3):
            rest = sorted({0, 1, 3} - {other})
            total = 0.0
            for known in (set(), {rest[0]}, {rest[1]}, set(rest)):
                both, left, right, none = (
                    expect(trees, values, patient, known | more)[0] for more in ({2, other}, {2}, {other}, set())
                )
                total += (both - left - right + none) / (6 if len(known) == 1 else 3)
            assert own[other, 0] == pytest.approx(total, abs=1e-12)


def test_interactions_are_twice_those_of_shap_off_the_diagonal():
    shap = pytest.importorskip("shap")
    model, values = bundle("random_survival_forest").model, featurise("random_survival_forest").features.values
    peer = shap.TreeExplainer(as_shap_wants_them(model, model.leaf_risk()))
    theirs = np.squeeze(peer.shap_interaction_values(values.astype(np.float32)))
    for feature in range(values.shape[1]):
        own = find_interactions(model, values, model.leaf_risk()[:, None], feature)[:, :, 0]
        others = np.arange(values.shape[1]) != feature
        np.testing.assert_allclose(own[:, others], 2 * theirs[:, feature][:, others], rtol=0, atol=1e-9)
