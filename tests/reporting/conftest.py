"""A small made-up run: evaluation, model and cohorts without any fitting."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from itgstrat.biology import load_catalogue
from itgstrat.cohort import Cohort, Dropped
from itgstrat.config import RunConfig, build_config
from itgstrat.evaluation.calibration import DCalibration
from itgstrat.evaluation.calibration_curve import CalibrationCurve
from itgstrat.evaluation.compare import (
    LABELS,
    Comparison,
    Difference,
    Evaluation,
    HorizonDifference,
    HorizonMeasures,
    Interval,
    RandomSummary,
    Row,
)
from itgstrat.evaluation.drivers import Drivers, rank_levels
from itgstrat.evaluation.importance import permutation_importance
from itgstrat.explanation import explain
from itgstrat.explanation.dependence import accumulated_effects, partial_dependence
from itgstrat.fitting.panel import FeaturePanel
from itgstrat.learned import Familiarity, FeatureRecipe, LinearModel, ModelBundle, Strata
from itgstrat.outcome import make_outcome
from itgstrat.prediction import Prediction

STRATA = ("low", "intermediate", "high")
HORIZONS = (730.5, 1826.25)
FEATURES = ("itg_avb6", "itg_a5b1", "age", "site=<b>north</b>")


def make_config(covariates: Sequence[str] = ("age", "site"), external: bool = True, cohorts: int = 2, **settings: Any):
    columns = {name: name for name in covariates}
    sources = [
        {"name": f"C{number}", "source": f"survset:c{number}", "columns": columns} for number in range(1, cohorts + 1)
    ]
    content = {
        "name": "made-up",
        "cohorts": sources,
        "endpoint": {"event": "event", "time": "time", "unit": "months"},
        "validation": {"external": [{"name": "X", "source": "survset:x"}] if external else []},
        "features": {"signatures": ["heterodimers"], "covariates": list(covariates)},
        "strata": {"horizons": [2, 5]},
        **settings,
    }
    return build_config(content)


def make_patients(n: int = 60, seed: int = 0, cohorts: Sequence[str] = ("C1", "C2")) -> pd.DataFrame:
    generator = np.random.default_rng(seed)
    risk = generator.normal(size=n)
    table = pd.DataFrame(
        {
            "patient": [f"P{number}" for number in range(n)],
            "cohort": np.resize(np.array(cohorts, dtype=object), n),
            "event": (generator.random(n) < 0.5).astype(int),
            "time_days": generator.exponential(1500 * np.exp(-0.5 * risk)) + 1,
            "risk": risk,
            "stratum": np.array(STRATA, dtype=object)[np.searchsorted([-0.5, 0.5], risk)],
        }
    )
    for horizon in HORIZONS:
        table[f"survival_{horizon:.0f}_days"] = np.exp(-horizon / 3000 * np.exp(risk))
    return table


CURVE = CalibrationCurve(
    (0.2, 0.5, 0.8), (0.25, 0.5, 0.75), (0.15, 0.4, 0.65), (0.35, 0.6, 0.85), Interval(0.033, 0.012, 0.061), 0.03, 0.05
)
REST = ("threshold", "all", "none", "gain", "low", "high")
DECISION = [
    {"threshold": p, "all": 0.4 - p, "none": 0.0, "model": 0.35 - p / 2, "clinical": 0.3 - p / 2, "gain": 0.05}
    | {"low": 0.01 if p < 0.5 else -0.01, "high": 0.1}
    for p in (0.2, 0.4, 0.6)
]


def make_horizon(name: str) -> HorizonMeasures:
    """One row at two years; Kaplan-Meier has no AUC and no slope."""
    large, brier = Interval(1.05, 0.9, 1.2), Interval(0.17, 0.15, 0.19)
    if name == "kaplan_meier":
        return HorizonMeasures(HORIZONS[0], brier, large)
    auc, ipa, slope = Interval(0.701, 0.6, 0.8), Interval(0.082, 0.01, 0.15), Interval(0.912, 0.7, 1.1)
    return HorizonMeasures(HORIZONS[0], brier, large, auc, ipa, Interval(0.0, -0.2, 0.2), slope, CURVE.ici, 0.03, 0.05)


def make_comparison(
    kind: str = "cross-validation",
    cohort: str = "training",
    reference: str = "batch",
    models: Sequence[str] = tuple(LABELS),
    draws: int = 100,
) -> Comparison:
    centre = {name: 0.65 - 0.02 * number for number, name in enumerate(models)}
    rows = tuple(
        Row(
            name,
            LABELS[name],
            None if name == "kaplan_meier" else Interval(value, value - 0.08, value + 0.07),
            None if name == "kaplan_meier" else Interval(value - 0.01, value - 0.1, value + 0.06),
            Interval(0.18, 0.15, 0.21),
            None if name == "kaplan_meier" else Interval(0.85, 0.7, 1.02),
            DCalibration((0.1,) * 10, 0.444),
            (make_horizon(name),),
        )
        for name, value in centre.items()
    )
    differences = tuple(
        Difference(
            "model",
            name,
            None if name == "kaplan_meier" else Interval(0.02, -0.03, 0.07),
            Interval(-0.01, -0.03, 0.01),
            (HorizonDifference(HORIZONS[0], Interval(-0.01, -0.03, 0.01), Interval(0.021, -0.03, 0.07), None),),
        )
        for name in models
        if name != "model"
    )
    drawn = tuple(np.random.default_rng(1).normal(0.59, 0.03, draws).tolist())
    low, median, high = np.percentile(drawn, [2.5, 50, 97.5]) if draws else (0.0, 0.0, 0.0)
    point = {"patients": 12.0, "events": 4.0, "predicted": 0.8, "observed": 0.7, "low": 0.5, "high": 0.85}
    table = [{**point, "predicted": 0.2 + 0.15 * number} for number in range(5)]
    patients = make_patients(cohorts=("C1", "C2") if kind == "cross-validation" else (cohort,))
    return Comparison(
        kind=kind,
        cohort=cohort,
        reference=reference,
        n_patients=len(patients),
        n_events=int(patients["event"].sum()),
        times_days=(100.0, 2000.0),
        rows=rows,
        differences=differences,
        random=RandomSummary(drawn, float(median), float(low), float(high), 0.03) if draws else None,
        calibration={f"{HORIZONS[0]:g}": table, f"{HORIZONS[1]:g}": []},
        patients=patients,
        curves={f"{HORIZONS[0]:g}": CURVE},
        decisions={
            f"{HORIZONS[0]:g}": [{name: row[name] for name in row if name in (*models, *REST)} for row in DECISION]
        },
    )


def make_evaluation(comparisons: Sequence[Comparison] | None = None) -> Evaluation:
    comparisons = comparisons or (
        make_comparison(),
        make_comparison("leave-one-cohort-out", "C1", "pooled"),
        make_comparison("leave-one-cohort-out", "C2", "pooled"),
        make_comparison("external", "X", "pooled"),
        make_comparison("external", "X", "cohort"),
    )
    finding = "The 24 signatures (heterodimers) add nothing here that could be shown: C 0.650 (0.570 to 0.720)."
    return Evaluation(finding, tuple(comparisons), ("30 events for 26 candidate features",))


def make_recipe(batches: Sequence[str]) -> tuple[FeatureRecipe, Familiarity]:
    """Learned, so that the record may grow without a change here; ages have an SD of 10."""
    n, generator = 40, np.random.default_rng(2)
    index = pd.Index([f"T{number}" for number in range(n)])
    genes = ["ITGAV", "ITGB6", "ITGA5", "ITGB1"]
    clinical = pd.DataFrame(
        {
            "age": 60 + 10 * np.sqrt((n - 1) / n) * np.resize([-1.0, 1.0], n),
            "site": np.resize(np.array(["<a>", "<b>north</b>"], dtype=object), n),
        },
        index=index,
    )
    expression = pd.DataFrame(generator.normal(size=(n, 4)), index=index, columns=genes)
    cohort = Cohort("training", expression, clinical, np.resize(np.array(batches), n))
    signatures = load_catalogue().select(FEATURES[:2])
    panel = FeaturePanel(signatures=signatures, covariates=("age", "site")).fit(cohort)
    return panel.recipe_, panel.familiarity_


def make_bundle(config: RunConfig) -> ModelBundle:
    batches = [item.name for item in config.cohorts]
    recipe, familiarity = make_recipe(batches)
    steps = len(batches) + 1
    model = LinearModel(
        features=np.array(FEATURES),
        coef=np.array([0.3, -0.2, 0.1, 0.0]),
        center=np.zeros(4),
        strata=np.array(batches),
        start=np.arange(0, 2 * steps + 1, 2),
        times_days=np.tile([300.0, 1200.0], steps),
        cumulative_hazard=np.tile([0.1, 0.4], steps),
        followed_days=np.full(steps, 1500.0),
    )
    info = {
        "name": config.name,
        "horizons_days": list(HORIZONS),
        "cohorts": dict.fromkeys(batches, 30),
        "patients": 30 * len(batches),
        "events": 30,
        "unit": "log2",
        "covariates": list(config.features.covariates),
        "finding": "The finding of training.",
        "seed": 0,
        "config": {},
        "versions": {"itgstrat": "0.1.0", "numpy": "2.0"},
    }
    strata = Strata(np.array(STRATA), np.array([-0.5, 0.5]))
    return ModelBundle(recipe, model, strata, familiarity, info, "card")


def make_drivers(bundle: ModelBundle, markup: str = "") -> Drivers:
    """What drives a bundle in made-up patients, one of whom has a name with markup."""
    n, generator = 30, np.random.default_rng(3)
    index = pd.Index([f"T{number}{markup}" for number in range(n)])
    expression = pd.DataFrame(generator.normal(size=(n, 4)), index=index, columns=list(bundle.recipe.genes))
    clinical = pd.DataFrame({"age": generator.normal(60, 10, n), "site": np.resize(["<a>", "<b>north</b>"], n)}, index)
    cohort = Cohort("training", expression, clinical, np.full(n, bundle.recipe.batches[0]))
    featurised = bundle.recipe.featurise(**cohort.arrays())
    told, values = explain(bundle, featurised, list(index)), featurised.features.values
    outcome = make_outcome(np.resize([1, 0, 1], n), np.arange(n, 0, -1), unit="months")
    systems = {"<i>system</i>": FEATURES[:2]}
    return Drivers(
        explanation=told,
        n_patients=n,
        ranked=rank_levels(told),
        importance={
            "feature": permutation_importance(bundle.survival_model, values, outcome, repeats=5),
            "system": permutation_importance(bundle.survival_model, values, outcome, systems, repeats=5),
        },
        n_folds=5,
        kendall=0.41,
        jaccard=0.62,
        dependence=tuple(
            make(bundle.survival_model, values, FEATURES[0], HORIZONS[:1])
            for make in (partial_dependence, accumulated_effects)
        ),
        untold=("a <part>: too few",),
    )


def make_cohort(name: str, n: int = 30, dropped: tuple[Dropped, ...] = ()) -> Cohort:
    index = pd.Index([f"{name}-{number}" for number in range(n)])
    expression = pd.DataFrame(np.ones((n, 4), dtype=np.float32), index=index, columns=list("ABCD"))
    outcome = make_outcome(np.resize([1, 0, 0], n), np.arange(1, n + 1), unit="months", stratum=name)
    return Cohort(name, expression, pd.DataFrame(index=index), np.full(n, name), outcome, dropped=dropped)


def make_cohorts(config: RunConfig) -> tuple[Cohort, ...]:
    lost = (
        Dropped("gene", ("G<i>1</i>", "G2"), "no approved gene has this label"),
        Dropped("patient", ("<script>alert(1)</script>",), "the time is <missing>"),
    )
    names = [item.name for item in (*config.cohorts, *config.validation.external)]
    return tuple(make_cohort(name, dropped=lost if number == 0 else ()) for number, name in enumerate(names))


def make_prediction(names: Sequence[str] = ("P1", "P2", "P3"), reference: str = "pooled") -> Prediction:
    n = len(names)
    risk = np.linspace(-1, 1, n)
    contributions = np.stack([risk, np.full(n, 0.25), np.full(n, -0.25)], axis=1)
    features = [*FEATURES[:2], "site=<b>north</b>"]
    table = pd.DataFrame({"patient": list(names), "risk": risk})
    table["stratum"] = np.array(STRATA, dtype=object)[np.searchsorted([-0.5, 0.5], risk)]
    table = table.assign(survival_730_days=0.8, survival_1826_days=np.nan, coverage=np.linspace(0.8, 1, n))
    table["out_of_distribution"] = [number == 0 for number in range(n)]
    table["why"] = ["far <b>away</b>" if number == 0 else "" for number in range(n)]
    table["reference"] = reference
    explanations = pd.DataFrame(
        {
            "patient": np.repeat(np.asarray(names, dtype=object), 3),
            "feature": features * n,
            "value": 1.0,
            "contribution": contributions.ravel(),
        }
    )
    genes = explanations[["patient", "feature", "contribution"]].rename(columns={"feature": "gene"})
    systems = genes.rename(columns={"gene": "system"})
    systems["theme"] = ["integrins", "integrins", "<i>clinical</i>"] * n
    return Prediction(table, explanations, genes, reference, "made-up", ("a note",), systems=systems)


@pytest.fixture
def config() -> RunConfig:
    return make_config()


@pytest.fixture
def evaluation() -> Evaluation:
    return make_evaluation()


@pytest.fixture
def bundle(config: RunConfig) -> ModelBundle:
    return make_bundle(config)


@pytest.fixture
def drivers(bundle: ModelBundle) -> Drivers:
    return make_drivers(bundle)


@pytest.fixture
def cohorts(config: RunConfig) -> tuple[Cohort, ...]:
    return make_cohorts(config)


def mark_up(evaluation: Evaluation) -> Evaluation:
    """Markup wherever a name of the user's can stand."""
    nasty = "<script>alert('x')</script>"
    comparisons = tuple(
        replace(item, cohort=nasty, patients=item.patients.assign(stratum=f"{nasty} $x^2$", cohort=nasty))
        for item in evaluation.comparisons
    )
    return Evaluation(f"{nasty} adds nothing: C 0.5 & less", comparisons, (nasty,))
