"""Genomics of Drug Sensitivity in Cancer: fitted dose responses as published, and ln IC50 as a matrix.

References
----------
Iorio 2016, doi 10.1016/j.cell.2016.06.017; van der Meer 2019 (Cell Model Passports), doi 10.1093/nar/gky872.
"""

from pathlib import Path

import pandas as pd
import polars as pl

from itgstrat.errors import InputError, name_some
from itgstrat.readers.cell_lines.records import LineResponses
from itgstrat.readers.cell_lines.tables import numbers_by_line, read_table, text_column

_UNIT = "-ln IC50 (µM)"
_LONG = ("DATASET", "SANGER_MODEL_ID", "DRUG_ID", "DRUG_NAME", "LN_IC50")
_LONG_TEXT = {
    *("DATASET", "CELL_LINE_NAME", "SANGER_MODEL_ID", "TCGA_DESC", "DRUG_ID", "DRUG_NAME", "PUTATIVE_TARGET"),
    *("PATHWAY_NAME", "COMPANY_ID", "WEBRELEASE", "NLME_RESULT_ID", "NLME_CURVE_ID", "COSMIC_ID"),
}


def read_gdsc_fitted(path: str | Path) -> LineResponses:
    """Read the fitted dose responses, one row a line and drug, as GDSC publishes them (the CSV, not the workbook).

    Parameters
    ----------
    path : str or Path
        ``GDSC1_fitted_dose_response_*.csv`` or ``GDSC2_...``.

    Returns
    -------
    LineResponses
        -ln IC50 by ``dataset:drug id``; lines by their Sanger id. Where a line was tested twice, the mean.

    Raises
    ------
    InputError
        If the columns are not there.
    """
    frame = read_table(path, _LONG_TEXT, _LONG)
    ids = [
        f"{one}:{two}" for one, two in zip(text_column(frame, "DATASET"), text_column(frame, "DRUG_ID"), strict=True)
    ]
    long = pd.DataFrame({"line": text_column(frame, "SANGER_MODEL_ID"), "id": ids, "y": frame["LN_IC50"].to_numpy()})
    values = -long.pivot_table(index="line", columns="id", values="y", aggfunc="mean", observed=True)
    drugs = dict(zip(ids, text_column(frame, "DRUG_NAME"), strict=True))
    values = values.rename_axis(index=None, columns=None)
    return LineResponses("GDSC", values, _UNIT, {name: drugs[name] for name in values.columns})


def read_gdsc_ic50(path: str | Path) -> LineResponses:
    """Read ln IC50 as a matrix of drugs x lines.

    Parameters
    ----------
    path : str or Path
        Columns ``DRUG_ID``, ``DRUG_NAME``, ``VERSION``, then one a line (Sanger id).

    Returns
    -------
    LineResponses
        -ln IC50 by ``version:drug id``.

    Raises
    ------
    InputError
        If the columns are not there.
    """
    head = ("DRUG_ID", "DRUG_NAME", "VERSION")
    frame = read_table(path, set(head), head)
    ids = [
        f"{one}:{two}" for one, two in zip(text_column(frame, "VERSION"), text_column(frame, "DRUG_ID"), strict=True)
    ]
    lines = [name for name in frame.columns if name not in head]
    values = -numbers_by_line(frame.select(lines), lines, ids, path, "feature")
    return LineResponses("GDSC", values, _UNIT, dict(zip(ids, text_column(frame, "DRUG_NAME"), strict=True)))


def read_gdsc_models(path: str | Path) -> pd.DataFrame:
    """Read the list of lines of the Cell Model Passports.

    Parameters
    ----------
    path : str or Path
        ``model_list_*.csv``, plain or packed.

    Returns
    -------
    DataFrame of str
        Index: Sanger id. Columns ``name``, ``lineage`` (tissue), ``depmap`` (Broad id), ``ccle``, ``cosmic``;
        empty where missing.

    Raises
    ------
    InputError
        If the columns are not there.
    """
    names = {"model_name": "name", "tissue": "lineage", "BROAD_ID": "depmap", "CCLE_ID": "ccle", "COSMIC_ID": "cosmic"}
    frame = read_table(path, None)
    missing = [name for name in ("model_id", *names) if name not in frame.columns]
    if missing:
        raise InputError(f"{path}: no column {name_some(missing)}; give the model list of the Cell Model Passports")
    columns = {new: text_column(frame, old) for old, new in names.items()}
    return pd.DataFrame(columns, index=text_column(frame, "model_id"))


def _join(frame: pl.DataFrame, first: str, second: str) -> list[str]:
    return [f"{one}:{two}" for one, two in zip(text_column(frame, first), text_column(frame, second), strict=True)]
