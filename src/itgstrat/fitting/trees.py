"""scikit-learn's trees laid end to end."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt


def flatten_trees(trees: Sequence[Any]) -> dict[str, npt.NDArray[Any]]:
    """Lay fitted trees end to end.

    Parameters
    ----------
    trees : sequence of sklearn.tree._tree.Tree
        The ``tree_`` of each estimator.

    Returns
    -------
    dict of str to ndarray
        ``root`` to ``leaf``, the fields of `itgstrat.learned.Trees` but the feature names.
    """
    left, right, feature, threshold, missing_left, cover = (
        np.concatenate([getattr(tree, name) for tree in trees])
        for name in (
            "children_left",
            "children_right",
            "feature",
            "threshold",
            "missing_go_to_left",
            "weighted_n_node_samples",
        )
    )
    is_leaf = left < 0
    return {
        "root": np.cumsum([0, *(tree.node_count for tree in trees)]).astype(np.int32),
        "left": left.astype(np.int32),
        "right": right.astype(np.int32),
        "feature": np.where(is_leaf, -1, feature).astype(np.int32),
        "threshold": np.where(is_leaf, 0.0, threshold),
        "missing_left": missing_left.astype(bool) & ~is_leaf,
        "cover": cover,
        "leaf": np.where(is_leaf, np.cumsum(is_leaf) - 1, -1).astype(np.int32),
    }
