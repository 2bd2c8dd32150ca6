r"""Would the score pick the patients who gain? Targeting operator characteristic and the areas under it, censored.

Each patient gets a score of benefit, :math:`\Gamma_i`: days gained by treatment up to the horizon, from pseudo-values
of the restricted mean within arms and augmented by covariates. With the highest-scored share q treated,

.. math:: TOC(q) = E[\Gamma \mid F(s) \ge 1 - q] - E[\Gamma], \quad
    AUTOC = \int_0^1 TOC(q)\,dq, \quad QINI = \int_0^1 q\,TOC(q)\,dq

References
----------
Yadlowsky et al., doi 10.1080/01621459.2024.2393466; Andersen, Hansen and Klein 2004, doi
10.1007/s10985-004-4771-0 (pseudo-values); Li, Morgan and Zaslavsky 2018, doi 10.1080/01621459.2016.1260466
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import norm

from itgstrat.antagonists.benefit_survival import check_horizon
from itgstrat.antagonists.benefit_trial import Trial
from itgstrat.antagonists.overlap_weights import fit_propensity
from itgstrat.outcome import Outcome

Floats = npt.NDArray[np.float64]

#: Shares treated at which the curve is told.
SHARES = tuple(round(0.1 * k, 1) for k in range(1, 11))


@dataclass(frozen=True, eq=False)
class BenefitCurve:
    """Days gained by treating the highest-scored, beyond treating as many at random.

    Parameters
    ----------
    horizon_days : float
        Days that survival is averaged over.
    average : float
        Days gained by treatment on average.
    curve : DataFrame with columns days, low, high
        By share treated: days gained beyond the average, with 95% bootstrap limits.
    areas : DataFrame with columns days, low, high, p, permutation_p
        AUTOC and QINI; p of the bootstrap's standard error, and that of permuted scores. 0 where the score tells
        nothing of benefit, below 0 where patients with a low score gain more.
    """

    horizon_days: float
    average: float
    curve: pd.DataFrame
    areas: pd.DataFrame


def benefit_curve(
    trial: Trial, horizon_days: float, draws: int = 500, permutations: int = 999, random_state: int = 0
) -> BenefitCurve:
    """Compute the targeting operator characteristic and its areas, with intervals and permutation p.

    The bootstrap and the permutations leave the scores of benefit as they are and draw, or re-assign, them.

    Parameters
    ----------
    trial : Trial
        Patients of two arms; censoring may depend on the arm and on nothing else.
    horizon_days : float
        Horizon of the restricted mean.
    draws, permutations : int
        Bootstrap samples and permutations.
    random_state : int
        Seed.

    Returns
    -------
    BenefitCurve
        Curve and areas; of the overlap population where nobody drew lots.

    Raises
    ------
    OutcomeError
        If the horizon is beyond the follow-up of an arm.
    ModelError
        If covariates separate the arms.

    Examples
    --------
    >>> from itgstrat.antagonists.poseidon import simulate_poseidon, poseidon_trial
    >>> found = benefit_curve(poseidon_trial(simulate_poseidon(copies=10, random_state=0)), 600)
    >>> bool(found.areas.loc["AUTOC", "permutation_p"] < 0.01)
    True
    """
    gain, overlap = benefit_scores(trial, horizon_days)
    random = np.random.default_rng(random_state)
    n, order = len(trial), np.argsort(-trial.score, kind="stable")
    ends = _ends_of_ties(trial.score[order])
    counts = random.multinomial(n, np.full(n, 1 / n), size=draws).astype(np.float64)
    curve, areas = _targeting(gain[order], overlap[order], np.vstack([np.ones(n), counts]), ends)
    low, high = np.quantile(curve[1:], [0.025, 0.975], axis=0) if draws else np.full((2, len(SHARES)), np.nan)
    error = areas[1:].std(axis=0, ddof=1) if draws > 1 else np.full(2, np.nan)
    shuffled = np.array([random.permutation(n) for _ in range(permutations)], dtype=np.intp).reshape(-1, n)
    null = _areas_of(gain[shuffled], overlap[shuffled], ends)
    table = pd.DataFrame(
        {
            "days": areas[0],
            "low": areas[0] - 1.959963984540054 * error,
            "high": areas[0] + 1.959963984540054 * error,
            "p": _two_sided(areas[0] / error),
            "permutation_p": (1 + (np.abs(null) >= np.abs(areas[0]) - 1e-12).sum(axis=0)) / (permutations + 1),
        },
        index=pd.Index(["AUTOC", "QINI"], name="area"),
    )
    points = pd.DataFrame({"days": curve[0], "low": low, "high": high}, index=pd.Index(SHARES, name="share_treated"))
    return BenefitCurve(horizon_days, float(np.average(gain, weights=overlap)), points, table)


def benefit_scores(trial: Trial, horizon_days: float) -> tuple[Floats, Floats]:
    r"""Score the benefit of each patient: days gained by treatment, unbiased but noisy.

    .. math:: \Gamma_i = \mu_1 - \mu_0 + \frac{a_i - e_i}{e_i (1 - e_i)} (\theta_i - \mu_{a_i}(x_i))

    with pseudo-values :math:`\theta_i` and a linear :math:`\mu_a(x)` whose slopes are the same in both arms.

    Parameters
    ----------
    trial : Trial
        Patients of two arms.
    horizon_days : float
        Horizon.

    Returns
    -------
    gain : ndarray of float64, shape (n_patients,)
        Days.
    overlap : ndarray of float64, shape (n_patients,)
        What each patient counts: 1, or :math:`e (1 - e)`, of mean 1, where nobody drew lots.

    Raises
    ------
    OutcomeError
        If the horizon is beyond the follow-up of an arm.
    ModelError
        If covariates separate the arms.
    """
    check_horizon(trial, horizon_days)
    days = np.empty(len(trial))
    for arm in (trial.treated, ~trial.treated):
        days[arm] = restricted_pseudo_values(trial.outcome[arm], horizon_days)
    standard = (trial.score - trial.score.mean()) / trial.score.std()
    known = trial.adjustment.assign(score=standard)
    observational = trial.design == "observational"
    chance = fit_propensity(known, trial.treated) if observational else trial.share_treated
    treated = trial.treated.astype(np.float64)
    columns = np.column_stack([np.ones(len(trial)), treated, known.to_numpy()])
    coef = np.linalg.lstsq(columns, days, rcond=None)[0]
    spread = chance * (1 - chance)
    gain: Floats = coef[1] + (treated - chance) / spread * (days - columns @ coef)
    return gain, spread / spread.mean() if observational else np.ones(len(trial))


def restricted_pseudo_values(outcome: Outcome, horizon_days: float) -> Floats:
    r"""Compute pseudo-values of the restricted mean, :math:`n \hat\theta - (n - 1) \hat\theta_{-i}`.

    Their mean is near the area under Kaplan-Meier's curve; without censoring each is its patient's restricted time.

    Parameters
    ----------
    outcome : Outcome
        Patients; strata are pooled.
    horizon_days : float
        Horizon.

    Returns
    -------
    ndarray of float64, shape (n_patients,)
        Pseudo-values in days.

    Examples
    --------
    >>> from itgstrat.outcome import make_outcome
    >>> restricted_pseudo_values(make_outcome([1, 1, 1], [1, 2, 5]), 4)
    array([1., 2., 4.])
    """
    n = len(outcome)
    times = np.unique(outcome.time_days[outcome.event & (outcome.time_days < horizon_days)])
    at_risk = outcome.time_days[:, None] >= times
    dies = (outcome.time_days[:, None] == times) & outcome.event[:, None]
    steps = np.diff(times, prepend=0.0, append=horizon_days)
    deaths, number = dies.sum(axis=0), at_risk.sum(axis=0)
    whole = steps @ np.append(1.0, np.cumprod(1 - deaths / number))
    left = np.maximum(number - at_risk, 1)  # where nobody is left nobody dies either
    without = np.cumprod(1 - (deaths - dies) / left, axis=1)
    values: Floats = n * whole - (n - 1) * (steps[0] + without @ steps[1:])
    return values


def _ends_of_ties(ranked: Floats) -> npt.NDArray[np.intp]:
    """Last position of the run of equal scores that each position is in."""
    last = np.flatnonzero(np.append(np.diff(ranked) != 0, True))
    return np.asarray(last[np.searchsorted(last, np.arange(len(ranked)))], dtype=np.intp)


def _targeting(gain: Floats, overlap: Floats, counts: Floats, ends: npt.NDArray[np.intp]) -> tuple[Floats, Floats]:
    """Curve at `SHARES` and areas, one row a row of counts; patients from the highest score down."""
    mass = counts * overlap
    share, above = _curve(mass * gain, mass, ends)
    points = np.array([np.interp(SHARES, own, values) for own, values in zip(share, above, strict=True)])
    return points, _integrate(share, above, mass)


def _areas_of(gain: Floats, overlap: Floats, ends: npt.NDArray[np.intp]) -> Floats:
    share, above = _curve(overlap * gain, overlap, ends)
    return _integrate(share, above, overlap)


def _curve(weighted: Floats, mass: Floats, ends: npt.NDArray[np.intp]) -> tuple[Floats, Floats]:
    """Share treated and days above the average, after each patient; equal scores are treated in one mixture."""
    total = np.cumsum(mass, axis=1)
    summed = np.cumsum(weighted, axis=1)
    before = np.flatnonzero(np.append(True, np.diff(ends) != 0))[np.unique(ends, return_inverse=True)[1]]
    first_mass, first_sum = total[:, before] - mass[:, before], summed[:, before] - weighted[:, before]
    run = np.maximum(total[:, ends] - first_mass, 1e-300)
    mixed = first_sum + (summed[:, ends] - first_sum) * (total - first_mass) / run
    average = summed[:, -1:] / total[:, -1:]
    # before anybody is treated there is no gain
    above = np.where(total > 0, mixed / np.where(total > 0, total, 1.0) - average, 0.0)
    return total / total[:, -1:], above


def _integrate(share: Floats, above: Floats, mass: Floats) -> Floats:
    """AUTOC and QINI, shape (n_rows, 2)."""
    width = mass / mass.sum(axis=1, keepdims=True)
    return np.column_stack([(width * above).sum(axis=1), (width * share * above).sum(axis=1)])


def _two_sided(z: Floats) -> Floats:
    p: Floats = 2 * norm.sf(np.abs(z))
    return p
