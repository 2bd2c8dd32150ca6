"""Score gene sets in a table, outside any model: for notebooks, comparisons with other tools, benchmarks."""

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt

from itgstrat.errors import InputError, name_some
from itgstrat.scoring.gsva import estimate_density
from itgstrat.scoring.kernels import SCORES
from itgstrat.scoring.method import FlatSets, ScoreMethod
from itgstrat.scoring.rank_methods import walk_parts
from itgstrat.scoring.ranks import place_rows, rank_columns

Floats = npt.NDArray[np.float64]
Sets = Mapping[str, Mapping[str, float]]

#: Patients ranked at a time, so that memory does not grow with the cohort.
_BLOCK = 160


def score_sets(
    expression: npt.NDArray[np.floating],
    genes: Sequence[str],
    sets: Sets,
    methods: Sequence[str] = ("singscore",),
    ties: Literal["average", "gsva"] = "average",
) -> dict[str, Floats]:
    """Score gene sets by one or several methods; ranks are taken once for all of them.

    A rank score of a patient depends on that patient alone. ``zscore``, ``weighted_mean`` and ``plage`` standardise
    each gene over the patients given, and ``gsva`` takes its densities among them, as R GSVA does; in a model that
    reference is learned in training and frozen. The cost of ``gsva`` grows with the square of the patients.

    Equal to R GSVA, gseapy and decoupler where they define the same (tests/golden). They differ where genes are
    tied (R's rule is `ties`, gseapy has one of its own), and decoupler's flavours of ``zscore`` are swapped: its
    "RoKAI" subtracts the mean of all genes, which by its own documentation is "KSEA". See docs/scoring.md.

    Parameters
    ----------
    expression : ndarray of float, shape (n_patients, n_genes)
        Expression; log2 for all methods but those of ranks. NaN is not measured.
    genes : sequence of str
        Names of the columns.
    sets : mapping of str to mapping of str to float
        Set name -> gene -> sign, +1 or -1 (any weight for ``weighted_mean``).
    methods : sequence of str
        Names in `SCORES`.
    ties : {"average", "gsva"}
        ``average``: tied genes share the mean of their ranks, so that the order of the genes in the table does
        not matter. ``gsva``, for ``ssgsea`` and ``gsva``: R GSVA's values, tied genes placed in table order and,
        for ``ssgsea``, weighted by the truncated mean rank.

    Returns
    -------
    dict of str to ndarray of float64, shape (n_patients, n_sets)
        Scores by method; NaN where no gene of a set was measured. A gene that is constant over the patients adds
        nothing to ``zscore`` and ``weighted_mean`` and counts in their divisor; R drops it. ``gsva`` drops it, as
        R does, and it takes no rank.

    Raises
    ------
    InputError
        If a method is unknown, a set has no gene in the table, or ``ties="gsva"`` meets another method or
        missing values.

    References
    ----------
    Hanzelmann 2013, doi 10.1186/1471-2105-14-7

    Examples
    --------
    >>> table = np.array([[4.0, 3.0, 2.0, 1.0]])
    >>> score_sets(table, ["A", "B", "C", "D"], {"top": {"A": 1, "B": 1}})["singscore"]
    array([[0.5]])
    """
    chosen = _check_methods(methods, ties)
    columns, positions, signs = _locate_genes(genes, sets)
    scores = {method.name: np.empty((len(expression), len(sets))) for method in chosen}
    by_rank = [method for method in chosen if method.values == "rank"]
    laid_out = {method.name: FlatSets.lay_out(method, positions, signs) for method in by_rank}
    for start in range(0, len(expression) if by_rank else 0, _BLOCK):
        rows = slice(start, start + _BLOCK)
        ranks, measured = rank_columns(expression[rows], columns)
        values = (ranks - 0.5) / np.maximum(measured, 1)[:, None]
        for method in by_rank:
            parts = method.parts(values, measured)
            if ties == "gsva":
                parts = walk_parts(np.floor(ranks), _places(expression[rows], columns))
            scores[method.name][rows] = _score(method, parts, values, laid_out[method.name], measured)
    for method in chosen:
        if method.values == "expression":
            z, measured = _standardise(expression[:, columns]), np.isfinite(expression).sum(axis=1)
            weighed = FlatSets.lay_out(method, positions, method.weigh(z, positions, signs))
            scores[method.name] = _score(method, method.parts(z, measured), z, weighed, measured)
        elif method.values == "density":
            u, ranked = _rank_densities(expression, columns, ties)
            own = [method.score(u[:, place], sign, ranked) for place, sign in zip(positions, signs, strict=True)]
            scores[method.name] = np.stack(own, axis=1)
    return scores


def _score(
    method: ScoreMethod,
    parts: Sequence[Floats],
    values: Floats,
    sets: FlatSets,
    measured: npt.NDArray[np.int64],
) -> Floats:
    present = ~np.isnan(values)
    if not present.all():
        parts = [np.where(present, part, 0.0) for part in parts]
    return method.score_many(parts, sets, sets.count(present), measured)


def _check_methods(methods: Sequence[str], ties: str) -> list[ScoreMethod]:
    unknown = [name for name in methods if name not in SCORES]
    if unknown:
        raise InputError(f"scoring methods not known: {name_some(unknown)}; there are {', '.join(SCORES)}")
    if ties == "gsva" and not set(methods) <= {"ssgsea", "gsva"}:
        raise InputError('ties="gsva" is R GSVA\'s rule for ssgsea and gsva; score other methods with ties="average"')
    return [SCORES[name] for name in methods]


def _locate_genes(
    genes: Sequence[str], sets: Sets
) -> tuple[npt.NDArray[np.intp], list[npt.NDArray[np.intp]], list[Floats]]:
    """Columns of all set genes, and for each set its positions among them and its signs."""
    known = {gene: column for column, gene in enumerate(genes)}
    empty = [name for name, own in sets.items() if not any(gene in known for gene in own)]
    if empty:
        raise InputError(f"no gene of these sets is in the table: {name_some(empty)}; HGNC symbols are needed")
    members = sorted({known[gene] for own in sets.values() for gene in own if gene in known})
    place = {column: position for position, column in enumerate(members)}
    positions, signs = [], []
    for own in sets.values():
        present = {gene: sign for gene, sign in own.items() if gene in known}
        positions.append(np.array([place[known[gene]] for gene in present], dtype=np.intp))
        signs.append(np.array(list(present.values()), dtype=np.float64))
    return np.array(members, dtype=np.intp), positions, signs


def _places(expression: npt.NDArray[np.floating], columns: npt.NDArray[np.intp]) -> Floats:
    if np.isnan(expression).any():
        raise InputError('ties="gsva" takes no missing values, as R GSVA does; use ties="average"')
    return place_rows(expression)[:, columns].astype(np.float64)


def _rank_densities(
    expression: npt.NDArray[np.floating], columns: npt.NDArray[np.intp], ties: str
) -> tuple[Floats, npt.NDArray[np.int64]]:
    """Rank fractions of the densities of chosen genes among the patients given, and the genes ranked."""
    density = estimate_density(expression, expression)
    if ties == "average":
        ranks, ranked = rank_columns(density, columns)
    else:
        varying = np.atleast_1d(~np.isnan(density).all(axis=0))
        ranks, ranked = np.full((len(density), len(columns)), np.nan), np.full(len(density), varying.sum())
        mine = varying[columns]
        ranks[:, mine] = _places(density[:, varying], (np.cumsum(varying) - 1)[columns[mine]])
    return (ranks - 0.5) / np.maximum(ranked, 1)[:, None], ranked


def _standardise(values: npt.NDArray[np.floating]) -> Floats:
    """Mean 0 and SD 1 per gene over the patients given; 0 for a gene that is constant."""
    values = values.astype(np.float64)
    sd = np.nanstd(values, axis=0, ddof=1)
    z: Floats = (values - np.nanmean(values, axis=0)) * np.divide(1.0, sd, out=np.zeros_like(sd), where=sd > 0)
    return z
