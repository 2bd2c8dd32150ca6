"""Learning a sensitivity on cell lines: the lines, the alignment with tumours, and the record of both."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import spearmanr

from itgstrat.errors import ModelError, name_some
from itgstrat.fitting.transfer_fit import TransferSettings, fit_sensitivity
from itgstrat.learned.transfer import QUANTILES, RANKS, TransferModel, align_ranks

Floats = npt.NDArray[np.float64]

#: Fewest lines for a correlation between protein and mRNA to be stated.
LEAST_FOR_CORRELATION = 30
_PLACES = np.linspace(0, 1, 101)


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
