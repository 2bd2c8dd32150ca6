"""Run configuration: YAML in, one frozen record out; every fault is told at once, by its path."""

from itgstrat.config.antagonists import AntagonistsConfig
from itgstrat.config.cohorts import CohortConfig, ColumnConfig, EndpointConfig, ValidationConfig
from itgstrat.config.features import AdjustConfig, FeaturesConfig, WithoutConfig
from itgstrat.config.loading import apply_overrides, build_config, load_config, parse_yaml
from itgstrat.config.models import (
    AcceleratedConfig,
    BoostedConfig,
    ComponentwiseConfig,
    ElasticNetConfig,
    ForestConfig,
    MemberConfig,
    ModelConfig,
    PlainConfig,
    RidgeConfig,
    SingleConfig,
    StackConfig,
)
from itgstrat.config.response import ResponseConfig
from itgstrat.config.settings import (
    ComputeConfig,
    EvaluationConfig,
    OptimismConfig,
    RunConfig,
    SplitsConfig,
    StrataConfig,
)
from itgstrat.config.uncertainty import UncertaintyConfig

__all__ = [
    "AcceleratedConfig",
    "AdjustConfig",
    "AntagonistsConfig",
    "BoostedConfig",
    "CohortConfig",
    "ColumnConfig",
    "ComponentwiseConfig",
    "ComputeConfig",
    "ElasticNetConfig",
    "EndpointConfig",
    "EvaluationConfig",
    "FeaturesConfig",
    "ForestConfig",
    "MemberConfig",
    "ModelConfig",
    "OptimismConfig",
    "PlainConfig",
    "ResponseConfig",
    "RidgeConfig",
    "RunConfig",
    "SingleConfig",
    "SplitsConfig",
    "StackConfig",
    "StrataConfig",
    "UncertaintyConfig",
    "ValidationConfig",
    "WithoutConfig",
    "apply_overrides",
    "build_config",
    "load_config",
    "parse_yaml",
]
