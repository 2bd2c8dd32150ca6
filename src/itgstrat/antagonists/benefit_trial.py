"""Trial: patients of two arms with an outcome and a score; everything else is refused here, once."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd

from itgstrat.errors import CohortError, InputError, name_some
from itgstrat.outcome import Outcome, TimeUnit, make_outcome

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

Design = Literal["randomised", "observational"]
#: Where the score was learned: on other patients (or fixed beforehand), or out of fold on these.
Learned = Literal["elsewhere", "out-of-fold"]

#: Fewest patients of each arm in a stratum for a share treated of its own.
LEAST_IN_STRATUM = 5


@dataclass(frozen=True, eq=False)
class Trial:
    """Patients of two arms with an outcome and a score.

    Parameters
    ----------
    outcome : Outcome
        Outcome; each of its strata has a baseline hazard of its own.
    treated : ndarray of bool, shape (n_patients,)
        True in the treated arm.
    score : ndarray of float64, shape (n_patients,)
        The continuous score whose interaction with treatment is in question.
    covariates : DataFrame of shape (n_patients, n_covariates)
        Numbers, nothing missing; may have no column.
    design : {"randomised", "observational"}
        Observational where nobody drew lots for the arm: the comparison is then weighted and labelled.
    learned : {"elsewhere", "out-of-fold"}
        Where the score was learned; on the patients it is tested on is no choice.
    arms : tuple of str
        Names of the control and the treated arm.
    notes : tuple of str
        What was left out, and why.

    Raises
    ------
    CohortError
        If there are not two arms with events in each, lengths differ, a number is missing, or the score is constant.
    """

    outcome: Outcome
    treated: Bools
    score: Floats
    covariates: pd.DataFrame
    design: Design
    learned: Learned
    arms: tuple[str, str] = ("control", "treated")
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not len(self.outcome) == len(self.treated) == len(self.score) == len(self.covariates):
            raise CohortError(
                f"{len(self.outcome)} outcomes, {len(self.treated)} arms, {len(self.score)} scores and "
                f"{len(self.covariates)} rows of covariates; one of each a patient is needed"
            )
        if self.design not in get_args(Design) or self.learned not in get_args(Learned):
            raise CohortError(
                f"design {self.design!r}, score learned {self.learned!r}; needed are {' or '.join(get_args(Design))}, "
                f"and {' or '.join(get_args(Learned))}: a score is not tested on the patients that it was learned on"
            )
        for name, own in zip(self.arms, (~self.treated, self.treated), strict=True):
            if not self.outcome.event[own].any():
                raise CohortError(
                    f"arm {name!r} has {int(own.sum())} patients and no event; benefit is a difference between two "
                    "arms, and without both there is prognosis only: use the risk tiers instead"
                )
        if not np.isfinite(self.score).all() or not np.isfinite(self.covariates.to_numpy(np.float64)).all():
            raise CohortError("scores or covariates are missing or infinite; leave those patients out beforehand")
        if np.ptp(self.score) == 0:
            raise CohortError("the score is the same in all patients, nothing can depend on it; give another score")

    def __len__(self) -> int:
        return len(self.treated)

    def take(self, rows: npt.NDArray[np.intp] | Bools) -> "Trial":
        """Take some patients, each as often as named."""
        return Trial(
            self.outcome[rows],
            self.treated[rows],
            self.score[rows],
            self.covariates.iloc[np.arange(len(self))[rows]],
            self.design,
            self.learned,
            self.arms,
            self.notes,
        )

    def score_at(self, quantiles: Sequence[float]) -> pd.Series:
        """Scores at quantiles, each once: of a marker that is there or not, two are left."""
        scores = pd.Series(np.quantile(self.score, quantiles), pd.Index(quantiles, name="quantile"), name="score")
        return scores.drop_duplicates()

    @property
    def adjustment(self) -> pd.DataFrame:
        """Covariates and, where there are several strata, a column of 0 and 1 for each but the first."""
        strata = pd.get_dummies(pd.Series(self.outcome.stratum, dtype=str), prefix="stratum", dtype=float).iloc[:, 1:]
        return pd.concat([self.covariates.reset_index(drop=True), strata], axis=1)

    @property
    def share_treated(self) -> Floats:
        """Share treated among everybody, or of the own stratum where each stratum has enough of both arms."""
        names = np.unique(self.outcome.stratum, return_inverse=True)[1]
        treated = np.bincount(names, self.treated)
        size = np.bincount(names)
        if min(treated.min(), (size - treated).min()) < LEAST_IN_STRATUM:
            return np.full(len(self), float(self.treated.mean()))
        shares: Floats = (treated / size)[names]
        return shares


def read_trial(
    table: pd.DataFrame,
    *,
    arm: str,
    score: str,
    event: str,
    time: str,
    learned: Learned,
    unit: TimeUnit = "days",
    control: str | None = None,
    treatment: str | None = None,
    covariates: Sequence[str] = (),
    strata: str | None = None,
    design: Design = "randomised",
) -> Trial:
    """Make a trial of the columns of a table; patients with anything missing are left out and counted.

    Parameters
    ----------
    table : DataFrame
        One row a patient.
    arm, score, event, time : str
        Columns with the arm, the score, 1 (event) or 0 (censored), and the time.
    learned : {"elsewhere", "out-of-fold"}
        Where the score was learned.
    unit : {"days", "weeks", "months", "years"}
        Unit of `time`.
    control, treatment : str, optional
        Values of the column `arm`; not needed where it holds 0 and 1. Patients of other arms are left out.
    covariates : sequence of str
        Columns to adjust for; text becomes a column of 0 and 1 for each value but the most frequent.
    strata : str, optional
        Column whose values have a baseline hazard of their own.
    design : {"randomised", "observational"}
        How patients came to their arm.

    Returns
    -------
    Trial
        The patients of two arms.

    Raises
    ------
    InputError
        If the table lacks a column, or a column of numbers holds text.
    CohortError
        If there is one arm only, or it is not said which two are meant.

    Examples
    --------
    >>> table = pd.DataFrame({"arm": [0, 1] * 3, "itgb6": [1.0, 2, 3, 4, 5, 6], "dead": 1, "days": range(1, 7)})
    >>> trial = read_trial(table, arm="arm", score="itgb6", event="dead", time="days", learned="elsewhere")
    >>> trial.arms, int(trial.treated.sum())
    (('0', '1'), 3)
    """
    wanted = [arm, score, event, time, *covariates, *([strata] if strata else [])]
    absent = [name for name in wanted if name not in table.columns]
    if absent:
        raise InputError(f"the table has no column {name_some(absent)}; it has {name_some(table.columns, 10)}")
    arms = _name_arms(table[arm], control, treatment)
    labels = _as_text(table[arm])
    chosen = labels.isin(arms)
    complete = table[wanted].notna().all(axis=1)
    own = table[chosen & complete]
    left_out = {"of another or no arm": int((~chosen).sum()), "with missing values": int((chosen & ~complete).sum())}
    notes = tuple(f"{count} patients {why} left out" for why, count in left_out.items() if count)
    if own.empty:
        raise CohortError(f"no patient is left: {'; '.join(notes)}; look at the columns {name_some(wanted)}")
    stratum = _as_text(own[strata]).to_numpy(str) if strata else np.full(len(own), "all")
    return Trial(
        make_outcome(own[event].to_numpy(), _as_numbers(own[time]).to_numpy(), unit, stratum),
        (labels[own.index] == arms[1]).to_numpy(),
        _as_numbers(own[score]).to_numpy(np.float64),
        _encode(own[list(covariates)]),
        design,
        learned,
        arms,
        notes,
    )


def _name_arms(column: pd.Series, control: str | None, treatment: str | None) -> tuple[str, str]:
    """Names of the control and treated arm, or why they cannot be told."""
    found = sorted(_as_text(column.dropna()).unique())
    if len(found) < 2:
        raise CohortError(
            f"column {column.name!r} holds {name_some(found) or 'nothing'}: one arm; who benefits from a treatment "
            "cannot be told without patients who did not get it. Single-arm cohorts show prognosis only"
        )
    if control is None and treatment is None and found == ["0", "1"]:
        return "0", "1"
    if (control is None and treatment is None) or (len(found) > 2 and None in (control, treatment)):
        raise CohortError(
            f"column {column.name!r} holds {name_some(found)}; say which is the control and which the treated arm"
        )
    control = control or next(name for name in found if name != treatment)
    treatment = treatment or next(name for name in found if name != control)
    unknown = [name for name in (control, treatment) if name not in found]
    if unknown or control == treatment:
        raise CohortError(
            f"arms {control!r} and {treatment!r} are not two of what column {column.name!r} holds: {name_some(found)}"
        )
    return control, treatment


def _as_text(column: pd.Series) -> pd.Series:
    """Values as text, whole numbers without a decimal point."""
    return column.map(lambda v: str(int(v)) if isinstance(v, (bool, float, np.floating)) and v == v // 1 else str(v))


def _as_numbers(column: pd.Series) -> pd.Series:
    numbers = pd.to_numeric(column, errors="coerce")
    text = column[numbers.isna()]
    if len(text):
        raise InputError(f"column {column.name!r} holds {name_some(text.unique())}; numbers are needed")
    return numbers


def _encode(frame: pd.DataFrame) -> pd.DataFrame:
    """Numbers as they are, text as columns of 0 and 1; what does not vary is left out."""
    columns = {}
    for name in frame.columns:
        own = frame[name]
        if pd.api.types.is_numeric_dtype(own):
            columns[str(name)] = own.astype(np.float64)
        else:
            for value in own.astype(str).value_counts().index[1:]:
                columns[f"{name}={value}"] = (own.astype(str) == value).astype(np.float64)
    encoded = pd.DataFrame(columns, index=frame.index)
    return encoded.loc[:, encoded.nunique() > 1]
