"""A matrix of numbers as it lies in a file: labels of both axes and float32 values."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from itgstrat.errors import InputError, name_some

Array = npt.NDArray[np.float32]

#: Cells that stand for a missing number.
MISSING_NUMBERS = ("", "NA", "N/A", "NaN", "nan", "NAN", "null", "NULL", "None", "#N/A", "na", "n/a")
#: Columns that describe a gene and stand next to its label (cBioPortal, GDC, GCT, featureCounts, biomaRt).
_ANNOTATIONS = {
    *("entrez_gene_id", "entrez", "entrezgene", "entrezid", "entrez_id", "geneid", "gene_id", "gene_length"),
    *("length", "start", "end", "chr", "chrom", "chromosome", "strand", "description", "gene_type"),
    *("gene_biotype", "biotype", "cytoband", "symbol", "hugo_symbol", "gene_name", "gene_symbol"),
    *("hgnc_symbol", "hgnc_id", "ensembl_gene_id", "ensembl_id", "accession", "name"),
}


@dataclass(frozen=True, eq=False)
class RawMatrix:
    """A matrix of numbers as it lies in a file, with the labels of both axes.

    Parameters
    ----------
    rows, columns : tuple of str
        Labels as written; a label may occur more than once.
    values : ndarray of float32, shape (n_rows, n_columns)
        The numbers; NaN is missing.
    left_out : tuple of str
        Columns that describe the rows and hold no measurement.
    source : str
        The file.
    descriptions : mapping of str to tuple of str
        Text of the columns that describe the rows, where a layout keeps it.
    """

    rows: tuple[str, ...]
    columns: tuple[str, ...]
    values: Array
    left_out: tuple[str, ...] = ()
    source: str = ""
    descriptions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def keep(self, rows: Collection[str] | None, columns: Collection[str] | None) -> "RawMatrix":
        """Keep rows and columns by label; see `read_matrix`.

        Parameters
        ----------
        rows, columns : collection of str, optional
            Labels to keep; all if not given.

        Returns
        -------
        RawMatrix
            In the order of the file.

        Raises
        ------
        InputError
            If no label is there.
        """
        at_rows, at_columns = keep_labels(self.rows, rows, self.source), keep_labels(self.columns, columns, self.source)
        if rows is None and columns is None:
            return self
        values = self.values[np.ix_(at_rows, at_columns)]
        names = (tuple(self.rows[at] for at in at_rows), tuple(self.columns[at] for at in at_columns))
        return RawMatrix(*names, values, self.left_out, self.source)


def keep_labels(labels: Sequence[str], wanted: Collection[str] | None, source: str) -> list[int]:
    """Find the positions of the labels that are wanted.

    Parameters
    ----------
    labels : sequence of str
        Labels of an axis.
    wanted : collection of str, optional
        Which to keep; all if not given.
    source : str
        The file, for the message.

    Returns
    -------
    list of int
        Positions, in the order of the file.

    Raises
    ------
    InputError
        If none is there.
    """
    if wanted is None:
        return list(range(len(labels)))
    asked = set(wanted)
    found = [at for at, label in enumerate(labels) if label in asked]
    if not found:
        raise InputError(
            f"{source}: none of the {len(asked)} labels asked for ({name_some(sorted(asked), 3)}) is there; the file "
            f"has {name_some(labels, 3)}"
        )
    return found


def describes(name: str) -> bool:
    """Tell whether a column of this name describes the rows and holds no measurement.

    Parameters
    ----------
    name : str
        Name of a column.

    Returns
    -------
    bool
        True for ``Entrez_Gene_Id`` and the like.

    Examples
    --------
    >>> describes("Entrez_Gene_Id")
    True
    """
    return name.lower().replace(" ", "_").replace(".", "_") in _ANNOTATIONS


def clean_labels(column: pl.Series) -> list[str]:
    """Give labels without blanks around them; a missing one is empty.

    Parameters
    ----------
    column : polars.Series of str
        Labels as written.

    Returns
    -------
    list of str
        One a row.
    """
    return ["" if label in MISSING_NUMBERS else label for label in column.fill_null("").str.strip_chars().to_list()]


def assemble(
    labels: pl.Series,
    values: Iterable[pl.DataFrame],
    columns: tuple[str, ...],
    left_out: tuple[str, ...],
    path: Path,
) -> RawMatrix:
    """Put labels and columns of numbers together.

    Parameters
    ----------
    labels : polars.Series of str
        Labels of the rows.
    values : iterable of polars.DataFrame
        The numbers, some columns at a time.
    columns, left_out : tuple of str
        Names of the columns that are measured, and of those that are not.
    path : Path
        The file.

    Returns
    -------
    RawMatrix
        Labels and float32 values.

    Raises
    ------
    InputError
        If there is no column of numbers, or a number is infinite.
    """
    if not columns:
        raise InputError(
            f"{path}: no column of numbers beside the labels (text: {name_some(left_out) or 'none'}); an "
            "expression matrix needs one number per gene and patient: is this a clinical or mutation "
            "table?"
        )
    rows = tuple(clean_labels(labels))
    matrix, done = np.empty((len(columns), len(rows)), np.float32).T, 0  # columns lie together, as in the file
    for frame in values:
        matrix[:, done : done + frame.width] = frame.cast(pl.Float32).to_numpy()
        done += frame.width
    if any(np.isinf(column).any() for column in matrix.T):
        endless = np.argwhere(np.isinf(matrix))
        cells = [f"row {rows[row]!r}, column {columns[column]!r}" for row, column in endless]
        raise InputError(
            f"{path}: infinite numbers: {name_some(cells)}; most often the logarithm of zero: write NA "
            "there, or use log2(x + 1)"
        )
    return RawMatrix(rows, columns, matrix, left_out, str(path))
