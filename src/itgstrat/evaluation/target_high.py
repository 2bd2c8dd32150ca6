"""Tier T0 in training: how the model tells the patients apart whose target is high, out of fold."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from itgstrat.cohort import Cohort
from itgstrat.config import RunConfig
from itgstrat.evaluation.protocol import Judged
from itgstrat.evaluation.subgroups import Subgroup, judge_subgroup
from itgstrat.fitting.agents import learn_agents
from itgstrat.learned import AgentRules

#: Name of the level, in tables.
HIGH = "target high"


def judge_target_high(
    config: RunConfig,
    cohort: Cohort,
    judged: Judged,
    groups: npt.NDArray[np.intp],
    horizon_days: float,
    survival: npt.NDArray[np.float64],
) -> tuple[Subgroup, ...]:
    """Judge out-of-fold predictions among the patients whose target is high, target by target.

    Whose target is high is told by thresholds learned on all training patients, without outcomes. It is prognosis
    among them and says nothing of response.

    Parameters
    ----------
    config : RunConfig
        The run.
    cohort : Cohort
        Patients judged, with outcome.
    judged : Judged
        Out-of-fold predictions of the configured model.
    groups : ndarray of int, shape (n_repeats, n_patients)
        Fold that judged each patient.
    horizon_days : float
        Horizon of calibration.
    survival : ndarray of float64, shape (n_repeats, n_patients)
        Out-of-fold survival at the horizon.

    Returns
    -------
    tuple of Subgroup
        The variable names the target and its agents; agents of the same target are judged once, a control that is
        no agent last. Empty where there are no rules.
    """
    rules = learn_agents(config, cohort)
    if rules is None:
        return ()
    featurised = rules.featurise(**cohort.arrays(), reference="batch")
    kinds = cohort.clinical[rules.tumour_type] if rules.tumour_type in cohort.clinical else [""] * len(cohort)
    answers = rules.judge(featurised, rules.find_groups(list(map(str, kinds))), {}, "batch")
    high = rules.target_high(answers)
    return tuple(
        judge_subgroup(
            name,
            HIGH,
            np.flatnonzero(high[:, agent] == 1),
            cohort.require_outcome(),
            judged.risk,
            groups,
            survival,
            horizon_days,
            config.evaluation.bootstrap,
            config.seed,
        )
        for agent, name in _name_targets(rules)
    )


def _name_targets(rules: AgentRules) -> Iterator[tuple[int, str]]:
    """Give the first agent of every target, and the target with all its agents in words."""
    by_target: dict[tuple[str, ...], list[int]] = {}
    for agent, clause in enumerate(np.flatnonzero(rules.kind == "target").tolist()):
        by_target.setdefault(tuple(sorted(rules.option[rules.options(clause)])), []).append(agent)
    for target, agents in by_target.items():
        shown = " or ".join(target) if len(target) <= 3 else f"any of {len(target)} targets"
        if rules.classes[agents[0]] == "control":
            yield agents[0], str(rules.label[np.flatnonzero(rules.kind == "target")[agents[0]]])
        else:
            yield agents[0], f"{shown}: {', '.join(rules.agents[agents])}"
