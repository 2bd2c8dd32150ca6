"""The documentation does what it says: its examples run, its generated pages are current, its links lead somewhere."""

import importlib
import re
import runpy
import shlex
from importlib.metadata import version
from pathlib import Path

import pandas as pd
import pytest

import itgstrat
from tests.cli.builders import call

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = sorted([*DOCS.rglob("*.md"), ROOT / "README.md", ROOT / "CONTRIBUTING.md"])
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(page):
    return BLOCK.findall(page.read_text(encoding="utf-8"))


def run_page(name, folder, monkeypatch):
    """Run a page from top to bottom: Python in one namespace, commands, YAML that names its file in its first line."""
    monkeypatch.chdir(folder)
    names = {}
    for language, text in blocks(DOCS / name):
        if language == "python":
            exec(compile(text, name, "exec"), names)
        elif language == "yaml":
            Path(re.match(r"# (\w+\.yaml)\n", text)[1]).write_text(text, encoding="utf-8")
        elif language == "console":
            for line in text.splitlines():
                called = call(*shlex.split(line.removeprefix("$ itgstrat ")))
                assert called.code == 0, f"{line}: {called.err}"
    return names


@pytest.mark.slow
def test_bring_your_own_cohort_runs_as_it_stands(tmp_path, monkeypatch):
    names = run_page("own-cohort.md", tmp_path, monkeypatch)
    assert names["alone"]["patient"] == "P000"  # the page itself compares the patient alone and among others
    assert pd.isna(names["alone"]["imputed"])
    assert (tmp_path / "my-run" / "report.html").is_file()


def test_concepts_run_as_they_stand(tmp_path, monkeypatch):
    assert "alone" in run_page("concepts.md", tmp_path, monkeypatch)


def test_the_quickstart_runs_as_it_stands(tmp_path, monkeypatch):
    names = run_page("quickstart.md", tmp_path, monkeypatch)
    assert names["scores"].shape == (124, len(names["sets"]))


def test_the_quickstart_shows_what_the_readme_shows():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = [text for language, text in blocks(DOCS / "quickstart.md") if not language]
    assert len(shown) == 2
    for text in shown:
        assert text in readme, "copy the README's command and output into docs/quickstart.md"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_examples_are_python_and_links_lead_somewhere(page):
    for language, text in blocks(page):
        if language == "python":
            compile(text, page.name, "exec")
    links = re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_the_page_on_the_command_line_is_the_generated_one():
    pinned = dict(line.split("==") for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines())
    if version("typer") != pinned["typer"]:
        pytest.skip("another typer than in constraints.txt may word its help otherwise")
    builder = runpy.run_path(str(ROOT / "scripts" / "build_cli.py"))
    committed = (DOCS / "cli.md").read_text(encoding="utf-8")
    assert committed == builder["cli_page"](), "run `python scripts/build_cli.py`"


def test_the_api_lists_every_public_name():
    page = (DOCS / "api" / "index.md").read_text(encoding="utf-8")
    listed = set(re.findall(r"`itgstrat\.(\w+) <", page))
    assert listed == set(itgstrat.__all__) - {"__version__"}
    targets = re.findall(r"`itgstrat\.(\w+) <itgstrat\.([\w.]+)>`", page)
    for name, target in targets:
        holder, _, attribute = f"itgstrat.{target}".rpartition(".")
        held = getattr(importlib.import_module(holder), attribute, None) or importlib.import_module(
            f"{holder}.{attribute}"
        )
        assert getattr(itgstrat, name) is held, f"itgstrat.{name} is not {target}"
