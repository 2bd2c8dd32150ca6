"""Broad Firehose: tar.gz archives as downloaded, read where they lie, with RSEM genes and clinical tables."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from itgstrat.errors import InputError, name_some
from itgstrat.readers.alone import no_cohort
from itgstrat.readers.firehose_clinical import clinical_from_members, clinical_rank
from itgstrat.readers.layout import Orientation, RawCohort
from itgstrat.readers.members import Member, is_tar, list_names, read_members
from itgstrat.readers.sheets import look_at, parse_numbers
from itgstrat.readers.units import DeclaredUnit

_FIRST = "hybridization ref"
#: Names of the second header line, or of a one-line matrix in its file name, and what the numbers are.
_UNITS: tuple[tuple[str, DeclaredUnit, str], ...] = (
    (r"normalized_count", "linear", "RSEM, upper-quartile normalised"),
    (r"scaled_estimate", "linear", "RSEM scaled estimate x 1e6 = TPM"),
    (r"raw_counts?", "counts", "RSEM expected counts"),
    (r"RPKM", "linear", "RPKM"),
    (r"RSEM_normalized_log2", "log2", "log2 of RSEM, upper-quartile normalised"),
    (r"Z_Score", "z-score", "z-score of RSEM"),
    (r".*lowess normalized \(cy5/cy3\).*", "log-ratio", "log2 ratio to a reference RNA"),
)
#: Of several columns a sample, the one that is read if none is asked for.
_PREFERRED = ("normalized_count", "scaled_estimate", "RPKM")
#: Of several matrices in one archive (mRNAseq_Preprocess), the one that is read if none is asked for.
_PREFERRED_FILE = "RSEM_normalized_log2"
_MICRORNA = re.compile(r"hsa-(let|mir)-.+", re.IGNORECASE)


@dataclass(frozen=True)
class _Matrix:
    """A table of genes x samples in an archive, after a look at its head."""

    member: Member
    measures: tuple[str, ...]


def _is_expression(name: str) -> bool:
    lower = name.lower()
    if not lower.endswith((".txt", ".txt.gz")) or clinical_rank(name):
        return False
    return re.search(r"data\.data\.txt|mrnaseq_|transcriptome__|rnaseq__|rnaseqv2__|mirnaseq", lower) is not None


def is_firehose(source: str) -> bool:
    """Recognise Firehose expression: an archive or folder of archives, or a table with the two-line header.

    Parameters
    ----------
    source : str
        Any path; never raises.

    Returns
    -------
    bool
        By names of files and members, and by the header.
    """
    path = Path(source)
    try:
        if path.is_dir():
            return any(_is_archive(str(file)) and is_firehose(str(file)) for file in path.iterdir()) or any(
                _is_expression(name) and is_firehose(str(path / name)) for name in list_names(source)
            )
    except OSError:
        return False
    if is_tar(source):
        return any(_is_expression(name) for name in list_names(source))
    rows = look_at(source)
    return len(rows) > 1 and rows[0][0].lower() == _FIRST and not _is_transposed(rows[1])


def _is_transposed(second: tuple[str, ...]) -> bool:
    return second[0] == "Composite Element REF" and set(second[1:50]) == {"value"}


def _is_archive(source: str) -> bool:
    return is_tar(source) and "gdac.broadinstitute.org" in Path(source).name


def read_firehose(source: str, orientation: Orientation = "auto", measure: str | None = None) -> RawCohort:
    """Read Firehose expression, with the clinical table where the folder has one.

    Parameters
    ----------
    source : str
        A tar.gz as downloaded, a table out of one, or a folder of either.
    orientation : {"auto", "genes x patients", "patients x genes"}
        Not used: Firehose has genes in rows.
    measure : str, optional
        Column of raw RSEM (``scaled_estimate``, read as TPM if none is given, or ``raw_count``), or part of a file
        name where an archive holds several matrices.

    Returns
    -------
    RawCohort
        Labels as ``SYMBOL|ENTREZ``.

    Raises
    ------
    InputError
        If an archive is damaged or unsafe, holds no genes, or several matrices could be meant.
    """
    members = _gather(source)
    found = _choose(_matrices(members, source), measure, source)
    chosen = _choose_measure(found, measure, source)
    raw = _read_matrix(found, chosen, source)
    clinical = clinical_from_members(members, source)
    if clinical is None:
        return raw
    return replace(raw, clinical=clinical.table, notes=(*raw.notes, *clinical.notes))


def _gather(source: str) -> list[Member]:
    """List the tables of a file, an archive, or a folder with archives, each under the name of its archive."""

    def wanted(name: str) -> bool:
        return _is_expression(name) or bool(clinical_rank(name))

    path = Path(source)
    if not path.is_dir():
        return read_members(source, wanted if is_tar(source) else lambda name: True)
    members = read_members(source, wanted)
    for archive in sorted(file for file in path.iterdir() if _is_archive(str(file))):
        members += [replace(each, name=f"{archive.name}/{each.base}") for each in read_members(str(archive), wanted)]
    return members


def _matrices(members: Sequence[Member], source: str) -> list[_Matrix]:
    alone = len(members) == 1 and not Path(source).is_dir() and not is_tar(source)
    found = []
    for member in members:
        if not alone and not _is_expression(member.base):
            continue
        second = member.load().split(b"\n", 2)[:2]
        is_two_line = second[0].lower().startswith(_FIRST.encode())
        names = second[1].decode().split("\t")[1:] if is_two_line else []
        found.append(_Matrix(member, tuple(dict.fromkeys(name.strip() for name in names))))
    return found


def _choose(found: Sequence[_Matrix], measure: str | None, source: str) -> _Matrix:
    candidates = list(found)
    for wanted in (measure, _PREFERRED_FILE):
        if wanted and len(candidates) > 1:
            by_name = [each for each in candidates if wanted.lower() in each.member.base.lower()]
            by_column = [each for each in candidates if wanted in each.measures]
            candidates = (by_name if len(by_name) == 1 else by_column) or candidates
    if not candidates:
        raise InputError(f"{source}: no table of expression in it; download the archive of RSEM genes")
    if len(candidates) > 1:
        said = [f"{each.member.name} ({', '.join(each.measures) or 'one value'})" for each in candidates]
        raise InputError(
            f"{source}: several matrices: {name_some(said, 12)}; which one is meant is not guessed: name its archive, "
            "or give a part of its name as measure"
        )
    return candidates[0]


def _choose_measure(found: _Matrix, measure: str | None, source: str) -> str:
    if not found.measures:
        return next((pattern for pattern, _, _ in _UNITS if re.search(pattern, found.member.base)), "")
    if measure in found.measures:
        return str(measure)
    if len(found.measures) == 1:
        return found.measures[0]
    if measure and measure.lower() not in found.member.base.lower():
        raise InputError(f"{source}: no column {measure!r}; {found.member.base} has {', '.join(found.measures)}")
    return next((name for name in _PREFERRED if name in found.measures), found.measures[0])


def _read_matrix(found: _Matrix, measure: str, source: str) -> RawCohort:
    where = f"{source}: {found.member.base}"
    heads, body = _split_head(found.member.load(), 2 if found.measures else 1)
    header = heads[0]
    second = heads[1] if found.measures else [measure] * len(header)
    columns = [at for at in range(1, len(header)) if second[at] == measure and header[at]]
    labels, values = parse_numbers(body, len(header), {at: header[at] for at in columns}, where)
    _refuse_foreign_rows(labels, where)
    unit, words = next(((unit, words) for name, unit, words in _UNITS if re.fullmatch(name, measure)), ("auto", ""))
    if measure == "scaled_estimate":
        values = values * np.float32(1e6)
    said = f"column {measure}" if found.measures else "one value a sample"
    notes = [f"{found.member.base}: {said}{f' ({words})' if words else ''}"]
    if others := [name for name in found.measures if name != measure]:
        notes.append(f"columns not read: {name_some(others)}; ask for one with measure")
    return RawCohort(
        samples=tuple(header[at] for at in columns),
        labels=labels,
        values=values,
        source=source,
        orientation="genes x samples (Firehose)",
        notes=tuple(notes),
        unit=unit,
        name=_name(found.member, source),
    )


def _split_head(text: bytes, lines: int) -> tuple[list[list[str]], bytes]:
    heads, start = [], 0
    for _ in range(lines):
        end = text.find(b"\n", start)
        end = len(text) if end < 0 else end
        heads.append([cell.strip() for cell in text[start:end].decode().split("\t")])
        start = end + 1
    return heads, text[start:]


def _refuse_foreign_rows(labels: Sequence[str], where: str) -> None:
    if 2 * sum(1 for label in labels if _MICRORNA.fullmatch(label)) > len(labels):
        raise InputError(
            f"{where}: the rows are microRNAs ({name_some(labels, 3)}), not genes; itgstrat needs expression of genes: "
            "download RSEM_genes_normalized of the same cohort"
        )


def _name(member: Member, source: str) -> str:
    """Take the cohort from the names of Firehose: gdac.broadinstitute.org_KIRC.Merge..., KIRC.rnaseqv2__..."""
    for name in (Path(source).name, member.name, member.base):
        if match := re.match(r"(?:gdac\.broadinstitute\.org_)?([A-Z]{2,8}(?:-FFPE)?)\.", name):
            return match[1]
    return ""


refuse_firehose_clinical = no_cohort("a clinical table of the Broad Firehose")
