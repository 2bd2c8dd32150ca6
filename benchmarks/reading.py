"""Time reading a gz matrix: ours, polars and pandas side by side in one run, each in its own process, in turn.

    python benchmarks/reading.py --samples 2000 --repeat 5

prints one JSON line a figure (medians; CPU seconds of all threads, or MiB of peak memory above the imports). The exit
code is 1 if a ratio is above its limit. The synthetic data are log2(TPM + 0.001) with four decimals, 15.4% exact
zeros (-9.9658), 20,000 genes: real gz compresses differently.
"""

import argparse
import gzip
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from figures import report

#: Peer -> highest ratio of CPU time allowed (issue B).
LIMITS = {"polars": 1.3, "pandas": 0.6}


def make_matrix(path: Path, n_genes: int, n_samples: int) -> None:
    """Write genes x samples as TSV.gz."""
    rng = np.random.default_rng(20_000)
    with gzip.open(path, "wt", compresslevel=6) as file:
        file.write("gene\t" + "\t".join(f"SAMPLE-{at:05d}" for at in range(n_samples)) + "\n")
        for gene in range(n_genes):
            levels = rng.normal(rng.uniform(-2, 10), 2, n_samples)
            levels[rng.random(n_samples) < 0.154] = -9.9658
            file.write(f"GENE{gene}\t" + "\t".join(np.char.mod("%.4f", levels)) + "\n")


def read_ours(path: Path) -> np.ndarray:
    """The door to disk of itgstrat: checks of content and cells included."""
    from itgstrat.readers.tables import read_matrix

    return read_matrix(path).values


def read_polars(path: Path) -> np.ndarray:
    """Polars' own read of the file, to a float32 matrix."""
    return read_polars_frame(path).drop("gene").to_numpy()


def read_polars_frame(path: Path) -> "object":
    """Polars' own read of the file, left as a frame."""
    import polars as pl

    with gzip.open(path, "rt") as file:
        names = file.readline().rstrip("\n").split("\t")
    return pl.read_csv(path, separator="\t", schema={names[0]: pl.String} | dict.fromkeys(names[1:], pl.Float32))


def read_pandas(path: Path) -> np.ndarray:
    """Pandas' C parser, to a float32 matrix."""
    import pandas as pd

    with gzip.open(path, "rt") as file:
        names = file.readline().rstrip("\n").split("\t")
    types = dict.fromkeys(names[1:], np.float32)
    return pd.read_csv(path, sep="\t", index_col=0, dtype=types).to_numpy()


READERS: dict[str, Callable[[Path], object]] = {
    "ours": read_ours,
    "polars": read_polars,
    "polars-frame": read_polars_frame,
    "pandas": read_pandas,
}


def measure_here(name: str, path: Path) -> dict[str, float]:
    """CPU seconds and MiB of one read in this process, imports left out."""
    with tempfile.TemporaryDirectory() as folder:  # a small read first, so that imports are not counted
        small = Path(folder) / "small.tsv.gz"
        make_matrix(small, 5, 3)
        READERS[name](small)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    cpu, wall = time.process_time(), time.perf_counter()
    READERS[name](path)
    return {
        "cpu": time.process_time() - cpu,
        "wall": time.perf_counter() - wall,
        "mib": (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024,
    }


def measure(name: str, path: Path) -> dict[str, float]:
    """Measure in a fresh process."""
    command = [sys.executable, __file__, "--one", name, "--file", str(path)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def compare(path: Path, repeat: int, label: str) -> bool:
    """Run all readers in turn and print the figures; True if all limits are kept."""
    runs: dict[str, list[dict[str, float]]] = {name: [] for name in READERS}
    for _ in range(repeat):
        for name in READERS:
            runs[name].append(measure(name, path))
    kept = True
    for what in ("cpu", "wall", "mib"):
        middle = {name: statistics.median(run[what] for run in each) for name, each in runs.items()}
        for peer in ("polars", "polars-frame", "pandas"):
            limit = LIMITS.get(peer) if what == "cpu" else None
            unit = "MiB" if what == "mib" else "s"
            kept &= report(f"read {label} {what} / {peer}", middle["ours"], middle[peer], limit, unit)
    return kept


def main() -> None:
    """Read the arguments, make the data, measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--genes", type=int, default=20_000)
    parser.add_argument("--samples", type=int, nargs="+", default=[2_000])
    parser.add_argument("--repeat", type=int, default=3, help="runs of each reader; the median counts")
    parser.add_argument("--file", type=Path, help="read this TSV.gz instead of synthetic data")
    parser.add_argument("--one", choices=READERS, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        print(json.dumps(measure_here(given.one, given.file)))
        return
    if given.file:
        sys.exit(not compare(given.file, given.repeat, given.file.name))
    kept = []
    with tempfile.TemporaryDirectory() as folder:
        for n_samples in given.samples:
            path = Path(folder) / f"matrix-{n_samples}.tsv.gz"
            make_matrix(path, given.genes, n_samples)
            kept.append(compare(path, given.repeat, f"{given.genes:,} x {n_samples:,} tsv.gz"))
    sys.exit(not all(kept))


if __name__ == "__main__":
    main()
