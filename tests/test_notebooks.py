"""The notebooks: each `.ipynb` is its `.py`, was run to the end, is small and holds nothing of one machine."""

import re
from pathlib import Path

import jupytext
import nbformat
import pytest

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
NAMES = sorted(path.stem for path in NOTEBOOKS.glob("[0-9]*.ipynb"))
MOST_BYTES = 600_000


def read(name):
    return nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4)


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def test_every_notebook_has_its_source_and_is_listed():
    assert len(NAMES) == 6
    assert sorted(path.stem for path in NOTEBOOKS.glob("[0-9]*.py")) == NAMES
    page = (NOTEBOOKS / "README.md").read_text(encoding="utf-8")
    assert [name for name in NAMES if f"({name}.ipynb)" not in page] == []


@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_holds_the_cells_of_its_source(name):
    source = jupytext.read(NOTEBOOKS / f"{name}.py")
    cells = [[(cell.cell_type, cell.source) for cell in one.cells] for one in (source, read(name))]
    assert cells[0] == cells[1], f"run `python scripts/build_notebooks.py {name}`"


@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_was_run_to_the_end_in_order_and_shows_figures(name):
    cells = code_cells(read(name))
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    outputs = [output for cell in cells for output in cell.outputs]
    assert not [output for output in outputs if output.output_type == "error"]
    assert any("image/png" in output.get("data", {}) for output in outputs)


@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_is_small_and_holds_nothing_of_one_machine(name):
    path = NOTEBOOKS / f"{name}.ipynb"
    assert path.stat().st_size < MOST_BYTES
    shown = [str(output.get("data", output)) for cell in code_cells(read(name)) for output in cell.outputs]
    texts = [re.sub(r"'image/png': '[^']*'", "", text) for text in shown]
    assert not [text for text in texts if re.search(r"/(tmp|home|work|root)/|0x[0-9a-f]{6}", text)]


@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_says_what_it_cannot_tell(name):
    words = "\n".join(cell.source for cell in read(name).cells if cell.cell_type == "markdown")
    assert words.startswith(f"# {name[:2]} ")
    assert "**Limits.**" in words
    assert "http" not in re.sub(r"https?://doi\.org", "", words)  # nothing to be loaded from elsewhere
