"""The sentence for a tumour board: what is met and by what, what is open and which assay, and never a promise."""

import re

import numpy as np
import pytest

from itgstrat.antagonists.board import MOST_WORDS, find_best_known, word_patient, word_patients
from itgstrat.biology import load_catalogue
from itgstrat.prediction import predict
from tests.antagonists.test_context import NEW, without
from tests.antagonists.test_risk import BUNDLE, TOLD
from tests.antagonists.test_table import ALL
from tests.antagonists.test_table import NEW as SAME

FACTS = load_catalogue()
BOARD = word_patients(TOLD.agents)
ATTACHED = word_patients(ALL.agents)


def rows_of(table, patient):
    return table[table["patient"] == patient]


def test_every_patient_has_one_sentence_and_it_is_that_of_the_patient_alone():
    assert BOARD["patient"].tolist() == list(NEW.patients) == list(SAME.patients)
    for patient, sentence in zip(BOARD["patient"], BOARD["sentence"], strict=True):
        assert word_patient(rows_of(TOLD.agents, patient)) == sentence


@pytest.mark.parametrize("board", [BOARD, ATTACHED], ids=["absent", "attached"])
def test_it_is_short_promises_nothing_and_ends_with_the_caveat(board):
    for sentence in board["sentence"]:
        assert len(sentence.split()) <= MOST_WORDS + 10
        assert sentence.endswith(" Hypothesis-generating, not for clinical use.")
        assert not re.search(r"responder|will respond|benefits? from", sentence)
        assert "  " not in sentence
        assert "nan" not in sentence


def test_the_rules_that_are_met_are_named_with_what_decided_and_counted():
    seen = set()
    for patient, sentence in zip(BOARD["patient"], BOARD["sentence"], strict=True):
        own = rows_of(TOLD.agents, patient)
        met = own[
            (own["tier"] == "T1 target_context")
            & (own["call"] == "eligible")
            & own["class"].isin(["integrin_antagonist", "integrin_expression_inhibitor"])
        ]
        first = sentence.partition(". ")[0]
        if met.empty:
            assert first == "Of 18 antagonists, the putative rule (T1) of none is met"
            continue
        assert first.endswith(" is met" if len(met) == 1 else " are met")
        named = [FACTS.agents[name].name for name in met["agent"] if f"{FACTS.agents[name].name} (" in first]
        assert named == [FACTS.agents[name].name for name in met["agent"][: len(named)]]
        rest = re.search(r"and (\d+) others?", first)
        assert len(named) + (int(rest[1]) if rest else 0) == len(met)
        assert first.count("percentile") == len(named) > 0
        seen.add(len(met) == 1)
    assert seen == {True, False}


def test_what_is_open_comes_with_its_assay():
    own = [text for text in BOARD["sentence"] if "Cannot be told" in text]
    assert any("cilengitide (needs MGMT promoter methylation)" in text for text in own)
    assert any("abituzumab (needs KRAS and NRAS sequencing)" in text for text in own)
    gap = word_patients(predict(BUNDLE, without(NEW, "ITGB6")).agents)["sentence"]
    assert gap.str.contains("needs expression of ITGB6").any()


def test_prognosis_is_told_where_a_target_is_high():
    for patient, sentence in zip(BOARD["patient"], BOARD["sentence"], strict=True):
        own = rows_of(TOLD.agents, patient)
        antagonists = own["class"].isin(["integrin_antagonist", "integrin_expression_inhibitor"])
        risk = own[own["tier"].str.startswith("T0") & antagonists]
        high = set(risk["call"][risk["value"].notna()])
        told = re.search(r"Predicted risk with a target high \(T0\): (\w+); prognosis, not response", sentence)
        assert ({told[1]} if told else set()) == high


def test_tiers_that_are_absent_withheld_or_told():
    assert BOARD["sentence"].str.contains("Absent: T2, cell lines; T3, cohorts with arms.", regex=False).all()
    lines = ATTACHED["sentence"].str.extract(r"T2, cell lines: (.*?)\. ")[0]
    assert lines.str.fullmatch(r"scored, [+-]\d+\.\d+, for cilengitide and withheld for defactinib").all()
    arms = ATTACHED["sentence"].str.extract(r"T3, cohorts with arms: (.*?) for abituzumab\.")[0]
    assert (arms[ALL.table["out_of_distribution"].to_numpy()] == "cannot tell").all()
    arms = arms[~ALL.table["out_of_distribution"].to_numpy()]
    assert arms.str.match(r"(lower|higher) hazard on treatment, hazard ratio|no difference shown, hazard ratio").all()


def test_a_trial_stands_beside_the_first_agent_with_its_disease_or_not_at_all():
    own = BOARD["sentence"][BOARD["sentence"].str.contains(r"\(T1\) of intetumumab \(")]
    told = own.str.contains("Intetumumab, phase 1/2 in stage IV melanoma: no significant difference.", regex=False)
    assert told.mean() > 0.5
    named = own.str.contains("Intetumumab, phase", regex=False)
    assert (named == told).all()
    every = [*BOARD["sentence"], *ATTACHED["sentence"]]
    assert not any(re.search(r"phase [\d/ab]+: ", sentence) for sentence in every)


def test_the_disease_of_a_trial_is_told_whole_or_the_trial_is_left_out():
    context = TOLD.agents[(TOLD.agents["patient"] == NEW.patients[0]) & TOLD.agents["tier"].str.startswith("T1")]
    rows = context[context["agent"] == "firategrast"].assign(call="eligible", decided_by="x")
    short = word_patient(rows)
    assert "Firategrast, phase 2 in relapsing-remitting multiple sclerosis: 49% fewer new lesions" in short
    long = word_patient(rows.assign(decided_by="x " * 60))
    assert "new lesions" not in long


def test_where_the_control_meets_its_rule_the_sentence_says_so():
    met = TOLD.agents[TOLD.agents["call"].eq("eligible") & TOLD.agents["tier"].str.startswith("T1")]
    by_chance = set(met["patient"][met["class"] == "control"])
    by_agent = set(met["patient"][met["class"].isin(["integrin_antagonist", "integrin_expression_inhibitor"])])
    said = BOARD["sentence"].str.contains("A random pair of genes meets one, too, so this says little.", regex=False)
    assert (BOARD["patient"].isin(by_chance & by_agent) <= said).all()
    assert not said[~BOARD["patient"].isin(by_chance)].any()
    assert 0 < said.mean() < 1


def test_the_order_of_the_tiers_does_not_matter():
    for patient in NEW.patients[:5]:
        own = rows_of(ALL.agents, patient)
        assert word_patient(own.sort_values("tier", ascending=False, kind="stable")) == word_patient(own)


def test_the_best_known_trial_is_the_latest_whose_outcome_was_seen():
    named = {name: find_best_known(FACTS.agents[name]) for name in FACTS.agents}
    assert named["cilengitide"].name.startswith("CENTRIC")
    assert named["defactinib"].name == "COMMAND"
    for name, trial in named.items():
        seen = [one for one in FACTS.agents[name].trials if "not seen" not in one.outcome]
        assert trial in (seen or FACTS.agents[name].trials)


def test_a_patient_unlike_training_is_open_for_that_reason():
    from itgstrat.antagonists.table import tabulate_agents

    one = NEW[np.array([0])]
    table = tabulate_agents(BUNDLE, one, predict(BUNDLE, one).table, foreign=np.array([True]))
    sentence = word_patient(table)
    assert "15 more (expression of another kind than training's)" in sentence
    assert "needs" not in sentence
    assert "No target is known to be high (T0)." in sentence


def test_no_rows_give_no_sentence():
    assert word_patients(TOLD.agents.head(0)).empty
