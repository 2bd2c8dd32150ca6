"""Matrices of numbers in text: parsed block by block, so that memory stays near the size of the matrix."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import polars as pl

from itgstrat.errors import InputError, name_some
from itgstrat.readers.content import text_size
from itgstrat.readers.dialect import Dialect, count_fields
from itgstrat.readers.matrix import MISSING_NUMBERS, Array, RawMatrix, assemble, clean_labels
from itgstrat.readers.textrows import (
    Rows,
    TextPlan,
    UnplainError,
    has_decimal_comma,
    parse_rows,
    read_csv,
    strip_cells,
)

#: Opens the text of a table from its beginning, in blocks of whole lines.
Blocks = Callable[[], Iterator[bytes]]


def parse_matrix(
    open_blocks: Blocks, path: Path, dialect: Dialect | None = None, n_described: int | None = None
) -> RawMatrix:
    """Parse a matrix of numbers in text: one column of labels, then one column of numbers for each header name.

    Blocks go straight to float32. A file that needs a second look (padded `NA`, text among numbers, decimal
    commas, rows of another width) is read again as a whole, so that the message names every cell.

    Parameters
    ----------
    open_blocks : callable
        Opens the text from the beginning; may be called twice.
    path : Path
        The file, for messages.
    dialect : Dialect, optional
        How the table is written; detected from the first block if not given.
    n_described : int, optional
        How many columns behind the labels describe the rows (their text is kept); told by name and content if
        not given.

    Returns
    -------
    RawMatrix
        Labels and float32 values.

    Raises
    ------
    InputError
        If there is no table of numbers, rows are ragged, or a cell holds text or an infinite number.
    """
    plan, rows = parse_rows(open_blocks(), path, dialect, n_described)
    filled = _Growing(plan, np.empty((len(plan.measured), 0), np.float32))
    try:
        for some in rows:
            filled.add(some, path)
    except UnplainError:
        return parse_whole(open_blocks, plan, path)
    return filled.finish(path)


def parse_text(body: bytes, dialect: Dialect, types: Sequence[type[pl.DataType]], path: Path) -> pl.DataFrame:
    """Parse the rows below a header into columns of given types, named ``c0``, ``c1``, ...

    Parameters
    ----------
    body : bytes
        The text below the header.
    dialect : Dialect
        How the table is written.
    types : sequence of polars types
        One a column.
    path : Path
        The file, for messages.

    Returns
    -------
    polars.DataFrame
        One row a line; blank lines are left out.

    Raises
    ------
    InputError
        If there is no row, or rows are ragged.
    """
    try:
        frame = read_csv(body, dialect, types, MISSING_NUMBERS)
    except pl.exceptions.PolarsError:
        _refuse_ragged(body, dialect, path)
        if pl.Float32 in types:
            raise
        raise InputError(f"{path}: the rows cannot be told apart; look for an unclosed quotation mark") from None
    if frame.height and frame.to_series(-1).null_count():  # a row that is too short leaves its last cell empty
        _refuse_ragged(body, dialect, path)
        frame = frame.filter(~pl.all_horizontal(pl.all().is_null()))
    if frame.height == 0:
        raise InputError(f"{path}: a header without a single row below it; export the table again")
    return frame


@dataclass
class _Growing:
    """A float32 matrix, one row a column of the file, filled from left to right; the rest costs no memory yet."""

    plan: TextPlan
    values: Array
    labels: list[str] = field(default_factory=list)
    texts: dict[str, list[str]] = field(default_factory=dict)

    def add(self, rows: Rows, path: Path) -> None:
        """Add some rows; the first tell how many there will be."""
        done, needed = len(self.labels), len(self.labels) + len(rows.labels)
        if needed > self.values.shape[1]:
            expected = needed + needed // 2 if done else int(1.02 * text_size(path) / rows.size * needed) + 16
            grown = np.empty((len(self.values), max(expected, needed)), np.float32)
            grown[:, :done] = self.values[:, :done]
            self.values = grown
        self.values[:, done:needed] = rows.values.T
        self.labels += rows.labels
        for name, words in rows.texts.items():
            self.texts.setdefault(name, []).extend(words)

    def finish(self, path: Path) -> RawMatrix:
        texts = {name: tuple(words) for name, words in self.texts.items()}
        values = _close_up(self.values, len(self.labels)).T
        return RawMatrix(tuple(self.labels), self.plan.columns, values, self.plan.left_out, str(path), texts)


def _close_up(values: Array, width: int) -> Array:
    """Move rows together in the memory where they are, so that nobody has to copy them to have them so."""
    flat = values.reshape(-1)
    for at, row in enumerate(values[:, :width]):
        flat[at * width : (at + 1) * width] = row
    return flat[: len(values) * width].reshape(len(values), width)


def parse_whole(open_blocks: Blocks, plan: TextPlan, path: Path) -> RawMatrix:
    """Read all at once, and name the cells that are no numbers.

    Parameters
    ----------
    open_blocks : callable
        Opens the text from the beginning.
    plan : TextPlan
        Which column is what.
    path : Path
        The file, for messages.

    Returns
    -------
    RawMatrix
        Labels and float32 values.

    Raises
    ------
    InputError
        As `parse_matrix`.
    """
    body = b"".join(open_blocks())[plan.dialect.start :]
    dialect = plan.dialect
    try:
        frame = parse_text(body, dialect, plan.types, path)
    except pl.exceptions.PolarsError:  # some cell is no number: read all as text and name it
        frame = parse_text(body, dialect, [pl.String] * len(plan.types), path)
    rows = frame.to_series(plan.label)
    columns = []
    for at in sorted((*plan.measured, *plan.words)):
        name, column = dialect.header[at], frame.to_series(at)
        if name or not column.is_null().all():
            numbers = _to_numbers(column, rows, name, path)
            if numbers is not None:
                columns.append((name, numbers))
    kept = tuple(name for name, _ in columns)
    others = set(dialect.header) - {*kept, dialect.header[plan.label], ""}
    left_out = tuple(name for name in dialect.header if name in others)
    found = assemble(rows, [pl.DataFrame([column for _, column in columns])], kept, left_out, path)
    return replace(
        found, descriptions={dialect.header[at]: tuple(clean_labels(frame.to_series(at))) for at in plan.described}
    )


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
    text = strip_cells(column)
    numbers = text.cast(pl.Float32, strict=False)
    bad = (numbers.is_null() & text.is_not_null()).arg_true()
    if not len(bad):
        return numbers
    if numbers.null_count() == len(numbers) and not has_decimal_comma(text):
        return None
    cells = [f"row {labels[at]!r}, column {name!r}: {text[at]!r}" for at in bad]
    hint = "; decimal commas: save the numbers with decimal points" if has_decimal_comma(text) else ""
    raise InputError(
        f"{path}: text where a number is needed: {name_some(cells)}{hint}; correct the cells, or write NA "
        "where a value is missing"
    )
