"""The decision curve: net benefit over the risk at which one would treat."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes

from itgstrat.reporting.style import BLUE, GREY, INK, PALE, VERMILION, canvas
from itgstrat.reporting.wording import say_time


def plot_decision(
    table: Sequence[Mapping[str, float]],
    horizon_days: float,
    *,
    title: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the net benefit of the model beside treating all, none, and by clinical variables alone.

    Parameters
    ----------
    table : sequence of mapping
        Rows with threshold, all, none, model and, where there is one, clinical, as `Comparison.decisions` holds them.
    horizon_days : float
        Horizon.
    title : str, optional
        Title; the horizon by default.
    ax : matplotlib Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib Axes
        The drawing; the highest line is the best way to decide at that threshold.

    Examples
    --------
    >>> rows = [{"threshold": p, "all": 0.4 - p, "none": 0.0, "model": 0.3 - p / 3} for p in (0.2, 0.4)]
    >>> [text.get_text() for text in plot_decision(rows, 730.5).get_legend().get_texts()]
    ['the model', 'treat all', 'treat none']
    """
    lines = (
        ("model", "the model", VERMILION, "-", 2.0),
        ("clinical", "clinical only", BLUE, (0, (5, 1.5)), 1.6),
        ("all", "treat all", INK, (0, (1.5, 1)), 1.2),
        ("none", "treat none", GREY, "-", 1.0),
    )
    thresholds = np.array([row["threshold"] for row in table], dtype=float)
    with canvas(ax, 3.2, 2.8) as ax:
        top = 0.05
        for name, label, colour, line, width in lines:
            values = np.array([row.get(name, np.nan) for row in table], dtype=float)
            if np.isnan(values).all():
                continue
            ax.plot(thresholds, values, color=colour, linestyle=line, linewidth=width, label=label)
            top = max(top, float(np.nanmax(values)))
        ax.set(xlim=(0, 1), ylim=(-0.25 * top, 1.08 * top), xlabel="risk from which one would treat")
        ax.set(ylabel="net benefit", title=f"at {say_time(horizon_days)}" if title is None else title)
        ax.grid(color=PALE, linewidth=0.6)
        ax.set_axisbelow(True)
        if ax.lines:
            ax.legend(loc="upper right", handlelength=2.4, borderaxespad=0.3)
    return ax
