"""What survival estimators share: features and outcome in, a record out, and the record predicts."""

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.model_selection import StratifiedKFold
from sksurv.util import Surv

from itgstrat.concordance import comparable_pairs
from itgstrat.learned import LinearModel, SurvivalModel
from itgstrat.outcome import Outcome, require_events

Floats = npt.NDArray[np.float64]


class SurvivalEstimator(BaseEstimator):
    """A scikit-learn estimator that learns a record; the record predicts."""

    model_: SurvivalModel

    def predict(self, X: pd.DataFrame) -> Floats:
        """Predict risk.

        Parameters
        ----------
        X : DataFrame of shape (n_patients, n_features)
            Features.

        Returns
        -------
        ndarray of float64, shape (n_patients,)
            Risk; higher is worse.
        """
        return self.model_.risk(X.to_numpy())

    def score(self, X: pd.DataFrame, y: Outcome) -> float:
        """Compute Harrell's concordance within strata.

        Parameters
        ----------
        X : DataFrame of shape (n_patients, n_features)
            Features.
        y : Outcome
            Outcome.

        Returns
        -------
        float
            Concordance index.
        """
        return float(comparable_pairs(y).concordance(self.predict(X)))


def linear_model(X: pd.DataFrame, y: Outcome, coef: Floats) -> LinearModel:
    """Make the record of a fitted Cox model: coefficients, centre, and Breslow's baseline hazards.

    Parameters
    ----------
    X : DataFrame of shape (n_patients, n_features)
        Training features.
    y : Outcome
        Their outcome; each stratum gets a baseline hazard of its own.
    coef : ndarray of float64, shape (n_features,)
        Log hazard ratios.

    Returns
    -------
    LinearModel
        The record.
    """
    values = X.to_numpy()
    center = values.mean(axis=0)
    steps = breslow_baselines(y, (coef * (values - center)).sum(axis=1))
    return LinearModel(features=np.array(X.columns, dtype=str), coef=coef, center=center, **steps)


def to_structured(outcome: Outcome) -> npt.NDArray[Any]:
    """Give the outcome as scikit-survival wants it.

    Parameters
    ----------
    outcome : Outcome
        Outcome.

    Returns
    -------
    structured ndarray of shape (n_patients,)
        Fields ``event`` and ``time``.
    """
    structured: npt.NDArray[Any] = Surv.from_arrays(outcome.event, outcome.time_days)
    return structured


def split_by_events(
    outcome: Outcome, n_folds: int, seed: int
) -> list[tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]]:
    """Split patients into folds with events, and strata where they are large enough, spread evenly.

    Parameters
    ----------
    outcome : Outcome
        Outcome; its strata are balanced as well where each has enough events. Rows of one patient stay together.
    n_folds : int
        Number of folds.
    seed : int
        Seed of the shuffle.

    Returns
    -------
    list of (ndarray of int, ndarray of int)
        Training and test positions of each fold.

    Raises
    ------
    OutcomeError
        If there are fewer events than folds, or fewer than two folds.
    """
    if (
        outcome.patient is not None
    ):  # of a bootstrap sample: a patient on both sides would make a poor penalty look good
        _, first, row = np.unique(outcome.patient, return_index=True, return_inverse=True)
        once = split_by_events(replace(outcome[first], patient=None), n_folds, seed)
        return [(np.flatnonzero(np.isin(row, train)), np.flatnonzero(np.isin(row, test))) for train, test in once]
    require_events(outcome, max(n_folds, 2), f"{max(n_folds, 2)} folds with an event each")
    strata = np.unique(outcome.stratum, return_inverse=True)[1]
    label = outcome.event + 2 * strata
    if np.bincount(label)[np.unique(label)].min() < n_folds:
        label = outcome.event.astype(np.intp)
    folds = StratifiedKFold(n_folds, shuffle=True, random_state=seed)
    return list(folds.split(np.zeros(len(outcome)), label))


def breslow_baselines(outcome: Outcome, risk: Floats) -> dict[str, npt.NDArray[Any]]:
    r"""Estimate the cumulative baseline hazard per stratum and, last, over all patients.

    .. math:: \hat H_0(t) = \sum_{t_i \le t} d_i \Big/ \sum_{j:\, t_j \ge t_i} e^{risk_j}

    Parameters
    ----------
    outcome : Outcome
        Outcome with strata.
    risk : ndarray of float64, shape (n_patients,)
        Linear predictor.

    Returns
    -------
    dict
        The fields of `ProportionalHazards`.

    References
    ----------
    Breslow 1974, doi 10.2307/2529620
    """
    names, times, hazards, followed = [], [], [], []
    everyone = np.arange(len(outcome))
    for name, rows in [*outcome.by_stratum(), ("", everyone)]:
        own = outcome[rows]
        steps = np.unique(own.time_days[own.event])
        deaths = np.array([(own.event & (own.time_days == step)).sum() for step in steps])
        at_risk = np.array([np.exp(risk[rows])[own.time_days >= step].sum() for step in steps])
        names.append(name)
        times.append(steps)
        hazards.append(np.cumsum(deaths / at_risk) if len(steps) else steps)
        followed.append(own.time_days.max())
    return {
        "strata": np.array(names[:-1], dtype=str),
        "start": np.cumsum([0, *map(len, times)]),
        "times_days": np.concatenate(times),
        "cumulative_hazard": np.concatenate(hazards),
        "followed_days": np.array(followed),
    }
