"""predict(bundle, cohort): from a frozen model and new patients to risk, stratum, survival and reasons."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from itgstrat.antagonists.table import tabulate_agents
from itgstrat.cohort import Cohort, Dropped
from itgstrat.errors import CohortError, name_some
from itgstrat.explanation import explain_features, explain_genes
from itgstrat.learned import Featurised, LinearRisk, ModelBundle, Reference
from itgstrat.learned.adjustment import unfold_model
from itgstrat.learned.assessed import NotAssessed, name_indicator
from itgstrat.learned.response import ResponseModel

logger = logging.getLogger(__name__)

#: Share of the signature genes below which a patient's risk is withheld.
LEAST_COVERAGE = 0.5


@dataclass(frozen=True, eq=False)
class Prediction:
    """What a model says of some patients.

    Parameters
    ----------
    table : DataFrame
        patient, risk, stratum, survival_<days>_days, coverage, imputed, out_of_distribution, why, reference. Risk is
        in the units of the model, for a Cox model the log hazard relative to the training mean; survival is a
        probability, missing where training was not followed for so long; coverage is the share of signature genes
        measured; imputed names what the model uses and was not measured. A model of a label gives label, probability
        and log_odds in the place of risk and survival.
    explanations : DataFrame
        patient, feature, value, contribution, imputed; base 0 plus contributions is the risk. Empty where the risk
        is no weighted sum of features.
    genes : DataFrame
        patient, gene, contribution; the same, by gene.
    reference : str
        Reference the features were standardised by.
    model_name : str
        Name of the model.
    notes : tuple of str
        What holds for all patients.
    agents : DataFrame
        Tiers T0 and T1 of every agent, see `itgstrat.antagonists`; empty where the model holds no rules of agents.
    """

    table: pd.DataFrame
    explanations: pd.DataFrame
    genes: pd.DataFrame
    reference: str
    model_name: str
    notes: tuple[str, ...]
    agents: pd.DataFrame = field(default_factory=pd.DataFrame)


def predict(bundle: ModelBundle, cohort: Cohort, reference: Reference = "pooled") -> Prediction:
    """Apply a trained model to new patients; nothing is learned unless `reference` is ``cohort``.

    Parameters
    ----------
    bundle : ModelBundle
        The model.
    cohort : Cohort
        New patients; an outcome is not looked at.
    reference : {"pooled", "batch", "cohort"}
        ``pooled``: the frozen reference of all training patients. ``batch``: that of the training cohort with
        the same name as the patient's. ``cohort``: location and scale learned from these very patients,
        without outcomes; a patient then depends on who else is in the file.

    Returns
    -------
    Prediction
        One row a patient.

    Raises
    ------
    CohortError
        If no signature gene was measured, a batch is unknown, there are too few patients for ``cohort``, or an
        alteration was not assessed and the model has no place for that.
    ModelError
        If a covariate is of another kind than in training.
    """
    if reference == "batch":
        _check_batches(bundle, cohort)
    everyone, cohort = cohort, take_alterations_of(bundle, cohort)
    featurised = bundle.recipe.featurise(**cohort.arrays(), reference=reference)
    table = _tabulate(bundle, cohort, featurised, reference)
    told = set(table["patient"][table["coverage"] >= LEAST_COVERAGE])
    features, genes = _explain(bundle, featurised, list(table["patient"]))
    return Prediction(
        table=table,
        explanations=features[features["patient"].isin(told)].reset_index(drop=True),
        genes=genes[genes["patient"].isin(told)].reset_index(drop=True),
        reference=reference,
        model_name=bundle.name,
        notes=(*_notes(bundle, cohort, featurised, reference), *map(str, cohort.dropped[len(everyone.dropped) :])),
        agents=_tell_agents(bundle, cohort, featurised, table, reference),
    )


def _tell_agents(
    bundle: ModelBundle, cohort: Cohort, featurised: Featurised, table: pd.DataFrame, reference: Reference
) -> pd.DataFrame:
    """Tiers T0 and T1; thresholds do not hold for a patient whose expression is of another kind than training's."""
    if bundle.agents is None:
        return pd.DataFrame()
    foreign = bundle.familiarity.is_foreign(bundle.recipe, featurised.measured)
    return tabulate_agents(bundle.agents, cohort, table, bundle.name, reference, foreign)


def take_alterations(cohort: Cohort, names: Sequence[str], not_assessed: NotAssessed = "fail") -> Cohort:
    """Put alterations among the clinical variables, where a model finds its covariates.

    Parameters
    ----------
    cohort : Cohort
        Patients, with alterations.
    names : sequence of str
        Columns of ``cohort.alterations``.
    not_assessed : {"fail", "indicator", "drop"}
        What is done with patients in whom one of them was not assessed: stop; count 0 and add the column
        ``NAME=not assessed``; leave them out, counted in ``cohort.dropped``. Nothing is imputed in silence.

    Returns
    -------
    Cohort
        The cohort itself where no name is given.

    Raises
    ------
    CohortError
        If a patient was not assessed under ``fail``, or every patient under ``drop``.
    """
    if not names:
        return cohort
    known = pd.DataFrame(index=cohort.patients) if cohort.alterations is None else cohort.alterations
    table = known.reindex(columns=list(names)).astype(float)
    unknown = table.isna()
    open_ = unknown.any(axis=1).to_numpy()
    if open_.any() and not_assessed != "indicator":
        if not_assessed == "fail" or open_.all():
            raise CohortError(_describe_unassessed(cohort, unknown))
        columns = ", ".join(table.columns[unknown.any()])
        left_out = tuple(map(str, cohort.patients[open_]))
        record = Dropped("patient", left_out, f"{columns} not assessed", cohort.name)
        logger.warning("%s: %s", cohort.name, record)
        cohort, table = replace(cohort[~open_], dropped=(*cohort.dropped, record)), table[~open_]
    if not_assessed == "indicator":
        flags = unknown.astype(float).rename(columns=name_indicator)
        table = pd.concat([table.fillna(0.0), flags], axis=1)
    return cohort.with_clinical(table)


def _describe_unassessed(cohort: Cohort, unknown: pd.DataFrame) -> str:
    loaded = [] if cohort.alterations is None else list(cohort.alterations.columns)
    faults = [
        f"{name} in {int(column.sum())} of {len(column)} patients ({name_some(cohort.patients[column])})"
        if name in loaded
        else f"{name} in no patient (loaded: {name_some(loaded) or 'no alterations'})"
        for name, column in unknown.items()
        if column.any()
    ]
    return (
        f"cohort {cohort.name!r}: not assessed: {'; '.join(faults)}. Load what is missing, or set "
        "features.not_assessed to drop (leaves patients out) or indicator (a column of its own) in training"
    )


def take_alterations_of(bundle: ModelBundle, cohort: Cohort) -> Cohort:
    """Take the alterations that a model uses; where training had nobody unassessed there is no column for it.

    Parameters
    ----------
    bundle : ModelBundle
        The model.
    cohort : Cohort
        Patients, with alterations.

    Returns
    -------
    Cohort
        With the alterations among the clinical variables.

    Raises
    ------
    CohortError
        If one was not assessed, and the model has no place for that.
    """
    policy: NotAssessed = bundle.info.get("not_assessed", "fail")
    columns = set(map(str, bundle.recipe.covariate))
    used = [name for name in bundle.info.get("alterations", ()) if name in columns]
    strict = [name for name in used if policy == "indicator" and name_indicator(name) not in columns]
    cohort = take_alterations(cohort, strict, "fail")
    return take_alterations(cohort, [name for name in used if name not in strict], policy)


def _explain(bundle: ModelBundle, featurised: Featurised, patients: list[str]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Split risks over features and over genes; adjusted features first go back to the scores they were made of."""
    trained = bundle.trained_model
    if not isinstance(trained, LinearRisk):
        feature_columns = ["patient", "feature", "value", "contribution", "imputed"]
        return pd.DataFrame(columns=feature_columns), pd.DataFrame(columns=["patient", "gene", "contribution"])
    by_feature = explain_features(trained, featurised, patients)
    recipe, features = featurised.recipe, featurised.features
    model, values = unfold_model(trained, features.values, recipe.mix)
    unfolded = replace(featurised, features=replace(features, values=values))
    return by_feature, explain_genes(model, unfolded, patients)


def _check_batches(bundle: ModelBundle, cohort: Cohort) -> None:
    unknown = sorted(set(cohort.batch) - set(bundle.recipe.batches))
    if unknown:
        raise CohortError(
            f"the model has no reference for {', '.join(unknown)}; it was trained on "
            f"{', '.join(bundle.recipe.batches)}. Use the pooled reference or the cohort's own"
        )


def _tabulate(bundle: ModelBundle, cohort: Cohort, featurised: Featurised, reference: Reference) -> pd.DataFrame:
    features = featurised.features
    enough = np.greater_equal(features.coverage, LEAST_COVERAGE)
    # judged by the frozen references whatever the reference of the features, so that a shift does not hide
    frozen = bundle.recipe.apply(featurised.measured, np.full(len(cohort), ""), cohort.arrays()["covariates"])
    why = bundle.familiarity.judge(bundle.recipe, featurised.measured, frozen)
    what = "probability" if isinstance(bundle.model, ResponseModel) else "risk"
    too_few = f"{what} withheld: under {LEAST_COVERAGE:.0%} of the signature genes were measured"
    why = [
        reason if ok else "; ".join(filter(None, [too_few, reason]))
        for ok, reason in zip(list(enough), why, strict=True)
    ]
    table = _tell(bundle, cohort, featurised, enough)
    return table.assign(
        coverage=features.coverage,
        imputed=_name_imputed(bundle, featurised),
        out_of_distribution=[bool(reason) for reason in why],
        why=why,
        reference=reference,
    )


def _tell(bundle: ModelBundle, cohort: Cohort, featurised: Featurised, enough: npt.NDArray[np.bool_]) -> pd.DataFrame:
    """What the model says: risk, stratum and survival, or the probability of its label; NaN where withheld."""
    values = featurised.features.values
    table = pd.DataFrame({"patient": list(map(str, cohort.patients))})
    if isinstance(bundle.model, ResponseModel):
        log_odds = np.where(enough, bundle.model.log_odds(values), np.nan)
        probability = np.where(enough, bundle.model.probability(values), np.nan)
        stratum = bundle.strata.assign(log_odds)
        label = f"{bundle.model.label} (putative)"
        return table.assign(label=label, probability=probability, log_odds=log_odds, stratum=stratum)
    risk = np.where(enough, bundle.model.risk(values), np.nan)
    survival = bundle.model.survival(values, bundle.horizons_days, cohort.batch)
    table = table.assign(risk=risk, stratum=bundle.strata.assign(risk))
    for h, horizon in enumerate(bundle.horizons_days):
        table[f"survival_{horizon:.0f}_days"] = np.where(enough, survival[:, h], np.nan)
    return table


def _name_imputed(bundle: ModelBundle, featurised: Featurised) -> list[str]:
    """Name, for each patient, what the model uses and was not measured."""
    used = bundle.model.used
    names = np.array(featurised.features.names)[used]
    return [", ".join(names[missing]) for missing in featurised.features.missing[:, used]]


def _notes(bundle: ModelBundle, cohort: Cohort, featurised: Featurised, reference: Reference) -> tuple[str, ...]:
    notes = []
    if reference == "cohort":
        notes.append(
            f"location and scale were learned anew from these {len(cohort)} patients, without outcomes; "
            "a patient's numbers depend on the others in the file"
        )
    imputed = np.flatnonzero(featurised.features.missing.all(axis=0))
    absent = [featurised.features.names[column] for column in imputed]
    used = set(map(str, bundle.model.features[bundle.model.used]))
    absent = [name for name in absent if name in used]
    if absent:
        notes.append(f"missing in every patient, imputed as training learned to: {', '.join(absent)}")
    if isinstance(bundle.model, ResponseModel):
        notes.append(
            f"probability is that of the label {bundle.model.label}, as the training cohorts recorded it under their "
            "treatment; it is putative, and not response to an integrin antagonist"
        )
    elif bundle.horizons_days[-1] > bundle.model.followed_until_days:
        notes.append("training was not followed to the last horizon; survival there is not told")
    return (*notes, *_note_agents(bundle, featurised, reference))


def _note_agents(bundle: ModelBundle, featurised: Featurised, reference: Reference) -> list[str]:
    if bundle.agents is None:
        return ["the model holds no rules of agents (no agents.npz), so nothing is told of any"]
    notes = []
    foreign = bundle.familiarity.is_foreign(bundle.recipe, featurised.measured)
    if foreign.any() and reference != "cohort":
        notes.append(
            f"agents: of {int(foreign.sum())} of {len(foreign)} patients nothing that is scored is told, because their "
            "expression is of another kind than training's and thresholds do not hold; with the reference `cohort` (30 "
            "patients or more) quantiles of the cohort itself take their place"
        )
    if len(bundle.recipe.batches) > 1 and reference == "pooled":
        notes.append(
            "agents: training joined several cohorts; thresholds may not hold on a platform that none of them was "
            "measured on, even where no patient is flagged: see whether the random pair of genes is high too often"
        )
    return notes
