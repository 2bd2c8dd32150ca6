"""The section on features: which signatures, from which catalogue, in which form, and what stands beside them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Literal

from pydantic import ConfigDict, Field, PrivateAttr, ValidationInfo, field_validator, model_validator

from itgstrat.biology import Catalogue, Signature, every_gene, load_catalogue, read_catalogue, single_gene
from itgstrat.config.section import Place, Section
from itgstrat.errors import CatalogueError

#: The names in `itgstrat.scoring.SCORES`.
Score = Literal["singscore", "mean_rank", "ssgsea", "aucell", "ucell", "zscore", "weighted_mean", "plage", "gsva"]

#: In `without`, short for the genes of all integrin subunits (the group of this name holds their signalling, too).
SUBUNITS = "integrins"

#: In `genes`, every gene that all training cohorts measured.
EVERY = "all"


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

    model_config = ConfigDict(populate_by_name=True)

    scores: tuple[str | WithoutConfig, ...] = Field(
        default=(), alias="for", description="As `signatures`; these scores become features, too."
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
    score: Literal[
        "singscore", "mean_rank", "ssgsea", "aucell", "ucell", "zscore", "weighted_mean", "plage", "gsva"
    ] = Field(default="singscore", description="How a gene set becomes a number.")
    genes: tuple[str, ...] = Field(
        default=(), description="Genes as features of their own: those of signatures or groups; or `all` measured."
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
    min_variation: float = Field(
        default=0.02, ge=0, lt=0.5, description="Least share of patients in whom an alteration is not as in the most."
    )
    z_limit: float | None = Field(
        default=None,
        gt=0,
        description="Hold standardised gene values within this on either side, against outliers; null is no limit.",
    )
    min_coverage: float = Field(
        default=0.5, ge=0, le=1, description="Share of a signature's genes needed, else its score is withheld."
    )
    _merged: Catalogue | None = PrivateAttr(default=None)

    @field_validator("catalogue")
    @classmethod
    def _readable(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        with _as_fault():
            merge_catalogues(value)
        return value

    @field_validator("signatures")
    @classmethod
    def _known(cls, value: tuple[str | WithoutConfig, ...], info: ValidationInfo) -> tuple[str | WithoutConfig, ...]:
        if "catalogue" in info.data:  # else its own fault is told
            with _as_fault():
                _choose(merge_catalogues(info.data["catalogue"]), value)
        return value

    @field_validator("genes")
    @classmethod
    def _known_genes(cls, value: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        if "catalogue" in info.data:
            with _as_fault():
                merge_catalogues(info.data["catalogue"]).genes([name for name in value if name != EVERY])
        return value

    @field_validator("joint", "alterations")
    @classmethod
    def _each_once(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(value)) < len(value):
            raise ValueError(f"{', '.join(value)}: each may be there once")
        return value

    @field_validator("alterations")
    @classmethod
    def _no_covariate(cls, value: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        if both := sorted(set(value) & set(info.data.get("covariates", ()))):
            raise ValueError(f"{', '.join(both)}: is a covariate, too; name it in one place")
        return value

    @field_validator("adjust")
    @classmethod
    def _can_be_adjusted(cls, value: AdjustConfig | None, info: ValidationInfo) -> AdjustConfig | None:
        if value is None or not {"catalogue", "signatures", "covariates"} <= info.data.keys():
            return value
        if foreign := [name for name in value.covariates if name not in info.data["covariates"]]:
            raise ValueError(f"{', '.join(foreign)}: not among features.covariates; name it there, too")
        with _as_fault():
            merged = merge_catalogues(info.data["catalogue"])
            scores = {one.id for one in _choose(merged, value.scores)}
            chosen = _choose(merged, info.data["signatures"])
        if not any(one.rule == "lower_subunit" and one.id not in scores for one in chosen):
            raise ValueError("no heterodimer is among features.signatures, so there is nothing to adjust")
        return value

    @model_validator(mode="after")
    def _keep_catalogue(self) -> "FeaturesConfig":
        if self.catalogue:  # kept, so that a run does not change with a file edited meanwhile
            self._merged = merge_catalogues(self.catalogue)
        return self

    def select(self) -> tuple[Signature, ...]:
        """Pick the signatures that become features.

        Returns
        -------
        tuple of Signature
            Those of `signatures`, then those that heterodimers are adjusted for; each once.
        """
        return _choose(self._known_facts(), (*self.signatures, *self._adjusting()))

    def select_genes(self) -> tuple[Signature, ...]:
        """Pick the genes that become features of their own.

        Returns
        -------
        tuple of Signature
            One gene each, once; `all` stands for those that training measured.
        """
        named = [name for name in self.genes if name != EVERY]
        genes = tuple(map(single_gene, self._known_facts().genes(named))) if named else ()
        return (*genes, every_gene(but=[one.id for one in genes])) if EVERY in self.genes else genes

    def name_entries(self) -> dict[str, frozenset[str]]:
        """Give the entries of `signatures` and `genes` by which blocks of features are named.

        Returns
        -------
        dict of str to frozenset of str
            Entry -> ids of its signatures, or its genes.
        """
        facts = self._known_facts()
        entries = {str(entry): frozenset(one.id for one in _choose(facts, [entry])) for entry in self.signatures}
        named = (name for name in self.genes if name != EVERY)
        return entries | {f"genes of {name}": frozenset(facts.genes([name])) for name in named}

    def adjusting(self) -> tuple[str, ...]:
        """List the signatures and covariates that heterodimers are adjusted for.

        Returns
        -------
        tuple of str
            Signature ids, then covariates; empty where nothing is adjusted.
        """
        scores = tuple(one.id for one in _choose(self._known_facts(), self._adjusting()))
        return (*scores, *(self.adjust.covariates if self.adjust else ()))

    def describe_panel(self) -> str:
        """Say in a line what is scored, for instance ``heterodimers: 24 signatures, 26 genes``.

        Returns
        -------
        str
            Names as the configuration has them, and the size.
        """
        names, chosen = list(map(str, self.signatures)), self.select()
        genes = {gene for one in chosen for gene in one.genes}
        also = f" (adjusted for {', '.join(self.adjusting())})" if self.adjust else ""
        shown = f"{', '.join(names[:4])}{', ...' if len(names) > 4 else ''}"
        return f"{shown}: {len(chosen)} signatures, {len(genes):,} genes{also}"

    def describe_circularity(self) -> str:
        """Warn of signatures that hold integrin genes without being about integrins.

        Returns
        -------
        str
            One line; empty where there is none.
        """
        chosen = {one.id: one for one in self.select()}
        facts = self._known_facts()
        facts = replace(facts, signatures={**facts.signatures, **chosen})
        held = [one.signature for one in facts.circularity(list(chosen)) if not one.expected]
        if not held:
            return ""
        named = f"{', '.join(held[:5])}{f' and {len(held) - 5} more' if len(held) > 5 else ''}"
        return (
            "signatures that hold integrin subunits without being about integrins: "
            f"{len(held)} of {len(chosen)} ({named}); their association with integrins is partly built in; "
            "{signature: ..., without: integrins} leaves them out"
        )

    def _known_facts(self) -> Catalogue:
        return self._merged or load_catalogue()

    def _adjusting(self) -> tuple[str | WithoutConfig, ...]:
        return self.adjust.scores if self.adjust else ()


def merge_catalogues(paths: Sequence[str]) -> Catalogue:
    """Add a user's own catalogues to the packaged one.

    Parameters
    ----------
    paths : sequence of str
        YAML or GMT files; a later one may name what an earlier one holds.

    Returns
    -------
    Catalogue
        All together.

    Raises
    ------
    CatalogueError
        If a file cannot be read or is at fault, or a name stands in two of them.

    Examples
    --------
    >>> merge_catalogues([]) == load_catalogue()
    True
    """
    merged = load_catalogue()
    for path in paths:
        try:
            merged = merged.merged_with(read_catalogue(path, merged))
        except CatalogueError as error:
            told = str(error)
            raise CatalogueError(told if path in told else f"{path}: {told}") from error
    return merged


def _choose(catalogue: Catalogue, entries: Sequence[str | WithoutConfig]) -> tuple[Signature, ...]:
    """Pick signatures by name, or with genes left out; each once, faults of the names together."""
    catalogue.select([entry if isinstance(entry, str) else entry.signature for entry in entries])
    picked = (catalogue.select([one]) if isinstance(one, str) else one.select(catalogue) for one in entries)
    return tuple({one.id: one for several in picked for one in several}.values())


@contextmanager
def _as_fault() -> Iterator[None]:
    """Make an error of the catalogue a fault of the configuration, at the path that is validated."""
    try:
        yield
    except CatalogueError as error:
        raise ValueError(str(error)) from error
