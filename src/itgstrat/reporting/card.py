"""The model card: what a model is, what it is for, how good it is and what it must not be used for."""

import html
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from itgstrat.config import RunConfig
from itgstrat.reporting.methods import CAVEATS, ETHICS, INTENDED_USE, OUT_OF_SCOPE, STATEMENT
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
        ("Intended use", _bullets(INTENDED_USE)),
        ("Out of scope", _bullets(OUT_OF_SCOPE)),
        ("Training data", _training_data(info)),
        ("Features", _features(config)),
        ("Evaluation", "\n\n".join(_evaluation(item) for item in evaluation.comparisons)),
        ("Caveats", _bullets(CAVEATS)),
        ("Ethics", _bullets(ETHICS)),
        ("Made with", _made_with(info)),
    ]
    body = "\n\n".join(f"## {heading}\n\n{text}" for heading, text in sections)
    return f"# Model card: {_plain(config.name)}\n\n**{STATEMENT}**\n\n{body}\n"


def _finding(evaluation: "Evaluation") -> str:
    notes = _bullets([_plain(note) for note in evaluation.notes])
    return _plain(evaluation.finding) + (f"\n\n{notes}" if notes else "")


def _what(config: RunConfig) -> str:
    horizons = join_words([say_time(days) for days in config.strata.horizons_days])
    return (
        f"A Cox model (elastic net, L1 ratio {config.model.l1_ratio:g}) that turns tumour expression"
        f"{' and clinical variables' if config.features.covariates else ''} into a risk, a stratum "
        f"({', '.join(map(_plain, config.strata.labels))}) and survival at {horizons}. It is a linear predictor: "
        "every patient's risk is the sum of its contributions, which are told with it."
    )


def _training_data(info: Mapping[str, Any]) -> str:
    rows = [(name, f"{patients:,}") for name, patients in dict(info.get("cohorts", {})).items()]
    total = f"{count(int(info['patients']), 'patient')}, {count(int(info['events']), 'event')}; unit: {info['unit']}."
    return f"{total}\n\n{_table(('Cohort', 'Patients'), rows)}"


def _features(config: RunConfig) -> str:
    covariates = join_words(list(map(_plain, config.features.covariates))) or "none"
    return _bullets(
        [
            f"Signatures: {join_words(list(map(_plain, config.features.signatures)))}",
            f"Score: {config.features.score}; withheld below {config.features.min_coverage:.0%} of a signature's genes",
            f"Covariates: {covariates}",
        ]
    )


def _evaluation(item: "Comparison") -> str:
    rows = [(row.label, say_interval(row.harrell), say_interval(row.uno), say_interval(row.brier)) for row in item.rows]
    if item.random:
        drawn = item.random
        found = f"{drawn.median:.3f} ({drawn.low:.3f} to {drawn.high:.3f}), {say_p(drawn.p_value)}"
        rows.append((f"random genes, {len(drawn.concordance)} draws", found, NOTHING, NOTHING))
    head = ("", "Harrell's concordance", "Uno's concordance", "Integrated Brier score")
    who = f"{count(item.n_patients, 'patient')}, {count(item.n_events, 'event')}"
    clinical = item.difference("clinical")
    added = say_interval(clinical.harrell, signed=True) if clinical else ""
    increment = f"\n\nThe model minus clinical only: {added} in Harrell's concordance." if clinical else ""
    return f"### {_plain(name_comparison(item))}\n\n{who}; 95% intervals.\n\n{_table(head, rows)}{increment}"


def _made_with(info: Mapping[str, Any]) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in dict(info.get("versions", {})).items())
    return f"{versions}; seed {info.get('seed', NOTHING)}."


def _bullets(lines: Sequence[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [tuple(head), ("---",) * len(head), *rows]
    return "\n".join(f"| {' | '.join(_plain(cell) for cell in line)} |" for line in lines)


def _plain(text: object) -> str:
    """Show markup in a name as text: neither HTML nor a table's bar works in it."""
    return html.escape(" ".join(str(text).split()), quote=False).replace("|", "\\|")
