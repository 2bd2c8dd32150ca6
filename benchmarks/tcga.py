"""Overall survival in TCGA cohorts on published five-fold splits: integrins, receptors and all that stands beside them.

    python benchmarks/tcga.py --data DIR [--cohort NAME]... --out table.tsv

DIR is laid out as PORPOISE publishes it (github.com/mahmoodlab/PORPOISE, doi 10.1016/j.ccell.2022.07.004):
``tcga_<cohort>_all_clean.csv.zip`` with one row a slide, and ``splits/5foldcv/tcga_<cohort>/splits_<k>.csv``. Every
cohort found is run by default, with the one configuration in benchmarks/tcga.yaml; what it tunes, it tunes within the
training patients of each fold. The table has one row a cohort and model: Harrell's concordance in each fold, its mean
and SD. Beside it, ``<table>.increments.tsv`` says what the integrin block brings: the model with it minus the model
without, on the same folds, with a bootstrap interval over patients.
"""

import argparse
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from joblib import Parallel, delayed

from itgstrat.biology import every_gene, load_catalogue
from itgstrat.cohort import Cohort
from itgstrat.concordance import comparable_pairs
from itgstrat.config import ElasticNetConfig, RunConfig, build_config
from itgstrat.errors import ItgstratError
from itgstrat.evaluation.designs import leave_integrins_out
from itgstrat.evaluation.discrimination import harrell_blocks, resampled_concordance
from itgstrat.evaluation.given_splits import read_folds
from itgstrat.evaluation.metrics import bootstrap_weights
from itgstrat.evaluation.nulls import find_matches, random_signatures
from itgstrat.evaluation.splits import Split
from itgstrat.fitting.pipeline import Design, build_pipeline, design_of
from itgstrat.outcome import Outcome, make_outcome

#: Average Gregorian month.
DAYS_PER_MONTH = 365.2425 / 12

CLINICAL = {"age": "age", "is_female": "female", "oncotree_code": "subtype"}

#: What the integrin block brings is told for these: the model with it, and the one without.
INCREMENTS = {
    "integrins+receptors+clinical": "receptors+clinical",
    "stack, all blocks": "stack, all blocks but integrins",
}


@dataclass(frozen=True)
class Model:
    """One row of the table: its configuration and what goes in; draws of random genes share a name."""

    name: str
    config: RunConfig
    design: Design


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder laid out as PORPOISE's")
    parser.add_argument("--cohort", action="append", help="such as blca; repeatable; all that are found by default")
    parser.add_argument("--out", type=Path, required=True, help="TSV to write")
    parser.add_argument("--random", type=int, default=5, help="draws of random genes (default 5)")
    parser.add_argument("--jobs", type=int, default=-1, help="workers (default one a core)")
    parser.add_argument("--config", type=Path, default=Path(__file__).with_suffix(".yaml"))
    asked = parser.parse_args()
    found = sorted(path.name.split("_")[1] for path in asked.data.glob("tcga_*_all_clean.csv.zip"))
    names = [name.lower().removeprefix("tcga_") for name in asked.cohort or found]
    if not names or set(names) - set(found):
        sys.exit(f"no table of {', '.join(sorted(set(names) - set(found))) or 'any cohort'} in {asked.data}; "
                 f"found: {', '.join(found) or 'none'}")  # fmt: skip
    section, rows, increments = yaml.safe_load(asked.config.read_text()), [], []
    for name in names:
        begin = time.perf_counter()
        cohort, splits = read_cohort(asked.data, name)
        models = list(list_models(section, cohort, asked.random))
        risks = run(models, cohort, splits, asked.jobs)
        rows += tabulate(name, models, risks, cohort, splits)
        increments += compare(name, models, risks, cohort, splits)
        seconds = time.perf_counter() - begin
        print(
            f"{name}: {len(cohort)} patients, {cohort.require_outcome().n_events} events, {seconds:.0f} s", flush=True
        )
        table = pd.DataFrame(rows)
        table.to_csv(asked.out, sep="\t", index=False, float_format="%.4f")  # as it goes, so that a stop loses one
        pd.DataFrame(increments).to_csv(
            asked.out.with_suffix(".increments.tsv"), sep="\t", index=False, float_format="%.4f"
        )
    print(table.pivot(index="model", columns="cohort", values="mean").assign(mean=table.groupby("model")["mean"].mean())
          .loc[list(dict.fromkeys(table["model"]))].to_string(float_format="%.3f"))  # fmt: skip


def read_cohort(folder: Path, name: str) -> tuple[Cohort, tuple[Split, ...]]:
    """Read one cohort, one row a patient, and its published folds."""
    slides = pd.read_csv(folder / f"tcga_{name}_all_clean.csv.zip", low_memory=False)
    table = slides.drop_duplicates("case_id").set_index("case_id")
    table = table[table["survival_months"].notna() & table["censorship"].notna()]
    expression = table.filter(regex="_rnaseq$").rename(columns=lambda column: column.removesuffix("_rnaseq"))
    altered = table.filter(regex="_(mut|cnv)$")
    # a few patients have a follow-up of 0 months; half a day keeps them last in no risk set but their own
    days = np.maximum(table["survival_months"].to_numpy(float) * DAYS_PER_MONTH, 0.5)
    cohort = Cohort(
        name=name,
        expression=expression.astype(np.float32),
        clinical=pd.concat([table[list(CLINICAL)].rename(columns=CLINICAL), altered], axis=1),
        batch=np.full(len(table), name),
        outcome=make_outcome(table["censorship"].to_numpy() == 0, days),
        unit="z-score",
    )
    folds = read_folds(folder / "splits" / "5foldcv" / f"tcga_{name}", list(map(str, cohort.patients)))
    for note in folds.notes:
        print(f"{name}: {note}", file=sys.stderr)
    return cohort, folds.splits


def list_models(section: dict[str, object], cohort: Cohort, draws: int) -> Iterator[Model]:
    """List the rows of the table."""
    frame = {"name": "tcga", "endpoint": {"event": "event", "time": "time"}, "cohorts": [{"name": "x", "source": "x"}]}
    config = build_config({**frame, **section}, "tcga.yaml", None)
    facts, clinical = load_catalogue(), tuple(CLINICAL.values())
    altered = tuple(column for column in cohort.clinical if column not in clinical)
    main = replace(design_of(config), covariates=clinical)
    subunits = set(facts.integrin_genes())
    own = tuple(one for one in main.signatures if set(one.genes) <= subunits)
    genes = tuple(one for one in main.signatures if one.rule == "gene")
    scores = tuple(one for one in main.signatures if one.rule != "gene")
    everything = (*scores, *genes, every_gene(but=[one.id for one in genes]))
    whole = Design(everything, (*clinical, *altered), altered)
    elastic = config.model_copy(update={"model": ElasticNetConfig(rule="partial_likelihood")})
    yield Model("clinical-only", config, replace(main, signatures=()))
    yield Model("integrins", config, replace(main, signatures=own, covariates=()))
    yield Model("integrins+receptors", config, replace(main, covariates=()))
    yield Model("integrins+receptors+clinical", config, main)
    yield Model("receptors+clinical", config, leave_integrins_out(main) or main)
    yield Model("all genes+clinical (elastic net)", elastic, Design((every_gene(),), clinical))
    yield Model("stack, all blocks", config, whole)
    yield Model("stack, all blocks but integrins", config, leave_integrins_out(whole) or whole)
    matches = find_matches(main.signatures, cohort)
    for draw in range(draws):
        drawn = random_signatures(main.signatures, list(cohort.genes), draw, matches)
        yield Model("random signatures+clinical", config, replace(main, signatures=drawn))


def run(models: list[Model], cohort: Cohort, splits: tuple[Split, ...], jobs: int) -> np.ndarray:
    """Fit every model on every fold; risks of shape (n_models, n_patients), NaN where never tested."""
    tasks = [(m, split) for m in range(len(models)) for split in splits]
    workers = Parallel(n_jobs=jobs, return_as="generator_unordered")
    risks = np.full((len(models), len(cohort)), np.nan)
    found = workers(delayed(judge)(m, models[m], cohort[split.train], cohort, split) for m, split in tasks)
    for done, (m, test, risk) in enumerate(found, start=1):
        risks[m, test] = risk
        print(f"\r{cohort.name}: {done} of {len(tasks)} fits", end="" if done < len(tasks) else "\n", file=sys.stderr)
    return risks


def judge(m: int, model: Model, train: Cohort, cohort: Cohort, split: Split) -> tuple[int, np.ndarray, np.ndarray]:
    """Risks of the patients of one fold; NaN, and why on stderr, where the model cannot be had."""
    try:
        fitted = build_pipeline(model.config, model.design).fit(train, train.require_outcome())
    except ItgstratError as error:
        print(f"\n{cohort.name}, {model.name}: not fitted in one fold ({error})", file=sys.stderr)
        return m, split.test, np.full(len(split.test), np.nan)
    return m, split.test, fitted.predict(cohort[split.test])


def tabulate(
    name: str, models: list[Model], risks: np.ndarray, cohort: Cohort, splits: tuple[Split, ...]
) -> list[dict[str, object]]:
    """One row a model: concordance in each fold, mean and SD over folds that have one; random draws averaged."""
    outcome, rows = cohort.require_outcome(), []
    for label in dict.fromkeys(model.name for model in models):
        mine = np.flatnonzero([model.name == label for model in models])
        folds = [np.mean([measure(outcome[split.test], risk[split.test]) for risk in risks[mine]]) for split in splits]
        by_fold = {f"fold{k}": value for k, value in enumerate(folds)}
        rows.append(
            {"cohort": name, "model": label, **by_fold, "mean": np.nanmean(folds), "sd": np.nanstd(folds, ddof=1)}
        )
    return rows


def measure(outcome: Outcome, risk: np.ndarray) -> float:
    """Harrell's concordance; NaN where there is no risk or no pair."""
    return float("nan") if np.isnan(risk).any() else float(comparable_pairs(outcome).concordance(risk))


def compare(
    name: str, models: list[Model], risks: np.ndarray, cohort: Cohort, splits: tuple[Split, ...]
) -> list[dict[str, object]]:
    """What the integrin block brings: difference of the pooled within-fold concordance, 95% bootstrap interval."""
    outcome, labels, rows = cohort.require_outcome(), [model.name for model in models], []
    tested = np.flatnonzero(~np.isnan(risks[0]))
    group = np.zeros(len(outcome), dtype=np.intp)
    for k, split in enumerate(splits):
        group[split.test] = k
    weights = bootstrap_weights(outcome[tested], 1000, 0)
    blocks = [harrell_blocks(outcome[tested], group[tested])]
    for label, without in INCREMENTS.items():
        pair = risks[[labels.index(label), labels.index(without)]][:, tested].T
        if np.isnan(pair).any():
            continue
        point, drawn = resampled_concordance(blocks, [pair], np.ones((1, len(tested))), weights)
        low, high = np.nanpercentile(drawn[0, 0] - drawn[0, 1], [2.5, 97.5])
        gain = point[0, 0] - point[0, 1]
        rows.append({"cohort": name, "model": label, "against": without, "difference": gain, "low": low, "high": high})
    return rows


if __name__ == "__main__":
    main()
