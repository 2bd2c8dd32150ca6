"""What the templates draw: tables and figures."""

from dataclasses import dataclass

from markupsafe import Markup


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
    """

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    words: tuple[int, ...] = ()
    strong: tuple[int, ...] = ()
    fixed: bool = False


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
