"""Ridge Cox regression with a clinical block of its own and, if asked for, several molecular blocks."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from itgstrat.concordance import Pairs, comparable_pairs
from itgstrat.errors import ModelError
from itgstrat.fitting.partial_likelihood import RiskSets, fit_cox, one_thread, rotate
from itgstrat.fitting.survival.base import SurvivalEstimator, linear_model, split_by_events
from itgstrat.fitting.survival.blocks import source_of
from itgstrat.outcome import Outcome, require_events

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]
Rule = Literal["partial_likelihood", "concordance"]

#: Spread of the log hazard over patients that a block may bring: from next to nothing to more than any tumour shows.
NARROWEST, WIDEST = 0.03, 3.0

#: Points beyond the best one at which the path of spreads ends.
PAST = 3

#: Weight, relative to the best point, below which a point has no part in the average.
LEAST_WEIGHT = 0.02


class CoxRidge(SurvivalEstimator):
    r"""Ridge Cox regression: stratified, clinical covariates penalised apart, penalty by cross-validation in `fit`.

    A block of features with the penalty :math:`\lambda` has a normal prior in which its part of the log hazard has
    the standard deviation (over patients) :math:`\sigma = \sqrt{\sum_j \operatorname{var}(x_j) / \lambda}`, its
    *spread*. The grid is geometric in the spread, not in the penalty: it means the same for 17 features and for
    1,500, correlated or not, for 100 patients and for 1,000, and in a fold as in the whole. Efron's ties.

    Parameters
    ----------
    clinical : tuple of str
        Sources of the columns that keep out of the molecular blocks (``grade`` for ``grade=2``).
    clinical_penalty : float
        Penalty of each of them; 1 is a prior SD of 1 for a log hazard ratio per SD, enough against separation and
        next to nothing otherwise. 0 leaves them free.
    blocks : tuple of tuple of str
        Sources of each molecular block that is to have a penalty of its own; all other features are one more block.
    n_penalties : int
        Points of the grid.
    inner_folds : int
        Folds of the inner cross-validation; fewer where there are fewer events.
    rule : {"partial_likelihood", "concordance"}
        What the inner folds judge by: the cross-validated partial likelihood, sum of
        :math:`\ell(\hat\beta_{-k}) - \ell_{-k}(\hat\beta_{-k})`, or the mean concordance within strata.
    average : bool
        Instead of the best spread take the mean of the coefficients over all spreads tried, weighted by their
        cross-validated partial likelihood (pseudo-Bayesian model averaging): with few events the likelihood is flat,
        and the best of a flat curve is chance.
    spread : float, optional
        A spread for every block, instead of a choice by cross-validation; for a member of a stack, which finds the
        scale of its members itself.
    seed : int
        Seed of the inner folds.

    Attributes
    ----------
    model_ : LinearModel
        The learned record.
    spread_ : tuple of float
        Chosen spread of each block, the block of all other features last (if there are any).
    penalty_ : ndarray of float64, shape (n_features,)
        The penalties that follow.
    path_ : DataFrame with columns spread, score
        Inner cross-validation with one spread for all blocks, from the narrowest to a few past the best.

    References
    ----------
    Verweij & van Houwelingen 1993, doi 10.1002/sim.4780122407; Boulesteix 2017, doi 10.1155/2017/7691937 (penalties
    per block); van de Wiel 2021, doi 10.1093/bioinformatics/btab389 (several ridge penalties by cross-validation);
    Herrmann 2021, doi 10.1093/bib/bbaa167 (favouring clinical covariates); Yao 2018, doi 10.1214/17-BA1091 (averaging)

    Examples
    --------
    >>> from itgstrat.outcome import make_outcome
    >>> random = np.random.default_rng(0)
    >>> features = pd.DataFrame(random.standard_normal((90, 3)), columns=["age", "a", "b"])
    >>> outcome = make_outcome(np.ones(90, bool), random.exponential(np.exp(-features["a"])))
    >>> CoxRidge(clinical=("age",)).fit(features, outcome).model_.coef.round(1)
    array([ 0.2,  1.1, -0.3])
    """

    def __init__(
        self,
        clinical: tuple[str, ...] = (),
        clinical_penalty: float = 1.0,
        blocks: tuple[tuple[str, ...], ...] = (),
        n_penalties: int = 16,
        inner_folds: int = 5,
        rule: Rule = "partial_likelihood",
        average: bool = False,
        spread: float | None = None,
        seed: int = 0,
    ) -> None:
        self.clinical = clinical
        self.clinical_penalty = clinical_penalty
        self.blocks = blocks
        self.n_penalties = n_penalties
        self.inner_folds = inner_folds
        self.rule = rule
        self.average = average
        self.spread = spread
        self.seed = seed

    @one_thread()
    def fit(self, X: pd.DataFrame, y: Outcome) -> Self:
        """Choose the penalties and fit.

        Parameters
        ----------
        X : DataFrame of shape (n_patients, n_features)
            Standardised features.
        y : Outcome
            Outcome; each of its strata has a baseline hazard of its own.

        Returns
        -------
        CoxRidge
            Itself.

        Raises
        ------
        OutcomeError
            If there are fewer than four events.
        ModelError
            If every feature is clinical, all others are constant, or free clinical coefficients run away.
        """
        require_events(y, 4, "a ridge Cox model with inner cross-validation")
        values = X.to_numpy(dtype=np.float64)
        block = self._number_blocks(list(X.columns))
        variance = values.var(axis=0)
        totals = np.array([variance[block == number].sum() for number in range(len(self.blocks) + 1)])
        if not (block >= 0).any():
            raise ModelError("every feature is clinical; use a plain Cox model")
        if not totals.any():
            raise ModelError("every feature outside the clinical block is the same in all patients; nothing to fit")
        prior, sets = _Prior(totals, self.clinical_penalty), RiskSets.of(y)
        coef, last = np.zeros(len(block)), np.zeros(len(block))
        for spreads, weight in self._choose(prior, values, block, y).items():
            last = fit_cox(values, sets, prior.penalise(spreads, block), last)
            coef += weight * last
        self.penalty_ = prior.penalise(self.spread_, block)
        self.model_ = linear_model(X, y, coef)
        return self

    def _choose(self, prior: "_Prior", values: Floats, block: Ints, y: Outcome) -> dict[tuple[float, ...], float]:
        """Spreads of the blocks, and what the coefficients found with them count."""
        if self.spread is not None:
            self.spread_, self.path_ = (self.spread,) * len(prior.totals), pd.DataFrame(columns=["spread", "score"])
            return {self.spread_: 1.0}
        grid = np.geomspace(NARROWEST, WIDEST, self.n_penalties)
        judge = _Judge(self._folds(values, block, y), prior, grid, self.rule)
        path = judge.walk(len(prior.totals))
        best = judge.climb((max(path, key=lambda point: path[point]),) * len(prior.totals))
        self.path_ = pd.DataFrame({"spread": grid[list(path)], "score": list(path.values())})
        self.spread_ = tuple(float(grid[point]) for point in best)
        weights = judge.weigh() if self.average else {best: 1.0}
        return {tuple(map(float, grid[list(point)])): weight for point, weight in weights.items()}

    def _number_blocks(self, columns: Sequence[str]) -> Ints:
        """Number of the block of each column, -1 for clinical ones."""
        numbers = dict.fromkeys(self.clinical, -1)
        for number, sources in enumerate(self.blocks):
            numbers |= dict.fromkeys(sources, number)
        return np.array([numbers.get(source_of(column), len(self.blocks)) for column in columns], dtype=np.intp)

    def _folds(self, values: Floats, block: Ints, outcome: Outcome) -> list["_Fold"]:
        splits = split_by_events(outcome, min(self.inner_folds, outcome.n_events // 2), self.seed)
        return [_Fold.of(values, block, outcome, train, test) for train, test in splits]


@dataclass(frozen=True, eq=False)
class _Prior:
    """From spreads to penalties; `totals` are the summed variances of the features of each block."""

    totals: Floats
    clinical: float

    def penalise(self, spreads: Sequence[float] | Floats, block: Ints) -> Floats:
        own = np.where(self.totals > 0, self.totals, 1.0) / np.asarray(spreads) ** 2
        return np.where(block < 0, self.clinical, own[block])


@dataclass(frozen=True, eq=False)
class _Fold:
    """One inner fold; a block wider than its training patients is rotated into their span, once."""

    values: Floats
    block: Ints
    train: Ints
    test: Ints
    sets: RiskSets
    everyone: RiskSets
    pairs: Pairs

    @classmethod
    def of(cls, values: Floats, block: Ints, outcome: Outcome, train: Ints, test: Ints) -> Self:
        parts, numbers = [], []
        for number in np.unique(block):
            part = values[:, block == number]
            if number >= 0 and part.shape[1] > len(train):
                part = part @ rotate(part[train])[0]
            parts.append(part)
            numbers.append(np.full(part.shape[1], number))
        sets, everyone = RiskSets.of(outcome[train]), RiskSets.of(outcome)
        pairs = comparable_pairs(outcome[test])
        return cls(np.hstack(parts), np.concatenate(numbers), train, test, sets, everyone, pairs)

    def fit(self, penalty: Floats, start: Floats) -> Floats:
        return fit_cox(self.values[self.train], self.sets, penalty, start, tol=1e-4)  # it only ranks penalties

    def score(self, coef: Floats, rule: Rule) -> float:
        risk = self.values @ coef
        if rule == "concordance":
            return float(self.pairs.concordance(risk[self.test]))
        inside = self.sets.log_likelihood(risk[self.train][self.sets.order])
        return self.everyone.log_likelihood(risk[self.everyone.order]) - inside


class _Judge:
    """Scores points of the grid, one a block, each once; every fit starts from the one before."""

    def __init__(self, folds: Sequence[_Fold], prior: _Prior, grid: Floats, rule: Rule) -> None:
        self.folds, self.prior, self.grid, self.rule = folds, prior, grid, rule
        self.scores: dict[tuple[int, ...], float] = {}
        self.coefs = [np.zeros(len(fold.block)) for fold in folds]

    def score(self, point: tuple[int, ...]) -> float:
        """Score of one spread a block: a sum over folds, or the mean of those with a comparable pair."""
        if point not in self.scores:
            spreads = self.grid[list(point)]
            self.coefs = [
                fold.fit(self.prior.penalise(spreads, fold.block), coef)
                for fold, coef in zip(self.folds, self.coefs, strict=True)
            ]
            scored = zip(self.folds, self.coefs, strict=True)
            cells = np.array([fold.score(coef, self.rule) for fold, coef in scored])
            usable = cells[~np.isnan(cells)]
            total = usable.sum() if self.rule == "partial_likelihood" else usable.mean() if len(usable) else 0.0
            self.scores[point] = float(total)
        return self.scores[point]

    def walk(self, n_blocks: int) -> dict[int, float]:
        """Score one spread for all blocks, from the narrowest (of equals the first counts) to well past the best."""
        path: dict[int, float] = {}
        for point in range(len(self.grid)):
            path[point] = self.score((point,) * n_blocks)
            best = max(path, key=lambda known: path[known])
            if point - best > PAST:  # wide spreads take the longest to fit, and the score has one hill
                break
        return path

    def climb(self, point: tuple[int, ...]) -> tuple[int, ...]:
        """Move one block at a time to the next point of the grid while that raises the score."""
        if len(point) == 1:
            return point
        moved = True
        while moved:
            moved = False
            for block in np.flatnonzero(self.prior.totals).tolist():
                for step in (-1, 1):
                    while (near := self._next(point, block, step)) and self.score(near) > self.score(point):
                        point, moved = near, True
        return point

    def weigh(self) -> dict[tuple[int, ...], float]:
        """Weights of the points tried, in proportion to their cross-validated likelihood; those next to none drop."""
        points = sorted(self.scores)
        weight = np.exp(np.array([self.scores[point] for point in points]) - max(self.scores.values()))
        kept = weight > LEAST_WEIGHT
        return {
            point: float(own)
            for point, own, keep in zip(points, weight / weight[kept].sum(), kept, strict=True)
            if keep
        }

    def _next(self, point: tuple[int, ...], block: int, step: int) -> tuple[int, ...] | None:
        moved = point[block] + step
        return (*point[:block], moved, *point[block + 1 :]) if 0 <= moved < len(self.grid) else None
