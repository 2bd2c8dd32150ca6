"""T3 `benefit`: treatment by score, on cohorts with two arms; all of the analysis in one record."""

from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from itgstrat.antagonists.benefit_curve import BenefitCurve, benefit_curve
from itgstrat.antagonists.benefit_interaction import Interaction, fit_interaction
from itgstrat.antagonists.benefit_survival import default_horizon, survival_by_score
from itgstrat.antagonists.benefit_trial import Design, Learned, Trial
from itgstrat.antagonists.overlap_weights import IMBALANCED, fit_propensity, overlap_weights, tabulate_balance
from itgstrat.antagonists.tiers import NOT_CLINICAL
from itgstrat.errors import CohortError

#: quantity, at, estimate, low, high, p, unit
Row = tuple[str, Hashable, float, float, float, float, str]
NAN = float("nan")

OUT_OF_FOLD = (
    "the score was learned out of fold on these patients: the folds share what they learned from, and every p above is "
    "too small; read that of judge_learned, which repeats the learning"
)
SCALES = (
    "the interaction is one of hazard ratios, the curve one of days: where the score is prognostic, a constant hazard "
    "ratio of treatment gains more days in some patients than in others"
)


@dataclass(frozen=True, eq=False)
class Benefit:
    """Who gains from treatment, by score.

    Parameters
    ----------
    design : {"randomised", "observational"}
        Goes into every row of the tables.
    learned : {"elsewhere", "out-of-fold"}
        Where the score was learned.
    arms : tuple of str
        Control and treated.
    patients, events : tuple of int
        In control and treated.
    horizon_days : float
        Of the differences and the curve.
    interaction : Interaction
        Test and hazard ratios.
    survival : DataFrame
        Survival and restricted mean in each arm by score, see `survival_by_score`.
    curve : BenefitCurve
        Would the score pick those who gain.
    balance : DataFrame or None
        Covariates before and after weighting; None where lots were drawn.
    notes : tuple of str
        What the reader must know.
    caveat : str
        What goes with every number.
    """

    design: Design
    learned: Learned
    arms: tuple[str, str]
    patients: tuple[int, int]
    events: tuple[int, int]
    horizon_days: float
    interaction: Interaction
    survival: pd.DataFrame
    curve: BenefitCurve
    balance: pd.DataFrame | None
    notes: tuple[str, ...]
    caveat: str = NOT_CLINICAL

    def to_table(self) -> pd.DataFrame:
        """Lay everything out in rows.

        Returns
        -------
        DataFrame with columns tier, design, score_learned, quantity, at, estimate, low, high, p, unit, caveat
            One row a number; `at` is a quantile of the score, a share treated, or the name of a term.
        """
        rows = pd.DataFrame(self._rows(), columns=["quantity", "at", "estimate", "low", "high", "p", "unit"])
        rows.insert(0, "tier", "T3")
        rows.insert(1, "design", self.design)
        rows.insert(2, "score_learned", self.learned)
        return rows.assign(caveat=self.caveat)

    def to_dict(self) -> dict[str, Any]:
        """Give the record as what JSON can hold; NaN becomes None.

        Returns
        -------
        dict
            The heading, the table and the notes.
        """
        return {
            "tier": "T3",
            "design": self.design,
            "score_learned": self.learned,
            "arms": {
                name: {"patients": patients, "events": events}
                for name, patients, events in zip(self.arms, self.patients, self.events, strict=True)
            },
            "horizon_days": self.horizon_days,
            "test": self.interaction.test,
            "finding": self.say(),
            "results": [
                {str(name): None if value != value else value for name, value in row.items()}
                for row in self.to_table().to_dict("records")
            ],
            "notes": list(self.notes),
            "caveat": self.caveat,
        }

    def say(self) -> str:
        """Say in words what was found, and what could have been."""
        found, area = self.interaction, self.curve.areas.loc["AUTOC"]
        size = f"{sum(self.events)} events in {self.patients[1]} treated and {self.patients[0]} control patients"
        p = f"p = {found.p:.3f}" if found.p >= 0.001 else "p < 0.001"
        verdict = (
            "The effect of treatment depends on the score"
            if found.p < 0.05
            else "That the effect of treatment depends on the score could not be shown"
        )
        return (
            f"{verdict} ({found.test} test, {p}; {self.design}; {size}). "
            f"Ratio of hazard ratios per SD of the score {found.ratio:.2f} ({found.low:.2f} to {found.high:.2f}); this "
            f"study finds {found.detectable:.2f} or its reciprocal with 80% power. Area under the benefit curve "
            f"{area['days']:.1f} days ({area['low']:.1f} to {area['high']:.1f})."
        )

    def _rows(self) -> Iterator[Row]:
        found = self.interaction
        yield f"interaction ({found.test})", "", found.statistic, NAN, NAN, found.p, "chi-square"
        yield "ratio of hazard ratios", "", found.ratio, found.low, found.high, found.p, "per SD of the score"
        yield "ratio detectable with 80% power", "", found.detectable, NAN, NAN, NAN, "per SD of the score"
        for term, own in found.coefficients.iterrows():
            yield "hazard ratio", term, own["hazard_ratio"], own["low"], own["high"], own["p"], "per unit"
        for quantile, own in found.at_quantiles.iterrows():
            yield "score", quantile, own["score"], NAN, NAN, NAN, "score"
            yield "hazard ratio of treatment", quantile, own["hazard_ratio"], own["low"], own["high"], NAN, "ratio"
            if "e_value" in own:
                yield "E-value of that hazard ratio", quantile, own["e_value"], NAN, NAN, NAN, "risk ratio"
        for row, own in self.survival.iterrows():
            yield from _difference_rows(row, own)
        yield from self._curve_rows()
        if self.balance is not None:
            for when in ("before", "after"):
                for covariate, value in self.balance[f"difference_{when}"].items():
                    yield f"standardised difference {when} weighting", covariate, value, NAN, NAN, NAN, "SD"

    def _curve_rows(self) -> Iterator[Row]:
        yield "days gained on average", "", self.curve.average, NAN, NAN, NAN, "days"
        for share, own in self.curve.curve.iterrows():
            yield "days gained above average", share, own["days"], own["low"], own["high"], NAN, "days"
        for area, own in self.curve.areas.iterrows():
            yield f"{area} (bootstrap p)", "", own["days"], own["low"], own["high"], own["p"], "days"
            yield f"{area} (permutation p)", "", own["days"], NAN, NAN, own["permutation_p"], "days"


def _difference_rows(quantile: Hashable, own: pd.Series) -> Iterator[Row]:
    """Survival and restricted mean of both arms at one score, and how they differ."""
    for name, difference, unit in (("survival", "difference", "share"), ("rmst", "rmst_difference", "days")):
        for arm in ("control", "treated"):
            yield f"{name}, {arm}", quantile, own[f"{name}_{arm}"], NAN, NAN, NAN, unit
        limits = own[f"{difference}_low"], own[f"{difference}_high"]
        yield f"{name}, treated minus control", quantile, own[difference], *limits, NAN, unit


def analyse_benefit(
    trial: Trial,
    horizon_days: float | None = None,
    draws: int = 200,
    permutations: int = 999,
    random_state: int = 0,
) -> Benefit:
    """Analyse who gains from treatment, by score.

    Where nobody drew lots, patients carry overlap weights of a propensity from covariates, strata and score.

    Parameters
    ----------
    trial : Trial
        Patients of two arms; `read_trial` makes one of a table, and refuses a single arm.
    horizon_days : float, optional
        Horizon of survival and restricted mean; `default_horizon` if not given.
    draws, permutations : int
        Bootstrap samples and permutations.
    random_state : int
        Seed.

    Returns
    -------
    Benefit
        Test, effects by score, differences at the horizon, benefit curve, balance.

    Raises
    ------
    CohortError
        If the arms were not randomised and there is no covariate to weigh by.
    OutcomeError
        If there are too few events, or the horizon is beyond the follow-up.
    ModelError
        If a model has no finite coefficients.

    Examples
    --------
    >>> from itgstrat.antagonists.poseidon import simulate_poseidon, poseidon_trial
    >>> found = analyse_benefit(poseidon_trial(simulate_poseidon(copies=10, random_state=0)), draws=20)
    >>> found.to_table()["design"].unique().tolist()
    ['randomised']
    """
    horizon_days = default_horizon(trial) if horizon_days is None else horizon_days
    weight, balance, notes = _weigh(trial)
    control, treated = ~trial.treated, trial.treated
    return Benefit(
        trial.design,
        trial.learned,
        trial.arms,
        (int(control.sum()), int(treated.sum())),
        (int(trial.outcome.event[control].sum()), int(trial.outcome.event[treated].sum())),
        horizon_days,
        fit_interaction(trial, weight),
        survival_by_score(trial, horizon_days, draws=draws, random_state=random_state),
        benefit_curve(trial, horizon_days, max(draws, 200), permutations, random_state),
        balance,
        (*trial.notes, *notes, *([OUT_OF_FOLD] if trial.learned == "out-of-fold" else []), SCALES),
    )


def _weigh(trial: Trial) -> tuple[npt.NDArray[np.float64] | None, pd.DataFrame | None, tuple[str, ...]]:
    """Overlap weights, balance and what to say of them; none of it where lots were drawn."""
    if trial.design == "randomised":
        return None, None, ()
    if trial.adjustment.empty:
        raise CohortError(
            "arms that nobody drew lots for, and no covariate; name the variables that may have moved the choice "
            "of treatment (stage, age, performance, year) as covariates"
        )
    known = trial.adjustment.assign(score=trial.score)
    weight = overlap_weights(fit_propensity(known, trial.treated), trial.treated)
    balance = tabulate_balance(known, trial.treated, weight)
    apart = balance.index[balance["difference_before"].abs() > IMBALANCED]
    count = [weight[own].sum() ** 2 / (weight[own] ** 2).sum() for own in (~trial.treated, trial.treated)]
    notes = [
        "observational: the arms were chosen, not drawn; weights balance the listed covariates alone, "
        "over all scores together and not at each, and leave hidden causes as they are (see the E-values)",
        f"effective patients after weighting: {count[0]:.0f} control, {count[1]:.0f} treated",
    ]
    if len(apart):
        notes.append(f"out of balance before weighting (above {IMBALANCED} SD): {', '.join(map(str, apart))}")
    return weight, balance, tuple(notes)
