"""predict: what is told of new patients, and what is held back."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from itgstrat.errors import CohortError, ModelError
from itgstrat.prediction import predict
from itgstrat.scoring import SCORES
from tests.simulate import INTEGRINS, SIGNATURES, make_bundle, simulate_cohort

TRAINING = simulate_cohort(150, 120, {INTEGRINS[0]: 1.0}, ("one", "two"), age_effect=0.5, missing=0.01, seed=1).cohort
NEW = simulate_cohort(40, 120, batches=("new",), missing=0.03, seed=2).cohort
BUNDLES = {score: make_bundle(TRAINING, score=score) for score in SCORES}
BUNDLE = BUNDLES["singscore"]
GENES = sorted({gene for signature in SIGNATURES for gene in signature.genes})


def hide(cohort, genes, patients=slice(None)):
    table = cohort.expression.copy()
    table.iloc[patients, table.columns.get_indexer(genes)] = np.nan
    return replace(cohort, expression=table)


def test_the_table_has_a_row_a_patient():
    table = predict(BUNDLE, NEW).table
    assert list(table.columns) == [
        "patient",
        "risk",
        "stratum",
        "survival_365_days",
        "survival_1826_days",
        "coverage",
        "imputed",
        "out_of_distribution",
        "why",
        "reference",
    ]
    assert table["patient"].tolist() == list(NEW.patients)
    assert set(table["stratum"]) <= {"low", "intermediate", "high"}
    assert table["survival_365_days"].between(0, 1).all()
    assert (table["survival_365_days"] >= table["survival_1826_days"]).all()
    assert (table["reference"] == "pooled").all()


@pytest.mark.parametrize("reference", ["pooled", "batch"])
@pytest.mark.parametrize("score", SCORES)
def test_one_patient_alone_is_predicted_as_among_many(score, reference):
    cohort = hide(replace(NEW, batch=np.repeat(["one", "two"], 20)), GENES[:9], slice(5, 8))
    together = predict(BUNDLES[score], cohort, reference)
    for patient in range(0, 40, 3):
        alone = predict(BUNDLES[score], cohort[[patient]], reference)
        pd.testing.assert_frame_equal(
            alone.table, together.table.iloc[[patient]].reset_index(drop=True), rtol=0, atol=1e-9
        )
        for whole, own in ((together.explanations, alone.explanations), (together.genes, alone.genes)):
            rows = whole[whole["patient"] == NEW.patients[patient]].reset_index(drop=True)
            pd.testing.assert_frame_equal(own, rows, rtol=0, atol=1e-9)


@pytest.mark.parametrize("score", SCORES)
def test_explanations_add_up_to_the_risk_of_the_table(score):
    told = predict(BUNDLES[score], NEW)
    for table in (told.explanations, told.genes):
        sums = table.groupby("patient")["contribution"].sum()[told.table["patient"]]
        np.testing.assert_allclose(sums, told.table["risk"], rtol=0, atol=1e-12)


def test_training_patients_get_their_training_risk():
    told = predict(BUNDLE, TRAINING, "batch").table
    features = BUNDLE.recipe.featurise(**TRAINING.arrays()).features.values
    np.testing.assert_array_equal(told["risk"], BUNDLE.model.risk(features))
    np.testing.assert_allclose(told["stratum"].value_counts(), 50)
    assert told["risk"].mean() == pytest.approx(0, abs=1e-9)


def test_risk_is_withheld_where_too_few_genes_were_measured():
    told = predict(BUNDLE, hide(NEW, GENES[:10], [3])).table
    row = told.iloc[3]
    assert row["coverage"] < 0.5
    assert row[["risk", "survival_365_days", "survival_1826_days"]].isna().all()
    assert row["stratum"] == "withheld"
    assert row["out_of_distribution"]
    assert row["why"].startswith("risk withheld: under 50% of the signature genes were measured")
    others = told.drop(index=3)
    assert others[["risk", "survival_365_days"]].notna().all(axis=None)
    assert "withheld" not in set(others["stratum"])


def test_an_outcome_is_not_looked_at():
    blind = predict(BUNDLE, replace(NEW, outcome=None))
    pd.testing.assert_frame_equal(blind.table, predict(BUNDLE, NEW).table)


def test_the_batch_reference_needs_a_known_cohort():
    with pytest.raises(CohortError, match=r"no reference for new; it was trained on one, two\. Use the pooled"):
        predict(BUNDLE, NEW, "batch")


def test_the_cohorts_own_reference_is_marked():
    told = predict(BUNDLE, NEW, "cohort")
    assert told.reference == "cohort"
    assert (told.table["reference"] == "cohort").all()
    assert told.notes[0].startswith("location and scale were learned anew from these 40 patients, without outcomes")
    with pytest.raises(CohortError, match="needs 30 patients, found 5"):
        predict(BUNDLE, NEW[np.arange(5)], "cohort")


def test_covariates_missing_in_all_patients_are_noted():
    told = predict(BUNDLE, replace(NEW, clinical=NEW.clinical[["sex"]]))
    assert any(note.startswith("missing in every patient") and note.endswith(": age") for note in told.notes)
    assert not any("missing in every patient" in note for note in predict(BUNDLE, NEW).notes)


def test_a_horizon_beyond_the_follow_up_is_noted_and_not_told():
    bundle = replace(BUNDLE, info=BUNDLE.info | {"horizons_days": [365.0, 1e6]})
    told = predict(bundle, NEW)
    assert told.notes[0] == "training was not followed to the last horizon; survival there is not told"
    assert told.table["survival_1000000_days"].isna().all()
    assert told.table["survival_365_days"].notna().all()


def test_survival_that_the_evaluation_could_not_judge_is_withheld():
    judged = {"horizons_days": [365.25], "followed_days": 1500.0}
    bundle = replace(BUNDLE, info=BUNDLE.info | {"evaluation": [judged, {"horizons_days": [365.25, 1826.25]}]})
    told, before = predict(bundle, NEW), predict(BUNDLE, NEW)
    assert told.table["survival_1826_days"].isna().all()
    assert before.table["survival_1826_days"].notna().all()  # a model without these numbers tells it as it always did
    pd.testing.assert_frame_equal(
        told.table.drop(columns="survival_1826_days"), before.table.drop(columns="survival_1826_days")
    )
    (note,) = set(told.notes) - set(before.notes)
    assert note.startswith("survival_1826_days not told: the evaluation could not judge the model there")
    assert "1500 days" in note


def test_another_kind_of_data_is_flagged_with_the_reason():
    ratios = replace(NEW, expression=NEW.expression - NEW.expression.mean(), unit="log-ratio")
    for reference in ("pooled", "cohort"):  # a fresh reference does not hide it
        told = predict(BUNDLE, ratios, reference).table
        assert told["out_of_distribution"].all()
        assert told["why"].str.contains("log-ratios against levels; predict --reference cohort standardises anew").all()
    usual = predict(BUNDLE, NEW).table
    assert usual["out_of_distribution"].mean() < 0.2
    assert ((usual["why"] != "") == usual["out_of_distribution"]).all()


def test_files_of_other_genes_and_words_for_numbers_are_refused():
    with pytest.raises(CohortError, match="none of the 16 signature genes is among the 1 genes given"):
        predict(BUNDLE, replace(NEW, expression=NEW.expression.iloc[:, -1:]))
    with pytest.raises(ModelError, match="covariate 'age' was a number in training; found old"):
        predict(BUNDLE, replace(NEW, clinical=NEW.clinical.assign(age="old")))


def test_a_higher_risk_means_shorter_survival():
    told = predict(BUNDLE, NEW).table.sort_values("risk")
    assert told["survival_365_days"].is_monotonic_decreasing
    order = {"low": 0, "intermediate": 1, "high": 2}
    assert told["stratum"].map(order).is_monotonic_increasing


def test_a_covariate_far_outside_training_is_flagged():
    clinical = NEW.clinical.assign(age=NEW.clinical["age"].where(np.arange(len(NEW)) > 0, 60 * 365.25))
    told = predict(BUNDLE, replace(NEW, clinical=clinical)).table
    assert told["why"].str.contains(r"age 21915 \(training: \d").tolist() == [True, *[False] * (len(NEW) - 1)]


def test_what_was_imputed_is_named_for_each_patient():
    clinical = NEW.clinical.assign(age=NEW.clinical["age"].where(np.arange(len(NEW)) != 2))
    told = predict(BUNDLE, replace(NEW, clinical=clinical))
    assert told.table["imputed"].iloc[2] == "age"
    marked = told.explanations[told.explanations["imputed"]]
    assert set(zip(marked["patient"], marked["feature"], strict=True)) >= {(str(NEW.patients[2]), "age")}


def test_training_patients_are_rarely_flagged_by_the_reference_they_are_judged_by():
    told = predict(BUNDLE, TRAINING).table
    assert told["out_of_distribution"].mean() < 0.1
