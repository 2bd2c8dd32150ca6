"""What training leaves behind: frozen records of arrays that apply, explain and save themselves; numpy only."""

from itgstrat.learned.bundle import ModelBundle
from itgstrat.learned.familiarity import Familiarity
from itgstrat.learned.features import Features, Measured
from itgstrat.learned.linear import LinearModel
from itgstrat.learned.model import SurvivalModel
from itgstrat.learned.recipe import (
    LEAST_FOR_REFERENCE,
    FeatureRecipe,
    Featurised,
    Reference,
)
from itgstrat.learned.strata import Strata

__all__ = [
    "LEAST_FOR_REFERENCE",
    "Familiarity",
    "FeatureRecipe",
    "Features",
    "Featurised",
    "LinearModel",
    "Measured",
    "ModelBundle",
    "Reference",
    "Strata",
    "SurvivalModel",
]
