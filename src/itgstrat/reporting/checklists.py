"""REMARK and TRIPOD+AI, item by item: what the run tells, and what the author must."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING

import yaml

from itgstrat.cohort import Cohort
from itgstrat.config import RunConfig
from itgstrat.learned import ModelBundle
from itgstrat.reporting.methods import describe_strata, describe_validation
from itgstrat.reporting.parts import Table
from itgstrat.reporting.response_frame import (
    describe_label,
    describe_label_strata,
    describe_label_validation,
    section_of,
)
from itgstrat.reporting.wording import NOTHING, count, join_words, say_interval, say_number, say_p, say_time

if TYPE_CHECKING:
    from itgstrat.evaluation.closer import CloserLook
    from itgstrat.evaluation.compare import Evaluation
    from itgstrat.evaluation.prognosis import Effect
    from itgstrat.evaluation.response_table import ResponseEvaluation

#: Files beside this module, in the order of the report.
NAMES = ("remark", "tripod_ai")


@dataclass(frozen=True)
class Checklist:
    """A checklist as the report shows it.

    Parameters
    ----------
    title, source : str
        What it is, and where it comes from.
    table : Table
        One row an item.
    """

    title: str
    source: str
    table: Table


def fill_checklists(
    config: RunConfig,
    evaluation: "Evaluation",
    bundle: ModelBundle,
    cohorts: Sequence[Cohort],
    left_out: Mapping[str, str],
) -> tuple[Checklist, ...]:
    """Fill the checklists in, as far as a run can.

    Parameters
    ----------
    config : RunConfig
        The run.
    evaluation : Evaluation
        What was found.
    bundle : ModelBundle
        The model.
    cohorts : sequence of Cohort
        Training cohorts, then external ones.
    left_out : mapping of str to str
        Signatures and covariates that could not be used.

    Returns
    -------
    tuple of Checklist
        REMARK, then TRIPOD+AI.
    """
    facts = {
        **_tell_data(config, bundle, cohorts, left_out),
        **_tell_survival(config, bundle),
        **_tell_result(config, evaluation),
        **_tell_closer(evaluation.closer),
    }
    return tuple(_fill(name, facts) for name in NAMES)


def fill_label_checklists(
    config: RunConfig,
    evaluation: "ResponseEvaluation",
    bundle: ModelBundle,
    cohorts: Sequence[Cohort],
    left_out: Mapping[str, str],
) -> tuple[Checklist, ...]:
    """Fill the checklists in for a run that learns a label.

    Parameters
    ----------
    config : RunConfig
        The run.
    evaluation : ResponseEvaluation
        What was found.
    bundle : ModelBundle
        The model.
    cohorts : sequence of Cohort
        Training cohorts, then external ones.
    left_out : mapping of str to str
        Signatures and covariates that could not be used.

    Returns
    -------
    tuple of Checklist
        REMARK, where the label was observed and not made by a rule, then TRIPOD+AI.
    """
    facts = _tell_data(config, bundle, cohorts, left_out) | _tell_label(config, evaluation, bundle)
    # the answer of a rule is no clinical endpoint, which REMARK is about
    return tuple(_fill(name, facts, label=True) for name in NAMES[bool(section_of(config).surrogate) :])


def _fill(name: str, facts: Mapping[str, str], label: bool = False) -> Checklist:
    text = (files("itgstrat.reporting") / "checklists" / f"{name}.yaml").read_text(encoding="utf-8")
    content = yaml.safe_load(text)
    items = [item | (item.get("label", {}) if label else {}) for item in content["items"]]
    rows = tuple(
        (
            str(item["item"]),
            item["asks"],
            item["run"].format_map(facts) if item.get("run") else NOTHING,
            item.get("author", NOTHING),
        )
        for item in items
    )
    columns = ("Item", "What to tell", "From the run", "From the author")
    return Checklist(content["title"], content["source"], Table(content["title"], columns, rows, words=(1, 2, 3)))


def _tell_data(
    config: RunConfig, bundle: ModelBundle, cohorts: Sequence[Cohort], left_out: Mapping[str, str]
) -> dict[str, str]:
    covariates = join_words(list(config.features.covariates)) or "none"
    clinical = f"clinical ({covariates}): Table 1 tells how many"
    return {
        "panel": config.features.describe_panel(),
        "covariates": covariates,
        "left_out": f"{len(left_out)} signatures or covariates",
        "cohorts": join_words([f"{cohort.name} ({count(len(cohort), 'patient')})" for cohort in cohorts]),
        "patients": f"{bundle.info.get('patients', 0):,}",
        "dropped": str(sum(len(cohort.dropped) for cohort in cohorts)),
        "missing": "Imputed as training learned to (section Methods); "
        + (clinical if config.features.covariates else "there is no clinical variable"),
        "version": str(bundle.info.get("versions", {}).get("itgstrat", "")),
        "seed": str(config.seed),
    }


def _tell_survival(config: RunConfig, bundle: ModelBundle) -> dict[str, str]:
    endpoints = [config.endpoint, *(item.endpoint for item in config.cohorts)]
    named = dict.fromkeys(f"{one.event} over {one.time} ({one.unit})" for one in endpoints if one)
    n_training = len(config.cohorts)
    return {
        "endpoint": f"Endpoint: columns {join_words(list(named)) or 'as the cohorts define it'}",
        "horizons": f"horizons: {join_words([say_time(days) for days in config.strata.horizons_days])}",
        "clusters": f"{count(n_training, 'training cohort')}, each with a baseline of its own; comparison by comparison"
        if n_training > 1
        else "One training cohort",
        "events": count(int(bundle.info.get("events", 0)), "event"),
        "model": f"Model: {config.model.kind}",
        "output": "Risk, stratum and survival at the horizons",
        "driven": "risk",
    }


def _tell_label(config: RunConfig, evaluation: "ResponseEvaluation", bundle: ModelBundle) -> dict[str, str]:
    section, main = section_of(config), evaluation.internal
    n_training, model, clinical = len(config.cohorts), main.row("model"), main.difference("clinical")
    rarer = min(main.n_positive, main.n_patients - main.n_positive)
    added = "No clinical variable to compare with"
    if clinical:
        added = f"Area under the ROC curve, the model minus clinical only: {say_interval(clinical.auc, signed=True)}"
    return {
        "finding": evaluation.finding,
        "n_notes": str(len(evaluation.notes)),
        "endpoint": describe_label(section),
        "clusters": f"{count(n_training, 'training cohort')}; comparison by comparison: section Evaluation"
        if n_training > 1
        else "One training cohort",
        "events": f"{bundle.info.get('positive', 0):,} with the label",
        "model": f"Model: {section.kind}",
        "output": "Probability of the label, its log odds, stratum",
        "driven": "log odds",
        "weighting": "No resampling; "
        + ("both labels weigh the same while the model is fitted; " if section.class_weight else "no weighting; ")
        + f"probabilities are calibrated afterwards ({section.calibration})",
        "sample_size": f"{count(rarer, 'patient')} of the rarer label for {count(len(bundle.recipe.names), 'feature')} "
        "of the model; no size was planned by the run",
        "strata": describe_label_strata(config),
        "validation": describe_label_validation(config),
        "validation_kind": _name_validation(item.kind for item in evaluation.comparisons),
        "performance": "Out-of-fold area under the ROC curve "
        f"{say_interval(model.auc if model else None)}, Brier score {say_interval(model.brier if model else None)}",
        "added": added,
    }


def _name_validation(kinds: Iterable[str]) -> str:
    return "internal and external evaluation" if "external" in set(kinds) else "internal evaluation"


def _tell_result(config: RunConfig, evaluation: "Evaluation") -> dict[str, str]:
    model = evaluation.internal.row("model")
    return {
        "finding": evaluation.finding,
        "strata": describe_strata(config),
        "validation": describe_validation(config, evaluation),
        "validation_kind": _name_validation(item.kind for item in evaluation.comparisons),
        "performance": f"Out-of-fold concordance {say_interval(model.harrell if model else None)}",
        "n_notes": str(len(evaluation.notes)),
    }


def _tell_closer(closer: "CloserLook | None") -> dict[str, str]:
    size = closer.sample_size if closer else None
    found = closer.prognosis if closer else None
    told = {
        "sample_size": size.say() if size else "No sample size could be judged",
        "subgroups": str(len(closer.subgroups)) if closer else "0",
        "alone": "No hazard ratio could be had",
        "adjusted": "No clinical variable to adjust for",
        "added": "No clinical variable to compare with",
        "proportional": "Proportional hazards were not tested",
    }
    if found and found.alone:
        told["alone"] = f"Out-of-fold risk, per SD: {_say_effect(found.alone)}"
        told["proportional"] = f"Proportional hazards of the risk: {say_p(found.alone.proportional_p)}"
    if found and found.adjusted:
        told["adjusted"] = "; ".join(f"{one.name}: {_say_effect(one)}" for one in found.adjusted)
    if found and found.added_p is not None:
        told["added"] = (
            "The model of item 16 holds all of them. Likelihood-ratio test of the risk on top of the clinical "
            f"variables: {say_p(found.added_p)}"
        )
    return told


def _say_effect(effect: "Effect") -> str:
    low, high = say_number(effect.low, 2), say_number(effect.high, 2)
    return f"hazard ratio {say_number(effect.ratio, 2)} ({low} to {high}), {say_p(effect.p_value)}"
