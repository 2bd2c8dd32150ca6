"""A closer look at the configured model: strata, subgroups, optimism and sample size."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from itgstrat.cohort import Cohort
from itgstrat.config import RunConfig
from itgstrat.errors import ItgstratError, ModelError, OutcomeError
from itgstrat.evaluation.fold import keep_needed
from itgstrat.evaluation.optimism import Method, Optimism, correct_optimism
from itgstrat.evaluation.prognosis import Prognosis, judge_prognosis
from itgstrat.evaluation.protocol import Judged
from itgstrat.evaluation.sample_size import SampleSize, judge_sample_size
from itgstrat.evaluation.separation import Separation, judge_strata
from itgstrat.evaluation.subgroups import Subgroup, judge_subgroups
from itgstrat.evaluation.target_high import judge_target_high
from itgstrat.evaluation.workers import open_workers
from itgstrat.fitting.cutpoints import SelectedCut, select_cut
from itgstrat.fitting.pipeline import build_pipeline
from itgstrat.outcome import Outcome

#: Permutations behind the p of a selected cut-point.
PERMUTATIONS = 1000


@dataclass(frozen=True)
class CloserLook:
    """What the comparison with baselines does not show.

    Parameters
    ----------
    sample_size : SampleSize or None
        Patients at hand and patients needed.
    separation : Separation or None
        Out-of-fold strata; None where only one has patients.
    cut : SelectedCut or None
        Where cut-points are maximally selected: the same selection on out-of-fold risks, with its corrected p.
    subgroups : tuple of Subgroup
        Out-of-fold performance by clinical variable.
    horizon_days : float
        Horizon of calibration in subgroups.
    optimism : Optimism or None
        Where it was asked for.
    notes : tuple of str
        What could not be had, and a warning where there are too few patients.
    target_high : tuple of Subgroup
        Tier T0: out-of-fold performance among the patients whose target is high, by target.
    prognosis : Prognosis or None
        Hazard ratios of the out-of-fold risk, alone and beside the clinical covariates; mean survival by stratum.
    """

    sample_size: SampleSize | None
    separation: Separation | None
    cut: SelectedCut | None
    subgroups: tuple[Subgroup, ...]
    horizon_days: float
    optimism: Optimism | None
    notes: tuple[str, ...]
    target_high: tuple[Subgroup, ...] = ()
    prognosis: Prognosis | None = None

    def as_dict(self) -> dict[str, Any]:
        """Give plain JSON types."""
        content = asdict(self)
        content["optimism"] = self.optimism.as_dict() if self.optimism else None
        del content["notes"]
        if self.prognosis:
            del content["prognosis"]["notes"]
        return content


def look_closer(
    config: RunConfig,
    cohort: Cohort,
    judged: Judged,
    groups: npt.NDArray[np.intp],
    horizon_days: float,
    survival: npt.NDArray[np.float64],
    n_candidates: int,
) -> CloserLook:
    """Look closer at the configured model in cross-validation.

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
        Horizon of calibration in subgroups.
    survival : ndarray of float64, shape (n_repeats, n_patients)
        Out-of-fold survival at the horizon.
    n_candidates : int
        Candidate parameters.

    Returns
    -------
    CloserLook
        What could not be had is a note.
    """
    outcome, settings, notes = cohort.require_outcome(), config.evaluation, []
    size = separation = cut = optimism = None
    try:
        size = judge_sample_size(outcome, n_candidates, horizon_days)
    except ItgstratError as error:
        notes.append(f"sample size: {error}")
    if size and not size.enough:
        notes.append(size.say())
    try:
        separation = judge_strata(outcome, judged.stratum[0], config.strata.labels, groups[0])
        if config.strata.rule == "maximally_selected":
            cut = select_cut(_within(outcome, groups[0]), judged.risk[0], draws=PERMUTATIONS, seed=config.seed)
    except ItgstratError as error:
        notes.append(f"risk strata: {error}")
    if settings.optimism.method != "none":
        try:
            optimism = _correct_optimism(config, cohort, settings.optimism.method)
        except (ModelError, OutcomeError) as error:
            notes.append(f"optimism: {error}")
    subgroups = judge_subgroups(
        outcome,
        judged.risk,
        groups,
        survival,
        horizon_days,
        _variables(config, cohort),
        settings.bootstrap,
        config.seed,
    )
    high = judge_target_high(config, cohort, judged, groups, horizon_days, survival)
    prognosis = judge_prognosis(
        _within(outcome, groups[0]),
        judged.risk[0],
        judged.stratum[0],
        config.strata.labels,
        cohort.clinical[[name for name in config.features.covariates if name in cohort.clinical]],
        horizon_days,
    )
    notes += prognosis.notes
    return CloserLook(size, separation, cut, subgroups, horizon_days, optimism, tuple(notes), high, prognosis)


def _correct_optimism(config: RunConfig, cohort: Cohort, method: Method) -> Optimism:
    pipeline, draws = build_pipeline(config), config.evaluation.optimism.draws
    needed = keep_needed(cohort, pipeline.named_steps["features"])
    with open_workers(config.compute, [needed]) as workers:
        return correct_optimism(pipeline, needed, method, draws, config.seed, workers)


def _within(outcome: Outcome, groups: npt.NDArray[np.intp]) -> Outcome:
    """The outcome with cohort and fold as stratum."""
    blocks = np.char.add(np.char.add(outcome.stratum, "|"), groups.astype(str))
    return Outcome(outcome.event, outcome.time_days, blocks)


def _variables(config: RunConfig, cohort: Cohort) -> Mapping[str, pd.Series]:
    """Clinical variables that were read, but alterations; and the cohort, where there are several."""
    altered = set(config.features.alterations)
    named = {str(name): column for name, column in cohort.clinical.items() if str(name).split("=")[0] not in altered}
    batch = pd.Series(cohort.batch, index=cohort.patients)
    return named | ({"cohort": batch} if batch.nunique() > 1 else {})
