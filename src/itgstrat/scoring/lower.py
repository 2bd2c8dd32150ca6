"""The lower of several parts: a dimer needs both subunits, a joint activity both partners."""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def part_means(z: Floats, parts: npt.NDArray[np.intp]) -> Floats:
    """Average the measured genes of each part.

    Parameters
    ----------
    z : ndarray of float64, shape (n_patients, n_genes)
        Standardised gene values; NaN is not measured.
    parts : ndarray of int, shape (n_genes,)
        Part that each gene belongs to.

    Returns
    -------
    ndarray of float64, shape (n_patients, n_parts)
        Means, parts in rising order; NaN where no gene of a part was measured.

    Examples
    --------
    >>> part_means(np.array([[1.0, 3.0, -1.0]]), np.array([0, 0, 1])).min(axis=1)
    array([-1.])
    """
    means = []
    for part in np.unique(parts):
        own = z[:, parts == part]
        count = (~np.isnan(own)).sum(axis=1)
        total = np.where(np.isnan(own), 0.0, own).sum(axis=1)
        means.append(np.where(count > 0, total / np.maximum(count, 1), np.nan))
    return np.stack(means, axis=1)


def split_lower(z: Floats, parts: npt.NDArray[np.intp], mean: Floats) -> Floats:
    """Give (lowest part mean - reference mean) to the genes of the lowest part, in equal shares of the mean.

    Parameters
    ----------
    z : ndarray of float64, shape (n_patients, n_genes)
        Standardised gene values.
    parts : ndarray of int, shape (n_genes,)
        Part that each gene belongs to.
    mean : ndarray of float64, shape (n_patients,)
        Reference mean of the score.

    Returns
    -------
    ndarray of float64, shape (n_patients, n_genes)
        Shares; a row adds up to the lowest part mean minus `mean`.
    """
    means = part_means(z, parts)
    numbers = np.unique(parts)
    deciding = numbers[np.argmin(np.where(np.isnan(means), np.inf, means), axis=1)]
    present = (parts == deciding[:, None]) & ~np.isnan(z)
    count = np.maximum(present.sum(axis=1, keepdims=True), 1)
    return np.where(present, (np.where(present, z, 0.0) - mean[:, None]) / count, 0.0)
