"""The evaluation of a run that learns a label: cross-validation, left-out cohorts, external cohorts, baselines."""

import math
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from joblib import delayed
from sklearn.base import clone
from sklearn.pipeline import Pipeline

from itgstrat.biology.catalogue import Signature, load_catalogue
from itgstrat.cohort import Cohort
from itgstrat.config import RunConfig
from itgstrat.errors import CatalogueError, ModelError, OutcomeError, name_some
from itgstrat.evaluation.nulls import NO_RANDOM, find_matches, random_signatures
from itgstrat.evaluation.protocol import Kind
from itgstrat.evaluation.response_finding import state_recovery, state_response_finding
from itgstrat.evaluation.response_table import RESPONSE_LABELS as LABELS
from itgstrat.evaluation.response_table import Panel, ResponseComparison, ResponseEvaluation, compare_responses
from itgstrat.evaluation.split import Split
from itgstrat.evaluation.splits import leave_one_batch_out
from itgstrat.evaluation.validate import describe_signatures
from itgstrat.evaluation.workers import run_in_order
from itgstrat.fitting.panel import rank_cohort
from itgstrat.fitting.pipeline import Design, design_of
from itgstrat.fitting.response import LEAST_OF_EITHER, split_by_label
from itgstrat.fitting.response.pipeline import build_response_pipeline, labelling_of, require_response, require_withheld
from itgstrat.fitting.rows import scorable
from itgstrat.learned import LEAST_FOR_REFERENCE, Reference
from itgstrat.response import RECOVERY, Response, read_response, require_both

Floats = npt.NDArray[np.float64]
Progress = Callable[[str, int, int], None]

#: The catalogue's T-cell-inflamed score (Ayers 2017), the established predictor of response to checkpoint inhibitors.
INFLAMED = "tcell_inflamed_gep"

#: Prefix of the draws of random signatures among the models of a trial.
RANDOM = "random "

#: The model that sees the genes which a surrogate label is made of.
LEAK = "leaking"


@dataclass(frozen=True, eq=False)
class LabelTrial:
    """Patients to judge, by classifiers trained on others.

    Parameters
    ----------
    kind, cohort : str
        As in `ResponseComparison`.
    references : tuple of str
        References to standardise the judged patients by.
    train, test : Cohort
        Where training and judged patients are taken from; the same but for external cohorts.
    known, asked : Response
        Their labels.
    splits : tuple of Split
        Positions in `train` and in `test`.
    whole : tuple of (Cohort, Cohort) or None
        For a surrogate label `train` and `test` with the withheld genes put back.
    """

    kind: Kind
    cohort: str
    references: tuple[Reference, ...]
    train: Cohort
    test: Cohort
    known: Response
    asked: Response
    splits: tuple[Split, ...]
    whole: tuple[Cohort, Cohort] | None = None

    @property
    def leaking(self) -> "LabelTrial":
        """The same trial with the withheld genes put back."""
        return replace(self, train=self.whole[0], test=self.whole[1]) if self.whole else self

    @property
    def step(self) -> str:
        """Name of the trial for the progress bar."""
        return f"{self.kind}: {self.cohort}"

    def groups(self) -> npt.NDArray[np.intp]:
        """Number of the split that judged each patient, shape (n_repeats, n_patients); -1 where none did."""
        groups = np.full((max(split.repeat for split in self.splits) + 1, len(self.test)), -1, dtype=np.intp)
        for number, split in enumerate(self.splits):
            groups[split.repeat, split.test] = number
        return groups


def evaluate_response(
    config: RunConfig,
    training: Cohort,
    external: Sequence[Cohort] = (),
    progress: Progress | None = None,
    whole: Sequence[Cohort] = (),
) -> ResponseEvaluation:
    """Judge the configured classifier beside its baselines.

    Parameters
    ----------
    config : RunConfig
        A run with a `response` section.
    training : Cohort
        Training patients, all with a label.
    external : sequence of Cohort
        Cohorts that the final model is judged on, frozen; all patients with a label.
    progress : callable, optional
        Told ``(step, done, total)``.
    whole : sequence of Cohort, optional
        For a surrogate label: `training`, then `external`, with the withheld genes put back; a row shows what the
        leak is worth.

    Returns
    -------
    ResponseEvaluation
        The finding, and every comparison.

    Raises
    ------
    OutcomeError
        If there are too few patients of either label for the folds, or an external cohort has one label only.
    ModelError
        If no feature can be computed, or a cohort holds a gene that a surrogate label is made of.
    """
    labelling, settings = labelling_of(config), config.evaluation
    for cohort in (training, *external):
        require_withheld(config, [*cohort.genes, *cohort.clinical])
    ranked = rank_cohort(training, config.features.score)
    known = read_response(ranked, labelling)
    needed = max(settings.folds, math.ceil(LEAST_OF_EITHER * settings.folds / (settings.folds - 1)))
    require_both(known, needed, f"training on {settings.folds - 1} of {settings.folds} folds")
    folds = _fold(known, settings.folds, settings.repeats, config.seed)
    trials = [LabelTrial("cross-validation", training.name, ("batch",), ranked, ranked, known, known, folds)]
    left_out, notes = _leave_out(ranked, known) if settings.leave_one_cohort_out else ([], [])
    outside = [_external(ranked, known, cohort, read_response(cohort, labelling)) for cohort in external]
    ways = _put_back(config, [*trials, *left_out, *outside], whole)
    comparisons: list[ResponseComparison] = []
    for trial in ways:
        judged, unjudged = _run_trial(config, trial, progress)
        comparisons += judged
        notes += unjudged
    scored = scorable(design_of(config).signatures, list(training.genes), config.features.min_coverage)
    what, section = describe_signatures(config, scored), require_response(config)
    if agent := section.agent():
        finding = state_recovery(what, agent.name, len(section.withheld()), comparisons)
        notes = [_note_withheld(config, agent.name, scored), *notes]
    else:
        finding = state_response_finding(what, str(labelling), comparisons)
    without = [NO_RANDOM] if comparisons[0].random is None else []
    notes = [*_note_sample_size(config, known, len(scored)), *notes, *without]
    return ResponseEvaluation(finding, tuple(comparisons), tuple(dict.fromkeys(notes)))


def response_pipelines(config: RunConfig, training: Cohort) -> dict[str, Pipeline | None]:
    """List what is judged in a trial; the draws of random signatures come last.

    Parameters
    ----------
    config : RunConfig
        A run with a `response` section.
    training : Cohort
        Training patients, among whose genes random ones are drawn.

    Returns
    -------
    dict of str to Pipeline or None
        Key of the row -> unfitted pipeline; None stands for the prevalence.
    """
    main = design_of(config)
    pipelines: dict[str, Pipeline | None] = {"model": build_response_pipeline(config)}
    if main.covariates:
        pipelines["signatures"] = build_response_pipeline(config, replace(main, covariates=()))
        pipelines["clinical"] = build_response_pipeline(config, replace(main, signatures=()))
    catalogue = load_catalogue()
    if inflamed := () if require_response(config).surrogate else _find_inflamed():
        pipelines["inflamed"] = build_response_pipeline(config, Design(inflamed, ()), plain=True)
        others = tuple(one for one in main.signatures if one.id != INFLAMED)
        both = replace(main, signatures=(*others, *inflamed))
        pipelines["beside_inflamed"] = build_response_pipeline(config, both, spared=[INFLAMED])
    growth = Design(tuple(catalogue.select(["proliferation"])), ())
    pipelines["proliferation"] = build_response_pipeline(config, growth, plain=True)
    pipelines["prevalence"] = None
    genes, settings = list(training.genes), config.evaluation
    matched = settings.random_matched and settings.random_signatures > 0
    matches = find_matches(main.signatures, training) if matched else None
    for draw in range(settings.random_signatures):
        seed = int(np.random.SeedSequence([config.seed, draw]).generate_state(1)[0])
        drawn = random_signatures(main.signatures, genes, seed, matches)
        pipelines[f"{RANDOM}{draw}"] = build_response_pipeline(config, replace(main, signatures=drawn))
    return pipelines


def _find_inflamed() -> tuple[Signature, ...]:
    try:
        return tuple(load_catalogue().select([INFLAMED]))
    except CatalogueError:  # facts of another build may lack it; the comparison then goes without
        return ()


def _fold(response: Response, folds: int, repeats: int, seed: int) -> tuple[Split, ...]:
    seeds = np.random.SeedSequence(seed).generate_state(repeats)
    return tuple(
        Split(repeat, train, test)
        for repeat, own in enumerate(seeds)
        for train, test in split_by_label(response, folds, int(own))
    )


def _leave_out(cohort: Cohort, known: Response) -> tuple[list[LabelTrial], list[str]]:
    """One trial with a split a cohort left out, and a note on each cohort for which that cannot be done."""
    splits, notes = [], []
    for name, split in leave_one_batch_out(cohort.batch):
        try:
            require_both(known[split.test], 1, f"judging {name}")
            require_both(known[split.train], LEAST_OF_EITHER, f"training without {name}")
        except OutcomeError as error:
            notes.append(f"cohort {name} was not left out: {error}")
        else:
            splits.append(split)
    if not splits:
        return [], notes
    trial = LabelTrial("leave-one-cohort-out", "all", ("pooled",), cohort, cohort, known, known, tuple(splits))
    return [trial], notes


def _external(train: Cohort, known: Response, test: Cohort, asked: Response) -> LabelTrial:
    require_both(asked, 1, f"judging {test.name}")
    references: tuple[Reference, ...] = ("pooled", "cohort") if len(test) >= LEAST_FOR_REFERENCE else ("pooled",)
    whole = Split(0, np.arange(len(train)), np.arange(len(test)))
    return LabelTrial("external", test.name, references, train, test, known, asked, (whole,))


def _put_back(config: RunConfig, trials: Sequence[LabelTrial], whole: Sequence[Cohort]) -> list[LabelTrial]:
    """Give each trial its cohorts with the withheld genes."""
    if not whole:
        return list(trials)
    train, *tests = rank_cohort(whole[0], config.features.score), *whole[1:]
    outside = iter(tests)
    return [replace(one, whole=(train, next(outside) if one.kind == "external" else train)) for one in trials]


def _run_trial(
    config: RunConfig, trial: LabelTrial, progress: Progress | None
) -> tuple[list[ResponseComparison], list[str]]:
    """Comparisons of a trial, one a reference, and a note on each baseline that could not be had."""
    pipelines = response_pipelines(config, trial.train)
    leaking = trial.leaking if trial.whole else None
    if leaking:
        pipelines[LEAK] = build_response_pipeline(config)
    judged: dict[str, dict[Reference, Floats]] = {}
    notes = []
    pieces = (delayed(_try)(pipeline, leaking if name == LEAK else trial) for name, pipeline in pipelines.items())
    with closing(run_in_order(config.compute, list(filter(None, [trial, leaking])), pieces)) as results:
        for done, (name, result) in enumerate(zip(pipelines, results, strict=True), start=1):
            if isinstance(result, dict):
                judged[name] = result
            elif name == "model" or name.startswith(RANDOM):
                raise result
            else:
                notes.append(f"{trial.step}: no baseline {LABELS[name]!r} ({result})")
            if progress:
                progress(trial.step, done, len(pipelines))
    if "inflamed" not in judged:  # beside a score that could not be had, the model stands alone
        judged.pop("beside_inflamed", None)
    comparisons = []
    for reference in trial.references:
        own = {name: result[reference] for name, result in judged.items()}
        comparisons += [_compare(config, trial, reference, own, name) for name in _parts(trial)]
    return comparisons, notes


def _parts(trial: LabelTrial) -> list[str]:
    """All judged patients together, then each cohort left out."""
    apart = trial.kind == "leave-one-cohort-out"
    names = [str(trial.test.batch[split.test[0]]) for split in trial.splits] if apart else []
    return [trial.cohort, *names]


def _compare(
    config: RunConfig, trial: LabelTrial, reference: Reference, judged: dict[str, Floats], name: str
) -> ResponseComparison:
    groups = trial.groups()
    rows = np.flatnonzero((groups >= 0).all(axis=0) & ((trial.test.batch == name) | (name == trial.cohort)))
    panel = Panel(
        kind=trial.kind,
        cohort=name,
        reference=reference,
        names=list(map(str, trial.test.patients[rows])),
        response=trial.asked[rows],
        groups=groups[:, rows],
        draws=config.evaluation.bootstrap,
        seed=config.seed,
    )
    named = {key: own[:, rows] for key, own in judged.items() if not key.startswith(RANDOM)}
    return compare_responses(panel, named, [own[:, rows] for key, own in judged.items() if key.startswith(RANDOM)])


def _try(pipeline: Pipeline | None, trial: LabelTrial) -> dict[Reference, Floats] | ModelError:
    """Judge, or give the reason why the classifier cannot be had, so that a baseline does not end a run."""
    try:
        return _judge(pipeline, trial)
    except ModelError as error:
        return error


def _judge(pipeline: Pipeline | None, trial: LabelTrial) -> dict[Reference, Floats]:
    """Train on every split's training patients and predict its test patients, by each reference."""
    shape = trial.groups().shape
    judged: dict[Reference, Floats] = {reference: np.full(shape, np.nan) for reference in trial.references}
    for split in trial.splits:
        where, known = (split.repeat, split.test), trial.known[split.train]
        if pipeline is None:
            for probability in judged.values():
                probability[where] = known.n_positive / len(known)
            continue
        test = trial.test[split.test]
        fitted = clone(pipeline).fit(trial.train[split.train], known)
        recipe, model = fitted.named_steps["features"].recipe_, fitted.named_steps["model"].model_
        for reference, probability in judged.items():
            values = recipe.featurise(**test.arrays(), reference=reference).features.values
            probability[where] = model.probability(values)
    return judged


def _note_withheld(config: RunConfig, agent: str, scored: Sequence[Signature]) -> str:
    genes = require_response(config).withheld()
    poorer = [one.id for one in scored if not set(one.genes).isdisjoint(genes)]
    partly = f"; scored on their other genes: {name_some(poorer)}" if poorer else ""
    return (
        f"{RECOVERY}: the label is the answer of the T1 rule of {agent}, computed from the expression of the same "
        f"patients; nobody was seen to benefit. Withheld from every feature: {', '.join(genes)}{partly}"
    )


def _note_sample_size(config: RunConfig, known: Response, n_scores: int) -> list[str]:
    candidates = n_scores + len(design_of(config).covariates)
    rarer = min(known.n_positive, known.n_negative)
    ratio = rarer / max(candidates, 1)
    if ratio >= 10:
        return []
    return [
        f"{rarer} patients of the rarer label for {candidates} candidate features ({ratio:.1f} each; 10 or more are "
        "usual): coefficients are unstable and intervals wide"
    ]
