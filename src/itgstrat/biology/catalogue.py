"""The catalogue: all signatures, integrin heterodimers and named groups, read from the packaged facts."""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import yaml

from itgstrat.biology.checks import read_entries, read_groups, read_heterodimer, read_signature
from itgstrat.biology.records import Heterodimer, Signature, Source
from itgstrat.errors import CatalogueError

__all__ = ["Catalogue", "Heterodimer", "Signature", "Source", "build_catalogue", "load_catalogue"]


@dataclass(frozen=True, slots=True, repr=False)
class Catalogue:
    """All signatures, heterodimers and named groups.

    Parameters
    ----------
    signatures : mapping of str to Signature
        By id; holds the heterodimers too.
    heterodimers : mapping of str to Heterodimer
        By id.
    groups : mapping of str to tuple of str
        Group name -> signature ids, nested groups spelled out.
    """

    signatures: Mapping[str, Signature]
    heterodimers: Mapping[str, Heterodimer]
    groups: Mapping[str, tuple[str, ...]]

    def __repr__(self) -> str:
        """Count what is there."""
        counts = f"{len(self.signatures)} signatures, {len(self.heterodimers)} of them heterodimers"
        return f"Catalogue({counts}; {len(self.groups)} groups)"

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
        >>> [signature.id for signature in load_catalogue().select(["itg_avb6", "proliferation"])]
        ['itg_avb6', 'output_e2f', 'output_g2m']
        """
        wanted = (names,) if isinstance(names, str) else tuple(names)
        found = {name: self._members(name) for name in wanted}
        unknown = [name for name, members in found.items() if not members]
        if unknown:
            raise CatalogueError(self._describe_unknown(unknown))
        ids = dict.fromkeys(member for name in wanted for member in found[name])
        return tuple(self.signatures[member] for member in ids)

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
        >>> load_catalogue().genes(["itg_avb6"])
        ('ITGAV', 'ITGB6')
        """
        chosen = self.signatures.values() if names is None else self.select(names)
        return tuple(sorted({gene for signature in chosen for gene in signature.genes}))

    def integrin_genes(self) -> tuple[str, ...]:
        """List the genes of all integrin subunits, as the heterodimers name them.

        Returns
        -------
        tuple of str
            HGNC symbols in alphabetical order: 18 alpha and 8 beta subunits in the packaged facts.

        Examples
        --------
        >>> len(load_catalogue().integrin_genes())
        26
        """
        return tuple(sorted({gene for dimer in self.heterodimers.values() for gene in (dimer.alpha, dimer.beta)}))

    def _members(self, name: str) -> tuple[str, ...]:
        if name in self.signatures:
            return (name,)
        if name in self.groups:
            return self.groups[name]
        kind, _, category = str(name).partition(":")
        if kind != "category":
            return ()
        return tuple(key for key, value in self.signatures.items() if value.category == category)

    def _describe_unknown(self, unknown: Sequence[str]) -> str:
        categories = sorted({f"category:{signature.category}" for signature in self.signatures.values()})
        known = [*self.signatures, *self.groups, *categories]
        lines = [f"{len(unknown)} unknown signature name{'' if len(unknown) == 1 else 's'}:"]
        for name in unknown:
            near = difflib.get_close_matches(str(name), known, n=3)
            lines.append(f"  - {name!r}" + (f"; did you mean {' or '.join(map(repr, near))}?" if near else ""))
        lines.append(f"Need a signature id, a group ({', '.join(self.groups)}) or 'category:NAME'.")
        return "\n".join(lines)


def build_catalogue(heterodimers: object, signatures: object, groups: object) -> Catalogue:
    """Check the three fact documents and make the catalogue of them.

    Parameters
    ----------
    heterodimers, signatures, groups : object
        Parsed YAML: mappings with ``format`` and an entry of the name of the parameter.

    Returns
    -------
    Catalogue
        The records.

    Raises
    ------
    CatalogueError
        If anything is missing, unknown or contradictory; every fault is listed.

    Examples
    --------
    >>> empty = {"format": 1, "heterodimers": [], "signatures": [], "groups": {}}
    >>> build_catalogue(empty, empty, empty)
    Catalogue(0 signatures, 0 of them heterodimers; 0 groups)
    """
    faults: list[str] = []
    dimers = read_entries(heterodimers, "heterodimers", read_heterodimer, faults)
    own = read_entries(signatures, "signatures", read_signature, faults)
    faults += [f"signatures: {key}: the id is taken by a heterodimer" for key in own if key in dimers]
    every = {key: dimer.signature() for key, dimer in dimers.items()} | own
    named = read_groups(groups, every, faults)
    if faults:
        count = f"{len(faults)} fault{'' if len(faults) == 1 else 's'} in the facts"
        raise CatalogueError("\n".join([f"{count}:", *(f"  - {fault}" for fault in faults)]))
    return Catalogue(every, dimers, named)


def _parse(name: str) -> object:
    resource = files("itgstrat.biology").joinpath("facts", name)
    try:
        content = resource.read_bytes()
        # The C parser, where PyYAML was built with it, is five times as fast.
        return yaml.load(content, Loader=yaml.CSafeLoader) if yaml.__with_libyaml__ else yaml.safe_load(content)
    except (OSError, yaml.YAMLError) as error:
        raise CatalogueError(f"{name} cannot be read ({error}); reinstall itgstrat") from error


@cache
def load_catalogue() -> Catalogue:
    """Load the packaged facts; the second call costs nothing.

    Returns
    -------
    Catalogue
        All packaged signatures, heterodimers and groups.

    Raises
    ------
    CatalogueError
        If a packaged fact file is damaged.

    References
    ----------
    Hynes 2002, PMID 12297042, doi:10.1016/S0092-8674(02)00971-6, for the heterodimers; each signature
    names its own source.

    Examples
    --------
    >>> load_catalogue().heterodimers["itg_a5b1"].beta
    'ITGB1'
    """
    return build_catalogue(_parse("heterodimers.yaml"), _parse("signatures.yaml"), _parse("groups.yaml"))
