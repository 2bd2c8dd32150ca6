"""Are there enough patients? Events per candidate parameter, and the minimum after Riley for a survival model."""

import math
from dataclasses import dataclass

import numpy as np
from scipy import optimize, stats

from itgstrat.errors import OutcomeError
from itgstrat.outcome import Outcome, require_events

#: Variance of the log of an exponential time: that of the noise of a Cox model on the log hazard scale.
NOISE = math.pi**2 / 6

#: Share of the largest Cox-Snell R2 to expect of a model of which nothing is known (Riley 2020, doi 10.1136/bmj.m441).
SHARE_OF_LARGEST = 0.15

#: Targets of Riley's criteria.
SHRINKAGE, OPTIMISM, MARGIN = 0.9, 0.05, 0.05


@dataclass(frozen=True)
class SampleSize:
    """Patients at hand, and patients needed for as many candidate parameters.

    Parameters
    ----------
    n_patients, n_events, n_parameters : int
        What there is; the parameters are the candidates, before any selection.
    events_per_parameter : float
        Events over parameters.
    r_squared : float
        Cox-Snell R2 that the minimum is computed for.
    n_shrinkage : int
        Patients for an expected shrinkage of 0.9 or more.
    n_optimism : int
        Patients for an optimism in Nagelkerke's R2 of 0.05 or less.
    n_overall : int
        Patients for a margin of 0.05 or less around the overall risk at the horizon.
    expected_shrinkage : float
        Of a model without penalty on the patients at hand.
    """

    n_patients: int
    n_events: int
    n_parameters: int
    events_per_parameter: float
    r_squared: float
    n_shrinkage: int
    n_optimism: int
    n_overall: int
    expected_shrinkage: float

    @property
    def minimum(self) -> int:
        """Patients that meet all three criteria."""
        return max(self.n_shrinkage, self.n_optimism, self.n_overall)

    @property
    def enough(self) -> bool:
        """Whether there are as many."""
        return self.n_patients >= self.minimum

    def say(self) -> str:
        """Say in a sentence what is there and what is needed, for the first screen of a report."""
        have = (
            f"{self.n_events} events for {self.n_parameters} candidate features "
            f"({self.events_per_parameter:.1f} events each) in {self.n_patients} patients"
        )
        basis = f"for an anticipated Cox-Snell R2 of {self.r_squared:.2f}"
        if self.enough:
            return f"Sample size: {have}; Riley's minimum {basis} is {self.minimum:,} patients, and is met."
        return (
            f"Sample size: {have}; a Cox model without penalty would need {self.minimum:,} patients "
            f"(Riley's minimum {basis}), "
            f"and on these would have to be shrunk by the factor {self.expected_shrinkage:.2f}. Penalties and other "
            "settings are chosen from the same few events: read the intervals, not the estimates."
        )


def judge_sample_size(
    outcome: Outcome, n_parameters: int, horizon_days: float, r_squared: float | None = None
) -> SampleSize:
    r"""Compare the patients at hand with the minimum for developing a survival model.

    With p parameters, Cox-Snell R2 and a target shrinkage S,

    .. math:: n = \frac{p}{(S - 1) \log(1 - R^2 / S)}

    Parameters
    ----------
    outcome : Outcome
        Training patients.
    n_parameters : int
        Candidate parameters: features and dummy variables before any selection.
    horizon_days : float
        Time at which the overall risk is to be known within 0.05.
    r_squared : float, optional
        Anticipated Cox-Snell R2, for instance `cox_snell_of_concordance`; 15% of the largest by default.

    Returns
    -------
    SampleSize
        What is there and what is needed.

    Raises
    ------
    OutcomeError
        If there is no event or no parameter, or `r_squared` is not between 0 and the largest.

    References
    ----------
    Riley 2019, doi 10.1002/sim.7992; Riley 2020, doi 10.1136/bmj.m441

    Examples
    --------
    >>> from itgstrat.outcome import make_outcome
    >>> found = judge_sample_size(make_outcome([1, 0] * 100, [1, 3] * 100, "years"), 10, 730.5)
    >>> found.events_per_parameter, found.minimum, found.enough
    (10.0, 685, False)
    """
    require_events(outcome, 1, "judging the sample size")
    n = len(outcome)
    followed, rate = float(outcome.time_days.mean()), outcome.n_events / float(outcome.time_days.sum())
    largest = largest_cox_snell(outcome.n_events / n)
    anticipated = SHARE_OF_LARGEST * largest if r_squared is None else r_squared
    if n_parameters < 1 or not 0 < anticipated < min(largest, SHRINKAGE):
        raise OutcomeError(
            f"{n_parameters} parameters and a Cox-Snell R2 of {anticipated:.3f}; the minimum sample size needs "
            f"at least one parameter and an R2 between 0 and {min(largest, SHRINKAGE):.3f}"
        )
    return SampleSize(
        n_patients=n,
        n_events=outcome.n_events,
        n_parameters=n_parameters,
        events_per_parameter=outcome.n_events / n_parameters,
        r_squared=anticipated,
        n_shrinkage=patients_for_shrinkage(n_parameters, anticipated, SHRINKAGE),
        n_optimism=patients_for_shrinkage(n_parameters, anticipated, anticipated / (anticipated + OPTIMISM * largest)),
        n_overall=patients_for_overall_risk(rate, horizon_days, followed),
        expected_shrinkage=_expected_shrinkage(n, n_parameters, anticipated),
    )


def patients_for_shrinkage(n_parameters: int, r_squared: float, shrinkage: float) -> int:
    """Count the patients for an expected shrinkage; Riley's first criterion, and with another target the second.

    Parameters
    ----------
    n_parameters : int
        Candidate parameters.
    r_squared : float
        Anticipated Cox-Snell R2, below `shrinkage`.
    shrinkage : float
        Target.

    Returns
    -------
    int
        Patients.

    Examples
    --------
    >>> patients_for_shrinkage(30, 0.051, 0.9)
    5143
    """
    return math.ceil(n_parameters / ((shrinkage - 1) * math.log(1 - r_squared / shrinkage)))


def patients_for_overall_risk(rate: float, horizon: float, followed: float, margin: float = MARGIN) -> int:
    """Count the patients that tell the overall risk at a horizon within a margin; Riley's third criterion.

    Parameters
    ----------
    rate : float
        Events per unit of time.
    horizon : float
        Time of the risk, in that unit.
    followed : float
        Mean follow-up, in that unit.
    margin : float
        Half the width of the 95% interval, on its upper side.

    Returns
    -------
    int
        Patients; an exponential time is taken.

    Examples
    --------
    >>> patients_for_overall_risk(0.065, 2, 2.07)
    141
    """
    free = math.exp(-rate * horizon)
    if margin >= free:  # the upper limit cannot lie beyond 1
        return 1
    # free x (1 - exp(-horizon z sqrt(rate / person-time))) = margin, solved for the person-time
    reach = -math.log(1 - margin / free) / (horizon * stats.norm.isf(0.025))
    return math.ceil(float(rate / reach**2 / followed))


def largest_cox_snell(events_per_patient: float) -> float:
    r"""Compute the largest Cox-Snell R2 that a survival model can reach, :math:`1 - \exp(2 \ell_0 / n)`.

    Parameters
    ----------
    events_per_patient : float
        Share of patients with an event.

    Returns
    -------
    float
        R2 of a perfect model.

    References
    ----------
    Riley 2019, doi 10.1002/sim.7992, equation 23

    Examples
    --------
    >>> round(largest_cox_snell(0.065 * 2.07), 3)
    0.555
    """
    return 1 - math.exp(2 * (events_per_patient * math.log(events_per_patient) - events_per_patient))


def cox_snell_of_concordance(concordance: float, events_per_patient: float) -> float:
    r"""Translate a concordance that another study reports into a Cox-Snell R2.

    A normal log hazard with standard deviation :math:`\sigma` under proportional hazards has the concordance
    :math:`E[1 / (1 + e^{-|\Delta|})]` with :math:`\Delta \sim N(0, 2\sigma^2)`, and Royston's
    :math:`R_D^2 = \sigma^2 / (\pi^2/6 + \sigma^2)`, from which Riley's steps lead to O'Quigley's and Cox-Snell's R2.

    Parameters
    ----------
    concordance : float
        Above 0.5 and below 1; corrected for optimism, or of other patients.
    events_per_patient : float
        Share of patients with an event.

    Returns
    -------
    float
        Cox-Snell R2.

    Raises
    ------
    OutcomeError
        If `concordance` is not between 0.5 and 1.

    References
    ----------
    Royston and Sauerbrei 2004, doi 10.1002/sim.1621; Riley 2019, doi 10.1002/sim.7992, section 4; Jinks 2015,
    doi 10.1186/s12874-015-0078-y

    Examples
    --------
    >>> round(cox_snell_of_concordance(0.65, 0.4), 3)
    0.111
    """
    if not 0.5 < concordance < 1:
        raise OutcomeError(
            f"a concordance of {concordance:g} ranks nobody or everybody; needed is one between 0.5 and 1"
        )
    spread = optimize.brentq(lambda sd: concordance_of_spread(sd) - concordance, 1e-6, 200.0, xtol=1e-10)
    explained = spread**2 / (NOISE + spread**2)
    per_event = -NOISE * explained / ((1 - NOISE) * explained - 1)
    return float(1 - (1 - per_event) ** events_per_patient)


def concordance_of_spread(spread: float) -> float:
    """Concordance of a normal log hazard under proportional hazards, without censoring.

    Parameters
    ----------
    spread : float
        Standard deviation of the log hazard.

    Returns
    -------
    float
        Concordance.

    Examples
    --------
    >>> round(concordance_of_spread(1.0), 3)
    0.725
    """
    step = np.linspace(0, 10, 4001)
    density = 2 * stats.norm.pdf(step)
    return float(np.trapezoid(density / (1 + np.exp(-np.sqrt(2) * spread * step)), step))


def _expected_shrinkage(n: int, n_parameters: int, r_squared: float) -> float:
    """Shrinkage of a model without penalty that explains, corrected for its parameters, `r_squared`."""

    # van Houwelingen's S = 1 - p / LR, with R2 = S x apparent R2 and LR = -n log(1 - apparent R2)
    def missing(shrinkage: float) -> float:
        return n_parameters / ((shrinkage - 1) * math.log(1 - r_squared / shrinkage)) - n

    low, high = r_squared * (1 + 1e-9), 1 - 1e-12
    if missing(low) > 0:
        return low
    return high if missing(high) < 0 else float(optimize.brentq(missing, low, high))
