"""Single files of a cBioPortal study: what each is, and that the study is read as a whole."""

from pathlib import Path

from itgstrat.errors import InputError
from itgstrat.readers.cna import is_cna
from itgstrat.readers.layout import Glance, Orientation, RawCohort
from itgstrat.readers.maf import is_maf
from itgstrat.readers.study import Meta, is_study, read_fields
from itgstrat.readers.tsv import read_tsv

_ENDINGS = (".txt", ".yml", ".seg", ".maf", ".tsv")


def find_study(source: str) -> Path | None:
    """Find the study folder that a file belongs to.

    Parameters
    ----------
    source : str
        Any path.

    Returns
    -------
    Path or None
        The folder of the file, or the one above its folder ``case_lists``.
    """
    path = Path(source)
    if not path.name.endswith(_ENDINGS) or not path.is_file():
        return None
    folder = path.resolve().parent
    folder = folder.parent if folder.name == "case_lists" else folder
    return folder if is_study(str(folder)) else None


def is_study_part(source: str) -> bool:
    """Tell whether a file is part of a study and of no use alone: all but expression, mutations and calls.

    Parameters
    ----------
    source : str
        Any path.

    Returns
    -------
    bool
        By the folder it lies in.
    """
    folder = find_study(source)
    if folder is None or is_maf(source) or is_cna(source):
        return False
    meta = _meta_of(Path(source), folder)
    return meta is None or meta.kind != "MRNA_EXPRESSION"


def _meta_of(path: Path, folder: Path) -> Meta | None:
    """Meta file that names a data file."""
    for candidate in sorted(folder.glob("meta*.txt")):
        try:
            meta = Meta(candidate, read_fields(candidate))
        except InputError:
            continue
        if meta.data is not None and meta.data.name == path.name:
            return meta
    return None


def glance_study_part(source: str) -> Glance:
    """Say what a single file of a study is.

    Parameters
    ----------
    source : str
        A file of a study.

    Returns
    -------
    Glance
        Samples of a clinical table or case list, genes of a panel.

    Raises
    ------
    InputError
        If the file cannot be read.
    """
    path = Path(source)
    folder = find_study(source) or path.parent
    meta = _meta_of(path, folder)
    samples: tuple[str, ...] = ()
    genes: tuple[str, ...] = ()
    content = "settings"
    if meta is not None:
        content = f"{meta.kind} {meta.datatype}".lower().replace("_", " ")
        columns = read_tsv(path, ["SAMPLE_ID", "PATIENT_ID"]).frame
        if columns.width:
            labels = columns.to_series(-1 if "PATIENT_ID" in columns.columns[:1] else 0).drop_nulls()
            samples = tuple(labels.unique(maintain_order=True).to_list())
    elif path.suffix == ".txt":
        fields = read_fields(path)
        samples = tuple(fields.get("case_list_ids", "").split())
        genes = tuple(fields.get("gene_list", "").split())
        content = (
            "case list" if samples else "gene panel" if genes else f"meta file ({fields.get('datatype', 'study')})"
        )
    notes = (f"part of the cBioPortal study {folder.name}, which is read as a whole: name the folder {folder}",)
    return Glance(f"cBioPortal, {content}", samples, genes, notes)


def refuse_study_part(source: str, orientation: Orientation = "auto") -> RawCohort:
    """Say that a file is only a part of a study.

    Parameters
    ----------
    source : str
        A file of a study.
    orientation : {"auto", "genes x patients", "patients x genes"}
        Not used.

    Returns
    -------
    RawCohort
        Never.

    Raises
    ------
    InputError
        Always.
    """
    folder = find_study(source)
    raise InputError(f"{source}: this is one file of a cBioPortal study; name the whole folder: {folder}")
