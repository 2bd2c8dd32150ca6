"""REMARK and TRIPOD+AI, item by item: what the run tells, and what the author must."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING

import yaml

from itgstrat.cohort import Cohort
from itgstrat.config import RunConfig
from itgstrat.learned import ModelBundle
from itgstrat.reporting.methods import describe_strata, describe_validation
from itgstrat.reporting.parts import Table
from itgstrat.reporting.wording import NOTHING, count, join_words, say_interval, say_number, say_p, say_time

if TYPE_CHECKING:
    from itgstrat.evaluation.closer import CloserLook
    from itgstrat.evaluation.compare import Evaluation
    from itgstrat.evaluation.prognosis import Effect

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
        **_tell_data(config, bundle, cohorts),
        **_tell_result(config, evaluation),
        **_tell_closer(evaluation.closer),
        "left_out": f"{len(left_out)} signatures or covariates",
    }
    return tuple(_fill(name, facts) for name in NAMES)


def _fill(name: str, facts: Mapping[str, str]) -> Checklist:
    text = (files("itgstrat.reporting") / "checklists" / f"{name}.yaml").read_text(encoding="utf-8")
    content = yaml.safe_load(text)
    rows = tuple(
        (
            str(item["item"]),
            item["asks"],
            item["run"].format_map(facts) if "run" in item else NOTHING,
            item.get("author", NOTHING),
        )
        for item in content["items"]
    )
    columns = ("Item", "What to tell", "From the run", "From the author")
    return Checklist(content["title"], content["source"], Table(content["title"], columns, rows, words=(1, 2, 3)))


def _tell_data(config: RunConfig, bundle: ModelBundle, cohorts: Sequence[Cohort]) -> dict[str, str]:
    endpoints = [config.endpoint, *(item.endpoint for item in config.cohorts)]
    named = dict.fromkeys(f"{one.event} over {one.time} ({one.unit})" for one in endpoints if one)
    covariates = join_words(list(config.features.covariates)) or "none"
    n_training = len(config.cohorts)
    return {
        "panel": config.features.describe_panel(),
        "covariates": covariates,
        "endpoint": f"Endpoint: columns {join_words(list(named)) or 'as the cohorts define it'}",
        "horizons": f"horizons: {join_words([say_time(days) for days in config.strata.horizons_days])}",
        "cohorts": join_words([f"{cohort.name} ({count(len(cohort), 'patient')})" for cohort in cohorts]),
        "clusters": f"{count(n_training, 'training cohort')}, each with a baseline of its own; comparison by comparison"
        if n_training > 1
        else "One training cohort",
        "patients": f"{bundle.info.get('patients', 0):,}",
        "events": f"{bundle.info.get('events', 0):,}",
        "dropped": str(sum(len(cohort.dropped) for cohort in cohorts)),
        "missing": f"Imputed as training learned to (section Methods); clinical ({covariates}): Table 1 tells how many",
        "model": f"Model: {config.model.kind}",
        "output": "Risk, stratum and survival at the horizons",
        "version": str(bundle.info.get("versions", {}).get("itgstrat", "")),
        "seed": str(config.seed),
    }


def _tell_result(config: RunConfig, evaluation: "Evaluation") -> dict[str, str]:
    model = evaluation.internal.row("model")
    external = [item.cohort for item in evaluation.external]
    return {
        "finding": evaluation.finding,
        "strata": describe_strata(config),
        "validation": describe_validation(config, evaluation),
        "validation_kind": "internal and external evaluation" if external else "internal evaluation",
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
        told["added"] = f"Likelihood-ratio test of the risk on top of the clinical variables: {say_p(found.added_p)}"
    return told


def _say_effect(effect: "Effect") -> str:
    low, high = say_number(effect.low, 2), say_number(effect.high, 2)
    return f"hazard ratio {say_number(effect.ratio, 2)} ({low} to {high}), {say_p(effect.p_value)}"
