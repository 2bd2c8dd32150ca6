"""Report, model card and prediction report of a model that learns a label."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import yaml

from itgstrat.cohort import Cohort
from itgstrat.config import RunConfig
from itgstrat.errors import BundleError
from itgstrat.learned import ModelBundle
from itgstrat.learned.response import LogisticModel, ResponseModel
from itgstrat.prediction import Prediction
from itgstrat.reporting.agents import describe_agents
from itgstrat.reporting.markdown import bullets, cohort_table, markdown_table, plain_text
from itgstrat.reporting.methods import CAVEATS, ETHICS
from itgstrat.reporting.parts import FigurePart, Table
from itgstrat.reporting.report import MOST_PATIENTS, templates
from itgstrat.reporting.wording import (
    NOTHING,
    count,
    name_comparison,
    say_interval,
    say_number,
    say_p,
    say_share,
    title_feature,
)

if TYPE_CHECKING:
    from itgstrat.evaluation.response_table import ResponseComparison, ResponseDifference, ResponseEvaluation

STATEMENT = (
    "Putative and hypothesis-generating; not for clinical use. What is predicted is the label that the training "
    "cohorts recorded, under the treatment that they gave. It is not response to an integrin antagonist."
)

INTENDED_USE = (
    "Research: to ask whether expression tells patients with and without a recorded label apart, and whether that "
    "adds to what is established.",
)

OUT_OF_SCOPE = (
    "Any decision on the care of a patient. The model is not a medical device and no prospective study stands "
    "behind it.",
    "Any claim about response to an integrin antagonist, or about benefit: where all patients had one treatment, who "
    "responds and who would have fared well anyway cannot be told apart.",
    "Treatments, tumour types and platforms that training did not see, unless the model has been validated there.",
)

KINDS = {
    "elastic_net_logistic": "Elastic-net logistic regression (Zou 2005, doi 10.1111/j.1467-9868.2005.00503.x); the "
    "penalty was chosen by the log loss of inner cross-validation",
    "histogram_boosting": "Gradient-boosted trees on binned features (scikit-learn)",
    "random_forest": "Random forest (Breiman 2001, doi 10.1023/A:1010933404324)",
}


def response_report(
    config: RunConfig,
    evaluation: "ResponseEvaluation",
    bundle: ModelBundle,
    cohorts: Sequence[Cohort],
    left_out: Mapping[str, str] | None = None,
) -> str:
    """Write the report of a run that learns a label; the finding comes first.

    Parameters
    ----------
    config : RunConfig
        The run.
    evaluation : ResponseEvaluation
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
    from itgstrat.reporting import sections  # brings matplotlib, which a prediction does without

    verdict, _, evidence = evaluation.finding.partition(": ")
    return (
        templates()
        .get_template("response.html.j2")
        .render(
            name=config.name,
            finding=evaluation.finding,
            verdict=verdict,
            evidence=evidence,
            statement=STATEMENT,
            notes=evaluation.notes,
            flow=_tabulate_flow(evaluation),
            dropped=sections.tabulate_dropped(cohorts),
            summary=_tabulate_summary(evaluation),
            comparisons=[_describe(f"c{number}", item) for number, item in enumerate(evaluation.comparisons, start=1)],
            coefficients=_tabulate_coefficients(bundle),
            left_out=sections.tabulate_left_out(left_out or {}),
            methods=_describe_methods(config),
            intended=INTENDED_USE,
            out_of_scope=OUT_OF_SCOPE,
            caveats=CAVEATS,
            versions=dict(bundle.info.get("versions", {})),
            seed=config.seed,
            config=yaml.safe_dump(config.model_dump(mode="json", by_alias=True), sort_keys=False, allow_unicode=True),
        )
    )


def response_card(config: RunConfig, evaluation: "ResponseEvaluation", info: Mapping[str, Any]) -> str:
    """Write the model card that travels in the bundle; aggregated numbers only, no patient row.

    Parameters
    ----------
    config : RunConfig
        The run.
    evaluation : ResponseEvaluation
        How good the model is, beside its baselines.
    info : mapping
        What the bundle knows of its training.

    Returns
    -------
    str
        Markdown; the same run gives the same bytes.
    """
    summary = _tabulate_summary(evaluation)
    notes = bullets([plain_text(note) for note in evaluation.notes])
    patients = f"{count(int(info['patients']), 'patient')}, {info['positive']:,} with the label; unit: {info['unit']}."
    sections = [
        ("Finding", f"{plain_text(evaluation.finding)}\n\n{notes}"),
        ("What it is", "\n\n".join(plain_text(text) for _, text in _describe_methods(config))),
        ("Intended use", bullets(INTENDED_USE)),
        ("Out of scope", bullets(OUT_OF_SCOPE)),
        ("Training data", f"{patients}\n\n{cohort_table(info)}"),
        ("Evaluation", f"{summary.caption}.\n\n{markdown_table(summary.columns, summary.rows)}"),
        ("Caveats", bullets(CAVEATS)),
        ("Ethics", bullets(ETHICS)),
    ]
    body = "\n\n".join(f"## {heading}\n\n{text}" for heading, text in sections)
    return f"# Model card: {plain_text(config.name)}\n\n**{STATEMENT}**\n\n{body}\n"


def response_prediction_report(prediction: Prediction, bundle: ModelBundle) -> str:
    """Write the report of a prediction of a label on new patients.

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
    columns = ("Patient", "Probability", "Stratum", "Gene coverage", "Unlike training", "Imputed")
    rows = tuple(
        (
            str(row["patient"]),
            say_number(float(row["probability"]), 2),
            str(row["stratum"]),
            say_share(float(row["coverage"])),
            str(row["why"]) or "no",
            str(row["imputed"]) or NOTHING,
        )
        for row in table.head(MOST_PATIENTS).to_dict("records")
    )
    shown = f"the first {MOST_PATIENTS} patients" if len(table) > MOST_PATIENTS else "all patients"
    caption = f"Probability of the label ({_model_of(bundle).label}), putative; {shown}; predictions.tsv holds all"
    return (
        templates()
        .get_template("response_prediction.html.j2")
        .render(
            model=prediction.model_name,
            statement=STATEMENT,
            finding=str(bundle.info.get("finding", "")),
            notes=prediction.notes,
            total=count(len(table), "patient"),
            reference=prediction.reference,
            patients=Table(caption, columns, rows, words=(2, 4, 5)),
            agents=describe_agents(
                prediction.agents, bundle.agents, list(map(str, bundle.strata.labels)), MOST_PATIENTS
            ),
            versions=dict(bundle.info.get("versions", {})),
            intended=INTENDED_USE,
            out_of_scope=OUT_OF_SCOPE,
            caveats=CAVEATS,
        )
    )


def _model_of(bundle: ModelBundle) -> ResponseModel:
    model: object = bundle.model
    if not isinstance(model, ResponseModel):
        raise BundleError(f"the model {bundle.name!r} predicts no label")
    return model


def _tabulate_flow(evaluation: "ResponseEvaluation") -> Table:
    external = [item.patients for item in evaluation.comparisons if item.kind == "external"]
    rows = [
        (str(name), use, f"{len(own):,}", f"{own['label'].sum():,} ({say_share(float(own['label'].mean()))})")
        for use, tables in (("training", [evaluation.internal.patients]), ("external", external))
        for table in tables
        for name, own in table.groupby("cohort", sort=False)
    ]
    columns = ("Cohort", "Used for", "Patients", "With the label")
    return Table("Patients with either label", columns, tuple(dict.fromkeys(rows)), words=(1,))


def _tabulate_summary(evaluation: "ResponseEvaluation") -> Table:
    columns = ("Judged on", "Patients (positive)", "AUC", "T-cell-inflamed only", "Increment over it", "Random genes")
    rows = []
    for item in evaluation.comparisons:
        model, inflamed = item.row("model"), item.row("inflamed")
        gain = item.difference("inflamed", "beside_inflamed")
        rows.append(
            (
                _name(item),
                f"{item.n_patients:,} ({item.n_positive:,})",
                say_interval(model.auc if model else None),
                say_interval(inflamed.auc if inflamed else None),
                say_interval(gain.auc if gain else None, signed=True),
                f"{item.random.median:.3f}, {say_p(item.random.p_value)}" if item.random else NOTHING,
            )
        )
    caption = (
        "Area under the ROC curve of the model; of the T-cell-inflamed score alone; what the signatures add where they "
        "stand beside that score; median of random genes and how often (p) they do as well; 95% intervals"
    )
    return Table(caption, columns, tuple(rows))


def _name(item: "ResponseComparison") -> str:
    if item.kind == "leave-one-cohort-out" and item.cohort == "all":
        return "Left out, one cohort at a time"
    named: Any = item
    return name_comparison(named)


def _describe(key: str, item: "ResponseComparison") -> dict[str, object]:
    columns = ("", "AUC", "Average precision", "Brier score", "Log loss", "Calibration intercept", "Slope")
    rows = [
        (
            row.label,
            *map(say_interval, (row.auc, row.average_precision, row.brier, row.log_loss, row.intercept, row.slope)),
        )
        for row in item.rows
    ]
    strong = tuple(number for number, row in enumerate(item.rows) if row.model == "model")
    measures = Table(f"{_name(item)}: measures with 95% intervals", columns, tuple(rows), strong=strong)
    labels = {row.model: row.label for row in item.rows}
    heads = ("", "AUC", "Average precision", "Brier score", "Log loss")
    differences = tuple(_difference_row(one, labels) for one in item.differences)
    return {
        "key": key,
        "title": _name(item),
        "intro": f"{count(item.n_patients, 'patient')}, {item.n_positive:,} with the label.",
        "tables": [measures, Table("Paired differences on the same patients and folds", heads, differences)],
        "figure": _draw(key, item),
    }


def _difference_row(one: "ResponseDifference", labels: Mapping[str, str]) -> tuple[str, ...]:
    cells = (say_interval(value, signed=True) for value in (one.auc, one.average_precision, one.brier, one.log_loss))
    return (f"{labels[one.model]} minus {labels[one.against]}", *cells)


def _draw(key: str, item: "ResponseComparison") -> FigurePart:
    from itgstrat.reporting.comparisons import draw_part
    from itgstrat.reporting.figures import plot_concordance

    rows = [SimpleNamespace(label=row.label, harrell=row.auc, model=row.model) for row in item.rows]
    random = SimpleNamespace(**asdict(item.random), concordance=item.random.auc) if item.random else None
    drawn: Any = SimpleNamespace(rows=rows, random=random)
    ax = plot_concordance(drawn)
    ax.set_xlabel("Area under the ROC curve")
    told = "; ".join(f"{row.label} {row.auc}" for row in item.rows)
    caption = "Area under the ROC curve with 95% intervals; 0.5 is chance; the band holds 95% of the random draws."
    return draw_part(ax, f"{key}-auc", f"AUC: {told}", caption)


def _tabulate_coefficients(bundle: ModelBundle) -> Table:
    model = _model_of(bundle)
    if isinstance(model, LogisticModel):
        folded = model.fold()
        order = sorted(folded.used, key=lambda i: -abs(folded.coef[i]))
        rows = tuple(
            (title_feature(str(folded.features[i])), str(folded.features[i]), f"{folded.coef[i]:+.4f}") for i in order
        )
        caption = f"{len(rows)} of {len(folded.coef)} features have a coefficient other than 0 (log odds per SD)"
        return Table(caption, ("Feature", "Name in files", "Coefficient"), rows, words=(1,))
    names = [str(name) for name in model.features[model.used]]
    asked = tuple((title_feature(name), name) for name in names)
    return Table("Features that a tree asks for", ("Feature", "Name in files"), asked, words=(1,))


def _describe_methods(config: RunConfig) -> list[tuple[str, str]]:
    section, settings = config.response, config.evaluation
    if section is None:
        return []
    weights = "; both labels weigh the same" if section.class_weight else ""
    return [
        ("Features", f"{config.features.describe_panel()}; scored by {config.features.score}."),
        (
            "Model",
            f"{KINDS[section.kind]}{weights}. Probabilities are calibrated by a map ({section.calibration}) that was "
            "learned on inner out-of-fold predictions (Platt 1999; Zadrozny 2002, doi 10.1145/775047.775151); a "
            "logistic map that would turn the order around is flat instead.",
        ),
        (
            "Validation",
            f"Nested cross-validation in {settings.folds} folds, repeated {settings.repeats} times, labels and cohorts "
            "spread evenly; where there are several cohorts, each was also left out in turn. The AUC compares patients "
            "of one cohort that one model judged; intervals are percentiles of "
            f"{settings.bootstrap:,} bootstrap samples within cohort and label; models are not fitted again.",
        ),
        (
            "Baselines",
            "On the same patients and folds: the T-cell-inflamed score (Ayers 2017, PMID 28650338; equal weights) "
            "alone and beside the model, proliferation, the prevalence of training, and "
            f"{settings.random_signatures} draws of random genes of the same number (Venet 2011, "
            "doi 10.1371/journal.pcbi.1002240).",
        ),
    ]
