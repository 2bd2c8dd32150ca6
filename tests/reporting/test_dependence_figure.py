"""Dependence over time is drawn a line a time."""

import numpy as np
import pytest

from itgstrat.explanation.dependence import Dependence
from itgstrat.reporting.dependence_figure import plot_partial_dependence
from itgstrat.reporting.svg import describe


def record(n_times=2, kind="partial"):
    values = np.linspace(0.9, 0.1, 5)[:, None] ** np.arange(1, max(n_times, 1) + 1)
    return Dependence("age", kind, np.linspace(-1, 1, 5), 365.25 * np.arange(1.0, n_times + 1), values, np.zeros(9))


def test_a_line_a_time_and_the_deciles_of_the_patients():
    ax = plot_partial_dependence(record())
    assert [line.get_ydata().tolist() for line in ax.lines[:2]] == [row.tolist() for row in record().values.T]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["at 1 year", "at 2 years"]
    assert len(ax.lines[2].get_xdata()) == 9
    told = "at 1 year from 0.90 to 0.10; at 2 years from 0.81 to 0.01"
    assert describe(ax) == f"mean survival with age from -1.0 to +1.0 training SD: {told}"


def test_the_risk_has_no_legend_and_local_effects_are_differences():
    assert plot_partial_dependence(record(0)).get_ylabel() == "mean risk"
    assert plot_partial_dependence(record(0)).get_legend() is None
    assert plot_partial_dependence(record(1, "accumulated")).get_ylabel() == "difference in survival"


def test_more_times_than_can_be_told_apart_are_refused():
    with pytest.raises(ValueError, match="5 times in one figure"):
        plot_partial_dependence(record(5))
