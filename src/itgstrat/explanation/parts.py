"""Additive parts of a model's own number: the log hazard, mortality or score that its record computes."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from itgstrat.explanation.permutation import permute
from itgstrat.explanation.tree_shap import explain_trees
from itgstrat.learned import LinearRisk, RecalibratedModel, StackedModel, SurvivalModel, Trees
from itgstrat.learned.response import LogisticModel, ResponseModel, TreeResponse

Floats = npt.NDArray[np.float64]

CLOSED_FORM = "closed form"
TREE_SHAP = "exact TreeSHAP"
PERMUTATION = "permutation (fallback)"


@dataclass(frozen=True, eq=False)
class Parts:
    """Base and contributions of some outputs, and how much of them is a straight line in the features.

    Parameters
    ----------
    base : ndarray of float64, shape (n_outputs,) or (n_patients, n_outputs)
        What the outputs are without the contributions.
    contributions : ndarray of float64, shape (n_patients, n_features, n_outputs)
        Base plus the sum over features is the output.
    slope, constant : ndarray of float64, shape (n_features,)
        The straight part of a contribution is scale x (slope x feature + constant).
    scale : ndarray of float64, shape (n_patients, n_outputs)
        What the contributions to the model's own number were multiplied by; ones where they are still those.
    method : str
        How they were found.
    """

    base: Floats
    contributions: Floats
    slope: Floats
    constant: Floats
    scale: Floats
    method: str

    def rescale(self, base: Floats, scale: Floats, note: str = "") -> "Parts":
        """Carry contributions to one number over to what is computed from it; `scale` of shape (n, n_outputs)."""
        contributions = self.contributions * scale[:, None, :]
        return replace(self, base=base, contributions=contributions, scale=scale, method=self.method + note)


def split_risk(model: SurvivalModel | ResponseModel, features: Floats, background: Floats | None = None) -> Parts:
    """Split a survival model's risk, or a response model's score, over the features.

    Parameters
    ----------
    model : SurvivalModel or ResponseModel
        A learned record; a recalibrated one as it was trained.
    features : ndarray of float64, shape (n_patients, n_features)
        Standardised features.
    background : ndarray of float64, shape (n_background, n_features), optional
        Patients to compare with; without them, the training mean (linear) or the training patients (trees).

    Returns
    -------
    Parts
        Of one output.
    """
    if isinstance(model, RecalibratedModel):
        return split_risk(model.inner, features, background)
    if isinstance(model, StackedModel):
        return _split_stack(model, features, background)
    if isinstance(model, LinearRisk):
        return _split_linear(model, features, background)
    if isinstance(model, Trees):
        return split_leaves(model, features, model.leaf_risk()[:, None], background)
    tell = model.score if isinstance(model, ResponseModel) else model.risk
    return split_by_permutation(lambda rows, _: tell(rows)[:, None], model.used, features, background)


def split_leaves(model: Trees, features: Floats, leaf_values: Floats, background: Floats | None = None) -> Parts:
    """Split sums of leaf values over the features; a response's score begins at the base of its model."""
    base, contributions = explain_trees(model, features, leaf_values, background)
    if isinstance(model, TreeResponse):
        base = base + model.base
    return _without_a_line(base, contributions, TREE_SHAP)


def split_by_permutation(
    tell: Callable[[Floats, int], Floats],
    used: npt.NDArray[np.intp],
    features: Floats,
    background: Floats | None = None,
) -> Parts:
    """Split any outputs by asking for coalitions of the features that they depend on; see `permute`."""
    reference = np.zeros((1, features.shape[1])) if background is None else background
    return _without_a_line(*permute(tell, features, reference, used), PERMUTATION)


def _without_a_line(base: Floats, contributions: Floats, method: str) -> Parts:
    n_patients, n_features, n_outputs = contributions.shape
    nothing = np.zeros(n_features)
    return Parts(base, contributions, nothing, nothing, np.ones((n_patients, n_outputs)), method)


def _split_linear(model: LinearRisk, features: Floats, background: Floats | None) -> Parts:
    center = model.center if background is None else background.mean(axis=0)
    base = float(model.coef @ (center - model.center))
    if isinstance(model, LogisticModel):
        base += model.offset
    contributions = (model.coef * (features - center))[:, :, None]
    scale = np.ones((len(features), 1))
    return Parts(np.array([base]), contributions, model.coef, -model.coef * center, scale, CLOSED_FORM)


def _split_stack(model: StackedModel, features: Floats, background: Floats | None) -> Parts:
    base = np.array([-float(model.weight @ model.center)])
    contributions, line = np.zeros((*features.shape, 1)), np.zeros((2, features.shape[1]))
    methods: list[str] = []
    for member, chosen, weight in zip(model.members, model.chosen, model.weight, strict=True):
        if weight:
            own = split_risk(member, features[:, chosen], None if background is None else background[:, chosen])
            base += weight * own.base
            contributions[:, chosen] += weight * own.contributions
            line[:, chosen] += weight * np.stack([own.slope, own.constant])
            methods += own.method.split(" + ")
    method = " + ".join(dict.fromkeys(methods)) or CLOSED_FORM
    return Parts(base, contributions, line[0], line[1], np.ones((len(features), 1)), method)
