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
