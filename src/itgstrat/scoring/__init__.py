"""Genes to scores: pure functions of arrays, numpy only."""

from itgstrat.scoring.kernels import SCORES, ScoreMethod
from itgstrat.scoring.lower import part_means, split_lower
from itgstrat.scoring.ranks import rank_columns

__all__ = ["SCORES", "ScoreMethod", "part_means", "rank_columns", "split_lower"]
