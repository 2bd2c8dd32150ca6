"""build_pipeline: from a configuration to an unfitted scikit-learn pipeline."""

from dataclasses import dataclass
from inspect import signature
from typing import Any

from sklearn.pipeline import Pipeline

from itgstrat.biology.catalogue import Signature
from itgstrat.config import ElasticNetConfig, RidgeConfig, RunConfig, SingleConfig, StackConfig
from itgstrat.fitting.panel import FeaturePanel
from itgstrat.fitting.survival import SURVIVAL_MODELS, CoxPlain, Member, StackedSurvival
from itgstrat.fitting.survival.base import SurvivalEstimator
from itgstrat.fitting.survival.blocks import Blocks
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
    alterations : tuple of str
        Those of the covariates that are alterations.
    """

    signatures: tuple[Signature, ...]
    covariates: tuple[str, ...]
    alterations: tuple[str, ...] = ()

    @property
    def clinical(self) -> tuple[str, ...]:
        """Covariates that are no alterations."""
        return tuple(name for name in self.covariates if name not in self.alterations)


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
    signatures = (*features.select(), *features.select_genes())
    return Design(signatures, (*features.covariates, *altered), altered)


def build_panel(config: RunConfig, design: Design) -> FeaturePanel:
    """Build the unfitted first step of a pipeline, from cohort to features.

    Parameters
    ----------
    config : RunConfig
        Settings of the features.
    design : Design
        Signatures and covariates.

    Returns
    -------
    FeaturePanel
        Fit it on a Cohort.
    """
    return FeaturePanel(
        signatures=design.signatures,
        score=config.features.score,
        covariates=design.covariates,
        min_coverage=config.features.min_coverage,
        seed=config.seed,
        joint=config.features.joint,
        adjust_for=config.features.adjusting(),
        alterations=design.alterations,
        min_variation=config.features.min_variation,
        z_limit=config.features.z_limit,
    )


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
    panel = build_panel(config, design)
    model = build_model(config, design) if design.signatures else CoxPlain()
    return Pipeline([("features", panel), ("model", model)])


def build_model(config: RunConfig, design: Design) -> SurvivalEstimator:
    """Build the unfitted model that the configuration asks for.

    Parameters
    ----------
    config : RunConfig
        Settings of the model.
    design : Design
        What goes into it.

    Returns
    -------
    SurvivalEstimator
        Fit it on features and outcome.
    """
    settings, blocks = config.model, blocks_of(config, design)
    if not isinstance(settings, StackConfig):
        return _build_single(settings, design, config.seed)
    members = [
        Member(one.name, _build_single(one.model, design, config.seed), blocks, one.blocks) for one in settings.members
    ]
    return StackedSurvival(tuple(members), settings.inner_folds, settings.pull, config.seed)


def _build_single(settings: SingleConfig, design: Design, seed: int) -> SurvivalEstimator:
    """Build a model that is no stack; the keys of its section are the parameters of the estimator."""
    given: dict[str, Any] = settings.model_dump(exclude={"kind", "penalise_covariates"})
    kind = SURVIVAL_MODELS[settings.kind]
    if isinstance(settings, ElasticNetConfig):
        given["unpenalised"] = () if settings.penalise_covariates else design.covariates
    if isinstance(settings, RidgeConfig):
        given["clinical"] = design.clinical
    if "seed" in signature(kind).parameters:
        given["seed"] = seed
    return kind(**given)


def blocks_of(config: RunConfig, design: Design) -> Blocks:
    """Name the blocks of a design, for models that take some of them.

    Parameters
    ----------
    config : RunConfig
        Its entries of signatures and genes are blocks, too.
    design : Design
        What goes into the model.

    Returns
    -------
    Blocks
        Column names by block.
    """
    return Blocks(
        clinical=frozenset(design.clinical),
        alterations=frozenset(design.covariates) - frozenset(design.clinical),
        signatures=frozenset(one.id for one in design.signatures if one.rule not in ("gene", "every_gene")),
        entries=config.features.name_entries(),
    )
