"""FeaturePanel: the estimator that learns a FeatureRecipe."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal, NamedTuple, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin

from itgstrat.biology.catalogue import Signature
from itgstrat.cohort import Cohort
from itgstrat.errors import CohortError, ModelError, name_some
from itgstrat.learned import Familiarity, FeatureRecipe, Features
from itgstrat.learned.adjustment import learn_mix
from itgstrat.learned.references import name_level
from itgstrat.scoring import SCORES, rank_columns

#: Genes, drawn at random among those measured, that make up the expression profile of the familiarity check.
N_ANCHORS = 300

#: Forms of a signature of two parts: the lower of the parts, their product, each of them apart.
Joint = Literal["lower", "product", "parts"]


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
    ) -> None:
        self.signatures = signatures
        self.score = score
        self.covariates = covariates
        self.min_coverage = min_coverage
        self.seed = seed
        self.joint = joint
        self.adjust_for = adjust_for

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
        genes = np.array(X.genes, dtype=str)
        kept, self.left_out_ = _usable(self.signatures, set(genes), self.min_coverage)
        rows = [row for signature in kept for row in spell_out(signature, self.joint)]
        draft = _draft_recipe(rows, genes, self._draw_anchors(len(genes)), self.score, self.min_coverage)
        draft = self._learn_covariates(draft, X)
        if not draft.names or (self.signatures and not kept):
            reasons = "; ".join(f"{name}: {why}" for name, why in list(self.left_out_.items())[:5])
            raise ModelError(
                f"no feature can be computed ({reasons or 'none was asked for'}); "
                "check the identifiers of the expression table, or choose other signatures"
            )
        self._learn_references(draft, X)
        return self

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

    def _learn_references(self, draft: FeatureRecipe, cohort: Cohort) -> None:
        arrays = cohort.arrays()
        measured = draft.measure(arrays["expression"], arrays["genes"], arrays["ranked"])
        recipe = draft.learned(measured, cohort.batch)
        features = recipe.apply(measured, cohort.batch, arrays["covariates"])
        self.recipe_ = self._learn_adjustment(recipe, features)
        n_anchors = min(N_ANCHORS, len(cohort.genes))
        anchors = np.arange(len(draft.members) - n_anchors, len(draft.members))
        pooled = self.recipe_.apply(measured, np.full(len(cohort), ""), arrays["covariates"])
        self.familiarity_ = Familiarity.learn(self.recipe_, measured, pooled, anchors)

    def _learn_adjustment(self, recipe: FeatureRecipe, features: Features) -> FeatureRecipe:
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
        return replace(recipe, mix=learn_mix(features, list(map(int, targets)), list(map(int, on))))

    def _learn_covariates(self, draft: FeatureRecipe, cohort: Cohort) -> FeatureRecipe:
        absent = [name for name in self.covariates if name not in cohort.clinical.columns]
        if absent:
            raise CohortError(
                f"covariates not in the clinical table: {name_some(absent)}; it has "
                f"{name_some(cohort.clinical.columns, 12)}. Name their columns in each cohort's `columns`"
            )
        names, levels, bases, fills, means, sds = [], [], [], [], [], []
        for name in self.covariates:
            base, table = _covariate_table(cohort.clinical[name])
            if not table:
                self.left_out_[name] = "missing in every patient or the same in all"
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


def rank_cohort(cohort: Cohort, score: str) -> Cohort:
    """Replace expression by ranks once, where the score only looks at ranks, so that folds need not.

    Parameters
    ----------
    cohort : Cohort
        Patients.
    score : str
        Scoring method.

    Returns
    -------
    Cohort
        The same patients; ranks (multiples of 1/2, exact in float32) where the method uses ranks.
    """
    if SCORES[score].values != "rank" or cohort.unit == "rank":
        return cohort
    ranks, _ = rank_columns(cohort.expression.to_numpy(), np.arange(len(cohort.genes)))
    table = pd.DataFrame(ranks.astype(np.float32), index=cohort.patients, columns=cohort.genes)
    return replace(cohort, expression=table, unit="rank")


def scorable(signatures: Sequence[Signature], genes: Sequence[str], min_coverage: float) -> list[Signature]:
    """List the signatures that a cohort with these genes can score.

    Parameters
    ----------
    signatures : sequence of Signature
        Signatures.
    genes : sequence of str
        Genes measured.
    min_coverage : float
        Share of a signature's genes that is needed.

    Returns
    -------
    list of Signature
        Those that a `FeaturePanel` fitted on the cohort keeps.
    """
    return _usable(signatures, set(genes), min_coverage)[0]


def _usable(
    signatures: Sequence[Signature], genes: set[str], min_coverage: float
) -> tuple[list[Signature], dict[str, str]]:
    """Keep the signatures that training can score; say why the others are left out."""
    kept, left_out = [], {}
    for signature in signatures:
        missing = [gene for gene in signature.genes if gene not in genes]
        coverage = 1 - len(missing) / len(signature.genes)
        if signature.rule == "lower_part":
            enough = all(genes & set(members) for _, members in signature.parts)
        else:
            enough = coverage >= (1 if signature.rule == "lower_subunit" else max(min_coverage, 1e-9))
        if enough:
            kept.append(signature)
        else:
            left_out[signature.id] = f"{name_some(missing)} not measured"
    return kept, left_out


class Row(NamedTuple):
    """A score of the recipe: a signature, or a form of one.

    Parameters
    ----------
    name, rule : str
        As the recipe has them.
    genes : dict of str to int
        Gene -> sign.
    parts : tuple of tuple of str
        Genes of each part; empty for a set.
    """

    name: str
    rule: str
    genes: dict[str, int]
    parts: tuple[tuple[str, ...], ...]


def spell_out(signature: Signature, joint: Sequence[Joint]) -> list[Row]:
    """List the scores that a signature becomes: one, or the forms that are chosen where it has two joint parts.

    Parameters
    ----------
    signature : Signature
        Any.
    joint : sequence of {"lower", "product", "parts"}
        Forms of a signature with the rule ``lower_part``.

    Returns
    -------
    list of Row
        Named by the id; the product ``ID:product``, the parts ``ID:PART``.

    Examples
    --------
    >>> from itgstrat.biology import load_catalogue
    >>> pair = load_catalogue().signatures["joint_avb3_vegfr2"]
    >>> [row.name for row in spell_out(pair, ("lower", "product"))]
    ['joint_avb3_vegfr2', 'joint_avb3_vegfr2:product']
    """
    genes, parts = dict(signature.genes), tuple(members for _, members in signature.parts)
    whole = Row(signature.id, signature.rule, genes, parts)
    if signature.rule != "lower_part":
        return [whole]
    apart = [
        Row(f"{signature.id}:{name}", "lower_part", {gene: genes[gene] for gene in members}, (members,))
        for name, members in signature.parts
    ]
    product = whole._replace(name=f"{signature.id}:product", rule="product_part")
    forms = {"lower": [whole], "product": [product], "parts": apart}
    return [row for form in joint for row in forms[form]]


def _draft_recipe(
    signatures: Sequence[Row],
    genes: npt.NDArray[np.str_],
    anchors: npt.NDArray[np.intp],
    score: str,
    min_coverage: float,
) -> FeatureRecipe:
    """Lay the signatures out as flat arrays; references are learned afterwards."""
    position = {gene: column for column, gene in enumerate(genes)}
    own = sorted({position[gene] for signature in signatures for gene in signature.genes if gene in position})
    member = {column: index for index, column in enumerate(own)}
    entries: list[tuple[int, float, int]] = []
    start = [0]
    for signature in signatures:
        part_of = {gene: number for number, part in enumerate(signature.parts) for gene in part}
        for gene, sign in signature.genes.items():
            if gene in position:
                entries.append((member[position[gene]], float(sign), part_of.get(gene, 0)))
        start.append(len(entries))
    return FeatureRecipe(
        score=score,
        genes=genes,
        members=np.array([*own, *anchors], dtype=np.intp),
        signatures=np.array([signature.name for signature in signatures], dtype=str),
        rules=np.array([signature.rule for signature in signatures], dtype=str),
        start=np.array(start, dtype=np.intp),
        gene=np.array([entry[0] for entry in entries], dtype=np.intp),
        part=np.array([entry[2] for entry in entries], dtype=np.intp),
        sign=np.array([entry[1] for entry in entries], dtype=float),
        weight=np.array([entry[1] for entry in entries], dtype=float),
        batches=np.empty(0, dtype=str),
        gene_mean=np.empty((0, 0)),
        gene_sd=np.empty((0, 0)),
        signature_mean=np.empty((0, 0)),
        signature_sd=np.empty((0, 0)),
        term_mean=np.empty((0, 0)),
        kernel=np.empty((0, 0)),
        kernel_start=np.empty(0, dtype=np.intp),
        covariate=np.empty(0, dtype=str),
        level=np.empty(0, dtype=str),
        base=np.empty(0, dtype=str),
        fill=np.empty(0),
        covariate_mean=np.empty(0),
        covariate_sd=np.empty(0),
        mix=np.empty((0, 0)),
        min_coverage=min_coverage,
    )


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
