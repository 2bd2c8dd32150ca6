"""One comparison of a classifier as the report shows it: measures, differences, warnings and figures."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from itgstrat.evaluation.calibration_curve import LEAST_FOR_CURVE
from itgstrat.reporting.calibration_figure import plot_calibration
from itgstrat.reporting.comparisons import ComparisonPart, draw_part, say_how
from itgstrat.reporting.interval_figures import plot_concordance
from itgstrat.reporting.parts import FigurePart, Table
from itgstrat.reporting.response_frame import name_response
from itgstrat.reporting.roc_figure import plot_roc
from itgstrat.reporting.svg import describe
from itgstrat.reporting.wording import count, say_interval

if TYPE_CHECKING:
    from itgstrat.evaluation.response_table import ResponseComparison, ResponseDifference, ResponseRow

#: What the figures show, by how training and test were kept apart.
_WHOSE = {
    "cross-validation": "Out of fold",
    "leave-one-cohort-out": "Out of fold (cohorts left out)",
    "external": "By the frozen model",
}
#: A difference in Brier score that is written as 0.000, such as that of a flat model from the prevalence.
_NO_DIFFERENCE = 0.0005


def describe_responses(items: "Sequence[ResponseComparison]") -> list[ComparisonPart]:
    """Turn the comparisons of a run into tables and figures; variants of an evaluation are folded away.

    Parameters
    ----------
    items : sequence of ResponseComparison
        The comparisons.

    Returns
    -------
    list of ComparisonPart
        Open are the cross-validation, all left-out cohorts together, and the first reference of each external cohort.
    """
    parts, seen = [], set()
    for number, item in enumerate(items, start=1):
        part = describe_response(f"c{number}", item)
        name = item.cohort if item.kind == "external" else ""
        parts.append(replace(part, summary=_summarise(item)) if (item.kind, name) in seen else part)
        seen.add((item.kind, name))
    return parts


def _summarise(item: "ResponseComparison") -> str:
    """Say the main numbers of a comparison in one line."""
    model, blind = item.row("model"), item.difference("prevalence")
    return (
        f"AUC {say_interval(model.auc if model else None)}; Brier score against prevalence "
        f"{say_interval(blind.brier if blind else None, signed=True)}: tables and figures"
    )


def describe_response(key: str, item: "ResponseComparison") -> ComparisonPart:
    """Turn a comparison into tables and figures.

    Parameters
    ----------
    key : str
        Anchor, unique in the page.
    item : ResponseComparison
        The comparison.

    Returns
    -------
    ComparisonPart
        What the report shows.
    """
    labels = {row.model: row.label for row in item.rows}
    heads = ("", "AUC", "Average precision", "Brier score", "Log loss")
    rows = tuple(_difference_row(one, labels) for one in item.differences)
    differences = Table("Paired differences on the same patients and folds", heads, rows)
    return ComparisonPart(
        key=key,
        title=name_response(item),
        intro=f"{count(item.n_patients, 'patient')}, {item.n_positive:,} with the label. {say_how(item)}",
        tables=(*_tabulate_measures(item), differences),
        warnings=tuple(_warn_of(item)),
        figures=tuple(_draw_order(key, item)),
        calibration=(_draw_calibration(key, item),) if item.calibration else (),
        uncalibrated=_say_uncalibrated(item),
    )


def _tabulate_measures(item: "ResponseComparison") -> Iterator[Table]:
    heads = ("", "AUC", "Average precision", "Brier score", "Log loss")
    rows = tuple(
        (row.label, *map(say_interval, (row.auc, row.average_precision, row.brier, row.log_loss))) for row in item.rows
    )
    yield Table(f"{name_response(item)}: measures with 95% intervals", heads, rows, strong=_find_model(item.rows))
    # one probability for everybody is right on the whole by construction, which says nothing of the model
    told = [row for row in item.rows if np.isfinite(row.slope.estimate)]
    if told:
        named = ("", "Calibration intercept (0: right)", "Calibration slope (1: right)")
        cells = tuple((row.label, say_interval(row.intercept), say_interval(row.slope)) for row in told)
        caption = "Calibration of the models that tell patients apart, with 95% intervals"
        yield Table(caption, named, cells, strong=_find_model(told))


def _find_model(rows: "Sequence[ResponseRow]") -> tuple[int, ...]:
    return tuple(number for number, row in enumerate(rows) if row.model == "model")


def _difference_row(one: "ResponseDifference", labels: Mapping[str, str]) -> tuple[str, ...]:
    cells = (say_interval(value, signed=True) for value in (one.auc, one.average_precision, one.brier, one.log_loss))
    return (f"{labels[one.model]} minus {labels[one.against]}", *cells)


def _warn_of(item: "ResponseComparison") -> Iterator[str]:
    blind, model = item.difference("prevalence"), item.row("model")
    if blind is not None and blind.brier.low > 0 and blind.brier.estimate >= _NO_DIFFERENCE:
        yield (
            "Predicted probabilities are worse here than the prevalence of training, which looks at no patient (Brier "
            f"score {say_interval(blind.brier, signed=True)}): do not read them; the order of patients is another "
            "matter."
        )
    if model is not None and model.slope.high < 1:
        yield (
            f"Predicted probabilities are too far apart here (calibration slope {say_interval(model.slope)}; 1 is "
            "right): high ones are told too high and low ones too low."
        )


def _say_uncalibrated(item: "ResponseComparison") -> str:
    rarer = min(item.n_positive, item.n_patients - item.n_positive)
    if rarer < LEAST_FOR_CURVE:
        return f"No calibration figure: {count(rarer, 'patient')} of the rarer label, {LEAST_FOR_CURVE} are needed."
    return "No calibration figure: the model does not tell patients of a fold apart."


def _draw_order(key: str, item: "ResponseComparison") -> Iterator[FigurePart]:
    ax = plot_concordance(item)
    caption = "Area under the ROC curve with 95% intervals. Dashed: chance."
    if item.random:
        caption += " Dots: each draw of random genes; band: 95% of them; bar: their median."
    yield draw_part(ax, f"{key}-auc", describe(ax), caption)
    if item.roc:
        ax = plot_roc(item)
        mean = ", the mean over cohorts and folds, each weighing as many pairs of patients as it has, so that the area "
        mean += "under a curve is the AUC that is told"
        caption = f"{_WHOSE[item.kind]}: ROC curves{mean * (item.kind != 'external')}. Dashed: chance."
        yield draw_part(ax, f"{key}-roc", describe(ax), caption)


def _draw_calibration(key: str, item: "ResponseComparison") -> FigurePart:
    model, sizes = item.row("model"), [int(row["patients"]) for row in item.calibration]
    size = f"{min(sizes)}" if min(sizes) == max(sizes) else f"{min(sizes)} to {max(sizes)}"
    caption = f"{_WHOSE[item.kind]}: calibration of the model"
    if model is not None:
        caption += (
            f"; intercept {say_interval(model.intercept)}, slope {say_interval(model.slope)}, Brier score "
            f"{say_interval(model.brier)}"
        )
    caption += (
        f". {count(len(sizes), 'group')} of {size} patients by predicted probability, 95% limits of Wilson. On the "
        "dashed line prediction and observation agree."
    )
    if item.curve is not None:
        caption += " Orange: smooth curve with its 95% band, from the 1st to the 99th percentile of predictions."
    ax = plot_calibration(item)
    return draw_part(ax, f"{key}-calibration", describe(ax), caption)
