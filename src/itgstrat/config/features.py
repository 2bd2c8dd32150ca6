"""The section on features: which signatures, from which catalogue, in which form, and what stands beside them."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from pydantic import ConfigDict, Field, PrivateAttr, ValidationInfo, field_validator, model_validator

from itgstrat.biology import Catalogue, Signature, load_catalogue, read_catalogue
from itgstrat.config.section import Place, Section
from itgstrat.errors import CatalogueError

#: In `without`, short for the genes of all integrin subunits (the group of this name holds their signalling, too).
SUBUNITS = "integrins"


class WithoutConfig(Section):
    """Signatures scored with chosen genes left out, for instance the target whose effect is in question."""

    signature: str = Field(description="Signature id, group or category:NAME.")
    without: str | tuple[str, ...] = Field(
        min_length=1,
        description="List of genes; or `integrins` for all integrin subunits; or a signature or group, for its genes.",
    )

    def __str__(self) -> str:
        left_out = self.without if isinstance(self.without, str) else ", ".join(self.without)
        return f"{self.signature} without {left_out}"

    def select(self, catalogue: Catalogue) -> tuple[Signature, ...]:
        """Pick the signatures and leave the genes out.

        Parameters
        ----------
        catalogue : Catalogue
            Where signatures and groups are looked up.

        Returns
        -------
        tuple of Signature
            Those that hold none of the genes stay as they are.

        Raises
        ------
        CatalogueError
            If a name is unknown, nothing is left of a signature, or no signature holds any of the genes.
        """
        whole = catalogue.select([self.signature])
        if not isinstance(self.without, str):
            genes, label = self.without, ""
        else:
            label = self.without
            genes = catalogue.integrin_genes() if label == SUBUNITS else catalogue.genes([label])
        rest = tuple(one.without(genes, label) for one in whole)
        if rest == whole:
            raise CatalogueError(f"{self}: nothing is left out; check the genes (HGNC symbols)")
        return rest


class AdjustConfig(Section):
    """What the heterodimers are adjusted for: each becomes its residual on these scores, learned in training."""

    model_config = ConfigDict(validate_by_name=True, validate_by_alias=True)

    scores: tuple[str, ...] = Field(
        default=(), alias="for", description="Signature ids, groups or category:NAME; they become features, too."
    )
    covariates: tuple[str, ...] = Field(default=(), description="Some of features.covariates, such as purity.")

    @model_validator(mode="after")
    def _something(self) -> "AdjustConfig":
        if not self.scores and not self.covariates:
            raise ValueError("names nothing to adjust for; give signatures under `for`, or `covariates`")
        return self


class FeaturesConfig(Section):
    """What is computed per patient."""

    catalogue: tuple[Place, ...] = Field(
        default=(), description="Own signatures and groups (YAML or GMT), beside the packaged ones."
    )
    signatures: tuple[str | WithoutConfig, ...] = Field(
        default=("heterodimers",), min_length=1, description="Signature ids, groups or category:NAME."
    )
    score: Literal["singscore", "mean_rank", "ssgsea", "aucell", "ucell", "zscore", "weighted_mean"] = Field(
        default="singscore", description="How a gene set becomes a number."
    )
    joint: tuple[Literal["lower", "product", "parts"], ...] = Field(
        default=("lower",),
        min_length=1,
        description="Forms of a signature of two parts: the lower part, the product of the parts, each part apart.",
    )
    covariates: tuple[str, ...] = Field(default=(), description="Clinical variables beside the signatures.")
    alterations: tuple[str, ...] = Field(
        default=(), description="Alterations (mutations, copy number, ...) used like covariates, by their names."
    )
    not_assessed: Literal["fail", "indicator", "drop"] = Field(
        default="fail",
        description="Patients in whom an alteration was not assessed: stop; 0 and a column that says so; leave out.",
    )
    adjust: AdjustConfig | None = Field(
        default=None, description="Adjust the heterodimers, for instance for stroma, endothelium or purity."
    )
    min_coverage: float = Field(
        default=0.5, ge=0, le=1, description="Share of a signature's genes needed, else its score is withheld."
    )
    _merged: Catalogue | None = PrivateAttr(default=None)

    @field_validator("catalogue")
    @classmethod
    def _readable(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        _raising_value_errors(lambda: merge_catalogues(value))
        return value

    @field_validator("signatures")
    @classmethod
    def _known(cls, value: tuple[str | WithoutConfig, ...], info: ValidationInfo) -> tuple[str | WithoutConfig, ...]:
        if "catalogue" in info.data:
            _raising_value_errors(lambda: _choose(merge_catalogues(info.data["catalogue"]), value))
        return value
