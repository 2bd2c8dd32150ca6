"""The NCI-60 screen as CellMiner's data package (rcellminerData) holds it; no mRNA among these files.

References
----------
Reinhold 2012, doi 10.1158/0008-5472.CAN-12-1370 (CellMiner); Luna 2021, doi 10.1093/nar/gkaa968 (CellMinerCDB).
"""

import re
from pathlib import Path

import pandas as pd
import polars as pl

from itgstrat.errors import InputError, name_some
from itgstrat.readers.cell_lines.records import LineProfiles, LineResponses
from itgstrat.readers.cell_lines.tables import (
    mean_by_gene,
    numbers_by_line,
    read_table,
    symbols_of,
    text_column,
)

#: Codes of the tissues of origin, and the line behind them.
_LINE = re.compile(r"(BR|CNS|CO|LC|LE|ME|OV|PR|RE):(.+)")
_DESCRIBES = {"receptor_esc", "Gene", "Chr", "Strand"}
_ARRAY = {"Probe id", "Gene name", "Entrez gene id", "Chromosome", "Cytoband", "RefSeq(mRNA)", "RefSeq(protein)"}


def line_name(name: str) -> str:
    """Spell an NCI-60 line the same way whichever of the files it is from.

    Parameters
    ----------
    name : str
        Tissue code and line.

    Returns
    -------
    str
        Code, colon and the line in capitals, without signs, supplier or clone in brackets.

    Examples
    --------
    >>> line_name("LC:A549/ATCC"), line_name("LE:HL-60(TB)"), line_name("LE:HL_60")
    ('LC:A549', 'LE:HL60', 'LE:HL60')
    """
    code, _, line = name.partition(":")
    line = re.sub(r"/ATCC$|\(.*\)$", "", line)
    return f"{code}:{re.sub(r'[^A-Za-z0-9]', '', line).upper()}"


def read_nci60_lineages(path: str | Path) -> pd.Series:
    """Read the tissue of origin of each line.

    Parameters
    ----------
    path : str or Path
        ``CELLMINER_CELL_LINE_METADATA.txt``.

    Returns
    -------
    Series of str
        Line -> tissue.

    Raises
    ------
    InputError
        If the columns are not there.
    """
    name, tissue = "Cell Line Name", "tissue of origin"
    text = read_table(path, None)
    if name not in text.columns or tissue not in text.columns:
        raise InputError(f"{path}: needs the columns {name!r} and {tissue!r}, found {name_some(text.columns)}")
    lines = [line_name(line) for line in text_column(text, name)]
    return pd.Series(text_column(text, tissue), index=lines, name="lineage")


def read_nci60_activity(path: str | Path) -> LineResponses:
    """Read drug activity.

    Parameters
    ----------
    path : str or Path
        Drugs x lines with the columns ``nsc`` and ``name``.

    Returns
    -------
    LineResponses
        z-scores of -log10 GI50 over the lines, by NSC number.

    Raises
    ------
    InputError
        If the columns are not there.
    """
    frame = read_table(path, {"nsc", "prefix", "name"}, ("nsc", "name"))
    columns, ids = _lines_of(frame, path), text_column(frame, "nsc")
    values = numbers_by_line(frame.select(columns), [line_name(line) for line in columns], ids, path, "feature")
    drugs = dict(zip(ids, text_column(frame, "name"), strict=True))
    return LineResponses("NCI-60", values, "z of -log10 GI50", drugs)


def read_nci60_flow(path: str | Path) -> LineProfiles:
    """Read the surface proteome: flow cytometry with 329 antibodies.

    Parameters
    ----------
    path : str or Path
        Antibodies x lines with the column ``Gene``.

    Returns
    -------
    LineProfiles
        One column a gene, the mean of its antibodies.

    Raises
    ------
    InputError
        If the columns are not there.
    """
    frame = read_table(path, _DESCRIBES, ("Gene",))
    return _protein("NCI-60 surface flow", frame, text_column(frame, "Gene"), "log2 fluorescence", path)


def read_nci60_rppa(path: str | Path) -> LineProfiles:
    """Read the reverse-phase lysate array.

    Parameters
    ----------
    path : str or Path
        Antibodies x lines with the column ``Gene name``.

    Returns
    -------
    LineProfiles
        One column a gene, the mean of its antibodies.

    Raises
    ------
    InputError
        If the columns are not there.
    """
    frame = read_table(path, _ARRAY, ("Gene name",))
    return _protein("NCI-60 RPPA", frame, text_column(frame, "Gene name"), "log2 intensity", path)


def read_nci60_swath(path: str | Path) -> LineProfiles:
    """Read the SWATH mass spectrometry proteome.

    Parameters
    ----------
    path : str or Path
        Genes x lines with the column ``gene``.

    Returns
    -------
    LineProfiles
        One column a gene; lines that were not measured are left out.

    Raises
    ------
    InputError
        If the columns are not there.
    """
    frame = read_table(path, {"gene"}, ("gene",))
    return _protein("NCI-60 SWATH", frame, text_column(frame, "gene"), "log10 intensity", path)


def _protein(name: str, frame: pl.DataFrame, genes: list[str], unit: str, path: str | Path) -> LineProfiles:
    columns = _lines_of(frame, path)
    rows = [str(at) for at in range(len(genes))]
    table = numbers_by_line(frame.select(columns), [line_name(line) for line in columns], rows, path, "feature")
    values = mean_by_gene(table, genes).drop(columns="", errors="ignore")
    return LineProfiles(name, values, "protein", unit, symbols_of(list(values.columns)))


def _lines_of(frame: pl.DataFrame, path: str | Path) -> list[str]:
    columns = [column for column in frame.columns if _LINE.fullmatch(column)]
    if not columns:
        raise InputError(f"{path}: no column is an NCI-60 line such as BR:MCF7; found {name_some(frame.columns)}")
    return columns
