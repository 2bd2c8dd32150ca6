"""How location and scale are learned, and how a clinical variable becomes columns."""

from typing import Any

import numpy as np
import numpy.typing as npt

from itgstrat.errors import ModelError, name_some

Floats = npt.NDArray[np.float64]

#: Patients below which a batch gets no reference of its own.
LEAST_IN_BATCH = 10


def encode_covariate(name: str, values: npt.NDArray[Any], levels: npt.NDArray[np.str_], base: str = "") -> Floats:
    """Turn a clinical variable into its columns: itself if a number, one indicator a level otherwise.

    Parameters
    ----------
    name : str
        The variable, for messages.
    values : ndarray, shape (n_patients,)
        Its values; None and NaN are missing, and so are an infinite number and a category that training did
        not see.
    levels : ndarray of str, shape (n_columns,)
        The levels; a single empty string for a number.
    base : str
        The level without a column of its own.

    Returns
    -------
    ndarray of float64, shape (n_patients, n_columns)
        The columns; NaN is missing.

    Raises
    ------
    ModelError
        If a number is needed and something else is found.

    Examples
    --------
    >>> encode_covariate("sex", np.array(["f", "m", None], dtype=object), np.array(["m"]), "f")
    array([[ 0.],
           [ 1.],
           [nan]])
    """
    if list(levels) == [""]:
        try:
            numbers = np.asarray(values, dtype=np.float64)
            return np.where(np.isfinite(numbers), numbers, np.nan)[:, None]
        except (TypeError, ValueError) as error:
            raise ModelError(f"covariate {name!r} was a number in training; found {name_some(values)}") from error
    text = np.array([name_level(value) for value in values])[:, None]
    missing = np.array([value is None or value != value for value in values])[:, None]
    known = (text == levels).any(axis=1, keepdims=True) | (text == base)
    return np.where(known & ~missing, (text == levels).astype(float), np.nan)


def name_level(value: object) -> str:
    """Spell a category the same way whether a table holds it as text, integer or float; 2.0 is "2"."""
    return str(int(value)) if isinstance(value, float | np.floating) and float(value).is_integer() else str(value)


def inverse_sd(sd: Floats) -> Floats:
    """1 / sd, and 0 where the spread is nil, so that a constant says nothing."""
    return np.divide(1.0, sd, out=np.zeros_like(sd), where=sd > 1e-12)


def locate(by_batch: Floats, pooled: Floats, groups: npt.NDArray[np.intp]) -> tuple[Floats, Floats]:
    """Mean and SD of each batch and, last, the pooled mean and the SD within batches, ignoring NaN.

    A batch of few patients takes the pooled reference: its own would be rough, and nearly those patients' values.
    """
    n_batches = int(groups.max()) + 1
    mean, sd = np.zeros((n_batches + 1, by_batch.shape[1])), np.zeros((n_batches + 1, by_batch.shape[1]))
    squares, freedom = np.zeros(by_batch.shape[1]), np.zeros(by_batch.shape[1])
    for batch in range(n_batches):
        own = groups == batch
        mean[batch], total, count = _moments(by_batch[own])
        sd[batch] = np.sqrt(total / np.maximum(count - 1, 1))
        _, total, count = _moments(pooled[own])
        squares += total
        freedom += np.maximum(count - 1, 0)
    mean[-1] = _moments(pooled)[0]
    sd[-1] = np.sqrt(squares / np.maximum(freedom, 1))
    small = np.flatnonzero(np.bincount(groups, minlength=n_batches) < LEAST_IN_BATCH)
    mean[small], sd[small] = mean[-1], sd[-1]
    return mean, sd


def _moments(values: Floats) -> tuple[Floats, Floats, Floats]:
    """Mean, sum of squared deviations and count per column, ignoring NaN."""
    seen = ~np.isnan(values)
    count = seen.sum(axis=0).astype(float)
    # counted from the least value, so that a constant has a spread of exactly 0 however many patients there are
    least = np.where(seen, values, np.inf).min(axis=0, initial=np.inf)
    least = np.where(count > 0, least, 0.0)
    above = np.where(seen, values - least, 0.0)
    mean = above.sum(axis=0) / np.maximum(count, 1)
    return least + mean, (np.where(seen, above - mean, 0.0) ** 2).sum(axis=0), count
