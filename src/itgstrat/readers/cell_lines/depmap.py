"""DepMap releases as published: expression, CRISPR gene effect and the list of lines.

References
----------
Ghandi 2019, doi 10.1038/s41586-019-1186-3; Dempster 2021 (Chronos), doi 10.1186/s13059-021-02540-7.
"""

from pathlib import Path

import pandas as pd
import polars as pl

from itgstrat.errors import InputError, name_some
from itgstrat.readers.cell_lines.records import LineProfiles, LineResponses
from itgstrat.readers.cell_lines.tables import (
    mean_by_gene,
    numbers_by_line,
    read_table,
    split_gene_entrez,
    text_column,
)

#: Columns of words that newer releases put before the genes.
_BESIDE = {
    *("", "ModelID", "SequencingID", "ModelConditionID", "ProfileID"),
    *("IsDefaultEntryForModel", "IsDefaultEntryForMC"),
}
_YES = {"yes", "true", "1"}


def read_depmap_expression(path: str | Path) -> LineProfiles:
    """Read mRNA expression.

    Parameters
    ----------
    path : str or Path
        ``OmicsExpressionProteinCodingGenesTPMLogp1.csv``, or its successor
        ``OmicsExpressionTPMLogp1HumanProteinCodingGenes.csv``, of which the default row of each line is kept.

    Returns
    -------
    LineProfiles
        log2(TPM + 1) by HGNC symbol.

    Raises
    ------
    InputError
        If the file has no genes or no lines.
    """
    values = _matrix(path)
    return LineProfiles("DepMap", values, "mRNA", "log2(TPM + 1)", {gene: gene for gene in values.columns})


def read_depmap_gene_effect(path: str | Path) -> LineResponses:
    """Read how much each line depends on each gene.

    Parameters
    ----------
    path : str or Path
        ``CRISPRGeneEffect.csv``.

    Returns
    -------
    LineResponses
        Minus the gene effect, so that higher is more dependent; by HGNC symbol.

    Raises
    ------
    InputError
        If the file has no genes or no lines.
    """
    values = -_matrix(path)
    return LineResponses("DepMap CRISPR", values, "-gene effect (Chronos)", {gene: gene for gene in values.columns})


def read_depmap_models(path: str | Path) -> pd.DataFrame:
    """Read the list of lines.

    Parameters
    ----------
    path : str or Path
        ``Model.csv``.

    Returns
    -------
    DataFrame of str
        Index: DepMap id. Columns ``name``, ``lineage``, ``sanger``, ``ccle``, ``cosmic``; empty where missing.

    Raises
    ------
    InputError
        If the columns ``ModelID`` and ``OncotreeLineage`` are not there.
    """
    frame = read_table(path, None)
    missing = [name for name in ("ModelID", "OncotreeLineage") if name not in frame.columns]
    if missing:
        raise InputError(f"{path}: no column {name_some(missing)}; give Model.csv of the release")
    names = {"CellLineName": "name", "OncotreeLineage": "lineage", "SangerModelID": "sanger"}
    names |= {"CCLEName": "ccle", "COSMICID": "cosmic"}
    empty = [""] * len(frame)
    columns = {new: text_column(frame, old) if old in frame.columns else empty for old, new in names.items()}
    return pd.DataFrame(columns, index=text_column(frame, "ModelID"))


def _matrix(path: str | Path) -> pd.DataFrame:
    frame = read_table(path, _BESIDE)
    if "IsDefaultEntryForModel" in frame.columns:
        default = [word.lower() in _YES for word in text_column(frame, "IsDefaultEntryForModel")]
        frame = frame.filter(pl.Series(default))
    genes = split_gene_entrez(frame.columns)
    name = "ModelID" if "ModelID" in frame.columns else ""
    if not genes or name not in frame.columns:
        raise InputError(
            f"{path}: needs a column of DepMap ids, then columns such as TSPAN6 (7105); found "
            f"{name_some(frame.columns)}; give the file as DepMap publishes it"
        )
    table = numbers_by_line(frame.select(list(genes)), text_column(frame, name), list(genes), path)
    return mean_by_gene(table, list(genes.values()))
