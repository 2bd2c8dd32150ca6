"""Refit a model on bootstrap samples of the training patients, and keep what tells how far its risks move."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd
from joblib import Parallel, delayed
from sklearn.base import clone

from itgstrat.errors import ModelError, OutcomeError
from itgstrat.fitting.survival.base import SurvivalEstimator
from itgstrat.learned import LinearRisk
from itgstrat.learned.spread import RiskSpread
from itgstrat.outcome import Outcome

Floats = npt.NDArray[np.float64]


def learn_spread(
    estimator: SurvivalEstimator,
    features: pd.DataFrame,
    outcome: Outcome,
    trained: LinearRisk,
    *,
    samples: int = 100,
    seed: int = 0,
    workers: Parallel | None = None,
) -> RiskSpread:
    """Refit a model, with its tuning, on patients drawn with replacement within strata.

    The features stay as training standardised them: how locations and scales would move is not in the interval.

    Parameters
    ----------
    estimator : SurvivalEstimator
        The model step of a pipeline, fitted or not.
    features : DataFrame of shape (n_patients, n_features)
        Features of the training patients.
    outcome : Outcome
        Their outcome.
    trained : LinearRisk
        The model that was fitted on all of them.
    samples : int
        Bootstrap samples.
    seed : int
        Seed; the same for any number of workers.
    workers : joblib.Parallel, optional
        What runs the samples; one after the other by default.

    Returns
    -------
    RiskSpread
        The record; of samples that carry no model nothing is kept.

    Raises
    ------
    ModelError
        If the risk is no weighted sum of features, or more than half of the samples carry no model.

    References
    ----------
    Efron 1981, doi 10.1080/01621459.1981.10477650
    """
    if not isinstance(trained, LinearRisk):
        raise ModelError(
            f"the risk of a {type(trained).__name__} is no weighted sum of features; its interval over bootstrap "
            "samples would need every model of them: use a linear model, or the lower bound of survival"
        )
    seeds = np.random.SeedSequence(seed).generate_state(samples)
    found = (workers or Parallel())(delayed(_refit)(estimator, features, outcome, int(own)) for own in seeds)
    known = [coef for coef in found if coef is not None]
    if 2 * len(known) < samples:
        raise ModelError(
            f"{samples - len(known)} of {samples} bootstrap samples of the patients carry no model; use a simpler "
            "model or an endpoint with more events"
        )
    return RiskSpread(trained.features, trained.center, np.stack(known))


def _refit(estimator: SurvivalEstimator, features: pd.DataFrame, outcome: Outcome, seed: int) -> Floats | None:
    """Coefficients of one sample, or None where it carries no model."""
    generator = np.random.default_rng(seed)
    rows = np.sort(np.concatenate([generator.choice(own, len(own)) for _, own in outcome.by_stratum()]))
    # the outcome knows who is the same, so that inner folds keep a patient on one side
    drawn = replace(outcome[rows], patient=rows)
    try:
        model: LinearRisk = clone(estimator).fit(features.iloc[rows].reset_index(drop=True), drawn).model_
    except (ModelError, OutcomeError):
        return None
    return model.coef
