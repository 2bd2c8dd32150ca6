"""Splits: repeated stratified folds, and one cohort left out at a time."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from itgstrat.fitting.survival.base import split_by_events
from itgstrat.outcome import Outcome


@dataclass(frozen=True, eq=False)
class Split:
    """One way to part the patients.

    Parameters
    ----------
    repeat : int
        Repetition the split belongs to.
    train, test : ndarray of int
        Positions of the patients.
    """

    repeat: int
    train: npt.NDArray[np.intp]
    test: npt.NDArray[np.intp]


def repeated_folds(outcome: Outcome, folds: int, repeats: int, seed: int) -> list[Split]:
    """Split patients into folds, several times, events and cohorts spread evenly.

    Parameters
    ----------
    outcome : Outcome
        Outcome with strata.
    folds : int
        Folds a repetition.
    repeats : int
        Repetitions.
    seed : int
        Seed; repetition r uses its own stream.

    Returns
    -------
    list of Split
        ``folds * repeats`` splits.

    Raises
    ------
    OutcomeError
        If there are fewer events than folds.
    """
    seeds = np.random.SeedSequence(seed).generate_state(repeats)
    return [
        Split(repeat, train, test)
        for repeat, own in enumerate(seeds)
        for train, test in split_by_events(outcome, folds, int(own))
    ]


def leave_one_batch_out(batch: npt.NDArray[np.str_]) -> list[tuple[str, Split]]:
    """Leave out each cohort in turn.

    Parameters
    ----------
    batch : ndarray of str, shape (n_patients,)
        Cohort of each patient.

    Returns
    -------
    list of (str, Split)
        The cohort left out and the split; empty where there is one cohort only.
    """
    names = np.unique(batch)
    if len(names) < 2:
        return []
    return [(str(n), Split(0, np.flatnonzero(batch != n), np.flatnonzero(batch == n))) for n in names]
