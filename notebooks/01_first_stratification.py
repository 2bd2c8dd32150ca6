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
# # 01 A first stratification
#
# **The question.** Three public breast cancer cohorts with tumour mRNA and follow-up. Does integrin expression sort
# patients by outcome *better than what the clinic knows already* (oestrogen receptor, nodes, grade, age)?
#
# **What you do here.** The job of `itgstrat demo`, with small settings so that it takes seconds: train on two cohorts,
# judge the model on patients that it never saw, and read the answer, whichever it is.
#
# **What it is not.** These patients got no integrin antagonist. All that can be learned from them is *prognosis*: who
# fares worse. Whether an antagonist would help anybody is *putative*, and the subject of notebook 04.
#
# You need `pip install "itgstrat[notebooks]"` (or `pip install ".[notebooks]"` in a copy of the repository). Nothing
# is downloaded: the cohorts come with the package `SurvSet`.

# %%
# %matplotlib inline
import logging
from importlib.resources import as_file, files

import itgstrat
from itgstrat import figures

logging.getLogger("itgstrat").setLevel(logging.ERROR)  # what was dropped is shown with each cohort below

# %% [markdown]
# ## One file says everything
#
# A run is a YAML file: which cohorts, which endpoint, which signatures, which model, how it is judged. The demo's
# comes with the package, and single settings can be changed on top. Here: only the 24 heterodimers as signatures, one
# repetition of three folds instead of three of five, and a short penalty path. **The baselines stay**: nobody can
# leave them out by accident.

# %%
SMALL = [
    "features.signatures=[heterodimers]",
    "model={kind: ridge_cox, n_penalties: 4, inner_folds: 3}",
    "evaluation.folds=3",
    "evaluation.repeats=1",
    "evaluation.permutations=0",
    "evaluation.leave_one_cohort_out=false",
    "uncertainty={folds: 2, samples: 20}",
    "compute.n_jobs=1",
]
with as_file(files("itgstrat") / "configs" / "demo.yaml") as path:
    config = itgstrat.load_config(path, SMALL)
config.features.describe_panel()

# %% [markdown]
# ## Train
#
# `train` reads the cohorts, judges the whole pipeline by cross-validation beside its baselines, fits the final model
# on all training patients, and judges that on the third cohort.

# %%
run = itgstrat.train(config)
run.cohorts[0]

# %% [markdown]
# That is what was read of the first cohort: 115 patients on an old two-colour array, so the numbers are *log-ratios*
# to a reference sample. The list below the table is what was **not** used, and why. The other two cohorts:

# %%
run.cohorts[1]

# %%
run.cohorts[2]

# %% [markdown]
# ## The finding comes first
#
# **What you should see.** One sentence in bold, then the model above its simpler rivals, all on the same folds.
# *Concordance* (Harrell's C) is the share of pairs of patients that the model puts into the right order: 0.5 is a
# coin, 1 is perfect. The column *model minus it* is paired; an interval that holds 0 has shown nothing. The integrated
# Brier score is the squared error of the predicted survival, so less is better.

# %%
run.evaluation

# %% [markdown]
# The heterodimers add nothing here that could be shown beyond the clinical variables. **That is an answer**, and most
# gene signatures would give the same if they were asked this way: note that *random genes of the same number*, put
# through the same fit, do nearly as well. The figure shows each of those draws as a dot.

# %%
figures.plot_concordance(run.evaluation.internal, title="Cross-validation").figure

# %% [markdown]
# ## Strata
#
# A stratum is a third of the *training* risk; the cut-points are learned in each fold, so every patient below was
# sorted by a model that had not seen that patient. The curves part because the model holds the clinical variables,
# too: it is the comparison above, not these curves, that says whether integrins did the work.

# %%
patients = run.evaluation.internal.patients
outcome = itgstrat.make_outcome(patients["event"], patients["time_days"], stratum=patients["cohort"])
figures.plot_kaplan_meier(
    outcome, patients["stratum"], ["low", "intermediate", "high"], title="Out-of-fold strata"
).figure

# %% [markdown]
# Every figure can say in words what it shows, for a caption or a screen reader:

# %%
figures.describe(figures.plot_kaplan_meier(outcome, patients["stratum"], ["low", "intermediate", "high"]))

# %% [markdown]
# ## What drives the risk
#
# Coefficients of the final model, per standard deviation in training. Right of zero: more is worse. The penalty has
# shrunk the integrins towards 0; the clinical variables are not penalised as hard. Do not read biology into single
# small bars.

# %%
figures.plot_drivers(run.bundle.model, top=12).figure

# %% [markdown]
# ## New patients
#
# The model carries its own reference, so one patient alone gets the numbers that it gets among a thousand. The third
# cohort is another platform, which training never saw; `reference="cohort"` re-learns location and scale on these
# patients, *without looking at their outcome*, and says so in every row. Risk is the log hazard relative to the
# training mean: +0.69 doubles the hazard. *Flagged* patients are unlike training, and the column *why* says in what:
# most of a new platform is.

# %%
prediction = itgstrat.predict(run.bundle, run.cohorts[2], reference="cohort")
prediction

# %% [markdown]
# ## Keep it
#
# `run.save("my-run")` writes `report.html` (all of the above and more, one file), `evaluation.json`, `predictions.tsv`
# and `model/`. The model is plain data: loading it runs no code, and it holds no patient.
#
# **Limits.** Three folds, once: the intervals are wide and the numbers move by a few hundredths with another seed;
# `itgstrat demo` takes three repetitions of five folds. Bulk mRNA is not surface protein. Hypothesis-generating, not
# for clinical use.
#
# Next: [02, integrins in one cohort](02_integrins_in_a_tcga_cohort.ipynb).
