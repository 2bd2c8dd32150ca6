"""ScoredSignatures: the gene sets of a recipe laid out flat, how they are scored and how a score splits over genes."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from itgstrat.learned.product import multiply_parts, split_product
from itgstrat.learned.records import ArrayRecord
from itgstrat.learned.references import inverse_sd
from itgstrat.scoring import SCORES, ScoreMethod, part_means, split_lower

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Entering:
    """What enters the scores of some patients.

    Parameters
    ----------
    z : ndarray of float64, shape (n_patients, n_members)
        Standardised gene values; NaN is not measured.
    values : ndarray of float64, shape (n_patients, n_members)
        What the scoring method takes for a gene; NaN where it has none.
    n_measured : ndarray of int64, shape (n_patients,)
        Genes that the values of a patient were ranked among.
    """

    z: Floats
    values: Floats
    n_measured: npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class ScoredSignatures(ArrayRecord):
    """Signatures as flat arrays; ``f`` owns the slice ``start[f]:start[f + 1]`` of `gene`, `sign`, `weight` and `part`.

    Parameters
    ----------
    score : str
        Name in `itgstrat.scoring.SCORES`.
    signatures, rules : ndarray of str, shape (n_signatures,)
        Name, and ``set``, ``lower_subunit``, ``lower_part``, ``product_part`` or ``gene``.
    start : ndarray of int, shape (n_signatures + 1,)
        Slices of the four arrays below.
    gene, part : ndarray of int, shape (n_entries,)
        Position among the recipe's members; number of the part for ``lower_part`` and ``product_part``.
    sign : ndarray of float64, shape (n_entries,)
        +1 or -1.
    weight : ndarray of float64, shape (n_entries,)
        What the gene counts in the score of a ``set``: PLAGE's loading, learned in training; for the other
        methods the sign.
    min_coverage : float
        Share of a signature's genes below which its score is withheld.
    """

    score: str
    signatures: npt.NDArray[np.str_]
    rules: npt.NDArray[np.str_]
    start: npt.NDArray[np.intp]
    gene: npt.NDArray[np.intp]
    part: npt.NDArray[np.intp]
    sign: Floats
    weight: Floats
    min_coverage: float

    @property
    def method(self) -> ScoreMethod:
        """The scoring method."""
        return SCORES[self.score]

    @property
    def signature_genes(self) -> npt.NDArray[np.intp]:
        """Members that belong to a signature (the others are anchors)."""
        return np.unique(self.gene)

    def _compound(self) -> list[tuple[int, str]]:
        """Positions and rules of the signatures that are more than one gene itself."""
        return [(position, str(rule)) for position, rule in enumerate(self.rules) if rule != "gene"]

    def entries(self, position: int) -> slice:
        """Give the slice of `gene`, `sign`, `weight` and `part` that a signature owns."""
        return slice(self.start[position], self.start[position + 1])

    def score_signatures(self, entering: Entering) -> Floats:
        """Score every signature, before standardisation.

        Parameters
        ----------
        entering : Entering
            Gene values.

        Returns
        -------
        ndarray of float64, shape (n_patients, n_signatures)
            Scores; NaN where withheld.
        """
        scores = np.empty((len(entering.z), len(self.signatures)))
        single = self.rules == "gene"
        scores[:, single] = entering.z[:, self.gene[self.start[:-1][single]]]
        for position, rule in self._compound():
            own = self.entries(position)
            columns = self.gene[own]
            if rule == "set":
                values = entering.values[:, columns]
                covered = (~np.isnan(values)).mean(axis=1) >= self.min_coverage
                whole = self.method.score(values, self.weight[own], entering.n_measured)
                scores[:, position] = np.where(covered, whole, np.nan)
            else:
                means = part_means(entering.z[:, columns] * self.sign[own], self.part[own])
                scores[:, position] = multiply_parts(means) if rule == "product_part" else means.min(axis=1)
        return scores

    def gene_terms(self, entering: Entering) -> Floats:
        """Find what each signature-gene entry adds to the score of its set.

        Parameters
        ----------
        entering : Entering
            Gene values.

        Returns
        -------
        ndarray of float64, shape (n_patients, n_entries)
            Terms; NaN where not measured, or no set.
        """
        terms = np.full((len(entering.z), len(self.gene)), np.nan)
        for position in np.flatnonzero(self.rules == "set").tolist():
            own = self.entries(position)
            values = entering.values[:, self.gene[own]]
            added, _ = self.method.terms(values, self.weight[own], entering.n_measured)
            terms[:, own] = np.where(np.isnan(values), np.nan, added)
        return terms

    def learn_weights(self, z: Floats) -> Floats:
        """Learn `weight` from training patients, where the method learns any.

        Parameters
        ----------
        z : ndarray of float64, shape (n_patients, n_members)
            Standardised gene values of training.

        Returns
        -------
        ndarray of float64, shape (n_entries,)
            Weights.
        """
        weight = self.sign.copy()
        for position in np.flatnonzero(self.rules == "set").tolist():
            own = self.entries(position)
            weight[own] = self.method.weigh(z, [self.gene[own]], [self.sign[own]])[0]
        return weight

    def split_scores(self, entering: Entering, mean: Floats, sd: Floats, usual: Floats) -> tuple[Floats, Floats]:
        """Split each standardised signature exactly over its genes.

        Parameters
        ----------
        entering : Entering
            Gene values.
        mean, sd : ndarray of float64, shape (n_patients, n_signatures)
            Reference of each score.
        usual : ndarray of float64, shape (n_patients, n_entries)
            Reference mean of what each gene adds.

        Returns
        -------
        shares : ndarray of float64, shape (n_patients, n_entries)
            Share of each entry.
        rest : ndarray of float64, shape (n_patients, n_signatures)
            What is left.
        """
        scores, terms, scale = self.score_signatures(entering), self.gene_terms(entering), inverse_sd(sd)
        shares, rest = np.zeros(terms.shape), np.zeros(scores.shape)
        single = self.rules == "gene"
        alone = (scores - mean)[:, single] * scale[:, single]
        shares[:, self.start[:-1][single]] = np.where(np.isnan(alone), 0.0, alone)
        for position, rule in self._compound():
            own = self.entries(position)
            if rule == "set":
                raw = _split_set(terms[:, own], usual[:, own], self.sign[own])
            else:
                split = split_product if rule == "product_part" else split_lower
                raw = split(entering.z[:, self.gene[own]] * self.sign[own], self.part[own], mean[:, position])
            withheld = np.isnan(scores[:, position])
            share = np.where(withheld[:, None], 0.0, raw) * scale[:, [position]]
            total = np.where(withheld, 0.0, (scores - mean)[:, position] * scale[:, position])
            shares[:, own], rest[:, position] = share, total - share.sum(axis=1)
        return shares, rest


def _split_set(terms: Floats, usual: Floats, signs: Floats) -> Floats:
    """What each measured gene adds more than in training; a set scored on fewer genes weighs each more."""
    present, usual = ~np.isnan(terms), usual.copy()
    for sign in np.unique(signs):
        mine = signs == sign
        scored = np.maximum(present[:, mine].sum(axis=1, keepdims=True), 1)
        usual[:, mine] *= mine.sum() / scored
    return np.where(present, terms - usual, 0.0)
