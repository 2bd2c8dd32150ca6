"""Public cell-line screens: what was measured in each line, how it responded, and the lineage it is of."""

from itgstrat.readers.cell_lines.ccle import read_ccle_ic50, read_ccle_rppa
from itgstrat.readers.cell_lines.depmap import read_depmap_expression, read_depmap_gene_effect, read_depmap_models
from itgstrat.readers.cell_lines.gdsc import read_gdsc_fitted, read_gdsc_ic50, read_gdsc_models
from itgstrat.readers.cell_lines.nci60 import (
    read_nci60_activity,
    read_nci60_flow,
    read_nci60_lineages,
    read_nci60_rppa,
    read_nci60_swath,
)
from itgstrat.readers.cell_lines.prism import read_prism_primary, read_prism_secondary
from itgstrat.readers.cell_lines.project_score import read_dependency_by_tissue
from itgstrat.readers.cell_lines.records import LineProfiles, LineResponses
from itgstrat.readers.cell_lines.screen import Screen, read_screen

__all__ = [
    "LineProfiles",
    "LineResponses",
    "Screen",
    "read_ccle_ic50",
    "read_ccle_rppa",
    "read_dependency_by_tissue",
    "read_depmap_expression",
    "read_depmap_gene_effect",
    "read_depmap_models",
    "read_gdsc_fitted",
    "read_gdsc_ic50",
    "read_gdsc_models",
    "read_nci60_activity",
    "read_nci60_flow",
    "read_nci60_lineages",
    "read_nci60_rppa",
    "read_nci60_swath",
    "read_prism_primary",
    "read_prism_secondary",
    "read_screen",
]
