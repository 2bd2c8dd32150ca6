"""The common record of alterations by sample, its alignment with a cohort, and the generic per-sample table."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from itgstrat.biology.alterations import load_alterations
from itgstrat.errors import InputError, name_some
from itgstrat.readers.barcodes import parse_barcode
from itgstrat.readers.clinical import ColumnRule, harmonise
from itgstrat.readers.tables import as_text, read_clinical, tidy_clinical

#: Columns that name the sample in a per-sample table; an earlier one wins.
_ID_COLUMNS = (
    *("tumor_sample_barcode", "sample_barcode", "sample_id", "sampleid", "sample", "bcr_patient_barcode"),
    *("patient_id", "patientid", "patient", "case_id", "submitter_id", "geo_accession", "id"),
)
#: Sample types for which a patient's barcode stands, the preferred first (see `barcodes`).
_TUMOURS = ("01", "03", "09", "05")
_NORMALS = frozenset(["10", "11", "12", "13", "14"])


@dataclass(frozen=True, eq=False)
class Alterations:
    """Alterations by sample: 1, 0, a number, or NaN where the sample was not assessed.

    Parameters
    ----------
    table : DataFrame of float64, shape (n_samples, n_alterations)
        Index = `sample_key` of each sample, each once.
    source : str
        File or study.
    notes : tuple of str
        What was left out, and what is ambiguous.
    """

    table: pd.DataFrame
    source: str
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for axis, what in ((self.table.index, "samples"), (self.table.columns, "alterations")):
            if axis.has_duplicates:
                repeated = axis[axis.duplicated()].unique()
                raise InputError(f"{self.source}: {what} occur twice: {name_some(repeated)}; each must be there once")


class SampleIndex:
    """Finds the row of a sample among keys that may be samples or patients.

    A TCGA sample matches its own patient and sample type, else the patient's barcode; a patient's barcode
    matches the primary tumour. Normal tissue matches only itself.

    Parameters
    ----------
    keys : iterable of str
        Results of `sample_key`.

    Examples
    --------
    >>> SampleIndex(["TCGA-AA-0001-06", "TCGA-AA-0002"]).find("TCGA-AA-0002-01A-11D")
    'TCGA-AA-0002'
    >>> SampleIndex(["TCGA-AA-0001-06"]).find("TCGA-AA-0001-01") is None
    True
    """

    def __init__(self, keys: Iterable[str]) -> None:
        self._keys = frozenset(keys)
        barcodes = [code for key in self._keys if (code := parse_barcode(key))]
        self.patients = frozenset(code.patient for code in barcodes)
        self.untyped = frozenset(code.patient for code in barcodes if not code.type_code)

    def find(self, label: str) -> str | None:
        """Find the key of a sample.

        Parameters
        ----------
        label : str
            Label of a sample or patient, as written.

        Returns
        -------
        str or None
            None if there is no such sample.
        """
        key = sample_key(label)
        if key in self._keys:
            return key
        code = parse_barcode(key)
        if code is None or code.type_code in _NORMALS or code.patient not in self.patients:
            return None
        if code.type_code:
            return code.patient if code.patient in self.untyped else None
        typed = (f"{code.patient}-{kind}" for kind in _TUMOURS)
        return next((found for found in typed if found in self._keys), None)


def sample_key(label: str) -> str:
    """Give the name under which all aliquots of a sample go.

    Parameters
    ----------
    label : str
        Label of a sample, as written.

    Returns
    -------
    str
        Patient and sample type of a TCGA barcode (the patient alone where there is no type), else the label.

    Examples
    --------
    >>> sample_key("TCGA-OR-A5J1-01A-11D-A29I-10")
    'TCGA-OR-A5J1-01'
    >>> sample_key("Tumour 7")
    'Tumour 7'
    """
    label = label.strip()
    code = parse_barcode(label)
    if code is None:
        return label
    return f"{code.patient}-{code.type_code}" if code.type_code else code.patient


def align_alterations(
    found: Alterations, samples: Sequence[str], patients: Sequence[str], required: bool = True
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Give each patient of a cohort the row of its sample, or of the patient; NaN where there is none.

    Parameters
    ----------
    found : Alterations
        As read.
    samples, patients : sequence of str, length n_patients
        Label of the chosen sample, and patient, of each row of the cohort.
    required : bool
        Whether it is an error that no patient is found.

    Returns
    -------
    table : DataFrame, shape (n_patients, n_alterations)
        Index = patients.
    notes : tuple of str
        How many were found.

    Raises
    ------
    InputError
        If no patient is found and one must be.
    """
    index = SampleIndex(found.table.index)
    keys = [_locate(index, sample, patient) for sample, patient in zip(samples, patients, strict=True)]
    if required and not any(keys):
        raise InputError(
            f"{found.source}: shares no sample with the expression table (expression: {name_some(samples, 3)}; "
            f"alterations: {name_some(found.table.index, 3)}); check that both are of one cohort, or name the "
            "column of the samples"
        )
    absent = [patient for patient, key in zip(patients, keys, strict=True) if key is None]
    notes = [f"alterations of {len(keys) - len(absent)} of {len(keys)} patients in {found.source}"]
    if absent:
        notes.append(f"not assessed, no row in {found.source}: {name_some(absent)}")
    positions = [-1 if key is None else found.table.index.get_loc(key) for key in keys]
    table = found.table.reset_index(drop=True).reindex(positions)
    table.index = pd.Index(list(patients), name="patient")
    return table, tuple(notes)


def _locate(index: SampleIndex, sample: str, patient: str) -> str | None:
    found = index.find(sample)
    # a TCGA sample says its patient itself, and another sample of that patient must not stand in for it
    return index.find(patient) if found is None and parse_barcode(sample) is None else found


def merge_alterations(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Join tables on one index; where a column is in several, the later fills what the earlier lacks.

    Parameters
    ----------
    tables : sequence of DataFrame
        At least one, all on the same index.

    Returns
    -------
    DataFrame
        All columns, each once.

    Raises
    ------
    InputError
        If two tables contradict each other.
    """
    merged = tables[0].copy()
    for table in tables[1:]:
        for column in table:
            if column not in merged:
                merged[column] = table[column]
                continue
            ours, theirs = merged[column], table[column]
            both = ours.notna() & theirs.notna() & (ours != theirs)
            if both.any():
                raise InputError(
                    f"alterations: two tables contradict each other in {column!r} for {name_some(merged.index[both])}; "
                    "keep one of them, or give one of the columns another name"
                )
            merged[column] = ours.where(ours.notna(), theirs)
    return merged


def stack_alterations(parts: Sequence[Alterations]) -> Alterations:
    """Put the samples of several files of one kind below each other.

    Parameters
    ----------
    parts : sequence of Alterations
        At least one.

    Returns
    -------
    Alterations
        A sample that is in several keeps the row of the first, and a note says so.

    Raises
    ------
    InputError
        If there is none.
    """
    if not parts:
        raise InputError("alterations: no table is given")
    table = pd.concat([part.table for part in parts])
    repeated = table.index.duplicated()
    notes = [note for part in parts for note in part.notes]
    if repeated.any():
        notes.append(f"samples in several files, the first stays: {name_some(table.index[repeated].unique())}")
    return Alterations(table[~repeated], "; ".join(dict.fromkeys(part.source for part in parts)), tuple(notes))


def read_sample_table(
    source: str | Path | pd.DataFrame,
    columns: Mapping[str, ColumnRule | str] | None = None,
    id_column: str | None = None,
) -> Alterations:
    """Read a table with one row a sample: splice PSI, methylation, HPV, MSI, calls of a laboratory.

    Parameters
    ----------
    source : str, Path or DataFrame
        TSV, CSV, parquet or feather; a DataFrame without an identifier column has the samples as index.
    columns : mapping of str to (ColumnRule or str), optional
        Our name -> their column, with or without recoding. If not given, the columns that bear the name of a
        ``table`` alteration of the facts are taken; of a DataFrame all columns of numbers.
    id_column : str, optional
        Column that names samples or patients; detected if not given.

    Returns
    -------
    Alterations
        Columns of float64; every spelling of missing is NaN, not assessed.

    Raises
    ------
    InputError
        If a column is not there, holds text that is not recoded, or a sample has rows that contradict
        each other.

    Examples
    --------
    >>> table = pd.DataFrame({"sample": ["a", "b", "c"], "MGMT": ["methylated", "unmethylated", "[Not Available]"]})
    >>> rule = ColumnRule("MGMT", {"methylated": 1, "unmethylated": 0})
    >>> read_sample_table(table, {"MGMT_methylated": rule}).table["MGMT_methylated"].tolist()
    [1.0, 0.0, nan]
    """
    name = "alterations" if isinstance(source, pd.DataFrame) else str(source)
    frame = tidy_clinical(source) if isinstance(source, pd.DataFrame) else read_clinical(source)
    column = id_column or _find_id(frame)
    if column is not None and column not in frame.columns:
        raise InputError(f"{name}: no column {column!r}; there are {name_some(frame.columns, 12)}")
    if column is None and not isinstance(source, pd.DataFrame):
        raise InputError(
            f"{name}: no column that names the samples among {name_some(frame.columns, 12)}; name it (id_column)"
        )
    labels = as_text(pd.Series(list(frame.index) if column is None else frame[column].tolist()))
    rules = {our: ColumnRule(rule) if isinstance(rule, str) else rule for our, rule in (columns or {}).items()}
    if columns is None:
        rules = _default_rules(frame, name, all_numbers=isinstance(source, pd.DataFrame))
    table = harmonise(frame.reset_index(drop=True), rules, name)
    _refuse_text(table, name)
    notes = [] if labels.notna().all() else [f"{int(labels.isna().sum())} rows without a sample left out"]
    return _one_row_each(table[labels.notna()], labels[labels.notna()].tolist(), name, notes)


def _find_id(frame: pd.DataFrame) -> str | None:
    names = {str(name).lower(): str(name) for name in frame.columns}
    return next((names[name] for name in _ID_COLUMNS if name in names), None)


def _default_rules(frame: pd.DataFrame, name: str, all_numbers: bool) -> dict[str, ColumnRule]:
    known = [record.id for record in load_alterations() if record.kind == "table"]
    taken = [column for column in known if column in frame.columns]
    if all_numbers:
        taken = [str(column) for column in frame.columns]
    if not taken:
        raise InputError(
            f"{name}: which columns are alterations? None of {name_some(frame.columns, 12)} is called "
            f"{' or '.join(known)}; say so: read_sample_table(path, columns={{'our name': 'their column'}})"
        )
    return {column: ColumnRule(column) for column in taken}


def _refuse_text(table: pd.DataFrame, name: str) -> None:
    faults = [
        f"{column!r} holds {name_some(sorted(set(map(str, table[column].dropna()))))}"
        for column in table
        if not pd.api.types.is_numeric_dtype(table[column]) and table[column].notna().any()
    ]
    if faults:
        raise InputError(
            f"{name}: alterations must be numbers, but {'; '.join(faults)}: recode them with a ColumnRule "
            "(1 altered, 0 not altered, null not assessed)"
        )


def _one_row_each(table: pd.DataFrame, labels: list[str], name: str, notes: list[str]) -> Alterations:
    """Keep one row a sample: the first of its aliquots; rows of one label must agree."""
    table = table.astype(np.float64).set_axis(pd.Index(labels, name="sample"))
    table = table[~table.reset_index().duplicated().to_numpy()].sort_index(kind="stable")
    repeated = table.index[table.index.duplicated()].unique()
    if len(repeated):
        raise InputError(
            f"{name}: several rows of one sample contradict each other: {name_some(repeated)}; keep one row a sample"
        )
    keys = pd.Index([sample_key(str(label)) for label in table.index], name="sample")
    copies = keys.duplicated()
    if copies.any():
        notes = [*notes, f"further aliquots of a sample left out: {name_some(table.index[copies])}"]
    return Alterations(table.set_axis(keys)[~copies], name, tuple(notes))
