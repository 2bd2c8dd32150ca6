"""Learning a sensitivity on cell lines: a penalised linear fit, tuned on lineages it has not seen."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import spearmanr
from sklearn.linear_model import enet_path, ridge_regression
from sklearn.model_selection import GroupKFold

from itgstrat.errors import ModelError, name_some
from itgstrat.learned.transfer import QUANTILES, RANKS, TransferModel, align_ranks

Floats = npt.NDArray[np.float64]
Strings = npt.NDArray[np.str_]

#: Penalties of the ridge, as multiples of the larger of lines and features: the mean eigenvalue is about that.
RIDGE_PENALTIES = tuple(float(value) for value in np.logspace(-2, 2, 9))
#: Penalties of the elastic net, as shares of the least that sets every weight to zero.
NET_PENALTIES = tuple(float(value) for value in np.logspace(0, -2, 15))
#: Fewest lines for a correlation between protein and mRNA to be stated.
LEAST_FOR_CORRELATION = 30
_PLACES = np.linspace(0, 1, 101)


@dataclass(frozen=True)
class TransferSettings:
    """How a sensitivity is learned.

    Parameters
    ----------
    penalty : {"ridge", "elastic_net"}
        The penalty; an elastic net chooses features.
    l1_ratio : float
        Share of the lasso in the elastic net.
    inner_folds : int
        Folds of whole lineages that the strength is chosen in.
    least_coverage : float
        Share of the weights that must be measured in a tumour.
    least_correlation : float
        Correlation with mRNA below which a protein feature is not used.
    """

    penalty: Literal["ridge", "elastic_net"] = "ridge"
    l1_ratio: float = 0.5
    inner_folds: int = 5
    least_coverage: float = 0.5
    least_correlation: float = 0.3


@dataclass(frozen=True, eq=False)
class SensitivityFit:
    """Weights on standardised features.

    Parameters
    ----------
    coef, center, scale : ndarray of float64, shape (n_features,)
        Weight of a standard deviation, mean and standard deviation; a constant has the deviation 1.
    intercept : float
        Mean response.
    strength : float
        The penalty that the inner folds chose, as a multiple (see `RIDGE_PENALTIES`, `NET_PENALTIES`).
    """

    coef: Floats
    center: Floats
    scale: Floats
    intercept: float
    strength: float

    def predict(self, values: Floats) -> Floats:
        """Predict the response; a missing value counts as the mean.

        Parameters
        ----------
        values : ndarray of float64, shape (n_lines, n_features)
            Features as in training.

        Returns
        -------
        ndarray of float64, shape (n_lines,)
            Predicted response.
        """
        return self.intercept + _standardise(values, self.center, self.scale) @ self.coef


def fit_sensitivity(
    values: Floats, response: Floats, lineage: Strings, settings: TransferSettings | None = None
) -> SensitivityFit:
    """Fit the penalised model; the strength of the penalty is chosen on lineages left out.

    Parameters
    ----------
    values : ndarray of float64, shape (n_lines, n_features)
        Aligned features; NaN is not measured.
    response : ndarray of float64, shape (n_lines,)
        Higher is more sensitive; no NaN.
    lineage : ndarray of str, shape (n_lines,)
        Lineage of each line.
    settings : TransferSettings, optional
        The penalty.

    Returns
    -------
    SensitivityFit
        Learned on all lines.

    Raises
    ------
    ModelError
        If there are fewer than two lineages, or no feature.

    Examples
    --------
    >>> random = np.random.default_rng(0)
    >>> values = random.normal(size=(40, 2))
    >>> fit = fit_sensitivity(values, values[:, 0], np.repeat(["a", "b", "c", "d"], 10))
    >>> bool(abs(fit.coef[0]) > 5 * abs(fit.coef[1]))
    True
    """
    settings = settings or TransferSettings()
    n_lineages = len(np.unique(lineage))
    if n_lineages < 2 or not values.shape[1]:
        raise ModelError(
            f"found {n_lineages} lineage(s) and {values.shape[1]} feature(s); a sensitivity is learned on lines of two "
            "lineages or more, so that one can be left out, and one feature or more"
        )
    folds = GroupKFold(min(settings.inner_folds, n_lineages))
    error = 0.0
    for train, test in folds.split(values, groups=lineage):
        center, scale = _moments(values[train])
        mean = response[train].mean()
        coefs = _path(_standardise(values[train], center, scale), response[train] - mean, settings)
        told = mean + _standardise(values[test], center, scale) @ coefs.T
        error = error + ((response[test][:, None] - told) ** 2).sum(axis=0)
    best = int(np.argmin(error))
    center, scale = _moments(values)
    coefs = _path(_standardise(values, center, scale), response - response.mean(), settings)
    strengths = RIDGE_PENALTIES if settings.penalty == "ridge" else NET_PENALTIES
    return SensitivityFit(coefs[best], center, scale, float(response.mean()), strengths[best])


def _path(values: Floats, response: Floats, settings: TransferSettings) -> Floats:
    """Weights at every strength, shape (n_strengths, n_features)."""
    if settings.penalty == "ridge":
        penalties = max(values.shape) * np.array(RIDGE_PENALTIES)
        many = np.repeat(response[:, None], len(penalties), axis=1)
        # in the space of the lines where they are fewer: eight times faster than "svd" with 50 lines of 3,000 proteins
        coefs: Floats = ridge_regression(values, many, penalties, solver="cholesky")
        return coefs
    greatest = np.abs(values.T @ response).max() / len(values) / settings.l1_ratio
    penalties = max(float(greatest), 1e-12) * np.array(NET_PENALTIES)
    path: Floats = enet_path(values, response, l1_ratio=settings.l1_ratio, alphas=penalties, tol=1e-3, max_iter=5000)[1]
    return path.T


def _moments(values: Floats) -> tuple[Floats, Floats]:
    """Mean and standard deviation of each feature over the lines that have it."""
    seen = ~np.isnan(values)
    count = np.maximum(seen.sum(axis=0), 1)
    center = np.where(seen, values, 0.0).sum(axis=0) / count
    scale = np.sqrt((np.where(seen, values - center, 0.0) ** 2).sum(axis=0) / count)
    return center, np.where(scale > 1e-9, scale, 1.0)


def _standardise(values: Floats, center: Floats, scale: Floats) -> Floats:
    return np.where(np.isnan(values), 0.0, (values - center) / scale)


@dataclass(frozen=True, eq=False)
class LineData:
    """Lines to learn one sensitivity on.

    Parameters
    ----------
    agent, agent_class, drug : str
        Id and class of the agent, and the label.
    trained_on, unit : str
        Data sets, and the unit of the response.
    measures : {"mRNA", "protein"}
        Kind of molecule of the features.
    values : DataFrame, shape (n_lines, n_platform_features)
        All features of the platform.
    response : Series, shape (n_lines,)
        Higher is more sensitive.
    lineage : Series of str, shape (n_lines,)
        Lineage.
    panel : tuple of str
        Features that the model may use.
    targets : tuple of str
        Features that are the agent's target; empty where it is not measured.
    genes : mapping of str to str
        Feature -> HGNC symbol.
    """

    agent: str
    agent_class: str
    drug: str
    trained_on: str
    unit: str
    measures: Literal["mRNA", "protein"]
    values: pd.DataFrame
    response: pd.Series
    lineage: pd.Series
    panel: tuple[str, ...]
    targets: tuple[str, ...]
    genes: Mapping[str, str]

    @classmethod
    def join(
        cls,
        names: tuple[str, str, str],
        sources: tuple[str, str, Literal["mRNA", "protein"]],
        values: pd.DataFrame,
        response: pd.Series,
        lineage: pd.Series,
        panel: tuple[str, ...],
        targets: tuple[str, ...],
        genes: Mapping[str, str],
    ) -> "LineData":
        """Keep the lines that have features, a response and a lineage.

        Parameters
        ----------
        names : tuple of str
            agent, agent_class, drug.
        sources : tuple of str
            trained_on, unit, measures.
        values, response, lineage, panel, targets, genes
            As in the record.

        Returns
        -------
        LineData
            Lines in the order of their names, so that files in another order give the same numbers.

        Raises
        ------
        ModelError
            If no line has all three, or the panel has a feature that was not measured.
        """
        known = lineage[lineage.notna() & (lineage != "")]
        lines = sorted(set(values.index) & set(response.dropna().index) & set(known.index))
        lost = [name for name in panel if name not in values.columns]
        if not lines or lost or not panel:
            found = f"the panel has features that were not measured: {name_some(lost)}" if lost else "no line"
            raise ModelError(
                f"{names[2]} on {sources[0]}: {found if lines else 'no line has features, response and lineage'}; "
                "give tables whose lines have the same names, and a panel of measured features"
            )
        rows = values.loc[lines], response.loc[lines].astype(float), known.loc[lines].astype(str)
        return cls(*names, *sources, *rows, panel, targets, genes)


@dataclass(frozen=True, eq=False)
class Alignment:
    """How tumours will be brought to the scale of the lines.

    Parameters
    ----------
    kind : {"ranks", "quantiles"}
        See `TransferModel`.
    tumours : DataFrame, shape (n_tumours, n_genes), optional
        Expression of the tumour reference, for quantiles; and for ranks the genes that are common. No outcome.
    name : str
        Name of the tumour reference.
    """

    kind: Literal["ranks", "quantiles"] = "ranks"
    tumours: pd.DataFrame | None = None
    name: str = ""

    def universe(self, data: LineData) -> tuple[str, ...]:
        """Genes to rank among: those of the lines that the tumours have too; empty for quantiles."""
        if self.kind == QUANTILES:
            return ()
        common = None if self.tumours is None else set(self.tumours.columns)
        features = [name for name in data.values.columns if name in data.genes]
        return tuple(name for name in features if common is None or data.genes[name] in common)

    def lines(self, data: LineData) -> pd.DataFrame:
        """Aligned features of the lines, shape (n_lines, n_platform_features); quantiles leave them as they are."""
        if self.kind == QUANTILES:
            return data.values
        names = list(self.universe(data))
        everything = np.arange(len(names))
        ranks = align_ranks(data.values[names].to_numpy(dtype=np.float64), everything, list(everything))
        return pd.DataFrame(ranks, index=data.values.index, columns=names)


def learn_transfer(
    data: LineData,
    alignment: Alignment,
    settings: TransferSettings | None = None,
    correlation: pd.Series | None = None,
    correlation_source: str = "",
    reason: str = "",
) -> TransferModel:
    """Learn the record on all lines.

    Parameters
    ----------
    data : LineData
        The lines.
    alignment : Alignment
        How tumours come to their scale; learned without outcomes and frozen.
    settings : TransferSettings, optional
        The penalty.
    correlation : Series of float64, optional
        Feature -> correlation with the mRNA of its gene, for a model of proteins.
    correlation_source : str
        Where the correlations are from.
    reason : str
        Why the evaluation withholds the model; empty where it does not.

    Returns
    -------
    TransferModel
        Weights, alignment, stated correlations and verdict.

    Raises
    ------
    ModelError
        If too few lineages or features are there, correlations come without a source, or ranks among the genes of
        the lines are asked for although mRNA and protein differ.
    """
    settings = settings or TransferSettings()
    if correlation is not None and not correlation_source:
        raise ModelError("correlations with mRNA were given without their source; say where they are from")
    if data.measures == "protein" and alignment.kind == RANKS:
        raise ModelError(
            f"{data.drug}: a model of proteins cannot be aligned to mRNA by ranks: the place of a protein among "
            "proteins is not that of its mRNA among mRNAs; align by quantiles"
        )
    aligned = alignment.lines(data)
    panel = [name for name in data.panel if name in aligned.columns and name in data.genes]
    values = aligned[panel].to_numpy(dtype=np.float64)
    fit = fit_sensitivity(values, data.response.to_numpy(), data.lineage.to_numpy(dtype=str), settings)
    symbols = [data.genes[name] for name in panel]
    lines, tumours = _learn_quantiles(values, symbols, alignment)
    stated = np.full(len(panel), 1.0 if data.measures == "mRNA" else np.nan)
    if correlation is not None:
        stated = correlation.reindex(panel).to_numpy(dtype=np.float64)
    return TransferModel(
        agent=data.agent,
        agent_class=data.agent_class,
        drug=data.drug,
        trained_on=data.trained_on,
        measures=data.measures,
        unit=data.unit,
        alignment=alignment.kind,
        genes=np.array(symbols, dtype=np.str_),
        coef=fit.coef,
        center=fit.center,
        scale=fit.scale,
        intercept=fit.intercept,
        universe=np.array([data.genes[name] for name in alignment.universe(data)], dtype=np.str_),
        line_quantiles=lines,
        tumour_quantiles=tumours,
        tumour_reference=alignment.name,
        correlation=stated,
        correlation_source=correlation_source,
        least_correlation=settings.least_correlation,
        least_coverage=settings.least_coverage,
        n_lines=len(data.response),
        withheld=bool(reason),
        reason=reason,
    )


def _learn_quantiles(values: Floats, symbols: list[str], alignment: Alignment) -> tuple[Floats, Floats]:
    """Quantiles of lines and tumours at equal places; NaN for genes that the tumours lack."""
    empty = np.empty((len(symbols), 0))
    if alignment.kind != QUANTILES or alignment.tumours is None:
        return empty, empty
    tumours = alignment.tumours.reindex(columns=symbols).to_numpy(dtype=np.float64)
    return _quantiles(values), _quantiles(tumours)


def _quantiles(values: Floats) -> Floats:
    found = np.full((values.shape[1], len(_PLACES)), np.nan)
    for feature, column in enumerate(values.T):
        known = column[~np.isnan(column)]
        if len(known):
            found[feature] = np.quantile(known, _PLACES)
    return found


def correlate_features(protein: pd.DataFrame, mrna: pd.DataFrame, genes: Mapping[str, str]) -> pd.Series:
    """State how each protein goes with its mRNA, over the lines that have both.

    Parameters
    ----------
    protein : DataFrame, shape (n_lines, n_features)
        Protein.
    mrna : DataFrame, shape (n_lines, n_genes)
        mRNA by HGNC symbol.
    genes : mapping of str to str
        Protein feature -> HGNC symbol.

    Returns
    -------
    Series of float64
        Feature -> Spearman correlation; NaN where fewer than 30 lines have both.

    References
    ----------
    Gry 2009 (mRNA and protein of 23 lines; the correlation differs by gene), doi 10.1186/1471-2164-10-365.
    """
    lines = sorted(set(protein.index) & set(mrna.index))
    found = {}
    for feature in protein.columns:
        found[feature] = np.nan
        if genes.get(feature) in mrna.columns:
            pair = np.column_stack([protein.loc[lines, feature], mrna.loc[lines, genes[feature]]])
            pair = pair[~np.isnan(pair).any(axis=1)]
            if len(pair) >= LEAST_FOR_CORRELATION and (np.ptp(pair, axis=0) > 0).all():
                found[feature] = float(spearmanr(pair[:, 0], pair[:, 1]).statistic)
    return pd.Series(found, dtype=np.float64)
