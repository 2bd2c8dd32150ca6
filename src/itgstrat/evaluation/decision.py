"""Net benefit on censored data: what treating by the model gains over treating all, none, or by clinical variables."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from itgstrat.outcome import Outcome

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]

#: Threshold probabilities at which a decision is judged.
THRESHOLDS = np.round(np.arange(0.02, 0.99, 0.02), 2)

#: Bootstrap samples for the interval of the gain over another model.
DECISION_DRAWS = 200


def net_benefit(
    outcome: Outcome, survival: Floats, horizon_days: float, thresholds: Floats, weights: Floats | None = None
) -> Floats:
    r"""Compute the net benefit of treating patients whose predicted risk reaches a threshold.

    .. math:: NB(p) = (1 - \hat S_+(t))\,\pi_+ - \hat S_+(t)\,\pi_+\, \frac{p}{1-p}

    with :math:`\pi_+` the share of patients whose risk :math:`1 - S_i(t)` is at least :math:`p`, and
    :math:`\hat S_+` their Kaplan-Meier survival.

    Parameters
    ----------
    outcome : Outcome
        Outcome.
    survival : ndarray of float64, shape (n_patients,)
        Predicted survival at the horizon; 0 for everybody gives treat all.
    horizon_days : float
        Horizon.
    thresholds : ndarray of float64, shape (n_thresholds,)
        Risks at which one would treat, between 0 and 1.
    weights : ndarray of float64, shape (n_patients, n_weightings), optional
        Bootstrap counts.

    Returns
    -------
    ndarray of float64, shape (n_thresholds,) or (n_thresholds, n_weightings)
        Net true positives a patient; NaN where the treated were not followed to the horizon, 0 where nobody is
        treated.

    References
    ----------
    Vickers 2008, doi 10.1186/1472-6947-8-53

    Examples
    --------
    >>> from itgstrat.outcome import make_outcome
    >>> outcome = make_outcome([1, 1, 0, 0], [1, 2, 9, 9])
    >>> net_benefit(outcome, np.array([0.2, 0.4, 0.6, 0.8]), 5.0, np.array([0.5]))
    array([0.5])
    """
    counts = np.ones((len(outcome), 1)) if weights is None else weights
    order = np.argsort(-outcome.time_days, kind="stable")
    days, counts, risk = outcome.time_days[order], counts[order], (1.0 - survival)[order]
    events = np.flatnonzero(outcome.event[order] & (days <= horizon_days))
    starts = np.flatnonzero(np.diff(days[events], prepend=np.inf))
    n_at_risk = len(days) - np.searchsorted(days[::-1], days[events][starts], side="left")
    followed = days >= horizon_days
    benefit = np.empty((len(thresholds), counts.shape[1]))
    for k, threshold in enumerate(thresholds):
        treated = counts * (risk >= threshold)[:, None]
        share = treated.sum(axis=0) / counts.sum(axis=0)
        alive = _kaplan_meier(treated, events, starts, n_at_risk)
        alive = np.where((treated[followed].sum(axis=0) > 0) | (alive < 1e-12), alive, np.nan)
        gained = share * (1.0 - alive) - share * alive * threshold / (1.0 - threshold)
        benefit[k] = np.where(share > 0, gained, 0.0)
    return benefit[:, 0] if weights is None else benefit


def _kaplan_meier(counts: Floats, events: Ints, starts: Ints, n_at_risk: Ints) -> Floats:
    """Survival of weighted patients, sorted by falling time, after these events; one a weighting."""
    if not len(events):
        return np.ones(counts.shape[1])
    died = np.add.reduceat(counts[events], starts, axis=0)
    at_risk = counts.cumsum(axis=0)[n_at_risk - 1]
    survival: Floats = np.prod(1.0 - died / np.maximum(at_risk, 1.0), axis=0)
    return survival


def decision_table(
    outcome: Outcome, survival: Mapping[str, Floats], horizon_days: float, weights: npt.NDArray[np.float32]
) -> list[dict[str, float]]:
    """Lay the net benefit of the model beside treating all, none, and by clinical variables alone.

    Parameters
    ----------
    outcome : Outcome
        Outcome.
    survival : mapping of str to ndarray of float64, shape (n_patients,)
        Predicted survival at the horizon by ``model`` and, where there is one, ``clinical``.
    horizon_days : float
        Horizon.
    weights : ndarray of float32, shape (n_patients, draws)
        Bootstrap counts; the first 200 draws are used.

    Returns
    -------
    list of dict
        One a threshold: threshold, all, none, model, clinical (where given), and gain, low and high: the model minus
        the clinical model (minus the better of all and none where there is no clinical model), with 95% limits.
    """
    drawn = np.concatenate([np.ones((len(outcome), 1)), weights[:, :DECISION_DRAWS]], axis=1).astype(float)
    nobody = np.zeros((len(THRESHOLDS), drawn.shape[1]))
    found = {"all": net_benefit(outcome, np.zeros(len(outcome)), horizon_days, THRESHOLDS, drawn), "none": nobody}
    found |= {name: net_benefit(outcome, own, horizon_days, THRESHOLDS, drawn) for name, own in survival.items()}
    other = found["clinical"] if "clinical" in found else np.maximum(found["all"], 0.0)
    gain = found["model"] - other
    table = []
    for k, threshold in enumerate(THRESHOLDS):
        known = gain[k, 1:][~np.isnan(gain[k, 1:])]
        low, high = np.percentile(known, [2.5, 97.5]) if len(known) else (np.nan, np.nan)
        row = {"threshold": float(threshold), **{name: float(own[k, 0]) for name, own in found.items()}}
        table.append({**row, "gain": float(gain[k, 0]), "low": float(low), "high": float(high)})
    return table
