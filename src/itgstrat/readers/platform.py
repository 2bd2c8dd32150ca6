"""Which gene does a probe measure? Read from GEO platform files, or any table of probe and symbol."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from itgstrat.biology.catalogue import load_catalogue
from itgstrat.biology.hgnc import load_hgnc
from itgstrat.cohort import Dropped
from itgstrat.errors import InputError, name_some
from itgstrat.readers.content import stream_text
from itgstrat.readers.tables import read_clinical

#: Columns of symbols, as GEO's platforms name them, letters and digits alone; the first that is there is taken.
_SYMBOLS = ("genesymbol", "symbol", "genesymbols", "genesym", "hgncsymbol", "ilmngene", "genename", "gene")
#: Columns of Affymetrix gene and exon arrays: transcript // symbol // name // ... /// transcript // ...
_ASSIGNMENTS = ("geneassignment",)
#: Columns of gene ids, used where there is no symbol.
_IDS = ("entrezgeneid", "entrezgene", "entrez", "geneid", "ensemblid", "ensemblgeneid", "ensembl", "orf")
_SEPARATORS = re.compile(r"\s*(?:/{2,}|[;,|])\s*")
_EMPTY = {"", "---", "--", "na", "n/a", "null", "none", "nan"}
_TABLE, _TABLE_END, _PLATFORM = "!platform_table_begin", "!platform_table_end", "^platform"


@dataclass(frozen=True, eq=False)
class ProbeMap:
    """Genes of each probe.

    Parameters
    ----------
    genes : mapping of str to tuple of str
        Probe -> names of its genes as written; empty for a probe of no gene.
    source : str
        File, and the column that was taken.
    """

    genes: dict[str, tuple[str, ...]]
    source: str


@dataclass(frozen=True, eq=False)
class NamedProbes:
    """Probes that measure one gene.

    Parameters
    ----------
    labels : tuple of str
        Gene of each probe that stays.
    positions : tuple of int
        Their positions.
    dropped : tuple of Dropped
        Probes of no gene or of several.
    note : str
        How the probes were named.
    """

    labels: tuple[str, ...]
    positions: tuple[int, ...]
    dropped: tuple[Dropped, ...]
    note: str


def find_platform(folder: Path, accession: str) -> Path | None:
    """Look for the platform table of a GEO platform beside its series.

    Parameters
    ----------
    folder : Path
        Where the series lies.
    accession : str
        Such as ``GPL570``.

    Returns
    -------
    Path or None
        ``GPL570.annot.gz``, ``GPL570.soft.gz``, ``GPL570_family.soft.gz``, ``GPL570-55999.txt`` or the like.
    """
    name = re.compile(rf"{accession}(?:[-_.].*)?\.(?:annot|soft|txt|tsv|csv)(?:\.gz)?", re.IGNORECASE)
    found = sorted(path for path in folder.iterdir() if name.fullmatch(path.name) and path.is_file())
    return found[0] if found else None


def read_probe_map(path: Path, accession: str | None = None) -> ProbeMap:
    """Read a platform table: GEO annotation, GPL or family SOFT, full table as text, or any table of two columns.

    Parameters
    ----------
    path : Path
        The file, plain or packed.
    accession : str, optional
        Which platform, where a family file has several.

    Returns
    -------
    ProbeMap
        Genes of each probe.

    Raises
    ------
    InputError
        If there is no table, or no column of gene symbols or ids in it.
    """
    table = _read_soft_table(path, accession)
    if table is None:
        frame = read_clinical(path).astype(object)
        header = [str(name) for name in frame.columns]
        rows: Iterator[Sequence[str]] = (["" if x != x else _spell(x) for x in row] for row in frame.to_numpy())
    else:
        header, rows = table
    at, assigned = _find_column(header, path)
    cache: dict[str, tuple[str, ...]] = {}
    genes: dict[str, tuple[str, ...]] = {}
    for row in rows:
        cell = row[at] if at < len(row) else ""
        if cell not in cache:
            cache[cell] = _split_genes(cell, assigned)
        genes[row[0].strip().strip('"')] = cache[cell]
    if not genes:
        raise InputError(f"{path}: the platform table has no rows; download it again")
    return ProbeMap(genes, f"{path}, column {header[at]!r}")


def name_probes(probes: Sequence[str], probe_map: ProbeMap, path: Path) -> NamedProbes:
    """Give each probe its gene; probes of no gene, of several genes, or not on the platform are left out and named.

    A name that HGNC does not know (a predicted transcript, a clone) does not make a probe ambiguous.

    Parameters
    ----------
    probes : sequence of str
        Labels of the expression table.
    probe_map : ProbeMap
        Genes of each probe.
    path : Path
        The expression table, for messages.

    Returns
    -------
    NamedProbes
        Probes that measure one gene.

    Raises
    ------
    InputError
        If the platform table has less than half of the probes, or names no gene.
    """
    known = [probe for probe in probes if probe in probe_map.genes]
    if 2 * len(known) < len(probes):
        raise InputError(
            f"{path}: {len(known)} of {len(probes)} probes ({name_some(probes, 3)}) are in {probe_map.source} "
            f"({name_some(probe_map.genes, 3)}); give the table of the platform that was used"
        )
    labels, positions = [], []
    unnamed, several, foreign = [], [], []
    for at, probe in enumerate(probes):
        names = probe_map.genes.get(probe)
        if names is None:
            foreign.append(probe)
        elif not names:
            unnamed.append(probe)
        elif len(names) > 1:
            several.append((probe, names))
        else:
            labels.append(names[0])
            positions.append(at)
    if not labels:
        raise InputError(f"{path}: {probe_map.source} names the gene of no probe; give another probe_map")
    integrins = set(load_catalogue().integrin_genes())
    several.sort(key=lambda item: integrins.isdisjoint(item[1]))
    records = (
        Dropped(
            "gene", tuple(f"{probe} ({' /// '.join(names)})" for probe, names in several), "probe of several genes"
        ),
        Dropped("gene", tuple(unnamed), "probe of no gene by the platform table"),
        Dropped("gene", tuple(foreign), "probe that the platform table does not have"),
    )
    note = f"{len(labels)} of {len(probes)} probes named by {probe_map.source}"
    return NamedProbes(tuple(labels), tuple(positions), tuple(r for r in records if r.names), note)


def _read_soft_table(path: Path, accession: str | None) -> tuple[list[str], Iterator[list[str]]] | None:
    """Find the platform table of a SOFT, annotation or full-table file; None for a plain table."""
    lines = (line for block in stream_text(path) for line in block.decode().split("\n"))
    first = next(lines)
    if not first.startswith(("^", "#", "!")):
        return None
    wanted, passed = True, []
    rest = chain([first], lines)
    for line in rest:
        low = line[:40].lower()
        if low.startswith(_PLATFORM):
            passed.append(line.partition("=")[2].strip())
            wanted = accession is None or passed[-1].upper() == accession.upper()
        if (low.startswith(_TABLE) and wanted) or (line and line[0] not in "^#!" and not passed):
            header = next(rest) if low.startswith(_TABLE) else line
            return header.split("\t"), _table_rows(rest)
    raise InputError(f"{path}: no platform table{f' of {accession}' if accession else ''} in it (platforms: {passed})")


def _table_rows(lines: Iterator[str]) -> Iterator[list[str]]:
    for line in lines:
        if line[:40].lower().startswith(_TABLE_END):
            return
        if line.strip():
            yield line.split("\t")


def _find_column(header: Sequence[str], path: Path) -> tuple[int, bool]:
    plain = [re.sub(r"[^a-z0-9]", "", name.lower()) for name in header]
    for known in (_SYMBOLS, _ASSIGNMENTS, _IDS):
        for name in known:
            if name in plain[1:]:
                return plain.index(name, 1), known is _ASSIGNMENTS
    if len(header) == 2:
        return 1, False
    raise InputError(
        f"{path}: no column of gene symbols among {name_some(header, 12)}; name it 'symbol', or give another table"
    )


def _split_genes(cell: str, assigned: bool) -> tuple[str, ...]:
    """Read the genes of a cell; several names of one approved gene are one."""
    if assigned:
        parts = [fields[1] for part in cell.split("///") if len(fields := part.split("//")) > 1]
    else:
        parts = _SEPARATORS.split(cell.strip().strip('"'))
    names = dict.fromkeys(name for part in parts if (name := part.strip()).lower() not in _EMPTY)
    if len(names) < 2:
        return tuple(names)
    found = [load_hgnc().resolve(name) for name in names]
    approved = dict.fromkeys(each.symbol for each in found if each is not None and each.symbol)
    return tuple(approved) or tuple(names)


def _spell(value: object) -> str:
    return f"{value:.15g}" if isinstance(value, float) else str(value)
