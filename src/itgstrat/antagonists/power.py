r"""How many events an interaction of treatment and marker needs, and what a given number can find.

.. math:: d = \frac{(z_{1-\alpha/2} + z_{1-\beta})^2}{p (1 - p)\, v\, \log^2 r}

with p the share treated, r the ratio of hazard ratios and v the variance of the marker: q (1 - q) for one that a share
q carries, 1 for a continuous score in standard deviations. It takes events to be spread like patients; where the
marker or treatment moves risk much, `power_of_cells` takes the events of each cell, and `simulate_power` neither.

References
----------
Peterson and George 1993, doi 10.1016/0197-2456(93)90034-F; Schmoor, Sauerbrei and Schumacher 2000, doi
10.1002/(SICI)1097-0258(20000229)19:4<441::AID-SIM349>3.0.CO;2-N
"""

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.stats import chi2, norm

from itgstrat.errors import ModelError, OutcomeError
from itgstrat.fitting.partial_likelihood import RiskSets, fit_cox
from itgstrat.outcome import Outcome, make_outcome


def events_for_interaction(
    ratio: float, prevalence: float | None = None, allocation: float = 0.5, power: float = 0.8, alpha: float = 0.05
) -> int:
    """Count the events that an interaction needs.

    Parameters
    ----------
    ratio : float
        Hazard ratio of treatment with the marker over that without; of a continuous score, a standard deviation apart.
    prevalence : float, optional
        Share of patients with the marker; a continuous score if not given.
    allocation : float
        Share treated.
    power, alpha : float
        Chance of finding it, and two-sided level.

    Returns
    -------
    int
        Events, in both arms together.

    Raises
    ------
    OutcomeError
        If a share is not between 0 and 1, or the ratio is 1 or not above 0.

    Examples
    --------
    >>> events_for_interaction(0.5, prevalence=0.5)
    262
    >>> events_for_interaction(0.5, prevalence=0.1)
    727
    """
    _check(ratio, prevalence, allocation, power, alpha)
    needed = float(norm.isf(alpha / 2) + norm.ppf(power)) ** 2
    return math.ceil(needed / (_information(prevalence, allocation) * math.log(ratio) ** 2))


def power_of_interaction(
    events: int, ratio: float, prevalence: float | None = None, allocation: float = 0.5, alpha: float = 0.05
) -> float:
    """Compute the chance that a number of events finds an interaction.

    Parameters
    ----------
    events : int
        Events in both arms together.
    ratio, prevalence, allocation, alpha : float
        As in `events_for_interaction`.

    Returns
    -------
    float
        Power.

    Raises
    ------
    OutcomeError
        If a share is not between 0 and 1, or the ratio is 1 or not above 0.

    Examples
    --------
    >>> round(power_of_interaction(262, 0.5, prevalence=0.5), 2)
    0.8
    """
    _check(ratio, prevalence, allocation, 0.5, alpha)
    return _power(math.log(ratio) * math.sqrt(events * _information(prevalence, allocation)), alpha)


def detectable_ratio(
    events: int, prevalence: float | None = None, allocation: float = 0.5, power: float = 0.8, alpha: float = 0.05
) -> float:
    """Compute the ratio of hazard ratios, below 1, that a number of events can find.

    Parameters
    ----------
    events : int
        Events in both arms together.
    prevalence, allocation, power, alpha : float
        As in `events_for_interaction`.

    Returns
    -------
    float
        Ratio; its reciprocal is found as well.

    Raises
    ------
    OutcomeError
        If a share is not between 0 and 1, or there is no event.

    Examples
    --------
    >>> round(detectable_ratio(262, prevalence=0.5), 2)
    0.5
    """
    _check(0.5, prevalence, allocation, power, alpha)
    if events < 1:
        raise OutcomeError(f"{events} events find nothing; give one or more")
    return math.exp(-(norm.isf(alpha / 2) + norm.ppf(power)) / math.sqrt(events * _information(prevalence, allocation)))


def power_of_cells(events: Sequence[float], ratio: float, alpha: float = 0.05) -> float:
    r"""Compute the power from the events of each cell, with :math:`Var(\log \hat r) = \sum 1 / d_{ij}`.

    Parameters
    ----------
    events : sequence of float, shape (4,)
        Events with and without marker in the treated, and in the controls; two cells for a treatment effect alone.
    ratio : float
        Ratio of hazard ratios; for two cells, the hazard ratio.
    alpha : float
        Two-sided level.

    Returns
    -------
    float
        Power.

    Raises
    ------
    OutcomeError
        If a cell has no event, or the ratio is not above 0.

    Examples
    --------
    >>> round(power_of_cells([65.5] * 4, 0.5), 2)
    0.8
    """
    if min(events) <= 0 or ratio <= 0:
        raise OutcomeError(f"events {list(events)} and a ratio of {ratio:g}; each has to be above 0")
    return _power(math.log(ratio) / math.sqrt(sum(1 / each for each in events)), alpha)


def simulate_power(
    events: int,
    ratio: float,
    prevalence: float | None = None,
    allocation: float = 0.5,
    event_share: float = 0.7,
    treatment_ratio: float = 1.0,
    marker_ratio: float = 1.0,
    trials: int = 1000,
    alpha: float = 0.05,
    random_state: int = 0,
) -> float:
    """Simulate trials that stop at a number of events, and count how often the likelihood-ratio test finds it.

    Parameters
    ----------
    events : int
        Events at which a trial stops.
    ratio, prevalence, allocation : float
        As in `events_for_interaction`; a ratio of 1 gives the level of the test.
    event_share : float
        Events over patients.
    treatment_ratio, marker_ratio : float
        Hazard ratio of treatment without the marker (at the mean of a score), and of the marker without treatment.
    trials : int
        Trials to simulate.
    alpha : float
        Two-sided level.
    random_state : int
        Seed.

    Returns
    -------
    float
        Share of the trials with p below `alpha`; one without a finite estimate counts as not found.

    Raises
    ------
    OutcomeError
        If a share is not between 0 and 1.

    Examples
    --------
    >>> simulate_power(262, 0.5, prevalence=0.5, trials=50) > 0.5
    True
    """
    _check(0.5, prevalence, allocation, 0.5, alpha)
    if not 0 < event_share <= 1 or min(ratio, treatment_ratio, marker_ratio) <= 0 or events < 1 or trials < 1:
        raise OutcomeError("the share of events is above 0 and at most 1, ratios above 0, events and trials at least 1")
    random = np.random.default_rng(random_state)
    n, found = math.ceil(events / event_share), 0
    for _ in range(trials):
        treated = (random.permutation(n) < round(allocation * n)).astype(float)
        marker = random.standard_normal(n) if prevalence is None else (random.random(n) < prevalence).astype(float)
        x = np.column_stack([treated, marker, treated * marker])
        time = random.exponential(np.exp(-x @ np.log([treatment_ratio, marker_ratio, ratio])))
        stop = np.sort(time)[events - 1]
        found += interaction_p(x, make_outcome(time <= stop, np.minimum(time, stop))) < alpha
    return found / trials


def interaction_p(columns: npt.NDArray[np.float64], outcome: Outcome) -> float:
    """Likelihood-ratio p of the last column; 1 where there is no finite estimate.

    Parameters
    ----------
    columns : ndarray of float64, shape (n_patients, n_columns)
        Columns of a Cox model.
    outcome : Outcome
        Outcome with strata.

    Returns
    -------
    float
        p.
    """
    sets, reached = RiskSets.of(outcome), []
    for values in (columns[:, :-1], columns):
        try:
            coef = fit_cox(values, sets, np.zeros(values.shape[1]))
        except ModelError:
            return 1.0
        reached.append(sets.log_likelihood((values @ coef)[sets.order]))
    return float(chi2.sf(max(2 * (reached[1] - reached[0]), 0.0), 1))


def _information(prevalence: float | None, allocation: float) -> float:
    """Information on the interaction that an event carries."""
    marker = 1.0 if prevalence is None else prevalence * (1 - prevalence)
    return allocation * (1 - allocation) * marker


def _power(effect: float, alpha: float) -> float:
    z = norm.isf(alpha / 2)
    return float(norm.sf(z - effect) + norm.cdf(-z - effect))


def _check(ratio: float, prevalence: float | None, allocation: float, power: float, alpha: float) -> None:
    shares = {"prevalence": prevalence, "allocation": allocation, "power": power, "alpha": alpha}
    bad = [f"{name} {value:g}" for name, value in shares.items() if value is not None and not 0 < value < 1]
    if bad or ratio <= 0 or ratio == 1:
        bad += [f"ratio {ratio:g}"] * (ratio <= 0 or ratio == 1)
        raise OutcomeError(f"{', '.join(bad)}: shares lie between 0 and 1, and a ratio of hazard ratios is not 1")
