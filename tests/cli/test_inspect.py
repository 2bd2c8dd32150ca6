import json

import pytest

from .builders import call


def test_a_matrix_and_its_clinical_table(small):
    called = call("inspect", small / "expression.tsv", "--clinical", small / "clinical.tsv")
    assert called.code == 0
    said = dict(line.split("  ", 1) for line in called.out.splitlines() if not line.startswith(" "))
    assert said["n patients"].strip() == "60"
    assert said["unit"].strip().startswith("log2")
    assert said["integrins"].strip() == "26 of 26"
    assert "OS" in said["endpoints"]


def test_as_json(small):
    called = call("inspect", small / "expression.tsv", "--json")
    found = json.loads(called.out)
    assert (found["layout"], found["n_patients"]) == ("table", 60)


def test_a_public_cohort():
    pytest.importorskip("SurvSet", reason="the extra `demo` is not installed")
    called = call("inspect", "survset:gse1992")
    assert called.code == 0
    assert "124" in called.out


def test_what_is_no_cohort(tmp_path):
    (tmp_path / "letter.txt").write_text("Dear colleague,\nplease find attached.\n")
    called = call("inspect", tmp_path / "letter.txt")
    assert (called.code, called.out) == (1, "")
    assert called.err.startswith(f"itgstrat: {tmp_path}/letter.txt: ")
    missing = call("inspect", tmp_path / "none.tsv")
    assert missing.code == 1
    assert "none.tsv" in missing.err


def test_quality_of_signatures(small, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    plain = call("inspect", small / "expression.tsv")
    called = call("inspect", small / "expression.tsv", "--signatures", "itg_avb3", "gfr_met")
    assert called.code == 0
    assert called.out.startswith(plain.out)  # the rest is as it was
    added = called.out[len(plain.out) :]
    assert "Quality of 2 signatures in 60 patients of " in added
    rows = [line.split() for line in added.splitlines()]
    assert next(row for row in rows if row[:1] == ["itg_avb3"])[1] == "2/2"
    assert next(row for row in rows if row[:1] == ["gfr_met"])[1] == "0/7"
    assert "low coverage: 0 of 7 genes measured" in added
    assert max(map(len, added.splitlines())) <= 80


def test_quality_as_json_of_all_signatures(small):
    found = json.loads(call("inspect", small / "expression.tsv", "--signatures", "--json").out)
    assert len(found["signatures"]) == 258
    first = found["signatures"][0]
    assert (first["signature"], first["coverage"], first["agreement"]) == ("itg_a1b1", 1.0, None)
    assert "signatures" not in json.loads(call("inspect", small / "expression.tsv", "--json").out)


def test_wrong_names_of_signatures(small):
    unknown = call("inspect", small / "expression.tsv", "--signatures", "itg_avb33")
    assert unknown.code == 1
    assert "did you mean" in unknown.err
    alone = call("inspect", small / "expression.tsv", "itg_avb3")
    assert (alone.code, alone.out) == (2, "")
    assert "go with --signatures" in alone.err
