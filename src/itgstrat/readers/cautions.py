"""What the authors of the TCGA clinical data resource say of each endpoint in each cancer type."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal

import pandas as pd
import yaml

from itgstrat.errors import InputError, name_some
from itgstrat.readers.tables import as_text

Use = Literal["recommended", "caution", "not recommended", "not available"]

#: Columns that name the cancer type: TCGA-CDR, Xena's copy of it, Xena clinicalMatrix, GDC, Firehose.
_TYPE_COLUMNS = (
    *("type", "cancer type abbreviation", "_cohort", "project_id", "project.project_id", "cases.project_id"),
    *("project_id.project", "disease_code", "admin.disease_code", "cancer_type"),
)
_CODE = re.compile(r"(?:TCGA-)?([A-Z]{2,4})|.*\(([A-Z]{2,4})\)", re.IGNORECASE)
_WORDS: dict[Use, str] = {
    "recommended": "recommended",
    "caution": "use with caution",
    "not recommended": "not recommended",
    "not available": "not available",
}


@dataclass(frozen=True)
class Cautions:
    """The published advice.

    Parameters
    ----------
    uses : mapping of str to mapping of str to str
        Cancer type -> endpoint -> advice.
    notes : mapping of str to str
        Cancer type -> why.
    general : mapping of str to str
        Endpoint -> what holds in every type.
    """

    uses: Mapping[str, Mapping[str, Use]]
    notes: Mapping[str, str]
    general: Mapping[str, str]


@cache
def load_cautions() -> Cautions:
    """Load the packaged advice.

    Returns
    -------
    Cautions
        For 33 cancer types and four endpoints.

    Raises
    ------
    InputError
        If the packaged file is damaged.

    References
    ----------
    Liu et al. 2018, PMID 29625055, doi:10.1016/j.cell.2018.02.052, Table 3.

    Examples
    --------
    >>> load_cautions().uses["BRCA"]["OS"]
    'caution'
    """
    resource = files("itgstrat.biology").joinpath("facts", "tcga_cdr_cautions.yaml")
    try:
        content: dict[str, Any] = yaml.safe_load(resource.read_bytes())
        return Cautions(content["uses"], content["notes"], content["general"])
    except (OSError, yaml.YAMLError, KeyError, TypeError) as error:
        raise InputError(f"tcga_cdr_cautions.yaml cannot be read ({error}); reinstall itgstrat") from error


def find_cancer_types(table: pd.DataFrame) -> tuple[str, ...]:
    """Find the TCGA cancer types that a clinical table names.

    Parameters
    ----------
    table : DataFrame
        Clinical table of any TCGA portal.

    Returns
    -------
    tuple of str
        Codes in alphabetical order; empty where no column names them.

    Examples
    --------
    >>> find_cancer_types(pd.DataFrame({"_cohort": ["TCGA Kidney Clear Cell Carcinoma (KIRC)"]}))
    ('KIRC',)
    """
    names = {str(name).lower(): name for name in table.columns}
    for column in _TYPE_COLUMNS:
        if column not in names:
            continue
        words = {str(value) for value in as_text(table[names[column]]).dropna()}
        codes = {(match[1] or match[2]).upper() for word in words if (match := _CODE.fullmatch(word))}
        if known := codes & set(load_cautions().uses):
            return tuple(sorted(known))
    return ()


def caution_notes(table: pd.DataFrame, events: Sequence[str]) -> tuple[str, ...]:
    """Say what is published on endpoints of TCGA patients.

    Parameters
    ----------
    table : DataFrame
        Clinical table of TCGA patients.
    events : sequence of str
        Event columns; those other than OS, DSS, DFI and PFI are passed over.

    Returns
    -------
    tuple of str
        One sentence an endpoint; where the table does not name the cancer type, all cautions of the endpoint.

    Examples
    --------
    >>> caution_notes(pd.DataFrame({"type": ["UVM"]}), ["PFI"])
    ('TCGA-CDR on PFI (Liu 2018, Table 3): UVM recommended',)
    """
    advice = load_cautions()
    types = find_cancer_types(table)
    notes = []
    for event in dict.fromkeys(event for event in events if event in ("OS", "PFI", "DFI", "DSS")):
        parts = _spell_types(advice, types, event) if types else _spell_all(advice, event)
        general = f"; {advice.general[event]}" if event in advice.general else ""
        notes.append(f"TCGA-CDR on {event} (Liu 2018, Table 3): {'; '.join(parts)}{general}")
    return tuple(notes)


def is_cautioned(table: pd.DataFrame, event: str) -> bool:
    """Tell whether an endpoint is anything but recommended in a cancer type of the table.

    Parameters
    ----------
    table : DataFrame
        Clinical table of TCGA patients.
    event : str
        Event column.

    Returns
    -------
    bool
        True too where the table does not name the cancer type.
    """
    uses = load_cautions().uses
    types = find_cancer_types(table)
    return not types or any(uses[code].get(event, "recommended") != "recommended" for code in types)


def _spell_types(advice: Cautions, types: Sequence[str], event: str) -> list[str]:
    cautioned = [code for code in types if advice.uses[code][event] != "recommended"]
    others = [code for code in types if code not in cautioned]
    said = [_spell(advice, code, event) for code in cautioned]
    return [*said, f"{name_some(others, 4)} recommended"] if others else said


def _spell(advice: Cautions, code: str, event: str) -> str:
    use = advice.uses[code][event]
    why = advice.notes.get(code, "") if use != "recommended" else ""
    return f"{code} {_WORDS[use]}{f' ({why})' if why else ''}"


def _spell_all(advice: Cautions, event: str) -> list[str]:
    by_use: dict[Use, list[str]] = {}
    for code, uses in advice.uses.items():
        by_use.setdefault(uses[event], []).append(code)
    said = [
        f"{_WORDS[use]} in {name_some(by_use[use], 12)}" for use in _WORDS if use != "recommended" and use in by_use
    ]
    return ["the table does not name the cancer type", *said]
