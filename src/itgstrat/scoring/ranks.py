"""Ranks of genes within each patient, computed for the genes that are needed only."""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating]


def rank_columns(
    expression: Floats, columns: npt.NDArray[np.intp]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    r"""Rank chosen genes among all genes of the same patient.

    Ties get the average of their ranks, so the order of the genes in the file does not matter; -0.0 equals
    0.0. Each row is sorted once and only the chosen genes are looked up in it.

    .. math:: r_g = \tfrac12\bigl(\#\{h: x_h < x_g\} + \#\{h: x_h \le x_g\} + 1\bigr)

    Parameters
    ----------
    expression : ndarray of float, shape (n_patients, n_genes)
        Expression in any unit; NaN is not measured and takes no rank.
    columns : ndarray of int, shape (n_columns,)
        Genes whose ranks are wanted.

    Returns
    -------
    ranks : ndarray of float64, shape (n_patients, n_columns)
        Average ranks from 1 to the number of measured genes; NaN where not measured.
    n_measured : ndarray of int64, shape (n_patients,)
        Genes measured in each patient.

    Examples
    --------
    >>> rank_columns(np.array([[3.0, 1.0, 1.0, 2.0]]), np.arange(4))[0]
    array([[4. , 1.5, 1.5, 3. ]])
    """
    ranks = np.full((len(expression), len(columns)), np.nan)
    n_measured = np.zeros(len(expression), dtype=np.int64)
    for row, values in enumerate(expression):
        ordered = np.sort(values)  # NaN goes last
        count = np.searchsorted(ordered, np.nan) if np.isnan(ordered[-1:]).any() else len(ordered)
        wanted = values[columns]
        below = np.searchsorted(ordered[:count], wanted, side="left")
        up_to = np.searchsorted(ordered[:count], wanted, side="right")
        ranks[row] = np.where(np.isnan(wanted), np.nan, (below + up_to + 1) / 2)
        n_measured[row] = count
    return ranks, n_measured
