"""What was done, in words made from the configuration, and what the result may be used for."""

from typing import TYPE_CHECKING

from itgstrat.config import RunConfig
from itgstrat.learned import LEAST_FOR_REFERENCE, ModelBundle
from itgstrat.reporting.model_text import describe_model
from itgstrat.reporting.wording import join_words, say_time

if TYPE_CHECKING:
    from itgstrat.evaluation.compare import Evaluation

#: The statement at the head of every report.
STATEMENT = (
    "Putative and hypothesis-generating; not for clinical use. What is predicted is prognosis (tier T0): how patients "
    "fared, not whether an integrin antagonist would help them."
)

INTENDED_USE = (
    (
        "Research: to ask whether integrin expression tells patients with different outcomes apart, to choose strata "
        "for a hypothesis, and to plan the studies that would test it."
    ),
)

OUT_OF_SCOPE = (
    "Any decision on the care of a patient. The model is not a medical device and no prospective study stands "
    "behind it.",
    (
        "Any claim about response to an integrin antagonist. Without patients who were treated and patients who "
        "were not, prognosis and response cannot be told apart. Cilengitide (CENTRIC, doi "
        "10.1016/S1470-2045(14)70379-1) and abituzumab (POSEIDON, doi 10.1093/annonc/mdu474) failed in unselected "
        "patients, and CENTRIC showed no interaction of a biomarker with treatment (Weller 2016, PMID 26918452)."
    ),
    "Tumour types, platforms and populations that training did not see, unless the model has been validated there.",
)

CAVEATS = (
    (
        "mRNA is not protein: integrins act at the cell surface as pairs, in an active or inactive form that "
        "expression does not show. A heterodimer is scored by the subunit that is lower relative to training; that "
        "neither tells which subunit is scarcer in a cell nor proves that the pair forms."
    ),
    (
        "Bulk tissue mixes tumour, stroma, vessels and leukocytes; many integrins are abundant in the latter three, "
        "so a score may follow the composition of a sample rather than its tumour cells."
    ),
    (
        "Nearly any set of genes can look prognostic where proliferation is (Venet 2011, doi "
        "10.1371/journal.pcbi.1002240): read the model beside random genes and proliferation, not alone."
    ),
    (
        "Correlated features share or take each other's weight, penalised coefficients (where the model has any) are "
        "shrunken, and nothing that the model uses is a causal effect."
    ),
)

ETHICS = (
    (
        "Training cohorts seldom mirror the patients a reader cares for; performance may differ by ancestry, sex, "
        "age, stage and centre, and is not known where it was not measured."
    ),
    "The model folder holds arrays learned from groups of patients and no patient row.",
)


def describe_methods(config: RunConfig, bundle: ModelBundle, evaluation: "Evaluation") -> list[tuple[str, str]]:
    """Describe a training run as a methods section does.

    Parameters
    ----------
    config : RunConfig
        The run.
    bundle : ModelBundle
        The model.
    evaluation : Evaluation
        What was judged.

    Returns
    -------
    list of (str, str)
        Heading and paragraph.
    """
    return [
        ("Features", describe_features(config, bundle)),
        ("Model", describe_model(config.model, bool(config.features.covariates))),
        ("Strata and survival", describe_strata(config)),
        ("Validation", describe_validation(config, evaluation)),
        ("Baselines", _baselines(config)),
        ("Measures", _measures(config, evaluation)),
    ]


def describe_features(config: RunConfig, bundle: ModelBundle) -> str:
    """Say in words how the features were computed, standardised and imputed."""
    method, recipe = bundle.recipe.method, bundle.recipe
    enters = "Genes were ranked within each patient" if method.values == "rank" else "Log2 expression was used"
    several = len(recipe.batches) > 1
    parts = [
        (
            f"{enters}, over the {len(recipe.genes):,} genes "
            f"{'that all training cohorts measured' if several else 'measured'}. Gene sets were scored by "
            f"{method.name} ({method.formula}; {method.reference}). A heterodimer is the lower of its two "
            "standardised subunits, a joint signature the lower of its two parts."
        ),
        f"Panel: {config.features.describe_panel()}.",
    ]
    if config.features.adjust:
        parts.append(
            "Heterodimers named `:adjusted` are what is left of them beside the scores adjusted for, by least squares "
            "learned in training."
        )
    if config.features.alterations:
        parts.append(
            f"Alterations ({join_words(list(config.features.alterations))}): a patient who was not assessed is never "
            f"taken for unaltered (not_assessed: {config.features.not_assessed})."
        )
    own = "Each training cohort was standardised by its own mean and SD" if several else "Features were standardised"
    parts.append(
        f"{own}; a patient from elsewhere is standardised by the pooled training reference, which is frozen, so that "
        "one patient scores the same alone as among others."
    )
    parts.append(
        f"A score is withheld where less than {config.features.min_coverage:.0%} of a signature's genes were measured."
    )
    if config.features.covariates:
        parts.append(
            f"Covariates ({join_words(list(config.features.covariates))}): a missing number is taken at the training "
            "median, a missing category at the most frequent one, both learned in training."
        )
    return " ".join(parts)


def describe_strata(config: RunConfig) -> str:
    """Say in words how the cut-points between the strata were found."""
    quantiles = join_words([f"{quantile:.3g}" for quantile in config.strata.quantiles])
    horizons = join_words([say_time(days) for days in config.strata.horizons_days])
    how = f"the quantiles {quantiles} of the training risk"
    if config.strata.rule == "maximally_selected":
        how = (
            "the cut-point of the training risk with the largest log-rank statistic that leaves a tenth of them "
            "on each side (Lausen and Schumacher 1992, doi 10.2307/2532740)"
        )
    return (
        f"Patients are {join_words(list(config.strata.labels))} by {how}, "
        f"learned anew in every fold. Survival is told at {horizons}, and not beyond the follow-up of training."
    )


def describe_validation(config: RunConfig, evaluation: "Evaluation") -> str:
    """Say in words how training and test were kept apart."""
    settings, kinds = config.evaluation, {item.kind for item in evaluation.comparisons}
    repeated = f", repeated {settings.repeats} times" if settings.repeats > 1 else ""
    folds = {
        "random": f"{settings.folds} folds{repeated}, with events and cohorts spread evenly",
        "site_preserved": f"{settings.folds} folds, all patients of a site in one of them (Howard 2021, doi "
        "10.1038/s41467-021-24698-1)",
        "given": "folds that were given",
    }
    parts = [
        f"Nested cross-validation in {folds[settings.splits.kind]}; everything that is learned (references, "
        "imputation, tuning, coefficients, cut-points) was learned anew in each fold."
    ]
    if "leave-one-cohort-out" in kinds:
        parts.append("Each training cohort was also left out in turn and judged by a model of the others.")
    if "external" in kinds:
        parts.append(
            "External cohorts were judged by the frozen model of all training patients: by the pooled reference, "
            f"and, from {LEAST_FOR_REFERENCE} patients up, by location and scale learned on the cohort itself "
            "without outcomes (reference: cohort)."
        )
    if settings.optimism.method != "none":
        parts.append(f"Optimism was estimated in {settings.optimism.draws} draws, each with the whole fit.")
    return " ".join(parts)


def _baselines(config: RunConfig) -> str:
    settings, covariates = config.evaluation, bool(config.features.covariates)
    names = ["the same without any integrin subunit (where something else is left)"]
    if covariates:
        names += ["the signatures without covariates", "the covariates alone in a Cox model"]
    names += [f"two proliferation signatures{', alone and with the covariates' if covariates else ''}"]
    names += ["the tumour type alone"] if settings.tumour_type else []
    names += ["Kaplan-Meier, which looks at no patient"]
    drawn, alike = settings.random_signatures, "of about the same level and spread" if settings.random_matched else ""
    parts = [f"On the same patients and folds: {'; '.join(names)}."]
    parts.append(
        f"Random genes: the whole fit, tuning included, repeated {drawn} times with every signature gene replaced "
        f"by a random measured one{f' {alike}' if alike else ''}, sizes, signs and overlaps kept; p = (1 + draws at "
        "least as good) / (1 + draws)."
        if drawn
        else "Random signatures were switched off in the configuration: whether random genes do as well is not known."
    )
    if settings.permutations:
        parts.append(
            f"Permuted outcomes: the whole fit repeated {settings.permutations} times on outcomes dealt out at random "
            "within cohort; what it reaches there, other than 0.5, would be a leak."
        )
    return " ".join(parts)


def _measures(config: RunConfig, evaluation: "Evaluation") -> str:
    first, last = evaluation.internal.times_days
    return (
        "Order: Harrell's concordance (doi 10.1002/(SICI)1097-0258(19960229)15:4<361::AID-SIM168>3.0.CO;2-4), Uno's "
        "(doi 10.1002/sim.4154) and time-dependent AUC (cumulative/dynamic; Uno 2007, doi "
        "10.1198/016214507000000149), over pairs within a cohort judged by one model. Accuracy: Brier score, weighted "
        "for censoring (Graf 1999, doi 10.1002/(SICI)1097-0258(19990915/30)18:17/18<2529::AID-SIM274>3.0.CO;2-5), "
        f"integrated in the cross-validation from {first:.0f} to {last:.0f} days, where Uno's concordance is cut off "
        "too; index of prediction accuracy (IPA), 1 minus the Brier score over that of Kaplan-Meier (Kattan 2018, doi "
        "10.1186/s41512-018-0029-2). Calibration: observed over expected events; intercept and slope on the log-log "
        "scale at a horizon, and the slope over all of follow-up (van Houwelingen 2000); a smooth curve and its mean "
        "distance, the integrated calibration index (Austin 2020, doi 10.1002/sim.8570); D-calibration, a test that "
        "the predicted distributions are right as a whole (Haider 2020). Net benefit of treating patients above a "
        "threshold of risk, on censored data (Vickers 2008, doi 10.1186/1472-6947-8-53). 95% intervals are percentiles "
        f"of {config.evaluation.bootstrap:,} bootstrap samples of patients within cohort, paired for differences (of "
        "intercepts and slopes from robust standard errors; of curves and net benefit from fewer samples); the models "
        "are not fitted again, so an interval shows the chance of who was judged, not of who was trained on. Where "
        "folds are repeated, measures are over all repetitions; figures and strata show the first."
    )
