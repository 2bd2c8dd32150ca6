"""What drives a model over all patients: strongest features, how steady their order is, and which act together."""

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import numpy.typing as npt
import pandas as pd

from itgstrat.biology import load_catalogue
from itgstrat.errors import ModelError
from itgstrat.explanation.record import Explanation
from itgstrat.explanation.systems import name_systems
from itgstrat.explanation.tree_shap import find_interactions
from itgstrat.learned import (
    Featurised,
    LinearRisk,
    ModelBundle,
    RecalibratedModel,
    StackedModel,
    SurvivalModel,
    Trees,
)
from itgstrat.learned.response import ResponseModel

Floats = npt.NDArray[np.float64]


def rank_features(
    explanation: Explanation, n_resamples: int = 1000, level: float = 0.95, seed: int = 0
) -> pd.DataFrame:
    """Rank features by mean absolute contribution, with percentile intervals over resampled patients.

    Intervals tell how far the ranking depends on who is in the cohort; the model is held fixed, so
    they do not tell how far a model of other patients would rank otherwise: see `compare_rankings`.

    Parameters
    ----------
    explanation : Explanation
        Of one cohort; over time, contributions are averaged over the times.
    n_resamples : int
        Bootstrap samples of the patients.
    level : float
        Of the intervals.
    seed : int
        Seed of the samples.

    Returns
    -------
    DataFrame with columns feature, mean_absolute, lower, upper, rank, rank_lower, rank_upper
        The strongest first.

    Raises
    ------
    ModelError
        If there is no patient.
    """
    size, n_patients = _sizes(explanation), len(explanation.patients)
    if not n_patients:
        raise ModelError("features cannot be ranked without patients; explain a cohort of at least one")
    counts = np.random.default_rng(seed).multinomial(n_patients, np.full(n_patients, 1 / n_patients), n_resamples)
    means = counts @ size / n_patients
    ranks = 1 + np.argsort(np.argsort(-means, axis=1, kind="stable"), axis=1)
    tails = [(1 - level) / 2, (1 + level) / 2]
    (lower, upper), (first, last) = np.quantile(means, tails, axis=0), np.quantile(ranks, tails, axis=0)
    mean = size.mean(axis=0)
    table = pd.DataFrame(
        {"feature": list(explanation.features), "mean_absolute": mean, "lower": lower, "upper": upper}
    ).assign(rank=1 + np.argsort(np.argsort(-mean, kind="stable")), rank_lower=first, rank_upper=last)
    return table.sort_values("rank").reset_index(drop=True)


def compare_rankings(explanations: Sequence[Explanation], top: int = 10) -> pd.DataFrame:
    """Compare the rankings of features in models of several folds or seeds, two by two.

    Parameters
    ----------
    explanations : sequence of Explanation
        Two or more.
    top : int
        Strongest features that are compared as sets.

    Returns
    -------
    DataFrame with columns first, second, kendall, jaccard
        Numbers of the two explanations; Kendall's tau-b of the mean absolute contributions over the features that
        either model uses (one that a model does not use contributes 0 in it); Jaccard index of the `top` features,
        features that contribute nothing left out. NaN where there is nothing to put in order, or no such feature.

    Raises
    ------
    ModelError
        If there are fewer than two explanations.
    """
    from scipy.stats import kendalltau  # a second, which prediction has no need of

    if len(explanations) < 2:
        raise ModelError(f"{len(explanations)} explanation given; rankings are compared between two or more")
    means = [
        pd.Series(_sizes(one).sum(axis=0) / max(len(one.patients), 1), index=list(one.features)) for one in explanations
    ]
    rows = []
    for (first, one), (second, other) in combinations(enumerate(means), 2):
        features = one.index.union(other.index, sort=False)
        both = [own.reindex(features, fill_value=0.0) for own in (one, other)]
        best = [set(own[own > 0].nlargest(top).index) for own in both]
        union = best[0] | best[1]
        rows.append(
            {
                "first": first,
                "second": second,
                "kendall": float(kendalltau(*both).statistic) if len(features) > 1 else np.nan,
                "jaccard": len(best[0] & best[1]) / len(union) if union else np.nan,
            }
        )
    return pd.DataFrame(rows)


def explain_interactions(
    model: ModelBundle | SurvivalModel | ResponseModel,
    featurised: Featurised,
    features: Sequence[str] | None = None,
    partners: Sequence[str] | None = None,
) -> pd.DataFrame:
    """Tell which features change each other's contributions to the risk, or the score; exact.

    Parameters
    ----------
    model : ModelBundle, SurvivalModel or ResponseModel
        The model. Only trees let features interact: in a linear model every interaction is 0.
    featurised : Featurised
        Patients; a hundred tell as much as a thousand.
    features, partners : sequence of str, optional
        Features on either side; the integrin and the growth factor receptor signatures of the catalogue that the
        model uses if not given, or all features on a side that has none of them.

    Returns
    -------
    DataFrame with columns feature, partner, mean, mean_absolute
        Mean interaction (see `find_interactions`) over patients and mean of its size; the strongest first.

    Raises
    ------
    ModelError
        If a name is no feature of the model, or contributions of such a model are not known exactly.
    """
    told = model.model if isinstance(model, ModelBundle) else model
    names = [str(name) for name in told.features]
    used = [names[at] for at in told.used]
    first = _side(used, "integrins") if features is None else list(features)
    second = _side(used, "receptors") if partners is None else list(partners)
    unknown = sorted({*first, *second} - set(names))
    if unknown:
        raise ModelError(f"the model has no feature {', '.join(unknown)}; it has {', '.join(names)}")
    turned = len(second) < len(first)  # one pass a feature: pass over the shorter side
    if turned:
        first, second = second, first
    columns = [names.index(name) for name in second]
    found = []
    for name in first:
        values = _interact(told, featurised.features.values, names.index(name))[:, columns]
        means = zip(second, values.mean(axis=0), np.abs(values).mean(axis=0), strict=True)
        found += [(name, other, mean, size) for other, mean, size in means if other != name]
    order = ["partner", "feature"] if turned else ["feature", "partner"]
    table = pd.DataFrame(found, columns=[*order, "mean", "mean_absolute"])
    table = table[["feature", "partner", "mean", "mean_absolute"]]
    return table.sort_values("mean_absolute", ascending=False, kind="stable").reset_index(drop=True)


def _sizes(explanation: Explanation) -> Floats:
    """Absolute contributions, shape (n_patients, n_features), averaged over the times at which any are told."""
    size = np.abs(explanation.contributions)
    if explanation.times_days is None:
        return size
    told = ~np.isnan(size).all(axis=(0, 1))
    mean: Floats = size[:, :, told].sum(axis=2) / max(int(told.sum()), 1)
    return mean


def _side(used: Sequence[str], theme: str) -> list[str]:
    """Features that belong to a theme of the catalogue, or all where none does."""
    title = load_catalogue().themes[theme].title
    chosen = [name for name, (own, _) in zip(used, name_systems(used), strict=True) if own == title]
    return chosen or list(used)


def _interact(model: SurvivalModel | ResponseModel, features: Floats, feature: int) -> Floats:
    if isinstance(model, RecalibratedModel):
        return _interact(model.inner, features, feature)
    total = np.zeros(features.shape)
    if isinstance(model, StackedModel):
        for member, chosen, weight in zip(model.members, model.chosen, model.weight, strict=True):
            if chosen[feature] and weight:
                own = int(chosen[:feature].sum())
                total[:, chosen] += weight * _interact(member, features[:, chosen], own)
    elif isinstance(model, Trees):
        total = find_interactions(model, features, model.leaf_risk()[:, None], feature)[:, :, 0]
    elif not isinstance(model, LinearRisk):
        raise ModelError(f"interactions of a {type(model).__name__} are not known exactly; explain trees or stacks")
    return total
