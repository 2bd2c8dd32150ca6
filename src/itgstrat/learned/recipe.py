"""FeatureRecipe: from a patient's genes and covariates to named, standardised features."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from itgstrat.errors import CohortError, name_some
from itgstrat.learned.adjustment import adjust_values, name_adjusted
from itgstrat.learned.features import Features, Measured
from itgstrat.learned.kernel import find_densities, learn_kernel
from itgstrat.learned.references import encode_covariate, inverse_sd, locate
from itgstrat.learned.signatures import Entering, ScoredSignatures
from itgstrat.scoring import rank_columns

Floats = npt.NDArray[np.float64]

#: What new patients are standardised by: the ``batch`` they were measured in, if training had it; the ``pooled``
#: training reference; or the ``cohort`` itself, location and scale learned anew without outcomes.
Reference = Literal["batch", "pooled", "cohort"]

#: Smallest cohort on which location and scale may be learned anew.
LEAST_FOR_REFERENCE = 30


@dataclass(frozen=True, eq=False)
class FeatureRecipe(ScoredSignatures):
    """Everything that was learned about how features are made; applies to one patient as to ten thousand.

    References have one row a training batch and a last, pooled row: the mean over all training patients and the
    standard deviation within batches, for patients of a platform that training never saw.

    Parameters
    ----------
    score, signatures, rules, start, gene, part, sign, weight, min_coverage
        The signatures, as in `ScoredSignatures`.
    genes : ndarray of str, shape (n_genes,)
        Genes common to training, among which ranks are taken.
    members : ndarray of int, shape (n_members,)
        Positions in `genes` of the signature genes and, behind them, of the anchor genes.
    batches : ndarray of str, shape (n_batches,)
        Training cohorts.
    gene_mean, gene_sd : ndarray of float64, shape (n_batches + 1, n_members)
        Reference of each gene value.
    signature_mean, signature_sd : ndarray of float64, shape (n_batches + 1, n_signatures)
        Reference of each score.
    term_mean : ndarray of float64, shape (n_batches + 1, n_entries)
        Mean of what each gene adds to the score of a ``set``.
    kernel : ndarray of float, shape (n_kept, n_genes)
        For ``gsva``, values of training by batch, those of each gene sorted by themselves, so that no patient's row
        is in it; empty for the other methods.
    kernel_start : ndarray of int, shape (n_batches + 1,)
        Slices of `kernel`; an empty one, and a patient of no training batch, takes the pooled reference, all of it.
    covariate, level : ndarray of str, shape (n_covariate_columns,)
        Clinical variable, and the category the column stands for (empty for a number).
    base : ndarray of str, shape (n_covariate_columns,)
        The category of the variable that has no column of its own (empty for a number).
    fill, covariate_mean, covariate_sd : ndarray of float64, shape (n_covariate_columns,)
        Imputed value, centre and scale.
    z_limit : float
        Standardised gene values are held within this on either side; infinite for no limit.
    mix : ndarray of float64, shape (n_features, n_features)
        How features are adjusted for each other, see `learn_mix`; empty where none is.
    """

    genes: npt.NDArray[np.str_]
    members: npt.NDArray[np.intp]
    batches: npt.NDArray[np.str_]
    gene_mean: Floats
    gene_sd: Floats
    signature_mean: Floats
    signature_sd: Floats
    term_mean: Floats
    kernel: npt.NDArray[np.floating]
    kernel_start: npt.NDArray[np.intp]
    covariate: npt.NDArray[np.str_]
    level: npt.NDArray[np.str_]
    base: npt.NDArray[np.str_]
    fill: Floats
    covariate_mean: Floats
    covariate_sd: Floats
    z_limit: float
    mix: Floats

    @property
    def names(self) -> tuple[str, ...]:
        """Feature names, signatures first, then covariate columns."""
        pairs = zip(self.covariate, self.level, strict=True)
        columns = (f"{name}={level}" if level else str(name) for name, level in pairs)
        return name_adjusted((*map(str, self.signatures), *columns), self.mix)

    def measure(
        self, expression: npt.NDArray[np.floating], genes: Sequence[str], ranked: bool | npt.NDArray[np.int64] = False
    ) -> Measured:
        """Take the member genes' values out of an expression table.

        Parameters
        ----------
        expression : ndarray of float, shape (n_patients, n_columns)
            Expression; log2 where the score works on expression. NaN is not measured.
        genes : sequence of str
            Genes of the columns; those that the recipe does not know are left out.
        ranked : bool or ndarray of int64, shape (n_patients,)
            True where the table already holds ranks over exactly the recipe's genes; where it holds some of these
            only, the number of genes that the ranks of each patient were taken among.

        Returns
        -------
        Measured
            Gene values, each patient by itself.

        Raises
        ------
        CohortError
            If no gene of any signature is among the columns, or ranks are over other genes.
        """
        position = {gene: column for column, gene in enumerate(genes)}
        columns = np.array([position.get(gene, -1) for gene in self.genes.tolist()], dtype=np.intp)
        if len(self.gene) and (columns[self.members[self.signature_genes]] < 0).all():
            raise CohortError(
                f"none of the {len(self.signature_genes)} signature genes is among the {len(position)} genes "
                f"given ({name_some(genes)}); HGNC symbols are needed"
            )
        known = columns >= 0
        if self.method.values != "rank":
            picked = np.where(known[self.members], expression[:, columns[self.members]], np.nan).astype(np.float64)
            whole = np.where(known, expression[:, columns], np.nan) if self.method.values == "density" else None
            return Measured(picked, (~np.isnan(expression[:, columns[known]])).sum(axis=1), whole)
        counted = isinstance(ranked, np.ndarray)
        if counted or ranked:
            if len(position) > known.sum() or not (counted or known.all()):
                raise CohortError("ranks were taken over other genes than the recipe's; give expression instead")
            ranks = expression.take(columns[self.members], axis=1).astype(np.float64)
            ranks[:, ~known[self.members]] = np.nan
            total = ranked if isinstance(ranked, np.ndarray) else (~np.isnan(expression)).sum(axis=1)
        else:
            inside, mine = np.cumsum(known) - 1, known[self.members]
            ranks = np.full((len(expression), len(self.members)), np.nan)
            ranks[:, mine], total = rank_columns(expression.take(columns[known], axis=1), inside[self.members[mine]])
        return Measured((ranks - 0.5) / np.maximum(total, 1)[:, None], total)

    def reference_rows(self, batch: npt.NDArray[np.str_]) -> npt.NDArray[np.intp]:
        """Give the reference row of each patient: the row of its batch, or the pooled row.

        Parameters
        ----------
        batch : ndarray of str, shape (n_patients,)
            Batch of each patient; an unknown one is standardised by the pooled reference.

        Returns
        -------
        ndarray of int, shape (n_patients,)
            Rows of the reference arrays.
        """
        rows = {str(name): row for row, name in enumerate(self.batches)}
        return np.array([rows.get(str(name), len(self.batches)) for name in batch], dtype=np.intp)

    def gene_z(self, measured: Measured, rows: npt.NDArray[np.intp]) -> Floats:
        """Standardise gene values by their references, within the limit; a gene constant in training gives 0."""
        z: Floats = (measured.values - self.gene_mean[rows]) * inverse_sd(self.gene_sd)[rows]
        return z if np.isinf(self.z_limit) else z.clip(-self.z_limit, self.z_limit)

    def raw_scores(self, measured: Measured, rows: npt.NDArray[np.intp]) -> Floats:
        """Score every signature, before standardisation.

        Parameters
        ----------
        measured : Measured
            Gene values.
        rows : ndarray of int, shape (n_patients,)
            Reference rows.

        Returns
        -------
        ndarray of float64, shape (n_patients, n_signatures)
            Scores; NaN where withheld.
        """
        return self.score_signatures(self._look(measured, rows))

    def _look(self, measured: Measured, rows: npt.NDArray[np.intp]) -> Entering:
        """Give what enters the scores: z, and what the scoring method takes for a gene."""
        z = self.gene_z(measured, rows)
        if measured.whole is not None:
            density = find_densities(measured.whole, rows, self.kernel, self.kernel_start)
            ranks, ranked = rank_columns(density, self.members)
            return Entering(z, (ranks - 0.5) / np.maximum(ranked, 1)[:, None], ranked)
        return Entering(z, measured.values if self.method.values == "rank" else z, measured.n_measured)

    def apply(
        self, measured: Measured, batch: npt.NDArray[np.str_], covariates: Mapping[str, npt.NDArray[Any]]
    ) -> Features:
        """Make the features of some patients.

        Parameters
        ----------
        measured : Measured
            Gene values, from `measure`.
        batch : ndarray of str, shape (n_patients,)
            Batch of each patient, see `reference_rows`.
        covariates : mapping of str to ndarray of shape (n_patients,)
            Clinical variables; one that is absent is missing for everybody.

        Returns
        -------
        Features
            Standardised features.
        """
        rows = self.reference_rows(batch)
        scores = self.raw_scores(measured, rows)
        scaled = (scores - self.signature_mean[rows]) * inverse_sd(self.signature_sd)[rows]
        clinical, imputed = self._covariate_columns(covariates, len(rows))
        values = np.hstack([np.where(np.isnan(scaled), 0.0, scaled), clinical])
        missing = np.hstack([np.isnan(scaled), imputed])
        genes = measured.values[:, self.signature_genes]
        coverage = (~np.isnan(genes)).mean(axis=1) if genes.shape[1] else np.ones(len(rows))
        return Features(self.names, adjust_values(values, missing, self.mix), missing, coverage)

    def featurise(
        self,
        expression: npt.NDArray[np.floating],
        genes: Sequence[str],
        batch: npt.NDArray[np.str_],
        covariates: Mapping[str, npt.NDArray[Any]],
        ranked: bool | npt.NDArray[np.int64] = False,
        reference: Reference = "batch",
    ) -> "Featurised":
        """Go from tables to features, by the chosen reference.

        Parameters
        ----------
        expression, genes, ranked
            As in `measure`.
        batch, covariates
            As in `apply`.
        reference : {"batch", "pooled", "cohort"}
            ``cohort`` learns location and scale anew from these very patients, without outcomes.

        Returns
        -------
        Featurised
            Features, and all that it took to make them.

        Raises
        ------
        CohortError
            If no signature gene is there, or ``cohort`` is asked for with fewer than 30 patients.
        """
        measured = self.measure(expression, genes, ranked)
        recipe = self
        if reference != "batch":
            batch = np.full(len(batch), "")
        if reference == "cohort":
            if len(batch) < LEAST_FOR_REFERENCE:
                raise CohortError(
                    f"a reference of the cohort's own needs {LEAST_FOR_REFERENCE} patients, found {len(batch)}; "
                    "use the pooled reference"
                )
            recipe = self.relearned(measured, batch)
        return Featurised(recipe, measured, batch, recipe.apply(measured, batch, covariates))

    def _covariate_columns(
        self, covariates: Mapping[str, npt.NDArray[Any]], n_patients: int
    ) -> tuple[Floats, npt.NDArray[np.bool_]]:
        values = np.full((n_patients, len(self.covariate)), np.nan)
        for name in dict.fromkeys(map(str, self.covariate)):
            if name in covariates:
                mine = self.covariate == name
                values[:, mine] = encode_covariate(name, covariates[name], self.level[mine], self.base[mine][0])
        imputed = np.isnan(values)
        values = np.where(imputed, self.fill, values)
        return (values - self.covariate_mean) * inverse_sd(self.covariate_sd), imputed

    def learned(self, measured: Measured, batch: npt.NDArray[np.str_]) -> "FeatureRecipe":
        """Learn weights, location and scale from training, without looking at any outcome.

        Parameters
        ----------
        measured : Measured
            Gene values of the training patients.
        batch : ndarray of str, shape (n_patients,)
            Their batches.

        Returns
        -------
        FeatureRecipe
            The recipe; weights and references are frozen in it.
        """
        located = self.relearned(measured, batch)
        if self.method.learn_weights is None:
            return located
        z = located.gene_z(measured, located.reference_rows(batch))
        return replace(located, weight=located.learn_weights(z)).relearned(measured, batch)

    def relearned(self, measured: Measured, batch: npt.NDArray[np.str_]) -> "FeatureRecipe":
        """Learn location and scale of genes and scores anew, without looking at any outcome; weights stay.

        Parameters
        ----------
        measured : Measured
            Gene values of the patients to learn from.
        batch : ndarray of str, shape (n_patients,)
            Their batches; each gets a reference of its own, and one is pooled.

        Returns
        -------
        FeatureRecipe
            The recipe with the new references.

        """
        names, groups = np.unique(batch, return_inverse=True)
        gene_mean, gene_sd = locate(measured.values, measured.values, groups)
        fresh = replace(self, batches=names, gene_mean=gene_mean, gene_sd=gene_sd)
        if measured.whole is not None:
            kernel, kernel_start = learn_kernel(measured.whole, groups)
            fresh = replace(fresh, kernel=kernel, kernel_start=kernel_start)
        own = fresh._look(measured, groups)
        pooled = own if len(names) == 1 else fresh._look(measured, np.full(len(batch), len(names)))
        mean, sd = locate(fresh.score_signatures(own), fresh.score_signatures(pooled), groups)
        terms, _ = locate(fresh.gene_terms(own), fresh.gene_terms(pooled), groups)
        return replace(fresh, signature_mean=mean, signature_sd=sd, term_mean=terms)

    def split_over_genes(self, measured: Measured, batch: npt.NDArray[np.str_]) -> tuple[Floats, Floats]:
        """Split each standardised signature exactly over its genes, by the method's own arithmetic.

        A set's score is a sum of what its genes add, and a gene's share is what it adds more than in training;
        the lower of two subunits or parts is given to the genes that decided it. No feature is adjusted here.

        Parameters
        ----------
        measured : Measured
            Gene values.
        batch : ndarray of str, shape (n_patients,)
            Batch of each patient.

        Returns
        -------
        shares : ndarray of float64, shape (n_patients, n_entries)
            Share of each signature-gene entry, in the order of `gene`.
        rest : ndarray of float64, shape (n_patients, n_signatures)
            What is left: 0 unless genes of the signature were not measured. Shares and rest of a signature add
            up to its standardised value.
        """
        rows = self.reference_rows(batch)
        mean, sd, usual = self.signature_mean[rows], self.signature_sd[rows], self.term_mean[rows]
        return self.split_scores(self._look(measured, rows), mean, sd, usual)


@dataclass(frozen=True, eq=False)
class Featurised:
    """Features of some patients, and all that it took to make them.

    Parameters
    ----------
    recipe : FeatureRecipe
        The recipe with the references that were used.
    measured : Measured
        Gene values.
    batch : ndarray of str, shape (n_patients,)
        Batch each patient was standardised by; empty for the pooled reference.
    features : Features
        The features.
    """

    recipe: FeatureRecipe
    measured: Measured
    batch: npt.NDArray[np.str_]
    features: Features
