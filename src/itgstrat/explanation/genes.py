"""From features to genes: a contribution goes to the genes of the score, by the score's own arithmetic."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from itgstrat.learned import Featurised

Floats = npt.NDArray[np.float64]

#: Name of the row that holds what no measured gene accounts for.
REST = "(not of a measured gene)"

#: Training standard deviations; a feature nearer to its training mean has no slope from there that could be told.
NEAR = 0.5


@dataclass(frozen=True, eq=False)
class Origin:
    """Where explained features came from, and which part of their contributions is a straight line.

    Parameters
    ----------
    featurised : Featurised
        The patients' features and all that it took to make them.
    columns : ndarray of int, shape (n_features,)
        Positions of the explained features among them.
    slope, constant : ndarray of float64, shape (n_features,)
        The straight part of a contribution is scale x (slope x value + constant).
    scale : ndarray of float64, shape (n_patients, n_times)
        What contributions to the risk were rescaled by; ones where they were not.
    """

    featurised: Featurised
    columns: npt.NDArray[np.intp]
    slope: Floats
    constant: Floats
    scale: Floats


def split_over_genes(origin: Origin, contributions: Floats) -> tuple[list[str], Floats]:
    r"""Split contributions of features over genes and covariates.

    A score z is a sum of what its genes add to it over its training mean, :math:`z = \sum_g z_g`
    (`FeatureRecipe.split_over_genes`). What is a straight line in z is split exactly, slope x :math:`z_g`; its
    constant is of no gene. What is not, of trees, is split by the rescale rule, :math:`\phi z_g / z`. Where the score
    is within half a training SD of its mean, that quotient would blow genes up that cancel each other: there the
    rule keeps only the share :math:`(z / 0.5)^2` of it, and gives the rest by :math:`|z_g| / \sum |z_g|`. So nothing
    jumps, and every gene stays within (2 + 1 / :math:`\sum|z_g|`) x :math:`|\phi z_g|`.

    Parameters
    ----------
    origin : Origin
        How the features were made.
    contributions : ndarray of float64, shape (n_patients, n_features, n_times)
        Contributions of the features.

    Returns
    -------
    names : list of str
        Genes, covariates, and `REST`.
    contributions : ndarray of float64, shape (n_patients, n_names, n_times)
        For each patient the same sum as before, to rounding.

    References
    ----------
    Chen 2022 (G-DeepSHAP), doi 10.1038/s41467-022-31384-3
    """
    recipe, features = origin.featurised.recipe, origin.featurised.features
    n_signatures = len(recipe.signatures)
    signature = np.repeat(np.arange(n_signatures), np.diff(recipe.start))
    shares, rest = recipe.split_over_genes(origin.featurised.measured, origin.featurised.batch)
    names, entry, target, covariates = _name_targets(origin, signature)
    added = np.hstack([shares, features.values[:, n_signatures:]])[:, entry]
    owner = np.concatenate([signature, np.arange(n_signatures, features.values.shape[1])])[entry]
    weight = np.zeros(features.values.shape)
    np.add.at(weight.T, owner, np.abs(added).T)
    weight[:, :n_signatures] += np.abs(rest)
    weight = _gather(origin, weight)
    split = np.zeros((len(added), len(names), contributions.shape[2]))
    for time, own in enumerate(np.moveaxis(contributions, 2, 0)):
        slope, even = _find_slopes(origin, own, weight, origin.scale[:, time])
        by_entry = _spread(origin, slope)[:, owner] * added
        by_entry += _spread(origin, even, sizes=True)[:, owner] * np.abs(added)
        np.add.at(split[:, :, time].T, target, by_entry.T)
        split[:, covariates, time] += own[:, origin.columns >= n_signatures]
    split[:, -1] = contributions.sum(axis=1) - split[:, :-1].sum(axis=1)
    return names, split


def _find_slopes(origin: Origin, contributions: Floats, weight: Floats, scale: Floats) -> tuple[Floats, Floats]:
    """Give what each unit of a gene's share is worth, and what each unit of its size is; (n_patients, n_features)."""
    features = origin.featurised.features
    values, measured = features.values[:, origin.columns], ~features.missing[:, origin.columns]
    straight = scale[:, None] * origin.slope
    curved = contributions - straight * values - scale[:, None] * origin.constant
    rescaled = curved * values / np.maximum(values**2, NEAR**2)
    left = curved - rescaled * values
    even = np.where(measured & (weight > 0), left / np.where(weight > 0, weight, 1.0), 0.0)
    return np.where(measured, straight + rescaled, 0.0), even


def _mix(origin: Origin) -> Floats:
    """How explained features are made of plain ones, where any is adjusted; a covariate's contribution stays whole."""
    recipe = origin.featurised.recipe
    mix = recipe.mix[origin.columns].copy()
    mix[origin.columns >= len(recipe.signatures)] = 0.0
    return mix


def _spread(origin: Origin, values: Floats, sizes: bool = False) -> Floats:
    """From the explained features to the plain ones that they are made of, by weights or by their sizes."""
    recipe = origin.featurised.recipe
    if recipe.mix.size:
        mix = np.abs(_mix(origin)) if sizes else _mix(origin)
        spread: Floats = values @ mix
        return spread
    spread = np.zeros((len(values), origin.featurised.features.values.shape[1]))
    own = origin.columns < len(recipe.signatures)
    spread[:, origin.columns[own]] = values[:, own]
    return spread


def _gather(origin: Origin, sizes: Floats) -> Floats:
    """From the sizes of plain features to those of the explained ones."""
    if origin.featurised.recipe.mix.size:
        gathered: Floats = sizes @ np.abs(_mix(origin)).T
        return gathered
    return sizes[:, origin.columns]


def _name_targets(
    origin: Origin, signature: npt.NDArray[np.intp]
) -> tuple[list[str], npt.NDArray[np.intp], npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Names of what is reached, its entries, the name each adds to, and the names of the explained covariates."""
    recipe, n_signatures = origin.featurised.recipe, len(origin.featurised.recipe.signatures)
    reached = _spread(origin, np.ones((1, len(origin.columns))), sizes=True)[0] > 0
    entries = np.flatnonzero(reached[signature])
    members, position = np.unique(recipe.gene[entries], return_inverse=True)
    explained = origin.columns[origin.columns >= n_signatures]
    columns = np.union1d(n_signatures + np.flatnonzero(reached[n_signatures:]), explained).astype(np.intp)
    names = [*recipe.genes[recipe.members[members]], *(recipe.names[column] for column in columns), REST]
    target = np.concatenate([position, len(members) + np.arange(len(columns))])
    entry = np.concatenate([entries, len(signature) + columns - n_signatures])
    return list(map(str, names)), entry, target, len(members) + np.searchsorted(columns, explained)
