"""Whether the records of a catalogue name each other rightly."""

from collections.abc import Collection, Iterable, Mapping, Sequence

from itgstrat.biology.agents import Agent
from itgstrat.biology.records import Signature, System, Theme, Unseen
from itgstrat.errors import name_some


def find_broken_links(
    signatures: Mapping[str, Signature],
    systems: Mapping[str, System],
    themes: Mapping[str, Theme],
    unseen: Iterable[Unseen],
    agents: Mapping[str, Agent],
    known: tuple[Collection[str], Collection[str]],
) -> list[str]:
    """Find names that lead nowhere.

    Parameters
    ----------
    signatures, systems, themes, unseen, agents : mapping or iterable of records
        What was read.
    known : (collection of str, collection of str)
        All signature ids and all heterodimer ids that may be named.

    Returns
    -------
    list of str
        One fault a record and field; empty where all is well.
    """
    ids, dimers = known
    faults: list[str] = []

    def check(where: str, field: str, names: Sequence[str], allowed: Collection[str]) -> None:
        wrong = [name for name in names if name not in allowed]
        if wrong:
            faults.append(f"{where}: {field}: unknown: {name_some(wrong)}")

    for key, signature in signatures.items():
        check(f"signatures: {key}", "beside", signature.beside, ids)
    for code, system in systems.items():
        check(f"systems: {code}", "signatures", system.signatures, ids)
        check(f"systems: {code}", "theme", [system.theme], themes)
    for one in unseen:
        check(f"unseen: {one.what}", "systems", one.systems, systems)
        check(f"unseen: {one.what}", "surrogates", one.surrogates, ids)
    for key, agent in agents.items():
        check(f"agents: {key}", "heterodimers", agent.heterodimers, dimers)
        check(f"agents: {key}", "signatures", agent.signatures, ids)
    return faults
