"""Speed of scoring, as a ratio to np.sort of the same matrix and beside gseapy and decoupler, in one run.

    python benchmarks/scoring.py [--patients 500] [--repeats 3] [--peers] [--gsva]

60 random signatures of 10 to 200 genes on 20,000 genes, log2 with 15% exact zeros; one thread; CPU seconds, the
median of the repeats, ours and the sort in turn. Prints one JSON line a figure.
Memory is the peak of what was allocated while scoring (tracemalloc), against the size of the matrix. Peers, once
each, need gseapy and decoupler beside itgstrat's numpy: `PYTHONPATH=src PEERS/bin/python benchmarks/scoring.py
--peers`. GSVA costs the square of the patients and has its own switch.
"""

import argparse
import json
import os
import platform
import statistics
import sys
import time
import tracemalloc
from collections.abc import Callable

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS", "RAYON_NUM_THREADS"):
    os.environ[name] = "1"

import numpy as np  # noqa: E402
from figures import report  # noqa: E402

from itgstrat.scoring import score_sets  # noqa: E402

N_GENES, N_SETS = 20_000, 60


def make_data(patients: int, seed: int = 0) -> tuple[np.ndarray, list[str], dict[str, dict[str, float]]]:
    """Make expression and random signatures."""
    random = np.random.default_rng(seed)
    table = np.round(random.normal(3, 3, (patients, N_GENES)), 4).astype(np.float32)
    table[random.random(table.shape) < 0.154] = -9.9658
    genes = [f"G{number}" for number in range(N_GENES)]
    sets = {}
    for number in range(N_SETS):
        size = int(np.exp(random.uniform(np.log(10), np.log(201))))
        drawn = random.choice(N_GENES, size, replace=False)
        sets[f"S{number}"] = {genes[gene]: 1.0 for gene in drawn}
    return table, genes, sets


def cpu(work: Callable[[], object]) -> float:
    """CPU seconds of one call."""
    start = time.process_time()
    work()
    return time.process_time() - start


def against_sort(table: np.ndarray, genes: list[str], sets: dict, repeats: int) -> None:
    """Time ours and the sort in turn."""
    for name, methods, limit in (
        ("singscore / np.sort", ["singscore"], 5),
        ("singscore + ssgsea + aucell / np.sort", ["singscore", "ssgsea", "aucell"], 8),
        ("all rank methods / np.sort", ["singscore", "mean_rank", "ssgsea", "aucell", "ucell"], None),
    ):
        pairs = [
            (cpu(lambda m=methods: score_sets(table, genes, sets, m)), cpu(lambda: np.sort(table, axis=1)))
            for _ in range(repeats)
        ]
        ours, sort = zip(*pairs, strict=True)
        report(f"{name}, {len(table)} patients", statistics.median(ours), statistics.median(sort), limit)


def memory(table: np.ndarray, genes: list[str], sets: dict) -> None:
    """Compare the peak of what scoring allocates with the matrix."""
    tracemalloc.start()
    score_sets(table, genes, sets, ["singscore", "ssgsea", "aucell"])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    report(f"added memory / matrix, {len(table)} patients", peak / 1e6, table.nbytes / 1e6, 1, "MB")


def against_peers(table: np.ndarray, genes: list[str], sets: dict) -> None:
    """Time gseapy and decoupler once, on the same matrix."""
    import decoupler
    import gseapy
    import pandas as pd

    frame = pd.DataFrame(table, columns=genes, index=[f"P{i}" for i in range(len(table))])
    gene_sets = {name: list(own) for name, own in sets.items()}
    net = pd.DataFrame([(s, g, 1.0) for s, own in sets.items() for g in own], columns=["source", "target", "weight"])
    decoupler.mt.aucell(frame.iloc[:3], net, tmin=1)  # compile
    theirs = cpu(lambda: decoupler.mt.aucell(frame, net, tmin=1))
    ours = cpu(lambda: score_sets(table, genes, sets, ["aucell"]))
    report(f"aucell / decoupler {decoupler.__version__}, {len(table)} patients", ours, theirs, None)
    theirs = cpu(lambda: gseapy.ssgsea(data=frame.T, gene_sets=gene_sets, outdir=None, min_size=1, max_size=500,
                                       sample_norm_method="rank", threads=1, no_plot=True, verbose=False))  # fmt: skip
    ours = cpu(lambda: score_sets(table, genes, sets, ["ssgsea"]))
    report(f"ssgsea / gseapy {gseapy.__version__}, {len(table)} patients", ours, theirs, 1 / 20)
    theirs = cpu(lambda: decoupler.mt.zscore(frame, net, tmin=1))
    ours = cpu(lambda: score_sets(table, genes, sets, ["zscore"]))
    report(f"zscore / decoupler {decoupler.__version__} (another formula), {len(table)} patients", ours, theirs, None)


def against_gsva(table: np.ndarray, genes: list[str], sets: dict) -> None:
    """Time gseapy's GSVA once, on the same matrix."""
    import gseapy
    import pandas as pd

    frame = pd.DataFrame(table.T, index=genes, columns=[f"P{i}" for i in range(len(table))])
    gene_sets = {name: list(own) for name, own in sets.items()}
    ours = cpu(lambda: score_sets(table, genes, sets, ["gsva"]))
    theirs = cpu(lambda: gseapy.gsva(data=frame, gene_sets=gene_sets, outdir=None, kcdf="Gaussian", min_size=1,
                                     max_size=500, threads=1, verbose=False))  # fmt: skip
    report(f"gsva / gseapy {gseapy.__version__}, {len(table)} patients", ours, theirs, None)


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--patients", type=int, default=500)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--peers", action="store_true", help="time gseapy and decoupler too")
    parser.add_argument("--gsva", action="store_true", help="time GSVA beside gseapy's")
    options = parser.parse_args()
    features = np._core._multiarray_umath.__cpu_features__
    simd = next((name for name in ("AVX512_SKX", "AVX512F", "AVX2", "ASIMD") if features.get(name)), "none")
    print(json.dumps({"machine": platform.machine(), "simd": simd, "numpy": np.__version__}), file=sys.stderr)
    table, genes, sets = make_data(options.patients)
    memory(table, genes, sets)
    against_sort(table, genes, sets, options.repeats)
    if options.peers:
        against_peers(table, genes, sets)
    if options.gsva:
        against_gsva(table, genes, sets)


if __name__ == "__main__":
    main()
