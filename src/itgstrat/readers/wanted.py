"""Alterations by name, from whatever files lie beside a cohort: mutations, copy number, per-sample tables."""

from collections.abc import Sequence
from pathlib import Path

from itgstrat.biology.alterations import load_alterations, make_alteration
from itgstrat.errors import CatalogueError
from itgstrat.readers.alterations import Alterations, read_sample_table
from itgstrat.readers.beside import read_alterations
from itgstrat.readers.cna import is_cna
from itgstrat.readers.maf import is_maf
from itgstrat.readers.study import is_study
from itgstrat.readers.tables import read_clinical


def read_wanted(paths: Sequence[str | Path], names: Sequence[str]) -> list[Alterations]:
    """Read files of alterations so that the named ones are among what is read.

    Parameters
    ----------
    paths : sequence of str or Path
        As `read_alterations` takes them.
    names : sequence of str
        Alterations of the facts, genes (``GENE_mut``), codons (``GENE_G12``), or columns of a per-sample table, where
        1 is yes, 0 is no and empty is not assessed.

    Returns
    -------
    list of Alterations
        Those of the facts and the named ones.

    Raises
    ------
    InputError
        If a file cannot be read, or a per-sample table holds none of the named columns nor one of the facts.
    """
    found: list[Alterations] = []
    rest: list[str | Path] = []
    for path in paths:
        columns = _named_columns(path, names)
        if columns:
            found.append(read_sample_table(path, {name: name for name in columns}))
        else:
            rest.append(path)
    return [*(read_alterations(rest, choose_alterations(names)) if rest else ()), *found]


def choose_alterations(names: Sequence[str]) -> list[str] | None:
    """Say what mutation and copy-number files are to be read for, so that the named alterations are among it.

    Parameters
    ----------
    names : sequence of str
        Alterations; a name that is no gene, codon or fact is taken for a column of a per-sample table.

    Returns
    -------
    list of str or None
        Names as `read_alterations` takes them; None for those of the facts.

    Examples
    --------
    >>> choose_alterations(["KRAS_mut", "own_score"]) is None
    True
    >>> choose_alterations(["NRAS_Q61"])[-1]
    'NRAS_Q61'
    """
    facts = [record.id for record in load_alterations()]
    others = [name for name in names if name not in facts and _is_of_gene(name)]
    return [*facts, *others] if others else None


def _is_of_gene(name: str) -> bool:
    try:
        return make_alteration(name).id == name
    except CatalogueError:
        return False


def _named_columns(path: str | Path, names: Sequence[str]) -> list[str]:
    """Which of the names are columns of a per-sample table; none where the file is something else."""
    source = str(path)
    if not names or not Path(path).is_file() or is_study(source) or is_maf(source) or is_cna(source):
        return []
    table = read_clinical(path)
    facts = [record.id for record in load_alterations() if record.kind == "table"]
    named = [name for name in names if name in table.columns]
    return [*named, *(name for name in facts if name in table.columns and name not in named)] if named else []
