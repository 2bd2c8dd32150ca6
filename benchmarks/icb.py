"""Response to checkpoint inhibitors: each public cohort judged by models of the others, all baselines beside.

    python benchmarks/icb.py --data DIR --out table.tsv [--kind KIND]... [--random 100]

DIR holds cohorts/icb-* as ../shared/data does. One config, configs/icb-response.yaml, for every row; features with
and without the receptors. Writes one line a cohort and model: AUC with its 95% bootstrap interval, average precision,
Brier score, calibration slope, and for the configured model the p-value against random genes of the same number.
"""

import argparse
import os
import time
from dataclasses import asdict
from pathlib import Path

import pandas as pd

CONFIG = Path(__file__).parents[1] / "configs" / "icb-response.yaml"
PANELS = {"integrins": "[heterodimers]", "integrins+receptors": "[heterodimers, receptors]"}
KINDS = ("elastic_net_logistic", "histogram_boosting", "random_forest")


def judge(panel: str, kind: str, draws: int) -> list[dict[str, object]]:
    """Rows of one panel and classifier."""
    from itgstrat.cohort import concat_cohorts
    from itgstrat.config import load_config
    from itgstrat.evaluation.response import evaluate_response
    from itgstrat.training import read_cohorts

    settings = [f"features.signatures={PANELS[panel]}", f"response.kind={kind}"]
    settings += [f"evaluation.random_signatures={draws}", f"evaluation.without_random={str(draws < 100).lower()}"]
    config = load_config(CONFIG, settings)
    training, _ = read_cohorts(config)
    start = time.perf_counter()
    evaluation = evaluate_response(config, concat_cohorts(training))
    print(f"{panel}, {kind} ({time.perf_counter() - start:.0f} s): {evaluation.finding}", flush=True)
    return [
        {"panel": panel, "kind": kind, "how": item.kind, "cohort": item.cohort, "patients": item.n_patients,
         "positive": item.n_positive, **row_of(item, row)}
        for item in evaluation.comparisons
        for row in item.rows
    ]  # fmt: skip


def row_of(item, row) -> dict[str, object]:
    """Numbers of one model."""
    auc, random = asdict(row.auc), item.random if row.model == "model" else None
    gain = item.difference(row.model) if row.model != "beside_inflamed" else item.difference("inflamed", row.model)
    found = {"model": row.model, "auc": auc["estimate"], "low": auc["low"], "high": auc["high"]}
    found |= {"average_precision": row.average_precision.estimate, "brier": row.brier.estimate}
    found |= {"slope": row.slope.estimate, "random_median": random.median if random else None}
    found |= {"p_random": random.p_value if random else None}
    # the model minus this one; for the last row, itself minus the T-cell-inflamed score
    difference = asdict(gain.auc) if gain else {"estimate": None, "low": None, "high": None}
    return found | {f"difference_{name}": value for name, value in difference.items()}


def main() -> None:
    """Run every panel and classifier that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=os.environ.get("ITGSTRAT_DATA"))
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--kind", action="append", choices=KINDS)
    parser.add_argument("--random", type=int, default=100)
    given = parser.parse_args()
    if given.data is None:
        parser.error("give --data, or set ITGSTRAT_DATA")
    os.environ["ITGSTRAT_DATA"] = str(given.data)
    rows = []
    for kind in given.kind or KINDS[:1]:
        for panel in PANELS:
            rows += judge(panel, kind, given.random)
            pd.DataFrame(rows).round(4).to_csv(given.out, sep="\t", index=False)


if __name__ == "__main__":
    main()
