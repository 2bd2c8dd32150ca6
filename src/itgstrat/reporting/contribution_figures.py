"""Why this risk: what drives it, each patient's contributions, and one patient's way from the base to the risk.

All take an `Explanation`, a `Prediction`, or one of their tables: a row a patient and feature (or gene, or system) with
its contribution, and, for features, the standardised value.
"""

from collections.abc import Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.lines import Line2D

from itgstrat.explanation import Explanation
from itgstrat.learned import AcceleratedModel, LinearModel, LinearRisk
from itgstrat.prediction import Prediction
from itgstrat.reporting.labels import label_feature
from itgstrat.reporting.style import BLUE, GREY, INK, PALE, VERMILION, canvas
from itgstrat.reporting.wording import count, say_number

Floats = npt.NDArray[np.float64]

#: What a row of a table of contributions is of; the first such column names it.
By = Literal["feature", "gene", "system"]
_LEVELS: tuple[By, ...] = ("feature", "gene", "system")

Explained = Explanation | Prediction | pd.DataFrame

#: Most patients whose points are drawn; more make a figure of megabytes and no other shape.
MOST_POINTS = 200

#: Low to high value, through grey.
LOW_HIGH = LinearSegmentedColormap.from_list("low to high", [BLUE, "#C9CDD2", VERMILION])


def rank_drivers(explained: Explained | LinearRisk, by: By = "feature") -> pd.DataFrame:
    r"""Rank what drives the risk by the mean absolute contribution.

    Parameters
    ----------
    explained : Explanation, Prediction, DataFrame or LinearRisk
        Contributions of some patients, or their ranking by `itgstrat.explanation.summary.rank_features`; or a model
        whose risk is a weighted sum of features with SD 1 in training, of which :math:`|\beta|` is the SD of the
        contribution.
    by : {"feature", "gene", "system"}
        What to rank; a table or a model is taken as it is.

    Returns
    -------
    DataFrame with columns name, size, direction, low, high
        The largest first, without those that are 0; limits where they are known. Direction is 1 where a higher value
        means a higher risk (the sign of their correlation), -1 where a lower one does, 0 where there are no values.

    Examples
    --------
    >>> rows = {"patient": ["a", "b"], "feature": "age", "value": [1.0, -1.0], "contribution": [-0.2, 0.2]}
    >>> rank_drivers(pd.DataFrame(rows))[["name", "size", "direction"]].to_dict("records")
    [{'name': 'age', 'size': 0.2, 'direction': -1.0}]
    """
    limits: dict[str, Floats | float] = {"low": np.nan, "high": np.nan}
    if isinstance(explained, LinearRisk):
        names, size, direction = list(map(str, explained.features)), np.abs(explained.coef), np.sign(explained.coef)
    elif isinstance(explained, pd.DataFrame) and "mean_absolute" in explained:
        names, size = explained["feature"].astype(str).tolist(), explained["mean_absolute"].to_numpy(dtype=float)
        direction = np.zeros(len(names))
        limits = {end: explained[name].to_numpy(dtype=float) for end, name in (("low", "lower"), ("high", "upper"))}
    else:
        names, contributions, values = _spread(_tabulate(explained, by))
        size, direction = np.abs(contributions).mean(axis=0), np.zeros(len(names))
        if values is not None:
            centred = values - values.mean(axis=0)
            direction = np.sign((centred * contributions).sum(axis=0))
    table = pd.DataFrame({"name": names, "size": size, "direction": direction} | limits)
    known = np.flatnonzero(size > 1e-9 * size.max(initial=0.0))  # what is left of rounding is no driver
    return table.iloc[known].sort_values("size", ascending=False, kind="stable", ignore_index=True)


def plot_drivers(
    explained: Explained | LinearRisk, by: By = "feature", *, top: int = 20, title: str = "", ax: Axes | None = None
) -> Axes:
    """Draw what drives the risk: the largest contributions on average, to the side that they push to.

    Parameters
    ----------
    explained : Explanation, Prediction, DataFrame or LinearRisk
        Contributions, or a linear model, as `rank_drivers` takes them.
    by : {"feature", "gene", "system"}
        What to draw; a table or a model is taken as it is.
    top : int
        How many to show.
    title : str
        Title.
    ax : matplotlib Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib Axes
        The drawing; what never contributes is left out. Without values (genes, systems) all bars go to the right.

    Examples
    --------
    >>> table = pd.DataFrame({"patient": "P1", "system": ["a", "b"], "contribution": [0.1, -0.3]})
    >>> [text.get_text() for text in plot_drivers(table).get_yticklabels()]
    ['b', 'a']
    """
    ranked = rank_drivers(explained, by).head(top)
    names, signs = [label_feature(name) for name in ranked["name"]], ranked["direction"].to_numpy()
    signed = bool(len(signs)) and bool(signs.any())
    values = ranked["size"].to_numpy() * np.where(signs == 0, 1.0, signs)
    with canvas(ax, 6.4, 0.9 + 0.24 * max(len(names), 2)) as ax:
        colours = np.where(signs > 0, VERMILION, np.where(signs < 0, BLUE, GREY))
        ax.barh(range(len(names)), values, color=colours, height=0.7)
        ax.hlines(range(len(names)), ranked["low"], ranked["high"], color=INK, linewidth=1)
        ax.axvline(0, color=GREY, linewidth=1)
        _name_rows(ax, names)
        limit = 1.08 * max(np.abs(values).max(initial=0.0), np.nan_to_num(ranked["high"]).max(initial=0.0), 1e-9)
        ax.set(xlim=(-limit if signed else 0.0, limit), title=title)
        ax.set_xlabel(_say_size(explained) + ("\n(left: better, right: worse)" if signed else ""))
        ax.grid(axis="x", color=PALE, linewidth=0.6)
        told = "; ".join(f"{name} {say_number(v, 3, signed)}" for name, v in zip(names, values, strict=True))
        ax.set_label(f"What drives the risk: {told or 'nothing contributes'}")
    return ax


def _say_size(explained: Explained | LinearRisk) -> str:
    if isinstance(explained, AcceleratedModel):
        return "log of median survival lost per training SD"
    if isinstance(explained, LinearModel):
        return "log hazard ratio per training SD"
    return "coefficient per training SD" if isinstance(explained, LinearRisk) else "mean absolute contribution"


def plot_beeswarm(
    explained: Explained, by: By = "feature", *, top: int = 15, title: str = "", ax: Axes | None = None
) -> Axes:
    """Draw the contributions of all patients, a point a patient, the rows that matter most on top.

    Parameters
    ----------
    explained : Explanation, Prediction or DataFrame
        Contributions to the risk. Of more than 200 patients, 200 spread evenly over the table are drawn.
    by : {"feature", "gene", "system"}
        What a row is; a table is taken as it is.
    top : int
        How many rows to show.
    title : str
        Title.
    ax : matplotlib Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib Axes
        The drawing. Points are coloured by the rank of the value among the patients, low to high; without values by
        the side they push to.

    References
    ----------
    Lundberg 2020, doi 10.1038/s42256-019-0138-9

    Examples
    --------
    >>> rows = {"patient": ["a", "b"], "feature": "age", "value": [1.0, -1.0], "contribution": [0.2, -0.2]}
    >>> plot_beeswarm(pd.DataFrame(rows)).get_xlabel()
    'contribution to the risk'
    """
    names, table, values = _spread(_tabulate(explained, by))
    what = explained.explains if isinstance(explained, Explanation) else "risk"
    drawn = np.unique(np.linspace(0, len(table) - 1, min(len(table), MOST_POINTS)).round().astype(int))
    size = np.abs(table).mean(axis=0)
    order = [i for i in np.argsort(-size, kind="stable")[:top] if size[i] > 0]
    with canvas(ax, 4.2, 0.9 + 0.3 * max(len(order), 2)) as ax:
        span = max(float(np.abs(table[:, order]).max(initial=0.0)), 1e-9)
        ax.axvline(0, color=GREY, linewidth=1, zorder=1)
        for height, i in enumerate(order):
            x = table[drawn, i]
            shade = _rank(values[:, i])[drawn] if values is not None else (x > 0).astype(float)
            y = height + _swarm(x / span)
            ax.scatter(x, y, c=shade, cmap=LOW_HIGH, vmin=0, vmax=1, s=7, linewidths=0, zorder=3)
        _name_rows(ax, [label_feature(names[i]) for i in order])
        ax.set(xlim=(-1.06 * span, 1.06 * span), xlabel=f"contribution to the {what}", title=title)
        ax.grid(axis="y", color=PALE, linewidth=0.6)
        if order:
            sides = ("lowers it", "raises it")
            _explain_colours(ax, sides if values is None else ("low value", "middle", "high value"))
        told = "; ".join(f"{label_feature(names[i])} {size[i]:.3f}" for i in order)
        ax.set_label(f"Contributions to the {what} of {count(len(table), 'patient')}, mean size: {told}")
    return ax


def plot_waterfall(
    explained: Explained,
    patient: str,
    by: By = "feature",
    *,
    base: float | None = None,
    top: int = 10,
    title: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw one patient's way from the base to the risk, the largest contribution on top.

    Parameters
    ----------
    explained : Explanation, Prediction or DataFrame
        Contributions to the risk.
    patient : str
        Whose.
    by : {"feature", "gene", "system"}
        What a bar is; a table is taken as it is.
    base : float, optional
        Risk without any contribution; that of the explanation if not given, of a table 0.
    top : int
        How many to name; the rest is one bar.
    title : str, optional
        Title; the patient and the risk by default.
    ax : matplotlib Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib Axes
        The drawing; the diamond is the risk.

    Raises
    ------
    ValueError
        If the table does not hold the patient.

    Examples
    --------
    >>> rows = {"patient": "P1", "feature": ["age", "grade"], "contribution": [0.2, -0.5]}
    >>> plot_waterfall(pd.DataFrame(rows), "P1").get_title(loc="left")
    'P1: risk -0.30'
    """
    contributions = _tabulate(explained, by)
    own = contributions[contributions["patient"].astype(str) == str(patient)]
    if not len(own):
        raise ValueError(f"no contribution of the patient {patient!r} is in the table")
    names, values = own[_level_of(own)].astype(str).tolist(), own["contribution"].to_numpy(dtype=float)
    if base is None:
        base = 0.0 if isinstance(explained, pd.DataFrame) else float(explained.base)
    risk = base + float(values.sum())
    order = [i for i in np.argsort(-np.abs(values), kind="stable")[:top] if values[i]]
    steps = [(label_feature(names[i]), float(values[i])) for i in order]
    if rest := np.count_nonzero(values) - len(order):
        steps.append((f"{rest} more", risk - base - sum(step for _, step in steps)))
    with canvas(ax, 4.2, 1.0 + 0.28 * max(len(steps), 2)) as ax:
        _draw_steps(ax, [step for _, step in steps], base)
        _name_rows(ax, [name for name, _ in steps])
        said = say_number(risk, 2, signed=True)
        ax.set(xlabel="risk", title=f"{patient}: risk {said}" if title is None else title)
        told = "; ".join(f"{name} {say_number(step, 2, signed=True)}" for name, step in steps)
        ax.set_label(f"{patient}: from {say_number(base, 2, signed=True)} to the risk {said}: {told}")
    return ax


def _draw_steps(ax: Axes, steps: Sequence[float], base: float) -> None:
    ends = base + np.cumsum([0.0, *steps])
    low, high = float(ends.min()), float(ends.max())
    room = 0.22 * max(high - low, 1e-9)  # for the numbers beside the bars
    for height, (start, step) in enumerate(zip(ends[:-1], steps, strict=True)):
        colour = VERMILION if step > 0 else BLUE
        ax.barh(height, step, left=start, color=colour, height=0.66, zorder=2)
        ax.plot([start + step] * 2, [height - 0.33, height + 1.33], color=GREY, linewidth=0.8, zorder=1)
        beside = max(start, start + step) + 0.03 * (high - low)
        ax.text(beside, height, say_number(step, 2, signed=True), va="center", fontsize=8)
    ax.axvline(base, color=GREY, linewidth=1, linestyle="--", zorder=1)
    ax.plot(ends[-1], len(steps) - 0.5, marker="D", color=INK, markersize=4, clip_on=False, zorder=4)
    ax.set_xlim(low - 0.25 * room, high + room)


def _tabulate(explained: Explained, by: By) -> pd.DataFrame:
    """Take the table of one level; of an explanation over time a figure cannot show all times at once."""
    if isinstance(explained, Explanation):
        table = {"feature": explained.by_feature, "gene": explained.by_gene, "system": explained.by_system}[by]()
    elif isinstance(explained, Prediction):
        table = {"feature": explained.explanations, "gene": explained.genes, "system": explained.systems}[by]
    else:
        table = explained
    if "time_days" in table and table["time_days"].nunique() > 1:
        raise ValueError(f"contributions at {table['time_days'].nunique()} times; take the rows of one of them")
    return table


def _level_of(table: pd.DataFrame) -> str:
    return next(name for name in _LEVELS if name in table)


def _spread(table: pd.DataFrame) -> tuple[list[str], Floats, Floats | None]:
    """Give names, contributions and values, a row a patient; what a patient has no row for contributes 0."""
    level = _level_of(table)
    wide = {
        column: table.pivot_table(index="patient", columns=level, values=column, sort=False, observed=True)
        for column in ("contribution", "value")
        if column in table
    }
    names = list(map(str, wide["contribution"].columns))
    values = wide["value"].to_numpy(dtype=float) if "value" in wide else None
    return names, wide["contribution"].fillna(0.0).to_numpy(dtype=float), values


def _rank(values: Floats) -> Floats:
    """Rank of each value among all, 0 to 1, ties share the mean; 0.5 where all are the same."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    middle = np.cumsum(counts) - (counts - 1) / 2 - 1
    return np.full(len(values), 0.5) if len(counts) < 2 else (middle / (len(values) - 1))[inverse]


def _swarm(x: Floats, height: float = 0.4, bins: int = 60) -> Floats:
    """Heights of points on a line, those at nearly the same place side by side, the same in every run."""
    place = np.floor((x + 1) / 2 * bins).astype(int)
    y = np.zeros(len(x))
    most = int(np.bincount(place - place.min()).max(initial=1)) if len(x) else 1
    step = min(0.09, 2 * height / max(most - 1, 1))
    for one in np.unique(place):
        own = np.flatnonzero(place == one)
        k = np.arange(len(own))
        y[own] = step * np.where(k % 2, (k + 1) // 2, -(k // 2))
    return y


def _explain_colours(ax: Axes, words: Sequence[str]) -> None:
    """Name the colours where the rows are narrowest."""
    shades = LOW_HIGH(np.linspace(0, 1, len(words)))
    dots = [Line2D([], [], color=shade, marker="o", markersize=4, linestyle="") for shade in shades]
    ax.legend(dots, words, loc="lower right", handlelength=0.6, handletextpad=0.4, borderaxespad=0.2)


def _name_rows(ax: Axes, names: Sequence[str]) -> None:
    ax.set_yticks(range(len(names)), labels=list(names))
    ax.set_ylim(max(len(names), 1) - 0.4, -0.6)
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)
    ax.set_axisbelow(True)
