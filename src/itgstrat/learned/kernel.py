"""What GSVA remembers of training: the values of every gene, each gene's sorted by themselves."""

import numpy as np
import numpy.typing as npt

from itgstrat.scoring.gsva import estimate_density

Floats = npt.NDArray[np.float64]

#: Fewest patients whose values are kept as a reference; sorted values of a few would nearly be their profiles.
LEAST_FOR_KERNEL = 10


def learn_kernel(
    expression: npt.NDArray[np.floating], groups: npt.NDArray[np.intp]
) -> tuple[npt.NDArray[np.floating], npt.NDArray[np.intp]]:
    """Keep the values of training patients as the centres of GSVA's kernels.

    The values of each gene are sorted within their batch, every gene by itself: what stands in one row is not of one
    patient, and no patient's row can be read from it. A batch of fewer than 10 patients gets no reference of its own;
    such batches are sorted together and count in the pooled reference, if they have 10 patients in all.

    Parameters
    ----------
    expression : ndarray of float, shape (n_patients, n_genes)
        Log2 expression; NaN is not measured.
    groups : ndarray of int, shape (n_patients,)
        Batch of each patient, from 0.

    Returns
    -------
    kernel : ndarray of float, shape (n_kept, n_genes)
        Values by batch, rising; not measured is infinite and last.
    kernel_start : ndarray of int, shape (n_batches + 1,)
        Slices of `kernel`; what stands behind the last is of small batches.
    """
    sizes = np.bincount(groups)
    small = sizes[groups] < LEAST_FOR_KERNEL
    kept = [groups == batch if size >= LEAST_FOR_KERNEL else groups < 0 for batch, size in enumerate(sizes)]
    if small.sum() >= LEAST_FOR_KERNEL or small.all():
        kept.append(small)
    blocks = [np.sort(np.where(np.isnan(expression[own]), np.inf, expression[own]), axis=0) for own in kept]
    start = np.cumsum([0, *map(len, blocks)])[: len(sizes) + 1]
    return np.concatenate(blocks).astype(expression.dtype), start.astype(np.intp)


def find_densities(
    expression: npt.NDArray[np.floating],
    rows: npt.NDArray[np.intp],
    kernel: npt.NDArray[np.floating],
    kernel_start: npt.NDArray[np.intp],
) -> Floats:
    """Place each value in its gene's distribution over training, see `itgstrat.scoring.gsva.estimate_density`.

    Parameters
    ----------
    expression : ndarray of float, shape (n_patients, n_genes)
        Log2 expression of the genes of `kernel`; NaN is not measured.
    rows : ndarray of int, shape (n_patients,)
        Batch whose reference is taken; one that has none, and the number behind the last, is pooled: all of `kernel`.
    kernel, kernel_start
        From `learn_kernel`.

    Returns
    -------
    ndarray of float64, shape (n_patients, n_genes)
        Densities.
    """
    sizes = np.append(np.diff(kernel_start), 0)
    chosen = np.where(sizes[rows] > 0, rows, len(sizes) - 1)
    density = np.empty(expression.shape)
    for row in np.unique(chosen).tolist():
        own = slice(kernel_start[row], kernel_start[row + 1]) if row < len(sizes) - 1 else slice(None)
        density[chosen == row] = estimate_density(expression[chosen == row], kernel[own])
    return density
