"""train(config): the main job, from cohorts to a judged model in a folder."""

import json
import platform
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd
from sklearn.pipeline import Pipeline

from itgstrat import __version__
from itgstrat.cohort import Cohort, Unit, concat_cohorts
from itgstrat.config import CohortConfig, RunConfig
from itgstrat.display import list_html, remarks_html
from itgstrat.errors import CohortError, name_some
from itgstrat.evaluation import Evaluation, evaluate
from itgstrat.evaluation.drivers import Drivers, learn_drivers
from itgstrat.evaluation.fold import keep_needed
from itgstrat.evaluation.response import evaluate_response
from itgstrat.evaluation.response_table import ResponseEvaluation
from itgstrat.evaluation.stratum_survival import summarise_strata
from itgstrat.evaluation.summary import summarise_comparisons
from itgstrat.evaluation.workers import open_workers
from itgstrat.fitting import build_pipeline
from itgstrat.fitting.agents import learn_agents
from itgstrat.fitting.cutpoints import learn_strata
from itgstrat.fitting.panel import rank_cohort
from itgstrat.fitting.response.pipeline import build_response_pipeline, labelling_of, require_withheld
from itgstrat.fitting.uncertainty import learn_uncertainty
from itgstrat.learned import ModelBundle, Strata
from itgstrat.learned.response import LogisticModel
from itgstrat.outcome import Outcome
from itgstrat.output import hash_files, write_folder
from itgstrat.prediction import take_alterations
from itgstrat.readers import ColumnRule, read_cohort
from itgstrat.readers.wanted import read_wanted
from itgstrat.reporting import model_card, response_card, response_report, training_report
from itgstrat.response import Response, keep_labelled, read_response
from itgstrat.surrogate import explain_withheld, make_surrogate

Progress = Callable[[str, int, int], None]

#: Packages whose versions a model and a report name.
PACKAGES = ("numpy", "scipy", "pandas", "scikit-learn", "scikit-survival")


@dataclass(frozen=True, eq=False)
class TrainedRun:
    """What a training run made.

    Parameters
    ----------
    config : RunConfig
        The run.
    bundle : ModelBundle
        The model, fitted on all training patients.
    evaluation : Evaluation or ResponseEvaluation
        How good it is, beside its baselines.
    cohorts : tuple of Cohort
        Training cohorts, then external ones; for a surrogate label the training patients joined.
    left_out : dict of str to str
        Signatures and covariates that could not be used -> why.
    drivers : Drivers
        What drives the model.
    """

    config: RunConfig
    bundle: ModelBundle
    evaluation: Evaluation | ResponseEvaluation
    cohorts: tuple[Cohort, ...]
    left_out: dict[str, str]
    drivers: Drivers

    def __repr__(self) -> str:
        """Name the run and say its finding."""
        return f"TrainedRun({self.config.name}: {self.evaluation.finding})"

    def _repr_html_(self) -> str:
        """Show the run and its evaluation in a notebook."""
        read = ", ".join(f"{one.name} ({len(one)} patients)" for one in self.cohorts)
        rows = {
            "cohorts": read,
            "features": str(len(self.bundle.recipe.names)),
            "patients": str(self.bundle.info["patients"]),
        }
        left_out = remarks_html([f"left out: {name}: {why}" for name, why in self.left_out.items()])
        return list_html(f"Run {self.config.name}", rows) + left_out + self.evaluation._repr_html_()

    def save(self, folder: str | Path, force: bool = False) -> Path:
        """Write model, evaluation, predictions and report; all or nothing.

        Parameters
        ----------
        folder : str or Path
            Output folder.
        force : bool
            Replace the folder if it exists.

        Returns
        -------
        Path
            The folder, with ``model/``, ``evaluation.json``, ``predictions.tsv``, ``drivers.tsv``, ``report.html``.

        Raises
        ------
        OutputError
            If the folder exists and `force` is False, or cannot be written.
        """
        return write_folder(folder, self._write_into, force)

    def _write_into(self, folder: Path) -> None:
        self.bundle.save(folder / "model")
        text = json.dumps(self.evaluation.as_dict(), indent=1, allow_nan=False)
        (folder / "evaluation.json").write_text(text + "\n", encoding="utf-8")
        self.evaluation.internal.patients.to_csv(folder / "predictions.tsv", sep="\t", index=False)
        self.drivers.tabulate().to_csv(folder / "drivers.tsv", sep="\t", index=False)
        manifest = json.loads((folder / "model" / "manifest.json").read_text(encoding="utf-8"))
        read = (*self.config.cohorts, *self.config.validation.external)
        hashes = {"the model (manifest.json)": manifest["sha256"]}
        hashes |= hash_files(path for item in read for path in item.files)
        rest = (self.bundle, self.cohorts, self.drivers, self.left_out, hashes)
        if isinstance(self.evaluation, ResponseEvaluation):
            report = response_report(self.config, self.evaluation, *rest)
        else:
            report = training_report(self.config, self.evaluation, *rest)
        (folder / "report.html").write_text(report, encoding="utf-8")


def train(config: RunConfig, progress: Progress | None = None, cache: str | Path | None = None) -> TrainedRun:
    """Train and judge a model as a configuration says.

    Parameters
    ----------
    config : RunConfig
        The run.
    progress : callable, optional
        Told ``(step, done, total)`` as the work goes on.
    cache : str or Path, optional
        Folder that keeps finished work, as `evaluate` takes it.

    Returns
    -------
    TrainedRun
        Model, evaluation and cohorts; `TrainedRun.save` writes them.

    Raises
    ------
    InputError
        If a file cannot be read as what it should be.
    CohortError, OutcomeError, ModelError
        If the data cannot carry the run.
    OutputError
        If the cache cannot be written to.
    """
    pipeline = build_response_pipeline(config) if config.response else build_pipeline(config)
    training, external = read_cohorts(config, progress)
    if config.response and config.response.surrogate:
        return _train_surrogate(config, concat_cohorts(training), external, progress)
    joined = concat_cohorts(training)
    unit = joined.unit
    # once, for the evaluation, the model and the rules of the agents; a joined table is needed for nothing else
    joined = rank_cohort(joined, config.features.score, in_place=len(training) > 1)
    evaluation: Evaluation | ResponseEvaluation
    known: Outcome | Response
    if config.response:
        evaluation = evaluate_response(config, joined, external, progress)
        known = read_response(joined, labelling_of(config))
    else:
        evaluation = evaluate(config, joined, external, progress, cache)
        known = joined.require_outcome()
    pipeline.fit(joined, known)
    bundle = bundle_of(config, pipeline, joined, evaluation, unit)
    panel = pipeline.named_steps["features"]
    joined = keep_needed(joined, panel)
    if not config.response:
        bundle = _add_uncertainty(config, pipeline, joined, bundle, progress)
    drivers = _find_drivers(config, pipeline, joined, known, progress)
    return TrainedRun(config, bundle, evaluation, (*training, *external), panel.left_out_, drivers)


def _find_drivers(
    config: RunConfig, pipeline: Pipeline, joined: Cohort, known: Outcome | Response, progress: Progress | None
) -> Drivers:
    """Explain the model on its training patients and in folds of them."""
    if progress:
        progress("drivers", 0, 1)
    with open_workers(config.compute, [joined]) as workers:
        drivers = learn_drivers(config, pipeline, joined, known, workers)
    if progress:
        progress("drivers", 1, 1)
    return drivers


def _add_uncertainty(
    config: RunConfig, pipeline: Pipeline, joined: Cohort, bundle: ModelBundle, progress: Progress | None
) -> ModelBundle:
    """Give a survival model the lower bound of survival and the spread of its risk."""
    if progress:
        progress("uncertainty", 0, 1)
    with open_workers(config.compute, [joined]) as workers:
        made = learn_uncertainty(config, pipeline, joined, workers)
    if progress:
        progress("uncertainty", 1, 1)
    info = {**bundle.info, "untold": made.untold}
    return replace(bundle, info=info, lower_bound=made.lower_bound, spread=made.spread)


def _train_surrogate(
    config: RunConfig, joined: Cohort, external: Sequence[Cohort], progress: Progress | None
) -> TrainedRun:
    """Label patients by the rule of an agent, withhold its genes, and go on as with any other label."""
    made = make_surrogate(config, joined, external)
    own = made.config
    evaluation = evaluate_response(own, made.training, made.external, progress, made.whole)
    known = read_response(made.training, labelling_of(own))
    pipeline = build_response_pipeline(own).fit(made.training, known)
    panel = pipeline.named_steps["features"]
    require_withheld(own, [*panel.recipe_.genes, *panel.recipe_.covariate])
    bundle = bundle_of(own, pipeline, made.training, evaluation, joined.unit, joined)
    drivers = _find_drivers(own, pipeline, keep_needed(made.training, panel), known, progress)
    left_out = explain_withheld(config, panel.left_out_, made.training.genes)
    return TrainedRun(config, bundle, evaluation, (made.training, *made.external), left_out, drivers)


def read_cohorts(config: RunConfig, progress: Progress | None = None) -> tuple[list[Cohort], list[Cohort]]:
    """Read the training and the external cohorts of a run.

    Parameters
    ----------
    config : RunConfig
        The run.
    progress : callable, optional
        Told ``(step, done, total)``.

    Returns
    -------
    tuple of list of Cohort
        Training cohorts and external cohorts.

    Raises
    ------
    InputError
        If a file cannot be read as what it should be.
    CohortError
        If an alteration was not assessed, and `features.not_assessed` does not say what to do then.
    """
    cohorts = []
    wanted = (*config.cohorts, *config.validation.external)
    for done, item in enumerate(wanted, start=1):
        cohorts.append(_read(config, item))
        if progress:
            progress("reading cohorts", done, len(wanted))
    features, first = config.features, len(config.cohorts)
    _require_alterations(features.alterations, cohorts[:first])
    cohorts = [take_alterations(cohort, features.alterations, features.not_assessed) for cohort in cohorts]
    if config.response and config.response.column:
        cohorts = [keep_labelled(cohort, labelling_of(config)) for cohort in cohorts]
    return cohorts[:first], cohorts[first:]


def _require_alterations(names: Sequence[str], training: Sequence[Cohort]) -> None:
    loaded = [column for cohort in training if cohort.alterations is not None for column in cohort.alterations]
    if unknown := [name for name in names if name not in loaded]:
        raise CohortError(
            f"alterations in no training cohort: {name_some(unknown)}; loaded: "
            f"{name_some(dict.fromkeys(loaded), 12) or 'none'}. Name their files in each cohort's `alterations`"
        )


def _read(config: RunConfig, item: CohortConfig) -> Cohort:
    rules = {
        name: ColumnRule(rule) if isinstance(rule, str) else ColumnRule(rule.column, rule.values)
        for name, rule in item.columns.items()
    }
    endpoint = None if config.response else item.endpoint or config.endpoint
    if config.response and config.response.column:  # the label stands among the clinical variables
        rules.setdefault(config.response.column, ColumnRule(config.response.column))
    cohort = read_cohort(
        item.source,
        name=item.name,
        clinical=item.clinical,
        endpoint=endpoint.to_endpoint() if endpoint else None,
        columns=rules,
        id_column=item.id_column,
        unit=item.unit,
        orientation=item.orientation,
        duplicates=item.duplicates,
        samples=item.samples,
        alterations=read_wanted(item.alterations, config.features.alterations) if item.alterations else None,
        layout=item.layout,
        **item.layout_options,
    )
    return _prefix_patients(cohort, item.prefix) if item.prefix else cohort


def _prefix_patients(cohort: Cohort, prefix: str) -> Cohort:
    def rename(table: pd.DataFrame) -> pd.DataFrame:
        return table.rename(index=lambda patient: f"{prefix}{patient}", copy=False)

    altered = None if cohort.alterations is None else rename(cohort.alterations)
    return replace(cohort, expression=rename(cohort.expression), clinical=rename(cohort.clinical), alterations=altered)


def bundle_of(
    config: RunConfig,
    pipeline: Pipeline,
    training: Cohort,
    evaluation: Evaluation | ResponseEvaluation,
    unit: Unit,
    everyone: Cohort | None = None,
) -> ModelBundle:
    """Take the records out of a fitted pipeline.

    Parameters
    ----------
    config : RunConfig
        The run.
    pipeline : Pipeline
        Fitted on `training`.
    training : Cohort
        Training patients; their expression, or ranks.
    evaluation : Evaluation or ResponseEvaluation
        For the model card.
    unit : {"log2", "log-ratio", "z-score", "rank", "mixed"}
        Of their expression.
    everyone : Cohort, optional
        Training patients with all their genes, for the rules of the agents, where `training` is without some.

    Returns
    -------
    ModelBundle
        The model; it holds no patient.
    """
    panel, model = pipeline.named_steps["features"], pipeline.named_steps["model"].model_
    values = panel.features(training).values
    info: dict[str, Any] = {
        "name": config.name,
        "cohorts": {str(name): int((training.batch == name).sum()) for name in sorted(set(training.batch))},
        "patients": len(training),
        "unit": unit,
        "covariates": list(config.features.covariates),
        "alterations": list(config.features.alterations),
        "not_assessed": config.features.not_assessed,
        "finding": evaluation.finding,
        "seed": config.seed,
        "config": _portable(config),
        "versions": versions(),
    }
    if isinstance(evaluation, ResponseEvaluation):
        ranked = model.log_odds(values)
        info |= {"label": model.label, "positive": evaluation.internal.n_positive, "horizons_days": []}
        if config.response and (agent := config.response.agent()):
            info["surrogate"] = {"agent": agent.id, "withheld": list(config.response.withheld())}
        card = response_card(config, evaluation, info)
        strata = Strata.learn(ranked, config.strata.quantiles, config.strata.labels)
    else:
        ranked = model.risk(values)
        info |= {"events": training.require_outcome().n_events, "horizons_days": list(config.strata.horizons_days)}
        info["strata_survival"] = summarise_strata(evaluation.internal.patients, config.strata.labels)
        info["evaluation"] = summarise_comparisons(evaluation.comparisons)
        card = model_card(config, evaluation, info)
        strata = learn_strata(config.strata, ranked, training.require_outcome())
    # folded, the contributions of the features add up to the log odds
    record = model.fold() if isinstance(model, LogisticModel) else model
    agents = learn_agents(config, everyone or training)
    return ModelBundle(panel.recipe_, record, strata, panel.familiarity_, info, card, agents)


def _portable(config: RunConfig) -> dict[str, Any]:
    """Give the configuration without the folders of the machine it ran on."""
    content = config.model_dump(mode="json", by_alias=True)
    for cohort in (*content["cohorts"], *content["validation"]["external"]):
        for key in ("source", "clinical", "probe_map"):
            cohort[key] = Path(cohort[key]).name if cohort[key] else None
        cohort["alterations"] = [Path(path).name for path in cohort["alterations"]]
    content["features"]["catalogue"] = [Path(path).name for path in content["features"]["catalogue"]]
    given = content["evaluation"]["splits"]["file"]
    content["evaluation"]["splits"]["file"] = Path(given).name if given else None
    for place in ("cache", "scheduler"):
        content["compute"].pop(place)
    content.pop("out")
    return content


def versions() -> dict[str, str]:
    """Name the versions that made a result.

    Returns
    -------
    dict of str to str
        itgstrat, Python and the packages that compute.
    """
    found = {"itgstrat": __version__, "python": platform.python_version()}
    return found | {package: version(package) for package in PACKAGES}
