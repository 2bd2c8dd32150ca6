"""Tables of text as portals write them (tab-separated, unquoted), and a cheap look at the head of a file."""

import io
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import polars as pl

from itgstrat.errors import InputError, name_some
from itgstrat.readers.content import first_text
from itgstrat.readers.tables import tidy_clinical

#: Bytes of a file that are looked at to recognise its layout.
_HEAD = 1 << 16
_LINES = 6
_MISSING = ["", "NA", "NaN", "nan", "null", "N/A"]


def look_at(source: str) -> tuple[tuple[str, ...], ...]:
    """Look at the first lines of a text file, packed or not; never raises.

    Parameters
    ----------
    source : str
        Any path.

    Returns
    -------
    tuple of tuple of str
        Tab-separated fields of the first lines (comments included); a very long line is cut. Empty for a folder
        or a file that cannot be read.
    """
    path = Path(source)
    try:
        if not path.is_file():
            return ()
        found = path.stat()
    except (OSError, ValueError):
        return ()
    return _look_at(source, found.st_mtime_ns, found.st_size)


@lru_cache(maxsize=64)
def _look_at(source: str, _changed: int, _size: int) -> tuple[tuple[str, ...], ...]:
    return split_lines(first_text(Path(source), _HEAD))


def split_lines(text: str) -> tuple[tuple[str, ...], ...]:
    r"""Split the first lines of a text into fields.

    Parameters
    ----------
    text : str
        Beginning of a file.

    Returns
    -------
    tuple of tuple of str
        Tab-separated, or comma-separated where there is no tab in the first line that is no comment.

    Examples
    --------
    >>> split_lines("sample\tOS\nA\t1\n")
    (('sample', 'OS'), ('A', '1'))
    """
    lines = [line for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n")[:_LINES] if line.strip()]
    first = next((line for line in lines if not line.startswith("#")), "")
    delimiter = "\t" if "\t" in first or "," not in first else ","
    return tuple(tuple(field.strip().strip('"') for field in line.split(delimiter)) for line in lines)


def parse_rows(text: bytes, source: str, delimiter: str = "\t") -> pl.DataFrame:
    """Parse a text table without quotation marks; every cell is text.

    Parameters
    ----------
    text : bytes
        UTF-8 with plain line ends; the first line is the header.
    source : str
        The file, for messages.
    delimiter : str
        One character.

    Returns
    -------
    DataFrame
        Columns ``c0``, ``c1``, ...; the first row is the header. Empty cells are empty text.

    Raises
    ------
    InputError
        If a row has more or fewer fields than the header, or there is no row below it.
    """
    width = text.split(b"\n", 1)[0].count(delimiter.encode()) + 1
    frame = _parse(text, width, {}, delimiter, source)
    frame = frame.filter(~pl.all_horizontal(pl.all().is_null())).with_columns(pl.all().fill_null("").str.strip_chars())
    if frame.height < 2:
        raise InputError(f"{source}: a header without a single row below it; download it again")
    return frame


def parse_numbers(
    body: bytes, width: int, columns: Mapping[int, str], source: str
) -> tuple[tuple[str, ...], npt.NDArray[np.float32]]:
    """Parse some columns of numbers of a tab-separated table whose first column holds labels.

    Parameters
    ----------
    body : bytes
        The rows, without header lines.
    width : int
        Number of fields of the header.
    columns : mapping of int to str
        Position and name of each column to read.
    source : str
        The file, for messages.

    Returns
    -------
    tuple of tuple of str and ndarray of float32, shape (n_columns, n_rows)
        Labels and numbers; NaN is missing.

    Raises
    ------
    InputError
        If rows are ragged, or a cell holds text (which cells).
    """
    if not body.strip():
        raise InputError(f"{source}: a header without a single row below it; download it again")
    try:
        frame = _parse(body, width, dict.fromkeys(columns, pl.Float32), "\t", source, (0, *columns))
    except pl.exceptions.PolarsError:  # some cell is no number: read all as text and name it
        frame = _parse(body, width, {}, "\t", source, (0, *columns))
        _refuse_text(frame, columns, source)
        frame = frame.with_columns(pl.exclude("c0").str.strip_chars().cast(pl.Float32))
    labels = frame.to_series(0).fill_null("").str.strip_chars(' "').to_list()
    return tuple(labels), np.ascontiguousarray(frame[:, 1:].to_numpy().T, dtype=np.float32)


def _refuse_text(frame: pl.DataFrame, columns: Mapping[int, str], source: str) -> None:
    cells = []
    for at, name in columns.items():
        text = frame[f"c{at}"].str.strip_chars()
        bad = (text.cast(pl.Float32, strict=False).is_null() & text.is_not_null()).arg_true()
        cells += [f"row {frame['c0'][row]!r}, column {name!r}: {text[row]!r}" for row in bad]
    if cells:
        raise InputError(f"{source}: text where a number is needed: {name_some(cells)}; download it again")


def _parse(
    text: bytes,
    width: int,
    numbers: Mapping[int, type[pl.DataType]],
    delimiter: str,
    source: str,
    columns: Sequence[int] | None = None,
) -> pl.DataFrame:
    if _is_ragged(text, width, delimiter) and (ragged := _name_ragged(text, width, delimiter)):
        raise InputError(f"{source}: the header has {width} fields, but {ragged}; it may be cut off: download it again")
    schema = {f"c{at}": numbers.get(at, pl.String) for at in range(width)}
    return pl.read_csv(
        io.BytesIO(text),
        has_header=False,
        separator=delimiter,
        schema=schema,
        columns=None if columns is None else sorted(columns),
        quote_char=None,
        null_values=_MISSING if numbers or columns else None,
    )


def _is_ragged(text: bytes, width: int, delimiter: str) -> bool:
    lines = text.count(b"\n") + (not text.endswith(b"\n"))
    return text.count(delimiter.encode()) != lines * (width - 1)


def _name_ragged(text: bytes, width: int, delimiter: str) -> str:
    rows = [
        f"line {number} has {line.count(delimiter.encode()) + 1} fields"
        for number, line in enumerate(text.split(b"\n"), 1)
        if line.strip() and line.count(delimiter.encode()) + 1 != width
    ]
    return name_some(rows)


def parse_sheet(text: bytes, source: str, delimiter: str = "\t") -> pd.DataFrame:
    """Parse a clinical or sample table; spellings of missing become NaN, columns of numbers float64.

    Parameters
    ----------
    text : bytes
        UTF-8 with plain line ends; the first line is the header.
    source : str
        The file, for messages.
    delimiter : str
        One character.

    Returns
    -------
    DataFrame
        Columns as the header names them.

    Raises
    ------
    InputError
        If rows are ragged, or a column name occurs twice.
    """
    frame = parse_rows(text, source, delimiter)
    names = _name_columns([str(name) for name in frame.row(0)], source)
    columns = {name: frame[1:, at].to_list() for at, name in enumerate(names)}
    return tidy_clinical(pd.DataFrame(columns))


def _name_columns(names: Sequence[str], source: str) -> list[str]:
    given = [name or f"column {at}" for at, name in enumerate(names, 1)]
    repeated = sorted({name for name in given if given.count(name) > 1})
    if repeated:
        raise InputError(f"{source}: columns occur twice: {name_some(repeated)}; remove or rename the copies")
    return given


def drop_empty(table: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """Leave out the columns without a single value, of which portal tables have hundreds.

    Parameters
    ----------
    table : DataFrame
        A clinical table.

    Returns
    -------
    tuple of DataFrame and int
        The rest, and how many were left out.
    """
    kept = table.loc[:, table.notna().any()]
    return kept, table.shape[1] - kept.shape[1]
