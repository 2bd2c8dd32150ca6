import pytest

from itgstrat.errors import InputError
from itgstrat.readers.barcodes import parse_barcode, select_samples


@pytest.mark.parametrize(
    ("label", "patient", "code"),
    [
        ("TCGA-OR-A5J1-01A-11R-A29S-07", "TCGA-OR-A5J1", "01"),
        ("TCGA.OR.A5J1.11B", "TCGA-OR-A5J1", "11"),
        ("tcga-or-a5j1-06", "TCGA-OR-A5J1", "06"),
        ("TCGA-OR-A5J1", "TCGA-OR-A5J1", ""),
    ],
)
def test_barcodes(label, patient, code):
    found = parse_barcode(label)
    assert (found.patient, found.type_code) == (patient, code)


@pytest.mark.parametrize("label", ["GSM31819", "TCGA", "TCGA-OR", "XTCGA-OR-A5J1", "TCGA-OR-A5J1X"])
def test_no_barcodes(label):
    assert parse_barcode(label) is None


LABELS = [
    "TCGA-AA-0001-11A",  # normal
    "TCGA-AA-0001-01B",  # second vial
    "TCGA-AA-0001-01A",
    "TCGA-AA-0002-06A",  # metastasis alone
    "TCGA-AA-0003-03A",  # blood cancer
    "TCGA-AA-0004-05A",
    "TCGA-AA-0004-01A",
    "TCGA-AA-0005-02A",
]


def test_one_primary_tumour_a_patient():
    found = select_samples(LABELS, cohort="c")
    assert [LABELS[at] for at in found.positions] == [LABELS[at] for at in (2, 4, 6)]
    assert found.patients == ("TCGA-AA-0001", "TCGA-AA-0003", "TCGA-AA-0004")
    assert {record.reason: record.names for record in found.dropped} == {
        "another primary sample of the same patient stays": ("TCGA-AA-0001-01B", "TCGA-AA-0004-05A"),
        "metastasis, not a primary sample": ("TCGA-AA-0002-06A",),
        "normal tissue, not a primary sample": ("TCGA-AA-0001-11A",),
        "recurrent tumour, not a primary sample": ("TCGA-AA-0005-02A",),
    }
    assert {(record.what, record.cohort) for record in found.dropped} == {("sample", "c")}


def test_other_choices():
    assert select_samples(LABELS, "metastatic").patients == ("TCGA-AA-0002",)
    assert select_samples(LABELS, "normal").patients == ("TCGA-AA-0001",)
    assert select_samples(LABELS, "all").patients == tuple(LABELS)
    with pytest.raises(InputError, match="no normal sample among metastasis"):
        select_samples(LABELS[3:4], "normal")
    with pytest.raises(InputError, match="samples 'best' is not known"):
        select_samples(LABELS, "best")


def test_other_labels_are_patients_by_themselves():
    found = select_samples(["P1", "P2"])
    assert (found.positions, found.patients, found.is_tcga) == ((0, 1), ("P1", "P2"), False)
    mixed = select_samples(["TCGA-AA-0001-01A", "CELLS", "TCGA-AA-0002"])
    assert mixed.patients == ("TCGA-AA-0001", "CELLS", "TCGA-AA-0002")
