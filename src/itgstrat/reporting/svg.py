"""A figure as inline SVG: the same bytes every time, with a description for readers who cannot see it."""

import re
from html import escape
from io import BytesIO

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure

from itgstrat.reporting.style import STYLE


def describe(drawing: Axes | Figure | SubFigure) -> str:
    """Say in words what a figure shows, for a screen reader or a caption.

    Parameters
    ----------
    drawing : matplotlib Axes or Figure
        Drawn by the functions of `itgstrat.figures`, which leave their description as the label of the axes.

    Returns
    -------
    str
        The description; of a figure with several panels those of all panels, in order; empty where there is none.

    Examples
    --------
    >>> ax = Figure().add_subplot()
    >>> ax.set_label("Risk of two patients: -1 and 1")
    >>> describe(ax)
    'Risk of two patients: -1 and 1'
    """
    panels = [drawing] if isinstance(drawing, Axes) else drawing.axes
    return ". ".join(filter(None, (str(ax.get_label()) for ax in panels if ax.get_label() != "<colorbar>")))


def figure_svg(drawing: Axes | Figure | SubFigure, name: str = "figure", label: str = "") -> str:
    """Write a figure as inline SVG: the same bytes every time, readable by a screen reader.

    Parameters
    ----------
    drawing : matplotlib Figure or Axes
        The figure, or axes of it.
    name : str
        Prefix of every id in the SVG; unique within a page, so that two figures do not share clip paths.
    label : str
        What the figure shows, in words; what `describe` says of it, if not given.

    Returns
    -------
    str
        An ``<svg>`` element with ``role="img"``, an ``aria-label`` and a ``<title>``.

    Raises
    ------
    ValueError
        If the axes were removed from their figure.

    Examples
    --------
    >>> figure_svg(Figure(), "empty", "Nothing yet")[:21]
    '<svg role="img" aria-'
    """
    figure = drawing.get_figure(root=True)
    if figure is None:
        raise ValueError("the axes were removed from their figure; there is nothing to write")
    told = escape(label or describe(figure))
    buffer = BytesIO()
    nameless = dict.fromkeys(("Date", "Creator", "Format", "Type"))  # no time, no version: the same bytes
    with matplotlib.rc_context({**STYLE, "svg.hashsalt": name}):
        figure.savefig(buffer, format="svg", bbox_inches="tight", pad_inches=0.04, metadata=nameless)
    text = buffer.getvalue().decode()
    text = re.sub(r"<!--.*?-->", "", text[text.index("<svg") :], flags=re.DOTALL)
    text = re.sub(r"<[^>]+>", lambda tag: _prefix_ids(tag[0], name), text)
    head, _, body = text.partition(">")
    head = head.replace("<svg", f'<svg role="img" aria-label="{told}"', 1)
    return f"{head}><title>{told}</title>{body.strip()}"


def _prefix_ids(tag: str, name: str) -> str:
    return re.sub(r'(\sid="|url\(#|href="#)', lambda found: f"{found[0]}{name}-", tag)
