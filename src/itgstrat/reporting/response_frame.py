"""What a report of a label says before any number: whose label it is, and what the model may be used for."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from itgstrat.biology import Agent, load_catalogue
from itgstrat.biology.eligibility import list_clauses
from itgstrat.config import RunConfig
from itgstrat.config.response import ResponseConfig
from itgstrat.errors import ModelError
from itgstrat.learned import CALLS
from itgstrat.reporting.wording import join_words, name_comparison

if TYPE_CHECKING:
    from itgstrat.evaluation.response_table import ResponseComparison

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


def section_of(config: RunConfig) -> ResponseConfig:
    """Give the section on the label.

    Parameters
    ----------
    config : RunConfig
        A run that learns a label.

    Returns
    -------
    ResponseConfig
        The section.

    Raises
    ------
    ModelError
        If there is none.
    """
    if config.response is None:
        raise ModelError(f"the run {config.name!r} has no `response` section; its report is `training_report`")
    return config.response


def name_labels(section: ResponseConfig) -> tuple[str, str]:
    """Name the positive and the negative label.

    Parameters
    ----------
    section : ResponseConfig
        The label.

    Returns
    -------
    tuple of str
        The values of the column, or the answers of the rule.

    Examples
    --------
    >>> name_labels(ResponseConfig(column="best", positive=["CR", "PR"], negative=["PD"]))
    ('CR or PR', 'PD')
    """
    if section.surrogate:
        return CALLS[2], CALLS[0]
    return " or ".join(section.positive), " or ".join(section.negative)


def describe_label(section: ResponseConfig) -> str:
    """Say in a line what the label is.

    Parameters
    ----------
    section : ResponseConfig
        The label.

    Returns
    -------
    str
        Variable and values, or the rule, which is no clinical outcome.

    Examples
    --------
    >>> describe_label(ResponseConfig(column="best", positive=["CR", "PR"], negative=["PD"]))
    'Label: best, CR or PR against PD'
    """
    positive, negative = name_labels(section)
    agent = section.agent()
    if agent is None:
        return f"Label: {section.column}, {positive} against {negative}"
    return f"Label: {positive} against {negative} by the T1 rule of {agent.name}; no clinical outcome was looked at"


def name_response(item: "ResponseComparison") -> str:
    """Name a comparison in words."""
    if item.kind == "leave-one-cohort-out" and item.cohort == "all":
        return "Left out, one cohort at a time"
    named: Any = item
    return name_comparison(named)


def describe_label_strata(config: RunConfig) -> str:
    """Say in words where the cut-points between the strata of a label lie."""
    quantiles = join_words([f"{quantile:.3g}" for quantile in config.strata.quantiles])
    return (
        f"Patients are {join_words(list(config.strata.labels))} by the quantiles {quantiles} of the training log odds."
    )


def describe_label_validation(config: RunConfig) -> str:
    """Say in words how training and test were kept apart."""
    settings = config.evaluation
    repeated = f", repeated {settings.repeats} times" if settings.repeats > 1 else ""
    told = f"Nested cross-validation in {settings.folds} folds{repeated}, labels and cohorts spread evenly."
    if len(config.cohorts) > 1 and settings.leave_one_cohort_out:
        told += " Each training cohort was also left out in turn and judged by a model of the others."
    if config.validation.external:
        told += " External cohorts were judged by the frozen model of all training patients."
    return told


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
