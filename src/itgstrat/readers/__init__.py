"""Public file layouts -> Cohort: files, identifiers, units, samples and outcomes; no model."""

from itgstrat.readers.alterations import Alterations, read_sample_table
from itgstrat.readers.beside import read_alterations
from itgstrat.readers.clinical import ColumnRule
from itgstrat.readers.cna import read_cna
from itgstrat.readers.detect import detect_layout
from itgstrat.readers.endpoints import find_endpoints
from itgstrat.readers.inspect import Inspection, inspect_path
from itgstrat.readers.mutations import read_mutations
from itgstrat.readers.reading import read_cohort

__all__ = [
    "Alterations",
    "ColumnRule",
    "Inspection",
    "detect_layout",
    "find_endpoints",
    "inspect_path",
    "read_alterations",
    "read_cna",
    "read_cohort",
    "read_mutations",
    "read_sample_table",
]
