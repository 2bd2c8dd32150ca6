"""itgstrat: stratify cancer patients by integrin expression for putative response to integrin antagonists."""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

#: Public name -> module that holds it; loaded when first asked for, so that importing is quick.
_PUBLIC = {
    "Cohort": "itgstrat.cohort",
    "Outcome": "itgstrat.outcome",
    "make_outcome": "itgstrat.outcome",
    "RunConfig": "itgstrat.config",
    "load_config": "itgstrat.config",
    "read_cohort": "itgstrat.readers",
    "load_catalogue": "itgstrat.biology",
    "ModelBundle": "itgstrat.learned",
    "train": "itgstrat.training",
    "predict": "itgstrat.prediction",
    "evaluate": "itgstrat.evaluation",
    "explain": "itgstrat.explanation",
    "Explanation": "itgstrat.explanation",
    "ItgstratError": "itgstrat.errors",
}

__all__ = ["__version__", "figures", *_PUBLIC]


def __getattr__(name: str) -> Any:
    if name == "figures":
        return import_module("itgstrat.figures")
    if name not in _PUBLIC:
        raise AttributeError(f"module 'itgstrat' has no attribute {name!r}")
    return getattr(import_module(_PUBLIC[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
