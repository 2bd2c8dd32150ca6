"""What the literature says, as data: signatures, heterodimers, systems, agents and gene names."""

from itgstrat.biology.agents import AGENT_CLASSES, Agent, Biomarker, Check, Trial
from itgstrat.biology.catalogue import build_catalogue, load_catalogue
from itgstrat.biology.collection import Catalogue
from itgstrat.biology.hgnc import GeneTable, Resolution, load_hgnc
from itgstrat.biology.overlap import Circularity, Overlap
from itgstrat.biology.reading import read_catalogue
from itgstrat.biology.records import (
    Citation,
    Heterodimer,
    Signature,
    Source,
    System,
    Theme,
    Unseen,
    every_gene,
    single_gene,
)

__all__ = [
    "AGENT_CLASSES",
    "Agent",
    "Biomarker",
    "Catalogue",
    "Check",
    "Circularity",
    "Citation",
    "GeneTable",
    "Heterodimer",
    "Overlap",
    "Resolution",
    "Signature",
    "Source",
    "System",
    "Theme",
    "Trial",
    "Unseen",
    "build_catalogue",
    "every_gene",
    "load_catalogue",
    "load_hgnc",
    "read_catalogue",
    "single_gene",
]
