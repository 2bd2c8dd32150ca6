"""What a report of a label says before any number: whose label it is, and what the model may be used for."""

from collections.abc import Sequence
from dataclasses import dataclass

from itgstrat.biology import Agent, load_catalogue
from itgstrat.biology.eligibility import list_clauses
from itgstrat.config import RunConfig

CARE = (
    "Any decision on the care of a patient. The model is not a medical device and no prospective study stands "
    "behind it."
)


@dataclass(frozen=True)
class Frame:
    """What a report of a label says of its use, before any number.

    Parameters
    ----------
    statement : str
        At its head.
    intended, out_of_scope : tuple of str
        What it may and may not be used for.
    """

    statement: str
    intended: tuple[str, ...]
    out_of_scope: tuple[str, ...]


RECORDED = Frame(
    "Putative and hypothesis-generating; not for clinical use. What is predicted is the label that the training "
    "cohorts recorded, under the treatment that they gave. It is not response to an integrin antagonist.",
    (
        "Research: to ask whether expression tells patients with and without a recorded label apart, and whether that "
        "adds to what is established.",
    ),
    (
        CARE,
        "Any claim about response to an integrin antagonist, or about benefit: where all patients had one treatment, "
        "who responds and who would have fared well anyway cannot be told apart.",
        "Treatments, tumour types and platforms that training did not see, unless the model has been validated there.",
    ),
)


def _frame_recovery(agent: str) -> Frame:
    return Frame(
        f"Surrogate-label recovery; hypothesis-generating; not for clinical use. The label is the answer of the T1 "
        f"rule of {agent}, computed from the expression of the same patients: nobody was seen to benefit from any "
        "drug, and nothing is told of who would.",
        (
            f"Research: to ask how far expression beside the genes of the rule tells whom the T1 rule of {agent} calls "
            "eligible, and whether random genes of the same number do it as well.",
        ),
        (
            CARE,
            f"Any claim about who benefits from {agent}: the rule has not been tested on treated "
            "patients, and a model that recovers it knows no more than the rule.",
            "Tumour types and platforms that training did not see: the label is a quantile of the training patients.",
        ),
    )


def frame_of(surrogate: str | None) -> Frame:
    """Give the frame of a recorded label, or of one that the rule of an agent made.

    Parameters
    ----------
    surrogate : str or None
        Id or name of the agent.

    Returns
    -------
    Frame
        Statement, and what the model may be used for.

    Raises
    ------
    CatalogueError
        If there is no such agent.

    Examples
    --------
    >>> frame_of("etaracizumab").statement[:24]
    'Surrogate-label recovery'
    """
    return _frame_recovery(load_catalogue().agent(surrogate).name) if surrogate else RECORDED


def describe_rule(config: RunConfig, agent: Agent, withheld: Sequence[str]) -> str:
    """Say in the methods how the rule of an agent became the label.

    Parameters
    ----------
    config : RunConfig
        The run.
    agent : Agent
        The agent.
    withheld : sequence of str
        Genes withheld.

    Returns
    -------
    str
        A paragraph.
    """
    bars, clauses = config.antagonists, list_clauses(agent, load_catalogue())
    return (
        f"Eligible by the T1 rule of {agent.name} ({'; '.join(one.label for one in clauses)}), against not eligible. "
        f"The target is high from the {bars.target_quantile:.2f} quantile of the training patients, context and "
        f"markers from the {bars.context_quantile:.2f} quantile, scored by singscore and not adjusted. The quantiles "
        "were learned once, on all training patients: they define the label, and the folds share them. Patients of "
        "whom the rule cannot tell are left out. "
        "Withheld before anything was fitted, from every feature, random signature and covariate: "
        f"{', '.join(withheld)}."
    )
