"""Why this patient? Exact, additive explanations from the learned records; numpy alone, so `predict` gives them."""

from itgstrat.explanation.explaining import explain
from itgstrat.explanation.genes import REST
from itgstrat.explanation.record import Explanation
from itgstrat.explanation.summary import compare_rankings, explain_interactions, rank_features

__all__ = ["REST", "Explanation", "compare_rankings", "explain", "explain_interactions", "rank_features"]
