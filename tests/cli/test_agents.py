"""`itgstrat agents`: list, show, eligible."""

import json
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from itgstrat.cli.app import app
from itgstrat.errors import BundleError, CatalogueError, OutputError
from itgstrat.learned import ModelBundle
from tests.antagonists.test_table import make_lines

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


def test_eligible_counts_everybody_and_writes_the_table(small: Path, tmp_path: Path) -> None:
    words = ("eligible", str(small / "out" / "model"), str(small / "expression.tsv"), "--out", str(tmp_path / "a.tsv"))
    text = run(*words)
    table = pd.read_csv(tmp_path / "a.tsv", sep="\t", keep_default_na=False)
    context = table[table["tier"] == "T1 target_context"]
    for agent, own in context.groupby("agent"):
        line = next(line for line in text.splitlines() if line.startswith(f"{agent} "))
        assert line.split()[1] == str((own["call"] == "eligible").sum())
    address = text.index("antibody-drug conjugate: the integrin is an address")
    assert text.index("sigvotatug_vedotin") > address
    assert "hypothesis-generating, not for clinical use" in text
    assert "thresholds are quantiles of the training patients (ours)" in text
    with pytest.raises(OutputError, match=r"a\.tsv exists; give another file or --force"):
        run(*words)
    run(*words, "--force")


def test_eligible_draws_the_shares_and_writes_over_nothing(small: Path, tmp_path: Path) -> None:
    drawing = tmp_path / "shares.svg"
    words = ("eligible", str(small / "out" / "model"), str(small / "expression.tsv"), "--out", str(tmp_path / "a.tsv"))
    run(*words, "--figure", str(drawing))
    text = drawing.read_text(encoding="utf-8")
    assert text.startswith("<svg")
    assert "cilengitide" in text
    assert "putative" in text
    with pytest.raises(OutputError, match=r"shares\.svg exists"):
        run(*words[:-1], str(tmp_path / "b.tsv"), "--figure", str(drawing))


def test_mutations_that_are_loaded_close_what_was_open(small: Path, tmp_path: Path) -> None:
    patients = pd.read_csv(small / "expression.tsv", sep="\t", nrows=1, index_col=0).columns
    altered = tmp_path / "altered.tsv"
    content = {"sample": patients, "KRAS_mut": 0, "NRAS_mut": 0, "MGMT_methylated": 1}
    pd.DataFrame(content).to_csv(altered, sep="\t", index=False)
    model, expression, out = str(small / "out" / "model"), str(small / "expression.tsv"), str(tmp_path / "a.tsv")
    run("eligible", model, expression, "--alterations", str(altered), "--out", out)
    table = pd.read_csv(out, sep="\t", keep_default_na=False)
    own = table[table["tier"] == "T1 target_context"].groupby("agent")
    assert "RAS" not in " ".join(own.get_group("abituzumab")["decided_by"])
    assert set(own.get_group("cilengitide")["call"]) == {"not eligible"}
    assert own.get_group("cilengitide")["decided_by"].str.contains("unmethylated").all()


def test_a_model_without_rules_says_so(small: Path, tmp_path: Path) -> None:
    bundle = replace(ModelBundle.load(small / "out" / "model"), agents=None)
    folder = bundle.save(tmp_path / "model")
    assert not (folder / "agents.npz").exists()
    with pytest.raises(BundleError, match=r"holds no rules of agents \(no agents\.npz\).*train it again"):
        run("eligible", str(folder), str(small / "expression.tsv"), "--out", str(tmp_path / "a.tsv"))


def test_attach_makes_a_new_model_and_leaves_the_old_one(small: Path, tmp_path: Path) -> None:
    lines = make_lines().save(tmp_path / "lines.npz")
    model = small / "out" / "model"
    before = {path.name: path.read_bytes() for path in model.iterdir()}
    text = run("attach", str(model), "--transfer", str(lines), "--out", str(tmp_path / "new"))
    assert "T2 cilengitide: drug, -ln IC50; 60 lines of made lines, by ranks" in text
    assert f"{model}: as it was" in text
    assert {path.name: path.read_bytes() for path in model.iterdir()} == before
    made = ModelBundle.load(tmp_path / "new")
    assert [one.agent for one in made.transfers] == ["cilengitide"]
    assert "## Attached to the agents after training" in made.card
    with pytest.raises(OutputError, match="new exists"):
        run("attach", str(model), "--transfer", str(lines), "--out", str(tmp_path / "new"))
    with pytest.raises(BundleError, match="two records of tier T2 for cilengitide"):
        run("attach", str(tmp_path / "new"), "--transfer", str(lines), "--out", str(tmp_path / "newer"))
    with pytest.raises(BundleError, match="holds TransferModel; needed is BenefitModel"):
        run("attach", str(model), "--benefit", str(lines), "--out", str(tmp_path / "newer"))
    with pytest.raises(BundleError, match="nothing to attach"):
        run("attach", str(model), "--out", str(tmp_path / "newer"))
    assert not (tmp_path / "newer").exists()


@pytest.mark.parametrize("file", ["transfer.npz", "manifest.json"])
def test_a_byte_changed_in_what_was_attached_is_noticed(small: Path, tmp_path: Path, file: str) -> None:
    lines = make_lines().save(tmp_path / "lines.npz")
    run("attach", str(small / "out" / "model"), "--transfer", str(lines), "--out", str(tmp_path / "new"))
    content = bytearray((tmp_path / "new" / file).read_bytes())
    content[len(content) // 2] ^= 1
    (tmp_path / "new" / file).write_bytes(content)
    with pytest.raises(BundleError, match=r"changed|damaged"):
        ModelBundle.load(tmp_path / "new")
