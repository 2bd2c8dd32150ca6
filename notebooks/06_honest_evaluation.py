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
# # 06 Honest evaluation
#
# It is easy to find a prognostic signature, and hard to find one that is worth anything. This notebook shows four ways
# to be fooled, each on data where **the truth is known**, and what itgstrat does against it:
#
# 1. a cross-validation that *leaks*;
# 2. a signature that is no better than *random genes*;
# 3. folds that share *hospitals*;
# 4. a model that only repeats the *clinic*.
#
# Concordance (Harrell's C) is the share of pairs in the right order: 0.5 is a coin.

# %%
# %matplotlib inline
import logging

import numpy as np
import pandas as pd
from sksurv.linear_model import CoxPHSurvivalAnalysis

import itgstrat
from itgstrat import figures
from itgstrat.concordance import comparable_pairs
from itgstrat.config import build_config
from itgstrat.evaluation import evaluate
from itgstrat.evaluation.splits import repeated_folds
from itgstrat.outcome import Endpoint, Outcome

logging.getLogger("itgstrat").setLevel(logging.ERROR)

# %% [markdown]
# ## 1. A leak
#
# 120 patients, 3,000 genes of **pure noise**, survival times that depend on nothing. Any C above 0.5 is an error of
# ours.

# %%
random = np.random.default_rng(0)
noise = random.standard_normal((120, 3000))
time, seen = random.exponential(1500, 120), random.exponential(2500, 120)
outcome = itgstrat.make_outcome(time <= seen, np.minimum(time, seen))
folds = repeated_folds(outcome, folds=5, repeats=4, seed=0)
print(f"{len(outcome)} patients, {outcome.n_events} events")


def strongest(values: np.ndarray, own: Outcome, n_genes: int = 15) -> np.ndarray:
    """The genes that go most with outcome: correlation with the martingale residuals of a model without genes."""
    order = np.argsort(own.time_days)
    hazard = np.empty(len(own))
    hazard[order] = np.cumsum(own.event[order] / np.arange(len(own), 0, -1))
    residual = own.event - hazard
    score = (values - values.mean(axis=0)).T @ residual / values.std(axis=0)
    return np.argsort(-np.abs(score))[:n_genes]


def cross_validate(choose_before: bool) -> float:
    """Mean concordance over the repetitions, with genes chosen on all patients or on each fold's training patients."""
    risk, fold = np.empty((4, len(outcome))), np.empty((4, len(outcome)), dtype=int)
    everywhere = strongest(noise, outcome)
    for number, split in enumerate(folds):
        genes = everywhere if choose_before else strongest(noise[split.train], outcome[split.train])
        known = outcome[split.train]
        y = np.array(list(zip(known.event, known.time_days, strict=True)), dtype=[("event", bool), ("time", float)])
        model = CoxPHSurvivalAnalysis(alpha=1.0).fit(noise[split.train][:, genes], y)
        risk[split.repeat, split.test] = model.predict(noise[split.test][:, genes])
        fold[split.repeat, split.test] = number
    return float(np.mean([comparable_pairs(outcome, fold[r]).concordance(risk[r]) for r in range(4)]))


print(f"genes chosen on all patients, then cross-validated (WRONG): C = {cross_validate(True):.2f}")
print(f"genes chosen again in every fold (right):                    C = {cross_validate(False):.2f}")

# %% [markdown]
# **What you should see.** The wrong way reports a strong signature *in noise*. The cross-validation looks careful, but
# the test patients had already helped to choose the genes. The right way says 0.5, give or take.
#
# The same leak hides in scaling, imputation, batch correction and cut-points that were learned on everybody. In
# itgstrat each of these is learned inside `fit`, in each fold anew, so there is no place for it to leak from.

# %% [markdown]
# ## 2. Better than random genes?
#
# Venet (2011, doi 10.1371/journal.pcbi.1002240): most random gene sets "predict" survival in breast cancer, because
# half of the transcriptome goes with proliferation. So the null hypothesis is not C = 0.5, it is *what random genes
# reach*. Real patients now, GSE1992, heterodimers and no clinical variable, so that nothing else can do the work. And
# the **whole run again on outcomes dealt out at random**: what the pipeline says where there is nothing.

# %%
SETTINGS = {
    "name": "honest",
    "cohorts": [{"name": "GSE1992", "source": "survset:gse1992"}],
    "endpoint": {"event": "event", "time": "time", "unit": "months"},
    "features": {"signatures": ["heterodimers"]},
    "model": {"kind": "ridge_cox", "n_penalties": 4, "inner_folds": 3},
    "evaluation": {"folds": 3, "repeats": 1, "random_signatures": 100, "permutations": 20},
    "strata": {"horizons": [2, 5], "unit": "years"},
    "compute": {"n_jobs": 1},
    "seed": 2,
}
cohort = itgstrat.read_cohort("survset:gse1992", name="GSE1992", endpoint=Endpoint("event", "time", "months"))
found = evaluate(build_config(SETTINGS), cohort)
figures.plot_concordance(found.internal, title="GSE1992: heterodimers alone").figure

# %%
print("model:        ", found.internal.row("model").harrell)
print("random genes: ", f"{found.internal.random.median:.3f}, p = {found.internal.random.p_value:.2f}")
print("dealt-out outcomes:", found.permuted)

# %% [markdown]
# **What you should see.** Each blue dot is the same fit on random genes of the same number, level and spread. Compare
# the model with the *dots*, not with the dashed line at 0.5. Here the heterodimers do worse than most draws, and no
# better than a coin. The permutations tell that the pipeline itself is sound: around 0.5.

# %% [markdown]
# ## 3. Hospitals
#
# In TCGA a hospital sends its own kind of patients, and treats the samples in its own way. A model can recognise the
# *hospital* from expression. If the same hospital is in training and test, that looks like biology. Here 240 patients
# of 12 hospitals are simulated: each hospital shifts all genes a little in its own way and has its own mortality. **No
# gene has any effect within a hospital.**

# %%
random = np.random.default_rng(3)
genes = list(itgstrat.load_catalogue().genes(["heterodimers", "proliferation"]))
site = np.repeat(np.arange(12), 20)
values = random.uniform(5, 11, len(genes)) + random.normal(0, 0.7, (12, len(genes)))[site]
values = values + random.standard_normal(values.shape)
time = random.exponential(1500 / np.exp(random.normal(0, 0.9, 12)[site]))
seen = random.exponential(2500, 240)
names = pd.Index([f"P{n:03}" for n in range(240)], name="patient")
hospital = pd.DataFrame({"site": [f"H{n:02}" for n in site]}, index=names)
simulated = itgstrat.Cohort(
    name="simulated",
    expression=pd.DataFrame(values.astype(np.float32), names, genes),
    clinical=hospital,
    batch=np.full(240, "simulated"),
    outcome=itgstrat.make_outcome(time <= seen, np.minimum(time, seen)),
    source="simulated: hospitals differ, genes do nothing",
)
simulated

# %%
SITES = SETTINGS | {
    "cohorts": [{"name": "simulated", "source": "in-memory", "columns": {"site": "site"}}],
    "evaluation": {"folds": 4, "repeats": 1, "random_signatures": 0, "without_random": True, "permutations": 0},
}
random_folds = evaluate(build_config(SITES), simulated)
KEPT = SITES | {"evaluation": SITES["evaluation"] | {"splits": {"kind": "site_preserved", "site": "site"}}}
whole_sites = evaluate(build_config(KEPT), simulated)
pd.DataFrame(
    {
        "random folds": [str(random_folds.internal.row("model").harrell)],
        "whole hospitals on one side": [str(whole_sites.internal.row("model").harrell)],
    },
    index=["C of the model (95% interval)"],
).T

# %% [markdown]
# **What you should see.** Random folds report a signature, clearly above 0.5, where no gene does anything within a
# hospital. With whole hospitals on one side (`evaluation.splits.kind: site_preserved`; for TCGA the barcode names the
# hospital) the interval holds 0.5. One simulated study is one draw: change the
# seed and the size of the gap changes. Note that the *interval* of the wrong answer excludes 0.5: intervals do not
# protect against bias.

# %%
print(next(note for note in whole_sites.notes if note.startswith("site-preserved")))

# %% [markdown]
# ## 4. Better than the clinic?
#
# C = 0.79 sounds good. But node status, grade, receptor and age are free, and may reach that alone. So the question is
# the *difference*, on the same patients and folds, with a paired interval.

# %%
columns = {"er": "er_positive", "node": "node_status", "grade": "grade", "age": "age"}
CLINIC = SETTINGS | {
    "cohorts": [{"name": "GSE1992", "source": "survset:gse1992", "columns": columns}],
    "features": {"signatures": ["heterodimers"], "covariates": list(columns)},
    "evaluation": {"folds": 3, "repeats": 1, "random_signatures": 0, "without_random": True, "permutations": 0},
}
cohort = itgstrat.read_cohort(
    "survset:gse1992", name="GSE1992", endpoint=Endpoint("event", "time", "months"), columns=columns
)
beside = evaluate(build_config(CLINIC), cohort)
beside

# %% [markdown]
# **How to read it.** Row "clinical only": its C, and in the next column *the model minus it*. The interval holds 0:
# integrins add nothing that 35 events could show. "Signatures only" shows what they are worth by themselves here: a
# coin.
#
# ## A checklist
#
# | ask | where it stands |
# | --- | --- |
# | Was anything learned on test patients? | it cannot be: every step is in `fit` |
# | Better than random genes of the same number? | `random genes`, p |
# | What does it say where nothing is true? | `permutations` |
# | Are hospitals kept apart? | `evaluation.splits: {kind: site_preserved}` |
# | Better than the clinic, paired? | row `clinical only` |
# | Better than proliferation? | row `proliferation only` |
# | Does it hold on a cohort that training never saw? | `validation.external` |
# | Are predicted probabilities right, not only the order? | calibration, in the report |
#
# **Limits.** All of this tells how well a model ranks *untreated or mixed* patients. None of it tells whether an
# integrin antagonist helps anybody (notebook 04). Hypothesis-generating, not for clinical use.
