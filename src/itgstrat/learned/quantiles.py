"""Quantiles of scores in a reference, and where a new value lies among them."""

import numpy as np
import numpy.typing as npt

from itgstrat.learned.references import LEAST_IN_BATCH

Floats = npt.NDArray[np.float64]


def learn_quantiles(scores: Floats, batch: npt.NDArray[np.str_], probabilities: Floats) -> Floats:
    """Take quantiles within each cohort and average them by its patients.

    Parameters
    ----------
    scores : ndarray of float64, shape (n_patients, n_scores)
        NaN is unknown.
    batch : ndarray of str, shape (n_patients,)
        Cohort of each patient; of those with fewer than 10 patients the larger ones stand in, or all together.
    probabilities : ndarray of float64, shape (n_quantiles,)
        Between 0 and 1.

    Returns
    -------
    ndarray of float64, shape (n_scores, n_quantiles)
        NaN where fewer than 10 patients have the score.
    """
    found = np.full((scores.shape[1], len(probabilities)), np.nan)
    for s, column in enumerate(scores.T):
        known = ~np.isnan(column)
        own = [column[known & (batch == name)] for name in np.unique(batch)]
        kept = [values for values in own if len(values) >= LEAST_IN_BATCH] or [column[known]]
        if sum(map(len, kept)) >= LEAST_IN_BATCH:
            by_batch = [np.quantile(values, probabilities) for values in kept]
            found[s] = np.average(by_batch, axis=0, weights=[len(values) for values in kept])
    return found


def place(values: Floats, quantiles: Floats, probabilities: Floats) -> Floats:
    """Place values in a distribution given by its quantiles: about the share of it that is lower.

    Parameters
    ----------
    values : ndarray of float64, shape (n_patients,)
        NaN is unknown.
    quantiles : ndarray of float64, shape (n_quantiles,)
        Rising; where several are equal, the lowest probability counts, so that a value that half of the reference
        shares is not high.
    probabilities : ndarray of float64, shape (n_quantiles,)
        Their probabilities.

    Returns
    -------
    ndarray of float64, shape (n_patients,)
        Between 0 and 1; NaN where the value is, or where the reference has no spread.

    Examples
    --------
    >>> place(np.array([0.0, 1.5, 9.0]), np.array([0.0, 1.0, 2.0]), np.array([0.0, 0.5, 1.0])).tolist()
    [0.0, 0.75, 1.0]
    """
    points, first = np.unique(quantiles, return_index=True)
    if len(points) < 2 or np.isnan(quantiles).any():
        return np.full(len(values), np.nan)
    positions: Floats = np.interp(values, points, probabilities[first], right=float(probabilities[-1]))
    return positions
