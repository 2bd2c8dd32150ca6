"""Adjustment: heterodimers as residuals on other scores, such as stroma; coefficients from training patients only."""

from collections.abc import Sequence
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from itgstrat.errors import ModelError
from itgstrat.learned.features import Features
from itgstrat.learned.linear import LinearRisk

Floats = npt.NDArray[np.float64]
Linear = TypeVar("Linear", bound=LinearRisk)

#: Spread below which a residual is rounding, and stays as small as it is.
_NIL = 1e-9


def learn_mix(features: Features, targets: Sequence[int], on: Sequence[int]) -> Floats:
    r"""Learn how some standardised features are adjusted for others.

    Feature h becomes :math:`(z_h - \sum_k \beta_{hk} z_k) / s_h`: the residual of the least-squares regression,
    pooled over cohorts on values standardised within cohort, in its standard deviations.

    Parameters
    ----------
    features : Features
        Of the training patients.
    targets, on : sequence of int
        Columns to adjust, and columns to adjust for; no column may be both.

    Returns
    -------
    ndarray of float64, shape (n_features, n_features)
        The adjusted features are ``values @ mix.T``; the row of any other feature leaves it as it is.

    Raises
    ------
    ModelError
        If too few patients have all scores for the regression.
    """
    mix = np.eye(features.values.shape[1])
    for target in targets:
        complete = ~features.missing[:, [target, *on]].any(axis=1)
        freedom = int(complete.sum()) - len(on)
        if freedom < 2:
            raise ModelError(
                f"{features.names[target]} cannot be adjusted for {len(on)} scores: {int(complete.sum())} patients "
                f"have all of them, {len(on) + 2} or more are needed; adjust for fewer"
            )
        z, x = features.values[complete, target], features.values[complete][:, [*on]]
        beta = np.linalg.lstsq(x, z, rcond=None)[0]
        spread = float(np.sqrt(((z - x @ beta) ** 2).sum() / freedom))
        mix[target, list(on)] = -beta
        mix[target] /= spread if spread > _NIL else 1.0
    return mix


def find_adjusted(mix: Floats) -> npt.NDArray[np.bool_]:
    """Tell which features a mix changes.

    Parameters
    ----------
    mix : ndarray of float64, shape (n_features, n_features)
        From `learn_mix`; empty where nothing is adjusted.

    Returns
    -------
    ndarray of bool, shape (n_features,)
        One value a feature; empty for an empty mix.
    """
    changed: npt.NDArray[np.bool_] = (mix != np.eye(len(mix))).any(axis=1)
    return changed


def name_adjusted(names: Sequence[str], mix: Floats) -> tuple[str, ...]:
    """Name features after the adjustment, ``NAME:adjusted`` where it changed them."""
    changed = find_adjusted(mix)
    return tuple(f"{name}:adjusted" if at < len(changed) and changed[at] else name for at, name in enumerate(names))


def adjust_values(values: Floats, missing: npt.NDArray[np.bool_], mix: Floats) -> Floats:
    """Adjust standardised features.

    Parameters
    ----------
    values : ndarray of float64, shape (n_patients, n_features)
        Standardised features; 0 where missing.
    missing : ndarray of bool, shape (n_patients, n_features)
        Where they are missing.
    mix : ndarray of float64, shape (n_features, n_features)
        From `learn_mix`; empty where nothing is adjusted.

    Returns
    -------
    ndarray of float64, shape (n_patients, n_features)
        Adjusted features; one that was missing stays 0, the training mean, and a score that is missing among
        those adjusted for counts as its training mean.
    """
    if not mix.size:
        return values
    return np.where(missing & find_adjusted(mix), 0.0, values @ mix.T)
