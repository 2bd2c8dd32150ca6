"""Curated outcomes of TCGA patients (TCGA-CDR, Liu 2018): OS, DSS, DFI and PFI in days, with their cautions."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from itgstrat.errors import InputError, name_some
from itgstrat.readers.alone import glance_clinical, no_cohort
from itgstrat.readers.barcodes import parse_barcode
from itgstrat.readers.layout import ClinicalTable, Glance
from itgstrat.readers.sheets import look_at
from itgstrat.readers.tables import as_text, read_clinical

_ENDPOINTS = ("OS", "DSS", "DFI", "PFI")
#: Columns that name the patient or sample: the published table, Xena's copies, UCSCXenaShiny's.
_IDS = ("bcr_patient_barcode", "_PATIENT", "patient", "sample", "sampleID")
_CONTENT = "a table of TCGA-CDR outcomes (Liu 2018, doi 10.1016/j.cell.2018.02.052)"
#: What only TCGA-CDR's table of clinical columns has, for copies that hold outcomes and columns in two files.
_COLUMNS = {"ajcc_pathologic_tumor_stage", "initial_pathologic_dx_year", "new_tumor_event_dx_days_to"}


def is_outcome_table(rows: Sequence[Sequence[str]]) -> bool:
    """Tell whether the first lines of a file are those of a TCGA-CDR outcome table.

    Parameters
    ----------
    rows : sequence of sequence of str
        Header and first rows.

    Returns
    -------
    bool
        With three of the four endpoints and their times, and TCGA patients: a hospital's own table may well have
        columns of the same names.
    """
    if len(rows) < 2:
        return False
    names = set(rows[0])
    pairs = sum(1 for event in _ENDPOINTS if {event, f"{event}.time"} <= names)
    return pairs >= 3 and not names.isdisjoint(_IDS) and any(parse_barcode(cell) for cell in rows[1])


def is_tcga_cdr(source: str) -> bool:
    """Recognise a TCGA-CDR table, or a folder that holds one; never raises.

    Parameters
    ----------
    source : str
        Any path.

    Returns
    -------
    bool
        By the header.
    """
    found = _outcome_files(source)
    return bool(found) and (not Path(source).is_dir() or bool(_column_files(found[0])))


def _outcome_files(source: str) -> list[Path]:
    path = Path(source)
    try:
        files = sorted(entry for entry in path.iterdir() if entry.is_file()) if path.is_dir() else [path]
    except OSError:
        return []
    return [file for file in files[:50] if is_outcome_table(look_at(str(file)))]


read_tcga_cdr = no_cohort(_CONTENT)


def glance_tcga_cdr(source: str) -> Glance:
    """Say what a TCGA-CDR table offers, with the published cautions.

    Parameters
    ----------
    source : str
        The table, or a folder with it.

    Returns
    -------
    Glance
        Patients, endpoints with their events, and cautions per cancer type.

    Raises
    ------
    InputError
        If the table cannot be read.
    """
    found = read_outcomes(source)
    return glance_clinical(_CONTENT, found, _id_column(found.table))


def read_outcomes(source: str) -> ClinicalTable:
    """Read a TCGA-CDR table; patients that TCGA redacted are left out.

    In a folder that holds the outcomes in one file and the clinical columns in another, the two are joined.

    Parameters
    ----------
    source : str
        TSV or CSV, plain or packed, or a folder.

    Returns
    -------
    ClinicalTable
        One row a patient or sample; endpoints as columns of 0, 1 and NaN, times in days.

    Raises
    ------
    InputError
        If it is no such table, a folder holds several, or an endpoint holds anything but 0, 1 and missing.
    """
    files = _outcome_files(source)
    if len(files) != 1:
        found = name_some([file.name for file in files]) or "none"
        raise InputError(f"{source}: one table of TCGA-CDR outcomes is needed, found: {found}; name the file")
    table = read_clinical(files[0])
    notes = ["TCGA-CDR: times in days from diagnosis"]
    table = table.drop(
        columns=[name for name in table.columns if str(name).startswith("column ") or name == "Unnamed: 0"]
    )
    if Path(source).is_dir():
        table = _join_columns(table, files[0], notes)
    _check_endpoints(table, str(files[0]))
    if "Redaction" in table:
        redacted = as_text(table["Redaction"]).notna().to_numpy()
        if redacted.any():
            names = as_text(table[_id_column(table)])[redacted]
            notes.append(f"{int(redacted.sum())} rows that TCGA redacted are left out: {name_some(names)}")
            table = table[~redacted].reset_index(drop=True)
    return ClinicalTable(table, tuple(notes))


def _id_column(table: pd.DataFrame) -> str:
    return next(name for name in _IDS if name in table.columns)


def _join_columns(table: pd.DataFrame, outcomes: Path, notes: list[str]) -> pd.DataFrame:
    others = _column_files(outcomes)
    if not others or "sample" not in table:
        return table
    if len(others) > 1:
        raise InputError(f"{outcomes.parent}: several tables of clinical columns: {name_some(others)}; keep one")
    columns = read_clinical(others[0]).drop_duplicates("sample").set_index("sample")
    fresh = columns.drop(columns=[name for name in columns.columns if name in table])
    notes.append(f"clinical columns joined from {others[0].name} by sample")
    return table.join(fresh, on="sample")


def _column_files(outcomes: Path) -> list[Path]:
    """Find the table of clinical columns beside the outcomes, in copies that hold them apart."""
    return [
        file
        for file in sorted(outcomes.parent.iterdir())[:50]
        if file != outcomes and (head := look_at(str(file))) and set(head[0]) >= _COLUMNS and "sample" in head[0]
    ]


def _check_endpoints(table: pd.DataFrame, source: str) -> None:
    faults = []
    for event in (name for name in _ENDPOINTS if name in table):
        strange = sorted({value for value in as_text(table[event]).dropna() if value not in ("0", "1")})
        if strange:
            faults.append(f"{event} holds {name_some(strange)}")
        days = pd.to_numeric(as_text(table[f"{event}.time"]), errors="coerce") if f"{event}.time" in table else None
        if days is not None and bool((days < 0).any()):
            faults.append(f"{event}.time holds {int(np.sum(days < 0))} negative days")
    if faults:
        raise InputError(
            f"{source}: {'; '.join(faults)}; TCGA-CDR has 0, 1 or nothing, and days from 0: export it again"
        )
