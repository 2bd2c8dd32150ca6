"""What the literature says, as data: signatures, heterodimers and gene names."""

from itgstrat.biology.catalogue import (
    Catalogue,
    Heterodimer,
    Signature,
    Source,
    build_catalogue,
    load_catalogue,
)
from itgstrat.biology.hgnc import GeneTable, Resolution, load_hgnc

__all__ = [
    "Catalogue",
    "GeneTable",
    "Heterodimer",
    "Resolution",
    "Signature",
    "Source",
    "build_catalogue",
    "load_catalogue",
    "load_hgnc",
]
