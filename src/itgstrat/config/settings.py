"""The sections on model, evaluation, strata and compute, and the run that holds all sections."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from itgstrat.config.cohorts import CohortConfig, EndpointConfig, ValidationConfig
from itgstrat.config.features import FeaturesConfig
from itgstrat.config.section import Name, Section
from itgstrat.outcome import DAYS_PER_UNIT, TimeUnit

Fraction = Annotated[float, Field(gt=0, lt=1)]


class ModelConfig(Section):
    """The survival model and its tuning."""

    kind: Literal["elastic_net_cox"] = Field(default="elastic_net_cox", description="Survival model.")
    l1_ratio: float = Field(default=0.5, gt=0, le=1, description="1 is lasso; towards 0 is ridge.")
    n_alphas: int = Field(default=30, ge=2, le=1000, description="Length of the penalty path.")
    alpha_min_ratio: float = Field(default=0.05, gt=0, lt=1, description="Last penalty over first penalty.")
    penalise_covariates: bool = Field(default=False, description="Penalise the clinical variables too.")
    inner_folds: int = Field(default=5, ge=2, le=20, description="Folds of the inner cross-validation.")


class EvaluationConfig(Section):
    """How the model is judged."""

    folds: int = Field(default=5, ge=2, le=50, description="Outer folds.")
    repeats: int = Field(default=5, ge=1, le=100, description="Repetitions of the outer folds.")
    random_signatures: int = Field(default=100, ge=0, description="Draws; below 100 needs without_random: true.")
    without_random: bool = Field(default=False, description="Say so if you really want no random signatures.")
    bootstrap: int = Field(default=1000, ge=100, le=100000, description="Bootstrap draws for intervals.")
    leave_one_cohort_out: bool = Field(default=True, description="Where there are two or more cohorts.")

    @model_validator(mode="after")
    def _nulls_on_purpose(self) -> "EvaluationConfig":
        if self.random_signatures < 100 and not self.without_random:
            raise ValueError(
                f"random_signatures is {self.random_signatures}; the comparison needs at least 100 "
                "(or set without_random: true, and the report says so)"
            )
        return self


class StrataConfig(Section):
    """Risk strata and the times at which survival is told."""

    quantiles: tuple[Fraction, ...] = Field(
        default=(1 / 3, 2 / 3), min_length=1, description="Cut-points as quantiles of the training risk."
    )
    labels: tuple[str, ...] = Field(default=("low", "intermediate", "high"), description="Names, low to high.")
    horizons: tuple[Annotated[float, Field(gt=0)], ...] = Field(
        default=(3, 5), min_length=1, description="Times at which survival is predicted."
    )
    unit: TimeUnit = Field(default="years", description="Unit of the horizons.")

    @model_validator(mode="after")
    def _fits(self) -> "StrataConfig":
        if len(self.labels) != len(self.quantiles) + 1:
            raise ValueError(f"{len(self.quantiles)} quantiles make {len(self.quantiles) + 1} strata; "
                             f"there are {len(self.labels)} labels")  # fmt: skip
        if list(self.quantiles) != sorted(set(self.quantiles)):
            raise ValueError("quantiles must rise")
        return self

    @property
    def horizons_days(self) -> tuple[float, ...]:
        """Horizons in days, rising."""
        return tuple(sorted({horizon * DAYS_PER_UNIT[self.unit] for horizon in self.horizons}))


class ComputeConfig(Section):
    """Where the work is done; the answers do not depend on it."""

    backend: Literal["loky", "threading"] = Field(default="loky", description="joblib backend.")
    n_jobs: int = Field(default=-1, ge=-1, description="Workers; -1 is one per core.")


class RunConfig(Section):
    """One training run, from cohorts to report."""

    name: Name = Field(description="Name of the run; also of its output folder by default.")
    cohorts: tuple[CohortConfig, ...] = Field(min_length=1, description="Training cohorts.")
    endpoint: EndpointConfig = Field(description="Outcome columns, for all cohorts without their own.")
    validation: ValidationConfig = ValidationConfig()
    features: FeaturesConfig = FeaturesConfig()
    model: ModelConfig = ModelConfig()
    evaluation: EvaluationConfig = EvaluationConfig()
    strata: StrataConfig = StrataConfig()
    compute: ComputeConfig = ComputeConfig()
    seed: int = Field(default=0, ge=0, lt=2**32, description="Seed of every random choice.")
    out: str | None = Field(default=None, description="Output folder; runs/NAME by default.")

    @model_validator(mode="after")
    def _consistent(self) -> "RunConfig":
        names = [cohort.name for cohort in (*self.cohorts, *self.validation.external)]
        repeated = sorted({name for name in names if names.count(name) > 1})
        faults = [f"cohort name {name!r} is used more than once" for name in repeated]
        if len({cohort.source for cohort in (*self.cohorts, *self.validation.external)}) < len(names):
            faults.append("the same source stands for two cohorts; a patient may be in one only")
        for name in sorted(set(self.features.covariates).difference(*(cohort.columns for cohort in self.cohorts))):
            faults.append(f"covariate {name!r} is in no training cohort's `columns`; say there which column holds it")
        if self.compute.n_jobs == 0:
            faults.append("compute.n_jobs is 0; give 1 or more workers, or -1 for one per core")
        if faults:
            raise ValueError("; ".join(faults))
        return self

    @property
    def out_dir(self) -> Path:
        """Where the results go unless the command line says otherwise."""
        return Path(self.out) if self.out else Path("runs") / self.name
