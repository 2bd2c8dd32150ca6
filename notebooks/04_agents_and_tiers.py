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
# # 04 Agents and tiers
#
# *Which patients would an integrin antagonist be worth trying in?* Every antagonist so far failed in unselected
# patients with cancer, and **no public cohort has tumour expression, an antagonist arm and a control arm**. So there
# is no response to learn from, and itgstrat gives no "response probability". It gives four separate answers per
# patient and agent:
#
# | tier | what it tells | where it comes from |
# | --- | --- | --- |
# | T0 | prognosis where the target is high: unmet need | the trained model |
# | T1 | whether the rule of target and context holds | the literature, thresholds of training patients |
# | T2 | sensitivity transferred from cell lines | cell-line screens, if they pass their evaluation |
# | T3 | benefit of treatment by score | a cohort with arms, if somebody has one |
#
# All are *putative*, and they are never joined into one number. This notebook walks through them.

# %%
# %matplotlib inline
import logging
import sys
from importlib.resources import as_file, files
from textwrap import fill

import numpy as np
import pandas as pd

import itgstrat
from itgstrat import figures
from itgstrat.antagonists.benefit import analyse_benefit
from itgstrat.antagonists.board import word_patient
from itgstrat.antagonists.context import count_calls
from itgstrat.antagonists.poseidon import judge_poseidon, poseidon_trial, simulate_poseidon
from itgstrat.antagonists.power import events_for_interaction, power_of_interaction
from itgstrat.evaluation.transfer import evaluate_transfer, judge_transfers
from itgstrat.fitting.transfer import Alignment, LineData, learn_transfer

logging.getLogger("itgstrat").setLevel(logging.ERROR)
pd.set_option("display.max_colwidth", None)  # reasons are sentences

# %% [markdown]
# ## The catalogue
#
# Facts are data, not code: each signature, heterodimer and agent is an entry with its source and how far it was
# checked.

# %%
catalogue = itgstrat.load_catalogue()
catalogue

# %% [markdown]
# One agent, with targets, trials and their outcomes, and markers that trials suggested. Read *outcome* before
# *target*: cilengitide missed its primary endpoint in phase 3.

# %%
catalogue.agent("cilengitide")

# %%
catalogue.agent("abituzumab")

# %% [markdown]
# ## T1: rules of target and context
#
# A rule is a conjunction: the target is high (upper third of the training patients, by the *lower* subunit), the
# biology around it is active (scored **without** the target's genes, so that nothing counts twice), and what trials
# demanded of mutations holds. The thresholds are conventions. No trial has validated them.
#
# First a model, because thresholds are learned from training patients and travel with it. How good it is was notebook
# 01's question; here the random signatures are switched off to save time, which takes an explicit `without_random`,
# and every report of such a run says so.

# %%
QUICK = [
    "features.signatures=[heterodimers]",
    "model={kind: ridge_cox, n_penalties: 4, inner_folds: 3}",
    "evaluation={folds: 2, repeats: 1, random_signatures: 0, without_random: true, permutations: 0, "
    "leave_one_cohort_out: false}",
    "uncertainty={level: null, samples: 0}",
    "compute.n_jobs=1",
]
with as_file(files("itgstrat") / "configs" / "demo.yaml") as path:
    run = itgstrat.train(itgstrat.load_config(path, QUICK))
cohort = run.cohorts[-1]
prediction = itgstrat.predict(run.bundle, cohort, reference="cohort")
agents = prediction.agents
one = agents[(agents["agent"] == "intetumumab") & (agents["patient"] == agents["patient"].iloc[0])]
one.set_index("tier")[["value", "call", "decided_by", "caveat"]]

# %% [markdown]
# **What you should see.** Four rows, one a tier, for one patient and one agent. T0 and T1 speak where they can; T2 and
# T3 say that nothing is attached. Every row carries its caveat.
#
# ## Who is eligible, and who cannot be told
#
# Patients in GSE1992, counted. *Cannot tell* is an answer: without mutation data nobody is eligible for abituzumab,
# whose trial asked for RAS wild type. What was not assessed is never taken for wild type.

# %%
counts = count_calls(agents)
antagonists = counts[counts["class"] == "integrin_antagonist"]
antagonists.set_index("agent")[["eligible", "not eligible", "cannot tell"]]

# %%
figures.plot_eligibility(antagonists, title=f"{cohort.name}: rules met (putative)").figure

# %% [markdown]
# The control is a *random pair of genes* as the target of no drug. If a real agent selects about as many patients as
# that, the share itself says nothing.

# %%
counts[counts["class"] == "control"].set_index("agent")[["eligible", "not eligible", "cannot tell"]]

# %% [markdown]
# ## The sentence for a tumour board
#
# About 80 words, agents in the order of the catalogue and **not ranked**: what is met and what decided, what is open
# and which assay would settle it, how the best-known trial ended.

# %%
first = agents["patient"].iloc[0]
print(fill(word_patient(agents[agents["patient"] == first]), 100))

# %% [markdown]
# ## T0 is not response
#
# The risk of this model, told where a target of abituzumab is high (αvβ6 or another αv pair). A high risk means *unmet
# need*, and nothing about whether blocking the integrin would lower it.

# %%
t0 = agents[agents["tier"].str.startswith("T0") & (agents["agent"] == "abituzumab")]
t0["call"].value_counts().to_frame("patients")

# %% [markdown]
# ## T2: why transferred sensitivity is withheld
#
# Screens of cell lines are tempting: many lines, many drugs. But lines differ most by *lineage*, and a model that only
# knows the lineage looks skilled over all lines. So lineages are left out in turn, and what decides is the order
# **within** a lineage. Here is a made screen in which sensitivity depends on lineage alone.

# %%
random = np.random.default_rng(4)
lines, lineages = [f"line{n:03}" for n in range(96)], np.repeat([f"lineage {n}" for n in range(8)], 12)
genes = list(cohort.genes[:300]) + [gene for gene in catalogue.integrin_genes() if gene in cohort.genes]
genes = list(dict.fromkeys(genes))
shift = random.normal(0, 1.5, (8, len(genes)))[np.repeat(range(8), 12)]
screen = pd.DataFrame(8 + shift + random.normal(size=shift.shape), lines, genes)
sensitivity = pd.Series(np.repeat(random.normal(0, 2, 8), 12) + random.normal(size=96), lines)
data = LineData.join(
    ("intetumumab", "integrin_antagonist", "made drug"),
    ("made screen", "-ln IC50", "mRNA"),
    screen,
    sensitivity,
    pd.Series(lineages, lines),
    tuple(gene for gene in genes if gene in catalogue.integrin_genes()),
    ("ITGAV",),
    {gene: gene for gene in genes},
)
alignment = Alignment("ranks", cohort.expression, cohort.name)
(found,) = judge_transfers([evaluate_transfer(data, alignment, n_random=40, n_draws=500)])
print(f"within lineages: concordance {found.model.within} (0.5 is chance)")
for reason in found.reasons:
    print("withheld:", reason)

# %% [markdown]
# The record keeps the verdict. Attach it, and every patient is told *that* it is withheld and why, and gets no number.
# The public screens at hand end the same way: all 100 combinations that were judged are withheld (documentation,
# "T2").

# %%
record = learn_transfer(data, alignment, reason="; ".join(found.reasons))
told = itgstrat.predict(run.bundle.attach(record), cohort, reference="cohort").agents
told[told["tier"].str.startswith("T2") & (told["agent"] == "intetumumab")][["value", "call", "decided_by"]].head(1)

# %% [markdown]
# ## T3: a simulated POSEIDON
#
# POSEIDON gave abituzumab to patients with colorectal cancer. It missed its endpoint; afterwards αvβ6-high, left-sided
# tumours were reported to gain (20 against 22 patients). Its arms, marker and hazard ratios are published, so one can
# draw such trials and know the truth. Every figure of the simulation has its source in `antagonists/poseidon.yaml`.
#
# **Prognostic or predictive?** First the controls alone: αvβ6-high patients die earlier *without* the drug.

# %%
many = simulate_poseidon(copies=10)
many = many[many["left_sided"] == 1]


def draw(table: pd.DataFrame, title: str, by: np.ndarray, labels: list[str]) -> object:
    """Kaplan-Meier curves of some of the simulated patients."""
    outcome = itgstrat.make_outcome(table["death"], table["os_months"], unit="months")
    return figures.plot_kaplan_meier(outcome, by, labels, title=title).figure


control = many[many["arm"] == "control"]
high = np.where(control["avb6_high"] == 1, "αvβ6 high", "αvβ6 low")
draw(control, "Controls: αvβ6 is prognostic", high, ["αvβ6 low", "αvβ6 high"])

# %% [markdown]
# Now treatment among αvβ6-high patients. Had there been no control arm, the treated αvβ6-high patients, who do well,
# would have been "responders", and nobody could have told a marker of *prognosis* from one of *benefit*. This is why
# T3 refuses a cohort with one arm, as the cell after the figure shows.

# %%
treated = many[(many["avb6_high"] == 1) & many["arm"].isin(["control", "1000 mg"])]
draw(treated, "αvβ6 high: treatment acts (as simulated)", treated["arm"].to_numpy(), ["1000 mg", "control"])

# %%
try:
    poseidon_trial(treated[treated["arm"] == "1000 mg"])
except itgstrat.ItgstratError as error:
    print(error, file=sys.stderr)

# %% [markdown]
# Ten trials together show it well. **One trial of the published size** has to be asked the right question: does the
# effect of treatment *depend on* the marker? That is the interaction, not the p-value of the subgroup.

# %%
found = analyse_benefit(poseidon_trial(simulate_poseidon()), draws=50, permutations=199)
print(fill(found.say(), 100))

# %% [markdown]
# ## Could it have been found?
#
# Sixty trials for each of four truths. Read row by row: *subgroup_found* is how often p < 0.05 in the reported
# subgroup; *ratio_where_found* is what those trials would publish; *any_subgroup_found* is a search through eight
# subgroups.

# %%
judge_poseidon(trials=60).round(2)

# %% [markdown]
# **What you should see.** With *no* effect in anybody, about a quarter to a third of the trials find *some* subgroup.
# With half the effect (0.60) those that find it report about 0.45: too good by selection. With the same effect in
# *everybody* the subgroup looks as if it were special. (Sixty trials are few: shares move by ten points; the
# documentation has 1,000.)
#
# ## Planning one
#
# Events needed for 80% power at two-sided 5%, half of the patients treated, a marker in half of them. The ratio is
# that of the two hazard ratios, with and without the marker. Patients are more than events.

# %%
ratios = [0.36, 0.5, 0.6, 0.7, 0.8]
plan = pd.DataFrame(
    {
        "marker in 50%": [events_for_interaction(ratio, prevalence=0.5) for ratio in ratios],
        "marker in 20%": [events_for_interaction(ratio, prevalence=0.2) for ratio in ratios],
        "continuous score, per SD": [events_for_interaction(ratio) for ratio in ratios],
    },
    index=pd.Index(ratios, name="ratio of hazard ratios"),
)
plan

# %%
ax = figures.new_axes(4.2, 2.8)
events = np.arange(20, 801, 20)
for ratio in (0.36, 0.5, 0.7):
    ax.plot(events, [power_of_interaction(int(n), ratio, prevalence=0.5) for n in events], label=f"ratio {ratio}")
ax.axhline(0.8, linestyle="--", color="#767676", linewidth=1)
ax.set(xlabel="events, both arms", ylabel="power", title="Finding an interaction, marker in 50%", ylim=(0, 1))
ax.legend()
ax.figure

# %% [markdown]
# Four times the events of a main effect of the same size: that is why most published "predictive" subgroups are not
# known to be.
#
# **Limits.** T1 is a rule of the literature, not learned from response; mRNA is not surface protein; T3 here is
# simulated. All of it is hypothesis-generating, not for clinical use.
#
# Next: [05, explaining one patient](05_explaining_one_patient.ipynb).
