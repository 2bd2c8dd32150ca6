"""Survival models: libraries fit them, records of arrays remain."""

from itgstrat.fitting.survival.base import SurvivalEstimator
from itgstrat.fitting.survival.elastic_net import CoxElasticNet
from itgstrat.fitting.survival.plain import CoxPlain

__all__ = ["SURVIVAL_MODELS", "CoxElasticNet", "CoxPlain"]

#: Every survival model, by the name that a configuration uses.
SURVIVAL_MODELS: dict[str, type[SurvivalEstimator]] = {"elastic_net_cox": CoxElasticNet, "plain_cox": CoxPlain}
