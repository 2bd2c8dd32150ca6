"""The reports: one HTML file each, that opens from disk, prints, and needs no network."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from itgstrat.cohort import Cohort
from itgstrat.config import RunConfig
from itgstrat.learned import ModelBundle
from itgstrat.prediction import Prediction
from itgstrat.reporting.agents import describe_agents
from itgstrat.reporting.characteristics import tabulate_characteristics
from itgstrat.reporting.checklists import fill_checklists
from itgstrat.reporting.frame import render
from itgstrat.reporting.methods import CAVEATS, INTENDED_USE, OUT_OF_SCOPE, STATEMENT, describe_methods
from itgstrat.reporting.parts import Table
from itgstrat.reporting.patients import MOST_PATIENTS, describe_patients, name_told
from itgstrat.reporting.performance import say_performance, tabulate_performance
from itgstrat.reporting.wording import say_odds, say_risk_unit, say_share

if TYPE_CHECKING:
    from itgstrat.evaluation.compare import Evaluation
    from itgstrat.evaluation.drivers import Drivers

Floats = npt.NDArray[np.float64]

#: Rows from which a table that repeats what stands on the patients' pages is folded.
LONG = 12


def training_report(
    config: RunConfig,
    evaluation: "Evaluation",
    bundle: ModelBundle,
    cohorts: Sequence[Cohort],
    drivers: "Drivers",
    left_out: Mapping[str, str] | None = None,
    hashes: Mapping[str, str] | None = None,
) -> str:
    """Write the report of a training run; the finding comes first.

    Parameters
    ----------
    config : RunConfig
        The run.
    evaluation : Evaluation
        How good the model is, beside its baselines.
    bundle : ModelBundle
        The model, trained on all training patients.
    cohorts : sequence of Cohort
        Training cohorts, then external ones.
    drivers : Drivers
        What drives the model.
    left_out : mapping of str to str, optional
        Signatures and covariates that could not be used -> why.
    hashes : mapping of str to str, optional
        Model and files read -> SHA-256.

    Returns
    -------
    str
        A whole HTML page; the same run gives the same bytes.
    """
    # these bring matplotlib and scikit-survival, which a prediction does without
    from itgstrat.reporting import closer, comparisons, sections

    everyone, *by_stratum = tabulate_characteristics(cohorts, evaluation, config.strata.labels)
    return render(
        "training.html.j2",
        **sections.describe_run(config, evaluation, bundle, cohorts, drivers, left_out, hashes),
        statement=STATEMENT,
        intended=INTENDED_USE,
        out_of_scope=OUT_OF_SCOPE,
        caveats=CAVEATS,
        flow=sections.tabulate_flow(config, cohorts),
        characteristics=[everyone, *map(sections.fold_groups, by_stratum)],
        common_genes=len(bundle.recipe.genes) if len(config.cohorts) > 1 else None,
        summary=sections.tabulate_summary(evaluation),
        comparisons=comparisons.describe_comparisons(evaluation.comparisons, config.strata.labels),
        forest=sections.draw_forest(evaluation.closer),
        closer=closer.tabulate_closer_look(evaluation.closer),
        quality=sections.tabulate_quality(config, cohorts, left_out or {}),
        horizons=sections.tabulate_horizons(bundle),
        strata=sections.tabulate_strata(bundle),
        uncertainty=sections.tell_uncertainty(bundle),
        methods=describe_methods(config, bundle, evaluation),
        checklists=fill_checklists(config, evaluation, bundle, cohorts, left_out or {}),
    )


def prediction_report(prediction: Prediction, bundle: ModelBundle) -> str:
    """Write the report of a prediction on new patients; needs neither matplotlib nor a fitting library.

    Parameters
    ----------
    prediction : Prediction
        What the model says of them.
    bundle : ModelBundle
        The model.

    Returns
    -------
    str
        A whole HTML page; the first 500 patients are shown one by one.
    """
    caption = "Stratum, risk and predicted survival"
    if "risk_low" in prediction.table:
        caption += ", with the range of the risk over models refitted to bootstrap samples of the training patients"
    if (bound := bundle.lower_bound) is not None:
        odds = say_odds(bound.level)
        caption += f"; {odds} outlive: the time that {odds} such patients live longer than, ≥ where it lies later than"
        caption += " could be calibrated"
    return render(
        "prediction.html.j2",
        **describe_prediction(prediction, bundle),
        statement=STATEMENT,
        axis="risk",
        unit=f"{say_risk_unit(bundle.survival_model)}; higher is worse",
        caption=caption,
        intended=INTENDED_USE,
        out_of_scope=OUT_OF_SCOPE,
    )


def describe_prediction(prediction: Prediction, bundle: ModelBundle) -> dict[str, Any]:
    """Give what the report of any prediction shows, whatever the model tells.

    Parameters
    ----------
    prediction : Prediction
        What the model says.
    bundle : ModelBundle
        The model.

    Returns
    -------
    dict
        Variables of ``prediction.html.j2``.
    """
    table = prediction.table
    labels = [str(label) for label in bundle.strata.labels]
    counts = table["stratum"].value_counts()
    shown = [*labels, *sorted(set(map(str, counts.index)) - set(labels))]
    reasons = table.loc[table["out_of_distribution"], "why"]
    ranked = table["log_odds" if "log_odds" in table else "risk"].to_numpy(dtype=float)
    return {
        "model": prediction.model_name,
        "finding": str(bundle.info.get("finding", "")),
        "calibration": say_performance(bundle.info, prediction.reference),
        "performance": tabulate_performance(bundle.info, prediction.reference),
        "notes": prediction.notes,
        "reference": prediction.reference,
        "marked": f" (reference: {prediction.reference})" if prediction.reference == "cohort" else "",
        "total": len(table),
        "counts": [(label, int(counts.get(label, 0)), say_share(counts.get(label, 0) / len(table))) for label in shown],
        "unlike": len(reasons),
        "coverage": _say_range(table["coverage"]),
        "told": name_told(prediction, bundle),
        "patients": describe_patients(prediction, bundle),
        "similar": bool(bundle.info.get("strata_survival")),
        "reasons": _tabulate_reasons(prediction),
        "most": MOST_PATIENTS,
        "agents": describe_agents(prediction.agents, bundle.agents, labels, MOST_PATIENTS),
        "strip": _place_on_strip(ranked, bundle.strata.cuts, labels),
        "labels": labels,
        "explained": not prediction.explanations.empty,
        "trained_on": dict(bundle.info.get("cohorts", {})),
        "versions": dict(bundle.info.get("versions", {})),
        "caveats": CAVEATS,
    }


def _say_range(values: "pd.Series[float]") -> str:
    low, high = say_share(float(values.min())), say_share(float(values.max()))
    return low if low == high else f"{low} to {high}"


def _tabulate_reasons(prediction: Prediction) -> Table:
    flagged = prediction.table.head(MOST_PATIENTS)
    flagged = flagged[flagged["out_of_distribution"].to_numpy(dtype=bool)]
    rows = tuple((str(name), str(why)) for name, why in zip(flagged["patient"], flagged["why"], strict=True))
    summary = f"Why each of {len(rows)} is flagged" if len(rows) > LONG else ""
    return Table("Why each of them is flagged", ("Patient", "Why"), rows, words=(1,), summary=summary)


@dataclass(frozen=True)
class RiskStrip:
    """All risks, or log odds, on one axis, in units of its drawing (600 wide).

    Parameters
    ----------
    patients : tuple of float
        Place of each patient.
    cuts : tuple of (float, str)
        Place and value of each cut-point between strata.
    names : tuple of (float, str)
        Place and name of each stratum, in the middle of its range.
    """

    patients: tuple[float, ...]
    cuts: tuple[tuple[float, str], ...]
    names: tuple[tuple[float, str], ...]


def _place_on_strip(risk: Floats, cuts: Floats, labels: Sequence[str]) -> RiskStrip:
    known = risk[~np.isnan(risk)]
    every = np.concatenate([known, cuts])
    # a tenth of the width, at least, for each outer stratum, so that its name has room
    margin = max(0.1 * float(every.max() - every.min()), 0.1)
    low, high = float(every.min()) - margin, float(every.max()) + margin

    def place(value: float) -> float:
        return round(600 * (value - low) / (high - low), 1)

    edges = [low, *map(float, cuts), high]
    middles = [(left + right) / 2 for left, right in pairwise(edges)]
    return RiskStrip(
        patients=tuple(place(value) for value in known.tolist()),
        cuts=tuple((place(cut), f"{cut:+.2f}") for cut in cuts.tolist()),
        # not so near to an edge that a name is cut off
        names=tuple((min(max(place(middle), 65), 535), label) for middle, label in zip(middles, labels, strict=True)),
    )
