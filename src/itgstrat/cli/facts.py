"""How the catalogue commands write tables, records and JSON; they read well at 80 columns."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def print_json(records: Any) -> None:
    """Print records as JSON.

    Parameters
    ----------
    records : dataclass, list of dataclasses or plain data
        What to print.
    """
    typer.echo(json.dumps(records, default=asdict, ensure_ascii=False, indent=1))


def print_record(title: str, rows: Mapping[str, str | Iterable[str]]) -> None:
    """Print one record as a heading and named values.

    Parameters
    ----------
    title : str
        Heading.
    rows : mapping of str to str or iterable of str
        Name -> value, or values each on its own line; empty values are left out.
    """
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 1))
    table.add_column(no_wrap=True, style="dim")
    table.add_column(overflow="fold")
    for name, value in rows.items():
        lines = [value] if isinstance(value, str) else list(value)
        for number, line in enumerate(filter(None, lines)):
            table.add_row("" if number else name, Text(line))
    console = make_console()
    console.print(Text(title, style="bold"))
    console.print(table)


def print_table(headings: Sequence[str], sections: Mapping[str, Sequence[Sequence[str]]]) -> None:
    """Print a table in sections; all columns but the last keep to one line.

    Parameters
    ----------
    headings : sequence of str
        Heads of the columns.
    sections : mapping of str to sequence of rows
        Title of a section -> its rows; a section without rows is left out.
    """
    from rich.table import Table
    from rich.text import Text

    widths = [
        max([len(heading), *(len(row[column]) for rows in sections.values() for row in rows)])
        for column, heading in enumerate(headings)
    ]
    console = make_console()
    for title, rows in sections.items():
        if not rows:
            continue
        table = Table(box=None, pad_edge=False, padding=(0, 1), show_header=bool(title), header_style="dim")
        for heading, width in zip(headings[:-1], widths[:-1], strict=True):
            table.add_column(heading, no_wrap=True, min_width=width)
        table.add_column(headings[-1], overflow="fold")
        for row in rows:
            table.add_row(*map(Text, row))
        console.print(Text(f"\n{title}", style="bold"))
        console.print(table)


def say(*lines: str) -> None:
    """Print closing lines below a table.

    Parameters
    ----------
    *lines : str
        What to say; each is short enough for one line.
    """
    typer.echo("\n" + "\n".join(lines))


def print_text(*paragraphs: str) -> None:
    """Print paragraphs, wrapped to the width of the terminal.

    Parameters
    ----------
    *paragraphs : str
        Plain text; a path is better left to `typer.echo`, so that it can be copied whole.
    """
    from rich.text import Text

    console = make_console()
    for paragraph in paragraphs:
        console.print(Text(paragraph))


def make_console() -> "Console":
    """Make a console that colours nothing by itself.

    Returns
    -------
    Console
        On standard output.
    """
    from rich.console import Console

    return Console(highlight=False)
