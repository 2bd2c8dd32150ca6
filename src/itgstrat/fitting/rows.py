"""From signatures to the rows of a recipe: what can be scored, in which forms, laid out as flat arrays."""

from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from itgstrat.biology import Signature, single_gene
from itgstrat.errors import name_some
from itgstrat.learned import FeatureRecipe

#: Forms of a signature of two parts: the lower of the parts, their product, each of them apart.
Joint = Literal["lower", "product", "parts"]


def scorable(signatures: Sequence[Signature], genes: Sequence[str], min_coverage: float) -> list[Signature]:
    """List the signatures that a cohort with these genes can score.

    Parameters
    ----------
    signatures : sequence of Signature
        Signatures.
    genes : sequence of str
        Genes measured.
    min_coverage : float
        Share of a signature's genes that is needed.

    Returns
    -------
    list of Signature
        Those that a `FeaturePanel` fitted on the cohort keeps.
    """
    whole = [one for signature in signatures for one in spread_out(signature, genes)]
    return find_usable(whole, set(genes), min_coverage)[0]


def find_usable(
    signatures: Sequence[Signature], genes: set[str], min_coverage: float
) -> tuple[list[Signature], dict[str, str]]:
    """Keep the signatures that training can score; say why the others are left out."""
    kept, left_out = [], {}
    for signature in signatures:
        missing = [gene for gene in signature.genes if gene not in genes]
        coverage = 1 - len(missing) / len(signature.genes)
        if signature.rule == "lower_part":
            enough = all(genes & set(members) for _, members in signature.parts)
        else:
            enough = coverage >= (1 if signature.rule == "lower_subunit" else max(min_coverage, 1e-9))
        if enough:
            kept.append(signature)
        else:
            left_out[signature.id] = f"{name_some(missing)} not measured"
    return kept, left_out


def spread_out(signature: Signature, genes: Iterable[str]) -> tuple[Signature, ...]:
    """Make the signature that stands for every gene into those of the genes; any other stays as it is.

    Parameters
    ----------
    signature : Signature
        Any.
    genes : iterable of str
        Genes of the training cohorts.

    Returns
    -------
    tuple of Signature
        One or many.
    """
    if signature.rule != "every_gene":
        return (signature,)
    but = {gene for _, members in signature.parts for gene in members}
    return tuple(single_gene(str(gene)) for gene in genes if gene not in but)


class Row(NamedTuple):
    """A score of the recipe: a signature, or a form of one.

    Parameters
    ----------
    name, rule : str
        As the recipe has them.
    genes : dict of str to int
        Gene -> sign.
    parts : tuple of tuple of str
        Genes of each part; empty for a set.
    """

    name: str
    rule: str
    genes: dict[str, int]
    parts: tuple[tuple[str, ...], ...]


def spell_out(signature: Signature, joint: Sequence[Joint]) -> list[Row]:
    """List the scores that a signature becomes: one, or the forms that are chosen where it has two joint parts.

    Parameters
    ----------
    signature : Signature
        Any.
    joint : sequence of {"lower", "product", "parts"}
        Forms of a signature with the rule ``lower_part``.

    Returns
    -------
    list of Row
        Named by the id; the product ``ID:product``, the parts ``ID:PART``.

    Examples
    --------
    >>> from itgstrat.biology import load_catalogue
    >>> pair = load_catalogue().signatures["joint_avb3_vegfr2"]
    >>> [row.name for row in spell_out(pair, ("lower", "product"))]
    ['joint_avb3_vegfr2', 'joint_avb3_vegfr2:product']
    """
    genes, parts = dict(signature.genes), tuple(members for _, members in signature.parts)
    whole = Row(signature.id, signature.rule, genes, parts)
    if signature.rule != "lower_part":
        return [whole]
    apart = [
        Row(f"{signature.id}:{name}", "lower_part", {gene: genes[gene] for gene in members}, (members,))
        for name, members in signature.parts
    ]
    product = whole._replace(name=f"{signature.id}:product", rule="product_part")
    forms = {"lower": [whole], "product": [product], "parts": apart}
    return [row for form in joint for row in forms[form]]


def draft_recipe(
    signatures: Sequence[Row],
    genes: npt.NDArray[np.str_],
    anchors: npt.NDArray[np.intp],
    score: str,
    min_coverage: float,
    z_limit: float,
) -> FeatureRecipe:
    """Lay the signatures out as flat arrays; references are learned afterwards."""
    position = {gene: column for column, gene in enumerate(genes)}
    own = sorted({position[gene] for signature in signatures for gene in signature.genes if gene in position})
    member = {column: index for index, column in enumerate(own)}
    entries: list[tuple[int, float, int]] = []
    start = [0]
    for signature in signatures:
        part_of = {gene: number for number, part in enumerate(signature.parts) for gene in part}
        for gene, sign in signature.genes.items():
            if gene in position:
                entries.append((member[position[gene]], float(sign), part_of.get(gene, 0)))
        start.append(len(entries))
    return FeatureRecipe(
        score=score,
        genes=genes,
        members=np.array([*own, *anchors], dtype=np.intp),
        signatures=np.array([signature.name for signature in signatures], dtype=str),
        rules=np.array([signature.rule for signature in signatures], dtype=str),
        start=np.array(start, dtype=np.intp),
        gene=np.array([entry[0] for entry in entries], dtype=np.intp),
        part=np.array([entry[2] for entry in entries], dtype=np.intp),
        sign=np.array([entry[1] for entry in entries], dtype=float),
        weight=np.array([entry[1] for entry in entries], dtype=float),
        batches=np.empty(0, dtype=str),
        gene_mean=np.empty((0, 0)),
        gene_sd=np.empty((0, 0)),
        signature_mean=np.empty((0, 0)),
        signature_sd=np.empty((0, 0)),
        term_mean=np.empty((0, 0)),
        kernel=np.empty((0, 0)),
        kernel_start=np.empty(0, dtype=np.intp),
        covariate=np.empty(0, dtype=str),
        level=np.empty(0, dtype=str),
        base=np.empty(0, dtype=str),
        fill=np.empty(0),
        covariate_mean=np.empty(0),
        covariate_sd=np.empty(0),
        mix=np.empty((0, 0)),
        z_limit=z_limit,
        min_coverage=min_coverage,
    )
