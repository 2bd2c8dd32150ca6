"""Which layout does a source have? One row a layout; the first that recognises the source reads it."""

from itgstrat.errors import InputError
from itgstrat.readers.alone import glance_clinical_table, is_clinical_table, refuse_clinical_table
from itgstrat.readers.anndata import is_hdf5, read_h5ad
from itgstrat.readers.cbioportal import read_study
from itgstrat.readers.cna import glance_cna, is_cna, refuse_cna
from itgstrat.readers.firehose import is_firehose, read_firehose, refuse_firehose_clinical
from itgstrat.readers.firehose_clinical import (
    glance_firehose_clinical,
    is_firehose_clinical,
    read_firehose_clinical,
)
from itgstrat.readers.gct import glance_cls, is_cls, is_gct, read_gct, refuse_cls
from itgstrat.readers.gdc import glance_gdc_listing, is_gdc, is_gdc_listing, read_gdc, refuse_gdc_listing
from itgstrat.readers.gdc_clinical import (
    glance_gdc_clinical,
    is_gdc_clinical,
    read_gdc_clinical,
    refuse_gdc_clinical,
)
from itgstrat.readers.geo import is_series_matrix, read_series_clinical, read_series_matrix
from itgstrat.readers.layout import Layout, read_table
from itgstrat.readers.maf import glance_maf, is_maf, refuse_maf
from itgstrat.readers.soft import is_soft, read_soft
from itgstrat.readers.study import is_study
from itgstrat.readers.study_parts import glance_study_part, is_study_part, refuse_study_part
from itgstrat.readers.survset import PREFIX, read_survset
from itgstrat.readers.tcga_cdr import glance_tcga_cdr, is_tcga_cdr, read_outcomes, read_tcga_cdr
from itgstrat.readers.xena import is_xena, read_xena
from itgstrat.readers.xena_clinical import (
    glance_xena_clinical,
    is_xena_clinical,
    read_xena_clinical,
    refuse_xena_clinical,
)
from itgstrat.readers.xena_files import is_xena_other, refuse_xena_other

#: Layouts from the most particular to the most general; a new one is one more row.
LAYOUTS: tuple[Layout, ...] = (
    Layout("survset", lambda source: source.lower().startswith(PREFIX), read_survset),
    Layout("cbioportal", is_study, read_study, options=("profile", "alteration_genes")),
    Layout("maf", is_maf, refuse_maf, glance=glance_maf),
    Layout("cna", is_cna, refuse_cna, glance=glance_cna),
    Layout("cbioportal-file", is_study_part, refuse_study_part, glance=glance_study_part),
    Layout(
        "geo",
        is_series_matrix,
        read_series_matrix,
        options=("probe_map", "keep", "max_inflation"),
        clinical=read_series_clinical,
    ),
    Layout("geo-soft", is_soft, read_soft, options=("probe_map", "keep")),
    Layout("h5ad", is_hdf5, read_h5ad, options=("layer", "symbols")),
    Layout("cls", is_cls, refuse_cls, glance=glance_cls),
    Layout("gct", is_gct, read_gct, options=("cls", "symbols", "probe_map", "max_inflation")),
    Layout("gdc", is_gdc, read_gdc, options=("measure",), clinical=read_gdc_clinical),
    Layout("gdc-files", is_gdc_listing, refuse_gdc_listing, glance=glance_gdc_listing),
    Layout("firehose", is_firehose, read_firehose, options=("measure",), clinical=read_firehose_clinical),
    Layout("xena", is_xena, read_xena, clinical=read_xena_clinical),
    Layout("tcga-cdr", is_tcga_cdr, read_tcga_cdr, glance=glance_tcga_cdr, clinical=read_outcomes),
    Layout(
        "gdc-clinical", is_gdc_clinical, refuse_gdc_clinical, glance=glance_gdc_clinical, clinical=read_gdc_clinical
    ),
    Layout(
        "firehose-clinical",
        is_firehose_clinical,
        refuse_firehose_clinical,
        glance=glance_firehose_clinical,
        clinical=read_firehose_clinical,
    ),
    Layout(
        "xena-clinical",
        is_xena_clinical,
        refuse_xena_clinical,
        glance=glance_xena_clinical,
        clinical=read_xena_clinical,
    ),
    Layout("xena-other", is_xena_other, refuse_xena_other),
    Layout("clinical-table", is_clinical_table, refuse_clinical_table, glance=glance_clinical_table),
    Layout("table", lambda source: True, read_table, options=("max_inflation",)),
)


def find_layout(source: str, name: str | None = None) -> Layout:
    """Find the layout of a file, folder or dataset.

    Parameters
    ----------
    source : str
        A path, or ``survset:NAME``.
    name : str, optional
        Name of the layout where it is declared; detected if not given.

    Returns
    -------
    Layout
        How to read it.

    Raises
    ------
    InputError
        If no layout is recognised, or there is none of the name.
    """
    for layout in LAYOUTS:
        if layout.name == name or (name is None and layout.recognise(source)):
            return layout
    if name is not None:
        raise InputError(f"layout {name!r} is not known; use one of {', '.join(layout.name for layout in LAYOUTS)}")
    raise InputError(f"{source}: no known layout; itgstrat reads {', '.join(layout.name for layout in LAYOUTS)}")


def detect_layout(source: str) -> str:
    """Name the layout of a file, folder or dataset.

    Parameters
    ----------
    source : str
        A path, or ``survset:NAME``.

    Returns
    -------
    str
        Such as ``"table"`` or ``"survset"``.

    Raises
    ------
    InputError
        If no layout is recognised.

    Examples
    --------
    >>> detect_layout("survset:gse1992")
    'survset'
    """
    return find_layout(str(source)).name
