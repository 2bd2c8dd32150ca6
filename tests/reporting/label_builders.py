"""A small made-up comparison of classifiers, with nothing fitted."""

import numpy as np

from itgstrat.evaluation.response_table import Panel, ResponseComparison, ResponseEvaluation, compare_responses
from itgstrat.learned.response import expit
from itgstrat.response import Response


def make_response_comparison(
    kind="cross-validation", cohort="training", n=80, rare=False, flat=False, seed=0
) -> ResponseComparison:
    """Labels drawn from probabilities that the model knows; the model may be flat, or the label rare."""
    random = np.random.default_rng(seed)
    odds = random.normal(size=n)
    label = np.arange(n) < 6 if rare else random.random(n) < expit(odds)
    groups = (np.arange(n) % (1 if kind == "external" else 4))[None]
    known = np.full((1, n), 0.4) if flat else expit(odds)[None]
    judged = {"model": known, "proliferation": random.random((1, n)), "prevalence": np.full((1, n), label.mean())}
    names = [f"P{number}" for number in range(n)]
    cohorts = np.full(n, "X") if kind == "external" else np.array(["C1", "C2"])[np.arange(n) % 2]
    panel = Panel(kind, cohort, "pooled", names, Response(label, cohorts), groups, 100, 0)
    return compare_responses(panel, judged, [random.random((1, n)) for _ in range(20)])


def make_response_evaluation(*comparisons: ResponseComparison) -> ResponseEvaluation:
    return ResponseEvaluation("The signatures tell nothing: AUC 0.5.", comparisons, ("few patients",))
