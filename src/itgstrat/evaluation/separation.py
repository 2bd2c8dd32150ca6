"""Do the strata part? Log-rank test and hazard ratios between strata that were cut without the patients judged."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from itgstrat.errors import OutcomeError
from itgstrat.fitting.small_cox import fit_small_cox
from itgstrat.outcome import Outcome

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class HazardRatio:
    """Hazard of one stratum over that of the lowest.

    Parameters
    ----------
    stratum, against : str
        Names of the two.
    n_patients, n_events : int
        In the stratum.
    ratio, low, high : float
        Hazard ratio with its 95% Wald interval; NaN where one of the strata has no event.
    """

    stratum: str
    against: str
    n_patients: int
    n_events: int
    ratio: float
    low: float
    high: float


@dataclass(frozen=True)
class Separation:
    """How far strata part.

    Parameters
    ----------
    chi_square : float
        Log-rank statistic.
    degrees : int
        Its degrees of freedom.
    p_value : float
        Its p.
    ratios : tuple of HazardRatio
        Each stratum but the lowest.
    """

    chi_square: float
    degrees: int
    p_value: float
    ratios: tuple[HazardRatio, ...]


def judge_strata(
    outcome: Outcome,
    stratum: npt.NDArray[np.generic],
    labels: Sequence[str],
    groups: npt.NDArray[np.generic] | None = None,
) -> Separation:
    """Test whether risk strata part, where each patient's stratum was cut by a model that had not seen the patient.

    Patients are compared within their cohort only, and within `groups` (folds) if given: the cut-points of two folds
    are two, and pooling their patients would count the difference between folds as one between strata.

    Parameters
    ----------
    outcome : Outcome
        Outcome with cohorts as strata.
    stratum : ndarray of str, shape (n_patients,)
        Risk stratum; patients whose stratum is not in `labels` (withheld) are left out.
    labels : sequence of str
        Names from low to high; those without a patient are left out.
    groups : ndarray, shape (n_patients,), optional
        Fold whose cut-points were used.

    Returns
    -------
    Separation
        Stratified log-rank test, and hazard ratios of a stratified Cox model.

    Raises
    ------
    OutcomeError
        If fewer than two strata have a patient, or nobody an event.

    References
    ----------
    Simon 2011, doi 10.1093/bib/bbr001

    Examples
    --------
    >>> from itgstrat.outcome import make_outcome
    >>> outcome = make_outcome([1, 1, 1, 1, 0, 0], [1, 2, 3, 4, 5, 6])
    >>> found = judge_strata(outcome, np.array(["high", "low", "high", "high", "low", "low"]), ["low", "high"])
    >>> round(found.ratios[0].ratio, 2), round(found.p_value, 3)
    (4.03, 0.197)
    """
    stratum = np.asarray(stratum, dtype=str)
    rows = np.isin(stratum, list(labels))
    present = [label for label in labels if (stratum[rows] == label).any()]
    if len(present) < 2 or not outcome.event[rows].any():
        raise OutcomeError(
            f"{len(present)} risk strata with patients and {int(outcome.event[rows].sum())} events; comparing strata "
            "needs two and an event: use other cut-points"
        )
    blocks = outcome.stratum if groups is None else np.char.add(np.char.add(outcome.stratum, "|"), groups.astype(str))
    own = Outcome(outcome.event[rows], outcome.time_days[rows], blocks[rows])
    member = stratum[rows, None] == np.array(present)
    chi_square = log_rank(own, member)
    p_value = float(stats.chi2.sf(chi_square, len(present) - 1))
    return Separation(chi_square, len(present) - 1, p_value, _ratios(own, member, present))


def _ratios(outcome: Outcome, member: npt.NDArray[np.bool_], names: Sequence[str]) -> tuple[HazardRatio, ...]:
    fit = fit_small_cox(outcome, member[None, :, 1:].astype(float))
    coef, error = fit.coef[0], fit.standard_error[0]
    low, high = np.exp(coef - 1.959964 * error), np.exp(coef + 1.959964 * error)
    return tuple(
        HazardRatio(
            str(name),
            str(names[0]),
            int(own.sum()),
            int((outcome.event & own).sum()),
            float(np.exp(coef[j])),
            float(low[j]),
            float(high[j]),
        )
        for j, (name, own) in enumerate(zip(names[1:], member[:, 1:].T, strict=True))
    )


def log_rank(outcome: Outcome, member: npt.NDArray[np.bool_]) -> float:
    r"""Compute the stratified log-rank statistic between groups, with the hypergeometric variance.

    .. math:: \chi^2 = (O - E)^\top V^- (O - E), \quad
              V = \sum_t d_t \frac{n_t - d_t}{n_t - 1} \left(\mathrm{diag}(p_t) - p_t p_t^\top\right)

    Parameters
    ----------
    outcome : Outcome
        Outcome with strata.
    member : ndarray of bool, shape (n_patients, n_groups)
        Group of each patient.

    Returns
    -------
    float
        Chi-square with n_groups - 1 degrees of freedom.

    References
    ----------
    Mantel 1966, PMID 5910392
    """
    k = member.shape[1]
    excess, variance = np.zeros(k), np.zeros((k, k))
    for _, rows in outcome.by_stratum():
        time, event, own = outcome.time_days[rows], outcome.event[rows], member[rows]
        steps = np.unique(time[event])
        at_risk = (time[:, None] >= steps).T @ own.astype(float)
        died = ((time[:, None] == steps) & event[:, None]).T @ own.astype(float)
        n, d = at_risk.sum(axis=1), died.sum(axis=1)
        share = at_risk / n[:, None]
        factor = d * (n - d) / np.maximum(n - 1, 1)
        excess += (died - d[:, None] * share).sum(axis=0)
        variance += np.diag(factor @ share) - (share * factor[:, None]).T @ share
    return float(excess[1:] @ np.linalg.pinv(variance[1:, 1:]) @ excess[1:])
