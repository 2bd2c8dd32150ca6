"""PLAGE: one weight a gene, from the strongest common pattern of the set in a reference cohort (Tomfohr 2005)."""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def learn_loadings(z: Floats, signs: Floats) -> Floats:
    r"""Learn the weight of each gene of one set from reference patients.

    With Z the standardised values, patients x genes, and :math:`Z = U D V^T`, the weights are
    :math:`v_1 / d_1`: a reference patient's score, weights times z, is its entry of :math:`u_1`, which is R GSVA's
    value up to the sign. An axis has no direction of its own; here :math:`\sum_g s_g v_{1g} > 0`, so that a score is
    high where most genes are as the set's signs say, and of two equal ways the gene with the greatest weight decides.

    Parameters
    ----------
    z : ndarray of float64, shape (n_reference, n_set_genes)
        Standardised gene values; NaN is not measured and counts as 0, the mean.
    signs : ndarray of float64, shape (n_set_genes,)
        +1 for genes that raise the score, -1 for genes that lower it.

    Returns
    -------
    ndarray of float64, shape (n_set_genes,)
        Weights; 0 where no gene of the set varies.

    References
    ----------
    Tomfohr 2005, doi 10.1186/1471-2105-6-225

    Examples
    --------
    >>> learn_loadings(np.array([[1.0, -1.0], [-1.0, 1.0]]), np.array([1.0, -1.0]))
    array([ 0.35355339, -0.35355339])
    """
    _, sizes, axes = np.linalg.svd(np.nan_to_num(z), full_matrices=False)
    if not len(sizes) or sizes[0] < 1e-12:
        return np.zeros(len(signs))
    agreement = axes[0] @ signs
    if abs(agreement) < 1e-9:
        strongest = np.argmax(np.abs(axes[0]))
        agreement = axes[0][strongest] * signs[strongest]
    weights: Floats = axes[0] * (np.sign(agreement) / sizes[0])
    return weights
