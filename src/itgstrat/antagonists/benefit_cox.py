r"""Cox models with a weight a patient and the sandwich variance that weights need; without weights, the usual ones.

Ties after Efron, weighted as R's ``coxph(weights=)`` does: tied events share their mean weight.

References
----------
Lin and Wei 1989, doi 10.1080/01621459.1989.10478874; Binder 1992, doi 10.1093/biomet/79.1.139
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from itgstrat.errors import ModelError
from itgstrat.fitting.partial_likelihood import RUNS_AWAY, RiskSets, fit_cox
from itgstrat.outcome import Outcome, require_events

Floats = npt.NDArray[np.float64]

_ITERATIONS, _HALVINGS = 60, 30


@dataclass(frozen=True, eq=False)
class CoxFit:
    """A fitted Cox model.

    Parameters
    ----------
    coef : ndarray of float64, shape (n_columns,)
        Log hazard ratios.
    covariance : ndarray of float64, shape (n_columns, n_columns)
        Inverse information; the sandwich where patients are weighted.
    log_likelihood : float
        Of the fit; no likelihood, and of no use in tests, where patients are weighted.
    """

    coef: Floats
    covariance: Floats
    log_likelihood: float


def fit_trial(values: Floats, outcome: Outcome, weight: Floats | None = None) -> CoxFit:
    """Fit a Cox model, weighted or not.

    Parameters
    ----------
    values : ndarray of float64, shape (n_patients, n_columns)
        Columns that vary.
    outcome : Outcome
        Outcome with strata.
    weight : ndarray of float64, shape (n_patients,), optional
        Weight of each patient; the variance is then robust.

    Returns
    -------
    CoxFit
        Coefficients and their covariance.

    Raises
    ------
    OutcomeError
        If there are fewer events than columns.
    ModelError
        If a column does not vary within any stratum or depends on others, or coefficients run away.

    Examples
    --------
    >>> from itgstrat.outcome import make_outcome
    >>> outcome = make_outcome([1, 1, 1, 1], [1, 2, 3, 4])
    >>> fit_trial(np.array([[1.0], [0.0], [1.0], [0.0]]), outcome, np.array([1.0, 1, 2, 1])).coef.round(3)
    array([0.67])
    """
    require_events(outcome, values.shape[1], "a Cox model, one event a column at the least,")
    sets = RiskSets.of(outcome)
    own = values[sets.order] - values.mean(axis=0)
    if not sets.varies(own).all() or np.linalg.matrix_rank(own) < own.shape[1]:
        raise ModelError(
            "a column of the Cox model is constant within the strata, or follows from the others; leave covariates out"
        )
    if weight is None:
        coef = fit_cox(values, sets, np.zeros(values.shape[1]))
        covariance = np.asarray(np.linalg.inv(sets.information(own, own @ coef)), dtype=np.float64)
        return CoxFit(coef, covariance, sets.log_likelihood(own @ coef))
    return _fit_weighted(own, sets, weight[sets.order])


def _fit_weighted(values: Floats, sets: RiskSets, weight: Floats) -> CoxFit:
    """Newton's method on the weighted partial likelihood; arrays in the order of the risk sets."""
    events = sets.events
    sizes = np.diff(np.append(sets.tied, len(events)))
    shared = np.repeat(np.add.reduceat(weight[events], sets.tied) / sizes, sizes)
    # a weight in the risk set is an offset in the risk
    offset = np.log(weight)

    def gradient_at(coef: Floats) -> Floats:
        residuals = sets.residuals(values @ coef + offset, shared)
        residuals[events] += weight[events] - shared
        slope: Floats = values.T @ residuals
        return slope

    coef = np.zeros(values.shape[1])
    with np.errstate(all="ignore"):
        for _ in range(_ITERATIONS):
            slope = gradient_at(coef)
            information = sets.information(values, values @ coef + offset, shared)
            if not np.isfinite(information).all() or np.linalg.matrix_rank(information) < len(coef):
                raise ModelError(RUNS_AWAY)
            step = np.linalg.solve(information, slope)
            promised = float(slope @ step)
            # concave: a step is too long where the slope along it has turned round by more than it was
            for _ in range(_HALVINGS):
                if gradient_at(coef + step) @ step >= -abs(slope @ step):
                    break
                step = step / 2
            coef = coef + step
            if promised < 1e-18 * max(weight.sum(), 1.0) or not np.isfinite(promised):
                break
    if not np.isfinite(coef).all() or promised > 1e-10 or np.abs(values @ coef).max() > 50:
        raise ModelError(RUNS_AWAY)
    return CoxFit(coef, _sandwich(values, sets, coef, offset, shared, weight), float("nan"))


def _sandwich(values: Floats, sets: RiskSets, coef: Floats, offset: Floats, shared: Floats, weight: Floats) -> Floats:
    """Robust covariance: the sum of squares of what each patient moves the coefficients by."""
    risk = values @ coef + offset
    bread = np.linalg.inv(sets.information(values, risk, shared))
    means = _means_at_risk(values, sets, risk)
    score = np.zeros_like(values)
    for j in range(values.shape[1]):
        # residuals(w) = w at events - what was expected of a patient under weights w of the events
        expected, weighted = -sets.residuals(risk, shared), -sets.residuals(risk, shared * means[:, j])
        expected[sets.events] += shared
        weighted[sets.events] += shared * means[:, j]
        score[:, j] = weighted - values[:, j] * expected
    sizes = np.diff(np.append(sets.tied, len(sets.events)))
    tied_means = np.repeat(np.add.reduceat(means, sets.tied, axis=0) / sizes[:, None], sizes, axis=0)
    score[sets.events] += weight[sets.events, None] * (values[sets.events] - tied_means)
    moved = score @ bread
    covariance: Floats = moved.T @ moved
    return covariance


def _means_at_risk(values: Floats, sets: RiskSets, risk: Floats) -> Floats:
    """Mean of the columns among those at risk at each event, Efron's share of the tied left out."""
    hazard = np.exp(risk - risk.max())[:, None]
    weighted = hazard * np.column_stack([np.ones(len(risk)), values])
    sums = np.vstack([np.zeros(weighted.shape[1]), np.cumsum(weighted, axis=0)])
    first = sets.bounds[np.searchsorted(sets.bounds, sets.events, side="right") - 1]
    sizes = np.diff(np.append(sets.tied, len(sets.events)))
    tied = np.repeat(np.add.reduceat(weighted[sets.events], sets.tied, axis=0), sizes, axis=0)
    at_risk = sums[sets.last + 1] - sums[first] - sets.share[:, None] * tied
    means: Floats = at_risk[:, 1:] / at_risk[:, :1]
    return means
