"""Reading the documents of agents and of systems into records; faults go to the common list."""

from collections.abc import Mapping
from typing import get_args

from itgstrat.biology.agents import Agent, AgentClass, Biomarker, Check, CheckStatus, Favours, MarkerKind, Trial
from itgstrat.biology.entry import Entry
from itgstrat.biology.records import Citation, System, Theme, Unseen


def read_citation(entry: Entry) -> Citation:
    """Read a citation.

    Parameters
    ----------
    entry : Entry
        The entry; faults go to its list.

    Returns
    -------
    Citation
        To be used only if no fault was added.
    """
    entry.forbid_others(Citation.__dataclass_fields__)
    return Citation(**{key: entry.text(key, needed=False) for key in Citation.__dataclass_fields__})


def _read_check(entry: Entry) -> Check:
    entry.forbid_others(Check.__dataclass_fields__)
    return Check(
        status=entry.choice("status", get_args(CheckStatus)),
        source=entry.text("source", needed=entry.content.get("status") in ("verified", "mixed")),
        note=entry.text("note", needed=entry.content.get("status") == "mixed"),
    )


def _read_trial(entry: Entry) -> Trial:
    entry.forbid_others(Trial.__dataclass_fields__)
    return Trial(
        **{key: entry.text(key) for key in ("phase", "indication", "outcome")},
        **{key: entry.text(key, needed=False) for key in ("name", "nct", "patients", "design")},
        citation=read_citation(entry.inner("citation")),
        checked=_read_check(entry.inner("checked")),
    )


def _read_biomarker(entry: Entry) -> Biomarker:
    entry.forbid_others(Biomarker.__dataclass_fields__)
    return Biomarker(
        **{key: entry.text(key) for key in ("marker", "direction", "role", "context", "statement")},
        favours=entry.choice("favours", get_args(Favours)),
        kind=entry.choice("kind", get_args(MarkerKind)),
        genes=entry.texts("genes"),
        citation=read_citation(entry.inner("citation")),
        checked=_read_check(entry.inner("checked")),
    )


def read_agent(entry: Entry) -> Agent:
    """Read an agent with its trials and biomarkers.

    Parameters
    ----------
    entry : Entry
        The entry; faults go to its list.

    Returns
    -------
    Agent
        To be used only if no fault was added.
    """
    entry.forbid_others(Agent.__dataclass_fields__)
    return Agent(
        id=entry.text("id"),
        name=entry.text("name"),
        synonyms=entry.texts("synonyms"),
        agent_class=entry.choice("agent_class", get_args(AgentClass)),
        modality=entry.text("modality"),
        heterodimers=entry.texts("heterodimers"),
        genes=entry.texts("genes"),
        target_checked=_read_check(entry.inner("target_checked")),
        signatures=entry.texts("signatures"),
        trials=tuple(map(_read_trial, entry.each("trials"))),
        biomarkers=tuple(map(_read_biomarker, entry.each("biomarkers"))),
        note=entry.text("note", needed=False),
    )


def read_theme(entry: Entry) -> Theme:
    """Read a theme; its id is the key under which it stands.

    Parameters
    ----------
    entry : Entry
        The entry; faults go to its list.

    Returns
    -------
    Theme
        To be used only if no fault was added.
    """
    entry.forbid_others(Theme.__dataclass_fields__)
    return Theme(
        **{key: entry.text(key) for key in ("id", "title", "about")},
        categories=entry.texts("categories"),
        of_integrins=entry.content.get("of_integrins", False) is True,
    )


def read_unseen(entry: Entry) -> Unseen:
    """Read what expression cannot give.

    Parameters
    ----------
    entry : Entry
        The entry; faults go to its list.

    Returns
    -------
    Unseen
        To be used only if no fault was added.
    """
    entry.forbid_others(Unseen.__dataclass_fields__)
    return Unseen(
        **{key: entry.text(key) for key in ("what", "why", "needs")},
        systems=entry.texts("systems"),
        surrogates=entry.texts("surrogates", needed=False),
    )


def read_system(entry: Entry, reviews: Mapping[str, Citation]) -> System:
    """Read a system.

    Parameters
    ----------
    entry : Entry
        The entry; faults go to its list.
    reviews : mapping of str to Citation
        The reviews by their short names.

    Returns
    -------
    System
        To be used only if no fault was added.
    """
    entry.forbid_others({"code", "review", "phrase", "where", "theme", "signatures", "why_none"})
    system = System(
        **{key: entry.text(key) for key in ("code", "phrase", "where", "theme")},
        signatures=entry.texts("signatures"),
        source=reviews.get(entry.choice("review", tuple(reviews)), Citation()),
        why_none=entry.text("why_none", needed=not entry.content.get("signatures")),
    )
    if system.signatures and system.why_none:
        entry.fault("why_none: a system with signatures has none")
    return system
