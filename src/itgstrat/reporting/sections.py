"""The sections of a training report: records turned into tables and figures that the template lays out."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import yaml

from itgstrat.cohort import Cohort
from itgstrat.config import RunConfig
from itgstrat.errors import name_some
from itgstrat.evaluation.drivers import Drivers
from itgstrat.evaluation.quality import assess_signatures
from itgstrat.learned import LinearRisk, ModelBundle, ProportionalHazards
from itgstrat.learned.response import ResponseModel
from itgstrat.reporting.comparisons import draw_part
from itgstrat.reporting.curves import median_follow_up
from itgstrat.reporting.drivers import describe_drivers
from itgstrat.reporting.interval_figures import plot_forest
from itgstrat.reporting.parts import FigurePart, Table
from itgstrat.reporting.svg import describe
from itgstrat.reporting.wording import (
    NOTHING,
    count,
    join_words,
    name_comparison,
    say_interval,
    say_months,
    say_number,
    say_odds,
    say_p,
    say_risk_unit,
    say_share,
    say_time,
    say_years,
    title_feature,
)

if TYPE_CHECKING:
    from itgstrat.evaluation.closer import CloserLook
    from itgstrat.evaluation.compare import Evaluation
    from itgstrat.evaluation.prognosis import Effect
    from itgstrat.evaluation.response_table import ResponseEvaluation
    from itgstrat.evaluation.separation import HazardRatio


def describe_run(
    config: RunConfig,
    evaluation: "Evaluation | ResponseEvaluation",
    bundle: ModelBundle,
    cohorts: Sequence[Cohort],
    drivers: Drivers,
    left_out: Mapping[str, str] | None,
    hashes: Mapping[str, str] | None,
) -> dict[str, Any]:
    """Give what the report of any training run shows in the same place, whatever the model learns.

    Parameters
    ----------
    config : RunConfig
        The run.
    evaluation : Evaluation or ResponseEvaluation
        Its finding and notes.
    bundle : ModelBundle
        The model.
    cohorts : sequence of Cohort
        Training cohorts, then external ones.
    drivers : Drivers
        What drives the model.
    left_out : mapping of str to str or None
        Signatures and covariates that could not be used -> why.
    hashes : mapping of str to str or None
        Model and files read -> SHA-256.

    Returns
    -------
    dict
        Variables of ``run.html.j2``.
    """
    verdict, _, evidence = evaluation.finding.partition(": ")
    return {
        "name": config.name,
        "finding": evaluation.finding,
        "verdict": verdict,
        "evidence": evidence,
        "notes": evaluation.notes,
        "driven": drivers.explanation.explains,
        "drivers": describe_drivers(config, drivers, bundle, cohorts),
        "dropped": tabulate_dropped(cohorts),
        "left_out": tabulate_left_out(left_out or {}),
        "versions": dict(bundle.info.get("versions", {})),
        "seed": config.seed,
        "hashes": Table("What was made and read", ("", "SHA-256"), tuple((hashes or {}).items()), words=(1,)),
        "config": yaml.safe_dump(config.model_dump(mode="json", by_alias=True), sort_keys=False, allow_unicode=True),
    }


def tabulate_flow(config: RunConfig, cohorts: Sequence[Cohort]) -> Table:
    """Lay out who came in: patients, events, follow-up, genes and unit of each cohort.

    Parameters
    ----------
    config : RunConfig
        Tells training from external cohorts.
    cohorts : sequence of Cohort
        Training cohorts, then external ones.

    Returns
    -------
    Table
        One row a cohort.
    """
    training = {item.name for item in config.cohorts}
    columns = ("Cohort", "Used for", "Patients", "Events", "Median follow-up (years)", "Genes", "Unit")
    rows = tuple(_flow_row(cohort, "training" if cohort.name in training else "external") for cohort in cohorts)
    return Table("Patients of each cohort; follow-up by reverse Kaplan-Meier", columns, rows, words=(1, 6))


def _flow_row(cohort: Cohort, use: str) -> tuple[str, ...]:
    outcome = cohort.outcome
    events, follow_up = NOTHING, NOTHING
    if outcome is not None:
        events = f"{outcome.n_events} ({say_share(outcome.n_events / max(len(outcome), 1))})"
        follow_up = say_years(median_follow_up(outcome.event, outcome.time_days))
    return (cohort.name, use, f"{len(cohort):,}", events, follow_up, f"{len(cohort.genes):,}", cohort.unit)


def tabulate_dropped(cohorts: Sequence[Cohort]) -> Table | None:
    """Lay out what was in the files and is not in the cohorts, and why.

    Parameters
    ----------
    cohorts : sequence of Cohort
        All cohorts.

    Returns
    -------
    Table or None
        One row a reason; None where nothing was dropped.
    """
    rows = tuple(
        (item.cohort or cohort.name, count(len(item.names), item.what), item.reason, name_some(item.names))
        for cohort in cohorts
        for item in cohort.dropped
    )
    columns = ("Cohort", "Dropped", "Why", "Which (the first five)")
    lost = Counter[str]()
    for item in (one for cohort in cohorts for one in cohort.dropped):
        lost[item.what] += len(item.names)
    caption, told = "What was dropped, and why", join_words([count(number, what) for what, number in lost.items()])
    return Table(caption, columns, rows, words=(1, 2, 3), summary=f"{caption}: {told}") if rows else None


def fold_groups(table: Table) -> Table:
    """Fold a table of groups of patients under their sizes, which are its first row."""
    sizes = [f"{number} {name}" for name, number in zip(table.columns[1:], table.rows[0][1:], strict=True)]
    return replace(table, summary=f"{table.caption.partition(':')[0]}: {join_words(sizes)}")


def tabulate_summary(evaluation: "Evaluation") -> Table:
    """Lay out all comparisons, one line each.

    Parameters
    ----------
    evaluation : Evaluation
        The comparisons.

    Returns
    -------
    Table
        The model's concordance, its increment over clinical variables, and random genes.
    """
    columns = (
        "Judged on",
        "Patients (events)",
        "Concordance",
        "Against clinical only",
        "Random genes",
        "Brier score against Kaplan-Meier",
    )
    rows = []
    for item in evaluation.comparisons:
        model, clinical, blind = item.row("model"), item.difference("clinical"), item.difference("kaplan_meier")
        random = f"{item.random.median:.3f}, {say_p(item.random.p_value)}" if item.random else NOTHING
        rows.append(
            (
                name_comparison(item),
                f"{item.n_patients:,} ({item.n_events:,})",
                say_interval(model.harrell if model else None),
                say_interval(clinical.harrell if clinical else None, signed=True),
                random,
                say_interval(blind.brier if blind else None, signed=True),
            )
        )
    caption = (
        "The model in every comparison: Harrell's concordance, its difference from clinical variables alone, the "
        "median of random genes and how often (p) they do as well, and the difference in integrated Brier score "
        "from Kaplan-Meier, which looks at no patient (above 0: worse than that); 95% intervals"
    )
    return Table(caption, columns, tuple(rows))


def draw_forest(closer: "CloserLook | None") -> FigurePart | None:
    """Draw the hazard ratios of the out-of-fold strata and risk, and of the clinical variables beside it.

    Parameters
    ----------
    closer : CloserLook or None
        From the evaluation.

    Returns
    -------
    FigurePart or None
        None where no hazard ratio could be had.
    """
    if closer is None:
        return None
    rows: list[tuple[str, Effect | HazardRatio]] = []
    if closer.separation:
        rows += [(f"{one.stratum} over {one.against}", one) for one in closer.separation.ratios]
    if found := closer.prognosis:
        rows += [(f"{found.alone.name}, alone", found.alone)] if found.alone else []
        rows += [(f"{one.name}, adjusted", one) for one in found.adjusted]
    known = {name: (one.ratio, one.low, one.high) for name, one in rows if np.isfinite(one.high)}
    if not known:
        return None
    table = pd.DataFrame.from_dict(known, orient="index", columns=["hazard_ratio", "low", "high"])
    caption = "Hazard ratios with 95% intervals, out of fold: strata of risk, the risk alone, and all in one model."
    ax = plot_forest(table)
    return draw_part(ax, "forest", describe(ax), caption)


def tabulate_left_out(left_out: Mapping[str, str]) -> Table | None:
    """Lay out the signatures and covariates that training could not use; None where there are none."""
    rows = tuple((title_feature(name), name, why) for name, why in left_out.items())
    columns = ("Left out", "Name in files", "Why")
    return Table("Asked for, and not in the model", columns, rows, words=(1, 2)) if rows else None


def tabulate_quality(config: RunConfig, cohorts: Sequence[Cohort], left_out: Mapping[str, str]) -> Table | None:
    """Lay out how fit the signatures of the model are for the training cohorts.

    Parameters
    ----------
    config : RunConfig
        Tells training from external cohorts, and which signatures were asked for.
    cohorts : sequence of Cohort
        Training cohorts, then external ones.
    left_out : mapping of str to str
        Signatures that could not be used.

    Returns
    -------
    Table or None
        One row a signature, averaged over the training cohorts; None where there is none.
    """
    chosen = [one for one in config.features.select() if one.id not in left_out]
    training = {item.name for item in config.cohorts}
    patients = [cohort for cohort in cohorts if cohort.name in training]
    if not chosen or not patients:
        return None
    rows = tuple(
        (
            one.title,
            one.signature,
            f"{one.n_measured} of {one.n_genes}",
            *(say_number(value, 2) for value in (one.level, one.coherence, one.agreement)),
            say_number(one.proliferation, 2, signed=True),
            "; ".join(one.warnings) or NOTHING,
        )
        for one in assess_signatures(patients, chosen).signatures
    )
    columns = (
        "Signature",
        "Name in files",
        "Genes measured",
        "Level",
        "Its genes together",
        "Methods agree",
        "With proliferation",
        "Warnings",
    )
    caption = (
        "Within each training cohort, averaged. Level: where its genes stand among all, 0 lowest, 1 highest (not of "
        "log-ratios). Its genes together: their median correlation. Methods agree: the lowest correlation between "
        "singscore, ssGSEA and z-score (sets only). With proliferation: correlation of the scores. Correlations are "
        "Spearman's; a dash where it does not apply"
    )
    warned = sum(row[-1] != NOTHING for row in rows)
    summary = f"{count(len(rows), 'signature')}, {warned} with a warning"
    return Table(caption, columns, rows, words=(1, 7), summary=summary)


def tabulate_horizons(bundle: ModelBundle) -> Table:
    """Lay out survival at the horizons for a patient whose features are all at the training mean.

    Parameters
    ----------
    bundle : ModelBundle
        The model.

    Returns
    -------
    Table
        One row a baseline: each training cohort, where the model keeps them apart, and the pooled one.
    """
    model = bundle.survival_model
    average = model.center if isinstance(model, LinearRisk) else np.zeros(len(model.features))
    baselines = [("pooled", model.followed_until_days)]
    if isinstance(model, ProportionalHazards):
        baselines = list(zip([*map(str, model.strata), "pooled"], map(float, model.followed_days), strict=True))
    columns = (
        "Baseline",
        *(f"at {say_time(days)}" for days in bundle.horizons_days),
        "Longest follow-up (years)",
    )
    rows = []
    for row, (name, followed) in enumerate(baselines):
        stratum = np.array([name if row < len(baselines) - 1 else ""])
        survival = model.survival(average[None], bundle.horizons_days, stratum)[0]
        told = np.where(np.isin(bundle.horizons_days, bundle.unjudged_days), np.nan, survival)
        rows.append((name, *(say_share(float(value)) for value in told), say_years(followed)))
    caption = (
        "Predicted survival of a patient whose features are all at the training mean; a dash where training was not "
        "followed so long, or too few were for it to be judged: predictions do not tell it either"
    )
    return Table(caption, columns, tuple(rows))


def tabulate_strata(bundle: ModelBundle) -> Table:
    """Lay out the cut-points between the strata, of risk or of the log odds of a label."""
    cuts = [f"{cut:+.3f}" for cut in bundle.strata.cuts]
    rows = tuple(
        (str(label), low, high)
        for label, low, high in zip(bundle.strata.labels, [NOTHING, *cuts], [*cuts, NOTHING], strict=True)
    )
    model = bundle.model
    if isinstance(model, ResponseModel):
        what = f"log odds of the label ({model.label})"
    else:
        what = f"risk ({say_risk_unit(model)})"
    return Table(f"Strata of {what}", ("Stratum", "From", "Below"), rows)


def tell_uncertainty(bundle: ModelBundle) -> list[str]:
    """Say how sure single predictions are, and what could not be learned of that.

    Parameters
    ----------
    bundle : ModelBundle
        The model; ``untold`` in its info says why something is missing.

    Returns
    -------
    list of str
        A line each on the lower bound of survival and on the interval of the risk; none where neither was asked for.
    """
    lines, untold = [], dict(bundle.info.get("untold", {}))
    if (bound := bundle.lower_bound) is not None:
        lines.append(
            f"Lower bound of survival: {say_odds(bound.level)} patients are to outlive theirs. It is where predicted "
            f"survival falls to {bound.survival:.1%} (were the model right: {bound.level:.1%}), which was calibrated "
            f"on {count(bound.n_patients, 'training patient')} left out in turn ({count(bound.n_events, 'event')}). No "
            f"bound is above {say_months(float(bound.times_days[-1]))}, beyond which too few were followed."
        )
    if bundle.spread is not None:
        lines.append(
            f"Interval of the risk: 95% over the model fitted anew to {len(bundle.spread.coef)} bootstrap samples of "
            "the training patients."
        )
    named = {"lower_bound": "No lower bound of survival", "spread": "No interval of the risk"}
    return [*lines, *(f"{named.get(key, key)}: {why}." for key, why in untold.items())]
