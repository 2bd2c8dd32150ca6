"""What every layout gives: labelled numbers, patients in rows, before identifiers and units are read."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd

from itgstrat.errors import InputError, name_some
from itgstrat.readers.genes import map_genes
from itgstrat.readers.tables import RawMatrix, read_matrix

#: Which way round a table lies, or ``auto`` to detect it.
Orientation = Literal["auto", "genes x patients", "patients x genes"]
#: Labels of an axis that are looked at to see whether they are genes.
_LOOKED_AT = 2000


@dataclass(frozen=True, eq=False)
class RawCohort:
    """A cohort as its files have it.

    Parameters
    ----------
    samples : tuple of str
        Labels of the samples, as written.
    labels : tuple of str
        Labels of the genes, as written; one may occur more than once.
    values : ndarray of float32, shape (n_samples, n_labels)
        Numbers as written.
    source : str
        File or dataset.
    orientation : str
        Which way round the file lies, and how that is known.
    clinical : DataFrame or None
        Clinical table that comes with the layout, one row a sample or patient.
    notes : tuple of str
        What a reader of the report should know about the file.
    """

    samples: tuple[str, ...]
    labels: tuple[str, ...]
    values: npt.NDArray[np.float32]
    source: str
    orientation: str = ""
    clinical: pd.DataFrame | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Layout:
    """A public file layout: how to recognise it and how to read it.

    Parameters
    ----------
    name : str
        Name, as ``inspect`` shows it.
    recognise : callable
        Source -> whether it has this layout; cheap, and never raises.
    read : callable
        Source and orientation -> RawCohort.
    """

    name: str
    recognise: Callable[[str], bool] = field(repr=False)
    read: Callable[[str, Orientation], RawCohort] = field(repr=False)


def read_table(source: str, orientation: Orientation = "auto") -> RawCohort:
    """Read one matrix file, whichever way round it lies.

    Parameters
    ----------
    source : str
        Path of a TSV, CSV, parquet or feather file.
    orientation : {"auto", "genes x patients", "patients x genes"}
        Which axis holds the genes; detected by which labels are genes if ``"auto"``.

    Returns
    -------
    RawCohort
        Patients in rows.

    Raises
    ------
    InputError
        If the file is no matrix of numbers, neither axis holds genes, or the declared one does not.
    """
    matrix = read_matrix(Path(source))
    genes_in_rows, reason = _orient(matrix, orientation)
    notes = (f"columns left out (they describe the rows): {name_some(matrix.left_out)}",) if matrix.left_out else ()
    if genes_in_rows:
        return RawCohort(matrix.columns, matrix.rows, matrix.values.T, source, reason, notes=notes)
    return RawCohort(matrix.rows, matrix.columns, matrix.values, source, reason, notes=notes)


def _orient(matrix: RawMatrix, orientation: Orientation) -> tuple[bool, str]:
    if orientation not in get_args(Orientation):
        raise InputError(f"orientation {orientation!r} is not known; use one of {', '.join(get_args(Orientation))}")
    rows, columns = _gene_likeness(matrix.rows), _gene_likeness(matrix.columns)
    seen = f"gene identifiers: {rows:.0%} of the rows, {columns:.0%} of the columns"
    if max(rows, columns) == 0:
        raise InputError(
            f"{matrix.source}: neither rows ({name_some(matrix.rows, 3)}) nor columns "
            f"({name_some(matrix.columns, 3)}) are named by HGNC symbols, Ensembl or Entrez gene ids; name "
            "the genes so (probe ids need a probe map)"
        )
    detected = rows >= columns
    if orientation == "auto":
        return detected, f"{'genes x patients' if detected else 'patients x genes'} (detected; {seen})"
    declared = orientation == "genes x patients"
    if (rows if declared else columns) < 0.5 * (columns if declared else rows):
        raise InputError(
            f"{matrix.source}: declared as {orientation}, but genes and patients seem swapped ({seen}); "
            'declare "auto" or the other orientation'
        )
    return declared, f"{orientation} (declared; {seen})"


def _gene_likeness(labels: tuple[str, ...]) -> float:
    """Share of labels that are genes; whole numbers and old names, as patients may have too, count half."""
    some = labels[:: max(1, len(labels) // _LOOKED_AT)]
    mapping = map_genes(some)
    sure = sum(
        1.0 if meaning.direct and not label.strip().isdigit() else 0.5
        for label, meaning in zip(some, mapping.meanings, strict=True)
        if meaning.symbol
    )
    return sure / len(some)
