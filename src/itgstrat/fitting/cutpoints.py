"""Cut-points on the risk: training quantiles, or the maximally selected log-rank statistic with its corrected p."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from itgstrat.config import StrataConfig
from itgstrat.errors import ModelError
from itgstrat.learned import Strata
from itgstrat.outcome import Outcome, require_events

Floats = npt.NDArray[np.float64]

#: Least share of the patients on each side of a selected cut-point, as maxstat has it.
LEAST_SHARE = 0.1


@dataclass(frozen=True)
class SelectedCut:
    """The cut-point that parts the patients best, and how much of that is due to the choice.

    The p of an ordinary log-rank test at this cut-point is not given: it takes no account of the search.

    Parameters
    ----------
    cut : float
        Half-way between two risks; a risk equal to it belongs above.
    n_below, n_above : int
        Patients on each side.
    n_candidates : int
        Cut-points that were looked at.
    statistic : float
        Largest standardised log-rank statistic of all cut-points.
    p_lausen : float
        Its p after Lausen and Schumacher; for patients of one stratum, an approximation where there are several.
    p_permuted : float or None
        Its p by permutation of the outcome within strata; None where no permutation was asked for.
    """

    cut: float
    n_below: int
    n_above: int
    n_candidates: int
    statistic: float
    p_lausen: float
    p_permuted: float | None

    @property
    def p_value(self) -> float:
        """Corrected p: by permutation where there is one."""
        return self.p_lausen if self.p_permuted is None else self.p_permuted


def learn_strata(settings: StrataConfig, risk: Floats, outcome: Outcome) -> Strata:
    """Learn the cut-points of training patients by the configured rule.

    Parameters
    ----------
    settings : StrataConfig
        Rule, quantiles and labels.
    risk : ndarray of float64, shape (n_patients,)
        Risk of the training patients.
    outcome : Outcome
        Their outcome; looked at by the rule ``maximally_selected`` only.

    Returns
    -------
    Strata
        The cut-points with their labels; the median where no cut-point can be selected, because all risks are equal
        or nobody had an event.
    """
    if settings.rule == "quantiles":
        return Strata.learn(risk, settings.quantiles, settings.labels)
    try:
        cut = select_cut(outcome, risk).cut
    except ModelError:  # a fold in which the model ranks nobody must not end a run
        return Strata.learn(risk, [0.5], settings.labels)
    return Strata(np.array(settings.labels), np.array([cut]))


def select_cut(
    outcome: Outcome, risk: Floats, least_share: float = LEAST_SHARE, draws: int = 0, seed: int = 0
) -> SelectedCut:
    r"""Select the cut-point with the largest standardised log-rank statistic, and correct its p for the search.

    All cut-points are judged in one pass: with the log-rank scores :math:`a_i = \delta_i - \hat H(t_i)` sorted by
    risk, the statistic at cut-point m is a running sum over its permutation standard deviation,

    .. math:: M = \max_m \left|\sum_{i \le m} a_i - E_m\right| \Big/ \sqrt{V_m},

    with scores, E and V taken within stratum and summed.

    Parameters
    ----------
    outcome : Outcome
        Outcome with strata.
    risk : ndarray of float64, shape (n_patients,)
        Risk; ties are never parted.
    least_share : float
        Least share of the patients on each side.
    draws : int
        Permutations of the outcome within strata; 0 for none.
    seed : int
        Seed of the permutations.

    Returns
    -------
    SelectedCut
        Cut-point and corrected p.

    Raises
    ------
    OutcomeError
        If there is no event.
    ModelError
        If no two risks differ between the least shares.

    References
    ----------
    Lausen and Schumacher 1992, doi 10.2307/2532740; Hothorn and Lausen 2003, doi 10.1016/S0167-9473(02)00225-6

    Examples
    --------
    >>> from itgstrat.outcome import make_outcome
    >>> outcome = make_outcome(np.ones(20), np.arange(20, 0, -1))
    >>> found = select_cut(outcome, np.arange(20.0))
    >>> found.n_below + found.n_above, found.p_lausen < 0.05
    (20, True)
    """
    require_events(outcome, 1, "selecting a cut-point")
    order = np.argsort(risk, kind="stable")
    sides = _candidates(risk[order], least_share)
    ranked = outcome[order]
    scores = log_rank_scores(ranked)
    member = ranked.stratum[:, None] == np.unique(ranked.stratum)
    expected, variance = _moments(scores, member, sides)
    values = _standardise(np.cumsum(scores)[sides - 1], expected, variance)
    best = int(np.argmax(values))
    below = int(sides[best])
    p_permuted = None
    if draws:
        drawn = _permute(scores, member, sides, expected, variance, draws, seed)
        p_permuted = (1 + int((drawn >= values[best] - 1e-12).sum())) / (1 + draws)
    return SelectedCut(
        cut=_between(risk[order][below - 1], risk[order][below]),
        n_below=below,
        n_above=len(risk) - below,
        n_candidates=len(sides),
        statistic=float(values[best]),
        p_lausen=lausen_p(float(values[best]), least_share),
        p_permuted=p_permuted,
    )


def lausen_p(statistic: float, least_share: float = LEAST_SHARE) -> float:
    r"""Correct the p of a maximally selected statistic for the search over cut-points.

    .. math:: P(M > b) \approx 4\varphi(b)/b + \varphi(b)(b - 1/b) \log\frac{(1 - \epsilon)^2}{\epsilon^2}

    Parameters
    ----------
    statistic : float
        Maximally selected standardised statistic b.
    least_share : float
        Least share of the patients on each side.

    Returns
    -------
    float
        Approximate p; 1 where b is below 1, where the approximation does not hold.

    References
    ----------
    Lausen and Schumacher 1992, doi 10.2307/2532740, after Miller and Siegmund 1982, doi 10.2307/2529881

    Examples
    --------
    >>> round(lausen_p(3.0), 4)
    0.0578
    """
    if statistic < 1:
        return 1.0
    density = stats.norm.pdf(statistic)
    odds = ((1 - least_share) / least_share) ** 2
    p = 4 * density / statistic + density * (statistic - 1 / statistic) * np.log(odds)
    return float(np.clip(p, 0.0, 1.0))


def log_rank_scores(outcome: Outcome) -> Floats:
    r"""Compute log-rank scores, event minus cumulative hazard at the patient's time, within stratum.

    The scores of a group add up to its observed minus expected events.

    Parameters
    ----------
    outcome : Outcome
        Outcome with strata.

    Returns
    -------
    ndarray of float64, shape (n_patients,)
        Scores; they add up to 0 in every stratum.
    """
    scores = outcome.event.astype(float)
    for _, rows in outcome.by_stratum():
        own = outcome[rows]
        steps, died = np.unique(own.time_days[own.event], return_counts=True)
        at_risk = len(own) - np.searchsorted(np.sort(own.time_days), steps)
        hazard = np.concatenate([[0.0], np.cumsum(died / at_risk)])
        scores[rows] -= hazard[np.searchsorted(steps, own.time_days, side="right")]
    return scores


def _candidates(ranked: Floats, least_share: float) -> npt.NDArray[np.intp]:
    """Numbers of patients below each cut-point that may be chosen."""
    n = len(ranked)
    sides = np.flatnonzero(np.diff(ranked) > 0) + 1
    sides = sides[(sides >= max(1, int(n * least_share))) & (sides <= int(n * (1 - least_share)))]
    if not len(sides):
        raise ModelError(
            f"no cut-point leaves {least_share:.0%} of {n} patients on each side; the risk is nearly the same in all: "
            "use a model that ranks patients, or quantiles"
        )
    return sides


def _between(low: float, high: float) -> float:
    """Half-way, and above the lower of two neighbouring floats."""
    middle = low + (high - low) / 2
    return float(middle if middle > low else high)


def _moments(scores: Floats, member: npt.NDArray[np.bool_], sides: npt.NDArray[np.intp]) -> tuple[Floats, Floats]:
    """Permutation mean and variance of the sum of scores below each cut-point, added up over strata."""
    n = member.sum(axis=0)
    total, square = scores @ member, scores**2 @ member
    below = np.cumsum(member, axis=0)[sides - 1]
    spread = (n * square - total**2) / (n**2 * np.maximum(n - 1, 1))
    return below @ (total / n), (below * (n - below)) @ spread


def _standardise(sums: Floats, expected: Floats, variance: Floats) -> Floats:
    deviation = np.sqrt(np.maximum(variance, 0.0))
    return np.abs(sums - expected) / np.where(deviation > 0, deviation, np.inf)


def _permute(
    scores: Floats,
    member: npt.NDArray[np.bool_],
    sides: npt.NDArray[np.intp],
    expected: Floats,
    variance: Floats,
    draws: int,
    seed: int,
) -> Floats:
    """Largest statistic of each permutation; mean and variance stay, because strata keep their scores."""
    generator = np.random.default_rng(seed)
    drawn = np.empty((draws, len(scores)))
    for own in member.T:
        rows = np.flatnonzero(own)
        drawn[:, rows] = generator.permuted(np.broadcast_to(scores[rows], (draws, len(rows))), axis=1)
    largest: Floats = _standardise(np.cumsum(drawn, axis=1)[:, sides - 1], expected, variance).max(axis=1)
    return largest
