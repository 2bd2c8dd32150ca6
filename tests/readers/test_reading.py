import logging

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from itgstrat.errors import InputError
from itgstrat.outcome import Endpoint
from itgstrat.readers import ColumnRule, read_cohort

from .builders import GENES, INTEGRINS, make_clinical, make_matrix, write_matrix, write_tsv

OS = Endpoint("OS", "OS.time")


def write_all_ways(folder, frame):
    """The same cohort in every layout of a table: name -> path."""
    genes_down, patients_down = frame.T, frame
    genes_down.to_parquet(folder / "genes.parquet")
    patients_down.rename_axis("patient").reset_index().to_feather(folder / "patients.feather")
    return [
        write_matrix(folder / "genes.tsv", genes_down),
        write_matrix(folder / "genes.tsv.gz", genes_down),
        write_matrix(folder / "patients.csv", patients_down, ",", "patient"),
        write_matrix(folder / "patients.csv.gz", patients_down, ";", ""),
        folder / "genes.parquet",
        folder / "patients.feather",
    ]


numbers = st.floats(0, 20, width=32, allow_nan=False) | st.just(float("nan"))


@st.composite
def cohorts(draw):
    n_genes, n_patients = draw(st.integers(2, 12)), draw(st.integers(1, 8))
    genes = draw(st.lists(st.sampled_from(GENES), min_size=n_genes, max_size=n_genes, unique=True))
    values = draw(hnp.arrays(np.float32, (n_patients, n_genes), elements=numbers))
    values[0, 0] = 1.0  # a table without a single number is refused
    return pd.DataFrame(values, index=[f"PAT-{number:03d}" for number in range(n_patients)], columns=genes)


@settings(deadline=None, max_examples=25)
@given(frame=cohorts())
def test_what_is_written_is_read_back(tmp_path_factory, frame):
    for path in write_all_ways(tmp_path_factory.mktemp("cohort"), frame):
        cohort = read_cohort(path)
        pd.testing.assert_frame_equal(
            cohort.expression, frame, check_names=False, check_column_type=False, check_index_type=False
        )
        assert (cohort.unit, cohort.dropped) == ("log2", ())


def test_with_clinical_and_outcome(tmp_path, caplog):
    frame = make_matrix()
    path = write_matrix(tmp_path / "ours.tsv", frame.T)
    clinical = make_clinical(frame.index[::-1], age=[50, 51, 52, 53, 54, 55], sex=list("FMFMFM"))
    clinical.loc[0, "OS"] = np.nan
    with caplog.at_level(logging.WARNING, "itgstrat"):
        cohort = read_cohort(
            path,
            clinical=write_tsv(tmp_path / "clinical.tsv", clinical),
            endpoint=OS,
            columns={"age": "age", "female": ColumnRule("sex", {"F": 1, "M": 0})},
        )
    assert cohort.name == "ours"
    assert list(cohort.patients) == list(frame.index[:-1])
    assert list(cohort.clinical) == ["age", "female"]
    assert cohort.clinical["age"].tolist() == [55, 54, 53, 52, 51]
    assert cohort.outcome.time_days.tolist() == [105, 104, 103, 102, 101]
    assert set(cohort.outcome.stratum) == set(cohort.batch) == {"ours"}
    assert [str(record) for record in cohort.dropped] == [
        "1 patient dropped: event status 'OS' missing (PAT-005)",
    ]
    assert "1 patient dropped" in caplog.text


def test_without_columns_all_but_the_endpoint_stay(tmp_path):
    frame = make_matrix()
    path = write_matrix(tmp_path / "m.tsv", frame.T)
    clinical = make_clinical(frame.index, age=range(6))
    assert list(read_cohort(path, clinical=clinical, endpoint=OS).clinical) == ["age"]
    assert list(read_cohort(path, clinical=clinical).clinical) == ["OS", "OS.time", "age"]
    assert list(read_cohort(path).clinical) == []
    assert list(read_cohort(path, clinical=clinical, endpoint=OS, columns={}).clinical) == []


def test_an_endpoint_may_be_recoded(tmp_path):
    frame = make_matrix()
    path = write_matrix(tmp_path / "m.tsv", frame.T)
    clinical = make_clinical(frame.index, censorship=[0, 1, 1, 1, 1, 1])
    rules = {"death": ColumnRule("censorship", {"1": 0, "0": 1})}
    cohort = read_cohort(path, clinical=clinical, endpoint=Endpoint("death", "OS.time"), columns=rules)
    assert cohort.outcome.event.tolist() == [True] + [False] * 5
    assert list(cohort.clinical) == []


def test_one_patient_alone(tmp_path):
    frame = make_matrix(8)
    together = read_cohort(write_matrix(tmp_path / "all.tsv", frame.T))
    for patient in frame.index:
        alone = read_cohort(write_matrix(tmp_path / "one.tsv", frame.loc[[patient]].T))
        pd.testing.assert_frame_equal(alone.expression, together.expression.loc[[patient]])


def test_orientation_is_detected_or_declared(tmp_path):
    frame = make_matrix()
    path = write_matrix(tmp_path / "m.tsv", frame)
    assert read_cohort(path, orientation="patients x genes").shape == frame.shape
    with pytest.raises(InputError, match="genes and patients seem swapped"):
        read_cohort(path, orientation="genes x patients")
    with pytest.raises(InputError, match="orientation 'wrong' is not known"):
        read_cohort(path, orientation="wrong")


def test_numbered_patients_are_not_taken_for_entrez_genes(tmp_path):
    frame = make_matrix(patients=[str(number) for number in range(1, 7)])
    for table in (frame, frame.T):
        assert list(read_cohort(write_matrix(tmp_path / "m.tsv", table)).genes) == list(INTEGRINS)


def test_tcga_samples(tmp_path):
    labels = ["TCGA-AA-0001-01A-11R", "TCGA-AA-0001-11A-11R", "TCGA-AA-0002-01A-11R", "TCGA-AA-0003-06A-11R"]
    frame = make_matrix(patients=labels)
    path = write_matrix(tmp_path / "m.tsv", frame.T)
    clinical = make_clinical(["TCGA-AA-0001", "TCGA-AA-0002"])
    cohort = read_cohort(path, clinical=clinical, endpoint=OS)
    assert list(cohort.patients) == ["TCGA-AA-0001", "TCGA-AA-0002"]
    assert [record.names for record in cohort.dropped] == [(labels[3],), (labels[1],)]
    assert len(read_cohort(path, samples="all")) == 4
    assert list(read_cohort(path, samples="metastatic").patients) == ["TCGA-AA-0003"]


def test_other_tissue_by_the_clinical_table(tmp_path):
    frame = make_matrix()
    path = write_matrix(tmp_path / "m.tsv", frame.T)
    clinical = make_clinical(frame.index, sample_type=["tumor", "tumor", "healthy", "tumor", "tumor", "metastatic"])
    cohort = read_cohort(path, clinical=clinical, endpoint=OS)
    assert len(cohort) == len(cohort.outcome) == 4
    assert [(record.what, record.names) for record in cohort.dropped] == [
        ("sample", ("PAT-002",)),
        ("sample", ("PAT-005",)),
    ]
    assert len(read_cohort(path, clinical=clinical, samples="all")) == 6
    with pytest.raises(InputError, match="no primary tumour by the column sample_type"):
        read_cohort(path, clinical=make_clinical(frame.index, sample_type=["healthy"] * 6))


def test_lost_genes_are_counted_and_logged(tmp_path, caplog):
    frame = make_matrix(genes=[*INTEGRINS, "no gene", INTEGRINS[0]])
    with caplog.at_level(logging.WARNING, "itgstrat"):
        cohort = read_cohort(write_matrix(tmp_path / "m.tsv", frame.T))
    assert [(record.reason, len(record.names)) for record in cohort.dropped] == [
        ("no approved gene has this label", 1),
        ("another row of the same gene has the higher mean", 1),
    ]
    assert len(caplog.records) == 2
    kept = max(frame.iloc[:, 0].mean(), frame.iloc[:, -1].mean())
    assert cohort.expression[INTEGRINS[0]].mean() == pytest.approx(kept)
    assert len(read_cohort(tmp_path / "m.tsv", duplicates="first").dropped) == 2
    with pytest.raises(InputError, match="genes occur more than once"):
        read_cohort(tmp_path / "m.tsv", duplicates="fail")


def test_units_are_brought_to_log2(tmp_path):
    levels = np.exp2(make_matrix()) * 10
    path = write_matrix(tmp_path / "m.tsv", levels.T)
    cohort = read_cohort(path)
    np.testing.assert_allclose(cohort.expression, np.log2(levels + 1), rtol=1e-5)
    assert cohort.unit == "log2"
    assert read_cohort(write_matrix(tmp_path / "z.tsv", make_matrix().T), unit="z-score").unit == "z-score"
    with pytest.raises(InputError, match="declared as linear, but"):
        read_cohort(write_matrix(tmp_path / "n.tsv", -make_matrix().T), unit="linear")


def test_constant_genes_stay_and_are_told(tmp_path, caplog):
    frame = make_matrix()
    frame[INTEGRINS[3]] = 5.0
    with caplog.at_level(logging.INFO, "itgstrat"):
        cohort = read_cohort(write_matrix(tmp_path / "m.tsv", frame.T))
    assert cohort.shape == frame.shape
    assert f"1 genes have one value in all patients ({INTEGRINS[3]})" in caplog.text


def test_only_some_genes(tmp_path):
    path = write_matrix(tmp_path / "m.tsv", make_matrix().T)
    assert list(read_cohort(path, genes=INTEGRINS[2:4]).genes) == list(INTEGRINS[2:4])
    with pytest.raises(InputError, match=r"none of the 1 genes asked for \(X\) was measured"):
        read_cohort(path, genes=["X"])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda m: m.set_axis(["P1", "P1", "P2", "P3", "P4", "P5"]), "patients occur twice: P1"),
        (
            lambda m: m.set_axis([f"AFFX-{i}" for i in range(26)], axis=1),
            r"neither rows .* nor columns .* are named",
        ),
        (
            lambda m: m.set_axis(["KRT38", "OR4F5", *[f"none{i}" for i in range(24)]], axis=1),
            "not one gene of the",
        ),
        (lambda m: m * np.nan, "holds no number at all"),
    ],
)
def test_cohorts_that_are_refused(tmp_path, change, message):
    with pytest.raises(InputError, match=message):
        read_cohort(write_matrix(tmp_path / "m.tsv", change(make_matrix()).T))


def test_an_endpoint_needs_a_clinical_table(tmp_path):
    path = write_matrix(tmp_path / "m.tsv", make_matrix().T)
    with pytest.raises(InputError, match="no clinical table is given"):
        read_cohort(path, endpoint=OS)
    with pytest.raises(InputError, match="shares no patient with the expression table"):
        read_cohort(path, endpoint=OS, clinical=make_clinical(["a", "b"]))


def test_clinical_and_expression_in_the_wrong_place(tmp_path):
    clinical = write_tsv(tmp_path / "c.tsv", make_clinical(["PAT-1", "PAT-2"], sex=["F", "M"]))
    with pytest.raises(InputError, match=r"neither rows .* nor columns|not one gene of the catalogue"):
        read_cohort(clinical)
