"""train(config) as a notebook calls it; the command line has its own tests."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import itgstrat
from itgstrat.config import load_config
from itgstrat.errors import CohortError, InputError, ModelError, OutcomeError, OutputError
from itgstrat.evaluation.summary import summarise_comparisons
from itgstrat.learned import ModelBundle
from itgstrat.prediction import predict
from itgstrat.training import read_cohorts, train, versions
from tests.cli.builders import write_run


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return train(load_config(write_run(tmp_path_factory.mktemp("run"))))


def test_what_is_saved_is_what_was_trained(run, tmp_path):
    folder = run.save(tmp_path / "out")
    loaded = ModelBundle.load(folder / "model")
    (cohort,) = run.cohorts
    for reference in ("pooled", "batch"):
        here, there = predict(run.bundle, cohort, reference), predict(loaded, cohort, reference)
        pd.testing.assert_frame_equal(here.table, there.table)
        pd.testing.assert_frame_equal(here.explanations, there.explanations)
    assert json.loads((folder / "evaluation.json").read_text()) == json.loads(json.dumps(run.evaluation.as_dict()))
    with pytest.raises(OutputError, match="exists; give another folder"):
        run.save(folder)


def test_training_patients_get_the_risk_of_the_fitted_model(run):
    (cohort,) = run.cohorts
    table = predict(run.bundle, cohort, "batch").table
    assert np.isclose(table["risk"].mean(), 0)
    counts = table["stratum"].value_counts()
    assert counts.to_dict() == {"low": 20, "intermediate": 20, "high": 20}


def test_the_bundle_knows_where_it_comes_from(run):
    info = run.bundle.info
    assert info["patients"] == 60
    assert info["cohorts"] == {"ours": 60}
    assert info["events"] == run.cohorts[0].outcome.n_events
    assert info["finding"] == run.evaluation.finding
    assert info["evaluation"] == summarise_comparisons(run.evaluation.comparisons)
    assert info["config"]["name"] == "small"
    assert info["versions"] == versions()
    assert versions()["itgstrat"] == itgstrat.__version__


def test_cohorts_are_read_in_the_order_of_the_configuration(tmp_path):
    config = load_config(write_run(tmp_path))
    (item,) = config.cohorts
    other = item.model_copy(update={"name": "other"})
    validation = config.validation.model_copy(update={"external": (other,)})
    steps = []
    training, external = read_cohorts(config.model_copy(update={"validation": validation}), lambda *s: steps.append(s))
    assert [cohort.name for cohort in training] == ["ours"]
    assert [cohort.name for cohort in external] == ["other"]
    assert steps == [("reading cohorts", 1, 2), ("reading cohorts", 2, 2)]


def test_a_covariate_that_is_the_same_in_all_is_left_out_and_named(tmp_path):
    changed = {"change_clinical": lambda table: table.assign(age=50)}
    config = load_config(write_run(tmp_path, **changed))
    trained = train(config)
    assert trained.left_out == {"age": "missing in every patient or the same in all"}
    assert any("no baseline 'clinical only'" in note for note in trained.evaluation.notes)
    assert "age" not in trained.bundle.recipe.names


def test_a_covariate_need_not_be_known_in_every_patient(tmp_path):
    config = load_config(write_run(tmp_path, change_clinical=lambda t: t.assign(age=t["age"].mask(t.index % 2 == 0))))
    assert "age" in train(config).bundle.recipe.names


def test_too_few_events_for_the_folds(tmp_path):
    few = {"change_clinical": lambda table: table.assign(OS=[1] * 5 + [0] * 55)}
    with pytest.raises(OutcomeError, match="5 events among 60 patients; training on 1 of 2 folds needs at least 8"):
        train(load_config(write_run(tmp_path, **few)))


def test_a_horizon_beyond_follow_up_is_replaced_in_the_evaluation_and_not_told_by_the_model(tmp_path):
    trained = train(load_config(write_run(tmp_path, strata={"horizons": [1, 90]})))
    inside = trained.evaluation.internal
    survival = [name for name in inside.patients if name.startswith("survival_")]
    assert survival[0] == "survival_365_days"
    assert len(survival) == len(inside.calibration) == 2
    assert "survival_32872_days" not in survival
    assert inside.patients[survival].notna().all(axis=None)
    assert any("follow-up carries no horizon of 32872 days" in note for note in trained.evaluation.notes)
    trained.save(tmp_path / "out")
    prediction = predict(trained.bundle, trained.cohorts[0])
    assert prediction.table["survival_32872_days"].isna().all()
    assert any(note.startswith("survival_32872_days not told: the evaluation could not") for note in prediction.notes)


def test_an_external_cohort_without_a_gene_of_the_signatures_is_refused(run):
    (cohort,) = run.cohorts
    kept = [gene for gene in cohort.genes if not gene.startswith("ITG")]
    with pytest.raises(CohortError, match=r"none of the \d+ signature genes is among the \d+ genes"):
        predict(run.bundle, replace(cohort, expression=cohort.expression[kept]))


def test_settings_that_leave_no_feature_end_the_run(tmp_path):
    def drop(table):
        return table.drop(columns=[gene for gene in table if gene.startswith("ITG")])

    with pytest.raises(ModelError, match="no feature can be computed"):
        train(load_config(write_run(tmp_path, change_expression=drop)))


def write_alterations(folder, unassessed=()):
    """Write a per-sample table beside a run: one mutation in every second patient."""
    patients = [f"one-{number:05d}" for number in range(60)]
    table = pd.DataFrame({"sample_id": patients, "KRAS_mut": np.arange(60) % 2.0, "flat": 1.0})
    table.loc[list(unassessed), "KRAS_mut"] = np.nan
    table.to_csv(folder / "alterations.tsv", sep="\t", index=False)
    return patients


def with_alterations(folder, not_assessed="fail", unassessed=(), names=("KRAS_mut",), **cohort):
    write_alterations(folder, unassessed)
    own = {"name": "ours", "source": "expression.tsv", "clinical": "clinical.tsv", "columns": {"age": "age"}}
    features = {"covariates": ["age"], "alterations": list(names), "not_assessed": not_assessed}
    cohorts = [own | {"alterations": ["alterations.tsv"]} | cohort]
    return load_config(write_run(folder, features=features, cohorts=cohorts))


def test_alterations_are_used_like_covariates(tmp_path):
    trained = train(with_alterations(tmp_path))
    assert trained.bundle.recipe.names[-2:] == ("age", "KRAS_mut")
    clinical = trained.evaluation.internal.row("clinical")
    assert clinical is not None
    loaded = ModelBundle.load(trained.save(tmp_path / "out") / "model")
    here, there = predict(trained.bundle, trained.cohorts[0]), predict(loaded, trained.cohorts[0])
    pd.testing.assert_frame_equal(here.table, there.table)
    assert loaded.info["alterations"] == ["KRAS_mut"]
    assert loaded.info["config"]["cohorts"][0]["alterations"] == ["alterations.tsv"]


def test_an_alteration_that_was_not_assessed_stops_the_run_unless_it_is_chosen_otherwise(tmp_path):
    with pytest.raises(CohortError, match=r"KRAS_mut in 2 of 60 patients \(one-00003, one-00007\).*not_assessed to"):
        read_cohorts(with_alterations(tmp_path, unassessed=(3, 7)))


def test_patients_not_assessed_can_be_left_out_and_are_counted(tmp_path, caplog):
    trained = train(with_alterations(tmp_path, "drop", unassessed=(3, 7)))
    (cohort,) = trained.cohorts
    assert trained.bundle.info["patients"] == len(cohort) == 58
    assert str(cohort.dropped[-1]) == "2 patients dropped: KRAS_mut not assessed (one-00003, one-00007)"
    assert "2 patients dropped: KRAS_mut not assessed" in caplog.text
    (whole,), _ = read_cohorts(with_alterations(tmp_path, "indicator", unassessed=(3, 7)))
    told = predict(trained.bundle, whole)
    assert len(told.table) == 58
    assert told.notes[-1] == "2 patients dropped: KRAS_mut not assessed (one-00003, one-00007)"
    with pytest.raises(CohortError, match="KRAS_mut in 60 of 60 patients"):
        read_cohorts(with_alterations(tmp_path, "drop", unassessed=range(60)))


def test_patients_not_assessed_can_have_a_column_of_their_own(tmp_path):
    config = with_alterations(tmp_path, "indicator", unassessed=range(0, 60, 5))
    trained = train(config)
    assert trained.bundle.recipe.names[-3:] == ("age", "KRAS_mut", "KRAS_mut=not assessed")
    (cohort,) = trained.cohorts
    assert len(cohort) == 60
    assert cohort.clinical["KRAS_mut=not assessed"].sum() == 12
    assert cohort.clinical.loc[cohort.clinical["KRAS_mut=not assessed"] == 1, "KRAS_mut"].eq(0).all()
    assert cohort.alterations["KRAS_mut"].isna().sum() == 12  # what was read stays as it was
    together = predict(trained.bundle, cohort).table
    for patient in (0, 1, 5):
        alone = predict(trained.bundle, cohort[[patient]]).table
        pd.testing.assert_frame_equal(alone, together.iloc[[patient]].reset_index(drop=True), rtol=0, atol=1e-9)


def test_a_model_that_never_saw_an_unassessed_patient_has_no_place_for_one(tmp_path):
    trained = train(with_alterations(tmp_path, "indicator"))
    assert trained.left_out["KRAS_mut=not assessed"] == "missing in every patient or the same in all"
    (cohort,) = trained.cohorts
    with pytest.raises(CohortError, match=r"not assessed: KRAS_mut in no patient \(loaded: no alterations\)"):
        predict(trained.bundle, replace(cohort, alterations=None))


def test_an_alteration_that_no_file_holds_is_named(tmp_path):
    with pytest.raises(CohortError, match="alterations in no training cohort: EGFR_mutt; loaded: KRAS_mut"):
        read_cohorts(with_alterations(tmp_path, "indicator", names=("KRAS_mut", "EGFR_mutt")))


def test_a_codon_outside_the_facts_is_read_from_mutations(tmp_path):
    columns = ("Hugo_Symbol", "Tumor_Sample_Barcode", "Variant_Classification", "HGVSp_Short")
    patients = write_alterations(tmp_path)
    rows = [("NRAS", patient, "Missense_Mutation", "p.Q61R") for patient in patients[::3]]
    rows += [("TP53", patient, "Missense_Mutation", "p.R175H") for patient in patients]
    pd.DataFrame(rows, columns=list(columns)).to_csv(tmp_path / "m.maf", sep="\t", index=False)
    names = ("NRAS_Q61", "flat")
    files = ["m.maf", "alterations.tsv"]
    (cohort,), _ = read_cohorts(with_alterations(tmp_path, names=names, alterations=files))
    assert cohort.clinical["NRAS_Q61"].sum() == 20
    assert cohort.clinical["flat"].eq(1).all()


def test_a_cohort_is_read_as_its_configuration_says(tmp_path):
    with pytest.raises(InputError, match="genes and patients seem swapped"):
        read_cohorts(with_alterations(tmp_path, orientation="patients x genes"))
    with pytest.raises(InputError, match="the layout 'table' has no option measure"):
        read_cohorts(with_alterations(tmp_path, measure="tpm"))


def test_own_signatures_adjusted_and_joint_features_reach_the_bundle(tmp_path):
    (tmp_path / "own.gmt").write_text("MINE\tours\tITGB6\tITGAV\tITGA5\n", encoding="utf-8")
    features = {
        "catalogue": ["own.gmt"],
        "signatures": ["heterodimers", {"signature": "MINE", "without": ["ITGA5"]}],
        "adjust": {"for": ["MINE"], "covariates": ["age"]},
        "covariates": ["age"],
    }
    trained = train(load_config(write_run(tmp_path, features=features)))
    names = trained.bundle.recipe.names
    assert "MINE_without_ITGA5" in names
    assert names[:2] == ("itg_a1b1:adjusted", "itg_a2b1:adjusted")
    assert sum(name.endswith(":adjusted") for name in names) == 24
    folder = trained.save(tmp_path / "out")
    (tmp_path / "own.gmt").unlink()  # the bundle needs it no more
    loaded = ModelBundle.load(folder / "model")
    pd.testing.assert_frame_equal(
        predict(loaded, trained.cohorts[0]).table, predict(trained.bundle, trained.cohorts[0]).table
    )
    assert loaded.info["config"]["features"]["catalogue"] == ["own.gmt"]
    assert str(tmp_path) not in (folder / "model" / "manifest.json").read_text()
    circular = [note for note in trained.evaluation.notes if "hold integrin subunits" in note]
    assert len(circular) == 1
    assert "(MINE_without_ITGA5, MINE)" in circular[0]
