"""Matrices of numbers in text: parsed block by block, so that memory stays near the size of the matrix."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path

import numpy as np
import polars as pl

from itgstrat.errors import InputError, name_some
from itgstrat.readers.content import text_size
from itgstrat.readers.dialect import Dialect, count_fields, detect_dialect
from itgstrat.readers.matrix import MISSING_NUMBERS, Array, RawMatrix, assemble, clean_labels, describes

#: Opens the text of a table from its beginning, in blocks of whole lines.
Blocks = Callable[[], Iterator[bytes]]


def parse_matrix(
    open_blocks: Blocks, path: Path, dialect: Dialect | None = None, n_described: int | None = None
) -> RawMatrix:
    """Parse a matrix of numbers in text: one column of labels, then one column of numbers for each header name.

    Blocks go straight to float32. A file that needs a second look (padded cells, text among numbers, decimal
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
    blocks = open_blocks()
    head = _first_block(blocks, dialect.start if dialect else 0)
    dialect = dialect or detect_dialect(head, path)
    plan = _plan(dialect) if n_described is None else _plan_declared(dialect, n_described)
    parts = _parse_blocks(chain([head[dialect.start :]], blocks), plan, path)
    return parts or _from_text(b"".join(open_blocks())[dialect.start :], plan, path)


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
        frame = _read_csv(body, dialect, types, MISSING_NUMBERS)
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


def _first_block(blocks: Iterator[bytes], start: int) -> bytes:
    """Take blocks until the header and a few rows are there."""
    head = b""
    for block in blocks:
        head += block
        if head.count(b"\n", start) > 2:
            break
    return head


@dataclass(frozen=True)
class _Plan:
    """Which column of a text table is what."""

    dialect: Dialect
    types: tuple[type[pl.DataType], ...]
    label: int
    measured: tuple[int, ...]
    words: tuple[int, ...] = ()
    described: tuple[int, ...] = ()


def _plan(dialect: Dialect) -> _Plan:
    label = _label_position(dialect)
    types = [pl.Float32 if _numeric(dialect, at) else pl.String for at in range(len(dialect.header))]
    types[label] = pl.String
    open_columns = [at for at in range(label + 1, len(types)) if not describes(dialect.header[at])]
    measured = tuple(at for at in open_columns if types[at] == pl.Float32 and dialect.header[at])
    return _Plan(dialect, tuple(types), label, measured, tuple(at for at in open_columns if at not in set(measured)))


def _plan_declared(dialect: Dialect, n_described: int) -> _Plan:
    described = tuple(range(1, 1 + n_described))
    measured = tuple(range(1 + n_described, len(dialect.header)))
    types = (*[pl.String] * (1 + n_described), *[pl.Float32] * len(measured))
    return _Plan(dialect, types, 0, measured, described=described)


@dataclass
class _Growing:
    """A float32 matrix, one row a column of the file, filled from left to right; the rest costs no memory yet."""

    plan: _Plan
    values: Array
    n_filled: int = 0
    labels: list[str] = field(default_factory=list)
    texts: dict[str, list[str]] = field(default_factory=dict)

    def add(self, frame: pl.DataFrame) -> bool:
        """Add the rows of a block; False if a number is infinite."""
        columns, done, plan = frame.get_columns(), self.n_filled, self.plan
        needed = done + frame.height
        if needed > self.values.shape[1]:
            grown = np.empty((len(self.values), needed + needed // 2), np.float32)
            grown[:, :done] = self.values[:, :done]
            self.values = grown
        for row, at in enumerate(plan.measured):  # column by column: half the time of DataFrame.to_numpy and a copy
            self.values[row, done:needed] = columns[at].to_numpy()
        self.n_filled = needed
        self.labels += clean_labels(columns[plan.label])
        for at in plan.described:
            self.texts.setdefault(plan.dialect.header[at], []).extend(clean_labels(columns[at]))
        return not np.isinf(self.values[:, done:needed]).any()

    def finish(self, path: Path) -> RawMatrix:
        names, plan = self.plan.dialect.header, self.plan
        kept = {*plan.measured, plan.label}
        left_out = tuple(name for at, name in enumerate(names) if name and at not in kept)
        columns = tuple(names[at] for at in plan.measured)
        texts = {name: tuple(words) for name, words in self.texts.items()}
        return RawMatrix(tuple(self.labels), columns, self.values[:, : self.n_filled].T, left_out, str(path), texts)


def _parse_blocks(blocks: Iterator[bytes], plan: _Plan, path: Path) -> RawMatrix | None:
    """Parse block by block; None if something is not plain."""
    filled, missing = _Growing(plan, np.empty((len(plan.measured), 0), np.float32)), False
    for block in blocks:
        if not block or block.isspace():
            continue
        # the spellings of missing cost a fifth of the time: looked for only from the first cell that is no number
        frame = None if missing else _try_csv(block, plan, ())
        if frame is None:
            frame, missing = _try_csv(block, plan, MISSING_NUMBERS), True
        frame = None if frame is None else _check_block(frame, block, plan)
        if frame is None:
            return None
        if not filled.n_filled:
            expected = int(1.02 * text_size(path) / len(block) * frame.height) + 16
            filled.values = np.empty((len(plan.measured), expected), np.float32)
        if not filled.add(frame):
            return None
    return filled.finish(path) if filled.n_filled and plan.measured else None


def _try_csv(block: bytes, plan: _Plan, missing: Sequence[str]) -> pl.DataFrame | None:
    try:
        return _read_csv(block, plan.dialect, plan.types, missing)
    except pl.exceptions.PolarsError:
        return None


def _check_block(frame: pl.DataFrame, block: bytes, plan: _Plan) -> pl.DataFrame | None:
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
    text = _strip(column)
    return text.cast(pl.Float32, strict=False).null_count() == len(text) and not _has_decimal_comma(text)


def _read_csv(
    body: bytes, dialect: Dialect, types: Sequence[type[pl.DataType]], missing: Sequence[str]
) -> pl.DataFrame:
    schema = {f"c{at}": dtype for at, dtype in enumerate(types)}
    return pl.read_csv(
        body,
        has_header=False,
        separator=dialect.delimiter,
        quote_char='"' if dialect.quoted else None,
        schema=schema,
        null_values=list(missing) or None,
    )


def _from_text(body: bytes, plan: _Plan, path: Path) -> RawMatrix:
    """Read all at once, and name the cells that are no numbers."""
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
    found = assemble(rows, pl.DataFrame([column for _, column in columns]), kept, left_out, path)
    return replace(
        found, descriptions={dialect.header[at]: tuple(clean_labels(frame.to_series(at))) for at in plan.described}
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
    text = _strip(column)
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


def _strip(column: pl.Series) -> pl.Series:
    text = column.str.strip_chars()
    return text.set(text.is_in(MISSING_NUMBERS), None)


def _has_decimal_comma(text: pl.Series) -> bool:
    return bool(text.str.contains(r"^[+-]?\d+,\d+$").any())
