"""`itgstrat systems`: list, show."""

import json

import pytest
from typer.testing import CliRunner

from itgstrat.cli.app import app
from itgstrat.errors import CatalogueError

RUNNER = CliRunner(env={"COLUMNS": "80"})


def run(*arguments: str) -> str:
    """Run a command that succeeds and return what it printed."""
    result = RUNNER.invoke(app, ["systems", *arguments], catch_exceptions=False)
    assert result.exit_code == 0
    return result.output


def test_list_names_every_system_by_theme() -> None:
    lines = run("list").splitlines()
    assert max(map(len, lines)) <= 80
    assert sum(line.startswith(("S1-", "S2-", "S3-")) for line in lines) == 112
    assert any(line.startswith("S3-38") and "none" in line for line in lines)
    assert any(line.startswith("S3-20a*") for line in lines)


def test_list_of_one_theme() -> None:
    assert {one["theme"] for one in json.loads(run("list", "--theme", "cascade", "--json"))} == {"cascade"}
    with pytest.raises(CatalogueError, match="no theme is called 'x'; need one of integrins"):
        run("list", "--theme", "x")


def test_show_tells_review_signatures_and_what_is_not_seen() -> None:
    text = run("show", "s3-20b")
    for words in ("KRAS mutation", "paragraph 4", "alt_kras_surrogate", "not seen"):
        assert words in text
    assert "none: A technology" in run("show", "S3-38")
    assert json.loads(run("show", "S3-33", "--json"))["unseen"][0]["what"] == "Skipping of MET exon 14"
