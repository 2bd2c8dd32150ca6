"""Cancer Cell Line Encyclopedia: the reverse-phase protein array and the first drug screen.

References
----------
Ghandi 2019, doi 10.1038/s41586-019-1186-3; Barretina 2012, doi 10.1038/nature11003.
"""

import re
from pathlib import Path

from itgstrat.readers.cell_lines.records import LineProfiles, LineResponses
from itgstrat.readers.cell_lines.tables import numbers_by_line, read_table, symbols_of, text_column

_SITE = re.compile(r"_p[STY]\d|_cleaved|\bp[STY]\d")


def read_ccle_rppa(path: str | Path) -> LineProfiles:
    """Read the protein array; a feature is an antibody, as named in the file.

    Parameters
    ----------
    path : str or Path
        Lines x antibodies with the columns ``depmapID`` and ``cellLine``.

    Returns
    -------
    LineProfiles
        Lines by DepMap id. An antibody against a modified protein has no gene: its amount is not the gene's.

    Raises
    ------
    InputError
        If the columns are not there.
    """
    head = ("depmapID", "cellLine")
    frame = read_table(path, set(head), head)
    columns = [name for name in frame.columns if name not in head]
    values = numbers_by_line(frame.select(columns), text_column(frame, head[0]), columns, path)
    plain = [name for name in columns if not _SITE.search(name)]
    genes = symbols_of(plain, lambda name: re.sub(r"_Caution$|\(.*", "", name).strip())
    return LineProfiles("CCLE RPPA", values, "protein", "log2 intensity, normalised", genes)


def read_ccle_ic50(path: str | Path) -> LineResponses:
    """Read log2 IC50 of the 24 drugs, as CaDRReS refitted them.

    Parameters
    ----------
    path : str or Path
        Lines x drugs; the first column has no name.

    Returns
    -------
    LineResponses
        -log2 IC50 by name of the drug, lines by CCLE name.

    Raises
    ------
    InputError
        If the file is no such table.

    References
    ----------
    Suphavilai 2018, doi 10.1093/bioinformatics/bty452.
    """
    frame = read_table(path, {""}, ("",))
    columns = [name for name in frame.columns if name]
    values = -numbers_by_line(frame.select(columns), text_column(frame, ""), columns, path)
    return LineResponses("CCLE", values, "-log2 IC50", {name: name for name in columns})
