"""Familiarity: how like the patients of training a new patient is."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from itgstrat.learned.features import Features, Measured
from itgstrat.learned.recipe import FeatureRecipe
from itgstrat.learned.records import ArrayRecord

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Familiarity(ArrayRecord):
    """Limits that nearly all training patients keep.

    Parameters
    ----------
    anchors : ndarray of int, shape (n_anchors,)
        Members of the recipe whose values make up a patient's expression profile.
    least_correlation : float
        First percentile, over training patients, of the correlation with the mean profile of their batch.
    most_spread : float
        99th percentile of the root mean square of the standardised signatures.
    most_extreme : float
        99th percentile of the most extreme standardised signature.
    covariate_least, covariate_most : ndarray of float64, shape (n_covariate_columns,)
        Range of each standardised covariate column in training.

    Signatures are judged, and their limits learned, by the pooled reference, whatever the reference of a prediction.
    """

    anchors: npt.NDArray[np.intp]
    least_correlation: float
    most_spread: float
    most_extreme: float
    covariate_least: Floats
    covariate_most: Floats

    @classmethod
    def learn(
        cls,
        recipe: FeatureRecipe,
        measured: Measured,
        features: Features,
        anchors: npt.NDArray[np.intp],
    ) -> Self:
        """Learn the limits from the training patients.

        Parameters
        ----------
        recipe : FeatureRecipe
            The recipe with its references.
        measured : Measured
            Gene values of the training patients.
        features : Features
            Their features by the pooled reference.
        anchors : ndarray of int, shape (n_anchors,)
            Members of the recipe to compare profiles on.

        Returns
        -------
        Familiarity
            The limits.
        """
        nothing = np.empty(0)
        draft = cls(anchors, -1.0, np.inf, np.inf, nothing, nothing)
        scores, covariates = np.split(features.values, [len(recipe.signatures)], axis=1)
        return cls(
            anchors,
            float(np.nanquantile(draft.correlations(recipe, measured).max(axis=1), 0.01)),
            float(np.quantile(_spread(scores), 0.99)),
            float(np.quantile(np.abs(scores).max(axis=1, initial=0.0), 0.99)),
            covariates.min(axis=0, initial=np.inf),
            covariates.max(axis=0, initial=-np.inf),
        )

    def correlations(self, recipe: FeatureRecipe, measured: Measured) -> Floats:
        """Correlate each patient's profile with the mean profile of every training batch.

        Parameters
        ----------
        recipe : FeatureRecipe
            Holds the mean profiles.
        measured : Measured
            Gene values.

        Returns
        -------
        ndarray of float64, shape (n_patients, n_batches)
            Pearson correlation over the anchors that were measured; 0 where fewer than 10 were.
        """
        values = measured.values[:, self.anchors]
        seen = ~np.isnan(values)
        profiles = recipe.gene_mean[:-1, self.anchors]
        return np.stack([_correlate(values, profile, seen) for profile in profiles], axis=1)

    def is_foreign(self, recipe: FeatureRecipe, measured: Measured) -> npt.NDArray[np.bool_]:
        """Tell whose expression profile is like that of no training cohort: another tissue or kind of data.

        Parameters
        ----------
        recipe : FeatureRecipe
            Holds the mean profiles.
        measured : Measured
            Gene values.

        Returns
        -------
        ndarray of bool, shape (n_patients,)
            True where the best correlation is below the limit of training.
        """
        best: npt.NDArray[np.bool_] = self.correlations(recipe, measured).max(axis=1) < self.least_correlation
        return best

    def judge(self, recipe: FeatureRecipe, measured: Measured, features: Features) -> list[str]:
        """Say for each patient why it is out of distribution.

        Parameters
        ----------
        recipe : FeatureRecipe
            The recipe.
        measured : Measured
            Gene values.
        features : Features
            Features made from them by the pooled reference.

        Returns
        -------
        list of str
            Reasons; an empty string where the patient is like those of training.
        """
        scores = features.values[:, : len(recipe.signatures)]
        best = self.correlations(recipe, measured).max(axis=1)
        spread, extreme = _spread(scores), np.abs(scores)
        reasons = []
        for patient in range(len(scores)):
            found = []
            if best[patient] < self.least_correlation:
                found.append(
                    f"expression profile correlates {best[patient]:.2f} with training (99% of training: "
                    f"{self.least_correlation:.2f} or more): another tissue or kind of data, such as "
                    "log-ratios against levels; predict --reference cohort standardises anew"
                )
            if extreme[patient].max(initial=0.0) > self.most_extreme:
                worst = np.argsort(-extreme[patient])[:3]
                far = [f for f in worst if extreme[patient, f] > self.most_extreme]
                named = ", ".join(f"{recipe.signatures[f]} {scores[patient, f]:+.1f} SD" for f in far)
                found.append(f"extreme features: {named} (99% of training: within {self.most_extreme:.1f})")
            elif spread[patient] > self.most_spread:
                found.append(
                    f"features far from training as a whole (root mean square {spread[patient]:.2f} SD; 99% of "
                    f"training: {self.most_spread:.2f} or less)"
                )
            reasons.append("; ".join([*found, *self._judge_covariates(recipe, features, patient)]))
        return reasons

    def _judge_covariates(self, recipe: FeatureRecipe, features: Features, patient: int) -> list[str]:
        """Name the numbers that lie more than half a standard deviation outside the range of training."""
        values = features.values[patient, len(recipe.signatures) :]
        margin = np.where(recipe.level == "", 0.5, np.inf)
        outside = (values < self.covariate_least - margin) | (values > self.covariate_most + margin)
        mean, sd = recipe.covariate_mean, recipe.covariate_sd
        return [
            f"{recipe.covariate[c]} {values[c] * sd[c] + mean[c]:g} (training: "
            f"{self.covariate_least[c] * sd[c] + mean[c]:g} to {self.covariate_most[c] * sd[c] + mean[c]:g})"
            for c in np.flatnonzero(outside)
        ]


def _spread(scores: Floats) -> Floats:
    """Root mean square of the standardised signatures of each patient."""
    spread: Floats = np.sqrt((scores**2).sum(axis=1) / max(scores.shape[1], 1))
    return spread


def _correlate(values: Floats, profile: Floats, seen: npt.NDArray[np.bool_]) -> Floats:
    """Correlation of each row with the profile, over what was measured, row by row."""
    count = np.maximum(seen.sum(axis=1, keepdims=True), 1)
    mine = np.where(seen, values, 0.0)
    mine = np.where(seen, mine - mine.sum(axis=1, keepdims=True) / count, 0.0)
    other = np.where(seen, profile, 0.0)
    other = np.where(seen, other - other.sum(axis=1, keepdims=True) / count, 0.0)
    scale = np.sqrt((mine**2).sum(axis=1) * (other**2).sum(axis=1))
    enough = (seen.sum(axis=1) >= 10) & (scale > 0)
    correlation: Floats = np.divide((mine * other).sum(axis=1), scale, out=np.zeros(len(values)), where=enough)
    return correlation
