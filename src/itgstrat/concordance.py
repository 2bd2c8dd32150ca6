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
        right: Floats = np.add(difference > 1e-8, difference >= -1e-8, dtype=np.float64) / 2
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
        if not total > 0:
            return np.full(risk.shape[1:], np.nan)
        # One risk at a time stays in the cache: four times as fast as all pairs of all risks at once. And no
        # product of BLAS, whose threads wait for each other on a busy machine.
        models = np.ascontiguousarray(risk.T).reshape(-1, len(risk))
        right = np.array([(self.weight * self.concordant(model)).sum() for model in models])
        index: Floats = right.reshape(risk.shape[1:]) / total
        return index


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
    # sorted like this the partners of an event are all that follow its ties, up to the end of its label
    order = np.lexsort((~outcome.event, outcome.time_days, labels))
    events = np.flatnonzero(outcome.event[order])
    keys = [column[order][events] for column in (labels, outcome.time_days)]
    new = np.any([np.diff(key, prepend=-1) != 0 for key in keys], axis=0)
    last_tied = events[np.append(np.flatnonzero(new)[1:] - 1, len(events) - 1)] if len(events) else events
    start = last_tied[np.cumsum(new) - 1] + 1
    counts = np.searchsorted(labels[order], keys[0], side="right") - start
    partners = np.arange(counts.sum()) + np.repeat(start - np.cumsum(counts) + counts, counts)
    return Pairs(order[np.repeat(events, counts)], order[partners], np.ones(len(partners)))
