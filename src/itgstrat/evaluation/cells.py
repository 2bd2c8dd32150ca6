"""Cells: one model in one split, the piece of work that is done at once and, once done, is kept on disk."""

import hashlib
from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import numpy.typing as npt
from joblib import Memory, delayed
from sklearn.base import clone
from sklearn.pipeline import Pipeline
from sksurv.nonparametric import kaplan_meier_estimator

from itgstrat.cohort import Cohort
from itgstrat.config import RunConfig, StrataConfig
from itgstrat.errors import ModelError, OutcomeError, OutputError
from itgstrat.evaluation.designs import Entry
from itgstrat.evaluation.fold import Fold, FoldFeatures
from itgstrat.evaluation.nulls import permute_outcome
from itgstrat.evaluation.protocol import Judged
from itgstrat.evaluation.split import Split
from itgstrat.evaluation.trials import Trial
from itgstrat.evaluation.workers import Results, describe_versions, one_thread, run_pieces
from itgstrat.fitting.cutpoints import learn_strata
from itgstrat.fitting.pipeline import build_pipeline
from itgstrat.learned import Reference
from itgstrat.outcome import Outcome

Floats = npt.NDArray[np.float64]

#: What a cell gives: predictions for the test patients by each reference; or why the model cannot be had.
Found = dict[Reference, Judged] | ModelError

#: Sections of a configuration that no fitted model depends on, beside what else is in a key.
_NOT_FITTED = {"name", "cohorts", "endpoint", "validation", "evaluation", "compute", "out"}


@dataclass(frozen=True, eq=False)
class Cell:
    """One model in one split.

    Parameters
    ----------
    entry : Entry
        The model.
    trial : Trial
        Where the patients come from.
    split : Split
        Which of them are trained on, and which are judged.
    times_days : ndarray of float64
        Times at which survival is asked for; not looked at where only the risk is needed.
    """

    entry: Entry
    trial: Trial
    split: Split
    times_days: Floats


def list_cells(entry: Entry, trial: Trial, times_days: Floats) -> list[Cell]:
    """List the cells of one model; a permutation takes the first repetition only.

    Parameters
    ----------
    entry : Entry
        The model.
    trial : Trial
        Where it is judged.
    times_days : ndarray of float64
        Times at which survival is asked for.

    Returns
    -------
    list of Cell
        One a split.
    """
    splits = [split for split in trial.splits if entry.role != "permuted" or split.repeat == 0]
    return [Cell(entry, trial, split, times_days) for split in splits]


def run_cells(config: RunConfig, cells: Sequence[Cell], folder: str | Path | None) -> Generator[Found, None, None]:
    """Do the work, and keep what is done.

    Parameters
    ----------
    config : RunConfig
        The run.
    cells : sequence of Cell
        The work.
    folder : str, Path or None
        Where finished cells are kept, and looked up; nothing is kept if None. This process alone reads and writes it,
        so workers on other machines need not reach it.

    Yields
    ------
    Found
        One a cell, in their order, for any number of workers.

    Raises
    ------
    OutputError
        If the folder cannot be written to.
    ConfigError
        If the configured cluster cannot do the work.
    """
    keep, keys = _memorise(folder), _keys(config, cells) if folder is not None else [""] * len(cells)
    found = {number: kept for number, key in enumerate(keys) if (kept := _look_up(keep, key)) is not None}
    jobs = _share_out(cells, [number for number in range(len(cells)) if number not in found])
    cohorts = list({id(cohort): cohort for job in jobs for cohort in (job.trial.train, job.trial.test)}.values())

    pieces = (delayed(run_job)(job.trial.train, job.trial.test, job.task(config, cells)) for job in jobs)
    with closing(run_pieces(config.compute, cohorts, pieces) if jobs else _nothing()) as results:
        for number in range(len(cells)):
            while number not in found:
                for done, result in next(results)[1]:
                    found[done] = result if keep is None else keep(keys[done], result)
            yield found.pop(number)


def _nothing() -> Results:
    yield from ()


@dataclass(frozen=True, eq=False)
class _Job:
    """Cells of one split that share features, by their numbers."""

    trial: Trial
    split: Split
    numbers: list[int]

    def task(self, config: RunConfig, cells: Sequence[Cell]) -> "Task":
        """Write down what a worker has to know beside the cohorts."""
        own = [cells[number] for number in self.numbers]
        entries = [cell.entry for cell in own]
        pipelines = [build_pipeline(config, entry.design) if entry.design else None for entry in entries]
        models = tuple(zip(self.numbers, entries, pipelines, strict=True))
        return Task(self.split, self.trial.references, own[0].times_days, config.strata, models)


def _share_out(cells: Sequence[Cell], numbers: Sequence[int]) -> list[_Job]:
    """Put the rows of a comparison and the permutations together split by split; random signatures share nothing."""
    jobs: dict[object, _Job] = {}
    for number in numbers:
        cell = cells[number]
        alone = number if cell.entry.role == "random" else None
        job = jobs.setdefault((id(cell.trial), id(cell.split), alone), _Job(cell.trial, cell.split, []))
        job.numbers.append(number)
    return list(jobs.values())


class _AbsentError(Exception):
    """What is asked for was not kept."""


def _keep(key: str, found: Found | None) -> Found:
    """Keep a result under its key, through joblib, or give it back; the result itself is no part of the key."""
    if found is None:
        raise _AbsentError(key)
    return found


def _look_up(keep: Any, key: str) -> Found | None:
    try:
        kept: Found | None = None if keep is None else keep(key, None)
    except _AbsentError:
        return None
    return kept


def _memorise(folder: str | Path | None) -> Any:
    if folder is None:
        return None
    try:
        Path(folder).mkdir(parents=True, exist_ok=True, mode=0o700)  # it holds pickles, which only we may write
        keep = Memory(folder, verbose=0).cache(_keep, ignore=["found"])
        _look_up(keep, "")  # files the code of the function
    except OSError as error:
        raise OutputError(f"{folder}: finished work cannot be kept ({error}); name another compute.cache") from error
    return keep


@dataclass(frozen=True, eq=False)
class Task:
    """Models to fit in one split.

    Parameters
    ----------
    split : Split
        Who is trained on, and who is judged.
    references : tuple of str
        References to standardise the judged patients by.
    times_days : ndarray of float64
        Times at which survival is asked for.
    strata : StrataConfig
        Cut-points of the rows.
    models : tuple of (int, Entry, Pipeline or None)
        Number of the cell, model, and its unfitted pipeline; None for Kaplan-Meier.
    """

    split: Split
    references: tuple[Reference, ...]
    times_days: Floats
    strata: StrataConfig
    models: tuple[tuple[int, Entry, Pipeline | None], ...]


def run_job(train: Cohort, test: Cohort, task: Task) -> list[tuple[int, Found]]:
    """Train on the split's training patients and predict its test patients, by each reference.

    Parameters
    ----------
    train, test : Cohort
        Where the patients are taken from.
    task : Task
        The models.

    Returns
    -------
    list of (int, Found)
        Number of the cell, and arrays with one entry a test patient; or the reason why the model cannot be had, so
        that a baseline does not end a run.
    """
    fold = Fold(train, test, task.split, task.references)
    with one_thread():
        return [(number, _run_cell(fold, task, entry, pipeline)) for number, entry, pipeline in task.models]


def _run_cell(fold: Fold, task: Task, entry: Entry, pipeline: Pipeline | None) -> Found:
    outcome = fold.train.require_outcome()
    if entry.role == "permuted":
        outcome = permute_outcome(outcome, entry.seed)
    outcome, batch = outcome[task.split.train], fold.test.batch[task.split.test]
    if pipeline is None:
        survival = kaplan_meier(outcome, batch, task.times_days)
        nothing = Judged(np.zeros(len(batch)), survival, np.full(len(batch), "", dtype=object))
        return dict.fromkeys(task.references, nothing)
    try:
        features = fold.features(pipeline.named_steps["features"])
        model = clone(pipeline.named_steps["model"]).fit(features.train, outcome).model_
        return _judge(model, features, outcome, batch, task if entry.role == "row" else None)
    except ModelError as error:
        return error
    except OutcomeError as error:  # outcomes that are dealt out may leave a fold with too few events
        if entry.role != "permuted":
            raise
        return ModelError(str(error))


def _judge(
    model: Any, features: FoldFeatures, outcome: Outcome, batch: npt.NDArray[np.str_], task: Task | None
) -> dict[Reference, Judged]:
    """Predict the test patients; the risk alone where no task asks for more."""
    if task is not None:
        cuts = learn_strata(task.strata, model.risk(features.train.to_numpy()), outcome)
    judged: dict[Reference, Judged] = {}
    for reference, values in features.test.items():
        risk = model.risk(values)
        if task is None:
            judged[reference] = Judged(risk, np.empty((len(batch), 0)), np.empty(0, dtype=object))
        else:
            survival = model.survival(values, task.times_days, batch)
            judged[reference] = Judged(risk, survival, cuts.assign(risk).astype(object))
    return judged


def kaplan_meier(outcome: Outcome, batch: npt.NDArray[np.str_], times_days: Floats) -> Floats:
    """Estimate survival without looking at the patient.

    Parameters
    ----------
    outcome : Outcome
        Training patients.
    batch : ndarray of str, shape (n_patients,)
        Cohorts of the patients that are judged.
    times_days : ndarray of float64, shape (n_times,)
        Times.

    Returns
    -------
    ndarray of float64, shape (n_patients, n_times)
        Kaplan-Meier of the own cohort, or of all training patients where that was not trained on.
    """
    known = dict(outcome.by_stratum())
    survival = np.empty((len(batch), len(times_days)))
    for name in np.unique(batch):
        rows = known.get(str(name), np.arange(len(outcome)))
        steps, curve = kaplan_meier_estimator(outcome.event[rows], outcome.time_days[rows])
        survival[batch == name] = np.concatenate([[1.0], curve])[np.searchsorted(steps, times_days, side="right")]
    return survival


def assemble(trial: Trial, reference: Reference, found: Sequence[dict[Reference, Judged]]) -> Judged:
    """Lay the cells of one model together.

    Parameters
    ----------
    trial : Trial
        Where it was judged.
    reference : str
        One of the trial's references.
    found : sequence of dict of str to Judged
        One a split, in the order of the splits; those of the first repetition alone will do.

    Returns
    -------
    Judged
        One row a repetition, one column a patient.
    """
    used = trial.splits[: len(found)]
    shape = (max(split.repeat for split in used) + 1, len(trial.test))
    n_times = found[0][reference].survival.shape[1]
    whole = Judged(np.zeros(shape), np.zeros((*shape, n_times)), np.full(shape, "", dtype=object))
    for split, parts in zip(used, found, strict=True):
        where, part = (split.repeat, split.test), parts[reference]
        whole.risk[where] = part.risk
        whole.survival[where] = part.survival
        if len(part.stratum):
            whole.stratum[where] = part.stratum
    return whole


def _keys(config: RunConfig, cells: Sequence[Cell]) -> list[str]:
    """Everything that the result of each cell depends on, in one hash."""
    settings = repr((config.model_dump_json(exclude=_NOT_FITTED), describe_versions()))
    cohorts = {id(cohort): cohort for cell in cells for cohort in (cell.trial.train, cell.trial.test)}
    data = {number: _describe_cohort(cohort) for number, cohort in cohorts.items()}
    designs = {id(cell.entry): repr(cell.entry.design) for cell in cells}
    keys = []
    for cell in cells:
        entry, split, trial = cell.entry, cell.split, cell.trial
        known = (settings, data[id(trial.train)], data[id(trial.test)], designs[id(entry)], trial.references)
        arrays = [split.train, split.test, cell.times_days if entry.role == "row" else np.empty(0)]
        text = repr((*known, entry.role, entry.seed))
        keys.append(hashlib.sha256(b"|".join([text.encode(), *(array.tobytes() for array in arrays)])).hexdigest())
    return keys


def _describe_cohort(cohort: Cohort) -> str:
    outcome = cohort.require_outcome()
    arrays = [cohort.expression.to_numpy(), outcome.event, outcome.time_days]
    texts = [cohort.unit, list(map(str, cohort.genes)), list(map(str, cohort.batch)), list(map(str, outcome.stratum))]
    return str(joblib.hash([joblib.hash(arrays), repr(texts), cohort.clinical.to_csv()]))
