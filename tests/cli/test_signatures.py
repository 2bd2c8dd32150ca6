"""`itgstrat signatures`: list, show, overlap."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from itgstrat.cli.app import app
from itgstrat.errors import CatalogueError

RUNNER = CliRunner(env={"COLUMNS": "80"})


def run(*arguments: str) -> str:
    """Run a command that succeeds and return what it printed."""
    result = RUNNER.invoke(app, ["signatures", *arguments], catch_exceptions=False)
    assert result.exit_code == 0
    return result.output


def test_list_fits_80_columns_and_names_every_signature() -> None:
    lines = run("list").splitlines()
    assert max(map(len, lines)) <= 80
    assert "258 signatures." in "\n".join(lines)
    assert sum(line.startswith("casc_") for line in lines) == 22


def test_list_by_category_and_group() -> None:
    assert [one["id"] for one in json.loads(run("list", "--group", "proliferation", "--json"))] == [
        "output_e2f",
        "output_g2m",
    ]
    both = json.loads(run("list", "--group", "box1", "--category", "mechanotransduction", "--json"))
    assert [one["id"] for one in both] == ["yap_taz_22"]


def test_an_unknown_group_is_an_error() -> None:
    with pytest.raises(CatalogueError, match="did you mean 'proliferation'"):
        run("list", "--group", "proliferaton")


def test_show_tells_genes_rule_source_and_systems() -> None:
    text = run("show", "hallmark_angiogenesis")
    assert max(map(len, text.splitlines())) <= 80
    for words in ("up (36)", "PMID 26771021", "MSigDB HALLMARK_ANGIOGENESIS M5944", "S1-19", "CC BY 4.0"):
        assert words in text
    assert json.loads(run("show", "itg_avb6", "--json"))["genes"] == {"ITGAV": 1, "ITGB6": 1}


def test_show_tells_what_to_read_beside() -> None:
    assert "read beside  hallmark_nfkb" in run("show", "box1_rac_pak_jnk_nfkb")


def test_overlap_of_some_and_of_all() -> None:
    text = run("overlap", "hallmark_emt", "hallmark_angiogenesis", "--minimum", "0")
    assert "1 pairs." in text
    assert "ITGA2 ITGA5 ITGAV ITGB1 ITGB3 ITGB5" in text
    found = json.loads(run("overlap", "--minimum", "0.7", "--json"))
    assert {one["first"] for one in found["pairs"]} >= {"box1_p130cas_reactome"}
    assert any(one["expected"] for one in found["circularity"])


def test_own_sets_are_added(tmp_path: Path) -> None:
    path = tmp_path / "own.gmt"
    path.write_text("MINE\twords [of mine]\tMET\tHER2\n", encoding="utf-8")
    text = run("show", "MINE", "--catalogue", str(path))
    assert "words [of mine]" in text
    assert "HER2->ERBB2" in text


def test_list_is_quick_and_imports_no_tables() -> None:
    code = (
        "import sys, time; from itgstrat.cli import main; sys.argv = ['itgstrat', 'signatures', 'list']\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "heavy = {'pandas', 'numpy', 'yaml'} & set(sys.modules)\n"
        "print(time.process_time(), *heavy, file=sys.stderr)"
    )
    runs = [subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True) for _ in range(3)]
    assert all(len(one.stderr.split()) == 1 for one in runs), runs[0].stderr
    assert min(float(one.stderr) for one in runs) < 0.8
