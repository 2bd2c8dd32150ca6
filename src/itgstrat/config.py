"""Run configuration: YAML in, one frozen record out; every fault is told at once, by its path."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from itgstrat.biology.catalogue import load_catalogue
from itgstrat.errors import CatalogueError, ConfigError, InputError
from itgstrat.outcome import DAYS_PER_UNIT, Endpoint, TimeUnit

Fraction = Annotated[float, Field(gt=0, lt=1)]
Name = Annotated[str, Field(min_length=1, pattern=r"^[A-Za-z0-9][\w .+-]*$")]


class Section(BaseModel):
    """A part of the configuration: frozen, and a key it does not know is a fault."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class EndpointConfig(Section):
    """Which clinical columns hold the outcome."""

    event: str = Field(description="Column with 1 (event) and 0 (censored).")
    time: str = Field(description="Column with the time to event or censoring.")
    unit: TimeUnit = Field(default="days", description="Unit of the time column.")

    def to_endpoint(self) -> Endpoint:
        """Give the plain record that readers take."""
        return Endpoint(self.event, self.time, self.unit)


class ColumnConfig(Section):
    """Where one of our clinical variables stands in a cohort's own table."""

    column: str = Field(description="The cohort's own name of the column.")
    values: dict[str, float | str | None] | None = Field(
        default=None, description="Recoding: value in the file -> our value (null is missing)."
    )

    @field_validator("values", mode="before")
    @classmethod
    def _numbers_as_text(cls, values: Any) -> Any:
        known = values if isinstance(values, dict) else {}
        return {str(key) if type(key) is int else key: value for key, value in known.items()} or values


class CohortConfig(Section):
    """One cohort: where it lies and how to read it."""

    name: Name = Field(description="Short name; the batch and the baseline stratum of its patients.")
    source: str = Field(description="Expression file, or survset:NAME; $VARIABLES are filled in.")
    clinical: str | None = Field(default=None, description="Clinical file, where it is a file of its own.")
    id_column: str | None = Field(default=None, description="Clinical column that names patients or samples.")
    unit: Literal["auto", "counts", "linear", "log2", "log-ratio", "z-score"] = Field(
        default="auto", description="What the numbers in the expression file are."
    )
    endpoint: EndpointConfig | None = Field(default=None, description="Outcome columns, where not those of the run.")
    columns: dict[str, str | ColumnConfig] = Field(
        default_factory=dict, description="Our name of a clinical variable -> the cohort's own column."
    )

    @field_validator("source", "clinical")
    @classmethod
    def _fill_in_variables(cls, value: str | None) -> str | None:
        if value is None:
            return None
        filled = os.path.expandvars(value)
        if "$" in filled:
            raise ValueError(f"{value!r} names an environment variable that is not set")
        return str(Path(filled).expanduser()) if filled.startswith("~") else filled


class ValidationConfig(Section):
    """Cohorts the model never sees in training."""

    external: tuple[CohortConfig, ...] = Field(default=(), description="External validation cohorts.")


class FeaturesConfig(Section):
    """What is computed per patient."""

    signatures: tuple[str, ...] = Field(
        default=("heterodimers",), min_length=1, description="Signature ids, groups or category:NAME."
    )
    score: Literal["singscore", "mean_rank", "ssgsea", "aucell", "ucell", "zscore", "weighted_mean"] = Field(
        default="singscore", description="How a gene set becomes a number."
    )
    covariates: tuple[str, ...] = Field(default=(), description="Clinical variables beside the signatures.")
    min_coverage: float = Field(
        default=0.5, ge=0, le=1, description="Share of a signature's genes needed, else its score is withheld."
    )

    @field_validator("signatures")
    @classmethod
    def _known(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        try:
            load_catalogue().select(value)
        except CatalogueError as error:
            raise ValueError(str(error)) from error
        return value


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


class _UniqueKeyLoader(yaml.SafeLoader):
    """SafeLoader that refuses a key written twice, which plain YAML settles in silence."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [key.value for key, _ in node.value]
        for at, (key, _) in enumerate(node.value):
            if key.value in keys[:at]:
                raise yaml.MarkedYAMLError(None, None, f"the key {key.value!r} is written twice", key.start_mark)
        return super().construct_mapping(node, deep)


def parse_yaml(text: str, origin: str) -> dict[str, Any]:
    """Read a YAML mapping.

    Parameters
    ----------
    text : str
        YAML text.
    origin : str
        File name for messages.

    Returns
    -------
    dict
        The mapping.

    Raises
    ------
    ConfigError
        If the text is not YAML, not a mapping, or writes a key twice.

    Examples
    --------
    >>> parse_yaml("name: run", "run.yaml")
    {'name': 'run'}
    """
    try:
        content = yaml.load(text, Loader=_UniqueKeyLoader)  # noqa: S506 - a SafeLoader
    except yaml.YAMLError as error:
        raise ConfigError(origin, [f"not valid YAML: {' '.join(str(error).split())}"]) from error
    if not isinstance(content, dict):
        raise ConfigError(origin, [f"needs a mapping (name: ..., cohorts: ...), found {type(content).__name__}"])
    return content


def apply_overrides(content: dict[str, Any], overrides: Iterable[str], origin: str) -> dict[str, Any]:
    """Set values by path, as ``--set model.l1_ratio=0.1`` does.

    Parameters
    ----------
    content : dict
        The parsed configuration; not changed.
    overrides : iterable of str
        ``path=value`` each; a number in the path picks an item of a list; the value is YAML.
    origin : str
        File name for messages.

    Returns
    -------
    dict
        A changed copy.

    Raises
    ------
    ConfigError
        If an override has no ``=`` or its path leads nowhere.

    Examples
    --------
    >>> apply_overrides({"model": {"l1_ratio": 1}}, ["model.l1_ratio=0.1"], "run.yaml")
    {'model': {'l1_ratio': 0.1}}
    """
    content = yaml.safe_load(yaml.safe_dump(content))
    faults = []
    for override in overrides:
        path, separator, value = override.partition("=")
        try:
            if not separator:
                raise InputError("needs the form path=value")
            _set_by_path(content, path.strip().split("."), yaml.safe_load(value))
        except (InputError, yaml.YAMLError) as error:
            faults.append(f"--set {override}: {' '.join(str(error).split())}")
    if faults:
        raise ConfigError(origin, faults)
    return content


def _set_by_path(content: Any, path: list[str], value: Any) -> None:
    for at, step in enumerate(path):
        if isinstance(content, list) and not (step.isdecimal() and int(step) < len(content)):
            raise InputError(f"{'.'.join(path[:at])} has the items 0 to {len(content) - 1}, not {step!r}")
        if not isinstance(content, dict | list):
            raise InputError(f"{'.'.join(path[:at])} is {content!r}, not a section")
        key: Any = int(step) if isinstance(content, list) else step
        if at == len(path) - 1:
            content[key] = value
        elif isinstance(content, dict) and content.get(key) is None:
            content[key] = {}
        content = content[key]


def build_config(content: Mapping[str, Any], origin: str = "config") -> RunConfig:
    """Check a parsed configuration.

    Parameters
    ----------
    content : mapping
        The parsed YAML.
    origin : str
        File name for messages.

    Returns
    -------
    RunConfig
        The frozen configuration.

    Raises
    ------
    ConfigError
        With every fault, by its path.
    """
    try:
        return RunConfig.model_validate(content)
    except ValidationError as error:
        told = [item for item in error.errors() if _is_news(item)]
        raise ConfigError(origin, [f"{'.'.join(map(str, i['loc'])) or 'config'}: {_say(i)}" for i in told]) from error


def _is_news(item: Any) -> bool:
    """Tell faults from their echoes: a section is no name; a list whose items are at fault is too short."""
    if item["type"] == "too_short":
        return len(item["input"]) < int(item["ctx"]["min_length"])
    return item["loc"][-1:] != ("str",) or not isinstance(item["input"], dict)


def _say(item: Any) -> str:
    if item["type"] == "extra_forbidden":
        return "this key is not known here (see `itgstrat schema`)"
    if item["type"] == "missing":
        return "is needed and missing"
    if item["type"] == "model_type":
        return f"needs a section of `key: value` lines, found {item['input']!r}"
    message = " ".join(str(item["msg"]).removeprefix("Value error, ").split())
    return message if item["type"] == "value_error" else f"{message}, found {item['input']!r}"


def load_config(path: str | Path, overrides: Iterable[str] = ()) -> RunConfig:
    """Read a run configuration from a YAML file.

    Parameters
    ----------
    path : str or Path
        The file. Relative paths of cohorts are taken from the folder the file is in.
    overrides : iterable of str
        ``path=value`` settings that win over the file.

    Returns
    -------
    RunConfig
        The frozen configuration.

    Raises
    ------
    ConfigError
        With every fault, by its path.
    InputError
        If the file cannot be read.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot read the configuration ({error}); give a YAML file") from error
    content = apply_overrides(parse_yaml(text, str(path)), overrides, str(path))
    config = build_config(content, str(path))
    return _anchor(config, path.resolve().parent)


def _anchor(config: RunConfig, folder: Path) -> RunConfig:
    """Take relative file paths from the folder of the configuration file."""

    def place(name: str | None) -> str | None:
        is_dataset = name is not None and ":" in name.split("/")[0] and not Path(name).drive
        return name if name is None or is_dataset or Path(name).is_absolute() else str(folder / name)

    def anchored(cohort: CohortConfig) -> CohortConfig:
        return cohort.model_copy(update={"source": place(cohort.source), "clinical": place(cohort.clinical)})

    cohorts, external = (tuple(map(anchored, c)) for c in (config.cohorts, config.validation.external))
    validation = config.validation.model_copy(update={"external": external})
    return config.model_copy(update={"cohorts": cohorts, "validation": validation})
