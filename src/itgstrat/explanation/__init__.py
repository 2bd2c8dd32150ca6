"""Why this patient? Exact, additive explanations from the learned records."""

from itgstrat.explanation.linear import explain_features, explain_genes

__all__ = ["explain_features", "explain_genes"]
