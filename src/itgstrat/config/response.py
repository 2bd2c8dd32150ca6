"""The section on a label: which clinical column says who responded, and how that is learned."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from itgstrat.config.section import Name, Section


def _as_text(value: Any) -> Any:
    """Take whole numbers as text; yes and no without quotes are truth values in YAML, and no text any more."""
    if isinstance(value, bool):
        raise ValueError(f"{value} is a truth value; write the text of the file in quotes, such as 'yes'")
    return f"{value:g}" if isinstance(value, int | float) else value


Value = Annotated[str, BeforeValidator(_as_text)]


class ResponseConfig(Section):
    """A label of two classes instead of a survival outcome, and the classifier that learns it."""

    column: Name = Field(
        description="Clinical variable, in the cohorts' `columns` or in their clinical tables; also the label's name."
    )
    positive: tuple[Value, ...] = Field(min_length=1, description="Values that are the positive label.")
    negative: tuple[Value, ...] = Field(
        min_length=1, description="Values that are the negative label; patients with neither are left out, counted."
    )
    kind: Literal["elastic_net_logistic", "histogram_boosting", "random_forest"] = Field(
        default="elastic_net_logistic", description="Classifier."
    )
    calibration: Literal["auto", "logistic", "isotonic"] = Field(
        default="auto", description="Map from score to probability; auto is isotonic from 1,000 patients up."
    )
    class_weight: Literal["balanced"] | None = Field(
        default=None, description="balanced: both labels weigh the same while the classifier is fitted."
    )
    inner_folds: int = Field(default=5, ge=2, le=20, description="Folds of the inner cross-validation.")
    l1_ratio: float = Field(default=0.5, gt=0, le=1, description="Elastic net: 1 is lasso; towards 0 is ridge.")
    n_alphas: int = Field(default=30, ge=2, le=1000, description="Elastic net: length of the penalty path.")
    alpha_min_ratio: float = Field(default=0.05, gt=0, lt=1, description="Elastic net: last penalty over first.")
    penalise_covariates: bool = Field(
        default=False, description="Elastic net: penalise the clinical variables as the signatures."
    )

    @model_validator(mode="after")
    def _apart(self) -> "ResponseConfig":
        if both := sorted(set(self.positive) & set(self.negative)):
            raise ValueError(f"{', '.join(both)}: is positive and negative")
        return self
