"""Clinical tables that come alone: what they offer, and what they need beside them."""

from collections.abc import Callable

from itgstrat.errors import InputError
from itgstrat.readers.barcodes import parse_barcode
from itgstrat.readers.cautions import caution_notes
from itgstrat.readers.clinical import ID_COLUMNS
from itgstrat.readers.endpoints import find_endpoints
from itgstrat.readers.layout import ClinicalTable, Glance, Orientation, RawCohort, gene_likeness
from itgstrat.readers.sheets import look_at
from itgstrat.readers.tables import as_text, read_clinical

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


def no_cohort(content: str | Callable[[str], str], needed: str = _BESIDE) -> Callable[..., RawCohort]:
    """Make the reader of a layout without expression: it says what a file is, and what to do with it.

    Parameters
    ----------
    content : str or callable
        What the file is; or source -> what it is.
    needed : str
        What to do.

    Returns
    -------
    callable
        Source and orientation -> never; it raises InputError.

    Examples
    --------
    >>> no_cohort("a shopping list", "buy it")("list.txt")
    Traceback (most recent call last):
    itgstrat.errors.InputError: list.txt: this is a shopping list; it holds no expression: buy it
    """

    def refuse(source: str, orientation: Orientation = "auto") -> RawCohort:
        what = content if isinstance(content, str) else content(source)
        raise InputError(f"{source}: this is {what}; it holds no expression: {needed}")

    return refuse


def is_clinical_table(source: str) -> bool:
    """Recognise a clinical table of no particular layout: its first column names patients, the others no genes.

    Parameters
    ----------
    source : str
        Any path.

    Returns
    -------
    bool
        Whether it is one.
    """
    head = look_at(source)
    if len(head) < 2 or len(head[0]) < 2:
        return False
    return head[0][0].strip().lower() in ID_COLUMNS and gene_likeness(head[0][1:]) < 0.2


def glance_clinical_table(source: str) -> Glance:
    """Say what a clinical table of no particular layout offers.

    Parameters
    ----------
    source : str
        The table.

    Returns
    -------
    Glance
        Without genes.

    Raises
    ------
    InputError
        If it cannot be read as a table.
    """
    table = read_clinical(source)
    return glance_clinical("clinical table", ClinicalTable(table), str(table.columns[0]))


refuse_clinical_table = no_cohort("a clinical table")
