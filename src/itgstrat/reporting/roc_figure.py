"""The ROC curves of a label: the model beside its baselines."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from matplotlib.axes import Axes

from itgstrat.reporting.style import BLUE, GREEN, GREY, ORANGE, PALE, PURPLE, VERMILION, canvas
from itgstrat.reporting.wording import say_interval

if TYPE_CHECKING:
    from itgstrat.evaluation.response_table import ResponseComparison

#: Lines of the figure: row, colour, line style, width; the model is drawn last, above the others.
_LINES = (
    ("proliferation", GREY, (0, (1.5, 1)), 1.2),
    ("clinical", BLUE, (0, (5, 1.5)), 1.4),
    ("inflamed", GREEN, (0, (6, 1.5, 1, 1.5)), 1.4),
    ("signatures", ORANGE, (0, (3, 1.5)), 1.2),
    ("leaking", PURPLE, (0, (8, 2)), 1.2),
    ("model", VERMILION, "-", 2.2),
)


def plot_roc(
    comparison: "ResponseComparison",
    *,
    models: Sequence[str] | None = None,
    title: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Draw the ROC curve of a classifier beside those of its baselines.

    Parameters
    ----------
    comparison : ResponseComparison
        The classifiers on patients that they were not trained on.
    models : sequence of str, optional
        Which rows, such as ``model`` and ``clinical``; all that there are a line for if not given.
    title : str
        Title.
    ax : matplotlib Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib Axes
        The drawing, the AUC with its 95% interval in the legend; the diagonal is chance. A curve is the mean over
        cohorts and folds, and the area under it is the AUC.

    References
    ----------
    Fawcett 2006, doi 10.1016/j.patrec.2005.10.010
    """
    told = []
    with canvas(ax, 3.2, 3.2) as ax:
        ax.plot([0, 1], [0, 1], color=GREY, linewidth=1, linestyle="--", zorder=1)
        for model, colour, style, width in _LINES:
            row, curve = comparison.row(model), comparison.roc.get(model)
            if row is None or curve is None or (models is not None and model not in models):
                continue
            text = f"{row.label} {say_interval(row.auc)}"
            ax.plot(
                curve.false_positive, curve.true_positive, color=colour, linestyle=style, linewidth=width, label=text
            )
            told.append(text)
        ticks = [0, 0.2, 0.4, 0.6, 0.8, 1]
        ax.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), xticks=ticks, yticks=ticks, aspect="equal", title=title)
        ax.set(xlabel="false-positive rate (1 - specificity)", ylabel="true-positive rate (sensitivity)")
        ax.grid(color=PALE, linewidth=0.6)
        ax.set_axisbelow(True)
        if told:
            handles, names = ax.get_legend_handles_labels()
            ax.legend(
                handles[::-1], names[::-1], title="AUC (95% interval)", alignment="left", loc="upper left",
                bbox_to_anchor=(-0.02, -0.2), handlelength=2.4, borderaxespad=0,
            )  # fmt: skip
        ax.set_label(f"ROC curves, area with 95% interval: {'; '.join(told[::-1])}")
    return ax
