"""Project Score: the share of the lines of each tissue that depend on a gene; no line has a row of its own.

References
----------
Behan 2019, doi 10.1038/s41586-019-1103-9.
"""

from pathlib import Path

import pandas as pd

from itgstrat.errors import InputError, name_some
from itgstrat.readers.cell_lines.tables import read_table, text_column

_TISSUE = "Vuln_CL_perc."


def read_dependency_by_tissue(path: str | Path) -> pd.DataFrame:
    """Read how many lines in a hundred depend on each gene.

    Parameters
    ----------
    path : str or Path
        Columns ``Gene``, ``Vulnerable_Cell_lines_perc`` and one ``Vuln_CL_perc.<tissue>`` a tissue.

    Returns
    -------
    DataFrame of float64, shape (n_genes, 1 + n_tissues)
        Per cent; column ``all`` and one a tissue. A summary describes; nothing per line can be learned from it.

    Raises
    ------
    InputError
        If the columns are not there.
    """
    frame = read_table(path, None)
    tissues = [name for name in frame.columns if name.startswith(_TISSUE)]
    if "Gene" not in frame.columns or "Vulnerable_Cell_lines_perc" not in frame.columns or not tissues:
        raise InputError(f"{path}: needs Gene and columns such as {_TISSUE}Bone; found {name_some(frame.columns)}")
    named = {"Vulnerable_Cell_lines_perc": "all"}
    named |= {name: name.removeprefix(_TISSUE).replace(".", " ") for name in tissues}
    columns = {new: pd.to_numeric(pd.Series(text_column(frame, old)), errors="coerce") for old, new in named.items()}
    return pd.DataFrame(columns).set_axis(text_column(frame, "Gene"), axis=0)
