"""Cells: one model in one split, the piece of work that is done at once and, once done, is kept on disk."""

import hashlib
import warnings
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import numpy.typing as npt
from joblib import Memory, Parallel, delayed, parallel_config
from sklearn.base import clone
from sklearn.pipeline import Pipeline
from sksurv.nonparametric import kaplan_meier_estimator
from threadpoolctl import threadpool_limits

from itgstrat.cohort import Cohort
from itgstrat.config import ComputeConfig, RunConfig, StrataConfig
from itgstrat.errors import ModelError, OutcomeError, OutputError
from itgstrat.evaluation.designs import Entry
from itgstrat.evaluation.nulls import permute_outcome
from itgstrat.evaluation.protocol import Judged
from itgstrat.evaluation.split import Split
from itgstrat.evaluation.trials import Trial
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
        Where finished cells are kept, and looked up; nothing is kept if None.

    Yields
    ------
    Found
        One a cell, in their order, for any number of workers.

    Raises
    ------
    OutputError
        If the folder cannot be written to.
    """
    run = _memorise(folder)
    data: dict[int, str] = {}
    if folder is not None:
        data = {id(trial): _describe_trial(trial) for trial in {id(cell.trial): cell.trial for cell in cells}.values()}
    settings = _describe_settings(config)

    def jobs() -> Iterable[Any]:
        for cell in cells:
            pipeline = build_pipeline(config, cell.entry.design) if cell.entry.design else None
            key = "" if folder is None else _key(settings, data[id(cell.trial)], cell)
            yield delayed(run)(key, cell, pipeline, config.strata)

    with (
        threadpool_limits(1),
        parallel_config(**_backend(config.compute)),
        _closed(Parallel(return_as="generator")(jobs())) as results,
    ):
        yield from (result for result in results)  # `from results` would close it by itself, with the warning


@contextmanager
def _closed(results: Generator[Found, None, None]) -> Iterator[Generator[Found, None, None]]:
    """Stop the workers in any case, without joblib's warning of what a fault leaves undone."""
    try:
        yield results
    finally:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            results.close()


def _backend(compute: ComputeConfig) -> dict[str, Any]:
    """One thread of BLAS a worker: two workers of two threads each would hinder each other."""
    threads = {"inner_max_num_threads": 1} if compute.backend == "loky" else {}
    return {"backend": compute.backend, "n_jobs": compute.n_jobs, **threads}


def _memorise(folder: str | Path | None) -> Any:
    if folder is None:
        return run_cell
    try:
        Path(folder).mkdir(parents=True, exist_ok=True, mode=0o700)  # it holds pickles, which only we may write
        run = Memory(folder, verbose=0).cache(run_cell, ignore=["cell", "pipeline", "strata"])
        run("", None, None, None)  # files the code of the function, before all workers do so at once
    except OSError as error:
        raise OutputError(f"{folder}: finished work cannot be kept ({error}); name another compute.cache") from error
    return run


def run_cell(key: str, cell: Cell | None, pipeline: Pipeline | None, strata: StrataConfig | None) -> Found | None:
    """Train on the split's training patients and predict its test patients, by each reference.

    Parameters
    ----------
    key : str
        What the result depends on, for the cache.
    cell : Cell or None
        The work; None for none.
    pipeline : Pipeline or None
        The unfitted model; None for Kaplan-Meier.
    strata : StrataConfig or None
        Cut-points of the rows.

    Returns
    -------
    dict of str to Judged, ModelError or None
        Arrays with one entry a test patient; or the reason why the model cannot be had, so that a baseline does not
        end a run.
    """
    if cell is None:
        return None
    train, test = cell.trial.train[cell.split.train], cell.trial.test[cell.split.test]
    if cell.entry.role == "permuted":
        dealt = permute_outcome(cell.trial.train.require_outcome(), cell.entry.seed)
        train = replace(train, outcome=dealt[cell.split.train])
    if pipeline is None:
        survival = kaplan_meier(train.require_outcome(), test.batch, cell.times_days)
        nothing = Judged(np.zeros(len(test)), survival, np.full(len(test), "", dtype=object))
        return dict.fromkeys(cell.trial.references, nothing)
    try:
        return _judge(cell, clone(pipeline), train, test, strata if cell.entry.role == "row" else None)
    except ModelError as error:
        return error
    except OutcomeError as error:  # outcomes that are dealt out may leave a fold with too few events
        if cell.entry.role != "permuted":
            raise
        return ModelError(str(error))


def _judge(
    cell: Cell, pipeline: Pipeline, train: Cohort, test: Cohort, strata: StrataConfig | None
) -> dict[Reference, Judged]:
    pipeline.fit(train, train.require_outcome())
    panel, model = pipeline.named_steps["features"], pipeline.named_steps["model"].model_
    if strata is not None:
        cuts = learn_strata(strata, model.risk(panel.features(train).values), train.require_outcome())
    judged: dict[Reference, Judged] = {}
    for reference in cell.trial.references:
        values = panel.recipe_.featurise(**test.arrays(), reference=reference).features.values
        risk = model.risk(values)
        if strata is None:
            judged[reference] = Judged(risk, np.empty((len(test), 0)), np.empty(0, dtype=object))
        else:
            survival = model.survival(values, cell.times_days, test.batch)
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


def _key(settings: str, data: str, cell: Cell) -> str:
    """Everything that the result of a cell depends on, in one hash."""
    entry, split = cell.entry, cell.split
    text = repr((settings, data, repr(entry.design), entry.role, entry.seed, cell.trial.references))
    arrays = [split.train, split.test, cell.times_days if entry.role == "row" else np.empty(0)]
    return hashlib.sha256(b"|".join([text.encode(), *(array.tobytes() for array in arrays)])).hexdigest()


def _describe_settings(config: RunConfig) -> str:
    fitted = config.model_dump_json(exclude=_NOT_FITTED)
    packages = [version(name) for name in ("numpy", "pandas", "scikit-learn", "scikit-survival", "lifelines")]
    return repr((fitted, packages, _hash_code()))


@cache
def _hash_code() -> str:
    """Hash our own code, so that no result of another version is ever taken for one of this."""
    files = sorted(Path(__file__).parents[1].rglob("*.py"))
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()


def _describe_trial(trial: Trial) -> str:
    return _describe_cohort(trial.train) + ("" if trial.test is trial.train else _describe_cohort(trial.test))


def _describe_cohort(cohort: Cohort) -> str:
    outcome = cohort.require_outcome()
    arrays = [cohort.expression.to_numpy(), outcome.event, outcome.time_days]
    texts = [cohort.unit, list(map(str, cohort.genes)), list(map(str, cohort.batch)), list(map(str, outcome.stratum))]
    return str(joblib.hash([joblib.hash(arrays), repr(texts), cohort.clinical.to_csv()]))
