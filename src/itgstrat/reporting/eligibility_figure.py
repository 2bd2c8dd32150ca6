"""Who is eligible for which agent: a bar an agent, parted by the answer."""

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.transforms import ScaledTranslation

from itgstrat.learned.agents import CALLS
from itgstrat.reporting.style import BLUE, INK, ORANGE, PALE, canvas

if TYPE_CHECKING:
    import pandas as pd

#: A colour an answer; those without an answer are pale.
_COLOURS = {"eligible": BLUE, "not eligible": ORANGE, "cannot tell": PALE}
#: Inches from the axes down to the legend: room for the ticks and two lines of words, however many bars there are.
_BELOW = 0.62


def plot_eligibility(counts: "pd.DataFrame", *, title: str = "", ax: Axes | None = None) -> Axes:
    """Draw the share of patients who are eligible, are not, or cannot be told, for each agent.

    Parameters
    ----------
    counts : DataFrame
        From `itgstrat.antagonists.context.count_calls`; one bar a row, the first on top. With a column ``type`` each
        bar is an agent in a tumour type.
    title : str
        Title.
    ax : matplotlib Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib Axes
        The drawing.

    References
    ----------
    Arun 2018, doi 10.18632/oncotarget.25731 (the share of tumours that an integrin target would select)
    """
    names = [
        f"{row['agent']}, {row['type']}" if "type" in counts else str(row["agent"]) for _, row in counts.iterrows()
    ]
    with canvas(ax, 6.4, 0.9 + 0.26 * len(names)) as ax:
        at, left = np.arange(len(names)), np.zeros(len(names))
        for call in reversed(CALLS):
            share = counts[call].to_numpy(float) / counts["patients"].to_numpy(float)
            ax.barh(at, share, left=left, height=0.72, color=_COLOURS[call], label=call)
            left += share
        told = [f"{eligible} of {n}" for eligible, n in zip(counts[CALLS[2]], counts["patients"], strict=True)]
        for row, text in enumerate(told):
            ax.text(1.01, row, text, va="center", fontsize=8, color=INK)
        ax.set_yticks(at, names)
        ax.invert_yaxis()
        ax.set_xlim(0, 1)
        ax.set_xlabel("share of patients; numbers: eligible\n(putative, by target and context)")
        ax.set_title(title)
        by_name = (f"{name}: {text}" for name, text in zip(names, told, strict=True))
        ax.set_label("Patients eligible (putative): " + "; ".join(by_name))
        ax.legend(
            loc="upper center",
            bbox_to_anchor=(0.5, 0),
            bbox_transform=ax.transAxes + ScaledTranslation(0, -_BELOW, ax.figure.dpi_scale_trans),
            ncols=3,
            handlelength=1,
            columnspacing=1,
        )
    return ax
