"""Count files of the GDC: which workflow made them, and the numbers of one file."""

import io
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from itgstrat.errors import InputError, name_some
from itgstrat.readers.members import Member
from itgstrat.readers.units import RawUnit

Array = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Workflow:
    """A kind of count file.

    Parameters
    ----------
    name : str
        As the GDC calls the workflow.
    pattern : str
        How its file names end.
    units : mapping of str to str
        Column -> unit; the first is read if none is asked for. Files without a header have one nameless column.
    """

    name: str
    pattern: str
    units: dict[str, RawUnit]


STAR = Workflow(
    "STAR - Counts",
    r"\.(rna_seq\.)?augmented_star_gene_counts\.tsv(\.gz)?",
    {
        "tpm_unstranded": "linear",
        "fpkm_unstranded": "linear",
        "fpkm_uq_unstranded": "linear",
        "unstranded": "counts",
        "stranded_first": "counts",
        "stranded_second": "counts",
    },
)
#: Workflows from the newest to the oldest.
WORKFLOWS = (
    STAR,
    Workflow("HTSeq - Counts", r"\.htseq[._]counts(\.txt)?(\.gz)?", {"counts": "counts"}),
    Workflow("HTSeq - FPKM-UQ", r"\.FPKM-UQ\.txt(\.gz)?", {"fpkm_uq": "linear"}),
    Workflow("HTSeq - FPKM", r"\.FPKM\.txt(\.gz)?", {"fpkm": "linear"}),
)


@dataclass(frozen=True, eq=False)
class Sample:
    """Numbers of one file.

    Parameters
    ----------
    file : Member
        Where they come from.
    genes : tuple of str
        Labels of the genes.
    values : ndarray of float32, shape (n_genes,)
        The numbers.
    model : str
        Gene model the file names, such as GENCODE v36; empty where it names none.
    """

    file: Member
    genes: tuple[str, ...]
    values: Array
    model: str = ""


def find_workflow(name: str) -> Workflow | None:
    """Tell which workflow made a file, by its name.

    Parameters
    ----------
    name : str
        Name of a file.

    Returns
    -------
    Workflow or None
        None if it is no count file of the GDC.

    Examples
    --------
    >>> find_workflow("dfe06359.htseq.counts.gz").name
    'HTSeq - Counts'
    """
    return next((each for each in WORKFLOWS if re.search(f".{each.pattern}$", name, re.IGNORECASE)), None)


def is_file_id(text: str) -> bool:
    """Tell whether a text is an id (UUID) of the GDC.

    Parameters
    ----------
    text : str
        Such as the name of a folder.

    Returns
    -------
    bool
        Eight, four, four, four and twelve hexadecimal digits.
    """
    return re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", text) is not None


def read_sample(member: Member, workflow: Workflow, measure: str, source: str) -> Sample:
    """Read the numbers of one count file.

    Rows that count reads rather than genes (``N_unmapped``, ``__no_feature``, ...) are left out.

    Parameters
    ----------
    member : Member
        The file.
    workflow : Workflow
        What made it.
    measure : str
        Column to read.
    source : str
        Folder or archive, for messages.

    Returns
    -------
    Sample
        Labels and float32 numbers.

    Raises
    ------
    InputError
        If the file is damaged or does not look like one of the workflow.
    """
    where = f"{source}/{member.name}" if Path(source).is_dir() else source
    text = member.load()
    model = ""
    if workflow is STAR:
        model, text = _split_comments(text)
        header = [name for name in text.split(b"\n", 1)[0].decode().split("\t") if name]
        if absent := sorted({"gene_id", measure} - set(header)):
            raise InputError(
                f"{where}: no column {name_some(absent)} among {name_some(header, 12) or 'none'}; STAR counts of the "
                "GDC have them: download the file again"
            )
        frame = _parse(text, where, ["gene_id", measure])
        labels, column = frame["gene_id"], frame[measure]
    else:
        frame = _parse(text, where, None)
        if frame.width != 2:
            raise InputError(f"{where}: {frame.width} columns; {workflow.name} has two: gene and number")
        labels, column = frame.to_series(0), frame.to_series(1)
    is_gene = ~(labels.str.starts_with("N_") | labels.str.starts_with("__"))
    numbers = column.filter(is_gene).cast(pl.Float32, strict=False)
    if numbers.null_count():
        rows = labels.filter(is_gene).filter(numbers.is_null()).to_list()
        raise InputError(f"{where}: no number in the rows {name_some(rows)}; download the file again")
    return Sample(member, tuple(labels.filter(is_gene).to_list()), numbers.to_numpy(), model)


def _split_comments(text: bytes) -> tuple[str, bytes]:
    model = ""
    while text.startswith(b"#"):
        line, _, text = text.partition(b"\n")
        if b"gene-model" in line:
            model = line.decode().partition(":")[2].strip()
    return model, text


def _parse(text: bytes, where: str, columns: list[str] | None) -> pl.DataFrame:
    """Parse the named columns of a table with a header, or all of one without."""
    source = io.BytesIO(text)
    has_header = columns is not None
    try:
        frame = pl.read_csv(
            source, separator="\t", has_header=has_header, columns=columns, infer_schema=False, quote_char=None
        )
    except pl.exceptions.PolarsError as error:
        raise InputError(f"{where}: the rows cannot be told apart ({error}); download the file again") from error
    if not frame.height:
        raise InputError(f"{where}: not a single gene; download the file again")
    return frame
