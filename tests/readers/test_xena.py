import gzip
import json
import logging
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from itgstrat.biology.hgnc import load_hgnc
from itgstrat.errors import InputError
from itgstrat.outcome import Endpoint
from itgstrat.readers import inspect_path, read_cohort
from itgstrat.readers.xena import read_xena
from itgstrat.readers.xena_files import classify

from .builders import GENES, INTEGRINS, make_matrix, write_matrix, write_tsv

FOLDER = os.environ.get("ITGSTRAT_DATA")
OS = Endpoint("OS", "OS.time")
ENSEMBL = {symbol: identifier for identifier, symbol in load_hgnc().ensembl.items()}


def barcodes(n_patients, kind="01", vial=""):
    return [f"TCGA-AA-{number:04d}-{kind}{vial}" for number in range(n_patients)]


def write_xena(path, frame, corner="sample"):
    return write_matrix(path, frame.T, corner=corner)


def clinical_matrix(samples, **columns):
    n = len(samples)
    table = {
        "sampleID": samples,
        "_PATIENT": [sample[:12] for sample in samples],
        "_cohort": ["TCGA Kidney Clear Cell Carcinoma (KIRC)"] * n,
        "age": [50 + at for at in range(n)],
        "empty": [None] * n,
    }
    return pd.DataFrame(table | columns)


def survival(samples):
    n = len(samples)
    columns = {"sample": samples, "_PATIENT": [sample[:12] for sample in samples]}
    for event in ("OS", "DSS", "DFI", "PFI"):
        columns |= {event: [at % 2 for at in range(n)], f"{event}.time": [100.0 + at for at in range(n)]}
    return pd.DataFrame(columns)


@st.composite
def matrices(draw):
    genes = draw(st.lists(st.sampled_from(GENES), min_size=2, max_size=10, unique=True))
    n_patients = draw(st.integers(1, 6))
    values = draw(hnp.arrays(np.float32, (n_patients, len(genes)), elements=st.floats(0, 20, width=32)))
    values[0, 0] = 1.0
    return pd.DataFrame(values, index=barcodes(n_patients), columns=genes)


@settings(deadline=None, max_examples=20)
@given(frame=matrices())
def test_what_is_written_is_read_back(tmp_path_factory, frame):
    path = write_xena(tmp_path_factory.mktemp("xena") / "HiSeqV2.gz", frame)
    assert inspect_path(path).layout == "xena"
    cohort = read_cohort(path)
    expected = frame.set_axis([sample[:12] for sample in frame.index])
    pd.testing.assert_frame_equal(cohort.expression, expected, check_names=False, check_column_type=False)
    assert (cohort.unit, cohort.dropped) == ("log2", ())


def test_gdc_hub_with_versions_and_log_counts(tmp_path):
    counts = np.round(np.exp2(make_matrix(3, genes=INTEGRINS, patients=barcodes(3, vial="A")))).astype(np.float64)
    written = np.log2(counts + 1).rename(columns=lambda gene: f"{ENSEMBL[gene]}.7")
    path = write_xena(tmp_path / "TCGA-KIRC.star_counts.tsv.gz", written, "Ensembl_ID")
    raw = read_xena(str(path))
    assert raw.unit == "counts"
    np.testing.assert_allclose(raw.values, counts.to_numpy(), rtol=1e-4)
    assert "undone to counts" in " ".join(raw.notes)
    cohort = read_cohort(path)
    cpm = counts.div(counts.sum(axis=1), axis=0) * 1e6
    np.testing.assert_allclose(cohort.expression[list(INTEGRINS)], np.log2(cpm + 1), rtol=1e-4)
    assert cohort.name == "TCGA-KIRC"
    tpm = write_xena(tmp_path / "TCGA-KIRC.star_tpm.tsv.gz", written, "Ensembl_ID")
    assert inspect_path(tpm).unit == "log2"
    assert "log2(TPM + 1)" in " ".join(inspect_path(tpm).notes)


def test_a_name_of_log_counts_over_plain_counts_is_not_undone(tmp_path):
    counts = make_matrix(3, patients=barcodes(3)).round() * 100
    raw = read_xena(str(write_xena(tmp_path / "X.htseq_counts.tsv", counts)))
    np.testing.assert_array_equal(raw.values, counts.to_numpy())


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("HiSeqV2.gz", "log2"),
        ("HiSeqV2_PANCAN.gz", "log-ratio"),
        ("AgilentG4502A_07_3", "log-ratio"),
        ("tcga_RSEM_gene_tpm.gz", "log2"),
        ("TCGA-ACC.htseq_fpkm.tsv", "log2"),
        ("mine.tsv", "auto"),
    ],
)
def test_units_by_the_names_of_xena(tmp_path, name, unit):
    raw = read_xena(str(write_xena(tmp_path / name, make_matrix(4, patients=barcodes(4)))))
    assert raw.unit == unit


def test_gtex_donors_count_as_normal(tmp_path):
    samples = ["TCGA-AA-0001-01", "GTEX-S4Q7-0003-SM-3NM8M", "TCGA-AA-0002-11", "TARGET-30-PARHAM-01A"]
    path = write_xena(tmp_path / "TcgaTargetGtex_rsem_gene_tpm.gz", make_matrix(patients=samples))
    cohort = read_cohort(path)
    assert list(cohort.patients) == ["TCGA-AA-0001", "TARGET-30-PARHAM"]
    assert {name for record in cohort.dropped for name in record.names} == {samples[1], samples[2]}
    assert list(read_cohort(path, samples="normal").patients) == ["GTEX-S4Q7", "TCGA-AA-0002"]


def test_a_folder_with_all_three(tmp_path, caplog):
    samples = [*barcodes(4), "TCGA-AA-0000-11"]
    folder = tmp_path / "TCGA KIRC"
    folder.mkdir()
    write_xena(folder / "HiSeqV2.gz", make_matrix(patients=samples))
    write_tsv(folder / "KIRC_clinicalMatrix", clinical_matrix(samples, OS=[9] * 5))
    write_tsv(folder / "KIRC_survival.txt", survival(samples))
    (folder / "notes.md").write_text("ours")
    found = inspect_path(folder)
    assert (found.layout, found.n_samples, found.n_patients) == ("xena", 5, 4)
    assert {pair.endpoint.event for pair in found.endpoints} == {"OS", "DSS", "DFI", "PFI"}
    notes = " | ".join(found.notes)
    assert "endpoints from KIRC_survival.txt for 5 of 5 rows of KIRC_clinicalMatrix" in notes
    assert "TCGA-CDR on DFI (Liu 2018, Table 3): KIRC use with caution (few DFI events)" in notes
    with caplog.at_level(logging.INFO, "itgstrat"):
        cohort = read_cohort(folder, endpoint=Endpoint("DFI", "DFI.time"))
    assert (cohort.name, len(cohort), cohort.outcome.n_events) == ("TCGA KIRC", 4, 2)
    assert "1 columns without a value are left out" in caplog.text
    assert [record.levelname for record in caplog.records if "TCGA-CDR on" in record.message] == ["WARNING"]
    assert cohort.clinical["age"].tolist() == [50, 51, 52, 53]


def test_several_matrices_in_a_folder_are_named(tmp_path):
    for name in ("HiSeqV2.gz", "HiSeqV2_PANCAN.gz"):
        write_xena(tmp_path / name, make_matrix(3, patients=barcodes(3)))
    with pytest.raises(InputError, match=r"several Xena files of the kind 'matrix': HiSeqV2.gz, HiSeqV2_PANCAN.gz"):
        read_cohort(tmp_path)


def test_tables_of_different_cohorts_are_refused(tmp_path):
    write_xena(tmp_path / "HiSeqV2.gz", make_matrix(3, patients=barcodes(3)))
    write_tsv(tmp_path / "clinicalMatrix", clinical_matrix(barcodes(3)))
    write_tsv(tmp_path / "survival.txt", survival(["TCGA-ZZ-0001-01", "TCGA-ZZ-0002-01"]))
    with pytest.raises(InputError, match="share no sample"):
        read_cohort(tmp_path)


def test_old_event_columns_and_phenotypes(tmp_path):
    samples = barcodes(3)
    path = write_xena(tmp_path / "HiSeqV2.gz", make_matrix(3, patients=samples))
    old = write_tsv(tmp_path / "old", clinical_matrix(samples, _EVENT=[1, 0, 1], _TIME_TO_EVENT=[5, 6, 7]))
    cohort = read_cohort(path, clinical=old, endpoint=OS)
    assert cohort.outcome.time_days.tolist() == [5, 6, 7]
    phenotype = pd.DataFrame(
        {
            "submitter_id.samples": [f"{sample}A" for sample in samples],
            "vital_status.demographic": ["Dead", "Alive", "Not Reported"],
            "days_to_death.demographic": [300, None, None],
            "days_to_last_follow_up.diagnoses": [None, 900, 30],
            "sample_type.samples": ["Primary Tumor"] * 3,
        }
    )
    given = write_tsv(tmp_path / "TCGA-KIRC.GDC_phenotype.tsv", phenotype)
    found = inspect_path(given)
    assert (found.layout, found.n_samples) == ("xena-clinical", 3)
    assert [str(pair) for pair in found.endpoints] == ["OS with OS.time (days): 1 events in 2 patients"]
    assert "1 patients are of unknown vital status: TCGA-AA-0002-01A" in " ".join(found.notes)
    cohort = read_cohort(path, clinical=given, endpoint=OS)
    assert cohort.outcome.time_days.tolist() == [300, 900]


def test_gdc_hub_survival(tmp_path):
    samples = barcodes(3, vial="A")
    path = write_xena(tmp_path / "TCGA-KIRC.star_tpm.tsv", make_matrix(3, patients=samples), "Ensembl_ID")
    table = pd.DataFrame({"sample": samples, "OS": [0, 1, 0], "_PATIENT": barcodes(3), "OS.time": [13, 15, 17]})
    given = write_tsv(tmp_path / "TCGA-KIRC.survival.tsv", table)
    assert classify(str(given)) == "survival"
    assert read_cohort(path, clinical=given, endpoint=OS).outcome.n_events == 1
    assert read_cohort(tmp_path, endpoint=OS).outcome.n_events == 1


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (["MIMAT0019868", "MIMAT0000062", "hsa-let-7a"], r"the rows are microRNAs \(MIMAT0019868"),
        (["cg00000029", "cg00000108", "cg00000109"], "the rows are methylation probes"),
        (["ENST00000000233.9", "ENST00000000412.7"], "the rows are transcripts"),
        (["probe1", "probe2"], "whose rows .* are no genes; probes need the probe map"),
    ],
)
def test_rows_that_are_no_genes(tmp_path, rows, message):
    frame = pd.DataFrame(1.0, index=barcodes(3), columns=rows)
    with pytest.raises(InputError, match=message):
        inspect_path(write_xena(tmp_path / "miRNA_gene.gz", frame))


def test_percentiles_are_refused(tmp_path):
    with pytest.raises(InputError, match="percentile ranks within a sample are no levels"):
        read_cohort(write_xena(tmp_path / "HiSeqV2_percentile.gz", make_matrix(3, patients=barcodes(3))))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("#id\tgenes\tchrom\tstart\nprobe1\tA\tchr1\t1\n", "probe map"),
        ("sample\tchrom\tstart\tend\tvalue\nS\tchr1\t1\t2\t0.1\n", "copy-number segments"),
        ("sample\tchr\tstart\tend\tgene\treference\talt\teffect\nS\tchr1\t1\t2\tA\tC\tG\tx\n", "mutations by position"),
    ],
)
def test_other_files_of_xena_are_named(tmp_path, text, message):
    path = tmp_path / "file"
    path.write_text(text)
    with pytest.raises(InputError, match=message):
        inspect_path(path)


def test_the_json_beside_a_file_decides(tmp_path):
    path = tmp_path / "data"
    path.write_text("sampleID\tprobe1\tprobe2\na\t1\t2\nb\t3\t4\n")
    assert classify(str(path)) == "matrix"
    (tmp_path / "data.json").write_text(json.dumps({"type": "clinicalMatrix", ":clinicalFeature": "f"}))
    assert classify(str(path)) == "clinical"
    assert inspect_path(path).clinical_columns == ("sampleID", "probe1", "probe2")
    with pytest.raises(InputError, match="a JSON file that UCSC Xena hands out"):
        inspect_path(tmp_path / "data.json")


def test_a_clinical_table_alone_is_no_cohort(tmp_path):
    path = write_tsv(tmp_path / "KIRC_clinicalMatrix", clinical_matrix(barcodes(3)))
    with pytest.raises(InputError, match=r"a UCSC Xena clinical or survival table; it holds no expression: give it as"):
        read_cohort(path)
    matrix = write_xena(tmp_path / "HiSeqV2", make_matrix(3, patients=barcodes(3)))
    with pytest.raises(InputError, match="this is a matrix, no clinical table"):
        read_cohort(matrix, clinical=matrix)


def test_tables_of_others_stay_with_the_general_reader(tmp_path):
    patients = write_matrix(tmp_path / "patients.tsv", make_matrix(), corner="sample")
    assert inspect_path(patients).layout == "table"
    table = write_tsv(tmp_path / "c.tsv", pd.DataFrame({"sample": ["a", "b"], "age": [1, 2]}))
    assert classify(str(table)) == ""


def test_bad_files(tmp_path):
    path = tmp_path / "a folder with spaces" / "HiSeqV2.gz"
    path.parent.mkdir()
    frame = make_matrix(3, patients=barcodes(3))
    write_xena(path, frame)
    packed = path.read_bytes()
    path.write_bytes(packed[:-40])
    with pytest.raises(InputError, match=r"cut off|damaged"):
        read_cohort(path)
    text = gzip.decompress(packed).replace(b"\n", b"\r\n")
    path.write_bytes(gzip.compress(b"\xef\xbb\xbf" + text))
    assert inspect_path(path).layout == "xena"
    assert read_cohort(path).shape == frame.shape
    (path.parent / "loop").symlink_to(path.parent)
    assert read_cohort(path.parent).shape == frame.shape


@pytest.mark.data
@pytest.mark.skipif(not FOLDER, reason="ITGSTRAT_DATA is not set: the public files are not at hand")
def test_real_files():
    folder = Path(FOLDER) / "layouts" / "xena"
    found = inspect_path(folder / "KIRC_clinicalMatrix.gz")
    assert (found.layout, found.n_samples, found.n_patients) == ("xena-clinical", 945, 537)
    pairs = {pair.endpoint.event: (pair.n_events, pair.n_patients) for pair in found.endpoints}
    assert pairs["OS"] == (177, 535)
    assert any("TCGA-CDR on OS (Liu 2018, Table 3): KIRC recommended" in note for note in found.notes)
    with pytest.raises(InputError, match="the rows are microRNAs"):
        inspect_path(folder / "miRNA_GA_gene.gz")
    with pytest.raises(InputError, match=r"several Xena files|microRNAs"):
        inspect_path(folder)
    tests = folder / "server_test_inputs"
    for name, message in (
        ("matrix", "are no genes"),
        ("cgdata_matrix", "are no genes"),
        ("mutation", "mutations by position"),
        ("segmented", "copy-number segments"),
        ("probes", "probe map"),
        ("probes.json", "a JSON file"),
        ("clinical_matrix", "neither rows"),
    ):
        with pytest.raises(InputError, match=message):
            inspect_path(tests / name)
    assert inspect_path(tests / "clinical_matrix2").layout == "xena-clinical"
