"""build_pipeline: from a configuration to an unfitted scikit-learn pipeline."""

from dataclasses import dataclass

from sklearn.pipeline import Pipeline

from itgstrat.biology.catalogue import Signature
from itgstrat.config import RunConfig
from itgstrat.fitting.panel import FeaturePanel
from itgstrat.fitting.survival import CoxElasticNet, CoxPlain
from itgstrat.learned.assessed import list_variables


@dataclass(frozen=True)
class Design:
    """What goes into one model.

    Parameters
    ----------
    signatures : tuple of Signature
        Signatures to score; none for a clinical model.
    covariates : tuple of str
        Clinical variables, and alterations, which count like them; none for a model of expression alone.
    """

    signatures: tuple[Signature, ...]
    covariates: tuple[str, ...]


def design_of(config: RunConfig) -> Design:
    """Give the design that the configuration asks for.

    Parameters
    ----------
    config : RunConfig
        Configuration.

    Returns
    -------
    Design
        Signatures and covariates.
    """
    features = config.features
    altered = list_variables(features.alterations, features.not_assessed)
    return Design(features.select(), (*features.covariates, *altered))


def build_pipeline(config: RunConfig, design: Design | None = None) -> Pipeline:
    """Build the unfitted pipeline from cohort to risk.

    Parameters
    ----------
    config : RunConfig
        Settings of features and model.
    design : Design, optional
        Other signatures and covariates than the configuration's, for baselines; without signatures the model
        is a plain Cox model.

    Returns
    -------
    Pipeline
        Steps ``features`` (FeaturePanel) and ``model``; fit it on a Cohort and an Outcome.
    """
    design = design or design_of(config)
    panel = FeaturePanel(
        signatures=design.signatures,
        score=config.features.score,
        covariates=design.covariates,
        min_coverage=config.features.min_coverage,
        seed=config.seed,
        joint=config.features.joint,
        adjust_for=config.features.adjusting(),
    )
    settings = config.model
    if not design.signatures:
        return Pipeline([("features", panel), ("model", CoxPlain())])
    model = CoxElasticNet(
        l1_ratio=settings.l1_ratio,
        n_alphas=settings.n_alphas,
        alpha_min_ratio=settings.alpha_min_ratio,
        unpenalised=() if settings.penalise_covariates else design.covariates,
        inner_folds=settings.inner_folds,
        seed=config.seed,
    )
    return Pipeline([("features", panel), ("model", model)])
