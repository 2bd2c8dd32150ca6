"""Sensitivities learned on public cell lines: each drug and platform judged on lineages left out, comparators beside.

    python benchmarks/transfer.py --data DIR --out table.tsv [--penalty ridge] [--random 49] [--random-all 39]

DIR holds cell-lines/ as ../shared/data does. Drugs are those of the agents of the catalogue, and those whose stated
target is FAK, SRC or an integrin. Platforms: NCI-60 surface flow, SWATH and RPPA; CCLE RPPA for the lines
of GDSC and CCLE. Writes the table, and the same as JSON lines beside it.
"""

import argparse
import json
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import polars as pl
from joblib import Parallel, delayed

from itgstrat.antagonists.transfer import adhesion_genes
from itgstrat.biology import load_catalogue
from itgstrat.evaluation.transfer import TransferEvaluation, evaluate_transfer, judge_transfers
from itgstrat.fitting.transfer import Alignment, LineData
from itgstrat.fitting.transfer_fit import TransferSettings
from itgstrat.readers.cell_lines import (
    LineProfiles,
    LineResponses,
    read_ccle_ic50,
    read_ccle_rppa,
    read_gdsc_ic50,
    read_gdsc_models,
    read_nci60_activity,
    read_nci60_flow,
    read_nci60_lineages,
    read_nci60_rppa,
    read_nci60_swath,
)

#: Stated targets that make a drug of a screen a candidate, and the genes behind each word.
TARGETS = {
    "FAK": ("PTK2", "PTK2B"),
    "SRC": ("SRC", "YES1", "FYN", "LYN", "LCK"),
    "ITG": ("ITGAV", "ITGB3", "ITGB5", "ITGB1", "ITGA4", "ITGA2"),
}


def candidates(responses: LineResponses, mechanism: dict[str, str]) -> list[tuple[str, str, str, tuple[str, ...]]]:
    """Id, agent, class and target genes of the drugs to judge."""
    found = {}
    for agent in load_catalogue().agents.values():
        for name in responses.ids(agent.name, *agent.synonyms):
            found[name] = (name, agent.id, agent.agent_class, agent.genes)
    for name, words in mechanism.items():
        words, _, stated = words.partition("|genes ")
        hit = next((word for word in ("ITG", "FAK", "SRC") if word in re.split(r"[^A-Z]+", words.upper())), None)
        if hit and name not in found and name in responses.drugs:
            kind = "integrin_antagonist" if hit == "ITG" else "downstream_comparator"
            genes = dict.fromkeys([*TARGETS[hit], *filter(None, stated.split(";"))])
            found[name] = (name, responses.drugs[name] or f"NSC {name}", kind, tuple(genes))
    return list(found.values())


def panels(profiles: LineProfiles, targets: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """Adhesion (see `adhesion_genes`), and the whole platform."""
    wanted = adhesion_genes(targets)
    adhesion = tuple(name for name in profiles.values.columns if profiles.genes.get(name) in wanted)
    return {"adhesion": adhesion, "all": tuple(profiles.values.columns)}


def screens(root: Path) -> list[tuple[LineResponses, dict[str, str], pd.Series, list[LineProfiles]]]:
    """Responses with stated mechanism, lineages and platforms of every screen."""
    nci, gdsc, ccle = root / "nci60", root / "gdsc", root / "ccle"
    info = pl.read_csv(nci / "drug_info_1075.tsv", separator="\t", infer_schema=False, quote_char=None)
    platforms = [
        read_nci60_flow(nci / "surface_protein_flow_log2.tsv"),
        read_nci60_swath(nci / "swath_protein.parquet"),
        read_nci60_rppa(nci / "rppa_lysate_log2.tsv"),
    ]
    lineage = read_nci60_lineages(nci / "cell_lines.tsv")
    nsc = {str(row["nsc"]): str(row["mechanism"] or "") for row in info.iter_rows(named=True)}
    models = read_gdsc_models(gdsc / "model_list_cellmodelpassports.tsv.gz")
    sheet = pl.read_csv(gdsc / "drug_sheet.tsv", separator="\t", infer_schema=False, quote_char=None)
    stated = {row["Drug ID"]: f"{row['Target name']}|genes {row['Gene Target']}" for row in sheet.iter_rows(named=True)}
    ic50 = read_gdsc_ic50(gdsc / "lnIC50_480drugs_484lines.tsv.gz")
    rppa = read_ccle_rppa(ccle / "rppa_214_antibodies.parquet")
    sanger = {broad: line for line, broad in models["depmap"].items() if broad}
    first = read_ccle_ic50(ccle / "ic50_24drugs_504lines.tsv")
    by_ccle = {name: line for line, name in models["ccle"].items() if name}
    targets = {name: stated.get(name.partition(":")[2], "") for name in ic50.drugs}
    return [
        (read_nci60_activity(nci / "drug_activity_z_1075.tsv.gz"), nsc, lineage, platforms),
        (ic50, targets, models["lineage"], [rppa.renamed(sanger)]),
        (first.renamed(by_ccle), {}, models["lineage"], [rppa.renamed(sanger)]),
    ]


def tasks(root: Path) -> Iterator[tuple[str, LineData]]:
    """Every drug on every platform and panel."""
    for responses, mechanism, lineage, platforms in screens(root):
        for label, agent, kind, genes in candidates(responses, mechanism):
            for profiles in platforms:
                targets = tuple(name for name, gene in profiles.genes.items() if gene in genes)
                for panel, features in panels(profiles, genes).items():
                    yield panel, LineData.join(
                        (agent, kind, f"{responses.drugs[label] or 'NSC'} ({label})"),
                        (f"{responses.name}, {profiles.name}", responses.unit, profiles.measures),
                        profiles.values, responses.values[label], lineage, features, targets, profiles.genes,
                    )  # fmt: skip


def judge(panel: str, data: LineData, given: argparse.Namespace) -> TransferEvaluation:
    """Judge one; the whole platform has no other features, so that responses are dealt out anew, and less often."""
    n_random = given.random if panel == "adhesion" else given.random_all
    start = time.perf_counter()
    one = evaluate_transfer(data, Alignment("quantiles"), TransferSettings(given.penalty), n_random, given.draws)
    took = time.perf_counter() - start
    print(f"{data.drug}, {data.trained_on}, {panel}: {one.model.within} in {took:.1f} s", flush=True)
    return one


def line_of(more: dict, one: TransferEvaluation) -> dict[str, object]:
    """Numbers of one drug, platform and panel."""
    row: dict[str, object] = {"agent": one.agent, "drug": one.drug, "trained_on": one.trained_on, **more}
    row |= {"lines": one.n_lines, "lineages": one.n_lineages, "features": one.n_features}
    for name, found in (("model", one.model), ("lineage", one.lineage), ("target", one.target)):
        for number in ("within", "spearman", "r2", "difference"):
            if (name, number) in {("model", "difference"), ("lineage", "within")}:
                continue
            value = getattr(found, number) if found else None
            row |= {f"{name}_{number}{end}": getattr(value, part) if value else None
                    for end, part in (("", "estimate"), ("_low", "low"), ("_high", "high"))}  # fmt: skip
    row["target"] = one.target.model.removeprefix("target: ") if one.target else ""
    row |= {"random": one.null, "random_median": one.random_median, "p_random": one.p_random}
    row |= {"p_lineage": one.p_lineage, "q": one.q, "withheld": one.withheld, "reasons": "; ".join(one.reasons)}
    return row


def main() -> None:
    """Run everything and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=os.environ.get("ITGSTRAT_DATA"))
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--random", type=int, default=49)
    parser.add_argument("--random-all", type=int, default=39)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--draws", type=int, default=2000)
    parser.add_argument("--penalty", choices=("ridge", "elastic_net"), default="ridge")
    given = parser.parse_args()
    if given.data is None:
        parser.error("give --data, or set ITGSTRAT_DATA")
    todo = list(tasks(Path(given.data) / "cell-lines"))
    found = judge_transfers(Parallel(given.jobs)(delayed(judge)(panel, data, given) for panel, data in todo))
    rows = [line_of({"panel": panel}, one) for (panel, _), one in zip(todo, found, strict=True)]
    pd.DataFrame(rows).round(4).to_csv(given.out, sep="\t", index=False)
    text = "".join(json.dumps(row) + "\n" for row in rows)
    given.out.with_suffix(".jsonl").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
