"""predict(bundle, cohort): from a frozen model and new patients to risk, stratum, survival and reasons."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from textwrap import shorten
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from itgstrat.antagonists.table import tabulate_agents
from itgstrat.antagonists.tiers import NOT_CLINICAL
from itgstrat.cohort import Cohort, Dropped
from itgstrat.display import remarks_html, table_html
from itgstrat.errors import CohortError, name_some
from itgstrat.explanation import explain
from itgstrat.learned import Featurised, ModelBundle, Reference
from itgstrat.learned.assessed import NotAssessed, name_indicator
from itgstrat.learned.ranked import share_ranks
from itgstrat.learned.response import ResponseModel
from itgstrat.prediction_notes import word_notes

logger = logging.getLogger(__name__)

#: Share of the signature genes below which a patient's risk is withheld.
LEAST_COVERAGE = 0.5

#: Patients and columns of the table that a notebook shows, besides survival.
_SHOWN = 5
_COLUMNS = ("patient", "risk", "risk_low", "risk_high", "probability", "stratum", "coverage", "imputed", "why")


@dataclass(frozen=True, eq=False)
class Prediction:
    """What a model says of some patients.

    Parameters
    ----------
    table : DataFrame
        patient, risk, stratum, survival_<days>_days, coverage, imputed, out_of_distribution, why, reference. Risk is
        in the units of the model, for a Cox model the log hazard relative to the training mean; survival is a
        probability, missing where training was not followed for so long, or too few were for it to be judged; risk_low
        and risk_high are its 95% interval over bootstrap samples of the training patients; lower_bound_days is outlived
        by the share of patients that the model's lower bound was calibrated for (9 of 10), capped where theirs lies
        later than could be calibrated, and missing in a patient unlike those of training; coverage is the share of
        signature genes measured; imputed names what the model uses and was not measured. A model of a label gives
        label, probability and log_odds in the place of risk and survival.
    explanations : DataFrame
        patient, feature, value, contribution, imputed; base plus contributions is the risk, or the log odds.
    genes : DataFrame
        patient, gene, contribution; the same, by gene.
    reference : str
        Reference the features were standardised by.
    model_name : str
        Name of the model.
    notes : tuple of str
        What holds for all patients.
    agents : DataFrame
        Tiers T0 to T3 of every agent, see `itgstrat.antagonists`; empty where the model holds no rules of agents.
    systems : DataFrame
        patient, theme, system, contribution; the same as `explanations`, by biological system.
    base : float
        What the model says of everybody before the contributions: 0 for a linear risk, the mean over training for
        trees.
    absent : tuple of str
        Features that the model uses and that are missing in every patient.
    n_foreign : int
        Patients whose expression is of another kind than training's.
    """

    table: pd.DataFrame
    explanations: pd.DataFrame
    genes: pd.DataFrame
    reference: str
    model_name: str
    notes: tuple[str, ...]
    agents: pd.DataFrame = field(default_factory=pd.DataFrame)
    systems: pd.DataFrame = field(default_factory=pd.DataFrame)
    base: float = 0.0
    absent: tuple[str, ...] = ()
    n_foreign: int = 0

    def __repr__(self) -> str:
        """Say for how many patients something is told."""
        return f"Prediction({self._headline()})"

    def _repr_html_(self) -> str:
        """Show the first patients and what holds for all of them in a notebook."""
        columns = [name for name in self.table if name in _COLUMNS or str(name).startswith("survival_")]
        shown = self.table[columns].head(_SHOWN)
        notes = [f"{len(shown)} of {len(self.table)} patients shown"] if len(self.table) > _SHOWN else []
        if len(self.agents):
            notes.append(f"{self.agents['agent'].nunique()} agents, four tiers each, putative: {NOT_CLINICAL}")
        rows = [[_show(value) for value in row] for row in shown.itertuples(index=False, name=None)]
        return table_html(self._headline(), list(map(str, columns)), rows) + remarks_html([*notes, *self.notes])

    def _headline(self) -> str:
        what = "probability" if "probability" in self.table else "risk"
        told = self.table.dropna(subset=what)
        strata = told.groupby("stratum", sort=False)[what].agg(["size", "mean"]).sort_values("mean")["size"]
        counts = ", ".join(f"{size} {name}" for name, size in strata.items()) or "none"
        flagged = int(self.table["out_of_distribution"].sum())
        return (
            f"{self.model_name}: {what} told for {len(told)} of {len(self.table)} patients ({counts}); "
            f"{flagged} flagged; {self.reference} reference"
        )


def _show(value: str | float) -> str:
    """Write a cell of the table; a dash where nothing is told."""
    if isinstance(value, str):
        return shorten(value, 60, placeholder=" …")
    return "–" if pd.isna(value) else f"{value:.3g}"


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
    arrays = _rank_once(bundle, cohort.arrays())
    featurised = bundle.recipe.featurise(**arrays, reference=reference)
    foreign = bundle.familiarity.is_foreign(bundle.recipe, featurised.measured)
    absent, n_foreign = _find_absent(bundle, featurised), int(foreign.sum())
    table = _tabulate(bundle, cohort, featurised, reference)
    told = set(table["patient"][table["coverage"] >= LEAST_COVERAGE])
    rules = bundle.agents is not None
    agents = tabulate_agents(bundle, cohort, table, reference, foreign, arrays) if rules else pd.DataFrame()
    (features, genes, systems), base = _explain(bundle, featurised, list(table["patient"]), told)
    return Prediction(
        table=table,
        explanations=features,
        genes=genes,
        reference=reference,
        model_name=bundle.name,
        notes=(
            *word_notes(bundle, reference, len(table), absent, n_foreign),
            *map(str, cohort.dropped[len(everyone.dropped) :]),
        ),
        agents=agents,
        systems=systems,
        base=base,
        absent=absent,
        n_foreign=n_foreign,
    )


def _rank_once(bundle: ModelBundle, arrays: dict[str, Any]) -> dict[str, Any]:
    """Put ranks in the place of expression where the model, and its rules of agents, rank the same genes."""
    if arrays["ranked"] is not False:
        return arrays
    recipes = [bundle.recipe] if bundle.agents is None else [bundle.recipe, bundle.agents.recipe]
    shared = share_ranks(recipes, arrays["expression"], arrays["genes"])
    return arrays if shared is None else arrays | dict(zip(("expression", "genes", "ranked"), shared, strict=True))


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


def _explain(
    bundle: ModelBundle, featurised: Featurised, patients: list[str], told: set[str]
) -> tuple[list[pd.DataFrame], float]:
    """Split what the model says of those who are told it over features, genes and systems; and the base of it."""
    explanation = explain(bundle.trained_model, featurised, patients)
    tables = (explanation.by_feature(), explanation.by_gene(), explanation.by_system())
    return [table[table["patient"].isin(told)].reset_index(drop=True) for table in tables], float(explanation.base)


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
    if bundle.lower_bound is not None and "lower_bound_days" in table:
        # calibrated on patients like those of training, so for others, or by another reference, it is no bound
        unlike = np.array([bool(reason) for reason in why]) | (reference == "cohort")
        table = table.assign(
            lower_bound_days=np.where(unlike, np.nan, table["lower_bound_days"]),
            lower_bound_capped=table["lower_bound_capped"].to_numpy() & ~unlike,
        )
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
    if bundle.spread is not None:
        low, high = bundle.spread.interval(values)
        table = table.assign(risk_low=np.where(enough, low, np.nan), risk_high=np.where(enough, high, np.nan))
    for h, horizon in enumerate(bundle.horizons_days):
        told = enough & (horizon not in bundle.unjudged_days)
        table[f"survival_{horizon:.0f}_days"] = np.where(told, survival[:, h], np.nan)
    if bundle.lower_bound is not None:
        curves = bundle.model.survival(values, bundle.lower_bound.times_days, cohort.batch)
        days = np.where(enough, bundle.lower_bound.read(curves), np.nan)
        table = table.assign(lower_bound_days=days, lower_bound_capped=bundle.lower_bound.is_capped(curves) & enough)
    return table


def _name_imputed(bundle: ModelBundle, featurised: Featurised) -> list[str]:
    """Name, for each patient, what the model uses and was not measured."""
    used = bundle.model.used
    names = np.array(featurised.features.names)[used]
    return [", ".join(names[missing]) for missing in featurised.features.missing[:, used]]


def _find_absent(bundle: ModelBundle, featurised: Featurised) -> tuple[str, ...]:
    """Name the features that the model uses and that are missing in every patient."""
    used = set(map(str, bundle.model.features[bundle.model.used]))
    everywhere = np.flatnonzero(featurised.features.missing.all(axis=0))
    return tuple(name for name in (featurised.features.names[column] for column in everywhere) if name in used)
