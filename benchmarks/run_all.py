"""Run every benchmark, keep its figures, and write them into docs/benchmarks.md.

    python benchmarks/run_all.py [NAME ...] [--folder DIR]   # all, or some; writes benchmarks/results.json and the page
    python benchmarks/run_all.py --quick        # a small form of each: fails where a ratio is twice the recorded one
    python benchmarks/run_all.py --quick --record

Every script prints one JSON line a figure: name, ours, peer, limit, ratio, unit, met. A ratio is ours / peer, lower is
better, and a limit is its highest. A script whose quick form is too slow is run twice more, and fails on what was too
slow every time: other work on the machine slows both sides, but not always alike. Times on the wall, and of some
milliseconds, are not compared.
"""

import argparse
import datetime
import json
import os
import platform
import subprocess
import sys
import time
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
RESULTS, PAGE = HERE / "results.json", HERE.parent / "docs" / "benchmarks.md"
START, END = "<!-- figures: made by benchmarks/run_all.py -->", "<!-- figures: end -->"
PACKAGES = ("itgstrat", "numpy", "pandas", "polars", "pyarrow", "scikit-learn", "scikit-survival", "shap", "lifelines")

#: Quick: a ratio that is this many times the recorded one has become worse; runs that have to say so; seconds that
#: one of both sides has to take.
WORSE, RUNS, LEAST_SECONDS = 2.0, 3, 0.01

#: Script -> what it claims, arguments, and those of its quick form; none where what is small is all libraries.
SCRIPTS: dict[str, tuple[str, list[str], list[str]]] = {
    "startup": ("Start-up", [], ["--repeat", "2"]),
    "reading": ("Reading", ["--repeat", "3"], ["--genes", "4000", "--samples", "500", "--repeat", "3"]),
    "scoring": ("Scoring", [], ["--patients", "60", "--repeats", "5"]),
    "prediction": ("Prediction", ["--patients", "2000", "10000"], ["--quick", "--repeat", "2"]),
    "training": ("Training: memory", ["--patients", "2000", "5000", "--kinds", "tsv.gz", "h5ad"], []),
    "nested": ("Nested cross-validation", [], ["--quick"]),
    "explain": ("Explanation", [], ["--patients", "200", "--trees", "10", "--peer-patients", "1"]),
}


#: These make files of gigabytes, and can find them again.
LARGE = {"prediction", "training"}


def run_script(name: str, quick: bool, folder: Path | None = None) -> list[dict[str, Any]]:
    """Run one script and give its figures; what it says on the error stream is passed on."""
    _, full, small = SCRIPTS[name]
    peers = ["--peers"] if name == "scoring" and not quick and find_spec("gseapy") and find_spec("decoupler") else []
    kept = ["--folder", str(folder / name)] if folder and name in LARGE and not quick else []
    command = [sys.executable, str(HERE / f"{name}.py"), *(small if quick else full), *peers, *kept]
    # standing in results: no thread of BLAS more than the script asks for
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, env=os.environ | {"OMP_NUM_THREADS": "1"})
    figures = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    if not figures:
        raise SystemExit(f"{name}.py gave no figure (exit code {done.returncode}): {' '.join(command)}")
    return figures


def describe_machine() -> dict[str, Any]:
    """When, on what processor, by which versions; nothing that names a computer or a folder."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [line.partition(":")[2].strip() for line in cpuinfo.read_text().splitlines() if "model name" in line]
        model = names[0] if names else model
    versions = {name: version(name) for name in PACKAGES}
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    return {
        "date": today,
        "cpu": f"{model}, {os.cpu_count()} cores",
        "versions": {"python": platform.python_version()} | versions,
    }


def find_worse(found: list[dict[str, Any]], recorded: list[dict[str, Any]]) -> list[str]:
    """Say which ratios are more than twice as bad as recorded."""
    known = {figure["name"]: figure for figure in recorded}
    worse = []
    for figure in found:
        before = known.get(figure["name"], {}).get("ratio")
        if " wall " in figure["name"] or (figure["unit"] == "s" and is_short(figure)):
            continue
        if before and figure["ratio"] and figure["ratio"] > WORSE * before:
            worse.append(f"{figure['name']}: {figure['ratio']:g} times the peer, {before:g} recorded")
    return worse


def is_short(figure: dict[str, Any]) -> bool:
    """Tell whether both sides take too little time to be compared."""
    return max(figure["ours"], figure["peer"] or 0) < LEAST_SECONDS


def run_quick(names: list[str], record: bool) -> int:
    """Run the small forms; compare them with what is recorded, or record them."""
    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    kept, worse = results.setdefault("quick", {}), []
    for name in names:
        start = time.perf_counter()
        found = run_script(name, quick=True)
        slow = [] if record else find_worse(found, kept.get(name, {}).get("figures", []))
        for _ in range(RUNS - 1):
            if not slow:
                break
            again = find_worse(run_script(name, quick=True), kept[name]["figures"])
            slow = [one for one in again if one.partition(":")[0] in {text.partition(":")[0] for text in slow}]
        worse += slow
        print(f"{name}: {len(found)} figures in {time.perf_counter() - start:.0f} s", flush=True)
        if record:
            kept[name] = describe_machine() | {"figures": found}
    if record:
        RESULTS.write_text(json.dumps(results, indent=1) + "\n")
    for one in worse:
        print(f"more than {WORSE:g} times as slow as recorded: {one}")
    return len(worse)


def run_full(names: list[str], folder: Path | None = None) -> int:
    """Run the scripts, keep their figures and write the page; the number of limits that are not kept."""
    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    full, missed = results.setdefault("full", {}), 0
    for name in names:
        found = run_script(name, quick=False, folder=folder)
        full[name] = describe_machine() | {"figures": found}
        missed += sum(figure["met"] is False for figure in found)
        RESULTS.write_text(json.dumps(results, indent=1) + "\n")  # after each: a run that is stopped keeps the others
        print(f"{name}: {len(found)} figures", flush=True)
    write_page(full)
    return missed


def write_page(full: dict[str, Any]) -> None:
    """Replace what stands between the markers of the page."""
    text = PAGE.read_text(encoding="utf-8")
    if START not in text or END not in text:
        raise SystemExit(f"{PAGE.name} has no lines {START!r} and {END!r}")
    before, _, rest = text.partition(START)
    after = rest.partition(END)[2]
    PAGE.write_text(f"{before}{START}\n\n{write_figures(full)}\n{END}{after}", encoding="utf-8")


def write_figures(full: dict[str, Any]) -> str:
    """Give the generated section: a table a script."""
    parts = [
        "Made by `python benchmarks/run_all.py`, which runs every script; each measures ours and its peer in one run,\n"
        "in turn. A ratio is ours / peer: lower is better, and the limit is its highest (without a peer: of ours)."
    ]
    for name, (title, _, _) in SCRIPTS.items():
        if name not in full:
            continue
        run = full[name]
        versions = ", ".join(f"{package} {number}" for package, number in run["versions"].items())
        lines = [f"### {title}", "", f"`benchmarks/{name}.py`, {run['date']}, {run['cpu']}; {versions}.", ""]
        lines += ["| figure | ours | peer | ratio | limit | met |", "|---|---|---|---|---|---|"]
        lines += [write_row(figure) for figure in run["figures"]]
        parts.append("\n".join(lines))
    return "\n\n".join(parts) + "\n"


def write_row(figure: dict[str, Any]) -> str:
    """One line of a table."""

    def show(value: float | None, unit: str = "") -> str:
        return "" if value is None else f"{value:.3g}{' ' if unit else ''}{unit}"

    met = {True: "yes", False: "**no**", None: ""}[figure["met"]]
    cells = [figure["name"].replace("|", "\\|"), show(figure["ours"], figure["unit"])]
    cells += [show(figure["peer"], figure["unit"]), show(figure["ratio"]), show(figure["limit"]), met]
    return f"| {' | '.join(cells)} |"


def main() -> None:
    """Run the benchmarks."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(SCRIPTS)}; all if none is given")
    parser.add_argument("--quick", action="store_true", help="small forms, compared with what is recorded")
    parser.add_argument("--record", action="store_true", help="with --quick: keep the figures instead")
    parser.add_argument("--page", action="store_true", help="write the page from the figures that are kept")
    parser.add_argument("--folder", type=Path, help="keep the data of the large scripts here; some 12 GB")
    options = parser.parse_args()
    if unknown := set(options.names) - set(SCRIPTS):
        parser.error(f"no such benchmark: {', '.join(sorted(unknown))}")
    names = [name for name in SCRIPTS if name in (options.names or SCRIPTS)]
    if options.page:
        write_page(json.loads(RESULTS.read_text())["full"])
        return
    if options.quick:
        sys.exit(run_quick([name for name in names if SCRIPTS[name][2]], options.record) > 0)
    sys.exit(run_full(names, options.folder) > 0)


if __name__ == "__main__":
    main()
