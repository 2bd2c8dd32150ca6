"""The page on agents: antagonists apart from addresses, trials beside hopes, opposite markers shown."""

import re
from dataclasses import replace
from html import unescape

import numpy as np
import pandas as pd
import pytest

from itgstrat.antagonists.board import word_patient, word_patients
from itgstrat.antagonists.context import judge_cohort
from itgstrat.antagonists.risk import tabulate_risk
from itgstrat.antagonists.tiers import TIERS
from itgstrat.prediction import predict
from itgstrat.reporting import prediction_report
from itgstrat.reporting.agents import HEADINGS, describe_agents
from tests.antagonists.test_risk import BUNDLE, NEW, TOLD
from tests.antagonists.test_table import ALL, FULL

LABELS = ("low", "intermediate", "high")
PAGE = describe_agents(TOLD.agents, BUNDLE.agents, LABELS, 500)


def test_conjugates_carriers_and_comparators_have_tables_of_their_own():
    tables = dict(PAGE.sections)
    named = {heading: {row[0].partition(" (")[0] for row in table.rows} for heading, table in PAGE.sections}
    assert named["Conjugates and carriers"] == {"sigvotatug vedotin", "certepetide"}
    assert len(named["Integrin antagonists"]) == 18
    assert "random pair of genes" in named["Comparators and control"]
    assert "an address here, not what is antagonised" in tables["Conjugates and carriers"].caption


def test_the_four_tiers_are_columns_with_evidence_and_trials_beside_them():
    table = dict(PAGE.sections)["Integrin antagonists"]
    assert table.columns == ("Agent", *HEADINGS, "Evidence", "Trial outcome")
    assert [heading[:2] for heading in HEADINGS] == [tier[:2] for tier in TIERS]
    row = next(row for row in table.rows if row[0] == "cilengitide")
    own = TOLD.agents[(TOLD.agents["agent"] == "cilengitide") & TOLD.agents["tier"].str.startswith("T1")]
    counts = own["call"].value_counts()
    share = f"{counts.get('eligible', 0) / len(own):.0%}"
    assert row[2] == (
        f"{counts.get('eligible', 0)} eligible ({share}), {counts['cannot tell']} cannot tell, "
        f"{counts['not eligible']} not eligible"
    )
    risk = TOLD.agents[(TOLD.agents["agent"] == "cilengitide") & TOLD.agents["tier"].str.startswith("T0")]
    strata = ", ".join(f"{(risk['call'] == label).sum()} {label}" for label in LABELS)
    assert row[1] == f"{risk['value'].notna().sum()} target-high: {strata}"
    assert row[3] == "absent"
    assert row[4] == "absent"
    assert re.fullmatch(r"target verified; \d+ of \d+ facts verified", row[5])
    assert row[6].startswith("CENTRIC (EORTC 26071-22072): primary endpoint (overall survival) not met | ")


def test_what_is_attached_is_counted_or_withheld():
    page = describe_agents(ALL.agents, FULL.agents, LABELS, 5)
    rows = {row[0]: row for _, table in page.sections for row in table.rows}
    assert re.fullmatch(r"60 scored; median [+-]\d+\.\d\d", rows["cilengitide"][3])
    assert rows["defactinib"][3] == "withheld: no more than its lineage"
    assert "lower hazard on treatment" in rows["abituzumab"][4]


def test_a_model_of_a_label_has_no_prognosis_to_count():
    judged = judge_cohort(BUNDLE.agents, NEW)
    risk = tabulate_risk(judged, TOLD.table[["patient"]], "label")
    table = pd.concat([risk, TOLD.agents[~TOLD.agents["tier"].str.startswith("T0")]])
    page = describe_agents(table, BUNDLE.agents, LABELS, 5)
    assert {row[1] for _, part in page.sections for row in part.rows} == {"the model tells a label, no risk"}


def test_of_one_patient_the_own_answers_are_told_and_the_sentence_for_the_board():
    own = ALL.agents[ALL.agents["patient"] == NEW.patients[0]]
    page = describe_agents(own, FULL.agents, LABELS, 500)
    assert page.patients is None
    assert page.sentence == word_patient(own)
    for row in (row for _, table in page.sections for row in table.rows):
        assert re.match(r"(eligible|not eligible|cannot tell)( \([+-]\d\.\d\d\))?: ", row[2]), row
    assert page.sentence.split(". ")[0] in unescape(prediction_report(predict(FULL, NEW[np.array([0])]), FULL))


def test_opposite_markers_are_shown_side_by_side():
    rows = [row for row in PAGE.disagreeing.rows if row[0] == "abituzumab"]
    assert any("longer OS with" in row[1] and "shorter OS without" in row[2] for row in rows)


def test_every_patient_is_listed_up_to_the_limit():
    assert [row[0] for row in PAGE.patients.rows] == list(NEW.patients)
    assert [row[1] for row in PAGE.patients.rows] == word_patients(TOLD.agents)["sentence"].tolist()
    assert PAGE.sentence == ""
    assert len(describe_agents(TOLD.agents, BUNDLE.agents, LABELS, 5).patients.rows) == 5
    assert not any("random" in cell for name, _, *rest in PAGE.patients.rows for cell in (name, *rest))


def test_the_report_holds_the_page_and_one_without_rules_does_not():
    text = prediction_report(TOLD, BUNDLE)
    assert f"<summary>A sentence on each of {len(PAGE.patients.rows)} patients, as on their pages</summary>" in text
    assert f"<summary>The rules of {len(PAGE.rules.rows)} agents</summary>" in text
    assert "Agents: four putative tiers, T0 to T3" in text
    assert "not for clinical use" in text
    none = replace(BUNDLE, agents=None)
    told = predict(none, NEW)
    assert told.agents.empty
    assert told.notes[-1].startswith("nothing is told of agents")
    assert "four putative tiers" not in prediction_report(told, none)


@pytest.mark.parametrize("agents", [None, BUNDLE.agents])
def test_without_answers_there_is_no_page(agents):
    assert describe_agents(TOLD.agents.head(0), agents, LABELS, 5) is None
