"""How right the predictions are at a horizon: calibration, and what deciding by them would gain."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from matplotlib.axes import Axes

from itgstrat.reporting.style import BLUE, GREY, INK, ORANGE, PALE, VERMILION, canvas
from itgstrat.reporting.wording import count, say_interval, say_number, say_time

if TYPE_CHECKING:
    from itgstrat.evaluation.calibration_curve import CalibrationCurve
    from itgstrat.evaluation.compare import Comparison
    from itgstrat.evaluation.response_table import ResponseComparison

Found = TypeVar("Found")

#: Lines of a decision curve: key, words, colour, line style, width.
_WAYS = (
    ("model", "the model", VERMILION, "-", 2.0),
    ("clinical", "clinical only", BLUE, (0, (5, 1.5)), 1.6),
    ("all", "treat all", INK, (0, (1.5, 1)), 1.2),
    ("none", "treat none", GREY, "-", 1.0),
)


def plot_calibration(
    comparison: "Comparison | ResponseComparison",
    horizon_days: float | None = None,
    *,
    title: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw what was observed against what was predicted: a point a group of patients, and the smooth curve.

    Parameters
    ----------
    comparison : Comparison or ResponseComparison
        The model on patients that it was not trained on: survival at a horizon, or the probability of a label. A
        group that was not followed to the horizon is not drawn.
    horizon_days : float, optional
        Horizon; the first if not given. A label has none.
    title : str, optional
        Title; the horizon by default.
    ax : matplotlib Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib Axes
        The drawing; points below the line died more often, or had the label less often, than predicted. Bars are 95%
        limits.

    Raises
    ------
    ValueError
        If the comparison was not made at that horizon, or a label was not calibrated: with fewer than 10 patients of
        either label, or where the model does not tell patients apart.

    References
    ----------
    Van Calster 2019, doi 10.1186/s12916-019-1466-7
    """
    what = ("predicted survival", "observed survival (Kaplan-Meier)")
    if isinstance(comparison.calibration, list):
        table, curve, when = *_calibration_of_label(comparison, horizon_days), ""
        what = ("predicted probability", "observed share with the label")
    else:
        horizon, table = _at_horizon(comparison.calibration, horizon_days)
        curve, when = dict(comparison.curves).get(horizon), f"at {say_time(float(horizon))}"
    with canvas(ax, 3.2, 3.2) as ax:
        _draw_agreement(ax, table, curve)
        ax.set(xlabel=what[0], ylabel=what[1], title=when if title is None else title)
        ax.set_label(_describe_calibration(table, curve, when))
    return ax


def _calibration_of_label(
    comparison: "ResponseComparison", horizon_days: float | None
) -> "tuple[list[dict[str, float]], CalibrationCurve | None]":
    if horizon_days is not None:
        raise ValueError(f"a label has no horizon ({horizon_days:g} days were asked for); leave it out")
    if not comparison.calibration:
        raise ValueError("there is no calibration: too few patients of one label, or all have one probability")
    return comparison.calibration, comparison.curve


def _draw_agreement(ax: Axes, table: list[dict[str, float]], curve: "CalibrationCurve | None") -> None:
    columns = ("predicted", "observed", "low", "high", "patients")
    predicted, observed, low, high, patients = (np.array([row[name] for row in table], dtype=float) for name in columns)
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
    ax.grid(color=PALE, linewidth=0.6)
    ax.set_axisbelow(True)


def _describe_calibration(table: list[dict[str, float]], curve: "CalibrationCurve | None", when: str) -> str:
    known = [row for row in table if not np.isnan(row["observed"])]
    points = [f"{row['predicted']:.2f} predicted, {row['observed']:.2f} observed" for row in known]
    if lost := len(table) - len(known):
        points.append(f"{count(lost, 'group')} not drawn: nobody in it was followed for {when.removeprefix('at ')}.")
    if curve is not None:
        points.append(f"integrated calibration index {say_interval(curve.ici)}")
    return f"Calibration{when and ' '}{when}, by group of patients: {'; '.join(points)}"


def plot_decision_curve(
    comparison: "Comparison", horizon_days: float | None = None, *, title: str | None = None, ax: Axes | None = None
) -> Axes:
    """Draw the net benefit of the model beside treating all, none, and by clinical variables alone.

    Parameters
    ----------
    comparison : Comparison
        The model on patients that it was not trained on.
    horizon_days : float, optional
        Horizon; the first if not given.
    title : str, optional
        Title; the horizon by default.
    ax : matplotlib Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib Axes
        The drawing; the highest line is the best way to decide at that threshold.

    Raises
    ------
    ValueError
        If the comparison was not made at that horizon.

    References
    ----------
    Vickers 2008, doi 10.1186/1472-6947-8-53
    """
    horizon, table = _at_horizon(comparison.decisions, horizon_days)
    thresholds = np.array([row["threshold"] for row in table], dtype=float)
    time = say_time(float(horizon))
    with canvas(ax, 3.2, 2.8) as ax:
        top = 0.05
        for name, label, colour, line, width in _WAYS:
            values = np.array([row.get(name, np.nan) for row in table], dtype=float)
            if np.isnan(values).all():
                continue
            ax.plot(thresholds, values, color=colour, linestyle=line, linewidth=width, label=label)
            top = max(top, float(np.nanmax(values)))
        ax.set(xlim=(0, 1), ylim=(-0.25 * top, 1.08 * top), xlabel="risk from which one would treat")
        ax.set(ylabel="net benefit", title=f"at {time}" if title is None else title)
        ax.grid(color=PALE, linewidth=0.6)
        ax.set_axisbelow(True)
        if ax.lines:
            ax.legend(loc="upper right", handlelength=2.4, borderaxespad=0.3)
        ax.set_label(f"Net benefit at {time}: {_say_benefit(table)}")
    return ax


def _say_benefit(table: list[dict[str, float]]) -> str:
    shown = [row for row in table if round(100 * row["threshold"]) in {20, 40, 60}]
    ways = [(name, words) for name, words, *_ in _WAYS if name != "none"]
    return "; ".join(
        f"from a risk of {row['threshold']:.0%} "
        + ", ".join(f"{words} {say_number(row[name], signed=True)}" for name, words in ways if name in row)
        for row in shown
    )


def _at_horizon(tables: Mapping[str, Found], horizon_days: float | None) -> tuple[str, Found]:
    """Find the table of a horizon; keys are days as text."""
    for key, table in tables.items():
        if horizon_days is None or abs(float(key) - horizon_days) < 0.5:
            return key, table
    asked = "a horizon" if horizon_days is None else f"{horizon_days:g} days"
    raise ValueError(f"nothing was judged at {asked}; there is: {', '.join(tables) or 'no horizon'} (days)")
