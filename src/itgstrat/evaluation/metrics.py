"""Follow-up, censoring and the Brier score, patient by patient, so that a bootstrap only reweighs."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from sksurv.nonparametric import kaplan_meier_estimator

from itgstrat.outcome import DAYS_PER_UNIT, Outcome, require_events

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


def observed_weights(outcome: Outcome, times_days: Floats) -> Floats:
    r"""Weigh the patients whose state at a time was seen, so that they stand for those who were censored before.

    .. math:: w_i(t) = \frac{1(t_i \le t, \delta_i = 1)}{\hat G(t_i-)} + \frac{1(t_i > t)}{\hat G(t)}

    Parameters
    ----------
    outcome : Outcome
        Outcome with strata; the censoring distribution is estimated within them.
    times_days : ndarray of float64, shape (n_times,)
        Times, all within follow-up.

    Returns
    -------
    ndarray of float64, shape (n_patients, n_times)
        0 for patients who were censored by then.

    References
    ----------
    Graf 1999, doi 10.1002/(SICI)1097-0258(19990915/30)18:17/18<2529::AID-SIM274>3.0.CO;2-5

    Examples
    --------
    >>> from itgstrat.outcome import make_outcome
    >>> observed_weights(make_outcome([1, 0, 1, 1], [1, 2, 3, 4]), np.array([2.5])).round(3).ravel().tolist()
    [1.0, 0.0, 1.5, 1.5]
    """
    own = censoring_survival(outcome, outcome.time_days, outcome.stratum, before=True)
    grid = np.broadcast_to(times_days, (len(outcome), len(times_days))).copy()
    then = censoring_survival(outcome, grid, outcome.stratum)
    died = (outcome.time_days[:, None] <= times_days) & outcome.event[:, None]
    alive = outcome.time_days[:, None] > times_days
    weights: Floats = np.where(died, 1.0 / own[:, None], 0.0)
    weights += np.where(alive, 1.0 / np.where(then > 0, then, 1.0), 0.0)
    return weights


def brier(outcome: Outcome, survival: Floats, times_days: Floats, weights: Floats | None = None) -> Floats:
    r"""Compute each patient's contribution to the Brier score at some times; their mean is the score.

    .. math:: BS_i(t) = w_i(t)\,(1(t_i > t) - S_i(t))^2

    Parameters
    ----------
    outcome : Outcome
        Outcome with strata.
    survival : ndarray of float64, shape (..., n_patients, n_times)
        Predicted survival.
    times_days : ndarray of float64, shape (n_times,)
        Times, all within follow-up.
    weights : ndarray of float64, shape (n_patients, n_times), optional
        Those of `observed_weights`, where they are at hand.

    Returns
    -------
    ndarray of float64, shape of `survival`
        Contributions; 0 is perfect.

    References
    ----------
    Graf 1999, doi 10.1002/(SICI)1097-0258(19990915/30)18:17/18<2529::AID-SIM274>3.0.CO;2-5
    """
    known = observed_weights(outcome, times_days) if weights is None else weights
    squares: Floats = known * ((outcome.time_days[:, None] > times_days) - survival) ** 2
    return squares


def integrated_brier(outcome: Outcome, survival: Floats, times_days: Floats, weights: Floats | None = None) -> Floats:
    """Compute each patient's contribution to the integrated Brier score; their mean is the score.

    The Brier score is integrated over `times_days` by the trapezium rule and divided by their range.

    Parameters
    ----------
    outcome : Outcome
        Outcome with strata.
    survival : ndarray of float64, shape (..., n_patients, n_times)
        Predicted survival.
    times_days : ndarray of float64, shape (n_times,)
        Rising times, all within follow-up.
    weights : ndarray of float64, shape (n_patients, n_times), optional
        Those of `observed_weights`, where they are at hand.

    Returns
    -------
    ndarray of float64, shape (..., n_patients)
        Contributions; 0 is perfect.

    References
    ----------
    Graf 1999, doi 10.1002/(SICI)1097-0258(19990915/30)18:17/18<2529::AID-SIM274>3.0.CO;2-5
    """
    scores = brier(outcome, survival, times_days, weights)
    span = times_days[-1] - times_days[0]
    integral: Floats = np.trapezoid(scores, times_days, axis=-1) / span if span > 0 else scores[..., 0]
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
    end = followed_until(outcome, trained_until_days) - 1e-6
    begin = min(np.quantile(outcome.time_days[outcome.event], 0.1), end / 2)
    return np.linspace(begin, end, n_times)


def followed_until(outcome: Outcome, trained_until_days: float = np.inf) -> float:
    """Find the last time at which every cohort still has a tenth of its patients, and at least five, followed.

    Parameters
    ----------
    outcome : Outcome
        Patients judged.
    trained_until_days : float
        Follow-up of the training patients; the answer is not beyond it.

    Returns
    -------
    float
        Days.

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
        limits.append(float(times[at_risk - 1]))
    return min(*limits, trained_until_days)


def choose_horizons(
    outcome: Outcome, wanted_days: Sequence[float] | Floats, trained_until_days: float = np.inf
) -> tuple[Floats, list[str]]:
    """Choose the horizons at which a model can be judged: those wanted, or the latest sensible one.

    A horizon is sensible before the end of `evaluation_times`, and after the first event. Those that are later
    are replaced by one: that end, in whole months where it is beyond a month, else in whole days.

    Parameters
    ----------
    outcome : Outcome
        Patients judged.
    wanted_days : sequence of float
        Configured horizons.
    trained_until_days : float
        Follow-up of the training patients.

    Returns
    -------
    horizons_days : ndarray of float64, shape (n_horizons,)
        Rising; at least one.
    notes : list of str
        What was replaced and why; empty where every wanted horizon is kept.

    Raises
    ------
    OutcomeError
        If there is no event.

    Examples
    --------
    >>> from itgstrat.outcome import make_outcome
    >>> outcome = make_outcome([1, 0] * 50, list(range(10, 1010, 10)))
    >>> horizons, notes = choose_horizons(outcome, [365.25, 1826.25])
    >>> horizons.tolist(), notes[0][:44]
    ([365.25, 882.6875], 'follow-up carries no horizon of 1826 days (t')
    """
    end = followed_until(outcome, trained_until_days)
    first = float(outcome.time_days[outcome.event].min())
    wanted = np.unique(np.asarray(wanted_days, dtype=float))
    sensible = (wanted < end) & (wanted >= first)
    if sensible.all() and len(wanted):
        return wanted, []
    step = DAYS_PER_UNIT["months"] if end > DAYS_PER_UNIT["months"] else 1.0
    whole = step * np.ceil(end / step - 1)
    latest = whole if whole >= first else end * (1 - 1e-9)
    refused = ", ".join(f"{days:.0f}" for days in wanted[~sensible])
    note = (
        f"follow-up carries no horizon of {refused} days (the first event is at {first:.0f} days, and until "
        f"{end:.0f} days every cohort has a tenth of its patients, and five, under observation and training was "
        f"followed): judged at {latest:.0f} days instead"
    )
    return np.unique([*wanted[sensible], latest]), [note]


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
