"""Clinical, phenotype and survival tables of UCSC Xena."""

from pathlib import Path

import pandas as pd

from itgstrat.errors import InputError, name_some
from itgstrat.readers.alone import glance_clinical, no_cohort
from itgstrat.readers.followup import add_survival
from itgstrat.readers.layout import ClinicalTable, Glance
from itgstrat.readers.sheets import drop_empty, look_at
from itgstrat.readers.tables import read_clinical
from itgstrat.readers.tcga_cdr import is_outcome_table, read_outcomes
from itgstrat.readers.xena_files import ID_COLUMNS, Kind, classify, pick, survey


def is_xena_clinical(source: str) -> bool:
    """Recognise a Xena clinicalMatrix, phenotype or survival table; never raises.

    Parameters
    ----------
    source : str
        Any path.

    Returns
    -------
    bool
        By the header.
    """
    return classify(source) in ("clinical", "survival")


def read_xena_clinical(source: str) -> ClinicalTable:
    """Read a Xena clinicalMatrix, phenotype or survival table; a folder's own tables are joined.

    Overall survival is derived from vital status and days where the table has no column ``OS``.

    Parameters
    ----------
    source : str
        Table, or a folder with at most one clinical and one survival table.

    Returns
    -------
    ClinicalTable
        One row a sample.

    Raises
    ------
    InputError
        If there is no such table, or a folder holds several of one kind.
    """
    path = Path(source)
    if not path.is_dir():
        return _read_table(path, classify(source))
    kinds = survey(path)
    found = join_tables(pick(kinds, "clinical", path), pick(kinds, "survival", path))
    if found is None:
        raise InputError(f"{source}: no Xena clinical or survival table in this folder")
    return found


def _read_table(path: Path, kind: Kind) -> ClinicalTable:
    if kind == "matrix":
        raise InputError(f"{path}: this is a matrix, no clinical table; name the clinicalMatrix or survival table")
    if kind == "survival" and is_outcome_table(look_at(str(path))):
        return read_outcomes(str(path))
    table, empty = drop_empty(read_clinical(path))
    notes = [f"{empty} columns without a value are left out"] if empty else []
    if "OS" not in table and "_EVENT" in table and "_TIME_TO_EVENT" in table:
        table = table.assign(OS=table["_EVENT"], **{"OS.time": table["_TIME_TO_EVENT"]})
        notes.append("OS and OS.time are Xena's _EVENT and _TIME_TO_EVENT")
    for ending, diagnoses in ((".demographic", ".diagnoses"), (".diagnoses", ".diagnoses"), ("", "")):
        vital = f"vital_status{ending}"
        if vital in table and "OS" not in table:
            last = next((n for n in (f"days_to_last_follow_up{diagnoses}", "days_to_last_followup") if n in table), "")
            table, derived = add_survival(table, vital, f"days_to_death{ending}", last, _id_column(table))
            notes += derived
    return ClinicalTable(table, tuple(notes))


def join_tables(clinical: Path | None, survival: Path | None) -> ClinicalTable | None:
    """Join clinical and survival table by sample; the survival table's endpoints win.

    Parameters
    ----------
    clinical, survival : Path or None
        The tables.

    Returns
    -------
    ClinicalTable or None
        None if there is neither.

    Raises
    ------
    InputError
        If they share no sample.
    """
    if clinical is None or survival is None:
        path = clinical or survival
        return _read_table(path, classify(str(path))) if path else None
    left, right = (_read_table(path, kind) for path, kind in ((clinical, "clinical"), (survival, "survival")))  # type: ignore[arg-type]
    left_id, right_id = (_id_column(each.table) for each in (left, right))
    outcome = right.table.drop_duplicates(right_id).set_index(right_id)
    outcome = outcome.drop(columns=[name for name in ID_COLUMNS if name in outcome])
    shared = int(left.table[left_id].isin(outcome.index).sum())
    if not shared:
        raise InputError(
            f"{clinical.name} and {survival.name} share no sample ({name_some(left.table[left_id], 3)} against "
            f"{name_some(outcome.index, 3)}); are they of one cohort?"
        )
    kept = left.table.drop(columns=[name for name in left.table if name in outcome])
    table = kept.join(outcome, on=left_id)
    note = f"endpoints from {survival.name} for {shared} of {len(table)} rows of {clinical.name}, by {left_id}"
    return ClinicalTable(pd.DataFrame(table), (*left.notes, *right.notes, note))


def _id_column(table: pd.DataFrame) -> str:
    return next((name for name in ID_COLUMNS if name in table), str(table.columns[0]))


refuse_xena_clinical = no_cohort("a UCSC Xena clinical or survival table")


def glance_xena_clinical(source: str) -> Glance:
    """Say what a Xena clinical or survival table offers.

    Parameters
    ----------
    source : str
        The table.

    Returns
    -------
    Glance
        Samples, endpoints and cautions.

    Raises
    ------
    InputError
        If the table cannot be read.
    """
    found = read_xena_clinical(source)
    return glance_clinical("a UCSC Xena clinical or survival table", found, _id_column(found.table))
