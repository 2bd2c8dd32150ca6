"""A simulated POSEIDON: the model case of a marker that is bad without the drug and looks good with it.

The figures, each with its source or the word "assumed", stand in ``poseidon.yaml``. avb6-high is prognostic in
controls; treatment acts on avb6-high, left-sided tumours alone. The truth is known here; in the real trial it is not.

References
----------
Elez 2015, doi 10.1093/annonc/mdu474; ESMO 2018 abstract 2869, doi 10.1093/annonc/mdy281
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

import numpy as np
import pandas as pd
import yaml
from scipy.stats import chi2

from itgstrat.antagonists.benefit_trial import Trial, read_trial
from itgstrat.antagonists.power import interaction_p, power_of_cells
from itgstrat.errors import ModelError
from itgstrat.fitting.partial_likelihood import RiskSets, fit_cox
from itgstrat.outcome import make_outcome

#: True effects: what was published; half of it on the log scale; none in anybody; the same in everybody.
Truth = Literal["published", "half", "none", "everybody"]

_SHARE_OF_LOG_RATIO = {"published": 1.0, "half": 0.5, "none": 0.0, "everybody": 0.5}


@dataclass(frozen=True)
class Figure:
    """A figure that the simulation is made of.

    Parameters
    ----------
    value : float
        The figure.
    status : {"published", "derived", "assumed"}
        How it is known.
    source : str
        Where from.
    """

    value: float
    status: Literal["published", "derived", "assumed"]
    source: str


@cache
def load_figures() -> Mapping[str, Figure]:
    """Load the figures of the trial.

    Returns
    -------
    mapping of str to Figure
        By name.

    Examples
    --------
    >>> load_figures()["high_ratio_control"].value, load_figures()["follow_up_months_most"].status
    (1.96, 'assumed')
    """
    text = files("itgstrat.antagonists").joinpath("poseidon.yaml").read_text(encoding="utf-8")
    return {name: Figure(**own) for name, own in yaml.safe_load(text).items()}


def simulate_poseidon(copies: int = 1, truth: Truth = "published", random_state: int = 0) -> pd.DataFrame:
    """Draw a trial with the arms, marker and hazards of POSEIDON.

    Parameters
    ----------
    copies : int
        1 for the published size; more to see what is true behind it.
    truth : {"published", "half", "none", "everybody"}
        Effect on avb6-high, left-sided tumours: as published, half as strong on the log scale, none; or "everybody":
        half as strong, whatever marker and side (an effect, and no interaction).
    random_state : int
        Seed.

    Returns
    -------
    DataFrame with columns arm, avb6_high, left_sided, os_months, death
        One row a patient; arm is control, 500 mg or 1000 mg.

    Examples
    --------
    >>> simulate_poseidon()["arm"].value_counts().to_dict()
    {'500 mg': 73, 'control': 72, '1000 mg': 71}
    """
    figure = {name: own.value for name, own in load_figures().items()}
    random = np.random.default_rng(random_state)
    names = {"control": "patients_control", "500 mg": "patients_500", "1000 mg": "patients_1000"}
    arm = np.repeat(list(names), [copies * int(figure[name]) for name in names.values()])
    n = len(arm)
    high = random.random(n) < figure["high"]
    left = random.random(n) < np.where(high, figure["left_high"], figure["left_low"])
    full = np.select([arm == "500 mg", arm == "1000 mg"], np.log([figure["ratio_500"], figure["ratio_high_left"]]), 0.0)
    others = np.where(arm == "control", 0.0, np.log(figure["ratio_others"]))
    gains = np.ones(n, bool) if truth == "everybody" else high & left
    effect = np.where(gains, _SHARE_OF_LOG_RATIO[truth] * full, others)
    # hazards relative to a control with a high score, whose median was published
    log_hazard = np.where(high, 0.0, -np.log(figure["high_ratio_control"])) + effect
    log_hazard += np.where(left, np.log(figure["left_ratio"]), 0.0)
    scale = figure["median_months_control_high"] / np.log(2) ** (1 / figure["shape"])
    time = scale * (random.exponential(size=n) / np.exp(log_hazard)) ** (1 / figure["shape"])
    end = random.uniform(figure["follow_up_months_least"], figure["follow_up_months_most"], n)
    return pd.DataFrame(
        {
            "arm": arm,
            "avb6_high": high.astype(float),
            "left_sided": left.astype(float),
            "os_months": np.minimum(time, end),
            "death": (time <= end).astype(int),
        }
    )


def poseidon_trial(table: pd.DataFrame) -> Trial:
    """Compare 1000 mg with control by avb6 in the left-sided, as the retrospective analysis did.

    Parameters
    ----------
    table : DataFrame
        Of `simulate_poseidon`.

    Returns
    -------
    Trial
        The score is 1 where avb6 is high.
    """
    left = table[table["left_sided"] == 1]
    return read_trial(
        left,
        arm="arm",
        score="avb6_high",
        event="death",
        time="os_months",
        unit="months",
        control="control",
        treatment="1000 mg",
        learned="elsewhere",
    )


def judge_poseidon(trials: int = 1000, random_state: int = 0) -> pd.DataFrame:
    """Repeat a trial of the published size and see how often it finds what is true, and what it finds then.

    Parameters
    ----------
    trials : int
        Trials for each truth.
    random_state : int
        Seed.

    Returns
    -------
    DataFrame, one row a truth
        true_ratio: hazard ratio in high and left-sided tumours. subgroup_found: share of trials with p < 0.05 for
        treatment among them (about 23 v 23 patients). subgroup_formula: the same by `power_of_cells`, for 20 v 22.
        ratio_where_found: median hazard ratio of the trials that found a benefit, too strong by selection.
        interaction_found: share with p < 0.05 for marker x treatment in left-sided tumours. any_subgroup_found: share
        with p < 0.05 in at least one of the eight subgroups (dose x marker x side), as a search would.

    Examples
    --------
    >>> bool(judge_poseidon(trials=20).loc["published", "interaction_found"] < 1)
    True
    """
    figure = load_figures()
    rows = {}
    sizes = [figure[name].value for name in ("patients_high_left_treated", "patients_high_left_control")]
    for number, (truth, share) in enumerate(_SHARE_OF_LOG_RATIO.items()):
        seeds = np.random.SeedSequence([random_state, number]).generate_state(trials)
        found = pd.DataFrame([_judge(simulate_poseidon(1, truth, int(seed))) for seed in seeds])  # type: ignore[arg-type]
        ratio = float(figure["ratio_high_left"].value ** share)
        seen = found["p"] < 0.05
        # nearly every patient dies within follow-up, so patients stand for events: the most the formula can give
        formula = power_of_cells(sizes, ratio)
        rows[truth] = {
            "true_ratio": ratio,
            "subgroup_found": float(seen.mean()),
            "subgroup_formula": formula,
            "ratio_where_found": float(found.loc[seen & (found["ratio"] < 1), "ratio"].median()),
            "interaction_found": float((found["interaction_p"] < 0.05).mean()),
            "any_subgroup_found": float((found["smallest_p"] < 0.05).mean()),
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("truth")


def _judge(table: pd.DataFrame) -> dict[str, float]:
    """What one trial of the published size says."""
    smallest = 1.0
    for dose in ("500 mg", "1000 mg"):
        for high in (0.0, 1.0):
            for left in (0.0, 1.0):
                own = table[table["arm"].isin(["control", dose]) & (table["avb6_high"] == high)]
                p, ratio = _effect(own[own["left_sided"] == left])
                smallest = min(smallest, p)
    trial = poseidon_trial(table)
    columns = np.column_stack([trial.treated, trial.score, trial.treated * trial.score])
    # the loop ends at 1000 mg, high and left-sided, the subgroup that was published
    return {
        "p": p,
        "ratio": ratio,
        "smallest_p": smallest,
        "interaction_p": interaction_p(columns, trial.outcome),
    }


def _effect(table: pd.DataFrame) -> tuple[float, float]:
    """Likelihood-ratio p and hazard ratio of treatment; nothing found where there is no finite estimate."""
    treated = np.where(table["arm"] == "control", 0.0, 1.0)[:, None]
    sets = RiskSets.of(make_outcome(table["death"].to_numpy(), table["os_months"].to_numpy(), "months"))
    try:
        coef = fit_cox(treated, sets, np.zeros(1))
    except ModelError:
        return 1.0, float("nan")
    gain = sets.log_likelihood((treated @ coef)[sets.order]) - sets.log_likelihood(np.zeros(len(treated)))
    return float(chi2.sf(max(2 * gain, 0.0), 1)), float(np.exp(coef[0]))
