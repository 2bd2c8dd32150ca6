"""What drives the model, as the training report tells it: contributions, importance, dependence, heterodimers."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from itgstrat.cohort import Cohort, concat_cohorts
from itgstrat.config import RunConfig
from itgstrat.evaluation.drivers import Drivers, Level
from itgstrat.learned import AcceleratedModel, LinearRisk, ModelBundle
from itgstrat.learned.response import LogisticModel
from itgstrat.reporting.comparisons import draw_part
from itgstrat.reporting.contribution_figures import MOST_POINTS, plot_beeswarm, plot_drivers
from itgstrat.reporting.dependence_figure import plot_partial_dependence
from itgstrat.reporting.heterodimer_figure import list_subunits, measure_abundance, plot_heterodimer_map, sum_effects
from itgstrat.reporting.interval_figures import plot_importance
from itgstrat.reporting.parts import FigurePart, Table
from itgstrat.reporting.style import new_axes
from itgstrat.reporting.svg import describe
from itgstrat.reporting.wording import NOTHING, count, say_number, title_feature

#: Features in the table, and rows of the figures; drivers.tsv holds all of them.
MOST_LISTED, MOST_DRAWN, MOST_SWARMS = 40, 20, 12


@dataclass(frozen=True)
class DriversPart:
    """What drives the model, as the report shows it.

    Parameters
    ----------
    words : tuple of str
        Paragraphs.
    figures : tuple of FigurePart
        Figures.
    tables : tuple of Table
        Features by strength; coefficients, where there are any.
    """

    words: tuple[str, ...]
    figures: tuple[FigurePart, ...]
    tables: tuple[Table, ...]


def describe_drivers(
    config: RunConfig, drivers: Drivers, bundle: ModelBundle, cohorts: Sequence[Cohort]
) -> DriversPart:
    """Lay out what drives a model.

    Parameters
    ----------
    config : RunConfig
        Tells training from external cohorts.
    drivers : Drivers
        From training.
    bundle : ModelBundle
        The model.
    cohorts : sequence of Cohort
        Training cohorts, then external ones.

    Returns
    -------
    DriversPart
        For any kind of model.
    """
    coefficients = tabulate_coefficients(bundle)
    training = {item.name for item in config.cohorts}
    own = [cohort for cohort in cohorts if cohort.name in training] or list(cohorts[:1])
    return DriversPart(
        words=tuple(_say(drivers)),
        figures=(
            *_draw_contributions(drivers),
            *_draw_importance(drivers),
            *_draw_dependence(drivers),
            *_map(drivers, own),
        ),
        tables=(_tabulate(drivers), *([coefficients] if coefficients else [])),
    )


def _say(drivers: Drivers) -> Iterator[str]:
    told, shown = drivers.explanation, len(drivers.explanation.patients)
    who = "all" if shown == drivers.n_patients else f"{shown:,} (drawn at random) of"
    what = "; ".join(dict.fromkeys([told.explains, told.unit]))
    yield (
        f"What the model says of a patient ({what}) is a base and the sum of what each feature "
        f"adds to it ({told.method}). Shown for {who} {count(drivers.n_patients, 'training patient')}, by the model "
        "trained on them: it tells what the model uses, not whether that holds for other patients, and nothing of what "
        "would happen if the biology were changed."
    )
    if np.isfinite(drivers.kendall):
        yield (
            f"How steady that is: trained anew in {drivers.n_folds} folds, each model explained the patients that it "
            "had not seen. Between two of them Kendall's tau-b of the order of the features is "
            f"{drivers.kendall:.2f} (1: the same order, 0: no agreement), and {drivers.jaccard:.0%} of the features "
            "among the ten strongest of either are so in both (medians over pairs)."
        )
    yield from (f"Not told: {why}." for why in drivers.untold)


def _axes(rows: int, height: float = 0.25) -> Axes:
    """Axes of half a page with room for some rows, names included, so that letters are as large in all figures."""
    return new_axes(5.4, 0.9 + height * min(max(rows, 2), MOST_DRAWN))


def _draw_contributions(drivers: Drivers) -> Iterator[FigurePart]:
    told = drivers.explanation
    if drivers.of("feature").empty:
        return
    n_patients = len(told.patients)
    who = (
        "A point a patient" if n_patients <= MOST_POINTS else f"{MOST_POINTS} of {n_patients:,} patients, a point each"
    )
    ax = plot_beeswarm(told, top=MOST_SWARMS, ax=_axes(MOST_SWARMS, 0.34))
    caption = f"Contributions to the {told.explains}, by feature. {who}; colour: low to high value among the patients."
    yield draw_part(ax, "drivers-features", describe(ax), caption)
    beside = {
        "system": "by biological system; a system holds all forms of its signature.",
        "gene": "by gene, summed over all signatures that hold it; clinical variables keep theirs.",
    }
    levels: tuple[Level, ...] = ("system", "gene")
    for level in levels:
        ranked = drivers.of(level).rename(columns={"name": "feature"})
        ax = plot_drivers(ranked, top=MOST_DRAWN, ax=_axes(len(ranked)))
        caption = (
            f"Mean absolute contribution to the {told.explains}, {beside[level]} Lines: 95% over resampled "
            "patients, the model held fixed."
        )
        if len(ranked) > MOST_DRAWN:
            caption += f" The {MOST_DRAWN} strongest of {len(ranked):,}."
        yield draw_part(ax, f"drivers-{level}s", describe(ax), caption)


def _draw_importance(drivers: Drivers) -> Iterator[FigurePart]:
    words = {"feature": "a feature", "system": "all features of a system"}
    drawn: list[npt.NDArray[np.float64]] = []
    for level, whole in drivers.importance.items():
        needed = whole.drops.any(axis=1)
        # where every system is one feature the second figure would be the first again
        if not needed.any() or any(np.array_equal(whole.drops, other) for other in drawn):
            continue
        drawn.append(whole.drops)
        found = replace(whole, names=whole.names[needed], drops=whole.drops[needed])
        ax = plot_importance(found, top=MOST_DRAWN, ax=_axes(len(found.names)))
        caption = (
            f"Out of fold: how much {found.measure} ({found.concordance:.3f} with everything in place) is lost in the "
            f"patients left out when the values of {words[level]} are dealt out anew among them. Lines: range over "
            f"{count(found.drops.shape[1], 'repeat')} in {drivers.n_folds} folds (95% of them). At 0 the "
            "model does as well without."
        )
        yield draw_part(ax, f"importance-{level}s", describe(ax), caption)


def _draw_dependence(drivers: Drivers) -> Iterator[FigurePart]:
    words = {
        "partial": "Partial dependence: mean prediction with the strongest feature set to each value in every patient",
        "accumulated": "Accumulated local effects: the same, counting only changes near each patient's own value, "
        "which correlated features do not mislead",
    }
    for one in drivers.dependence:
        ax = plot_partial_dependence(one)
        caption = f"{words[one.kind]}. Ticks: deciles of the training patients."
        yield draw_part(ax, f"dependence-{one.kind}", describe(ax), caption)


def _map(drivers: Drivers, cohorts: Sequence[Cohort]) -> Iterator[FigurePart]:
    """Abundance where expression tells levels, and what the model makes of the pairs."""
    subunits = list_subunits()
    measured = [one.keep_genes(subunits) for one in cohorts if one.unit == "log2" and one.genes.isin(subunits).any()]
    if measured and len(measured) == len(cohorts):
        ax = plot_heterodimer_map(
            measure_abundance(concat_cohorts(measured)), unit="median of the lower subunit (log2)"
        )
        caption = (
            "Heterodimers in the training patients: median of the less abundant subunit's mRNA. It does not show that "
            "the pair forms. No cell: not known to pair; dash: not measured."
        )
        yield draw_part(ax, "heterodimers-abundance", describe(ax), caption)
    effects = sum_effects(drivers.explanation)
    if any(effects.values()):
        what = drivers.explanation.explains
        ax = plot_heterodimer_map(effects, "effect", unit=f"contribution to the {what}")
        caption = (
            f"What the model makes of the heterodimers: mean absolute contribution to the {what}, above 0 (orange-red) "
            "where a higher score adds to it, below 0 (blue) where it takes away. Dash: no feature that the model uses."
        )
        yield draw_part(ax, "heterodimers-effect", describe(ax), caption)


def _tabulate(drivers: Drivers) -> Table:
    table = drivers.tabulate()
    table = table[(table["level"] == "feature") & (table["mean_absolute"] > 0)]
    rows = []
    for row in table.head(MOST_LISTED).to_dict("records"):
        loss = "{} ({} to {})".format(
            *(say_number(float(row[name]), 3, signed=True) for name in ("loss", "loss_range_low", "loss_range_high"))
        )
        rows.append(
            (
                title_feature(str(row["name"])),
                str(row["name"]),
                f"{row['mean_absolute']:.3f} ({row['lower']:.3f} to {row['upper']:.3f})",
                {1.0: "adds", -1.0: "takes away"}.get(float(row["direction"]), NOTHING),
                f"{row['rank']:.0f}",
                loss if np.isfinite(row["loss"]) else NOTHING,
            )
        )
    measure = next((found.measure for found in drivers.importance.values()), "concordance")
    columns = (
        "Feature", "Name in files", "Mean absolute contribution", "A higher value", "Rank",
        f"Loss of {measure} (range over folds and repeats)",
    )  # fmt: skip
    shown = f"The {MOST_LISTED} strongest of {len(table):,} features" if len(table) > MOST_LISTED else "Every feature"
    caption = (
        f"{shown} that the model uses; 95% intervals over resampled patients, the model held fixed. Loss: out of fold, "
        "where the values are dealt out anew; range over folds and repeats (95% of them), not a confidence interval. "
        "drivers.tsv holds all, by feature, gene and system"
    )
    summary = f"{shown} that the model uses" + (f"; the strongest: {rows[0][0]}, {rows[0][2]}" if rows else "")
    return Table(caption, columns, tuple(rows), words=(1, 3), summary=summary)


def tabulate_coefficients(bundle: ModelBundle) -> Table | None:
    """Lay out every coefficient that is not 0, the largest first.

    Parameters
    ----------
    bundle : ModelBundle
        The model.

    Returns
    -------
    Table or None
        Coefficient and hazard ratio per SD, of an accelerated failure time model the ratio of median times, of a label
        the odds ratio; for covariates per unit, too. None where nothing is a weighted sum of features.
    """
    model: object = bundle.trained_model
    if not isinstance(model, LinearRisk):
        return None
    is_label, recipe = isinstance(model, LogisticModel), bundle.recipe
    folded: LinearRisk = model.fold() if isinstance(model, LogisticModel) else model
    ratio, sign = ("Time ratio", -1.0) if isinstance(model, AcceleratedModel) else ("Hazard ratio", 1.0)
    ratio = "Odds ratio" if is_label else ratio
    per_unit = dict(zip(recipe.names[len(recipe.signatures) :], recipe.covariate_sd, strict=True))
    rows = []
    for i in np.argsort(-np.abs(folded.coef), kind="stable"):
        name, coef = str(folded.features[i]), float(folded.coef[i])
        if not coef:
            continue
        sd = float(per_unit.get(name, 0.0))
        unit = f"{np.exp(sign * coef / sd):.3f}" if sd > 0 else NOTHING
        rows.append((title_feature(name), name, f"{coef:+.4f}", f"{np.exp(sign * coef):.3f}", unit))
    columns = ("Feature", "Name in files", "Coefficient per SD", f"{ratio} per SD", f"{ratio} per unit")
    above = "above 0: the label is likelier" if is_label else "above 0 is worse"
    summary = f"{len(rows)} of {len(folded.coef)} features have a coefficient other than 0"
    caption = (
        f"{summary}; {above}. Penalised "
        "coefficients are shrunken and have no valid interval; the unit of a covariate is its own, of a category its "
        "presence"
    )
    return Table(caption, columns, tuple(rows), words=(1,), summary=summary)
