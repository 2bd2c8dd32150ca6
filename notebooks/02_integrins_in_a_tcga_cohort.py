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
# # 02 Integrins in a TCGA cohort
#
# Before any model: *look*. Which integrins does this tumour type express, which cells do they come from, and do they
# go with outcome at all? An afternoon of looking prevents most wrong models.
#
# Eighteen alpha and eight beta subunits make 24 heterodimers, and only the pair reaches the surface. Bulk mRNA knows
# subunits only. The convention used here is the **lower of the two subunits**: it bounds how much of the pair there
# can be.

# %%
# %matplotlib inline
import logging
from pathlib import Path
from textwrap import fill

import numpy as np
import pandas as pd
from sksurv.compare import compare_survival

import itgstrat
from itgstrat import figures
from itgstrat.outcome import Endpoint
from itgstrat.scoring import score_sets

logging.getLogger("itgstrat").setLevel(logging.ERROR)  # what was dropped is shown with the cohort below

# %% [markdown]
# ## The cohort
#
# This notebook runs offline, so it falls back to a public breast cancer cohort on an Affymetrix array (GSE3143, from
# the package `SurvSet`). To run it on **TCGA**, fetch a cohort from UCSC Xena into this folder
# (`itgstrat fetch xena:ACC --to .`) and check the two paths of the next cell: nothing else changes. Barcodes are
# understood: primary tumours are kept, one sample a patient; the endpoints are those of the TCGA Clinical Data
# Resource (Liu 2018, doi 10.1016/j.cell.2018.02.052). What is written below each figure is about GSE3143. (RNA-seq
# that was not logged needs `unit="linear"`; `itgstrat inspect FILE` tells.)

# %%
EXPRESSION, SURVIVAL = Path("xena/ACC/HiSeqV2.gz"), Path("xena/ACC/ACC_survival.txt")

if EXPRESSION.exists():
    cohort = itgstrat.read_cohort(EXPRESSION, clinical=SURVIVAL, endpoint=Endpoint("OS", "OS.time", "days"))
else:
    cohort = itgstrat.read_cohort("survset:gse3143", name="GSE3143", endpoint=Endpoint("event", "time", "months"))
cohort

# %% [markdown]
# Read the table before going on. *Unit*: log2 of a level, so differences are fold changes and "high" means abundant
# (with log-ratios or z-scores it would only mean "high for this cohort"). *Dropped*: labels that are no approved gene
# name. *Alterations*: none were loaded, so nothing is known of mutations; that is not "wild type".

# %% [markdown]
# ## Which heterodimers are there?
#
# **What you should see.** Rows are alpha subunits, columns beta. An empty place: the two are not known to pair. A
# dash: known, but a subunit was not measured on this array. Darker is more abundant, in log2 units: +1 is twice the
# mRNA.

# %%
figures.plot_heterodimer_map(figures.measure_abundance(cohort), unit="median log2 of the lower subunit").figure

# %% [markdown]
# Beta-1 and alpha-v pairs are found in nearly every tissue. The beta-2 column and beta-7 are integrins of
# *leukocytes*: if they are high in a tumour, look for immune cells, not for invasive tumour cells. On arrays the level
# also depends on the probe, so compare patients within a cell of this map rather than cells with each other.

# %% [markdown]
# ## Whose integrins are they?
#
# A biopsy is a mixture. The same gene may come from tumour cells, fibroblasts, vessels, platelets or leukocytes. A
# cheap test is the correlation with scores of those cells. Integrin genes are **taken out of those scores first**;
# otherwise ITGB3 would correlate with "platelets" because it is one of the platelet genes.

# %%
catalogue = itgstrat.load_catalogue()
CELLS = {
    "caf_my": "fibroblasts (myo)",
    "caf_general": "fibroblasts",
    "angio_endothelial_core": "vessels",
    "casc_platelet_emboli": "platelets",
    "immune_memory": "T cells",
    "output_e2f": "proliferation",
}
sets = {one.id: one.without(catalogue.integrin_genes()).genes for one in catalogue.select(list(CELLS))}
scores = score_sets(cohort.expression.to_numpy(), list(cohort.genes), sets)["singscore"]
cells = pd.DataFrame(scores, index=cohort.patients, columns=list(CELLS.values()))

pairs = {name: [one.alpha, one.beta] for name, one in catalogue.heterodimers.items()}
lower = pd.DataFrame(
    {name: cohort.expression[genes].min(axis=1) for name, genes in pairs.items() if set(genes) <= set(cohort.genes)}
)
correlation = pd.concat([lower, cells], axis=1).corr("spearman").loc[lower.columns, cells.columns]
correlation.style.set_uuid("rho").format("{:+.2f}").background_gradient("RdBu_r", vmin=-0.7, vmax=0.7)

# %% [markdown]
# **What you should see.** Spearman's rho, red positive, blue negative. The leukocyte integrins αLβ2, αXβ2, α4β7 and
# α4β1 go with T cells (0.4 to 0.7): a "high" tumour here is an infiltrated one. α5β1 and the αv pairs lean to
# fibroblasts and vessels (0.2 to 0.3), weakly in this old array. The same numbers as maps, one for T cells and one for
# fibroblasts:

# %%
figures.plot_heterodimer_map(correlation["T cells"], kind="effect", unit="Spearman's rho with T cells").figure

# %%
figures.plot_heterodimer_map(correlation["fibroblasts"], kind="effect", unit="Spearman's rho with fibroblasts").figure

# %% [markdown]
# So a model that finds "αLβ2 is protective" has found T cells. `features.adjust` in a run replaces each heterodimer by
# what is left of it after such scores are taken out, with the adjustment learned in training patients only.

# %% [markdown]
# ## Does one of them go with outcome?
#
# The honest order is: choose *before* looking. αvβ6 is chosen here because a trial (POSEIDON, abituzumab) pointed at
# it, not because it looked best. The cut is the median, and is not searched for.

# %%
high = np.where(lower["itg_avb6"] > lower["itg_avb6"].median(), "αvβ6 high", "αvβ6 low")
outcome = cohort.require_outcome()
figures.plot_kaplan_meier(outcome, high, ["αvβ6 low", "αvβ6 high"], title=f"{cohort.name}: αvβ6 at the median").figure

# %% [markdown]
# **What you should see.** Survival in years with 95% limits, numbers at risk below, and a log-rank p. In GSE3143
# patients with high αvβ6 fare worse, p = 0.019, and the question was asked beforehand. A paper could end here.
#
# ## The same question in the next cohort
#
# It should not. The same target, the same cut, two more public cohorts of the same disease, and the same figure in
# words:

# %%
for name in ("gse4335", "gse1992"):
    other = itgstrat.read_cohort(f"survset:{name}", endpoint=Endpoint("event", "time", "months"))
    values = other.expression[["ITGAV", "ITGB6"]].min(axis=1)
    groups = np.where(values > values.median(), "αvβ6 high", "αvβ6 low")
    told = figures.describe(figures.plot_kaplan_meier(other.require_outcome(), groups))
    print(fill(f"{name}: {told}", 100), end="\n\n")

# %% [markdown]
# Nothing in either, and in one of them the direction is the other. That is no proof of "no effect": 35 events find a
# hazard ratio of about 2.6 with 80% power, and nothing smaller. But it is what a single p-value in a single cohort is
# worth. (These two are log-ratios, so their "lower subunit" is relative to the reference sample; a model standardises
# each subunit first.)
#
# ## What searching would have done
#
# Now the mistake, on purpose: try all heterodimers, and cut each where it looks best. The outcome is first **dealt out
# at random**, so there is nothing to find.

# %%
random = np.random.default_rng(1)
dealt = outcome[random.permutation(len(outcome))]
QUANTILES = np.linspace(0.2, 0.8, 13)


def log_rank_p(group: np.ndarray) -> float:
    """Two-sided p of the log-rank test."""
    event_time = np.array(
        list(zip(dealt.event, dealt.time_days, strict=True)), dtype=[("event", bool), ("time", float)]
    )
    return float(compare_survival(event_time, group)[1])


smallest = {
    name: min(log_rank_p(values.to_numpy() > values.quantile(q)) for q in QUANTILES) for name, values in lower.items()
}
found = pd.Series(smallest).sort_values()
print(
    f"{(found < 0.05).sum()} of {len(found)} heterodimers have p < 0.05 at their best cut-point, where nothing is true"
)
found.head(5).round(4)

# %% [markdown]
# That is why itgstrat never shows the p-value of a cut-point that was searched for (`strata.rule: maximally_selected`
# gives the corrected one), and why every model stands beside random genes.
#
# **Limits.** mRNA is not surface protein, and an integrin on the surface may still be inactive. Correlation with a
# cell score is a hint at the source, not proof; single-cell data are. Nothing here is about response to any drug.
#
# Next: [03, your own cohort](03_bring_your_own_cohort.ipynb).
