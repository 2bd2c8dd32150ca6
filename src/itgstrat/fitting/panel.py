"""FeaturePanel: the estimator that learns a FeatureRecipe."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin

from itgstrat.biology import Signature
from itgstrat.cohort import Cohort
from itgstrat.errors import CohortError, ModelError, name_some
from itgstrat.fitting.rows import Joint, draft_recipe, find_usable, spell_out, spread_out
from itgstrat.learned import Familiarity, FeatureRecipe, Features, Measured
from itgstrat.learned.adjustment import learn_mix
from itgstrat.learned.references import name_level
from itgstrat.scoring import SCORES, rank_columns

#: Genes, drawn at random among those measured, that make up the expression profile of the familiarity check.
N_ANCHORS = 300

#: Patients ranked at a time, so that ranks in double precision never stand beside the whole table.
BLOCK = 100


class FeaturePanel(TransformerMixin, BaseEstimator):
    """Learn how signatures and covariates become standardised features.

    Parameters
    ----------
    signatures : tuple of Signature
        What to score.
    score : str
        Name in `itgstrat.scoring.SCORES`.
    covariates : tuple of str
        Clinical columns to use beside them.
    min_coverage : float
        Share of a signature's genes below which its score is withheld.
    seed : int
        Seed of the draw of anchor genes.
    joint : tuple of {"lower", "product", "parts"}
        Forms in which a signature of two parts becomes features.
    adjust_for : tuple of str
        Signatures and covariates, of those above, that heterodimers are adjusted for; see `learn_mix`.
    alterations : tuple of str
        Those of the covariates that are alterations.
    min_variation : float
        Least share of training patients in whom an alteration is not as in most; a rarer one is left out.
    z_limit : float, optional
        Standardised gene values are held within this on either side, so that an outlier is only high.

    Attributes
    ----------
    recipe_ : FeatureRecipe
        The learned record; `transform` only calls it.
    familiarity_ : Familiarity
        Limits of the training patients.
    left_out_ : dict of str to str
        Signatures and covariates that training could not use -> why.
    """

    def __init__(
        self,
        signatures: tuple[Signature, ...] = (),
        score: str = "singscore",
        covariates: tuple[str, ...] = (),
        min_coverage: float = 0.5,
        seed: int = 0,
        joint: tuple[Joint, ...] = ("lower",),
        adjust_for: tuple[str, ...] = (),
        alterations: tuple[str, ...] = (),
        min_variation: float = 0.02,
        z_limit: float | None = None,
    ) -> None:
        self.signatures = signatures
        self.score = score
        self.covariates = covariates
        self.min_coverage = min_coverage
        self.seed = seed
        self.joint = joint
        self.adjust_for = adjust_for
        self.alterations = alterations
        self.min_variation = min_variation
        self.z_limit = z_limit

    def fit(self, X: Cohort, y: object = None) -> Self:
        """Learn references, imputation and limits from training patients.

        Parameters
        ----------
        X : Cohort
            Training patients.
        y : object
            Not used; no outcome enters the features.

        Returns
        -------
        FeaturePanel
            Itself.

        Raises
        ------
        ModelError
            If signatures were asked for and none can be scored, there is no feature at all, or heterodimers are to
            be adjusted and nothing that they are adjusted for can be scored.
        CohortError
            If a covariate is not in the clinical table.
        """
        recipe, measured = self.learn_recipe(X)
        arrays = X.arrays()
        n_anchors = min(N_ANCHORS, len(X.genes))
        anchors = np.arange(len(recipe.members) - n_anchors, len(recipe.members))
        pooled = recipe.apply(measured, np.full(len(X), ""), arrays["covariates"])
        self.recipe_, self.familiarity_ = recipe, Familiarity.learn(recipe, measured, pooled, anchors)
        return self

    def learn_recipe(self, cohort: Cohort) -> tuple[FeatureRecipe, Measured]:
        """Learn the record alone, for a fold of an evaluation.

        Parameters
        ----------
        cohort : Cohort
            Training patients.

        Returns
        -------
        tuple of FeatureRecipe and Measured
            The record, and the gene values that it was learned from.

        Raises
        ------
        ModelError, CohortError
            As `fit`.
        """
        genes = np.array(cohort.genes, dtype=str)
        wanted = tuple(one for asked in self.signatures for one in spread_out(asked, cohort.genes))
        kept, self.left_out_ = find_usable(wanted, set(genes), self.min_coverage)
        rows = [row for signature in kept for row in spell_out(signature, self.joint)]
        limit = np.inf if self.z_limit is None else self.z_limit
        draft = draft_recipe(rows, genes, self._draw_anchors(len(genes)), self.score, self.min_coverage, limit)
        draft = self._learn_covariates(draft, cohort)
        if not draft.names or (self.signatures and not kept):
            reasons = "; ".join(f"{name}: {why}" for name, why in list(self.left_out_.items())[:5])
            raise ModelError(
                f"no feature can be computed ({reasons or 'none was asked for'}); "
                "check the identifiers of the expression table, or choose other signatures"
            )
        arrays = cohort.arrays()
        measured = draft.measure(arrays["expression"], arrays["genes"], arrays["ranked"])
        recipe = draft.learned(measured, cohort.batch)
        return self._learn_adjustment(recipe, measured, cohort.batch, arrays["covariates"]), measured

    def transform(self, X: Cohort) -> pd.DataFrame:
        """Compute the features of any patients with the learned recipe.

        Parameters
        ----------
        X : Cohort
            Patients.

        Returns
        -------
        DataFrame of float64, shape (n_patients, n_features)
            Standardised features.
        """
        features = self.features(X)
        return pd.DataFrame(features.values, index=X.patients, columns=list(features.names))

    def features(self, cohort: Cohort) -> Features:
        """Compute features with what was missing and how much was covered.

        Parameters
        ----------
        cohort : Cohort
            Patients.

        Returns
        -------
        Features
            The record's answer.
        """
        return self.recipe_.featurise(**cohort.arrays()).features

    def _draw_anchors(self, n_genes: int) -> npt.NDArray[np.intp]:
        generator = np.random.default_rng(self.seed)
        return np.sort(generator.choice(n_genes, min(N_ANCHORS, n_genes), replace=False))

    def _learn_adjustment(
        self,
        recipe: FeatureRecipe,
        measured: Measured,
        batch: npt.NDArray[np.str_],
        covariates: Mapping[str, npt.NDArray[Any]],
    ) -> FeatureRecipe:
        dimers = recipe.rules == "lower_subunit"
        named = np.isin(recipe.signatures, self.adjust_for)
        targets = np.flatnonzero(dimers & ~named)
        on = np.flatnonzero([*named, *np.isin(recipe.covariate, self.adjust_for)])
        if not self.adjust_for or not len(targets):
            return recipe
        if not len(on):
            raise ModelError(
                f"the heterodimers cannot be adjusted: nothing of {name_some(self.adjust_for)} can be computed here"
            )
        features = recipe.apply(measured, batch, covariates)
        return replace(recipe, mix=learn_mix(features, list(map(int, targets)), list(map(int, on))))

    def _learn_covariates(self, draft: FeatureRecipe, cohort: Cohort) -> FeatureRecipe:
        absent = [name for name in self.covariates if name not in cohort.clinical.columns]
        if absent:
            raise CohortError(
                f"covariates not in the clinical table: {name_some(absent)}; it has "
                f"{name_some(cohort.clinical.columns, 12)}. Name their columns in each cohort's `columns`"
            )
        rare = self._find_rare(cohort)
        names, levels, bases, fills, means, sds = [], [], [], [], [], []
        for name in self.covariates:
            base, table = _covariate_table(cohort.clinical[name])
            if not table:
                self.left_out_[name] = "missing in every patient or the same in all"
            elif name in rare:
                self.left_out_[name] = f"the same in more than {1 - self.min_variation:.0%} of the patients"
                continue
            for level, (column, fill) in table.items():
                names.append(name)
                levels.append(level)
                bases.append(base)
                fills.append(fill)
                filled = column.fillna(fill)
                means.append(filled.mean())
                sds.append(filled.std(ddof=1))
        return replace(
            draft,
            covariate=np.array(names, dtype=str),
            level=np.array(levels, dtype=str),
            base=np.array(bases, dtype=str),
            fill=np.array(fills, dtype=float),
            covariate_mean=np.array(means, dtype=float),
            covariate_sd=np.array(sds, dtype=float),
        )

    def _find_rare(self, cohort: Cohort) -> set[str]:
        """Find alterations that nearly all patients share; a single bearer would have a huge standardised value."""
        altered = [name for name in self.covariates if name in self.alterations]
        table = cohort.clinical[altered]
        shares = (table.to_numpy() != table.mode().iloc[0].to_numpy()).mean(axis=0) if altered and len(table) else []
        return {name for name, share in zip(altered, shares, strict=True) if share < self.min_variation}


def rank_cohort(cohort: Cohort, score: str, genes: Iterable[str] | None = None, in_place: bool = False) -> Cohort:
    """Replace expression by ranks once, where the score only looks at ranks, so that folds need not.

    Parameters
    ----------
    cohort : Cohort
        Patients.
    score : str
        Scoring method.
    genes : iterable of str, optional
        Genes among which ranks are taken, those of training for another cohort; all if not given.
    in_place : bool
        Put the ranks where the expression of the cohort is; for one that nobody needs any more.

    Returns
    -------
    Cohort
        The same patients; ranks (multiples of 1/2, exact in float32) where the method uses ranks.
    """
    if SCORES[score].values != "rank" or cohort.unit == "rank":
        return cohort
    shared = cohort if genes is None else cohort.keep_genes(genes)
    values, everywhere = shared.expression.to_numpy(), np.arange(len(shared.genes))
    ours = (in_place or shared is not cohort) and values.dtype == np.float32 and values.flags.writeable
    ranks = values if ours else np.empty(values.shape, dtype=np.float32)
    n_ranked = np.empty(len(values), dtype=np.int64)
    for start in range(0, len(values), BLOCK):
        rows = slice(start, start + BLOCK)
        ranks[rows], n_ranked[rows] = rank_columns(values[rows], everywhere)
    table = pd.DataFrame(ranks, index=shared.patients, columns=shared.genes, copy=False)
    return replace(shared, expression=table, unit="rank", n_ranked=n_ranked)


def _covariate_table(column: pd.Series) -> tuple[str, dict[str, tuple[pd.Series, float]]]:
    """Base level, and columns of one clinical variable with their imputed value; none where it says nothing."""
    if pd.api.types.is_numeric_dtype(column):
        numbers = column.astype(float).replace([np.inf, -np.inf], np.nan)
        return "", {"": (numbers, float(numbers.median()))} if numbers.nunique() > 1 else {}
    text = column.astype(object).map(name_level).where(column.notna())
    if text.nunique() < 2:
        return "", {}
    levels = sorted(text.dropna().unique())
    mode = text.mode()[0]
    indicators = {}
    for level in levels[1:]:
        values = (text == level).astype(float).where(text.notna())
        indicators[level] = (values, float(level == mode))
    return levels[0], indicators
