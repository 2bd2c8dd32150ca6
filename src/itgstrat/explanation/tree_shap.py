"""Exact Shapley values of tree ensembles from their arrays, numpy alone: every patient, tree and output at once."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from itgstrat.learned import Trees
from itgstrat.learned.response import TreeResponse

Floats = npt.NDArray[np.float64]
Positions = npt.NDArray[np.intp]

#: Numbers of one product (nodes x patients x quadrature points) that are held at a time: what a cache can hold.
_CELLS = 400_000
#: Patients that are explained together.
_BLOCK = 128


@dataclass(frozen=True, eq=False)
class Paths:
    """Some trees, level by level, with what the path to each node asks of one feature, the last it split on.

    Parameters
    ----------
    feature : ndarray of int, shape (n_nodes,)
        Feature that the parent splits on; -1 in a root.
    low, high : ndarray of float64, shape (n_nodes,)
        The path lets a value through that is above `low` and not above `high`.
    missing : ndarray of bool, shape (n_nodes,)
        Whether it lets a missing value through.
    share, step : ndarray of float64, shape (n_nodes,)
        Share of training patients that all splits on the feature so far let through, and the last split alone.
    above : ndarray of int, shape (n_nodes,)
        Node in which the path's split on the same feature before this one ended; -1 where it is the first.
    leaf : ndarray of int, shape (n_nodes,)
        Number of the leaf over all trees; -1 in an inner node.
    levels : tuple of slice
        Nodes of each depth; those below a level are the children of its inner nodes, in pairs, in order.
    n_points : int
        Quadrature points that make the integral over the path exact.
    """

    feature: Positions
    low: Floats
    high: Floats
    missing: npt.NDArray[np.bool_]
    share: Floats
    step: Floats
    above: Positions
    leaf: Positions
    levels: tuple[slice, ...]
    n_points: int


def explain_trees(
    trees: Trees,
    features: Floats,
    leaf_values: Floats,
    background: Floats | None = None,
) -> tuple[Floats, Floats]:
    r"""Split what trees say of each patient over the features, exactly.

    A feature that is not known lets a patient go down both branches, in the shares of the training patients that
    went there (path-dependent TreeSHAP), or takes the value of a background patient, in the mean over all of them.
    Each leaf is then a product game whose Shapley values are the integrals of polynomials,

    .. math:: \phi_i = \sum_l v_l (o_{il} - z_{il}) \int_0^1 \prod_{j \ne i} (z_{jl} + t (o_{jl} - z_{jl}))\,dt

    with o whether the path to leaf l lets the patient through by a feature, and z the share of training patients
    that it lets through, or whether it does the background patient. Gauss-Legendre quadrature gives them without
    error; sums over leaves are taken going up the trees.

    Parameters
    ----------
    trees : Trees
        The trees.
    features : ndarray of float64, shape (n_patients, n_features)
        Standardised features; NaN goes where training sent missing values.
    leaf_values : ndarray of float64, shape (n_leaves, n_outputs)
        What each leaf adds to each output.
    background : ndarray of float64, shape (n_background, n_features), optional
        Patients to compare with; without them, the training patients as the trees remember them.

    Returns
    -------
    base : ndarray of float64, shape (n_outputs,)
        Mean over training, or the background, of what the trees say.
    contributions : ndarray of float64, shape (n_patients, n_features, n_outputs)
        Base plus the sum over features is what the trees say.

    References
    ----------
    Lundberg 2020, doi 10.1038/s42256-019-0138-9; Yu 2022 (Linear TreeShap), arXiv 2209.08192
    """
    return _explain_chosen(trees, np.arange(trees.n_trees), features, leaf_values, background, None)


def find_interactions(trees: Trees, features: Floats, leaf_values: Floats, feature: int) -> Floats:
    r"""Find how much one feature changes the contribution of each other, exactly.

    .. math:: \phi_{ij} = \phi_j(\text{i always known}) - \phi_j(\text{i never known})

    This is the Shapley interaction index; shap's interaction values give half of it to (i, j) and half to (j, i).

    Parameters
    ----------
    trees, features, leaf_values
        As for `explain_trees`.
    feature : int
        Position of the feature.

    Returns
    -------
    ndarray of float64, shape (n_patients, n_features, n_outputs)
        Interaction with every feature; 0 with itself.

    References
    ----------
    Grabisch 1999, doi 10.1007/s001820050125; Lundberg 2020, doi 10.1038/s42256-019-0138-9
    """
    tree = np.repeat(np.arange(trees.n_trees), np.diff(trees.root))
    chosen = np.unique(tree[trees.feature == feature])
    known, unknown = (
        _explain_chosen(trees, chosen, features, leaf_values, None, (feature, present))[1] for present in (True, False)
    )
    difference: Floats = known - unknown
    return difference


def _explain_chosen(
    trees: Trees,
    chosen: Positions,
    features: Floats,
    leaf_values: Floats,
    background: Floats | None,
    present: tuple[int, bool] | None,
) -> tuple[Floats, Floats]:
    """Explain the sum of some trees; a feature may be known to every coalition or to none (`present`)."""
    double = isinstance(trees, TreeResponse) and trees.double
    kind = np.float64 if double else np.float32
    values = _clip(features, kind)
    base = np.zeros(leaf_values.shape[1])
    contributions = np.zeros((*values.shape, leaf_values.shape[1]))
    for paths in _cut_into_paths(trees, chosen, len(values)):
        versions = [paths] if background is None else _compare_with(paths, _clip(background, kind))
        for version in versions:
            base += _mean_leaf(version, leaf_values) / len(versions)
            for row in range(0, len(values), _BLOCK):
                block = np.ascontiguousarray(values[row : row + _BLOCK].T)
                added = _explain_paths(version, block, leaf_values, present)
                contributions[row : row + _BLOCK] += added / len(versions)
    return base, contributions


def _clip(features: Floats, kind: type[np.floating]) -> npt.NDArray[np.floating]:
    """Hold values within what the type can hold: an open interval has infinite ends that no value may be beyond."""
    limit = np.finfo(kind).max
    return np.clip(features, -limit, limit).astype(kind)


def _cut_into_paths(trees: Trees, chosen: Positions, n_patients: int) -> Iterator[Paths]:
    """Put trees of about the same size together, as many as are handled at a time."""
    size = np.diff(trees.root)
    order = chosen[np.argsort(size[chosen], kind="stable")]
    room = max(_CELLS // (4 * min(_BLOCK, max(n_patients, 1))), int(size.max(initial=1)))  # 4 points are usual
    group = np.cumsum(size[order]) // room
    for number in np.unique(group):
        yield _lay_out(trees, np.sort(order[group == number]))


def _lay_out(trees: Trees, chosen: Positions) -> Paths:
    """Order the nodes of some trees level by level, and gather what the paths to them ask."""
    first = np.repeat(trees.root[:-1], np.diff(trees.root)).astype(np.intp)
    nodes = trees.root[chosen].astype(np.intp)
    parent = np.full(len(nodes), -1, dtype=np.intp)
    all_nodes, parents, levels, start = [nodes], [parent], [slice(0, len(nodes))], 0
    while True:
        inner = np.flatnonzero(trees.left[nodes] >= 0)
        if not len(inner):
            break
        above = nodes[inner]
        parent = np.repeat(inner + start, 2)
        start += len(nodes)
        nodes = (np.stack([trees.left[above], trees.right[above]], axis=1) + first[above][:, None]).ravel()
        all_nodes.append(nodes)
        parents.append(parent)
        levels.append(slice(start, start + len(nodes)))
    return _gather(trees, np.concatenate(all_nodes), np.concatenate(parents), tuple(levels))


def _gather(trees: Trees, node: Positions, parent: Positions, levels: tuple[slice, ...]) -> Paths:
    split = node[parent]  # of a root any node, which is not looked at
    feature = np.where(parent >= 0, trees.feature[split], -1).astype(np.intp)
    is_left = np.zeros(len(node), dtype=bool)
    is_left[levels[0].stop :: 2] = True
    threshold = trees.threshold[split]
    low = np.where(is_left, -np.inf, threshold)
    high = np.where(is_left, threshold, np.inf)
    missing = trees.missing_left[split] == is_left
    cover = trees.cover[split]
    step = np.where(cover > 0, trees.cover[node] / np.where(cover > 0, cover, 1.0), 0.5)
    share, above, depth = step.copy(), np.full(len(node), -1, dtype=np.intp), np.zeros(len(node), dtype=np.intp)
    low[levels[0]], high[levels[0]], missing[levels[0]], share[levels[0]] = -np.inf, np.inf, True, 1.0
    for level in levels[1:]:
        own, at = np.arange(level.start, level.stop), parent[level].copy()
        while (going := (at >= 0) & (feature[at] != feature[own])).any():
            at[going] = parent[at[going]]
        above[own] = at
        again, before = own[at >= 0], at[at >= 0]
        low[again] = np.maximum(low[again], low[before])
        high[again] = np.minimum(high[again], high[before])
        missing[again] &= missing[before]
        share[again] *= share[before]
        depth[own] = depth[parent[own]] + (at < 0)
    leaf = trees.leaf[node].astype(np.intp)
    return Paths(feature, low, high, missing, share, step, above, leaf, levels, max(1, -(-int(depth.max()) // 2)))


def _compare_with(paths: Paths, background: npt.NDArray[np.floating]) -> list[Paths]:
    """Put a background patient's way in the place of the shares of training, once for each of them."""
    ways = (_let_through(paths, np.ascontiguousarray(background.T)) == 0).T.astype(np.float64)
    return [replace(paths, share=way, step=way) for way in ways]


def _mean_leaf(paths: Paths, leaf_values: Floats) -> Floats:
    """Mean over training patients of the leaves' values."""
    weight = np.ones(len(paths.leaf))
    for above, level in zip(paths.levels, paths.levels[1:], strict=False):
        inner = paths.leaf[above] < 0
        weight[level] = np.repeat(weight[above][inner], 2) * paths.step[level]
    ends = paths.leaf >= 0
    mean: Floats = weight[ends] @ leaf_values[paths.leaf[ends]]
    return mean


def _let_through(paths: Paths, values: npt.NDArray[np.floating]) -> npt.NDArray[np.uint8]:
    """Tell how the path to each node treats each patient by its last feature.

    0: every split on it lets the patient through; 1: all but the last; 2: one before already does not.
    """
    own = values[paths.feature]
    passes = (own > paths.low[:, None]) & (own <= paths.high[:, None])
    unknown = np.isnan(own)
    if unknown.any():
        passes |= unknown & paths.missing[:, None]
    passes[paths.levels[0]] = True
    before = np.where(paths.above[:, None] >= 0, passes[paths.above], True)
    return np.uint8(2) - passes.astype(np.uint8) - before.astype(np.uint8)


def _tabulate(paths: Paths, present: tuple[int, bool] | None) -> tuple[Floats, Floats]:
    """Tabulate per node and treatment, at each quadrature point, two things.

    What a path's product is multiplied by on entering the node, and what the product of a leaf below is multiplied
    by in the contribution of the feature, less what it was before; shapes (n_nodes, 3, n_points).
    """
    nodes, weights = np.polynomial.legendre.leggauss(paths.n_points)
    t, weights = (nodes + 1) / 2, weights / 2
    share, first = paths.share[:, None], paths.above[:, None] < 0
    before = np.where(first, 1.0, paths.share[paths.above][:, None])
    known, was_known = share + t * (1 - share), before + t * (1 - before)
    factor = np.stack(
        [known / was_known, share * (1 - t) / was_known, np.broadcast_to(paths.step[:, None], known.shape)], axis=1
    )
    gain = (1 - before) / was_known
    change = np.stack([(1 - share) / known - gain, -1 / (1 - t) - gain, np.zeros(known.shape)], axis=1) * weights
    if present is not None:
        own = paths.feature == present[0]
        change[own] = 0.0
        factor[own] = np.array([1.0, 0.0, 0.0])[:, None] if present[1] else paths.step[own][:, None, None]
    return factor, change


def _explain_paths(
    paths: Paths, values: npt.NDArray[np.floating], leaf_values: Floats, present: tuple[int, bool] | None
) -> Floats:
    """Explain some trees for some patients; values and result are features first and patients first."""
    factor, change = _tabulate(paths, present)
    code = _let_through(paths, values) + 3 * np.arange(len(paths.leaf), dtype=np.int32)[:, None]
    flat = factor.reshape(-1, paths.n_points)
    products = [np.ones((paths.levels[0].stop, values.shape[1], paths.n_points))]
    for above, level in zip(paths.levels, paths.levels[1:], strict=False):
        inner = paths.leaf[above] < 0
        product = flat.take(code[level], axis=0).reshape(-1, 2, *products[0].shape[1:])
        product *= products[-1][inner][:, None]
        products.append(product.reshape(-1, *products[0].shape[1:]))
    flat = change.reshape(-1, paths.n_points)
    changes = [flat.take(code[level], axis=0) for level in paths.levels]
    added = np.empty((leaf_values.shape[1], *code.shape))
    for output, value in enumerate(leaf_values.T):
        worth = np.where(paths.leaf >= 0, value[paths.leaf], 0.0)[:, None, None]
        below = products[0][:0]
        for depth in range(len(paths.levels) - 1, 0, -1):
            level = paths.levels[depth]
            total = products[depth] * worth[level]
            total[paths.leaf[level] < 0] = below
            np.einsum("npq,npq->np", changes[depth], total, out=added[output, level])
            below = total.reshape(-1, 2, *total.shape[1:]).sum(axis=1)
    return _sum_by_feature(paths, added, len(values))


def _sum_by_feature(paths: Paths, added: Floats, n_features: int) -> Floats:
    order = np.argsort(paths.feature, kind="stable")[paths.levels[0].stop :]
    owner = paths.feature[order]
    contributions = np.zeros((added.shape[2], n_features, len(added)))
    if len(order):
        start = np.flatnonzero(np.diff(owner, prepend=-1))
        contributions[:, owner[start]] = np.add.reduceat(added[:, order], start, axis=1).T
    return contributions
