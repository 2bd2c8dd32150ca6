"""Logistic regression on a few columns under many weightings at once: what a calibration curve and its band need."""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def fit_weighted_logistic(label: npt.NDArray[np.bool_], features: Floats, weights: Floats) -> Floats:
    r"""Maximise the weighted likelihood with an intercept, by Newton's method.

    A patient may stand with several predictions, one a repetition, each with an equal share of the weight:

    .. math:: \ell(\beta) = \sum_i \frac{w_i}{R} \sum_r \bigl( y_i x_{ir}^\top \beta
              - \log(1 + e^{x_{ir}^\top \beta}) \bigr)

    Parameters
    ----------
    label : ndarray of bool, shape (n_patients,)
        Whether the patient is of the class.
    features : ndarray of float64, shape (n_patients, n_repeats, n_columns)
        Columns, about standardised.
    weights : ndarray of float64, shape (n_patients, n_weightings)
        Weights of the patients, such as bootstrap counts.

    Returns
    -------
    ndarray of float64, shape (1 + n_columns, n_weightings)
        Intercept and log odds ratios; NaN where no maximum was found, such as where the classes are separated.

    Examples
    --------
    >>> label = np.array([False, True, True, True])
    >>> fit_weighted_logistic(label, np.empty((4, 1, 0)), np.ones((4, 1))).round(4)
    array([[1.0986]])
    """
    n, repeats, n_columns = features.shape
    x = np.concatenate([np.ones((n, repeats, 1)), features], axis=2).reshape(n * repeats, -1)
    squares = (x[:, :, None] * x[:, None, :]).reshape(len(x), -1)
    share, observed = np.repeat(weights / repeats, repeats, axis=0), np.repeat(label, repeats)[:, None]
    beta = np.zeros((n_columns + 1, weights.shape[1]))
    done = np.zeros(weights.shape[1], dtype=bool)
    for _ in range(50):
        chance = 1 / (1 + np.exp(-np.clip(x @ beta, -30, 30)))
        gradient = x.T @ (share * (observed - chance))
        information = ((share * chance * (1 - chance)).T @ squares).reshape(-1, n_columns + 1, n_columns + 1)
        step = np.einsum("bkl,lb->kb", np.linalg.pinv(information, hermitian=True), gradient)
        done = np.abs(step).max(axis=0) < 1e-8
        if done.all():
            break
        beta += np.clip(step, -2.0, 2.0)
    return np.where(done, beta, np.nan)
