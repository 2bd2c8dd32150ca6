"""The section on uncertainty: what is told of a patient beside the risk itself."""

from typing import Annotated

from pydantic import Field

from itgstrat.config.section import Section


class UncertaintyConfig(Section):
    """A calibrated lower bound of survival and the interval of the risk; survival models only."""

    level: Annotated[float, Field(gt=0.5, lt=1)] | None = Field(
        default=0.9, description="Share of patients who are to outlive their lower bound of survival; null for none."
    )
    folds: int = Field(
        default=10, ge=2, le=20, description="Fits of the whole pipeline that the bound is calibrated by."
    )
    samples: int = Field(
        default=100, ge=0, le=10000, description="Bootstrap samples for the interval of a linear risk; 0 for none."
    )
