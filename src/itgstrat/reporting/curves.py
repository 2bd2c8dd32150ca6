"""The numbers behind the survival figures: Kaplan-Meier curves, numbers at risk, log-rank test, follow-up."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.stats import chi2
from sksurv.compare import compare_survival
from sksurv.nonparametric import kaplan_meier_estimator
from sksurv.util import Surv

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Curve:
    """A Kaplan-Meier curve with pointwise 95% log-log limits; it starts at time 0 with survival 1.

    Parameters
    ----------
    time_days : ndarray of float64, shape (n_steps,)
        0 and every distinct time of an event or a censoring.
    survival, low, high : ndarray of float64, shape (n_steps,)
        Survival from each time on, and its limits.
    """

    time_days: Floats
    survival: Floats
    low: Floats
    high: Floats

    def at(self, time_days: Floats) -> Floats:
        """Read the curve at some times; NaN after the last patient left observation."""
        steps = np.searchsorted(self.time_days, time_days, side="right") - 1
        return np.where(time_days <= self.time_days[-1], self.survival[steps], np.nan)


def kaplan_meier(event: Bools, time_days: Floats) -> Curve:
    r"""Estimate survival, :math:`\hat S(t) = \prod_{t_i \le t} (1 - d_i / n_i)`.

    Parameters
    ----------
    event : ndarray of bool, shape (n_patients,)
        Whether the event was seen.
    time_days : ndarray of float64, shape (n_patients,)
        Time to event or censoring.

    Returns
    -------
    Curve
        The curve with its limits.

    Raises
    ------
    ValueError
        If there are no patients.

    References
    ----------
    Kaplan 1958, doi 10.2307/2281868; log-log limits: Kalbfleisch 2002, doi 10.1002/9781118032985

    Examples
    --------
    >>> kaplan_meier(np.array([True, False, True]), np.array([1.0, 2.0, 3.0])).survival.round(3).tolist()
    [1.0, 0.667, 0.667, 0.0]
    """
    times, survival, limits = kaplan_meier_estimator(event, time_days, conf_type="log-log")
    start = np.array([1.0])
    return Curve(
        np.concatenate([[0.0], times]),
        np.concatenate([start, survival]),
        np.concatenate([start, limits[0]]),
        np.concatenate([start, limits[1]]),
    )


def numbers_at_risk(time_days: Floats, at_days: Sequence[float] | Floats) -> npt.NDArray[np.intp]:
    """Count the patients still under observation just before some times.

    Parameters
    ----------
    time_days : ndarray of float64, shape (n_patients,)
        Time to event or censoring.
    at_days : sequence of float, shape (n_times,)
        Times asked for.

    Returns
    -------
    ndarray of int, shape (n_times,)
        Patients with a time equal to or beyond each.

    Examples
    --------
    >>> numbers_at_risk(np.array([1.0, 2.0, 2.0, 5.0]), [0, 2, 3, 6]).tolist()
    [4, 3, 1, 0]
    """
    return len(time_days) - np.searchsorted(np.sort(time_days), np.asarray(at_days, dtype=float), side="left")


def log_rank_p(
    event: Bools,
    time_days: Floats,
    group: npt.NDArray[np.str_],
    strata: npt.NDArray[np.str_] | None = None,
) -> float:
    r"""Test whether survival differs between groups, within strata if they are given.

    .. math:: \chi^2 = U^\top V^- U, \quad U = \sum_s (O_s - E_s), \quad V = \sum_s V_s

    Parameters
    ----------
    event : ndarray of bool, shape (n_patients,)
        Whether the event was seen.
    time_days : ndarray of float64, shape (n_patients,)
        Time to event or censoring.
    group : ndarray of str, shape (n_patients,)
        Groups to compare.
    strata : ndarray of str, shape (n_patients,), optional
        Patients are compared within a stratum only, such as their cohort.

    Returns
    -------
    float
        p-value; NaN where there is nothing to compare.

    References
    ----------
    Mantel 1966, PMID 5910392
    """
    names = np.unique(group)
    strata = np.full(len(event), "") if strata is None else strata
    score, covariance = np.zeros(len(names)), np.zeros((len(names), len(names)))
    for stratum in np.unique(strata):
        own = strata == stratum
        present = np.flatnonzero(np.isin(names, group[own]))
        if len(present) < 2 or not event[own].any():
            continue
        outcome: npt.NDArray[Any] = Surv.from_arrays(event[own], time_days[own])
        _, _, table, own_covariance = compare_survival(outcome, group[own], return_stats=True)
        score[present] += table["statistic"].to_numpy()
        covariance[np.ix_(present, present)] += own_covariance
    freedom = int(np.linalg.matrix_rank(covariance))
    if freedom == 0:
        return float("nan")
    return float(chi2.sf(score @ np.linalg.pinv(covariance, hermitian=True) @ score, freedom))


def median_follow_up(event: Bools, time_days: Floats) -> float:
    """Estimate the median follow-up by the reverse Kaplan-Meier method.

    Parameters
    ----------
    event : ndarray of bool, shape (n_patients,)
        Whether the event was seen.
    time_days : ndarray of float64, shape (n_patients,)
        Time to event or censoring.

    Returns
    -------
    float
        Days; NaN where fewer than half were, or would have been, censored.

    References
    ----------
    Schemper 1996, doi 10.1016/0197-2456(96)00075-X
    """
    if event.all():
        return float("nan")
    times, observed = kaplan_meier_estimator(event, time_days, reverse=True)
    half = np.flatnonzero(observed <= 0.5)
    return float(times[half[0]]) if len(half) else float("nan")


def shown_until(time_days: Floats, share: float = 0.05) -> float:
    """Choose where a survival figure ends: the last time at which enough patients are under observation.

    Parameters
    ----------
    time_days : ndarray of float64, shape (n_patients,)
        Time to event or censoring.
    share : float
        Share of all patients that is enough; a curve that rests on fewer says little.

    Returns
    -------
    float
        Days.

    References
    ----------
    Pocock 2002, doi 10.1016/S0140-6736(02)08594-X

    Examples
    --------
    >>> shown_until(np.arange(1.0, 101.0))
    96.0
    """
    needed = max(1, int(np.ceil(share * len(time_days))))
    return float(np.sort(time_days)[::-1][needed - 1])
