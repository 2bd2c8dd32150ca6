"""The evaluation of a run: cross-validation, left-out cohorts and external cohorts, all with their baselines."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path

import numpy as np
import numpy.typing as npt

from itgstrat.biology.catalogue import Signature
from itgstrat.cohort import Cohort
from itgstrat.concordance import comparable_pairs
from itgstrat.config import RunConfig
from itgstrat.errors import ModelError
from itgstrat.evaluation.cells import Cell, Found, assemble, list_cells, run_cells
from itgstrat.evaluation.closer import CloserLook, look_closer
from itgstrat.evaluation.compare import LABELS, compare
from itgstrat.evaluation.designs import Entry, list_entries
from itgstrat.evaluation.finding import note_harm, state_finding
from itgstrat.evaluation.metrics import choose_horizons, evaluation_times
from itgstrat.evaluation.nulls import NO_RANDOM, PermutedSummary, permute_outcome
from itgstrat.evaluation.protocol import Judged, Protocol
from itgstrat.evaluation.records import Comparison, Evaluation
from itgstrat.evaluation.splits import make_folds
from itgstrat.evaluation.trials import Trial, cross_validation, leave_out, whole
from itgstrat.fitting.panel import rank_cohort
from itgstrat.fitting.pipeline import design_of
from itgstrat.fitting.rows import scorable, spell_out
from itgstrat.learned import Reference
from itgstrat.outcome import Outcome

Floats = npt.NDArray[np.float64]
Progress = Callable[[str, int, int], None]
Rows = dict[str, list[dict[Reference, Judged]]]

#: Step of the progress bar that runs over all cells of all trials.
ALL_CELLS = "evaluation"


def evaluate(
    config: RunConfig,
    training: Cohort,
    external: Sequence[Cohort] = (),
    progress: Progress | None = None,
    cache: str | Path | None = None,
) -> Evaluation:
    """Judge the configured model beside its baselines.

    Parameters
    ----------
    config : RunConfig
        The run.
    training : Cohort
        Training patients, with outcome.
    external : sequence of Cohort
        Cohorts the final model is judged on, frozen.
    progress : callable, optional
        Told ``(step, done, total)``.
    cache : str or Path, optional
        Folder in which every finished fold of every model is kept, so that a run that was stopped goes on where it
        was; `compute.cache` if not given. Python objects are loaded from it: give a folder that only you write to.

    Returns
    -------
    Evaluation
        The finding, and every comparison.

    Raises
    ------
    OutcomeError
        If there are too few events for the folds, or no two patients can be compared.
    CohortError, InputError
        If the folds that the configuration asks for cannot be made of these patients.
    ModelError
        If no feature can be computed.
    OutputError
        If the cache cannot be written to.
    """
    training.require_outcome()
    ranked = rank_cohort(training, config.features.score)
    folds = make_folds(config, ranked)
    trials = [cross_validation(ranked, folds)]
    judged = [rank_cohort(cohort, config.features.score, training.genes) for cohort in external]
    trials += [whole("external", cohort.name, ranked, cohort) for cohort in judged]
    for trial in trials:
        trial.require_pairs()  # before the long work
    left_out, notes = leave_out(ranked) if config.evaluation.leave_one_cohort_out else ([], [])
    trials[1:1] = left_out
    plans = [_Plan(config, trial) for trial in trials]
    cells = [cell for plan in plans for cell in plan.cells]
    comparisons: list[Comparison] = []
    permuted: PermutedSummary | None = None
    first: Rows = {}
    with closing(run_cells(config, cells, cache or config.compute.cache)) as found:
        results = _told(plans, found, progress)
        for plan in plans:
            rows, unjudged = plan.collect(results)
            first = first or rows
            comparisons += plan.compare(rows)
            permuted = permuted or plan.summarise_permuted(rows)
            notes += [*plan.notes, *unjudged]
    scored = scorable(design_of(config).signatures, list(training.genes), config.features.min_coverage)
    circular = filter(None, [config.features.describe_circularity()])
    closer = plans[0].look_closer(first, _count_candidates(config, scored))
    notes = [*closer.notes, *circular, *folds.notes, *notes, *_note_permuted(permuted), *note_harm(comparisons)]
    if comparisons[0].random is None:
        notes.append(NO_RANDOM)
    finding = state_finding(describe_signatures(config, scored), comparisons)
    return Evaluation(finding, tuple(comparisons), tuple(dict.fromkeys(notes)), permuted, closer)


def describe_signatures(config: RunConfig, scored: Sequence[Signature]) -> str:
    """Put the signatures that training could score into words for the finding.

    Parameters
    ----------
    config : RunConfig
        The run.
    scored : sequence of Signature
        Those of its signatures that training could score.

    Returns
    -------
    str
        For instance "The 62 signatures (heterodimers, receptors, joint_pairs)".
    """
    names, genes = list(map(str, config.features.signatures)), sum(one.rule == "gene" for one in scored)
    beside = f" and {genes} single genes" if genes else ""
    return f"The {len(scored) - genes} signatures ({', '.join(names[:4])}{', ...' if len(names) > 4 else ''}){beside}"


class _Plan:
    """The work of one trial, and how its comparisons come out of the results."""

    def __init__(self, config: RunConfig, trial: Trial) -> None:
        self.config, self.trial = config, trial
        self.outcome: Outcome = trial.test.require_outcome()
        until = trial.trained_until_days()
        self.times = evaluation_times(self.outcome, until)
        self.horizons, told = choose_horizons(self.outcome, config.strata.horizons_days, until)
        self.notes = [f"{trial.step}: {note}" for note in told]
        asked = np.concatenate([self.times, self.horizons])
        self.entries: list[tuple[Entry, list[Cell]]] = [
            (entry, list_cells(entry, trial, asked)) for entry in list_entries(config, trial)
        ]

    @property
    def cells(self) -> list[Cell]:
        """All cells, model by model."""
        return [cell for _, own in self.entries for cell in own]

    def collect(self, results: Iterator[Found]) -> tuple[Rows, list[str]]:
        """Take this trial's results off the stream; and a note on each baseline that could not be had."""
        rows: Rows = {}
        failed: dict[str, list[ModelError]] = {}
        for entry, cells in self.entries:
            found = []
            for result in islice(results, len(cells)):
                if not isinstance(result, ModelError):
                    found.append(result)
                elif entry.name == "model":
                    raise result
                else:
                    failed.setdefault(entry.name if entry.role == "row" else entry.role, []).append(result)
            if len(found) == len(cells):
                rows[entry.name] = found
        notes = [
            f"{self.trial.step}: no baseline {LABELS[name]!r} ({reasons[0]})"
            if name in LABELS
            else f"{self.trial.step}: {len(reasons)} fits of {name} models failed and are left out ({reasons[0]})"
            for name, reasons in failed.items()
        ]
        return rows, notes

    def _named(self, role: str, rows: Rows) -> list[Entry]:
        return [entry for entry, _ in self.entries if entry.role == role and entry.name in rows]

    def compare(self, rows: Rows) -> list[Comparison]:
        """Give the comparisons, one a reference."""
        trial, comparisons = self.trial, []
        for reference in trial.references:
            protocol = Protocol(
                kind=trial.kind,
                cohort=trial.cohort,
                reference=reference,
                names=list(map(str, trial.test.patients)),
                batch=trial.test.batch,
                outcome=self.outcome,
                groups=trial.groups(),
                times_days=self.times,
                horizons_days=self.horizons,
                draws=self.config.evaluation.bootstrap,
                seed=self.config.seed,
            )
            judged = {e.name: assemble(trial, reference, rows[e.name]) for e in self._named("row", rows)}
            random = [assemble(trial, reference, rows[e.name]).risk for e in self._named("random", rows)]
            comparisons.append(compare(protocol, judged, random))
        return comparisons

    def look_closer(self, rows: Rows, n_candidates: int) -> CloserLook:
        """Look closer at the configured model."""
        judged = assemble(self.trial, self.trial.references[0], rows["model"])
        return look_closer(
            self.config,
            self.trial.test,
            judged,
            self.trial.groups(),
            float(self.horizons[0]),
            judged.survival[:, :, len(self.times)],
            n_candidates,
        )

    def summarise_permuted(self, rows: Rows) -> PermutedSummary | None:
        """Judge the pipeline on outcomes that were dealt out anew; None where there is no permutation."""
        position = self.trial.train.patients.get_indexer(self.trial.test.patients)
        values = []
        for entry in self._named("permuted", rows):
            dealt = permute_outcome(self.trial.train.require_outcome(), entry.seed)[position]
            risk = assemble(self.trial, self.trial.references[0], rows[entry.name]).risk[0]
            values.append(float(comparable_pairs(dealt, self.trial.groups()[0]).concordance(risk)))
        known = [value for value in values if np.isfinite(value)]  # a permutation may leave no pair to compare
        return PermutedSummary.of(known) if known else None


def _told(plans: Sequence[_Plan], results: Iterator[Found], progress: Progress | None) -> Iterator[Found]:
    """Pass the results on, and tell how far the work is: over all trials, and in each."""
    total, done = sum(len(plan.cells) for plan in plans), 0
    for plan in plans:
        own = len(plan.cells)
        for at, result in enumerate(islice(results, own), start=1):
            done += 1
            if progress:
                progress(ALL_CELLS, done, total)
                progress(plan.trial.step, at, own)
            yield result


def _count_candidates(config: RunConfig, scored: Sequence[Signature]) -> int:
    """Features before any selection."""
    scores = [row for signature in scored for row in spell_out(signature, config.features.joint)]
    return len(scores) + len(design_of(config).covariates)


def _note_permuted(permuted: PermutedSummary | None) -> list[str]:
    if permuted is None:
        return ["no permutations: what the pipeline reaches where there is nothing to find was not looked at"]
    return [f"with outcomes dealt out at random within cohorts the same pipeline reaches C {permuted}; 0.5 is expected"]
