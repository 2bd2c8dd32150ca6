"""Recalibration of a frozen model on another cohort: a step of its own, judged on patients that it did not see."""

from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from itgstrat.errors import ModelError, OutcomeError
from itgstrat.evaluation.calibration import observed_expected
from itgstrat.evaluation.interval import Interval, from_draws, from_error
from itgstrat.evaluation.metrics import bootstrap_weights, evaluation_times, integrated_brier
from itgstrat.evaluation.splits import repeated_folds
from itgstrat.fitting.small_cox import fit_small_cox
from itgstrat.learned import SurvivalModel
from itgstrat.learned.recalibrated import RecalibratedModel, log_hazard_at
from itgstrat.outcome import Outcome, require_events

Floats = npt.NDArray[np.float64]
Method = Literal["intercept", "slope"]

#: Fewest events to recalibrate on (Vergouwe 2017, doi 10.1002/sim.7179, simulated with a few more).
LEAST_EVENTS: dict[str, int] = {"intercept": 10, "slope": 20}
_BLOCK = 256


@dataclass(frozen=True)
class Update:
    """How one way to recalibrate does.

    Parameters
    ----------
    method : {"none", "intercept", "slope"}
        The frozen model; its baseline; its baseline and spread.
    brier : Interval
        Integrated Brier score.
    gain : Interval or None
        Difference to the frozen model, same patients; below 0 recalibration helps.
    observed_expected : Interval
        Observed over expected events at the horizon.
    """

    method: str
    brier: Interval
    gain: Interval | None
    observed_expected: Interval


@dataclass(frozen=True)
class Updates:
    """Before and after recalibration, in patients whose outcome it did not see.

    Parameters
    ----------
    n_patients, n_events, folds : int
        Patients of the cohort, and the folds that they were held out in.
    horizon_days : float
        Horizon of observed over expected.
    intercept : Interval
        Log of observed over expected events over all of follow-up, all patients, slope 1; 0 is perfect.
    slope : Interval
        Calibration slope, all patients; 1 is perfect.
    rows : tuple of Update
        The frozen model first.
    """

    n_patients: int
    n_events: int
    folds: int
    horizon_days: float
    intercept: Interval
    slope: Interval
    rows: tuple[Update, ...]

    def as_dict(self) -> dict[str, Any]:
        """Give plain types."""
        return asdict(self)


def recalibrate_model(
    model: SurvivalModel,
    features: Floats,
    outcome: Outcome,
    method: Method,
) -> RecalibratedModel:
    r"""Put the survival that a frozen model tells right for the population of a cohort.

    ``intercept`` scales the cumulative hazard by observed over expected events. ``slope`` first estimates the slope
    by Cox regression on the log cumulative hazard, each stratum with a free baseline, and scales then:

    .. math:: a = \log \frac{\sum_i \delta_i}{\sum_i H_i(t_i)\, e^{(b-1)(\eta_i - \bar\eta)}}

    The shape of the baseline hazard, that of all training patients, is kept. Events beyond the follow-up of the model
    do not count.

    Parameters
    ----------
    model : SurvivalModel
        The model; it is not changed.
    features : ndarray of float64, shape (n_patients, n_features)
        Features of the cohort, by the model's recipe.
    outcome : Outcome
        Outcome of the cohort.
    method : {"intercept", "slope"}
        What is estimated.

    Returns
    -------
    RecalibratedModel
        The model in a new record; risk and strata are those of the model.

    Raises
    ------
    OutcomeError
        If there are fewer than 10 events for the intercept, or 20 for the slope.
    ModelError
        If the slope is not above 0: the model ranks these patients the wrong way round, which this cannot mend.

    References
    ----------
    van Houwelingen 2000, doi 10.1002/1097-0258(20001230)19:24<3401::AID-SIM554>3.0.CO;2-2; Crowson 2016,
    doi 10.1177/0962280213497434
    """
    if isinstance(model, RecalibratedModel):
        raise ModelError("the model was recalibrated before; recalibrate the model that was trained")
    require_events(outcome, LEAST_EVENTS[method], f"recalibrating by {method}")
    own = cut_follow_up(outcome, model.followed_until_days)
    at_days = reference_time(own)
    position = log_hazard_at(model, features, at_days)
    slope = estimate_slope(own, position).estimate if method == "slope" else 1.0
    if not slope > 0:
        raise ModelError(
            f"the calibration slope is {slope:.2f}; the model ranks these patients no better than by chance, which "
            "recalibration cannot mend: train a model for them, or recalibrate the intercept only"
        )
    center = float(position.mean())
    expected = own_hazard(model, features, own) * np.exp((slope - 1) * (position - center))
    return RecalibratedModel(model, float(np.log(own.n_events / expected.sum())), slope, at_days, center)


def judge_updates(
    model: SurvivalModel,
    features: Floats,
    outcome: Outcome,
    horizon_days: float,
    folds: int = 5,
    seed: int = 0,
    draws: int = 1000,
) -> Updates:
    """Compare a frozen model with its recalibrations on held-out folds of a cohort, so that the gain is honest.

    Parameters
    ----------
    model : SurvivalModel
        The frozen model.
    features : ndarray of float64, shape (n_patients, n_features)
        Features of the cohort.
    outcome : Outcome
        Its outcome.
    horizon_days : float
        Horizon of observed over expected; taken down to the follow-up if later.
    folds : int
        Folds; each is predicted by a recalibration on the others.
    seed, draws : int
        Of the folds and of the bootstrap of the intervals.

    Returns
    -------
    Updates
        The frozen model, and every method that every fold has the events for.

    Raises
    ------
    OutcomeError
        If there are fewer events than folds.
    """
    own = cut_follow_up(outcome, model.followed_until_days)
    times = evaluation_times(own, model.followed_until_days)
    horizon = min(horizon_days, float(times[-1]))
    asked = np.append(times, horizon)
    weights = bootstrap_weights(own, draws, seed)
    splits = repeated_folds(own, folds, 1, seed)
    told = {"none": model.survival(features, asked)}
    for method in ("intercept", "slope"):
        survival = np.empty_like(told["none"])
        try:
            for split in splits:
                rows = split.train
                fitted = recalibrate_model(model, features[rows], own[rows], method)
                survival[split.test] = fitted.survival(features[split.test], asked)
        except (OutcomeError, ModelError):
            continue
        told[method] = survival
    scores = {name: integrated_brier(own, survival[:, :-1], times) for name, survival in told.items()}
    rows_ = tuple(
        Update(
            name,
            _mean(scores[name], weights),
            None if name == "none" else _mean(scores[name] - scores["none"], weights),
            observed_expected(own, survival[None, :, -1], horizon, weights),
        )
        for name, survival in told.items()
    )
    position = log_hazard_at(model, features, reference_time(own))
    excess = float(np.log(own.n_events / own_hazard(model, features, own).sum()))
    return Updates(
        len(own),
        own.n_events,
        folds,
        horizon,
        from_error(excess, 1 / np.sqrt(own.n_events)),
        estimate_slope(own, position),
        rows_,
    )


def estimate_slope(outcome: Outcome, position: Floats) -> Interval:
    """Estimate the calibration slope by Cox regression on the log cumulative hazard, strata with free baselines.

    Parameters
    ----------
    outcome : Outcome
        Outcome.
    position : ndarray of float64, shape (n_patients,)
        From `log_hazard_at`.

    Returns
    -------
    Interval
        Slope with its Wald interval; NaN where predictions are all equal.
    """
    fit = fit_small_cox(outcome, position[None, :, None])
    return from_error(float(fit.coef[0, 0]), float(fit.standard_error[0, 0]))


def reference_time(outcome: Outcome) -> float:
    """Choose the time at which predictions are compared: the median event time, well inside follow-up."""
    return float(np.median(outcome.time_days[outcome.event]))


def cut_follow_up(outcome: Outcome, until_days: float) -> Outcome:
    """Censor at the end of the model's follow-up, beyond which it tells nothing.

    Parameters
    ----------
    outcome : Outcome
        Outcome.
    until_days : float
        End of follow-up.

    Returns
    -------
    Outcome
        Events by then.

    Raises
    ------
    OutcomeError
        If no event is left.
    """
    kept = outcome.event & (outcome.time_days <= until_days)
    cut = Outcome(kept, np.minimum(outcome.time_days, until_days), outcome.stratum)
    require_events(cut, 1, f"recalibration within the model's follow-up of {until_days:.0f} days")
    return cut


def own_hazard(model: SurvivalModel, features: Floats, outcome: Outcome) -> Floats:
    """Compute each patient's predicted cumulative hazard at the own time: the events expected of the patient.

    Parameters
    ----------
    model : SurvivalModel
        The model.
    features : ndarray of float64, shape (n_patients, n_features)
        Features.
    outcome : Outcome
        Outcome, within the model's follow-up.

    Returns
    -------
    ndarray of float64, shape (n_patients,)
        Expected events.
    """
    hazard = np.empty(len(outcome))
    for at in range(0, len(outcome), _BLOCK):
        rows = np.arange(at, min(at + _BLOCK, len(outcome)))
        survival = model.survival(features[rows], outcome.time_days[rows])
        hazard[rows] = -np.log(np.maximum(np.diagonal(survival), 1e-300))
    return hazard


def _mean(scores: Floats, weights: npt.NDArray[np.float32]) -> Interval:
    return from_draws(float(scores.mean()), scores @ weights.astype(float) / len(scores))
