"""Response models: libraries fit them, calibrated records of arrays remain."""

from itgstrat.fitting.response.base import LEAST_OF_EITHER, ResponseEstimator, split_by_label
from itgstrat.fitting.response.boosting import HistogramBoosting
from itgstrat.fitting.response.forest import RandomForest
from itgstrat.fitting.response.logistic import ElasticNetLogistic, PlainLogistic

__all__ = [
    "LEAST_OF_EITHER",
    "RESPONSE_MODELS",
    "ElasticNetLogistic",
    "HistogramBoosting",
    "PlainLogistic",
    "RandomForest",
    "ResponseEstimator",
    "split_by_label",
]

#: Every response model, by the name that a configuration uses.
RESPONSE_MODELS: dict[str, type[ResponseEstimator]] = {
    "elastic_net_logistic": ElasticNetLogistic,
    "histogram_boosting": HistogramBoosting,
    "random_forest": RandomForest,
}
