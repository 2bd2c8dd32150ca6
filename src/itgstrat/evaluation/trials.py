"""Trials: who is judged, by models trained on whom."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from itgstrat.cohort import Cohort
from itgstrat.concordance import comparable_pairs
from itgstrat.errors import OutcomeError
from itgstrat.evaluation.protocol import Kind
from itgstrat.evaluation.split import Split
from itgstrat.evaluation.splits import LEAST_EVENTS, Folds, leave_one_batch_out
from itgstrat.learned import LEAST_FOR_REFERENCE, Reference
from itgstrat.outcome import require_events


@dataclass(frozen=True, eq=False)
class Trial:
    """Patients to judge, by models trained on others.

    Parameters
    ----------
    kind, cohort : str
        As in `Comparison`.
    references : tuple of str
        References to standardise the judged patients by; each gives a comparison of its own.
    train, test : Cohort
        Where training and judged patients are taken from; the same in cross-validation, where all are judged. Trials
        share `train`, so that there is one copy of it.
    splits : tuple of Split
        Positions in `train` and in `test`; every patient of `test` is judged once a repetition.
    """

    kind: Kind
    cohort: str
    references: tuple[Reference, ...]
    train: Cohort
    test: Cohort
    splits: tuple[Split, ...]

    @property
    def step(self) -> str:
        """Name of the trial for the progress bar."""
        return f"{self.kind}: {self.cohort}"

    @property
    def shape(self) -> tuple[int, int]:
        """Repetitions and judged patients."""
        return max(split.repeat for split in self.splits) + 1, len(self.test)

    @property
    def trained(self) -> npt.NDArray[np.intp]:
        """Positions in `train` of the patients that some model is trained on."""
        return np.unique(np.concatenate([split.train for split in self.splits]))

    def groups(self) -> npt.NDArray[np.intp]:
        """Number of the split that judged each patient, shape `self.shape`."""
        groups = np.zeros(self.shape, dtype=np.intp)
        for number, split in enumerate(self.splits):
            groups[split.repeat, split.test] = number
        return groups

    def trained_until_days(self) -> float:
        """Follow-up of the training patients in the strata that they are asked for; the shortest counts."""
        judged, limits = np.unique(self.test.require_outcome().stratum), []
        for split in self.splits:
            outcome = self.train.require_outcome()[split.train]
            known = {name: float(outcome.time_days[rows].max()) for name, rows in outcome.by_stratum()}
            limits += [known.get(str(name), max(known.values())) for name in judged]
        return min(limits)

    def require_pairs(self) -> None:
        """Make sure that the outcome of some two patients can be compared.

        Raises
        ------
        OutcomeError
            If there is no such pair.
        """
        outcome = self.test.require_outcome()
        if not any(len(comparable_pairs(outcome, groups).first) for groups in self.groups()):
            raise OutcomeError(
                f"{self.step}: no two patients can be compared ({len(outcome)} patients, {outcome.n_events} events, "
                f"{len(self.splits)} splits); judging a model needs an event in one patient and a longer follow-up "
                "in another: use fewer folds, or leave the cohort out"
            )


def cross_validation(cohort: Cohort, folds: Folds) -> Trial:
    """Judge patients of a cohort by models of the other folds.

    Parameters
    ----------
    cohort : Cohort
        Training patients.
    folds : Folds
        From `make_folds`.

    Returns
    -------
    Trial
        Patients whom no fold tests are trained on, and not judged.
    """
    test = cohort if len(folds.judged) == len(cohort) else cohort[folds.judged]
    return Trial("cross-validation", cohort.name, ("batch",), cohort, test, folds.splits)


def whole(kind: Kind, name: str, train: Cohort, test: Cohort, patients: npt.NDArray[np.intp] | None = None) -> Trial:
    """Judge all of one cohort by a model trained on another, by every reference that can be had.

    Parameters
    ----------
    kind : {"leave-one-cohort-out", "external"}
        As in `Comparison`.
    name : str
        The cohort judged.
    train, test : Cohort
        Training and judged patients.
    patients : ndarray of int, optional
        Positions in `train` of those trained on; all if not given.

    Returns
    -------
    Trial
        By the pooled reference and, from 30 patients up, by the cohort's own.
    """
    references: tuple[Reference, ...] = ("pooled", "cohort") if len(test) >= LEAST_FOR_REFERENCE else ("pooled",)
    own = np.arange(len(train)) if patients is None else patients
    return Trial(kind, name, references, train, test, (Split(0, own, np.arange(len(test))),))


def leave_out(cohort: Cohort) -> tuple[list[Trial], list[str]]:
    """Leave out each cohort in turn.

    Parameters
    ----------
    cohort : Cohort
        All training patients; their batches are the cohorts.

    Returns
    -------
    tuple of list of Trial and list of str
        One trial a cohort left out, and a note on each cohort for which that cannot be done.
    """
    trials, notes = [], []
    for name, split in leave_one_batch_out(cohort.batch):
        trial = whole("leave-one-cohort-out", name, cohort, cohort[split.test], split.train)
        try:
            trial.require_pairs()
            require_events(cohort.require_outcome()[split.train], LEAST_EVENTS, f"training without {name}")
        except OutcomeError as error:
            notes.append(f"cohort {name} was not left out: {error}")
        else:
            trials.append(trial)
    return trials, notes
