"""GEO series matrices: the expression table, and the samples' titles and characteristics as clinical table."""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from itgstrat.errors import InputError, name_some
from itgstrat.readers.content import MAX_INFLATION, first_text, stream_text
from itgstrat.readers.layout import ClinicalTable, Orientation, RawCohort, gene_likeness
from itgstrat.readers.platform import NamedProbes, find_platform, name_probes, read_probe_map
from itgstrat.readers.samples import describe_samples, find_normals, keep_samples
from itgstrat.readers.textmatrix import parse_matrix

_BEGIN, _END = b"!series_matrix_table_begin", b"!series_matrix_table_end"


def is_series_matrix(source: str) -> bool:
    """Tell a GEO series matrix by its first line.

    Parameters
    ----------
    source : str
        Any path.

    Returns
    -------
    bool
        True for ``GSE..._series_matrix.txt``, plain or packed.
    """
    return first_text(Path(source), 256).lstrip().startswith(("!Series_", "!Sample_"))


@dataclass(frozen=True)
class SeriesHead:
    """What stands above the table of a series matrix.

    Parameters
    ----------
    series : mapping of str to tuple of str
        ``geo_accession``, ``type``, ``supplementary_file``, ... -> what is said, one entry a line.
    samples : tuple of mapping of str to list of str
        Of each sample: ``title``, ``characteristics_ch1``, ... -> what is said, one entry a line.
    """

    series: Mapping[str, tuple[str, ...]]
    samples: tuple[Mapping[str, list[str]], ...] = field(repr=False)

    @property
    def accession(self) -> str:
        """Accession of the series, such as GSE14520."""
        return next(iter(self.series.get("geo_accession", ())), "series without accession")

    @property
    def platforms(self) -> tuple[str, ...]:
        """Accessions of the platforms on which these samples were measured."""
        own = dict.fromkeys(name for sample in self.samples for name in sample.get("platform_id", ()))
        return tuple(own) or self.series.get("platform_id", ())


def read_series_matrix(
    source: str,
    orientation: Orientation = "auto",
    probe_map: str | Path | None = None,
    keep: str | None = None,
    max_inflation: float = MAX_INFLATION,
) -> RawCohort:
    """Read a GEO series matrix, probes named by the platform table that lies beside it or is given.

    Probes of no gene and of several genes are left out and named. Several probes of one gene stay: `read_cohort`
    brings them together by its policy for duplicates.

    Parameters
    ----------
    source : str
        ``GSE..._series_matrix.txt``, plain or packed.
    orientation : {"auto", "genes x patients", "patients x genes"}
        Not used: a series matrix always has probes in rows.
    probe_map : str or Path, optional
        Platform table (``GPL570.annot.gz``, GPL or family SOFT, full table as text) or a table of probe and symbol.
        Looked for beside the file if not given.
    keep : str, optional
        Samples to keep, as ``column=value`` of the clinical table; ``column=value|other value`` for several.
    max_inflation : float
        How many times larger than its archive a packed file may be.

    Returns
    -------
    RawCohort
        Patients in rows.

    Raises
    ------
    InputError
        If the series has no table (sequencing), the platform table is not there or does not fit, a cell is no
        number, or `keep` keeps nobody.
    """
    path = Path(source)
    head = read_head(path, max_inflation)
    _require_table(path, head, max_inflation)
    matrix = parse_matrix(lambda: _table_blocks(path, max_inflation), path)
    clinical, notes = describe_samples(head.samples)
    kept, left_out = keep_samples(clinical, keep, path)
    samples = [str(sample) for sample in clinical["sample"]]
    places = {name: at for at, name in enumerate(matrix.columns)}
    absent = [sample for sample in samples if sample not in places]
    if absent:
        raise InputError(f"{path}: samples without a column in the table: {name_some(absent)}; download it again")
    values = matrix.values.T[[places[samples[at]] for at in kept]]
    labels, dropped = matrix.rows, left_out
    if probe_map is not None or gene_likeness(matrix.rows) < 0.5:
        named = _name_probes(path, head, matrix.rows, probe_map)
        labels, values, dropped = named.labels, values[:, list(named.positions)], (*left_out, *named.dropped)
        notes = (*notes, named.note)
    return RawCohort(
        tuple(samples[at] for at in kept),
        labels,
        np.asarray(values, np.float32),
        source,
        f"genes x patients (GEO series matrix of {head.accession})",
        clinical.iloc[kept].reset_index(drop=True),
        (*notes, *find_normals(clinical.iloc[kept])),
        dropped=dropped,
    )


def read_series_clinical(source: str) -> ClinicalTable:
    """Read the samples of a series matrix as a clinical table, whether or not it has an expression table.

    Parameters
    ----------
    source : str
        ``GSE..._series_matrix.txt``, plain or packed.

    Returns
    -------
    ClinicalTable
        One row a sample: ``sample`` (GSM), ``title``, and one column a characteristic.

    Raises
    ------
    InputError
        If the file names no sample.
    """
    return ClinicalTable(*describe_samples(read_head(Path(source)).samples))


def read_head(path: Path, max_inflation: float = MAX_INFLATION) -> SeriesHead:
    """Read what stands above the table.

    Parameters
    ----------
    path : Path
        A series matrix.
    max_inflation : float
        How many times larger than its archive a packed file may be.

    Returns
    -------
    SeriesHead
        Series and samples.

    Raises
    ------
    InputError
        If the file names no sample, or lines of the samples differ in length.
    """
    series: dict[str, list[str]] = {}
    samples: dict[str, list[list[str]]] = {}
    text = b"".join(_until(stream_text(path, max_inflation), _BEGIN)).decode()
    for line in text.split("\n"):
        if line.startswith("!"):
            key, *cells = next(csv.reader([line], delimiter="\t"))
            kind, _, name = key[1:].partition("_")
            if kind == "Series":
                series.setdefault(name, []).extend(cell for cell in cells if cell.strip())
            elif kind == "Sample":
                samples.setdefault(name, []).append(cells)
    names = samples.get("geo_accession", [[]])[0]
    if not names:
        raise InputError(f"{path}: no line !Sample_geo_accession, so it names no sample; download the series again")
    ragged = sorted({key for key, rows in samples.items() if any(len(row) != len(names) for row in rows)})
    if ragged:
        raise InputError(
            f"{path}: {len(names)} samples, but other numbers in the lines !Sample_{name_some(ragged)}; the file may "
            "be cut off: download it again"
        )
    each = tuple({key: [row[at] for row in rows] for key, rows in samples.items()} for at in range(len(names)))
    return SeriesHead({key: tuple(said) for key, said in series.items()}, each)


def _until(blocks: Iterator[bytes], marker: bytes) -> Iterator[bytes]:
    """Give the text before a line that begins with the marker."""
    for block in blocks:
        at = block.find(marker) if block.startswith(marker) else block.find(b"\n" + marker) + 1
        if block.startswith(marker) or at > 0:
            yield block[:at]
            return
        yield block


def _table_blocks(path: Path, max_inflation: float) -> Iterator[bytes]:
    """Give the table between its marks; raise at the end of a file without the closing mark."""
    inside = False
    for block in stream_text(path, max_inflation):
        if not inside:
            before = b"".join(_until(iter([block]), _BEGIN))
            if len(before) == len(block):
                continue
            inside = True
            block = block[block.find(b"\n", len(before)) + 1 :]
        table = b"".join(_until(iter([block]), _END))
        yield table
        if len(table) < len(block):
            return
    raise InputError(f"{path}: the table has no line {_END.decode()}; the file is cut off: download it again")


def _require_table(path: Path, head: SeriesHead, max_inflation: float) -> None:
    """Refuse a series whose numbers lie elsewhere, as those of sequencing do."""
    start = b""
    for block in _table_blocks(path, max_inflation):
        start += block
        if start.count(b"\n") > 1:
            return
    files, kinds = head.series.get("supplementary_file", ()), head.series.get("type", ("type not stated",))
    raise InputError(
        f"{path}: {head.accession} ({name_some(kinds)}) has no expression table in its series "
        f"matrix; the numbers are in its supplementary files ({name_some(files) or 'none listed'}): "
        "download them, read the matrix among them, and give this file as its clinical table"
    )


def _name_probes(path: Path, head: SeriesHead, probes: tuple[str, ...], probe_map: str | Path | None) -> NamedProbes:
    accession = head.platforms[0] if head.platforms else "its platform"
    found = Path(probe_map) if probe_map is not None else find_platform(path.resolve().parent, accession)
    if found is None:
        own = [p for p in path.resolve().parent.glob(f"{head.accession}*family.soft*") if p.is_file()]
        found = own[0] if own else None
    if found is None:
        raise InputError(
            f"{path}: the rows are probes ({name_some(probes, 3)}) of {accession}; put its table beside the file "
            f"(itgstrat fetch geo:{accession}, or {accession}.annot.gz or the full table from "
            f"https://www.ncbi.nlm.nih.gov/geo/query/acc.cgi?acc={accession}), or give probe_map=PATH"
        )
    named = name_probes(probes, read_probe_map(found, accession if probe_map is None else None), path)
    several = len(head.platforms) > 1
    note = f"samples of several platforms: {name_some(head.platforms)}; " if several else ""
    return NamedProbes(named.labels, named.positions, named.dropped, note + named.note)
