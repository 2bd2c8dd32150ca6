"""`itgstrat benefit`."""

import json
from dataclasses import replace

import pandas as pd
import pytest
from typer.testing import CliRunner

from itgstrat.cli.app import app
from itgstrat.errors import BundleError, CohortError, InputError, ModelError, OutputError
from itgstrat.learned import BenefitModel, ModelBundle
from tests.antagonists.trials import draw_table

TEST = ("benefit", "test")
COLUMNS = ("--arm", "arm", "--score", "score", "--event", "dead", "--time", "months", "--time-unit", "months")
QUICK = ("--learned", "elsewhere", "--draws", "5", "--permutations", "9")


def run(*arguments):
    return CliRunner(env={"COLUMNS": "80"}).invoke(app, list(map(str, arguments)), catch_exceptions=False)


def words_of(found):
    return " ".join(found.output.split())


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "trial.tsv"
    draw_table().to_csv(path, sep="\t", index=False)
    return path


def test_a_trial_is_tested_and_written(table, tmp_path):
    out = tmp_path / "benefit.tsv"
    found = run(*TEST, table, *COLUMNS, *QUICK, "--control", "placebo", "--out", out)
    assert found.exit_code == 0
    assert "likelihood ratio test" in words_of(found)
    assert max(map(len, found.output.splitlines()[:-1])) <= 80  # the last line names the file
    row = next(line.split() for line in found.output.splitlines() if line.startswith("50%"))
    written = pd.read_csv(out, sep="\t")
    assert (written["design"] == "randomised").all()
    assert (written["tier"] == "T3").all()
    median = written[(written["quantity"] == "hazard ratio of treatment") & (written["at"] == "0.5")].iloc[0]
    assert " ".join(row[2:]) == f"{median['estimate']:.2f} ({median['low']:.2f} to {median['high']:.2f})"


def test_chosen_arms_are_labelled(table, tmp_path):
    out = tmp_path / "benefit.json"
    found = run(
        *TEST, table, *COLUMNS, *QUICK, "--control", "placebo", "--observational", "--covariates", "age,centre",
        "--out", out,
    )  # fmt: skip
    assert "Balance, standardised differences" in found.output
    assert "E-value" in found.output
    assert max(map(len, found.output.splitlines()[:-1])) <= 80
    written = json.loads(out.read_text())
    assert {row["design"] for row in written["results"]} == {"observational"}


def test_one_arm_and_a_taken_place_are_refused(table, tmp_path):
    with pytest.raises(CohortError, match="say which is the control"):
        run(*TEST, table, *COLUMNS, *QUICK)
    single = tmp_path / "single.tsv"
    draw_table().assign(arm="drug").to_csv(single, sep="\t", index=False)
    with pytest.raises(CohortError, match="one arm; who benefits from a treatment cannot be told"):
        run(*TEST, single, *COLUMNS, *QUICK)
    with pytest.raises(OutputError, match="exists; give another file"):
        run(*TEST, table, *COLUMNS, *QUICK, "--out", table)
    with pytest.raises(OutputError, match="ends neither in"):
        run(*TEST, table, *COLUMNS, *QUICK, "--out", tmp_path / "benefit.xlsx")
    assert run(*TEST, table, *COLUMNS).exit_code == 2  # where the score was learned has to be said


def test_power_is_told_and_simulated():
    found = run("benefit", "power", "--ratio", "0.5", "--prevalence", "0.5", "--events", "42", "--simulate", "20")
    assert "with 80% power: 262" in found.output
    assert "42 events: 20% power" in found.output
    assert "in 20 simulated trials of 42 events" in found.output


def test_poseidon_says_what_it_is_made_of():
    found = run("benefit", "poseidon", "--trials", "5")
    assert "interaction_found" in found.output
    assert "(assumed)" in words_of(found)
    assert max(map(len, found.output.splitlines())) <= 80


def test_a_record_of_scores_by_another_reference_is_refused(small, tmp_path):
    path = tmp_path / "trial.tsv"
    draw_table().assign(reference="cohort").to_csv(path, sep="\t", index=False)
    words = (*TEST, path, *COLUMNS, *QUICK, "--control", "placebo", "--agent", "abituzumab", "--score-is", "risk")
    with pytest.raises(CohortError, match="scores by the reference cohort; a record needs those of"):
        run(*words, "--record", tmp_path / "t3.npz", "--model", small / "out" / "model")


def test_an_agent_that_the_model_has_no_rule_of_is_refused_before_the_analysis(table, small, tmp_path, monkeypatch):
    monkeypatch.setattr("itgstrat.antagonists.benefit.analyse_benefit", None)  # to call it would be a TypeError
    words = (*TEST, table, *COLUMNS, *QUICK, "--control", "placebo", "--record", tmp_path / "t3.npz")
    with pytest.raises(ModelError, match="has no agent 'nosuch'"):
        run(*words, "--agent", "nosuch", "--model", small / "out" / "model", "--score-is", "risk")
    with pytest.raises(OutputError, match="are for a record; give --record FILE"):
        run(*TEST, table, *COLUMNS, *QUICK, "--agent", "nosuch")


def test_a_record_is_saved_for_the_model_that_told_the_score(table, small, tmp_path):
    record, model = tmp_path / "t3.npz", small / "out" / "model"
    words = (*TEST, table, *COLUMNS, *QUICK, "--control", "placebo", "--record", record)
    with pytest.raises(OutputError, match="a record needs --model"):
        run(*words, "--agent", "abituzumab")
    found = run(*words, "--agent", "abituzumab", "--model", model, "--score-is", "risk", "--cohort", "made")
    made = BenefitModel.load(record)
    own = ModelBundle.load(model).digest_score("risk")
    assert f"{record}: tier T3 of abituzumab for the model small ({own[:12]})" in found.output
    assert "log hazard ratio of drug against placebo" in words_of(found)
    assert "scores taken on trust: that they are the risk of this model was not looked at" in words_of(found)
    assert (made.model_digest, made.score_basis) == (own, "scores taken on trust")
    older = {name: array for name, array in made.to_arrays().items() if name != "score_basis"}
    assert BenefitModel.from_arrays(older).score_basis == made.score_basis  # of before that was kept
    assert (made.cohort, made.n_patients, made.design) == ("made", 120, "randomised")
    assert run("agents", "attach", model, "--benefit", record, "--out", tmp_path / "new").exit_code == 0
    assert [one.agent for one in ModelBundle.load(tmp_path / "new").benefits] == ["abituzumab"]
    with pytest.raises(OutputError, match=r"t3\.npz exists"):
        run(*words, "--agent", "abituzumab", "--model", model, "--score-is", "risk")


@pytest.fixture
def told(small, tmp_path):
    """A trial of the patients of the small run, by the risk that its model tells them; and how to say so."""
    model = small / "out" / "model"
    files = (small / "expression.tsv", "--clinical", small / "clinical.tsv")
    assert run("predict", model, *files, "--out", tmp_path / "p", "--no-report").exit_code == 0
    drawn = draw_table().iloc[:60].reset_index(drop=True)
    risk = pd.read_csv(tmp_path / "p" / "predictions.tsv", sep="\t")[["patient", "risk", "reference"]]
    path = tmp_path / "told.tsv"
    drawn.drop(columns="score").join(risk).to_csv(path, sep="\t", index=False)
    words = ["--arm", "arm", "--score", "risk", "--event", "dead", "--time", "months", "--time-unit", "months", *QUICK]
    words += ["--control", "placebo", "--model", model, "--agent", "abituzumab", "--score-is", "risk"]
    words += ["--record", tmp_path / "t3.npz"]
    return path, [*words, "--expression", *files]


def test_scores_are_told_anew_and_must_be_those_of_the_model(told, tmp_path):
    path, words = told
    found = run(*TEST, path, *words)
    assert found.exit_code == 0
    assert "trust" not in found.output
    assert BenefitModel.load(tmp_path / "t3.npz").score_basis == "scores equal to those the model tells, 60 patients"
    (tmp_path / "t3.npz").unlink()
    table = pd.read_csv(path, sep="\t")
    table.assign(risk=table["risk"].round(3)).to_csv(path, sep="\t", index=False)
    assert run(*TEST, path, *words).exit_code == 0
    (tmp_path / "t3.npz").unlink()
    table.assign(risk=table["risk"].where(table.index != 7, table["risk"] + 0.3)).to_csv(path, sep="\t", index=False)
    with pytest.raises(
        CohortError, match=rf"not those of the model: {table['patient'][7]} .*, told .*; give the model"
    ):
        run(*TEST, path, *words)
    table.assign(patient=[f"other{n}" for n in range(60)]).to_csv(path, sep="\t", index=False)
    with pytest.raises(CohortError, match=r"the model tells no score of other0, .* \(60 in all\)"):
        run(*TEST, path, *words)
    table.assign(patient=table["patient"].iloc[0]).to_csv(path, sep="\t", index=False)
    with pytest.raises(CohortError, match="patients stand twice"):
        run(*TEST, path, *words)
    table.drop(columns="patient").to_csv(path, sep="\t", index=False)
    with pytest.raises(InputError, match="no column 'patient'; say by --patient"):
        run(*TEST, path, *words)
    assert not (tmp_path / "t3.npz").exists()


def test_a_rule_is_told_anew_too_and_the_reference_of_the_table_is_named(told, tmp_path):
    path, words = told
    agents = pd.read_csv(tmp_path / "p" / "agents.tsv", sep="\t")
    own = agents[(agents["tier"] == "T1 target_context") & (agents["agent"] == "glpg0187")]
    table = pd.read_csv(path, sep="\t").merge(own[["patient", "value"]].dropna(), on="patient")
    table.to_csv(path, sep="\t", index=False)
    rule = [*words, "--agent", "glpg0187", "--score-is", "target_context", "--score"]
    assert run(*TEST, path, *rule, "value").exit_code == 0
    basis = BenefitModel.load(tmp_path / "t3.npz").score_basis
    assert basis == f"scores equal to those the model tells, {len(table)} patients"
    (tmp_path / "t3.npz").unlink()
    with pytest.raises(CohortError, match="scores that are not those of the model"):
        run(*TEST, path, *rule, "risk")
    found = run(*TEST, path, *words[: words.index("--expression")])
    assert "scores taken on trust, the table names the pooled reference: that they are" in words_of(found)


def test_a_record_of_another_model_is_not_attached(table, small, tmp_path):
    record, model = tmp_path / "t3.npz", small / "out" / "model"
    words = (*TEST, table, *COLUMNS, *QUICK, "--control", "placebo", "--record", record, "--agent", "abituzumab")
    run(*words, "--model", model, "--score-is", "risk")
    bundle = ModelBundle.load(model)
    recipe = replace(bundle.recipe, signature_mean=bundle.recipe.signature_mean + 1)
    replace(bundle, recipe=recipe).save(tmp_path / "other")
    with pytest.raises(BundleError, match=r"a benefit of abituzumab by the risk of another model \(small\)"):
        run("agents", "attach", tmp_path / "other", "--benefit", record, "--out", tmp_path / "new")
    found = run("agents", "attach", model, "--benefit", record, "--out", tmp_path / "new")
    assert "scores taken on trust" in words_of(found)
    assert (
        max(len(line) for line in found.output.splitlines() if str(tmp_path) not in line and "small" not in line) <= 80
    )
