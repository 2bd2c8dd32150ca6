"""Simulated trials with a known truth."""

import numpy as np
import pandas as pd

from itgstrat.antagonists.benefit_trial import Trial
from itgstrat.outcome import make_outcome


def draw_trial(seed, n=200, interaction=0.0, prognostic=0.7, treatment=0.0, chosen=0.0, design="randomised"):
    """Exponential times; with `chosen`, age moves both arm and outcome."""
    random = np.random.default_rng(seed)
    score, age = random.standard_normal((2, n))
    treated = random.random(n) < 1 / (1 + np.exp(-chosen * age)) if chosen else random.permutation(n) < n // 2
    log_hazard = prognostic * score + treatment * treated + interaction * treated * score + 0.8 * (chosen != 0) * age
    time = random.exponential(500 * np.exp(-log_hazard))
    censoring = random.uniform(300, 1500, n)
    outcome = make_outcome(time <= censoring, np.minimum(time, censoring) + 1e-6)
    covariates = pd.DataFrame({"age": age} if chosen else {}, index=range(n))
    return Trial(outcome, treated, score, covariates, design, "elsewhere")


def draw_table(seed=0, n=120):
    """The same as a table, as a user brings it."""
    trial = draw_trial(seed, n, interaction=-0.8, chosen=0.5)
    return pd.DataFrame(
        {
            "arm": np.where(trial.treated, "drug", "placebo"),
            "score": trial.score,
            "dead": trial.outcome.event.astype(int),
            "months": trial.outcome.time_days / 30.4375,
            "age": 60 + 10 * trial.covariates["age"],
            "centre": np.where(np.arange(n) % 2, "A", "B"),
        }
    )
