"""Calibration of predicted survival: whether as many patients fail as the model says, on the whole and everywhere."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import chi2

from itgstrat.evaluation.interval import Interval, from_draws, from_error
from itgstrat.evaluation.metrics import observed_weights, survival_at
from itgstrat.evaluation.weak_calibration import regress_calibration, transform
from itgstrat.evaluation.weighted_cox import cluster_error, fit_weighted_cox
from itgstrat.outcome import Outcome

Floats = npt.NDArray[np.float64]

#: Equal bins of predicted survival for D-calibration, as Haider 2020 takes them.
BINS = 10


def observed_expected(
    outcome: Outcome, survival: Floats, horizon_days: float, weights: npt.NDArray[np.float32]
) -> Interval:
    r"""Compute observed over expected events by a horizon: calibration in the large.

    .. math:: \frac{\sum_i 1(t_i \le t, \delta_i = 1) / \hat G(t_i-)}{\sum_i (1 - S_i(t))}

    The numerator is that of the Kaplan-Meier estimate, summed over strata (Satten 2001).

    Parameters
    ----------
    outcome : Outcome
        Outcome with strata.
    survival : ndarray of float64, shape (n_repeats, n_patients)
        Predicted survival at the horizon.
    horizon_days : float
        Horizon, within follow-up.
    weights : ndarray of float32, shape (n_patients, draws)
        Bootstrap counts.

    Returns
    -------
    Interval
        1 is perfect; above 1 more patients fail than predicted.

    References
    ----------
    Satten 2001, doi 10.1198/000313001317098185; McLernon 2023, doi 10.7326/M22-0844
    """
    died = outcome.event & (outcome.time_days <= horizon_days)
    observed = observed_weights(outcome, np.array([horizon_days]))[:, 0] * died
    expected = (1.0 - survival).mean(axis=0)
    drawn = weights.astype(float)
    with np.errstate(invalid="ignore", divide="ignore"):
        return from_draws(observed.sum() / expected.sum(), (observed @ drawn) / (expected @ drawn))


def horizon_recalibration(outcome: Outcome, survival: Floats, horizon_days: float) -> tuple[Interval, Interval]:
    r"""Estimate calibration intercept and slope at a horizon, on the complementary log-log scale.

    Regression of the event by the horizon on :math:`\log(-\log S_i(t))`, weighted by the inverse probability of
    having been observed; see `regress_calibration`.

    Parameters
    ----------
    outcome : Outcome
        Outcome with strata.
    survival : ndarray of float64, shape (n_repeats, n_patients)
        Predicted survival at the horizon.
    horizon_days : float
        Horizon, within follow-up.

    Returns
    -------
    intercept, slope : Interval
        0 and 1 are perfect; robust limits, clustered by patient, the weights taken as known.

    References
    ----------
    van Houwelingen 2000, doi 10.1002/1097-0258(20001230)19:24<3401::AID-SIM554>3.0.CO;2-2
    """
    died = outcome.event & (outcome.time_days <= horizon_days)
    weights = observed_weights(outcome, np.array([horizon_days]))[:, 0]
    return regress_calibration(died, 1.0 - survival, "cloglog", weights)


def overall_slope(outcome: Outcome, survival: Floats, groups: npt.NDArray[np.intp]) -> Interval:
    r"""Estimate the calibration slope over all of follow-up: Cox regression on the log cumulative hazard.

    The one column is :math:`\log(-\log S_i(\tau))` at the last evaluation time, which for a proportional hazards
    model is its linear predictor. Baseline hazards are free for each cohort, fold and repetition, so that only the
    spread of predictions made by one model counts.

    Parameters
    ----------
    outcome : Outcome
        Outcome with strata.
    survival : ndarray of float64, shape (n_repeats, n_patients)
        Predicted survival at the last evaluation time.
    groups : ndarray of int, shape (n_repeats, n_patients)
        Fold whose model judged each patient.

    Returns
    -------
    Interval
        1 is perfect, below 1 the predictions are too far apart; limits from the robust standard error, clustered
        by patient. NaN where predictions do not differ or separate early from late events.

    References
    ----------
    van Houwelingen 2000, doi 10.1002/1097-0258(20001230)19:24<3401::AID-SIM554>3.0.CO;2-2
    """
    repeats, n = survival.shape
    score = transform(1.0 - survival, "cloglog").ravel()
    stratum = np.unique(outcome.stratum, return_inverse=True)[1]
    labels = [f"{r}:{g}:{s}" for r in range(repeats) for g, s in zip(groups[r], stratum, strict=True)]
    rows = Outcome(np.tile(outcome.event, repeats), np.tile(outcome.time_days, repeats), np.array(labels))
    spread = float(score.std())
    if spread < 1e-8:
        return Interval(np.nan, np.nan, np.nan)
    scaled = (score - score.mean()) / spread
    fits = fit_weighted_cox(rows, scaled[:, None, None], np.ones((len(rows), 1)), np.array([spread]))
    error = cluster_error(rows, scaled, fits, np.tile(np.arange(n), repeats))
    return from_error(fits.beta[0, 0] / spread, error / spread)


@dataclass(frozen=True)
class DCalibration:
    """Whether predicted survival at each patient's own time is spread evenly between 0 and 1.

    Parameters
    ----------
    shares : tuple of float
        Share of the patients in each of ten bins, from low to high survival; each is 0.1 where the model is right.
    p_value : float
        Of the chi-squared test of evenness with 9 degrees of freedom.
    """

    shares: tuple[float, ...]
    p_value: float


def d_calibration(outcome: Outcome, survival: Floats, times_days: Floats) -> DCalibration:
    r"""Test whether the whole predicted distribution is right (D-calibration).

    A patient with an event counts in the bin of :math:`S_i(t_i)`; one censored at :math:`c = S_i(t_i)` is spread
    evenly over :math:`(0, c)`. Follow-up is cut at the last evaluation time; between the times the cumulative
    hazard is taken as straight.

    Parameters
    ----------
    outcome : Outcome
        Outcome.
    survival : ndarray of float64, shape (n_repeats, n_patients, n_times)
        Predicted survival.
    times_days : ndarray of float64, shape (n_times,)
        Rising times.

    Returns
    -------
    DCalibration
        Shares, the mean over repetitions, and the p-value, which is too large under much censoring: what is spread
        evenly cannot be uneven.

    References
    ----------
    Haider 2020, https://jmlr.org/papers/v21/18-772.html
    """
    happened = outcome.event & (outcome.time_days <= times_days[-1])
    own = own_survival(outcome.time_days, survival, times_days)
    edges = np.linspace(0, 1, BINS + 1)
    inside = (own[..., None] >= edges[:-1]) & ((own[..., None] < edges[1:]) | (edges[1:] == 1))
    within = np.clip(own[..., None], edges[:-1], edges[1:]) - edges[:-1]
    spread = within / np.maximum(own, 1e-300)[..., None]
    counts = np.where(happened[:, None], inside, spread).mean(axis=0).sum(axis=0)
    statistic = ((counts - len(outcome) / BINS) ** 2).sum() / (len(outcome) / BINS)
    return DCalibration(tuple((counts / len(outcome)).tolist()), float(chi2.sf(statistic, BINS - 1)))


def own_survival(own_days: Floats, survival: Floats, times_days: Floats) -> Floats:
    """Read each patient's predicted survival at their own time, or at the last time where that is earlier.

    Parameters
    ----------
    own_days : ndarray of float64, shape (n_patients,)
        Time of each patient.
    survival : ndarray of float64, shape (n_repeats, n_patients, n_times)
        Predicted survival.
    times_days : ndarray of float64, shape (n_times,)
        Rising times; survival at 0 is 1, and the cumulative hazard is straight between times.

    Returns
    -------
    ndarray of float64, shape (n_repeats, n_patients)
        Survival.

    Examples
    --------
    >>> survival = np.exp(-np.array([[[0.1, 0.2]]]))
    >>> -np.log(own_survival(np.array([15.0]), survival, np.array([10.0, 20.0]))).round(3)
    array([[0.15]])
    """
    days = np.minimum(own_days, times_days[-1])
    hazard = -np.log(np.maximum(survival, 1e-300))
    hazard = np.concatenate([np.zeros((*hazard.shape[:2], 1)), hazard], axis=2)
    times = np.concatenate([[0.0], times_days])
    after = np.clip(np.searchsorted(times, days, side="left"), 1, len(times) - 1)
    share = (days - times[after - 1]) / (times[after] - times[after - 1])
    patients = np.arange(len(days))
    low, high = hazard[:, patients, after - 1], hazard[:, patients, after]
    read: Floats = np.exp(-(low + share * (high - low)))
    return read


def calibration_table(
    outcome: Outcome, survival: Floats, horizon_days: float, groups: int = 5
) -> list[dict[str, float]]:
    """Compare predicted with observed survival at a horizon, in groups of equal size.

    Parameters
    ----------
    outcome : Outcome
        Outcome.
    survival : ndarray of float64, shape (n_patients,)
        Predicted survival at the horizon; NaN is left out.
    horizon_days : float
        Horizon.
    groups : int
        Number of groups, by predicted survival.

    Returns
    -------
    list of dict
        patients, events, predicted (mean), observed (Kaplan-Meier), low and high (95% log-log limits); the last
        three are NaN in a group that was not followed to the horizon. Empty where no prediction is known.
    """
    usable = np.flatnonzero(~np.isnan(survival))
    table = []
    for rows in np.array_split(usable[np.argsort(survival[usable], kind="stable")], groups):
        if not len(rows):
            continue
        observed, low, high = survival_at(outcome[rows], horizon_days)
        table.append(
            {
                "patients": float(len(rows)),
                "events": float((outcome.event[rows] & (outcome.time_days[rows] <= horizon_days)).sum()),
                "predicted": float(survival[rows].mean()),
                "observed": observed,
                "low": low,
                "high": high,
            }
        )
    return table
