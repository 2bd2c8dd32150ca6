"""GSVA: gene densities against a reference cohort, and the random walk over their ranks (Hanzelmann 2013)."""

import math
from functools import cache

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

#: R GSVA's table of the normal distribution: this many steps, up to this many bandwidths.
_STEPS, _FURTHEST = 10_000, 10.0

#: Numbers, and patients, worked on at a time: the arrays stay in the cache.
_AT_ONCE, _ROWS = 2**15, 16


def estimate_density(expression: npt.NDArray[np.floating], reference: npt.NDArray[np.floating]) -> Floats:
    r"""Place each value in its gene's distribution over reference patients, on the logit scale.

    The cumulative density is a mean of Gaussian kernels, one a reference patient, each as wide as a quarter of the
    gene's standard deviation there:

    .. math:: F_g(x) = \frac1n \sum_{i=1}^n \Phi\Bigl(\frac{x - x_{ig}}{s_g / 4}\Bigr), \quad
        d = -\log \frac{1 - F}{F}

    The order of operations, and the normal distribution read from a table of 10,000 steps, are R GSVA's, so that
    its near ties fall the same way. Work is patients x reference patients x genes: scoring a cohort against
    itself costs the square of its size.

    Parameters
    ----------
    expression : ndarray of float, shape (n_patients, n_genes)
        Log2 expression; NaN is not measured.
    reference : ndarray of float, shape (n_reference, n_genes)
        Values of reference patients; those of each gene may stand in any order. NaN and infinity are left out.

    Returns
    -------
    ndarray of float64, shape (n_patients, n_genes)
        Density; minus or plus infinity beyond all reference values, NaN where not measured and for genes that are
        constant, or seen fewer than twice, in the reference.

    References
    ----------
    Hanzelmann 2013, doi 10.1186/1471-2105-14-7

    Examples
    --------
    >>> estimate_density(np.array([[1.0], [9.0]]), np.array([[1.0], [2.0], [3.0]])).round(3)
    array([[-1.609],
           [   inf]])
    """
    density = np.empty(expression.shape)
    at_once = max(1, min(_ROWS, len(expression)))
    for genes in _cut(expression.shape[1], _AT_ONCE // at_once):
        centres, width, count = _learn_kernels(reference[:, genes])
        for rows in _cut(len(expression), at_once):
            values = expression[rows, genes].astype(np.float64)
            total = _add_kernels(np.nan_to_num(values), centres, np.where(width > 0, width, 1.0))
            known = ~np.isnan(values) & (width > 0)
            density[rows, genes] = np.where(known, _logit(total / np.maximum(count, 1)), np.nan)
    return density


def _learn_kernels(reference: npt.NDArray[np.floating]) -> tuple[Floats, Floats, Ints]:
    """Centres, of which an infinite one adds nothing; width, 0 where there is none; number of kernels."""
    seen = np.isfinite(reference)
    known = np.where(seen, reference, 0.0).astype(np.float64)
    count = seen.sum(axis=0)
    mean = known.sum(axis=0) / np.maximum(count, 1)
    squares = (np.where(seen, known - mean, 0.0) ** 2).sum(axis=0)
    width = np.sqrt(squares / np.maximum(count - 1, 1)) / 4.0
    constant = width <= 1e-12 * np.maximum(1.0, np.abs(mean))
    return np.where(seen, known, np.inf), np.where(constant, 0.0, width), count


def _cut(length: int, step: int) -> list[slice]:
    return [slice(start, min(start + step, length)) for start in range(0, length, step)]


def _add_kernels(values: Floats, centres: Floats, width: Floats) -> Floats:
    """Sum the kernels over the reference patients, one after the other as R does."""
    table = _normal_table()
    total, distance, term = np.zeros(values.shape), np.empty(values.shape), np.empty(values.shape)
    step = np.empty(values.shape, dtype=np.intp)
    for centre in centres:
        np.subtract(values, centre, out=distance)
        distance /= width
        distance /= _FURTHEST
        np.clip(distance, -1.0, 1.0, out=distance)
        distance *= _STEPS
        np.copyto(step, distance, casting="unsafe")  # towards 0, from both sides
        step += _STEPS
        np.take(table, step, out=term, mode="clip")  # other modes copy
        total += term
    return total


@cache
def _normal_table() -> Floats:
    """Normal distribution at -10, -9.999 ... 10; the lower half is 1 minus the upper, as R GSVA has it."""
    upper = np.array([0.5 * math.erfc(-step * _FURTHEST / _STEPS / math.sqrt(2)) for step in range(_STEPS + 1)])
    return np.concatenate([1.0 - upper[:0:-1], upper])


def _logit(share: Floats) -> Floats:
    with np.errstate(divide="ignore"):
        logit: Floats = -np.log((1.0 - share) / share)
    return logit


def split_walk(u: Floats, n_ranked: Ints) -> Floats:
    r"""Split GSVA's score of one gene set, all of one direction, over its genes.

    Down the list of N genes, from the densest, the walk rises at a gene of the set by its share of
    :math:`\sum_S |r - N/2|`, r its rank from below, and falls by 1 / (N - k) at any other. The score is its highest
    point plus its lowest (`mx.diff=TRUE`, `tau=1`). Both lie at genes of the set, so the others need not be looked
    at: a gene adds its own rise minus the fall since the gene of the set before it, once for each of the two points
    that it comes before. Genes of one rank share a place: half of the tied others are passed before them.

    Parameters
    ----------
    u : ndarray of float64, shape (n_patients, n_set_genes)
        Rank fraction (rank - 1/2) / N of each gene's density; NaN is not ranked.
    n_ranked : ndarray of int64, shape (n_patients,)
        N, the genes ranked in each patient.

    Returns
    -------
    ndarray of float64, shape (n_patients, n_set_genes)
        What each gene adds, 0 where it was not ranked; a row adds up to the score. NaN where the set is all that
        was ranked.

    Examples
    --------
    >>> split_walk((np.array([[4.0, 3.0]]) - 0.5) / 4, np.array([4]))
    array([[0.66666667, 0.33333333]])
    """
    size, total = (~np.isnan(u)).sum(axis=1)[:, None], n_ranked[:, None]
    place = np.where(np.isnan(u), np.inf, np.rint(2 * (total - u * total)) / 2 + 0.5)  # 1 is the highest
    order = np.argsort(place, axis=1, kind="stable")
    place = np.take_along_axis(place, order, axis=1)
    inside = np.isfinite(place)
    weight = np.where(inside, np.abs(total - np.where(inside, place, 0.0) + 1 - total / 2), 0.0)
    whole = weight.sum(axis=1, keepdims=True)
    rise = np.where(whole > 0, weight / np.where(whole > 0, whole, 1.0), inside / np.maximum(size, 1))
    others = np.where(inside, place - _place_within(place), 0.0)
    fallen = others / np.maximum(total - size, 1)
    after = np.cumsum(rise, axis=1) - fallen
    highest = np.argmax(np.where(inside, after, -np.inf), axis=1)[:, None]
    lowest = np.argmin(np.where(inside, after - rise, np.inf), axis=1)[:, None]
    column = np.arange(u.shape[1])
    fall = np.diff(fallen, axis=1, prepend=0.0)
    to_highest, to_lowest = column <= highest, column <= lowest
    added = rise * (to_highest.astype(float) + (column < lowest)) - fall * (to_highest.astype(float) + to_lowest)
    added = np.where(inside & (size < total), added, np.where(inside, np.nan, 0.0))
    terms = np.empty(u.shape)
    np.put_along_axis(terms, order, added, axis=1)
    return terms


def _place_within(place: Floats) -> Floats:
    """Average rank of each place within its sorted row."""
    column = np.broadcast_to(np.arange(place.shape[1]), place.shape)
    new = np.ones(place.shape, dtype=bool)
    new[:, 1:] = place[:, 1:] != place[:, :-1]
    last = np.ones(place.shape, dtype=bool)
    last[:, :-1] = new[:, 1:]
    first = np.maximum.accumulate(np.where(new, column, 0), axis=1)
    final = np.minimum.accumulate(np.where(last, column, place.shape[1])[:, ::-1], axis=1)[:, ::-1]
    within: Floats = (first + final) / 2 + 1.0
    return within
