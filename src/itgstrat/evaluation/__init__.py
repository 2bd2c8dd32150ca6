"""Is it any good, and better than nothing? Everything beside its baselines, on the same folds."""

from itgstrat.evaluation.compare import Comparison, Difference, Evaluation, Interval, RandomSummary, Row
from itgstrat.evaluation.validate import evaluate

__all__ = ["Comparison", "Difference", "Evaluation", "Interval", "RandomSummary", "Row", "evaluate"]
