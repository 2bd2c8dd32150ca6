"""What training leaves behind: frozen records of arrays that apply, explain and save themselves; numpy only."""

from itgstrat.learned.accelerated import AcceleratedModel
from itgstrat.learned.agents import CALLS, AgentAnswers, AgentRules
from itgstrat.learned.baseline import ProportionalHazards
from itgstrat.learned.benefit import BenefitModel
from itgstrat.learned.bundle import ModelBundle
from itgstrat.learned.familiarity import Familiarity
from itgstrat.learned.features import Features, Measured
from itgstrat.learned.linear import LinearModel, LinearRisk
from itgstrat.learned.model import SurvivalModel
from itgstrat.learned.recalibrated import RecalibratedModel
from itgstrat.learned.recipe import (
    LEAST_FOR_REFERENCE,
    FeatureRecipe,
    Featurised,
    Reference,
)
from itgstrat.learned.stack import StackedModel
from itgstrat.learned.strata import Strata
from itgstrat.learned.transfer import TransferModel
from itgstrat.learned.trees import BoostedModel, ForestModel, Trees

__all__ = [
    "CALLS",
    "LEAST_FOR_REFERENCE",
    "AcceleratedModel",
    "AgentAnswers",
    "AgentRules",
    "BenefitModel",
    "BoostedModel",
    "Familiarity",
    "FeatureRecipe",
    "Features",
    "Featurised",
    "ForestModel",
    "LinearModel",
    "LinearRisk",
    "Measured",
    "ModelBundle",
    "ProportionalHazards",
    "RecalibratedModel",
    "Reference",
    "StackedModel",
    "Strata",
    "SurvivalModel",
    "TransferModel",
    "Trees",
]
