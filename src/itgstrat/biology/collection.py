"""The catalogue as a collection: find, select, compare and merge what the literature names."""

import difflib
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from itgstrat.biology.agents import Agent
from itgstrat.biology.checks import pick
from itgstrat.biology.overlap import Circularity, Overlap, find_circularities, find_overlaps
from itgstrat.biology.records import DIMER_CATEGORY, Heterodimer, Signature, System, Theme, Unseen
from itgstrat.display import table_html
from itgstrat.errors import CatalogueError, name_some

Record = TypeVar("Record")


@dataclass(frozen=True, slots=True, repr=False)
class Catalogue:
    """All that the facts hold.

    Parameters
    ----------
    signatures : mapping of str to Signature
        By id; holds the heterodimers too.
    heterodimers : mapping of str to Heterodimer
        By id.
    groups : mapping of str to tuple of str
        Group name -> signature ids, nested groups spelled out.
    systems : mapping of str to System
        By code: the processes that the reviews name.
    agents : mapping of str to Agent
        By id: the drugs.
    themes : mapping of str to Theme
        By id: the order of systems and signatures for readers.
    unseen : tuple of Unseen
        What the reviews name and expression cannot give.
    """

    signatures: Mapping[str, Signature]
    heterodimers: Mapping[str, Heterodimer]
    groups: Mapping[str, tuple[str, ...]]
    systems: Mapping[str, System] = field(default_factory=dict)
    agents: Mapping[str, Agent] = field(default_factory=dict)
    themes: Mapping[str, Theme] = field(default_factory=dict)
    unseen: tuple[Unseen, ...] = ()

    def __repr__(self) -> str:
        """Count what is there."""
        counts = f"{len(self.signatures)} signatures, {len(self.heterodimers)} of them heterodimers"
        others = f"{len(self.groups)} groups; {len(self.systems)} systems; {len(self.agents)} agents"
        return f"Catalogue({counts}; {others})"

    def _repr_html_(self) -> str:
        """Show what there is in a notebook, by category."""
        counts = Counter(signature.category for signature in self.signatures.values())
        titles = {name: theme.title for theme in self.themes.values() for name in theme.categories}
        rows = [(titles.get(name, ""), name, str(count)) for name, count in counts.items()]
        return table_html(repr(self), ("theme", "category", "signatures"), rows)

    def select(self, names: Sequence[str]) -> tuple[Signature, ...]:
        """Pick signatures by id, by group name or by ``category:NAME``.

        Parameters
        ----------
        names : sequence of str
            What to pick; a single name may be given as it is.

        Returns
        -------
        tuple of Signature
            In the order asked for, each once.

        Raises
        ------
        CatalogueError
            If names are unknown; all of them are named, with the nearest known names.

        Examples
        --------
        >>> from itgstrat.biology import load_catalogue
        >>> [signature.id for signature in load_catalogue().select(["itg_avb6", "proliferation"])]
        ['itg_avb6', 'output_e2f', 'output_g2m']
        """
        wanted = (names,) if isinstance(names, str) else tuple(names)
        found = {name: self._members(name) for name in wanted}
        unknown = [name for name, members in found.items() if not members]
        if unknown:
            raise CatalogueError(self._describe_unknown(unknown))
        ids = dict.fromkeys(member for name in wanted for member in found[name])
        absent = [member for member in ids if member not in self.signatures]
        if absent:
            raise CatalogueError(
                f"{len(absent)} signatures that groups of this catalogue name are not in it ({name_some(absent)}); "
                "merge it with the catalogue that it was read for"
            )
        return tuple(self.signatures[member] for member in ids)

    def system(self, code: str) -> System:
        """Find a system.

        Parameters
        ----------
        code : str
            Its code; capitals do not matter.

        Returns
        -------
        System
            The record.

        Raises
        ------
        CatalogueError
            If no system has the code; near ones are named.

        Examples
        --------
        >>> from itgstrat.biology import load_catalogue
        >>> load_catalogue().system("S1-22").phrase
        'anoikis'
        """
        return _find("system", code, {code: [code] for code in self.systems}, self.systems)

    def agent(self, name: str) -> Agent:
        """Find an agent by id, name or synonym.

        Parameters
        ----------
        name : str
            Any of its names; capitals, blanks and hyphens do not matter.

        Returns
        -------
        Agent
            The record.

        Raises
        ------
        CatalogueError
            If no agent has the name; near ones are named.

        Examples
        --------
        >>> from itgstrat.biology import load_catalogue
        >>> load_catalogue().agent("EMD-121974").id
        'cilengitide'
        """
        names = {key: [key, one.name, *one.synonyms] for key, one in self.agents.items()}
        return _find("agent", name, names, self.agents)

    def systems_of(self, signature_id: str) -> tuple[System, ...]:
        """List the systems that a signature covers.

        Parameters
        ----------
        signature_id : str
            Id of the signature.

        Returns
        -------
        tuple of System
            In the order of the catalogue; empty where there is none.

        Raises
        ------
        CatalogueError
            If there is no such signature.

        Examples
        --------
        >>> from itgstrat.biology import load_catalogue
        >>> [system.code for system in load_catalogue().systems_of("itg_alb2")]
        ['S1-01', 'S2-13', 'S3-10']
        """
        if signature_id not in self.signatures:
            raise CatalogueError(self._describe_unknown([signature_id]))
        return tuple(system for system in self.systems.values() if signature_id in system.signatures)

    def genes(self, names: Sequence[str] | None = None) -> tuple[str, ...]:
        """List the genes of some signatures, or of all.

        Parameters
        ----------
        names : sequence of str, optional
            As in `select`; all signatures if not given.

        Returns
        -------
        tuple of str
            HGNC symbols in alphabetical order, each once.

        Raises
        ------
        CatalogueError
            If names are unknown.

        Examples
        --------
        >>> from itgstrat.biology import load_catalogue
        >>> load_catalogue().genes(["itg_avb6"])
        ('ITGAV', 'ITGB6')
        """
        return tuple(sorted({gene for signature in self._chosen(names) for gene in signature.genes}))

    def integrin_genes(self) -> tuple[str, ...]:
        """List the genes of all integrin subunits, as the heterodimers name them.

        Returns
        -------
        tuple of str
            HGNC symbols in alphabetical order: 18 alpha and 8 beta subunits in the packaged facts.

        Examples
        --------
        >>> from itgstrat.biology import load_catalogue
        >>> len(load_catalogue().integrin_genes())
        26
        """
        return tuple(sorted({gene for dimer in self.heterodimers.values() for gene in (dimer.alpha, dimer.beta)}))

    def overlap(self, names: Sequence[str] | None = None) -> tuple[Overlap, ...]:
        """Compare signatures by the genes they share.

        Parameters
        ----------
        names : sequence of str, optional
            As in `select`; all signatures if not given.

        Returns
        -------
        tuple of Overlap
            Pairs that share genes, the largest Jaccard index first.

        Raises
        ------
        CatalogueError
            If names are unknown.

        Examples
        --------
        >>> from itgstrat.biology import load_catalogue
        >>> round(load_catalogue().overlap(["itg_avb6", "axis_avb6_tgfb"])[0].jaccard, 3)
        0.154
        """
        return find_overlaps(self._chosen(names))

    def circularity(
        self, names: Sequence[str] | None = None, targets: Collection[str] | None = None
    ) -> tuple[Circularity, ...]:
        """Find signatures whose link to a target is partly built in, because they hold it.

        Parameters
        ----------
        names : sequence of str, optional
            As in `select`; all signatures if not given. Heterodimers are the targets and are left out.
        targets : collection of str, optional
            HGNC symbols, for instance `Agent.genes`; all integrin subunits if not given.

        Returns
        -------
        tuple of Circularity
            In the order of the signatures. `Signature.without` leaves the targets out of a score.

        Raises
        ------
        CatalogueError
            If names are unknown.

        Examples
        --------
        >>> from itgstrat.biology import load_catalogue
        >>> load_catalogue().circularity(["hallmark_angiogenesis"])[0].targets
        ('ITGAV',)
        """
        about = {name for theme in self.themes.values() if theme.of_integrins for name in theme.categories}
        others = [one for one in self._chosen(names) if one.category != DIMER_CATEGORY]
        return find_circularities(others, self.integrin_genes() if targets is None else targets, about)

    def merged_with(self, other: "Catalogue") -> "Catalogue":
        """Add another catalogue, for instance a user's own; nothing is ever replaced.

        Parameters
        ----------
        other : Catalogue
            What to add; it comes after what is here.

        Returns
        -------
        Catalogue
            Both together.

        Raises
        ------
        CatalogueError
            If a name stands in both; all of them are named.

        Examples
        --------
        >>> from itgstrat.biology import load_catalogue
        >>> load_catalogue().merged_with(Catalogue({}, {}, {})) == load_catalogue()
        True
        """
        sections = {
            "signatures and groups": (
                {*self.signatures, *self.groups},
                dict.fromkeys((*other.signatures, *other.groups)),
            ),
            "systems": (self.systems, other.systems),
            "agents": (self.agents, other.agents),
            "themes": (self.themes, other.themes),
        }
        clashes = [
            f"{kind}: {name_some(shared)}"
            for kind, (mine, theirs) in sections.items()
            if (shared := [name for name in theirs if name in mine])
        ]
        if clashes:
            raise CatalogueError(
                f"names that stand in both catalogues: {'; '.join(clashes)}; rename them in your own file, "
                "because neither catalogue replaces entries of the other"
            )
        return Catalogue(
            {**self.signatures, **other.signatures},
            {**self.heterodimers, **other.heterodimers},
            {**self.groups, **other.groups},
            {**self.systems, **other.systems},
            {**self.agents, **other.agents},
            {**self.themes, **other.themes},
            (*self.unseen, *other.unseen),
        )

    def _chosen(self, names: Sequence[str] | None) -> tuple[Signature, ...]:
        return tuple(self.signatures.values()) if names is None else self.select(names)

    def _members(self, name: str) -> tuple[str, ...]:
        if name in self.groups and name not in self.signatures:
            return self.groups[name]
        return pick(str(name), self.signatures)

    def _describe_unknown(self, unknown: Sequence[str]) -> str:
        categories = sorted({f"category:{signature.category}" for signature in self.signatures.values()})
        known = [*self.signatures, *self.groups, *categories]
        lines = [f"{len(unknown)} unknown signature name{'' if len(unknown) == 1 else 's'}:"]
        lines += [f"  - {name!r}{_suggest(name, known)}" for name in unknown]
        lines.append(f"Need a signature id, a group ({', '.join(self.groups)}) or 'category:NAME'.")
        return "\n".join(lines)


def _suggest(name: object, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(str(name), list(dict.fromkeys(known)), n=3)
    return f"; did you mean {' or '.join(map(repr, near))}?" if near else ""


def _plain(name: str) -> str:
    return "".join(letter for letter in name.casefold() if letter.isalnum())


def _find(kind: str, name: str, names: Mapping[str, Sequence[str]], records: Mapping[str, Record]) -> Record:
    for key, aliases in names.items():
        if _plain(name) in map(_plain, aliases):
            return records[key]
    known = [alias for aliases in names.values() for alias in aliases]
    raise CatalogueError(f"no {kind} is called {name!r}{_suggest(name, known)}; `itgstrat {kind}s list` names them all")
