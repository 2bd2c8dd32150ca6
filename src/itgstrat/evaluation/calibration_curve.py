"""The smooth calibration curve, and how far it lies from the diagonal: ICI, E50 and E90; of survival, or of a label."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from itgstrat.evaluation.interval import Interval, from_draws
from itgstrat.evaluation.weak_calibration import transform
from itgstrat.evaluation.weighted_cox import CoxFits, fit_weighted_cox
from itgstrat.evaluation.weighted_logistic import fit_weighted_logistic
from itgstrat.outcome import Outcome

Floats = npt.NDArray[np.float64]

#: Bootstrap samples for the band and for the interval of the ICI; each is a Cox regression.
CURVE_DRAWS = 100

#: Fewest events by the horizon, or patients of the rarer label, for a curve, and for four knots instead of three.
LEAST_FOR_CURVE, LEAST_FOR_FOUR_KNOTS = 10, 100

#: Quantiles of the knots, by their number; Harrell 2015, doi 10.1007/978-3-319-19425-7, table 2.3.
_KNOTS = {3: (0.1, 0.5, 0.9), 4: (0.05, 0.35, 0.65, 0.95)}


@dataclass(frozen=True)
class CalibrationCurve:
    """Observed against predicted survival at a horizon, or probability of a label, smoothed.

    Parameters
    ----------
    predicted : tuple of float
        Predicted survival, rising, from the 1st to the 99th percentile of the patients.
    observed, low, high : tuple of float
        Estimated survival of patients with that prediction, and its pointwise 95% bootstrap limits.
    ici : Interval
        Integrated calibration index: mean distance between observed and predicted, over patients. It is never 0,
        and its bootstrap interval lies a little high, because noise, too, is distance; the lower limit is at most
        the estimate.
    e50, e90 : float
        Median and 90th percentile of that distance.
    """

    predicted: tuple[float, ...]
    observed: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    ici: Interval
    e50: float
    e90: float


def calibration_curve(
    outcome: Outcome, survival: Floats, horizon_days: float, weights: npt.NDArray[np.float32], n_points: int = 40
) -> CalibrationCurve | None:
    r"""Estimate the calibration curve by hazard regression on the predicted risk.

    Cox regression of the outcome on a restricted cubic spline of :math:`\log(-\log S_i(t))`, with 4 knots from 100
    events by the horizon up, else 3; the observed survival is
    :math:`\hat S(t \mid x) = \exp(-\hat H_0(t)\, e^{f(x)})`. All patients share one baseline hazard, as they share
    one diagonal. Repetitions are pooled, each with an equal share of its patient.

    Parameters
    ----------
    outcome : Outcome
        Outcome.
    survival : ndarray of float64, shape (n_repeats, n_patients)
        Predicted survival at the horizon.
    horizon_days : float
        Horizon.
    weights : ndarray of float32, shape (n_patients, draws)
        Bootstrap counts; the first 100 draws are used.
    n_points : int
        Points of the curve.

    Returns
    -------
    CalibrationCurve or None
        None with fewer than 10 events by the horizon, with predictions that do not differ, and where the regression
        has no maximum.

    References
    ----------
    Austin 2020, doi 10.1002/sim.8570
    """
    n_events = int((outcome.event & (outcome.time_days <= horizon_days)).sum())
    score = transform(1.0 - survival, "cloglog").T
    if n_events < LEAST_FOR_CURVE or np.ptp(score) < 1e-8:
        return None
    spline = fit_spline(score, 4 if n_events >= LEAST_FOR_FOUR_KNOTS else 3)
    pooled = Outcome(outcome.event, outcome.time_days, np.full(len(outcome), "all"))
    columns = spline(score)
    point = fit_weighted_cox(pooled, columns, np.ones((len(outcome), 1)), np.zeros(columns.shape[2]))
    if np.isnan(point.beta).any():
        return None
    drawn = weights[:, :CURVE_DRAWS].astype(float)
    fits = fit_weighted_cox(pooled, columns, drawn, point.beta[:, 0])

    def observe(predicted: Floats) -> tuple[Floats, Floats]:
        basis = spline(transform(1.0 - predicted, "cloglog"))
        return _observed(outcome, point, basis, horizon_days)[..., 0], _observed(outcome, fits, basis, horizon_days)

    return _trace(survival, observe, drawn, n_points)


def label_calibration_curve(
    label: npt.NDArray[np.bool_], probability: Floats, weights: npt.NDArray[np.float32], n_points: int = 40
) -> CalibrationCurve | None:
    r"""Estimate the calibration curve of probabilities of a class by logistic regression.

    Logistic regression of the label on a restricted cubic spline of :math:`\log\frac{p}{1-p}`, with 4 knots from 100
    patients of the rarer label up, else 3. Repetitions are pooled, each with an equal share of its patient.

    Parameters
    ----------
    label : ndarray of bool, shape (n_patients,)
        Whether the patient is of the class.
    probability : ndarray of float64, shape (n_repeats, n_patients)
        Predicted probability.
    weights : ndarray of float32, shape (n_patients, draws)
        Bootstrap counts; the first 100 draws are used.
    n_points : int
        Points of the curve.

    Returns
    -------
    CalibrationCurve or None
        Probabilities in place of survival; None with fewer than 10 patients of either label, with predictions that
        do not differ, and where the regression has no maximum.

    References
    ----------
    Austin 2019, doi 10.1002/sim.8281; van Calster 2016, doi 10.1016/j.jclinepi.2015.12.005
    """
    rarer = min(int(label.sum()), int((~label).sum()))
    score = transform(probability, "logit").T
    if rarer < LEAST_FOR_CURVE or np.ptp(score) < 1e-8:
        return None
    spline = fit_spline(score, 4 if rarer >= LEAST_FOR_FOUR_KNOTS else 3)
    drawn = weights[:, :CURVE_DRAWS].astype(float)
    beta = fit_weighted_logistic(label, spline(score), np.concatenate([np.ones((len(label), 1)), drawn], axis=1))
    if np.isnan(beta[:, 0]).any():
        return None

    def observe(predicted: Floats) -> tuple[Floats, Floats]:
        found = beta[0] + spline(transform(predicted, "logit")) @ beta[1:]
        found = 1 / (1 + np.exp(-np.clip(found, -30, 30)))
        return found[..., 0], found[..., 1:]

    return _trace(probability, observe, drawn, n_points)


def _trace(
    predicted: Floats, observe: Callable[[Floats], tuple[Floats, Floats]], drawn: Floats, n_points: int
) -> CalibrationCurve:
    """Follow the curve, and measure how far it lies from the diagonal; `observe` adds an axis for the draws."""
    ends = np.quantile(predicted, [0.01, 0.99])
    grid = np.linspace(ends[0], ends[1], n_points)
    middle, around = observe(grid)
    low, high = _limits(around)
    point, others = observe(predicted.T)
    distance = np.abs(point - predicted.T)
    apart = np.abs(others - predicted.T[:, :, None]).mean(axis=1)
    ici = from_draws(float(distance.mean()), (apart * drawn).sum(axis=0) / drawn.sum(axis=0))
    ici = replace(ici, low=min(ici.low, ici.estimate))  # every draw adds noise, and noise is distance
    return CalibrationCurve(
        predicted=tuple(grid.tolist()),
        observed=tuple(middle.tolist()),
        low=tuple(low.tolist()),
        high=tuple(high.tolist()),
        ici=ici,
        e50=float(np.quantile(distance, 0.5)),
        e90=float(np.quantile(distance, 0.9)),
    )


@dataclass(frozen=True, eq=False)
class Spline:
    """A restricted cubic spline: cubic between the knots, straight beyond them.

    Parameters
    ----------
    knots : ndarray of float64, shape (n_knots,)
        Rising; none for a straight line.
    centre, scale : ndarray of float64, shape (n_columns,)
        What is subtracted and divided by, so that columns are about standardised.
    """

    knots: Floats
    centre: Floats
    scale: Floats

    def __call__(self, score: Floats) -> Floats:
        """Give the columns, shape of `score` and (n_columns,)."""
        return (_columns(score, self.knots) - self.centre) / self.scale


def fit_spline(score: Floats, n_knots: int) -> Spline:
    """Place knots at Harrell's quantiles; a straight line where too few values differ for that.

    Parameters
    ----------
    score : ndarray of float64, any shape
        Values; they are not all equal.
    n_knots : int
        3 or 4.

    Returns
    -------
    Spline
        Knots and scale.

    Examples
    --------
    >>> fit_spline(np.linspace(0, 1, 101), 3).knots.round(2)
    array([0.1, 0.5, 0.9])
    """
    knots = np.quantile(score, _KNOTS[n_knots])
    if np.diff(knots).min() < 1e-3 * np.ptp(score):
        knots = np.empty(0)
    columns = _columns(score, knots).reshape(score.size, -1)
    return Spline(knots, columns.mean(axis=0), columns.std(axis=0))


def _columns(score: Floats, knots: Floats) -> Floats:
    if not len(knots):
        return score[..., None]
    last, before = knots[-1], knots[-2]
    cubes = np.maximum(score[..., None] - knots, 0.0) ** 3
    first = cubes[..., :-2]
    first = first - cubes[..., -2:-1] * (last - knots[:-2]) / (last - before)
    first = first + cubes[..., -1:] * (before - knots[:-2]) / (last - before)
    columns: Floats = np.concatenate([score[..., None], first], axis=-1)
    return columns


def _observed(outcome: Outcome, fits: CoxFits, columns: Floats, horizon_days: float) -> Floats:
    """Survival at the horizon of patients with these columns, one a weighting."""
    by_then = outcome.time_days[fits.events] <= horizon_days
    baseline = fits.hazard[by_then].sum(axis=0)
    observed: Floats = np.exp(-baseline * np.exp(np.clip(columns @ fits.beta, -50, 50)))
    return observed


def _limits(drawn: Floats) -> Floats:
    """Pointwise percentiles of the draws that have a curve."""
    kept = drawn[:, ~np.isnan(drawn).any(axis=0)]
    if not kept.shape[1]:
        return np.full((2, len(drawn)), np.nan)
    limits: Floats = np.percentile(kept, [2.5, 97.5], axis=1)
    return limits
