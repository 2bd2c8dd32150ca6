"""Samples as GEO describes them: titles, and free ``key: value`` characteristics, as a clinical table."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from itgstrat.cohort import Dropped
from itgstrat.errors import InputError, name_some
from itgstrat.readers.tables import as_text, tidy_clinical

#: What is kept of a sample's description beside its characteristics; our name -> GEO's.
_KEPT = (
    {"title": "title", "source": "source_name_ch1", "source (channel 2)": "source_name_ch2"},
    {"description": "description", "platform": "platform_id", "organism": "organism_ch1"},
)
_NORMAL = re.compile(r"\b(normal|non[- ]?tumou?r(al)?|non[- ]?cancer(ous)?|adjacent|healthy|control|benign)\b", re.I)
#: Columns with more values than this are names or measurements, not tissues.
_FEW_VALUES = 12


def describe_samples(samples: Sequence[Mapping[str, list[str]]]) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Make a clinical table of the samples of a series.

    Every key of the characteristics becomes a column, whichever line it stands in; a value without key goes to
    ``characteristic 1``, ``characteristic 2``, ... by its line. Several pairs in one cell are parted where all
    parts, between semicolons, are pairs.

    Parameters
    ----------
    samples : sequence of mapping of str to list of str
        Of each sample, as GEO writes it: ``geo_accession``, ``title``, ``characteristics_ch1``, ...

    Returns
    -------
    table : DataFrame
        One row a sample: ``sample``, ``title``, ``source``, characteristics, ``description``, ``platform``.
    notes : tuple of str
        What one should know.

    Examples
    --------
    >>> table, _ = describe_samples([{"geo_accession": ["GSM1"], "characteristics_ch1": ["age: 50", "Sex: F"]}])
    >>> table[["sample", "age", "Sex"]].values.tolist()
    [['GSM1', 50.0, 'F']]
    """
    columns = {"sample": [" ".join(sample.get("geo_accession", [])) for sample in samples]}
    early, late = ([{ours: _said(sample, geo) for ours, geo in part.items()} for sample in samples] for part in _KEPT)
    for part in (early, [_describe(sample) for sample in samples], late):
        for name in dict.fromkeys(name for row in part for name in row):
            says = [row.get(name, "") for row in part]
            if any(says):
                columns[name if name not in columns else f"{name} (2)"] = says
    table = tidy_clinical(pd.DataFrame(columns).replace("", np.nan))
    table["sample"] = columns["sample"]
    loose = [name for name in table if str(name).startswith("characteristic ")]
    notes = [f"characteristics without a name, kept as {name_some(loose)}"] if loose else []
    species = sorted(set(table["organism"].dropna()) - {"Homo sapiens"}) if "organism" in table else []
    if species:
        notes.append(f"organism {name_some(species)}: itgstrat knows human genes; others match by name at best")
    return table, tuple(notes)


def keep_samples(table: pd.DataFrame, keep: str | None, path: Path) -> tuple[list[int], tuple[Dropped, ...]]:
    """Choose samples by one column of the clinical table.

    Parameters
    ----------
    table : DataFrame
        One row a sample, with the column ``sample``.
    keep : str or None
        ``column=value`` or ``column=value|other value``; all samples if None.
    path : Path
        The file, for messages.

    Returns
    -------
    positions : list of int
        Samples that stay.
    dropped : tuple of Dropped
        The others.

    Raises
    ------
    InputError
        If there is no such column, or no sample has the value.
    """
    if keep is None:
        return list(range(len(table))), ()
    column, equals, wanted = keep.partition("=")
    if not equals or column not in table:
        raise InputError(f"{path}: keep={keep!r} needs column=value; columns: {name_some(table.columns, 20)}")
    values = as_text(table[column]).fillna("")
    stays = values.isin([value.strip() for value in wanted.split("|")]).to_numpy()
    if not stays.any():
        raise InputError(f"{path}: no sample has {keep!r}; column {column!r} holds {name_some(sorted(set(values)))}")
    gone = tuple(str(sample) for sample in table["sample"][~stays])
    dropped = (Dropped("sample", gone, f"not {keep}"),) if gone else ()
    return [int(at) for at in np.flatnonzero(stays)], dropped


def find_normals(table: pd.DataFrame) -> tuple[str, ...]:
    """Point out columns whose words sound like normal tissue, which is kept unless the user chooses.

    Parameters
    ----------
    table : DataFrame
        One row a sample.

    Returns
    -------
    tuple of str
        At most one note.
    """
    for name in table.columns.drop("sample"):
        values = as_text(table[name]).dropna()
        normal = values[values.map(lambda value: bool(_NORMAL.search(str(value))))]
        if 0 < len(normal) < len(table) and values.nunique() <= _FEW_VALUES:
            words = name_some(sorted(set(normal)))
            return (f"{len(normal)} of {len(table)} samples may be no tumours ({name}: {words}); choose with keep=",)
    return ()


def _said(sample: Mapping[str, list[str]], key: str) -> str:
    return "; ".join(dict.fromkeys(text.strip() for text in sample.get(key, ()) if text.strip()))


def _describe(sample: Mapping[str, list[str]]) -> dict[str, str]:
    """Read the characteristics of one sample."""
    found: dict[str, str] = {}
    for channel in ("characteristics_ch1", "characteristics_ch2", "characteristics"):
        suffix = " (channel 2)" if channel.endswith("2") else ""
        for number, cell in enumerate(sample.get(channel, ()), 1):
            for key, value in _pairs(cell.strip(), number):
                name = key + suffix
                found[name] = f"{found[name]}; {value}" if found.get(name) and found[name] != value else value
    return found


def _pairs(cell: str, number: int) -> list[tuple[str, str]]:
    parts = cell.split(";")
    several = [_pair(part) for part in parts if part.strip()]
    if len(several) > 1 and all(several):
        return [pair for pair in several if pair]
    pair = _pair(cell)
    if pair:
        return [pair]
    return [(f"characteristic {number}", cell)] if cell else []


def _pair(text: str) -> tuple[str, str] | None:
    """Part key and value at the first colon outside parentheses, as in ``event (1: dead): 0``."""
    depth = 0
    for at, letter in enumerate(text):
        depth += (letter in "([") - (letter in ")]")
        if letter == ":" and depth <= 0 and text[:at].strip():
            return text[:at].strip(), text[at + 1 :].strip()
    return None
