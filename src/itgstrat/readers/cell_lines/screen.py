"""A screen of cell lines from its published files: which file is what, and one name a line in all of them."""

import logging
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pandas as pd

from itgstrat.errors import InputError, name_some
from itgstrat.readers.binary import is_binary
from itgstrat.readers.cell_lines.ccle import read_ccle_ic50, read_ccle_rppa
from itgstrat.readers.cell_lines.depmap import read_depmap_expression, read_depmap_gene_effect, read_depmap_models
from itgstrat.readers.cell_lines.gdsc import read_gdsc_fitted, read_gdsc_ic50, read_gdsc_models
from itgstrat.readers.cell_lines.nci60 import (
    read_nci60_activity,
    read_nci60_flow,
    read_nci60_lineages,
    read_nci60_rppa,
    read_nci60_swath,
)
from itgstrat.readers.cell_lines.prism import read_prism_secondary
from itgstrat.readers.cell_lines.records import LineProfiles, LineResponses
from itgstrat.readers.cell_lines.tables import read_table
from itgstrat.readers.content import first_bytes, first_text

logger = logging.getLogger(__name__)

_Table = TypeVar("_Table", LineProfiles, LineResponses, pd.DataFrame)
_Record = TypeVar("_Record", LineProfiles, LineResponses)
_Layouts = Mapping[frozenset[str], Callable[[Path], _Table]]

# Stand among the columns of a DepMap matrix: log2(TPM + 1) is nowhere below zero, a gene effect soon is.
_EXPRESSION, _EFFECT = "genes, none below zero", "genes, some below zero"

#: Columns that tell a file -> its reader.
PROFILES: _Layouts[LineProfiles] = {
    frozenset({_EXPRESSION}): read_depmap_expression,
    frozenset({"depmapID", "cellLine"}): read_ccle_rppa,
    frozenset({"Probe id", "Gene name"}): read_nci60_rppa,
    frozenset({"receptor_esc", "Gene"}): read_nci60_flow,
    frozenset({"gene", "BR:MCF7"}): read_nci60_swath,
}
RESPONSES: _Layouts[LineResponses] = {
    frozenset({_EFFECT}): read_depmap_gene_effect,
    frozenset({"DATASET", "SANGER_MODEL_ID", "LN_IC50"}): read_gdsc_fitted,
    frozenset({"DRUG_ID", "DRUG_NAME", "VERSION"}): read_gdsc_ic50,
    frozenset({"broad_id", "depmap_id", "auc"}): read_prism_secondary,
    frozenset({"nsc", "name"}): read_nci60_activity,
    frozenset({"", "PF2341066", "Nutlin-3"}): read_ccle_ic50,
}
LINES: _Layouts[pd.DataFrame] = {
    frozenset({"ModelID", "OncotreeLineage"}): read_depmap_models,
    frozenset({"model_id", "tissue"}): read_gdsc_models,
    frozenset({"Cell Line Name", "tissue of origin"}): lambda path: read_nci60_lineages(path).to_frame(),
}
_KNOWN = "DepMap, GDSC, PRISM (secondary), CCLE and NCI-60 as published; see docs/transfer.md"
_GENE_ENTREZ = re.compile(r"\S+ \(\d+\)")
_NEGATIVE = re.compile(r"[,\t]-\d")
#: Characters that hold the header of 20,000 genes and a row of numbers.
_LOOK = 1 << 22


@dataclass(frozen=True, eq=False)
class Screen:
    """Profiles, responses and lineages of cell lines under the same names.

    Parameters
    ----------
    profiles : LineProfiles
        What was measured.
    responses : LineResponses
        How the lines responded; higher is more sensitive.
    lineage : Series of str
        Line -> lineage.
    mrna : LineProfiles or None
        mRNA of the lines, beside profiles of proteins.
    """

    profiles: LineProfiles
    responses: LineResponses
    lineage: pd.Series
    mrna: LineProfiles | None = None


def read_screen(paths: Sequence[str | Path], mrna: str | Path | None = None) -> Screen:
    """Read a screen, file by file as published; which file is what is told by its columns.

    Parameters
    ----------
    paths : sequence of str or Path
        One file each of profiles, responses and lines, or folders with them; what else lies in a folder is left alone.
    mrna : str or Path, optional
        DepMap expression of the same lines, to state how proteins go with it.

    Returns
    -------
    Screen
        Lines by the names that the file of lines goes by.

    Raises
    ------
    InputError
        If a file is of no known layout, a part is missing or there several times, or lines have no common names.
    """
    looks = _look_at(paths)
    models = _read_one(looks, LINES, "the lineages of the lines")
    profiles = _read_one(looks, PROFILES, "what was measured in the lines")
    responses = _read_one(looks, RESPONSES, "how the lines responded")
    beside = None if mrna is None else _bring(read_depmap_expression(mrna), models)
    return Screen(_bring(profiles, models), _bring(responses, models), models["lineage"], beside)


def _look_at(paths: Sequence[str | Path]) -> dict[Path, frozenset[str]]:
    """Columns of every file; a file that was named and is of no known layout is refused."""
    looks: dict[Path, frozenset[str]] = {}
    for path in map(Path, paths):
        if not path.exists():
            raise InputError(f"{path}: there is no such file or folder")
        inside = [path] if path.is_file() else [one for one in path.iterdir() if one.is_file() and one.stat().st_size]
        looks |= {one: _columns(one) for one in sorted(inside)}
        if path.is_file() and not any(key <= looks[path] for key in (*PROFILES, *RESPONSES, *LINES)):
            raise InputError(
                f"{path}: no file of a cell-line screen that is known ({_KNOWN}); its columns are "
                f"{name_some(sorted(looks[path])) or 'none'}"
            )
    return looks


def _columns(path: Path) -> frozenset[str]:
    """Columns of a table, with a word for the genes of a DepMap matrix; nothing where it is no table."""
    if is_binary(first_bytes(path)):
        return frozenset(read_table(path, None).columns)
    head, _, rest = first_text(path, _LOOK).partition("\n")
    names = [name.strip().strip('"') for name in head.split("\t" if "\t" in head else ",")]
    if any(map(_GENE_ENTREZ.fullmatch, names)):
        names.append(_EFFECT if _NEGATIVE.search(rest.partition("\n")[0]) else _EXPRESSION)
    return frozenset(names)


def _read_one(looks: Mapping[Path, frozenset[str]], layouts: _Layouts[_Table], what: str) -> _Table:
    """Read the one file that tells something of the lines."""
    found = {path: read for path, columns in looks.items() for key, read in layouts.items() if key <= columns}
    if len(found) != 1:
        names = name_some([path.name for path in found])
        several = f"several files tell {what}: {names}; name the one beside the other two files of the screen"
        raise InputError(several if found else f"no file tells {what} among {name_some(looks)}; known are {_KNOWN}")
    ((path, read),) = found.items()
    return read(path)


def _bring(record: _Record, models: pd.DataFrame) -> _Record:
    """Name the lines as the file of lines does, by whichever of its names most of them go by."""
    known: dict[str, dict[str, str]] = {"": {str(line): str(line) for line in models.index}}
    several: dict[str, list[str]] = {}  # names that more than one line goes by lead nowhere
    for name in (str(column) for column in models if column != "lineage"):
        other = models[name][models[name].astype(bool)].astype(str)
        twice = other.duplicated(keep=False)
        several[name] = list(dict.fromkeys(other[twice]))
        known[name] = {one: str(line) for line, one in other[~twice].items()}
    shared = {name: len(record.values.index.intersection(list(lines))) for name, lines in known.items()}
    best = max(shared, key=lambda name: shared[name])
    if not shared[best]:
        raise InputError(
            f"{record.name}: none of its lines ({name_some(record.values.index)}) is among those with a lineage "
            f"({name_some(models.index)}); give the list of lines of the same source or release"
        )
    lost = sorted(set(several.get(best, ())).intersection(map(str, record.values.index)))
    if lost:
        logger.warning("%s: left out, as several lines go by the name: %s", record.name, name_some(lost))
    return record.renamed(known[best]) if best else record
