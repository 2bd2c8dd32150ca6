"""Expression in blocks of patients with the genes that are wanted: the numbers of `read_cohort`, in little memory."""

import logging
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import numpy as np

from itgstrat.cohort import Dropped
from itgstrat.errors import InputError, name_some
from itgstrat.readers.barcodes import Samples, Selection
from itgstrat.readers.blocks import BLOCK_PATIENTS, OpenCohort, open_cohort
from itgstrat.readers.genes import Duplicates, collapse_genes, gather_genes, group_labels, map_genes
from itgstrat.readers.layout import Orientation, find_unit
from itgstrat.readers.matrix import Array
from itgstrat.readers.reading import (
    choose_samples,
    name_cohort,
    require_catalogue_genes,
)
from itgstrat.readers.units import DeclaredUnit, RawUnit, Survey, resolve_unit, survey_numbers, to_log2

logger = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class ExpressionStream:
    """Expression of the wanted genes, block by block.

    Parameters
    ----------
    name : str
        Name of the cohort.
    cohort : OpenCohort
        The file.
    selection : Selection
        The samples that stay.
    genes : tuple of str
        HGNC symbols that were wanted and found, in the order of the file.
    groups : tuple of list of int
        Positions of the labels of each.
    absent : tuple of str
        HGNC symbols that were wanted and not found.
    unit : {"counts", "linear", "log2", "log-ratio", "z-score"}
        What the numbers of the file are.
    is_declared : bool
        Whether that was said, not detected; then every block is held against it.
    duplicates : {"mean", "first", "fail"}
        Which of several rows of one gene stays.
    dropped, lost : tuple of Dropped
        Samples, and labels, that were left out.
    block : int
        Samples of one block.
    """

    name: str
    cohort: OpenCohort
    selection: Selection
    genes: tuple[str, ...]
    groups: tuple[list[int], ...]
    absent: tuple[str, ...]
    unit: RawUnit
    is_declared: bool
    duplicates: Duplicates
    dropped: tuple[Dropped, ...]
    lost: tuple[Dropped, ...]
    block: int

    @property
    def patients(self) -> tuple[str, ...]:
        """Patients, in the order of the file."""
        return self.selection.patients

    @property
    def n_blocks(self) -> int:
        """Number of blocks."""
        return -(-len(self.cohort.head.samples) // self.block)

    @property
    def coverage(self) -> float:
        """Share of the wanted genes that was found."""
        return len(self.genes) / (len(self.genes) + len(self.absent))

    def __iter__(self) -> Iterator[tuple[list[str], Array]]:
        """Give patients, and their expression: float32, shape (n_block_patients, n_genes), NaN is not measured."""
        for rows, values in self.blocks():
            yield list(self.patients[rows]), values

    def blocks(self, first: int = 0) -> Iterator[tuple[slice, Array]]:
        """Give block after block.

        Parameters
        ----------
        first : int
            Number of the first block that is wanted, from 0.

        Returns
        -------
        iterator of (slice, ndarray of float32, shape (n_block_patients, n_genes))
            Positions of its patients in `patients`, none where all its samples were left out; and their expression in
            `COHORT_UNIT` of the unit, NaN is not measured. It keeps no block that it gave.

        Raises
        ------
        InputError
            If the file is damaged, or the numbers of a block are not of the declared unit.
        """
        return islice(map(self._take, self._slices(), self.cohort.read(None)), first, None)

    def _slices(self) -> Iterator[tuple[int, slice]]:
        return slice_blocks(self.selection, len(self.cohort.head.samples), self.block)

    def _take(self, place: tuple[int, slice], values: Array) -> tuple[slice, Array]:
        """Bring a block as it stands in the file to the genes and the unit of the stream."""
        start, rows = place
        values = take_rows(values, self.selection, start, rows)
        if not len(values):
            return rows, np.empty((0, len(self.genes)), np.float32)
        if self.is_declared and not np.isnan(values).all():
            resolve_unit(values, self.unit)
        return rows, gather_genes(to_log2(values, self.unit), self.groups, self.duplicates)[0]


def slice_blocks(selection: Selection, n_samples: int, block: int) -> Iterator[tuple[int, slice]]:
    """Tell which samples that stay are in which block of the file.

    Parameters
    ----------
    selection : Selection
        The samples that stay.
    n_samples, block : int
        Samples of the file, and of one block of it.

    Yields
    ------
    start : int
        Position of the first sample of the block in the file.
    rows : slice
        Positions of its samples among those that stay.
    """
    starts = range(0, n_samples, block)
    ends = np.searchsorted(selection.positions, [*starts, n_samples]).tolist()
    yield from zip(starts, map(slice, ends, ends[1:]), strict=True)


def take_rows(values: Array, selection: Selection, start: int, rows: slice) -> Array:
    """Leave out the samples of a block that do not stay.

    Parameters
    ----------
    values : ndarray of float32, shape (n_block_samples, n_labels)
        A block of the file.
    selection : Selection
        The samples that stay.
    start, rows
        From `slice_blocks`.

    Returns
    -------
    ndarray of float32, shape (n_chosen, n_labels)
        The same array where all stay.
    """
    if rows.stop - rows.start == len(values):
        return values
    return values[np.array(selection.positions[rows], dtype=np.intp) - start]


@contextmanager
def stream_expression(
    source: str | Path,
    genes: Collection[str] | None = None,
    *,
    block: int = BLOCK_PATIENTS,
    orientation: Orientation = "auto",
    layout: str | None = None,
    unit: DeclaredUnit = "auto",
    duplicates: Duplicates = "mean",
    samples: Samples = "primary",
    name: str | None = None,
    **options: object,
) -> Iterator[ExpressionStream]:
    r"""Open the expression of a cohort; the numbers are those of `read_cohort` with the same arguments.

    A unit that is not declared is told by all numbers, so they are gone through once more.

    Parameters
    ----------
    source : str or Path
        Expression file; see `open_cohort` for what is read in blocks.
    genes : collection of str, optional
        HGNC symbols that are wanted; all if not given.
    block : int
        Samples of one block.
    orientation, layout, unit, samples, name
        As in `read_cohort`.
    duplicates : {"mean", "first", "fail"}
        Which of several rows of one gene stays; the highest mean is only known when all patients were seen.
    **options
        What one layout alone knows.

    Yields
    ------
    ExpressionStream
        Open until the end of the ``with`` block.

    Raises
    ------
    InputError
        As `read_cohort`, or if the row with the highest mean is asked for.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder) / "small.tsv"
    ...     _ = path.write_text("gene\tA\tB\tC\nITGB6\t1\t2\t3\nITGAV\t4\t5\t6\n")
    ...     with stream_expression(path, ["ITGAV", "ITGB1"], block=2) as stream:
    ...         [(patients, values.tolist()) for patients, values in stream], stream.coverage
    ([(['A', 'B'], [[4.0], [5.0]]), (['C'], [[6.0]])], 0.5)
    """
    if duplicates == "highest_mean":
        raise InputError(
            "duplicates: which row of a gene has the highest mean is known only when all patients are read, so it does "
            'not go in blocks; use "mean", "first" or "fail"'
        )
    with open_cohort(source, block, orientation=orientation, layout=layout, **options) as cohort:
        raw = cohort.head
        name = name or raw.name or name_cohort(raw.source)
        selection = choose_samples(raw, samples, name)
        places = slice_blocks(selection, len(raw.samples), block)
        taken = map(lambda place, values: take_rows(values, selection, *place), places, cohort.read(None))
        chosen = filter(len, taken)  # a generator would hold a block while the next is read
        nothing = Survey(0.0, 0.0, 0, raw.values)  # what is declared is held against each block when it is read
        survey = survey_numbers(chosen, len(selection.positions)) if unit == "auto" else nothing
        found_unit, reason = find_unit(raw, survey, unit)
        logger.info("%s: %s; unit %s (%s)", name, raw.orientation, found_unit, reason)
        for note in raw.notes:
            logger.info("%s: %s", name, note)
        mapping = map_genes(raw.labels)
        symbols, _, lost = collapse_genes(raw.values, mapping, duplicates, name)
        require_catalogue_genes(symbols, raw)
        groups, _ = group_labels(mapping)
        wanted = list(dict.fromkeys(symbols if genes is None else genes))
        asked = set(wanted)
        found = tuple(symbol for symbol in symbols if symbol in asked)
        if not found:
            raise InputError(f"{name}: none of the {len(wanted)} genes asked for ({name_some(wanted)}) was measured")
        own = tuple(replace(record, cohort=name) for record in raw.dropped)
        yield ExpressionStream(
            name=name,
            cohort=cohort,
            selection=selection,
            genes=found,
            groups=tuple(groups[symbol] for symbol in found),
            absent=tuple(sorted(asked.difference(found))),
            unit=found_unit,
            is_declared=unit != "auto",
            duplicates=duplicates,
            dropped=(*own, *selection.dropped),
            lost=lost,
            block=block,
        )
