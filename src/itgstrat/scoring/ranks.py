"""Ranks of genes within each patient, computed for the genes that are needed only."""

import numpy as np
import numpy.typing as npt


def rank_columns(
    expression: npt.NDArray[np.floating], columns: npt.NDArray[np.intp]
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
    ranks = np.empty((len(expression), len(columns)))
    n_measured = np.zeros(len(expression), dtype=np.int64)
    ordered = np.empty(expression.shape[1], dtype=expression.dtype)
    for row, values in enumerate(expression):
        ordered[:] = values
        ordered.sort()  # NaN goes last
        wanted = values.take(columns)
        by_size = wanted.argsort()  # near questions find near answers: the cache is kept
        asked = wanted.take(by_size)
        known = _measured(ordered)
        looked_up = _look_up(ordered[:known], asked[: _measured(asked)])
        ranks[row, by_size[: len(looked_up)]] = looked_up
        ranks[row, by_size[len(looked_up) :]] = np.nan
        n_measured[row] = known
    return ranks, n_measured


def _measured(ordered: npt.NDArray[np.floating]) -> int:
    """Count the numbers in a sorted row, where NaN stands last."""
    if not len(ordered) or not np.isnan(ordered[-1]):
        return len(ordered)
    return int(np.searchsorted(ordered, np.nan))


def _look_up(ordered: npt.NDArray[np.floating], asked: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """Average ranks, in a sorted row, of sorted values that it holds; each value is looked up once."""
    new = np.empty(len(asked), dtype=bool)
    new[:1] = True
    np.not_equal(asked[1:], asked[:-1], out=new[1:])
    first = np.flatnonzero(new)
    values = asked[first]
    below = np.searchsorted(ordered, values, side="left")
    ranks = below + 1.0
    tied = np.flatnonzero(ordered[np.minimum(below + 1, len(ordered) - 1)] == values)
    ranks[tied] = (below[tied] + np.searchsorted(ordered, values[tied], side="right") + 1) / 2
    return np.repeat(ranks, np.diff(first, append=len(asked)))


def place_rows(expression: npt.NDArray[np.floating]) -> npt.NDArray[np.int64]:
    """Place every gene from below as R GSVA does: tied genes in the order of the file, the first one highest.

    Parameters
    ----------
    expression : ndarray of float, shape (n_patients, n_genes)
        Expression without missing values.

    Returns
    -------
    ndarray of int64, shape (n_patients, n_genes)
        Places from 1 (lowest) to the number of genes, all different.

    Examples
    --------
    >>> place_rows(np.array([[3.0, 1.0, 1.0, 2.0]]))
    array([[4, 2, 1, 3]])
    """
    n_genes = expression.shape[1]
    order = np.argsort(-(expression + 0.0), axis=1, kind="stable")
    places = np.empty(expression.shape, dtype=np.int64)
    np.put_along_axis(places, order, np.arange(n_genes, 0, -1)[None, :], axis=1)
    return places
