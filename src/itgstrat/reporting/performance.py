"""How good a model is, beside what it says of new patients: from the few numbers of its evaluation that it carries."""

import math
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

from itgstrat.reporting.parts import Table
from itgstrat.reporting.wording import NOTHING, name_comparison, say_number


def tabulate_performance(info: Mapping[str, Any], reference: str) -> Table | None:
    """Lay out discrimination, calibration and Brier score of a model wherever it judged patients it had not seen.

    Parameters
    ----------
    info : mapping
        Info of a bundle; ``evaluation`` as `itgstrat.evaluation.summary.summarise_comparisons` gives it.
    reference : str
        Reference of the prediction: left-out and external cohorts are told by the same, ``pooled`` for ``batch``.

    Returns
    -------
    Table or None
        One row a comparison, the cross-validation first; None where the model carries no such numbers.

    Examples
    --------
    >>> slope = {"estimate": 0.8, "low": 0.6, "high": 1.0}
    >>> own = dict.fromkeys(["concordance", "brier", "kaplan_meier_brier"]) | {"slope": slope}
    >>> own |= {"kind": "cross-validation", "cohort": "training", "reference": "batch", "patients": 80, "events": 30}
    >>> tabulate_performance({"evaluation": [own]}, "pooled").rows
    (('Cross-validation', '80 (30)', '–', '0.800 (0.600 to 1.000)', '–', '–'),)
    """
    shown = _choose(info, reference)
    if not shown:
        return None
    columns = (
        "Judged on",
        "Patients (events)",
        "Harrell's concordance",
        "Calibration slope (1: right)",
        "Integrated Brier score",
        "That of Kaplan-Meier",
    )
    rows = tuple(_row(one) for one in shown)
    caption = (
        "The model in patients that were kept from it, with 95% intervals. Calibration slope: below 1, risks are told "
        "too far apart. Brier score: lower is better; where it is not below that of Kaplan-Meier, which looks at no "
        "patient, do not read the probabilities"
    )
    if recalibration := info.get("recalibration"):
        caption += f". All before its survival was recalibrated on {recalibration['cohort']}; see the model card"
    return Table(caption, columns, rows)


def say_performance(info: Mapping[str, Any], reference: str) -> str:
    """Say calibration and Brier score in cross-validation and in external cohorts.

    Parameters
    ----------
    info : mapping
        Info of a bundle.
    reference : str
        Reference of the prediction.

    Returns
    -------
    str
        A sentence each; empty where the model carries no such numbers.
    """
    rows = [_row(one) for one in _choose(info, reference) if one["kind"] != "leave-one-cohort-out"]
    said = ". ".join(f"{row[0]}: slope {row[3]}, Brier score {row[4]}, that of Kaplan-Meier {row[5]}" for row in rows)
    return said and f"Calibration (slope 1 is right) and integrated Brier score (lower is better). {said}."


def _choose(info: Mapping[str, Any], reference: str) -> list[Mapping[str, Any]]:
    """Take the cross-validation, and what was judged by the reference of the prediction."""
    same = "cohort" if reference == "cohort" else "pooled"
    found: list[Mapping[str, Any]] = info.get("evaluation", [])
    return [one for one in found if one["kind"] == "cross-validation" or one["reference"] == same]


def _row(one: Mapping[str, Any]) -> tuple[str, ...]:
    named: Any = SimpleNamespace(**one)
    measures = (one[name] for name in ("concordance", "slope", "brier", "kaplan_meier_brier"))
    return (name_comparison(named), f"{one['patients']:,} ({one['events']:,})", *map(_say, measures))


def _say(value: Mapping[str, float | None] | None) -> str:
    if value is None or value["estimate"] is None:
        return NOTHING
    numbers = (math.nan if (found := value[name]) is None else found for name in ("estimate", "low", "high"))
    return "{} ({} to {})".format(*map(say_number, numbers))
