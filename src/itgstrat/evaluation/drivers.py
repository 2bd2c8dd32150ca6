"""What drives a trained model: contributions over the training patients, and what is lost without a feature."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from joblib import Parallel, delayed
from sklearn.base import clone
from sklearn.pipeline import Pipeline

from itgstrat.cohort import Cohort
from itgstrat.config import RunConfig
from itgstrat.errors import ModelError, OutcomeError
from itgstrat.evaluation.importance import PermutationImportance, join_importances, permutation_importance
from itgstrat.evaluation.splits import make_folds
from itgstrat.explanation import Explanation, compare_rankings, explain, rank_features
from itgstrat.explanation.dependence import Dependence, accumulated_effects, partial_dependence
from itgstrat.explanation.systems import name_systems
from itgstrat.fitting.response import split_by_label
from itgstrat.learned import SurvivalModel
from itgstrat.learned.response import LogisticModel, ResponseModel
from itgstrat.outcome import Outcome
from itgstrat.response import Response

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp]
Level = Literal["feature", "gene", "system"]
Judged = Literal["feature", "system"]

#: Most training patients that are explained; more change no ranking that a reader would notice.
MOST_EXPLAINED = 1000

#: Most patients, values and times of the dependence on the strongest feature; a figure tells no more times apart.
MOST_DEPENDENT, POINTS, MOST_TIMES = 200, 20, 4

#: Strongest features and systems that are dealt out anew one by one, and how often in each fold.
MOST_JUDGED, REPEATS = 20, 5
_JUDGED: tuple[Judged, ...] = ("feature", "system")


@dataclass(frozen=True, eq=False)
class Drivers:
    """What drives a model.

    Parameters
    ----------
    explanation : Explanation
        Contributions of training patients, by the model of all of them; it holds patients and is not saved.
    n_patients : int
        Training patients; of more than 1,000 the explanation holds 1,000, drawn at random.
    ranked : DataFrame
        level (feature, gene or system), name, theme, mean_absolute with its limits lower and upper, rank with
        rank_lower and rank_upper, and of a feature direction: 1 where a higher value adds more, -1 where it adds less.
        Limits are over resampled patients with the model held fixed: another model may rank otherwise, see `kendall`.
    importance : mapping of str to PermutationImportance
        Of the 20 strongest features and systems, in patients left out, over all folds; empty where it could not be had.
    n_folds : int
        Folds that `importance`, `kendall` and `jaccard` come from.
    kendall, jaccard : float
        Agreement of the rankings of two folds, the median over all pairs; see `compare_rankings`. NaN: not told.
    dependence : tuple of Dependence
        Of the strongest feature.
    untold : tuple of str
        What could not be told, and why.
    """

    explanation: Explanation
    n_patients: int
    ranked: pd.DataFrame
    importance: Mapping[Judged, PermutationImportance]
    n_folds: int
    kendall: float
    jaccard: float
    dependence: tuple[Dependence, ...]
    untold: tuple[str, ...] = ()

    def of(self, level: Level) -> pd.DataFrame:
        """Take the ranking of one level, without what never contributes.

        Parameters
        ----------
        level : {"feature", "gene", "system"}
            Which.

        Returns
        -------
        DataFrame
            Rows of `ranked`, the strongest first.
        """
        own = self.ranked[(self.ranked["level"] == level) & (self.ranked["mean_absolute"] > 0)]
        return own.reset_index(drop=True)

    def tabulate(self) -> pd.DataFrame:
        """Put rankings and losses side by side; aggregated numbers only, no patient.

        Returns
        -------
        DataFrame
            Columns of `ranked`, and loss of Harrell's concordance, or of the AUC of a label, with loss_range_low and
            loss_range_high (95% of its repeats and folds, not a confidence interval); missing where not dealt out anew.
        """
        losses = [pd.DataFrame(columns=["level", "name", "loss", "loss_range_low", "loss_range_high"])]
        for level, found in self.importance.items():
            low, high = found.interval()
            numbers = {"loss": found.mean, "loss_range_low": low, "loss_range_high": high}
            losses.append(pd.DataFrame({"level": level, "name": found.names.astype(object)} | numbers))
        kept = [one for one in losses if len(one)] or losses
        return self.ranked.merge(pd.concat(kept, ignore_index=True), on=["level", "name"], how="left")


def learn_drivers(
    config: RunConfig,
    pipeline: Pipeline,
    cohort: Cohort,
    known: Outcome | Response,
    workers: Parallel | None = None,
) -> Drivers:
    """Explain the training patients, and judge in folds what the model would lose without a feature.

    Parameters
    ----------
    config : RunConfig
        The run.
    pipeline : Pipeline
        Fitted on all patients of `cohort`.
    cohort : Cohort
        Training patients.
    known : Outcome or Response
        Their outcome or labels.
    workers : joblib.Parallel, optional
        What runs the folds, those of the first repetition of the evaluation; one after the other by default.

    Returns
    -------
    Drivers
        What could not be judged in folds is named in `untold`.

    Raises
    ------
    ModelError
        If the model cannot be explained.
    """
    generator = np.random.default_rng(config.seed)
    rows = np.sort(generator.choice(len(cohort), min(len(cohort), MOST_EXPLAINED), replace=False))
    explanation, values = _explain(pipeline, cohort[rows])
    ranked = rank_levels(explanation, config.seed)
    strongest = {level: _name_strongest(ranked, level) for level in _JUDGED}
    judged, untold = _judge_folds(config, pipeline, cohort, known, strongest, workers or Parallel())
    kendall, jaccard = _compare(judged)
    model = _told_by(pipeline)
    depends: tuple[Dependence, ...] = ()
    if strongest["feature"]:
        few = rows[:: -(-len(rows) // MOST_DEPENDENT)]
        own = values[np.searchsorted(rows, few)]
        depends = _see_dependence(config, model, own, strongest["feature"][0], cohort.batch[few])
    return Drivers(
        explanation=explanation,
        n_patients=len(cohort),
        ranked=ranked,
        importance=_join(judged),
        n_folds=len(judged),
        kendall=kendall,
        jaccard=jaccard,
        dependence=depends,
        untold=untold,
    )


def rank_levels(explanation: Explanation, seed: int = 0) -> pd.DataFrame:
    """Rank features, genes and systems by mean absolute contribution.

    Parameters
    ----------
    explanation : Explanation
        Of one cohort, made by `explain`.
    seed : int
        Seed of the bootstrap samples of the patients.

    Returns
    -------
    DataFrame
        As `Drivers.ranked`.

    Raises
    ------
    ModelError
        If there is no patient.
    """
    centred = explanation.values - explanation.values.mean(axis=0)
    slope = (centred * explanation.contributions).sum(axis=0)
    direction = dict(zip(explanation.features, np.sign(slope), strict=True))
    own = rank_features(explanation, seed=seed)
    own["direction"] = own["feature"].map(direction)
    levels = [own.rename(columns={"feature": "name"}).assign(level="feature", theme="")]
    tables: dict[Level, pd.DataFrame] = {"gene": explanation.by_gene(), "system": explanation.by_system()}
    for level, table in tables.items():
        heads = table.head(len(table) // max(len(explanation.patients), 1))
        contributions = table["contribution"].to_numpy(dtype=float).reshape(len(explanation.patients), -1)
        # a ranking looks at names and contributions alone
        grouped = replace(explanation, features=tuple(map(str, heads[level])), contributions=contributions)
        own = rank_features(grouped, seed=seed)
        themes = dict(zip(heads[level], heads["theme"], strict=True)) if "theme" in heads else {}
        named = own.rename(columns={"feature": "name"})
        levels.append(named.assign(level=level, theme=named["name"].map(themes).fillna(""), direction=np.nan))
    columns = ["level", "name", "theme", "mean_absolute", "lower", "upper", "rank", "rank_lower", "rank_upper"]
    return pd.concat(levels, ignore_index=True)[[*columns, "direction"]]


@dataclass(frozen=True, eq=False)
class _Judged:
    """What one fold says of the patients left out."""

    explanation: Explanation
    importance: Mapping[Judged, PermutationImportance]


def _told_by(pipeline: Pipeline) -> SurvivalModel | ResponseModel:
    model: SurvivalModel | ResponseModel = pipeline.named_steps["model"].model_
    return model.fold() if isinstance(model, LogisticModel) else model  # so that contributions add up


def _explain(pipeline: Pipeline, cohort: Cohort) -> tuple[Explanation, Floats]:
    featurised = pipeline.named_steps["features"].recipe_.featurise(**cohort.arrays())
    told = explain(_told_by(pipeline), featurised, list(map(str, cohort.patients)))
    return told, featurised.features.values


def _split(config: RunConfig, cohort: Cohort, known: Outcome | Response) -> list[tuple[Rows, Rows]]:
    """Folds of the first repetition of the evaluation."""
    if isinstance(known, Response):
        seed = int(np.random.SeedSequence(config.seed).generate_state(1)[0])
        return list(split_by_label(known, config.evaluation.folds, seed))
    folds = make_folds(config, cohort)
    return [(split.train, folds.judged[split.test]) for split in folds.splits if split.repeat == 0]


def _judge_folds(
    config: RunConfig,
    pipeline: Pipeline,
    cohort: Cohort,
    known: Outcome | Response,
    strongest: Mapping[Judged, Sequence[str]],
    workers: Parallel,
) -> tuple[list[_Judged], tuple[str, ...]]:
    """Judge in folds; where some fail the others tell, and how many did is said."""
    what = "stability over folds and permutation importance"
    try:
        found = list(
            workers(
                delayed(_try_judge)(pipeline, cohort, known, train, test, strongest, config.seed)
                for train, test in _split(config, cohort, known)
            )
        )
    except (ModelError, OutcomeError) as error:  # no folds can be made
        return [], (f"{what}: {error}",)
    judged = [one for one in found if isinstance(one, _Judged)]
    why = list(dict.fromkeys(one for one in found if isinstance(one, str)))
    if not why:
        return judged, ()
    which = f" in {len(found) - len(judged)} of {len(found)} folds" if judged else ""
    return judged, (f"{what}{which}: {'; '.join(why)}",)


def _try_judge(
    pipeline: Pipeline,
    cohort: Cohort,
    known: Outcome | Response,
    train: Rows,
    test: Rows,
    strongest: Mapping[Judged, Sequence[str]],
    seed: int,
) -> _Judged | str:
    """What a fold says, or why it cannot."""
    try:
        return _judge(pipeline, cohort, known, train, test, strongest, seed)
    except (ModelError, OutcomeError) as error:
        return str(error)


def _judge(
    pipeline: Pipeline,
    cohort: Cohort,
    known: Outcome | Response,
    train: Rows,
    test: Rows,
    strongest: Mapping[Judged, Sequence[str]],
    seed: int,
) -> _Judged:
    fitted = clone(pipeline).fit(cohort[train], known[train])
    explanation, values = _explain(fitted, cohort[test])
    systems: dict[str, list[str]] = {}
    named = name_systems(explanation.features, explanation.origin)
    for feature, (_, system) in zip(explanation.features, named, strict=True):
        systems.setdefault(system, []).append(feature)
    groups: dict[Judged, dict[str, list[str]]] = {"feature": {name: [name] for name in explanation.features}}
    groups["system"] = systems
    model, own = _told_by(fitted), known[test]
    try:
        found = {
            level: permutation_importance(
                model, values, own, {name: own_groups[name] for name in strongest[level] if name in own_groups},
                repeats=REPEATS, seed=seed,
            )
            for level, own_groups in groups.items()
        }  # fmt: skip
    except OutcomeError:  # nobody can be compared in this fold; the others tell
        found = {}
    return _Judged(replace(explanation, origin=None), found)


def _compare(judged: Sequence[_Judged]) -> tuple[float, float]:
    """Median agreement over all pairs of folds, of those that can be compared."""
    if len(judged) < 2:
        return np.nan, np.nan
    table = compare_rankings([one.explanation for one in judged])
    kendall, jaccard = (
        float(table[name].median()) if table[name].notna().any() else np.nan for name in ("kendall", "jaccard")
    )
    return kendall, jaccard


def _join(judged: Sequence[_Judged]) -> dict[Judged, PermutationImportance]:
    told = [one.importance for one in judged if one.importance]
    if not told:
        return {}
    return {level: join_importances([one[level] for one in told]) for level in _JUDGED}


def _name_strongest(ranked: pd.DataFrame, level: Judged) -> list[str]:
    own = ranked[(ranked["level"] == level) & (ranked["mean_absolute"] > 0)]
    return own["name"].head(MOST_JUDGED).astype(str).tolist()


def _see_dependence(
    config: RunConfig,
    model: SurvivalModel | ResponseModel,
    values: Floats,
    feature: str,
    strata: npt.NDArray[np.str_],
) -> tuple[Dependence, ...]:
    times: list[float] = []
    if not isinstance(model, ResponseModel):
        times = [days for days in config.strata.horizons_days if days <= model.followed_until_days][:MOST_TIMES]
    column = list(map(str, model.features)).index(feature)
    if len(np.unique(values[:, column])) < 2:
        return ()
    return (
        partial_dependence(model, values, feature, times, points=POINTS, strata=strata),
        accumulated_effects(model, values, feature, times, intervals=POINTS, strata=strata),
    )
