"""The integrin family as a grid of alpha and beta subunits, coloured by abundance or by effect."""

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, LinearSegmentedColormap, Normalize
from matplotlib.patches import Rectangle

from itgstrat.biology import load_catalogue
from itgstrat.biology.records import Heterodimer
from itgstrat.explanation import Explanation
from itgstrat.learned import LinearRisk
from itgstrat.reporting.labels import name_subunits
from itgstrat.reporting.style import BLUE, GREY, INK, PALE, VERMILION, canvas
from itgstrat.reporting.wording import say_number

if TYPE_CHECKING:
    from itgstrat.cohort import Cohort

#: Better to worse through white, so that no effect is no colour.
_EFFECT = LinearSegmentedColormap.from_list("effect", [BLUE, "#FFFFFF", VERMILION])

Kind = Literal["abundance", "effect"]


def measure_abundance(cohort: "Cohort", heterodimers: Sequence[Heterodimer] | None = None) -> dict[str, float]:
    r"""Take the median of the lower subunit over the patients, :math:`\mathrm{median}_i \min(\alpha_i, \beta_i)`.

    Parameters
    ----------
    cohort : Cohort
        Patients; the numbers are in the unit of its expression.
    heterodimers : sequence of Heterodimer, optional
        Those of the catalogue if not given.

    Returns
    -------
    dict of str to float
        Heterodimer -> median; NaN where a subunit was not measured. mRNA of both does not show that the pair forms.

    Raises
    ------
    ValueError
        If the expression holds z-scores or log-ratios, whose median says nothing of abundance.
    """
    if cohort.unit in ("z-score", "log-ratio"):
        raise ValueError(
            f"the expression of {cohort.name!r} is in {cohort.unit}, which is relative to the cohort itself; abundance "
            "needs levels, such as log2 TPM"
        )
    found = {}
    for one in _known(heterodimers):
        measured = {one.alpha, one.beta} <= set(cohort.genes)
        lower = cohort.expression[[one.alpha, one.beta]].min(axis=1, skipna=False) if measured else None
        found[one.id] = np.nan if lower is None else float(lower.median())
    return found


def take_effects(model: LinearRisk, heterodimers: Sequence[Heterodimer] | None = None) -> dict[str, float]:
    """Take the coefficients of the heterodimers out of a model.

    Parameters
    ----------
    model : LinearRisk
        The model.
    heterodimers : sequence of Heterodimer, optional
        Those of the catalogue if not given.

    Returns
    -------
    dict of str to float
        Heterodimer -> coefficient per training SD; those that are no feature of the model are not in it.
    """
    coef = dict(zip(map(str, model.features), map(float, model.coef), strict=True))
    return {one.id: coef[one.id] for one in _known(heterodimers) if one.id in coef}


def list_subunits(heterodimers: Sequence[Heterodimer] | None = None) -> list[str]:
    """List the genes of the subunits, each once.

    Parameters
    ----------
    heterodimers : sequence of Heterodimer, optional
        Those of the catalogue if not given.

    Returns
    -------
    list of str
        Symbols, in the order of the heterodimers.
    """
    return list(dict.fromkeys(gene for one in _known(heterodimers) for gene in (one.alpha, one.beta)))


def sum_effects(explanation: Explanation, heterodimers: Sequence[Heterodimer] | None = None) -> dict[str, float]:
    """Take the effect of the heterodimers out of the contributions to the risk, for any kind of model.

    Parameters
    ----------
    explanation : Explanation
        Of some patients, at no times.
    heterodimers : sequence of Heterodimer, optional
        Those of the catalogue if not given.

    Returns
    -------
    dict of str to float
        Heterodimer -> mean absolute contribution, below 0 where a higher score goes with a lower contribution; plain
        and adjusted scores are summed. Those that are no feature are not in it.
    """
    centred = explanation.values - explanation.values.mean(axis=0)
    sign = np.sign((centred * explanation.contributions).sum(axis=0))
    signed = sign * np.abs(explanation.contributions).mean(axis=0)
    known, found = {one.id for one in _known(heterodimers)}, dict[str, float]()
    for feature, value in zip(explanation.features, signed, strict=True):
        name = feature.removesuffix(":adjusted")
        if name in known:
            found[name] = found.get(name, 0.0) + float(value)
    return found


def plot_heterodimer_map(
    values: Mapping[str, float],
    kind: Kind = "abundance",
    *,
    heterodimers: Sequence[Heterodimer] | None = None,
    unit: str = "",
    title: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Draw the grid of alpha and beta subunits, a cell a heterodimer.

    Parameters
    ----------
    values : mapping of str to float
        Heterodimer -> abundance (from `measure_abundance`), or effect, where 0 is none (from `take_effects`, or logs
        of hazard ratios, or mean contributions).
    kind : {"abundance", "effect"}
        Dark for abundant; or blue for better, vermilion for worse.
    heterodimers : sequence of Heterodimer, optional
        Those of the catalogue if not given.
    unit : str
        What the numbers are, for the title of the colour bar.
    title : str
        Title.
    ax : matplotlib Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib Axes
        The drawing. No cell: the two are not known to pair. A dash: known, and without a number here.

    References
    ----------
    Hynes 2002, doi 10.1016/S0092-8674(02)00971-6

    Examples
    --------
    >>> ax = plot_heterodimer_map({"itg_avb6": 3.2, "itg_a5b1": 6.1})
    >>> [text.get_text() for text in ax.texts if text.get_text() in ("3.2", "6.1")]
    ['6.1', '3.2']
    """
    family = _known(heterodimers)
    alphas, betas = (_order([getattr(one, side) for one in family]) for side in ("alpha", "beta"))
    numbers = {one.id: float(values.get(one.id, np.nan)) for one in family}
    norm = _scale(np.array(list(numbers.values())), kind)
    colours: Colormap = _EFFECT if kind == "effect" else colormaps["cividis_r"]
    with canvas(ax, 3.4, 1.0 + 0.235 * len(alphas)) as ax:
        for one in family:
            _draw_cell(ax, betas.index(one.beta), alphas.index(one.alpha), numbers[one.id], norm, colours, kind)
        greek = name_subunits(family)
        ax.set_xticks(range(len(betas)), labels=[greek[gene] for gene in betas])
        ax.set_yticks(range(len(alphas)), labels=[greek[gene] for gene in alphas])
        ax.set(xlim=(-0.6, len(betas) - 0.4), ylim=(len(alphas) - 0.4, -0.6), title=title)
        ax.tick_params(length=0)
        ax.tick_params(axis="x", labeltop=True, labelbottom=False)
        ax.spines[:].set_visible(False)
        words = unit or (
            "median of the lower subunit" if kind == "abundance" else "effect (blue: better, orange-red: worse)"
        )
        _draw_bar(ax, norm, colours, words)
        ax.set_label(_describe(family, numbers, greek, words))
    return ax


def _known(heterodimers: Sequence[Heterodimer] | None) -> list[Heterodimer]:
    return list(load_catalogue().heterodimers.values() if heterodimers is None else heterodimers)


def _order(genes: Sequence[str]) -> list[str]:
    """Numbered subunits by number, then those with letters."""
    rest = {gene: re.sub(r"^ITG[AB]", "", gene) for gene in genes}
    return sorted(rest, key=lambda gene: (not rest[gene].isdigit(), rest[gene].zfill(4)))


def _scale(values: npt.NDArray[np.float64], kind: Kind) -> Normalize:
    known = values[np.isfinite(values)]
    if kind == "effect":
        far = max(float(np.abs(known).max(initial=0.0)), 1e-9)
        return Normalize(-far, far)
    low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)
    return Normalize(low, high if high > low else low + 1.0)


def _draw_cell(ax: Axes, x: int, y: int, value: float, norm: Normalize, colours: Colormap, kind: Kind) -> None:
    known = np.isfinite(value)
    colour = colours(float(norm(value))) if known else "#FFFFFF"
    ax.add_patch(Rectangle((x - 0.46, y - 0.46), 0.92, 0.92, facecolor=colour, edgecolor=GREY if known else PALE))
    dark = known and float(np.dot(colour[:3], (0.2126, 0.7152, 0.0722))) < 0.5
    text = say_number(value, 2, signed=True) if kind == "effect" else say_number(value, 1)
    ax.text(x, y, text, ha="center", va="center", fontsize=6.5, color="#FFFFFF" if dark else INK)


def _draw_bar(ax: Axes, norm: Normalize, colours: Colormap, words: str) -> None:
    """A colour bar within the axes' own figure space, so that `ax` may be one of many panels."""
    bar = ax.inset_axes((0.1, -0.07, 0.8, 0.022), label="<colorbar>")
    low, high = float(norm.vmin or 0.0), float(norm.vmax or 0.0)
    # rectangles, for an image would be a bitmap that the reports' own policy does not load
    edges = np.linspace(low, high, 49)
    middles = (edges[:-1] + edges[1:]) / 2
    shades = colours((middles - low) / (high - low))
    bar.bar(edges[:-1], 1.0, np.diff(edges), align="edge", color=shades, edgecolor=shades, linewidth=0.6)
    bar.set(xlim=(low, high), ylim=(0, 1))
    bar.set_yticks([])
    bar.locator_params(axis="x", nbins=5)
    bar.tick_params(labelsize=8, length=2)
    bar.set_xlabel(words, fontsize=8)
    bar.spines[:].set_visible(False)


def _describe(family: Sequence[Heterodimer], numbers: Mapping[str, float], greek: Mapping[str, str], words: str) -> str:
    known = sorted((one for one in family if np.isfinite(numbers[one.id])), key=lambda one: -numbers[one.id])
    told = "; ".join(f"{greek[one.alpha]}{greek[one.beta]} {numbers[one.id]:.2f}" for one in known)
    without = len(family) - len(known)
    return f"Heterodimers, {words}: {told or 'none measured'}" + (f"; {without} without a number" if without else "")
