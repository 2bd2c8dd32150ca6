"""Run configuration: YAML in, one frozen record out; every fault is told at once, by its path."""

from itgstrat.config.cohorts import CohortConfig, ColumnConfig, EndpointConfig, ValidationConfig
from itgstrat.config.features import AdjustConfig, FeaturesConfig, WithoutConfig
from itgstrat.config.loading import apply_overrides, build_config, load_config, parse_yaml
from itgstrat.config.settings import ComputeConfig, EvaluationConfig, ModelConfig, RunConfig, StrataConfig

__all__ = [
    "AdjustConfig",
    "CohortConfig",
    "ColumnConfig",
    "ComputeConfig",
    "EndpointConfig",
    "EvaluationConfig",
    "FeaturesConfig",
    "ModelConfig",
    "RunConfig",
    "StrataConfig",
    "ValidationConfig",
    "WithoutConfig",
    "apply_overrides",
    "build_config",
    "load_config",
    "parse_yaml",
]
