"""Rows of numbers in text, parsed as one long list: a parser of tables takes longer the more columns there are."""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import polars as pl
import simdjson

from itgstrat.readers.dialect import Dialect
from itgstrat.readers.matrix import Array

_LINE_END, _QUOTE, _COMMA = b"\n", b'"', b","
#: Bytes of text that are parsed at a time: simdjson needs 15 bytes for each, and what is made of them stays near the
#: processor.
_SLICE = 1 << 18


class TallParser:
    """Parses rows whose numbers stand in all columns from one on.

    With commas for delimiters and line ends the numbers are a list in JSON, which simdjson reads in half the time of
    polars, whatever the number of columns. What is no list of JSON (``NA``, ``nan``, ``.5``, an empty cell) is read by
    polars as one column. Both read double precision, which is then rounded.

    Parameters
    ----------
    dialect : Dialect
        How the table is written.
    first : int
        Position of the first column of numbers.
    """

    def __init__(self, dialect: Dialect, first: int) -> None:
        self._delimiter = dialect.delimiter.encode()
        self._width = len(dialect.header)
        self._quoted = dialect.quoted
        self._first = first
        self._json = simdjson.Parser()  # a new one for each slice would take three times as long

    def parse(self, block: bytes, missing: Sequence[str] = ()) -> tuple[list[list[str]], Array] | None:
        """Parse a block.

        Parameters
        ----------
        block : bytes
            Whole lines.
        missing : sequence of str
            Spellings of a missing number, for what is no list.

        Returns
        -------
        tuple of list of list of str, and ndarray of float32, shape (n_rows, n_columns - first)
            The columns before the numbers, and the numbers; NaN is missing. None where the rows are not plain: blank or
            ragged lines, quotation marks elsewhere than around a label, cells that are no numbers.
        """
        fields: list[list[str]] = [[] for _ in range(self._first)]
        values: list[Array] = []
        for text in _cut(block):
            found = self._parse_slice(text, missing, fields)
            if found is None:
                return None
            values.append(found)
        return fields, values[0] if len(values) == 1 else np.concatenate(values)

    def _parse_slice(self, text: bytes, missing: Sequence[str], fields: list[list[str]]) -> Array | None:
        """Parse some lines; what stands before the numbers is added to `fields`."""
        rows = self._split_rows(text, fields)
        if rows is None:
            return None
        shape, numbers = (len(rows), self._width - self._first), self._delimiter.join(rows)
        del rows
        cells = self._read_list(numbers)
        if cells is None or cells.size != shape[0] * shape[1]:
            cells = self._read_column(numbers, missing)
        if cells is None or cells.size != shape[0] * shape[1]:
            return None
        with np.errstate(over="ignore"):  # what float32 cannot hold becomes infinite, and is refused as such
            return cells.reshape(shape).astype(np.float32)

    def _split_rows(self, text: bytes, fields: list[list[str]]) -> list[bytes] | None:
        """Give the numbers of each row; None where a row is not plain."""
        between = np.frombuffer(text, np.uint8) == self._delimiter[0]
        numbers: list[bytes] = []
        start = 0
        while start < len(text):
            end = text.find(_LINE_END, start)
            end = len(text) if end < 0 else end
            if np.count_nonzero(between[start:end]) != self._width - 1:
                return None
            for column in fields:
                stop = text.find(self._delimiter, start, end)
                field = _read_field(text[start:stop], self._quoted)
                if field is None:
                    return None
                column.append(field)
                start = stop + 1
            numbers.append(text[start:end])
            start = end + 1
        return numbers

    def _read_list(self, numbers: bytes) -> npt.NDArray[np.float64] | None:
        """Read numbers as a list in JSON; None if they are none."""
        if b"[" in numbers:  # lists in a list would be read as one
            return None
        text, listed = np.frombuffer(numbers, np.uint8), np.empty(len(numbers) + 2, np.uint8)
        listed[0], listed[-1] = b"[]"
        body = listed[1:-1]
        np.negative((text == self._delimiter[0]).view(np.uint8), out=body)  # all bits where a delimiter stands
        body &= np.uint8(self._delimiter[0] ^ _COMMA[0])
        body ^= text
        try:
            found = self._json.parse(listed.data)
            return (
                np.frombuffer(found.as_buffer(of_type="d"), np.float64) if isinstance(found, simdjson.Array) else None
            )
        except (ValueError, TypeError, RuntimeError):  # the last: an integer that needs more than 64 bits
            return None

    def _read_column(self, numbers: bytes, missing: Sequence[str]) -> npt.NDArray[np.float64] | None:
        """Read numbers as a column of a table with the delimiters as line ends; None if a cell is no number."""
        try:
            frame = pl.read_csv(
                numbers + self._delimiter,
                has_header=False,
                eol_char=self._delimiter.decode(),
                separator="\t" if self._delimiter == _COMMA else ",",
                quote_char=None,
                schema={"cell": pl.Float64},
                null_values=list(missing) or None,
            )
        except pl.exceptions.PolarsError:
            return None
        return frame["cell"].to_numpy()


def _cut(block: bytes) -> Iterator[bytes]:
    """Cut a block into slices of whole lines."""
    start = 0
    while start < len(block):
        end = block.find(_LINE_END, min(start + _SLICE, len(block) - 1))
        end = len(block) if end < 0 else end + 1
        yield block if end - start == len(block) else block[start:end]
        start = end


def _read_field(field: bytes, quoted: bool) -> str | None:
    """Give a field of text without its quotation marks; None if they stand elsewhere than around it."""
    if quoted and _QUOTE in field:
        if len(field) < 2 or field[:1] != _QUOTE or field.find(_QUOTE, 1) != len(field) - 1:
            return None
        field = field[1:-1]
    return field.decode().strip()
