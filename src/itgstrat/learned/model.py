"""What every survival model that training leaves behind can do, and the list of their kinds."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, Self

import numpy as np
import numpy.typing as npt

from itgstrat.errors import BundleError
from itgstrat.learned.accelerated import AcceleratedModel
from itgstrat.learned.linear import LinearModel
from itgstrat.learned.response import LogisticModel, ResponseModel, TreeResponse
from itgstrat.learned.trees import BoostedModel, ForestModel

Floats = npt.NDArray[np.float64]


class SurvivalModel(Protocol):
    """A record that tells risk and survival from standardised features."""

    @property
    def features(self) -> npt.NDArray[np.str_]:
        """Names of the features, in the order of the columns."""

    @property
    def used(self) -> npt.NDArray[np.intp]:
        """Positions of the features that the risk depends on."""

    @property
    def followed_until_days(self) -> float:
        """Longest follow-up of all training patients, in days; survival is not told beyond it."""

    def risk(self, features: Floats) -> Floats:
        """Compute risk, shape (n_patients,); higher is worse."""

    def survival(
        self, features: Floats, times_days: Sequence[float] | Floats, strata: npt.NDArray[np.str_] | None = None
    ) -> Floats:
        """Predict survival, shape (n_patients, n_times); NaN beyond the follow-up of training."""

    def to_arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Give the record as named arrays."""

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[Any]]) -> Self:
        """Build the record from what `to_arrays` gave."""


#: Every kind of model record, by the name that stands in a bundle.
MODEL_KINDS: dict[str, type[SurvivalModel] | type[ResponseModel]] = {
    "linear": LinearModel,
    "accelerated": AcceleratedModel,
    "forest": ForestModel,
    "boosted": BoostedModel,
    "logistic": LogisticModel,
    "response_trees": TreeResponse,
}


def pack_model(model: SurvivalModel | ResponseModel) -> dict[str, npt.NDArray[Any]]:
    """Give a model as named arrays, its kind among them.

    Parameters
    ----------
    model : SurvivalModel or ResponseModel
        A record of one of `MODEL_KINDS`.

    Returns
    -------
    dict of str to ndarray
        ``kind`` and the record's own arrays.
    """
    kind = next(name for name, record in MODEL_KINDS.items() if type(model) is record)
    return {"kind": np.array(kind), **model.to_arrays()}


def unpack_model(arrays: Mapping[str, npt.NDArray[Any]]) -> SurvivalModel | ResponseModel:
    """Build a model from what `pack_model` gave.

    Parameters
    ----------
    arrays : mapping of str to ndarray
        Kind and arrays.

    Returns
    -------
    SurvivalModel or ResponseModel
        An equal record.

    Raises
    ------
    BundleError
        If the kind is unknown, or arrays are missing.
    """
    kind = str(arrays.get("kind", ""))
    if kind not in MODEL_KINDS:
        raise BundleError(f"the model is of the kind {kind!r}; this version knows {', '.join(MODEL_KINDS)}")
    return MODEL_KINDS[kind].from_arrays({name: array for name, array in arrays.items() if name != "kind"})
