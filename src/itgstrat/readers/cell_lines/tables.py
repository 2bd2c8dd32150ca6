"""Tables of cell-line screens as text: which columns are words, which are numbers, and whether all are there."""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl

from itgstrat.biology.hgnc import load_hgnc
from itgstrat.errors import InputError, name_some
from itgstrat.readers.binary import is_binary, read_frame
from itgstrat.readers.content import first_bytes, read_text
from itgstrat.readers.dialect import refuse_repeats

_MISSING = ["", "-", "NA", "NaN", "nan", "N/A", "null"]
_GENE_ENTREZ = re.compile(r"(\S+) \((\d+|unknown|nan)\)")


def read_table(path: str | Path, text: Collection[str] | None, needed: Sequence[str] = ()) -> pl.DataFrame:
    """Read a table whose columns are words where named, and numbers elsewhere.

    Parameters
    ----------
    path : str or Path
        CSV or TSV (plain or .gz), parquet or feather.
    text : collection of str, or None
        Columns of words, where they are there; None for all.
    needed : sequence of str
        Columns that must be there.

    Returns
    -------
    polars.DataFrame
        A column without a name is called ``""``.

    Raises
    ------
    InputError
        If the file is no such table, a needed column is not there, or a number is none.
    """
    path = Path(path)
    start = first_bytes(path)
    frame = read_frame(path, start) if is_binary(start) else _parse(read_text(path), text, path)
    missing = [name for name in needed if name not in frame.columns]
    if missing:
        raise InputError(
            f"{path}: the column{'s' * (len(missing) > 1)} {name_some(missing)} must be there; found "
            f"{name_some(frame.columns)}; give the file as it was published"
        )
    return frame


def _parse(body: bytes, text: Collection[str] | None, path: Path) -> pl.DataFrame:
    head, _, _ = body.partition(b"\n")
    separator = "\t" if b"\t" in head else ","
    try:
        row = pl.read_csv(head, separator=separator, has_header=False, infer_schema=False).row(0)
        names = ["" if name is None else str(name).strip() for name in row]
        refuse_repeats(names, "columns", path)
        kinds = [pl.String if text is None or name in text else pl.Float64 for name in names]
        schema = {f"c{at}": kind for at, kind in enumerate(kinds)}
        frame = pl.read_csv(
            body, separator=separator, has_header=False, skip_rows=1, schema=schema, null_values=_MISSING
        )
    except pl.exceptions.PolarsError as error:
        reason = str(error).partition("\n")[0]
        raise InputError(f"{path}: not the table that is expected here ({reason}); download it again") from error
    return frame.rename(dict(zip(frame.columns, names, strict=True)))


def numbers_by_line(
    frame: pl.DataFrame, lines: Sequence[str], columns: Sequence[str], path: str | Path, orient: str = "line"
) -> pd.DataFrame:
    """Make a table of numbers with one row a line.

    Parameters
    ----------
    frame : polars.DataFrame
        Holds the numbers.
    lines : sequence of str
        Names of the lines: of the rows, or of the columns where lines stand in columns.
    columns : sequence of str
        Names of the features or drugs.
    path : str or Path
        For messages.
    orient : {"line", "feature"}
        What a row of `frame` is.

    Returns
    -------
    DataFrame of float64, shape (n_lines, n_columns)
        Lines without any number are left out.

    Raises
    ------
    InputError
        If a line or a column is there twice, or no line has a number.
    """
    values = frame.to_numpy().astype(np.float64)
    table = pd.DataFrame(values if orient == "line" else values.T, index=list(lines), columns=list(columns))
    for what, names in (("line", table.index), ("column", table.columns)):
        if names.has_duplicates:
            twice = name_some(names[names.duplicated()].unique())
            raise InputError(f"{path}: the {what} names {twice} are there more than once; keep one of each")
    table = table[table.notna().any(axis=1)]
    if table.empty:
        raise InputError(f"{path}: no line has a number; give the file as it was published")
    return table


def mean_by_gene(table: pd.DataFrame, genes: Sequence[str]) -> pd.DataFrame:
    """Average the features of one gene, such as several antibodies against it.

    Parameters
    ----------
    table : DataFrame, shape (n_lines, n_features)
        Values.
    genes : sequence of str
        Gene of each feature.

    Returns
    -------
    DataFrame, shape (n_lines, n_genes)
        Genes in the order in which they come first.

    Examples
    --------
    >>> mean_by_gene(pd.DataFrame([[1.0, 3.0, 5.0]]), ["b", "b", "a"]).to_numpy()
    array([[2., 5.]])
    """
    return table.set_axis(list(genes), axis=1).T.groupby(level=0, sort=False).mean().T


def symbols_of(features: Collection[str], clean: Callable[[str], str] = str.strip) -> dict[str, str]:
    """Find the approved symbol of each feature.

    Parameters
    ----------
    features : collection of str
        Gene symbols of any age.
    clean : callable
        What to do to a feature before it is looked up.

    Returns
    -------
    dict of str to str
        Only the features that have one.
    """
    found = zip(features, load_hgnc().resolve_many([clean(name) for name in features]), strict=True)
    return {name: hit.symbol for name, hit in found if hit and hit.symbol}


def split_gene_entrez(columns: Sequence[str]) -> dict[str, str]:
    """Find the gene of columns named ``SYMBOL (Entrez id)``, by the id where it is known.

    Parameters
    ----------
    columns : sequence of str
        Column names of a DepMap matrix.

    Returns
    -------
    dict of str to str
        Column -> HGNC symbol; columns of another form, or without an approved gene, are left out.

    Examples
    --------
    >>> split_gene_entrez(["TSPAN6 (7105)", "ModelID"])
    {'TSPAN6 (7105)': 'TSPAN6'}
    """
    table, found = load_hgnc(), {}
    for column in columns:
        if match := _GENE_ENTREZ.fullmatch(column):
            by_name = table.resolve(match[1])
            symbol = table.from_entrez(match[2]) or (by_name.symbol if by_name else None)
            if symbol:
                found[column] = symbol
    return found


def text_column(frame: pl.DataFrame, name: str) -> list[str]:
    """Give a column as words; empty where missing.

    Parameters
    ----------
    frame : polars.DataFrame
        The table.
    name : str
        The column.

    Returns
    -------
    list of str
        One word a row; whole numbers without a decimal point.
    """
    return ["" if value is None else _spell(value) for value in frame[name].to_list()]


def _spell(value: object) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value).strip()


def pairs(frame: pl.DataFrame, key: str, value: str) -> Mapping[str, str]:
    """Give two columns as a mapping, without rows where either is missing.

    Parameters
    ----------
    frame : polars.DataFrame
        The table.
    key, value : str
        The columns.

    Returns
    -------
    dict of str to str
        The first row of a key counts.
    """
    rows = zip(text_column(frame, key), text_column(frame, value), strict=True)
    found: dict[str, str] = {}
    for name, other in rows:
        if name and other:
            found.setdefault(name, other)
    return found
