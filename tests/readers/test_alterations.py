"""The record of alterations, its alignment with a cohort, and the generic per-sample table."""

import numpy as np
import pandas as pd
import pytest

from itgstrat.errors import InputError
from itgstrat.readers import ColumnRule, read_alterations, read_cohort, read_sample_table
from itgstrat.readers.alterations import Alterations, SampleIndex, align_alterations, merge_alterations, sample_key
from itgstrat.readers.specimens import name_kind, select_by_type

from .builders import make_matrix, write_matrix, write_tsv


def record(index, **columns):
    return Alterations(pd.DataFrame(columns, index=pd.Index(index, name="sample"), dtype=float), "x")


def test_keys_and_index():
    assert sample_key(" tcga.aa.0001.01a.11d ") == "TCGA-AA-0001-01"
    index = SampleIndex(["TCGA-AA-0001-01", "TCGA-AA-0002", "TCGA-AA-0003-06", "TCGA-AA-0004-03", "x"])
    assert index.find("TCGA-AA-0001-01B-11R") == "TCGA-AA-0001-01"
    assert index.find("TCGA-AA-0001") == "TCGA-AA-0001-01"
    assert index.find("TCGA-AA-0001-06A") is None
    assert index.find("TCGA-AA-0002-06A") == "TCGA-AA-0002"
    assert index.find("TCGA-AA-0002-11A") is None
    assert index.find("TCGA-AA-0003") is None
    assert index.find("TCGA-AA-0004") == "TCGA-AA-0004-03"
    assert index.find("x") == "x"
    assert index.find("y") is None


def test_alignment_by_sample_then_by_patient():
    found = record(["s1", "p2"], a=[1, 0])
    table, notes = align_alterations(found, ["s1", "s2", "s3"], ["p1", "p2", "p3"])
    assert table["a"].tolist() == pytest.approx([1, 0, np.nan], nan_ok=True)
    assert list(table.index) == ["p1", "p2", "p3"]
    assert notes == ("alterations of 2 of 3 patients in x", "not assessed, no row in x: p3")
    with pytest.raises(InputError, match="shares no sample"):
        align_alterations(found, ["a"], ["b"])
    assert align_alterations(found, ["a"], ["b"], required=False)[0]["a"].isna().all()


def test_another_sample_of_a_tcga_patient_does_not_stand_in():
    found = record(["TCGA-AA-0001-01"], a=[1])
    samples = ["TCGA-AA-0001-06A", "TCGA-AA-0001-01A"]
    table, _ = align_alterations(found, samples, samples)
    assert table["a"].isna().tolist() == [True, False]


def test_merging_fills_and_refuses_contradictions():
    one = pd.DataFrame({"a": [1, np.nan, 0]}, index=["x", "y", "z"])
    two = pd.DataFrame({"a": [1, 1, np.nan], "b": [0.5, np.nan, 2]}, index=["x", "y", "z"])
    merged = merge_alterations([one, two])
    assert merged["a"].tolist() == [1, 1, 0]
    assert list(merged) == ["a", "b"]
    with pytest.raises(InputError, match="contradict each other in 'a' for z"):
        merge_alterations([one, two.fillna(5)])


def test_a_record_has_each_sample_once():
    with pytest.raises(InputError, match="samples occur twice: s"):
        record(["s", "s"], a=[1, 0])


def make_sheet():
    return pd.DataFrame(
        {
            "SAMPLE_ID": ["s1", "s2", "s3", None],
            "MGMT status": ["Methylated", "unmethylated", "[Not Available]", "Methylated"],
            "PSI": ["0.71", "NA", "", "1"],
            "HPV_positive": ["1", "0", "not reported", "1"],
        }
    )


def test_columns_by_declared_mapping(tmp_path):
    rules = {
        "MGMT_methylated": ColumnRule("MGMT status", {"Methylated": 1, "unmethylated": 0}),
        "METex14_psi": "PSI",
    }
    found = read_sample_table(write_tsv(tmp_path / "sheet.tsv", make_sheet()), rules)
    assert list(found.table.index) == ["s1", "s2", "s3"]
    assert found.table["MGMT_methylated"].tolist() == pytest.approx([1, 0, np.nan], nan_ok=True)
    assert found.table["METex14_psi"].tolist() == pytest.approx([0.71, np.nan, np.nan], nan_ok=True)
    assert found.notes == ("1 rows without a sample left out",)


def test_columns_with_a_name_of_the_facts_need_no_mapping(tmp_path):
    (found,) = read_alterations(write_tsv(tmp_path / "sheet.tsv", make_sheet()))
    assert list(found.table) == ["HPV_positive"]
    with pytest.raises(InputError, match="which columns are alterations"):
        read_alterations(write_tsv(tmp_path / "b.tsv", make_sheet().drop(columns="HPV_positive")))


def test_bad_tables(tmp_path):
    path = write_tsv(tmp_path / "sheet.tsv", make_sheet())
    with pytest.raises(InputError, match="alterations must be numbers, but 'm' holds Methylated, unmethylated"):
        read_sample_table(path, {"m": "MGMT status"})
    with pytest.raises(InputError, match="no column 'nothing'"):
        read_sample_table(path, {"m": "nothing"})
    with pytest.raises(InputError, match="no column 'who'"):
        read_sample_table(path, {"p": "PSI"}, id_column="who")
    with pytest.raises(InputError, match="no column that names the samples"):
        read_sample_table(write_tsv(tmp_path / "b.tsv", make_sheet().rename(columns={"SAMPLE_ID": "who"})))
    twice = pd.DataFrame({"sample": ["a", "a", "b"], "psi": [1, 0, 0]})
    with pytest.raises(InputError, match="rows of one sample contradict each other: a"):
        read_sample_table(twice, {"p": "psi"})
    with pytest.raises(InputError, match="nothing is given"):
        read_alterations([])


def test_repeated_rows_and_aliquots():
    frame = pd.DataFrame({"sample": ["TCGA-AA-0001-01B", "TCGA-AA-0001-01A", "b", "b"], "psi": [0.1, 0.9, 1, 1]})
    found = read_sample_table(frame, {"p": "psi"})
    assert found.table["p"].to_dict() == {"TCGA-AA-0001-01": 0.9, "b": 1.0}
    assert found.notes == ("further aliquots of a sample left out: TCGA-AA-0001-01B",)


def test_a_frame_beside_an_expression_table(tmp_path):
    expression = write_matrix(tmp_path / "m.tsv", make_matrix(patients=["s1", "s2"]).T)
    frame = pd.DataFrame({"psi": [0.5]}, index=["s2"])
    cohort = read_cohort(expression, alterations=[frame, record(["s1"], other=[1])])
    assert cohort.alterations["psi"].tolist() == pytest.approx([np.nan, 0.5], nan_ok=True)
    assert cohort.alterations["other"].tolist() == pytest.approx([1, np.nan], nan_ok=True)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Primary", "primary"),
        ("Primary Solid Tumor", "primary"),
        ("Metastasis", "metastatic"),
        ("Local Recurrence", "recurrent"),
        ("Solid Tissue Normal", "normal"),
        ("Cell line", "model"),
        ("Tumor", "primary"),
        ("", ""),
        ("something", ""),
    ],
)
def test_kinds_of_samples(text, kind):
    assert name_kind(text) == kind


def test_one_sample_a_patient():
    labels = ["s4", "s1", "s2", "s3", "s5"]
    patients = ["p1", "p1", "p2", "p2", "p3"]
    types = ["Primary", "Primary", "Metastasis", "", "Normal"]
    chosen = select_by_type(labels, patients, types, "primary")
    assert (chosen.positions, chosen.patients) == ((1, 3), ("p1", "p2"))
    assert [(record.reason, record.names) for record in chosen.dropped] == [
        ("another primary sample of the same patient stays", ("s4",)),
        ("sample type 'Metastasis', not a primary sample", ("s2",)),
        ("sample type 'Normal', not a primary sample", ("s5",)),
    ]
    assert select_by_type(labels, patients, types, "metastatic").positions == (2,)
    assert select_by_type(labels, patients, types, "all").patients == tuple(labels)
    with pytest.raises(InputError, match="no normal sample among Primary"):
        select_by_type(["a"], ["b"], ["Primary"], "normal")
