"""One comparison as the report shows it: measures, differences, warnings and figures."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from markupsafe import Markup
from matplotlib.axes import Axes

from itgstrat.outcome import make_outcome
from itgstrat.reporting.calibration_figure import plot_calibration, plot_decision_curve
from itgstrat.reporting.interval_figures import plot_concordance, plot_time_dependent_auc
from itgstrat.reporting.parts import FigurePart, Table
from itgstrat.reporting.survival_figure import plot_kaplan_meier
from itgstrat.reporting.svg import describe, figure_svg
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
    from itgstrat.evaluation.compare import Comparison
    from itgstrat.evaluation.response_table import ResponseComparison


#: Share of patients in one stratum from which the report says that the cut-points do not fit.
MOST_IN_ONE_STRATUM = 0.8


@dataclass(frozen=True)
class ComparisonPart:
    """One comparison as the report shows it.

    Parameters
    ----------
    key : str
        Anchor in the page.
    title, intro : str
        Heading, and who was judged by what.
    tables : tuple of Table
        Measures, then paired differences.
    warnings : tuple of str
        What a reader could miss in the numbers.
    figures : tuple of FigurePart
        Concordance, Kaplan-Meier and, where there is one, time-dependent AUC.
    calibration : tuple of FigurePart
        Calibration and net benefit at each horizon.
    summary : str
        Its main numbers in one line, under which tables and figures are folded away; empty where they are not.
    uncalibrated : str
        Why there is no calibration, where there is none.
    """

    key: str
    title: str
    intro: str
    tables: tuple[Table, ...]
    warnings: tuple[str, ...]
    figures: tuple[FigurePart, ...]
    calibration: tuple[FigurePart, ...]
    summary: str = ""
    uncalibrated: str = "No calibration: training was not followed to a horizon."


def warn_of(item: "Comparison") -> tuple[str, ...]:
    """Say in words what a reader could miss in the numbers of a comparison.

    Parameters
    ----------
    item : Comparison
        The comparison.

    Returns
    -------
    tuple of str
        Survival predicted worse than by Kaplan-Meier; risks told too far apart; nearly everybody in one stratum.
    """
    found = []
    blind = item.difference("kaplan_meier")
    if blind is not None and blind.brier.low > 0:
        found.append(
            "Predicted survival is worse here than Kaplan-Meier, which looks at no patient (integrated Brier score "
            f"{say_interval(blind.brier, signed=True)}): do not read the probabilities; the order of risks is "
            "another matter."
        )
    model = item.row("model")
    if model is not None and model.slope is not None and model.slope.high < 1:
        found.append(
            f"Predicted risks are too far apart here (calibration slope {say_interval(model.slope)}; 1 is right): high "
            "risks are told too high and low risks too low."
        )
    shares = item.patients["stratum"].value_counts(normalize=True)
    if len(shares) and shares.iloc[0] >= MOST_IN_ONE_STRATUM:
        found.append(
            f"{shares.iloc[0]:.0%} of the patients are in one stratum ({shares.index[0]}): the cut-points of training "
            "do not carry over to them."
        )
    return tuple(found)


def describe_comparisons(items: Sequence["Comparison"], labels: Sequence[str]) -> list[ComparisonPart]:
    """Turn the comparisons of a run into tables and figures; variants of an evaluation are folded away.

    Parameters
    ----------
    items : sequence of Comparison
        The comparisons.
    labels : sequence of str
        Strata, low to high.

    Returns
    -------
    list of ComparisonPart
        Open are the cross-validation and the first reference of each external cohort.
    """
    parts, seen = [], set()
    for number, item in enumerate(items, start=1):
        part = describe_comparison(f"c{number}", item, labels)
        variant = item.kind == "leave-one-cohort-out" or (item.kind, item.cohort) in seen
        seen.add((item.kind, item.cohort))
        parts.append(replace(part, summary=_summarise(item)) if variant else part)
    return parts


def _summarise(item: "Comparison") -> str:
    """Say the main numbers of a comparison in one line."""
    model, clinical, blind = item.row("model"), item.difference("clinical"), item.difference("kaplan_meier")
    return (
        f"Concordance {say_interval(model.harrell if model else None)}; against clinical only "
        f"{say_interval(clinical.harrell if clinical else None, signed=True)}; Brier score against Kaplan-Meier "
        f"{say_interval(blind.brier if blind else None, signed=True)}: tables and figures"
    )


def describe_comparison(key: str, item: "Comparison", labels: Sequence[str]) -> ComparisonPart:
    """Turn a comparison into tables and figures.

    Parameters
    ----------
    key : str
        Anchor, unique in the page.
    item : Comparison
        The comparison.
    labels : sequence of str
        Strata, low to high.

    Returns
    -------
    ComparisonPart
        What the report shows.
    """
    name = name_comparison(item)
    span = join_words([f"{days:.0f}" for days in item.times_days])
    intro = f"{count(item.n_patients, 'patient')}, {count(item.n_events, 'event')}. {say_how(item)}"
    tables = (
        _tabulate_measures(item, f"{name}. Brier score between days {span}"),
        *tabulate_horizons(item),
        _tabulate_differences(item),
    )
    figures = [_draw_concordance(key, item), _draw_survival(key, item, labels)]
    if any(own.auc for row in item.rows for own in row.horizons):
        figures.append(_draw_auc(key, item))
    calibration: list[FigurePart] = []
    for number, (horizon, table) in enumerate(item.calibration.items()):
        if any(not np.isnan(row["observed"]) for row in table):
            calibration.append(_draw_calibration(f"{key}-h{number}", item, horizon))
        if horizon in item.decisions:
            calibration.append(_draw_decision(f"{key}-d{number}", item, horizon))
    return ComparisonPart(key, name, intro, tables, warn_of(item), tuple(figures), tuple(calibration))


_HOW = {
    "cross-validation": "Every patient was judged by models that were trained without them (out-of-fold).",
    "leave-one-cohort-out": "These patients were judged by a model of the other training cohorts.",
    "external": "These patients were judged by the frozen model.",
}
_REFERENCES = {
    "pooled": "Reference: pooled training patients, frozen.",
    "cohort": "Reference: this cohort itself; location and scale were learned on it, without outcomes.",
}


def say_how(item: "Comparison | ResponseComparison") -> str:
    """Say by whom the patients of a comparison were judged, and what their features were standardised by."""
    reference = _REFERENCES.get(item.reference, "") if item.kind == "external" else ""
    return f"{_HOW[item.kind]} {reference}".strip()


def _tabulate_measures(item: "Comparison", caption: str) -> Table:
    columns = (
        "",
        "Harrell's concordance",
        "Uno's concordance",
        "Integrated Brier score",
        "Calibration slope (1: right)",
        "D-calibration (small p: wrong)",
    )
    rows = [
        (
            row.label,
            *map(say_interval, (row.harrell, row.uno, row.brier, row.slope)),
            NOTHING if row.d_calibration is None else say_p(row.d_calibration.p_value),
        )
        for row in item.rows
    ]
    if item.random:
        drawn = item.random
        found = f"{drawn.median:.3f} ({drawn.low:.3f} to {drawn.high:.3f})"
        label = f"random genes ({count(len(drawn.concordance), 'draw')}), {say_p(drawn.p_value)}"
        rows.append((label, found, *[NOTHING] * (len(columns) - 2)))
    strong = tuple(number for number, row in enumerate(item.rows) if row.model == "model")
    caption += "; 95% intervals" + ("; of random genes the median and the range of 95% of draws" if item.random else "")
    if item.kind == "cross-validation":
        # measured in tests/evaluation/test_calibration.py
        caption += (
            ". D-calibration pools out-of-fold predictions that were made from these very patients and spreads the "
            "censored evenly: even Kaplan-Meier has a p near 1, which therefore does not say that a model is calibrated"
        )
    return Table(caption, columns, tuple(rows), strong=strong)


def tabulate_horizons(item: "Comparison") -> tuple[Table, ...]:
    """Tabulate how every model did at each horizon.

    Parameters
    ----------
    item : Comparison
        The comparison.

    Returns
    -------
    tuple of Table
        One a horizon that the patients were followed to: AUC, Brier score, index of prediction accuracy, calibration.
    """
    columns = (
        "",
        "AUC",
        "Brier score",
        "IPA (above 0: better than Kaplan-Meier)",
        "Observed / expected events",
        "Calibration intercept (0: right)",
        "Calibration slope (1: right)",
        "ICI (0: right)",
    )
    tables = []
    for days in dict.fromkeys(own.horizon_days for row in item.rows for own in row.horizons):
        found = [(row, own) for row in item.rows for own in row.horizons if own.horizon_days == days]
        rows = tuple(
            (
                row.label,
                *map(say_interval, (own.auc, own.brier, own.ipa, own.observed_expected)),
                *map(say_interval, (own.intercept, own.slope, own.ici)),
            )
            for row, own in found
        )
        strong = tuple(number for number, (row, _) in enumerate(found) if row.model == "model")
        model = next((own for row, own in found if row.model == "model"), None)
        summary = f"At {say_time(days)}"
        if model is not None:
            summary += f": AUC {say_interval(model.auc)}, Brier score {say_interval(model.brier)}, observed / expected "
            summary += say_interval(model.observed_expected)
        caption = (
            f"At {say_time(days)}: time-dependent AUC, index of prediction accuracy (IPA: 1 - Brier score / that of "
            "Kaplan-Meier), calibration on the log-log scale, integrated calibration index (ICI: mean distance between "
            "observed and predicted risk); 95% intervals"
        )
        tables.append(Table(caption, columns, rows, strong=strong, summary=summary))
    return tuple(tables)


def _tabulate_differences(item: "Comparison") -> Table:
    labels = {row.model: row.label for row in item.rows}
    horizons = list(dict.fromkeys(own.horizon_days for one in item.differences for own in one.horizons))
    columns = (
        "The model minus",
        "Harrell's concordance (above 0: better)",
        "Integrated Brier score (below 0: better)",
        *(f"{name} at {say_time(days)} (above 0: better)" for days in horizons for name in ("AUC", "IPA")),
    )
    rows = []
    for one in item.differences:
        at = {own.horizon_days: (own.auc, own.ipa) for own in one.horizons}
        values = [one.harrell, one.brier, *(value for days in horizons for value in at.get(days, (None, None)))]
        rows.append((labels.get(one.against, one.against), *(say_interval(value, signed=True) for value in values)))
    return Table("Paired differences on the same patients, with 95% intervals", columns, tuple(rows))


def _draw_concordance(key: str, item: "Comparison") -> FigurePart:
    caption = "Harrell's concordance with 95% intervals. Dashed: chance."
    if item.random:
        caption += " Dots: each draw of random genes; band: 95% of them; bar: their median."
    ax = plot_concordance(item)
    return draw_part(ax, f"{key}-c", describe(ax), caption)


def _draw_survival(key: str, item: "Comparison", labels: Sequence[str]) -> FigurePart:
    table = item.patients
    outcome = make_outcome(table["event"].to_numpy(), table["time_days"].to_numpy(), stratum=table["cohort"].to_numpy())
    # in cross-validation the outcomes of these patients helped to place the others: no plain test holds
    ax = plot_kaplan_meier(outcome, table["stratum"].to_numpy(dtype=str), labels, test=item.kind != "cross-validation")
    told = describe(ax).partition(". ")[2]
    caption = (
        f"Survival by predicted stratum, 95% log-log limits; ticks: censored. {told}. "
        "Shown while a twentieth of the patients is under observation."
    )
    return draw_part(ax, f"{key}-km", describe(ax), caption)


def _draw_auc(key: str, item: "Comparison") -> FigurePart:
    ax = plot_time_dependent_auc(item)
    caption = "Time-dependent AUC with 95% intervals, of the model and its baselines. Dashed: chance."
    return draw_part(ax, f"{key}-auc", describe(ax), caption)


def _draw_calibration(key: str, item: "Comparison", horizon: str) -> FigurePart:
    table, curve, time = item.calibration[horizon], item.curves.get(horizon), say_time(float(horizon))
    sizes = [int(row["patients"]) for row in table]
    size = f"{min(sizes)}" if min(sizes) == max(sizes) else f"{min(sizes)} to {max(sizes)}"
    caption = (
        f"Calibration at {time}: {len(sizes)} groups of {size} patients by predicted survival, "
        "95% limits. On the dashed line prediction and observation agree."
    )
    if lost := sum(bool(np.isnan(row["observed"])) for row in table):
        caption += f" {count(lost, 'group')} not drawn: nobody in it was followed for {time}."
    if curve is not None:
        caption += " Orange: smooth curve with its 95% band, from the 1st to the 99th percentile of predictions."
    ax = plot_calibration(item, float(horizon))
    return draw_part(ax, key, describe(ax), caption)


def _draw_decision(key: str, item: "Comparison", horizon: str) -> FigurePart:
    table, time = item.decisions[horizon], say_time(float(horizon))
    better = [row["threshold"] for row in table if row["low"] > 0]
    against = "clinical variables alone" if "clinical" in table[0] else "treating all or none"
    gain = (
        f"The gain of the model over {against} has an interval above 0 at {len(better)} of {len(table)} thresholds"
        + (f", between {min(better):.0%} and {max(better):.0%}." if better else ".")
    )
    caption = (
        f"Net benefit at {time} (Vickers 2008): true positives a patient, less false ones weighted by the odds of the "
        f"threshold; the highest line decides best. {gain}"
    )
    ax = plot_decision_curve(item, float(horizon))
    return draw_part(ax, key, f"{describe(ax)}. {gain}", caption)


def draw_part(ax: Axes, name: str, label: str, caption: str) -> FigurePart:
    """Put a drawing into the page.

    Parameters
    ----------
    ax : matplotlib Axes
        The drawing.
    name : str
        Prefix of the ids in its SVG, unique in the page.
    label : str
        What it shows, for a reader who cannot see it.
    caption : str
        What it shows and how to read it.

    Returns
    -------
    FigurePart
        Inline SVG with its caption.
    """
    svg = Markup(figure_svg(ax, name, label))  # noqa: S704 - all text in it is escaped
    return FigurePart(svg, caption, name)
