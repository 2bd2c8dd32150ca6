"""Kaplan-Meier curves by stratum, with the numbers at risk."""

from collections.abc import Sequence
from itertools import cycle
from typing import Any, cast

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.transforms import Affine2D, ScaledTranslation

from itgstrat.outcome import Outcome
from itgstrat.reporting.curves import Curve, kaplan_meier, log_rank_p, numbers_at_risk, shown_until
from itgstrat.reporting.style import BLACK, BLUE, GREEN, GREY, ORANGE, PALE, PURPLE, SKY, VERMILION, canvas
from itgstrat.reporting.wording import NOTHING, count, say_p, say_years, shorten

Floats = npt.NDArray[np.float64]

DAYS_PER_YEAR = 365.25

#: Low to high risk; two strata take the ends. Line styles tell them apart in black and white.
_STRATA_COLOURS = (BLUE, ORANGE, VERMILION, GREEN, PURPLE, SKY, BLACK)
#: Height of the head of the table below the axes, in points.
_HEAD = -44
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
    outcome: Outcome,
    group: npt.ArrayLike,
    labels: Sequence[str] | None = None,
    *,
    until_days: float | None = None,
    test: bool = True,
    title: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Draw survival by group with 95% log-log limits and a log-rank test; below the numbers at risk and events.

    Parameters
    ----------
    outcome : Outcome
        Patients, shown in years; where they are of several strata (cohorts), the log-rank test compares within them.
    group : array of str, shape (n_patients,)
        Group of each patient, such as a risk stratum.
    labels : sequence of str, optional
        Order of the groups, low to high risk; others follow in sorted order.
    until_days : float, optional
        Where the figure ends; by default when fewer than a twentieth of the patients is under observation.
    test : bool
        Whether to print the log-rank test; not where outcomes helped to place the patients (strata out of fold).
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

    References
    ----------
    Pocock 2002, doi 10.1016/S0140-6736(02)08594-X (limits, numbers at risk, and where to end); Simon 2011,
    doi 10.1093/bib/bbr001 (no plain test of strata out of fold)

    Examples
    --------
    >>> from itgstrat.outcome import make_outcome
    >>> ax = plot_kaplan_meier(make_outcome([1, 0, 1, 1], [900, 800, 300, 200]), ["low", "low", "high", "high"])
    >>> ax.get_xlabel()
    'years'
    """
    if not len(outcome):
        raise ValueError("no patients: survival needs at least one")
    groups = np.asarray(group, dtype=str)
    names = _order(groups, labels)
    colours = stratum_colours([*(labels or ()), *(name for name in names if name not in (labels or ()))])
    end = shown_until(outcome.time_days) if until_days is None else until_days
    looks = {name: {"color": colours[name], "linestyle": line} for name, line in zip(names, cycle(_LINES))}
    told = []
    with canvas(ax, 5.0, 3.4) as ax:
        for name in names:
            own = outcome[groups == name]
            curve = kaplan_meier(own.event, own.time_days)
            _draw_curve(ax, curve, own.time_days[~own.event], looks[name])
            told.append(f"{name}: {count(len(own), 'patient')}, {count(own.n_events, 'event')}, {_say_median(curve)}")
        _finish_survival_axes(ax, end, title)
        _head_table(ax)
        for row, name in enumerate(names):
            _write_row(ax, row, name, outcome[groups == name], looks[name])
        tested = _say_test(outcome, groups) if test else ""
        ax.text(1.0, 1.0, tested, transform=ax.transAxes, ha="right", va="bottom")
        ax.set_label("Kaplan-Meier curves. " + "; ".join(filter(None, [*told, tested])))
    return ax


def _order(group: npt.NDArray[np.str_], labels: Sequence[str] | None) -> list[str]:
    present = set(group.tolist())
    first = [label for label in labels or () if label in present]
    return [*first, *sorted(present - set(first))]


def _say_median(curve: Curve) -> str:
    half = np.flatnonzero(curve.survival <= 0.5)
    return f"median {say_years(curve.time_days[half[0]])} years" if len(half) else "median not reached"


def _say_test(outcome: Outcome, groups: npt.NDArray[np.str_]) -> str:
    """Name the log-rank test and its p; nothing where there is nothing to compare."""
    several = len(np.unique(outcome.stratum)) > 1
    p_value = say_p(log_rank_p(outcome.event, outcome.time_days, groups, outcome.stratum if several else None))
    return "" if p_value == NOTHING else f"log-rank {p_value}" + (", within cohort" if several else "")


def _draw_curve(ax: Axes, curve: Curve, censored: Floats, look: dict[str, Any]) -> None:
    years, colour = curve.time_days / DAYS_PER_YEAR, look["color"]
    ax.step(years, curve.survival, where="post", **look)
    ax.fill_between(years, curve.low, curve.high, step="post", color=colour, alpha=0.13, linewidth=0)
    ax.plot(censored / DAYS_PER_YEAR, curve.at(censored), "|", color=colour, markersize=4, markeredgewidth=0.7)


def _finish_survival_axes(ax: Axes, end_days: float, title: str) -> None:
    end = end_days / DAYS_PER_YEAR
    ax.set(xlim=(0, end), ylim=(0, 1.02), xlabel="years", ylabel="survival")
    # the test stands on the right of the same line
    ax.set_title(title, pad=16 if title else None)
    narrow = ax.get_window_extent().width < 3 * ax.figure.dpi
    ax.set_xticks(_year_ticks(end, 5 if narrow else 8))
    ax.set_yticks(np.linspace(0, 1, 6))
    ax.grid(axis="y", color=PALE, linewidth=0.6)
    ax.set_axisbelow(True)


def _year_ticks(end: float, most: int) -> Floats:
    """Even steps from 0."""
    step = next((step for step in (0.25, 0.5, 1, 2, 5, 10, 20) if end / step <= most), end / 4)
    ticks: Floats = np.arange(0, end + step * 1e-6, step)
    return ticks


def _head_table(ax: Axes) -> None:
    """Head the table below the axes: patients at risk under the ticks, events on the right."""
    _write(ax, "at risk", 0, (-38, _HEAD), color=GREY, ha="right")
    _write(ax, "events", 1, (26, _HEAD), color=GREY, ha="center")


def _write_row(ax: Axes, row: int, name: str, own: Outcome, look: dict[str, Any]) -> None:
    """Write the row of a group: name, a sample of its line, patients at risk, events."""
    height, ticks, end = _HEAD - 14 - 13 * row, ax.get_xticks(), ax.get_xlim()[1]
    _write(ax, shorten(name, 18), 0, (-38, height), ha="right")
    # in points from the corner of the axes, wherever it will be
    points = (
        Affine2D().scale(1 / 72) + ax.figure.dpi_scale_trans + ScaledTranslation(0, 0, cast(Affine2D, ax.transAxes))
    )
    ax.plot([-34, -14], [height, height], transform=points, clip_on=False, **look)
    for tick, number in zip(ticks, numbers_at_risk(own.time_days, ticks * DAYS_PER_YEAR), strict=True):
        _write(ax, str(number), tick / end, (0, height), ha="center")
    _write(ax, str(own.n_events), 1, (26, height), ha="center")


def _write(ax: Axes, text: str, x: float, points: tuple[float, float], **look: Any) -> None:
    """Write below the axes: `x` in shares of their width, then moved by some points."""
    ax.annotate(
        text,
        (x, 0),
        points,
        xycoords="axes fraction",
        textcoords="offset points",
        annotation_clip=False,
        va="center",
        **look,
    )
