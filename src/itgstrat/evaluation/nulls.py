"""Random signatures: the same arithmetic on genes drawn at random."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from itgstrat.biology.catalogue import Signature


def random_signatures(signatures: Sequence[Signature], genes: Sequence[str], seed: int) -> tuple[Signature, ...]:
    """Replace every gene by a random one, the same wherever it occurs.

    Sizes, signs, rules, and what signatures share with each other all stay as they are; only the identity of
    the genes is drawn, without replacement, among the genes measured.

    Parameters
    ----------
    signatures : sequence of Signature
        The real ones.
    genes : sequence of str
        Genes measured in training.
    seed : int
        Seed of the draw.

    Returns
    -------
    tuple of Signature
        Signatures with the same ids and other genes.

    References
    ----------
    Venet 2011, doi 10.1371/journal.pcbi.1002240
    """
    measured = set(genes)
    real = sorted({gene for signature in signatures for gene in signature.genes if gene in measured})
    drawn = np.random.default_rng(seed).choice(sorted(measured), len(real), replace=False)
    other = dict(zip(real, map(str, drawn), strict=True))
    return tuple(_exchange(signature, other) for signature in signatures)


def _exchange(signature: Signature, other: dict[str, str]) -> Signature:
    # genes that were not measured keep a name that no table has, so that coverage stays as it is
    def swap(gene: str) -> str:
        return other.get(gene, f"not measured: {gene}")

    return replace(
        signature,
        genes={swap(gene): sign for gene, sign in signature.genes.items()},
        parts=tuple((name, tuple(map(swap, members))) for name, members in signature.parts),
    )
