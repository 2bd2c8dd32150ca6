"""Tables in parquet and feather: what is in them is known before anything is read, and only what is wanted is read."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import polars as pl
from pyarrow import ArrowException, default_memory_pool
from pyarrow.parquet import ParquetFile

from itgstrat.errors import InputError, name_some
from itgstrat.readers.matrix import RawMatrix, assemble, describes, keep_labels

#: Names under which pandas and others keep the row labels of a binary table.
_LABELS = ("__index_level_0__", "gene", "genes", "index", "symbol", "hugo_symbol", "gene_symbol", "gene_name")
_PARQUET, _FEATHER, _FEATHER_OLD = b"PAR1", b"ARROW1", b"FEA1"
#: Columns that are read at a time; and the most parts of a feather file, whose description is read anew for each.
_COLUMNS, _PARTS = 64, 16


def is_binary(start: bytes) -> bool:
    """Tell parquet and feather by the first bytes of a file.

    Parameters
    ----------
    start : bytes
        The first six bytes, or more.

    Returns
    -------
    bool
        True for parquet and feather of either version.
    """
    return start.startswith((_PARQUET, _FEATHER, _FEATHER_OLD))


def read_frame(path: Path, start: bytes, columns: list[str] | None = None) -> pl.DataFrame:
    """Read a parquet or feather file.

    Parameters
    ----------
    path : Path
        The file.
    start : bytes
        Its first bytes.
    columns : list of str, optional
        Columns to read, in this order; all if not given.

    Returns
    -------
    polars.DataFrame
        At least one row.

    Raises
    ------
    InputError
        If the file is damaged, empty, or feather version 1.
    """
    if start.startswith(_FEATHER_OLD):
        raise InputError(f"{path}: feather version 1 is no longer read; save it again as feather version 2 or parquet")
    try:
        if start.startswith(_PARQUET):
            frame = pl.read_parquet(path, columns=columns, glob=False)
        else:
            frame = pl.read_ipc(path, columns=columns)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise _damaged(path, error) from error
    return _require_rows(frame, path, least=2 if columns is None else 0)


def _require_rows(frame: pl.DataFrame, path: Path, least: int = 0) -> pl.DataFrame:
    if frame.height == 0 or frame.width < least:
        raise InputError(f"{path}: the table has {frame.height} rows and {frame.width} columns; nothing to read")
    return frame


def _damaged(path: Path, error: Exception) -> InputError:
    what = str(error).splitlines()[0] if str(error) else type(error).__name__
    return InputError(f"{path}: the table is damaged or cut off ({what}); download or export it again")


@dataclass(frozen=True)
class BinaryTable:
    """A matrix in a parquet or feather file, by its columns alone.

    Parameters
    ----------
    path : Path
        The file.
    start : bytes
        Its first bytes.
    label : str
        Column with the labels of the rows.
    measured : tuple of str
        Columns of numbers.
    left_out : tuple of str
        Columns that describe the rows.
    """

    path: Path
    start: bytes
    label: str
    measured: tuple[str, ...]
    left_out: tuple[str, ...]

    def labels(self) -> tuple[str, ...]:
        """Read the labels of the rows.

        Returns
        -------
        tuple of str
            As written.
        """
        column = read_frame(self.path, self.start, [self.label])[self.label]
        return tuple((label or "").strip() for label in column.cast(pl.String).to_list())

    def read(self, columns: Collection[str] | None = None) -> RawMatrix:
        """Read the numbers.

        Parameters
        ----------
        columns : collection of str, optional
            Columns to read, others stay on disk; all if not given.

        Returns
        -------
        RawMatrix
            Labels and float32 values.

        Raises
        ------
        InputError
            If the file is damaged, no column is there, or a number is infinite.
        """
        kept = self._choose(columns)
        frames = self._read_parts([self.label, *kept])
        first = next(frames)
        labels = first[self.label].cast(pl.String)
        return assemble(labels, chain([first.drop(self.label)], frames), kept, self.left_out, self.path)

    def batches(self, rows: int, columns: Collection[str] | None = None) -> Iterator[RawMatrix]:
        """Read the numbers some rows at a time; memory is that of one parquet row group.

        Parameters
        ----------
        rows : int
            Rows of one block.
        columns : collection of str, optional
            Columns to read; all if not given.

        Yields
        ------
        RawMatrix
            The next rows.

        Raises
        ------
        InputError
            If the file is damaged, or a number is infinite.
        """
        kept = self._choose(columns)
        if not self.start.startswith(_PARQUET):
            frame = read_frame(self.path, self.start, [self.label, *kept])
            yield from (self._assemble(part, kept) for part in frame.iter_slices(rows))
            return
        try:
            for batch in ParquetFile(self.path).iter_batches(rows, columns=[self.label, *kept]):
                yield self._assemble(pl.DataFrame(batch), kept)
        except (ArrowException, OSError) as error:
            raise _damaged(self.path, error) from error

    def _read_parts(self, columns: list[str]) -> Iterator[pl.DataFrame]:
        """Read some columns at a time, so that the table is never held twice."""
        if not self.start.startswith(_PARQUET):
            together = max(_COLUMNS, -(-len(columns) // _PARTS))
            for at in range(0, len(columns), together):
                yield read_frame(self.path, self.start, columns[at : at + together])
            return
        try:
            file = ParquetFile(self.path)  # polars would read the description of all columns anew each time
            for at in range(0, len(columns), _COLUMNS):
                wanted = columns[at : at + _COLUMNS]
                # pyarrow takes a.b for a part of a, and gives it with a
                yield _require_rows(pl.DataFrame(file.read(columns=wanted)), self.path)[wanted]
        except (ArrowException, pl.exceptions.PolarsError, OSError) as error:
            raise _damaged(self.path, error) from error
        finally:
            default_memory_pool().release_unused()

    def _choose(self, columns: Collection[str] | None) -> tuple[str, ...]:
        return tuple(self.measured[at] for at in keep_labels(self.measured, columns, str(self.path)))

    def _assemble(self, frame: pl.DataFrame, columns: tuple[str, ...]) -> RawMatrix:
        labels = frame[self.label].cast(pl.String)
        return assemble(labels, [frame.select(columns)], columns, self.left_out, self.path)


def open_binary(path: Path, start: bytes) -> BinaryTable:
    """Find the labels and the numbers of a parquet or feather file by the types of its columns.

    Parameters
    ----------
    path : Path
        The file.
    start : bytes
        Its first bytes.

    Returns
    -------
    BinaryTable
        The table, not yet read.

    Raises
    ------
    InputError
        If the file is damaged, or has no column of labels or of numbers.
    """
    schema = _read_schema(path, start)
    text = [name for name, dtype in schema.items() if not (dtype.is_numeric() or dtype == pl.Null)]
    labels = sorted(text, key=lambda name: _LABELS.index(name.lower()) if name.lower() in _LABELS else len(_LABELS))
    whole = [name for name, dtype in schema.items() if describes(name) and dtype.is_integer()]
    if not labels and not whole:
        read_frame(path, start)  # a table without rows has no types: says so
        raise InputError(
            f"{path}: no column of labels among {name_some(schema)}; keep the gene or patient names "
            "as a column of text (in pandas: frame.reset_index().to_parquet(...))"
        )
    label = (labels or whole)[0]
    words = set(text)
    left_out = {name for name in schema if name in words or describes(name)} - {label}
    measured = tuple(name for name in schema if name not in left_out and name != label)
    return BinaryTable(path, start, label, measured, tuple(sorted(left_out)))


def _read_schema(path: Path, start: bytes) -> dict[str, pl.DataType]:
    if start.startswith(_FEATHER_OLD):
        read_frame(path, start)  # says why not
    try:
        reader = pl.read_parquet_schema if start.startswith(_PARQUET) else pl.read_ipc_schema
        schema = dict(reader(path))
    except (pl.exceptions.PolarsError, OSError) as error:
        raise _damaged(path, error) from error
    if len(schema) < 2:
        raise InputError(f"{path}: the table has {len(schema)} columns ({name_some(schema)}); nothing to read")
    return schema
