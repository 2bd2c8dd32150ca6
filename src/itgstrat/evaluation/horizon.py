"""Every model at one horizon: AUC, Brier score, index of prediction accuracy and calibration, with their draws."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import overload

import numpy as np
import numpy.typing as npt

from itgstrat.evaluation.calibration import horizon_recalibration, observed_expected
from itgstrat.evaluation.calibration_curve import CalibrationCurve, calibration_curve
from itgstrat.evaluation.discrimination import dynamic_blocks, dynamic_weights, resampled_concordance
from itgstrat.evaluation.interval import Interval, from_draws
from itgstrat.evaluation.metrics import brier
from itgstrat.evaluation.protocol import Judged, Protocol
from itgstrat.evaluation.records import HorizonDifference, HorizonMeasures

Floats = npt.NDArray[np.float64]

#: An estimate, and the same in each bootstrap sample.
Resampled = tuple[float, Floats]


@dataclass(frozen=True, eq=False)
class Judgement:
    """All models at one horizon.

    Parameters
    ----------
    horizon_days : float
        Horizon.
    measures : mapping of str to HorizonMeasures
        By model, for those that tell survival at the horizon.
    resampled : mapping of str to mapping of str to (float, ndarray)
        By measure (auc, brier, ipa) and model: the estimate, and in each bootstrap sample, for paired differences.
    curve : CalibrationCurve or None
        Smooth calibration of the model.
    survival : mapping of str to ndarray of float64, shape (n_patients,)
        Predicted survival in the first repetition, of the model and of clinical variables alone.
    """

    horizon_days: float
    measures: Mapping[str, HorizonMeasures]
    resampled: Mapping[str, Mapping[str, Resampled]]
    curve: CalibrationCurve | None
    survival: Mapping[str, Floats]

    def difference(self, against: str) -> HorizonDifference | None:
        """Subtract a baseline from the model; None where either does not tell survival at the horizon."""
        if not {"model", against} <= set(self.measures):
            return None
        scores, auc, ipa = (self.resampled[name] for name in ("brier", "auc", "ipa"))
        return HorizonDifference(
            self.horizon_days,
            to_interval(minus(scores["model"], scores[against])),
            to_interval(minus(auc.get("model"), auc.get(against))),
            to_interval(minus(ipa.get("model"), ipa.get(against))),
        )


def judge_horizon(
    protocol: Protocol, judged: Mapping[str, Judged], number: int, weights: npt.NDArray[np.float32]
) -> Judgement:
    """Judge every model at one horizon.

    Parameters
    ----------
    protocol : Protocol
        Who is judged, and how.
    judged : mapping of str to Judged
        Predictions by model.
    number : int
        Which of the horizons; it lies within follow-up.
    weights : ndarray of float32, shape (n_patients, draws)
        Bootstrap counts.

    Returns
    -------
    Judgement
        Measures with intervals, and what paired differences need.
    """
    outcome, days = protocol.outcome, float(protocol.horizons_days[number])
    column = len(protocol.times_days) + number
    survival = {name: item.survival[:, :, column] for name, item in judged.items()}
    survival = {name: own for name, own in survival.items() if not np.isnan(own).any()}
    ranking = [name for name in survival if name != "kaplan_meier"]
    resampled = _resample(protocol, survival, ranking, days, weights)
    curves = {name: calibration_curve(outcome, survival[name], days, weights) for name in ranking}
    measures = {}
    for name, own in survival.items():
        curve = curves.get(name)
        intercept, slope = horizon_recalibration(outcome, own, days) if name in ranking else (None, None)
        measures[name] = HorizonMeasures(
            days,
            to_interval(resampled["brier"][name]),
            observed_expected(outcome, own, days, weights),
            to_interval(resampled["auc"].get(name)),
            to_interval(resampled["ipa"].get(name)),
            intercept,
            slope,
            *((curve.ici, curve.e50, curve.e90) if curve else (None, None, None)),
        )
    first = {name: own[0] for name, own in survival.items() if name in {"model", "clinical"}}
    return Judgement(days, measures, resampled, curves.get("model"), first)


def _resample(
    protocol: Protocol,
    survival: Mapping[str, Floats],
    ranking: list[str],
    days: float,
    weights: npt.NDArray[np.float32],
) -> dict[str, dict[str, Resampled]]:
    """AUC, Brier score and index of prediction accuracy of each model, in each bootstrap sample."""
    outcome, at, counts = protocol.outcome, np.array([days]), weights.astype(float)
    auc: dict[str, Resampled] = {}
    if ranking:
        blocks = [dynamic_blocks(outcome, groups, days) for groups in protocol.groups]
        risks = [1.0 - np.stack([survival[name][r] for name in ranking], axis=1) for r in range(len(blocks))]
        point, drawn = resampled_concordance(blocks, risks, dynamic_weights(outcome, days)[None], weights)
        auc = {name: (float(point[0, k]), drawn[0, k]) for k, name in enumerate(ranking)}
    scores: dict[str, Resampled] = {}
    for name, own in survival.items():
        each = brier(outcome, own[..., None], at)[..., 0].mean(axis=0)
        scores[name] = (float(each.mean()), each @ counts / len(each))
    ipa: dict[str, Resampled] = {}
    if "kaplan_meier" in scores:
        null, nulls = scores["kaplan_meier"]
        with np.errstate(invalid="ignore", divide="ignore"):
            for name in ranking:
                ipa[name] = (float(1 - np.divide(scores[name][0], null)), 1 - scores[name][1] / nulls)
    return {"brier": scores, "auc": auc, "ipa": ipa}


@overload
def minus(one: Resampled, other: Resampled) -> Resampled: ...
@overload
def minus(one: Resampled | None, other: Resampled | None) -> Resampled | None: ...
def minus(one: Resampled | None, other: Resampled | None) -> Resampled | None:
    """Subtract draw by draw; None where either is missing."""
    return None if one is None or other is None else (one[0] - other[0], one[1] - other[1])


@overload
def to_interval(result: Resampled) -> Interval: ...
@overload
def to_interval(result: Resampled | None) -> Interval | None: ...
def to_interval(result: Resampled | None) -> Interval | None:
    """Turn an estimate and its draws into an estimate with its 95% interval."""
    return None if result is None else from_draws(*result)
