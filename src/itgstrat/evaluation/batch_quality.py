"""The numbers of signature quality within one batch of patients; see `itgstrat.evaluation.quality`."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import rankdata

from itgstrat.biology import Catalogue, Signature
from itgstrat.cohort import Cohort
from itgstrat.scoring import part_means, score_sets

Floats = npt.NDArray[np.float64]
Controls = Mapping[str, tuple[Signature, ...]]

#: Methods that are compared; the first is the score that is compared with the controls.
METHODS = ("singscore", "ssgsea", "zscore")

#: What scores are compared with: name -> the group or signature of the catalogue that stands for it. Ours.
CONTROLS = {"proliferation": "proliferation", "stroma": "caf_general", "endothelium": "casc_endothelial_junction"}

#: Share of all genes, from below, that counts as hardly expressed. Ours.
LOWEST = 0.1

#: Patients below which a batch gives no spread and no correlation: 95% intervals are wider than 1 there. Ours.
LEAST_PATIENTS = 10

#: Genes that are summarised at a time.
_TOGETHER = 500

#: What is computed within each batch and averaged.
NUMBERS = ("level", "share_low", "variability", "share_constant", "coherence", "agreement", *CONTROLS, "purity")


def find_controls(catalogue: Catalogue) -> Controls:
    """Find the signatures of each control.

    Parameters
    ----------
    catalogue : Catalogue
        Where to look.

    Returns
    -------
    dict of str to tuple of Signature
        One entry a control of `CONTROLS`; empty where the catalogue does not have it.

    Raises
    ------
    CatalogueError
        If a group of the catalogue names signatures that are not in it.
    """
    return {
        name: catalogue.select([entry]) if entry in catalogue.groups or entry in catalogue.signatures else ()
        for name, entry in CONTROLS.items()
    }


@dataclass(frozen=True, eq=False)
class _Batch:
    """The genes of one batch: where they stand, and what is known of each."""

    values: npt.NDArray[np.floating[Any]]
    place: dict[str, int]
    level: Floats
    low: Floats
    variability: Floats
    constant: Floats

    def find(self, signature: Signature) -> tuple[list[int], Floats]:
        """Columns and signs of the genes measured."""
        found = [(self.place[gene], sign) for gene, sign in signature.genes.items() if gene in self.place]
        return [column for column, _ in found], np.array([sign for _, sign in found], dtype=float)


def assess_batch(
    cohort: Cohort, measured: set[str], signatures: Sequence[Signature], controls: Controls
) -> pd.DataFrame:
    """Compute the numbers of one batch.

    Parameters
    ----------
    cohort : Cohort
        Patients of the batch.
    measured : set of str
        Genes that count.
    signatures : sequence of Signature
        What to assess.
    controls : mapping of str to tuple of Signature
        From `find_controls`.

    Returns
    -------
    DataFrame of float64, shape (n_signatures, n_numbers)
        Columns are `NUMBERS`, indexed by id; signatures without a gene measured are left out.
    """
    batch = _describe_genes(cohort, measured)
    wanted = {one.id: one for one in (*(one for own in controls.values() for one in own), *signatures)}
    every = {name: one for name, one in wanted.items() if batch.find(one)[0]}
    rows = {one.id: _describe_set(batch, one) for one in signatures if one.id in every}
    if len(cohort) >= LEAST_PATIENTS:
        ranks, column = _rank_members(batch, list(every.values()))
        scores = _score(batch, every)
        references = {name: _average(scores, own) for name, own in controls.items()} | {"purity": _find_purity(cohort)}
        parts_of = {name: {one.id for one in own} for name, own in controls.items()}
        for one in (every[name] for name in rows):
            own, signs = batch.find(one)
            row, by_method = rows[one.id], scores[one.id]
            row["coherence"] = _cohere(ranks[:, [column[gene] for gene in own]] * signs)
            row["agreement"] = min((_correlate(*pair) for pair in combinations(by_method, 2)), default=np.nan)
            for name, reference in references.items():
                itself = one.id in parts_of.get(name, ())
                row[name] = np.nan if itself else _correlate(by_method[0], reference)
    return pd.DataFrame.from_dict(rows, orient="index", columns=list(NUMBERS), dtype=float)


def _describe_set(batch: _Batch, signature: Signature) -> dict[str, float]:
    """What the genes of a signature are, each by itself."""
    own, _ = batch.find(signature)
    return {
        **dict.fromkeys(NUMBERS, np.nan),
        "level": float(np.median(batch.level[own])),
        "share_low": float(np.mean(batch.low[own])),
        "variability": float(np.median(batch.variability[own])),
        "share_constant": float(np.mean(batch.constant[own])),
    }


def _describe_genes(cohort: Cohort, measured: set[str]) -> _Batch:
    values, counts = cohort.expression.to_numpy(), cohort.count_measured()
    # a gene measured in one patient of many has no spread, and says nothing of the batch
    seen = counts >= min(2, len(values))
    seen &= np.array([gene in measured for gene in cohort.genes])
    values = values if seen.all() else values.take(np.flatnonzero(seen), axis=1)
    place = {str(gene): column for column, gene in enumerate(cohort.genes[seen])}
    unknown = np.full(len(place), np.nan)
    batch = _Batch(values, place, unknown, unknown, unknown, unknown)
    if not place:
        return batch
    if cohort.unit in ("log2", "rank"):
        # without missing values the plain median is many times faster
        middle = np.median if (counts[seen] == len(values)).all() else np.nanmedian
        median = _summarise(values, lambda genes: middle(genes, axis=0))
        level = (rankdata(median) - 0.5) / len(median)
        batch = replace(batch, level=level, low=(median <= np.quantile(median, LOWEST)).astype(float))
    if len(values) >= LEAST_PATIENTS:
        sd = _summarise(values, lambda genes: np.nanstd(genes, axis=0, ddof=1)).astype(np.float64)
        constant = _summarise(values, lambda genes: np.nanmax(genes, axis=0) == np.nanmin(genes, axis=0))
        usual = float(np.median(np.where(constant, 0.0, sd)))
        batch = replace(batch, constant=constant.astype(float), variability=sd / usual if usual > 0 else unknown)
    return batch


def _summarise(
    values: npt.NDArray[np.floating[Any]], summary: Callable[[npt.NDArray[np.floating[Any]]], npt.NDArray[Any]]
) -> npt.NDArray[Any]:
    """Give a number a gene; some genes at a time, because numpy copies what it summarises, more than once."""
    starts = range(0, values.shape[1], _TOGETHER)
    # gene by gene in memory: sums of floats depend on the layout
    return np.concatenate([summary(np.asfortranarray(values[:, at : at + _TOGETHER])) for at in starts])


def _rank_members(batch: _Batch, signatures: Sequence[Signature]) -> tuple[Floats, dict[int, int]]:
    """Ranks over the patients, of length 1 around 0, so that products are correlations; and where genes stand."""
    members = sorted({column for one in signatures for column in batch.find(one)[0]})
    ranks = rankdata(batch.values[:, members], axis=0, nan_policy="omit")
    ranks = np.where(np.isnan(ranks), np.nanmean(ranks, axis=0) if len(members) else 0.0, ranks)
    ranks -= ranks.mean(axis=0)
    length = np.sqrt((ranks**2).sum(axis=0))
    ranks = np.divide(ranks, length, out=np.full_like(ranks, np.nan), where=length > 1e-9)
    return ranks, {gene: position for position, gene in enumerate(members)}


def _cohere(ranks: Floats) -> float:
    """Median correlation of columns two by two, from `_rank_members`; constant genes (NaN) have none."""
    ranks = ranks[:, ~np.isnan(ranks).any(axis=0)]
    if ranks.shape[1] < 2:
        return math.nan
    return float(np.median((ranks.T @ ranks)[np.triu_indices(ranks.shape[1], 1)]))


def _score(batch: _Batch, signatures: Mapping[str, Signature]) -> dict[str, list[Floats]]:
    """Scores of each signature, by each method that applies to its rule."""
    sets = {name: one.genes for name, one in signatures.items() if one.rule == "set"}
    by_method = score_sets(batch.values, list(batch.place), sets, METHODS) if sets else {}
    scores = {name: [by_method[method][:, at] for method in METHODS] for at, name in enumerate(sets)}
    for name, one in signatures.items():
        if one.rule != "set":
            scores[name] = [_score_lower(batch, one)]
    return scores


def _score_lower(batch: _Batch, signature: Signature) -> Floats:
    """The lower of the parts, of genes standardised over the batch; NaN where nothing of a part is measured."""
    columns, signs = batch.find(signature)
    number = {gene: at for at, (_, genes) in enumerate(signature.parts) for gene in genes}
    parts = np.array([number[gene] for gene in signature.genes if gene in batch.place], dtype=np.intp)
    if set(parts.tolist()) != set(number.values()):
        return np.full(len(batch.values), np.nan)
    values = pd.DataFrame(batch.values[:, columns], dtype=np.float64)
    spread = values.std()
    z = ((values - values.mean()) / spread.where(spread > 1e-9)).fillna(0.0).where(values.notna())
    lowest: Floats = part_means(z.to_numpy() * signs, parts).min(axis=1)
    return lowest


def _average(scores: Mapping[str, Sequence[Floats]], signatures: Sequence[Signature]) -> Floats | None:
    """Mean of the standardised scores of a control; None where it has none."""
    table = pd.DataFrame({one.id: scores[one.id][0] for one in signatures if one.id in scores})
    if table.empty:
        return None
    mean: Floats = ((table - table.mean()) / table.std()).mean(axis=1).to_numpy()
    return mean


def _find_purity(cohort: Cohort) -> Floats | None:
    """The first clinical column that is called purity and holds numbers."""
    for name, column in cohort.clinical.items():
        if "purity" in str(name).casefold():
            numbers = pd.to_numeric(column, errors="coerce")
            if numbers.notna().sum() >= LEAST_PATIENTS:
                return numbers.to_numpy(dtype=np.float64, na_value=np.nan)
    return None


def _correlate(first: Floats, second: Floats | None) -> float:
    """Spearman correlation over the patients that have both; NaN where they are few or one is constant."""
    if second is None:
        return math.nan
    both = np.isfinite(first) & np.isfinite(second)
    if both.sum() < LEAST_PATIENTS:
        return math.nan
    x, y = (rankdata(values[both]) - (both.sum() + 1) / 2 for values in (first, second))
    scale = math.sqrt(float(x @ x) * float(y @ y))
    return float(x @ y) / scale if scale > 0 else math.nan
