"""The clinical table of a cohort: given as a frame, as a file of any layout, or brought by the layout itself."""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias

import pandas as pd

from itgstrat.outcome import Endpoint
from itgstrat.readers.cautions import caution_notes, is_cautioned
from itgstrat.readers.detect import find_layout
from itgstrat.readers.layout import RawCohort
from itgstrat.readers.tables import read_clinical, tidy_clinical

logger = logging.getLogger(__name__)

#: Table (None if there is none), where it comes from, and what was derived or left out while it was read.
LoadedClinical: TypeAlias = tuple[pd.DataFrame | None, str, tuple[str, ...]]


def load_clinical(raw: RawCohort, clinical: str | Path | pd.DataFrame | None) -> LoadedClinical:
    """Load the clinical table that is given, or take the one that comes with the layout.

    Clinical tables of a layout of their own (GDC, Firehose, Xena, TCGA-CDR; also folders and archives of these)
    are read as that layout, with what it derives.

    Parameters
    ----------
    raw : RawCohort
        The cohort as its files have it.
    clinical : str, Path, DataFrame or None
        Clinical table.

    Returns
    -------
    table : DataFrame or None
        The table.
    source : str
        Where it comes from.
    notes : tuple of str
        What was derived or left out while it was read; of a table that comes with the layout, `raw` has them.

    Raises
    ------
    InputError
        If the file is no table.
    """
    if clinical is None:
        return raw.clinical, raw.source, ()
    if isinstance(clinical, pd.DataFrame):
        return tidy_clinical(clinical), "clinical table", ()
    layout = find_layout(str(clinical))
    if layout.clinical is None:
        return read_clinical(clinical), str(clinical), ()
    found = layout.clinical(str(clinical))
    return found.table, str(clinical), found.notes


def find_cautions(table: pd.DataFrame, events: Sequence[str]) -> tuple[str, ...]:
    """Say what is published on endpoints, where the patients are of TCGA.

    Parameters
    ----------
    table : DataFrame
        Clinical table, index = patients.
    events : sequence of str
        Event columns.

    Returns
    -------
    tuple of str
        One sentence an endpoint; empty for other patients.
    """
    is_tcga = any(str(patient).upper().startswith("TCGA-") for patient in table.index)
    return caution_notes(table, events) if is_tcga else ()


def log_cautions(table: pd.DataFrame, endpoint: Endpoint, cohort: str) -> None:
    """Log what is published on the endpoint in the cancer types of a TCGA cohort; a caution as a warning.

    Parameters
    ----------
    table : DataFrame
        Clinical table, index = patients.
    endpoint : Endpoint
        The columns used.
    cohort : str
        Name of the cohort.

    References
    ----------
    Liu et al. 2018, PMID 29625055, doi:10.1016/j.cell.2018.02.052, Table 3.
    """
    for note in find_cautions(table, [endpoint.event]):
        level = logging.WARNING if is_cautioned(table, endpoint.event) else logging.INFO
        logger.log(level, "%s: %s", cohort, note)
