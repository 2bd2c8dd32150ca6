"""Which file of UCSC Xena is this? Matrix, clinical table, survival table, or something without expression."""

import json
import re
from pathlib import Path
from typing import Literal

from itgstrat.errors import InputError, name_some
from itgstrat.readers.alone import no_cohort
from itgstrat.readers.barcodes import parse_barcode
from itgstrat.readers.genes import map_genes
from itgstrat.readers.sheets import look_at
from itgstrat.readers.tcga_cdr import is_outcome_table

Kind = Literal["matrix", "clinical", "survival", "other", ""]

#: Names of the first column of a matrix; GDC hub, TCGA and other hubs.
_CORNERS = {"sample", "sampleid", "ensembl_id", "xena_sample"}
#: Columns that name the samples or patients of a clinical table.
ID_COLUMNS = ("sampleID", "sample", "submitter_id.samples", "_PATIENT", "xena_sample")
_CLINICAL_MARKS = {"_PATIENT", "_INTEGRATION", "_cohort", "_primary_disease", "_primary_site", "_EVENT", "_OS"}
_GDC_ENDINGS = (".samples", ".demographic", ".diagnoses", ".project")
#: Files of Xena that hold something else, by columns that only they have.
_OTHERS: tuple[tuple[str, frozenset[str]], ...] = (
    ("a Xena probe map (genes and positions)", frozenset({"#id", "chrom"})),
    ("a Xena probe map (genes and positions)", frozenset({"id", "gene", "chrom", "chromStart", "chromEnd", "strand"})),
    ("a Xena table of mutations by position", frozenset({"chrom", "start", "end", "gene", "effect"})),
    ("a Xena table of mutations by position", frozenset({"chr", "start", "end", "gene", "effect"})),
    ("a Xena table of copy-number segments", frozenset({"sample", "chrom", "start", "end", "value"})),
    ("a Xena table of copy-number segments", frozenset({"sample", "Chrom", "Start", "End", "value"})),
)
_JSON_KINDS: dict[str, Kind] = {"genomicMatrix": "matrix", "clinicalMatrix": "clinical"}


def classify(source: str) -> Kind:
    """Tell what kind of Xena file a path is; never raises.

    Parameters
    ----------
    source : str
        Any path.

    Returns
    -------
    {"matrix", "clinical", "survival", "other", ""}
        Empty for a file that is not of Xena.
    """
    rows = look_at(source)
    if len(rows) < 2 or len(rows[0]) < 2:
        return "other" if _is_sidecar(source) else ""
    header = rows[0]
    declared = _declared_kind(source)
    if declared:
        return declared
    if _other(header):
        return "other"
    if is_outcome_table(rows) or ({"OS", "OS.time", "_PATIENT"} <= set(header) and len(header) < 12):
        return "survival"
    if _is_clinical(header):
        return "clinical"
    return "matrix" if _is_matrix(rows) else ""


def _is_clinical(header: tuple[str, ...]) -> bool:
    names = set(header)
    if header[0] in ("sampleID", "sample", "xena_sample") and names & _CLINICAL_MARKS:
        return True
    from_gdc = sum(1 for name in header if name.endswith(_GDC_ENDINGS))
    return not names.isdisjoint(ID_COLUMNS) and from_gdc >= 3


def _is_matrix(rows: tuple[tuple[str, ...], ...]) -> bool:
    header = rows[0]
    if header[0].lower() not in _CORNERS:
        return False
    labels = [label for label in header[1:200] if label]
    barcodes = sum(1 for label in labels if parse_barcode(label))
    if 2 * barcodes > len(labels):
        return True
    genes = sum(1 for meaning in map_genes(labels).meanings if meaning.symbol) if labels else 0
    return header[0] in ("sampleID", "Ensembl_ID", "xena_sample") and 2 * genes < len(labels) and _is_numeric(rows[1])


def _is_numeric(row: tuple[str, ...]) -> bool:
    cells = [cell for cell in row[1:50] if cell not in ("", "NA", "nan")]
    return bool(cells) and all(re.fullmatch(r"-?[\d.]+(e-?\d+)?", cell, re.IGNORECASE) for cell in cells)


def _other(header: tuple[str, ...]) -> str:
    return next((what for what, marks in _OTHERS if marks <= set(header)), "")


def _is_sidecar(source: str) -> bool:
    return bool(_sidecar(Path(source))) if source.endswith(".json") else False


def _sidecar(path: Path) -> dict[str, object]:
    """Read the JSON file that Xena hands out beside a data file; empty where it is none of Xena's."""
    try:
        content = json.loads(path.read_text(encoding="utf-8")) if path.stat().st_size < 1 << 20 else {}
    except (OSError, ValueError):
        return {}
    known = ("cgDataVersion", "dataSubType", "wrangler", ":clinicalFeature", ":assembly", ":probeMap")
    is_xena = isinstance(content, dict) and any(key in content for key in known)
    return content if is_xena else {}


def _declared_kind(source: str) -> Kind:
    kind = str(_sidecar(Path(f"{source}.json")).get("type", ""))
    return _JSON_KINDS.get(kind, "other") if kind else ""


def is_xena_other(source: str) -> bool:
    """Recognise the other files of Xena: probe maps, mutations and segments by position, JSON; never raises.

    Parameters
    ----------
    source : str
        Any path.

    Returns
    -------
    bool
        By the header.
    """
    return classify(source) == "other"


def survey(folder: Path) -> dict[Path, Kind]:
    """Classify the files that lie in a folder itself.

    Parameters
    ----------
    folder : Path
        An existing folder.

    Returns
    -------
    dict of Path to str
        Files of Xena and their kind.
    """
    files = sorted(entry for entry in folder.iterdir() if entry.is_file() and not entry.name.startswith("."))
    return {file: kind for file in files[:200] if (kind := classify(str(file)))}


def pick(kinds: dict[Path, Kind], wanted: Kind, folder: Path) -> Path | None:
    """Pick the one file of a kind.

    Parameters
    ----------
    kinds : dict of Path to str
        What `survey` gave.
    wanted : {"matrix", "clinical", "survival"}
        The kind.
    folder : Path
        The folder, for the message.

    Returns
    -------
    Path or None
        None if there is none.

    Raises
    ------
    InputError
        If there are several.
    """
    candidates = [file for file, kind in kinds.items() if kind == wanted]
    if len(candidates) > 1:
        raise InputError(
            f"{folder}: several Xena files of the kind {wanted!r}: {name_some([each.name for each in candidates], 9)}; "
            "which one is meant is not guessed: name the matrix itself (its table with --clinical), or move the others"
        )
    return candidates[0] if candidates else None


def _name_other(source: str) -> str:
    rows = look_at(source)
    return (_other(rows[0]) if rows else "") or "a JSON file that UCSC Xena hands out beside a data file"


#: A Xena probe map, mutation or segment table, or JSON file.
refuse_xena_other = no_cohort(_name_other, "name the matrix of the same cohort, such as HiSeqV2 or star_tpm")
