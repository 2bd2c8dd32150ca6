"""Clinical tables that come alone: what they offer, and what they need beside them."""

from typing import NoReturn

from itgstrat.errors import InputError
from itgstrat.readers.barcodes import parse_barcode
from itgstrat.readers.cautions import caution_notes
from itgstrat.readers.endpoints import find_endpoints
from itgstrat.readers.layout import ClinicalTable, Glance
from itgstrat.readers.tables import as_text

_BESIDE = "give it as the clinical table of an expression file (--clinical, or clinical= in read_cohort)"


def glance_clinical(content: str, found: ClinicalTable, id_column: str) -> Glance:
    """Say what a clinical table offers: patients, endpoints, and the published cautions on them.

    Parameters
    ----------
    content : str
        What the table is.
    found : ClinicalTable
        The table.
    id_column : str
        Column that names its samples or patients.

    Returns
    -------
    Glance
        Without genes.
    """
    named = as_text(found.table[id_column])
    labels = tuple(dict.fromkeys(str(label) for label in named.dropna()))
    patients = named.map(lambda label: code.patient if (code := parse_barcode(str(label))) else label)
    rows = found.table[(~patients.duplicated()).to_numpy()]
    endpoints = find_endpoints(rows)
    is_tcga = any(label.upper().startswith("TCGA-") for label in labels[:20])
    cautions = caution_notes(found.table, [each.event for each in endpoints]) if is_tcga else ()
    return Glance(content, labels, notes=(*found.notes, *cautions, _BESIDE), clinical=rows)


def refuse(source: str, content: str, needed: str = _BESIDE) -> NoReturn:
    """Say that a file holds no expression, and what to do with it.

    Parameters
    ----------
    source : str
        The file.
    content : str
        What it is.
    needed : str
        What to do.

    Raises
    ------
    InputError
        Always.
    """
    raise InputError(f"{source}: this is {content}; it holds no expression: {needed}")
