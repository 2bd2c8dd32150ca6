"""What a kind of model is and how it was tuned, in words made from its section of the configuration."""

from itgstrat.config import (
    AcceleratedConfig,
    BoostedConfig,
    ComponentwiseConfig,
    ElasticNetConfig,
    ForestConfig,
    ModelConfig,
    PlainConfig,
    RidgeConfig,
    SingleConfig,
    StackConfig,
)
from itgstrat.reporting.wording import join_words

_NAMES = {
    "elastic_net_cox": "an elastic-net Cox model",
    "ridge_cox": "a ridge Cox model",
    "plain_cox": "a Cox model",
    "random_survival_forest": "a random survival forest",
    "extra_survival_trees": "a forest of extra survival trees",
    "boosted_cox": "a Cox model of boosted trees",
    "componentwise_cox": "a Cox model boosted one feature at a time",
    "weibull_aft": "a Weibull accelerated failure time model",
    "lognormal_aft": "a log-normal accelerated failure time model",
    "stack": "a stack",
}

#: Models whose risk is a weighted sum of features.
_LINEAR = (ElasticNetConfig, RidgeConfig, PlainConfig, ComponentwiseConfig, AcceleratedConfig)

_RULES = {
    "concordance": "Harrell's concordance within cohort",
    "partial_likelihood": "the cross-validated partial likelihood (Verweij 1993, doi 10.1002/sim.4780122407)",
}
_STRATIFIED = (
    "The partial likelihood is stratified: each training cohort has a baseline hazard of its own (Breslow 1974, "
    "doi 10.2307/2529620)."
)
_PER_COHORT = "A baseline hazard (Breslow 1974, doi 10.2307/2529620) was estimated for each training cohort."


def name_model(model: ModelConfig) -> str:
    """Name a model as a card does.

    Parameters
    ----------
    model : ModelConfig
        Its section of the configuration.

    Returns
    -------
    str
        Kind with its article, and its main setting.

    Examples
    --------
    >>> name_model(ElasticNetConfig())
    'an elastic-net Cox model (L1 ratio 0.5)'
    """
    name = _NAMES[model.kind]
    if isinstance(model, StackConfig):
        return f"{name} of {join_words([member.name for member in model.members])}"
    return f"{name} (L1 ratio {model.l1_ratio:g})" if isinstance(model, ElasticNetConfig) else name


def is_linear(model: ModelConfig) -> bool:
    """Say whether the risk is a sum of contributions of features."""
    return isinstance(model, _LINEAR)


def describe_model(model: ModelConfig, covariates: bool) -> str:
    """Describe a model as a methods section does.

    Parameters
    ----------
    model : ModelConfig
        Its section of the configuration.
    covariates : bool
        Whether there are clinical variables.

    Returns
    -------
    str
        What was fitted, how it was tuned, and where the baseline hazard comes from.
    """
    return _describe_stack(model, covariates) if isinstance(model, StackConfig) else _describe_one(model, covariates)


def _describe_one(model: SingleConfig, covariates: bool) -> str:
    match model:
        case ElasticNetConfig():
            return f"{_describe_elastic_net(model, covariates)} {_STRATIFIED}"
        case RidgeConfig():
            return f"{_describe_ridge(model, covariates)} {_STRATIFIED}"
        case PlainConfig():
            return (
                "Cox regression (Cox 1972, doi 10.1111/j.2517-6161.1972.tb00899.x; ties after Efron 1977), with a "
                f"ridge penalty of {model.ridge:g} against separation. {_STRATIFIED}"
            )
        case ForestConfig():
            return _describe_forest(model)
        case BoostedConfig():
            return (
                f"Gradient-boosted Cox regression (Ridgeway 1999): trees of depth {model.max_depth}, "
                f"{model.subsample:.0%} of the patients and a share of {model.learning_rate:g} each; "
                f"{_say_steps(model)}"
            )
        case ComponentwiseConfig():
            return (
                "Componentwise boosting of a Cox model (Hothorn 2006, doi 10.1093/biostatistics/kxj011): each step "
                f"moves one coefficient by {model.learning_rate:g} of the way; {_say_steps(model)}"
            )
        case AcceleratedConfig():
            return (
                f"A{_NAMES[model.kind][1:]} by lifelines (Davidson-Pilon 2019, doi "
                f"10.21105/joss.01317): the log survival time is linear in the features, with a ridge penalty of "
                f"{model.ridge:g}. Cohorts are pooled; there is one baseline."
            )


def _describe_elastic_net(model: ElasticNetConfig, covariates: bool) -> str:
    free = (
        "; covariates carry no penalty, or a slight one where they separate early from late events"
        if covariates and not model.penalise_covariates
        else ""
    )
    taken = (
        "the largest within one standard error of the best was taken" if model.one_se else "of equals the larger wins"
    )
    return (
        f"Elastic-net Cox regression (Simon 2011, doi 10.18637/jss.v039.i05), L1 ratio {model.l1_ratio:g}{free}. "
        f"The penalty was chosen among {model.n_alphas} values, down to {model.alpha_min_ratio:g} of the largest, by "
        f"{model.inner_folds}-fold inner cross-validation on {_RULES[model.rule]}; {taken}."
    )


def _describe_ridge(model: RidgeConfig, covariates: bool) -> str:
    apart = (
        "no penalty" if not model.clinical_penalty else f"a slight penalty of their own ({model.clinical_penalty:g})"
    )
    clinical = (
        f"; clinical variables carry {apart}, which favours them (Herrmann 2021, doi 10.1093/bib/bbaa167)"
        if covariates
        else ""
    )
    head = f"Ridge Cox regression{clinical}."
    if model.spread is not None:
        return f"{head} The penalty is set so that the features bring a log hazard of SD {model.spread:g} a priori."
    tuned = f"{model.inner_folds}-fold inner cross-validation on {_RULES[model.rule]}"
    if model.average:
        return (
            f"{head} Coefficients are averaged over a path of {model.n_penalties} penalties, weighted by likelihood "
            f"(Yao 2018, doi 10.1214/17-BA1091) in {tuned}."
        )
    return f"{head} The penalty was chosen among {model.n_penalties} by {tuned}."


def _describe_forest(model: ForestConfig) -> str:
    head = (
        "Random survival forest (Ishwaran 2008, doi 10.1214/08-AOAS169)"
        if model.kind == "random_survival_forest"
        else "Extremely randomised survival trees (Geurts 2006, doi 10.1007/s10994-006-6226-1)"
    )
    binned = f", event times moved to the nearest of {model.n_times} quantiles" if model.n_times else ""
    return (
        f"{head}: {model.n_trees} trees, at least {model.min_leaf} patients a leaf, split by the log-rank "
        f"test{binned}; not tuned. Survival is the mean of the leaves' Kaplan-Meier estimates. Cohorts are pooled."
    )


def _say_steps(model: BoostedConfig | ComponentwiseConfig) -> str:
    return (
        f"the number of steps, at most {model.n_steps}, was chosen by {model.inner_folds}-fold inner cross-validation "
        f"on {_RULES['partial_likelihood']}. Steps follow the likelihood of all cohorts pooled. {_PER_COHORT}"
    )


def _describe_stack(model: StackConfig, covariates: bool) -> str:
    given = (
        f"{member.name} (on {join_words(list(member.blocks)) if member.blocks else 'all features'}): "
        f"{_describe_one(member.model, covariates and (not member.blocks or 'clinical' in member.blocks))}"
        for member in model.members
    )
    return (
        f"A weighted sum of the risks of {len(model.members)} models (stacking; Wolpert 1992, doi "
        "10.1016/S0893-6080(05)80023-1). What each counts was learned by a stratified Cox regression on their risks "
        f"in {model.inner_folds} inner folds of patients left out, weights held at 0 or more (Breiman 1996, doi "
        f"10.1007/BF00117832) and pulled together by a penalty of {model.pull:g}; the baseline hazards are those of "
        f"the risks left out. {' '.join(given)}"
    )
