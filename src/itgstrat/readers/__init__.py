"""Public file layouts -> Cohort: files, identifiers, units, samples and outcomes; no model."""

from itgstrat.readers.clinical import ColumnRule
from itgstrat.readers.detect import detect_layout
from itgstrat.readers.endpoints import find_endpoints
from itgstrat.readers.inspect import Inspection, inspect_path
from itgstrat.readers.reading import read_cohort

__all__ = ["ColumnRule", "Inspection", "detect_layout", "find_endpoints", "inspect_path", "read_cohort"]
