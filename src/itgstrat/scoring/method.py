"""ScoreMethod: how a signed gene set becomes one number per patient."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

#: ``(values, n_measured) -> parts``: numbers of each gene alone, each of the shape of `values`, (patients, genes).
Parts = Callable[[Floats, Ints], Sequence[Floats]]

#: ``(sums of the parts over a set, its size, n_measured) -> (a factor for each part, offset)``, all (patients,).
Combine = Callable[[Sequence[Floats], Floats, Ints], tuple[Sequence[Floats], Floats]]

#: ``(values of one set of one direction, n_measured) -> what each gene adds to the score``, (patients, genes).
Split = Callable[[Floats, Ints], Floats]

#: ``(z of reference patients, signs) -> weights`` of the genes of one set.
LearnWeights = Callable[[Floats, Floats], Floats]


def see_nothing(values: Floats, n_measured: Ints) -> Sequence[Floats]:
    """See nothing: the parts of a method that splits its score at once."""
    return ()


def add_nothing(sums: Sequence[Floats], size: Floats, n_measured: Ints) -> tuple[Sequence[Floats], Floats]:
    """Add nothing to what the genes add."""
    return (), np.zeros(len(size))


@dataclass(frozen=True)
class ScoreMethod:
    r"""How a signed gene set becomes one number per patient.

    Nearly every method looks at its genes one by one, sums up what it saw, and combines the sums:

    .. math:: score = offset + \sum_j factor_j \sum_{g \in S} part_j(g)

    So a table of many sets costs one look at each gene, and the same arithmetic splits a score exactly over its
    genes: gene g adds :math:`\sum_j factor_j\, part_j(g)`. GSVA, which has to see where the genes of a set stand
    among each other, gives what each gene adds at once, by `split`, and has no parts.

    Parameters
    ----------
    name : str
        Name in configurations.
    values : {"rank", "expression", "density"}
        What a gene enters as: its rank fraction within the patient, (rank - 0.5) / genes, ties averaged; its
        standardised log2 expression; or the rank fraction of its density in a reference cohort. Methods by rank
        or density score the up set minus the down set, expression methods weigh each gene by its sign.
    formula : str
        The score in one line.
    limits : str
        Range of the score.
    reference : str
        Publication.
    single_sample : bool
        True where a patient's score needs no reference cohort.
    parts : callable
        What is seen of each gene.
    combine : callable
        How sums become a score.
    split : callable or None
        What each gene adds, instead of parts and combine.
    learn_weights : callable or None
        How a reference cohort turns the signs of a set into weights; None where the weights are the signs.
    """

    name: str
    values: Literal["rank", "expression", "density"]
    formula: str
    limits: str
    reference: str
    single_sample: bool
    parts: Parts = see_nothing
    combine: Combine = add_nothing
    split: Split | None = None
    learn_weights: LearnWeights | None = None

    def terms(self, values: Floats, signs: Floats, n_measured: Ints) -> tuple[Floats, Floats]:
        """Split the score of one gene set over its genes.

        Parameters
        ----------
        values : ndarray of float64, shape (n_patients, n_set_genes)
            Gene values as `self.values` says; NaN is not measured and is left out.
        signs : ndarray of float64, shape (n_set_genes,)
            +1 for genes that raise the score, -1 for genes that lower it (any weight where the values are expression).
        n_measured : ndarray of int64, shape (n_patients,)
            Genes measured in each patient, or those with a density.

        Returns
        -------
        terms : ndarray of float64, shape (n_patients, n_set_genes)
            What each gene adds; 0 where it was not measured.
        offset : ndarray of float64, shape (n_patients,)
            What the score is without them.
        """
        present = ~np.isnan(values)
        parts = [np.where(present, part, 0.0) for part in self.parts(np.where(present, values, 0.0), n_measured)]
        terms, offset = np.zeros(values.shape), np.zeros(len(values))
        for direction, weights in self._directions(signs):
            if self.split is not None:
                terms += direction * self.split(np.where(weights != 0, values, np.nan), n_measured)
                continue
            sums = [part @ weights for part in parts]
            size = present @ np.abs(weights)
            factors, start = self.combine(sums, size, n_measured)
            for factor, part in zip(factors, parts, strict=True):
                terms += direction * factor[:, None] * part * weights
            offset += direction * np.where(size > 0, start, 0.0)
        return terms, offset

    def score(self, values: Floats, signs: Floats, n_measured: Ints) -> Floats:
        """Score one gene set in every patient; parameters as in `terms`.

        Returns
        -------
        ndarray of float64, shape (n_patients,)
            The score; NaN where no gene of the set was measured, or by some methods nothing but the set.
        """
        terms, offset = self.terms(values, signs, n_measured)
        scores: Floats = offset + np.sum(terms, axis=1)
        scores[np.isnan(values).all(axis=1)] = np.nan
        return scores

    def score_many(self, parts: Sequence[Floats], sets: "FlatSets", seen: Floats, n_measured: Ints) -> Floats:
        """Score many sets at once, from parts that were computed once for all their genes.

        Parameters
        ----------
        parts : sequence of ndarray of float64, shape (n_patients, n_members)
            What `self.parts` saw; 0 where a gene was not measured.
        sets : FlatSets
            The sets.
        seen : ndarray of float64, shape (n_patients, n_segments)
            Sum of absolute weights of the genes measured, a segment.
        n_measured : ndarray of int64, shape (n_patients,)
            Genes measured in each patient.

        Returns
        -------
        ndarray of float64, shape (n_patients, n_sets)
            Scores; NaN where no gene of a set was measured.
        """
        sums = [sets.sum_up(part) for part in parts]
        scores = np.zeros((len(seen), sets.n_sets))
        known = np.zeros(scores.shape, dtype=bool)
        for segment, (number, direction) in enumerate(zip(sets.owner, sets.direction, strict=True)):
            own, size = [part[:, segment] for part in sums], seen[:, segment]
            factors, offset = self.combine(own, size, n_measured)
            score = sum((f * s for f, s in zip(factors, own, strict=True)), start=offset)
            scores[:, number] += direction * np.where(size > 0, score, 0.0)
            known[:, number] |= size > 0
        return np.where(known, scores, np.nan)

    def weigh(self, z: Floats, positions: Sequence[npt.NDArray[np.intp]], signs: Sequence[Floats]) -> Sequence[Floats]:
        """Give the weights of the genes of each set, learned from reference patients where the method learns.

        Parameters
        ----------
        z : ndarray of float64, shape (n_reference, n_members)
            Standardised gene values of the reference.
        positions : sequence of ndarray of int
            Genes of each set.
        signs : sequence of ndarray of float64
            Their signs.

        Returns
        -------
        sequence of ndarray of float64
            Weights; the signs where nothing is learned.
        """
        if self.learn_weights is None:
            return signs
        return [self.learn_weights(z[:, own], sign) for own, sign in zip(positions, signs, strict=True)]

    def _directions(self, signs: Floats) -> list[tuple[float, Floats]]:
        """Direction and weights of what is scored apart: all by expression, the up and the down set otherwise."""
        if self.values == "expression":
            return [(1.0, signs)]
        return [(sign, (signs == sign).astype(float)) for sign in (1.0, -1.0) if (signs == sign).any()]


@dataclass(frozen=True, eq=False)
class FlatSets:
    """Gene sets laid out flat: a segment a set, or one for its up and one for its down genes.

    Parameters
    ----------
    gene : ndarray of int, shape (n_entries,)
        Position of each gene among the members.
    weight : ndarray of float64, shape (n_entries,)
        Its weight in the sums.
    start : ndarray of int, shape (n_segments,)
        Where each segment begins; none is empty.
    owner : ndarray of int, shape (n_segments,)
        Set that the segment belongs to.
    direction : ndarray of float64, shape (n_segments,)
        Whether the segment adds or takes away.
    n_sets : int
        Number of sets.
    """

    gene: npt.NDArray[np.intp]
    weight: Floats
    start: npt.NDArray[np.intp]
    owner: npt.NDArray[np.intp]
    direction: Floats
    n_sets: int

    @classmethod
    def lay_out(
        cls, method: ScoreMethod, positions: Sequence[npt.NDArray[np.intp]], signs: Sequence[Floats]
    ) -> "FlatSets":
        """Lay out sets as a method wants them.

        Parameters
        ----------
        method : ScoreMethod
            Decides whether up and down genes are scored apart.
        positions : sequence of ndarray of int
            Genes of each set.
        signs : sequence of ndarray of float64
            Their signs.

        Returns
        -------
        FlatSets
            The sets.
        """
        genes, weights, owner, directions = [], [], [], []
        for number, (own, sign) in enumerate(zip(positions, signs, strict=True)):
            for direction, weight in method._directions(sign):
                counts = weight != 0 if weight.any() else np.ones(len(weight), dtype=bool)
                genes.append(own[counts])
                weights.append(weight[counts])
                owner.append(number)
                directions.append(direction)
        start = np.cumsum([0, *map(len, genes)])[:-1]
        flat = np.concatenate(genes), np.concatenate(weights)
        return cls(*flat, start, np.array(owner), np.array(directions), len(positions))

    def sum_up(self, part: Floats) -> Floats:
        """Sum a part over each segment, shape (n_patients, n_segments)."""
        taken = part[:, self.gene]
        if (self.weight != 1.0).any():
            taken *= self.weight
        return np.add.reduceat(taken, self.start, axis=1)

    def count(self, present: npt.NDArray[np.bool_]) -> Floats:
        """Sum the absolute weights of the genes measured over each segment."""
        whole = np.add.reduceat(np.abs(self.weight), self.start)
        if present.all():
            return np.broadcast_to(whole, (len(present), len(whole)))
        return np.add.reduceat(present[:, self.gene] * np.abs(self.weight), self.start, axis=1)
