import re
import shutil

import numpy as np
import pandas as pd
import pytest

from itgstrat.learned import ModelBundle
from itgstrat.prediction import predict as predict_whole
from itgstrat.prediction_stream import name_tables
from itgstrat.readers import read_cohort

from .builders import call, write_matrix, write_run, write_table


def expression_of(folder):
    """Patients x genes of the small run."""
    return pd.read_csv(folder / "expression.tsv", sep="\t", index_col=0).T.astype(np.float32)


def predict(folder, expression, *words, out="out"):
    """Call predict and read the tables it wrote: name -> DataFrame."""
    called = call("predict", folder / "model", expression, "--out", out, *words)
    assert called.code == 0, called.err
    numbers = {"risk": [""], "lower_bound_days": [""]}
    return {
        path.stem: pd.read_csv(path, sep="\t", keep_default_na=False, na_values=numbers) for path in out.glob("*.tsv")
    }


@pytest.fixture(scope="session")
def outside(tmp_path_factory, breast):
    """GSE1992 as files, raw labels, and its predictions among all."""
    from itgstrat.readers.survset import read_survset

    folder = tmp_path_factory.mktemp("outside")
    raw = read_survset("gse1992")
    table = pd.DataFrame(raw.values, index=raw.samples, columns=raw.labels)
    clinical = raw.clinical.rename(columns={"er_positive": "er"})[["pid", "er", "age"]]
    write_matrix(folder / "all.tsv", table)
    write_table(folder / "clinical.tsv", clinical)
    found = predict(breast / "out", folder / "all.tsv", "--clinical", folder / "clinical.tsv", out=folder / "predicted")
    return folder, table, clinical, found


@pytest.mark.parametrize("position", [0, 7, 123])
def test_one_patient_alone_is_as_among_all(breast, outside, tmp_path, position):
    _, table, clinical, among = outside
    patient = table.index[position]
    write_matrix(tmp_path / "one.tsv", table.iloc[[position]])
    write_table(tmp_path / "one_clinical.tsv", clinical[clinical["pid"].astype(str) == patient])
    words = ("--clinical", tmp_path / "one_clinical.tsv")
    alone = predict(breast / "out", tmp_path / "one.tsv", *words, out=tmp_path / "out")
    mine = {name: table[table["patient"].astype(str) == patient] for name, table in among.items()}
    for name, keys in (
        ("predictions", ["patient"]),
        ("explanations", ["patient", "feature"]),
        ("explanations_by_gene", ["patient", "gene"]),
    ):
        here, there = (found[name].sort_values(keys).reset_index(drop=True) for found in (alone, mine))
        pd.testing.assert_frame_equal(here, there, rtol=0, atol=1e-9, check_dtype=False)
    assert len(alone["predictions"]) == 1


def test_one_patient_alone_is_as_in_the_public_package(breast, outside, tmp_path):
    *_, among = outside
    words = ("--clinical", outside[0] / "clinical.tsv")
    found = predict(breast / "out", "survset:gse1992", *words, out=tmp_path / "out")
    np.testing.assert_allclose(found["predictions"]["risk"], among["predictions"]["risk"], rtol=0, atol=1e-9)


def test_contributions_add_up_to_the_risk(outside):
    *_, found = outside
    risk = found["predictions"].set_index("patient")["risk"]
    assert risk.std() > 0.01
    for name in ("explanations", "explanations_by_gene"):
        total = found[name].groupby("patient")["contribution"].sum()
        np.testing.assert_allclose(total[risk.index], risk, rtol=0, atol=1e-9)


def test_the_prediction_table_has_all_that_is_promised(outside):
    *_, found = outside
    assert found["predictions"].columns.tolist() == [
        *("patient", "risk", "stratum", "risk_low", "risk_high", "survival_730_days", "survival_1826_days"),
        *("lower_bound_days", "lower_bound_capped", "coverage", "imputed", "out_of_distribution", "why", "reference"),
    ]
    assert set(found["predictions"]["stratum"]) <= {"low", "intermediate", "high"}
    assert found["predictions"]["coverage"].between(0.5, 1).all()


def test_the_files_are_written_and_said(small, tmp_path):
    called = call("predict", small / "out" / "model", small / "expression.tsv", "--out", tmp_path / "out")
    assert called.code == 0
    assert called.out.startswith("60 patients by small (pooled reference): ")
    assert re.search("note: missing in every patient, .*: age\n", called.out)
    names = ["agents.tsv", "board.tsv", "explanations.tsv", "explanations_by_gene.tsv", "explanations_by_system.tsv"]
    names += ["predictions.tsv", "report.html"]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == names
    last = called.out.splitlines()[-1]
    assert all(name in last for name in names)


def test_one_patient_is_told_in_a_sentence(small, tmp_path):
    one = write_matrix(tmp_path / "one.tsv", expression_of(small).iloc[:1])
    called = call("predict", small / "out" / "model", one, "--out", tmp_path / "out", "--no-report")
    assert called.code == 0, called.err
    board = pd.read_csv(tmp_path / "out" / "board.tsv", sep="\t")
    assert board.columns.tolist() == ["patient", "sentence"]
    assert f"\n{board['sentence'][0]}\n" in called.out
    assert called.out.count("Hypothesis-generating, not for clinical use.") == 1


def test_without_a_report(small, tmp_path):
    words = ("--out", tmp_path / "out", "--no-report")
    called = call("predict", small / "out" / "model", small / "expression.tsv", *words)
    assert not (tmp_path / "out" / "report.html").exists()
    assert "report.html" not in called.out


def test_without_agents_all_else_is_the_same(small, tmp_path):
    for out, words in (("with", ()), ("without", ("--no-agents",))):
        called = call("predict", small / "out" / "model", small / "expression.tsv", "--out", tmp_path / out, *words)
        assert called.code == 0, called.err
    kept = {path.name: path.read_bytes() for path in (tmp_path / "without").iterdir() if path.suffix == ".tsv"}
    told = {path.name: path.read_bytes() for path in (tmp_path / "with").iterdir() if path.suffix == ".tsv"}
    assert set(told) - set(kept) == {"agents.tsv", "board.tsv"}
    assert all(told[name] == table for name, table in kept.items())
    assert "or they were left out (--no-agents)" in called.out
    assert "agents.tsv" not in called.out


def test_the_cohorts_own_reference_is_marked_and_needs_30_patients(small, tmp_path):
    words = ("--reference", "cohort")
    found = predict(small / "out", small / "expression.tsv", *words, out=tmp_path / "out")
    assert set(found["predictions"]["reference"]) == {"cohort"}
    few = write_matrix(tmp_path / "few.tsv", expression_of(small).iloc[:29])
    called = call("predict", small / "out" / "model", few, *words, "--out", tmp_path / "few")
    assert called.code == 1
    assert "needs 30 patients, found 29" in called.err


def test_the_training_reference_goes_by_the_name_of_the_cohort(small, tmp_path):
    words = ("--reference", "batch", "--name")
    assert call("predict", small / "out" / "model", small / "expression.tsv", *words, "ours", "--out", tmp_path / "a")
    called = call("predict", small / "out" / "model", small / "expression.tsv", *words, "x", "--out", tmp_path / "b")
    assert called.code == 1
    assert "the model has no reference for x; it was trained on ours" in called.err


def test_genes_and_patients_may_be_swapped(small, tmp_path):
    expression_of(small).rename_axis("patient").to_csv(tmp_path / "swapped.tsv", sep="\t", float_format="%.9g")
    swapped = predict(small / "out", tmp_path / "swapped.tsv", out=tmp_path / "a")
    straight = predict(small / "out", small / "expression.tsv", out=tmp_path / "b")
    pd.testing.assert_frame_equal(swapped["predictions"], straight["predictions"])


def test_constant_genes_are_no_reason_to_stop(small, tmp_path):
    table = expression_of(small)
    table["ITGAV"] = 5.0
    found = predict(small / "out", write_matrix(tmp_path / "m.tsv", table), out=tmp_path / "out")
    assert found["predictions"]["risk"].notna().all()


@pytest.mark.parametrize(
    "file", ["manifest.json", "recipe.npz", "model.npz", "strata.npz", "familiarity.npz", "card.md"]
)
def test_a_model_with_one_byte_changed_is_refused(small, tmp_path, file):
    shutil.copytree(small / "out" / "model", tmp_path / "model")
    content = bytearray((tmp_path / "model" / file).read_bytes())
    content[len(content) // 2] ^= 1
    (tmp_path / "model" / file).write_bytes(content)
    called = call("predict", tmp_path / "model", small / "expression.tsv", "--out", tmp_path / "out")
    assert (called.code, called.out) == (1, "")
    assert re.search(f"{file}|changed|damaged", called.err)
    assert not (tmp_path / "out").exists()


def test_what_is_no_model_is_refused(small, tmp_path):
    called = call("predict", small, small / "expression.tsv", "--out", tmp_path / "out")
    assert called.code == 1
    assert f"{small} is no model bundle" in called.err


def test_an_output_folder_is_refused_before_any_work(small, tmp_path):
    (tmp_path / "out").mkdir()
    called = call("predict", tmp_path / "no model", tmp_path / "no file", "--out", tmp_path / "out")
    assert called.code == 1
    assert "exists; give another folder" in called.err
    assert list((tmp_path / "out").iterdir()) == []


def test_a_prediction_that_fails_half_way_writes_nothing(small, tmp_path, monkeypatch):
    def fail(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("itgstrat.reporting.prediction_report", fail)
    called = call("predict", small / "out" / "model", small / "expression.tsv", "--out", tmp_path / "out")
    assert called.code == 1
    assert "No space left on device" in called.err
    assert list(tmp_path.iterdir()) == []


def no_table(table, path):
    path.write_text("Dear colleague,\nplease find the table attached.\n")


def no_gene(table, path):
    write_matrix(path, table.set_axis([f"AFFX-{at}" for at in range(table.shape[1])], axis=1))


def no_signature_gene(table, path):
    write_matrix(path, table.drop(columns=[name for name in table if name.startswith("ITG")]))


def twice(table, path):
    write_matrix(path, table.set_axis([*table.index[:-1], table.index[0]]))


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (no_table, "m.tsv: "),
        (no_gene, "AFFX-0"),
        (no_signature_gene, "none of the .* signature genes is among the .* genes"),
        (twice, "patients occur twice: one-00000"),
        (lambda table, path: path.write_bytes(b"\x00\x01\xff" * 50), "m.tsv: "),
        (lambda table, path: path.write_text(""), "m.tsv: .*empty"),
        (lambda table, path: None, "m.tsv"),
    ],
    ids=["letter", "no gene", "no signature gene", "twice", "binary", "empty", "not there"],
)
def test_expression_that_cannot_be_used(small, tmp_path, write, message):
    write(expression_of(small), tmp_path / "m.tsv")
    called = call("predict", small / "out" / "model", tmp_path / "m.tsv", "--out", tmp_path / "out")
    assert (called.code, called.out) == (1, "")
    assert called.err.startswith("itgstrat: ")
    assert "Traceback" not in called.err
    assert re.search(message, called.err), called.err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda table: table.assign(patient="x" + table["patient"]), "shares no patient with the expression table"),
        (lambda table: table.assign(age="old"), "covariate 'age' was a number in training; found old"),
    ],
    ids=["others", "text"],
)
def test_clinical_tables_that_cannot_be_used(small, tmp_path, change, message):
    clinical = change(pd.read_csv(small / "clinical.tsv", sep="\t"))
    words = ("--clinical", write_table(tmp_path / "c.tsv", clinical), "--out", tmp_path / "out")
    called = call("predict", small / "out" / "model", small / "expression.tsv", *words)
    assert (called.code, called.out) == (1, "")
    assert re.search(message, called.err), called.err


def test_few_signature_genes_withhold_the_risk(small, tmp_path):
    integrins = [name for name in expression_of(small) if name.startswith("ITG")]
    table = expression_of(small).drop(columns=integrins[4:])
    found = predict(small / "out", write_matrix(tmp_path / "m.tsv", table), out=tmp_path / "out")["predictions"]
    assert found["risk"].isna().all()
    assert set(found["stratum"]) == {"withheld"}
    assert found["why"].str.startswith("risk withheld: under 50%").all()


def test_the_model_holds_no_patient(small):
    bundle = ModelBundle.load(small / "out" / "model")
    assert "one-0000" not in (small / "out" / "model" / "manifest.json").read_text() + bundle.card


def test_alterations_come_from_a_file(tmp_path):
    patients = [f"one-{number:05d}" for number in range(60)]
    table = pd.DataFrame({"sample_id": patients, "KRAS_mut": np.arange(60) % 2})
    write_table(tmp_path / "altered.tsv", table)
    config = write_run(tmp_path, features={"alterations": ["KRAS_mut"]})
    words = ("--set", f"cohorts.0.alterations=[{tmp_path}/altered.tsv]", "--out", tmp_path / "run")
    called = call("train", config, *words)
    assert called.code == 0, called.err
    expression = tmp_path / "expression.tsv"
    found = predict(tmp_path / "run", expression, "--alterations", tmp_path / "altered.tsv", out=tmp_path / "out")
    assert found["predictions"]["risk"].notna().all()
    assert "KRAS_mut" in set(found["explanations_by_gene"]["gene"])
    without = call("predict", tmp_path / "run" / "model", expression, "--out", tmp_path / "without")
    assert without.code == 1
    assert "not assessed: KRAS_mut in no patient (loaded: no alterations)" in without.err


@pytest.fixture(scope="module")
def many(small, tmp_path_factory):
    """Six hundred patients, in three blocks, and what is told of them when all are read at once."""
    one = expression_of(small)
    table = pd.concat([one + np.float32(at / 20) for at in range(10)])
    path = tmp_path_factory.mktemp("many") / "many.tsv"
    write_matrix(path, table.set_axis([f"M{at:04d}" for at in range(len(table))]))
    whole = predict_whole(ModelBundle.load(small / "out" / "model"), read_cohort(path, duplicates="mean"))
    files = {name: table.to_csv(sep="\t", index=False).encode() for name, table in name_tables(whole).items()}
    return path, whole, files


def read_files(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("report", ["--report", "--no-report"])
def test_a_large_cohort_goes_in_blocks_and_is_told_the_same(small, many, tmp_path, report):
    path, whole, expected = many
    called = call("predict", small / "out" / "model", path, "--out", tmp_path / "out", report)
    assert called.code == 0, called.err
    files = read_files(tmp_path / "out")
    page = files.pop("report.html", b"").decode()
    assert files == expected
    assert called.out.startswith("600 patients by small (pooled reference): ")
    notes = [line.removeprefix("note: ") for line in called.out.splitlines() if line.startswith("note: ")]
    assert notes == list(whole.notes)
    assert f"{int(whole.table['out_of_distribution'].sum())} out of distribution" in called.out
    assert re.search(r"predict .* 3/3", called.err)
    part = "this report shows 500 patients, the first of 600; the tables hold all"
    assert (part in page) == (part in called.err) == (report == "--report")
    assert [one.name for one in tmp_path.iterdir()] == ["out"]


def test_a_command_that_was_stopped_goes_on(small, many, tmp_path, monkeypatch):
    path, _, expected = many
    told = []

    def stop(*given):
        if len(told) == 2:
            raise KeyboardInterrupt
        told.append(given)
        return predict_whole(*given)

    command = ("predict", small / "out" / "model", path, "--out", tmp_path / "out", "--no-report")
    monkeypatch.setattr("itgstrat.prediction_stream.predict", stop)
    called = call(*command)
    assert called.code != 0
    assert f"finished patients are kept in {tmp_path / '.out-unfinished'}: the same command goes on" in called.err
    assert not (tmp_path / "out").exists()
    other = call(*command, "--name", "else")
    assert other.code == 1
    assert "2 finished blocks of another run (another name of the cohort); " in other.err
    assert "--no-resume" in other.err
    told.pop()  # so that one more block is told, and no second
    assert call(*command).code == 0
    assert read_files(tmp_path / "out") == expected
    assert not (tmp_path / ".out-unfinished").exists()


def test_blocks_of_a_stopped_command_can_be_thrown_away(small, many, tmp_path):
    path, _, expected = many
    (tmp_path / ".out-unfinished").mkdir()
    (tmp_path / ".out-unfinished" / "progress.json").write_text("{")
    command = ("predict", small / "out" / "model", path, "--out", tmp_path / "out", "--no-report")
    called = call(*command)
    assert called.code == 1
    assert "progress.json is damaged" in called.err
    assert call(*command, "--no-resume").code == 0
    assert read_files(tmp_path / "out") == expected


def test_the_cohorts_own_reference_looks_at_all_patients(small, many, tmp_path):
    path, *_ = many
    words = ("--reference", "cohort", "--no-report")
    called = call("predict", small / "out" / "model", path, *words, "--out", tmp_path / "out")
    assert called.code == 0, called.err
    assert "note: location and scale were learned anew from these 600 patients" in called.out


def test_a_report_of_two_blocks_shows_all(small, tmp_path):
    one = expression_of(small)
    table = pd.concat([one + np.float32(at / 20) for at in range(5)])
    path = write_matrix(tmp_path / "m.tsv", table.set_axis([f"M{at:04d}" for at in range(len(table))]))
    called = call("predict", small / "out" / "model", path, "--out", tmp_path / "out")
    assert called.code == 0, called.err
    page = (tmp_path / "out" / "report.html").read_text()
    assert "M0299" in page
    assert "this report shows" not in page + called.err
