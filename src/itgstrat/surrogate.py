"""Surrogate labels: the T1 rule of an agent as the label of a classifier that may not see the genes of the rule."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from itgstrat.antagonists.context import Judged, judge_cohort
from itgstrat.cohort import Cohort, Dropped
from itgstrat.config import AntagonistsConfig, RunConfig
from itgstrat.config.response import gene_of
from itgstrat.errors import ModelError, OutcomeError, name_some
from itgstrat.fitting.agents import learn_agents
from itgstrat.fitting.pipeline import build_panel, design_of
from itgstrat.fitting.response.pipeline import SURROGATE, require_response
from itgstrat.learned import CALLS


@dataclass(frozen=True, eq=False)
class Surrogate:
    """Cohorts with the label that the rule of an agent gave them, and without what the rule looked at.

    Parameters
    ----------
    config : RunConfig
        The run without the covariates and alterations that are withheld.
    training : Cohort
        Labelled training patients, all cohorts joined.
    external : tuple of Cohort
        Labelled patients of the external cohorts.
    whole : tuple of Cohort
        The same patients, training first, with the withheld genes still there; only to show what a leak is worth.
    """

    config: RunConfig
    training: Cohort
    external: tuple[Cohort, ...]
    whole: tuple[Cohort, ...]


def make_surrogate(config: RunConfig, training: Cohort, external: Sequence[Cohort] = ()) -> Surrogate:
    """Label patients by the rule of an agent, and withhold what the rule looks at.

    The thresholds are quantiles of all training patients, learned once: they define the label, as a cut-off of an
    assay would, and the folds of the evaluation share them. External cohorts are held against the frozen ones.

    Parameters
    ----------
    config : RunConfig
        A run with `response.surrogate`.
    training : Cohort
        Training patients, all cohorts joined; their outcome is not looked at.
    external : sequence of Cohort
        External cohorts.

    Returns
    -------
    Surrogate
        Patients of whom the rule cannot tell are left out and counted in ``cohort.dropped``.

    Raises
    ------
    OutcomeError
        If nobody in training is eligible, or nobody is not, or nobody of an external cohort can be told.
    ModelError
        If training measured no gene of the agent.
    """
    agent = require_response(config).agent()
    if agent is None:
        raise ModelError(f"the run {config.name!r} has no response.surrogate; name an agent there")
    alone = AntagonistsConfig(agents=(agent.id,), **config.antagonists.model_dump(exclude={"agents"}))
    plain = config.features.model_copy(update={"adjust": None})  # the label is the answer by plain scores
    rules = learn_agents(config.model_copy(update={"antagonists": alone, "features": plain}), training)
    if rules is None:
        raise ModelError(f"training measured no gene of {agent.name}; take an agent whose target was measured")
    judged = judge_cohort(rules, training, reference="batch")
    _require_both_answers(judged, agent.name)
    labelled = [label_by_rule(training, judged, agent.name)]
    if external:
        panel = build_panel(config, design_of(config)).fit(training)
    for cohort in external:  # thresholds do not hold where a prediction would tell nothing, either
        foreign = panel.familiarity_.is_foreign(panel.recipe_, panel.recipe_.featurise(**cohort.arrays()).measured)
        labelled.append(label_by_rule(cohort, judge_cohort(rules, cohort, foreign=foreign), agent.name))
    genes = require_response(config).withheld()
    kept = [withhold(cohort, genes, agent.name) for cohort in labelled]
    whole = tuple(replace(one, expression=full.expression) for one, full in zip(kept, labelled, strict=True))
    return Surrogate(without_withheld(config), kept[0], tuple(kept[1:]), whole)


def label_by_rule(cohort: Cohort, judged: Judged, agent: str) -> Cohort:
    """Put the answers of the first rule among the clinical variables; leave out whom the rule cannot tell.

    Parameters
    ----------
    cohort : Cohort
        Patients.
    judged : Judged
        The same patients, held against the rule.
    agent : str
        Name of the agent, for what is told.

    Returns
    -------
    Cohort
        Eligible and not eligible patients.

    Raises
    ------
    OutcomeError
        If there is none.
    """
    calls = _calls(judged)
    unknown = calls == CALLS[1]
    reason = f"the T1 rule of {agent} cannot tell{_say_why(judged, unknown)}"
    if unknown.all():
        raise OutcomeError(f"cohort {cohort.name!r}: {reason}, in any patient; {_ADVICE}")
    told = cohort.with_clinical(pd.DataFrame({SURROGATE: calls}, index=cohort.patients))
    if not unknown.any():
        return told
    names = {str(batch): cohort.patients[unknown & (cohort.batch == batch)] for batch in np.unique(cohort.batch)}
    records = [Dropped("patient", tuple(map(str, own)), reason, name) for name, own in names.items() if len(own)]
    return replace(told[~unknown], dropped=(*cohort.dropped, *records))


_ADVICE = "load what the rule asks for (such as mutations: `alterations` of the cohorts), or take another agent"


def _calls(judged: Judged) -> npt.NDArray[np.object_]:
    """Answers of the first rule, shape (n_patients,)."""
    return np.array(CALLS, dtype=object)[judged.rules.call(judged.answers)[:, 0]]


def _say_why(judged: Judged, unknown: npt.NDArray[np.bool_]) -> str:
    missing = {name for names in judged.missing[unknown, 0] for name in str(names).split(", ") if name}
    reasons = [f"not measured or assessed: {name_some(sorted(missing))}"] if missing else []
    if (judged.foreign & unknown).any():
        reasons.append("expression of another kind than training's")
    return f" ({'; '.join(reasons)})" if reasons else ""


def _require_both_answers(judged: Judged, agent: str) -> None:
    calls = _calls(judged)
    counts = {call: int((calls == call).sum()) for call in CALLS}
    if not (counts[CALLS[0]] and counts[CALLS[2]]):
        told = ", ".join(f"{count} {call}" for call, count in reversed(counts.items()))
        raise OutcomeError(
            f"the T1 rule of {agent} makes no label of the training patients: {told}"
            f"{_say_why(judged, calls == CALLS[1])}; some need to be eligible and some not: {_ADVICE}"
        )


def withhold(cohort: Cohort, genes: Sequence[str], agent: str) -> Cohort:
    """Take genes out of a cohort, with all alterations and clinical variables that are named after them.

    Parameters
    ----------
    cohort : Cohort
        Patients.
    genes : sequence of str
        What is withheld.
    agent : str
        Name of the agent whose rule is made of them.

    Returns
    -------
    Cohort
        A copy; the genes that were there are counted in ``cohort.dropped``.

    Raises
    ------
    CohortError
        If no gene is left.
    """

    def without(table: pd.DataFrame) -> pd.DataFrame:
        return table.loc[:, [gene_of(str(name)) not in genes for name in table.columns]]

    present = tuple(str(gene) for gene in cohort.genes if gene in genes)
    record = Dropped("gene", present, f"withheld, because the label (T1 rule of {agent}) is made of them", cohort.name)
    return replace(
        cohort,
        expression=without(cohort.expression),
        clinical=without(cohort.clinical),
        alterations=None if cohort.alterations is None else without(cohort.alterations),
        dropped=(*cohort.dropped, *([record] if present else [])),
    )


def without_withheld(config: RunConfig) -> RunConfig:
    """Take the withheld covariates and alterations out of the settings of the features.

    Parameters
    ----------
    config : RunConfig
        A run with `response.surrogate`.

    Returns
    -------
    RunConfig
        A copy.
    """
    genes, features = require_response(config).withheld(), config.features
    kept = {
        key: tuple(name for name in getattr(features, key) if gene_of(name) not in genes)
        for key in ("covariates", "alterations")
    }
    return config.model_copy(update={"features": features.model_copy(update=kept)})


def explain_withheld(config: RunConfig, left_out: Mapping[str, str], measured: Iterable[str]) -> dict[str, str]:
    """Say of what was left out because of withheld genes that it was so.

    Parameters
    ----------
    config : RunConfig
        The run as it was asked for.
    left_out : mapping of str to str
        Signatures and covariates that training could not use -> why.
    measured : iterable of str
        Genes of training.

    Returns
    -------
    dict of str to str
        The same with the withheld genes named as such, then the withheld covariates and alterations.
    """
    genes, features, known = require_response(config).withheld(), config.features, set(measured)
    told, reason = dict(left_out), "withheld, because the label is made of"
    for one in design_of(config).signatures:
        held = [gene for gene in one.genes if gene in genes]
        absent = [gene for gene in one.genes if gene not in known and gene not in held]
        if one.id in told and held:
            told[one.id] = f"{name_some(held)} {reason} {'it' if len(held) == 1 else 'them'}"
            told[one.id] += f"; {name_some(absent)} not measured" if absent else ""
    others = [name for name in (*features.covariates, *features.alterations) if gene_of(name) in genes]
    return told | dict.fromkeys(others, f"{reason} it")
