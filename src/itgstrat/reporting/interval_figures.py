"""Estimates with their intervals: concordance beside its baselines, AUC over time, hazard ratios, subgroups."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import cycle
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes

from itgstrat.reporting.labels import LONGEST, label_feature
from itgstrat.reporting.style import BLACK, BLUE, GREEN, GREY, INK, ORANGE, PALE, PURPLE, SKY, VERMILION, canvas
from itgstrat.reporting.survival_figure import DAYS_PER_YEAR
from itgstrat.reporting.wording import say_interval, say_number, say_time, shorten

if TYPE_CHECKING:
    from itgstrat.evaluation.compare import Comparison, RandomSummary
    from itgstrat.evaluation.importance import PermutationImportance
    from itgstrat.evaluation.interval import Interval
    from itgstrat.evaluation.response_table import RandomAuc, ResponseComparison
    from itgstrat.evaluation.separation import Separation
    from itgstrat.evaluation.subgroups import Subgroup

Floats = npt.NDArray[np.float64]

_COLOURS = (VERMILION, BLUE, GREEN, ORANGE, PURPLE, SKY, BLACK, GREY)
_MARKERS = "sov^DPX<"


@dataclass(frozen=True)
class _Line:
    """One row of a figure of intervals; `text` stands on its right."""

    label: str
    estimate: float
    low: float
    high: float
    text: str
    strong: bool = False


def plot_concordance(comparison: "Comparison | ResponseComparison", *, title: str = "", ax: Axes | None = None) -> Axes:
    """Draw the concordance of the model and its baselines, and of every draw of random signatures.

    Parameters
    ----------
    comparison : Comparison or ResponseComparison
        The model beside its baselines; of a classifier the area under the ROC curve is drawn.
    title : str
        Title.
    ax : matplotlib Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib Axes
        The drawing: estimates with 95% intervals; the band holds 95% of the random draws; 0.5 is chance.

    References
    ----------
    Harrell 1996, doi 10.1002/(SICI)1097-0258(19960229)15:4<361::AID-SIM168>3.0.CO;2-4
    """
    lines, draws = [], _random_draws(comparison)
    for row in comparison.rows:
        value: Interval | None = getattr(row, "harrell", None) or getattr(row, "auc", None)
        if value is not None:
            lines.append(_interval_line(row.label, value, strong=row.model == "model"))
    measure = "Harrell's concordance" if hasattr(comparison, "n_events") else "area under the ROC curve"
    with canvas(ax, 5.0, 0.9 + 0.36 * (len(lines) + (draws is not None))) as ax:
        names = _draw_lines(ax, lines, reference=0.5)
        told = [f"{line.label} {line.text}" for line in lines]
        if comparison.random and draws is not None:
            text = _draw_random(ax, len(lines), draws, comparison.random)
            names, told = [*names, "random genes"], [*told, f"random genes {text}"]
        _name_lines(ax, names)
        ax.set(xlabel=measure, title=title)
        ax.set_label(f"{measure[0].upper()}{measure[1:]} with 95% intervals: {'; '.join(told)}")
    return ax


def _random_draws(comparison: "Comparison | ResponseComparison") -> Floats | None:
    random = comparison.random
    if random is None:
        return None
    return np.asarray(random.concordance if hasattr(random, "concordance") else random.auc, dtype=float)


def _draw_random(ax: Axes, height: int, draws: Floats, random: "RandomSummary | RandomAuc") -> str:
    ax.axvspan(random.low, random.high, color=SKY, alpha=0.18, linewidth=0, zorder=0)
    ax.plot(draws, height + _spread_out(len(draws)), "o", color=BLUE, markersize=2.2, alpha=0.55, zorder=3)
    ax.plot([random.median] * 2, [height - 0.3, height + 0.3], color=BLUE, linewidth=2, zorder=4)
    text = f"{random.median:.3f} ({random.low:.3f} to {random.high:.3f})"
    ax.text(1.04, height, text, transform=ax.get_yaxis_transform(), va="center", fontsize=8)
    return text


def _spread_out(number: int) -> Floats:
    """Heights that keep the points of a strip apart, the same in every run (golden-ratio sequence)."""
    heights: Floats = (np.arange(number, dtype=np.float64) * 0.6180339887498949 % 1 - 0.5) * 0.5
    return heights


def plot_forest(ratios: "pd.DataFrame | Separation", *, top: int = 30, title: str = "", ax: Axes | None = None) -> Axes:
    """Draw hazard ratios with their 95% intervals on a log axis.

    Parameters
    ----------
    ratios : DataFrame or Separation
        Strata against the lowest, from `itgstrat.evaluation.separation`; or one row a feature: columns
        ``hazard_ratio``, ``low`` and ``high`` (or ``lower``, ``upper``), and its name in ``signature`` or the index,
        as `scan_signatures` and `Inference.table` have them. A row without a ratio is not drawn.
    top : int
        How many rows, from the first.
    title : str
        Title.
    ax : matplotlib Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib Axes
        The drawing; right of the dashed line more die.

    Examples
    --------
    >>> table = pd.DataFrame({"hazard_ratio": [2.0], "low": [1.1], "high": [3.6]}, index=["age"])
    >>> plot_forest(table).get_xscale()
    'log'
    """
    lines = [
        _Line(label, ratio, low, high, f"{say_number(ratio, 2)} ({say_number(low, 2)} to {say_number(high, 2)})")
        for label, ratio, low, high in _list_ratios(ratios)
        if np.isfinite([ratio, low, high]).all()
    ][:top]
    with canvas(ax, 4.0, 0.9 + 0.28 * max(len(lines), 1)) as ax:
        ax.set_xscale("log")
        _name_lines(ax, _draw_lines(ax, lines, reference=1.0))
        _mark_ratios(ax, lines)
        ax.set(xlabel="hazard ratio (right: worse)", title=title)
        ax.set_label("Hazard ratios with 95% intervals: " + "; ".join(f"{one.label} {one.text}" for one in lines))
    return ax


def _list_ratios(ratios: "pd.DataFrame | Separation") -> Iterable[tuple[str, float, float, float]]:
    if not isinstance(ratios, pd.DataFrame):
        for one in ratios.ratios:
            yield f"{one.stratum} over {one.against}", one.ratio, one.low, one.high
        return
    names = ratios.get("signature", ratios.index)
    limits = ("low", "high") if "low" in ratios else ("lower", "upper")
    columns = (ratios[name].to_numpy(dtype=float) for name in ("hazard_ratio", *limits))
    for name, ratio, low, high in zip(names, *columns, strict=True):
        yield label_feature(str(name)), float(ratio), float(low), float(high)


def _mark_ratios(ax: Axes, lines: Sequence[_Line]) -> None:
    """Few round ticks, the same distance on either side of 1."""
    values = [value for line in lines for value in (line.low, line.high) if value > 0]
    far = max([abs(np.log(value)) for value in values], default=0.7) + 0.05
    steps = [1.1, 1.25, 1.5, 2, 4, 10, 100]
    step = next((step for step in steps if far <= 2.6 * np.log(step)), 1000)
    ticks = [step**-2, 1 / step, 1.0, step, step**2]
    shown = [tick for tick in ticks if abs(np.log(tick)) <= far]
    ax.set_xlim(np.exp(-far), np.exp(far))
    ax.set_xticks(shown, labels=[f"{tick:.2g}" for tick in shown])
    ax.minorticks_off()


def plot_subgroups(subgroups: "Sequence[Subgroup]", *, title: str = "", ax: Axes | None = None) -> Axes:
    """Draw Harrell's concordance in subgroups of the patients.

    Parameters
    ----------
    subgroups : sequence of Subgroup
        From `judge_subgroups`; one with too few events for a concordance is named and not drawn.
    title : str
        Title.
    ax : matplotlib Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib Axes
        The drawing, with 95% intervals; of many subgroups some differ by chance.
    """
    lines = []
    for one in subgroups:
        label = f"{one.variable}: {one.level} ({one.n_patients}, {one.n_events})"
        nothing = _Line(label, np.nan, np.nan, np.nan, "too few events")
        lines.append(_interval_line(label, one.harrell) if one.harrell else nothing)
    with canvas(ax, 4.0, 0.9 + 0.28 * max(len(lines), 1)) as ax:
        _name_lines(ax, _draw_lines(ax, lines, reference=0.5))
        ax.set(xlabel="Harrell's concordance (patients, events)", title=title)
        told = "; ".join(f"{line.label} {line.text}" for line in lines)
        ax.set_label(f"Harrell's concordance in subgroups (patients, events) with 95% intervals: {told}")
    return ax


def plot_importance(
    importance: "PermutationImportance", *, top: int = 20, title: str = "", ax: Axes | None = None
) -> Axes:
    """Draw how much concordance is lost when a feature, or a whole system, is dealt out anew.

    Parameters
    ----------
    importance : PermutationImportance
        From `itgstrat.evaluation.importance`.
    top : int
        How many to show, the largest first.
    title : str
        Title.
    ax : matplotlib Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib Axes
        The drawing; the intervals hold 95% of the repeats. At 0 the model does as well without.
    """
    order = np.argsort(-importance.mean, kind="stable")[:top]
    low, high = importance.interval()
    lines = [
        _Line(
            label_feature(str(importance.names[i])),
            float(importance.mean[i]),
            float(low[i]),
            float(high[i]),
            say_number(float(importance.mean[i]), 3, signed=True),
        )
        for i in order
    ]
    with canvas(ax, 4.0, 0.9 + 0.28 * max(len(lines), 1)) as ax:
        _name_lines(ax, _draw_lines(ax, lines, reference=0.0))
        ax.set(xlabel=f"loss of {importance.measure}", title=title)
        told = "; ".join(f"{line.label} {line.text}" for line in lines)
        ax.set_label(f"Loss of {importance.measure} where values are dealt out anew: {told}")
    return ax


def plot_time_dependent_auc(
    comparison: "Comparison", *, models: Sequence[str] | None = None, title: str = "", ax: Axes | None = None
) -> Axes:
    """Draw the time-dependent AUC of the model and its baselines at the horizons.

    Parameters
    ----------
    comparison : Comparison
        The models on patients that they were not trained on.
    models : sequence of str, optional
        Which rows, such as ``model`` and ``clinical``; all that have an AUC if not given.
    title : str
        Title.
    ax : matplotlib Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib Axes
        The drawing, with 95% intervals; the models stand beside each other at each horizon. 0.5 is chance.

    References
    ----------
    Uno 2007, doi 10.1198/016214507000000149; Blanche 2013, doi 10.1002/sim.5958
    """
    rows = [row for row in comparison.rows if models is None or row.model in models]
    rows = [row for row in rows if any(one.auc for one in row.horizons)]
    horizons = sorted({one.horizon_days for row in rows for one in row.horizons if one.auc})
    told = []
    with canvas(ax, 1.9 + 1.0 * max(len(horizons), 1), 2.8) as ax:
        ax.axhline(0.5, color=GREY, linewidth=1, linestyle="--", zorder=1)
        styles = zip(cycle(_COLOURS), cycle(_MARKERS))
        for number, (row, (colour, marker)) in enumerate(zip(rows, styles, strict=False)):
            found = [(horizons.index(one.horizon_days), one.auc) for one in row.horizons if one.auc]
            at = np.array([place for place, _ in found]) + 0.7 * ((number + 0.5) / len(rows) - 0.5)
            values = np.array([(one.estimate, one.low, one.high) for _, one in found]).reshape(-1, 3)
            ax.vlines(at, values[:, 1], values[:, 2], color=colour, linewidth=1.4)
            ax.plot(at, values[:, 0], marker, color=colour, markersize=5, label=row.label)
            cells = (f"at {say_time(horizons[place])} {say_interval(one)}" for place, one in found)
            told.append(f"{row.label} {', '.join(cells)}")
        ax.set_xticks(range(len(horizons)), labels=[f"{days / DAYS_PER_YEAR:.3g}" for days in horizons])
        ax.set(xlim=(-0.5, max(len(horizons), 1) - 0.5), xlabel="years", ylabel="time-dependent AUC")
        ax.set_title(title)
        ax.grid(axis="y", color=PALE, linewidth=0.6)
        ax.set_axisbelow(True)
        if rows:
            ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), handlelength=1.0, borderaxespad=0.2)
        ax.set_label("Time-dependent AUC with 95% intervals: " + "; ".join(told))
    return ax


def _interval_line(label: str, value: "Interval", strong: bool = False) -> _Line:
    return _Line(label, value.estimate, value.low, value.high, say_interval(value), strong)


def _draw_lines(ax: Axes, lines: Sequence[_Line], reference: float) -> list[str]:
    """Draw one interval a row from the top, its numbers on the right; give the names."""
    right = ax.get_yaxis_transform()
    ax.axvline(reference, color=GREY, linewidth=1, linestyle="--", zorder=1)
    for height, line in enumerate(lines):
        colour, marker = (VERMILION, "s") if line.strong else (INK, "o")
        ax.plot([line.low, line.high], [height, height], color=colour, linewidth=2, zorder=3)
        ax.plot(line.estimate, height, marker, color=colour, markersize=6, zorder=4)
        weight = "bold" if line.strong else "normal"
        ax.text(1.04, height, line.text, transform=right, va="center", weight=weight, fontsize=8)
    return [line.label for line in lines]


def _name_lines(ax: Axes, names: Sequence[str]) -> None:
    ax.set_yticks(range(len(names)), labels=[shorten(name, LONGEST) for name in names])
    ax.set_ylim(max(len(names), 1) - 0.4, -0.6)
    if ax.get_xscale() == "linear":
        ax.locator_params(axis="x", nbins=5)
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)
