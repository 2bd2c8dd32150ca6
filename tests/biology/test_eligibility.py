"""What the facts ask for an agent: no clause counts the target twice, and what failed decides nothing."""

import pytest

from itgstrat.biology import load_catalogue
from itgstrat.biology.eligibility import find_contradictions, list_clauses

FACTS = load_catalogue()
AGENTS = list(FACTS.agents)


def clauses(agent):
    return list_clauses(FACTS.agents[agent], FACTS)


@pytest.mark.parametrize("agent", AGENTS)
def test_every_agent_has_one_target_and_a_context_without_its_genes(agent):
    target, *rest = clauses(agent)
    assert target.kind == "target"
    own = {gene for score in target.scores for gene in score.genes}
    assert own
    for clause in rest:
        assert clause.kind != "target"
        if clause.kind == "context":
            assert not own & clause.scores[0].genes.keys()
            assert not set(clause.scores[0].genes) <= set(FACTS.integrin_genes())
        assert bool(clause.alterations) == (clause.kind == "state")


def test_directions_are_those_of_the_facts():
    states = {agent: [(c.alterations, c.direction) for c in clauses(agent) if c.kind == "state"] for agent in AGENTS}
    assert {agent: found for agent, found in states.items() if found} == {
        "cilengitide": [(("MGMT_methylated",), -1)],
        "abituzumab": [(("KRAS_mut", "NRAS_mut"), -1)],
        "defactinib": [(("KRAS_mut",), 1)],
    }
    markers = {agent: [c.scores[0].id for c in clauses(agent) if c.kind == "marker"] for agent in AGENTS}
    assert {agent: found for agent, found in markers.items() if found} == {
        "cilengitide": ["itg_avb3"],
        "abituzumab": ["itg_avb6"],
        "certepetide": ["NRP1"],
    }


def test_all_heterodimers_of_an_agent_are_its_target():
    for agent in AGENTS:
        if FACTS.agents[agent].heterodimers:
            assert tuple(score.id for score in clauses(agent)[0].scores) == FACTS.agents[agent].heterodimers
    assert [score.id for score in clauses("vs_4718")[0].scores] == ["PTK2"]


def test_a_joint_signature_keeps_its_other_part():
    joint = next(c.scores[0] for c in clauses("m264rad") if "joint" in c.label)
    assert (joint.id, tuple(joint.genes), joint.rule) == (
        "joint_avb6_egfr_erbb2_receptor",
        ("EGFR", "ERBB2"),
        "lower_part",
    )


def test_opposite_markers_are_found_and_not_averaged():
    found = find_contradictions(FACTS.agents["abituzumab"])
    assert {(a.kind, b.kind) for a, b in found} == {("candidate", "prognostic")}
    assert {b.context for _, b in find_contradictions(FACTS.agents["cilengitide"])} == {
        "CENTRIC, MGMT methylated glioblastoma (n=274)",
        "ADVANTAGE",
    }
    assert find_contradictions(FACTS.agents["bexotegrast"]) == ()
