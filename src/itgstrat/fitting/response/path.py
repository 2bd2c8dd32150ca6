"""The elastic-net path of logistic regression, all penalties at once."""

import numpy as np
import numpy.typing as npt

from itgstrat.errors import ModelError
from itgstrat.learned.response import expit

Floats = npt.NDArray[np.float64]

#: Steps after which a path that has not come to rest never will.
MOST_STEPS = 200_000


def fit_path(
    values: Floats, label: npt.NDArray[np.bool_], weight: Floats, l1: Floats, l2: Floats, tol: float
) -> tuple[Floats, Floats]:
    r"""Fit one logistic regression a penalty, by accelerated proximal gradient with restarts.

    .. math:: \min_{b, \beta} \sum_i w_i \log(1 + e^{-y_i (b + x_i \beta)})
              + \sum_j \lambda_{1j} |\beta_j| + \tfrac12 \lambda_{2j} \beta_j^2, \quad y_i = \pm 1

    scikit-learn's saga gives the same coefficients, knows no penalty of a feature's own, and takes 25 times as long
    for a path of 20 penalties on 220 patients x 60 features.

    Parameters
    ----------
    values : ndarray of float64, shape (n_patients, n_features)
        Features, best centred.
    label : ndarray of bool, shape (n_patients,)
        Labels.
    weight : ndarray of float64, shape (n_patients,)
        Weights of the patients, adding up to 1.
    l1, l2 : ndarray of float64, shape (n_features, n_penalties)
        Penalties.
    tol : float
        Largest step of a coefficient at which the path has come to rest.

    Returns
    -------
    coef : ndarray of float64, shape (n_features, n_penalties)
        Coefficients.
    offset : ndarray of float64, shape (n_penalties,)
        Intercepts.

    Raises
    ------
    ModelError
        If coefficients run away: a feature without enough penalty separates the labels.

    References
    ----------
    Beck 2009, doi 10.1137/080716542; O'Donoghue 2015, doi 10.1007/s10208-013-9150-3
    """
    design = np.column_stack([np.ones(len(values)), values])
    none = np.zeros((1, l1.shape[1]))
    step = 4.0 / np.linalg.eigvalsh((design * weight[:, None]).T @ design)[-1]
    shrink, scale = np.vstack([none, l1]) * step, 1.0 / (1.0 + np.vstack([none, l2]) * step)
    now = np.zeros_like(shrink)
    ahead, momentum = now, 1.0
    pull = design * weight[:, None]
    for _ in range(MOST_STEPS):
        moved = ahead - step * (pull.T @ (expit(design @ ahead) - label[:, None]))
        reached = np.sign(moved) * np.maximum(np.abs(moved) - shrink, 0.0) * scale
        change = reached - now
        if np.abs(change).max() < tol:
            return reached[1:], reached[0]
        if ((ahead - reached) * change).sum() > 0:
            momentum = 1.0
        following = (1.0 + np.sqrt(1.0 + 4.0 * momentum**2)) / 2.0
        now, ahead, momentum = reached, reached + (momentum - 1.0) / following * change, following
    raise ModelError(
        f"the logistic regression has not come to rest after {MOST_STEPS:,} steps: a feature separates the labels; "
        "leave it out or penalise it"
    )
