"""How good probabilities of a class are: discrimination, accuracy and calibration, with paired intervals."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import binomtest, rankdata

from itgstrat.errors import ModelError, name_some
from itgstrat.evaluation.interval import Interval, from_draws
from itgstrat.evaluation.weak_calibration import NEAREST, regress_calibration

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

#: Measures that are resampled, in this order.
_MEASURES = ("auc", "average_precision", "brier", "log_loss")


@dataclass(frozen=True)
class ClassMeasures:
    """How good the probabilities of one model are.

    Parameters
    ----------
    n_patients, n_positive : int
        Patients, and those with the label.
    auc : Interval
        Area under the receiver operating characteristic; 0.5 is chance.
    average_precision : Interval
        Average precision; the share of positive patients is chance.
    brier, log_loss : Interval
        Mean squared error and mean negative log-likelihood; 0 is perfect.
    intercept, slope : Interval
        Logistic recalibration; 0 and 1 are perfect.
    p_value : float
        One-sided permutation p-value of the AUC: (1 + permutations at least as good) / (1 + permutations).
    """

    n_patients: int
    n_positive: int
    auc: Interval
    average_precision: Interval
    brier: Interval
    log_loss: Interval
    intercept: Interval
    slope: Interval
    p_value: float


@dataclass(frozen=True)
class ClassDifference:
    """One model minus another on the same patients, with paired intervals.

    Parameters
    ----------
    auc, average_precision : Interval
        Above 0 the first is better.
    brier, log_loss : Interval
        Below 0 the first is better.
    """

    auc: Interval
    average_precision: Interval
    brier: Interval
    log_loss: Interval


def judge_probabilities(
    label: npt.ArrayLike, probability: npt.ArrayLike, draws: int = 1000, seed: int = 0
) -> ClassMeasures:
    """Judge predicted probabilities of a class.

    Parameters
    ----------
    label : array of bool or 0/1, shape (n_patients,)
        Whether the patient is of the class.
    probability : array of float, shape (n_patients,) or (n_repeats, n_patients)
        Predicted probability, for instance out of fold; measures are means over repetitions.
    draws : int
        Bootstrap samples of patients, and permutations of the label.
    seed : int
        Seed of both.

    Returns
    -------
    ClassMeasures
        Measures with 95% intervals: bootstrap percentiles, and for intercept and slope robust standard errors.
        What cannot be had from one class only is NaN.

    Raises
    ------
    ModelError
        If labels are not 0 and 1, probabilities are missing or outside 0 to 1, or lengths differ.

    References
    ----------
    Brier 1950, doi 10.1175/1520-0493(1950)078<0001:VOFEIT>2.0.CO;2; permutation p: Phipson 2010,
    doi 10.2202/1544-6115.1585

    Examples
    --------
    >>> found = judge_probabilities([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8], draws=200)
    >>> found.auc.estimate, round(found.average_precision.estimate, 3)
    (0.75, 0.833)
    """
    labels, predicted = _check(label, probability)
    weights = bootstrap_patients(len(labels), draws, seed)
    point, drawn = _measure(labels, predicted, np.ones((len(labels), 1)))[:, 0], _measure(labels, predicted, weights)
    intercept, slope = regress_calibration(labels, predicted)
    return ClassMeasures(
        n_patients=len(labels),
        n_positive=int(labels.sum()),
        intercept=intercept,
        slope=slope,
        p_value=_permute(labels, predicted, float(point[0]), draws, seed),
        **{name: from_draws(point[k], drawn[k]) for k, name in enumerate(_MEASURES)},
    )


def subtract_probabilities(
    label: npt.ArrayLike, probability: npt.ArrayLike, against: npt.ArrayLike, draws: int = 1000, seed: int = 0
) -> ClassDifference:
    """Compare two models on the same patients: the first minus the second.

    Parameters
    ----------
    label : array of bool or 0/1, shape (n_patients,)
        Whether the patient is of the class.
    probability, against : array of float, shape (n_patients,) or (n_repeats, n_patients)
        Predicted probabilities of the two models.
    draws : int
        Bootstrap samples of patients, the same for both models.
    seed : int
        Seed.

    Returns
    -------
    ClassDifference
        Differences with 95% bootstrap percentiles.

    Raises
    ------
    ModelError
        If labels are not 0 and 1, probabilities are missing or outside 0 to 1, or lengths differ.

    Examples
    --------
    >>> found = subtract_probabilities([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8], [0.5, 0.5, 0.5, 0.5], draws=200)
    >>> found.auc.estimate
    0.25
    """
    labels, one = _check(label, probability)
    _, other = _check(label, against)
    weights = np.hstack([np.ones((len(labels), 1)), bootstrap_patients(len(labels), draws, seed)])
    found = _measure(labels, one, weights) - _measure(labels, other, weights)
    return ClassDifference(**{name: from_draws(found[k, 0], found[k, 1:]) for k, name in enumerate(_MEASURES)})


def calibration_groups(
    label: npt.NDArray[np.bool_], probability: Floats, groups: int = 5, least: int = 10
) -> list[dict[str, float]]:
    """Compare predicted probabilities with the share of the class, in groups of equal size.

    Parameters
    ----------
    label : ndarray of bool, shape (n_patients,)
        Whether the patient is of the class.
    probability : ndarray of float64, shape (n_patients,)
        Predicted probability.
    groups : int
        Most groups, by predicted probability.
    least : int
        Fewest patients of a group; with less than twice as many there is one group.

    Returns
    -------
    list of dict
        patients, positive, predicted (mean), observed (share of the class), low and high (95% limits of Wilson).

    References
    ----------
    Wilson 1927, doi 10.1080/01621459.1927.10502953

    Examples
    --------
    >>> (one,) = calibration_groups(np.array([True, False]), np.array([0.8, 0.4]))
    >>> round(one["predicted"], 2), one["observed"], round(one["low"], 3), round(one["high"], 3)
    (0.6, 0.5, 0.095, 0.905)
    """
    table = []
    for rows in np.array_split(np.argsort(probability, kind="stable"), max(1, min(groups, len(label) // least))):
        positive = int(label[rows].sum())
        limits = binomtest(positive, len(rows)).proportion_ci(method="wilson")
        table.append(
            {
                "patients": float(len(rows)),
                "positive": float(positive),
                "predicted": float(probability[rows].mean()),
                "observed": positive / len(rows),
                "low": float(limits.low),
                "high": float(limits.high),
            }
        )
    return table


def _check(label: npt.ArrayLike, probability: npt.ArrayLike) -> tuple[Bools, Floats]:
    labels, predicted = np.asarray(label), np.atleast_2d(np.asarray(probability, dtype=np.float64))
    foreign = ~np.isin(labels, [0, 1])
    if foreign.any():
        found = name_some(np.unique(labels[foreign].astype(str)))
        raise ModelError(f"labels hold {found}; they need to be 1 (of the class) and 0 (not)")
    if labels.ndim != 1 or predicted.ndim != 2 or predicted.shape[1] != len(labels) or not len(labels):
        raise ModelError(
            f"labels of shape {labels.shape} and probabilities of shape {np.shape(probability)}; "
            "one label and one probability a patient are needed"
        )
    bad = ~((predicted >= 0) & (predicted <= 1)).all(axis=0)
    if bad.any():
        raise ModelError(
            f"{int(bad.sum())} patients have a probability that is missing or outside 0 to 1 "
            f"(positions {name_some(np.flatnonzero(bad))}); leave them out or impute what the model lacks"
        )
    return labels.astype(bool), predicted


def bootstrap_patients(n: int, draws: int, seed: int) -> Floats:
    """Count how often each patient is in each bootstrap sample, shape (n, draws)."""
    drawn: Floats = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), draws).T.astype(float)
    return drawn


def _measure(label: Bools, predicted: Floats, weights: Floats) -> Floats:
    """Compute measures x draws, the mean over repetitions; NaN where a draw holds one class only."""
    measures: Floats = np.mean([_measure_once(label, own, weights) for own in predicted], axis=0)
    return measures


def _measure_once(label: Bools, predicted: Floats, weights: Floats) -> Floats:
    order = np.argsort(-predicted, kind="stable")
    starts = np.flatnonzero(np.diff(predicted[order], prepend=np.inf))  # patients with one probability stand together
    ranked = weights[order]
    positive = np.add.reduceat(ranked * label[order, None], starts, axis=0)
    negative = np.add.reduceat(ranked * ~label[order, None], starts, axis=0)
    caught, alarms = positive.cumsum(axis=0), negative.cumsum(axis=0)
    inside = np.clip(predicted, NEAREST, 1 - NEAREST)
    loss = -np.where(label, np.log(inside), np.log1p(-inside))
    with np.errstate(invalid="ignore", divide="ignore"):
        below = alarms[-1] - alarms + negative / 2
        auc = (positive * below).sum(axis=0) / (caught[-1] * alarms[-1])
        precision = np.where(caught > 0, caught / (caught + alarms), 0.0)
        average = (positive * precision).sum(axis=0) / caught[-1]
    errors = np.stack([(predicted - label) ** 2, loss]) @ weights / weights.sum(axis=0)
    return np.stack([auc, average, *errors])


def _permute(label: Bools, predicted: Floats, auc: float, draws: int, seed: int) -> float:
    """Count permutations of the label that reach the AUC."""
    if np.isnan(auc):
        return float("nan")
    # a stream of its own, so that permutations do not depend on the bootstrap
    shuffled = np.random.default_rng([seed, 1]).permuted(np.tile(label, (draws, 1)), axis=1)
    n_positive = int(label.sum())
    ranks = np.mean([rankdata(own) for own in predicted], axis=0)
    reached = (shuffled @ ranks - n_positive * (n_positive + 1) / 2) / (n_positive * (len(label) - n_positive))
    return float((1 + (reached >= auc - 1e-12).sum()) / (1 + draws))
