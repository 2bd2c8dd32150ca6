"""Cox regression on a few columns under many weightings at once: what calibration and its bootstrap need."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from itgstrat.outcome import Outcome

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class CoxFits:
    """Cox models of the same patients, one a weighting.

    Parameters
    ----------
    beta : ndarray of float64, shape (n_columns, n_weightings)
        Log hazard ratios; NaN where no maximum was found.
    hazard : ndarray of float64, shape (n_events, n_weightings)
        Steps of Breslow's baseline hazard, one an event.
    events : ndarray of int, shape (n_events,)
        The patient of each step.
    mean : ndarray of float64, shape (n_events, n_columns, n_weightings)
        Weighted mean of the columns among those at risk.
    """

    beta: Floats
    hazard: Floats
    events: Ints
    mean: Floats


def fit_weighted_cox(outcome: Outcome, features: Floats, weights: Floats, start: Floats) -> CoxFits:
    r"""Maximise the weighted partial likelihood within strata, ties by Breslow, by Newton's method.

    A patient may stand with several predictions, one a repetition, each with an equal share of the weight:

    .. math:: \ell(\beta) = \sum_{i: \delta_i = 1} w_i \Bigl( \bar x_i^\top \beta
              - \log \sum_{j: t_j \ge t_i} \frac{w_j}{R} \sum_r e^{x_{jr}^\top \beta} \Bigr)

    Parameters
    ----------
    outcome : Outcome
        Events, times and strata.
    features : ndarray of float64, shape (n_patients, n_repeats, n_columns)
        Columns, about standardised.
    weights : ndarray of float64, shape (n_patients, n_weightings)
        Weights of the patients, such as bootstrap counts.
    start : ndarray of float64, shape (n_columns,)
        Where to begin.

    Returns
    -------
    CoxFits
        One model a weighting.

    References
    ----------
    Breslow 1974, doi 10.2307/2529620
    """
    order, events, last, first = _risk_sets(outcome)
    x, counts = features[order], weights[order]
    n_columns = x.shape[2]
    rows, columns = np.triu_indices(n_columns)
    terms = np.concatenate([np.ones((*x.shape[:2], 1)), x, x[:, :, rows] * x[:, :, columns]], axis=2)
    terms = terms.transpose(0, 2, 1) / x.shape[1]
    own, died = x[events].mean(axis=1), counts[events]
    beta = np.repeat(start[:, None], counts.shape[1], axis=1)
    done = np.zeros(counts.shape[1], dtype=bool)
    for _ in range(25):
        sums = _sum_at_risk(terms, np.exp(np.clip(x @ beta, -50, 50)), counts, last, first)
        with np.errstate(invalid="ignore", divide="ignore"):
            mean, square = sums[:, 1 : n_columns + 1] / sums[:, :1], sums[:, n_columns + 1 :] / sums[:, :1]
        mean, square = np.nan_to_num(mean), np.nan_to_num(square)  # nobody at risk: the event has no weight either
        gradient = np.einsum("eb,ekb->bk", died, own[:, :, None] - mean)
        information = np.empty((counts.shape[1], n_columns, n_columns))
        within = np.einsum("eb,ekb->bk", died, square - mean[:, rows] * mean[:, columns])
        information[:, rows, columns] = information[:, columns, rows] = within
        step = np.einsum("bkl,bl->kb", np.linalg.pinv(information, hermitian=True), gradient)
        done = np.abs(step).max(axis=0) < 1e-8
        if done.all():
            break
        beta += np.clip(step, -2.0, 2.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        hazard = np.nan_to_num(died / sums[:, 0])
    return CoxFits(np.where(done, beta, np.nan), hazard, order[events], mean)


def _risk_sets(outcome: Outcome) -> tuple[Ints, Ints, Ints, Ints]:
    """Order by stratum and falling time; of each event its place, and the last and first place at risk then."""
    stratum = np.unique(outcome.stratum, return_inverse=True)[1]
    order = np.lexsort((-outcome.time_days, stratum))
    stratum, days = stratum[order], outcome.time_days[order]
    new = np.concatenate([np.flatnonzero((np.diff(stratum) != 0) | (np.diff(days) != 0)) + 1, [len(days)]])
    events = np.flatnonzero(outcome.event[order])
    last = new[np.searchsorted(new, events, side="right")] - 1
    return order, events, last, np.searchsorted(stratum, stratum[events])


def _sum_at_risk(terms: Floats, hazard: Floats, counts: Floats, last: Ints, first: Ints) -> Floats:
    """Sum over those at risk at each event; shape (n_events, n_terms, n_weightings)."""
    total = np.matmul(terms, hazard) * counts[:, None, :]
    starts = np.unique(first)
    for start, end in zip(starts, [*starts[1:], len(total)], strict=True):
        # stratum by stratum: a difference of sums over all would lose a stratum of low risk to rounding
        np.cumsum(total[start:end], axis=0, out=total[start:end])
    at_risk: Floats = total[last]
    return at_risk


def cluster_error(outcome: Outcome, features: Floats, fits: CoxFits, cluster: Ints) -> float:
    r"""Compute the robust standard error of a single log hazard ratio, with several rows a patient.

    From the score residuals :math:`r_i = \delta_i (x_i - \bar x(t_i)) - e^{x_i \beta} \sum_{t_k \le t_i}
    (x_i - \bar x(t_k))\, d\hat\Lambda_k`, summed within cluster.

    Parameters
    ----------
    outcome : Outcome
        Outcome of the rows, with the strata of the fit.
    features : ndarray of float64, shape (n_rows,)
        The column.
    fits : CoxFits
        The fit, with one weighting of ones.
    cluster : ndarray of int, shape (n_rows,)
        Patient of each row.

    Returns
    -------
    float
        Standard error; NaN where there is no fit.

    References
    ----------
    Lin 1989, doi 10.1080/01621459.1989.10478874
    """
    hazard, mean = fits.hazard[:, 0], fits.mean[:, 0, 0]
    residual = np.zeros(len(outcome))
    residual[fits.events] = features[fits.events] - mean
    information = 0.0
    relative = np.exp(np.clip(features * fits.beta[0, 0], -50, 50))
    for _, rows in outcome.by_stratum():
        steps = np.flatnonzero(np.isin(fits.events, rows))[::-1]  # fits go from the last time to the first
        at = np.searchsorted(outcome.time_days[fits.events[steps]], outcome.time_days[rows], side="right")
        cumulative = np.concatenate([[0.0], np.cumsum(hazard[steps])])[at]
        weighted = np.concatenate([[0.0], np.cumsum(hazard[steps] * mean[steps])])[at]
        squares = np.concatenate([[0.0], np.cumsum(hazard[steps] * mean[steps] ** 2)])[at]
        own, x = relative[rows], features[rows]
        residual[rows] -= own * (x * cumulative - weighted)
        information += float((own * (x**2 * cumulative - 2 * x * weighted + squares)).sum())
    summed = np.bincount(cluster, weights=residual)
    return float(np.sqrt((summed**2).sum()) / information) if information > 0 else float("nan")
