"""Survival models: libraries fit them, records of arrays remain."""

from itgstrat.fitting.survival.accelerated import LogNormalAFT, WeibullAFT
from itgstrat.fitting.survival.base import SurvivalEstimator
from itgstrat.fitting.survival.boosting import BoostedCox, ComponentwiseCox
from itgstrat.fitting.survival.elastic_net import CoxElasticNet
from itgstrat.fitting.survival.forest import ExtraSurvivalTrees, RandomSurvivalForest
from itgstrat.fitting.survival.plain import CoxPlain
from itgstrat.fitting.survival.ridge import CoxRidge
from itgstrat.fitting.survival.stack import Member, StackedSurvival

__all__ = [
    "SURVIVAL_MODELS",
    "BoostedCox",
    "ComponentwiseCox",
    "CoxElasticNet",
    "CoxPlain",
    "CoxRidge",
    "ExtraSurvivalTrees",
    "LogNormalAFT",
    "Member",
    "RandomSurvivalForest",
    "StackedSurvival",
    "WeibullAFT",
]

#: Every survival model, by the name that a configuration uses.
SURVIVAL_MODELS: dict[str, type[SurvivalEstimator]] = {
    "elastic_net_cox": CoxElasticNet,
    "plain_cox": CoxPlain,
    "ridge_cox": CoxRidge,
    "random_survival_forest": RandomSurvivalForest,
    "extra_survival_trees": ExtraSurvivalTrees,
    "boosted_cox": BoostedCox,
    "componentwise_cox": ComponentwiseCox,
    "weibull_aft": WeibullAFT,
    "lognormal_aft": LogNormalAFT,
    "stack": StackedSurvival,
}
