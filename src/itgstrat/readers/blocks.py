"""A cohort a few hundred patients at a time, in memory that does not grow with their number."""

import logging
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from itgstrat.errors import InputError
from itgstrat.readers.anndata import open_h5ad
from itgstrat.readers.binary import is_binary, open_binary
from itgstrat.readers.content import MAX_INFLATION, first_bytes, stream_text
from itgstrat.readers.detect import find_layout
from itgstrat.readers.layout import Layout, Orientation, RawCohort, describe_left_out, orient
from itgstrat.readers.matrix import Array, RawMatrix, keep_labels
from itgstrat.readers.scratch import Scratch
from itgstrat.readers.textrows import UnplainError, parse_rows

logger = logging.getLogger(__name__)

#: Patients of one block: 20 MB of 20,000 genes.
BLOCK_PATIENTS = 250
#: Bytes of text that are parsed at a time.
_TEXT = 1 << 19


@dataclass(frozen=True, eq=False)
class OpenCohort:
    """A cohort whose names are known and whose numbers are still on disk.

    Parameters
    ----------
    head : RawCohort
        All but the numbers: `values` has no row.
    read : callable
        Positions of the gene labels that are wanted, or None for all -> iterator of ndarray of float32, shape
        (n_block_patients, n_labels): the patients in the order of the file, block by block. May be called again.
    """

    head: RawCohort
    read: Callable[[Sequence[int] | None], Iterator[Array]]


@contextmanager
def open_cohort(
    source: str | Path,
    rows: int = BLOCK_PATIENTS,
    *,
    orientation: Orientation = "auto",
    layout: str | None = None,
    **options: object,
) -> Iterator[OpenCohort]:
    """Open a cohort to be read in blocks; files are closed, and scratch is gone, at the end of the ``with`` block.

    h5ad (dense or sparse by rows), parquet and feather are read where they lie. Text is gone through once and laid down
    in a scratch file, see `Scratch`. Other layouts, and text that is not plain (padded NA, decimal commas), are
    read as a whole and then cut. Of parquet, genes x patients is the layout to prefer: patients x genes is read by
    whole row groups, and an h5ad sparse by columns is gone through once a block.

    Parameters
    ----------
    source : str or Path
        Any expression file that `read_cohort` reads.
    rows : int
        Patients of one block.
    orientation : {"auto", "genes x patients", "patients x genes"}
        Which way round a table lies; detected if ``"auto"``.
    layout : str, optional
        Name of the layout; detected if not given.
    **options
        What the layout alone knows, such as ``layer`` for h5ad.

    Yields
    ------
    OpenCohort
        Names, and the numbers of block after block.

    Raises
    ------
    InputError
        If `rows` is not above zero, or a file cannot be read as what it should be.
    """
    if rows < 1:
        raise InputError(f"blocks of {rows} patients; rows must be 1 or more")
    source = str(source)
    found = find_layout(source, layout)
    given = found.choose(source, options)
    with ExitStack() as stack:
        if found.name == "h5ad":
            yield _open_h5ad(source, rows, given, stack)
        elif found.name != "table":
            logger.info("%s: the layout %s is read as a whole, not in blocks", source, found.name)
            yield _open_whole(found.read(source, orientation, **given), rows)
        elif is_binary(first_bytes(Path(source))):
            yield _open_binary(Path(source), rows, orientation)
        else:
            yield _open_text(Path(source), rows, orientation, found, given, stack)


def iter_blocks(
    source: str | Path,
    rows: int = BLOCK_PATIENTS,
    *,
    labels: Collection[str] | None = None,
    orientation: Orientation = "auto",
    **options: object,
) -> Iterator[RawCohort]:
    """Read a cohort in blocks of patients, in the order of the file; see `open_cohort`.

    Parameters
    ----------
    source : str or Path
        Any expression file that `read_cohort` reads.
    rows : int
        Patients of one block.
    labels : collection of str, optional
        Gene labels, as the file has them, to read; all if not given. Scores by rank need all.
    orientation : {"auto", "genes x patients", "patients x genes"}
        Which way round a table lies; detected if ``"auto"``.
    **options
        What the layout alone knows, such as ``layer`` for h5ad.

    Yields
    ------
    RawCohort
        The next patients; `labels` are the same in every block, and `clinical` is that of the block where it has a
        row a patient in the same order.

    Raises
    ------
    InputError
        If `rows` is not above zero, a file cannot be read as what it should be, or no label is there.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> import pandas as pd
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder) / "small.parquet"
    ...     pd.DataFrame({"gene": ["ITGB6"], "A": [1.0], "B": [2.0], "C": [3.0]}).to_parquet(path)
    ...     [block.samples for block in iter_blocks(path, rows=2)]
    [('A', 'B'), ('C',)]
    """
    with open_cohort(source, rows, orientation=orientation, layout=None, **options) as cohort:
        head = cohort.head
        columns = None if labels is None else keep_labels(head.labels, labels, head.source)
        names = head.labels if columns is None else tuple(head.labels[at] for at in columns)
        clinical = head.clinical
        aligned = clinical is not None and "sample" in clinical and tuple(clinical["sample"]) == head.samples
        start = 0
        for values in cohort.read(columns):
            part = slice(start, start + len(values))
            own = clinical.iloc[part].reset_index(drop=True) if aligned and clinical is not None else clinical
            yield replace(head, samples=head.samples[part], labels=names, values=values, clinical=own)
            start += len(values)


def _head(samples: tuple[str, ...], labels: tuple[str, ...], source: str, reason: str) -> RawCohort:
    return RawCohort(samples, labels, np.empty((0, len(labels)), np.float32), source, reason)


def _open_h5ad(source: str, rows: int, options: dict[str, object], stack: ExitStack) -> OpenCohort:
    file = stack.enter_context(open_h5ad(source, **options))  # type: ignore[arg-type]  # layer and symbols are text
    head = _head(file.samples, file.labels, source, f"patients x genes (AnnData, {file.layer})")
    n_samples = len(file.samples)

    def read(columns: Sequence[int] | None) -> Iterator[Array]:
        return (file.rows(start, min(start + rows, n_samples), columns) for start in range(0, n_samples, rows))

    return OpenCohort(replace(head, clinical=file.clinical(), notes=file.notes), read)


def _open_whole(raw: RawCohort, rows: int) -> OpenCohort:
    def read(columns: Sequence[int] | None) -> Iterator[Array]:
        return (_pick(raw.values[start : start + rows], columns) for start in range(0, len(raw.samples), rows))

    return OpenCohort(replace(raw, values=raw.values[:0]), read)


def _open_binary(path: Path, rows: int, orientation: Orientation) -> OpenCohort:
    table = open_binary(path, first_bytes(path))
    names, source = table.labels(), str(path)
    genes_in_rows, reason = orient(
        RawMatrix(names, table.measured, np.empty((0, 0), np.float32), (), source), orientation
    )
    notes = describe_left_out(table.left_out)

    def read_columns(columns: Sequence[int] | None) -> Iterator[Array]:
        starts = range(0, len(table.measured), rows)
        return (_pick(table.read(table.measured[start : start + rows]).values.T, columns) for start in starts)

    def read_rows(columns: Sequence[int] | None) -> Iterator[Array]:
        wanted = None if columns is None else [table.measured[at] for at in columns]
        return _regroup((part.values for part in table.batches(rows, wanted)), rows)

    if genes_in_rows:
        return OpenCohort(replace(_head(table.measured, names, source, reason), notes=notes), read_columns)
    return OpenCohort(replace(_head(names, table.measured, source, reason), notes=notes), read_rows)


def _open_text(
    path: Path, rows: int, orientation: Orientation, layout: Layout, options: dict[str, object], stack: ExitStack
) -> OpenCohort:
    """Lay the matrix down in a scratch file; which way round it lies is told when all labels are known."""

    def open_text() -> Iterator[bytes]:
        return stream_text(path, float(options.get("max_inflation", MAX_INFLATION)), _TEXT)  # type: ignore[arg-type]

    plan, parts = parse_rows(open_text(), path)
    scratch, labels = stack.enter_context(Scratch(rows)), list[str]()
    try:
        for part in parts:
            scratch.add(part.values)
            labels += part.labels
    except UnplainError:
        logger.info("%s: the text is not plain; it is read as a whole, not in blocks", path)
        return _open_whole(layout.read(str(path), orientation, **options), rows)
    matrix = RawMatrix(tuple(labels), plan.columns, np.empty((0, 0), np.float32), plan.left_out, str(path))
    genes_in_rows, reason = orient(matrix, orientation)

    def read(columns: Sequence[int] | None) -> Iterator[Array]:
        blocks = scratch.columns() if genes_in_rows else _regroup(scratch.rows(), rows)
        return (_pick(block, columns) for block in blocks)

    names = (matrix.columns, matrix.rows) if genes_in_rows else (matrix.rows, matrix.columns)
    return OpenCohort(replace(_head(*names, str(path), reason), notes=describe_left_out(plan.left_out)), read)


def _pick(values: Array, columns: Sequence[int] | None) -> Array:
    return values if columns is None else values[:, list(columns)]


def _regroup(parts: Iterable[Array], rows: int) -> Iterator[Array]:
    """Cut parts of any height into blocks of so many rows; the last may be smaller."""
    pieces = (part[start : start + rows] for part in parts for start in range(0, len(part), rows))
    held: list[Array] = []
    count = 0
    for piece in pieces:
        room = rows - count
        held.append(piece[:room])
        count += len(held[-1])
        if count == rows:
            yield np.concatenate(held)
            held = [piece[room:]]
            count = len(held[-1])
    if count:
        yield np.concatenate(held)
