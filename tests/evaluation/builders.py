"""Outcomes and comparisons made for the tests."""

import numpy as np
import pandas as pd
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from itgstrat.evaluation.compare import Comparison, Difference, Interval, RandomSummary, Row
from itgstrat.outcome import Outcome


def make_outcomes(n=150, strata=("all",), seed=0, grid=None):
    """Risks and an outcome that depends on them; times on a grid tie."""
    random = np.random.default_rng(seed)
    risk = random.normal(size=n)
    time, censoring = random.exponential(1000 * np.exp(-risk)), random.uniform(100, 3000, n)
    days = np.minimum(time, censoring) + 1
    days = np.ceil(days / grid) * grid if grid else days
    return risk, Outcome(time <= censoring, days, np.array(strata)[np.arange(n) % len(strata)])


@st.composite
def tied_outcomes(draw, strata=1):
    """A handful of patients with many ties in time and risk, at least one event."""
    n = draw(st.integers(3, 25))
    event = draw(hnp.arrays(bool, n))
    event[draw(st.integers(0, n - 1))] = True
    time = draw(hnp.arrays(np.int64, n, elements=st.integers(1, 6))).astype(float)
    risk = draw(hnp.arrays(np.int64, n, elements=st.integers(-2, 2))).astype(float)
    stratum = draw(hnp.arrays(np.int64, n, elements=st.integers(0, strata - 1))).astype(str)
    return risk, Outcome(event, time, stratum)


def make_comparison(model, clinical_gain=None, draws=None, kind="cross-validation", clinical=0.6, integrin_gain=None):
    """A comparison with just what a finding looks at; intervals are (estimate, low, high)."""
    brier = Interval(0.2, 0.1, 0.3)
    rows = [Row("model", "the model", Interval(*model), None, brier)]
    differences = []
    if clinical_gain is not None:
        rows.append(Row("clinical", "clinical only", Interval(clinical, 0.5, 0.7), None, brier))
        differences.append(Difference("model", "clinical", Interval(*clinical_gain), brier))
    if integrin_gain is not None:
        differences.append(Difference("model", "without_integrins", Interval(*integrin_gain), brier))
    random = None
    if draws is not None:
        p_value = (1 + sum(value >= model[0] for value in draws)) / (1 + len(draws))
        random = RandomSummary(tuple(draws), float(np.median(draws)), min(draws), max(draws), p_value)
    return Comparison(
        kind, "ours", "batch", 100, 40, (10.0, 900.0), tuple(rows), tuple(differences), random, {}, pd.DataFrame()
    )
