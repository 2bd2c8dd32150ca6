import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from itgstrat.learned.agents import CALLS
from itgstrat.reporting.eligibility_figure import plot_eligibility
from itgstrat.reporting.style import new_axes


@pytest.mark.parametrize("own", [True, False])
@pytest.mark.parametrize("bars", [1, 5, 17, 40])
def test_the_legend_lies_below_the_words_of_the_axis_however_many_bars_there_are(bars, own):
    shares = {CALLS[0]: 5, CALLS[1]: 1, CALLS[2]: 4}
    counts = pd.DataFrame([{"agent": f"drug {n}", "patients": 10, **shares} for n in range(bars)])
    ax = plot_eligibility(counts, title="t", ax=None if own else new_axes(6, 3 + bars / 4))
    canvas = FigureCanvasAgg(ax.figure)
    canvas.draw()
    legend, words = ax.get_legend().get_window_extent(), ax.xaxis.label.get_window_extent()
    inch = ax.figure.dpi
    assert 0 < words.y0 - legend.y1 < 0.3 * inch
    assert legend.y0 < words.y0
