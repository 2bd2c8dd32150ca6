"""Weak calibration: the intercept and slope of a regression of what happened on what was predicted."""

from typing import Literal

import numpy as np
import numpy.typing as npt

from itgstrat.evaluation.interval import Interval, from_error

Floats = npt.NDArray[np.float64]
Link = Literal["logit", "cloglog"]

#: Probabilities are held this far from 0 and 1, so that their transform is finite.
NEAREST = 1e-9
_NONE = Interval(np.nan, np.nan, np.nan)


def transform(probability: Floats, link: Link) -> Floats:
    r"""Take probabilities to the scale of the linear predictor.

    Parameters
    ----------
    probability : ndarray of float64, any shape
        Probabilities of the event; 0 and 1 are taken a little inside.
    link : {"logit", "cloglog"}
        :math:`\log\frac{p}{1-p}`, or :math:`\log(-\log(1-p))`, which is the log cumulative hazard.

    Returns
    -------
    ndarray of float64, shape of `probability`
        Finite numbers.

    Examples
    --------
    >>> transform(np.array([0.5]), "logit").round(3), transform(np.array([0.5]), "cloglog").round(3)
    (array([0.]), array([-0.367]))
    """
    inside = np.clip(probability, NEAREST, 1 - NEAREST)
    scaled: Floats = np.log(inside) - np.log1p(-inside) if link == "logit" else np.log(-np.log1p(-inside))
    return scaled


def regress_calibration(
    label: npt.NDArray[np.bool_], probability: Floats, link: Link = "logit", weights: Floats | None = None
) -> tuple[Interval, Interval]:
    r"""Regress what happened on what was predicted.

    With :math:`g` the link, the intercept is :math:`a` of :math:`g(P(y=1)) = a + g(p)`, 0 where predictions are
    right on the whole and above 0 where too few events are predicted; the slope is :math:`b` of
    :math:`g(P(y=1)) = a + b\,g(p)`, 1 where the spread of predictions is right and below 1 where it is too wide.

    Parameters
    ----------
    label : ndarray of bool, shape (n_patients,)
        Whether the event happened.
    probability : ndarray of float64, shape (n_patients,) or (n_repeats, n_patients)
        Predicted probability of the event; repetitions are pooled, with one patient as one cluster.
    link : {"logit", "cloglog"}
        Scale of the regression: logit for a class, complementary log-log for survival at a horizon.
    weights : ndarray of float64, shape (n_patients,), optional
        For instance the inverse probability of having been observed.

    Returns
    -------
    intercept, slope : Interval
        With limits from the robust standard error, clustered by patient, weights taken as known; NaN where there
        is nothing to estimate from: one class only, predictions all equal, or predictions that separate the classes.

    References
    ----------
    Cox 1958, doi 10.1093/biomet/45.3-4.562; van Calster 2016, doi 10.1016/j.jclinepi.2015.12.005

    Examples
    --------
    >>> label = np.array([False, False, True, True] * 25)
    >>> intercept, slope = regress_calibration(label, np.where(np.arange(100) % 2, 0.6, 0.4))
    >>> abs(round(intercept.estimate, 6)), abs(round(slope.estimate, 6))
    (0.0, 0.0)
    """
    score = transform(np.atleast_2d(probability), link)
    known = np.ones(len(label)) if weights is None else weights
    seen = label[known > 0]
    if len(seen) == 0 or seen.all() or not seen.any():
        return _NONE, _NONE
    intercept = _regress(label, np.empty((*score.shape, 0)), score, known, link)
    varied = np.ptp(score[:, known > 0]) > 1e-8
    slope = _regress(label, score[:, :, None], np.zeros_like(score), known, link) if varied else _NONE
    return intercept, slope


def _regress(label: npt.NDArray[np.bool_], features: Floats, offset: Floats, weights: Floats, link: Link) -> Interval:
    """Fit by Fisher scoring; the last coefficient, which is the intercept where there are no features."""
    repeats, n, _ = features.shape
    design = np.concatenate([np.ones((repeats, n, 1)), features], axis=2)
    observed = np.broadcast_to(label.astype(float), (repeats, n))
    share = np.broadcast_to(weights / repeats, (repeats, n))
    beta = np.zeros(design.shape[2])
    beta[1:] = 1.0
    for _ in range(50):
        mean, gradient, variance = _mean(design @ beta + offset, link)
        scores = (share * (observed - mean) * gradient / variance)[:, :, None] * design
        information = np.einsum("rn,rni,rnj->ij", share * gradient**2 / variance, design, design)
        if not np.isfinite(information).all() or np.linalg.cond(information) > 1e12:
            return _NONE
        bread = np.linalg.inv(information)
        step = bread @ scores.sum(axis=(0, 1))
        beta += np.clip(step, -1.0, 1.0)
        if np.abs(step).max() < 1e-10:
            influence = scores.sum(axis=0) @ bread
            return from_error(beta[-1], float(np.sqrt((influence[:, -1] ** 2).sum())))
    return _NONE  # the classes are separated: the slope grows without end


def _mean(eta: Floats, link: Link) -> tuple[Floats, Floats, Floats]:
    """Mean, its derivative by the linear predictor, and the variance of a 0/1 variable."""
    if link == "logit":
        mean = np.clip(1 / (1 + np.exp(-np.clip(eta, -30, 30))), NEAREST, 1 - NEAREST)
        return mean, mean * (1 - mean), mean * (1 - mean)
    hazard = np.exp(np.clip(eta, -30, 3.5))
    mean = np.clip(-np.expm1(-hazard), NEAREST, 1 - NEAREST)
    return mean, hazard * (1 - mean), mean * (1 - mean)
