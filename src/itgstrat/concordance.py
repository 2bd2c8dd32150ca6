"""Concordance: how often the patient with the higher risk is the one who fails first.

It stands low in the house because the inner tuning of a model needs it as well as the evaluation.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from itgstrat.outcome import Outcome

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Pairs:
    """Comparable pairs of patients: the first is known to fail before the second.

    Parameters
    ----------
    first, second : ndarray of int, shape (n_pairs,)
        Positions of the two patients.
    weight : ndarray of float64, shape (n_pairs,)
        1 for Harrell's concordance; an inverse censoring probability for Uno's.
    """

    first: npt.NDArray[np.intp]
    second: npt.NDArray[np.intp]
    weight: Floats

    def concordant(self, risk: Floats) -> Floats:
        """Say for each pair whether the risk is right.

        Parameters
        ----------
        risk : ndarray of float64, shape (n_patients,) or (n_patients, n_models)
            Higher is worse.

        Returns
        -------
        ndarray of float64, shape (n_pairs,) or (n_pairs, n_models)
            1 where right, 0 where wrong, 0.5 where the two risks differ by no more than 1e-8.
        """
        difference = risk[self.first] - risk[self.second]
        right: Floats = np.where(np.abs(difference) <= 1e-8, 0.5, (difference > 0).astype(float))
        return right

    def concordance(self, risk: Floats) -> npt.NDArray[np.float64]:
        """Compute the concordance index of one or of many risks.

        Parameters
        ----------
        risk : ndarray of float64, shape (n_patients,) or (n_patients, n_models)
            Higher is worse.

        Returns
        -------
        ndarray of float64, shape () or (n_models,)
            Share of the comparable pairs (by weight) that are in the right order; NaN if there is no pair.
        """
        total = self.weight.sum()
        return self.weight @ self.concordant(risk) / total if total > 0 else np.full(risk.shape[1:], np.nan)


def comparable_pairs(outcome: Outcome, groups: npt.NDArray[np.generic] | None = None) -> Pairs:
    r"""Find the pairs that Harrell's concordance compares.

    A pair counts if the first patient had the event and the second was followed for longer, or was censored
    at the same time. Only pairs within the same stratum count, and within the same group if groups are given.

    Parameters
    ----------
    outcome : Outcome
        Events, times and strata.
    groups : ndarray, shape (n_patients,), optional
        For instance the fold whose model gave each patient's risk.

    Returns
    -------
    Pairs
        All comparable pairs, each with weight 1.

    References
    ----------
    Harrell 1996, doi 10.1002/(SICI)1097-0258(19960229)15:4<361::AID-SIM168>3.0.CO;2-4

    Examples
    --------
    >>> from itgstrat.outcome import make_outcome
    >>> pairs = comparable_pairs(make_outcome([1, 0, 1], [1, 2, 3]))
    >>> float(pairs.concordance(np.array([3.0, 2.0, 1.0])))
    1.0
    """
    labels = np.unique(outcome.stratum, return_inverse=True)[1]
    if groups is not None:
        labels = labels * len(groups) + np.unique(groups, return_inverse=True)[1]
    first, second = [], []
    for label in np.unique(labels):
        own = np.flatnonzero(labels == label)
        for i in own[outcome.event[own]]:
            later = outcome.time_days[own] > outcome.time_days[i]
            censored_then = (outcome.time_days[own] == outcome.time_days[i]) & ~outcome.event[own]
            others = own[later | censored_then]
            first.append(np.full(len(others), i))
            second.append(others)
    empty = np.empty(0, dtype=np.intp)
    left, right = np.concatenate([empty, *first]), np.concatenate([empty, *second])
    return Pairs(left, right, np.ones(len(left)))
