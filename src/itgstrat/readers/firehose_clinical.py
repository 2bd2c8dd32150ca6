"""Clinical tables of the Broad Firehose: variables in rows, patients in columns; survival from all follow-ups."""

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from itgstrat.errors import InputError, name_some
from itgstrat.readers.alone import glance_clinical
from itgstrat.readers.followup import add_survival
from itgstrat.readers.layout import ClinicalTable, Glance
from itgstrat.readers.members import Member, is_tar, list_names, read_members
from itgstrat.readers.sheets import drop_empty, look_at, parse_rows
from itgstrat.readers.tables import as_text, tidy_clinical

#: Clinical files from the one that is read first to the last.
_FILES = (
    ("Clinical_Pick_Tier1", r"\.clin\.merged\.picked\.txt$"),
    ("Merge_Clinical, clinical part", r"\.merged_only_clinical_clin_format\.txt$"),
    ("Merge_Clinical", r"\.clin\.merged\.txt$"),
    ("Clinical_Pick_Tier1, all variables", r"^All_CDEs\.txt$"),
)
#: Rows that name the patients.
_IDS = ("Hybridization REF", "patient.bcr_patient_barcode", "bcr_patient_barcode")
_ID = "bcr_patient_barcode"


def clinical_rank(name: str) -> int:
    """Tell which clinical file of Firehose a name is.

    Parameters
    ----------
    name : str
        Name of a file.

    Returns
    -------
    int
        From 1, the first that is read; 0 for no clinical file.

    Examples
    --------
    >>> clinical_rank("KIRC.clin.merged.picked.txt"), clinical_rank("KIRC.txt")
    (1, 0)
    """
    return next((at for at, (_, pattern) in enumerate(_FILES, 1) if re.search(pattern, name)), 0)


def is_firehose_clinical(source: str) -> bool:
    """Recognise a Firehose clinical table, its archive, or a folder of either; never raises.

    Parameters
    ----------
    source : str
        Any path.

    Returns
    -------
    bool
        By the names of files and members, and by the header of a table.
    """
    path = Path(source)
    if any(clinical_rank(name) for name in list_names(source)):
        return True
    if path.is_dir():
        return any(
            "gdac.broadinstitute.org" in name and is_firehose_clinical(str(path / name)) for name in list_names(source)
        )
    if is_tar(source) or not (rows := look_at(source)):
        return False
    picked = rows[0][0] == _IDS[0] and len(rows) > 1 and set(rows[1][1:50]) == {"value"}
    return picked or (rows[0][0].startswith("admin.") and bool(clinical_rank(path.name)))


def read_firehose_clinical(source: str) -> ClinicalTable:
    """Read a Firehose clinical table, turned to one row a patient, with overall survival.

    Parameters
    ----------
    source : str
        Table, archive, or folder of either.

    Returns
    -------
    ClinicalTable
        Barcodes in capitals; columns as Firehose names its rows.

    Raises
    ------
    InputError
        If an archive is damaged or unsafe, or no row names the patients.
    """
    path = Path(source)
    single = path.is_file() and not is_tar(source)
    members = read_members(source, lambda name: single or bool(clinical_rank(name)))
    if path.is_dir():
        for archive in sorted(file for file in path.iterdir() if is_tar(str(file))):
            members += read_members(str(archive), lambda name: bool(clinical_rank(name)))
    found = _read(members[0], source) if single else clinical_from_members(members, source)
    if found is None:
        raise InputError(f"{source}: no clinical table of Firehose in it")
    return found


def clinical_from_members(members: Sequence[Member], source: str) -> ClinicalTable | None:
    """Read the clinical table of a download: Clinical_Pick_Tier1 before Merge_Clinical.

    Parameters
    ----------
    members : sequence of Member
        Files of the download.
    source : str
        Folder or archive, for messages.

    Returns
    -------
    ClinicalTable or None
        None if there is none.

    Raises
    ------
    InputError
        If tables of two cohorts are there.
    """
    ranked = {member: rank for member in members if (rank := clinical_rank(member.base))}
    if not ranked:
        return None
    best = min(ranked.values())
    first = [member for member, rank in ranked.items() if rank == best]
    if len(first) > 1:
        names = name_some([member.name for member in first])
        raise InputError(f"{source}: clinical tables of several cohorts: {names}; keep one")
    found = _read(first[0], source)
    others = [member.base for member, rank in ranked.items() if rank != best]
    note = f"clinical table {first[0].base}" + (f"; not read: {name_some(others)}" if others else "")
    return ClinicalTable(found.table, (note, *found.notes))


def _read(member: Member, source: str) -> ClinicalTable:
    frame = parse_rows(member.load(), f"{source}: {member.base}")
    names = frame.to_series(0).to_list()
    at = next((names.index(name) for name in _IDS if name in names), -1)
    if at < 0:
        raise InputError(f"{source}: {member.base} has none of the rows {', '.join(_IDS)}; which patients are these?")
    patients = [str(cell).upper() for cell in frame.row(at)[1:]]
    rows = {
        str(name): list(frame.row(number)[1:])
        for number, name in enumerate(names)
        if number != at and name and name != "Composite Element REF"
    }
    table, empty = drop_empty(tidy_clinical(pd.DataFrame({_ID: patients, **rows})))
    notes = [f"{empty} variables without a value are left out"] if empty else []
    repeated = sorted({name for name in names if name and names.count(name) > 1})
    if repeated:
        notes.append(f"rows that occur twice, of which the last is taken: {name_some(repeated)}")
    table, derived = _with_survival(table)
    if (code := re.match(r"([A-Z]{2,8})(-FFPE)?\.", member.base)) and "admin.disease_code" not in table:
        table = table.assign(disease_code=code[1])
    return ClinicalTable(table, (*notes, *derived))


def _with_survival(table: pd.DataFrame) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Derive overall survival; over all follow-ups in the long table, whose first record is the enrolment."""
    if "vital_status" in table:
        return add_survival(table, "vital_status", "days_to_death", "days_to_last_followup", _ID)
    vital, death, last = (
        [str(name) for name in table if re.fullmatch(rf"patient\.(follow_ups\.follow_up(-\d+)?\.)?{word}", str(name))]
        for word in ("vital_status", "days_to_death", "days_to_last_followup")
    )
    if not vital:
        return table, ("no row of vital status: overall survival is not derived",)
    dead = pd.concat([as_text(table[name]).str.lower() == "dead" for name in vital], axis=1).any(axis=1)
    known = table[vital].notna().any(axis=1)
    found = pd.DataFrame(
        {
            "vital_status": np.where(dead, "dead", np.where(known, "alive", "")),
            "days_to_death": _latest(table, death),
            "days_to_last_followup": _latest(table, last),
            _ID: table[_ID],
        }
    )
    derived, notes = add_survival(found, "vital_status", "days_to_death", "days_to_last_followup", _ID)
    note = f"vital status and days: dead in any, and the last day, of {len(vital)} records a patient at most"
    return table.assign(OS=derived["OS"], **{"OS.time": derived["OS.time"]}), (*notes, note)


def _latest(table: pd.DataFrame, columns: Sequence[str]) -> "pd.Series[float]":
    days = pd.DataFrame({name: pd.to_numeric(as_text(table[name]), errors="coerce") for name in columns})
    return days.max(axis=1) if len(columns) else pd.Series(np.nan, index=table.index)


def glance_firehose_clinical(source: str) -> Glance:
    """Say what a Firehose clinical table offers.

    Parameters
    ----------
    source : str
        Table, archive, or folder of either.

    Returns
    -------
    Glance
        Patients, endpoints and cautions.

    Raises
    ------
    InputError
        If the table cannot be read.
    """
    return glance_clinical("a clinical table of the Broad Firehose", read_firehose_clinical(source), _ID)
