"""build_response_pipeline: from a configuration to an unfitted scikit-learn pipeline that learns a label."""

from collections.abc import Iterable, Sequence
from typing import Any

from sklearn.pipeline import Pipeline

from itgstrat.config import RunConfig
from itgstrat.config.response import ResponseConfig, gene_of
from itgstrat.errors import ModelError, name_some
from itgstrat.fitting.pipeline import Design, build_panel, design_of
from itgstrat.fitting.response import RESPONSE_MODELS, ElasticNetLogistic, PlainLogistic, ResponseEstimator
from itgstrat.learned import CALLS
from itgstrat.response import RECOVERY, Labelling

#: Clinical variable that holds the answers of an agent's rule.
SURROGATE = "surrogate_label"


def require_response(config: RunConfig) -> ResponseConfig:
    """Give the section on the label, or say that there is none.

    Parameters
    ----------
    config : RunConfig
        The run.

    Returns
    -------
    ResponseConfig
        The section.

    Raises
    ------
    ModelError
        If the run has a survival endpoint.
    """
    if config.response is None:
        raise ModelError(f"the run {config.name!r} has no `response` section; a label is needed for a classifier")
    return config.response


def labelling_of(config: RunConfig) -> Labelling:
    """Give the plain record that reads labels from a cohort.

    Parameters
    ----------
    config : RunConfig
        A run with a `response` section.

    Returns
    -------
    Labelling
        Column and values.
    """
    section = require_response(config)
    agent = section.agent()
    if agent:
        return Labelling(SURROGATE, (CALLS[2],), (CALLS[0],), f"{RECOVERY}, T1 rule of {agent.name}:")
    return Labelling(section.column or "", section.positive, section.negative)


def require_withheld(config: RunConfig, names: Iterable[str]) -> None:
    """Check that nothing is left of the genes that a surrogate label is made of.

    Parameters
    ----------
    config : RunConfig
        A run with a `response` section.
    names : iterable of str
        Genes, alterations and covariates that a model could use, or does.

    Raises
    ------
    ModelError
        If one of them is withheld.
    """
    withheld = set(require_response(config).withheld())
    if leaks := sorted({str(name) for name in names if gene_of(str(name)) in withheld}):
        raise ModelError(
            f"{name_some(leaks)}: the label is made of it, and a feature could hold it; leave out what `response` "
            "withholds (itgstrat.surrogate.withhold) before anything is fitted"
        )


def build_response_pipeline(
    config: RunConfig, design: Design | None = None, plain: bool = False, spared: Sequence[str] = ()
) -> Pipeline:
    """Build the unfitted pipeline from cohort to the probability of a label.

    Parameters
    ----------
    config : RunConfig
        A run with a `response` section.
    design : Design, optional
        Other signatures and covariates than the configuration's, for baselines.
    plain : bool
        Take a plain logistic regression, for a handful of features; always so without signatures.
    spared : sequence of str
        Signatures that carry no penalty where the model is an elastic net.

    Returns
    -------
    Pipeline
        Steps ``features`` (FeaturePanel) and ``model``; fit it on a Cohort and a Response.
    """
    design = design or design_of(config)
    plain = plain or not design.signatures
    model = PlainLogistic() if plain else _build_model(config, (*_unpenalised(config, design), *spared))
    return Pipeline([("features", build_panel(config, design)), ("model", model)])


def _unpenalised(config: RunConfig, design: Design) -> tuple[str, ...]:
    return () if require_response(config).penalise_covariates else design.covariates


def _build_model(config: RunConfig, unpenalised: tuple[str, ...]) -> ResponseEstimator:
    section = require_response(config)
    shared: dict[str, Any] = {
        "inner_folds": section.inner_folds,
        "class_weight": section.class_weight,
        "calibration": section.calibration,
        "seed": config.seed,
    }
    if section.kind != "elastic_net_logistic":
        return RESPONSE_MODELS[section.kind](**shared)
    return ElasticNetLogistic(
        l1_ratio=section.l1_ratio,
        n_alphas=section.n_alphas,
        alpha_min_ratio=section.alpha_min_ratio,
        unpenalised=unpenalised,
        **shared,
    )
