"""What every layout gives: labelled numbers, patients in rows, before identifiers and units are read."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd

from itgstrat.cohort import Dropped
from itgstrat.errors import InputError, name_some
from itgstrat.readers.content import MAX_INFLATION
from itgstrat.readers.genes import map_genes
from itgstrat.readers.tables import RawMatrix, read_matrix
from itgstrat.readers.units import DeclaredUnit, RawUnit, Survey, resolve_surveyed, survey_numbers

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
    unit : {"auto", "counts", "linear", "log2", "log-ratio", "z-score"}
        What the layout itself says the numbers are; ``"auto"`` where it does not say.
    alterations : DataFrame or None
        Mutations, copy number and other facts that come with the layout, one row a sample or patient;
        NaN is *not assessed*.
    patients : tuple of str or None
        Patient of each sample, where the layout has a table of it (labels that are no TCGA barcodes need it).
    sample_types : tuple of str or None
        Kind of each sample in words (Primary, Metastasis, ...), empty where not known; goes with `patients`.
    dropped : tuple of Dropped
        What the layout's own reader left out, and why.
    name : str
        Name of the cohort, where the layout has one.
    """

    samples: tuple[str, ...]
    labels: tuple[str, ...]
    values: npt.NDArray[np.float32]
    source: str
    orientation: str = ""
    clinical: pd.DataFrame | None = None
    notes: tuple[str, ...] = ()
    unit: DeclaredUnit = "auto"
    alterations: pd.DataFrame | None = None
    patients: tuple[str, ...] | None = None
    sample_types: tuple[str, ...] | None = None
    dropped: tuple[Dropped, ...] = ()
    name: str = ""


@dataclass(frozen=True, eq=False)
class ClinicalTable:
    """A clinical table of a layout of its own, brought to one column a variable.

    Parameters
    ----------
    table : DataFrame
        One row a sample or patient, one column of labels among the others.
    notes : tuple of str
        What was derived, left out or must be known to use it.
    """

    table: pd.DataFrame
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Glance:
    """What is in a file that holds no expression, such as a mutation table.

    Parameters
    ----------
    content : str
        What the file holds, in a few words.
    samples : tuple of str
        Labels of the samples, each once.
    labels : tuple of str
        Labels of the genes, each once; empty where the file has none.
    notes : tuple of str
        What one should know, and what is needed beside the file to make a cohort of it.
    clinical : DataFrame or None
        The clinical table, where the file is one.
    """

    content: str
    samples: tuple[str, ...]
    labels: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    clinical: pd.DataFrame | None = None


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
        Source and orientation -> RawCohort; raises for a layout without expression.
    glance : callable or None
        Source -> Glance, for a layout that holds no expression.
    options : tuple of str
        Keyword arguments that `read` takes beyond source and orientation.
    clinical : callable or None
        Source -> ClinicalTable, for a layout that is or has one that `read_clinical` cannot read as it stands.
    """

    name: str
    recognise: Callable[[str], bool] = field(repr=False)
    read: Callable[..., RawCohort] = field(repr=False)
    glance: Callable[[str], Glance] | None = field(default=None, repr=False)
    options: tuple[str, ...] = ()
    clinical: Callable[[str], ClinicalTable] | None = field(default=None, repr=False)

    def open(self, source: str, orientation: Orientation = "auto", **options: object) -> RawCohort:
        """Read a source; options that are None are left out, those that the layout does not know are refused.

        Parameters
        ----------
        source : str
            A path.
        orientation : {"auto", "genes x patients", "patients x genes"}
            Which way round the table lies.
        **options
            Such as ``probe_map`` for GEO; see `options`.

        Returns
        -------
        RawCohort
            Patients in rows.

        Raises
        ------
        InputError
            If an option does not belong to the layout, or the source cannot be read.
        """
        return self.read(source, orientation, **self.choose(source, options))

    def choose(self, source: str, options: Mapping[str, object]) -> dict[str, object]:
        """Leave out options that are None, and refuse those that the layout does not know.

        Parameters
        ----------
        source : str
            A path, for the message.
        options : mapping
            As `open` takes them.

        Returns
        -------
        dict
            What `read` takes.

        Raises
        ------
        InputError
            If an option does not belong to the layout.
        """
        given = {name: value for name, value in options.items() if value is not None}
        foreign = sorted(set(given) - set(self.options))
        if foreign:
            known = ", ".join(self.options) or "none"
            raise InputError(f"{source}: the layout {self.name!r} has no option {name_some(foreign)} (it has: {known})")
        return given


def find_unit(
    raw: RawCohort, expression: npt.NDArray[np.float32] | Survey, declared: DeclaredUnit = "auto"
) -> tuple[RawUnit, str]:
    """Take the unit that is declared, else the one that the layout states, else detect it.

    Parameters
    ----------
    raw : RawCohort
        The cohort as its files have it.
    expression : ndarray of float32, shape (n_patients, n_genes), or Survey
        Its numbers, or those of some patients; or what was seen of them.
    declared : {"counts", "linear", "log2", "log-ratio", "z-score", "auto"}
        What they are said to be.

    Returns
    -------
    tuple of RawUnit and str
        The unit, and the reason in words.

    Raises
    ------
    InputError
        If the numbers cannot be what is declared or stated.
    """
    survey = expression if isinstance(expression, Survey) else survey_numbers([expression], len(expression))
    if declared == "auto" and raw.unit != "auto":
        return resolve_surveyed(survey, raw.unit)[0], "stated by the layout"
    unit, reason = resolve_surveyed(survey, declared)
    if raw.unit not in ("auto", unit):
        reason = f"{reason}, against the layout, which states {raw.unit}"
    return unit, reason


def read_table(source: str, orientation: Orientation = "auto", max_inflation: float = MAX_INFLATION) -> RawCohort:
    """Read one matrix file, whichever way round it lies.

    Parameters
    ----------
    source : str
        Path of a TSV, CSV, parquet or feather file.
    orientation : {"auto", "genes x patients", "patients x genes"}
        Which axis holds the genes; detected by which labels are genes if ``"auto"``.
    max_inflation : float
        How many times larger than its archive a packed text may be.

    Returns
    -------
    RawCohort
        Patients in rows.

    Raises
    ------
    InputError
        If the file is no matrix of numbers, neither axis holds genes, or the declared one does not.
    """
    matrix = read_matrix(Path(source), max_inflation=max_inflation)
    genes_in_rows, reason = orient(matrix, orientation)
    notes = describe_left_out(matrix.left_out)
    if genes_in_rows:
        return RawCohort(matrix.columns, matrix.rows, matrix.values.T, source, reason, notes=notes)
    return RawCohort(matrix.rows, matrix.columns, matrix.values, source, reason, notes=notes)


def describe_left_out(columns: Sequence[str]) -> tuple[str, ...]:
    """Say which columns of a table are no measurements.

    Parameters
    ----------
    columns : sequence of str
        Their names.

    Returns
    -------
    tuple of str
        One note; none where there is no such column.
    """
    return (f"columns left out (they describe the rows): {name_some(columns)}",) if columns else ()


def orient(matrix: RawMatrix, orientation: Orientation) -> tuple[bool, str]:
    """Tell which way round a table lies.

    Parameters
    ----------
    matrix : RawMatrix
        The labels of its axes; the numbers are not looked at.
    orientation : {"auto", "genes x patients", "patients x genes"}
        What is declared.

    Returns
    -------
    tuple of bool and str
        Whether the genes are in the rows, and how that is known.

    Raises
    ------
    InputError
        If neither axis is named by genes, or the declared one is not.
    """
    if orientation not in get_args(Orientation):
        raise InputError(f"orientation {orientation!r} is not known; use one of {', '.join(get_args(Orientation))}")
    rows, columns = gene_likeness(matrix.rows), gene_likeness(matrix.columns)
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


def gene_likeness(labels: tuple[str, ...]) -> float:
    """Tell which share of labels are genes; whole numbers and old names, as patients may have too, count half.

    Parameters
    ----------
    labels : tuple of str
        Labels of an axis; some 2,000 are looked at.

    Returns
    -------
    float
        0 to 1.

    Examples
    --------
    >>> gene_likeness(("ITGB6", "patient 7"))
    0.5
    """
    some = labels[:: max(1, len(labels) // _LOOKED_AT)]
    mapping = map_genes(some)
    sure = sum(
        1.0 if meaning.direct and not label.strip().isdigit() else 0.5
        for label, meaning in zip(some, mapping.meanings, strict=True)
        if meaning.symbol
    )
    return sure / len(some)
