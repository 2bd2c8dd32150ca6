"""How survival, the risk or the probability of a label changes with one feature."""

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes

from itgstrat.reporting.labels import label_feature
from itgstrat.reporting.style import BLUE, GREY, INK, ORANGE, PALE, VERMILION, canvas
from itgstrat.reporting.wording import say_number, say_time

if TYPE_CHECKING:
    from itgstrat.explanation.dependence import Dependence

_LINES = (
    (BLUE, "-"),
    (ORANGE, (0, (5, 1.5))),
    (VERMILION, (0, (1.5, 1))),
    (GREY, "-."),
)


def plot_partial_dependence(record: "Dependence", *, title: str = "", ax: Axes | None = None) -> Axes:
    """Draw survival at some times, the risk or a probability, over the values of a feature, and where the patients are.

    Parameters
    ----------
    record : Dependence
        Partial dependence, or accumulated local effects, of at most four times.
    title : str
        Title.
    ax : matplotlib Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib Axes
        The drawing; the ticks at the foot are the deciles of the patients.

    Raises
    ------
    ValueError
        If there are more than four times, which no reader could tell apart.

    References
    ----------
    Apley & Zhu 2020, doi 10.1111/rssb.12377
    """
    n_lines = record.values.shape[1]
    if n_lines > len(_LINES):
        raise ValueError(f"{n_lines} times in one figure; {len(_LINES)} at most can be told apart, draw fewer")
    what = "probability" if record.label else "survival" if len(record.times_days) else "risk"
    names = [f"at {say_time(days)}" for days in record.times_days] or [what]
    feature, told = label_feature(record.feature), []
    with canvas(ax, 3.4, 2.6) as ax:
        for values, name, (colour, line) in zip(record.values.T, names, _LINES, strict=False):
            ax.plot(record.grid, values, color=colour, linestyle=line, label=name)
            ends = [say_number(float(value), 2, signed=record.kind == "accumulated") for value in values[[0, -1]]]
            told.append(f"{name} from {ends[0]} to {ends[1]}")
        deciles = np.quantile(record.patients, np.linspace(0.1, 0.9, 9))
        ax.plot(deciles, np.zeros(9), "|", color=INK, transform=ax.get_xaxis_transform(), clip_on=False, markersize=7)
        if record.kind == "accumulated":
            ax.axhline(0, color=GREY, linewidth=0.8, linestyle="--", zorder=1)
        ax.set(xlabel=f"{feature} (training SD)", title=title)
        ax.locator_params(axis="y", nbins=6)
        ax.set_ylabel(f"mean {what}" if record.kind == "partial" else f"difference in {what}")
        ax.grid(axis="y", color=PALE, linewidth=0.6)
        ax.set_axisbelow(True)
        if len(names) > 1:
            ax.legend(loc="best", handlelength=2.4, borderaxespad=0.3)
        span = f"{say_number(float(record.grid[0]), 1, True)} to {say_number(float(record.grid[-1]), 1, True)}"
        ax.set_label(f"{ax.get_ylabel()} with {feature} from {span} training SD: {'; '.join(told)}")
    return ax
