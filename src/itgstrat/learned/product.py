"""The product of several parts: joint activity that grows with every part, where all are above the training mean."""

import numpy as np
import numpy.typing as npt

from itgstrat.scoring import part_means

Floats = npt.NDArray[np.float64]


def multiply_parts(means: Floats) -> Floats:
    r"""Multiply the means of the parts, :math:`s \prod_p |m_p|`, with s = 1 where every part is above 0 and -1 else.

    The plain product would call two low parts as active as two high ones. This one is positive only where all
    parts are above the training mean, and has no jump: where a part crosses 0, so does the product.

    Parameters
    ----------
    means : ndarray of float64, shape (n_patients, n_parts)
        Mean standardised value of each part.

    Returns
    -------
    ndarray of float64, shape (n_patients,)
        NaN where a part is.

    Examples
    --------
    >>> multiply_parts(np.array([[2.0, 3.0], [-2.0, 3.0], [-2.0, -3.0]]))
    array([ 6., -6., -6.])
    """
    sign = np.where(means.min(axis=1) > 0, 1.0, -1.0)
    product: Floats = sign * np.abs(means).prod(axis=1)
    return product


def split_product(z: Floats, parts: npt.NDArray[np.intp], mean: Floats) -> Floats:
    """Give (product - reference mean) to the parts alike, and within a part to each gene what it adds to its mean.

    Parameters
    ----------
    z : ndarray of float64, shape (n_patients, n_genes)
        Standardised gene values; NaN is not measured.
    parts : ndarray of int, shape (n_genes,)
        Part that each gene belongs to.
    mean : ndarray of float64, shape (n_patients,)
        Reference mean of the score.

    Returns
    -------
    ndarray of float64, shape (n_patients, n_genes)
        Shares; a row adds up to the product minus `mean`.
    """
    means = part_means(z, parts)
    sign = np.where(means.min(axis=1) > 0, 1.0, -1.0) * np.sign(means).prod(axis=1)
    shares = np.zeros(z.shape)
    for number, part in enumerate(np.unique(parts)):
        mine = parts == part
        present = ~np.isnan(z[:, mine])
        others = sign * np.delete(means, number, axis=1).prod(axis=1)
        added = others[:, None] * np.where(present, z[:, mine], 0.0) - mean[:, None]
        count = np.maximum(present.sum(axis=1, keepdims=True), 1) * means.shape[1]
        shares[:, mine] = np.where(present, added / count, 0.0)
    return shares
