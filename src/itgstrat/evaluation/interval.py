"""An estimate with its 95% interval, from bootstrap draws or from a standard error."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

#: 97.5th percentile of the standard normal distribution.
Z_95 = 1.959963984540054


@dataclass(frozen=True)
class Interval:
    """An estimate with its 95% interval.

    Parameters
    ----------
    estimate, low, high : float
        Point estimate and limits; NaN where they cannot be had.
    """

    estimate: float
    low: float
    high: float

    def signed(self) -> str:
        """Write a difference: every number with its sign."""
        return f"{self.estimate:+.3f} ({self.low:+.3f} to {self.high:+.3f})"

    def __str__(self) -> str:
        return f"{self.estimate:.3f} ({self.low:.3f} to {self.high:.3f})"


def from_draws(estimate: float, draws: Floats) -> Interval:
    """Take the 2.5th and 97.5th percentile of bootstrap draws as limits.

    Parameters
    ----------
    estimate : float
        Point estimate.
    draws : ndarray of float64, shape (n_draws,)
        The estimate in each bootstrap sample; NaN, where a sample gives none, is left out.

    Returns
    -------
    Interval
        NaN limits where no draw gives an estimate.

    Examples
    --------
    >>> print(from_draws(0.5, np.linspace(0, 1, 101)))
    0.500 (0.025 to 0.975)
    """
    drawn = draws[~np.isnan(draws)]
    low, high = np.percentile(drawn, [2.5, 97.5]) if len(drawn) else (np.nan, np.nan)
    return Interval(float(estimate), float(low), float(high))


def from_error(estimate: float, error: float) -> Interval:
    """Take 1.96 standard errors on either side as limits.

    Parameters
    ----------
    estimate, error : float
        Point estimate and its standard error.

    Returns
    -------
    Interval
        Estimate and limits.

    Examples
    --------
    >>> print(from_error(1.0, 0.1))
    1.000 (0.804 to 1.196)
    """
    return Interval(float(estimate), float(estimate - Z_95 * error), float(estimate + Z_95 * error))
