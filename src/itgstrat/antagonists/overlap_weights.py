r"""Arms that nobody drew lots for: overlap weights, their balance, and how strong a hidden cause would have to be.

A patient counts by the chance of having got the other arm, :math:`1 - e(x)` in the treated and :math:`e(x)` in the
controls. With a logistic propensity the weighted means of its covariates are equal in both arms, exactly.

References
----------
Li, Morgan and Zaslavsky 2018, doi 10.1080/01621459.2016.1260466; VanderWeele and Ding 2017, doi 10.7326/M16-2607
"""

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import expit

from itgstrat.errors import ModelError

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

#: Standardised difference from which an imbalance is called one (Austin 2009, doi 10.1002/sim.3697).
IMBALANCED = 0.1


def fit_propensity(covariates: pd.DataFrame, treated: Bools) -> Floats:
    """Estimate the chance of being treated by logistic regression without penalty.

    Parameters
    ----------
    covariates : DataFrame of shape (n_patients, n_covariates)
        What may have moved the choice of the arm.
    treated : ndarray of bool, shape (n_patients,)
        True in the treated arm.

    Returns
    -------
    ndarray of float64, shape (n_patients,)
        Propensity, between 0 and 1.

    Raises
    ------
    ModelError
        If covariates separate the arms, or one follows from the others.

    Examples
    --------
    >>> age = pd.DataFrame({"age": [40.0, 50, 60, 70, 80, 90]})
    >>> fit_propensity(age, np.array([1, 0, 1, 1, 0, 0], bool)).round(2)
    array([0.84, 0.73, 0.58, 0.42, 0.27, 0.16])
    """
    values = covariates.to_numpy(np.float64)
    spread = values.std(axis=0)
    x = np.column_stack([np.ones(len(values)), (values - values.mean(axis=0)) / np.where(spread > 0, spread, 1.0)])
    if np.linalg.matrix_rank(x) < x.shape[1]:
        raise ModelError("a covariate of the propensity is constant or follows from the others; leave it out")
    coef = np.zeros(x.shape[1])
    coef[0] = np.log(treated.mean() / (1 - treated.mean()))
    for _ in range(50):
        chance = expit(x @ coef)
        information = x.T @ (x * (chance * (1 - chance))[:, None])
        if np.linalg.cond(information) > 1e12:
            break
        step = np.linalg.solve(information, x.T @ (treated - chance))
        coef = coef + step
        if np.abs(step).max() < 1e-10:
            return np.asarray(expit(x @ coef))
    raise ModelError(
        "the covariates tell the arms apart completely, so that no patient could have had either; "
        "compare other patients, or leave out the covariate that defines the arm"
    )


def overlap_weights(propensity: Floats, treated: Bools) -> Floats:
    """Weigh each patient by the chance of the other arm.

    Parameters
    ----------
    propensity : ndarray of float64, shape (n_patients,)
        Chance of being treated.
    treated : ndarray of bool, shape (n_patients,)
        True in the treated arm.

    Returns
    -------
    ndarray of float64, shape (n_patients,)
        Weights of mean 1.

    Examples
    --------
    >>> overlap_weights(np.array([0.2, 0.8]), np.array([True, True])).round(2)
    array([1.6, 0.4])
    """
    weight = np.where(treated, 1 - propensity, propensity)
    return np.asarray(weight / weight.mean())


def tabulate_balance(covariates: pd.DataFrame, treated: Bools, weight: Floats) -> pd.DataFrame:
    r"""Tell how far the arms are apart in each covariate, before and after weighting.

    .. math:: d = (\bar x_1 - \bar x_0) / \sqrt{(s_1^2 + s_0^2) / 2}

    with the spread of the unweighted arms in both.

    Parameters
    ----------
    covariates : DataFrame of shape (n_patients, n_covariates)
        Covariates.
    treated : ndarray of bool, shape (n_patients,)
        True in the treated arm.
    weight : ndarray of float64, shape (n_patients,)
        Weights.

    Returns
    -------
    DataFrame with columns treated, control, difference_before, difference_after
        Weighted means and standardised mean differences, one row a covariate.

    Examples
    --------
    >>> age = pd.DataFrame({"age": [40.0, 50, 60, 70, 80, 90]})
    >>> treated = np.array([1, 0, 1, 1, 0, 0], bool)
    >>> weight = overlap_weights(fit_propensity(age, treated), treated)
    >>> tabulate_balance(age, treated, weight).round(2)[["difference_before", "difference_after"]].to_numpy() + 0.0
    array([[-0.91,  0.  ]])
    """
    values = covariates.to_numpy(np.float64)
    arms = (values[treated], values[~treated])
    spread = np.sqrt(sum(own.var(axis=0, ddof=1) for own in arms) / 2)
    spread = np.where(spread > 0, spread, np.nan)
    before = (arms[0].mean(axis=0) - arms[1].mean(axis=0)) / spread
    means = [np.average(values[own], axis=0, weights=weight[own]) for own in (treated, ~treated)]
    return pd.DataFrame(
        {
            "treated": means[0],
            "control": means[1],
            "difference_before": before,
            "difference_after": (means[0] - means[1]) / spread,
        },
        index=pd.Index(covariates.columns, name="covariate"),
    )


def e_value(hazard_ratio: float) -> float:
    r"""Compute the risk ratio that a hidden cause needs, with arm and with outcome, to explain a hazard ratio away.

    For a common event :math:`RR \approx (1 - 0.5^{\sqrt{HR}}) / (1 - 0.5^{\sqrt{1/HR}})` and
    :math:`E = RR + \sqrt{RR (RR - 1)}`, with the reciprocal of a ratio below 1.

    Parameters
    ----------
    hazard_ratio : float
        Above 0.

    Returns
    -------
    float
        1 where nothing needs to be explained.

    Examples
    --------
    >>> round(e_value(0.5), 2)
    2.61
    """
    up = max(hazard_ratio, 1 / hazard_ratio)
    ratio = (1 - 0.5 ** np.sqrt(up)) / (1 - 0.5 ** np.sqrt(1 / up))
    return float(ratio + np.sqrt(ratio * (ratio - 1)))
