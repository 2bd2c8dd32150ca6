"""A cohort a few hundred patients at a time, in memory that does not grow with their number."""

from collections.abc import Collection, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import numpy as np

from itgstrat.errors import InputError
from itgstrat.readers.anndata import is_hdf5, open_h5ad
from itgstrat.readers.binary import BinaryTable, is_binary, open_binary
from itgstrat.readers.content import first_bytes
from itgstrat.readers.detect import find_layout
from itgstrat.readers.layout import Orientation, RawCohort, orient
from itgstrat.readers.matrix import RawMatrix, keep_labels

#: Patients of one block: 20 MB of 20,000 genes.
BLOCK_PATIENTS = 250


def iter_blocks(
    source: str | Path,
    rows: int = BLOCK_PATIENTS,
    *,
    labels: Collection[str] | None = None,
    orientation: Orientation = "auto",
    **options: object,
) -> Iterator[RawCohort]:
    """Read a cohort in blocks of patients, in the order of the file.

    Blocks of h5ad (dense or sparse by rows), parquet and feather are read one after the other. Of parquet, genes x
    patients is the layout to prefer: patients x genes is read by whole row groups, and an h5ad sparse by columns is
    gone through once a block. Other layouts are read as a whole and then cut.

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
        The next patients; `labels` are the same in every block, `clinical` is that of the block.

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
    if rows < 1:
        raise InputError(f"blocks of {rows} patients; rows must be 1 or more")
    path = Path(source)
    if is_hdf5(str(source)):
        yield from _blocks_of_h5ad(str(source), rows, labels, find_layout(str(source)).options, options)
        return
    start = first_bytes(path) if path.is_file() and path.stat().st_size else b""
    if is_binary(start):
        yield from _blocks_of_binary(open_binary(path, start), rows, labels, orientation)
        return
    raw = find_layout(str(source)).open(str(source), orientation, **options)
    yield from _cut(raw, rows, keep_labels(raw.labels, labels, raw.source) if labels is not None else None)


def _blocks_of_h5ad(
    source: str, rows: int, labels: Collection[str] | None, known: tuple[str, ...], options: dict[str, object]
) -> Iterator[RawCohort]:
    given = {name: str(value) for name, value in options.items() if value is not None}
    if set(given) - set(known):
        raise InputError(f"{source}: an h5ad file has no option {', '.join(sorted(set(given) - set(known)))}")
    with ExitStack() as stack:
        file = stack.enter_context(open_h5ad(source, given.get("layer"), given.get("symbols")))
        columns = None if labels is None else keep_labels(file.labels, labels, source)
        names = file.labels if columns is None else tuple(file.labels[at] for at in columns)
        clinical, n_samples = file.clinical(), len(file.samples)
        for start in range(0, n_samples, rows):
            part = slice(start, min(start + rows, n_samples))
            yield RawCohort(
                file.samples[part],
                names,
                file.rows(part.start, part.stop, columns),
                source,
                f"patients x genes (AnnData, {file.layer})",
                None if clinical is None else clinical.iloc[part].reset_index(drop=True),
                file.notes,
            )


def _blocks_of_binary(
    table: BinaryTable, rows: int, labels: Collection[str] | None, orientation: Orientation
) -> Iterator[RawCohort]:
    names, source = table.labels(), str(table.path)
    empty = np.empty((0, 0), np.float32)
    genes_in_rows, reason = orient(RawMatrix(names, table.measured, empty, (), source), orientation)
    if not genes_in_rows:
        for part in table.batches(rows, labels):
            yield RawCohort(part.rows, part.columns, part.values, source, reason)
        return
    kept = None if labels is None else keep_labels(names, labels, source)
    for start in range(0, len(table.measured), rows):
        part = table.read(table.measured[start : start + rows])
        values = part.values.T if kept is None else part.values[kept].T
        genes = names if kept is None else tuple(names[at] for at in kept)
        yield RawCohort(part.columns, genes, values, source, reason)


def _cut(raw: RawCohort, rows: int, columns: list[int] | None) -> Iterator[RawCohort]:
    names = raw.labels if columns is None else tuple(raw.labels[at] for at in columns)
    for start in range(0, len(raw.samples), rows):
        part = slice(start, start + rows)
        values = raw.values[part] if columns is None else raw.values[part][:, columns]
        yield replace(raw, samples=raw.samples[part], labels=names, values=values)
