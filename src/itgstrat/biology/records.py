"""The records of the fact files: where a fact comes from, a signature, an integrin heterodimer."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Rule = Literal["set", "lower_subunit", "lower_part"]
Confidence = Literal["high", "medium", "low"]

DIMER_CATEGORY = "integrin_heterodimer"
_DIMER_CAUTION = "The lower of the two subunits is scored: mRNA of one subunit alone does not show that the pair forms."


@dataclass(frozen=True, slots=True)
class Source:
    """Where a fact comes from and how far that was checked.

    Parameters
    ----------
    text : str
        The source in words.
    pmid, doi : str
        Identifiers of the publication; empty where there is none.
    msigdb_name, msigdb_id : str
        Name and id of the MSigDB set; empty where it is none.
    licence : str
        Under which licence the fact is shipped.
    verification : str
        What was checked, and against what.
    """

    text: str
    pmid: str = ""
    doi: str = ""
    msigdb_name: str = ""
    msigdb_id: str = ""
    licence: str = ""
    verification: str = ""


@dataclass(frozen=True, slots=True)
class Signature:
    """A set of genes with signs, and the rule that turns it into a score.

    Parameters
    ----------
    id, title, category : str
        Name in configs and columns, name for readers, kind of system.
    rule : {'set', 'lower_subunit', 'lower_part'}
        Score all genes together, take the lower of the two subunits, or the lower of the two parts.
    genes : mapping of str to int
        HGNC symbol -> +1 or -1.
    source : Source
        Origin and licence.
    confidence : {'high', 'medium', 'low'}
        How far the list is trusted.
    description : str
        What it shows, and the cautions.
    parts : tuple of (str, tuple of str)
        The two named parts of a ``lower_subunit`` or ``lower_part`` signature; empty for a ``set``.
    """

    id: str
    title: str
    category: str
    rule: Rule
    genes: Mapping[str, int] = field(hash=False)
    source: Source
    confidence: Confidence
    description: str = ""
    parts: tuple[tuple[str, tuple[str, ...]], ...] = ()

    @property
    def up(self) -> tuple[str, ...]:
        """Genes with sign +1, in the order of the list."""
        return tuple(gene for gene, sign in self.genes.items() if sign > 0)

    @property
    def down(self) -> tuple[str, ...]:
        """Genes with sign -1, in the order of the list."""
        return tuple(gene for gene, sign in self.genes.items() if sign < 0)


@dataclass(frozen=True, slots=True)
class Heterodimer:
    """An integrin: one alpha and one beta subunit.

    Parameters
    ----------
    id, title : str
        Name in configs and columns, name for readers.
    alpha, beta : str
        HGNC symbols of the subunits.
    ligand_class, ligands, main_cells : str
        What it binds and where it is mainly found, in words.
    confidence : {'high', 'medium', 'low'}
        How far the entry is trusted.
    source : Source
        Origin and licence.
    """

    id: str
    title: str
    alpha: str
    beta: str
    ligand_class: str
    ligands: str
    main_cells: str
    confidence: Confidence
    source: Source

    def signature(self) -> Signature:
        """Describe the heterodimer as a signature of its two subunits.

        Returns
        -------
        Signature
            With rule ``lower_subunit`` and the parts ``alpha`` and ``beta``.

        Examples
        --------
        >>> from itgstrat.biology import load_catalogue
        >>> load_catalogue().heterodimers["itg_avb6"].signature().up
        ('ITGAV', 'ITGB6')
        """
        binds = f"Binds {self.ligands} (class: {self.ligand_class}); mainly in {self.main_cells}."
        return Signature(
            id=self.id,
            title=self.title,
            category=DIMER_CATEGORY,
            rule="lower_subunit",
            genes={self.alpha: 1, self.beta: 1},
            source=self.source,
            confidence=self.confidence,
            description=f"{binds} {_DIMER_CAUTION}",
            parts=(("alpha", (self.alpha,)), ("beta", (self.beta,))),
        )
