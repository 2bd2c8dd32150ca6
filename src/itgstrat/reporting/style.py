"""The look of the figures: colours, letters and where to draw."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

#: Colours that readers with any colour vision tell apart; Okabe and Ito 2008, https://jfly.uni-koeln.de/color/
BLUE, ORANGE, GREEN, VERMILION, PURPLE, SKY, BLACK = (
    "#0072B2",
    "#E69F00",
    "#009E73",
    "#D55E00",
    "#CC79A7",
    "#56B4E9",
    "#000000",
)
GREY, PALE, INK = "#767676", "#E4E7EB", "#1F2933"

#: The look of every figure.
STYLE: Any = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 9,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "axes.titleweight": "bold",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": GREY,
    "axes.labelcolor": INK,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "legend.frameon": False,
    "lines.linewidth": 1.6,
    "svg.fonttype": "none",  # text stays text: small, selectable, editable in a drawing program
    "text.parse_math": False,  # a dollar sign in a name is a dollar sign
}


@contextmanager
def canvas(ax: Axes | None, width: float, height: float) -> Iterator[Axes]:
    """Give the caller's axes, or new ones, and hold the style of the house while drawing.

    Parameters
    ----------
    ax : matplotlib Axes or None
        Where the caller wants the drawing.
    width, height : float
        Size in inches of a figure of its own.

    Yields
    ------
    matplotlib Axes
        Where to draw.
    """
    with matplotlib.rc_context(STYLE):
        yield Figure(figsize=(width, height)).add_subplot() if ax is None else ax


def new_axes(width: float = 3.4, height: float = 2.8) -> Axes:
    """Make axes in the style of the house, in a figure of an exact size, such as a column of a journal.

    Parameters
    ----------
    width, height : float
        Size of the whole figure in inches, names and legends included; a column is about 3.4 wide, a page 7.

    Returns
    -------
    matplotlib Axes
        To be given to a figure as `ax`; ``ax.figure.savefig`` writes it.

    Examples
    --------
    >>> new_axes().figure.get_size_inches().tolist()
    [3.4, 2.8]
    """
    with matplotlib.rc_context(STYLE):
        return Figure(figsize=(width, height), layout="constrained").add_subplot()
