"""Splits: repeated stratified folds, whole sites on one side, folds from a file, one cohort left out at a time."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from itgstrat.cohort import Cohort
from itgstrat.config import RunConfig
from itgstrat.errors import OutcomeError
from itgstrat.evaluation.given_splits import read_folds
from itgstrat.evaluation.site_splits import assign_sites, describe_balance, find_sites
from itgstrat.evaluation.split import Split
from itgstrat.fitting.survival.base import split_by_events
from itgstrat.outcome import Outcome, require_events

__all__ = ["LEAST_EVENTS", "Folds", "Split", "leave_one_batch_out", "make_folds", "repeated_folds"]

#: Fewest events that the model can be trained on, see `CoxElasticNet`.
LEAST_EVENTS = 4


@dataclass(frozen=True, eq=False)
class Folds:
    """How a cohort is split for cross-validation.

    Parameters
    ----------
    splits : tuple of Split
        ``train`` are positions in the cohort, ``test`` positions in `judged`.
    judged : ndarray of int
        Positions in the cohort of the patients that are judged, each once a repetition.
    notes : tuple of str
        What the reader must know of the folds.
    """

    splits: tuple[Split, ...]
    judged: npt.NDArray[np.intp]
    notes: tuple[str, ...] = ()


def make_folds(config: RunConfig, cohort: Cohort) -> Folds:
    """Split a cohort as `evaluation.splits` says.

    Parameters
    ----------
    config : RunConfig
        The run.
    cohort : Cohort
        Training patients, with outcome.

    Returns
    -------
    Folds
        Splits that can all be trained on; a test fold without an event is noted.

    Raises
    ------
    OutcomeError
        If there are too few events for the folds, or in the training part of one.
    CohortError
        If the site of a patient is not known, or there are fewer sites than folds.
    InputError
        If the file of given folds cannot be used.
    """
    settings, outcome = config.evaluation, cohort.require_outcome()
    everyone = np.arange(len(cohort))
    if settings.splits.kind == "random":
        needed = max(settings.folds, -(-LEAST_EVENTS * settings.folds // (settings.folds - 1)))
        require_events(outcome, needed, f"training on {settings.folds - 1} of {settings.folds} folds")
        folds = Folds(tuple(repeated_folds(outcome, settings.folds, settings.repeats, config.seed)), everyone)
    elif settings.splits.kind == "site_preserved":
        folds = _site_folds(cohort, outcome, settings.splits.site, settings.folds)
    else:
        given = read_folds(str(settings.splits.file), list(map(str, cohort.patients)))
        judged = np.unique(np.concatenate([split.test for split in given.splits]))
        splits = tuple(Split(s.repeat, s.train, np.searchsorted(judged, s.test)) for s in given.splits)
        folds = Folds(splits, judged, given.notes)
    return Folds(folds.splits, folds.judged, (*folds.notes, *_check_events(folds, outcome)))


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


def _site_folds(cohort: Cohort, outcome: Outcome, column: str | None, n_folds: int) -> Folds:
    sites = find_sites(cohort, column)
    fold = assign_sites(sites, outcome.event, n_folds)
    splits = tuple(Split(0, np.flatnonzero(fold != k), np.flatnonzero(fold == k)) for k in range(n_folds))
    return Folds(splits, np.arange(len(cohort)), (describe_balance(sites, outcome.event, fold),))


def _check_events(folds: Folds, outcome: Outcome) -> list[str]:
    """Refuse training parts without enough events; note test folds without any."""
    without = 0
    for number, split in enumerate(folds.splits):
        train, test = outcome[split.train], outcome[folds.judged[split.test]]
        require_events(train, LEAST_EVENTS, f"training for test fold {number + 1} of {len(folds.splits)}")
        without += not test.n_events
    if without == len(folds.splits):
        raise OutcomeError("no test fold has an event; use fewer folds, or folds with events spread over them")
    if not without:
        return []
    return [f"{without} of {len(folds.splits)} test folds have no event and say nothing on concordance"]
