import pytest
from typer.testing import CliRunner

from itgstrat.cli.app import app
from itgstrat.errors import InputError
from tests.readers.server import serve


def run(*arguments):
    return CliRunner().invoke(app, ["fetch", *arguments], catch_exceptions=True)


def test_without_a_name_it_lists_what_it_knows():
    found = run()
    assert found.exit_code == 0
    for name in ("xena:BRCA", "geo:GSE14520-GPL571", "tcga-cdr", "cbioportal:"):
        assert name in found.stdout


def test_a_dry_run_prints_the_addresses_and_asks_nobody(tmp_path):
    with serve() as server:
        found = run("--dry-run", "--to", str(tmp_path), "--base-url", server.url, "xena:ACC", "geo:GPL96")
        assert not server.asked
    lines = found.stdout.splitlines()
    assert lines[0] == f"{server.url}/download/TCGA.ACC.sampleMap%2FHiSeqV2.gz -> {tmp_path}/xena/ACC/HiSeqV2.gz"
    assert len(lines) == 4
    assert not list(tmp_path.iterdir())


def test_it_prints_where_the_files_are(tmp_path, monkeypatch):
    monkeypatch.setenv("ITGSTRAT_CACHE", str(tmp_path))
    with serve() as server:
        server.put("/acc_tcga.tar.gz", b"study")
        found = run("--base-url", server.url, "cbioportal:acc_tcga")
    assert found.stdout.splitlines() == [str(tmp_path / "cbioportal" / "acc_tcga.tar.gz")]
    assert run("--offline", "cbioportal:acc_tcga").stdout == found.stdout


def test_offline_and_unknown_names_are_errors(tmp_path):
    assert isinstance(run("--offline", "--to", str(tmp_path), "tcga-cdr").exception, InputError)
    with pytest.raises(InputError, match="is no name of a public file"):
        raise run("nothing:x").exception
