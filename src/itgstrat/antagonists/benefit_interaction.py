r"""Does the effect of treatment depend on the score? Cox's model with treatment, score and their product.

.. math:: \log h(t) = \log h_0(t) + \beta_1 a + \beta_2 s + \beta_3 a s + \gamma^\top x

References
----------
Royston and Sauerbrei 2008, Multivariable Model-building, ch. 7; Mandrekar and Sargent 2009, PMID 19597023
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import chi2, norm

from itgstrat.antagonists.benefit_cox import fit_trial
from itgstrat.antagonists.benefit_trial import Trial
from itgstrat.antagonists.overlap_weights import e_value
from itgstrat.learned.benefit import Z_95, effects_at

Floats = npt.NDArray[np.float64]

# Columns of treatment and of its product with the score, see `score_columns`.
_TREATMENT = [0, 2]

#: Quantiles of the score at which effects are told.
QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9)


@dataclass(frozen=True, eq=False)
class Interaction:
    """Whether the effect of treatment depends on the score.

    Parameters
    ----------
    test : str
        "likelihood ratio", or "robust Wald" where patients are weighted: those have no likelihood.
    statistic, p : float
        Chi-square of one degree of freedom and its p.
    ratio, low, high : float
        Ratio of the hazard ratios of treatment between patients one standard deviation of the score apart, with 95%
        limits; below 1 those with a higher score gain more.
    detectable : float
        Ratio below 1 that a study of this precision finds with 80% power, at 5%.
    coefficients : DataFrame with columns hazard_ratio, low, high, p
        Every term of the model; the score in standard deviations from its mean.
    at_quantiles : DataFrame with columns score, hazard_ratio, low, high, (e_value)
        Hazard ratio of treatment against control at quantiles of the score; the E-value where nobody drew lots.
    center, scale : float
        Mean and standard deviation of the score.
    score_low, score_high : float
        Least and greatest score.
    effect : ndarray of float64, shape (2,)
        Log hazard ratio of treatment at the mean score, and its change with a standard deviation of the score.
    covariance : ndarray of float64, shape (2, 2)
        Of `effect`.
    """

    test: str
    statistic: float
    p: float
    ratio: float
    low: float
    high: float
    detectable: float
    coefficients: pd.DataFrame
    at_quantiles: pd.DataFrame
    center: float
    scale: float
    score_low: float
    score_high: float
    effect: Floats
    covariance: Floats


def score_columns(trial: Trial) -> pd.DataFrame:
    """Columns of the model: treatment, score, their product, covariates.

    Parameters
    ----------
    trial : Trial
        Patients.

    Returns
    -------
    DataFrame of shape (n_patients, 3 + n_covariates)
        The score stands in standard deviations from its mean.
    """
    standard = (trial.score - trial.score.mean()) / trial.score.std()
    treated = trial.treated.astype(np.float64)
    own = pd.DataFrame({"treatment": treated, "score": standard, "treatment x score": treated * standard})
    return pd.concat([own, trial.covariates.reset_index(drop=True)], axis=1)


def fit_interaction(trial: Trial, weight: Floats | None = None, quantiles: Sequence[float] = QUANTILES) -> Interaction:
    """Test whether the effect of treatment depends on the score.

    Parameters
    ----------
    trial : Trial
        Patients of two arms.
    weight : ndarray of float64, shape (n_patients,), optional
        Overlap weights; the test is then a robust Wald test.
    quantiles : sequence of float
        Quantiles of the score at which the effect is told.

    Returns
    -------
    Interaction
        Test, ratio and effects.

    Raises
    ------
    OutcomeError
        If there are fewer events than terms.
    ModelError
        If coefficients run away, or a covariate follows from others.

    Examples
    --------
    >>> from itgstrat.antagonists.poseidon import simulate_poseidon, poseidon_trial
    >>> found = fit_interaction(poseidon_trial(simulate_poseidon(copies=10, random_state=0)))
    >>> found.test, found.ratio < 1
    ('likelihood ratio', True)
    """
    columns = score_columns(trial)
    fit = fit_trial(columns.to_numpy(), trial.outcome, weight)
    error = np.sqrt(np.diag(fit.covariance))
    if weight is None:
        smaller = fit_trial(columns.drop(columns="treatment x score").to_numpy(), trial.outcome)
        statistic = max(2 * (fit.log_likelihood - smaller.log_likelihood), 0.0)
    else:
        statistic = float((fit.coef[2] / error[2]) ** 2)
    coefficients = _limits(fit.coef, error).assign(p=2 * norm.sf(np.abs(fit.coef / error)))
    coefficients.index = pd.Index(columns.columns, name="term")
    own = coefficients.loc["treatment x score"]
    center, scale = float(trial.score.mean()), float(trial.score.std())
    effect, covariance = fit.coef[_TREATMENT], fit.covariance[np.ix_(_TREATMENT, _TREATMENT)]
    return Interaction(
        test="likelihood ratio" if weight is None else "robust Wald",
        statistic=statistic,
        p=float(chi2.sf(statistic, 1)),
        ratio=float(own["hazard_ratio"]),
        low=float(own["low"]),
        high=float(own["high"]),
        detectable=float(np.exp(-(Z_95 + norm.isf(0.2)) * error[2])),
        coefficients=coefficients,
        at_quantiles=_tabulate_effects(trial, quantiles, center, scale, effect, covariance),
        center=center,
        scale=scale,
        score_low=float(trial.score.min()),
        score_high=float(trial.score.max()),
        effect=effect,
        covariance=covariance,
    )


def _tabulate_effects(
    trial: Trial, quantiles: Sequence[float], center: float, scale: float, effect: Floats, covariance: Floats
) -> pd.DataFrame:
    """Hazard ratio of treatment at quantiles of the score."""
    scores = trial.score_at(quantiles)
    told = effects_at(scores.to_numpy(), center, scale, effect, covariance)
    ratios = {"hazard_ratio": told.log_ratio, "low": told.low, "high": told.high}
    table = pd.DataFrame({"score": scores, **{name: np.exp(values) for name, values in ratios.items()}}, scores.index)
    if trial.design == "observational":
        table["e_value"] = [e_value(ratio) for ratio in table["hazard_ratio"]]
    return table


def _limits(log_ratio: Floats, error: Floats) -> pd.DataFrame:
    margin = Z_95 * error
    return pd.DataFrame(
        {"hazard_ratio": np.exp(log_ratio), "low": np.exp(log_ratio - margin), "high": np.exp(log_ratio + margin)}
    )
