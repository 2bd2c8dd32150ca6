"""Tab-separated tables below comment lines, without quotation marks, as MAF and cBioPortal write them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from itgstrat.errors import InputError, name_some
from itgstrat.readers.content import first_text, read_text
from itgstrat.readers.dialect import refuse_repeats

#: What stands in a file that git has put elsewhere; cBioPortal's datahub keeps its large files so.
_LFS = b"version https://git-lfs.github.com/"
#: How much of a file is looked at to recognise it.
_PEEK = 1 << 20


@dataclass(frozen=True, eq=False)
class TextTable:
    """A table as text, column by column.

    Parameters
    ----------
    frame : polars.DataFrame of String
        The columns asked for; null is empty.
    header : tuple of str
        Names of all columns of the file.
    comments : tuple of str
        Lines before the header, without the ``#``.
    line : int
        Number of the header's line in the file, from 1.
    """

    frame: pl.DataFrame
    header: tuple[str, ...]
    comments: tuple[str, ...]
    line: int


def read_tsv(path: Path, columns: Sequence[str] | None = None) -> TextTable:
    """Read a tab-separated table as text; lines before the header that start with ``#`` are comments.

    Parameters
    ----------
    path : Path
        Plain or gzip-packed text.
    columns : sequence of str, optional
        Columns to read, in any case; those that the file does not have are left out. All if not given.

    Returns
    -------
    TextTable
        May have no row.

    Raises
    ------
    InputError
        If the path leads to no text, a line has more or fewer fields than the header, or a column that is
        read is there twice.
    """
    body = read_text(path)
    if body.startswith(_LFS):
        raise InputError(f"{path}: only the pointer of git LFS, not the file itself; fetch it with: git lfs pull")
    comments, start = _skip_comments(body)
    end = body.find(b"\n", start)
    end = len(body) if end < 0 else end
    header = tuple(name.strip() for name in body[start:end].decode().split("\t"))
    wanted = None if columns is None else {name.lower() for name in columns}
    places = [at for at, name in enumerate(header) if wanted is None or name.lower() in wanted]
    refuse_repeats([header[at].lower() for at in places if header[at]], "columns", path)
    line = len(comments) + 1
    frame = _parse(body[end + 1 :], header, places, line, path)
    return TextTable(frame, header, comments, line)


def _skip_comments(body: bytes) -> tuple[tuple[str, ...], int]:
    comments, start = [], 0
    while body.startswith(b"#", start):
        end = body.find(b"\n", start)
        if end < 0:
            break
        comments.append(body[start:end].decode().lstrip("#").strip())
        start = end + 1
    return tuple(comments), start


def _parse(body: bytes, header: tuple[str, ...], places: list[int], line: int, path: Path) -> pl.DataFrame:
    names = [header[at] or f"column {at + 1}" for at in places]
    if not body or body.isspace():
        return pl.DataFrame({name: [] for name in names}, schema=dict.fromkeys(names, pl.String))
    schema = {f"c{at}": pl.String for at in range(len(header))}
    try:
        frame = pl.read_csv(body, has_header=False, separator="\t", quote_char=None, schema=schema, columns=places)
    except pl.exceptions.PolarsError:
        _refuse_ragged(body, len(header), line, path)
        raise InputError(f"{path}: the rows cannot be told apart; export the table again") from None
    if body.count(b"\t") != (len(header) - 1) * len(frame):
        _refuse_ragged(body, len(header), line, path)
        frame = frame.filter(~pl.all_horizontal(pl.all().is_null()))  # blank lines
    return frame.rename(dict(zip(frame.columns, names, strict=True))).with_columns(
        pl.all().str.strip_chars().replace("", None)
    )


def _refuse_ragged(body: bytes, width: int, line: int, path: Path) -> None:
    lines = enumerate(body.split(b"\n"), line + 1)
    counts = ((number, text.count(b"\t") + 1) for number, text in lines if text.strip())
    ragged = [f"line {number} has {count}" for number, count in counts if count != width]
    if ragged:
        raise InputError(
            f"{path}: the header has {width} fields, but {name_some(ragged)}; the file may be cut off: "
            "download or export it again"
        )


def peek_rows(path: Path, count: int) -> list[list[str]]:
    """Split the first lines of a file at tabs, for a look at what it is.

    Parameters
    ----------
    path : Path
        Any file.
    count : int
        How many lines after the comments.

    Returns
    -------
    list of list of str
        The fields; empty if the file is no text. The last line may be cut off.
    """
    lines = [line for line in first_text(path, _PEEK).splitlines() if line.strip() and not line.startswith("#")]
    return [[field.strip() for field in line.split("\t")] for line in lines[:count]]
