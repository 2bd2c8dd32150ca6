"""The section on the model: one shape a kind, and the stack that is made of the others."""

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, field_validator

from itgstrat.config.section import Name, Section

InnerFolds = Annotated[int, Field(ge=2, le=20, description="Folds of the inner cross-validation.")]
Rule = Literal["concordance", "partial_likelihood"]


class ElasticNetConfig(Section):
    """Elastic-net Cox regression."""

    kind: Literal["elastic_net_cox"] = Field(default="elastic_net_cox", description="Survival model.")
    l1_ratio: float = Field(default=0.5, gt=0, le=1, description="1 is lasso; towards 0 is ridge.")
    n_alphas: int = Field(default=30, ge=2, le=1000, description="Length of the penalty path.")
    alpha_min_ratio: float = Field(default=0.05, gt=0, lt=1, description="Last penalty over first penalty.")
    penalise_covariates: bool = Field(default=False, description="Penalise the clinical variables too.")
    inner_folds: InnerFolds = 5
    rule: Rule = Field(default="concordance", description="What the inner folds choose the penalty by.")
    one_se: bool = Field(default=False, description="Take the largest penalty within one SE of the best.")


class RidgeConfig(Section):
    """Ridge Cox regression with clinical covariates penalised apart."""

    kind: Literal["ridge_cox"] = Field(default="ridge_cox", description="Survival model.")
    clinical_penalty: float = Field(default=1.0, ge=0, description="Penalty of each clinical column; 0 leaves it free.")
    n_penalties: int = Field(default=16, ge=2, le=200, description="Length of the path.")
    inner_folds: InnerFolds = 5
    rule: Rule = Field(default="partial_likelihood", description="What the inner folds choose the penalty by.")
    spread: float | None = Field(
        default=None, gt=0, description="SD of the log hazard that features bring, fixed instead of chosen."
    )
    average: bool = Field(default=True, description="Average over the path by likelihood instead of taking the best.")


class PlainConfig(Section):
    """Cox regression with a slight ridge penalty, for a handful of features."""

    kind: Literal["plain_cox"] = Field(default="plain_cox", description="Survival model.")
    ridge: float = Field(default=0.1, ge=0, description="Penalty on the squared coefficients.")


class ForestConfig(Section):
    """Random survival forest, or extra survival trees."""

    kind: Literal["random_survival_forest", "extra_survival_trees"] = Field(description="Survival model.")
    n_trees: int = Field(default=300, ge=1, le=10000, description="Number of trees.")
    min_leaf: int = Field(default=10, ge=1, description="Fewest training patients in a leaf.")
    max_features: float | Literal["sqrt", "log2"] | None = Field(
        default="sqrt", description="Features looked at for a split: a share, the root or log of their number, or all."
    )
    n_times: int | None = Field(
        default=50,
        ge=2,
        description="Event times that leaves are kept for; null is all, in twice the time at the same concordance.",
    )


class BoostedConfig(Section):
    """Cox regression boosted with small trees."""

    kind: Literal["boosted_cox"] = Field(description="Survival model.")
    n_steps: int = Field(default=200, ge=1, le=10000, description="Most trees; inner folds choose the number.")
    learning_rate: float = Field(default=0.1, gt=0, le=1, description="Share of each tree that counts.")
    max_depth: int = Field(default=2, ge=1, le=10, description="Depth of the trees.")
    min_leaf: int = Field(default=10, ge=1, description="Fewest training patients in a leaf.")
    subsample: float = Field(default=0.5, gt=0, le=1, description="Share of the patients that each tree sees.")
    inner_folds: InnerFolds = 5


class ComponentwiseConfig(Section):
    """Cox regression boosted one feature at a time."""

    kind: Literal["componentwise_cox"] = Field(description="Survival model.")
    n_steps: int = Field(default=200, ge=1, le=10000, description="Most steps; inner folds choose the number.")
    learning_rate: float = Field(default=0.1, gt=0, le=1, description="Share of each step that counts.")
    inner_folds: InnerFolds = 5


class AcceleratedConfig(Section):
    """Accelerated failure time: log survival time is linear in the features."""

    kind: Literal["weibull_aft", "lognormal_aft"] = Field(description="Survival model.")
    ridge: float = Field(default=0.05, ge=0, description="Penalty on the squared coefficients.")


def _kind(value: Any) -> str:
    """Tell the kind; a section without one is the elastic net."""
    kind = value.get("kind", "elastic_net_cox") if isinstance(value, dict) else getattr(value, "kind", "")
    return SHAPES.get(str(kind), str(kind))


#: Kind -> name of its shape, where several kinds share one.
SHAPES = {"extra_survival_trees": "random_survival_forest", "lognormal_aft": "weibull_aft"}

SingleConfig = (
    Annotated[ElasticNetConfig, Tag("elastic_net_cox")]
    | Annotated[RidgeConfig, Tag("ridge_cox")]
    | Annotated[PlainConfig, Tag("plain_cox")]
    | Annotated[ForestConfig, Tag("random_survival_forest")]
    | Annotated[BoostedConfig, Tag("boosted_cox")]
    | Annotated[ComponentwiseConfig, Tag("componentwise_cox")]
    | Annotated[AcceleratedConfig, Tag("weibull_aft")]
)


class MemberConfig(Section):
    """One model of a stack."""

    name: Name = Field(description="Name in reports.")
    model: Annotated[SingleConfig, Discriminator(_kind)] = Field(description="Any model that is no stack itself.")
    blocks: tuple[Name, ...] | None = Field(
        default=None,
        min_length=1,
        description="What it is given: signatures, genes, clinical, alterations (of these mutations, copy_number), or "
        "entries of features.signatures and features.genes; all of it if not given.",
    )


#: The members of a stack that names none: a linear model of expression and one of mutations, and trees for what is
#: not linear, each beside the clinical variables. Ridge has a fixed spread, for a stack finds the scale itself.
DEFAULT_MEMBERS = (
    MemberConfig(name="ridge", model=RidgeConfig(spread=1.0), blocks=("signatures", "genes", "clinical")),
    MemberConfig(name="mutations", model=RidgeConfig(spread=1.0), blocks=("mutations", "clinical")),
    MemberConfig(
        name="trees",
        model=ForestConfig(kind="extra_survival_trees", n_trees=400, min_leaf=6, n_times=30),
        blocks=("signatures", "genes", "clinical"),
    ),
)


class StackConfig(Section):
    """Several models, each on blocks of its own; how much each counts is learned on inner folds."""

    kind: Literal["stack"] = Field(description="Survival model.")
    members: tuple[MemberConfig, ...] = Field(
        default=DEFAULT_MEMBERS,
        min_length=2,
        description="The models; a member none of whose blocks is in a design (but clinical) is left out of it.",
    )
    inner_folds: InnerFolds = 5
    pull: float = Field(default=10.0, ge=0, description="Penalty that pulls the weights of the members together.")

    @field_validator("members")
    @classmethod
    def _each_once(cls, value: tuple[MemberConfig, ...]) -> tuple[MemberConfig, ...]:
        names = [member.name for member in value]
        if repeated := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"{', '.join(repeated)}: two members have this name")
        return value


ModelConfig = Annotated[SingleConfig | Annotated[StackConfig, Tag("stack")], Discriminator(_kind)]

#: What pydantic puts into the path of a fault beside the keys.
MODEL_TAGS = frozenset(
    {
        *("elastic_net_cox", "ridge_cox", "plain_cox", "random_survival_forest", "boosted_cox", "componentwise_cox"),
        *("weibull_aft", "stack"),
    }
)
