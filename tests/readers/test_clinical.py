import numpy as np
import pandas as pd
import pytest

from itgstrat.errors import InputError
from itgstrat.readers.clinical import ColumnRule, find_other_tissue, harmonise, join_clinical

PATIENTS = [f"PAT-{number:03d}" for number in range(6)]
BARCODES = [f"TCGA-AA-000{number}-01A-11R" for number in range(6)]
TCGA = [barcode[:12] for barcode in BARCODES]


def table(ids, name="patient", **columns):
    return pd.DataFrame({name: ids, "age": np.arange(len(ids), dtype=float)} | columns)


@pytest.mark.parametrize("name", ["patient", "PATIENT_ID", "bcr_patient_barcode", "pid", "case_id", "Whatever"])
def test_the_identifier_column_is_found(name):
    joined = join_clinical(table(PATIENTS[::-1], name), PATIENTS, PATIENTS)
    assert joined.id_column == name
    assert joined.table["age"].tolist() == [5, 4, 3, 2, 1, 0]
    assert list(joined.table.index) == PATIENTS
    assert joined.notes == (f"clinical rows found for 6 of 6 patients by sample label in column {name!r} (detected)",)


def test_the_best_overlap_wins():
    clinical = table(PATIENTS, "other", sample=[*PATIENTS[:2], "x", "y", "z", "w"])
    assert join_clinical(clinical, PATIENTS, PATIENTS).id_column == "other"
    assert join_clinical(clinical, PATIENTS, PATIENTS, id_column="sample").matched.sum() == 2


@pytest.mark.parametrize("ids", [TCGA, BARCODES, [code.lower() for code in TCGA], [code[:15] for code in BARCODES]])
def test_tcga_barcodes_match_by_patient(ids):
    joined = join_clinical(table(ids), BARCODES, TCGA)
    assert joined.matched.all()
    assert list(joined.table.index) == TCGA


def test_numbered_patients():
    patients = [str(number) for number in range(1, 7)]
    joined = join_clinical(table(np.arange(1.0, 7.0)), patients, patients)
    assert joined.matched.all()


def test_patients_without_a_row_are_missing_not_lost():
    joined = join_clinical(table(PATIENTS[:4]), PATIENTS, PATIENTS)
    assert joined.matched.tolist() == [True] * 4 + [False] * 2
    assert joined.table["age"].isna().tolist() == [False] * 4 + [True] * 2


def test_no_patient_in_common():
    with pytest.raises(InputError, match=r"c.tsv: shares no patient .*expression: PAT-000.*clinical, column"):
        join_clinical(table(["a", "b"]), PATIENTS, PATIENTS, source="c.tsv")


def test_a_declared_column_that_is_not_there():
    with pytest.raises(InputError, match="no column 'patients'; did you mean 'patient'"):
        join_clinical(table(PATIENTS), PATIENTS, PATIENTS, id_column="patients")


def repeat(*rows, **columns):
    """Six patients with a row each, and further rows for those numbered."""
    return table([*PATIENTS, *(PATIENTS[row] for row in rows)], **columns)


def test_of_several_rows_that_agree_the_first_is_taken():
    clinical = repeat(0, OS=[1, 0, 0, 0, 0, 0, 1], slide=list("abcdefg"))
    joined = join_clinical(clinical, PATIENTS, PATIENTS, needed=["OS"])
    assert joined.table["slide"].tolist() == list("abcdef")
    assert joined.notes[1] == (
        "several clinical rows for 1 of 6 patients; the first of each is taken, but an endpoint or variable of a "
        "column in which they differ is refused (age, slide)"
    )
    same = clinical.assign(age=1.0, slide="a")
    told = join_clinical(same, PATIENTS, PATIENTS).notes[1]
    assert told == "several clinical rows for 1 of 6 patients; the first of each is taken"


def test_a_contradiction_names_the_columns_and_patients_that_differ_and_no_others():
    # PAT-001 and PAT-004 have two rows each, the second of PAT-004 with another status; PAT-002 comes first with one
    clinical = repeat(1, 4, OS=[1, 0, 0, 1, 0, 0, 0, 1], stage=list("aabbccac")).assign(sex="f")
    clinical = clinical.iloc[[2, 7, 0, 6, 1, 3, 5, 4]]
    with pytest.raises(InputError, match=r"contradict each other in OS: PAT-004; keep one row a patient"):
        join_clinical(clinical, PATIENTS, PATIENTS, needed=["stage", "sex", "OS", "OS"])
    assert join_clinical(clinical, PATIENTS, PATIENTS, needed=["stage", "sex"]).matched.all()


def test_a_status_known_in_one_row_alone_is_a_contradiction():
    clinical = repeat(3, OS=[1, 0, 0, np.nan, 0, 0, 1])
    with pytest.raises(InputError, match="contradict each other in OS: PAT-003"):
        join_clinical(clinical, PATIENTS, PATIENTS, needed=["OS"])


CLINICAL = pd.DataFrame(
    {
        "er_status": ["1", "0", "na", "1"],
        "node": ["1", "x", "0", "missing"],
        "grade": [1.0, 2.0, np.nan, 3.0],
        "sex": ["F", "M", "F", "[Not Available]"],
    }
)


def test_columns_are_harmonised():
    rules = {
        "er": ColumnRule("er_status"),
        "node_positive": ColumnRule("node"),
        "high_grade": ColumnRule("grade", {"1": 0, "2": 0, "3": 1}),
        "female": ColumnRule("sex", {"F": 1, "M": 0}),
        "word": ColumnRule("sex", {"F": "woman", "M": None}),
    }
    ours = harmonise(CLINICAL, rules)
    np.testing.assert_array_equal(ours["er"], [1, 0, np.nan, 1])
    np.testing.assert_array_equal(ours["node_positive"], [1, np.nan, 0, np.nan])
    np.testing.assert_array_equal(ours["high_grade"], [0, 0, np.nan, 1])
    np.testing.assert_array_equal(ours["female"], [1, 0, 1, np.nan])
    assert ours["word"].tolist()[0::2] == ["woman", "woman"]
    assert ours["word"].isna().tolist() == [False, True, False, True]


def test_a_listed_spelling_of_missing_is_a_value():
    ours = harmonise(CLINICAL, {"node": ColumnRule("node", {"1": 1, "0": 0, "x": 2})})
    np.testing.assert_array_equal(ours["node"], [1, 2, 0, np.nan])


def test_faults_of_rules_come_together():
    rules = {"er": ColumnRule("er_statu"), "sex": ColumnRule("sex", {"F": 1})}
    with pytest.raises(InputError) as caught:
        harmonise(CLINICAL, rules, "c.tsv")
    text = str(caught.value)
    assert "no column 'er_statu' (for 'er'); did you mean 'er_status'?" in text
    assert "column 'sex' (for 'sex') holds M, which its recoding does not list (it lists F)" in text


def test_other_tissue():
    frame = pd.DataFrame({"Sample_Type": ["tumor", "Healthy", "metastatic", "tumor", None]})
    found = find_other_tissue(frame)
    assert {kind: mask.tolist() for kind, mask in found.items()} == {
        "healthy": [False, True, False, False, False],
        "metastatic": [False, False, True, False, False],
    }
    assert find_other_tissue(pd.DataFrame({"age": [1]})) == {}
