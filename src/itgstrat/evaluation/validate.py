"""The evaluation of a run: cross-validation, left-out cohorts and external cohorts, all with their baselines."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from joblib import Parallel, delayed
from sklearn.base import clone
from sklearn.pipeline import Pipeline
from sksurv.nonparametric import kaplan_meier_estimator

from itgstrat.biology.catalogue import Signature, load_catalogue
from itgstrat.cohort import Cohort
from itgstrat.concordance import comparable_pairs
from itgstrat.config import RunConfig, StrataConfig
from itgstrat.errors import ModelError, OutcomeError
from itgstrat.evaluation.compare import LABELS, Comparison, Evaluation, Judged, Kind, Protocol, compare
from itgstrat.evaluation.finding import state_finding
from itgstrat.evaluation.metrics import evaluation_times
from itgstrat.evaluation.nulls import random_signatures
from itgstrat.evaluation.splits import Split, leave_one_batch_out, repeated_folds
from itgstrat.fitting.panel import rank_cohort, scorable, spell_out
from itgstrat.fitting.pipeline import Design, build_pipeline, design_of
from itgstrat.learned import LEAST_FOR_REFERENCE, Reference, Strata
from itgstrat.outcome import Outcome, require_events

Floats = npt.NDArray[np.float64]
Progress = Callable[[str, int, int], None]

#: Fewest events that the model can be trained on, see `CoxElasticNet`.
LEAST_EVENTS = 4

#: Prefix of the draws of random signatures among the models of a trial.
RANDOM = "random "


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
        Where training and judged patients are taken from; the same in cross-validation.
    splits : tuple of Split
        Positions in `train` and in `test`.
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


def evaluate(
    config: RunConfig, training: Cohort, external: Sequence[Cohort] = (), progress: Progress | None = None
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

    Returns
    -------
    Evaluation
        The finding, and every comparison.

    Raises
    ------
    OutcomeError
        If there are too few events for the folds, or no two patients can be compared.
    ModelError
        If no feature can be computed.
    """
    outcome = training.require_outcome()
    ranked = rank_cohort(training, config.features.score)
    settings = config.evaluation
    needed = max(settings.folds, math.ceil(LEAST_EVENTS * settings.folds / (settings.folds - 1)))
    require_events(outcome, needed, f"training on {settings.folds - 1} of {settings.folds} folds")
    folds = repeated_folds(outcome, settings.folds, settings.repeats, config.seed)
    trials = [Trial("cross-validation", training.name, ("batch",), ranked, ranked, tuple(folds))]
    trials += [_whole("external", cohort.name, ranked, cohort) for cohort in external]
    for trial in trials:
        trial.require_pairs()  # before the long work
    left_out, notes = _leave_out(ranked) if settings.leave_one_cohort_out else ([], [])
    comparisons: list[Comparison] = []
    for trial in [trials[0], *left_out, *trials[1:]]:
        judged, unjudged = _run_trial(config, trial, progress)
        comparisons += judged
        notes += unjudged
    circular = filter(None, [config.features.describe_circularity()])
    scored = scorable(design_of(config).signatures, list(training.genes), config.features.min_coverage)
    notes = [*_note_sample_size(config, outcome, scored), *circular, *notes, *_note_horizons(config, comparisons)]
    return Evaluation(state_finding(describe_signatures(config, scored), comparisons), tuple(comparisons), tuple(notes))


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
    names = list(map(str, config.features.signatures))
    return f"The {len(scored)} signatures ({', '.join(names[:4])}{', ...' if len(names) > 4 else ''})"


def designs_of(config: RunConfig) -> dict[str, Design | None]:
    """List what is judged beside the configured model.

    Parameters
    ----------
    config : RunConfig
        The run.

    Returns
    -------
    dict of str to Design or None
        Key of the row -> design; None stands for Kaplan-Meier.
    """
    main = design_of(config)
    designs: dict[str, Design | None] = {"model": main}
    if main.covariates:
        designs["signatures"] = replace(main, covariates=())
        designs["clinical"] = replace(main, signatures=())
    designs["proliferation"] = Design(load_catalogue().select(["proliferation"]), ())
    designs["kaplan_meier"] = None
    return designs


def _whole(kind: Kind, name: str, train: Cohort, test: Cohort) -> Trial:
    """All of one cohort judged by a model trained on all of another, by every reference that can be had."""
    references: tuple[Reference, ...] = ("pooled", "cohort") if len(test) >= LEAST_FOR_REFERENCE else ("pooled",)
    return Trial(kind, name, references, train, test, (Split(0, np.arange(len(train)), np.arange(len(test))),))


def _leave_out(cohort: Cohort) -> tuple[list[Trial], list[str]]:
    """One trial a cohort left out, and a note on each cohort for which that cannot be done."""
    trials, notes = [], []
    for name, split in leave_one_batch_out(cohort.batch):
        trial = _whole("leave-one-cohort-out", name, cohort[split.train], cohort[split.test])
        try:
            trial.require_pairs()
            require_events(trial.train.require_outcome(), LEAST_EVENTS, f"training without {name}")
        except OutcomeError as error:
            notes.append(f"cohort {name} was not left out: {error}")
        else:
            trials.append(trial)
    return trials, notes


def _run_trial(config: RunConfig, trial: Trial, progress: Progress | None) -> tuple[list[Comparison], list[str]]:
    """Comparisons of a trial, one a reference, and a note on each baseline that could not be had."""
    outcome = trial.test.require_outcome()
    times, horizons = evaluation_times(outcome, trial.trained_until_days()), np.array(config.strata.horizons_days)
    asked = np.concatenate([times, horizons])
    pipelines = _pipelines(config, trial)
    workers = Parallel(n_jobs=config.compute.n_jobs, backend=config.compute.backend, return_as="generator")
    results = workers(delayed(_try)(pipeline, trial, asked, config.strata) for pipeline in pipelines.values())
    judged, notes = {}, []
    for done, (name, result) in enumerate(zip(pipelines, results, strict=True), start=1):
        if isinstance(result, ModelError):
            if name not in LABELS or name == "model":
                raise result
            notes.append(f"{trial.step}: no baseline {LABELS[name]!r} ({result})")
        else:
            judged[name] = result
        if progress:
            progress(trial.step, done, len(pipelines))
    random = [name for name in pipelines if name.startswith(RANDOM)]
    comparisons = []
    for reference in trial.references:
        protocol = Protocol(
            kind=trial.kind,
            cohort=trial.cohort,
            reference=reference,
            names=list(map(str, trial.test.patients)),
            batch=trial.test.batch,
            outcome=outcome,
            groups=trial.groups(),
            times_days=times,
            horizons_days=horizons,
            draws=config.evaluation.bootstrap,
            seed=config.seed,
        )
        rows = {name: result[reference] for name, result in judged.items() if name not in random}
        comparisons.append(compare(protocol, rows, [judged[name][reference].risk for name in random]))
    return comparisons, notes


def _pipelines(config: RunConfig, trial: Trial) -> dict[str, Pipeline | None]:
    """Everything that is judged in one trial; the draws of random signatures come last."""
    designs = designs_of(config)
    pipelines = {name: build_pipeline(config, design) if design else None for name, design in designs.items()}
    main, genes = design_of(config), list(trial.train.genes)
    for draw in range(config.evaluation.random_signatures):
        seed = int(np.random.SeedSequence([config.seed, draw]).generate_state(1)[0])
        drawn = random_signatures(main.signatures, genes, seed)
        pipelines[f"{RANDOM}{draw}"] = build_pipeline(config, replace(main, signatures=drawn))
    return pipelines


def _try(
    pipeline: Pipeline | None, trial: Trial, times: Floats, strata: StrataConfig
) -> dict[Reference, Judged] | ModelError:
    """Judge, or give the reason why the model cannot be had, so that a baseline does not end a run."""
    try:
        return _judge(pipeline, trial, times, strata)
    except ModelError as error:
        return error


def _judge(pipeline: Pipeline | None, trial: Trial, times: Floats, strata: StrataConfig) -> dict[Reference, Judged]:
    """Train on every split's training patients and predict its test patients, by each reference."""
    judged = {reference: _blank(trial.shape, len(times)) for reference in trial.references}
    for split in trial.splits:
        train, test = trial.train[split.train], trial.test[split.test]
        where = (split.repeat, split.test)
        outcome = train.require_outcome()
        if pipeline is None:
            for item in judged.values():
                item.survival[where] = _kaplan_meier(outcome, test.batch, times)
            continue
        fitted = clone(pipeline).fit(train, outcome)
        panel, model = fitted.named_steps["features"], fitted.named_steps["model"].model_
        cuts = Strata.learn(model.risk(panel.features(train).values), strata.quantiles, strata.labels)
        for reference, item in judged.items():
            values = panel.recipe_.featurise(**test.arrays(), reference=reference).features.values
            item.risk[where] = model.risk(values)
            item.stratum[where] = cuts.assign(item.risk[where])
            item.survival[where] = model.survival(values, times, test.batch)
    return judged


def _blank(shape: tuple[int, int], n_times: int) -> Judged:
    return Judged(np.zeros(shape), np.zeros((*shape, n_times)), np.full(shape, "", dtype=object))


def _kaplan_meier(outcome: Outcome, batch: npt.NDArray[np.str_], times: Floats) -> Floats:
    """Survival without looking at the patient: Kaplan-Meier of the own cohort, or of all training patients."""
    known = dict(outcome.by_stratum())
    survival = np.empty((len(batch), len(times)))
    for name in np.unique(batch):
        rows = known.get(str(name), np.arange(len(outcome)))
        steps, curve = kaplan_meier_estimator(outcome.event[rows], outcome.time_days[rows])
        survival[batch == name] = np.concatenate([[1.0], curve])[np.searchsorted(steps, times, side="right")]
    return survival


def _note_sample_size(config: RunConfig, outcome: Outcome, scored: Sequence[Signature]) -> list[str]:
    design = design_of(config)
    scores = [row for signature in scored for row in spell_out(signature, config.features.joint)]
    candidates = len(scores) + len(design.covariates)
    ratio = outcome.n_events / max(candidates, 1)
    if ratio >= 10:
        return []
    return [
        f"{outcome.n_events} events for {candidates} candidate features ({ratio:.1f} events each; 10 or more are "
        "usual): coefficients are unstable and intervals wide"
    ]


def _note_horizons(config: RunConfig, comparisons: Sequence[Comparison]) -> list[str]:
    notes = []
    for item in comparisons:
        beyond = [f"{h:.0f}" for h in config.strata.horizons_days if h > item.times_days[1]]
        if beyond:
            notes.append(
                f"{item.kind}, {item.cohort}: follow-up carries the Brier score and Uno's concordance to "
                f"{item.times_days[1]:.0f} days; the horizons at {', '.join(beyond)} days rest on few patients"
            )
    return sorted(set(notes), key=notes.index)
