"""GCT 1.2 and 1.3 of the Broad Institute (GenePattern, GSEA, CMap), and class labels in CLS files."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from itgstrat.cohort import Dropped
from itgstrat.errors import InputError, name_some
from itgstrat.readers.alone import no_cohort
from itgstrat.readers.content import MAX_INFLATION, first_text, read_text, stream_text
from itgstrat.readers.dialect import Dialect, refuse_repeats
from itgstrat.readers.layout import Glance, Orientation, RawCohort, gene_likeness
from itgstrat.readers.matrix import RawMatrix
from itgstrat.readers.platform import name_probes, read_probe_map
from itgstrat.readers.tables import tidy_clinical
from itgstrat.readers.textmatrix import parse_matrix

_VERSIONS = ("#1.2", "#1.3")
_CLS = re.compile(r"(\d+[ \t]+\d+[ \t]+1\s*\n\s*#|#numeric\s*\n\s*#)", re.IGNORECASE)
#: How CMap writes a missing entry of the metadata.
_MISSING = "-666"


def is_gct(source: str) -> bool:
    """Tell a GCT file by its first line.

    Parameters
    ----------
    source : str
        Any path.

    Returns
    -------
    bool
        True for GCT 1.2 and 1.3, plain or packed.
    """
    return first_text(Path(source), 64).startswith(_VERSIONS)


@dataclass(frozen=True)
class _Head:
    """What stands above the numbers."""

    version: str
    n_rows: int
    n_described: int
    samples: tuple[str, ...]
    metadata: dict[str, list[str]]
    dialect: Dialect


def read_gct(
    source: str,
    orientation: Orientation = "auto",
    cls: str | Path | None = None,
    symbols: str | None = None,
    probe_map: str | Path | None = None,
    max_inflation: float = MAX_INFLATION,
) -> RawCohort:
    """Read a GCT file; its column metadata become the clinical table.

    Parameters
    ----------
    source : str
        The file, plain or packed.
    orientation : {"auto", "genes x patients", "patients x genes"}
        Not used: GCT always has genes in rows.
    cls : str or Path, optional
        CLS file with one class a sample; becomes the clinical column ``class``.
    symbols : str, optional
        Column of the row metadata that names the genes, or ``id``; the column with the most gene identifiers if
        not given.
    probe_map : str or Path, optional
        Platform table or two columns (probe, symbol), where the rows are probes.
    max_inflation : float
        How many times larger than its archive a packed file may be.

    Returns
    -------
    RawCohort
        Patients in rows.

    Raises
    ------
    InputError
        If the header does not fit what is below it, a cell is no number, or nothing names the genes.
    """
    path = Path(source)
    head = _read_head(path, max_inflation)

    def open_blocks() -> Iterator[bytes]:
        return stream_text(path, max_inflation)

    matrix = parse_matrix(open_blocks, path, head.dialect, head.n_described)
    if len(matrix.rows) != head.n_rows:
        raise InputError(
            f"{path}: line 2 says {head.n_rows} rows, but there are {len(matrix.rows)}; the file may be cut off: "
            "download it again"
        )
    clinical, notes = _make_clinical(head, cls, path)
    values = matrix.values.T
    dropped: tuple[Dropped, ...] = ()
    if probe_map is not None:
        named = name_probes(matrix.rows, read_probe_map(Path(probe_map)), path)
        labels, values, dropped, note = named.labels, values[:, list(named.positions)], named.dropped, named.note
    else:
        labels, note = _name_rows(matrix, symbols, path)
    notes = [note, *notes] if note else notes
    orientation_text = f"genes x patients (GCT {head.version})"
    return RawCohort(head.samples, labels, values, source, orientation_text, clinical, tuple(notes), dropped=dropped)


def read_cls(path: Path) -> dict[str, list[object]]:
    """Read class labels (categorical) or profiles (numeric) from a CLS file.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    dict of str to list
        Name of the column -> one value a sample; ``class`` for classes.

    Raises
    ------
    InputError
        If the file is no CLS file, or its counts do not fit.

    References
    ----------
    GSEA wiki, data formats, CLS.
    """
    lines = [line for line in read_text(path).decode().splitlines() if line.strip()]
    if lines[0].strip().lower() == "#numeric":
        names = [line.lstrip("#").strip() for line in lines[1::2]]
        return {name: [float(x) for x in line.split()] for name, line in zip(names, lines[2::2], strict=True)}
    counts = lines[0].split()
    if len(lines) != 3 or len(counts) < 2 or not all(count.isdigit() for count in counts[:2]):
        raise InputError(f"{path}: no CLS file; it needs three lines: counts, # and class names, one label a sample")
    names, labels = lines[1].lstrip("# ").split(), lines[2].split()
    if len(labels) != int(counts[0]):
        raise InputError(f"{path}: line 1 says {counts[0]} samples, line 3 has {len(labels)} labels")
    seen = list(dict.fromkeys(labels))
    if len(seen) > len(names):
        raise InputError(f"{path}: {len(names)} class names, but {len(seen)} different labels ({name_some(seen)})")
    # by the format, the first label met is the first class named, whatever the label says
    meaning = {label: label for label in seen} if set(seen) <= set(names) else dict(zip(seen, names, strict=False))
    return {"class": [meaning[label] for label in labels]}


def is_cls(source: str) -> bool:
    """Tell a CLS file by its first two lines.

    Parameters
    ----------
    source : str
        Any path.

    Returns
    -------
    bool
        True for class labels and for numeric profiles.
    """
    return bool(_CLS.match(first_text(Path(source), 256)))


def glance_cls(source: str) -> Glance:
    """Say what a CLS file holds.

    Parameters
    ----------
    source : str
        The file.

    Returns
    -------
    Glance
        Its classes.

    Raises
    ------
    InputError
        If the counts of the file do not fit.
    """
    found = read_cls(Path(source))
    counts = [f"{name}: {count}" for name, count in Counter(map(str, found.get("class", ()))).items()]
    notes = (f"samples of each class: {name_some(counts)}",) if counts else (f"profiles: {name_some(found)}",)
    return Glance("class labels of samples (CLS)", (), (), (*notes, "give it beside its GCT file, as cls=PATH"))


refuse_cls = no_cohort("a file of class labels (CLS)", "read the GCT file and give this as cls=PATH")


def _read_head(path: Path, max_inflation: float) -> _Head:
    lines, text = _first_lines(path, max_inflation, 3)
    version = lines[0].strip()[1:4]
    sizes = lines[1].split()
    if len(sizes) != (4 if version == "1.3" else 2) or not all(size.isdigit() for size in sizes):
        needs = "rows, columns, row metadata, column metadata" if version == "1.3" else "rows and columns"
        raise InputError(
            f"{path}: line 2 of a GCT {version} file gives the numbers of {needs}; found {lines[1][:60]!r}"
        )
    n_rows, n_samples = int(sizes[0]), int(sizes[1])
    n_described, n_metadata = (int(sizes[2]), int(sizes[3])) if version == "1.3" else (1, 0)
    lines, text = _first_lines(path, max_inflation, 5 + n_metadata)
    if not any(line.strip() for line in lines[3 + n_metadata :]):
        raise InputError(f"{path}: a GCT header without a single row below it; export the table again")
    header = tuple(name.strip() for name in lines[2].split("\t"))
    if len(header) != 1 + n_described + n_samples:
        raise InputError(
            f"{path}: line 2 says {n_samples} samples and {n_described} columns that describe the rows, but line 3 "
            f"has {len(header)} fields instead of {1 + n_described + n_samples}; correct line 2"
        )
    samples = header[1 + n_described :]
    refuse_repeats(samples, "samples", path)
    rows = [line.split("\t") for line in lines[3 : 3 + n_metadata]]
    metadata = {row[0]: [cell.strip() for cell in row[1 + n_described :]] for row in rows}
    short = [name for name, cells in metadata.items() if len(cells) != n_samples]
    if short or len(metadata) != n_metadata:
        raise InputError(f"{path}: column metadata incomplete or named twice: {name_some(short or metadata)}")
    start = sum(len(line.encode()) + 1 for line in lines[: 3 + n_metadata])
    peek = tuple(tuple(line.split("\t")) for line in lines[3 + n_metadata :])
    dialect = Dialect("\t", header, start, 3 + n_metadata, peek, quoted='"' in text)
    return _Head(version, n_rows, n_described, samples, metadata, dialect)


def _first_lines(path: Path, max_inflation: float, count: int) -> tuple[list[str], str]:
    """Give at least `count` lines (or all there are), and the text of the third."""
    head = b""
    for block in stream_text(path, max_inflation):
        head += block
        if head.count(b"\n") >= count:
            break
    lines = head.decode().split("\n")[:count]
    if len(lines) < 3:
        raise InputError(f"{path}: the header of a GCT file has three lines, this file has {len(lines)}")
    return lines, lines[2]


def _make_clinical(head: _Head, cls: str | Path | None, path: Path) -> tuple[pd.DataFrame | None, list[str]]:
    columns: dict[str, list[object]] = {
        name: [np.nan if cell == _MISSING else cell for cell in cells] for name, cells in head.metadata.items()
    }
    if cls is not None:
        classes = read_cls(Path(cls))
        wrong = [name for name, values in classes.items() if len(values) != len(head.samples)]
        if wrong:
            raise InputError(f"{cls}: {len(classes[wrong[0]])} labels, but {path} has {len(head.samples)} samples")
        columns |= classes
    if not columns:
        return None, []
    table = pd.DataFrame({"sample": list(head.samples)} | {k: v for k, v in columns.items() if k != "sample"})
    return tidy_clinical(table), [f"column metadata taken as clinical table: {name_some(columns)}"]


def _may_name_genes(name: str, labels: tuple[str, ...]) -> bool:
    """Numbers are gene ids only where the name of the column says so."""
    numbers = sum(label.isdigit() for label in labels)
    return name == "id" or 2 * numbers < len(labels) or "gene" in name.lower() or "entrez" in name.lower()


def _name_rows(matrix: RawMatrix, symbols: str | None, path: Path) -> tuple[tuple[str, ...], str]:
    """Take the identifiers or the column of row metadata that names the most genes."""
    choices = {"id": matrix.rows} | dict(matrix.descriptions)
    if symbols is not None:
        if symbols not in choices:
            raise InputError(f"{path}: no column {symbols!r} describes the rows; there are {name_some(choices)}")
        return choices[symbols], f"genes named by {symbols!r} (declared)"
    likeness = {name: gene_likeness(labels) for name, labels in choices.items() if _may_name_genes(name, labels)}
    best = max(likeness, key=lambda name: likeness[name])
    if likeness[best] == 0:
        raise InputError(
            f"{path}: no row is named by a human gene ({name_some(matrix.rows, 3)}; columns looked at: "
            f"{name_some(choices)}); give a probe_map if they are probes of an array, and check the species"
        )
    if likeness["id"] >= 0.5 * likeness[best]:
        return matrix.rows, ""
    return choices[
        best
    ], f"genes named by {best!r}: {likeness[best]:.0%} gene identifiers, {likeness['id']:.0%} in 'id'"
