"""The sections on cohorts: where they lie, how they are read, which columns hold what."""

from typing import Any, Literal

from pydantic import Field, field_validator

from itgstrat.config.section import Name, Place, Section
from itgstrat.outcome import Endpoint, TimeUnit

#: Layouts that hold expression, by the names that `itgstrat inspect` shows.
Layout = Literal["survset", "cbioportal", "geo", "geo-soft", "h5ad", "gct", "gdc", "firehose", "xena", "table"]


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
    source: Place = Field(description="Expression file, or survset:NAME; $VARIABLES are filled in.")
    clinical: Place | None = Field(default=None, description="Clinical file of any layout, where it is one of its own.")
    id_column: str | None = Field(default=None, description="Clinical column that names patients or samples.")
    prefix: str = Field(
        default="", description="Put before the names of patients, where other cohorts name other patients alike."
    )
    layout: Layout | None = Field(default=None, description="Layout of the source; detected if not given.")
    unit: Literal["auto", "counts", "linear", "log2", "log-ratio", "z-score"] = Field(
        default="auto", description="What the numbers in the expression file are."
    )
    orientation: Literal["auto", "genes x patients", "patients x genes"] = Field(
        default="auto", description="Which way round the expression table lies."
    )
    duplicates: Literal["highest_mean", "mean", "first", "fail"] = Field(
        default="highest_mean", description="Which of several rows of one gene stays."
    )
    samples: Literal["primary", "metastatic", "normal", "all"] = Field(
        default="primary", description="Which samples count, where their kind is known."
    )
    measure: str | None = Field(default=None, description="GDC, Firehose: which of the measures a file holds.")
    profile: str | None = Field(default=None, description="cBioPortal: which expression profile of the study.")
    probe_map: Place | None = Field(default=None, description="GEO, GCT: table of probes and their genes.")
    keep: str | None = Field(default=None, description="GEO: samples that count, as column=value|other value.")
    layer: str | None = Field(default=None, description="h5ad: which layer holds the expression.")
    symbols: str | None = Field(default=None, description="h5ad, GCT: which column holds the gene symbols.")
    alterations: tuple[Place, ...] = Field(
        default=(), description="Mutations (MAF), copy-number calls and per-sample tables beside the expression."
    )
    alteration_genes: tuple[str, ...] | None = Field(
        default=None, description="cBioPortal: genes and codons to take from the study, instead of those of the facts."
    )
    endpoint: EndpointConfig | None = Field(default=None, description="Outcome columns, where not those of the run.")
    columns: dict[str, str | ColumnConfig] = Field(
        default_factory=dict, description="Our name of a clinical variable -> the cohort's own column."
    )

    @property
    def files(self) -> tuple[str, ...]:
        """Files and folders that must be there when the cohort is read."""
        named = (self.source, self.clinical, self.probe_map, *self.alterations)
        return tuple(path for path in named if path and ":" not in path.split("/")[0])

    @property
    def layout_options(self) -> dict[str, Any]:
        """Options that one layout alone knows, as `read_cohort` takes them; None where not given."""
        names = ("measure", "profile", "probe_map", "keep", "layer", "symbols", "alteration_genes")
        return {name: getattr(self, name) for name in names}


class ValidationConfig(Section):
    """Cohorts the model never sees in training."""

    external: tuple[CohortConfig, ...] = Field(default=(), description="External validation cohorts.")
