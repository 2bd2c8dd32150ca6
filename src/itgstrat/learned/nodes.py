"""Walking decision trees that are laid out as flat arrays, all trees and patients at once."""

import numpy as np
import numpy.typing as npt


def find_leaves(
    values: npt.NDArray[np.floating],
    roots: npt.NDArray[np.integer],
    split: npt.NDArray[np.integer],
    threshold: npt.NDArray[np.float64],
    children: npt.NDArray[np.integer],
    missing_left: npt.NDArray[np.bool_],
) -> npt.NDArray[np.intp]:
    """Find the leaf that each patient reaches in each tree.

    Parameters
    ----------
    values : ndarray of float, shape (n_patients, n_features)
        Features in the precision that the trees compare in; NaN is missing.
    roots : ndarray of int, shape (n_trees,)
        First node of each tree.
    split : ndarray of int, shape (n_nodes,)
        Feature that each node asks for; -1 in a leaf.
    threshold : ndarray of float64, shape (n_nodes,)
        A patient goes left where the value is at most the threshold.
    children : ndarray of int, shape (n_nodes, 2)
        Left and right child.
    missing_left : ndarray of bool, shape (n_nodes,)
        Whether a missing value goes left.

    Returns
    -------
    ndarray of int, shape (n_patients, n_trees)
        Node numbers.

    Examples
    --------
    >>> stump = dict(split=np.array([0, -1, -1]), threshold=np.array([0.5, 0, 0]), missing_left=np.ones(3, bool))
    >>> children = np.array([[1, 2], [0, 0], [0, 0]])
    >>> find_leaves(np.array([[0.0], [1.0], [np.nan]]), np.array([0]), children=children, **stump).ravel().tolist()
    [1, 2, 1]
    """
    node = np.tile(roots.astype(np.intp), (len(values), 1))
    patient, tree = np.nonzero(split[node] >= 0)
    while len(patient):
        at = node[patient, tree]
        value = values[patient, split[at]]
        left = (value <= threshold[at]) | (np.isnan(value) & missing_left[at])
        below = children[at, np.where(left, 0, 1)]
        node[patient, tree] = below
        inner = split[below] >= 0
        patient, tree = patient[inner], tree[inner]
    return node
