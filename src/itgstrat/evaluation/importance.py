"""Permutation importance: how much concordance is lost when a feature, or a whole system, is dealt out anew."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from itgstrat.concordance import comparable_pairs
from itgstrat.errors import ModelError, OutcomeError, name_some
from itgstrat.learned import SurvivalModel
from itgstrat.learned.response import ResponseModel
from itgstrat.outcome import Outcome, make_outcome
from itgstrat.response import Response

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class PermutationImportance:
    """Loss of concordance where values are dealt out anew among the patients.

    Parameters
    ----------
    names : ndarray of str, shape (n_rows,)
        Features, or systems of features that are dealt out together.
    concordance : float
        Harrell's concordance with all values in place, or the AUC.
    drops : ndarray of float64, shape (n_rows, n_repeats)
        Concordance minus that of each repeat; above 0 the model needs the values.
    measure : str
        What is lost: ``Harrell's concordance``, or ``AUC`` for a model of a label.
    """

    names: npt.NDArray[np.str_]
    concordance: float
    drops: Floats
    measure: str = "Harrell's concordance"

    @property
    def mean(self) -> Floats:
        """Mean loss, shape (n_rows,)."""
        mean: Floats = self.drops.mean(axis=1)
        return mean

    def interval(self, level: float = 0.95) -> tuple[Floats, Floats]:
        """Take the percentiles of the loss over the repeats.

        Parameters
        ----------
        level : float
            Share of the repeats within.

        Returns
        -------
        low, high : ndarray of float64, shape (n_rows,)
            Limits.
        """
        low, high = np.quantile(self.drops, [(1 - level) / 2, (1 + level) / 2], axis=1)
        return low, high


def permutation_importance(
    model: SurvivalModel | ResponseModel,
    features: Floats,
    outcome: Outcome | Response,
    systems: Mapping[str, Sequence[str]] | None = None,
    *,
    repeats: int = 20,
    seed: int = 0,
) -> PermutationImportance:
    """Deal the values of each feature out anew, within stratum, and see how much concordance is lost.

    Of patients that the model was trained on it tells what the model uses; of others what carries over to them. Where
    features are correlated each may be dealt out with little loss; give them as a system then.

    Parameters
    ----------
    model : SurvivalModel or ResponseModel
        The model.
    features : ndarray of float64, shape (n_patients, n_features)
        Standardised features.
    outcome : Outcome or Response
        Their outcome or labels; patients are compared, and values dealt out, within its strata.
    systems : mapping of str to sequence of str, optional
        Name -> features that are dealt out together, each patient's kept as they are; each feature alone if not given.
    repeats : int
        How often each is dealt out.
    seed : int
        Seed; every row sees the same orders of the patients.

    Returns
    -------
    PermutationImportance
        A row a feature or system.

    Raises
    ------
    ModelError
        If a system holds a feature that the model does not have.
    OutcomeError
        If no two patients can be compared.

    References
    ----------
    Breiman 2001, doi 10.1023/A:1010933404324; Fisher 2019, arXiv 1801.01489

    Examples
    --------
    >>> from itgstrat.learned import LinearModel
    >>> from itgstrat.outcome import make_outcome
    >>> nothing = np.empty(0)
    >>> model = LinearModel(
    ...     nothing.astype(str), np.array([0, 0]), nothing, nothing, np.array([9.0]),
    ...     np.array(["used", "unused"]), np.array([1.0, 0.0]), np.zeros(2),
    ... )  # fmt: skip
    >>> values = np.array([[3.0, 0.0], [2.0, 1.0], [1.0, 0.0]])
    >>> found = permutation_importance(model, values, make_outcome([1, 1, 1], [1, 2, 3]))
    >>> found.concordance, bool(found.mean[0] > 0), float(found.mean[1])
    (1.0, True, 0.0)
    """
    names = list(map(str, model.features))
    rows = {name: [name] for name in names} if systems is None else {name: list(own) for name, own in systems.items()}
    unknown = sorted({one for own in rows.values() for one in own} - set(names))
    if unknown:
        raise ModelError(f"systems hold features that the model does not have: {name_some(unknown)}")
    rank = model.log_odds if isinstance(model, ResponseModel) else model.risk
    measure = "Harrell's concordance"
    if isinstance(outcome, Response):
        # pairs of an event and a later patient are those of either label, and their concordance is the AUC
        measure, first = "AUC", outcome.label
        outcome = make_outcome(first, np.where(first, 1.0, 2.0), stratum=outcome.stratum)
    pairs = comparable_pairs(outcome)
    whole = float(pairs.concordance(rank(features)))
    if np.isnan(whole):
        raise OutcomeError(f"none of {len(outcome)} patients can be compared with another: {outcome.n_events} events")
    generator = np.random.default_rng(seed)
    orders = [_deal(outcome, generator) for _ in range(repeats)]
    drops = np.zeros((len(rows), repeats))
    used = {names[i] for i in model.used}
    for row, own in enumerate(rows.values()):
        columns = [names.index(name) for name in own if name in used]
        if columns:
            risks = np.stack([rank(_replace(features, columns, order)) for order in orders], axis=1)
            drops[row] = whole - pairs.concordance(risks)
    return PermutationImportance(np.array(list(rows), dtype=str), whole, drops, measure)


def join_importances(parts: Sequence[PermutationImportance]) -> PermutationImportance:
    """Join what the models of several folds say, each of its own patients.

    Parameters
    ----------
    parts : sequence of PermutationImportance
        One or more, with the same number of repeats.

    Returns
    -------
    PermutationImportance
        Rows of all, in the order of first appearance; repeats of all folds side by side, 0 in those of a fold whose
        model does not have the row. The concordance is the mean.

    Raises
    ------
    ModelError
        If there is none.

    Examples
    --------
    >>> one = PermutationImportance(np.array(["a"]), 0.7, np.array([[0.1, 0.3]]))
    >>> other = PermutationImportance(np.array(["b"]), 0.5, np.array([[0.0, 0.2]]))
    >>> joined = join_importances([one, other])
    >>> joined.names.tolist(), joined.drops.tolist(), joined.concordance
    (['a', 'b'], [[0.1, 0.3, 0.0, 0.0], [0.0, 0.0, 0.0, 0.2]], 0.6)
    """
    if not parts:
        raise ModelError("no importances to join; give those of one fold at least")
    names = list(dict.fromkeys(str(name) for one in parts for name in one.names))
    blocks = []
    for one in parts:
        block = np.zeros((len(names), one.drops.shape[1]))
        block[[names.index(str(name)) for name in one.names]] = one.drops
        blocks.append(block)
    mean = float(np.mean([one.concordance for one in parts]))
    return PermutationImportance(np.array(names, dtype=str), mean, np.hstack(blocks), parts[0].measure)


def _deal(outcome: Outcome, generator: np.random.Generator) -> npt.NDArray[np.intp]:
    """Whose values each patient gets."""
    order = np.arange(len(outcome))
    for _, rows in outcome.by_stratum():
        order[rows] = generator.permutation(rows)
    return order


def _replace(features: Floats, columns: list[int], order: npt.NDArray[np.intp]) -> Floats:
    changed = features.copy()
    changed[:, columns] = features[order][:, columns]
    return changed
