"""Time and memory of prediction in blocks, against unpacking the file and against a reader that only reads it.

    python benchmarks/prediction.py --patients 2000 10000            # ratios against their limits
    python benchmarks/prediction.py --quick                          # 4,000 genes, 600 patients: no limit is held
    python benchmarks/prediction.py --curve 500 2000 10000 50000     # h5ad: seconds and MiB against patients

prints one JSON line a figure: name, ours, peer, limit, ratio; medians of CPU seconds of all threads, peak memory of
the process in MiB. Every run is a process of its own and runs alternate. The exit code is 1 if a ratio is above its
limit. The data are log2(TPM + 0.001) with four decimals, 15% zeros, 20,000 genes of HGNC; the model is trained on 200
simulated patients: 51 signatures by singscore, ridge-free elastic net, rules of all agents.
"""

import argparse
import gzip
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout, suppress
from pathlib import Path

import numpy as np
from figures import report

N_GENES, FLOOR = 20_000, -99_658
#: Genes and patients of the quick form: more patients than are read at once.
QUICK = 4_000, 600
#: Limits of issue G: times the CPU of igzip, of what pyarrow.csv needs, MiB, and times the peak at 2,000 patients.
TIMES_UNPACKING, TIMES_PYARROW, TEXT_MIB, H5AD_MIB, GROWTH = 6.0, 0.5, 300, 150, 1.2
CONFIG = """
name: benchmark
cohorts:
  - {name: simulated, source: train.parquet, clinical: clinical.tsv, columns: {age: age}}
endpoint: {event: event, time: time, unit: days}
features: {signatures: [heterodimers, receptors, joint_pairs], score: singscore, covariates: [age]}
model: {kind: elastic_net_cox, l1_ratio: 0.5}
evaluation: {folds: 2, repeats: 1, random_signatures: 0, permutations: 0, without_random: true, bootstrap: 100}
strata: {horizons: [1, 2], unit: years}
seed: 1
out: run
"""


def name_genes() -> list[str]:
    """HGNC symbols, those of the catalogue first."""
    from itgstrat.biology.catalogue import load_catalogue
    from itgstrat.biology.hgnc import load_hgnc

    own = sorted(load_catalogue().genes())
    return [*own, *sorted(set(load_hgnc().symbols) - set(own))][:N_GENES]


def draw_rows(n_patients: int, seed: int = 20_000) -> Iterator[np.ndarray]:
    """Ten-thousandths of log2 levels, gene by gene."""
    rng = np.random.default_rng(seed)
    for level in np.random.default_rng(1).uniform(-2, 10, N_GENES).astype(np.float32):
        values = rng.normal(level, 2, n_patients).astype(np.float32)
        values[rng.random(n_patients, dtype=np.float32) < 0.154] = FLOOR / 10_000
        yield np.rint(values * 10_000).astype(np.int64).clip(FLOOR, 199_999)


def make_text(path: Path, n_patients: int) -> None:
    """Write genes x patients as TSV.gz."""
    words = np.array([b"%.4f" % (at / 10_000) for at in range(-100_000, 200_000)], dtype=object)
    with gzip.open(path, "wb", compresslevel=6) as file:
        file.write(b"gene\t" + b"\t".join(b"SAMPLE-%06d" % at for at in range(n_patients)) + b"\n")
        for gene, row in zip(name_genes(), draw_rows(n_patients), strict=True):
            file.write(gene.encode() + b"\t" + b"\t".join(words[row + 100_000].tolist()) + b"\n")


def make_h5ad(path: Path, n_patients: int) -> None:
    """Write patients x genes as h5ad, in row blocks of 250, not packed."""
    import h5py

    rng = np.random.default_rng(20_000)
    levels = np.random.default_rng(1).uniform(-2, 10, N_GENES).astype(np.float32)
    text = h5py.string_dtype()
    with h5py.File(path, "w") as file:
        for group, names in (("obs", [f"SAMPLE-{at:06d}" for at in range(n_patients)]), ("var", name_genes())):
            file.create_group(group).attrs["_index"] = "_index"
            file[group].create_dataset("_index", data=np.array(names, dtype=object), dtype=text)
        matrix = file.create_dataset("X", (n_patients, N_GENES), np.float32)
        for start in range(0, n_patients, 250):
            block = rng.standard_normal((min(250, n_patients - start), N_GENES), dtype=np.float32) * 2 + levels
            block[rng.random(block.shape, dtype=np.float32) < 0.154] = FLOOR / 10_000
            matrix[start : start + len(block)] = np.maximum(block, FLOOR / 10_000)


def make_parquet(path: Path, n_patients: int, turned: bool = False) -> None:
    """Write genes x patients, or patients x genes in row groups of 250, as parquet."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    values = np.array([row / 10_000 for row in draw_rows(n_patients)], np.float32)
    samples = [f"SAMPLE-{at:06d}" for at in range(n_patients)]
    names, columns, labels = (name_genes(), values, samples) if turned else (samples, values.T, name_genes())
    table = pa.table({"label": labels} | dict(zip(names, columns, strict=True)))
    pq.write_table(table, path, row_group_size=250 if turned else N_GENES)


def make_feather(path: Path, n_patients: int) -> None:
    """Write genes x patients as feather, not packed."""
    import pyarrow as pa
    from pyarrow.feather import write_feather

    values = np.array([row / 10_000 for row in draw_rows(n_patients)], np.float32)
    names = [f"SAMPLE-{at:06d}" for at in range(n_patients)]
    write_feather(pa.table({"label": name_genes()} | dict(zip(names, values.T, strict=True))), path, "uncompressed")


MAKERS: dict[str, Callable[[Path, int], None]] = {
    "tsv.gz": make_text,
    "h5ad": make_h5ad,
    "parquet": make_parquet,
    "patients.parquet": lambda path, n: make_parquet(path, n, turned=True),
    "feather": make_feather,
}


def make_model(folder: Path) -> Path:
    """Train on 200 simulated patients of the same kind."""
    import pandas as pd

    from itgstrat.config import load_config
    from itgstrat.training import train

    rng = np.random.default_rng(7)
    names = [f"T{at:03d}" for at in range(200)]
    values = np.array([row / 10_000 for row in draw_rows(200, seed=5)], np.float32)
    frame = pd.DataFrame(values, index=pd.Index(name_genes(), name="gene"), columns=names)
    frame.reset_index().to_parquet(folder / "train.parquet")
    age = rng.normal(60, 10, 200).round(1)
    time_days = rng.exponential(1000 * np.exp(-0.05 * (age - 60))).clip(1).round()
    event = (rng.random(200) < 0.7).astype(int)
    table = pd.DataFrame({"patient": names, "age": age, "event": event, "time": time_days})
    table.to_csv(folder / "clinical.tsv", sep="\t", index=False)
    (folder / "run.yaml").write_text(CONFIG)
    return train(load_config(folder / "run.yaml")).bundle.save(folder / "model")


def run_predict(path: Path, model: Path, *words: str) -> None:
    """The whole command: load, open, predict, write."""
    from itgstrat.cli import main as itgstrat

    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        out = str(Path(folder) / "out")
        sys.argv = ["itgstrat", "predict", str(model), str(path), "--no-report", "--out", out, *words]
        with redirect_stdout(sys.stderr), suppress(SystemExit):
            itgstrat()
        if not (Path(folder) / "out" / "predictions.tsv").exists():
            raise RuntimeError(f"{path}: nothing was predicted")


def run_without_agents(path: Path, model: Path) -> None:
    """The command without the four tiers of 26 agents, which are most of what it writes."""
    run_predict(path, model, "--no-agents")


def run_read(path: Path, model: Path) -> None:
    """Only the reading: every block of all genes, unit told."""
    from itgstrat.learned import ModelBundle
    from itgstrat.prediction_stream import wanted_genes
    from itgstrat.readers.expression_stream import stream_expression

    with stream_expression(path, wanted_genes(ModelBundle.load(model))) as stream:
        for _ in stream:
            pass


def run_unpack(path: Path, model: Path) -> None:
    """Only unpack the file."""
    from isal import igzip

    with igzip.open(path) as file:
        while file.read(1 << 20):
            pass


def run_pyarrow(path: Path, model: Path) -> None:
    """Only read the file into a table, by pyarrow."""
    import pyarrow as pa
    from pyarrow import csv

    with gzip.open(path, "rt") as file:
        names = file.readline().rstrip("\n").split("\t")
    types = {names[0]: pa.string()} | dict.fromkeys(names[1:], pa.float32())
    # a line of 10,000 numbers must fit into one block
    csv.read_csv(
        path,
        read_options=csv.ReadOptions(use_threads=False, block_size=1 << 24),
        parse_options=csv.ParseOptions(delimiter="\t"),
        convert_options=csv.ConvertOptions(column_types=types),
    )


RUNS: dict[str, Callable[[Path, Path], None]] = {
    "predict": run_predict,
    "without agents": run_without_agents,
    "read": run_read,
    "unpack": run_unpack,
    "pyarrow": run_pyarrow,
}


def measure_here(name: str, path: Path, model: Path) -> dict[str, float]:
    """CPU and wall seconds of this process from its start, imports and all; peak MiB."""
    start = time.perf_counter()
    RUNS[name](path, model)
    used = resource.getrusage(resource.RUSAGE_SELF)
    wall = time.perf_counter() - start
    return {"cpu": used.ru_utime + used.ru_stime, "wall": wall, "mib": find_peak()}


def find_peak() -> float:
    """Peak memory in MiB; what getrusage says of a process on Linux includes the one it was forked from."""
    status = Path("/proc/self/status")
    if status.exists():
        return next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmHWM")) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measure(name: str, path: Path, model: Path) -> dict[str, float]:
    """Measure in a fresh process with one thread."""
    command = [sys.executable, __file__, "--one", name, "--file", str(path), "--model", str(model)]
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "POLARS_MAX_THREADS"), "1")
    found = subprocess.run(
        command, check=True, capture_output=True, text=True, env=os.environ | threads | {"TMPDIR": str(path.parent)}
    )
    return json.loads(found.stdout.splitlines()[-1])


def middle(runs: list[dict[str, float]]) -> dict[str, float]:
    """Median of each figure."""
    return {what: statistics.median(run[what] for run in runs) for what in runs[0]}


def compare(folder: Path, model: Path, sizes: list[int], repeat: int) -> bool:
    """Run the command and its peers in turn on gz text, and report every ratio; then peaks of text and h5ad."""
    kept, peaks = [], {}
    for n_patients in sizes:
        text = find(folder, "tsv.gz", n_patients)
        names = ["predict", "without agents", "read", "unpack", *(["pyarrow"] if n_patients <= 2000 else [])]
        runs = {name: [measure(name, text, model)] for name in names}
        for _ in range(repeat - 1):
            for name in names:
                runs[name].append(measure(name, text, model))
        found = {name: middle(each) for name, each in runs.items()}
        cpu = {name: each["cpu"] for name, each in found.items()}
        of = f"{n_patients:,} x {N_GENES:,} tsv.gz cpu"
        large = TIMES_UNPACKING if n_patients >= 10_000 else None
        small = TIMES_PYARROW if n_patients >= 2_000 else None  # of fewer, both sides are imports
        kept.append(report(f"predict {of} / igzip", cpu["predict"], cpu["unpack"], large))
        report(f"predict --no-agents {of} / igzip", cpu["without agents"], cpu["unpack"])
        report(f"reading of it {of} / igzip", cpu["read"], cpu["unpack"])
        if "pyarrow" in found:
            kept.append(report(f"predict {of} / pyarrow.csv", cpu["predict"], cpu["pyarrow"], small))
            report(f"predict --no-agents {of} / pyarrow.csv", cpu["without agents"], cpu["pyarrow"])
            report(f"reading of it {of} / pyarrow.csv", cpu["read"], cpu["pyarrow"])
        peaks["tsv.gz", n_patients] = found["predict"]["mib"]
        dense = find(folder, "h5ad", n_patients)
        peaks["h5ad", n_patients] = middle([measure("predict", dense, model) for _ in range(repeat)])["mib"]
    for (kind, n_patients), mib in peaks.items():
        limit = TEXT_MIB if kind == "tsv.gz" else H5AD_MIB
        kept.append(report(f"predict {n_patients:,} {kind}, peak memory", mib, limit=limit, unit="MiB"))
        if n_patients > min(sizes):
            small = peaks[kind, min(sizes)]
            of = f"{n_patients:,} / at {min(sizes):,}"
            kept.append(report(f"predict {kind}, peak memory at {of}", mib, small, GROWTH, "MiB"))
    return all(kept)


def draw_curve(folder: Path, model: Path, sizes: list[int], kind: str) -> None:
    """Say seconds and peak memory against patients."""
    for n_patients in sizes:
        found = measure("predict", find(folder, kind, n_patients), model)
        figure = {"name": f"predict {kind} {n_patients:,}"} | {what: round(value, 1) for what, value in found.items()}
        print(json.dumps(figure), flush=True)


def find(folder: Path, kind: str, n_patients: int) -> Path:
    """The file of so many patients, made if it is not there yet."""
    path = folder / f"cohort-{n_patients}.{kind}"
    if not path.exists():
        MAKERS[kind](path, n_patients)
    return path


def main() -> None:
    """Read the arguments, make what is missing, measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--patients", type=int, nargs="+", default=[2_000])
    parser.add_argument("--quick", action="store_true", help="few genes and patients")
    parser.add_argument("--curve", type=int, nargs="+", help="seconds and memory against patients instead")
    parser.add_argument("--kind", choices=MAKERS, default="h5ad", help="kind of file of the curve")
    parser.add_argument("--repeat", type=int, default=3, help="runs of each; the median counts")
    parser.add_argument("--folder", type=Path, help="keep the files here; 5 GB for 10,000 patients")
    parser.add_argument("--one", choices=RUNS, help=argparse.SUPPRESS)
    parser.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--model", type=Path, help="a trained model; one is made if not given")
    given = parser.parse_args()
    if given.one:
        print(json.dumps(measure_here(given.one, given.file, given.model)))
        return
    if given.quick:
        globals()["N_GENES"], given.patients = QUICK[0], [QUICK[1]]
    with tempfile.TemporaryDirectory() as scratch:
        folder = given.folder or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        model = given.model or (folder / "model" if (folder / "model").exists() else make_model(folder))
        if given.curve:
            draw_curve(folder, model, given.curve, given.kind)
            return
        kept = compare(folder, model, given.patients, given.repeat)
    sys.exit(not kept)


if __name__ == "__main__":
    main()
