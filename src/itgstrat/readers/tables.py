"""The one door to disk for tables: TSV, CSV (plain or .gz), parquet, feather; polars reads, numpy holds."""

from collections.abc import Collection
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
import polars as pl

from itgstrat.readers.binary import is_binary, open_binary, read_frame
from itgstrat.readers.content import MAX_INFLATION, first_bytes, read_text, stream_text
from itgstrat.readers.dialect import detect_dialect, refuse_repeats
from itgstrat.readers.matrix import RawMatrix
from itgstrat.readers.textmatrix import parse_matrix, parse_text

__all__ = ["RawMatrix", "as_text", "read_clinical", "read_matrix", "tidy_clinical", "tidy_column"]

#: A column of a table, whatever it holds.
Column: TypeAlias = "pd.Series[Any]"

#: Bytes of text that are parsed at a time.
_TEXT = 1 << 22

#: Spellings of a missing value, as R, Python, Excel, GDC and the TCGA portals write them; any case.
MISSING_WORDS = {
    *(
        "",
        "na",
        "n/a",
        "nan",
        "null",
        "none",
        "#n/a",
        "--",
        "'--",
        "missing",
        "not available",
        "not reported",
    ),
    *("[not available]", "[not applicable]", "[not evaluated]", "[unknown]", "[discrepancy]", "[completed]"),
}


def read_matrix(
    path: str | Path,
    rows: Collection[str] | None = None,
    columns: Collection[str] | None = None,
    max_inflation: float = MAX_INFLATION,
) -> RawMatrix:
    r"""Read a matrix of numbers: one column of labels, then one column of numbers for each header name.

    The kind of file is told by its content, not by its ending. Columns that only describe the rows (text, or
    a known name such as ``Entrez_Gene_Id``) are left out and named.

    Parameters
    ----------
    path : str or Path
        TSV, CSV (tab, comma, semicolon or space; plain or gzip), parquet or feather.
    rows, columns : collection of str, optional
        Labels to keep; all if not given. Other columns of parquet and feather files are not read at all.
    max_inflation : float
        How many times larger than its archive a packed text may be; 256 MiB are always allowed.

    Returns
    -------
    RawMatrix
        Labels and float32 values.

    Raises
    ------
    InputError
        If the path leads to no table of numbers, rows are ragged, a cell holds text or an infinite number, an
        archive unpacks to too much, or none of the labels asked for is there.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder) / "small.tsv"
    ...     _ = path.write_text("gene\tA\tB\nx\t1\t2\n")
    ...     read_matrix(path).columns
    ('A', 'B')
    """
    path = Path(path)
    start = first_bytes(path)
    if is_binary(start):
        return open_binary(path, start).read(columns).keep(rows, None)
    return parse_matrix(lambda: stream_text(path, max_inflation, _TEXT), path).keep(rows, columns)


def read_clinical(path: str | Path) -> pd.DataFrame:
    """Read a clinical table; every spelling of missing becomes NaN, columns of numbers become float64.

    Identifiers with leading zeros stay text.

    Parameters
    ----------
    path : str or Path
        TSV, CSV (plain or gzip), parquet or feather.

    Returns
    -------
    DataFrame, shape (n_rows, n_variables)
        The columns as named in the file.

    Raises
    ------
    InputError
        If the path leads to no table, rows are ragged, or a column name occurs twice.
    """
    path = Path(path)
    start = first_bytes(path)
    if is_binary(start):
        frame = read_frame(path, start)
    else:
        text = read_text(path)
        dialect = detect_dialect(text, path)
        refuse_repeats([name for name in dialect.header if name], "columns of the clinical table", path)
        frame = parse_text(text[dialect.start :], dialect, [pl.String] * len(dialect.header), path)
        names = [name or f"column {number}" for number, name in enumerate(dialect.header, 1)]
        frame = frame.rename(dict(zip(frame.columns, names, strict=True)))
    return tidy_clinical(pd.DataFrame({name: frame[name].to_list() for name in frame.columns}))


def tidy_clinical(frame: pd.DataFrame) -> pd.DataFrame:
    """Turn spellings of missing into NaN and columns of numbers into float64.

    Parameters
    ----------
    frame : DataFrame
        Columns of text, numbers or categories.

    Returns
    -------
    DataFrame
        Columns of float64 where every value is a number, of text (object) elsewhere.
    """
    columns = {str(name): tidy_column(frame.iloc[:, at]) for at, name in enumerate(frame.columns)}
    return pd.DataFrame(columns, index=frame.index)


def tidy_column(column: Column) -> Column:
    """Tidy one clinical column; see `tidy_clinical`.

    Parameters
    ----------
    column : Series
        Text, numbers, truth values or categories.

    Returns
    -------
    Series of float64 or object
        Numbers where all values are numbers, else text; NaN is missing.
    """
    if pd.api.types.is_numeric_dtype(column):
        return pd.Series(column.to_numpy(dtype=np.float64, na_value=np.nan), index=column.index)
    text = as_text(column)
    known = text[text.notna()]
    numbers = pd.to_numeric(known, errors="coerce")
    padded = known.str.fullmatch(r"0\d+").any() if len(known) else False
    if numbers.notna().all() and np.isfinite(numbers).all() and not padded:
        return numbers.astype(np.float64).reindex(text.index)
    return text


def as_text(column: Column) -> Column:
    """Spell the values of a column as text: no blanks around it, ``1`` and never ``1.0``, NaN where missing.

    Parameters
    ----------
    column : Series
        Any values.

    Returns
    -------
    Series of object
        Text or NaN.
    """
    return pd.Series([_spell(value) for value in column], index=column.index, dtype=object)


def _spell(value: object) -> object:
    if isinstance(value, float | np.floating):
        return np.nan if np.isnan(value) else f"{value:.15g}"
    text = "" if value is None or value is pd.NA else str(value).strip()
    return np.nan if text.casefold() in MISSING_WORDS else text
