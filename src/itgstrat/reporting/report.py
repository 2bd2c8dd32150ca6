"""The reports: one HTML file each, that opens from disk, prints, and needs neither network nor script."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import jinja2
import numpy as np
import numpy.typing as npt
import pandas as pd
import yaml

from itgstrat.cohort import Cohort
from itgstrat.config import RunConfig
from itgstrat.learned import LinearRisk, ModelBundle
from itgstrat.prediction import Prediction
from itgstrat.reporting.agents import describe_agents
from itgstrat.reporting.methods import CAVEATS, INTENDED_USE, OUT_OF_SCOPE, STATEMENT, describe_methods
from itgstrat.reporting.parts import Table
from itgstrat.reporting.wording import NOTHING, say_number, say_risk_unit, say_share, say_time, title_feature

if TYPE_CHECKING:
    from itgstrat.evaluation.compare import Evaluation

Floats = npt.NDArray[np.float64]

#: Patients that a prediction report shows; predictions.tsv holds all of them.
MOST_PATIENTS = 500

#: Contributions told of each patient; explanations.tsv holds all of them.
MOST_CONTRIBUTIONS = 5


@cache
def templates() -> jinja2.Environment:
    """Templates of this package; whatever is not Markup is escaped."""
    return jinja2.Environment(
        loader=jinja2.PackageLoader("itgstrat.reporting"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def training_report(
    config: RunConfig,
    evaluation: "Evaluation",
    bundle: ModelBundle,
    cohorts: Sequence[Cohort],
    left_out: Mapping[str, str] | None = None,
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
    left_out : mapping of str to str, optional
        Signatures and covariates that could not be used -> why.

    Returns
    -------
    str
        A whole HTML page; the same run gives the same bytes.
    """
    # these bring matplotlib and scikit-survival, which a prediction does without
    from itgstrat.reporting import closer, comparisons, sections

    verdict, _, evidence = evaluation.finding.partition(": ")
    template = templates().get_template("training.html.j2")
    return template.render(
        name=config.name,
        finding=evaluation.finding,
        verdict=verdict,
        evidence=evidence,
        statement=STATEMENT,
        notes=evaluation.notes,
        flow=sections.tabulate_flow(config, cohorts),
        dropped=sections.tabulate_dropped(cohorts),
        common_genes=len(bundle.recipe.genes) if len(config.cohorts) > 1 else None,
        summary=sections.tabulate_summary(evaluation),
        comparisons=[
            comparisons.describe_comparison(f"c{number}", item, config.strata.labels)
            for number, item in enumerate(evaluation.comparisons, start=1)
        ],
        closer=closer.tabulate_closer_look(evaluation.closer),
        drivers=sections.draw_drivers(bundle),
        coefficients=sections.tabulate_coefficients(bundle),
        left_out=sections.tabulate_left_out(left_out or {}),
        quality=sections.tabulate_quality(config, cohorts, left_out or {}),
        horizons=sections.tabulate_horizons(bundle),
        strata=sections.tabulate_strata(bundle),
        methods=describe_methods(config, bundle, evaluation),
        intended=INTENDED_USE,
        out_of_scope=OUT_OF_SCOPE,
        caveats=CAVEATS,
        versions=dict(bundle.info.get("versions", {})),
        seed=config.seed,
        config=yaml.safe_dump(config.model_dump(mode="json"), sort_keys=False, allow_unicode=True),
    )


@dataclass(frozen=True)
class PatientRow:
    """One patient as the prediction report shows them.

    Parameters
    ----------
    name, stratum, risk, coverage, why : str
        Cells.
    survival : tuple of str
        Survival at each horizon.
    contributions : tuple of (str, str)
        Feature and signed contribution, the largest first.
    rest : str
        Sum of the contributions that are not named.
    """

    name: str
    stratum: str
    risk: str
    coverage: str
    why: str
    survival: tuple[str, ...]
    contributions: tuple[tuple[str, str], ...]
    rest: str


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
    table = prediction.table
    labels = [str(label) for label in bundle.strata.labels]
    counts = table["stratum"].value_counts()
    shown = [*labels, *sorted(set(map(str, counts.index)) - set(labels))]
    reasons = table.loc[table["out_of_distribution"], "why"]
    return (
        templates()
        .get_template("prediction.html.j2")
        .render(
            model=prediction.model_name,
            statement=STATEMENT,
            finding=str(bundle.info.get("finding", "")),
            notes=prediction.notes,
            reference=prediction.reference,
            marked=f" (reference: {prediction.reference})" if prediction.reference == "cohort" else "",
            total=len(table),
            counts=[
                (label, int(counts.get(label, 0)), say_share(counts.get(label, 0) / len(table))) for label in shown
            ],
            unlike=len(reasons),
            coverage=_say_range(table["coverage"]),
            horizons=[say_time(days) for days in bundle.horizons_days],
            patients=_list_patients(prediction),
            reasons=_tabulate_reasons(prediction),
            most=MOST_PATIENTS,
            named=MOST_CONTRIBUTIONS,
            agents=describe_agents(prediction.agents, bundle.agents, labels, MOST_PATIENTS),
            strip=_place_on_strip(table["risk"].to_numpy(dtype=float), bundle.strata.cuts, labels),
            labels=labels,
            unit=say_risk_unit(bundle.survival_model),
            explained=isinstance(bundle.trained_model, LinearRisk),
            trained_on=dict(bundle.info.get("cohorts", {})),
            versions=dict(bundle.info.get("versions", {})),
            intended=INTENDED_USE,
            out_of_scope=OUT_OF_SCOPE,
            caveats=CAVEATS,
        )
    )


def _say_range(values: "pd.Series[float]") -> str:
    low, high = say_share(float(values.min())), say_share(float(values.max()))
    return low if low == high else f"{low} to {high}"


def _tabulate_reasons(prediction: Prediction) -> Table:
    flagged = prediction.table.head(MOST_PATIENTS)
    flagged = flagged[flagged["out_of_distribution"].to_numpy(dtype=bool)]
    rows = tuple((str(name), str(why)) for name, why in zip(flagged["patient"], flagged["why"], strict=True))
    return Table("Why each of them is flagged", ("Patient", "Why"), rows, words=(1,))


def _list_patients(prediction: Prediction) -> list[PatientRow]:
    table = prediction.table.head(MOST_PATIENTS)
    horizons = [name for name in table.columns if str(name).startswith("survival_")]
    explanations = prediction.explanations[prediction.explanations["patient"].isin(table["patient"])]
    own = dict(iter(explanations.groupby("patient", sort=False)))
    nobody = explanations.head(0)
    return [_describe_patient(row, horizons, own.get(row["patient"], nobody)) for row in table.to_dict("records")]


def _describe_patient(row: Mapping[Hashable, Any], horizons: Sequence[str], explanation: pd.DataFrame) -> PatientRow:
    values = explanation["contribution"].to_numpy(dtype=float)
    order = np.argsort(-np.abs(values), kind="stable")
    first = [i for i in order[:MOST_CONTRIBUTIONS] if values[i]]
    names = [str(name) for name in explanation["feature"]]
    risk = float(row["risk"])
    return PatientRow(
        name=str(row["patient"]),
        stratum=str(row["stratum"]),
        risk=say_number(risk, 2, signed=True),
        coverage=say_share(float(row["coverage"])),
        why=str(row["why"]) if row["out_of_distribution"] else "",
        survival=tuple(say_share(float(row[name])) for name in horizons),
        contributions=tuple((title_feature(names[i]), say_number(values[i], 2, signed=True)) for i in first)
        if not np.isnan(risk)
        else (),
        rest=say_number(float(values[order[MOST_CONTRIBUTIONS:]].sum()), 2, signed=True)
        if len(values) > len(first) and not np.isnan(risk)
        else NOTHING,
    )


@dataclass(frozen=True)
class RiskStrip:
    """All risks on one axis, in per cent of its width.

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
        return round(100 * (value - low) / (high - low), 2)

    edges = [low, *map(float, cuts), high]
    middles = [(left + right) / 2 for left, right in pairwise(edges)]
    return RiskStrip(
        patients=tuple(place(value) for value in known.tolist()),
        cuts=tuple((place(cut), f"{cut:+.2f}") for cut in cuts.tolist()),
        names=tuple(zip(map(place, middles), labels, strict=True)),
    )
