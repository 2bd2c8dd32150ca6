"""One comparison as the report shows it: measures, differences, warnings and figures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from markupsafe import Markup
from matplotlib.axes import Axes

from itgstrat.reporting.curves import kaplan_meier
from itgstrat.reporting.figures import figure_svg, plot_calibration, plot_concordance, plot_kaplan_meier
from itgstrat.reporting.parts import FigurePart, Table
from itgstrat.reporting.wording import (
    NOTHING,
    count,
    join_words,
    name_comparison,
    say_interval,
    say_p,
    say_time,
    say_years,
)

if TYPE_CHECKING:
    from itgstrat.evaluation.compare import Comparison


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
        Concordance and Kaplan-Meier.
    calibration : tuple of FigurePart
        Calibration at each horizon.
    """

    key: str
    title: str
    intro: str
    tables: tuple[Table, ...]
    warnings: tuple[str, ...]
    figures: tuple[FigurePart, ...]
    calibration: tuple[FigurePart, ...]


def warn_of(item: "Comparison") -> tuple[str, ...]:
    """Say in words what a reader could miss in the numbers of a comparison.

    Parameters
    ----------
    item : Comparison
        The comparison.

    Returns
    -------
    tuple of str
        Survival predicted worse than by Kaplan-Meier; nearly everybody in one stratum.
    """
    found = []
    blind = item.difference("kaplan_meier")
    if blind is not None and blind.brier.low > 0:
        found.append(
            "Predicted survival is worse here than Kaplan-Meier, which looks at no patient (integrated Brier score "
            f"{say_interval(blind.brier, signed=True)}): do not read the probabilities; the order of risks is "
            "another matter."
        )
    shares = item.patients["stratum"].value_counts(normalize=True)
    if len(shares) and shares.iloc[0] >= MOST_IN_ONE_STRATUM:
        found.append(
            f"{shares.iloc[0]:.0%} of the patients are in one stratum ({shares.index[0]}): the cut-points of training "
            "do not carry over to them."
        )
    return tuple(found)


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
    intro = f"{count(item.n_patients, 'patient')}, {count(item.n_events, 'event')}. {_HOW[item.kind]}"
    if item.kind == "external":
        intro += " " + _REFERENCES.get(item.reference, "")
    tables = (
        _tabulate_measures(item, f"{name}. Brier score between days {span}"),
        _tabulate_differences(item),
    )
    figures = (_draw_concordance(key, item), _draw_survival(key, item, labels))
    calibration = tuple(
        _draw_calibration(f"{key}-h{number}", table, float(horizon))
        for number, (horizon, table) in enumerate(item.calibration.items())
        if table
    )
    return ComparisonPart(key, name, intro, tables, warn_of(item), figures, calibration)


_HOW = {
    "cross-validation": "Every patient was judged by models that were trained without them (out-of-fold).",
    "leave-one-cohort-out": "These patients were judged by a model of the other training cohorts.",
    "external": "These patients were judged by the frozen model.",
}
_REFERENCES = {
    "pooled": "Reference: pooled training patients, frozen.",
    "cohort": "Reference: this cohort itself; location and scale were learned on it, without outcomes.",
}


def _tabulate_measures(item: "Comparison", caption: str) -> Table:
    columns = ("", "Harrell's concordance", "Uno's concordance", "Integrated Brier score")
    rows = [(row.label, say_interval(row.harrell), say_interval(row.uno), say_interval(row.brier)) for row in item.rows]
    if item.random:
        drawn = item.random
        found = f"{drawn.median:.3f} ({drawn.low:.3f} to {drawn.high:.3f})"
        label = f"random genes ({count(len(drawn.concordance), 'draw')}), {say_p(drawn.p_value)}"
        rows.append((label, found, NOTHING, NOTHING))
    strong = tuple(number for number, row in enumerate(item.rows) if row.model == "model")
    caption += "; 95% intervals" + ("; of random genes the median and the range of 95% of draws" if item.random else "")
    return Table(caption, columns, tuple(rows), strong=strong)


def _tabulate_differences(item: "Comparison") -> Table:
    labels = {row.model: row.label for row in item.rows}
    columns = (
        "The model minus",
        "Harrell's concordance (above 0: better)",
        "Integrated Brier score (below 0: better)",
    )
    rows = tuple(
        (
            labels.get(one.against, one.against),
            say_interval(one.harrell, signed=True),
            say_interval(one.brier, signed=True),
        )
        for one in item.differences
    )
    return Table("Paired differences on the same patients, with 95% intervals", columns, rows)


def _draw_concordance(key: str, item: "Comparison") -> FigurePart:
    model = item.row("model")
    label = f"Harrell's concordance of the model: {say_interval(model.harrell if model else None)}"
    caption = "Harrell's concordance with 95% intervals. Dashed: chance."
    if item.random:
        label += f"; random genes: {item.random.median:.3f}"
        caption += " Dots: each draw of random genes; band: 95% of them; bar: their median."
    return draw_part(plot_concordance(item), f"{key}-c", label, caption)


def _draw_survival(key: str, item: "Comparison", labels: Sequence[str]) -> FigurePart:
    table = item.patients
    event, days = table["event"].to_numpy(dtype=bool), table["time_days"].to_numpy(dtype=float)
    group = table["stratum"].to_numpy(dtype=str)
    ax = plot_kaplan_meier(event, days, group, labels, cohort=table["cohort"].to_numpy(dtype=str))
    told = []
    for name in labels:
        own = group == name
        if own.any():
            half = np.flatnonzero(kaplan_meier(event[own], days[own]).survival <= 0.5)
            median = kaplan_meier(event[own], days[own]).time_days[half[0]] if len(half) else np.nan
            median_text = f"median {say_years(median)} years" if len(half) else "median not reached"
            told.append(f"{name}: {count(own.sum(), 'patient')}, {count(event[own].sum(), 'event')}, {median_text}")
    described = "; ".join(told)
    return draw_part(
        ax,
        f"{key}-km",
        f"Kaplan-Meier curves by stratum. {described}",
        f"Survival by predicted stratum, 95% log-log limits; ticks: censored. {described}. "
        "Shown while a twentieth of the patients is under observation.",
    )


def _draw_calibration(key: str, table: Sequence[Mapping[str, float]], horizon: float) -> FigurePart:
    points = "; ".join(f"{row['predicted']:.2f} predicted, {row['observed']:.2f} observed" for row in table)
    label = f"Calibration at {say_time(horizon)}, by group of patients: {points}"
    sizes = [int(row["patients"]) for row in table]
    size = f"{min(sizes)}" if min(sizes) == max(sizes) else f"{min(sizes)} to {max(sizes)}"
    caption = (
        f"Calibration at {say_time(horizon)}: {len(sizes)} groups of {size} patients by predicted survival, "
        "95% limits. On the dashed line prediction and observation agree."
    )
    return draw_part(plot_calibration(table, horizon), key, label, caption)


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
    return FigurePart(Markup(figure_svg(ax.figure, name, label)), caption)  # noqa: S704 - all text in it is escaped
