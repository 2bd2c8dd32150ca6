"""How records show themselves in a notebook: a heading, a table, remarks; plain HTML, every text escaped."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape

#: Notebooks align cells to the right, which suits numbers and no words.
_LEFT = ' style="text-align: left"'


def list_html(title: str, rows: Mapping[str, str]) -> str:
    """Write a record as a heading and a table of names and values.

    Parameters
    ----------
    title : str
        Heading.
    rows : mapping of str to str
        Name -> value; empty values are left out.

    Returns
    -------
    str
        HTML.

    Examples
    --------
    >>> list_html("a < b", {"c": "", "d": ""})
    '<p><b>a &lt; b</b></p><table></table>'
    """
    lines = (f"<tr>{_cell('th', name)}{_cell('td', value)}</tr>" for name, value in rows.items() if value)
    return f"<p><b>{escape(title)}</b></p><table>{''.join(lines)}</table>"


def table_html(title: str, headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Write records as a heading and a table, a record a row.

    Parameters
    ----------
    title : str
        Heading.
    headings : sequence of str
        Heads of the columns.
    rows : iterable of sequence of str
        Cells.

    Returns
    -------
    str
        HTML.

    Examples
    --------
    >>> table_html("t", ["a"], [["1"]]).count("<tr>")
    2
    """
    head = "".join(_cell("th", heading) for heading in headings)
    lines = "".join(f"<tr>{''.join(_cell('td', cell) for cell in row)}</tr>" for row in rows)
    return f"<p><b>{escape(title)}</b></p><table><tr>{head}</tr>{lines}</table>"


def remarks_html(lines: Sequence[str], most: int = 5) -> str:
    """Write what a reader must know below a table.

    Parameters
    ----------
    lines : sequence of str
        Remarks.
    most : int
        How many are written; the others are counted.

    Returns
    -------
    str
        HTML; empty where there is nothing to say.

    Examples
    --------
    >>> remarks_html(["few events", "no sites"], most=1)
    '<ul><li>few events</li><li>and 1 more</li></ul>'
    """
    told = [*lines[:most], *([f"and {len(lines) - most} more"] if len(lines) > most else [])]
    return f"<ul>{''.join(f'<li>{escape(line)}</li>' for line in told)}</ul>" if told else ""


def _cell(tag: str, text: str) -> str:
    return f"<{tag}{_LEFT}>{escape(text)}</{tag}>"
