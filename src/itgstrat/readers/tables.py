"""The one door to disk for tables: TSV, CSV (plain or .gz), parquet, feather; polars reads, numpy holds."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd
import polars as pl

from itgstrat.errors import InputError, name_some
from itgstrat.readers.content import first_bytes, read_text
from itgstrat.readers.dialect import Dialect, count_fields, detect_dialect, refuse_repeats

#: A column of a table, whatever it holds.
Column: TypeAlias = "pd.Series[Any]"

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
_MISSING_NUMBERS = ["", "NA", "N/A", "NaN", "nan", "NAN", "null", "NULL", "None", "#N/A", "na", "n/a"]
#: Columns that describe a gene and stand next to its label (cBioPortal, GDC, GCT, featureCounts, biomaRt).
_ANNOTATIONS = {
    *("entrez_gene_id", "entrez", "entrezgene", "entrezid", "entrez_id", "geneid", "gene_id", "gene_length"),
    *("length", "start", "end", "chr", "chrom", "chromosome", "strand", "description", "gene_type"),
    *("gene_biotype", "biotype", "cytoband", "symbol", "hugo_symbol", "gene_name", "gene_symbol"),
    *("hgnc_symbol", "hgnc_id", "ensembl_gene_id", "ensembl_id", "accession", "name"),
}
#: Names under which pandas and others keep the row labels of a binary table.
_LABELS = ("__index_level_0__", "gene", "genes", "index", "symbol", "hugo_symbol", "gene_symbol", "gene_name")
_PARQUET, _FEATHER, _FEATHER_OLD = b"PAR1", b"ARROW1", b"FEA1"


@dataclass(frozen=True, eq=False)
class RawMatrix:
    """A matrix of numbers as it lies in a file, with the labels of both axes.

    Parameters
    ----------
    rows, columns : tuple of str
        Labels as written; a label may occur more than once.
    values : ndarray of float32, shape (n_rows, n_columns)
        The numbers; NaN is missing.
    left_out : tuple of str
        Columns that describe the rows and hold no measurement.
    source : str
        The file.
    """

    rows: tuple[str, ...]
    columns: tuple[str, ...]
    values: npt.NDArray[np.float32]
    left_out: tuple[str, ...] = ()
    source: str = ""


def read_matrix(path: str | Path) -> RawMatrix:
    r"""Read a matrix of numbers: one column of labels, then one column of numbers for each header name.

    The kind of file is told by its content, not by its ending. Columns that only describe the rows (text, or
    a known name such as ``Entrez_Gene_Id``) are left out and named.

    Parameters
    ----------
    path : str or Path
        TSV, CSV (tab, comma, semicolon or space; plain or gzip), parquet or feather.

    Returns
    -------
    RawMatrix
        Labels and float32 values.

    Raises
    ------
    InputError
        If the path leads to no table of numbers, rows are ragged, or a cell holds text or an infinite number.

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
    if start.startswith((_PARQUET, _FEATHER, _FEATHER_OLD)):
        return _from_frame(_read_binary(path, start), path)
    text = read_text(path)
    dialect = detect_dialect(text, path)
    return _from_text(text[dialect.start :], dialect, path)


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
    if start.startswith((_PARQUET, _FEATHER, _FEATHER_OLD)):
        frame = _read_binary(path, start)
    else:
        text = read_text(path)
        dialect = detect_dialect(text, path)
        refuse_repeats([name for name in dialect.header if name], "columns of the clinical table", path)
        frame = _parse(text[dialect.start :], dialect, [pl.String] * len(dialect.header), path)
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


def _read_binary(path: Path, start: bytes) -> pl.DataFrame:
    if start.startswith(_FEATHER_OLD):
        raise InputError(f"{path}: feather version 1 is no longer read; save it again as feather version 2 or parquet")
    try:
        frame = (pl.read_parquet if start.startswith(_PARQUET) else pl.read_ipc)(path)
    except (pl.exceptions.PolarsError, OSError) as error:
        what = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(f"{path}: the table is damaged or cut off ({what}); download or export it again") from error
    if frame.height == 0 or frame.width < 2:
        raise InputError(f"{path}: the table has {frame.height} rows and {frame.width} columns; nothing to read")
    return frame


def _from_frame(frame: pl.DataFrame, path: Path) -> RawMatrix:
    text = [name for name, dtype in frame.schema.items() if not (dtype.is_numeric() or dtype == pl.Null)]
    labels = sorted(text, key=lambda name: _LABELS.index(name.lower()) if name.lower() in _LABELS else len(_LABELS))
    whole = [name for name in frame.columns if name.lower() in _ANNOTATIONS and frame[name].dtype.is_integer()]
    if not labels and not whole:
        raise InputError(
            f"{path}: no column of labels among {name_some(frame.columns)}; keep the gene or patient names "
            "as a column of text (in pandas: frame.reset_index().to_parquet(...))"
        )
    label = (labels or whole)[0]
    words = set(text)
    left_out = {name for name in frame.columns if name in words or _describes(name)} - {label}
    measured = tuple(name for name in frame.columns if name not in left_out and name != label)
    return _assemble(frame[label].cast(pl.String), frame.select(measured), measured, tuple(sorted(left_out)), path)


def _from_text(body: bytes, dialect: Dialect, path: Path) -> RawMatrix:
    label = _label_position(dialect)
    types = [pl.Float32 if _numeric(dialect, at) else pl.String for at in range(len(dialect.header))]
    types[label] = pl.String
    try:
        frame = _parse(body, dialect, types, path)
    except pl.exceptions.PolarsError:  # some cell is no number: read all as text and name it
        frame = _parse(body, dialect, [pl.String] * len(types), path)
    rows = frame.to_series(label)
    columns = []
    for at, (name, column) in enumerate(zip(dialect.header, frame.get_columns(), strict=True)):
        if at <= label or _describes(name) or (not name and column.is_null().all()):
            continue
        numbers = _to_numbers(column, rows, name, path)
        if numbers is not None:
            columns.append((name, numbers))
    kept = tuple(name for name, _ in columns)
    others = set(dialect.header) - {*kept, dialect.header[label], ""}
    left_out = tuple(name for name in dialect.header if name in others)
    values = pl.DataFrame([column for _, column in columns])
    return _assemble(rows, values, kept, left_out, path)


def _label_position(dialect: Dialect) -> int:
    """Take the first column, unless it only numbers the rows and text stands beside it (R, pandas)."""
    first = [row[0] for row in dialect.peek if row]
    numbered = any(first == [str(start + at) for at in range(len(first))] for start in (0, 1))
    unnamed = dialect.header[0].lower() in ("", "unnamed: 0", "x", "row.names")
    beside = len(dialect.header) > 2 and not _numeric(dialect, 1)
    return int(numbered and unnamed and beside)


def _numeric(dialect: Dialect, at: int) -> bool:
    cells = [row[at] for row in dialect.peek if at < len(row) and row[at] not in _MISSING_NUMBERS]
    return not cells or any(_is_number(cell) for cell in cells)


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _describes(name: str) -> bool:
    return name.lower().replace(" ", "_").replace(".", "_") in _ANNOTATIONS


def _parse(body: bytes, dialect: Dialect, types: Sequence[type[pl.DataType]], path: Path) -> pl.DataFrame:
    schema = {f"c{at}": dtype for at, dtype in enumerate(types)}
    try:
        frame = pl.read_csv(
            body, has_header=False, separator=dialect.delimiter, schema=schema, null_values=_MISSING_NUMBERS
        )
    except pl.exceptions.PolarsError:
        _refuse_ragged(body, dialect, path)
        if pl.Float32 in types:
            raise
        raise InputError(f"{path}: the rows cannot be told apart; look for an unclosed quotation mark") from None
    if frame.to_series(-1).null_count():  # a row that is too short leaves its last cell empty
        _refuse_ragged(body, dialect, path)
        frame = frame.filter(~pl.all_horizontal(pl.all().is_null()))
    if frame.height == 0:
        raise InputError(f"{path}: a header without a single row below it; export the table again")
    return frame


def _refuse_ragged(body: bytes, dialect: Dialect, path: Path) -> None:
    ragged = count_fields(body, dialect)
    if ragged:
        raise InputError(
            f"{path}: the header has {len(dialect.header)} fields, but {name_some(ragged)}; the file may "
            "be cut off, or a name may hold the delimiter: export it again"
        )


def _to_numbers(column: pl.Series, labels: pl.Series, name: str, path: Path) -> pl.Series | None:
    """Give a column as float32, or None if it holds text and not one number."""
    if column.dtype != pl.String:
        return column
    text = column.str.strip_chars()
    text = text.set(text.is_in(_MISSING_NUMBERS), None)
    numbers = text.cast(pl.Float32, strict=False)
    bad = (numbers.is_null() & text.is_not_null()).arg_true()
    if not len(bad):
        return numbers
    if numbers.null_count() == len(numbers) and not _has_decimal_comma(text):
        return None
    cells = [f"row {labels[at]!r}, column {name!r}: {text[at]!r}" for at in bad]
    hint = "; decimal commas: save the numbers with decimal points" if _has_decimal_comma(text) else ""
    raise InputError(
        f"{path}: text where a number is needed: {name_some(cells)}{hint}; correct the cells, or write NA "
        "where a value is missing"
    )


def _has_decimal_comma(text: pl.Series) -> bool:
    return bool(text.str.contains(r"^[+-]?\d+,\d+$").any())


def _assemble(
    labels: pl.Series, values: pl.DataFrame, columns: tuple[str, ...], left_out: tuple[str, ...], path: Path
) -> RawMatrix:
    if not columns:
        raise InputError(
            f"{path}: no column of numbers beside the labels (text: {name_some(left_out) or 'none'}); an "
            "expression matrix needs one number per gene and patient: is this a clinical or mutation "
            "table?"
        )
    rows = tuple((label or "").strip() for label in labels.to_list())
    matrix = values.cast(pl.Float32).to_numpy()
    endless = np.argwhere(np.isinf(matrix))
    if len(endless):
        cells = [f"row {rows[row]!r}, column {columns[column]!r}" for row, column in endless]
        raise InputError(
            f"{path}: infinite numbers: {name_some(cells)}; most often the logarithm of zero: write NA "
            "there, or use log2(x + 1)"
        )
    return RawMatrix(rows, columns, matrix, left_out, str(path))
