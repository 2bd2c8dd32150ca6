import json
import re

import numpy as np
import pandas as pd
import pytest

from itgstrat.errors import ModelError
from itgstrat.learned import ModelBundle

from .builders import call, write_run

FILES = {"model", "evaluation.json", "predictions.tsv", "drivers.tsv", "report.html"}


def test_a_run_writes_model_evaluation_predictions_and_report(breast):
    assert {path.name for path in (breast / "out").iterdir()} == FILES
    evaluation = json.loads((breast / "out" / "evaluation.json").read_text(), parse_constant=pytest.fail)
    kinds = [item["kind"] for item in evaluation["comparisons"]]
    assert kinds == ["cross-validation", *["leave-one-cohort-out"] * 4, *["external"] * 2]
    predictions = pd.read_csv(breast / "out" / "predictions.tsv", sep="\t")
    assert len(predictions) == 273
    assert predictions.columns.tolist() == [
        *("patient", "cohort", "event", "time_days", "risk", "stratum"),
        *("survival_730_days", "survival_1826_days"),
    ]
    assert evaluation["finding"].split(":")[0] in (breast / "out" / "report.html").read_text()
    assert ModelBundle.load(breast / "out" / "model").info["patients"] == 273


def test_the_finding_is_said_first_and_nothing_breaks_at_80_columns(breast):
    printed = (breast / "printed.txt").read_text()
    finding = json.loads((breast / "out" / "evaluation.json").read_text())["finding"]
    assert " ".join(printed.split()).startswith(" ".join(finding.split()))
    lines = printed.splitlines()
    assert max(map(len, lines[:-1])) <= 80
    for label in ("the model", "clinical only", "random genes (2)", "Kaplan-Meier"):
        assert sum(line.startswith(f"{label} ") for line in lines) == 3  # inside, and outside by two references
    assert sum(line.startswith("left out GSE") for line in lines) == 4
    assert lines[-1].endswith("out/report.html  evaluation.json  predictions.tsv  drivers.tsv  model/")


def test_progress_is_on_standard_error_and_names_its_step(tmp_path):
    called = call("train", write_run(tmp_path), "--out", tmp_path / "out")
    assert called.code == 0
    assert called.err.startswith("heterodimers: 24 signatures, 26 genes\n")
    for step in ("loading libraries", "reading cohorts", "evaluation ", "cross-validation: ours", "writing results"):
        assert step in called.err
    assert "loading" not in called.out


def test_the_same_run_gives_the_same_bytes(small, tmp_path):
    assert call("train", small / "run.yaml", "--out", tmp_path / "again").code == 0
    for name in ("evaluation.json", "predictions.tsv", "model/model.npz"):
        assert (tmp_path / "again" / name).read_bytes() == (small / "out" / name).read_bytes()


def test_finished_folds_are_kept_until_the_results_are_written(tmp_path, monkeypatch, cache):
    def fail(*_, **__):
        raise ModelError("the last step failed")

    config = write_run(tmp_path, name="kept")
    with monkeypatch.context() as broken:
        broken.setattr("itgstrat.training.training_report", fail)
        called = call("train", config, "--out", tmp_path / "out")
    (folder,) = (cache / "runs").glob("kept-*")
    assert f"finished folds are kept in {folder}: the same command goes on from there" in called.err
    monkeypatch.setattr("itgstrat.evaluation.cells._judge", fail)  # nothing needs to be fitted for the evaluation
    again = call("train", config, "--out", tmp_path / "out")
    assert again.code == 0, again.err
    assert not folder.exists()
    assert not list((cache / "runs").glob("kept-*"))


def test_a_cache_of_ones_own_stays(tmp_path, cache):
    config = write_run(tmp_path, name="own", compute={"n_jobs": 1, "cache": "work"})
    assert call("train", config, "--out", tmp_path / "out").code == 0
    kept = sorted((tmp_path / "work").rglob("output.pkl"))
    assert kept
    assert call("train", config, "--out", tmp_path / "again").code == 0
    assert sorted((tmp_path / "work").rglob("output.pkl")) == kept
    for name in ("evaluation.json", "predictions.tsv", "model/model.npz"):
        assert (tmp_path / "again" / name).read_bytes() == (tmp_path / "out" / name).read_bytes()
    assert not list((cache / "runs").glob("own-*"))
    assert "work" not in ModelBundle.load(tmp_path / "out" / "model").info["config"]["compute"]


def test_an_output_folder_is_refused_before_any_work(small, tmp_path):
    config = write_run(tmp_path)
    (tmp_path / "expression.tsv").unlink()  # it would be missed if anything were read
    called = call("train", config, "--out", small / "out")
    assert (called.code, called.out) == (1, "")
    assert f"{small}/out exists; give another folder with --out, or replace it with --force" in called.err


def test_force_replaces_the_whole_folder(tmp_path):
    config, out = write_run(tmp_path), tmp_path / "out"
    out.mkdir()
    (out / "predictions.tsv").write_text("old")
    (out / "explanations.tsv").write_text("old")
    assert call("train", config, "--out", out, "--force").code == 0
    assert {path.name for path in out.iterdir()} == FILES


@pytest.mark.parametrize("force", [[], ["--force"]])
def test_a_run_that_fails_half_way_leaves_everything_as_it_was(tmp_path, monkeypatch, force):
    def fail(*_, **__):
        raise ModelError("the last step failed")

    monkeypatch.setattr("itgstrat.training.training_report", fail)
    config, out = write_run(tmp_path), tmp_path / "out"
    if force:
        out.mkdir()
        (out / "predictions.tsv").write_text("old")
    before = sorted(map(str, tmp_path.rglob("*")))
    called = call("train", config, "--out", out, *force)
    assert (called.code, called.out) == (1, "")
    assert "itgstrat: the last step failed" in called.err
    assert sorted(map(str, tmp_path.rglob("*"))) == before


def test_force_replaces_results_only(tmp_path):
    config, out = write_run(tmp_path), tmp_path / "out"
    out.mkdir()
    (out / "thesis.docx").write_text("years of work")
    called = call("train", config, "--out", out, "--force")
    assert called.code == 1
    assert "holds thesis.docx and no results of itgstrat" in called.err
    assert (out / "thesis.docx").exists()


def test_settings_and_the_folder_of_the_configuration(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    config = write_run(tmp_path, out="from-config")
    assert call("train", config, "--set", "model.l1_ratio=0.2", "--set", "name=other").code == 0
    assert ModelBundle.load(tmp_path / "from-config" / "model").info["config"]["model"]["l1_ratio"] == 0.2


def set_column(name, position, value):
    """Change one value of the clinical table."""

    def change(table):
        table = table.astype({name: object})
        table.loc[position, name] = value
        return table

    return change


@pytest.mark.parametrize(
    ("change_clinical", "message"),
    [
        (set_column("OS.time", 3, -5), r"times .* below zero|negative"),
        (lambda table: table.assign(**{"OS.time": np.nan}), "OS.time"),
        (lambda table: table.assign(OS=0), r"no events: all 60 patients are censored in 'OS'"),
        (
            lambda table: table.assign(patient="nobody-" + table["patient"]),
            "shares no patient with the expression table",
        ),
        (lambda table: table.drop(columns="OS"), "no column OS for the endpoint"),
        (lambda table: table.assign(OS=[0, 1, 2] * 20), r"'OS'"),
        (
            lambda table: table.assign(OS=[1] * 2 + [0] * 58),
            "2 events among 60 patients; training on 1 of 2 folds needs at least 8",
        ),
        (lambda table: table.drop(columns="age"), r"age"),
    ],
    ids=["negative", "missing", "no events", "others", "no column", "three states", "few events", "no covariate"],
)
def test_outcomes_that_cannot_be_used(tmp_path, change_clinical, message):
    config = write_run(tmp_path, change_clinical=change_clinical)
    called = call("train", config, "--out", tmp_path / "out")
    assert_one_message(called, message)
    assert not (tmp_path / "out").exists()


def test_some_missing_times_drop_their_patients_only(tmp_path):
    config = write_run(tmp_path, change_clinical=set_column("OS.time", 3, np.nan))
    assert call("train", config, "--out", tmp_path / "out").code == 0
    assert len(pd.read_csv(tmp_path / "out" / "predictions.tsv", sep="\t")) == 59


@pytest.mark.parametrize(
    ("change_expression", "message"),
    [
        (lambda table: table.set_axis([*table.index[:-1], table.index[0]]), "patients occur twice: one-00000"),
        (lambda table: table.iloc[:1], r"1 patient|1 of|events"),
        (lambda table: table * 0 + 5, "constant|one value|same in all"),
        (lambda table: table.set_axis([f"AFFX-{at}" for at in range(table.shape[1])], axis=1), "AFFX-0"),
        (lambda table: table * np.nan, "holds no number at all"),
    ],
    ids=["twice", "one patient", "constant", "no gene", "no number"],
)
def test_expression_that_cannot_be_used(tmp_path, change_expression, message):
    config = write_run(tmp_path, change_expression=change_expression)
    called = call("train", config, "--out", tmp_path / "out")
    assert_one_message(called, message)
    assert not (tmp_path / "out").exists()


def assert_one_message(called, message):
    said = called.err[called.err.rindex("itgstrat: ") :]
    assert called.code == 1
    assert called.out == ""
    assert called.err.count("itgstrat: ") == 1
    assert "Traceback" not in called.err
    assert re.search(message, said), said


def test_the_demo_refuses_a_folder_that_exists_before_any_work(tmp_path):
    called = call("demo", "--out", tmp_path, "--set", "evaluation.repeats=1")
    assert (called.code, called.out) == (1, "")
    assert "exists; give another folder" in called.err
    assert call("demo", "--set", "evaluation.repeats=0").err.startswith("itgstrat: ")
