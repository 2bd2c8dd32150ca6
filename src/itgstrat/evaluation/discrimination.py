"""Discrimination on censored data: concordance and time-dependent AUC, with paired bootstrap samples.

Pairs are laid out as matrices of failing x surviving patients, one a cohort and fold, so that all bootstrap
samples of a model are one matrix product. Its entries are multiples of 1/2 below 2^23, which float32 holds exactly:
the same numbers on every machine.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from itgstrat.evaluation.metrics import censoring_survival
from itgstrat.outcome import Outcome

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]

#: Risks that differ by no more than this are tied, as in `Pairs.concordant`.
TIED = 1e-8


@dataclass(frozen=True, eq=False)
class Block:
    """Comparable pairs of patients of one cohort who were judged by one model.

    Parameters
    ----------
    cases, controls : ndarray of int, shape (n_cases,) and (n_controls,)
        Patients who are known to fail first, and those they are compared with.
    comparable : ndarray of float32, shape (n_cases, n_controls)
        1 where the case is known to fail before the control, else 0.
    """

    cases: Ints
    controls: Ints
    comparable: npt.NDArray[np.float32]

    def concordant(self, risk: Floats) -> npt.NDArray[np.float32]:
        """Mark the pairs in the right order by 1, ties by 0.5, shape of `comparable`; `risk` is per patient."""
        apart = risk[self.cases, None] - risk[self.controls]
        right = (apart > TIED).astype(np.float32)
        right += np.float32(0.5) * (np.abs(apart) <= TIED)
        right *= self.comparable
        return right


def harrell_blocks(outcome: Outcome, groups: npt.NDArray[np.generic]) -> list[Block]:
    """Find the pairs of Harrell's and of Uno's concordance, those of `comparable_pairs`.

    Parameters
    ----------
    outcome : Outcome
        Outcome with strata.
    groups : ndarray, shape (n_patients,)
        Pairs are taken within stratum and group only, such as the fold whose model gave the risk.

    Returns
    -------
    list of Block
        One a stratum and group that has a pair.
    """
    blocks = []
    for rows in _parts(outcome, groups):
        cases, days = rows[outcome.event[rows]], outcome.time_days
        later = days[rows] > days[cases, None]
        censored_then = (days[rows] == days[cases, None]) & ~outcome.event[rows]
        blocks.append(Block(cases, rows, (later | censored_then).astype(np.float32)))
    return [block for block in blocks if block.comparable.any()]


def dynamic_blocks(outcome: Outcome, groups: npt.NDArray[np.generic], horizon_days: float) -> list[Block]:
    """Find the pairs of the time-dependent AUC: an event by the horizon, and followed beyond it.

    Parameters
    ----------
    outcome : Outcome
        Outcome with strata.
    groups : ndarray, shape (n_patients,)
        Pairs are taken within stratum and group only.
    horizon_days : float
        Horizon.

    Returns
    -------
    list of Block
        One a stratum and group that has a pair.
    """
    blocks = []
    for rows in _parts(outcome, groups):
        by_then = outcome.time_days[rows] <= horizon_days
        cases, controls = rows[by_then & outcome.event[rows]], rows[~by_then]
        blocks.append(Block(cases, controls, np.ones((len(cases), len(controls)), dtype=np.float32)))
    return [block for block in blocks if block.comparable.any()]


def _parts(outcome: Outcome, groups: npt.NDArray[np.generic]) -> list[Ints]:
    """Patients of each stratum and group."""
    labels = np.unique(outcome.stratum, return_inverse=True)[1] * len(groups)
    labels = labels + np.unique(groups, return_inverse=True)[1]
    return [np.flatnonzero(labels == label) for label in np.unique(labels)]


def uno_weights(outcome: Outcome, tau_days: float) -> Floats:
    r"""Weigh each patient's pairs for Uno's concordance: :math:`\hat G(t_i-)^{-2}`, events before tau only.

    The censoring distribution is that of the patients themselves, within their cohort, because cohorts are
    followed differently.

    Parameters
    ----------
    outcome : Outcome
        Outcome with strata.
    tau_days : float
        Truncation time.

    Returns
    -------
    ndarray of float64, shape (n_patients,)
        0 for patients without an event before `tau_days`.

    References
    ----------
    Uno 2011, doi 10.1002/sim.4154
    """
    observed = censoring_survival(outcome, outcome.time_days, outcome.stratum, before=True)
    counts = outcome.event & (outcome.time_days < tau_days)
    weights: Floats = np.where(counts, 1.0, 0.0) / np.where(counts, observed, 1.0) ** 2
    return weights


def dynamic_weights(outcome: Outcome, horizon_days: float) -> Floats:
    r"""Weigh each patient's pairs for the time-dependent AUC: :math:`\hat G(t_i-)^{-1}\,\hat G(t)^{-1}`.

    The second factor, for the control, is the same for a whole cohort and tells only between cohorts.

    Parameters
    ----------
    outcome : Outcome
        Outcome with strata.
    horizon_days : float
        Horizon; every stratum needs patients under observation then.

    Returns
    -------
    ndarray of float64, shape (n_patients,)
        0 for patients without an event by the horizon.

    References
    ----------
    Uno 2007, doi 10.1198/016214507000000149; Blanche 2013, doi 10.1002/sim.5958
    """
    counts = outcome.event & (outcome.time_days <= horizon_days)
    own = censoring_survival(outcome, outcome.time_days, outcome.stratum, before=True)
    then = censoring_survival(outcome, np.full(len(outcome), horizon_days), outcome.stratum)
    weights: Floats = np.where(counts, 1.0, 0.0) / np.where(counts, own * then, 1.0)
    return weights


def resampled_concordance(
    blocks: Sequence[Sequence[Block]],
    risks: Sequence[Floats],
    case_weights: Floats,
    weights: npt.NDArray[np.float32],
) -> tuple[Floats, Floats]:
    """Compute concordance of several models, and of each bootstrap sample, over all repetitions.

    Parameters
    ----------
    blocks : sequence of sequence of Block, one a repetition
        Comparable pairs.
    risks : sequence of ndarray of float64, shape (n_patients, n_models), one a repetition
        Risks; higher is worse.
    case_weights : ndarray of float64, shape (n_kinds, n_patients)
        What a pair weighs, by its case; a row of ones is Harrell's concordance.
    weights : ndarray of float32, shape (n_patients, draws)
        Bootstrap counts.

    Returns
    -------
    point : ndarray of float64, shape (n_kinds, n_models)
        Concordance; NaN where there is no pair.
    draws : ndarray of float64, shape (n_kinds, n_models, draws)
        The same in each bootstrap sample.
    """
    counts = np.concatenate([np.ones((len(weights), 1), dtype=np.float32), weights], axis=1)
    n_models = risks[0].shape[1]
    right = np.zeros((len(case_weights), n_models, counts.shape[1]))
    total = np.zeros((len(case_weights), 1, counts.shape[1]))
    for own, risk in zip(blocks, risks, strict=True):
        for block in own:
            drawn = counts[block.controls]
            # kinds x cases x draws would be large: weigh the cases first, then sum over them
            cases, weigh = counts[block.cases].astype(float), case_weights[:, block.cases]
            total[:, 0] += weigh @ (cases * (block.comparable @ drawn))
            for model in range(n_models):
                right[:, model] += weigh @ (cases * (block.concordant(risk[:, model]) @ drawn))
    with np.errstate(invalid="ignore", divide="ignore"):
        share = right / total
    return share[:, :, 0], share[:, :, 1:]
