"""Genes to scores: pure functions of arrays, numpy only."""

from itgstrat.scoring.kernels import SCORES
from itgstrat.scoring.lower import part_means, split_lower
from itgstrat.scoring.method import ScoreMethod
from itgstrat.scoring.ranks import rank_columns
from itgstrat.scoring.table import score_sets

__all__ = ["SCORES", "ScoreMethod", "part_means", "rank_columns", "score_sets", "split_lower"]
