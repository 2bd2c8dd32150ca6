"""Explanation: what each feature adds to what a model says of each patient, and the same by gene and by system."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from itgstrat.biology import Catalogue
from itgstrat.display import table_html
from itgstrat.errors import ModelError
from itgstrat.explanation.genes import Origin, split_over_genes
from itgstrat.explanation.systems import sum_by_system

Floats = npt.NDArray[np.float64]

#: What an explanation splits.
Explains = Literal["risk", "survival", "log odds"]

#: Rows of the table that a notebook shows.
_SHOWN = 10


@dataclass(frozen=True, eq=False)
class Explanation:
    """An additive explanation: base plus the contributions of a patient is what the model says of the patient.

    Parameters
    ----------
    patients : tuple of str
        Patients, in row order.
    features : tuple of str
        Features that the model uses.
    values : ndarray of float64, shape (n_patients, n_features)
        Their values, in training standard deviations from the training mean.
    imputed : ndarray of bool, shape (n_patients, n_features)
        Whether the value was not measured.
    base : float or ndarray of float64, shape (n_times,) or (n_patients, n_times)
        What the model says without the contributions; by patient where patients have baselines of their own.
    contributions : ndarray of float64, shape (n_patients, n_features) or (n_patients, n_features, n_times)
        What each feature adds.
    output : ndarray of float64, shape (n_patients,) or (n_patients, n_times)
        What the model says; NaN where it tells nothing.
    explains : {"risk", "survival", "log odds"}
        What is split.
    unit : str
        Its unit.
    method : str
        How contributions were found: ``closed form``, ``exact TreeSHAP``, both for a stack, or ``permutation
        (fallback)``; ``, rescaled`` where they were found for the risk and carried over to what follows from it.
    times_days : ndarray of float64, shape (n_times,), optional
        Times in days, where something is told over time.
    origin : Origin, optional
        How the features came from genes; needed for `by_gene`.

    Examples
    --------
    >>> told = Explanation(
    ...     patients=("P1",),
    ...     features=("itg_avb6", "age"),
    ...     values=np.array([[1.0, -0.5]]),
    ...     imputed=np.array([[False, False]]),
    ...     base=0.0,
    ...     contributions=np.array([[0.31, -0.05]]),
    ...     output=np.array([0.26]),
    ...     explains="risk",
    ...     unit="log hazard",
    ...     method="closed form",
    ... )
    >>> told.check() < 1e-12
    True
    >>> told.by_system()[["system", "contribution"]].values.tolist()
    [['Integrin avb6 (ITGAV/ITGB6)', 0.31], ['age', -0.05]]
    """

    patients: tuple[str, ...]
    features: tuple[str, ...]
    values: Floats
    imputed: npt.NDArray[np.bool_]
    base: float | Floats
    contributions: Floats
    output: Floats
    explains: Explains
    unit: str
    method: str
    times_days: Floats | None = None
    origin: Origin | None = None

    def check(self, tolerance: float = 1e-6) -> float:
        """Check that base and contributions add up to what the model says.

        Parameters
        ----------
        tolerance : float
            Largest residual allowed, relative to the largest output where that is above 1.

        Returns
        -------
        float
            The largest residual, absolute; 0 where the model tells nothing.

        Raises
        ------
        ModelError
            If a residual is above the tolerance, or told where the model tells nothing or the other way round.
        """
        total = self.contributions.sum(axis=1) + self.base
        if (np.isnan(total) != np.isnan(self.output)).any():
            raise ModelError("contributions and what the model says are not missing in the same places; explain anew")
        told = ~np.isnan(self.output)
        residual = float(np.abs(total - self.output)[told].max(initial=0.0))
        limit = tolerance * max(1.0, float(np.abs(self.output[told]).max(initial=0.0)))
        if residual > limit:
            raise ModelError(
                f"base and contributions miss what the model says by {residual:.3g}, {limit:.3g} is allowed; "
                "the explanation is not one of this model"
            )
        return residual

    def by_feature(self) -> pd.DataFrame:
        """List contributions by feature.

        Returns
        -------
        DataFrame with columns patient, feature, value, contribution, imputed
            One row a patient and feature, in order; with ``time_days`` behind ``feature`` where told over time.
        """
        table = self._lengthen("feature", self.features, self.contributions)
        table.insert(2 + (self.times_days is not None), "value", self._repeat(self.values))
        return table.assign(imputed=self._repeat(self.imputed))

    def by_gene(self) -> pd.DataFrame:
        """List contributions by gene, summed over all signatures that hold it, then covariates, then the rest.

        See `split_over_genes` for how; the rest is what no measured gene accounts for.

        Returns
        -------
        DataFrame with columns patient, gene, contribution
            With ``time_days`` behind ``gene`` where told over time; base plus the sum is still the output.

        Raises
        ------
        ModelError
            If the explanation was made without the recipe of the features.
        """
        if self.origin is None:
            raise ModelError("this explanation does not know how features came from genes; make it with `explain`")
        names, contributions = split_over_genes(self.origin, self._cube())
        return self._lengthen("gene", names, contributions)

    def by_system(self, catalogue: Catalogue | None = None) -> pd.DataFrame:
        """List contributions by biological system; all forms of a signature are one system.

        Parameters
        ----------
        catalogue : Catalogue, optional
            Where signatures are found by their id; the packaged one if not given.

        Returns
        -------
        DataFrame with columns patient, theme, system, contribution
            With ``time_days`` behind ``system`` where told over time; base plus the sum is still the output.
        """
        systems, contributions = sum_by_system(self.features, self._cube(), self.origin, catalogue)
        table = self._lengthen("system", [system for _, system in systems], contributions)
        themes = np.repeat(np.array([theme for theme, _ in systems], dtype=object), self._n_times())
        table.insert(1, "theme", np.tile(themes, len(self.patients)))
        return table

    def mean_absolute(self) -> pd.DataFrame:
        """Mean absolute contribution of each feature over patients, the largest first.

        Returns
        -------
        DataFrame with columns feature, mean_absolute
            With ``time_days`` behind ``feature`` where told over time, sorted by the mean over times.
        """
        mean: Floats = np.abs(self._cube()).sum(axis=0) / max(len(self.patients), 1)
        order = np.argsort(-np.nan_to_num(mean).mean(axis=1), kind="stable")
        columns: dict[str, object] = {"feature": np.repeat(np.array(self.features, dtype=object)[order], mean.shape[1])}
        if self.times_days is not None:
            columns["time_days"] = np.tile(self.times_days, len(order))
        return pd.DataFrame(columns | {"mean_absolute": mean[order].ravel()})

    def _cube(self) -> Floats:
        """Contributions with an axis of times, of length 1 where nothing is told over time."""
        return self.contributions.reshape(*self.values.shape, self._n_times())

    def _n_times(self) -> int:
        return 1 if self.times_days is None else len(self.times_days)

    def _repeat(self, values: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
        return np.repeat(values.ravel(), self._n_times())

    def _lengthen(self, of: str, names: Sequence[str], contributions: Floats) -> pd.DataFrame:
        n_patients, n_times = len(self.patients), self._n_times()
        columns: dict[str, object] = {
            "patient": np.repeat(np.array(self.patients, dtype=object), len(names) * n_times),
            of: np.tile(np.repeat(np.array(names, dtype=object), n_times), n_patients),
        }
        if self.times_days is not None:
            columns["time_days"] = np.tile(self.times_days, n_patients * len(names))
        return pd.DataFrame(columns | {"contribution": contributions.ravel()})

    def __repr__(self) -> str:
        """Say what is explained, of how many patients."""
        return self._title()

    def _repr_html_(self) -> str:
        """Show the strongest features in a notebook."""
        mean = self.mean_absolute().groupby("feature", sort=False)["mean_absolute"].mean()
        rows = [(str(name), f"{value:.3g}") for name, value in mean.head(_SHOWN).items()]
        return table_html(self._title(), ("feature", "mean absolute contribution"), rows)

    def _title(self) -> str:
        over = f" at {len(self.times_days)} times" if self.times_days is not None else ""
        return (
            f"Explanation of {self.explains} ({self.unit}){over}: {len(self.patients)} patients, "
            f"{len(self.features)} features, {self.method}"
        )
