"""How far signatures share genes, and which of them hold the target that they are to be compared with."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

from itgstrat.biology.records import Signature


@dataclass(frozen=True, slots=True)
class Overlap:
    """Two signatures that share genes.

    Parameters
    ----------
    first, second : str
        Ids.
    shared : tuple of str
        HGNC symbols that stand in both, in alphabetical order.
    jaccard : float
        Shared genes over all genes of the two, 0 to 1.
    opposed : tuple of str
        Shared genes that have another sign in the second than in the first.
    """

    first: str
    second: str
    shared: tuple[str, ...]
    jaccard: float
    opposed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Circularity:
    """A signature that holds target genes: its link to the target is partly built in.

    Parameters
    ----------
    signature : str
        Id.
    targets : tuple of str
        HGNC symbols of the targets it holds, in alphabetical order.
    share : float
        Targets over all genes of the signature, 0 to 1.
    expected : bool
        Whether the signature is about integrins and holds them on purpose.
    """

    signature: str
    targets: tuple[str, ...]
    share: float
    expected: bool

    def __str__(self) -> str:
        """Warn in one sentence."""
        held = ", ".join(self.targets)
        return f"{self.signature} contains {held}: its association with them is partly built in"


def find_overlaps(signatures: Sequence[Signature]) -> tuple[Overlap, ...]:
    r"""Find every pair that shares a gene.

    The Jaccard index of gene sets is :math:`|A \cap B| / |A \cup B|`, signs not regarded.

    Parameters
    ----------
    signatures : sequence of Signature
        What to compare.

    Returns
    -------
    tuple of Overlap
        The largest index first; pairs without a shared gene are left out.

    Examples
    --------
    >>> from itgstrat.biology import load_catalogue
    >>> find_overlaps(load_catalogue().select(["itg_avb6", "itg_avb8"]))[0].shared
    ('ITGAV',)
    """
    genes = {one.id: frozenset(one.genes) for one in signatures}
    found = []
    for first, second in combinations(signatures, 2):
        shared = genes[first.id] & genes[second.id]
        if shared:
            index = len(shared) / len(genes[first.id] | genes[second.id])
            opposed = tuple(sorted(gene for gene in shared if first.genes[gene] != second.genes[gene]))
            found.append(Overlap(first.id, second.id, tuple(sorted(shared)), index, opposed))
    return tuple(sorted(found, key=lambda one: (-one.jaccard, one.first, one.second)))


def find_circularities(
    signatures: Iterable[Signature], targets: Collection[str], about_integrins: Collection[str]
) -> tuple[Circularity, ...]:
    """Find signatures that hold target genes.

    Parameters
    ----------
    signatures : iterable of Signature
        What to look through.
    targets : collection of str
        HGNC symbols.
    about_integrins : collection of str
        Categories whose signatures hold integrins on purpose.

    Returns
    -------
    tuple of Circularity
        In the order of the signatures; those without a target are left out.

    Examples
    --------
    >>> from itgstrat.biology import load_catalogue
    >>> print(*find_circularities(load_catalogue().select(["hallmark_angiogenesis"]), ["ITGAV"], []))
    hallmark_angiogenesis contains ITGAV: its association with them is partly built in
    """
    wanted = frozenset(targets)
    held = ((one, tuple(sorted(wanted.intersection(one.genes)))) for one in signatures)
    return tuple(
        Circularity(one.id, found, len(found) / len(one.genes), one.category in about_integrins)
        for one, found in held
        if found
    )
