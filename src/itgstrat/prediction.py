"""predict(bundle, cohort): from a frozen model and new patients to risk, stratum, survival and reasons."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from itgstrat.cohort import Cohort
from itgstrat.errors import CohortError
from itgstrat.explanation import explain_features, explain_genes
from itgstrat.learned import Featurised, ModelBundle, Reference

#: Share of the signature genes below which a patient's risk is withheld.
LEAST_COVERAGE = 0.5


@dataclass(frozen=True, eq=False)
class Prediction:
    """What a model says of some patients.

    Parameters
    ----------
    table : DataFrame
        patient, risk, stratum, survival_<days>_days, coverage, out_of_distribution, why, reference. Risk is the
        log hazard relative to the training mean; survival is a probability, missing where training was not
        followed for so long; coverage is the share of signature genes measured.
    explanations : DataFrame
        patient, feature, value, contribution; base 0 plus contributions is the risk.
    genes : DataFrame
        patient, gene, contribution; the same, by gene.
    reference : str
        Reference the features were standardised by.
    model_name : str
        Name of the model.
    notes : tuple of str
        What holds for all patients.
    """

    table: pd.DataFrame
    explanations: pd.DataFrame
    genes: pd.DataFrame
    reference: str
    model_name: str
    notes: tuple[str, ...]


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
        If no signature gene was measured, a batch is unknown, or there are too few patients for ``cohort``.
    ModelError
        If a covariate is of another kind than in training.
    """
    if reference == "batch":
        _check_batches(bundle, cohort)
    featurised = bundle.recipe.featurise(**cohort.arrays(), reference=reference)
    table = _tabulate(bundle, cohort, featurised, reference)
    told = set(table["patient"][table["risk"].notna()])
    features = explain_features(bundle.model, featurised, list(table["patient"]))
    genes = explain_genes(bundle.model, featurised, list(table["patient"]))
    return Prediction(
        table=table,
        explanations=features[features["patient"].isin(told)].reset_index(drop=True),
        genes=genes[genes["patient"].isin(told)].reset_index(drop=True),
        reference=reference,
        model_name=bundle.name,
        notes=_notes(bundle, cohort, featurised, reference),
    )


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
    risk = np.where(enough, bundle.model.risk(features.values), np.nan)
    survival = bundle.model.survival(features.values, bundle.horizons_days, cohort.batch)
    # judged by the frozen references whatever the reference of the features, so that a shift does not hide
    frozen = bundle.recipe.apply(featurised.measured, np.full(len(cohort), ""), cohort.arrays()["covariates"])
    why = bundle.familiarity.judge(bundle.recipe, featurised.measured, frozen)
    too_few = f"risk withheld: under {LEAST_COVERAGE:.0%} of the signature genes were measured"
    why = [
        reason if ok else "; ".join(filter(None, [too_few, reason]))
        for ok, reason in zip(list(enough), why, strict=True)
    ]
    table = pd.DataFrame(
        {
            "patient": list(map(str, cohort.patients)),
            "risk": risk,
            "stratum": bundle.strata.assign(risk),
        }
    )
    for h, horizon in enumerate(bundle.horizons_days):
        table[f"survival_{horizon:.0f}_days"] = np.where(enough, survival[:, h], np.nan)
    return table.assign(
        coverage=features.coverage,
        out_of_distribution=[bool(reason) for reason in why],
        why=why,
        reference=reference,
    )


def _notes(bundle: ModelBundle, cohort: Cohort, featurised: Featurised, reference: Reference) -> tuple[str, ...]:
    notes = []
    if reference == "cohort":
        notes.append(
            f"location and scale were learned anew from these {len(cohort)} patients, without outcomes; "
            "a patient's numbers depend on the others in the file"
        )
    imputed = np.flatnonzero(featurised.features.missing.all(axis=0))
    absent = [featurised.features.names[column] for column in imputed]
    used = {str(name) for name, coef in zip(bundle.model.features, bundle.model.coef, strict=True) if coef}
    absent = [name for name in absent if name in used]
    if absent:
        notes.append(f"missing in every patient, imputed as training learned to: {', '.join(absent)}")
    beyond = bundle.horizons_days[-1] > float(bundle.model.followed_days[-1])
    if beyond:
        notes.append("training was not followed to the last horizon; survival there is not told")
    return tuple(notes)
