"""The page on agents: antagonists apart from addresses, trials beside hopes, opposite markers shown."""

from dataclasses import replace

import pytest

from itgstrat.prediction import predict
from itgstrat.reporting import prediction_report
from itgstrat.reporting.agents import describe_agents
from tests.antagonists.test_risk import BUNDLE, NEW, TOLD

LABELS = ("low", "intermediate", "high")
PAGE = describe_agents(TOLD.agents, BUNDLE.agents, LABELS, 500)


def test_conjugates_carriers_and_comparators_have_tables_of_their_own():
    tables = dict(PAGE.sections)
    named = {heading: {row[0].partition(" (")[0] for row in table.rows} for heading, table in PAGE.sections}
    assert named["Conjugates and carriers"] == {"sigvotatug vedotin", "certepetide"}
    assert len(named["Integrin antagonists"]) == 18
    assert "random pair of genes" in named["Comparators and control"]
    assert "an address here, not what is antagonised" in tables["Conjugates and carriers"].caption


def test_counts_are_those_of_the_table_and_trials_stand_beside_them():
    table = dict(PAGE.sections)["Integrin antagonists"]
    row = next(row for row in table.rows if row[0] == "cilengitide")
    own = TOLD.agents[(TOLD.agents["agent"] == "cilengitide") & TOLD.agents["tier"].str.startswith("T1")]
    assert row[2].startswith(f"{(own['call'] == 'eligible').sum()} (")
    assert row[4].startswith(f"{(own['call'] == 'not eligible').sum()} (")
    assert "primary endpoint (overall survival) not met" in row[-1]
    risk = TOLD.agents[(TOLD.agents["agent"] == "cilengitide") & TOLD.agents["tier"].str.startswith("T0")]
    strata = ", ".join(f"{(risk['call'] == label).sum()} {label}" for label in LABELS)
    assert row[1] == f"{risk['value'].notna().sum()}: {strata}"


def test_opposite_markers_are_shown_side_by_side():
    rows = [row for row in PAGE.disagreeing.rows if row[0] == "abituzumab"]
    assert any("longer OS with" in row[1] and "shorter OS without" in row[2] for row in rows)


def test_every_patient_is_listed_up_to_the_limit():
    assert [row[0] for row in PAGE.patients.rows] == list(NEW.patients)
    assert len(describe_agents(TOLD.agents, BUNDLE.agents, LABELS, 5).patients.rows) == 5
    assert not any("random" in cell for row in PAGE.patients.rows for cell in row)


def test_the_report_holds_the_page_and_one_without_rules_does_not():
    text = prediction_report(TOLD, BUNDLE)
    assert "Agents: putative tiers T0 and T1" in text
    assert "not for clinical use" in text
    none = replace(BUNDLE, agents=None)
    told = predict(none, NEW)
    assert told.agents.empty
    assert told.notes[-1].startswith("the model holds no rules of agents")
    assert "putative tiers" not in prediction_report(told, none)


@pytest.mark.parametrize("agents", [None, BUNDLE.agents])
def test_without_answers_there_is_no_page(agents):
    assert describe_agents(TOLD.agents.head(0), agents, LABELS, 5) is None
