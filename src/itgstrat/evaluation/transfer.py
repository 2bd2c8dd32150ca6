"""Is a sensitivity learned on cell lines worth telling? Whole lineages left out, and three things to beat."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import stats

from itgstrat.errors import ModelError
from itgstrat.evaluation.interval import Interval, from_draws
from itgstrat.evaluation.transfer_metrics import (
    draw_weights,
    permuted_concordance,
    spearman,
    within_concordance,
    within_pairs,
)
from itgstrat.fitting.transfer import Alignment, LineData
from itgstrat.fitting.transfer_fit import TransferSettings, fit_sensitivity

Floats = npt.NDArray[np.float64]
Strings = npt.NDArray[np.str_]
Null = Literal["features", "responses"]

#: Fewest lines, and fewest lineages, for a sensitivity to be told of tumours.
LEAST_LINES, LEAST_LINEAGES = 30, 3
#: Level of the false discovery rate over drugs, and of the comparison with random features.
LEVEL = 0.05
_NOTHING = Interval(float("nan"), float("nan"), float("nan"))


@dataclass(frozen=True)
class TransferRow:
    """One model on the lines of lineages that were left out.

    Parameters
    ----------
    model : str
        ``model``, ``lineage`` or ``target: feature``.
    spearman : Interval
        Rank correlation over all lines.
    r2 : Interval
        1 - squared error / that of the mean of the training lines.
    within : Interval
        Concordance over pairs of one lineage.
    difference : Interval
        Concordance of the model minus this one, on the same bootstrap samples.
    """

    model: str
    spearman: Interval
    r2: Interval
    within: Interval
    difference: Interval


@dataclass(frozen=True)
class TransferEvaluation:
    """What was found for one drug on one platform.

    Parameters
    ----------
    agent, drug, trained_on : str
        What was learned, and on what.
    n_lines, n_lineages, n_features : int
        Lines, lineages, features of the model.
    rows : tuple of TransferRow
        The model, then lineage, then the strongest target if one was measured.
    null : {"features", "responses"}
        What was random: other features of equal number or, where the platform has too few others, the responses,
        dealt out anew within each lineage.
    random_median, p_random : float
        Median of the concordance of random ones, and the share that reach the model's.
    p_lineage : float
        Share of permutations within lineages that reach the model's concordance.
    q : float
        The same after Benjamini and Hochberg over all drugs that were judged together; NaN before.
    reasons : tuple of str
        Why it is withheld; empty where it is not, or not yet judged.
    """

    agent: str
    drug: str
    trained_on: str
    n_lines: int
    n_lineages: int
    n_features: int
    rows: tuple[TransferRow, ...]
    null: Null
    random_median: float
    p_random: float
    p_lineage: float
    q: float = float("nan")
    reasons: tuple[str, ...] = ()

    @property
    def model(self) -> TransferRow:
        """The row of the model."""
        return self.rows[0]

    @property
    def lineage(self) -> TransferRow:
        """The row of lineage alone."""
        return self.rows[1]

    @property
    def target(self) -> TransferRow | None:
        """The row of the strongest single target; None where none was measured."""
        return self.rows[2] if len(self.rows) > 2 else None

    @property
    def withheld(self) -> bool:
        """Whether the sensitivity must not be told of tumours."""
        return bool(self.reasons)


def leave_lineages_out(
    values: Floats, response: Floats, lineage: Strings, settings: TransferSettings | None = None
) -> Floats:
    """Predict each line by a model that saw no line of its lineage; the penalty is chosen anew in every fold.

    Parameters
    ----------
    values : ndarray of float64, shape (n_lines, n_features)
        Aligned features.
    response : ndarray of float64, shape (n_lines,)
        Higher is more sensitive.
    lineage : ndarray of str, shape (n_lines,)
        Lineages, three or more.
    settings : TransferSettings, optional
        The penalty.

    Returns
    -------
    ndarray of float64, shape (n_lines,)
        Predictions.

    Raises
    ------
    ModelError
        If fewer than two lineages are left to learn on.
    """
    told = np.empty(len(response))
    for name in np.unique(lineage):
        out = lineage == name
        told[out] = fit_sensitivity(values[~out], response[~out], lineage[~out], settings).predict(values[out])
    return told


def evaluate_transfer(
    data: LineData,
    alignment: Alignment | None = None,
    settings: TransferSettings | None = None,
    n_random: int = 200,
    n_draws: int = 2000,
    seed: int = 0,
) -> TransferEvaluation:
    """Judge one sensitivity on lineages it has not seen, beside lineage alone, single targets and random features.

    Parameters
    ----------
    data : LineData
        The lines.
    alignment : Alignment, optional
        How tumours will come to the scale of the lines, which sets the scale of the features; ranks if not given.
    settings : TransferSettings, optional
        The penalty.
    n_random, n_draws : int
        Random models, and bootstrap samples of lines (within lineages) as well as permutations.
    seed : int
        Seed of all three.

    Returns
    -------
    TransferEvaluation
        Not judged yet: `judge_transfers` needs all drugs together.

    Raises
    ------
    ModelError
        If there are fewer than three lineages, no two lines of one lineage that differ, or no feature.
    """
    aligned = (alignment or Alignment()).lines(data)
    panel = [name for name in data.panel if name in aligned.columns]
    response, lineage = data.response.to_numpy(dtype=np.float64), data.lineage.to_numpy(dtype=str)
    pairs = within_pairs(lineage)
    n_lineages = len(np.unique(lineage))
    if n_lineages < LEAST_LINEAGES or not np.isfinite(within_concordance(response, response, pairs)).all():
        raise ModelError(
            f"{data.drug} on {data.trained_on}: {n_lineages} lineages; needs three or more, and in one of them "
            "two lines whose responses differ"
        )
    everything = aligned.to_numpy(dtype=np.float64)
    place = {name: at for at, name in enumerate(aligned.columns)}
    told = leave_lineages_out(everything[:, [place[name] for name in panel]], response, lineage, settings)
    random = np.random.default_rng(seed)
    judge = _Judge(response, lineage, told, draw_weights(lineage, n_draws, random))
    rows = [judge.row("model", told), judge.lineage_row()]
    singles = {
        name: leave_lineages_out(everything[:, [place[name]]], response, lineage)
        for name in data.targets
        if name in place
    }
    if singles:
        # the strongest on these very lines: chosen in its favour, and so against the model
        best = max(singles, key=lambda name: float(within_concordance(response, singles[name], pairs)[0]))
        rows.append(judge.row(f"target: {best}", singles[best]))
    own = rows[0].within.estimate
    dealt = permuted_concordance(response, told, lineage, n_draws, random)
    null, reached = _random_models(everything, panel, place, judge, settings, n_random, random)
    return TransferEvaluation(
        data.agent,
        data.drug,
        data.trained_on,
        len(response),
        n_lineages,
        len(panel),
        tuple(rows),
        null,
        float(np.median(reached)) if len(reached) else float("nan"),
        float((1 + (reached >= own).sum()) / (1 + len(reached))),
        float((1 + (dealt >= own).sum()) / (1 + len(dealt))),
    )


@dataclass(frozen=True, eq=False)
class _Judge:
    """Truth, and the draws that every model is judged on."""

    response: Floats
    lineage: Strings
    told: Floats
    weights: Floats

    def row(self, name: str, told: Floats) -> TransferRow:
        pairs = within_pairs(self.lineage)
        within, drawn = (within_concordance(self.response, told, pairs, w) for w in (None, self.weights))
        own, own_drawn = (within_concordance(self.response, self.told, pairs, w) for w in (None, self.weights))
        return TransferRow(
            name,
            *self._over_all(told),
            from_draws(float(within[0]), drawn),
            _NOTHING if name == "model" else from_draws(float(own[0] - within[0]), own_drawn - drawn),
        )

    def lineage_row(self) -> TransferRow:
        """Lineage alone: within a lineage it says nothing; over all lines, the mean of the others of the lineage."""
        pairs = within_pairs(self.lineage)
        own, drawn = (within_concordance(self.response, self.told, pairs, w) for w in (None, self.weights))
        return TransferRow(
            "lineage",
            *self._over_all(self._seen_mean()),
            Interval(0.5, 0.5, 0.5),
            from_draws(float(own[0]) - 0.5, drawn - 0.5),
        )

    def _seen_mean(self) -> Floats:
        told = self._unseen_mean()
        for name in np.unique(self.lineage):
            rows = np.flatnonzero(self.lineage == name)
            if len(rows) > 1:
                told[rows] = (self.response[rows].sum() - self.response[rows]) / (len(rows) - 1)
        return told

    def _unseen_mean(self) -> Floats:
        told = np.empty(len(self.response))
        for name in np.unique(self.lineage):
            own = self.lineage == name
            told[own] = self.response[~own].mean()
        return told

    def _over_all(self, told: Floats) -> tuple[Interval, Interval]:
        """Rank correlation and R², with the bootstrap of the lines."""
        miss, worst = (self.response - told) ** 2, (self.response - self._unseen_mean()) ** 2
        r2 = from_draws(1 - miss.sum() / worst.sum(), 1 - (self.weights @ miss) / (self.weights @ worst))
        drawn = [np.repeat(np.arange(len(told)), weight.astype(int)) for weight in self.weights[:500]]
        rho = np.array([spearman(self.response[rows], told[rows]) for rows in drawn])
        return from_draws(spearman(self.response, told), rho), r2


def _random_models(
    everything: Floats,
    panel: list[str],
    place: dict[str, int],
    judge: _Judge,
    settings: TransferSettings | None,
    n_random: int,
    random: np.random.Generator,
) -> tuple[Null, Floats]:
    """Concordance of models of as many other features, or of responses dealt out anew."""
    used = {place[name] for name in panel}
    others = np.array([at for at in range(everything.shape[1]) if at not in used])
    null: Null = "features" if len(others) >= len(panel) else "responses"
    pairs = within_pairs(judge.lineage)
    reached = []
    for _ in range(n_random):
        if null == "features":
            values, response = everything[:, random.choice(others, len(panel), replace=False)], judge.response
        else:
            values, response = everything[:, sorted(used)], _deal(judge, random)
        told = leave_lineages_out(values, response, judge.lineage, settings)
        reached.append(float(within_concordance(response, told, pairs)[0]))
    return null, np.array(reached)


def _deal(judge: _Judge, random: np.random.Generator) -> Floats:
    dealt = judge.response.copy()
    for name in np.unique(judge.lineage):
        rows = np.flatnonzero(judge.lineage == name)
        dealt[rows] = random.permutation(dealt[rows])
    return dealt


def judge_transfers(evaluations: Sequence[TransferEvaluation], level: float = LEVEL) -> tuple[TransferEvaluation, ...]:
    """Decide which sensitivities may be told, over all drugs together.

    One is withheld unless it has 30 lines, orders the lines of a lineage better than lineage alone (95% interval above
    0.5, and q below the level over all drugs), better than the strongest single target (paired interval above 0) and
    better than random features (p at most the level), and misses by less than the mean of the lines it learned on.

    Parameters
    ----------
    evaluations : sequence of TransferEvaluation
        All that were run, also those that look hopeless: leaving them out would flatter the others.
    level : float
        False discovery rate.

    Returns
    -------
    tuple of TransferEvaluation
        With q and the reasons.

    References
    ----------
    Benjamini and Hochberg 1995, doi 10.1111/j.2517-6161.1995.tb02031.x
    """
    if not evaluations:
        return ()
    q = stats.false_discovery_control([one.p_lineage for one in evaluations])
    return tuple(
        replace(one, q=float(value), reasons=_reasons(one, float(value), level))
        for one, value in zip(evaluations, q, strict=True)
    )


def _reasons(one: TransferEvaluation, q: float, level: float) -> tuple[str, ...]:
    found = []
    if one.n_lines < LEAST_LINES:
        found.append(f"{one.n_lines} lines, {LEAST_LINES} needed")
    if not one.lineage.difference.low > 0 or not q < level:
        found.append(f"no better than lineage alone (concordance within lineages {one.model.within}, q {q:.3f})")
    if one.target is None:
        found.append("the target is not measured, so that it cannot be shown to be beaten")
    elif not one.target.difference.low > 0:
        found.append(f"no better than the single {one.target.model} (difference {one.target.difference})")
    if not one.model.r2.estimate > 0:
        found.append(f"misses by more than the mean of the lines it learned on (R² {one.model.r2})")
    if not one.p_random <= level:
        found.append(f"no better than random {one.null} (p {one.p_random:.3f})")
    return tuple(found)
