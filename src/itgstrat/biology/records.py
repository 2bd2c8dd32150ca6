"""The records of the fact files: where a fact comes from, a signature, an integrin heterodimer, a system."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from itgstrat.display import list_html
from itgstrat.errors import CatalogueError, name_some

Rule = Literal["set", "lower_subunit", "lower_part", "gene", "every_gene"]
FACT_RULES: tuple[Rule, ...] = ("set", "lower_subunit", "lower_part")  # those that a fact file may name
Confidence = Literal["high", "medium", "low"]

# Words for readers; the keys are the values of `Signature.rule`.
RULES: Mapping[Rule, str] = {
    "set": "all genes",
    "lower_subunit": "lower of two subunits",
    "lower_part": "lower of two parts",
    "gene": "one gene",
    "every_gene": "every gene measured, each by itself",
}
DIMER_CATEGORY = "integrin_heterodimer"
#: How many genes a signature names where it stands in a line.
_FIRST_GENES = 5
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
    rule : {'set', 'lower_subunit', 'lower_part', 'gene', 'every_gene'}
        Score all genes together, take the lower of the two subunits, or the lower of the two parts; or the
        one gene itself, or every gene that training measured, each by itself.
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
    beside : tuple of str
        Where the genes are components, whose mRNA is abundance: ids of the output sets to read beside them.
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
    beside: tuple[str, ...] = ()

    @property
    def up(self) -> tuple[str, ...]:
        """Genes with sign +1, in the order of the list."""
        return tuple(gene for gene, sign in self.genes.items() if sign > 0)

    @property
    def down(self) -> tuple[str, ...]:
        """Genes with sign -1, in the order of the list."""
        return tuple(gene for gene, sign in self.genes.items() if sign < 0)

    def without(self, genes: Iterable[str], label: str = "") -> "Signature":
        """Leave chosen genes out, for instance the target whose effect is in question.

        Parameters
        ----------
        genes : iterable of str
            HGNC symbols; those that are not in the signature are ignored.
        label : str
            Ends the new id, as in ``hallmark_emt_without_integrins``; the symbols left out, if not given.

        Returns
        -------
        Signature
            With the rest of the genes and an id of its own; the signature itself where nothing is left out.

        Raises
        ------
        CatalogueError
            If nothing is left, or nothing of one of the two parts of a ``lower_subunit`` or ``lower_part``
            signature.

        Examples
        --------
        >>> from itgstrat.biology import load_catalogue
        >>> load_catalogue().signatures["hallmark_angiogenesis"].without(["ITGAV", "ITGB6"]).id
        'hallmark_angiogenesis_without_ITGAV'
        """
        left_out = sorted(set(genes) & self.genes.keys())
        if not left_out:
            return self
        rest = {gene: sign for gene, sign in self.genes.items() if gene not in left_out}
        parts = tuple((name, tuple(gene for gene in listed if gene in rest)) for name, listed in self.parts)
        if not rest or not all(listed for _, listed in parts):
            emptied = "the signature" if not rest else "one of its two parts"
            raise CatalogueError(
                f"{self.id} cannot be scored without {name_some(left_out)}: nothing of {emptied} is left; "
                "leave fewer genes out or drop the signature"
            )
        return replace(
            self,
            id=f"{self.id}_without_{label or '_'.join(left_out)}",
            title=f"{self.title}, without {label or name_some(left_out)}",
            genes=rest,
            parts=parts,
        )

    def __repr__(self) -> str:
        """Name it with category, rule where that is not all genes, and the first genes; a minus: counts against."""
        named = [f"{'-' * (sign < 0)}{gene}" for gene, sign in self.genes.items()]
        rule = f", {RULES[self.rule]}" * (self.rule != "set")
        number = f"{len(named)} gene{'s' * (len(named) != 1)}"
        first = ", ".join(named[:_FIRST_GENES]) + ", ..." * (len(named) > _FIRST_GENES)
        return f"Signature({self.id}: {self.category}{rule}; {number}{': ' * bool(named)}{first})"

    def _repr_html_(self) -> str:
        """Show the signature in a notebook."""
        source = self.source
        return list_html(
            f"{self.id}: {self.title}",
            {
                "category": self.category,
                "rule": self.rule,
                "confidence": self.confidence,
                "description": self.description,
                f"up ({len(self.up)})": " ".join(self.up),
                f"down ({len(self.down)})": " ".join(self.down),
                **{name: " ".join(genes) for name, genes in self.parts},
                "read beside": ", ".join(self.beside),
                "source": "; ".join(filter(None, [source.text, *_identifiers(source.pmid, source.doi)])),
                "licence": source.licence,
                "verification": source.verification,
            },
        )


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


def single_gene(symbol: str) -> Signature:
    """Make a signature of a gene itself, for models that look at genes one by one.

    Parameters
    ----------
    symbol : str
        HGNC symbol.

    Returns
    -------
    Signature
        With rule ``gene`` and the symbol for its name.
    """
    return Signature(symbol, symbol, "gene", "gene", {symbol: 1}, Source("one gene of the expression table"), "high")


def every_gene(but: Iterable[str] = ()) -> Signature:
    """Stand for every gene that training measured, for models that look at genes one by one.

    Parameters
    ----------
    but : iterable of str
        Genes to leave out.

    Returns
    -------
    Signature
        With rule ``every_gene``; it holds no gene before training.
    """
    source = Source("genes of the expression table")
    return Signature("all", "all genes", "gene", "every_gene", {}, source, "high", parts=(("but", tuple(but)),))


@dataclass(frozen=True, slots=True)
class Citation:
    """A publication or registry entry.

    Parameters
    ----------
    text : str
        Author, year and journal, or what it is; may be empty where only an identifier was seen.
    pmid, doi, nct : str
        Identifiers; empty where none was seen.
    """

    text: str = ""
    pmid: str = ""
    doi: str = ""
    nct: str = ""

    def __str__(self) -> str:
        """Text and identifiers in one line; empty where there is none."""
        return "; ".join(filter(None, [self.text, *_identifiers(self.pmid, self.doi), self.nct]))


def _identifiers(pmid: str, doi: str) -> list[str]:
    return [f"PMID {pmid}"] * bool(pmid) + [f"doi:{doi}"] * bool(doi)


@dataclass(frozen=True, slots=True)
class Theme:
    """A chapter of the catalogue, by which systems and signatures are ordered.

    Parameters
    ----------
    id, title, about : str
        Short name, heading, and a sentence for readers.
    categories : tuple of str
        Categories of signatures that belong here.
    of_integrins : bool
        Whether signatures of this theme hold integrin subunits on purpose.
    """

    id: str
    title: str
    about: str
    categories: tuple[str, ...]
    of_integrins: bool = False


@dataclass(frozen=True, slots=True)
class Unseen:
    """What a review names and expression cannot give.

    Parameters
    ----------
    what, why, needs : str
        The alteration, the reason, and which data would show it.
    systems : tuple of str
        Codes of the systems that it belongs to.
    surrogates : tuple of str
        Signatures that stand in for it, as surrogates only.
    """

    what: str
    why: str
    needs: str
    systems: tuple[str, ...]
    surrogates: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class System:
    """A biological process that a review names, in a few of its words.

    Parameters
    ----------
    code : str
        Review and number, for instance ``S2-26``.
    phrase, where : str
        The few words, and the place in the review.
    theme : str
        Id of the theme.
    signatures : tuple of str
        Ids of the signatures that cover it.
    source : Citation
        The review.
    why_none : str
        The reason where no signature covers it; empty otherwise.
    """

    code: str
    phrase: str
    where: str
    theme: str
    signatures: tuple[str, ...]
    source: Citation
    why_none: str = ""

    def _repr_html_(self) -> str:
        """Show the system in a notebook."""
        covered = ", ".join(self.signatures) or f"none: {self.why_none}"
        rows = {"named in": f"{self.source} ({self.where})", "theme": self.theme, "signatures": covered}
        return list_html(f"{self.code}: {self.phrase}", rows)
