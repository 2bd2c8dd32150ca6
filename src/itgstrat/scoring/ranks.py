"""Ranks of genes within each patient, computed for the genes that are needed only."""

import numpy as np
import numpy.typing as npt

#: Bins that a row's range is cut into, steps within a bin before a binary search is cheaper, and the share of the genes
#: (1 in so many) below which bins are not worth their making (20,000 genes, 1,000 asked: 65 us, and 45 by search).
_BINS, _TRIES, _FEW = 2**16, 4, 16


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
        asked = values.take(columns)
        known = n_measured[row] = _measured(ordered)
        if known == len(ordered):
            ranks[row] = _look_up(ordered, asked)
        else:
            seen = ~np.isnan(asked)
            ranks[row] = np.nan
            ranks[row, seen] = _look_up(ordered[:known], asked[seen])
    return ranks, n_measured


def _measured(ordered: npt.NDArray[np.floating]) -> int:
    """Count the numbers in a sorted row, where NaN stands last."""
    if not len(ordered) or not np.isnan(ordered[-1]):
        return len(ordered)
    return int(np.searchsorted(ordered, np.nan))


def _look_up(ordered: npt.NDArray[np.floating], asked: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """Average ranks, in a sorted row, of values that it holds."""
    if not len(asked):
        return np.empty(0)
    below = _find_first(ordered, asked)
    ranks: npt.NDArray[np.float64] = below.astype(np.float64) + 1.0
    tied = np.flatnonzero(ordered.take(below + 1, mode="clip") == asked)
    above = tied[below[tied] > 0]  # most ties stand at the lowest value, which is looked for once
    through = np.full(len(ranks), np.searchsorted(ordered, ordered[0], side="right"))
    through[above] = np.searchsorted(ordered, asked[above], side="right")
    ranks[tied] = (below[tied] + through[tied] + 1) / 2
    return ranks


def _find_first(ordered: npt.NDArray[np.floating], asked: npt.NDArray[np.floating]) -> npt.NDArray[np.intp]:
    """Find where each value stands first in a sorted row that holds it.

    Values are thrown into equal bins by their size; a value stands where its bin begins or a few places on. That is
    half the work of a binary search, whose every step is a guess to the processor.
    """
    if len(asked) * _FEW < len(ordered):
        return _search(ordered, asked)
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        scale = ordered.dtype.type(_BINS) / (ordered[-1] - ordered[0])
    if not 0 < scale < np.inf:  # all equal, or an infinite value
        return _search(ordered, asked)
    begins = np.empty(_BINS + 2, dtype=np.intp)  # what is not written is not read: a bin that is asked for is not empty
    backwards = ((ordered - ordered[0]) * scale).astype(np.intp)[::-1]
    begins[backwards] = np.arange(len(ordered) - 1, -1, -1)  # the last to write is the first of its bin
    found: npt.NDArray[np.intp] = begins[((asked - ordered[0]) * scale).astype(np.intp)]
    later = np.flatnonzero(ordered[found] < asked)
    for _ in range(_TRIES if len(later) < len(asked) / 2 else 0):
        found[later] += 1
        later = later[ordered[found[later]] < asked[later]]
    found[later] = _search(ordered, asked[later])  # bins are crowded where a few values are far from the others
    return found


def _search(ordered: npt.NDArray[np.floating], asked: npt.NDArray[np.floating]) -> npt.NDArray[np.intp]:
    """Search by halves, in rising order: near questions find near answers, and the cache is kept."""
    found = np.empty(len(asked), dtype=np.intp)
    by_size = asked.argsort()
    found[by_size] = np.searchsorted(ordered, asked[by_size])
    return found


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
