"""TransferModel: a sensitivity learned on cell lines, and how a tumour is brought to their scale."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from itgstrat.errors import ModelError, name_some
from itgstrat.learned.records import ArrayRecord
from itgstrat.scoring.ranks import rank_columns

Floats = npt.NDArray[np.float64]

#: How a tumour is brought to the scale of the lines.
RANKS, QUANTILES = KINDS = ("ranks", "quantiles")


@dataclass(frozen=True, eq=False)
class Transferred:
    """Sensitivities of tumours by one model.

    Parameters
    ----------
    value : ndarray of float64, shape (n_patients,)
        In the unit of the model, higher is more sensitive; NaN where too little of the model was measured.
    coverage : ndarray of float64, shape (n_patients,)
        Share of the absolute weights whose feature could be used, 0 to 1.
    unused : ndarray of bool, shape (n_patients, n_features)
        Features with a weight that could not be used: not measured, or no stated correlation with mRNA.
    """

    value: Floats
    coverage: Floats
    unused: npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class TransferModel(ArrayRecord):
    r"""A linear sensitivity of cell lines with the alignment that takes tumours to their scale.

    .. math:: \hat y = b + \sum_j \rho_j \beta_j \frac{a_j - c_j}{s_j}

    with :math:`a_j` the aligned feature and :math:`\rho_j` its stated correlation with mRNA (1 for a model of
    mRNA): the protein that mRNA lets one expect lies :math:`\rho_j` standard deviations from its mean for each of
    the mRNA. A feature that is not measured adds nothing and lowers the coverage.

    Parameters
    ----------
    agent, agent_class, drug : str
        Id and class of the agent, and the label that was learned.
    trained_on, measures, unit : str
        Data sets, ``mRNA`` or ``protein``, and the unit of the sensitivity.
    alignment : {"ranks", "quantiles"}
        ``ranks``: place of a gene among the genes of `universe` in the same sample, 0 to 1; nothing is learned from
        tumours. ``quantiles``: place of a value in the frozen tumour reference of its gene, then the value at that
        place among the lines.
    genes : ndarray of str, shape (n_features,)
        HGNC symbol of each feature.
    coef, center, scale : ndarray of float64, shape (n_features,)
        Weight of a standard deviation, mean and standard deviation of the aligned lines.
    intercept : float
        Mean sensitivity of the lines.
    universe : ndarray of str, shape (n_universe,)
        Genes that are ranked; empty for quantiles.
    line_quantiles, tumour_quantiles : ndarray of float64, shape (n_features, n_places)
        Values at equal places from least to greatest; empty for ranks, and where no tumour reference was given.
    tumour_reference : str
        Cohort that the tumour quantiles are of; its outcomes were not used.
    correlation : ndarray of float64, shape (n_features,)
        Correlation of each feature with the mRNA of its gene; NaN where none is stated.
    correlation_source : str
        Where the correlations are from; empty where none is stated.
    least_correlation, least_coverage : float
        Below, a feature is not used; below, a patient is not scored.
    n_lines : int
        Lines that the model was learned on.
    withheld : bool
        Whether the evaluation speaks against using it.
    reason : str
        Why; empty where it is not withheld.

    Raises
    ------
    ModelError
        If features, weights and quantiles differ in number, or the alignment is unknown.
    """

    agent: str
    agent_class: str
    drug: str
    trained_on: str
    measures: str
    unit: str
    alignment: str
    genes: npt.NDArray[np.str_]
    coef: Floats
    center: Floats
    scale: Floats
    intercept: float
    universe: npt.NDArray[np.str_]
    line_quantiles: Floats
    tumour_quantiles: Floats
    tumour_reference: str
    correlation: Floats
    correlation_source: str
    least_correlation: float
    least_coverage: float
    n_lines: int
    withheld: bool
    reason: str

    def __post_init__(self) -> None:
        lengths = {name: len(getattr(self, name)) for name in ("genes", "coef", "center", "scale", "correlation")}
        places = {name: getattr(self, name).shape for name in ("line_quantiles", "tumour_quantiles")}
        if len({*lengths.values(), *(shape[0] for shape in places.values())}) > 1 or self.alignment not in KINDS:
            raise ModelError(
                f"a model of {self.drug} with the lengths {lengths | places} and the alignment {self.alignment!r}; "
                f"every feature needs one of each, and the alignment is {' or '.join(KINDS)}"
            )

    @property
    def source(self) -> str:
        """What was learned, in which unit, on what."""
        return f"{self.drug}, {self.unit}; {self.n_lines} lines of {self.trained_on}, by {self.alignment}"

    @property
    def refusal(self) -> str:
        """Why no tumour can be scored at all; empty where they can."""
        if self.measures != "mRNA" and not self.correlation_source:
            return f"learned on {self.measures} ({self.trained_on}), whose correlation with mRNA is not stated"
        if self.alignment == QUANTILES and not self.tumour_quantiles.size:
            return "aligned by quantiles, and no tumour reference was given when it was learned"
        if self.alignment == QUANTILES and self._share_known() < self.least_coverage:
            return (
                f"aligned by quantiles of tumours that hold {self._share_known():.0%} of the model by weight, and "
                f"{self.least_coverage:.0%} are needed; give a reference with its genes when it is learned"
            )
        return ""

    def _share_known(self) -> float:
        """Share of the model, by size of its coefficients, that the tumour reference has quantiles of."""
        size = np.abs(self.coef)
        known = np.isfinite(self.tumour_quantiles).all(axis=tuple(range(1, self.tumour_quantiles.ndim)))
        return float(size[known].sum() / size.sum()) if size.sum() > 0 else 1.0

    def apply(self, expression: npt.NDArray[np.floating], genes: Sequence[str]) -> Transferred:
        """Predict the sensitivity of tumours; a tumour alone gets what it gets among others.

        Parameters
        ----------
        expression : ndarray of float, shape (n_patients, n_genes)
            mRNA; for quantiles in the unit of the tumour reference, for ranks in any. NaN is not measured.
        genes : sequence of str
            HGNC symbols of the columns.

        Returns
        -------
        Transferred
            Value, coverage, and what was not used; whether the model is withheld is for the caller to heed.

        Raises
        ------
        ModelError
            If no tumour can be scored (see `refusal`), or a gene stands twice.
        """
        if self.refusal:
            raise ModelError(f"the model of {self.drug} cannot be applied to tumours: {self.refusal}")
        place = {gene: at for at, gene in enumerate(genes)}
        if len(place) < len(genes):
            raise ModelError(f"genes stand twice among {name_some(genes)}; keep one column a gene")
        aligned = self._align(np.asarray(expression, dtype=np.float64), place)
        stated = np.ones(len(self.coef)) if self.measures == "mRNA" else self.correlation
        usable = np.isfinite(stated) & (stated >= self.least_correlation)
        used = ~np.isnan(aligned) & usable
        weight = np.where(usable, stated, 0.0) * self.coef / self.scale
        parts = np.where(used, aligned - self.center, 0.0) * weight
        total = np.abs(self.coef).sum()
        coverage = (used * np.abs(self.coef)).sum(axis=1) / total if total > 0 else np.ones(len(aligned))
        value = np.where(coverage >= self.least_coverage, self.intercept + parts.sum(axis=1), np.nan)
        return Transferred(value, coverage, ~used & (self.coef != 0))

    def _align(self, expression: Floats, place: dict[str, int]) -> Floats:
        at = np.array([place.get(str(gene), -1) for gene in self.genes], dtype=np.intp)
        if self.alignment == RANKS:
            return align_ranks(expression, at, [place[gene] for gene in map(str, self.universe) if gene in place])
        values = np.where(at >= 0, expression[:, at], np.nan)
        return match_quantiles(values, self.tumour_quantiles, self.line_quantiles)


def align_ranks(expression: Floats, columns: npt.NDArray[np.intp], universe: Sequence[int]) -> Floats:
    """Place genes among the measured genes of a universe in the same sample.

    Parameters
    ----------
    expression : ndarray of float64, shape (n_samples, n_genes)
        Any unit; NaN is not measured.
    columns : ndarray of int, shape (n_features,)
        The genes wanted, all in the universe; -1 is not measured.
    universe : sequence of int
        Columns to rank among.

    Returns
    -------
    ndarray of float64, shape (n_samples, n_features)
        (rank - 1/2) / number measured; ties take the average. NaN where not measured.

    Examples
    --------
    >>> align_ranks(np.array([[5.0, 1.0, 3.0, 9.0]]), np.array([2]), [0, 1, 2, 3])
    array([[0.375]])
    """
    inside = {column: at for at, column in enumerate(universe)}
    known = np.flatnonzero([column in inside for column in columns])
    aligned = np.full((len(expression), len(columns)), np.nan)
    if len(known):
        wanted = np.array([inside[columns[at]] for at in known], dtype=np.intp)
        ranks, count = rank_columns(expression[:, list(universe)], wanted)
        aligned[:, known] = (ranks - 0.5) / np.maximum(count, 1)[:, None]
    return aligned


def match_quantiles(values: Floats, source: Floats, target: Floats) -> Floats:
    """Take each value to the value at the same place of another distribution, feature by feature.

    Parameters
    ----------
    values : ndarray of float64, shape (n_samples, n_features)
        NaN stays NaN.
    source, target : ndarray of float64, shape (n_features, n_places)
        Quantiles at equal places; a value that several quantiles share takes the middle of their places, one beyond
        the ends the end.

    Returns
    -------
    ndarray of float64, shape (n_samples, n_features)
        On the scale of `target`.

    Examples
    --------
    >>> match_quantiles(np.array([[1.0], [1.5], [9.0]]), np.array([[0.0, 1.0, 2.0]]), np.array([[10.0, 20.0, 40.0]]))
    array([[20.],
           [30.],
           [40.]])
    """
    matched = np.full(values.shape, np.nan)
    places = np.arange(source.shape[1], dtype=np.float64)
    for feature, (here, there) in enumerate(zip(source, target, strict=True)):
        asked = values[:, feature]
        if np.isnan(here).any() or np.isnan(there).any():
            continue
        steps, first, count = np.unique(here, return_index=True, return_counts=True)
        place = np.interp(asked, steps, first + (count - 1) / 2)
        matched[:, feature] = np.where(np.isnan(asked), np.nan, np.interp(place, places, there))
    return matched
