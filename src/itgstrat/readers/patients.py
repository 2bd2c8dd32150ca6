"""The clinical side of a cohort: who stays, with which variables and which outcome."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from itgstrat.cohort import Dropped
from itgstrat.errors import InputError, name_some
from itgstrat.outcome import Endpoint, Outcome
from itgstrat.readers.barcodes import Samples, Selection
from itgstrat.readers.clinical import ClinicalJoin, ColumnRule, find_other_tissue, harmonise, join_clinical
from itgstrat.readers.clinical_source import LoadedClinical, log_cautions
from itgstrat.readers.endpoints import read_outcome
from itgstrat.readers.layout import RawCohort

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Wanted:
    """What is asked for on the clinical side.

    Parameters
    ----------
    endpoint, rules, id_column, samples
        As `endpoint`, `columns`, `id_column` and `samples` of `read_cohort`.
    """

    endpoint: Endpoint | None
    rules: dict[str, ColumnRule] | None
    id_column: str | None
    samples: Samples


@dataclass(frozen=True, eq=False)
class Patients:
    """Clinical side of a cohort: who stays, with which variables and which outcome.

    Parameters
    ----------
    kept : ndarray of bool, shape (n_patients,)
        Who stays.
    clinical : DataFrame, shape (n_kept, n_variables)
        Clinical variables.
    outcome : Outcome or None
        Survival outcome.
    dropped : tuple of Dropped
        Who does not stay, and why.
    """

    kept: npt.NDArray[np.bool_]
    clinical: pd.DataFrame
    outcome: Outcome | None = None
    dropped: tuple[Dropped, ...] = ()


def as_rules(columns: Mapping[str, ColumnRule | str] | None) -> dict[str, ColumnRule] | None:
    """Make a rule of every column that is only named.

    Parameters
    ----------
    columns : mapping of str to (ColumnRule or str), optional
        As `read_cohort` takes it.

    Returns
    -------
    dict of str to ColumnRule, or None
        None where nothing is chosen.
    """
    if columns is None:
        return None
    return {our: ColumnRule(rule) if isinstance(rule, str) else rule for our, rule in columns.items()}


def read_patients(
    raw: RawCohort,
    selection: Selection,
    loaded: LoadedClinical,
    wanted: Wanted,
    name: str,
) -> Patients:
    """Find the clinical variables and the outcome of the patients of a cohort.

    Parameters
    ----------
    raw : RawCohort
        The cohort as its files have it.
    selection : Selection
        The samples that stay.
    loaded : LoadedClinical
        The clinical table.
    wanted : Wanted
        What is asked for.
    name : str
        Name of the cohort.

    Returns
    -------
    Patients
        Who stays, and what is known of them.

    Raises
    ------
    InputError
        If the clinical table does not fit.
    """
    table, source, notes = loaded
    endpoint, rules = wanted.endpoint, wanted.rules or {}
    kept = np.ones(len(selection.patients), dtype=bool)
    if table is None:
        if endpoint is not None or rules:
            raise InputError(f"{name}: an endpoint or clinical columns are asked for, but no clinical table is given")
        return Patients(kept, pd.DataFrame(index=index_patients(selection.patients)))
    needed = [rule.column for rule in rules.values()] + ([endpoint.event, endpoint.time] if endpoint else [])
    labels = [raw.samples[at] for at in selection.positions]
    joined = join_clinical(table, labels, selection.patients, needed, wanted.id_column, source)
    _report(joined, notes, name)
    dropped = drop_other_tissue(joined.table, selection, wanted.samples, name)
    kept &= ~joined.table.index.isin([patient for record in dropped for patient in record.names])
    ours = harmonise(joined.table, rules, source)
    variables = joined.table if wanted.rules is None else ours
    if endpoint is None:
        return Patients(kept, variables[kept], None, dropped)
    both = pd.concat([ours, joined.table.drop(columns=[our for our in ours if our in joined.table])], axis=1)
    reading = read_outcome(both[kept], joined.matched[kept], endpoint, name, source)
    kept[kept] = reading.kept
    column = rules[endpoint.event].column if endpoint.event in rules else endpoint.event
    log_cautions(joined.table[kept], Endpoint(column, endpoint.time), name)
    variables = variables.drop(columns=[column for column in (endpoint.event, endpoint.time) if column in variables])
    return Patients(kept, variables[kept], reading.outcome, (*dropped, *reading.dropped))


def drop_other_tissue(table: pd.DataFrame, selection: Selection, samples: Samples, name: str) -> tuple[Dropped, ...]:
    """List the samples that the clinical table calls something else than a primary tumour.

    Parameters
    ----------
    table : DataFrame
        Clinical table, index = patients.
    selection : Selection
        How the samples were chosen; the type in a TCGA barcode goes before the clinical table.
    samples : {"primary", "metastatic", "normal", "all"}
        Which samples count; only ``"primary"`` drops any here.
    name : str
        Name of the cohort.

    Returns
    -------
    tuple of Dropped
        One entry a sample type.

    Raises
    ------
    InputError
        If no sample would be left.
    """
    if selection.is_tcga or samples != "primary":
        return ()
    others = find_other_tissue(table)
    if others and np.logical_or.reduce(list(others.values())).all():
        raise InputError(
            f"{name}: no primary tumour by the column sample_type ({', '.join(others)}); choose other samples"
        )
    return tuple(
        Dropped("sample", tuple(map(str, table.index[mask])), f"sample type {kind!r}, not a primary tumour", name)
        for kind, mask in others.items()
    )


def _report(joined: ClinicalJoin, notes: Sequence[str], name: str) -> None:
    for note in (*notes, *joined.notes):
        logger.info("%s: %s", name, note)
    unmatched = joined.table.index[~joined.matched]
    if len(unmatched):
        logger.warning("%s: %d patients without a clinical row (%s)", name, len(unmatched), name_some(unmatched))


def index_patients(patients: Sequence[str]) -> "pd.Index[str]":
    """Make the index that the tables of a cohort share.

    Parameters
    ----------
    patients : sequence of str
        Patients.

    Returns
    -------
    Index
        Named ``patient``.
    """
    return pd.Index(list(patients), name="patient")
