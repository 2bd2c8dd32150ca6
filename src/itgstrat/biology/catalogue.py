"""Building the catalogue: from checked fact documents, packaged or a user's own."""

import json
from functools import cache
from importlib.resources import files

from itgstrat.biology.checks import open_section, read_entries, read_groups, read_heterodimer, read_signature
from itgstrat.biology.checks_evidence import read_agent, read_citation, read_system, read_theme, read_unseen
from itgstrat.biology.collection import Catalogue
from itgstrat.biology.entry import FORMAT, Entry
from itgstrat.biology.links import find_broken_links
from itgstrat.biology.records import Heterodimer, Signature, Source, System, Theme, Unseen
from itgstrat.errors import CatalogueError

__all__ = ["Catalogue", "Heterodimer", "Signature", "Source", "build_catalogue", "load_catalogue"]


def build_catalogue(
    heterodimers: object = None,
    signatures: object = None,
    groups: object = None,
    themes: object = None,
    systems: object = None,
    agents: object = None,
    known: Catalogue | None = None,
) -> Catalogue:
    """Check the fact documents and make the catalogue of them.

    Parameters
    ----------
    heterodimers, signatures, groups, themes, systems, agents : object, optional
        Parsed YAML: mappings with ``format`` and an entry of the name of the parameter; one that is not given
        adds nothing. The document of themes also has ``reviews`` and ``unseen``.
    known : Catalogue, optional
        Another catalogue whose signatures, groups, systems and themes may be named.

    Returns
    -------
    Catalogue
        The records, without those of `known`.

    Raises
    ------
    CatalogueError
        If anything is missing, unknown or contradictory; every fault is listed.

    Examples
    --------
    >>> build_catalogue(signatures={"format": 1, "signatures": []})
    Catalogue(0 signatures, 0 of them heterodimers; 0 groups; 0 systems; 0 agents)
    """
    faults: list[str] = []
    base = known or Catalogue({}, {}, {})
    dimers = read_entries(_given(heterodimers, "heterodimers"), "heterodimers", read_heterodimer, faults)
    own = read_entries(_given(signatures, "signatures"), "signatures", read_signature, faults)
    faults += [f"signatures: {key}: the id is taken by a heterodimer" for key in own if key in dimers]
    every = {key: dimer.signature() for key, dimer in dimers.items()} | own
    reachable = {**base.signatures, **every}
    named = read_groups(groups or {"format": FORMAT, "groups": {}}, reachable, faults, base.groups)
    chapters, unseen, processes = _read_systems(themes, systems, faults)
    drugs = read_entries(_given(agents, "agents"), "agents", read_agent, faults)
    faults += find_broken_links(
        every,
        {**base.systems, **processes},
        {**base.themes, **chapters},
        unseen,
        drugs,
        (reachable, {**base.heterodimers, **dimers}),
    )
    if faults:
        count = f"{len(faults)} fault{'' if len(faults) == 1 else 's'} in the facts"
        raise CatalogueError("\n".join([f"{count}:", *(f"  - {fault}" for fault in faults)]))
    return Catalogue(every, dimers, named, processes, drugs, chapters, unseen)


def _given(document: object, key: str) -> object:
    return {"format": FORMAT, key: []} if document is None else document


def _read_systems(
    themes: object, systems: object, faults: list[str]
) -> tuple[dict[str, Theme], tuple[Unseen, ...], dict[str, System]]:
    document = {"format": FORMAT, "reviews": {}, "themes": {}, "unseen": []} if themes is None else themes
    reviews = {
        name: read_citation(Entry(f"reviews: {name}", content, faults))
        for name, content in open_section(document, "reviews", dict, faults).items()
    }
    chapters = {
        name: read_theme(Entry(f"themes: {name}", {"id": name, **content}, faults))
        for name, content in open_section(document, "themes", dict, faults).items()
    }
    unseen = tuple(read_entries(document, "unseen", read_unseen, faults, name="what").values())

    def read(entry: Entry) -> System:
        return read_system(entry, reviews)

    return chapters, unseen, read_entries(_given(systems, "systems"), "systems", read, faults, name="code")


@cache
def load_catalogue() -> Catalogue:
    """Load the packaged facts; the second call costs nothing.

    They are read from ``catalogue.json``, which holds the same as the YAML files beside it and is read in a
    thirtieth of the time.

    Returns
    -------
    Catalogue
        All packaged signatures, heterodimers, groups, systems and agents.

    Raises
    ------
    CatalogueError
        If the packaged file is damaged.

    References
    ----------
    Hynes 2002, PMID 12297042, doi:10.1016/S0092-8674(02)00971-6, for the heterodimers; each signature
    names its own source.

    Examples
    --------
    >>> load_catalogue().heterodimers["itg_a5b1"].beta
    'ITGB1'
    """
    resource = files("itgstrat.biology").joinpath("facts", "catalogue.json")
    try:
        documents = json.loads(resource.read_bytes())
    except (OSError, ValueError) as error:
        raise CatalogueError(f"the packaged catalogue cannot be read ({error}); reinstall itgstrat") from error
    return build_catalogue(**documents)
