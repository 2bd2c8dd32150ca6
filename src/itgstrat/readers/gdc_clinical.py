"""Clinical tables of the GDC: clinical.tsv as of 2018, 2020 and 2025, alone, in its folder or in the tar.gz."""

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from itgstrat.errors import InputError, name_some
from itgstrat.readers.alone import glance_clinical, no_cohort
from itgstrat.readers.followup import add_survival
from itgstrat.readers.gdc_files import find_workflow
from itgstrat.readers.layout import ClinicalTable, Glance
from itgstrat.readers.members import Member, list_names, read_members
from itgstrat.readers.sheets import drop_empty, look_at, parse_sheet
from itgstrat.readers.tables import Column, as_text, read_clinical

#: Columns of the patient in the layouts of 2025, 2020 and 2018.
_IDS = ("cases.submitter_id", "case_submitter_id", "submitter_id")
_VITAL = ("demographic.vital_status", "vital_status")
_DEATH = ("demographic.days_to_death", "diagnoses.days_to_death", "days_to_death")
_LAST = ("diagnoses.days_to_last_follow_up", "days_to_last_follow_up")
_VISIT = ("follow_ups.days_to_follow_up", "days_to_follow_up")
_PRIMARY = ("diagnoses.diagnosis_is_primary_disease", "diagnosis_is_primary_disease")
#: One row a treatment: what they say is no property of the patient.
_TREATMENT = re.compile(r"treatments\..+|treatment.*|therapeutic_agents|days_to_treatment.*|regimen_or_line_of_therapy")
_CONTENT = "a clinical table of the GDC"


def is_gdc_clinical_header(header: Sequence[str]) -> bool:
    """Tell whether a header is that of the GDC's clinical.tsv.

    Parameters
    ----------
    header : sequence of str
        Names of the columns.

    Returns
    -------
    bool
        For the layouts of 2018, 2020 and 2025.
    """
    names = set(header)
    old = {"submitter_id", "vital_status", "project_id", "case_id"} <= names
    return old or ({"case_submitter_id", "vital_status"} <= names) or {"cases.submitter_id", _VITAL[0]} <= names


def is_gdc_clinical(source: str) -> bool:
    """Recognise clinical.tsv of the GDC, its folder or its tar.gz; never raises.

    Parameters
    ----------
    source : str
        Any path.

    Returns
    -------
    bool
        By the header, or by the names of the files that come with it.
    """
    if rows := look_at(source):
        return is_gdc_clinical_header(rows[0])
    names = list_names(source)
    if not any(_is_clinical(name) for name in names) or any(find_workflow(name) for name in names):
        return False
    path = Path(source)
    return not path.is_dir() or is_gdc_clinical(str(path / next(filter(_is_clinical, names))))


def _is_clinical(name: str) -> bool:
    return re.fullmatch(r"clinical(\..*)?\.tsv(\.gz)?", name.lower()) is not None


def _is_follow_up(name: str) -> bool:
    return re.fullmatch(r"follow_up(\..*)?\.tsv(\.gz)?", name.lower()) is not None


def read_gdc_clinical(source: str) -> ClinicalTable:
    """Read clinical.tsv: one row a patient, overall survival derived.

    Parameters
    ----------
    source : str
        The table, the folder with it, or the tar.gz as downloaded.

    Returns
    -------
    ClinicalTable
        Columns as the GDC names them; treatment columns, of which a patient has several rows, are left out.

    Raises
    ------
    InputError
        If there is no such table or several, or it has no column of patients.
    """
    if (rows := look_at(source)) and is_gdc_clinical_header(rows[0]):
        beside = [file for file in sorted(Path(source).parent.iterdir()) if _is_follow_up(file.name)]
        visits = read_members(str(beside[0]), _is_follow_up) if beside else []
        return _build(read_members(source, lambda name: True)[0], visits[0] if visits else None, source)
    members = read_members(source, lambda name: _is_clinical(name) or _is_follow_up(name))
    found = clinical_from_members(members, source)
    if found is None:
        raise InputError(f"{source}: no clinical.tsv of the GDC in it; download it from the cart (Clinical, TSV)")
    return found


def clinical_from_members(members: Sequence[Member], source: str) -> ClinicalTable | None:
    """Read the clinical table of a download.

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
        If there are several, or it has no column of patients.
    """
    tables = [member for member in members if _is_clinical(member.base)]
    followed = [member for member in members if _is_follow_up(member.base)]
    if not tables:
        return None
    if len(tables) > 1:
        raise InputError(f"{source}: several clinical tables: {name_some([m.name for m in tables])}; keep one")
    return _build(tables[0], followed[0] if followed else None, source)


def _build(clinical: Member, followed: Member | None, source: str) -> ClinicalTable:
    text = clinical.load()
    is_tabbed = b"\t" in text[: text.find(b"\n")]
    table, empty = drop_empty(parse_sheet(text, f"{source}/{clinical.name}") if is_tabbed else read_clinical(source))
    ids = _first(_IDS, table)
    if not ids:
        raise InputError(f"{source}: {clinical.base} has none of the columns {', '.join(_IDS)}; is it of the GDC?")
    notes = [f"{empty} columns without a value are left out"] if empty else []
    visits = parse_sheet(followed.load(), f"{source}/{followed.name}") if followed else None
    table = _one_row_a_patient(_with_last_visit(table, ids, visits, notes), ids, notes)
    table, derived = add_survival(table, _first(_VITAL, table), _first(_DEATH, table), _first(_LAST, table), ids)
    return ClinicalTable(table, (*notes, *derived))


def _first(names: Sequence[str], table: pd.DataFrame) -> str:
    return next((name for name in names if name in table), "")


def _numbers(column: Column) -> Column:
    return pd.to_numeric(as_text(column), errors="coerce").astype(np.float64)


def _with_last_visit(table: pd.DataFrame, ids: str, visits: pd.DataFrame | None, notes: list[str]) -> pd.DataFrame:
    """Take the last day of a patient over all diagnoses and, where there is none, over the follow-up table."""
    last = _first(_LAST, table)
    days = _numbers(table[last]) if last else pd.Series(np.nan, index=table.index)
    days = days.groupby(table[ids].to_numpy()).transform("max")
    if visits is not None and (visit := _first(_VISIT, visits)) and (key := _first(_IDS, visits)):
        seen = _numbers(visits[visit]).groupby(visits[key].to_numpy()).max()
        filled = days.isna() & table[ids].map(seen).notna()
        days = days.where(~filled, table[ids].map(seen))
        count = table.loc[filled, ids].nunique()
        if count:
            notes.append(f"{count} patients without {last or _LAST[0]}: last day of {visit} taken")
    return table.assign(**{last or _LAST[-1]: days}) if last or days.notna().any() else table


def _one_row_a_patient(table: pd.DataFrame, ids: str, notes: list[str]) -> pd.DataFrame:
    """Keep the primary diagnosis; what still differs between the rows of a patient is missing for that patient."""
    treatment = [name for name in table if _TREATMENT.fullmatch(str(name))]
    if treatment:
        notes.append(f"{len(treatment)} columns of treatments (several rows a patient) are left out")
        table = table.drop(columns=treatment)
    if primary := _first(_PRIMARY, table):
        is_primary = as_text(table[primary]).astype(str).str.lower() == "true"
        has_primary = is_primary.groupby(table[ids].to_numpy()).transform("any")
        table = table[is_primary | ~has_primary]
    table = table.drop_duplicates()
    groups = table.groupby(ids, sort=False)
    several = groups.size()
    if (several > 1).any():
        differing = groups.nunique(dropna=True) > 1
        kept = groups.first()
        columns = [name for name in differing if differing[name].any()]
        notes.append(
            f"{int((several > 1).sum())} patients have several rows; {len(columns)} columns differ between the rows of "
            f"some patients and are missing there: {name_some(columns)}"
        )
        table = kept.mask(differing.reindex(columns=kept.columns, fill_value=False)).reset_index()
    return table.reset_index(drop=True)


refuse_gdc_clinical = no_cohort(_CONTENT)


def glance_gdc_clinical(source: str) -> Glance:
    """Say what a clinical table of the GDC offers.

    Parameters
    ----------
    source : str
        The table, its folder or its tar.gz.

    Returns
    -------
    Glance
        Patients, endpoints and cautions.

    Raises
    ------
    InputError
        If the table cannot be read.
    """
    found = read_gdc_clinical(source)
    return glance_clinical(_CONTENT, found, _first(_IDS, found.table))
