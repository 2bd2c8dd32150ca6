"""Dependence: how survival, the risk or the probability of a label changes with one feature; partial and local."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from itgstrat.errors import ModelError
from itgstrat.learned import SurvivalModel
from itgstrat.learned.response import ResponseModel

Floats = npt.NDArray[np.float64]
Strings = npt.NDArray[np.str_]


@dataclass(frozen=True, eq=False)
class Dependence:
    """How a prediction changes with one feature.

    Parameters
    ----------
    feature : str
        The feature.
    kind : {"partial", "accumulated"}
        Mean over the patients with the feature set to each value; or accumulated local effects, whose mean over the
        patients is 0.
    grid : ndarray of float64, shape (n_grid,)
        Values of the feature, rising, in training standard deviations.
    times_days : ndarray of float64, shape (n_times,)
        Times of the survival; empty where it is the risk or a probability.
    values : ndarray of float64, shape (n_grid, n_times), or (n_grid, 1) of the risk or a probability
        What is predicted, or its difference from the mean. NaN beyond the follow-up of training.
    patients : ndarray of float64, shape (n_patients,)
        Values of the feature in the patients, to see where there are any.
    label : str
        The label, in words, where its probability is what is predicted.
    """

    feature: str
    kind: Literal["partial", "accumulated"]
    grid: Floats
    times_days: Floats
    values: Floats
    patients: Floats
    label: str = ""


def partial_dependence(
    model: SurvivalModel | ResponseModel,
    features: Floats,
    feature: str,
    times_days: Sequence[float] = (),
    *,
    points: int = 30,
    strata: Strings | None = None,
) -> Dependence:
    r"""Average the prediction over the patients, with one feature set to each value of a grid.

    .. math:: f_S(z) = \frac{1}{n} \sum_i \hat f(z, x_{i, \setminus S})

    Where features are correlated this asks of patients that there are not; see `accumulated_effects`.

    Parameters
    ----------
    model : SurvivalModel or ResponseModel
        The model; of a label its probability is looked at.
    features : ndarray of float64, shape (n_patients, n_features)
        Standardised features of some patients.
    feature : str
        Which feature.
    times_days : sequence of float
        Times of the survival to look at; the risk if there are none, and none for a label.
    points : int
        Most grid points, spread evenly from the 5th to the 95th percentile; all values where there are fewer.
    strata : ndarray of str, shape (n_patients,), optional
        Baseline stratum of each patient.

    Returns
    -------
    Dependence
        Mean survival, risk or probability.

    Raises
    ------
    ModelError
        If the model has no such feature, there are no patients, or times were given for a label.

    References
    ----------
    Friedman 2001, doi 10.1214/aos/1013203451
    """
    column = _find(model, features, feature)
    own = features[:, column]
    grid = np.unique(own)
    if len(grid) > points:
        low, high = np.quantile(own, [0.05, 0.95])
        grid = np.linspace(low, high, points)
    times = np.asarray(times_days, dtype=float)
    values = np.stack([_predict(model, _set(features, column, value), times, strata).mean(axis=0) for value in grid])
    return Dependence(feature, "partial", grid, times, values, own, _name_label(model))


def accumulated_effects(
    model: SurvivalModel | ResponseModel,
    features: Floats,
    feature: str,
    times_days: Sequence[float] = (),
    *,
    intervals: int = 30,
    strata: Strings | None = None,
) -> Dependence:
    r"""Add up the local effects of one feature (ALE): how the prediction changes where the patients are.

    .. math:: f(z_k) = \sum_{j \le k} \frac{1}{n_j} \sum_{i: x_i \in (z_{j-1}, z_j]}
              \left[ \hat f(z_j, x_{i, \setminus S}) - \hat f(z_{j-1}, x_{i, \setminus S}) \right] - c

    Parameters
    ----------
    model : SurvivalModel or ResponseModel
        The model; of a label its probability is looked at.
    features : ndarray of float64, shape (n_patients, n_features)
        Standardised features of some patients.
    feature : str
        Which feature.
    times_days : sequence of float
        Times of the survival to look at; the risk if there are none, and none for a label.
    intervals : int
        Most intervals, with as many patients in each as can be had; fewer where values are tied.
    strata : ndarray of str, shape (n_patients,), optional
        Baseline stratum of each patient.

    Returns
    -------
    Dependence
        Difference in survival, risk or probability from the mean over the patients.

    Raises
    ------
    ModelError
        If the model has no such feature, there are no patients, all have the same value, or times were given for a
        label.

    References
    ----------
    Apley & Zhu 2020, doi 10.1111/rssb.12377
    """
    column = _find(model, features, feature)
    own = features[:, column]
    # sample quantiles of type 1, as in ALEPlot; whole numbers, because 0.2 x 120 patients is above 24 in floats
    places = -(-len(own) * np.arange(intervals + 1) // intervals)
    edges = np.unique(np.sort(own)[np.maximum(places, 1) - 1])
    if len(edges) < 2:
        raise ModelError(f"all {len(own)} patients have the same {feature}; effects need at least two values")
    # the lowest value belongs to the first interval
    interval = np.maximum(np.searchsorted(edges, own, side="left") - 1, 0)
    times = np.asarray(times_days, dtype=float)
    lower, upper = (_set(features, column, edges[interval + step]) for step in (0, 1))
    change = _predict(model, upper, times, strata) - _predict(model, lower, times, strata)
    patients = np.bincount(interval, minlength=len(edges) - 1).astype(float)
    local = np.zeros((len(patients), change.shape[1]))
    np.add.at(local, interval, change)
    effects = np.concatenate([np.zeros((1, change.shape[1])), np.cumsum(local / patients[:, None], axis=0)])
    middle = (effects[:-1] + effects[1:]) / 2
    effects -= (middle * patients[:, None]).sum(axis=0) / patients.sum()
    return Dependence(feature, "accumulated", edges, times, effects, own, _name_label(model))


def _name_label(model: SurvivalModel | ResponseModel) -> str:
    return model.label if isinstance(model, ResponseModel) else ""


def _find(model: SurvivalModel | ResponseModel, features: Floats, feature: str) -> int:
    names = list(map(str, model.features))
    if feature not in names:
        raise ModelError(f"the model has no feature {feature!r}; it has {', '.join(names[:5])} ({len(names)} in all)")
    if not len(features):
        raise ModelError(f"no patients to see the dependence on {feature!r} in; give the features of some")
    return names.index(feature)


def _set(features: Floats, column: int, value: Floats | float) -> Floats:
    changed = features.copy()
    changed[:, column] = value
    return changed


def _predict(model: SurvivalModel | ResponseModel, features: Floats, times: Floats, strata: Strings | None) -> Floats:
    if isinstance(model, ResponseModel):
        if len(times):
            raise ModelError(f"the model predicts a label ({model.label}), which has no time; leave `times_days` empty")
        return model.probability(features)[:, None]
    return model.survival(features, times, strata) if len(times) else model.risk(features)[:, None]
