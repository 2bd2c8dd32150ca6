import json
import re
from dataclasses import replace

import pytest

from itgstrat.learned import ModelBundle
from tests.antagonists.test_table import make_lines
from tests.simulate import make_bundle, simulate_cohort

from .builders import EFFECTS, call


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


def test_a_model_folder_tells_what_it_is_and_what_a_cohort_needs(small, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    called = call("inspect", small / "out" / "model")
    assert called.code == 0
    assert max(map(len, called.out.splitlines()[:-4])) <= 80  # the last lines name the folder
    words = " ".join(called.out.split())
    manifest = json.loads((small / "out" / "model" / "manifest.json").read_text())
    assert words.startswith("Model small what it is An elastic-net Cox model (L1 ratio 0.5) that turns")
    assert "endpoint OS with OS.time (days)" in words
    assert f"trained on 60 patients, {manifest['events']} events (ours 60); log2" in words
    assert "25: 24 signatures of 26 genes, scored by singscore; 1 covariate" in words
    assert " ".join(manifest["finding"].split()) in words
    assert "age: a number, training" in words
    assert "MGMT_methylated, KRAS_mut, NRAS_mut; without them" in words
    assert "agents (T2) no model of cell lines attached" in words
    assert "of survival, 80% live longer" in words
    # a run folder is taken for the model in it
    assert call("inspect", small / "out").out == called.out


def test_a_model_as_json_with_the_measures_of_its_evaluation(small):
    found = json.loads(call("inspect", small / "out", "--json").out)
    assert (found["layout"], found["n_patients"], found["cohorts"]) == ("itgstrat model", 60, {"ours": 60})
    (judged,) = found["how_good"]
    assert (judged["judged_on"], judged["measure"]) == ("Cross-validation: ours", "Harrell's concordance")
    report = json.loads((small / "out" / "evaluation.json").read_text())
    model = next(row for row in report["comparisons"][0]["rows"] if row["model"] == "model")
    estimate, low, high = map(float, re.findall(r"\d\.\d+", judged["value"]))
    own = model["harrell"]
    assert (estimate, low, high) == tuple(round(own[name], 3) for name in ("estimate", "low", "high"))
    (age,) = found["covariates"]
    bundle = ModelBundle.load(small / "out" / "model")
    assert (age["name"], age["categories"], age["read_from"]) == ("age", [], {"ours": "age"})
    assert (age["mean"], age["sd"]) == (bundle.recipe.covariate_mean[0], bundle.recipe.covariate_sd[0])
    assert found["agents"]["T1"] == [name for name in bundle.agents.agents if name != "control_random_pair"]


def test_what_is_attached_or_not_there_is_told_of_a_model(small, tmp_path):
    bundle = replace(ModelBundle.load(small / "out" / "model"), lower_bound=None, spread=None)
    bundle.attach(make_lines(reason="too few")).save(tmp_path / "made")
    words = " ".join(call("inspect", tmp_path / "made").out.split())
    assert "agents (T2) cilengitide: withheld: too few" in words
    assert "lower bound none risk interval none" in words
    bare = replace(bundle, agents=None, card="# A card", info={"name": "bare", "horizons_days": [365.0]})
    bare.save(tmp_path / "bare")
    words = " ".join(call("inspect", tmp_path / "bare").out.split())
    assert words.startswith("Model bare features 25:")
    assert "agents (T1) none" in words
    assert words.count("training cohort's own: ours") == 1


def test_categories_of_a_covariate_are_named(tmp_path):
    bundle = make_bundle(simulate_cohort(60, 120, EFFECTS, age_effect=0.5, seed=5).cohort)
    replace(bundle, info={**bundle.info, "covariates": ["age", "sex", "gone"]}).save(tmp_path / "made")
    age, sex, gone = json.loads(call("inspect", tmp_path / "made", "--json").out)["covariates"]
    assert (sex["categories"], sex["mean"], age["categories"]) == (["female", "male"], None, [])
    assert (gone["categories"], gone["mean"]) == ([], None)
    said = call("inspect", tmp_path / "made").out
    assert "sex: one of female, male" in said
    assert "gone: not looked at" in said


def test_a_model_takes_no_option_of_a_cohort_and_no_change(small, tmp_path):
    refused = call("inspect", small / "out", "--signatures")
    assert (refused.code, refused.out) == (2, "")
    assert "go with a cohort" in refused.err
    ModelBundle.load(small / "out" / "model").save(tmp_path / "made")
    (tmp_path / "made" / "strata.npz").write_bytes(b"")
    changed = call("inspect", tmp_path / "made")
    assert (changed.code, changed.out) == (1, "")
    assert "changed: strata.npz" in changed.err
