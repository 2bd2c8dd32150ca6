# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 05 Explaining one patient
#
# A risk without a reason cannot be argued with. This notebook takes **one** patient and three kinds of model (linear,
# a survival forest, a stack of both) and splits what each says over features, biological systems and genes. In each,
# and at each level,
#
# **base + sum of the contributions = risk,**
#
# to rounding: linear models in closed form, trees by exact TreeSHAP, stacks as the weighted sum of their members. (Over
# genes a linear score splits exactly; in trees a stated rule does it, which adds up as well.)
#
# **What an explanation is not.** It says what *the model* used, not what makes the tumour grow, and not what would
# happen if a drug lowered that integrin. A bad model is explained as exactly as a good one.

# %%
# %matplotlib inline
import logging

import pandas as pd

from itgstrat import figures
from itgstrat.cohort import concat_cohorts
from itgstrat.config import build_config
from itgstrat.explanation import Explanation, explain
from itgstrat.fitting import build_pipeline
from itgstrat.training import read_cohorts

logging.getLogger("itgstrat").setLevel(logging.ERROR)

# %% [markdown]
# ## Three models of the same patients
#
# GSE1992, 124 patients with breast cancer, 35 events. Only the fit is done here, no evaluation: `build_pipeline` gives
# what `train` fits. The penalty of the linear model is fixed and light. A *tuned* ridge shrinks every integrin of this
# cohort to about 0.001, which is the honest answer (notebook 01), and would leave nothing to look at.

# %%
SETTINGS = {
    "name": "explained",
    "cohorts": [
        {
            "name": "GSE1992",
            "source": "survset:gse1992",
            "columns": {"er": "er_positive", "node": "node_status", "grade": "grade", "age": "age"},
        }
    ],
    "endpoint": {"event": "event", "time": "time", "unit": "months"},
    "features": {
        "signatures": ["heterodimers", "joint_pairs"],
        "joint": ["lower", "product"],
        "covariates": ["er", "node", "grade", "age"],
    },
    "seed": 1,
}
LINEAR = {"kind": "plain_cox", "ridge": 20.0}
FOREST = {"kind": "random_survival_forest", "n_trees": 100}
STACK = {"kind": "stack", "members": [{"name": "linear", "model": LINEAR}, {"name": "forest", "model": FOREST}]}

training, _ = read_cohorts(build_config(SETTINGS))
cohort = concat_cohorts(training)
patients = list(map(str, cohort.patients))
fitted = {
    name: build_pipeline(build_config(SETTINGS | {"model": model})).fit(cohort, cohort.require_outcome())
    for name, model in {"linear": LINEAR, "forest": FOREST, "stack": STACK}.items()
}
cohort

# %% [markdown]
# What a fit leaves behind are two plain records: a recipe from genes to features, and a model of arrays. `explain`
# needs no more.

# %%
TWO_AND_FIVE_YEARS = [730.5, 1826.25]  # days


def explain_all(name: str, times_days: list[float] | None = None) -> Explanation:
    """Explain what one of the models says of every patient."""
    steps = fitted[name].named_steps
    featurised = steps["features"].recipe_.featurise(**cohort.arrays(), reference="pooled")
    return explain(steps["model"].model_, featurised, patients, times_days)


linear = explain_all("linear")
linear

# %% [markdown]
# ## One patient, step by step
#
# The patient with the highest risk by the linear model. **What you should see.** Start at the dashed line (the *base*:
# for a linear model the training mean, 0) and walk down: each bar is one feature, orange-red to a higher risk, blue to
# a lower one, and the diamond is where one arrives. The unit is the log hazard: +0.69 doubles the hazard.
#
# Then ask whether you believe it. The largest bars are *products* of two scores (`joint: [lower, product]`), and this
# patient is extreme in both: the model extrapolates, and here you can see it do so.

# %%
who = patients[int(linear.output.argmax())]
figures.plot_waterfall(linear, who).figure

# %% [markdown]
# Does it add up? Take the numbers and see. `check` does it for all patients and returns the largest residual.

# %%
table = linear.by_feature()
own = table[table["patient"] == who]
print(f"base {linear.base:+.3f} + contributions {own['contribution'].sum():+.3f} = risk {linear.output.max():+.3f}")
print(f"largest residual over {len(patients)} patients: {linear.check():.1e}")

# %% [markdown]
# For a biologist "itg_a6b4 +0.12" is not yet an answer. The same risk by **biological system**; all forms of a
# signature are one system:

# %%
figures.plot_waterfall(linear, who, by="system").figure

# %% [markdown]
# And by **gene**. The contribution of a score is split by the score's own arithmetic: for a heterodimer, the *lower*
# subunit of that patient carries it, because the other one could change without changing the score. Covariates stand
# for themselves.

# %%
figures.plot_waterfall(linear, who, by="gene", top=14).figure

# %%
levels = {"feature": linear.by_feature(), "system": linear.by_system(), "gene": linear.by_gene()}
pd.Series(
    {name: linear.base + rows.loc[rows["patient"] == who, "contribution"].sum() for name, rows in levels.items()},
    name="base + sum",
).to_frame()

# %% [markdown]
# ## The forest: same patient, other unit
#
# A survival forest has no coefficients. Its risk is the *cumulative hazard added up over the event times* of training
# (Ishwaran's mortality: the deaths expected were all patients like this one), so its base is not 0 but the mean
# over training. Compare directions with the linear model, not sizes.

# %%
forest = explain_all("forest")
figures.plot_waterfall(forest, who).figure

# %%
forest

# %% [markdown]
# A feature that the forest uses *together with* another shares the credit with it (Shapley values). So a single tree's
# rule "node-positive **and** MET high" shows as two bars.
#
# ## The stack
#
# The stack learns on inner folds how much each member counts. Its explanation is the members' with these weights, and
# is as exact.

# %%
stack = explain_all("stack")
print(f"{stack.method}; largest residual {stack.check():.1e}; {stack.unit}")
figures.plot_waterfall(stack, who).figure

# %% [markdown]
# ## Do the models agree about this patient?

# %%
side_by_side = pd.DataFrame(
    {
        name: one.by_feature().query("patient == @who").set_index("feature")["contribution"]
        for name, one in {"linear (log hazard)": linear, "forest (events)": forest, "stack (log hazard)": stack}.items()
    }
).fillna(0.0)
side_by_side.loc[side_by_side["stack (log hazard)"].abs().sort_values(ascending=False).index].head(8).round(3)

# %% [markdown]
# Where they disagree in sign, neither is evidence. With 35 events and 59 features most integrin bars are noise; the
# clinical variables are what all three share.
#
# ## All patients at once
#
# A point is a patient. Colour is the feature's value, place its contribution. A linear model gives straight gradients;
# the forest shows steps and, at the ends, saturation.

# %%
figures.plot_beeswarm(linear, top=10, title="Linear").figure

# %%
figures.plot_beeswarm(forest, top=10, title="Forest").figure

# %% [markdown]
# ## Survival instead of risk
#
# A doctor may ask about *survival at two and at five years*. The same call with times; contributions are now in
# probability (negative is worse), and again they add up. A contribution may matter early and fade later.

# %%
over_time = explain_all("forest", TWO_AND_FIVE_YEARS)
rows = over_time.by_feature().query("patient == @who")
wide = rows.pivot_table(index="feature", columns="time_days", values="contribution")
wide.columns = [f"at {days / 365.25:.0f} years" for days in wide.columns]
wide.loc[wide.abs().sum(axis=1).sort_values(ascending=False).index].head(6).round(3)

# %%
position = patients.index(who)
for number, days in enumerate(over_time.times_days):
    total = over_time.base[number] + over_time.contributions[position, :, number].sum()
    print(
        f"{days / 365.25:.0f} years: base {over_time.base[number]:.3f} + contributions = {total:.3f}; "
        f"the model says {over_time.output[position, number]:.3f}"
    )

# %% [markdown]
# **Limits.** Correlated features share credit in ways that depend on the model. Imputed values contribute, too: the
# column `imputed` of `by_feature()` marks them. An explanation of a model that adds nothing (notebook 01) explains
# nothing about the tumour.
#
# Next: [06, honest evaluation](06_honest_evaluation.ipynb).
