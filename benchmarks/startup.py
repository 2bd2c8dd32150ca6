"""CPU of short commands from start to end, beside importing the libraries that a slow start would import.

    python benchmarks/startup.py [--repeat 7]

Commands run in turn, each in processes of their own; user and system seconds of the process and its children, medians.
Imports are compiled beforehand. Prints one JSON line a figure: name, ours, peer, limit (issue 8: in seconds), ratio
to `import sklearn`. A model and one patient are made for `predict --no-report`.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from figures import report

CONFIG = """
name: startup
cohorts:
  - {name: simulated, source: train.tsv, clinical: clinical.tsv, columns: {age: age}}
endpoint: {event: event, time: time, unit: days}
features: {signatures: [heterodimers, receptors], covariates: [age]}
evaluation: {folds: 2, repeats: 1, random_signatures: 0, permutations: 0, without_random: true, bootstrap: 100}
compute: {backend: threading, n_jobs: 1}
"""


def cpu(command: list[str], folder: str) -> float:
    """User and system seconds of a command and its children."""
    before = os.times()
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


def make_model(folder: Path) -> None:
    """Train on 120 simulated patients, and leave one of them in a file of its own."""
    import numpy as np
    import pandas as pd

    from itgstrat.biology.catalogue import load_catalogue

    random, genes = np.random.default_rng(0), sorted(load_catalogue().genes())
    names = pd.Index([f"P{number}" for number in range(120)], name="patient")
    table = pd.DataFrame(random.normal(8, 2, (120, len(genes))).round(3), index=names, columns=genes)
    clinical = {
        "age": random.normal(60, 10, 120),
        "event": random.integers(0, 2, 120),
        "time": random.exponential(900, 120),
    }
    pd.DataFrame(clinical, index=names).to_csv(folder / "clinical.tsv", sep="\t")
    table.T.rename_axis("gene").to_csv(folder / "train.tsv", sep="\t")
    table.iloc[:1].T.rename_axis("gene").to_csv(folder / "one.tsv", sep="\t")
    (folder / "run.yaml").write_text(CONFIG)
    subprocess.run([*ITGSTRAT, "train", "run.yaml", "--out", "run"], cwd=folder, check=True, capture_output=True)


ITGSTRAT = [sys.executable, "-c", "from itgstrat.cli import main; main()"]
#: Name -> command, and the seconds that issue 8 allows.
COMMANDS: dict[str, tuple[list[str], float]] = {
    "itgstrat --help": (["--help"], 0.4),
    "itgstrat signatures list": (["signatures", "list"], 0.8),
    "itgstrat predict --no-report, one patient": (
        [
            "predict",
            "run/model",
            "one.tsv",
            "--clinical",
            "clinical.tsv",
            "--no-report",
            "--force",
            "--out",
            "predicted",
        ],
        1.5,
    ),
}


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeat", type=int, default=7, help="runs of each; the median counts")
    options = parser.parse_args()
    peer = [sys.executable, "-c", "import sklearn"]
    kept = []
    with tempfile.TemporaryDirectory() as folder:
        make_model(Path(folder))
        for name, (words, seconds) in COMMANDS.items():
            command = [*ITGSTRAT, *words]
            cpu(command, folder)  # compiles
            pairs = [(cpu(command, folder), cpu(peer, folder)) for _ in range(options.repeat)]
            ours, theirs = (statistics.median(side) for side in zip(*pairs, strict=True))
            kept.append(report(f"{name}, CPU from start to end", ours, limit=seconds))
            report(f"{name} / import sklearn", ours, theirs)
    sys.exit(not all(kept))


if __name__ == "__main__":
    main()
