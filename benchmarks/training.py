"""Peak memory of `itgstrat train` against the matrix that it reads, and against pandas merely reading the same text.

    python benchmarks/training.py --patients 2000 5000               # ratios against their limit
    python benchmarks/training.py --quick                            # 4,000 genes, 600 patients: no limit is held

prints one JSON line a figure: name, ours, peer, limit, ratio; MiB. The peak is that of the whole process with all that
it imports (`VmHWM`); the workers that fit folds are others and share one copy of the ranks. It is also given above what
the same command takes of 150 patients and 2,000 genes, which is libraries. Every run is a process of its own. The exit
code is 1 if a ratio is above its limit. The data are those of `prediction.py`; a run scores 51 signatures by singscore,
judges an elastic net in three folds beside its baselines and 100 random draws, and writes the report.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import redirect_stdout, suppress
from pathlib import Path

import numpy as np
import prediction
from figures import report

#: Genes and patients of the quick form, and of the run that is all libraries.
QUICK, SMALL = (4_000, 600), (2_000, 150)
#: Times the float32 matrix (issue G).
TIMES_MATRIX = 3.0
KINDS = ("tsv.gz", "parquet", "h5ad")
CONFIG = """
name: benchmark
cohorts:
  - {{name: simulated, source: {source}, clinical: clinical.tsv, columns: {{age: age}}}}
endpoint: {{event: event, time: time, unit: days}}
features: {{signatures: [heterodimers, receptors, joint_pairs], score: singscore, covariates: [age]}}
model: {{kind: elastic_net_cox, l1_ratio: 0.5}}
evaluation: {{folds: 3, repeats: 1, random_signatures: 100, permutations: 0, bootstrap: 100}}
strata: {{horizons: [1, 2], unit: years}}
seed: 1
out: run
"""


def make_cohort(folder: Path, kind: str, n_genes: int, n_patients: int) -> Path:
    """Write expression, clinical table and configuration, where they are not there yet."""
    own = folder / f"{n_genes}-{n_patients}-{kind}"
    own.mkdir(parents=True, exist_ok=True)
    prediction.N_GENES = n_genes
    source = prediction.find(own, kind, n_patients)
    rng = np.random.default_rng(7)
    age = rng.normal(60, 10, n_patients).round(1)
    days = rng.exponential(1000 * np.exp(-0.05 * (age - 60))).clip(1).round()
    event = (rng.random(n_patients) < 0.7).astype(int)
    rows = [f"SAMPLE-{at:06d}\t{age[at]}\t{event[at]}\t{days[at]}\n" for at in range(n_patients)]
    (own / "clinical.tsv").write_text("".join(["patient\tage\tevent\ttime\n", *rows]))
    (own / "run.yaml").write_text(CONFIG.format(source=source.name))
    return source


def run_train(path: Path) -> None:
    """The whole command: read, evaluate, fit, write."""
    from itgstrat.cli import main as itgstrat

    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        sys.argv = ["itgstrat", "train", str(path.parent / "run.yaml"), "--out", str(Path(folder) / "out")]
        with redirect_stdout(sys.stderr), suppress(SystemExit):
            itgstrat()
        if not (Path(folder) / "out" / "report.html").exists():
            raise RuntimeError(f"{path}: nothing was trained")


def run_pandas(path: Path) -> None:
    """Only read the text, as most scripts do."""
    import pandas as pd

    pd.read_csv(path, sep="\t", index_col=0)


RUNS: dict[str, Callable[[Path], None]] = {"train": run_train, "pandas": run_pandas}


def measure(name: str, path: Path, repeat: int = 1) -> float:
    """Peak MiB in fresh processes with one thread each; the median."""
    command = [sys.executable, __file__, "--one", name, "--file", str(path)]
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "POLARS_MAX_THREADS"), "1")
    # folders of its own: finished folds are not taken from another run
    own = os.environ | threads | {"TMPDIR": str(path.parent), "ITGSTRAT_CACHE": str(path.parent / "cache")}
    runs = [
        subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=own)
        for _ in range(repeat)
    ]
    return statistics.median(json.loads(run.stdout.splitlines()[-1])["mib"] for run in runs)


def compare(folder: Path, kinds: list[str], n_genes: int, sizes: list[int], repeat: int, held: bool) -> bool:
    """Train on every kind of file and print the figures; True if the limit is kept."""
    kept, limit = [], TIMES_MATRIX if held else None
    for kind in kinds:
        libraries = measure("train", make_cohort(folder, kind, *SMALL), repeat)
        for n_patients in sizes:
            path = make_cohort(folder, kind, n_genes, n_patients)
            matrix, of = 4 * n_genes * n_patients / 2**20, f"{n_patients:,} x {n_genes:,} {kind}"
            peak = measure("train", path, repeat)
            kept.append(report(f"train {of} peak / matrix", peak, matrix, limit, "MiB"))
            report(f"train {of} above libraries / matrix", peak - libraries, matrix, unit="MiB")
            if kind == "tsv.gz":
                report(f"train {of} peak / pandas reading it", peak, measure("pandas", path, repeat), unit="MiB")
    return all(kept)


def main() -> None:
    """Read the arguments, make what is missing, measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--patients", type=int, nargs="+", default=[2_000])
    parser.add_argument("--quick", action="store_true", help="few genes and patients, parquet only")
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS), help="kinds of file")
    parser.add_argument("--repeat", type=int, default=1, help="runs of each; the median counts")
    parser.add_argument("--folder", type=Path, help="keep the files here")
    parser.add_argument("--one", choices=RUNS, help=argparse.SUPPRESS)
    parser.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        RUNS[given.one](given.file)
        print(json.dumps({"mib": prediction.find_peak()}))
        return
    with tempfile.TemporaryDirectory() as scratch:
        folder = given.folder or Path(scratch)
        genes, sizes, kinds = prediction.N_GENES, given.patients, given.kinds
        if given.quick:
            genes, sizes, kinds = QUICK[0], [QUICK[1]], ["parquet"]
        kept = compare(folder, kinds, genes, sizes, given.repeat, not given.quick)
    sys.exit(not kept)


if __name__ == "__main__":
    main()
