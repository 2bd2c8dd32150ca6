"""What the templates draw: tables and figures."""

import re
from dataclasses import dataclass

from markupsafe import Markup

#: Height in pixels below which letters of a figure are not shrunk to fit a narrow screen; it scrolls instead.
LEAST_LETTERS = 9.0


@dataclass(frozen=True)
class Table:
    """A table as the template draws it: the first column heads the rows.

    Parameters
    ----------
    caption : str
        What the table shows.
    columns : tuple of str
        Headings.
    rows : tuple of tuple of str
        Cells.
    words : tuple of int
        Columns that hold words; the others are numbers and aligned to the right.
    strong : tuple of int
        Rows that stand out.
    fixed : bool
        The rows keep their order: they are not one kind of thing.
    summary : str
        Its main number in one line, under which the table is folded away on a screen; empty where it is not.
    """

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    words: tuple[int, ...] = ()
    strong: tuple[int, ...] = ()
    fixed: bool = False
    summary: str = ""


@dataclass(frozen=True)
class FigurePart:
    """A figure with its caption.

    Parameters
    ----------
    svg : Markup
        Inline SVG; the one part of a page that is not escaped.
    caption : str
        What it shows and how to read it.
    name : str
        Name of the file that it is downloaded as.
    """

    svg: Markup
    caption: str
    name: str

    @property
    def least_width(self) -> float:
        """Width in pixels to which it may be shrunk: its smallest letters are then `LEAST_LETTERS` high.

        Examples
        --------
        >>> svg = '<svg width="300pt"><text style="font: 700 10px sans">A</text><text style="font: 9px sans">b</text>'
        >>> FigurePart(Markup(svg), "", "").least_width
        300.0
        """
        width = re.search(r'\bwidth="([\d.]+)pt"', self.svg)
        letters = [float(size) for size in re.findall(r"font(?:-size)?: [^;'\"]*?([\d.]+)px", self.svg)]
        if width is None or not letters:
            return 0.0
        points = float(width[1])  # one unit of the drawing is a point, 4/3 pixels
        return round(points * min(4 / 3, LEAST_LETTERS / min(letters)), 1)
