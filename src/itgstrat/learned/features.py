"""What a recipe makes of some patients: measured gene values, then standardised features."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Measured:
    """The gene values of some patients, before any reference is applied.

    Parameters
    ----------
    values : ndarray of float64, shape (n_patients, n_members)
        Rank fraction or log2 expression of the recipe's member genes; NaN where not measured.
    n_measured : ndarray of int64, shape (n_patients,)
        Genes measured in each patient, among those of the recipe.
    whole : ndarray of float, shape (n_patients, n_genes), optional
        Log2 expression of all the recipe's genes, where the score ranks their densities.
    """

    values: Floats
    n_measured: Ints
    whole: npt.NDArray[np.floating] | None = None


@dataclass(frozen=True, eq=False)
class Features:
    """Features of some patients, standardised: 0 is the training mean, 1 a training standard deviation.

    Parameters
    ----------
    names : tuple of str
        Feature names, signatures first.
    values : ndarray of float64, shape (n_patients, n_features)
        Standardised values; 0, the training mean, where withheld or imputed by it.
    missing : ndarray of bool, shape (n_patients, n_features)
        True where a score was withheld or a covariate imputed.
    coverage : ndarray of float64, shape (n_patients,)
        Share of the signatures' genes that were measured.
    """

    names: tuple[str, ...]
    values: Floats
    missing: npt.NDArray[np.bool_]
    coverage: Floats
