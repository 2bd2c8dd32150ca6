"""How the records are learned: scikit-learn estimators around them."""

from itgstrat.fitting.panel import FeaturePanel
from itgstrat.fitting.pipeline import build_pipeline
from itgstrat.fitting.survival import SURVIVAL_MODELS, CoxElasticNet, CoxPlain

__all__ = ["SURVIVAL_MODELS", "CoxElasticNet", "CoxPlain", "FeaturePanel", "build_pipeline"]
