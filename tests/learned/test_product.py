"""The product of parts: positive where all are high, no jump, and split exactly over the genes."""

import numpy as np
import pytest

from itgstrat.learned.product import multiply_parts, split_product
from itgstrat.scoring import part_means

Z = np.random.default_rng(0).standard_normal((200, 7))
PARTS = np.array([0, 0, 1, 1, 1, 2, 2])


def test_the_product_is_positive_only_where_every_part_is_above_the_mean():
    means = part_means(Z, PARTS)
    product = multiply_parts(means)
    assert ((product > 0) == (means > 0).all(axis=1)).all()
    np.testing.assert_allclose(np.abs(product), np.abs(means).prod(axis=1))


def test_there_is_no_jump_where_a_part_crosses_the_mean():
    for other in (2.0, -2.0):
        around = multiply_parts(np.array([[-1e-9, other], [0.0, other], [1e-9, other]]))
        assert np.abs(around).max() < 1e-8


@pytest.mark.parametrize("missing", [0.0, 0.2])
def test_shares_of_genes_add_up_to_the_product_less_its_mean(missing):
    z = np.where(np.random.default_rng(1).random(Z.shape) < missing, np.nan, Z)
    product, mean = multiply_parts(part_means(z, PARTS)), np.linspace(-1, 1, len(z))
    known = ~np.isnan(product)
    assert known.sum() > 100
    shares = split_product(z, PARTS, mean)[known]
    np.testing.assert_allclose(shares.sum(axis=1), (product - mean)[known], rtol=0, atol=1e-12)
    assert (shares[np.isnan(z)[known]] == 0).all()


def test_a_part_without_genes_gives_no_product():
    z = Z.copy()
    z[3, 5:] = np.nan
    assert np.flatnonzero(np.isnan(multiply_parts(part_means(z, PARTS)))).tolist() == [3]
