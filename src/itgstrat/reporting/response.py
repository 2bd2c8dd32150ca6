"""Report, model card and prediction report of a model that learns a label."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from itgstrat.cohort import Cohort
from itgstrat.config import RunConfig
from itgstrat.errors import BundleError
from itgstrat.learned import ModelBundle
from itgstrat.learned.response import ResponseModel
from itgstrat.prediction import Prediction
from itgstrat.reporting.frame import render
from itgstrat.reporting.markdown import bullets, cohort_table, markdown_table, plain_text
from itgstrat.reporting.methods import CAVEATS, ETHICS
from itgstrat.reporting.parts import FigurePart, Table
from itgstrat.reporting.report import describe_prediction
from itgstrat.reporting.response_frame import describe_rule, frame_of
from itgstrat.reporting.wording import (
    NOTHING,
    count,
    name_comparison,
    say_interval,
    say_p,
    say_share,
)

if TYPE_CHECKING:
    from itgstrat.evaluation.drivers import Drivers
    from itgstrat.evaluation.response_table import ResponseComparison, ResponseDifference, ResponseEvaluation

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
    drivers: "Drivers",
    left_out: Mapping[str, str] | None = None,
    hashes: Mapping[str, str] | None = None,
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
    from itgstrat.reporting import sections  # brings matplotlib, which a prediction does without

    frame = frame_of(config.response.surrogate if config.response else None)
    return render(
        "run.html.j2",
        **sections.describe_run(config, evaluation, bundle, cohorts, drivers, left_out, hashes),
        statement=frame.statement,
        intended=frame.intended,
        out_of_scope=frame.out_of_scope,
        caveats=CAVEATS,
        flow=_tabulate_flow(evaluation),
        summary=_tabulate_summary(evaluation),
        comparisons=[_describe(f"c{number}", item) for number, item in enumerate(evaluation.comparisons, start=1)],
        methods=_describe_methods(config),
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
    frame = frame_of(config.response.surrogate if config.response else None)
    notes = bullets([plain_text(note) for note in evaluation.notes])
    patients = f"{count(int(info['patients']), 'patient')}, {info['positive']:,} with the label; unit: {info['unit']}."
    sections = [
        ("Finding", f"{plain_text(evaluation.finding)}\n\n{notes}"),
        ("What it is", "\n\n".join(plain_text(text) for _, text in _describe_methods(config))),
        ("Intended use", bullets(frame.intended)),
        ("Out of scope", bullets(frame.out_of_scope)),
        ("Training data", f"{patients}\n\n{cohort_table(info)}"),
        ("Evaluation", f"{summary.caption}.\n\n{markdown_table(summary.columns, summary.rows)}"),
        ("Caveats", bullets(CAVEATS)),
        ("Ethics", bullets(ETHICS)),
    ]
    body = "\n\n".join(f"## {heading}\n\n{text}" for heading, text in sections)
    return f"# Model card: {plain_text(config.name)}\n\n**{frame.statement}**\n\n{body}\n"


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

    Raises
    ------
    BundleError
        If the model predicts no label.
    """
    model: object = bundle.model
    if not isinstance(model, ResponseModel):
        raise BundleError(f"the model {bundle.name!r} predicts no label; `prediction_report` writes what it says")
    frame = frame_of(bundle.info.get("surrogate", {}).get("agent"))
    return render(
        "prediction.html.j2",
        **describe_prediction(prediction, bundle),
        statement=frame.statement,
        axis="log odds",
        unit=f"of the label {model.label}; higher: the label is likelier",
        caption=f"Stratum and probability of the label ({model.label}), putative",
        intended=frame.intended,
        out_of_scope=frame.out_of_scope,
    )


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
    if any(item.row("leaking") for item in evaluation.comparisons):
        return _summarise_recovery(evaluation)
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
                _say_random(item),
            )
        )
    caption = (
        "Area under the ROC curve of the model; of the T-cell-inflamed score alone; what the signatures add where they "
        "stand beside that score; median of random genes and how often (p) they do as well; 95% intervals"
    )
    return Table(caption, columns, tuple(rows))


def _summarise_recovery(evaluation: "ResponseEvaluation") -> Table:
    columns = ("Judged on", "Patients (eligible)", "AUC", "Random genes", "Proliferation only", "Leak")
    rows = []
    for item in evaluation.comparisons:
        model, growth, leak = (
            say_interval(row.auc if (row := item.row(key)) else None) for key in ("model", "proliferation", "leaking")
        )
        told = f"{item.n_patients:,} ({item.n_positive:,})"
        rows.append((_name(item), told, model, _say_random(item), growth, leak))
    caption = (
        "Surrogate-label recovery: area under the ROC curve of the model, without the genes of the rule; median of "
        "random genes and how often (p) they do as well; proliferation alone; the model with the withheld genes put "
        "back, which leaks; 95% intervals"
    )
    return Table(caption, columns, tuple(rows))


def _say_random(item: "ResponseComparison") -> str:
    return f"{item.random.median:.3f}, {say_p(item.random.p_value)}" if item.random else NOTHING


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
    from itgstrat.reporting.interval_figures import plot_concordance
    from itgstrat.reporting.svg import describe

    ax = plot_concordance(item)
    caption = "Area under the ROC curve with 95% intervals; 0.5 is chance; the band holds 95% of the random draws."
    return draw_part(ax, f"{key}-auc", describe(ax), caption)


def _describe_methods(config: RunConfig) -> list[tuple[str, str]]:
    section, settings = config.response, config.evaluation
    if section is None:
        return []
    weights = "; both labels weigh the same" if section.class_weight else ""
    agent = section.agent()
    established = "" if agent else "the T-cell-inflamed score (Ayers 2017, PMID 28650338; equal weights) alone and "
    established += "" if agent else "beside the model, "
    return [
        *([("Label", describe_rule(config, agent, section.withheld()))] if agent else []),
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
            f"On the same patients and folds: {established}proliferation, the prevalence of training, and "
            f"{settings.random_signatures} draws of random genes of the same number (Venet 2011, "
            "doi 10.1371/journal.pcbi.1002240).",
        ),
    ]
