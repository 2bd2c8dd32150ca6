"""How a text table is written: its delimiter, its header, and where the rows begin."""

import csv
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from itgstrat.errors import InputError, name_some

#: Delimiters in the order in which they win when two fit equally well.
_DELIMITERS = "\t,; "
#: Lines looked at to tell the delimiter and which columns hold numbers.
_PEEK = 40
#: Bytes after which a few lines are enough: the fields of 40 lines of 100,000 patients would be half a GB.
_PEEK_BYTES, _FEW = 1 << 20, 5


@dataclass(frozen=True)
class Dialect:
    """How a text table is written.

    Parameters
    ----------
    delimiter : str
        One character between two fields.
    header : tuple of str
        Names of the columns, as they stand in the file.
    start : int
        Position of the first byte after the header.
    line : int
        Number of the header's line in the file, from 1.
    peek : tuple of tuple of str
        The fields of the first rows.
    quoted : bool
        Whether fields may stand in quotation marks.
    """

    delimiter: str
    header: tuple[str, ...]
    start: int
    line: int
    peek: tuple[tuple[str, ...], ...]
    quoted: bool = True


def detect_dialect(text: bytes, path: Path) -> Dialect:
    """Find the delimiter and the header of a text table.

    Lines before the header that start with ``#`` and have another number of fields are skipped. A header that
    is one name short, as R's ``write.table`` writes it, gets an empty name for the row names.

    Parameters
    ----------
    text : bytes
        UTF-8 with plain line ends.
    path : Path
        The file, for messages.

    Returns
    -------
    Dialect
        The delimiter, the header and the first rows.

    Raises
    ------
    InputError
        If there is no delimiter, or no row below the header.
    """
    lines, starts = _first_lines(text)
    skipped = _count_comments(lines)
    lines, starts = lines[skipped:], starts[skipped:]
    delimiter = _choose_delimiter(lines[:2])
    if not delimiter:
        raise InputError(
            f"{path}: not a table: the first line is {lines[0][:60]!r} and holds no tab, comma or "
            "semicolon; save the table as tab-separated text"
        )
    header, *rows = [_fields(line, delimiter) for line in lines]
    if not rows:
        raise InputError(f"{path}: a header without a single row below it; export the table again")
    names = _complete(header, rows)
    return Dialect(delimiter, names, starts[1], text.count(b"\n", 0, starts[1]), tuple(rows))


def refuse_repeats(names: Sequence[str], what: str, path: Path) -> None:
    """Make sure that no name stands twice.

    Parameters
    ----------
    names : sequence of str
        Names as they stand in the file.
    what : str
        What they name, in the plural.
    path : Path
        The file, for the message.

    Raises
    ------
    InputError
        If a name occurs twice.
    """
    repeated = sorted(name for name, count in Counter(names).items() if count > 1)
    if repeated:
        raise InputError(
            f"{path}: {what} occur twice: {name_some(repeated)}; each needs its own name: remove or rename "
            "the copies (itgstrat does not guess which one is meant)"
        )


def count_fields(body: bytes, dialect: Dialect) -> list[str]:
    """Name the rows that have more or fewer fields than the header.

    Parameters
    ----------
    body : bytes
        The text below the header.
    dialect : Dialect
        How the table is written.

    Returns
    -------
    list of str
        Such as ``"line 7 has 3 fields"``; empty if all rows are complete.
    """
    lines = body.decode().split("\n")
    quoting: Literal[0, 3] = csv.QUOTE_MINIMAL if dialect.quoted else csv.QUOTE_NONE
    reader = csv.reader((f"{line}\n" for line in lines), delimiter=dialect.delimiter, quoting=quoting, strict=False)
    width = len(dialect.header)
    return [
        f"line {dialect.line + reader.line_num} has {len(row)} fields" for row in reader if row and len(row) != width
    ]


def _first_lines(text: bytes) -> tuple[list[str], list[int]]:
    lines: list[str] = []
    starts: list[int] = []
    position = 0
    while position < len(text) and len(lines) < (_PEEK if position < _PEEK_BYTES else _FEW):
        end = text.find(b"\n", position)
        end = len(text) if end < 0 else end
        line = text[position:end].decode()
        if line.strip():
            lines.append(line)
            starts.append(position)
        position = end + 1
    return lines, starts


def _count_comments(lines: list[str]) -> int:
    count = 0
    while count < len(lines) - 1 and lines[count].startswith("#"):
        ours, below = (_widest(line) for line in lines[count : count + 2])
        if ours == below and not lines[count + 1].startswith("#"):
            break
        count += 1
    return count


def _widest(line: str) -> int:
    return max(len(_fields(line, delimiter)) for delimiter in "\t,;")


def _fields(line: str, delimiter: str) -> tuple[str, ...]:
    csv.field_size_limit(1 << 27)
    return tuple(field.strip() for field in next(csv.reader([line], delimiter=delimiter), ()))


def _choose_delimiter(lines: list[str]) -> str:
    """Take the delimiter under which the first two lines agree in width; among those, the widest."""
    scores: dict[str, tuple[bool, int]] = {}
    for delimiter in _DELIMITERS:
        widths = [len(_fields(line.strip(" "), delimiter)) for line in lines]
        if max(widths) > 1:
            scores[delimiter] = (widths[-1] - widths[0] in (0, 1), widths[0])
    if len(scores) > 1 or not scores.get(" ", (True, 0))[0]:
        scores.pop(" ", None)  # a space counts only where nothing else parts the fields, and then only evenly
    return max(scores, key=lambda delimiter: scores[delimiter], default="")


def _complete(header: tuple[str, ...], rows: list[tuple[str, ...]]) -> tuple[str, ...]:
    wider = all(len(row) == len(header) + 1 for row in rows)
    if not wider:
        return header
    return (*header, "") if all(not row[-1] for row in rows) else ("", *header)
