"""Rows of a matrix in text, block by block: plain rows fast, others as polars reads tables."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

import numpy as np
import polars as pl

from itgstrat.readers.dialect import Dialect, detect_dialect
from itgstrat.readers.matrix import MISSING_NUMBERS, Array, clean_labels, describes
from itgstrat.readers.tall import TallParser


@dataclass(frozen=True)
class TextPlan:
    """Which column of a text table is what.

    Parameters
    ----------
    dialect : Dialect
        How the table is written.
    types : tuple of polars types
        One a column.
    label : int
        Position of the labels.
    measured, words, described : tuple of int
        Positions of the columns of numbers, of those that are text if they are what they seem, and of those whose
        text is kept.
    """

    dialect: Dialect
    types: tuple[type[pl.DataType], ...]
    label: int
    measured: tuple[int, ...]
    words: tuple[int, ...] = ()
    described: tuple[int, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns of numbers."""
        return tuple(self.dialect.header[at] for at in self.measured)

    @property
    def left_out(self) -> tuple[str, ...]:
        """Names of the columns that describe the rows."""
        kept = {*self.measured, self.label}
        return tuple(name for at, name in enumerate(self.dialect.header) if name and at not in kept)

    @property
    def is_tall(self) -> bool:
        """Whether all columns from the first one of numbers on are numbers."""
        return bool(self.measured) and len(self.measured) == len(self.dialect.header) - self.measured[0]


class UnplainError(Exception):
    """Rows that must be read as a whole, so that every fault in them can be named."""


@dataclass(frozen=True, eq=False)
class Rows:
    """Some rows of a matrix in text.

    Parameters
    ----------
    labels : list of str
        Label of each row.
    values : ndarray of float32, shape (n_rows, n_columns)
        The numbers; NaN is missing.
    size : int
        Bytes of their text.
    texts : mapping of str to list of str
        Columns that describe the rows.
    """

    labels: list[str]
    values: Array
    size: int
    texts: Mapping[str, list[str]] = field(default_factory=dict)


def parse_rows(
    blocks: Iterator[bytes], path: Path, dialect: Dialect | None = None, n_described: int | None = None
) -> tuple[TextPlan, Iterator[Rows]]:
    """Parse a matrix of numbers in text, some rows at a time; see `parse_matrix`.

    Parameters
    ----------
    blocks : iterator of bytes
        The text in blocks of whole lines.
    path, dialect, n_described
        As in `parse_matrix`.

    Returns
    -------
    plan : TextPlan
        Which column is what.
    rows : iterator of Rows
        Raises `UnplainError` where a row needs a second look, or there is none; `parse_whole` is for such files.

    Raises
    ------
    InputError
        If there is no table.
    """
    head = _first_block(blocks, dialect.start if dialect else 0)
    dialect = dialect or detect_dialect(head, path)
    plan = _plan(dialect) if n_described is None else _plan_declared(dialect, n_described)
    return plan, _parse_blocks(chain([head[dialect.start :]], blocks), plan)


def _first_block(blocks: Iterator[bytes], start: int) -> bytes:
    """Take blocks until the header and a few rows are there."""
    head = b""
    for block in blocks:
        head += block
        if head.count(b"\n", start) > 2:
            break
    return head


def _plan(dialect: Dialect) -> TextPlan:
    label = _label_position(dialect)
    types = [pl.Float32 if _numeric(dialect, at) else pl.String for at in range(len(dialect.header))]
    types[label] = pl.String
    open_columns = [at for at in range(label + 1, len(types)) if not describes(dialect.header[at])]
    measured = tuple(at for at in open_columns if types[at] == pl.Float32 and dialect.header[at])
    numbers = set(measured)
    return TextPlan(dialect, tuple(types), label, measured, tuple(at for at in open_columns if at not in numbers))


def _plan_declared(dialect: Dialect, n_described: int) -> TextPlan:
    described = tuple(range(1, 1 + n_described))
    measured = tuple(range(1 + n_described, len(dialect.header)))
    types = (*[pl.String] * (1 + n_described), *[pl.Float32] * len(measured))
    return TextPlan(dialect, types, 0, measured, described=described)


def _parse_blocks(blocks: Iterator[bytes], plan: TextPlan) -> Iterator[Rows]:
    missing: tuple[str, ...] = ()
    none = True
    tall = TallParser(plan.dialect, plan.measured[0]) if plan.is_tall else None
    for block in blocks:
        if not block or block.isspace():
            continue
        # the spellings of missing cost time: looked for only from the first cell that is no number
        rows = None if missing else _parse_block(block, plan, tall, ())
        if rows is None:
            missing = MISSING_NUMBERS
            rows = _parse_block(block, plan, tall, missing)
        if rows is None or np.isinf(rows.values).any():
            raise UnplainError
        none = False
        yield rows
    if none:
        raise UnplainError


def _parse_block(block: bytes, plan: TextPlan, tall: TallParser | None, missing: Sequence[str]) -> Rows | None:
    """Parse a block as one list of numbers or, where it is not plain enough, as a table; None if neither goes."""
    found = None if tall is None else tall.parse(block, missing)
    if found is not None:
        fields, values = found
        columns = [pl.Series(column, dtype=pl.String) for column in fields]
        labels = clean_labels(columns[plan.label])
        if all(labels) and all(_is_text(columns[at]) for at in plan.words):
            texts = {plan.dialect.header[at]: clean_labels(columns[at]) for at in plan.described}
            return Rows(labels, values, len(block), texts)
    frame = _try_csv(block, plan, missing)
    frame = None if frame is None else _check_block(frame, block, plan)
    if frame is None or not plan.measured:
        return None
    texts = {plan.dialect.header[at]: clean_labels(frame.to_series(at)) for at in plan.described}
    values = np.stack([frame.to_series(at).to_numpy() for at in plan.measured], axis=1)
    return Rows(clean_labels(frame.to_series(plan.label)), values, len(block), texts)


def _try_csv(block: bytes, plan: TextPlan, missing: Sequence[str]) -> pl.DataFrame | None:
    try:
        return read_csv(block, plan.dialect, plan.types, missing)
    except pl.exceptions.PolarsError:
        return None


def _check_block(frame: pl.DataFrame, block: bytes, plan: TextPlan) -> pl.DataFrame | None:
    """Give the rows of a block without blank lines; None where it is not plain."""
    if frame.to_series(plan.label).null_count():  # blank lines have no label
        frame = frame.filter(~pl.all_horizontal(pl.all().is_null()))
    if frame.to_series(-1).null_count():
        delimiters = block.count(plan.dialect.delimiter.encode())
        if delimiters != frame.height * (frame.width - 1):  # rows too short, or a delimiter between quotes
            return None
    return frame if all(_is_text(frame.to_series(at)) for at in plan.words) else None


def _is_text(column: pl.Series) -> bool:
    """Tell whether a column is text through and through, or empty."""
    if column.dtype != pl.String:
        return column.null_count() == len(column)
    text = strip_cells(column)
    return text.cast(pl.Float32, strict=False).null_count() == len(text) and not has_decimal_comma(text)


def read_csv(body: bytes, dialect: Dialect, types: Sequence[type[pl.DataType]], missing: Sequence[str]) -> pl.DataFrame:
    """Parse rows as polars reads tables, into columns named ``c0``, ``c1``, ...

    Parameters
    ----------
    body : bytes
        The text below the header.
    dialect : Dialect
        How the table is written.
    types : sequence of polars types
        One a column.
    missing : sequence of str
        Spellings of a missing value.

    Returns
    -------
    polars.DataFrame
        One row a line.

    Raises
    ------
    polars.exceptions.PolarsError
        If a row is too long, or a cell is not of its type.
    """
    schema = {f"c{at}": dtype for at, dtype in enumerate(types)}
    return pl.read_csv(
        body,
        has_header=False,
        separator=dialect.delimiter,
        quote_char='"' if dialect.quoted else None,
        schema=schema,
        null_values=list(missing) or None,
    )


def _label_position(dialect: Dialect) -> int:
    """Take the first column, unless it only numbers the rows and text stands beside it (R, pandas)."""
    first = [row[0] for row in dialect.peek if row]
    numbered = any(first == [str(start + at) for at in range(len(first))] for start in (0, 1))
    unnamed = dialect.header[0].lower() in ("", "unnamed: 0", "x", "row.names")
    beside = len(dialect.header) > 2 and not _numeric(dialect, 1)
    return int(numbered and unnamed and beside)


def _numeric(dialect: Dialect, at: int) -> bool:
    cells = [row[at] for row in dialect.peek if at < len(row) and row[at] not in MISSING_NUMBERS]
    return not cells or any(_is_number(cell) for cell in cells)


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def strip_cells(column: pl.Series) -> pl.Series:
    """Give text without blanks around it; spellings of a missing number become null.

    Parameters
    ----------
    column : polars.Series of str
        Cells as written.

    Returns
    -------
    polars.Series of str
        One a cell.
    """
    text = column.str.strip_chars()
    return text.set(text.is_in(MISSING_NUMBERS), None)


def has_decimal_comma(text: pl.Series) -> bool:
    """Tell whether a cell is a number with a decimal comma.

    Parameters
    ----------
    text : polars.Series of str
        Cells.

    Returns
    -------
    bool
        True for ``1,5``.
    """
    return bool(text.str.contains(r"^[+-]?\d+,\d+$").any())
