r"""Survival in each arm by score, and what treatment adds at a horizon: in survival, and in days.

Each arm has a baseline hazard of its own, so that hazards of the arms need not be proportional; score and
its product with treatment act on it, and covariates, which are then averaged over all patients:

.. math:: S_a(t \mid s) = \frac1n \sum_i \exp(-H_a(t)\, e^{\beta_2 s + \beta_3 a s + \gamma^\top x_i})
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from itgstrat.antagonists.benefit_cox import fit_trial
from itgstrat.antagonists.benefit_interaction import QUANTILES
from itgstrat.antagonists.benefit_trial import Trial
from itgstrat.antagonists.overlap_weights import fit_propensity, overlap_weights
from itgstrat.errors import ModelError, OutcomeError
from itgstrat.outcome import Outcome

Floats = npt.NDArray[np.float64]

#: Steps of a survival curve at most; finer ones move a restricted mean by less than a hundredth of its horizon.
STEPS = 200
#: Share of bootstrap samples that may have no fit before limits are withheld.
MAY_FAIL = 0.1


def default_horizon(trial: Trial) -> float:
    """Days until which a tenth of the patients of each arm is still followed.

    Parameters
    ----------
    trial : Trial
        Patients of two arms.

    Returns
    -------
    float
        Days; whole where it is more than 30.
    """
    days = min(float(np.quantile(trial.outcome.time_days[own], 0.9)) for own in (trial.treated, ~trial.treated))
    return float(np.floor(days)) if days > 30 else days


def check_horizon(trial: Trial, horizon_days: float) -> None:
    """Refuse a horizon that an arm is not followed up to.

    Parameters
    ----------
    trial : Trial
        Patients of two arms.
    horizon_days : float
        Horizon.

    Raises
    ------
    OutcomeError
        If it is not above zero or beyond the follow-up of an arm.
    """
    longest = min(float(trial.outcome.time_days[own].max()) for own in (trial.treated, ~trial.treated))
    if not 0 < horizon_days <= longest:
        raise OutcomeError(
            f"a horizon of {horizon_days:g} days; both arms are followed up to {longest:g} days: choose one up to that"
        )


def survival_by_score(
    trial: Trial,
    horizon_days: float,
    quantiles: Sequence[float] = QUANTILES,
    draws: int = 200,
    random_state: int = 0,
) -> pd.DataFrame:
    """Tell survival at a horizon in each arm by score, and the differences with bootstrap limits.

    The bootstrap draws patients within arms; where nobody drew lots it estimates the propensity anew each time.

    Parameters
    ----------
    trial : Trial
        Patients of two arms.
    horizon_days : float
        Horizon.
    quantiles : sequence of float
        Quantiles of the score.
    draws : int
        Bootstrap samples.
    random_state : int
        Seed.

    Returns
    -------
    DataFrame
        By quantile: score; survival_control, survival_treated and their difference with low, high; the same of
        restricted mean days (rmst_*). Limits are NaN where more than a tenth of the samples gave no fit.

    Raises
    ------
    OutcomeError
        If the horizon is beyond the follow-up, or there are fewer events than terms.
    ModelError
        If coefficients run away, or covariates separate the arms.

    Examples
    --------
    >>> from itgstrat.antagonists.poseidon import simulate_poseidon, poseidon_trial
    >>> trial = poseidon_trial(simulate_poseidon(copies=10, random_state=0))
    >>> table = survival_by_score(trial, 600, (0.1, 0.9), draws=20)
    >>> bool(table["difference"].iloc[1] > table["difference"].iloc[0])
    True
    """
    check_horizon(trial, horizon_days)
    scores = trial.score_at(quantiles)
    at = scores.to_numpy()
    found = _predict(trial, at, horizon_days)
    random = np.random.default_rng(random_state)
    arms = [np.flatnonzero(trial.treated), np.flatnonzero(~trial.treated)]
    drawn = []
    for _ in range(draws):
        rows = np.concatenate([random.choice(own, len(own)) for own in arms])
        try:
            drawn.append(_predict(trial.take(rows), at, horizon_days))
        except (ModelError, OutcomeError):
            continue
    enough = drawn and len(drawn) >= (1 - MAY_FAIL) * draws
    changes = np.diff(np.array(drawn if enough else [np.full(found.shape, np.nan)]), axis=-1)[..., 0]
    low, high = np.quantile(changes, [0.025, 0.975], axis=0)
    table = {"score": at}
    for row, (name, difference) in enumerate((("survival", "difference"), ("rmst", "rmst_difference"))):
        table[f"{name}_control"], table[f"{name}_treated"] = found[row].T
        table[difference] = found[row, :, 1] - found[row, :, 0]
        table[f"{difference}_low"], table[f"{difference}_high"] = low[row], high[row]
    return pd.DataFrame(table, index=scores.index)


def _predict(trial: Trial, at: Floats, horizon_days: float) -> Floats:
    """Survival and restricted mean, at each score, of control and treated: shape (2, n_scores, 2)."""
    centre, spread = trial.score.mean(), trial.score.std()
    score = (trial.score - centre) / spread
    adjustment = trial.adjustment
    weight = None
    if trial.design == "observational":
        known = adjustment.assign(score=score)
        weight = overlap_weights(fit_propensity(known, trial.treated), trial.treated)
    own = adjustment.to_numpy()
    columns = np.column_stack([score, trial.treated * score, own])
    arms = Outcome(trial.outcome.event, trial.outcome.time_days, trial.treated.astype(str))
    coef = fit_trial(columns, arms, weight).coef
    each = np.ones(len(trial)) if weight is None else weight
    log_risk = columns @ coef
    # beyond 700 exp overflows; survival is 0 long before
    among = np.exp(np.minimum(own @ coef[2:], 700.0))
    result = np.empty((2, len(at), 2))
    for a, arm in enumerate((~trial.treated, trial.treated)):
        times, hazard = _baseline(trial.outcome[arm], log_risk[arm], each[arm], horizon_days)
        relative = np.exp((at - centre) / spread * (coef[0] + a * coef[1]))
        # patients with the same covariates are told once; without covariates that is everybody
        kinds, number = np.unique(among, return_inverse=True)
        share = np.bincount(number, each) / each.sum()
        survival = np.einsum("k,kqt->qt", share, np.exp(-kinds[:, None, None] * relative[:, None] * hazard))
        steps = np.diff(times, append=horizon_days)
        result[:, :, a] = survival[:, -1], survival @ steps
    return result


def _baseline(outcome: Outcome, log_risk: Floats, weight: Floats, horizon_days: float) -> tuple[Floats, Floats]:
    """Times from 0 on and Breslow's cumulative hazard from each on."""
    order = np.argsort(-outcome.time_days, kind="stable")
    at_risk = np.cumsum((weight * np.exp(log_risk))[order])
    seen = outcome.event & (outcome.time_days <= horizon_days)
    times, which = np.unique(outcome.time_days[seen], return_inverse=True)
    n_at_risk = np.searchsorted(-outcome.time_days[order], -times, side="right")
    hazard = np.cumsum(np.bincount(which, weight[seen], minlength=len(times)) / at_risk[n_at_risk - 1])
    if len(times) > STEPS:
        kept = np.unique(np.linspace(0, len(times) - 1, STEPS).astype(int))
        times, hazard = times[kept], hazard[kept]
    return np.append(0.0, times), np.append(0.0, hazard)
