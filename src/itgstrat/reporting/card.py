"""The model card: what a model is, what it is for, how good it is and what it must not be used for."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from itgstrat.config import RunConfig
from itgstrat.reporting.markdown import bullets, cohort_table, markdown_table, plain_text
from itgstrat.reporting.methods import CAVEATS, ETHICS, INTENDED_USE, OUT_OF_SCOPE, STATEMENT
from itgstrat.reporting.model_text import is_linear, name_model
from itgstrat.reporting.wording import (
    NOTHING,
    count,
    join_words,
    name_comparison,
    say_interval,
    say_p,
    say_time,
)

if TYPE_CHECKING:
    from itgstrat.evaluation.compare import Comparison, Evaluation


def model_card(config: RunConfig, evaluation: "Evaluation", info: Mapping[str, Any]) -> str:
    """Write the model card that travels in the bundle; aggregated numbers only, no patient row.

    Parameters
    ----------
    config : RunConfig
        The run.
    evaluation : Evaluation
        How good the model is, beside its baselines.
    info : mapping
        What the bundle knows of its training: cohorts, patients, events, unit, seed, versions.

    Returns
    -------
    str
        Markdown; the same run gives the same bytes.
    """
    sections = [
        ("Finding", _finding(evaluation)),
        ("What it is", _what(config)),
        ("Intended use", bullets(INTENDED_USE)),
        ("Out of scope", bullets(OUT_OF_SCOPE)),
        ("Training data", _training_data(info)),
        ("Features", _features(config)),
        ("Evaluation", "\n\n".join(_evaluation(item) for item in evaluation.comparisons)),
        ("Caveats", bullets(CAVEATS)),
        ("Ethics", bullets(ETHICS)),
        ("Made with", _made_with(info)),
    ]
    body = "\n\n".join(f"## {heading}\n\n{text}" for heading, text in sections)
    return f"# Model card: {plain_text(config.name)}\n\n**{STATEMENT}**\n\n{body}\n"


def _finding(evaluation: "Evaluation") -> str:
    notes = bullets([plain_text(note) for note in evaluation.notes])
    return plain_text(evaluation.finding) + (f"\n\n{notes}" if notes else "")


def _what(config: RunConfig) -> str:
    horizons = join_words([say_time(days) for days in config.strata.horizons_days])
    name = name_model(config.model)
    explained = (
        "It is a linear predictor: every patient's risk is the sum of its contributions, which are told with it."
        if is_linear(config.model)
        else "Every patient's risk is a base and the sum of the features' contributions (Shapley values), told with it."
    )
    return (
        f"{name[0].upper()}{name[1:]} that turns tumour expression"
        f"{' and clinical variables' if config.features.covariates else ''} into a risk, a stratum "
        f"({', '.join(map(plain_text, config.strata.labels))}) and survival at {horizons}. {explained}"
    )


def _training_data(info: Mapping[str, Any]) -> str:
    total = f"{count(int(info['patients']), 'patient')}, {count(int(info['events']), 'event')}; unit: {info['unit']}."
    return f"{total}\n\n{cohort_table(info)}"


def _features(config: RunConfig) -> str:
    covariates = join_words(list(map(plain_text, config.features.covariates))) or "none"
    return bullets(
        [
            f"Signatures: {join_words(list(map(plain_text, config.features.signatures)))}",
            f"Score: {config.features.score}; withheld below {config.features.min_coverage:.0%} of a signature's genes",
            f"Covariates: {covariates}",
        ]
    )


def _evaluation(item: "Comparison") -> str:
    rows = [(row.label, *map(say_interval, (row.harrell, row.uno, row.brier, row.slope))) for row in item.rows]
    if item.random:
        drawn = item.random
        found = f"{drawn.median:.3f} ({drawn.low:.3f} to {drawn.high:.3f}), {say_p(drawn.p_value)}"
        rows.append((f"random genes, {len(drawn.concordance)} draws", found, *[NOTHING] * 3))
    head = ("", "Harrell's concordance", "Uno's concordance", "Integrated Brier score", "Calibration slope (1: right)")
    who = f"{count(item.n_patients, 'patient')}, {count(item.n_events, 'event')}"
    clinical = item.difference("clinical")
    added = say_interval(clinical.harrell, signed=True) if clinical else ""
    increment = f"\n\nThe model minus clinical only: {added} in Harrell's concordance." if clinical else ""
    return (
        f"### {plain_text(name_comparison(item))}\n\n{who}; 95% intervals.\n\n{markdown_table(head, rows)}{increment}"
    )


def _made_with(info: Mapping[str, Any]) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in dict(info.get("versions", {})).items())
    return f"{versions}; seed {info.get('seed', NOTHING)}."
