"""GEO SOFT files: one sample (GSM) or a small family with its platform and samples."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import polars as pl

from itgstrat.cohort import Dropped
from itgstrat.errors import InputError, name_some
from itgstrat.readers.content import first_text, stream_text
from itgstrat.readers.dialect import refuse_repeats
from itgstrat.readers.layout import Orientation, RawCohort, gene_likeness
from itgstrat.readers.matrix import MISSING_NUMBERS, Array
from itgstrat.readers.platform import find_platform, name_probes, read_probe_map
from itgstrat.readers.samples import describe_samples, find_normals, keep_samples

_ENTITIES = ("^DATABASE", "^SERIES", "^SAMPLE", "^PLATFORM", "^ANNOTATION")
_ID, _VALUE = "ID_REF", "VALUE"


def is_soft(source: str) -> bool:
    """Tell a SOFT file by its first line.

    Parameters
    ----------
    source : str
        Any path.

    Returns
    -------
    bool
        True for GSM, GPL and family files, and for platform annotations.
    """
    return first_text(Path(source), 64).upper().startswith(_ENTITIES)


@dataclass
class _Sample:
    name: str
    says: dict[str, list[str]] = field(default_factory=dict)
    probes: list[str] = field(default_factory=list)
    cells: list[str] = field(default_factory=list)


def read_soft(
    source: str, orientation: Orientation = "auto", probe_map: str | Path | None = None, keep: str | None = None
) -> RawCohort:
    """Read the samples of a SOFT file into one table; meant for single samples and small families.

    Parameters
    ----------
    source : str
        ``GSM...txt`` or ``GSE..._family.soft``, plain or packed.
    orientation : {"auto", "genes x patients", "patients x genes"}
        Not used: SOFT has one table a sample.
    probe_map : str or Path, optional
        Platform table; that of the file itself, or one beside it, if not given.
    keep : str, optional
        Samples to keep, as ``column=value``; see `read_series_matrix`.

    Returns
    -------
    RawCohort
        Patients in rows.

    Raises
    ------
    InputError
        If the file has no sample with a table, the platform table is not there, or a cell is no number.
    """
    path = Path(source)
    samples, platforms = _read_samples(path)
    full = [sample for sample in samples if sample.probes]
    if not full:
        raise InputError(_no_table(path, samples, platforms))
    refuse_repeats([sample.name for sample in full], "samples", path)
    for sample in full:
        sample.says.setdefault("geo_accession", [sample.name])
    clinical, notes = describe_samples([sample.says for sample in full])
    kept, left_out = keep_samples(clinical, keep, path)
    labels, values = _assemble([full[at] for at in kept], path)
    dropped: tuple[Dropped, ...] = left_out
    if probe_map is not None or gene_likeness(labels) < 0.5:
        accession = next(iter(full[0].says.get("platform_id", ())), "")
        inside = path if any(name == accession for name in platforms) else None
        found = Path(probe_map) if probe_map else inside or find_platform(path.resolve().parent, accession or "GPL")
        if found is None:
            raise InputError(
                f"{path}: the rows are probes ({name_some(labels, 3)}) of {accession or 'an unnamed platform'}; put "
                f"its table beside the file (itgstrat fetch geo:{accession}) or give probe_map=PATH"
            )
        named = name_probes(labels, read_probe_map(found, None if probe_map else accession), path)
        labels, values, dropped = named.labels, values[:, list(named.positions)], (*left_out, *named.dropped)
        notes = (*notes, named.note)
    without = [sample.name for sample in samples if not sample.probes]
    if without:
        dropped = (*dropped, Dropped("sample", tuple(without), "no table in the SOFT file"))
    return RawCohort(
        tuple(full[at].name for at in kept),
        labels,
        values,
        source,
        "one table a sample (GEO SOFT)",
        clinical.iloc[kept].reset_index(drop=True),
        (*notes, *find_normals(clinical.iloc[kept])),
        dropped=dropped,
    )


def _no_table(path: Path, samples: list[_Sample], platforms: list[str]) -> str:
    if samples:
        return (
            f"{path}: {len(samples)} samples ({name_some(sample.name for sample in samples)}), but none has a table; "
            "the numbers of sequencing are in supplementary files: download those"
        )
    named = f" (platform {name_some(platforms)})" if platforms else ""
    return (
        f"{path}: a SOFT file without samples{named}; a platform table goes to probe_map= beside a series matrix, and "
        "of a series take the series matrix or the whole family file"
    )


def _read_samples(path: Path) -> tuple[list[_Sample], list[str]]:
    """Go through the file once; tables of platforms are skipped."""
    samples: list[_Sample] = []
    platforms: list[str] = []
    lines = (line for block in stream_text(path) for line in block.decode().split("\n"))
    current: _Sample | None = None
    for line in lines:
        if line.startswith("^"):
            kind, _, name = (part.strip() for part in line.partition("="))
            current = _Sample(name) if kind.upper() == "^SAMPLE" else None
            if current:
                samples.append(current)
            if kind.upper() == "^PLATFORM":
                platforms.append(name)
        elif line.lower().startswith("!sample_table_begin") and current:
            _read_table(lines, current, path)
        elif line.startswith("!Sample_") and current:
            key, _, said = line[len("!Sample_") :].partition("=")
            current.says.setdefault(key.strip(), []).append(said.strip())
    return samples, platforms


def _read_table(lines: Iterator[str], sample: _Sample, path: Path) -> None:
    header = next(lines, "").split("\t")
    if _ID not in header or _VALUE not in header:
        raise InputError(
            f"{path}: the table of {sample.name} has no columns {_ID} and {_VALUE}, but {name_some(header)}"
        )
    probe, value = header.index(_ID), header.index(_VALUE)
    for line in lines:
        if line.lower().startswith("!sample_table_end"):
            return
        cells = line.split("\t")
        if line.strip():
            sample.probes.append(cells[probe])
            sample.cells.append(cells[value].strip() if value < len(cells) else "")
    raise InputError(f"{path}: the table of {sample.name} has no end; the file is cut off: download it again")


def _assemble(samples: list[_Sample], path: Path) -> tuple[tuple[str, ...], Array]:
    """Bring the samples to the probes of the first; a probe that a sample does not have is missing."""
    labels = tuple(samples[0].probes)
    values = np.full((len(samples), len(labels)), np.nan, np.float32)
    places = {probe: at for at, probe in enumerate(labels)}
    for row, sample in enumerate(samples):
        text = pl.Series(sample.cells, dtype=pl.String)
        text = text.set(text.is_in(MISSING_NUMBERS), None)
        numbers = text.cast(pl.Float32, strict=False)
        bad = (numbers.is_null() & text.is_not_null()).arg_true()
        if len(bad):
            cells = [f"{sample.name}, {sample.probes[at]}: {text[at]!r}" for at in bad]
            raise InputError(f"{path}: text where a number is needed: {name_some(cells)}; correct the cells")
        if tuple(sample.probes) == labels:
            values[row] = numbers.to_numpy()
        else:
            there = [(at, places[probe]) for at, probe in enumerate(sample.probes) if probe in places]
            values[row, [to for _, to in there]] = numbers.to_numpy()[[at for at, _ in there]]
    return labels, values
