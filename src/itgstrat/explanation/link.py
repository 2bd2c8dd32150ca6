"""From contributions to a risk to contributions to what is computed from it: survival, or calibrated log odds."""

from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from functools import partial

import numpy as np
import numpy.typing as npt

from itgstrat.learned import AcceleratedModel, LinearModel, ProportionalHazards, RecalibratedModel, SurvivalModel
from itgstrat.learned.recalibrated import NEAREST
from itgstrat.learned.response import LogisticModel, ResponseModel

Floats = npt.NDArray[np.float64]
Link = Callable[[Floats], Floats]

#: Distance below which a mean slope is taken over a window instead, where the quotient would be rounding only.
_CLOSE, _WINDOW = 1e-8, 5e-5


def mean_slope(function: Link, start: Floats, stop: Floats) -> Floats:
    r"""Compute the mean slope of a function between two points, (f(b) - f(a)) / (b - a).

    Times the contributions to the argument it gives contributions to the function: for a straight line from start
    to stop these are the Aumann-Shapley values, and the rescale rule of DeepLIFT and G-DeepSHAP. Between points
    closer than 1e-8 it is the slope around them.

    Parameters
    ----------
    function : callable
        Row by row.
    start, stop : ndarray of float64
        The points, of the shape that the function takes.

    Returns
    -------
    ndarray of float64
        Of the shape that the function gives.

    References
    ----------
    Aumann 1974, Values of Non-Atomic Games; Chen 2022, doi 10.1038/s41467-022-31384-3

    Examples
    --------
    >>> mean_slope(np.square, np.array([[0.0], [1.0]]), np.array([[3.0], [1.0]])).round(6).tolist()
    [[3.0], [2.0]]
    """
    close, middle = np.abs(stop - start) < _CLOSE, (start + stop) / 2
    low, high = np.where(close, middle - _WINDOW, start), np.where(close, middle + _WINDOW, stop)
    slope: Floats = (function(high) - function(low)) / (high - low)
    return slope


def survival_of_risk(
    model: SurvivalModel, times_days: Sequence[float] | Floats, strata: npt.NDArray[np.str_] | None
) -> Link | None:
    """Give survival as a function of the risk alone.

    Parameters
    ----------
    model : SurvivalModel
        Proportional hazards or accelerated failure times, recalibrated or not.
    times_days : sequence of float, shape (n_times,)
        Times in days.
    strata : ndarray of str, shape (n_patients,), optional
        Baseline stratum of each patient.

    Returns
    -------
    callable or None
        From risks, shape (n_patients, 1), to survival, shape (n_patients, n_times); None for a model whose survival
        is no function of its risk, such as a forest.
    """
    alone = _of_one_feature(model.inner if isinstance(model, RecalibratedModel) else model)
    if alone is None:
        return None
    told = replace(model, inner=alone) if isinstance(model, RecalibratedModel) else alone
    return lambda risk: told.survival(risk, times_days, strata)


def _of_one_feature(model: SurvivalModel) -> SurvivalModel | None:
    """Put the risk itself in the place of the features."""
    if isinstance(model, ProportionalHazards):
        baseline = {item.name: getattr(model, item.name) for item in fields(ProportionalHazards)}
        return LinearModel(**baseline, features=np.array(["risk"]), coef=np.ones(1), center=np.zeros(1))
    if isinstance(model, AcceleratedModel):
        return replace(model, features=np.array(["risk"]), coef=np.ones(1), center=np.zeros(1))
    return None


def log_odds_of_score(model: ResponseModel) -> Link:
    """Give the calibrated log odds as a function of the score, both of shape (n_patients, 1).

    Parameters
    ----------
    model : ResponseModel
        The model.

    Returns
    -------
    callable
        The calibration map.
    """
    calibration = {item.name: getattr(model, item.name) for item in fields(ResponseModel)}
    calibration["features"] = np.array(["score"])
    alone = LogisticModel(**calibration, coef=np.ones(1), center=np.zeros(1), offset=0.0)
    return lambda score: alone.log_odds(score)[:, None]


def recalibrate_slopes(model: RecalibratedModel, start: Floats, stop: Floats) -> tuple[Floats, Floats, Floats]:
    """Split a recalibrated survival over its two arguments, survival at the time itself and at the time t*.

    For a model whose survival is no function of its risk. Each argument gets the mean of what its change does
    before and after the other's, so that both together are the whole change.

    Parameters
    ----------
    model : RecalibratedModel
        The model.
    start, stop : ndarray of float64, shape (n_patients, n_times + 1)
        Survival before recalibration, of the base and of the patients, at the times and last at t*.

    Returns
    -------
    ndarray of float64, shape (n_patients, n_times), three times
        Recalibrated survival of the base, and the mean slopes in the two arguments.
    """

    def told(survival: Floats, at_star: Floats) -> Floats:
        position = np.log(-np.log(np.clip(at_star, NEAREST, 1 - NEAREST)))
        factor = np.exp(model.intercept + (model.slope - 1) * (position - model.center))
        put_right: Floats = np.clip(survival, 0.0, 1.0) ** factor
        return put_right

    (first, first_star), (last, last_star) = ((both[:, :-1], both[:, -1:]) for both in (start, stop))
    own = [mean_slope(partial(told, at_star=at), first, last) for at in (first_star, last_star)]
    star = [mean_slope(partial(told, survival), first_star, last_star) for survival in (first, last)]
    return told(first, first_star), (own[0] + own[1]) / 2, (star[0] + star[1]) / 2
