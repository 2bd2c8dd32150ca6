"""Figures: each takes records or arrays and gives a matplotlib Axes; for reports, notebooks and papers.

No pyplot and no global state: without `ax`, a figure is made for itself, reachable as ``ax.figure``.
"""

import re
from collections.abc import Mapping, Sequence
from html import escape
from io import BytesIO
from itertools import cycle
from typing import TYPE_CHECKING, Any

import matplotlib
import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from itgstrat.reporting.curves import Curve, kaplan_meier, log_rank_p, numbers_at_risk, shown_until
from itgstrat.reporting.style import BLACK, BLUE, GREEN, GREY, INK, ORANGE, PALE, PURPLE, SKY, STYLE, VERMILION, canvas
from itgstrat.reporting.wording import count, say_interval, say_p, say_time, shorten

if TYPE_CHECKING:
    from itgstrat.evaluation.calibration_curve import CalibrationCurve
    from itgstrat.evaluation.compare import Comparison

Floats = npt.NDArray[np.float64]

DAYS_PER_YEAR = 365.25

#: Low to high risk; two strata take the ends. Line styles tell them apart in black and white.
_STRATA_COLOURS = (BLUE, ORANGE, VERMILION, GREEN, PURPLE, SKY, BLACK)
_LINES = ("-", (0, (5, 1.5)), (0, (1.5, 1)), "-.")


def stratum_colours(labels: Sequence[str]) -> dict[str, str]:
    """Colour the strata from low to high risk.

    Parameters
    ----------
    labels : sequence of str
        Strata, low to high.

    Returns
    -------
    dict of str to str
        Stratum -> colour; two strata take blue and vermilion.

    Examples
    --------
    >>> stratum_colours(["low", "high"])
    {'low': '#0072B2', 'high': '#D55E00'}
    """
    colours = (BLUE, VERMILION) if len(labels) == 2 else cycle(_STRATA_COLOURS)
    return dict(zip(labels, colours, strict=False))


def plot_kaplan_meier(
    event: npt.ArrayLike,
    time_days: npt.ArrayLike,
    stratum: npt.ArrayLike,
    labels: Sequence[str] | None = None,
    *,
    cohort: npt.ArrayLike | None = None,
    until_days: float | None = None,
    title: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Draw survival by stratum with 95% log-log limits, a log-rank test and the numbers at risk below.

    Parameters
    ----------
    event : array of bool, shape (n_patients,)
        Whether the event was seen.
    time_days : array of float, shape (n_patients,)
        Time to event or censoring; shown in years.
    stratum : array of str, shape (n_patients,)
        Stratum of each patient.
    labels : sequence of str, optional
        Order of the strata, low to high; others follow in sorted order.
    cohort : array of str, shape (n_patients,), optional
        Where there are several, the log-rank test compares within cohort.
    until_days : float, optional
        Where the figure ends; by default when fewer than a twentieth of the patients is under observation.
    title : str
        Title.
    ax : matplotlib Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib Axes
        The drawing.

    Raises
    ------
    ValueError
        If there are no patients.

    Examples
    --------
    >>> ax = plot_kaplan_meier([1, 0, 1, 1], [900, 800, 300, 200], ["low", "low", "high", "high"])
    >>> ax.get_xlabel()
    'years'
    """
    happened, times = np.asarray(event, dtype=bool), np.asarray(time_days, dtype=np.float64)
    if not len(times):
        raise ValueError("no patients: survival needs at least one")
    group = np.asarray(stratum, dtype=str)
    names = _order(group, labels)
    colours = stratum_colours([*(labels or ()), *(name for name in names if name not in (labels or ()))])
    end = shown_until(times) if until_days is None else until_days
    with canvas(ax, 5.6, 3.6) as ax:
        for name, line in zip(names, cycle(_LINES)):
            own = group == name
            curve = kaplan_meier(happened[own], times[own])
            legend = f"{name} ({count(own.sum(), 'patient')}, {count(happened[own].sum(), 'event')})"
            _draw_curve(ax, curve, times[own & ~happened], colours[name], line, legend)
        _finish_survival_axes(ax, end, title)
        _write_at_risk(ax, [(name, times[group == name]) for name in names], end)
        strata = None if cohort is None else np.asarray(cohort, dtype=str)
        several = strata is not None and len(np.unique(strata)) > 1
        p_value = log_rank_p(happened, times, group, strata if several else None)
        if not np.isnan(p_value):
            ax.text(
                1.0,
                1.0,
                f"log-rank {say_p(p_value)}" + (", within cohort" if several else ""),
                transform=ax.transAxes,
                ha="right",
                va="bottom",
            )
        ax.legend(loc="best", handlelength=2.4, borderaxespad=0.3)
    return ax


def _order(group: npt.NDArray[np.str_], labels: Sequence[str] | None) -> list[str]:
    present = set(group.tolist())
    first = [label for label in labels or () if label in present]
    return [*first, *sorted(present - set(first))]


def _draw_curve(ax: Axes, curve: Curve, censored: Floats, colour: str, line: Any, legend: str) -> None:
    years = curve.time_days / DAYS_PER_YEAR
    ax.step(years, curve.survival, where="post", color=colour, linestyle=line, label=legend)
    ax.fill_between(years, curve.low, curve.high, step="post", color=colour, alpha=0.13, linewidth=0)
    ax.plot(censored / DAYS_PER_YEAR, curve.at(censored), "|", color=colour, markersize=4, markeredgewidth=0.7)


def _finish_survival_axes(ax: Axes, end_days: float, title: str) -> None:
    end = end_days / DAYS_PER_YEAR
    ax.set(xlim=(0, end), ylim=(0, 1.02), xlabel="years", ylabel="survival", title=title)
    ax.set_xticks(_year_ticks(end))
    ax.set_yticks(np.linspace(0, 1, 6))
    ax.grid(axis="y", color=PALE, linewidth=0.6)
    ax.set_axisbelow(True)


def _year_ticks(end: float) -> Floats:
    """Even steps that give eight ticks at most."""
    step = next((step for step in (0.25, 0.5, 1, 2, 5, 10, 20) if end / step <= 8), end / 4)
    ticks: Floats = np.arange(0, end + step * 1e-6, step)
    return ticks


def _write_at_risk(ax: Axes, strata: Sequence[tuple[str, Floats]], end_days: float) -> None:
    ticks = _year_ticks(end_days / DAYS_PER_YEAR)
    place: dict[str, Any] = {"textcoords": "offset points", "annotation_clip": False, "va": "center"}
    below = ax.get_xaxis_transform()
    ax.annotate("at risk", (0, 0), (-16, -44), xycoords="axes fraction", ha="right", color=GREY, **place)
    for row, (name, times) in enumerate(strata):
        height = -58 - 13 * row
        ax.annotate(shorten(name, 18), (0, 0), (-16, height), xycoords="axes fraction", ha="right", **place)
        for tick, number in zip(ticks, numbers_at_risk(times, ticks * DAYS_PER_YEAR), strict=True):
            ax.annotate(str(number), (tick, 0), (0, height), xycoords=below, ha="center", **place)


def plot_calibration(
    table: Sequence[Mapping[str, float]],
    horizon_days: float,
    *,
    curve: "CalibrationCurve | None" = None,
    title: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw observed against predicted survival at a horizon: a point a group of patients, and the smooth curve.

    Parameters
    ----------
    table : sequence of mapping
        Rows with patients, predicted (mean), observed (Kaplan-Meier), low and high (95% limits), as
        `Comparison.calibration` holds them; a group that was not followed to the horizon is not drawn.
    horizon_days : float
        Horizon.
    curve : CalibrationCurve, optional
        Smooth curve with its band.
    title : str, optional
        Title; the horizon by default.
    ax : matplotlib Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib Axes
        The drawing; points below the line died more often than predicted.

    Examples
    --------
    >>> row = {"patients": 40, "predicted": 0.8, "observed": 0.7, "low": 0.6, "high": 0.8}
    >>> plot_calibration([row], 730.5).get_title(loc="left")
    'at 2 years'
    """
    columns = ("predicted", "observed", "low", "high", "patients")
    predicted, observed, low, high, patients = (np.array([row[name] for row in table], dtype=float) for name in columns)
    with canvas(ax, 3.2, 3.2) as ax:
        ax.plot([0, 1], [0, 1], color=GREY, linewidth=1, linestyle="--", zorder=1)
        if curve is not None:
            ax.fill_between(curve.predicted, curve.low, curve.high, color=ORANGE, alpha=0.2, linewidth=0, zorder=1)
            ax.plot(curve.predicted, curve.observed, color=ORANGE, zorder=2)
        ax.vlines(predicted, low, high, color=BLUE, linewidth=1.4, zorder=2)
        ax.scatter(predicted, observed, s=18 + 40 * patients / max(patients.max(initial=1), 1), color=BLUE, zorder=3)
        if len(table) > 1 and curve is None:
            ax.plot(predicted, observed, color=BLUE, linewidth=0.8, alpha=0.6, zorder=2)
        ticks = np.linspace(0, 1, 6)
        ax.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), xticks=ticks, yticks=ticks, aspect="equal")
        ax.set(xlabel="predicted survival", ylabel="observed survival (Kaplan-Meier)")
        ax.set_title(f"at {say_time(horizon_days)}" if title is None else title)
        ax.grid(color=PALE, linewidth=0.6)
        ax.set_axisbelow(True)
    return ax


def plot_concordance(comparison: "Comparison", *, title: str = "", ax: Axes | None = None) -> Axes:
    """Draw Harrell's concordance of the model and its baselines, and of every draw of random signatures.

    Parameters
    ----------
    comparison : Comparison
        The model beside its baselines.
    title : str
        Title.
    ax : matplotlib Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib Axes
        The drawing: estimates with 95% intervals; the band holds 95% of the random draws; 0.5 is chance.
    """
    rows = [(row.label, row.harrell, row.model == "model") for row in comparison.rows if row.harrell is not None]
    names = [label for label, _, _ in rows] + (["random genes"] if comparison.random else [])
    with canvas(ax, 5.0, 0.9 + 0.36 * len(names)) as ax:
        right = ax.get_yaxis_transform()
        ax.axvline(0.5, color=GREY, linewidth=1, linestyle="--", zorder=1)
        for height, (_, value, is_model) in enumerate(rows):
            colour = VERMILION if is_model else INK
            ax.plot([value.low, value.high], [height, height], color=colour, linewidth=2, zorder=3)
            ax.plot(value.estimate, height, "s" if is_model else "o", color=colour, markersize=6, zorder=4)
            weight = "bold" if is_model else "normal"
            ax.text(1.02, height, say_interval(value), transform=right, va="center", weight=weight)
        if comparison.random:
            random, height = comparison.random, len(rows)
            ax.axvspan(random.low, random.high, color=SKY, alpha=0.18, linewidth=0, zorder=0)
            draws = np.asarray(random.concordance)
            ax.plot(draws, height + _spread_out(len(draws)), "o", color=BLUE, markersize=2.2, alpha=0.55, zorder=3)
            ax.plot([random.median] * 2, [height - 0.3, height + 0.3], color=BLUE, linewidth=2, zorder=4)
            text = f"{random.median:.3f} ({random.low:.3f} to {random.high:.3f})"
            ax.text(1.02, height, text, transform=right, va="center")
        ax.set(ylim=(len(names) - 0.4, -0.6), xlabel="Harrell's concordance", title=title)
        ax.set_yticks(range(len(names)), labels=names)
        ax.tick_params(axis="y", length=0)
        ax.spines["left"].set_visible(False)
    return ax


def _spread_out(number: int) -> Floats:
    """Heights that keep the points of a strip apart, the same in every run (golden-ratio sequence)."""
    heights: Floats = (np.arange(number, dtype=np.float64) * 0.6180339887498949 % 1 - 0.5) * 0.5
    return heights


def plot_contributions(
    names: Sequence[str],
    mean_abs: npt.ArrayLike,
    coef: npt.ArrayLike,
    *,
    top: int = 20,
    title: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Draw what drives the risk: the features with the largest contributions, coloured by their sign.

    Parameters
    ----------
    names : sequence of str
        Features.
    mean_abs : array of float, shape (n_features,)
        Size of each contribution, such as |coefficient| x SD.
    coef : array of float, shape (n_features,)
        Coefficients; only the sign is used.
    top : int
        How many to show.
    title : str
        Title.
    ax : matplotlib Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib Axes
        The drawing; features without any contribution are left out.

    Examples
    --------
    >>> ax = plot_contributions(["a", "b"], [0.1, 0.3], [0.1, -0.3])
    >>> [text.get_text() for text in ax.get_yticklabels()]
    ['b', 'a']
    """
    size, sign = np.asarray(mean_abs, dtype=float), np.sign(np.asarray(coef, dtype=float))
    order = [i for i in np.argsort(-size, kind="stable")[:top] if size[i] > 0]
    with canvas(ax, 6.4, 0.9 + 0.24 * max(len(order), 2)) as ax:
        values = (size * sign)[order]
        colours = np.where(values > 0, VERMILION, BLUE)
        ax.barh(range(len(order)), values, color=colours, height=0.7)
        ax.axvline(0, color=GREY, linewidth=1)
        ax.set_yticks(range(len(order)), labels=[shorten(names[i], 52) for i in order])
        limit = 1.08 * max(np.abs(values).max(initial=0.0), 1e-9)
        ax.set(xlim=(-limit, limit), ylim=(max(len(order), 1) - 0.4, -0.6), title=title)
        ax.set_xlabel("log hazard ratio per training SD   (left: better, right: worse)")
        ax.tick_params(axis="y", length=0)
        ax.grid(axis="x", color=PALE, linewidth=0.6)
        ax.set_axisbelow(True)
        ax.spines["left"].set_visible(False)
    return ax


def figure_svg(figure: Any, name: str = "figure", label: str = "") -> str:
    """Write a figure as inline SVG: the same bytes every time, readable by a screen reader.

    Parameters
    ----------
    figure : matplotlib Figure
        The figure.
    name : str
        Prefix of every id in the SVG; unique within a page, so that two figures do not share clip paths.
    label : str
        What the figure shows, in words.

    Returns
    -------
    str
        An ``<svg>`` element with ``role="img"``, an ``aria-label`` and a ``<title>``.

    Examples
    --------
    >>> ax = plot_contributions(["a"], [0.1], [0.1])
    >>> figure_svg(ax.figure, "drivers", "What drives the risk")[:21]
    '<svg role="img" aria-'
    """
    buffer = BytesIO()
    nameless = dict.fromkeys(("Date", "Creator", "Format", "Type"))  # no time, no version: the same bytes
    with matplotlib.rc_context({**STYLE, "svg.hashsalt": name}):
        figure.savefig(buffer, format="svg", bbox_inches="tight", pad_inches=0.04, metadata=nameless)
    text = buffer.getvalue().decode()
    text = re.sub(r"<!--.*?-->", "", text[text.index("<svg") :], flags=re.DOTALL)
    text = re.sub(r"<[^>]+>", lambda tag: _prefix_ids(tag[0], name), text)
    head, _, body = text.partition(">")
    head = head.replace("<svg", f'<svg role="img" aria-label="{escape(label)}"', 1)
    return f"{head}><title>{escape(label)}</title>{body.strip()}"


def _prefix_ids(tag: str, name: str) -> str:
    return re.sub(r'(\sid="|url\(#|href="#)', lambda found: f"{found[0]}{name}-", tag)
