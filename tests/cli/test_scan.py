import pandas as pd

from itgstrat.evaluation.multiplicity import COLUMNS

from .builders import call, write_run


def test_every_signature_is_tested_and_the_table_is_not_written_over(tmp_path):
    config, table = write_run(tmp_path, n_patients=120), tmp_path / "scan.tsv"
    called = call("scan", config, "--adjust", "--out", table)
    assert called.code == 0, called.err
    found = pd.read_csv(table, sep="\t")
    assert tuple(found.columns) == COLUMNS
    assert found["p"].is_monotonic_increasing
    assert (found["q"] >= found["p"] - 1e-9).all()
    assert f"of {found['p'].notna().sum()} tests at a false discovery rate of 5%" in called.out
    again = call("scan", config, "--out", table)
    assert again.code == 1
    assert "exists" in again.err
    assert call("scan", config, "--out", table, "--force").code == 0
    assert not pd.read_csv(table, sep="\t").equals(found)  # alone, not beside age
