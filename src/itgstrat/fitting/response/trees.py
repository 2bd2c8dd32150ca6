"""What the tree ensembles share: out-of-fold scores for the calibration, and a record of their trees."""

from abc import abstractmethod
from typing import Any, Literal, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import ClassifierMixin, clone

from itgstrat.errors import ModelError
from itgstrat.fitting.response.base import (
    Calibration,
    ResponseEstimator,
    check_trainable,
    learn_calibration,
    split_inside,
)
from itgstrat.learned.response import TreeResponse
from itgstrat.response import Response

Floats = npt.NDArray[np.float64]


class TreeEstimator(ResponseEstimator):
    """A scikit-learn ensemble of trees, calibrated, that leaves a `TreeResponse`.

    Attributes
    ----------
    model_ : TreeResponse
        The learned record.
    library_ : ClassifierMixin
        scikit-learn's own fitted object.
    """

    double: bool
    inner_folds: int
    calibration: Calibration
    class_weight: Literal["balanced"] | None
    seed: int

    @abstractmethod
    def make(self) -> ClassifierMixin:
        """Make scikit-learn's unfitted object."""

    @abstractmethod
    def raw_score(self, fitted: ClassifierMixin, values: Floats) -> Floats:
        """Give the score of scikit-learn's fitted object, shape (n_patients,)."""

    @abstractmethod
    def export(self, fitted: ClassifierMixin) -> dict[str, Any]:
        """Take the fields ``root`` to ``leaf``, ``value`` and ``base`` of a `TreeResponse` out of a fitted object."""

    def fit(self, X: pd.DataFrame, y: Response) -> Self:
        """Fit and calibrate.

        Parameters
        ----------
        X : DataFrame of shape (n_patients, n_features)
            Features; NaN is missing.
        y : Response
            Labels.

        Returns
        -------
        TreeEstimator
            Itself.

        Raises
        ------
        OutcomeError
            If there are fewer than four patients of either label.
        ModelError
            If no feature varies, or this version of scikit-learn keeps its trees in another way.
        """
        check_trainable(X, y)
        values, model = X.to_numpy(dtype=float), self.make()
        outside = np.empty(len(y))
        for train, test in split_inside(y, self.inner_folds, self.seed):
            fitted = clone(model).fit(values[train], y.label[train])
            outside[test] = self.raw_score(fitted, values[test])
        self.library_ = model.fit(values, y.label)
        self.model_ = TreeResponse(
            label=y.name,
            features=np.array(X.columns, dtype=str),
            double=self.double,
            **self.export(self.library_),
            **learn_calibration(outside, y, self.calibration),
        )
        # the library promises nothing about how it keeps trees, so what was taken out is compared at once
        apart = np.abs(self.model_.score(values) - self.raw_score(self.library_, values)).max()
        if apart > 1e-9:
            raise ModelError(
                f"the trees taken out of {type(self.library_).__name__} give other scores (by {apart:.2g}); "
                "use the version of scikit-learn that itgstrat asks for"
            )
        return self
