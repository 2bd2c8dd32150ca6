"""What holds for all patients of a prediction, in words."""

from collections.abc import Sequence

from itgstrat.learned import ModelBundle, Reference
from itgstrat.learned.response import ResponseModel


def word_notes(
    bundle: ModelBundle, reference: Reference, n_patients: int, absent: Sequence[str] = (), n_foreign: int = 0
) -> tuple[str, ...]:
    """Word what holds for all patients of a prediction.

    Parameters
    ----------
    bundle : ModelBundle
        The model.
    reference : {"pooled", "batch", "cohort"}
        Reference of the prediction.
    n_patients : int
        Patients that something is told of.
    absent : sequence of str
        Features that the model uses and that are missing in every patient.
    n_foreign : int
        Patients whose expression is of another kind than training's.

    Returns
    -------
    tuple of str
        One sentence or more each.
    """
    notes = []
    if reference == "cohort":
        notes.append(
            f"location and scale were learned anew from these {n_patients} patients, without outcomes; "
            "a patient's numbers depend on the others in the file"
        )
    if absent:
        notes.append(f"missing in every patient, imputed as training learned to: {', '.join(absent)}")
    if isinstance(bundle.model, ResponseModel):
        notes.append(f"probability is that of the label {bundle.model.label}{_word_label(bundle)}")
    elif bundle.unjudged_days:
        notes.append(_word_unjudged(bundle))
    elif bundle.horizons_days[-1] > bundle.model.followed_until_days:
        notes.append("training was not followed to the last horizon; survival there is not told")
    if bundle.lower_bound is not None:
        level = f"{bundle.lower_bound.level:.0%}"
        notes.append(
            f"lower_bound_days: {level} of patients like those of training live longer (capped: at least that long); "
            "calibrated on training patients left out in turn, it is a share of patients, not a promise to one; "
            "not told of patients unlike training's, nor by the reference `cohort`"
        )
    return (*notes, *_word_agents(bundle, reference, n_patients, n_foreign))


def _word_unjudged(bundle: ModelBundle) -> str:
    """Say at which horizons no survival is told, and what to do."""
    until = bundle.info["evaluation"][0]["followed_days"]
    columns = ", ".join(f"survival_{days:.0f}_days" for days in bundle.unjudged_days)
    return (
        f"{columns} not told: the evaluation could not judge the model there, only between the first event and "
        f"{until:.0f} days, until which every training cohort has a tenth of its patients, and five, under "
        "observation; train with horizons between these (strata.horizons)"
    )


def _word_label(bundle: ModelBundle) -> str:
    if "surrogate" in bundle.info:
        return (
            ": the answer of a rule, made from expression; nobody was seen to benefit, and its genes are not looked at"
        )
    return (
        ", as the training cohorts recorded it under their treatment; it is putative, and not response to an integrin "
        "antagonist"
    )


def _word_agents(bundle: ModelBundle, reference: Reference, n_patients: int, n_foreign: int) -> list[str]:
    if bundle.agents is None:
        why = "the model holds no rules of any (no agents.npz), or they were left out (--no-agents)"
        return [f"nothing is told of agents: {why}"]
    notes = []
    if n_foreign and reference != "cohort":
        notes.append(
            f"agents: of {n_foreign} of {n_patients} patients nothing that is scored is told, because their "
            "expression is of another kind than training's and thresholds do not hold; with the reference `cohort` (30 "
            "patients or more) quantiles of the cohort itself take their place"
        )
    if len(bundle.recipe.batches) > 1 and reference == "pooled":
        notes.append(
            "agents: training joined several cohorts; thresholds may not hold on a platform that none of them was "
            "measured on, even where no patient is flagged: see whether the random pair of genes is high too often"
        )
    return notes
