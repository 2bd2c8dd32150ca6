"""Report, model card and prediction report of a model that learns a label."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from itgstrat.cohort import Cohort
from itgstrat.config import RunConfig
from itgstrat.errors import BundleError
from itgstrat.learned import ModelBundle
from itgstrat.learned.response import ResponseModel
from itgstrat.prediction import Prediction
from itgstrat.reporting.characteristics import part_cohorts, tabulate_characteristics_by_label
from itgstrat.reporting.checklists import fill_label_checklists
from itgstrat.reporting.frame import render
from itgstrat.reporting.markdown import bullets, cohort_table, markdown_table, plain_text
from itgstrat.reporting.methods import CAVEATS, ETHICS, describe_features
from itgstrat.reporting.parts import Table
from itgstrat.reporting.report import describe_prediction
from itgstrat.reporting.response_frame import (
    describe_label_strata,
    describe_label_validation,
    describe_rule,
    frame_of,
    name_labels,
    name_response,
    section_of,
)
from itgstrat.reporting.wording import (
    NOTHING,
    count,
    say_interval,
    say_p,
    say_share,
)

if TYPE_CHECKING:
    from itgstrat.evaluation.drivers import Drivers
    from itgstrat.evaluation.response_table import ResponseComparison, ResponseEvaluation

KINDS = {
    "elastic_net_logistic": "Elastic-net logistic regression (Zou 2005, doi 10.1111/j.1467-9868.2005.00503.x); the "
    "penalty was chosen by the log loss of inner cross-validation",
    "histogram_boosting": "Gradient-boosted trees on binned features (scikit-learn)",
    "random_forest": "Random forest (Breiman 2001, doi 10.1023/A:1010933404324)",
}

MEASURES = (
    "Order: area under the ROC curve and average precision; a curve that is drawn is the mean over cohorts and folds "
    "at each false-positive rate, each weighing as many pairs as it has (vertical averaging, Fawcett 2006, doi "
    "10.1016/j.patrec.2005.10.010). Probabilities: Brier score and log loss. Calibration: intercept and slope of a "
    "logistic regression of the label on the log odds that were predicted (van Calster 2016, doi "
    "10.1016/j.jclinepi.2015.12.005), limits from robust standard errors by patient; shares by group of patients with "
    "limits of Wilson; a smooth curve, logistic regression on a restricted cubic spline, and its mean distance from "
    "what was predicted (integrated calibration index, Austin 2019, doi 10.1002/sim.8281), with a bootstrap. Where "
    "folds are repeated, measures and curves are over all repetitions; groups of patients show the first."
)


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
    # these bring matplotlib, which a prediction does without
    from itgstrat.reporting import response_comparison, sections

    section = section_of(config)
    frame, apart = frame_of(section.surrogate), part_cohorts(cohorts)
    return render(
        "response.html.j2",
        **sections.describe_run(config, evaluation, bundle, cohorts, drivers, left_out, hashes),
        statement=frame.statement,
        intended=frame.intended,
        out_of_scope=frame.out_of_scope,
        caveats=CAVEATS,
        flow=_tabulate_flow(evaluation, apart),
        characteristics=tabulate_characteristics_by_label(
            apart, evaluation, name_labels(section), section.column or ""
        ),
        common_genes=len(bundle.recipe.genes) if len(config.cohorts) > 1 else None,
        summary=_tabulate_summary(evaluation),
        comparisons=response_comparison.describe_responses(evaluation.comparisons),
        quality=sections.tabulate_quality(config, apart, left_out or {}),
        strata=sections.tabulate_strata(bundle),
        methods=_describe_methods(config, describe_features(config, bundle)),
        checklists=fill_label_checklists(config, evaluation, bundle, cohorts, left_out or {}),
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
    frame = frame_of(section_of(config).surrogate)
    notes = bullets([plain_text(note) for note in evaluation.notes])
    patients = f"{count(int(info['patients']), 'patient')}, {info['positive']:,} with the label; unit: {info['unit']}."
    features = f"{config.features.describe_panel()}; scored by {config.features.score}."
    sections = [
        ("Finding", f"{plain_text(evaluation.finding)}\n\n{notes}"),
        ("What it is", "\n\n".join(plain_text(text) for _, text in _describe_methods(config, features))),
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


def _tabulate_flow(evaluation: "ResponseEvaluation", cohorts: Sequence[Cohort]) -> Table:
    external = [item.patients for item in evaluation.comparisons if item.kind == "external"]
    read = {cohort.name: (f"{len(cohort.genes):,}", cohort.unit) for cohort in cohorts}
    rows = [
        (
            str(name),
            use,
            f"{len(own):,}",
            f"{own['label'].sum():,} ({say_share(float(own['label'].mean()))})",
            *read.get(str(name), (NOTHING, NOTHING)),
        )
        for use, tables in (("training", [evaluation.internal.patients]), ("external", external))
        for table in tables
        for name, own in table.groupby("cohort", sort=False)
    ]
    columns = ("Cohort", "Used for", "Patients", "With the label", "Genes", "Unit")
    return Table("Patients with either label", columns, tuple(dict.fromkeys(rows)), words=(1, 5))


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
                name_response(item),
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
        rows.append((name_response(item), told, model, _say_random(item), growth, leak))
    caption = (
        "Surrogate-label recovery: area under the ROC curve of the model, without the genes of the rule; median of "
        "random genes and how often (p) they do as well; proliferation alone; the model with the withheld genes put "
        "back, which leaks; 95% intervals"
    )
    return Table(caption, columns, tuple(rows))


def _say_random(item: "ResponseComparison") -> str:
    return f"{item.random.median:.3f}, {say_p(item.random.p_value)}" if item.random else NOTHING


def _describe_methods(config: RunConfig, features: str) -> list[tuple[str, str]]:
    section, settings = section_of(config), config.evaluation
    weights = "; both labels weigh the same" if section.class_weight else ""
    agent = section.agent()
    established = "" if agent else "the T-cell-inflamed score (Ayers 2017, PMID 28650338; equal weights) alone and "
    established += "" if agent else "beside the model, "
    established += "the clinical variables alone, the signatures alone, " if config.features.covariates else ""
    random = (
        f"{settings.random_signatures} draws of random genes of the same number (Venet 2011, doi "
        "10.1371/journal.pcbi.1002240)"
        if settings.random_signatures
        else "no random genes, which were switched off: whether they do as well is not known"
    )
    return [
        *([("Label", describe_rule(config, agent, section.withheld()))] if agent else []),
        ("Features", features),
        (
            "Model",
            f"{KINDS[section.kind]}{weights}. Probabilities are calibrated by a map ({section.calibration}) that was "
            "learned on inner out-of-fold predictions (Platt 1999; Zadrozny 2002, doi 10.1145/775047.775151); a "
            "logistic map that would turn the order around is flat instead.",
        ),
        ("Strata", describe_label_strata(config)),
        (
            "Validation",
            f"{describe_label_validation(config)} The AUC compares patients of one cohort that one model judged; its "
            f"intervals are percentiles of {settings.bootstrap:,} bootstrap samples within cohort and label; models "
            "are not fitted again.",
        ),
        (
            "Baselines",
            f"On the same patients and folds: {established}proliferation, the prevalence of training, and {random}.",
        ),
        ("Measures", MEASURES),
    ]
