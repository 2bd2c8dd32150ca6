"""The agents: targets, trials and markers hold together, and say how far they were checked."""

import copy
from collections import Counter
from typing import Any

import pytest

from itgstrat.biology import Agent, build_catalogue, load_catalogue, load_hgnc
from itgstrat.errors import CatalogueError

CATALOGUE = load_catalogue()
EVERY = pytest.mark.parametrize("agent", CATALOGUE.agents.values(), ids=CATALOGUE.agents)
CHECKED = {"status": "verified", "source": "a page"}


def build(**changes: Any) -> Agent:
    """Build one agent over the packaged signatures."""
    entry: dict[str, Any] = {
        "id": "drug",
        "name": "Drug",
        "synonyms": [],
        "agent_class": "integrin_antagonist",
        "modality": "antibody",
        "heterodimers": ["itg_avb6"],
        "genes": ["ITGB6"],
        "target_checked": CHECKED,
        "signatures": ["itg_avb6"],
        "trials": [{"phase": "1", "indication": "x", "outcome": "y", "checked": CHECKED}],
        "biomarkers": [],
    }
    document = {"format": 1, "agents": [copy.deepcopy(entry | changes)]}
    return build_catalogue(agents=document, known=CATALOGUE).agents["drug"]


def test_25_agents_with_their_trials_and_markers() -> None:
    agents = CATALOGUE.agents.values()
    assert Counter(one.agent_class for one in agents) == {
        "integrin_antagonist": 17,
        "integrin_expression_inhibitor": 1,
        "integrin_directed_adc": 1,
        "integrin_directed_delivery": 1,
        "downstream_comparator": 5,
    }
    assert sum(len(one.trials) for one in agents) == 47
    assert sum(len(one.biomarkers) for one in agents) == 29


def test_what_was_verified_is_counted() -> None:
    checks = [check for one in CATALOGUE.agents.values() for check in one.checks]
    assert Counter(one.status for one in checks) == {"verified": 84, "mixed": 5, "hypothesis": 1, "from memory": 11}
    assert all(one.source for one in checks if one.status in ("verified", "mixed"))
    assert all(one.note for one in checks if one.status == "mixed")


@EVERY
def test_genes_are_approved_and_those_of_the_target_pairs(agent: Agent) -> None:
    genes = {*agent.genes, *(gene for marker in agent.biomarkers for gene in marker.genes)}
    assert [gene for gene in sorted(genes) if not load_hgnc().approved(gene)] == []
    pairs = [CATALOGUE.heterodimers[name] for name in agent.heterodimers]
    assert all({pair.alpha, pair.beta} & set(agent.genes) for pair in pairs)
    assert bool(pairs) == (agent.agent_class != "downstream_comparator")


@EVERY
def test_identifiers_have_their_form(agent: Agent) -> None:
    citations = [entry.citation for entry in (*agent.trials, *agent.biomarkers)]
    assert all(one.pmid.isdigit() or not one.pmid for one in citations)
    assert all(one.doi.startswith("10.") or not one.doi for one in citations)
    numbers = [*(one.nct for one in citations), *(one.nct for one in agent.trials)]
    assert all((number.startswith("NCT") and len(number) == 11) or not number for number in numbers)


def test_a_marker_that_is_only_prognostic_favours_nothing() -> None:
    markers = [one for agent in CATALOGUE.agents.values() for one in agent.biomarkers]
    for one in markers:
        assert (one.favours == "none") == (one.kind in ("prognostic", "negative", "pharmacodynamic")), one.marker


def test_conjugates_and_carriers_are_marked_apart() -> None:
    apart = [one.id for one in CATALOGUE.agents.values() if one.uses_integrin_as_address]
    assert apart == ["sigvotatug_vedotin", "certepetide"]


def test_agents_are_found_by_any_name() -> None:
    assert {CATALOGUE.agent(name).id for name in ("SGN-B6A", "sgn b6a", "Sigvotatug Vedotin")} == {"sigvotatug_vedotin"}
    with pytest.raises(CatalogueError, match="did you mean 'cilengitide'"):
        CATALOGUE.agent("cilengitid")


def test_a_trial_has_a_headline() -> None:
    assert CATALOGUE.agent("cilengitide").trials[0].headline.endswith("primary endpoint (overall survival) not met")
    assert build().trials[0].headline == "phase 1, x: y"
    assert CATALOGUE.agent("cpd_av2").trials[0].headline.startswith("preclinical, multiple cancer models: ")


def test_a_citation_reads_as_one_line() -> None:
    text = "Stupp 2014 Lancet Oncol; PMID 25163906; doi:10.1016/S1470-2045(14)70379-1; NCT00689221"
    assert str(CATALOGUE.agent("cilengitide").trials[0].citation) == text


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"heterodimers": ["itg_x"]}, "agents: drug: heterodimers: unknown: itg_x"),
        ({"signatures": ["nothing"]}, "agents: drug: signatures: unknown: nothing"),
        ({"agent_class": "drug"}, "agent_class: need one of integrin_antagonist"),
        ({"target_checked": {"status": "verified"}}, "drug: target_checked: source is missing"),
        ({"target_checked": {"status": "mixed", "source": "x"}}, "target_checked: note is missing"),
        ({"target_checked": "yes"}, "target_checked: need a mapping, found 'yes'"),
        ({"trials": ["one"]}, "trials: need a list of mappings"),
        ({"trials": [{"phase": "1"}]}, "drug: trials 1: outcome is missing"),
        ({"genes": "ITGB6"}, "genes: need a list of texts"),
        ({"target": "x"}, "unknown fields: target"),
        (
            {"biomarkers": [{"marker": "x", "favours": "both", "checked": CHECKED}]},
            "biomarkers 1: favours: need one of high, low",
        ),
    ],
)
def test_a_faulty_agent_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(CatalogueError, match=message):
        build(**changes)
