"""How sure can a prediction be: what training learns beside the model itself."""

from dataclasses import dataclass

from joblib import Parallel
from sklearn.pipeline import Pipeline

from itgstrat.cohort import Cohort
from itgstrat.config import RunConfig
from itgstrat.errors import ModelError, OutcomeError
from itgstrat.fitting.bootstrap import learn_spread
from itgstrat.fitting.lower_bound import learn_lower_bound
from itgstrat.learned import LinearRisk
from itgstrat.learned.lower_bound import LowerBound
from itgstrat.learned.spread import RiskSpread


@dataclass(frozen=True)
class Uncertainty:
    """What was learned, and why the rest was not.

    Parameters
    ----------
    lower_bound : LowerBound or None
        Calibrated lower bound of survival.
    spread : RiskSpread or None
        The linear risk over bootstrap samples.
    untold : dict of str to str
        ``lower_bound`` or ``spread`` -> why it could not be learned.
    """

    lower_bound: LowerBound | None
    spread: RiskSpread | None
    untold: dict[str, str]


def learn_uncertainty(
    config: RunConfig, pipeline: Pipeline, cohort: Cohort, workers: Parallel | None = None
) -> Uncertainty:
    """Learn the lower bound of survival and the spread of the risk; what the data cannot carry is left out and said.

    Parameters
    ----------
    config : RunConfig
        The run.
    pipeline : Pipeline
        Fitted on all patients of `cohort`.
    cohort : Cohort
        Training patients, with outcome.
    workers : joblib.Parallel, optional
        What runs the fits; one after the other by default.

    Returns
    -------
    Uncertainty
        The records.
    """
    settings, untold = config.uncertainty, {}
    bound, spread = None, None
    if settings.level is not None:
        try:
            bound = learn_lower_bound(
                pipeline, cohort, settings.level, folds=settings.folds, seed=config.seed, workers=workers
            )
        except (ModelError, OutcomeError) as error:
            untold["lower_bound"] = str(error)
    trained = pipeline.named_steps["model"].model_
    if settings.samples and isinstance(trained, LinearRisk):
        features = pipeline.named_steps["features"].transform(cohort)
        try:
            spread = learn_spread(
                pipeline.named_steps["model"], features, cohort.require_outcome(), trained,
                samples=settings.samples, seed=config.seed, workers=workers,
            )  # fmt: skip
        except (ModelError, OutcomeError) as error:
            untold["spread"] = str(error)
    elif settings.samples:
        untold["spread"] = "the risk is no weighted sum of features"
    return Uncertainty(bound, spread, untold)
