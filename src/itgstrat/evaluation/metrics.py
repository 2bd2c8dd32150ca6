"""Discrimination and calibration on censored data, patient by patient, so that a bootstrap only reweighs."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
from sksurv.nonparametric import kaplan_meier_estimator

from itgstrat.concordance import Pairs, comparable_pairs
from itgstrat.outcome import Outcome, require_events

Floats = npt.NDArray[np.float64]


def censoring_survival(
    outcome: Outcome, times_days: Floats, strata: npt.NDArray[np.str_], before: bool = False
) -> Floats:
    """Estimate the probability of still being under observation, by Kaplan-Meier within stratum.

    Parameters
    ----------
    outcome : Outcome
        Patients to estimate from.
    times_days : ndarray of float64, shape (n_patients,) or (n_patients, n_times)
        Time of each question.
    strata : ndarray of str, shape (n_patients,)
        Stratum of each question; one that `outcome` does not have is answered from all of its patients.
    before : bool
        Ask for the moment before each time: an event at t is seen unless the patient was censored before t.
        Where times are whole months, as many are censored in the month of an event, the two differ.

    Returns
    -------
    ndarray of float64, shape of `times_days`
        P(censoring time > t), or P(censoring time >= t) if `before`.
    """
    known = dict(outcome.by_stratum())
    answer = np.empty_like(times_days, dtype=float)
    for stratum in np.unique(strata):
        rows = known.get(str(stratum), np.arange(len(outcome)))
        steps, survival = _censoring_curve(outcome[rows])
        asked = strata == stratum
        at = np.searchsorted(steps, times_days[asked], side="left" if before else "right")
        answer[asked] = np.concatenate([[1.0], survival])[at]
    return answer


def _censoring_curve(outcome: Outcome) -> tuple[Floats, Floats]:
    if outcome.event.all():
        return np.empty(0), np.empty(0)
    steps, survival = kaplan_meier_estimator(outcome.event, outcome.time_days, reverse=True)
    return steps, survival


def harrell_pairs(outcome: Outcome, groups: npt.NDArray[np.generic]) -> Pairs:
    """Find Harrell's comparable pairs within cohort and group; see `comparable_pairs`."""
    return comparable_pairs(outcome, groups)


def uno_pairs(outcome: Outcome, groups: npt.NDArray[np.generic], tau_days: float) -> Pairs:
    r"""Find the pairs of Uno's concordance, weighted by :math:`\hat G(t_i-)^{-2}`, events before tau only.

    The censoring distribution is that of the patients themselves, within their cohort, because cohorts are
    followed differently.

    Parameters
    ----------
    outcome : Outcome
        Outcome with strata.
    groups : ndarray, shape (n_patients,)
        Pairs are taken within a group only.
    tau_days : float
        Truncation time.

    Returns
    -------
    Pairs
        Weighted pairs.

    References
    ----------
    Uno 2011, doi 10.1002/sim.4154
    """
    pairs = comparable_pairs(outcome, groups)
    before = outcome.time_days[pairs.first] < tau_days
    pairs = Pairs(pairs.first[before], pairs.second[before], pairs.weight[before])
    observed = censoring_survival(outcome, outcome.time_days, outcome.stratum, before=True)
    return replace(pairs, weight=1.0 / observed[pairs.first] ** 2)


def integrated_brier(outcome: Outcome, survival: Floats, times_days: Floats) -> Floats:
    r"""Compute each patient's contribution to the integrated Brier score; their mean is the score.

    .. math:: BS_i(t) = \frac{S_i(t)^2\, 1(t_i \le t, \delta_i = 1)}{G(t_i-)} + \frac{(1 - S_i(t))^2\, 1(t_i > t)}{G(t)}

    integrated over `times_days` by the trapezium rule and divided by their range.

    Parameters
    ----------
    outcome : Outcome
        Outcome with strata; the censoring distribution is estimated within them.
    survival : ndarray of float64, shape (n_patients, n_times)
        Predicted survival.
    times_days : ndarray of float64, shape (n_times,)
        Rising times, all within follow-up.

    Returns
    -------
    ndarray of float64, shape (n_patients,)
        Contributions; 0 is perfect.

    References
    ----------
    Graf 1999, doi 10.1002/(SICI)1097-0258(19990915/30)18:17/18<2529::AID-SIM274>3.0.CO;2-5
    """
    own = censoring_survival(outcome, outcome.time_days, outcome.stratum, before=True)
    grid = np.broadcast_to(times_days, survival.shape).copy()
    then = censoring_survival(outcome, grid, outcome.stratum)
    died = (outcome.time_days[:, None] <= times_days) & outcome.event[:, None]
    alive = outcome.time_days[:, None] > times_days
    brier = np.where(died, survival**2 / own[:, None], 0.0)
    brier += np.where(alive, (1.0 - survival) ** 2 / np.where(then > 0, then, 1.0), 0.0)
    span = times_days[-1] - times_days[0]
    integral: Floats = np.trapezoid(brier, times_days, axis=1) / span if span > 0 else brier[:, 0]
    return integral


def evaluation_times(outcome: Outcome, trained_until_days: float = np.inf, n_times: int = 40) -> Floats:
    """Choose times at which every cohort is still followed, and of which the models know.

    Parameters
    ----------
    outcome : Outcome
        Patients judged.
    trained_until_days : float
        Follow-up of the training patients, beyond which a model tells no survival.
    n_times : int
        Number of times.

    Returns
    -------
    ndarray of float64, shape (n_times,)
        Evenly spaced from the 10th percentile of event times to the last time at which every cohort has a
        tenth of its patients, and at least five, under observation, and training was followed to.

    Raises
    ------
    OutcomeError
        If there is no event.
    """
    require_events(outcome, 1, "judging a model")
    limits = []
    for _, rows in outcome.by_stratum():
        times = np.sort(outcome.time_days[rows])[::-1]
        at_risk = min(len(times), max(5, int(np.ceil(len(times) / 10))))
        limits.append(times[at_risk - 1])
    end = min(*limits, trained_until_days) - 1e-6
    begin = min(np.quantile(outcome.time_days[outcome.event], 0.1), end / 2)
    return np.linspace(begin, end, n_times)


def bootstrap_weights(outcome: Outcome, draws: int, seed: int) -> npt.NDArray[np.float32]:
    """Draw how often each patient is taken in each bootstrap sample, cohort by cohort.

    Parameters
    ----------
    outcome : Outcome
        Patients with strata; each stratum keeps its size.
    draws : int
        Number of bootstrap samples.
    seed : int
        Seed.

    Returns
    -------
    ndarray of float32, shape (n_patients, draws)
        Counts.
    """
    generator = np.random.default_rng(seed)
    weights = np.zeros((len(outcome), draws), dtype=np.float32)
    for _, rows in outcome.by_stratum():
        weights[rows] = generator.multinomial(len(rows), np.full(len(rows), 1 / len(rows)), draws).T
    return weights


def resampled_concordance(
    pairs: Sequence[Pairs], risks: Sequence[Floats], weights: npt.NDArray[np.float32]
) -> tuple[Floats, Floats]:
    """Compute concordance of several models, and of each bootstrap sample, over all repetitions.

    Parameters
    ----------
    pairs : sequence of Pairs, one a repetition
        Comparable pairs.
    risks : sequence of ndarray of float64, shape (n_patients, n_models), one a repetition
        Risks.
    weights : ndarray of float32, shape (n_patients, draws)
        Bootstrap counts.

    Returns
    -------
    point : ndarray of float64, shape (n_models,)
        Concordance.
    draws : ndarray of float64, shape (n_models, draws)
        The same in each bootstrap sample.
    """
    n_models, draws = risks[0].shape[1], weights.shape[1]
    right, total = np.zeros(n_models), 0.0
    right_drawn, total_drawn = np.zeros((n_models, draws)), np.zeros(draws)
    for own, risk in zip(pairs, risks, strict=True):
        concordant = own.concordant(risk).T * own.weight
        right += concordant.sum(axis=1)
        total += own.weight.sum()
        for block in range(0, len(own.weight), 20_000):
            part = slice(block, block + 20_000)
            both = weights[own.first[part]].astype(float) * weights[own.second[part]]
            right_drawn += concordant[:, part] @ both
            total_drawn += own.weight[part] @ both
    with np.errstate(invalid="ignore", divide="ignore"):
        return right / total, right_drawn / total_drawn


def calibration_table(
    outcome: Outcome, survival: Floats, horizon_days: float, groups: int = 5
) -> list[dict[str, float]]:
    """Compare predicted with observed survival at a horizon, in groups of equal size.

    Parameters
    ----------
    outcome : Outcome
        Outcome.
    survival : ndarray of float64, shape (n_patients,)
        Predicted survival at the horizon; NaN is left out.
    horizon_days : float
        Horizon.
    groups : int
        Number of groups, by predicted survival.

    Returns
    -------
    list of dict
        patients, events, predicted (mean), observed (Kaplan-Meier), low and high (95% log-log limits). A group
        that was not followed to the horizon is left out.
    """
    usable = np.flatnonzero(~np.isnan(survival))
    table = []
    for rows in np.array_split(usable[np.argsort(survival[usable], kind="stable")], groups):
        if not len(rows):
            continue
        observed, low, high = survival_at(outcome[rows], horizon_days)
        if np.isnan(observed):
            continue
        table.append(
            {
                "patients": float(len(rows)),
                "events": float((outcome.event[rows] & (outcome.time_days[rows] <= horizon_days)).sum()),
                "predicted": float(survival[rows].mean()),
                "observed": observed,
                "low": low,
                "high": high,
            }
        )
    return table


def survival_at(outcome: Outcome, time_days: float) -> tuple[float, float, float]:
    """Read the Kaplan-Meier curve at a time.

    Parameters
    ----------
    outcome : Outcome
        Patients.
    time_days : float
        Time.

    Returns
    -------
    tuple of float
        Survival with 95% log-log limits, an exact lower one before the first event; NaN beyond the last patient's
        follow-up.
    """
    if time_days > outcome.time_days.max():
        return np.nan, np.nan, np.nan
    followed = int((outcome.time_days >= time_days).sum())
    if not (outcome.event & (outcome.time_days <= time_days)).any():  # no event in n patients: an exact lower limit
        return 1.0, 0.025 ** (1 / max(followed, 1)), 1.0
    times, survival, limits = kaplan_meier_estimator(outcome.event, outcome.time_days, conf_type="log-log")
    index = int(np.searchsorted(times, time_days, side="right")) - 1
    return float(survival[index]), float(limits[0, index]), float(limits[1, index])
