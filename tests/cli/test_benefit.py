"""`itgstrat benefit`."""

import json

import pandas as pd
import pytest
from typer.testing import CliRunner

from itgstrat.cli.app import app
from itgstrat.errors import CohortError, ModelError, OutputError
from itgstrat.learned import BenefitModel, ModelBundle
from tests.antagonists.trials import draw_table

TEST = ("benefit", "test")
COLUMNS = ("--arm", "arm", "--score", "score", "--event", "dead", "--time", "months", "--time-unit", "months")
QUICK = ("--learned", "elsewhere", "--draws", "5", "--permutations", "9")


def run(*arguments):
    return CliRunner().invoke(app, list(map(str, arguments)), catch_exceptions=False)


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "trial.tsv"
    draw_table().to_csv(path, sep="\t", index=False)
    return path


def test_a_trial_is_tested_and_written(table, tmp_path):
    out = tmp_path / "benefit.tsv"
    found = run(*TEST, table, *COLUMNS, *QUICK, "--control", "placebo", "--out", out)
    assert found.exit_code == 0
    assert "likelihood ratio test" in found.output
    written = pd.read_csv(out, sep="\t")
    assert (written["design"] == "randomised").all()
    assert (written["tier"] == "T3").all()


def test_chosen_arms_are_labelled(table, tmp_path):
    out = tmp_path / "benefit.json"
    found = run(
        *TEST, table, *COLUMNS, *QUICK, "--control", "placebo", "--observational", "--covariates", "age,centre",
        "--out", out,
    )  # fmt: skip
    assert "balance, standardised differences:" in found.output
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
    assert "(assumed)" in found.output


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
    assert f"{record}: tier T3 of abituzumab, log hazard ratio of drug against placebo" in found.output
    made = BenefitModel.load(record)
    assert (made.cohort, made.n_patients, made.design) == ("made", 120, "randomised")
    assert run("agents", "attach", model, "--benefit", record, "--out", tmp_path / "new").exit_code == 0
    assert [one.agent for one in ModelBundle.load(tmp_path / "new").benefits] == ["abituzumab"]
    with pytest.raises(OutputError, match=r"t3\.npz exists"):
        run(*words, "--agent", "abituzumab", "--model", model, "--score-is", "risk")
