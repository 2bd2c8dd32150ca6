"""PRISM Repurposing as published: dose-response fits of the secondary screen, log fold changes of the primary.

References
----------
Corsello 2020, doi 10.1038/s43018-019-0018-6.
"""

from pathlib import Path

import pandas as pd

from itgstrat.errors import InputError
from itgstrat.readers.cell_lines.records import LineResponses
from itgstrat.readers.cell_lines.tables import numbers_by_line, pairs, read_table, text_column

_CURVE_TEXT = {
    *("broad_id", "depmap_id", "ccle_name", "screen_id", "name", "moa", "target", "disease.area", "indication"),
    *("smiles", "phase", "passed_str_profiling", "row_name"),
}
_TREATMENT_TEXT = {
    *("column_name", "broad_id", "name", "screen_id", "moa", "target", "disease.area", "indication", "smiles"),
    "phase",
}


def read_prism_secondary(path: str | Path) -> LineResponses:
    """Read the areas under the dose-response curves.

    Parameters
    ----------
    path : str or Path
        ``secondary-screen-dose-response-curve-parameters.csv``.

    Returns
    -------
    LineResponses
        1 - AUC by ``screen:Broad id``, lines by DepMap id; lines that failed STR profiling are left out.

    Raises
    ------
    InputError
        If the columns are not there.
    """
    frame = read_table(path, _CURVE_TEXT, ("broad_id", "depmap_id", "screen_id", "auc", "name"))
    names = {name: text_column(frame, name) for name in ("depmap_id", "broad_id", "screen_id", "name")}
    long = pd.DataFrame(names).assign(auc=frame["auc"].to_numpy())
    if "passed_str_profiling" in frame.columns:
        failed = [word.upper() == "FALSE" for word in text_column(frame, "passed_str_profiling")]
        long = long[[not one for one in failed]]
    long = long[(long["depmap_id"] != "") & long["auc"].notna()]
    long = long.assign(id=long["screen_id"] + ":" + long["broad_id"])
    values = 1 - long.pivot_table(index="depmap_id", columns="id", values="auc", aggfunc="mean", observed=True)
    drugs = dict(zip(long["id"], long["name"], strict=True))
    values = values.rename_axis(index=None, columns=None)
    return LineResponses("PRISM secondary", values, "1 - AUC", {name: drugs[name] for name in values.columns})


def read_prism_primary(path: str | Path, treatments: str | Path) -> LineResponses:
    """Read the primary screen at one dose.

    Parameters
    ----------
    path : str or Path
        ``primary-screen-replicate-collapsed-logfold-change.csv``.
    treatments : str or Path
        ``primary-screen-replicate-collapsed-treatment-info.csv``, which names the columns.

    Returns
    -------
    LineResponses
        Minus the log2 fold change of viability, by column name.

    Raises
    ------
    InputError
        If no column is named among the treatments.
    """
    info = read_table(treatments, _TREATMENT_TEXT, ("column_name", "name"))
    drugs = pairs(info, "column_name", "name")
    frame = read_table(path, {""}, ("",))
    columns = [name for name in frame.columns if name in drugs]
    if not columns:
        raise InputError(f"{path}: none of its columns is in {treatments}; give both files of the same release")
    values = numbers_by_line(frame.select(columns), text_column(frame, ""), columns, path)
    failed = [line for line in values.index if line.endswith("_FAILED_STR")]
    values = -values.drop(index=failed)
    return LineResponses("PRISM primary", values, "-log2 fold change", {name: drugs[name] for name in columns})
