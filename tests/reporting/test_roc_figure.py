"""The ROC figure draws the curves of a comparison and tells their areas."""

import numpy as np
import pytest

from itgstrat.reporting.roc_figure import plot_roc
from itgstrat.reporting.svg import describe, figure_svg
from itgstrat.reporting.wording import say_interval
from tests.reporting.label_builders import make_response_comparison


def names_of(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def test_the_model_is_named_first_and_drawn_last_with_its_auc():
    item = make_response_comparison()
    ax = plot_roc(item)
    first, second = names_of(ax)
    assert first == f"the model {say_interval(item.row('model').auc)}"
    assert second.startswith("proliferation only ")
    assert describe(ax) == f"ROC curves, area with 95% interval: {first}; {second}"
    drawn = ax.lines[-1]
    assert drawn.get_xdata() == pytest.approx(item.roc["model"].false_positive)
    assert np.trapezoid(drawn.get_ydata(), drawn.get_xdata()) == pytest.approx(item.row("model").auc.estimate)


def test_models_are_chosen_and_a_flat_one_has_no_line():
    assert len(names_of(plot_roc(make_response_comparison(), models=["model"]))) == 1
    assert names_of(plot_roc(make_response_comparison(flat=True)))[0].startswith("proliferation only")
    nothing = plot_roc(make_response_comparison(), models=["prevalence"])
    assert nothing.get_legend() is None
    figure_svg(nothing)
