"""The sections on model, evaluation, strata and compute, and the run that holds all sections."""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationInfo, field_validator, model_validator

from itgstrat.config.antagonists import AntagonistsConfig
from itgstrat.config.cohorts import CohortConfig, EndpointConfig, ValidationConfig
from itgstrat.config.features import FeaturesConfig
from itgstrat.config.models import ElasticNetConfig, ModelConfig
from itgstrat.config.response import ResponseConfig
from itgstrat.config.section import Name, Place, Section
from itgstrat.config.uncertainty import UncertaintyConfig
from itgstrat.outcome import DAYS_PER_UNIT, TimeUnit

Fraction = Annotated[float, Field(gt=0, lt=1)]


class SplitsConfig(Section):
    """How patients are parted into those trained on and those judged."""

    kind: Literal["random", "site_preserved", "given"] = Field(
        default="random",
        description="Repeated folds, events and cohorts spread evenly; whole sites on one side; folds from a file.",
    )
    site: str | None = Field(
        default=None, description="site_preserved: clinical variable that names the site; else TCGA barcodes do."
    )
    file: Place | None = Field(
        default=None, description="given: table of patient, fold [, repeat]; or folder of splits_<k>.csv (train, val)."
    )

    @model_validator(mode="after")
    def _fits(self) -> "SplitsConfig":
        if (self.kind == "given") != (self.file is not None):
            raise ValueError("kind: given and file: FILE belong together")
        if self.site is not None and self.kind != "site_preserved":
            raise ValueError("site belongs to kind: site_preserved")
        return self


class OptimismConfig(Section):
    """How much of the performance in training is due to overfitting; every draw fits the whole pipeline again."""

    method: Literal["none", "bootstrap", "632plus"] = Field(
        default="none", description="none; Harrell's bootstrap; .632+, which suits models that overfit."
    )
    draws: int = Field(default=50, ge=10, le=1000, description="Samples of the patients.")


class EvaluationConfig(Section):
    """How the model is judged."""

    splits: SplitsConfig = SplitsConfig()
    folds: int = Field(default=5, ge=2, le=50, description="Outer folds; given folds have their own number.")
    repeats: int = Field(default=5, ge=1, le=100, description="Repetitions of the outer folds, where random.")
    random_signatures: int = Field(default=100, ge=0, description="Draws; below 100 needs without_random: true.")
    random_matched: bool = Field(
        default=True, description="Draw random genes of about the same level and spread as those they stand for."
    )
    without_random: bool = Field(default=False, description="Say so if you really want no random signatures.")
    permutations: int = Field(
        default=20, ge=0, le=1000, description="Fits on outcomes dealt out at random, first repetition; 0 is none."
    )
    tumour_type: str | None = Field(
        default=None, description="Clinical variable of a baseline by itself, where there are several types."
    )
    bootstrap: int = Field(default=1000, ge=100, le=100000, description="Bootstrap draws for intervals.")
    leave_one_cohort_out: bool = Field(default=True, description="Where there are two or more cohorts.")
    optimism: OptimismConfig = OptimismConfig()

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

    rule: Literal["quantiles", "maximally_selected"] = Field(
        default="quantiles", description="maximally_selected: the best log-rank cut-point, with its corrected p."
    )
    quantiles: tuple[Fraction, ...] = Field(
        default=(1 / 3, 2 / 3), min_length=1, description="Cut-points as quantiles of the training risk."
    )
    labels: tuple[str, ...] = Field(default=("low", "intermediate", "high"), description="Names, low to high.")
    horizons: tuple[Annotated[float, Field(gt=0)], ...] = Field(
        default=(3, 5), min_length=1, description="Times at which survival is predicted."
    )
    unit: TimeUnit = Field(default="years", description="Unit of the horizons.")

    @model_validator(mode="before")
    @classmethod
    def _two_where_selected(cls, content: Any) -> Any:
        selected = isinstance(content, dict) and content.get("rule") == "maximally_selected"
        return {"labels": ("low", "high"), "quantiles": (0.5,)} | content if selected else content

    @model_validator(mode="after")
    def _fits(self) -> "StrataConfig":
        if self.rule == "maximally_selected" and len(self.labels) != 2:
            raise ValueError(f"maximally_selected makes 2 strata; there are {len(self.labels)} labels")
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

    backend: Literal["loky", "threading", "dask"] = Field(
        default="loky", description="joblib backend: processes or threads here, or an existing Dask cluster."
    )
    scheduler: Annotated[str, Field(pattern=r"^[a-z]+://\S+$")] | None = Field(
        default=None, description="dask: address of its scheduler, such as tcp://10.0.0.1:8786."
    )
    n_jobs: int = Field(default=-1, ge=-1, description="Workers; -1 is one per core. dask: all of the cluster.")
    cache: Place | None = Field(
        default=None, description="Folder of your own that keeps finished folds; else until the run is done only."
    )

    @model_validator(mode="after")
    def _address_of_dask(self) -> "ComputeConfig":
        if (self.backend == "dask") != (self.scheduler is not None):
            raise ValueError("backend: dask and scheduler: ADDRESS belong together")
        return self


class RunConfig(Section):
    """One training run, from cohorts to report."""

    name: Name = Field(description="Name of the run; also of its output folder by default.")
    cohorts: tuple[CohortConfig, ...] = Field(min_length=1, description="Training cohorts.")
    response: ResponseConfig | None = Field(default=None, description="Instead of endpoint: a label to classify.")
    endpoint: EndpointConfig | None = Field(
        default=None,
        validate_default=True,
        description="Survival: outcome columns, for all cohorts without their own.",
    )
    validation: ValidationConfig = ValidationConfig()
    features: FeaturesConfig = FeaturesConfig()
    model: ModelConfig = Field(default=ElasticNetConfig(), description="The survival model and its tuning.")
    evaluation: EvaluationConfig = EvaluationConfig()
    strata: StrataConfig = StrataConfig()
    uncertainty: UncertaintyConfig = UncertaintyConfig()
    antagonists: AntagonistsConfig = AntagonistsConfig()
    compute: ComputeConfig = ComputeConfig()
    seed: int = Field(default=0, ge=0, lt=2**32, description="Seed of every random choice.")
    out: str | None = Field(default=None, description="Output folder; runs/NAME by default.")

    @field_validator("endpoint")
    @classmethod
    def _one_of_two(cls, value: EndpointConfig | None, info: ValidationInfo) -> EndpointConfig | None:
        if "response" in info.data and (value is None) == (info.data["response"] is None):
            found = "both are there" if value else "neither is there"
            raise ValueError(f"a run needs either endpoint (survival) or response (a label); {found}")
        return value

    @model_validator(mode="after")
    def _consistent(self) -> "RunConfig":
        names = [cohort.name for cohort in (*self.cohorts, *self.validation.external)]
        repeated = sorted({name for name in names if names.count(name) > 1})
        faults = [f"cohort name {name!r} is used more than once" for name in repeated]
        if len({cohort.source for cohort in (*self.cohorts, *self.validation.external)}) < len(names):
            faults.append("the same source stands for two cohorts; a patient may be in one only")
        named = dict.fromkeys(self.features.covariates, "covariate")
        named |= {self.evaluation.tumour_type or "": "tumour type", self.evaluation.splits.site or "": "site"}
        for name in sorted(set(named).difference({""}, *(cohort.columns for cohort in self.cohorts))):
            faults.append(
                f"{named[name]} {name!r} is in no training cohort's `columns`; say there which column holds it"
            )
        if self.response and self.response.column in self.features.covariates:
            faults.append(f"the label {self.response.column!r} is a covariate, too; it cannot predict itself")
        if self.compute.n_jobs == 0:
            faults.append("compute.n_jobs is 0; give 1 or more workers, or -1 for one per core")
        if faults:
            raise ValueError("; ".join(faults))
        return self

    @property
    def out_dir(self) -> Path:
        """Where the results go unless the command line says otherwise."""
        return Path(self.out) if self.out else Path("runs") / self.name
