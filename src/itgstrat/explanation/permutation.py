"""Shapley values of a function that is only known by calling it: exact for few features, else by sampled orders."""

from collections.abc import Callable
from math import comb

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

#: Features up to which every coalition is asked for.
EXACT_UP_TO = 10
#: Orders that are sampled for more features; each is also taken backwards.
N_ORDERS = 50


def permute(
    function: Callable[[Floats, int], Floats],
    features: Floats,
    background: Floats,
    used: npt.NDArray[np.intp],
    n_orders: int = N_ORDERS,
    seed: int = 0,
) -> tuple[Floats, Floats]:
    """Split a function over the features, which take the value of a background patient where they are not known.

    Up to 10 features every coalition is asked for and the values are exact; for more, orders are sampled, each
    taken forwards and backwards. Either way base and contributions add up to the function.

    Parameters
    ----------
    function : callable
        From features, shape (n, n_features), and the number of the patient they stand for, to outputs, shape
        (n, n_outputs).
    features : ndarray of float64, shape (n_patients, n_features)
        Patients to explain.
    background : ndarray of float64, shape (n_background, n_features)
        Patients to compare with; the mean over them is told.
    used : ndarray of int
        Positions of the features that the function depends on.
    n_orders : int
        Orders to sample.
    seed : int
        Seed of the orders.

    Returns
    -------
    base : ndarray of float64, shape (n_patients, n_outputs)
        Mean of the function over the background.
    contributions : ndarray of float64, shape (n_patients, n_features, n_outputs)
        Contributions.

    References
    ----------
    Castro 2009, doi 10.1016/j.cor.2008.04.004; Mitchell 2022 (antithetic orders), arXiv 2104.12199

    Examples
    --------
    >>> product = lambda rows, patient: rows.prod(axis=1, keepdims=True)
    >>> permute(product, np.array([[2.0, 3.0]]), np.ones((1, 2)), np.arange(2))
    (array([[1.]]), array([[[2.], [3.]]]))
    """
    exact = len(used) <= EXACT_UP_TO
    random = np.random.default_rng(seed)
    orders = [] if exact else [random.permutation(used) for _ in range(n_orders)]
    base, contributions = [], []
    for number, patient in enumerate(features):

        def tell(rows: Floats, number: int = number) -> Floats:
            return function(rows, number)

        base.append(tell(background).mean(axis=0))
        found = [
            _ask_every_coalition(tell, patient, reference, used)
            if exact
            else _sample_orders(tell, patient, reference, orders)
            for reference in background
        ]
        contributions.append(np.mean(found, axis=0))
    if not base:
        n_outputs = function(background, 0).shape[1]
        return np.empty((0, n_outputs)), np.empty((0, features.shape[1], n_outputs))
    return np.stack(base), np.stack(contributions)


def _ask_every_coalition(
    tell: Callable[[Floats], Floats], patient: Floats, reference: Floats, used: npt.NDArray[np.intp]
) -> Floats:
    known = (np.arange(2 ** len(used))[:, None] >> np.arange(len(used))) & 1 == 1
    rows = np.tile(reference, (len(known), 1))
    rows[:, used] = np.where(known, patient[used], reference[used])
    told, size = tell(rows), known.sum(axis=1)
    contributions = np.zeros((len(patient), told.shape[1]))
    for place, feature in enumerate(used):
        without = np.flatnonzero(~known[:, place])
        weight = np.array([1 / (len(used) * comb(len(used) - 1, int(count))) for count in size[without]])
        contributions[feature] = weight @ (told[without + (1 << place)] - told[without])
    return contributions


def _sample_orders(
    tell: Callable[[Floats], Floats], patient: Floats, reference: Floats, orders: list[npt.NDArray[np.intp]]
) -> Floats:
    contributions = np.zeros((len(patient), tell(reference[None]).shape[1]))
    for order in (way for one in orders for way in (one, one[::-1])):
        rows = np.tile(reference, (len(order) + 1, 1))
        for step, feature in enumerate(order):
            rows[step + 1 :, feature] = patient[feature]
        contributions[order] += np.diff(tell(rows), axis=0) / (2 * len(orders))
    return contributions
