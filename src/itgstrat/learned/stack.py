"""StackedModel: several survival models, each on features of its own, and one log hazard made of their risks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from itgstrat.errors import BundleError
from itgstrat.learned.baseline import ProportionalHazards
from itgstrat.learned.model import MODEL_KINDS, SurvivalModel, pack_model, unpack_model

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class StackedModel(ProportionalHazards):
    r"""A weighted sum of the risks of other models.

    .. math:: risk(x) = \sum_k w_k \left( risk_k(x) - c_k \right)

    Parameters
    ----------
    strata, start, times_days, cumulative_hazard, followed_days : ndarray
        Baseline hazard, as in `ProportionalHazards`.
    features : ndarray of str, shape (n_features,)
        Feature names.
    names : ndarray of str, shape (n_members,)
        Names of the members.
    weight : ndarray of float64, shape (n_members,)
        Log hazard per unit of each member's risk, 0 or more.
    center : ndarray of float64, shape (n_members,)
        Mean risk of each member over the training patients.
    chosen : ndarray of bool, shape (n_members, n_features)
        Which features each member is given.
    members : tuple of SurvivalModel
        The models.
    """

    features: npt.NDArray[np.str_]
    names: npt.NDArray[np.str_]
    weight: Floats
    center: Floats
    chosen: npt.NDArray[np.bool_]
    members: tuple[SurvivalModel, ...]

    @property
    def used(self) -> npt.NDArray[np.intp]:
        """Positions of the features that the risk depends on."""
        parts = zip(self.members, self.chosen, self.weight, strict=True)
        needed = [np.flatnonzero(own)[member.used] for member, own, weight in parts if weight]
        return np.unique(np.concatenate(needed)) if needed else np.empty(0, dtype=np.intp)

    def member_risks(self, features: Floats) -> Floats:
        """Compute each member's share of the risk; a row adds up to the risk.

        Parameters
        ----------
        features : ndarray of float64, shape (n_patients, n_features)
            Standardised features.

        Returns
        -------
        ndarray of float64, shape (n_patients, n_members)
            Weight x (risk of the member - its training mean).
        """
        parts = zip(self.members, self.chosen, strict=True)
        risks = np.stack([member.risk(features[:, own]) for member, own in parts], axis=1)
        shares: Floats = self.weight * (risks - self.center)
        return shares

    def risk(self, features: Floats) -> Floats:
        """Compute the risk; higher is worse.

        Parameters
        ----------
        features : ndarray of float64, shape (n_patients, n_features)
            Standardised features.

        Returns
        -------
        ndarray of float64, shape (n_patients,)
            Log hazard relative to the training mean.
        """
        risk: Floats = self.member_risks(features).sum(axis=1)
        return risk

    def survival(
        self, features: Floats, times_days: Sequence[float] | Floats, strata: npt.NDArray[np.str_] | None = None
    ) -> Floats:
        """Predict survival from the risk; see `ProportionalHazards.survival_at`.

        Parameters
        ----------
        features : ndarray of float64, shape (n_patients, n_features)
            Standardised features.
        times_days : sequence of float, shape (n_times,)
            Times in days.
        strata : ndarray of str, shape (n_patients,), optional
            Baseline stratum of each patient; the pooled baseline where it is unknown or not given.

        Returns
        -------
        ndarray of float64, shape (n_patients, n_times)
            Survival probability; NaN beyond the follow-up that the baseline was learned from.
        """
        return self.survival_at(self.risk(features), times_days, strata)

    def to_arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Give every field as an array, those of the members behind their number.

        Returns
        -------
        dict of str to ndarray
            Field name -> array; ``NUMBER.FIELD`` for the members.
        """
        own = {item.name: np.asarray(getattr(self, item.name)) for item in fields(self) if item.name != "members"}
        packed = (pack_model(member) for member in self.members)
        return own | {f"{k}.{name}": array for k, arrays in enumerate(packed) for name, array in arrays.items()}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[Any]]) -> Self:
        """Build the record from what `to_arrays` gave.

        Parameters
        ----------
        arrays : mapping of str to ndarray
            Own fields, and those of the members.

        Returns
        -------
        StackedModel
            An equal record.

        Raises
        ------
        BundleError
            If a field is missing or one too many is there.
        """
        own = {name: array for name, array in arrays.items() if "." not in name}
        expected = {item.name for item in fields(cls)} - {"members"}
        if expected != set(own):
            raise BundleError(f"a stacked model needs the arrays {sorted(expected)}, found {sorted(own)}")
        members = []
        for k in range(len(own["names"])):
            prefix = f"{k}."
            parts = {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}
            members.append(unpack_model(parts))
        return cls(**own, members=tuple(members))  # type: ignore[arg-type]


MODEL_KINDS["stacked"] = StackedModel
