"""HGNC gene names: approved symbols, and the one approved symbol behind an old name, an alias or an id."""

import gzip
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files
from operator import itemgetter
from typing import Literal

from itgstrat.errors import CatalogueError

How = Literal["approved", "previous", "alias", "ambiguous"]

_COLUMNS = ("symbol", "previous", "alias", "entrez", "ensembl")
# Open reading frames are the only approved symbols with small letters: C1orf112, CXorf38, HSPB2-C11orf52.
_ORF = re.compile(r"\bC(\d+|X|Y)ORF(?=\d)")
# Older GENCODE releases write the pseudoautosomal copies on chromosome Y as ENSGR0..., later ones as _PAR_Y.
_ENSEMBL = re.compile(r"(ENSG)[R0](\d{10})(?:\.\d+)?(?:_PAR_Y)?")


@dataclass(frozen=True, slots=True)
class Resolution:
    """What a gene name was found to mean.

    Parameters
    ----------
    name : str
        The name that was asked for.
    symbol : str or None
        The approved symbol; None where the name is ambiguous.
    how : {'approved', 'previous', 'alias', 'ambiguous'}
        By which kind of name it was found.
    reason : str
        Why an ambiguous name stays unresolved; empty otherwise.
    """

    name: str
    symbol: str | None
    how: How
    reason: str = ""


@dataclass(frozen=True, slots=True, repr=False)
class GeneTable:
    """The approved genes of HGNC and the names and ids that lead to them.

    Parameters
    ----------
    symbols : frozenset of str
        Approved symbols.
    previous, alias : mapping of str to str
        Name -> approved symbol; several symbols, joined by ``|``, where the name is ambiguous.
    entrez, ensembl : mapping of str to str
        NCBI gene id, and Ensembl gene id without version -> approved symbol.
    source : str
        Where the table comes from.
    """

    symbols: frozenset[str]
    previous: Mapping[str, str]
    alias: Mapping[str, str]
    entrez: Mapping[str, str]
    ensembl: Mapping[str, str]
    source: str

    def __repr__(self) -> str:
        """Count what is there."""
        return f"GeneTable({len(self.symbols)} approved symbols)"

    def approved(self, symbol: str) -> bool:
        """Tell whether a name is, letter for letter, an approved symbol.

        Parameters
        ----------
        symbol : str
            A gene name.

        Returns
        -------
        bool
            True for an approved symbol.

        Examples
        --------
        >>> load_hgnc().approved("ITGB6")
        True
        """
        return symbol in self.symbols

    def resolve(self, name: str) -> Resolution | None:
        """Find the approved symbol behind a gene name.

        An approved symbol always wins, also over the same alias of another gene: MST1 is MST1 and never
        STK4. Then comes a previous symbol that one gene alone had, then an alias that one gene alone has.
        So TAZ becomes TAFAZZIN, whose previous symbol it is, and not WWTR1, which has it as an alias: data
        that mean WWTR1 must say so. A name that is the previous symbol of two genes, or else the alias of
        two, is ambiguous. In each of the three steps the name is tried as written, then in capitals (with the
        small ``orf`` of open reading frames).

        Parameters
        ----------
        name : str
            A gene name; blanks around it are ignored.

        Returns
        -------
        Resolution or None
            None if no approved gene has the name; ``symbol`` is None if the name is ambiguous.

        References
        ----------
        HGNC, the resources in 2023, doi:10.1093/nar/gkac888.

        Examples
        --------
        >>> load_hgnc().resolve("TAZ").symbol
        'TAFAZZIN'
        >>> load_hgnc().resolve("no such gene") is None
        True
        """
        written = name.strip()
        if written in self.symbols:
            return Resolution(name, written, "approved")
        capitals = _capitals(written)
        if capitals in self.symbols:
            return Resolution(name, capitals, "approved")
        found = self.previous.get(written) or self.previous.get(capitals)
        if found:
            return _read(name, found, "previous")
        found = self.alias.get(written) or self.alias.get(capitals)
        return _read(name, found, "alias") if found else None

    def resolve_many(self, names: Iterable[str]) -> list[Resolution | None]:
        """Resolve many gene names, one result a name, in their order.

        Parameters
        ----------
        names : iterable of str
            Gene names.

        Returns
        -------
        list of (Resolution or None)
            What `resolve` gives for each name.

        Examples
        --------
        >>> [found.symbol for found in load_hgnc().resolve_many(["ITGB6", "CD151"])]
        ['ITGB6', 'CD151']
        """
        symbols, resolve = self.symbols, self.resolve
        return [Resolution(name, name, "approved") if name in symbols else resolve(name) for name in names]

    def from_entrez(self, identifier: str) -> str | None:
        """Find the approved symbol of an NCBI (Entrez) gene id.

        Parameters
        ----------
        identifier : str
            For instance ``"3694"``.

        Returns
        -------
        str or None
            The approved symbol; None for an unknown id.

        Examples
        --------
        >>> load_hgnc().from_entrez("3694")
        'ITGB6'
        """
        return self.entrez.get(identifier.strip())

    def from_ensembl(self, identifier: str) -> str | None:
        """Find the approved symbol of an Ensembl gene id.

        The version is dropped. The copy of a pseudoautosomal gene on chromosome Y (``_PAR_Y``, or ``ENSGR``
        in older files) gives the symbol of the gene on X, so one file may give a symbol twice.

        Parameters
        ----------
        identifier : str
            For instance ``"ENSG00000115221.12"``.

        Returns
        -------
        str or None
            The approved symbol; None for an unknown id.

        Examples
        --------
        >>> load_hgnc().from_ensembl("ENSG00000115221.12")
        'ITGB6'
        """
        match = _ENSEMBL.fullmatch(identifier.strip())
        return self.ensembl.get(f"{match[1]}0{match[2]}") if match else None


def _capitals(name: str) -> str:
    upper = name.upper()
    return _ORF.sub(r"C\1orf", upper) if "ORF" in upper else upper


def _read(name: str, found: str, how: How) -> Resolution:
    if "|" not in found:
        return Resolution(name, found, how)
    kind = "previous symbol" if how == "previous" else "alias"
    genes = found.split("|")
    return Resolution(name, None, "ambiguous", f"{kind} of {len(genes)} genes: {', '.join(genes)}")


class _Index(Mapping[str, str]):
    """One column of the table, name -> symbol, made when it is first asked for.

    Most files name genes by approved symbols alone; what they do not ask for need not lie in memory.
    """

    def __init__(self, body: str, column: int) -> None:
        self._body, self._column = body, column

    @cached_property
    def _names(self) -> dict[str, str]:
        index: dict[str, str] = {}
        for line in self._body.splitlines():
            symbol, names = itemgetter(0, self._column)(line.split("\t"))
            for name in names.split("|") if names else ():
                index[name] = f"{index[name]}|{symbol}" if name in index else symbol
        return index

    def __getitem__(self, name: str) -> str:
        return self._names[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def parse_gene_table(text: str) -> GeneTable:
    """Read the packaged form of the gene table.

    Parameters
    ----------
    text : str
        A comment line, the line of column names (symbol, previous, alias, entrez, ensembl), one line a gene;
        tab-separated, several names in one cell joined by ``|``.

    Returns
    -------
    GeneTable
        The table with its indexes.

    Raises
    ------
    CatalogueError
        If the head of the table is not as described or a line has another number of columns.

    Examples
    --------
    >>> head = "# here" + chr(10) + chr(9).join(["symbol", "previous", "alias", "entrez", "ensembl"])
    >>> parse_gene_table(head)
    GeneTable(0 approved symbols)
    """
    comment, _, body = text.partition("\n")
    header, _, body = body.partition("\n")
    if not comment.startswith("#") or tuple(header.split("\t")) != _COLUMNS:
        found = f"found {comment[:40]!r}, {header[:60]!r}"
        raise CatalogueError(f"gene table: need a comment line and the columns {', '.join(_COLUMNS)}; {found}")
    lines = body.splitlines()
    wrong = [number for number, line in enumerate(lines, start=3) if line.count("\t") != len(_COLUMNS) - 1]
    if wrong:
        raise CatalogueError(f"gene table: {len(wrong)} lines without {len(_COLUMNS)} columns, e.g. {wrong[:5]}")
    return GeneTable(
        symbols=frozenset([line.partition("\t")[0] for line in lines]),
        previous=_Index(body, 1),
        alias=_Index(body, 2),
        entrez=_Index(body, 3),
        ensembl=_Index(body, 4),
        source=comment.lstrip("# "),
    )


@cache
def load_hgnc() -> GeneTable:
    """Load the packaged HGNC table; the second call costs nothing.

    Returns
    -------
    GeneTable
        All approved genes.

    Raises
    ------
    CatalogueError
        If the packaged table is damaged.

    References
    ----------
    HGNC, genenames.org (CC0); doi:10.1093/nar/gkac888.

    Examples
    --------
    >>> load_hgnc()
    GeneTable(43837 approved symbols)
    """
    resource = files("itgstrat.biology").joinpath("facts", "hgnc.tsv.gz")
    try:
        text = gzip.decompress(resource.read_bytes()).decode()
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise CatalogueError(f"packaged gene table cannot be read ({error}); reinstall itgstrat") from error
    return parse_gene_table(text)
