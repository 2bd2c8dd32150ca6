r"""Calibrate a lower bound of the survival time on out-of-fold predictions of censored patients.

The bounds that are tried are quantiles of the time that the model itself predicts. How many patients die before such a
bound is estimated with each death weighted by the inverse probability of not having been censored before it,

.. math:: \hat\alpha(s) = \frac{1}{n + 1} \left( 1 + \sum_i \frac{\delta_i\, 1\{t_i < L_s(x_i)\}}
          {\hat G(t_i- \mid x_i)} \right),

and the latest bound of which at most 1 - level die is kept. Without censoring this would be split
conformal prediction, were the model not another in each fold; coverage is therefore measured (docs/uncertainty.md), not
proved. It holds over patients, not for each of them, and `MOST_WEIGHT` can only make misses look fewer.
"""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
from joblib import Parallel, delayed
from sklearn.base import clone
from sklearn.pipeline import Pipeline

from itgstrat.cohort import Cohort
from itgstrat.errors import ModelError
from itgstrat.fitting.partial_likelihood import RiskSets, fit_cox
from itgstrat.fitting.survival.base import breslow_baselines, split_by_events
from itgstrat.learned import ProportionalHazards
from itgstrat.learned.lower_bound import LowerBound
from itgstrat.outcome import Outcome

Floats = npt.NDArray[np.float64]

#: Share of the patients of every stratum who must still be under observation where the bound ends; a death later
#: would stand for more patients than can be trusted.
LEAST_OBSERVED = 0.1

#: Most patients that one death may stand for.
MOST_WEIGHT = 20.0

#: Most times that a bound is looked for at.
MOST_TIMES = 400


def learn_lower_bound(
    pipeline: Pipeline,
    cohort: Cohort,
    level: float = 0.9,
    *,
    folds: int = 10,
    seed: int = 0,
    workers: Parallel | None = None,
) -> LowerBound:
    """Calibrate a lower bound for the model that a pipeline learns, on patients left out in turn.

    Parameters
    ----------
    pipeline : Pipeline
        Unfitted, from `build_pipeline`.
    cohort : Cohort
        Training patients, with outcome.
    level : float
        Share of the patients who are to outlive their bound.
    folds : int
        Folds; the pipeline is fitted once in each.
    seed : int
        Seed of the folds.
    workers : joblib.Parallel, optional
        What runs the folds; one after the other by default.

    Returns
    -------
    LowerBound
        The record.

    Raises
    ------
    OutcomeError
        If there are fewer events than folds.
    ModelError
        If the pipeline cannot be fitted, or there are too few patients for the level.

    References
    ----------
    Candès 2023, doi 10.1093/jrsssb/qkac017; Gui 2024, doi 10.1093/biomet/asad076; Barber 2021,
    doi 10.1214/20-AOS1965 (predictions of patients left out in turn)
    """
    outcome = cohort.require_outcome()
    times = choose_times(outcome)
    splits = split_by_events(outcome, folds, seed)
    parts = (workers or Parallel())(delayed(_judge)(pipeline, cohort, train, test, times) for train, test in splits)
    risk, survival = np.empty(len(outcome)), np.empty((len(outcome), len(times)))
    for (_, test), (own_risk, own_survival) in zip(splits, parts, strict=True):
        risk[test], survival[test] = own_risk, own_survival
    return calibrate_lower_bound(outcome, risk, survival, times, level)


def _judge(
    pipeline: Pipeline, cohort: Cohort, train: npt.NDArray[np.intp], test: npt.NDArray[np.intp], times: Floats
) -> tuple[Floats, Floats]:
    """Risk, standardised in the training part so that folds are alike, and survival of the patients left out."""
    fitted = clone(pipeline).fit(cohort[train], cohort[train].require_outcome())
    panel, model = fitted.named_steps["features"], fitted.named_steps["model"].model_
    learned = model.risk(panel.features(cohort[train]).values)
    values = panel.features(cohort[test]).values
    risk = (model.risk(values) - learned.mean()) / max(float(learned.std()), 1e-12)
    return risk, model.survival(values, times, cohort.batch[test])


def choose_times(outcome: Outcome) -> Floats:
    """Choose the times that a bound is looked for at: those of events, while enough are under observation.

    Parameters
    ----------
    outcome : Outcome
        Training patients.

    Returns
    -------
    ndarray of float64, shape (n_times,)
        Rising; the last is when a tenth of the stratum that was followed for the shortest time is left.

    Raises
    ------
    ModelError
        If nobody dies by then.
    """
    until = min(
        np.sort(outcome.time_days[rows])[::-1][int(np.ceil(LEAST_OBSERVED * len(rows))) - 1]
        for _, rows in outcome.by_stratum()
    )
    steps = np.unique(outcome.time_days[outcome.event & (outcome.time_days < until)])
    if not len(steps):
        raise ModelError(
            f"no event before day {until:g}, until which a tenth of each cohort is under observation; a lower bound of "
            "survival needs events within follow-up"
        )
    if len(steps) >= MOST_TIMES:
        steps = np.quantile(steps, np.linspace(0, 1, MOST_TIMES - 1), method="inverted_cdf")
    return np.append(steps, until)


def calibrate_lower_bound(
    outcome: Outcome,
    risk: Floats,
    survival: Floats,
    times_days: Floats,
    level: float = 0.9,
    censoring: Floats | None = None,
) -> LowerBound:
    r"""Find the predicted survival at which a lower bound holds for as many patients as it should.

    Censoring may depend on the patient: unless `censoring` is given it is taken from a Cox model of the time to
    censoring on the risk, within strata. That is enough, whatever censoring depends on, where the time to the event
    depends on the patient through the risk alone.

    Parameters
    ----------
    outcome : Outcome
        Patients.
    risk : ndarray of float64, shape (n_patients,)
        Out-of-fold risk, on one scale.
    survival : ndarray of float64, shape (n_patients, n_times)
        Out-of-fold survival at `times_days`; NaN beyond the follow-up that the model was trained on.
    times_days : ndarray of float64, shape (n_times,)
        From `choose_times`.
    level : float
        Share of the patients who are to outlive their bound.
    censoring : ndarray of float64, shape (n_patients,), optional
        Probability of being under observation just before the own time, where it is known better.

    Returns
    -------
    LowerBound
        The record.

    Raises
    ------
    ModelError
        If the level is not between 0 and 1, or there are too few patients for it.

    References
    ----------
    Gui 2024, doi 10.1093/biomet/asad076 (a family of bounds and the weighted estimate of its misses); Hansen 2008,
    doi 10.1093/biomet/asn004 (the prognostic score)

    Examples
    --------
    >>> from itgstrat.outcome import make_outcome
    >>> days = np.arange(1.0, 201.0)
    >>> outcome = make_outcome(np.ones(200), days)
    >>> survival = np.broadcast_to(1 - days / 200, (200, 200))
    >>> bound = calibrate_lower_bound(outcome, np.zeros(200), survival, days, 0.9)
    >>> float(bound.read(survival)[0])  # 19 die before day 20, with the next patient 20 of 201
    20.0
    """
    if not 0 < level < 1:
        raise ModelError(f"the level of a lower bound is {level:g}; it needs a share between 0 and 1, such as 0.9")
    needed = int(np.ceil(1.0 / (1.0 - level) - 1e-9)) - 1
    if len(outcome) < needed:
        raise ModelError(
            f"{len(outcome)} patients cannot carry a lower bound at the level {level:g}; it needs {needed} or more"
        )
    staying = stay_probability(outcome, risk) if censoring is None else censoring
    counted = outcome.event & (outcome.time_days < times_days[-1])
    weight = np.where(counted, np.minimum(1.0 / np.maximum(staying, 1e-12), MOST_WEIGHT), 0.0)
    # survival at the last time looked at by then: the bound at s comes after t exactly if it is above s
    at = np.searchsorted(times_days, outcome.time_days, side="right") - 1
    reached = np.where(at < 0, 1.0, survival[np.arange(len(outcome)), at])
    known = counted & ~np.isnan(reached)  # of a stratum that training did not follow for so long nothing is told
    order = np.argsort(-reached[known], kind="stable")
    steps, missed = reached[known][order], np.cumsum(weight[known][order])
    misses = (1.0 + missed) / (len(outcome) + 1.0)
    n_allowed = int((misses <= 1.0 - level + 1e-12).sum())
    # the bound at s misses those whose survival was above s, so it stands at the first who may not be missed
    at_survival = float(steps[n_allowed]) if n_allowed < len(steps) else 0.0
    return LowerBound(level, at_survival, times_days, len(outcome), int(counted.sum()))


def stay_probability(outcome: Outcome, risk: Floats) -> Floats:
    r"""Estimate how likely each patient was to be under observation just before the own time.

    .. math:: \hat G(t- \mid x) = \exp(-\hat H_C(t-)\, e^{\gamma\, risk(x)})

    Parameters
    ----------
    outcome : Outcome
        Patients; each stratum has a baseline of its own.
    risk : ndarray of float64, shape (n_patients,)
        What censoring may depend on.

    Returns
    -------
    ndarray of float64, shape (n_patients,)
        Probability; 1 where nobody was censored before.
    """
    censored = replace(outcome, event=~outcome.event)
    if not censored.n_events:
        return np.ones(len(outcome))
    spread = float(risk.std())
    score = (risk - risk.mean()) / spread if spread > 1e-12 else np.zeros(len(risk))
    # a normal prior of variance 1 keeps the slope finite where few were censored
    slope = fit_cox(score[:, None], RiskSets.of(censored), np.ones(1)) if spread > 1e-12 else np.zeros(1)
    linear = slope[0] * score
    hazard = ProportionalHazards(**breslow_baselines(censored, linear))
    rows = {str(name): row for row, name in enumerate(hazard.strata)}
    before = np.nextafter(outcome.time_days, 0.0)  # who is censored at the time of an event leaves after it
    found = np.empty(len(outcome))
    for name, own in outcome.by_stratum():
        found[own] = hazard.baseline(rows[name], before[own])
    staying: Floats = np.exp(-found * np.exp(linear))
    return staying
