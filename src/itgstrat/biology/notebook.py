"""How records show themselves in a notebook: plain HTML, every text escaped."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape


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
    >>> list_html("a < b", {"c": "d", "e": ""})
    '<p><b>a &lt; b</b></p><table><tr><th>c</th><td>d</td></tr></table>'
    """
    lines = (f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>" for name, value in rows.items() if value)
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
    >>> table_html("t", ["a"], [["1"]])
    '<p><b>t</b></p><table><tr><th>a</th></tr><tr><td>1</td></tr></table>'
    """
    head = "".join(f"<th>{escape(heading)}</th>" for heading in headings)
    lines = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows)
    return f"<p><b>{escape(title)}</b></p><table><tr>{head}</tr>{lines}</table>"
