"""UCSC Xena: matrices of genes x samples, and folders that hold them with clinical and survival tables."""

import re
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from itgstrat.errors import InputError, name_some
from itgstrat.readers.genes import map_genes
from itgstrat.readers.layout import Orientation, RawCohort
from itgstrat.readers.tables import read_matrix
from itgstrat.readers.units import DeclaredUnit
from itgstrat.readers.xena_clinical import join_tables
from itgstrat.readers.xena_files import classify, pick, survey


@dataclass(frozen=True)
class _Measure:
    """What the numbers of a matrix are, by the name that Xena gives its files."""

    pattern: str
    unit: DeclaredUnit
    words: str
    is_log_count: bool = False


#: log2 of a count is below; higher numbers under a name of log-counts were never logarithms.
_LOG_TOP = 50
#: Xena's own names of its matrices and the unit that its pages state; the first that fits counts.
_MEASURES = (
    _Measure(r"htseq_counts|star_counts|expected_count", "counts", "log2(count + 1), undone to counts", True),
    _Measure(r"HiSeqV2_PANCAN|GAV2_PANCAN", "log-ratio", "log2(RSEM + 1) minus the gene's mean over all of TCGA"),
    _Measure(r"HiSeqV2|GAV2|EB\+\+|IlluminaHiSeq_RNASeqV2", "log2", "log2(RSEM normalised count + 1)"),
    _Measure(r"(star_tpm|htseq_tpm)", "log2", "log2(TPM + 1)"),
    _Measure(r"(star|htseq)_fpkm", "log2", "log2(FPKM + 1)"),
    _Measure(r"rsem_gene_tpm|gene_tpm", "log2", "log2(TPM + 0.001)"),
    _Measure(r"rsem_gene_fpkm|gene_fpkm", "log2", "log2(FPKM + 0.001)"),
    _Measure(r"norm_count", "log2", "log2(normalised count + 1)"),
    _Measure(r"AgilentG4502A", "log-ratio", "log2 ratio to a reference RNA"),
    _Measure(r"HT_HG-U133A|HuEx", "log2", "log2 intensity"),
)


def is_xena(source: str) -> bool:
    """Recognise a Xena matrix, or a folder that holds one; never raises.

    Parameters
    ----------
    source : str
        Any path.

    Returns
    -------
    bool
        By headers and, where there is one, the JSON file beside the data.
    """
    path = Path(source)
    try:
        if path.is_dir():
            return any(kind == "matrix" for kind in survey(path).values())
    except OSError:
        return False
    return classify(source) == "matrix"


def read_xena(source: str, orientation: Orientation = "auto") -> RawCohort:
    """Read a Xena matrix, with the clinical and survival tables beside it where a folder is given.

    Parameters
    ----------
    source : str
        Matrix (plain or packed), or a folder with one matrix and at most one clinical and one survival table.
    orientation : {"auto", "genes x patients", "patients x genes"}
        Not used: Xena matrices have genes in rows.

    Returns
    -------
    RawCohort
        Log-counts are undone to counts; other units are what Xena's name of the file states.

    Raises
    ------
    InputError
        If the rows are no genes, or a folder holds several files of one kind.
    """
    path = Path(source)
    if not path.is_dir():
        return _read_one(path)
    kinds = survey(path)
    matrix = pick(kinds, "matrix", path)
    if matrix is None:
        raise InputError(f"{source}: no Xena matrix among {name_some([file.name for file in kinds]) or 'no file'}")
    found = join_tables(pick(kinds, "clinical", path), pick(kinds, "survival", path))
    raw = replace(_read_one(matrix), source=str(matrix))
    if found is None:
        return raw
    return replace(raw, clinical=found.table, notes=(*raw.notes, *found.notes))


def _read_one(path: Path) -> RawCohort:
    if "percentile" in path.name.lower():
        raise InputError(f"{path}: percentile ranks within a sample are no levels; use HiSeqV2 of the same cohort")
    matrix = read_matrix(path)
    _refuse_foreign_rows(matrix.rows, path)
    values = matrix.values.T
    measure = next((each for each in _MEASURES if re.search(each.pattern, path.name, re.IGNORECASE)), None)
    notes = [f"columns left out (they describe the rows): {name_some(matrix.left_out)}"] if matrix.left_out else []
    if measure is None:
        notes.append(f"the name {path.name!r} is none of Xena's that state a unit")
    else:
        notes.append(f"unit by Xena's name of the file: {measure.words}")
    if measure and measure.is_log_count and np.nanmax(values, initial=0) < _LOG_TOP:
        values = np.maximum(np.exp2(values) - np.float32(1), np.float32(0))
    stem = path.name.split(".")[0]
    return RawCohort(
        matrix.columns,
        matrix.rows,
        np.asarray(values, dtype=np.float32),
        str(path),
        "genes x samples (Xena)",
        notes=tuple(notes),
        unit=measure.unit if measure else "auto",
        name=path.resolve().parent.name if stem.startswith("HiSeqV2") else "",
    )


def _refuse_foreign_rows(rows: tuple[str, ...], path: Path) -> None:
    some = rows[:500]
    for what, pattern in (
        ("microRNAs", r"MIMAT\d+|hsa-.+"),
        ("methylation probes", r"cg\d{8}|ch\.\d+.*"),
        ("transcripts", r"ENST\d{11}.*"),
        ("genomic positions", r"chr[\dXYM]+:.*"),
    ):
        if 2 * sum(1 for row in some if re.fullmatch(pattern, row, re.IGNORECASE)) > len(some):
            raise InputError(
                f"{path}: the rows are {what} ({name_some(rows, 3)}), not genes; itgstrat needs expression of genes, "
                "such as HiSeqV2 or star_tpm of the same cohort"
            )
    if not any(meaning.symbol for meaning in map_genes(rows).meanings):
        raise InputError(
            f"{path}: a Xena matrix whose rows ({name_some(rows, 3)}) are no genes; probes need the probe map of the "
            "dataset: bring the rows to gene symbols with it"
        )
