"""The section on agents: whose rules a model carries, and where their thresholds lie."""

from typing import Annotated, Literal

from pydantic import Field, field_validator

from itgstrat.biology import load_catalogue
from itgstrat.config.section import Section
from itgstrat.errors import CatalogueError

Fraction = Annotated[float, Field(gt=0, lt=1)]


class AntagonistsConfig(Section):
    """Target and context of each agent (tier T1), against quantiles of the training patients."""

    agents: Literal["all"] | tuple[str, ...] = Field(
        default="all", description="`all`, or a list of ids or names of `itgstrat agents list`; [] for none."
    )
    target_quantile: Fraction = Field(
        default=2 / 3, description="Quantile of the training patients, by tumour type, from which a target is high."
    )
    context_quantile: Fraction = Field(
        default=0.5, description="The same for each signature of the context and each marker."
    )

    @field_validator("agents")
    @classmethod
    def _known(cls, value: Literal["all"] | tuple[str, ...]) -> Literal["all"] | tuple[str, ...]:
        if value == "all":
            return value
        try:
            return tuple(dict.fromkeys(load_catalogue().agent(name).id for name in value))
        except CatalogueError as error:
            raise ValueError(str(error)) from error

    def ids(self) -> tuple[str, ...]:
        """List the ids of the agents.

        Returns
        -------
        tuple of str
            In the order of the catalogue, or as given.
        """
        return tuple(load_catalogue().agents) if self.agents == "all" else tuple(self.agents)
