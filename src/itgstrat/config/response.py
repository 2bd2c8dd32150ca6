"""The section on a label: a clinical column, or the rule of an agent, and how that is learned."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from itgstrat.biology import Agent, load_catalogue
from itgstrat.biology.eligibility import list_clauses
from itgstrat.config.section import Name, Section
from itgstrat.errors import CatalogueError


def _as_text(value: Any) -> Any:
    """Take whole numbers as text; yes and no without quotes are truth values in YAML, and no text any more."""
    if isinstance(value, bool):
        raise ValueError(f"{value} is a truth value; write the text of the file in quotes, such as 'yes'")
    return f"{value:g}" if isinstance(value, int | float) else value


Value = Annotated[str, BeforeValidator(_as_text)]


class ResponseConfig(Section):
    """A label of two classes instead of a survival outcome, and the classifier that learns it."""

    column: Name | None = Field(
        default=None,
        description="Clinical variable, in the cohorts' `columns` or in their clinical tables; also the label's name.",
    )
    positive: tuple[Value, ...] = Field(default=(), description="Values that are the positive label.")
    negative: tuple[Value, ...] = Field(
        default=(), description="Values that are the negative label; patients with neither are left out, counted."
    )
    surrogate: str | None = Field(
        default=None,
        min_length=1,
        description="Instead of these three, an agent whose T1 rule makes the label; its genes are withheld.",
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
    def _one_label(self) -> "ResponseConfig":
        faults = self._faults_of_surrogate() if self.surrogate else self._faults_of_column()
        if faults:
            raise ValueError("; ".join(faults))
        return self

    def _faults_of_surrogate(self) -> list[str]:
        given = [key for key in ("column", "positive", "negative") if getattr(self, key)]
        faults = [f"surrogate stands instead of {', '.join(given)}; give one or the other"] if given else []
        try:
            self.agent()
        except CatalogueError as error:
            faults.append(f"surrogate: {error}")
        return faults

    def _faults_of_column(self) -> list[str]:
        absent = [key for key in ("column", "positive", "negative") if not getattr(self, key)]
        faults = [f"{', '.join(absent)}: needed and missing or empty (or name an agent in surrogate)"] if absent else []
        if both := sorted(set(self.positive) & set(self.negative)):
            faults.append(f"{', '.join(both)}: is positive and negative")
        return faults

    def agent(self) -> Agent | None:
        """Give the agent whose rule makes the label.

        Returns
        -------
        Agent or None
            None where the label is a clinical variable.

        Raises
        ------
        CatalogueError
            If there is no such agent.
        """
        return load_catalogue().agent(self.surrogate) if self.surrogate else None

    def withheld(self) -> tuple[str, ...]:
        """List the genes that the label is made of, which no feature may hold.

        Returns
        -------
        tuple of str
            Of target, context and markers, and those whose alterations the rule asks for; sorted, and none where the
            label is a clinical variable.

        Examples
        --------
        >>> ResponseConfig(surrogate="etaracizumab").withheld()[3:5]
        ('FGF2', 'ITGAV')
        """
        agent = self.agent()
        clauses = list_clauses(agent, load_catalogue()) if agent else ()
        scored = {gene for clause in clauses for score in clause.scores for gene in score.genes}
        return tuple(sorted(scored | {gene_of(name) for clause in clauses for name in clause.alterations}))


def gene_of(alteration: str) -> str:
    """Give the gene that an alteration is of: what its name begins with.

    Parameters
    ----------
    alteration : str
        Name of an alteration, or of the column that says where it was not assessed.

    Returns
    -------
    str
        HGNC symbol.

    Examples
    --------
    >>> gene_of("KRAS_G12C")
    'KRAS'
    """
    return alteration.partition("_")[0]
