"""Ranks agree with scipy's, and only depend on which value is greater."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import rankdata

from itgstrat.scoring import rank_columns

# few distinct values, so that ties, zeros of both signs and missing values are common
VALUES = st.sampled_from([-2.5, -0.0, 0.0, 1.0, 1.5, 3e30, -np.inf, np.nan])
SHAPES = st.tuples(st.integers(1, 5), st.integers(1, 30))


@given(values=arrays(np.float32, SHAPES, elements=st.floats(width=32) | VALUES.map(np.float32).map(float)))
def test_ranks_equal_those_of_scipy(values):
    ranks, n_measured = rank_columns(values, np.arange(values.shape[1]))
    np.testing.assert_array_equal(ranks, rankdata(values, method="average", axis=1, nan_policy="omit"))
    np.testing.assert_array_equal(n_measured, (~np.isnan(values)).sum(axis=1))


@given(values=arrays(np.float64, SHAPES, elements=VALUES), seed=st.integers(0, 1000))
def test_the_order_of_the_genes_does_not_matter(values, seed):
    order = np.random.default_rng(seed).permutation(values.shape[1])
    everything = np.arange(values.shape[1])
    np.testing.assert_array_equal(
        rank_columns(values[:, order], everything)[0], rank_columns(values, everything)[0][:, order]
    )


def test_chosen_genes_are_ranked_among_all():
    values = np.random.default_rng(0).integers(0, 9, (4, 40)).astype(float)
    columns = np.array([39, 3, 3, 0])
    np.testing.assert_array_equal(rank_columns(values, columns)[0], rank_columns(values, np.arange(40))[0][:, columns])


def test_negative_zero_is_zero():
    assert rank_columns(np.array([[0.0, -0.0, -1.0]]), np.arange(3))[0].tolist() == [[2.5, 2.5, 1]]


def test_neighbours_in_float32_are_told_apart():
    one = np.float32(8)
    values = np.array([[one, np.nextafter(one, np.float32(9)), one]], np.float32)
    assert rank_columns(values, np.arange(3))[0].tolist() == [[1.5, 3, 1.5]]


@pytest.mark.parametrize("n_genes", [0, 3])
def test_a_patient_without_values_has_no_ranks(n_genes):
    ranks, n_measured = rank_columns(np.full((2, n_genes), np.nan), np.arange(n_genes))
    assert np.isnan(ranks).all()
    assert n_measured.tolist() == [0, 0]
