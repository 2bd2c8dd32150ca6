"""Scores from standardised expression: combined z-score, weighted mean, PLAGE.

`z` is a gene's log2 expression minus its frozen reference mean, over its frozen reference SD.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def see_z(z: Floats, n_measured: Ints) -> Sequence[Floats]:
    """See the z-score."""
    return (z,)


def combine_z(sums: Sequence[Floats], size: Floats, n_measured: Ints) -> tuple[Sequence[Floats], Floats]:
    r"""Combine, :math:`\sum_g s_g z_g / \sqrt{k}` over the k genes measured."""
    return (1 / np.sqrt(np.maximum(size, 1)),), np.zeros(len(size))


def average_z(sums: Sequence[Floats], size: Floats, n_measured: Ints) -> tuple[Sequence[Floats], Floats]:
    r"""Average by weight, :math:`\sum_g w_g z_g / \sum_g |w_g|` over the genes measured."""
    return (1 / np.where(size > 0, size, 1.0),), np.zeros(len(size))


def add_up(sums: Sequence[Floats], size: Floats, n_measured: Ints) -> tuple[Sequence[Floats], Floats]:
    r"""Add up, :math:`\sum_g w_g z_g`; a gene that was not measured counts as the reference mean."""
    return (np.ones(len(size)),), np.zeros(len(size))
