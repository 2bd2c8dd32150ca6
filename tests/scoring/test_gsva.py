"""GSVA's density and walk against loops, and PLAGE's loadings against their definition."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from itgstrat.scoring import rank_columns
from itgstrat.scoring.gsva import estimate_density, split_walk
from itgstrat.scoring.plage import learn_loadings


def draw(seed, shape):
    return np.random.default_rng(seed).normal(8, 2, shape)


def test_the_density_is_the_mean_of_normal_distributions():
    values, reference = draw(0, (5, 7)), draw(1, (20, 7))
    density = estimate_density(values, reference)
    for patient, gene in np.ndindex(values.shape):
        width = reference[:, gene].std(ddof=1) / 4
        z = (values[patient, gene] - reference[:, gene]) / width
        share = np.mean([0.5 * math.erfc(-one / math.sqrt(2)) for one in z])
        assert 1 / (1 + math.exp(-density[patient, gene])) == pytest.approx(share, abs=4e-4)  # a table of 10,000


def test_a_missing_reference_value_is_no_reference_value():
    values, reference = draw(0, (5, 3)), draw(1, (20, 3))
    holes = np.vstack([reference[:15], np.full((3, 3), np.nan), np.full((2, 3), np.inf)])
    np.testing.assert_array_equal(estimate_density(values, holes), estimate_density(values, reference[:15]))


def test_what_has_no_density():
    reference = draw(1, (20, 3))
    reference[:, 0] = 4.0
    reference[1:, 1] = np.nan
    density = estimate_density(np.array([[1.0, 1.0, 8.0], [4.0, 4.0, np.nan], [1.0, 1.0, 1e30]]), reference)
    assert np.isnan(density).tolist() == [[True, True, False], [True, True, True], [True, True, False]]
    assert density[2, 2] == np.inf


@given(seed=st.integers(0, 10_000))
def test_a_patient_alone_has_the_same_densities(seed):
    values, reference = draw(seed, (40, 9)).astype(np.float32), draw(seed + 1, (12, 9)).astype(np.float32)
    together = estimate_density(values, reference)
    for patient in (0, 17, 39):
        np.testing.assert_array_equal(estimate_density(values[[patient]], reference)[0], together[patient])


@given(seed=st.integers(0, 10_000), size=st.integers(1, 20))
def test_the_walk_is_rs_loop_down_the_whole_list(seed, size):
    density, total = draw(seed, 30), 30
    inside = np.arange(total) < size
    order = np.argsort(-density)
    weight = np.empty(total)
    weight[order] = np.abs(np.arange(total, 0, -1) - total / 2)
    height, high, low = 0.0, 0.0, 0.0
    whole = weight[inside].sum()
    for gene in order:
        height += (weight[gene] / whole if whole else 1.0) if inside[gene] else -1 / (total - size)
        high, low = max(high, height), min(low, height)
    ranks, ranked = rank_columns(density[None], np.arange(size))
    terms = split_walk((ranks - 0.5) / total, ranked)
    assert terms.sum() == pytest.approx(high + low, abs=1e-12)


@given(seed=st.integers(0, 10_000))
def test_genes_that_were_not_ranked_add_nothing(seed):
    ranks = np.random.default_rng(seed).permutation(30)[None, :8] + 1.0
    u, total = (ranks - 0.5) / 30, np.array([30])
    holes = np.insert(u, [0, 4, 8], np.nan, axis=1)
    terms = split_walk(holes, total)
    np.testing.assert_array_equal(terms[~np.isnan(holes)], split_walk(u, total)[0])
    assert (terms[np.isnan(holes)] == 0).all()


@given(seed=st.integers(0, 10_000))
def test_loadings_are_the_first_axis_and_agree_with_the_signs(seed):
    z, signs = draw(seed, (25, 6)) - 8, np.random.default_rng(seed).choice([-1.0, 1.0], 6)
    weights = learn_loadings(z, signs)
    scores = z @ weights
    assert weights @ signs > 0
    assert scores @ scores == pytest.approx(1)
    values, vectors = np.linalg.eigh(z @ z.T)
    np.testing.assert_allclose(np.abs(vectors[:, -1] @ scores), 1, atol=1e-9)
    np.testing.assert_allclose(1 / np.linalg.norm(weights), np.sqrt(values[-1]))


def test_of_two_equal_directions_the_strongest_gene_decides():
    pattern = np.array([[1.0, -1.0], [2.0, -2.0], [-3.0, 3.0]])
    weights = learn_loadings(pattern, np.ones(2))
    assert weights[np.argmax(np.abs(weights))] > 0


@pytest.mark.parametrize("z", [np.zeros((4, 3)), np.full((4, 3), np.nan), np.empty((0, 3))])
def test_genes_that_do_not_vary_have_no_loading(z):
    assert learn_loadings(z, np.ones(3)).tolist() == [0, 0, 0]
