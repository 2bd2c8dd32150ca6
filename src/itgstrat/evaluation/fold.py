"""One split of the patients, and the features that its models share: each is computed once."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from itgstrat.cohort import Cohort
from itgstrat.errors import ModelError
from itgstrat.evaluation.split import Split
from itgstrat.fitting import FeaturePanel
from itgstrat.learned import Reference
from itgstrat.scoring import SCORES

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class FoldFeatures:
    """Features of the patients of one split.

    Parameters
    ----------
    train : DataFrame of float64, shape (n_train, n_features)
        Training patients.
    test : dict of str to ndarray of float64, shape (n_test, n_features)
        Judged patients, by the reference that they are standardised by.
    """

    train: pd.DataFrame
    test: dict[Reference, Floats]

    def beside(self, other: "FoldFeatures") -> "FoldFeatures":
        """Put the features of another panel behind these."""
        # one block in row order, as a panel of both gives it: sums of floats depend on the layout
        train = np.hstack([self.train.to_numpy(), other.train.to_numpy()])
        names = [*self.train.columns, *other.train.columns]
        test = {name: np.hstack([values, other.test[name]]) for name, values in self.test.items()}
        return FoldFeatures(pd.DataFrame(train, index=self.train.index, columns=names), test)


class Fold:
    """Patients of one split, from whom features are made.

    Signatures and covariates are standardised apart from each other, so a model of both, one of either, and the same
    model on outcomes that were dealt out anew all take the same columns. Where features are adjusted for each other,
    every choice of them is a matter of its own.

    Parameters
    ----------
    train, test : Cohort
        Where training and judged patients are taken from.
    split : Split
        Their positions.
    references : sequence of str
        References to standardise the judged patients by.
    """

    def __init__(self, train: Cohort, test: Cohort, split: Split, references: Sequence[Reference]) -> None:
        self.train, self.test, self.split, self.references = train, test, split, tuple(references)
        self._made: dict[object, FoldFeatures] = {}

    def features(self, panel: FeaturePanel) -> FoldFeatures:
        """Give the features of a panel.

        Parameters
        ----------
        panel : FeaturePanel
            Unfitted; it stays so.

        Returns
        -------
        FoldFeatures
            The columns that the panel, fitted on the training patients, makes.

        Raises
        ------
        ModelError, CohortError
            As `FeaturePanel.fit`.
        """
        if panel.adjust_for or not panel.signatures or not panel.covariates:
            return self._make(panel)
        given = panel.get_params(deep=False)
        scores = self._make(FeaturePanel(**given | {"covariates": (), "alterations": ()}))
        try:
            clinical = self._make(FeaturePanel(**given | {"signatures": ()}))
        except ModelError:  # no covariate says anything here; the scores are enough
            return scores
        return scores.beside(clinical)

    def _make(self, panel: FeaturePanel) -> FoldFeatures:
        key = (repr(panel.signatures), panel.covariates, panel.adjust_for)
        if key not in self._made:
            self._made[key] = self._compute(panel)
        return self._made[key]

    def _compute(self, panel: FeaturePanel) -> FoldFeatures:
        inside = keep_needed(self.train, panel)[self.split.train]
        recipe, measured = panel.learn_recipe(inside)
        own = recipe.apply(measured, inside.batch, inside.arrays()["covariates"])
        arrays = keep_needed(self.test, panel)[self.split.test].arrays()
        if not panel.signatures:  # the one gene that a table keeps need not be that of training
            arrays["ranked"] = False
        return FoldFeatures(
            pd.DataFrame(own.values, index=inside.patients, columns=list(own.names)),
            {name: recipe.featurise(**arrays, reference=name).features.values for name in self.references},
        )


def keep_needed(cohort: Cohort, panel: FeaturePanel) -> Cohort:
    """Leave out the genes that no feature is made of, before patients are copied.

    Parameters
    ----------
    cohort : Cohort
        Patients.
    panel : FeaturePanel
        Its features come out the same.

    Returns
    -------
    Cohort
        The same patients.
    """
    if SCORES[panel.score].values == "density" or any(one.rule == "every_gene" for one in panel.signatures):
        return cohort
    genes = list(dict.fromkeys(gene for one in panel.signatures for gene in one.genes)) or [str(cohort.genes[0])]
    return cohort.keep_genes(genes) if cohort.genes.isin(genes).any() else cohort
