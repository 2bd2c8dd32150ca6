"""What no signal looks like: the same arithmetic on random genes, and on outcomes that were dealt out anew."""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.spatial import KDTree
from scipy.stats import rankdata

from itgstrat.biology.catalogue import Signature
from itgstrat.cohort import Cohort
from itgstrat.outcome import Outcome

Floats = npt.NDArray[np.float64]
Matches = Mapping[str, tuple[str, ...]]

#: A matched gene lies within half a decile of the gene it stands for, in level and in spread. Ours.
WINDOW = 0.05

#: Fewest genes to draw a matched one from; the nearest are taken where the window holds fewer. Ours.
LEAST_CHOICE = 10

#: Said of a run that drew none.
NO_RANDOM = "random genes were switched off: nothing tells whether the signatures do better than any genes"

#: Numbers described at a time, so that a table in double precision never stands beside the whole one.
BLOCK = 1 << 20


def describe_genes(cohort: Cohort, patients: npt.NDArray[np.intp] | None = None) -> Floats:
    """Place every gene among the others by level and by spread.

    Parameters
    ----------
    cohort : Cohort
        Patients.
    patients : ndarray of int, optional
        Positions of the training patients; all if not given.

    Returns
    -------
    ndarray of float64, shape (n_genes, 2)
        Mean and SD over the patients of a cohort, each as its share of lower genes (0 to 1), averaged over cohorts;
        a gene that is missing in all patients of a cohort counts as the lowest there.
    """
    places, everybody = [], np.arange(len(cohort)) if patients is None else patients
    expression, batch = cohort.expression.to_numpy(), cohort.batch[everybody]
    n_genes = expression.shape[1]
    blocks = np.array_split(np.arange(n_genes), min(n_genes, -(-len(everybody) * n_genes // BLOCK)))
    for name in np.unique(batch):
        rows = everybody[batch == name]
        parts = [_describe(expression[rows, block[0] : block[-1] + 1].astype(np.float64)) for block in blocks]
        mean, sd, lowest = map(np.concatenate, zip(*parts, strict=True))
        both = [rankdata(np.where(lowest, -np.inf, one)) for one in (mean, sd)]
        places.append((np.stack(both, axis=1) - 0.5) / len(lowest))
    described: Floats = np.mean(places, axis=0)
    return described


def _describe(values: Floats) -> tuple[Floats, Floats, npt.NDArray[np.bool_]]:
    """Mean and SD of each gene, and whether it is missing in everybody."""
    known = ~np.isnan(values)
    count = np.maximum(known.sum(axis=0), 1)
    mean = np.where(known, values, 0).sum(axis=0) / count
    sd = np.sqrt((np.where(known, values - mean, 0) ** 2).sum(axis=0) / count)
    lowest = np.asarray(~known.any(axis=0), dtype=bool)
    return mean, sd, lowest


def find_matches(
    signatures: Sequence[Signature], cohort: Cohort, patients: npt.NDArray[np.intp] | None = None
) -> Matches:
    """Find the genes of about the same level and spread as each gene of the signatures.

    Parameters
    ----------
    signatures : sequence of Signature
        The real ones.
    cohort : Cohort
        Patients.
    patients : ndarray of int, optional
        Positions of the training patients; all if not given.

    Returns
    -------
    mapping of str to tuple of str
        Each measured gene of the signatures -> those within `WINDOW` of it in both, at least the `LEAST_CHOICE`
        nearest. They are not in the signatures themselves, unless these hold more than a third of all genes.
    """
    places = dict(zip(map(str, cohort.genes), describe_genes(cohort, patients), strict=True))
    real = _measured(signatures, places)
    pool = sorted(places if 3 * len(real) > len(places) else places.keys() - set(real))
    if not real:
        return {}
    tree, own = KDTree([places[gene] for gene in pool]), np.array([places[gene] for gene in real])
    farthest = tree.query(own, k=[min(LEAST_CHOICE, len(pool))], p=np.inf)[0][:, 0]
    near = tree.query_ball_point(own, np.maximum(WINDOW, farthest) + 1e-9, p=np.inf, return_sorted=True)
    return {gene: tuple(pool[at] for at in rows) for gene, rows in zip(real, near, strict=True)}


def random_signatures(
    signatures: Sequence[Signature], genes: Sequence[str], seed: int, matches: Matches | None = None
) -> tuple[Signature, ...]:
    """Replace every gene by a random one, the same wherever it occurs.

    Sizes, signs, rules, and what signatures share with each other all stay as they are; only the identity of
    the genes is drawn, without replacement: among all genes measured, or among those that match, so that a
    signature is not thought good because its genes are highly expressed or vary much.

    Parameters
    ----------
    signatures : sequence of Signature
        The real ones.
    genes : sequence of str
        Genes measured in training.
    seed : int
        Seed of the draw.
    matches : mapping of str to tuple of str, optional
        From `find_matches`; where all matches of a gene are taken, any other gene stands in.

    Returns
    -------
    tuple of Signature
        Signatures with the same ids and other genes.

    References
    ----------
    Venet 2011, doi 10.1371/journal.pcbi.1002240
    """
    real = _measured(signatures, set(genes))
    random = np.random.default_rng(seed)
    if matches is None:
        other = dict(zip(real, map(str, random.choice(sorted(set(genes)), len(real), replace=False)), strict=True))
    else:
        other = _draw_matched([real[at] for at in random.permutation(len(real))], set(genes), matches, random)
    return tuple(_exchange(signature, other) for signature in signatures)


def _measured(signatures: Sequence[Signature], genes: Container[str]) -> list[str]:
    return sorted({gene for signature in signatures for gene in signature.genes if gene in genes})


def _draw_matched(
    real: Sequence[str], genes: set[str], matches: Matches, random: np.random.Generator
) -> dict[str, str]:
    other: dict[str, str] = {}
    taken: set[str] = set()
    for gene in real:
        free = [match for match in matches[gene] if match not in taken]
        if not free:
            free = sorted(genes - taken - set(real)) or sorted(genes - taken)
        other[gene] = free[random.integers(len(free))]
        taken.add(other[gene])
    return other


def _exchange(signature: Signature, other: dict[str, str]) -> Signature:
    # genes that were not measured keep a name that no table has, so that coverage stays as it is
    def swap(gene: str) -> str:
        return other.get(gene, f"not measured: {gene}")

    return replace(
        signature,
        genes={swap(gene): sign for gene, sign in signature.genes.items()},
        parts=tuple((name, tuple(map(swap, members))) for name, members in signature.parts),
    )


def permute_outcome(outcome: Outcome, seed: int) -> Outcome:
    """Deal the outcomes out anew among the patients of each stratum.

    Parameters
    ----------
    outcome : Outcome
        Outcome with strata.
    seed : int
        Seed of the draw.

    Returns
    -------
    Outcome
        The same pairs of event and time in each stratum, for other patients: features and outcome know nothing of
        each other, and censoring and strata are as they were.

    Examples
    --------
    >>> from itgstrat.outcome import make_outcome
    >>> outcome = make_outcome([1, 0, 1], [1, 2, 3], stratum=["a", "a", "b"])
    >>> permute_outcome(outcome, 0).time_days[2]
    np.float64(3.0)
    """
    random = np.random.default_rng(seed)
    order = np.arange(len(outcome))
    for _, rows in outcome.by_stratum():
        order[rows] = random.permutation(rows)
    return Outcome(outcome.event[order], outcome.time_days[order], outcome.stratum)


@dataclass(frozen=True)
class PermutedSummary:
    """What the whole pipeline reaches where there is nothing to find.

    Parameters
    ----------
    concordance : tuple of float
        Harrell's concordance of each permutation, over the first repetition of the folds.
    mean, low, high : float
        Mean, and 2.5th and 97.5th percentile over permutations; the mean of a sound pipeline is near 0.5.
    """

    concordance: tuple[float, ...]
    mean: float
    low: float
    high: float

    @classmethod
    def of(cls, concordance: Sequence[float]) -> "PermutedSummary":
        """Summarise the permutations.

        Parameters
        ----------
        concordance : sequence of float
            One value a permutation, at least one.

        Returns
        -------
        PermutedSummary
            Mean and range.
        """
        low, high = np.percentile(concordance, [2.5, 97.5])
        return cls(tuple(map(float, concordance)), float(np.mean(concordance)), float(low), float(high))

    def __str__(self) -> str:
        return f"{self.mean:.3f} (95% of {len(self.concordance)} permutations {self.low:.3f} to {self.high:.3f})"
