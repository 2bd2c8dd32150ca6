"""BenefitModel: what a cohort with two arms said of an agent, by a score that a bundle can tell of new patients."""

from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal, Self, get_args

import numpy as np
import numpy.typing as npt

from itgstrat.errors import ModelError
from itgstrat.learned.records import ArrayRecord, Arrays

Floats = npt.NDArray[np.float64]

#: The scores that a bundle tells of a new patient: the risk of its model, or `value` of tier T1 of the agent.
Score = Literal["risk", "target_context"]

#: How it is known that the scores of the trial were the model's, where nobody compared them.
ON_TRUST = "scores taken on trust"

#: A 95% interval reaches so many standard errors to either side.
Z_95 = NormalDist().inv_cdf(0.975)


@dataclass(frozen=True, eq=False)
class Effects:
    """Effect of treatment at some scores.

    Parameters
    ----------
    log_ratio, low, high : ndarray of float64, shape (n_scores,)
        Log hazard ratio of treatment against control with its 95% interval; below 0 treatment lowers the hazard.
    """

    log_ratio: Floats
    low: Floats
    high: Floats


def effects_at(score: Floats, center: float, scale: float, coef: Floats, covariance: Floats) -> Effects:
    r"""Tell the effect of treatment at some scores, :math:`\beta_1 + \beta_3 (s - c) / d`.

    Parameters
    ----------
    score : ndarray of float64, shape (n_scores,)
        Scores; NaN stays NaN.
    center, scale : float
        Mean and standard deviation of the score in the trial.
    coef : ndarray of float64, shape (2,)
        Log hazard ratio of treatment at the mean, and its change with a standard deviation of the score.
    covariance : ndarray of float64, shape (2, 2)
        Of `coef`.

    Returns
    -------
    Effects
        At each score.

    Examples
    --------
    >>> told = effects_at(np.array([0.0, 2.0]), 1.0, 1.0, np.array([-0.5, 0.25]), 0.01 * np.eye(2))
    >>> told.log_ratio.tolist(), told.low.round(3).tolist()
    ([-0.75, -0.25], [-1.027, -0.527])
    """
    at = (score - center) / scale
    contrast = np.column_stack([np.ones_like(at), at])
    log_ratio = contrast @ coef
    margin = Z_95 * np.sqrt(np.einsum("qi,ij,qj->q", contrast, covariance, contrast))
    return Effects(log_ratio, log_ratio - margin, log_ratio + margin)


@dataclass(frozen=True, eq=False)
class BenefitModel(ArrayRecord):
    """Hazard ratio of treatment as a function of a score, as a cohort with two arms has shown it.

    It says how the hazard differed between the arms at such a score. It does not say what a patient will gain.

    Parameters
    ----------
    agent, agent_class : str
        Id and class of the agent.
    score : {"risk", "target_context"}
        The score it is a function of; see `Score`.
    model_name, model_digest : str
        Name of the model that told the score, and `ModelBundle.digest_score` of it: a risk is that of one model.
    center, scale : float
        Mean and standard deviation of the score in the trial.
    score_low, score_high : float
        Least and greatest score of the trial; beyond them nothing is told.
    coef : ndarray of float64, shape (2,)
        Log hazard ratio of treatment at the mean score, and its change with a standard deviation of the score.
    covariance : ndarray of float64, shape (2, 2)
        Of `coef`.
    test : str
        Test of the interaction.
    p : float
        Its p.
    n_patients, n_events : int
        Of both arms.
    control, treatment : str
        Names of the arms.
    cohort : str
        Name of the cohort.
    design : str
        ``randomised`` or ``observational``.
    withheld : bool
        Whether nothing may be told by it.
    reason : str
        Why; empty where it is not withheld.
    score_basis : str
        How it is known that the scores of the trial are those of the model, in words; see `ON_TRUST`.

    Raises
    ------
    ModelError
        If a number is not finite, the covariance is none, or the score or the design is unknown.
    """

    agent: str
    agent_class: str
    score: str
    model_name: str
    model_digest: str
    center: float
    scale: float
    score_low: float
    score_high: float
    coef: Floats
    covariance: Floats
    test: str
    p: float
    n_patients: int
    n_events: int
    control: str
    treatment: str
    cohort: str
    design: str
    withheld: bool
    reason: str
    score_basis: str = ON_TRUST

    def __post_init__(self) -> None:
        numbers = [self.center, self.scale, self.score_low, self.score_high, self.p, *self.coef.ravel()]
        shapes = (self.coef.shape, self.covariance.shape) == ((2,), (2, 2))
        if not (shapes and np.isfinite([*numbers, *self.covariance.ravel()]).all() and self.scale > 0):
            raise ModelError(
                f"benefit of {self.agent}: numbers are missing or of the wrong shape; save the record anew"
            )
        if np.linalg.eigvalsh(self.covariance).min() < 0:
            raise ModelError(f"benefit of {self.agent}: what should be a covariance is none; save the record anew")
        if self.score not in get_args(Score) or self.design not in ("randomised", "observational"):
            raise ModelError(
                f"benefit of {self.agent}: score {self.score!r}, design {self.design!r}; needed are "
                f"{' or '.join(get_args(Score))}, and randomised or observational"
            )

    @property
    def source(self) -> str:
        """What the number is, which way it points, and on whom it was learned."""
        return (
            f"log hazard ratio of {self.treatment} against {self.control} at the patient's {self.score}, below 0: "
            f"lower hazard on {self.treatment}; {self.cohort}, {self.design}, {self.n_patients} patients, "
            f"{self.n_events} events; {self.score_basis}"
        )

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        """Build the record from what `to_arrays` gave; one of a version that had no `score_basis` is on trust.

        Parameters
        ----------
        arrays : mapping of str to ndarray
            The fields of the record.

        Returns
        -------
        BenefitModel
            An equal record.

        Raises
        ------
        BundleError
            If another field is missing, or one is too many or of another kind.
        """
        return super().from_arrays({"score_basis": np.asarray(ON_TRUST), **arrays})

    def apply(self, score: Floats) -> Effects:
        """Tell the effect of treatment at the scores of new patients.

        Parameters
        ----------
        score : ndarray of float64, shape (n_patients,)
            The score named in `score`, told by the model named in `model_name`.

        Returns
        -------
        Effects
            NaN where the score is missing or beyond those of the trial; whether the record is withheld is for the
            caller to heed.
        """
        seen = (score >= self.score_low) & (score <= self.score_high)
        return effects_at(np.where(seen, score, np.nan), self.center, self.scale, self.coef, self.covariance)
