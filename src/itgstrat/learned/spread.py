"""RiskSpread: the coefficients of bootstrap samples, and the interval of a patient's risk over them."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from itgstrat.learned.records import ArrayRecord

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class RiskSpread(ArrayRecord):
    r"""How far a linear risk moves when training is repeated on other samples of the same patients.

    .. math:: risk_b(x) = \beta_b^\top (x - \bar x), \quad b = 1, \ldots, B

    Parameters
    ----------
    features : ndarray of str, shape (n_features,)
        Feature names, in the order of the trained model.
    center : ndarray of float64, shape (n_features,)
        Training means, where the risk is 0, those of the trained model.
    coef : ndarray of float64, shape (n_samples, n_features)
        Coefficients, one row a bootstrap sample.
    """

    features: npt.NDArray[np.str_]
    center: Floats
    coef: Floats

    def risks(self, features: Floats) -> Floats:
        """Compute the risk of each patient in each sample.

        Parameters
        ----------
        features : ndarray of float64, shape (n_patients, n_features)
            Standardised features.

        Returns
        -------
        ndarray of float64, shape (n_patients, n_samples)
            Risk relative to the training mean.
        """
        # one feature at a time, so that a patient's numbers do not depend on who else is in the file
        risks = np.zeros((len(features), len(self.coef)))
        for values, own in zip((features - self.center).T, self.coef.T, strict=True):
            risks += values[:, None] * own
        return risks

    def interval(self, features: Floats, level: float = 0.95) -> tuple[Floats, Floats]:
        """Take the percentiles of each patient's risk over the samples.

        Parameters
        ----------
        features : ndarray of float64, shape (n_patients, n_features)
            Standardised features.
        level : float
            Share of the samples within.

        Returns
        -------
        low, high : ndarray of float64, shape (n_patients,)
            Limits; they need not lie around the risk of the trained model, whose penalty they share.

        Examples
        --------
        >>> spread = RiskSpread(np.array(["age"]), np.zeros(1), np.linspace(0, 1, 101)[:, None])
        >>> low, high = spread.interval(np.array([[2.0]]))
        >>> low.round(3).tolist(), high.round(3).tolist()
        ([0.05], [1.95])
        """
        outside = (1 - level) / 2
        low, high = np.quantile(self.risks(features), [outside, 1 - outside], axis=1)
        return low, high

    def chosen(self) -> Floats:
        """Share of the samples in which each feature has a coefficient, shape (n_features,)."""
        share: Floats = np.count_nonzero(self.coef, axis=0) / len(self.coef)
        return share
