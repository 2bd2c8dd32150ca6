r"""The elastic-net path of a stratified Cox model, by proximal Newton steps on the columns that matter.

Ours, because scikit-survival's Coxnet knows no strata and skglm's Cox neither. It minimises what Coxnet minimises,

.. math:: -\tfrac1n \ell(\beta) + \alpha \sum_j f_j \left(\rho |\beta_j| + \tfrac{1-\rho}{2} \beta_j^2\right),

and on a single stratum both give the same coefficients.

References
----------
Friedman 2010, doi 10.18637/jss.v033.i01; Lee 2014, doi 10.1137/130921428 (proximal Newton); Tibshirani 2012,
doi 10.1111/j.1467-9868.2011.01004.x (strong rules); Lee 2007, Efficient sparse coding algorithms, NIPS 19 (signs)
"""

import numpy as np
import numpy.typing as npt
from scipy.linalg import LinAlgError, cho_factor, cho_solve

from itgstrat.errors import ModelError
from itgstrat.fitting.partial_likelihood import RUNS_AWAY, RiskSets, one_thread

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

#: Steps without gain, and the violation relative to the steepest slope, at which only rounding is left.
STALLED, ROUNDING = 4, 1e-7


@one_thread()
def fit_path(
    values: Floats, sets: RiskSets, factor: Floats, alphas: Floats, l1_ratio: float, tol: float, ridge: float = 0.0
) -> Floats:
    """Fit one model a penalty, each from where the last one ended.

    Parameters
    ----------
    values : ndarray of float64, shape (n_patients, n_features)
        Standardised features, patients as in the outcome.
    sets : RiskSets
        Risk sets of the outcome.
    factor : ndarray of float64, shape (n_features,)
        What the penalty is multiplied by; 0 for no penalty.
    alphas : ndarray of float64, shape (n_penalties,)
        Penalties, falling.
    l1_ratio : float
        1 is lasso, towards 0 is ridge.
    tol : float
        Largest slope of the objective, per patient, that may be left.
    ridge : float
        Penalty on the squared coefficients whose factor is 0, the same along the path; for those that separate.

    Returns
    -------
    ndarray of float64, shape (n_features, n_penalties)
        Log hazard ratios.

    Raises
    ------
    ModelError
        If coefficients run away.
    """
    values = np.asfortranarray(values[sets.order])
    usable = (factor > 0) | sets.varies(values)
    path = _Path(values[:, usable], sets, tol * len(values))
    coefs = np.zeros((len(factor), len(alphas)))
    strength, free = len(values) * factor[usable], np.where(factor[usable] > 0, 0.0, ridge)
    with np.errstate(all="ignore"):  # a step that overshoots overflows and is halved
        for number, alpha in enumerate(alphas):
            coefs[usable, number] = path.descend(alpha * l1_ratio * strength, alpha * (1 - l1_ratio) * strength + free)
    return coefs


def find_largest(values: Floats, sets: RiskSets, factor: Floats, l1_ratio: float, ridge: float = 0.0) -> float:
    """Find the smallest penalty at which every penalised coefficient is 0, the others being fitted.

    Parameters
    ----------
    values, sets, factor, l1_ratio, ridge
        As in `fit_path`.

    Returns
    -------
    float
        Penalty.
    """
    coef = fit_path(values, sets, factor, np.array([1e6]), l1_ratio, 1e-9, ridge)[:, 0]
    gradient = values[sets.order].T @ sets.residuals((values @ coef)[sets.order])
    own = factor > 0
    return float((np.abs(gradient[own]) / factor[own]).max() / (len(values) * l1_ratio))


class _Path:
    """Where the path stands: coefficients, penalties, and the information of the columns at work."""

    def __init__(self, values: Floats, sets: RiskSets, tol: float) -> None:
        self.values, self.sets, self.tol = values, sets, tol
        self.coef = np.zeros(values.shape[1])
        self.l1 = np.full(values.shape[1], np.inf)
        self.work = np.zeros(values.shape[1], dtype=bool)
        self.information = np.empty((0, 0))

    def descend(self, l1: Floats, l2: Floats) -> Floats:
        """Minimise for one pair of penalties."""
        previous, self.l1 = np.where(np.isinf(self.l1), l1, self.l1), l1
        before, moved, best, stalled = np.inf, 0.0, np.inf, 0
        for _ in range(200):
            risk = self.values @ self.coef
            slope = self.values.T @ self.sets.residuals(risk) - l2 * self.coef
            left = _violation(slope, self.coef, l1)
            stalled = stalled + 1 if left.max(initial=0) > 0.5 * best else 0
            best = min(best, float(left.max(initial=0)))
            # what rounding leaves is as good as it gets; a flat likelihood alone is no maximum
            ended = left.max(initial=0) <= self.tol or (stalled > STALLED and best <= ROUNDING * np.abs(slope).max())
            if ended and moved < 0.01:
                return self.coef
            # strong rule: a column left out here that turns out to matter is caught by its violation
            needed = (self.coef != 0) | (l1 == 0) | (np.abs(slope) > 2 * l1 - previous) | (left > 0)
            if left.max() > 0.1 * before or (needed & ~self.work).any():
                self.work = needed
                self.information = self.sets.information(self.values[:, needed], risk)
            before = left.max()
            moved = self._step(slope, l1, l2, risk)
        raise ModelError(RUNS_AWAY)

    def _step(self, slope: Floats, l1: Floats, l2: Floats, risk: Floats) -> float:
        """Minimise the quadratic model with the penalty, and go there or part of the way; tell how far it wants to."""
        own = self.work
        start = self.coef[own]
        curved = self.information + np.diag(l2[own])
        target = minimise_quadratic(curved, slope[own] + curved @ start, l1[own], start)
        move = target - start
        along = self.values[:, own] @ move

        def objective(size: float) -> float:
            at = start + size * move
            penalty = l1[own] @ np.abs(at) + 0.5 * l2[own] @ at**2
            return float(penalty) - self.sets.log_likelihood(risk + size * along)

        value, size = objective(0.0), 1.0
        slack = 1e-12 * max(abs(value), 1.0)
        while not objective(size) <= value + slack:
            size /= 2
            if size < 1e-9:
                raise ModelError(RUNS_AWAY)
        self.coef = self.coef.copy()
        self.coef[own] = start + size * move if size < 1 else target
        return float(np.abs(move).max())


def _violation(slope: Floats, coef: Floats, l1: Floats) -> Floats:
    """How far each coordinate is from its optimality condition."""
    violation: Floats = np.where(coef != 0, np.abs(slope - l1 * np.sign(coef)), np.maximum(np.abs(slope) - l1, 0))
    return violation


def minimise_quadratic(curved: Floats, linear: Floats, l1: Floats, start: Floats) -> Floats:
    r"""Minimise :math:`\tfrac12 w^\top Q w - q^\top w + \sum_j l_j |w_j|` exactly, by searching the signs.

    Parameters
    ----------
    curved : ndarray of float64, shape (n, n)
        :math:`Q`, positive definite.
    linear : ndarray of float64, shape (n,)
        :math:`q`.
    l1 : ndarray of float64, shape (n,)
        :math:`l`; 0 for no penalty.
    start : ndarray of float64, shape (n,)
        Where to start.

    Returns
    -------
    ndarray of float64, shape (n,)
        Minimum.

    Examples
    --------
    >>> minimise_quadratic(np.eye(3), np.array([3.0, -0.5, -2.0]), np.ones(3), np.zeros(3))
    array([ 2.,  0., -1.])
    """
    w = start.copy()
    sign = np.sign(w)
    active = (w != 0) | (l1 == 0)
    enough = 1e-11 * max(float(np.abs(linear).max(initial=0)), 1.0)
    for _ in range(50 * (len(w) + 1)):
        w = _solve_signs(curved, linear, l1, w, sign, active)
        slope = linear - curved @ w
        excess = np.where(active, 0.0, np.abs(slope) - l1)
        if excess.max(initial=0) <= enough:
            return w
        enter = int(excess.argmax())
        active[enter] = True
        sign[enter] = np.sign(slope[enter])
    return w


def _solve_signs(curved: Floats, linear: Floats, l1: Floats, w: Floats, sign: Floats, active: Bools) -> Floats:
    """Minimise over the active coordinates; one that would change its sign stops at 0 and leaves."""
    while active.any():
        own = np.flatnonzero(active)
        target = _solve(curved[np.ix_(own, own)], linear[own] - l1[own] * sign[own])
        flips = np.flatnonzero((l1[own] > 0) & (target * sign[own] < 0))
        if not len(flips):
            w[own] = target
            break
        way = w[own][flips] / (w[own][flips] - target[flips])
        w[own] += way.min() * (target - w[own])
        leave = own[flips[way.argmin()]]
        w[leave], sign[leave], active[leave] = 0.0, 0.0, False
    return w


def _solve(curved: Floats, linear: Floats) -> Floats:
    try:
        solved: Floats = cho_solve(cho_factor(curved, check_finite=False), linear, check_finite=False)
    except LinAlgError:  # a lasso without ridge on columns that say the same
        solved = np.linalg.lstsq(curved, linear)[0].astype(np.float64)
    return solved
