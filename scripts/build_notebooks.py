"""Run the notebooks and keep what they show: ``python scripts/build_notebooks.py [NAME ...]``; all if none is named.

``notebooks/NAME.py`` is the source; edit that. ``NAME.ipynb`` is made of it: the same cells, run in a fresh kernel,
with their outputs, and with nothing that differs from run to run. ``pytest --nbmake notebooks/*.ipynb`` runs them as
tests, and ``tests/test_notebooks.py`` holds the pairs together.
"""

import os
import re
import sys
import time
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient

NOTEBOOKS = Path(__file__).resolve().parents[1] / "notebooks"
#: Seconds a cell may take.
MOST_SECONDS = 300


def build(source: Path) -> None:
    """Run one notebook and write it beside its source.

    Parameters
    ----------
    source : Path
        The ``.py`` file in percent format.
    """
    start = time.monotonic()
    notebook = jupytext.read(source)
    NotebookClient(
        notebook,
        timeout=MOST_SECONDS,
        kernel_name="python3",
        coalesce_streams=True,  # one text however the kernel cut it
        resources={"metadata": {"path": str(source.parent)}},
    ).execute()
    settle(notebook)
    target = source.with_suffix(".ipynb")
    nbformat.write(notebook, target)
    print(f"{target.name}: {time.monotonic() - start:.0f} s, {target.stat().st_size / 1000:.0f} kB")


def settle(notebook: nbformat.NotebookNode) -> None:
    """Take out what differs from run to run: ids of cells, times, versions, addresses in memory.

    Parameters
    ----------
    notebook : NotebookNode
        Changed in place.
    """
    notebook.metadata = {key: notebook.metadata[key] for key in ("jupytext", "kernelspec") if key in notebook.metadata}
    notebook.metadata["language_info"] = {"name": "python"}
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{number:02}"
        cell["metadata"] = {}
        for output in cell.get("outputs", []):
            plain = output.get("data", {}).get("text/plain")
            if plain:
                output["data"]["text/plain"] = re.sub(r" at 0x[0-9a-f]+", "", plain)


if __name__ == "__main__":
    os.environ |= {"OMP_NUM_THREADS": "1", "MPLBACKEND": "Agg"}
    wanted = sys.argv[1:]
    for path in sorted(NOTEBOOKS.glob("[0-9]*.py")):
        if not wanted or path.stem in wanted or path.stem[:2] in wanted:
            build(path)
