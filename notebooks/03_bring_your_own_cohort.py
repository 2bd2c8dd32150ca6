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
# # 03 Bring your own cohort
#
# Real tables are messy: old gene names, Ensembl identifiers with versions, the same patient twice, a stage that reads
# "unknown". Here you take such a table from file to prediction, and see *what was dropped and why* at each step.
#
# The table is made on the fly from a real public cohort (GSE1992, 124 patients with breast cancer), which is then
# spoiled on purpose, so that you can see whether each fault is caught.

# %%
# %matplotlib inline
import logging
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
import yaml

import itgstrat
from itgstrat import figures
from itgstrat.outcome import Endpoint
from itgstrat.readers import ColumnRule, inspect_path

logging.getLogger("itgstrat").setLevel(logging.ERROR)
pd.set_option("display.max_colwidth", None)
folder = TemporaryDirectory()
here = Path(folder.name)

# %% [markdown]
# ## Make a mess
#
# Four faults, all seen in real files: a gene under its **old name** (CD41 is ITGA2B), some genes as **Ensembl
# identifiers** with a version behind the point, **labels that are no gene**, and **one patient twice** in the clinical
# table, with two different follow-ups.

# %%
clean = itgstrat.read_cohort("survset:gse1992", endpoint=Endpoint("event", "time", "months"))
table = clean.expression.round(3)
table.index = [f"HOSP-{number:04d}" for number in range(len(table))]
ensembl = {"ITGB6": "ENSG00000115221.11", "ITGAV": "ENSG00000138448.12", "EGFR": "ENSG00000146648.19"}
table = table.rename(columns={"ITGA2B": "CD41", **ensembl})
table["Unnamed_probe_17"] = 0.1
table.T.rename_axis("gene").to_csv(here / "expression.tsv", sep="\t")

clinical = pd.DataFrame(
    {
        "ID": table.index,
        "dead": clean.require_outcome().event.astype(int),
        "months": (clean.require_outcome().time_days / 30.4375).round(2),
        "age at diagnosis": clean.clinical["age"].to_numpy(),
        "ER": clean.clinical["er_positive"].map({"0": "neg", "1": "pos", 0: "neg", 1: "pos"}).to_numpy(),
        "stage": np.where(np.arange(len(table)) % 9 == 4, "unknown", clean.clinical["node_status"].astype(str)),
    }
)
twice = clinical.iloc[[3]].assign(months=99.0)
pd.concat([clinical, twice]).to_csv(here / "clinical.tsv", sep="\t", index=False)

# %% [markdown]
# ## Look first
#
# `inspect_path` (on the command line `itgstrat inspect`) says what a file is *before* anything is computed. Read three
# lines: the unit and why it was thought so, the kinds of identifiers, and the notes.

# %%
seen = inspect_path(here / "expression.tsv", clinical=here / "clinical.tsv")
print(f"{seen.n_patients} patients, {seen.n_genes:,} genes; {len(seen.integrins)} integrin genes")
print(f"unit: {seen.unit} ({seen.unit_reason})")
for note in seen.notes:
    print("-", note)

# %% [markdown]
# The alias and the Ensembl identifiers were brought to approved symbols, and the probe that is no gene is named.
#
# ## What cannot be guessed is refused
#
# One patient has two rows with different follow-up. Taking the first, or the longer, would be a guess about somebody's
# life. **What you should see.** An error that says what was found, where, and what to do.

# %%
READ = {
    "clinical": here / "clinical.tsv",
    "endpoint": Endpoint("dead", "months", "months"),
    "columns": {"age": "age at diagnosis", "er": "ER", "stage": "stage"},
}
try:
    itgstrat.read_cohort(here / "expression.tsv", **READ)
except itgstrat.ItgstratError as error:
    print(str(error).replace(f"{here}/", ""), file=sys.stderr)

# %% [markdown]
# You ask the registry, learn which row is right, and correct the file. Two more things are told while reading: our
# names for their columns (`age` for "age at diagnosis"), and that "unknown" is *missing*, not a fourth stage. Nothing
# is imputed here: an empty cell stays empty until a model, which has learned from training patients what to put there.

# %%
clinical.to_csv(here / "clinical.tsv", sep="\t", index=False)  # one row a patient
READ["columns"] = {
    "age": "age at diagnosis",
    "er": ColumnRule("ER", {"neg": 0, "pos": 1}),
    "node": ColumnRule("stage", {"0.0": 0, "1.0": 1, "0": 0, "1": 1, "unknown": None}),
}
cohort = itgstrat.read_cohort(here / "expression.tsv", name="OURS", **READ)
cohort

# %% [markdown]
# Every number of this table should be one that you expect. If 40 of 124 patients were gone here, you would want to
# know now. The records are also in `cohort.dropped`, for a methods section:

# %%
pd.DataFrame(
    [{"what": one.what, "how many": len(one.names), "why": one.reason, "first": one.names[0]} for one in cohort.dropped]
)

# %%
cohort.clinical.agg(["count", "nunique"]).T.rename(columns={"count": "known", "nunique": "different values"})

# %% [markdown]
# ## Train
#
# The same as a file, which is what you would keep under version control. Names left of the colon are yours. A hundred
# draws of random genes are the least that is taken. The settings are small for a notebook: three folds, once, a short
# penalty path.

# %%
settings = {
    "name": "ours",
    "cohorts": [
        {
            "name": "OURS",
            "source": "expression.tsv",
            "clinical": "clinical.tsv",
            "columns": {
                "age": "age at diagnosis",
                "er": {"column": "ER", "values": {"neg": 0, "pos": 1}},
                "node": {"column": "stage", "values": {"0.0": 0, "1.0": 1, "0": 0, "1": 1, "unknown": None}},
            },
        }
    ],
    "endpoint": {"event": "dead", "time": "months", "unit": "months"},
    "features": {"signatures": ["heterodimers"], "covariates": ["age", "er", "node"]},
    "model": {"kind": "ridge_cox", "n_penalties": 4, "inner_folds": 3},
    "evaluation": {"folds": 3, "repeats": 1, "random_signatures": 100, "permutations": 0},
    "strata": {"horizons": [2, 5], "unit": "years", "quantiles": [0.5], "labels": ["low", "high"]},
    "uncertainty": {"folds": 3, "samples": 50},
    "compute": {"n_jobs": 1},
    "seed": 1,
}
(here / "ours.yaml").write_text(yaml.safe_dump(settings, sort_keys=False))
run = itgstrat.train(itgstrat.load_config(here / "ours.yaml"))
run.evaluation

# %% [markdown]
# With 35 events the intervals are as wide as they look. The remarks below the table are part of the answer, not small
# print.

# %%
figures.plot_concordance(run.evaluation.internal, title="124 patients, 35 events").figure

# %% [markdown]
# ## Save, load, predict
#
# A model is a folder of plain data. It holds what it needs to judge *one* patient: means and SDs of training, values
# to impute, cut-points. Whoever loads it gets no patient of yours and runs no code of yours.

# %%
run.bundle.save(here / "model")
model = itgstrat.ModelBundle.load(here / "model")
sorted(path.name for path in (here / "model").iterdir())

# %% [markdown]
# Now a new patient, alone in a file, with worse luck than most: nobody recorded the nodes, and a fifth of the genes
# failed. Clinical columns of new patients carry *our* names.

# %%
one = table.iloc[[17]]
lost = np.random.default_rng(3).permutation(one.shape[1])[: one.shape[1] // 5]
one.drop(columns=one.columns[lost]).T.rename_axis("gene").to_csv(here / "new.tsv", sep="\t")
pd.DataFrame({"ID": one.index, "age": [47], "er": [1]}).to_csv(here / "new-clinical.tsv", sep="\t", index=False)

new = itgstrat.read_cohort(here / "new.tsv", clinical=here / "new-clinical.tsv", unit="log-ratio")
alone = itgstrat.predict(model, new)
alone

# %% [markdown]
# **What you should see.** Risk is the log hazard relative to the training mean, with a 95% interval over bootstrap
# samples of the training patients; survival is a probability. *Coverage* is the share of signature genes that were
# measured; below one half the risk would be withheld. What was imputed is named: ITGB1 was among the genes that
# failed, and with it every β1 pair; and the patient's risk rests on the others' nodes. The reader should know.

# %%
alone.table.loc[0, ["coverage", "imputed", "why"]].to_frame("patient")

# %% [markdown]
# ## One patient is a cohort
#
# Scored alone or among all others: the same number. This is what lets you use a model in a clinic where patients come
# one by one, and it is tested to 1e-9.

# %%
everybody = itgstrat.predict(model, cohort).table.set_index("patient")["risk"]
single = itgstrat.predict(model, cohort[[17]]).table["risk"][0]
print(f"among 124 patients: {everybody.iloc[17]:+.9f}\nalone:              {single:+.9f}")

# %%
folder.cleanup()

# %% [markdown]
# **Limits.** No batch correction across cohorts is done, on purpose: it would make each patient depend on the others.
# A platform that training never saw needs `reference="cohort"` and 30 patients. What the model says is prognosis; for
# agents see [04, agents and tiers](04_agents_and_tiers.ipynb).
