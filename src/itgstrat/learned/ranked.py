"""Ranks that recipes share: a patient's genes are sorted once."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from itgstrat.learned.recipe import FeatureRecipe
from itgstrat.scoring import rank_columns

#: Patients ranked at a time: the genes are copied in the order of the recipe, and so many of them need little room.
_TOGETHER = 50


def share_ranks(
    recipes: Sequence[FeatureRecipe], expression: npt.NDArray[np.floating], genes: Sequence[str]
) -> tuple[npt.NDArray[np.float64], list[str], npt.NDArray[np.int64]] | None:
    """Rank the genes of recipes at once, where all of them rank the same genes.

    Parameters
    ----------
    recipes : sequence of FeatureRecipe
        The recipes.
    expression : ndarray of float, shape (n_patients, n_columns)
        Expression; NaN is not measured.
    genes : sequence of str
        Genes of the columns.

    Returns
    -------
    tuple of ndarray of float64, list of str and ndarray of int64, or None
        What `FeatureRecipe.featurise` of each recipe takes as `expression`, `genes` and `ranked` to make the same
        features. None where they are no ranks that all can use: other genes, a score that takes none, or a recipe of
        whose signatures no gene is there, which is for the recipe itself to say.
    """
    first = recipes[0]
    alike = all(one.method.values == "rank" and np.array_equal(one.genes, first.genes) for one in recipes)
    if not alike:
        return None
    place = {gene: column for column, gene in enumerate(genes)}
    columns = np.array([place.get(gene, -1) for gene in first.genes.tolist()], dtype=np.intp)
    if any((columns[one.members[one.signature_genes]] < 0).all() for one in recipes):
        return None
    known = columns >= 0
    members = np.unique(np.concatenate([one.members for one in recipes]))
    members = members[known[members]]
    names = first.genes[members].tolist()
    if known.sum() == expression.shape[1]:  # every gene of the table is ranked, in whatever order they stand
        ranks, counts = rank_columns(expression, columns[members])
        return ranks, names, counts
    columns, asked = columns[known], (np.cumsum(known) - 1)[members]
    parts = [
        rank_columns(expression[start : start + _TOGETHER].take(columns, axis=1), asked)
        for start in range(0, len(expression), _TOGETHER)
    ]
    ranks, counts = (np.concatenate(part) for part in zip(*parts, strict=True))
    return ranks, names, counts
