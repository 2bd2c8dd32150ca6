"""Clinical tables: which row belongs to which patient, and their columns under our names."""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from itgstrat.errors import InputError, name_some
from itgstrat.readers.barcodes import parse_barcode
from itgstrat.readers.tables import Column, as_text, tidy_column

#: Names of identifier columns in public tables; an earlier one wins where two match equally many patients.
ID_COLUMNS = (
    *("sample_barcode", "sample", "sample_id", "sampleid", "patient", "patient_id", "patientid"),
    *("bcr_patient_barcode", "case_id", "case_submitter_id", "submitter_id", "pid", "id", "geo_accession"),
    "tumor_sample_barcode",
)
#: Unknown in staging ("NX", "grade x"); missing only in a harmonised column.
_ALSO_MISSING = frozenset(["x", "unknown", "not available", "notavailable"])


#: What `sample_type` calls a sample that is no primary tumour (GDC, Xena, Bioconductor's curated* packages).
_NOT_PRIMARY = {
    *(
        "healthy",
        "normal",
        "adjacentnormal",
        "adjacent normal",
        "solid tissue normal",
        "blood derived normal",
    ),
    *(
        "benign",
        "cellline",
        "cell line",
        "cell lines",
        "metastatic",
        "metastasis",
        "recurrent tumor",
        "recurrent",
    ),
}


@dataclass(frozen=True)
class ColumnRule:
    """One clinical variable of ours, from a column of theirs.

    Parameters
    ----------
    column : str
        Name of the column in the clinical table.
    values : mapping of str to (float, str or None), optional
        Their value -> ours; None is missing. Every value of the column must be listed, except spellings of
        missing. Without it, values are taken over.
    """

    column: str
    values: Mapping[str, float | str | None] | None = None


@dataclass(frozen=True, eq=False)
class ClinicalJoin:
    """A clinical table with one row for each patient of the expression table.

    Parameters
    ----------
    table : DataFrame, shape (n_patients, n_variables)
        Rows of the patients; all missing where a patient has none.
    matched : ndarray of bool, shape (n_patients,)
        Whether the patient has a row.
    id_column : str
        Column that names the patients.
    notes : tuple of str
        How the tables were joined.
    """

    table: pd.DataFrame
    matched: npt.NDArray[np.bool_]
    id_column: str
    notes: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class _Match:
    column: str
    by_sample: bool
    rows: list[list[int]]

    @property
    def count(self) -> int:
        return sum(1 for found in self.rows if found)


def join_clinical(
    clinical: pd.DataFrame,
    samples: Sequence[str],
    patients: Sequence[str],
    needed: Sequence[str] = (),
    id_column: str | None = None,
    source: str = "clinical table",
) -> ClinicalJoin:
    """Find each patient's row in a clinical table.

    The column that names the most samples or patients of the expression table wins. TCGA barcodes match by
    patient (first twelve characters) where no sample matches as a whole.

    Parameters
    ----------
    clinical : DataFrame
        Clinical table as read.
    samples, patients : sequence of str, length n_patients
        Sample label and patient of each row of the expression table.
    needed : sequence of str
        Columns in which repeated rows of one patient must agree.
    id_column : str, optional
        Column that names patients or samples; detected if not given.
    source : str
        File of the clinical table, for messages.

    Returns
    -------
    ClinicalJoin
        Rows in the order of the patients.

    Raises
    ------
    InputError
        If the declared column is not there, no patient is in both tables, or rows of one patient contradict
        each other.
    """
    if id_column is not None and id_column not in clinical.columns:
        raise InputError(f"{source}: no column {id_column!r}{_near(id_column, clinical.columns)}")
    columns = [id_column] if id_column is not None else sorted(clinical.columns, key=_familiarity)
    matches = [match for column in columns for match in _match(clinical, str(column), samples, patients)]
    best = max(matches, key=lambda match: match.count)
    if not best.count:
        raise InputError(
            f"{source}: shares no patient with the expression table (expression: {name_some(samples, 3)}; "
            f"clinical, column {best.column!r}: {name_some(clinical[best.column], 3)}); check that both "
            "are of one cohort, or name the identifier column"
        )
    notes = [_describe(best, len(samples), id_column is not None)]
    differing = _compare_repeated(clinical, best, patients)
    if len(differing):
        _refuse_contradictions(differing, needed, source)
        notes.append(_describe_repeated(differing, len(samples)))
    positions = np.array([rows[0] if rows else -1 for rows in best.rows])
    table = clinical.drop(columns=best.column).reset_index(drop=True).reindex(positions)
    table.index = pd.Index(list(patients), name="patient")
    return ClinicalJoin(table, positions >= 0, best.column, tuple(notes))


def _familiarity(column: object) -> int:
    name = str(column).lower()
    return ID_COLUMNS.index(name) if name in ID_COLUMNS else len(ID_COLUMNS)


def _match(clinical: pd.DataFrame, column: str, samples: Sequence[str], patients: Sequence[str]) -> list[_Match]:
    ids = [value if isinstance(value, str) else "" for value in as_text(clinical[column])]
    whole = _positions(ids)
    matches = [_Match(column, True, [whole.get(sample, []) for sample in samples])]
    if tuple(samples) != tuple(patients):
        by_patient = _positions([code.patient if (code := parse_barcode(value)) else value for value in ids])
        matches.append(_Match(column, False, [by_patient.get(patient, []) for patient in patients]))
    return matches


def _positions(ids: Sequence[str]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for at, value in enumerate(ids):
        if value:
            found.setdefault(value, []).append(at)
    return found


def _describe(match: _Match, count: int, declared: bool) -> str:
    how = "sample label" if match.by_sample else "TCGA patient barcode"
    return (
        f"clinical rows found for {match.count} of {count} patients by {how} in column {match.column!r} "
        f"({'declared' if declared else 'detected'})"
    )


def _compare_repeated(clinical: pd.DataFrame, match: _Match, patients: Sequence[str]) -> pd.DataFrame:
    """Tell in which columns the rows of one patient differ: patients with several rows x columns, bool."""
    several = {patient: rows for patient, rows in zip(patients, match.rows, strict=True) if len(rows) > 1}
    rows = clinical.drop(columns=match.column).iloc[[row for rows in several.values() for row in rows]]
    owner = np.array([patient for patient, rows in several.items() for _ in rows], dtype=object)
    return rows.groupby(owner, sort=False).nunique(dropna=False) > 1


def _refuse_contradictions(differing: pd.DataFrame, needed: Sequence[str], source: str) -> None:
    asked = differing[[column for column in dict.fromkeys(needed) if column in differing]]
    if asked.to_numpy().any():
        raise InputError(
            f"{source}: several rows of one patient contradict each other in {name_some(asked.columns[asked.any()])}: "
            f"{name_some(asked.index[asked.any(axis=1)])}; keep one row a patient"
        )


def _describe_repeated(differing: pd.DataFrame, count: int) -> str:
    note = f"several clinical rows for {len(differing)} of {count} patients; the first of each is taken"
    columns = differing.columns[differing.any()]
    if columns.empty:
        return note
    return f"{note}, but an endpoint or variable of a column in which they differ is refused ({name_some(columns)})"


def find_other_tissue(table: pd.DataFrame) -> dict[str, npt.NDArray[np.bool_]]:
    """Find samples that a column ``sample_type`` calls normal, benign, metastatic, recurrent or a cell line.

    Parameters
    ----------
    table : DataFrame, shape (n_patients, n_variables)
        Clinical table.

    Returns
    -------
    dict of str to ndarray of bool
        Sample type -> which patients; empty without such a column or such samples.

    Examples
    --------
    >>> {
    ...     kind: mask.tolist()
    ...     for kind, mask in find_other_tissue(pd.DataFrame({"sample_type": ["tumor", "healthy"]})).items()
    ... }
    {'healthy': [False, True]}
    """
    column = next((name for name in table.columns if str(name).lower() == "sample_type"), None)
    if column is None:
        return {}
    kinds = table[column].astype(str).str.strip().str.lower()
    return {str(kind): (kinds == kind).to_numpy() for kind in sorted(set(kinds) & _NOT_PRIMARY)}


def harmonise(table: pd.DataFrame, rules: Mapping[str, ColumnRule], source: str = "clinical table") -> pd.DataFrame:
    """Give clinical columns our names and values.

    Parameters
    ----------
    table : DataFrame, shape (n_patients, n_variables)
        Clinical table with their columns.
    rules : mapping of str to ColumnRule
        Our name -> where it comes from.
    source : str
        File of the clinical table, for messages.

    Returns
    -------
    DataFrame, shape (n_patients, n_rules)
        Columns of float64 where all values are numbers, text elsewhere; NaN is missing.

    Raises
    ------
    InputError
        If a column is not there, or holds a value that the rule does not list; all faults at once.

    Examples
    --------
    >>> table = pd.DataFrame({"ER": ["pos", "neg", "na"]})
    >>> harmonise(table, {"er": ColumnRule("ER", {"pos": 1, "neg": 0})})["er"].tolist()
    [1.0, 0.0, nan]
    """
    faults: list[str] = []
    columns: dict[str, Column] = {}
    for name, rule in rules.items():
        if rule.column not in table.columns:
            faults.append(f"no column {rule.column!r} (for {name!r}){_near(rule.column, table.columns)}")
            continue
        columns[name], unlisted = _recode(table[rule.column], rule.values)
        if unlisted:
            listed = name_some(rule.values or (), 20)
            faults.append(
                f"column {rule.column!r} (for {name!r}) holds {name_some(unlisted, 20)}, which its "
                f"recoding does not list (it lists {listed}); add them, with null for missing"
            )
    if faults:
        raise InputError("\n  ".join([f"{source}: clinical columns cannot be used:", *faults]))
    return pd.DataFrame(columns, index=table.index)


def _recode(column: Column, values: Mapping[str, float | str | None] | None) -> tuple[Column, list[str]]:
    text = as_text(column)
    listed = {str(key): value for key, value in (values or {}).items()}
    missing = text.map(lambda value: isinstance(value, str) and value.casefold() in _ALSO_MISSING)
    text = text.where(~missing | text.isin(list(listed)), np.nan)
    if values is None:
        return tidy_column(text), []
    unlisted = sorted({str(value) for value in text.dropna()} - set(listed))
    return tidy_column(text.map(lambda value: listed.get(value))), unlisted


def _near(column: str, columns: "pd.Index[str]") -> str:
    known = [str(name) for name in columns]
    near = difflib.get_close_matches(column, known, n=3)
    return f"; did you mean {' or '.join(map(repr, near))}?" if near else f"; there are {name_some(known, 12)}"
