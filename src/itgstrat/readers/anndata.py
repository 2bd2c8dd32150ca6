"""AnnData files (h5ad, on-disk formats of anndata 0.7 to 0.12), read through h5py: only what is asked for is read."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt
import pandas as pd

from itgstrat.errors import InputError, name_some
from itgstrat.readers.content import first_bytes
from itgstrat.readers.layout import Orientation, RawCohort, gene_likeness
from itgstrat.readers.matrix import Array
from itgstrat.readers.tables import tidy_clinical

_HDF5 = b"\x89HDF"
#: Columns of ``var`` in which tools of the field keep gene symbols.
_SYMBOLS = (
    *("gene_symbols", "gene_symbol", "symbol", "symbols", "hgnc_symbol", "feature_name", "gene_name", "gene_names"),
    *("gene_short_name", "SYMBOL", "Symbol", "gene", "genes"),
)
#: Numbers of a column-wise sparse matrix that are looked at together.
_AT_ONCE = 1 << 22
#: Patients of a row-wise sparse matrix that are looked at together.
_ROWS_AT_ONCE = 50
#: Other HDF5 files that people hand over, by a path inside them, and what to do.
_FOREIGN = {
    "0/DATA/0/matrix": "a GCTX file of CMap; convert it to GCT with cmapPy (gctx2gct) or to h5ad",
    "matrix/barcodes": "a 10x Genomics file of cells; sum the counts of each patient's cells and save h5ad or TSV",
    "row_attrs": "a loom file; convert it to h5ad (anndata.read_loom, then write_h5ad)",
    "mod": "a MuData file; save its expression modality as h5ad",
}


def is_hdf5(source: str) -> bool:
    """Tell an HDF5 file by its first bytes.

    Parameters
    ----------
    source : str
        Any path.

    Returns
    -------
    bool
        True for h5ad, and for other HDF5 files, which `open_h5ad` tells apart.
    """
    try:
        return first_bytes(Path(source)).startswith(_HDF5)
    except (InputError, ValueError):
        return False


def read_h5ad(
    source: str, orientation: Orientation = "auto", layer: str | None = None, symbols: str | None = None
) -> RawCohort:
    """Read an h5ad file whose observations are patients; ``obs`` becomes the clinical table.

    Parameters
    ----------
    source : str
        The file.
    orientation : {"auto", "genes x patients", "patients x genes"}
        Not used: AnnData always has observations in rows.
    layer : str, optional
        Name of a layer, or ``raw``; ``X`` if not given.
    symbols : str, optional
        Column of ``var`` that names the genes, or ``index``; the one with the most gene identifiers if not given.

    Returns
    -------
    RawCohort
        Patients in rows.

    Raises
    ------
    InputError
        If the file is damaged, is another HDF5 file or older than anndata 0.7, or has no such layer.
    """
    with open_h5ad(source, layer, symbols) as file:
        return RawCohort(
            file.samples,
            file.labels,
            file.rows(0, len(file.samples)),
            source,
            f"patients x genes (AnnData, {file.layer})",
            file.clinical(),
            file.notes,
        )


class H5ad:
    """An open h5ad file.

    Parameters
    ----------
    file : h5py.File
        The file.
    layer : str or None
        Name of a layer, or ``raw``; ``X`` if None.
    symbols : str or None
        Column of ``var`` that names the genes.

    Attributes
    ----------
    samples, labels : tuple of str
        Names of the observations; names of the variables that were chosen.
    layer : str
        Where the numbers come from.
    notes : tuple of str
        How that was chosen.

    Raises
    ------
    InputError
        If there is no such layer or column.
    """

    def __init__(self, file: h5py.File, layer: str | None, symbols: str | None) -> None:
        self._file = file
        self._path = Path(file.filename)
        place, var = self._find_layer(layer)
        self._matrix, self.layer = file[place], place
        self.samples = self._index("obs")
        self.labels, note = self._name_genes(var, symbols)
        others = [f"layer={name!r}" for name in self._layers() if name != layer]
        hint = (f"other numbers in the file: {name_some(others)}",) if others and layer is None else ()
        self.notes = (f"numbers taken from {place}", *hint, *([note] if note else []))
        shape = self._shape()
        if shape != (len(self.samples), len(self.labels)):
            raise InputError(
                f"{self._path}: {place} is {shape[0]} x {shape[1]}, but there are {len(self.samples)} observations and "
                f"{len(self.labels)} variables; write the file again"
            )

    def _layers(self) -> list[str]:
        return [*(["raw"] if "raw/X" in self._file else []), *self._file.get("layers", ())]

    def _find_layer(self, layer: str | None) -> tuple[str, str]:
        if layer == "raw" and "raw/X" in self._file:
            return "raw/X", "raw/var"
        place = "X" if layer in (None, "X") else f"layers/{layer}"
        if place not in self._file or self._file[place].attrs.get("encoding-type") == "null":
            choices = name_some(self._layers()) or "none"
            raise InputError(f"{self._path}: the file has no {place}; declare layer= one of: {choices}")
        return place, "var"

    def _index(self, group: str) -> tuple[str, ...]:
        table = self._file[group]
        if not isinstance(table, h5py.Group):
            raise InputError(
                f"{self._path}: {group} is written as anndata before 0.7 did; open and save it with a newer anndata"
            )
        return tuple(str(name) for name in self._column(table, str(table.attrs.get("_index", "_index"))))

    def _column(self, table: h5py.Group, name: str) -> npt.NDArray[np.object_]:
        """Read one column of a data frame, whatever the encoding; missing is None."""
        node = table[name]
        if isinstance(node, h5py.Dataset):
            values = _values(node)
            if "categories" not in node.attrs:
                return values
            return _decode(values, _values(self._file[node.attrs["categories"]]))
        if "categories" in node:
            return _decode(self._column(node, "codes"), self._column(node, "categories"))
        if "values" in node:
            values = self._column(node, "values")
            if "mask" in node:
                values[np.asarray(node["mask"][...], dtype=bool)] = None
            return values
        raise InputError(
            f"{self._path}: column {name!r} of {table.name} has the encoding "
            f"{node.attrs.get('encoding-type', 'unknown')!r}, which is not known"
        )

    def _name_genes(self, var: str, symbols: str | None) -> tuple[tuple[str, ...], str]:
        index, table = self._index(var), self._file[var]
        if symbols is not None and symbols != "index":
            if symbols not in table:
                raise InputError(f"{self._path}: {var} has no column {symbols!r}; it has {name_some(table)}")
            return _words(self._column(table, symbols)), f"genes named by {var}[{symbols!r}] (declared)"
        if symbols == "index" or gene_likeness(index) >= 0.5:
            return index, ""
        found = {name: _words(self._column(table, name)) for name in _SYMBOLS if name in table}
        likeness = {name: gene_likeness(labels) for name, labels in found.items()}
        best = max(likeness, key=lambda name: likeness[name], default="")
        if not best or likeness[best] <= gene_likeness(index):
            return index, ""
        return found[best], f"genes named by {var}[{best!r}]: {likeness[best]:.0%} gene identifiers"

    def _shape(self) -> tuple[int, int]:
        shape = self._matrix.attrs["shape"] if isinstance(self._matrix, h5py.Group) else self._matrix.shape
        if len(shape) != 2:
            raise InputError(f"{self._path}: {self.layer} has {len(shape)} dimensions instead of 2")
        return int(shape[0]), int(shape[1])

    def rows(self, start: int, stop: int, columns: Sequence[int] | None = None) -> Array:
        """Read the numbers of some patients; nothing else of the matrix is held in memory.

        Parameters
        ----------
        start, stop : int
            First patient, and the one behind the last.
        columns : sequence of int, optional
            Positions of the genes; all if not given.

        Returns
        -------
        ndarray of float32, shape (stop - start, n_columns)
            The numbers.

        Raises
        ------
        InputError
            If the matrix is stored in an unknown way.
        """
        with _reading(self._path):
            block = self._rows(start, stop)
        return np.asarray(block if columns is None else block[:, list(columns)], np.float32)

    def _rows(self, start: int, stop: int) -> Array:
        matrix = self._matrix
        if isinstance(matrix, h5py.Dataset):
            block: Array = matrix.astype(np.float32)[start:stop]
            return block
        if matrix.attrs.get("encoding-type") == "csr_matrix":
            return self._rows_csr(start, stop)
        if matrix.attrs.get("encoding-type") == "csc_matrix":
            return self._rows_csc(start, stop)
        raise InputError(f"{self._path}: {self.layer} is stored as {dict(matrix.attrs)}, which is not known")

    def _rows_csr(self, start: int, stop: int) -> Array:
        ends = self._matrix["indptr"][start : stop + 1]
        block = np.zeros((len(ends) - 1, self._shape()[1]), np.float32)
        for first in range(0, len(block), _ROWS_AT_ONCE):
            own = ends[first : first + _ROWS_AT_ONCE + 1]
            part = slice(int(own[0]), int(own[-1]))
            rows = np.repeat(np.arange(first, first + len(own) - 1), np.diff(own))
            block[rows, self._matrix["indices"][part]] = self._matrix["data"][part]
        return block

    def _rows_csc(self, start: int, stop: int) -> Array:
        ends = self._matrix["indptr"][...]
        block = np.zeros((stop - start, self._shape()[1]), np.float32)
        for first in range(0, int(ends[-1]), _AT_ONCE):
            part = slice(first, min(first + _AT_ONCE, int(ends[-1])))
            rows = self._matrix["indices"][part]
            inside = (rows >= start) & (rows < stop)
            columns = np.searchsorted(ends, np.flatnonzero(inside) + first, side="right") - 1
            block[rows[inside] - start, columns] = self._matrix["data"][part][inside]
        return block

    def clinical(self) -> pd.DataFrame | None:
        """Read ``obs`` as a clinical table.

        Returns
        -------
        DataFrame or None
            One row a patient with the column ``sample``; None if ``obs`` has no column.
        """
        table = self._file["obs"]
        index = str(table.attrs.get("_index", "_index"))
        names = [str(name) for name in table.attrs.get("column-order", ()) if str(name) != index and str(name) in table]
        if not names:
            return None
        with _reading(self._path):
            columns = {name: list(self._column(table, name)) for name in names}
        return tidy_clinical(pd.DataFrame({"sample": list(self.samples)} | columns))


@contextmanager
def open_h5ad(source: str | Path, layer: str | None = None, symbols: str | None = None) -> Iterator[H5ad]:
    """Open an h5ad file; close it at the end of the block.

    Parameters
    ----------
    source : str or Path
        The file.
    layer : str, optional
        Name of a layer, or ``raw``; ``X`` if not given.
    symbols : str, optional
        Column of ``var`` that names the genes.

    Yields
    ------
    H5ad
        Names, clinical table, and the numbers of any patients.

    Raises
    ------
    InputError
        If the file is damaged, is another HDF5 file or older than anndata 0.7, or has no such layer.
    """
    first_bytes(Path(source))  # says what is wrong with the path
    with ExitStack() as stack:
        with _reading(source):
            file = stack.enter_context(h5py.File(source, "r"))
            what = next((what for place, what in _FOREIGN.items() if place in file), None)
            if what or "obs" not in file or "var" not in file:
                raise InputError(f"{source}: this is {what or 'an HDF5 file, but no h5ad (it has no obs and var)'}")
            found = H5ad(file, layer, symbols)
        yield found


@contextmanager
def _reading(source: str | Path) -> Iterator[None]:
    """Say what is wrong with the file; only around what reads it, so that faults of others are not laid to it."""
    try:
        yield
    except (OSError, KeyError, RuntimeError) as error:
        raise InputError(
            f"{source}: the h5ad file is damaged, cut off or packed by a filter that h5py does not have ({error}); "
            "download it again, or save it without compression"
        ) from error


def _values(node: h5py.Dataset) -> npt.NDArray[np.object_]:
    if node.dtype.fields:
        raise InputError(f"{node.file.filename}: {node.name} is a record array, as anndata before 0.7 wrote it")
    values: Any = node.asstr()[...] if h5py.check_string_dtype(node.dtype) else node[...]
    return np.asarray(values).astype(object)


def _decode(codes: npt.NDArray[np.object_], categories: npt.NDArray[np.object_]) -> npt.NDArray[np.object_]:
    places = codes.astype(np.int64)
    return np.append(categories, np.array([None], dtype=object))[np.where(places < 0, len(categories), places)]


def _words(values: npt.NDArray[np.object_]) -> tuple[str, ...]:
    return tuple("" if value is None else str(value) for value in values)
