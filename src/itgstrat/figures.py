"""All figures, for reports, notebooks and papers: records in, matplotlib Axes out.

Every function draws into ``ax`` if it is given, else into a figure of its own, reachable as ``ax.figure``; neither
pyplot nor any global setting is touched. `describe` says in words what was drawn, and `figure_svg` writes it as SVG:
the same bytes every time, readable by a screen reader.

Examples
--------
>>> from itgstrat import figures, make_outcome
>>> outcome = make_outcome([1, 0, 1, 1], [900, 800, 300, 200])
>>> ax = figures.plot_kaplan_meier(outcome, ["low", "low", "high", "high"])
>>> figures.describe(ax)
'Kaplan-Meier curves. high: 2 patients, 2 events, median 0.5 years; low: 2 patients, 1 event, median 2.5 years; \
log-rank p = 0.090'

A figure of exactly one column of a paper:

>>> ax = figures.new_axes(3.4, 4.8)
>>> figures.plot_heterodimer_map({"itg_avb6": 3.2}, ax=ax) is ax
True
"""

from itgstrat.reporting.calibration_figure import plot_calibration, plot_decision_curve
from itgstrat.reporting.contribution_figures import plot_beeswarm, plot_drivers, plot_waterfall, rank_drivers
from itgstrat.reporting.dependence_figure import plot_partial_dependence
from itgstrat.reporting.eligibility_figure import plot_eligibility
from itgstrat.reporting.heterodimer_figure import measure_abundance, plot_heterodimer_map, sum_effects, take_effects
from itgstrat.reporting.interval_figures import (
    plot_concordance,
    plot_forest,
    plot_importance,
    plot_subgroups,
    plot_time_dependent_auc,
)
from itgstrat.reporting.roc_figure import plot_roc
from itgstrat.reporting.style import new_axes
from itgstrat.reporting.survival_figure import plot_kaplan_meier, stratum_colours
from itgstrat.reporting.svg import describe, figure_svg

__all__ = [
    "describe",
    "figure_svg",
    "measure_abundance",
    "new_axes",
    "plot_beeswarm",
    "plot_calibration",
    "plot_concordance",
    "plot_decision_curve",
    "plot_drivers",
    "plot_eligibility",
    "plot_forest",
    "plot_heterodimer_map",
    "plot_importance",
    "plot_kaplan_meier",
    "plot_partial_dependence",
    "plot_roc",
    "plot_subgroups",
    "plot_time_dependent_auc",
    "plot_waterfall",
    "rank_drivers",
    "stratum_colours",
    "sum_effects",
    "take_effects",
]
