"""`itgstrat agents`: list, show."""

import json

import pytest
from typer.testing import CliRunner

from itgstrat.cli.app import app
from itgstrat.errors import CatalogueError

RUNNER = CliRunner(env={"COLUMNS": "80"})


def run(*arguments: str) -> str:
    """Run a command that succeeds and return what it printed."""
    result = RUNNER.invoke(app, ["agents", *arguments], catch_exceptions=False)
    assert result.exit_code == 0
    return result.output


def test_list_keeps_conjugates_and_carriers_apart() -> None:
    text = run("list")
    assert max(map(len, text.splitlines())) <= 80
    head, _, rest = text.partition("antibody-drug conjugate: the integrin is an address")
    assert "cilengitide" in head
    assert "sigvotatug_vedotin" not in head
    assert "sigvotatug_vedotin" in rest
    assert len(json.loads(run("list", "--json"))) == 25


def test_show_tells_trials_with_outcome_and_how_far_they_were_checked() -> None:
    text = run("show", "EMD 121974")
    assert max(map(len, text.splitlines())) <= 80
    for words in ("CENTRIC", "primary endpoint (overall survival) not met", "PMID 25163906", "verified"):
        assert words in text
    assert "from memory" in run("show", "vs_4718")
    assert json.loads(run("show", "abituzumab", "--json"))["trials"][0]["name"] == "POSEIDON"


@pytest.mark.parametrize("name", [one["id"] for one in json.loads(run("list", "--json"))])
def test_every_agent_can_be_shown(name: str) -> None:
    assert "signatures" in run("show", name)


def test_an_unknown_agent_is_an_error() -> None:
    with pytest.raises(CatalogueError, match="did you mean 'natalizumab'"):
        run("show", "natalizumap")
