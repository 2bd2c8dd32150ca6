"""The page on the biology: it follows from the facts, and the committed page is the one they give."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def builder() -> ModuleType:
    """Load scripts/build_docs.py, which is no part of the package."""
    spec = importlib.util.spec_from_file_location("build_docs", ROOT / "scripts" / "build_docs.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_committed_page_is_the_generated_one(builder: ModuleType) -> None:
    committed = (ROOT / "docs" / "biology.md").read_text(encoding="utf-8")
    assert committed == builder.biology_page(), "run `python scripts/build_docs.py biology`"


def test_the_page_tells_what_a_reader_must_know(builder: ModuleType) -> None:
    page = builder.biology_page()
    for words in ("CENTRIC (EORTC 26071-22072): primary endpoint (overall survival) not met", "## What is weak"):
        assert words in page
    assert page.count("\n| `itg_avb6` |") == 1
    assert page.count("\n| S3-38 |") == 1


def test_every_row_of_a_table_has_as_many_cells_as_its_head(builder: ModuleType) -> None:
    width = 0
    for line in builder.biology_page().splitlines():
        cells = line.replace("\\|", "").count("|") if line.startswith("|") else 0
        assert not (cells and width) or cells == width, line
        width = cells


def test_an_unknown_page_is_refused(builder: ModuleType) -> None:
    with pytest.raises(SystemExit, match="no page is called nothing; there are biology"):
        builder.main(["nothing"])
