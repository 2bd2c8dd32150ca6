"""Clinical tables of no particular layout, alone."""

import pytest

from itgstrat.errors import InputError
from itgstrat.readers import inspect_path, read_cohort
from itgstrat.readers.detect import LAYOUTS, find_layout

TABLE = "patient\tage\tOS\tOS.time\nP1\t60\t1\t100\nP2\tInf\t0\t200\n"


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "clinical.tsv"
    path.write_text(TABLE)
    return path


def test_a_clinical_table_alone_is_recognised(table):
    found = inspect_path(table)
    assert found.layout == "clinical-table"
    assert (found.n_patients, found.n_genes) == (2, 0)
    assert [each.endpoint.event for each in found.endpoints] == ["OS"]


def test_a_clinical_table_is_no_cohort(table):
    with pytest.raises(InputError, match="this is a clinical table; it holds no expression: give it as the clinical"):
        read_cohort(table)


def test_patients_by_genes_is_no_clinical_table(tmp_path):
    path = tmp_path / "matrix.tsv"
    path.write_text("patient\tITGAV\tITGB3\tEGFR\nP1\t1.5\t2.5\t3.5\nP2\t2.5\t1.5\t0.5\n")
    assert inspect_path(path).layout == "table"


@pytest.mark.parametrize(
    "name", [layout.name for layout in LAYOUTS if layout.glance and layout.name != "cbioportal-file"]
)
def test_what_holds_no_expression_says_so_and_what_to_do(name, tmp_path):
    with pytest.raises(InputError, match=r"x\.tsv: this is an? .*; it holds no expression: (give it|put it|read the)"):
        find_layout("", name).open(str(tmp_path / "x.tsv"))
