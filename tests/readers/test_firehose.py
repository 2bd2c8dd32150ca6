import gzip
import io
import os
import tarfile
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
from itgstrat.readers.firehose import read_firehose
from itgstrat.readers.firehose_clinical import read_firehose_clinical
from itgstrat.readers.members import read_members

from .builders import GENES, INTEGRINS, make_matrix, write_matrix

FOLDER = os.environ.get("ITGSTRAT_DATA")
OS = Endpoint("OS", "OS.time")
ENTREZ = {symbol: identifier for identifier, symbol in load_hgnc().entrez.items()}
GDAC = "gdac.broadinstitute.org_KIRC"
NORMALISED = "rnaseqv2__illuminahiseq_rnaseqv2__unc_edu__Level_3__RSEM_genes_normalized__data"
RAW = "rnaseqv2__illuminahiseq_rnaseqv2__unc_edu__Level_3__RSEM_genes__data"


def labels(genes):
    return [f"{gene}|{ENTREZ[gene]}" for gene in genes]


def rsem_text(frame, measures=("normalized_count",), scale=(1.0,)):
    """Patients x genes -> the two-line header of Firehose."""
    samples = [sample for sample in frame.index for _ in measures]
    rows = ["\t".join(["Hybridization REF", *samples]), "\t".join(["gene_id", *list(measures) * len(frame)])]
    for label, gene in zip(labels(frame.columns), frame.columns, strict=True):
        cells = []
        for value in frame[gene]:
            cells += [f"{float(value) * by!r}" if by else "uc001aaa,uc002bbb" for by in scale]
        rows.append("\t".join([label, *cells]))
    return "\n".join(rows) + "\n"


def write_archive(path, members, links=()):
    with tarfile.open(path, "w:gz") as tar:
        for name, text in members.items():
            data = text if isinstance(text, bytes) else text.encode()
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
        for name, target, kind in links:
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, target
            tar.addfile(info)
    return path


def write_normalised(folder, frame, cohort=GDAC):
    base = f"{cohort}.Merge_{NORMALISED}.Level_3.2016012800.0.0"
    code = cohort.rsplit("_", 1)[1]
    members = {f"{base}/MANIFEST.txt": "abc file\n", f"{base}/{code}.{NORMALISED}.data.txt": rsem_text(frame)}
    return write_archive(folder / f"{base}.tar.gz", members)


def picked_text(patients, **rows):
    table = {"Hybridization REF": [patient.lower() for patient in patients]}
    table |= {"Composite Element REF": ["value"] * len(patients)} | rows
    return "\n".join("\t".join([name, *map(str, values)]) for name, values in table.items()) + "\n"


def write_picked(folder, patients, **rows):
    base = f"{GDAC}.Clinical_Pick_Tier1.Level_4.2016012800.0.0"
    members = {
        f"{base}/KIRC.clin.merged.picked.txt": picked_text(patients, **rows),
        f"{base}/All_CDEs.txt": "bcr_patient_barcode\t" + "\t".join(patients) + "\n",
    }
    return write_archive(folder / f"{base}.tar.gz", members)


def aliquots(n_patients, kind="01A"):
    return [f"TCGA-AA-{number:04d}-{kind}-11R-A123-07" for number in range(n_patients)]


def linear(n_patients=4, **more):
    return np.exp2(make_matrix(n_patients, patients=aliquots(n_patients), **more)).astype(np.float64).round(4)


VITAL = {
    "vital_status": ["1", "0", "0", "1"],
    "days_to_death": ["300", "NA", "NA", "NA"],
    "days_to_last_followup": ["NA", "900", "0", "NA"],
    "years_to_birth": ["50", "51", "52", "53"],
    "nothing": ["NA"] * 4,
}


@st.composite
def levels(draw):
    genes = draw(st.lists(st.sampled_from(GENES), min_size=2, max_size=8, unique=True))
    n_patients = draw(st.integers(1, 5))
    numbers = st.floats(0, 1e5, width=32).map(lambda number: round(number, 4))
    values = draw(hnp.arrays(np.float64, (n_patients, len(genes)), elements=numbers))
    values[:, 0] = 100.0
    return pd.DataFrame(values, index=aliquots(n_patients), columns=genes)


@settings(deadline=None, max_examples=15)
@given(frame=levels())
def test_what_is_written_is_read_back(tmp_path_factory, frame):
    folder = tmp_path_factory.mktemp("firehose")
    archive = write_normalised(folder, frame)
    text = folder / f"KIRC.{NORMALISED}.data.txt"
    text.write_text(rsem_text(frame))
    for source in (archive, text):
        raw = read_firehose(str(source))
        assert raw.labels == tuple(labels(frame.columns))
        np.testing.assert_array_equal(raw.values, frame.to_numpy(dtype=np.float32))
        cohort = read_cohort(source)
        assert cohort.name == "KIRC"
        np.testing.assert_allclose(cohort.expression[list(frame)], np.log2(frame + 1), rtol=1e-5, atol=1e-6)


def test_inspection(tmp_path):
    samples = [*aliquots(3), "TCGA-AA-0000-11A-11R-A123-07"]
    found = inspect_path(write_normalised(tmp_path, linear().set_axis(samples)))
    assert (found.layout, found.n_samples, found.n_patients, found.unit) == ("firehose", 4, 3, "linear")
    assert (found.identifier, found.unit_reason) == ("SYMBOL|ENTREZ", "stated by the layout")
    assert len(found.integrins) == 26
    assert any("column normalized_count (RSEM, upper-quartile normalised)" in note for note in found.notes)


def test_raw_rsem(tmp_path):
    frame = linear()
    text = rsem_text(frame, ("raw_count", "scaled_estimate", "transcript_id"), (10.0, 1e-6, 0))
    path = write_archive(tmp_path / f"{GDAC}.Merge_{RAW}.tar.gz", {f"a/KIRC.{RAW}.data.txt": text})
    raw = read_firehose(str(path))
    np.testing.assert_allclose(raw.values, frame, rtol=1e-5)
    assert raw.unit == "linear"
    notes = " | ".join(raw.notes)
    assert "scaled_estimate (RSEM scaled estimate x 1e6 = TPM)" in notes
    assert "columns not read: raw_count, transcript_id" in notes
    counts = read_firehose(str(path), measure="raw_count")
    assert counts.unit == "counts"
    np.testing.assert_allclose(counts.values, frame * 10, rtol=1e-5)
    with pytest.raises(InputError, match=r"no column 'tpm'; .* has raw_count, scaled_estimate, transcript_id"):
        read_cohort(path, measure="tpm")
    with pytest.raises(InputError, match="text where a number is needed: row"):
        read_cohort(path, measure="transcript_id")


def test_a_folder_of_several_archives(tmp_path):
    folder = tmp_path / "my TCGA"
    folder.mkdir()
    write_normalised(folder, linear())
    patients = [name[:12] for name in aliquots(4)]
    write_picked(folder, patients, **VITAL)
    found = inspect_path(folder)
    assert (found.layout, found.n_patients) == ("firehose", 4)
    notes = " | ".join(found.notes)
    for part in (
        "clinical table KIRC.clin.merged.picked.txt; not read: All_CDEs.txt",
        "1 variables without a value are left out",
        "1 patients are dead without days_to_death: TCGA-AA-0003",
        "TCGA-CDR on OS (Liu 2018, Table 3): KIRC recommended",
    ):
        assert part in notes
    cohort = read_cohort(folder, endpoint=OS)
    assert cohort.outcome.time_days.tolist() == [300, 900]
    assert {record.reason for record in cohort.dropped} == {
        "time 'OS.time' missing",
        "time 'OS.time' is zero (no follow-up)",
    }
    assert cohort.clinical["years_to_birth"].tolist() == [50, 51]
    write_normalised(folder, linear(), "gdac.broadinstitute.org_KIRC-FFPE")
    with pytest.raises(InputError, match=r"several matrices: .*KIRC-FFPE.*which one is meant is not guessed"):
        read_cohort(folder)


def test_several_matrices_in_one_archive(tmp_path):
    frame = make_matrix(4, patients=aliquots(4))
    rows = frame.T.set_axis(labels(frame.columns))
    text = rows.to_csv(sep="\t", index_label="gene")
    names = ["mRNAseq_RSEM_Z_Score", "mRNAseq_RSEM_normalized_log2", "mRNAseq_RPKM_log2"]
    members = {f"p/KIRC.uncv2.{name}.txt": text for name in names}
    path = write_archive(tmp_path / f"{GDAC}.mRNAseq_Preprocess.Level_3.tar.gz", members)
    raw = read_firehose(str(path))
    assert raw.unit == "log2"
    np.testing.assert_allclose(raw.values, frame, rtol=1e-6)
    assert read_firehose(str(path), measure="Z_Score").unit == "z-score"


def test_merge_clinical_takes_the_last_follow_up(tmp_path):
    patients = ["tcga-aa-0000", "tcga-aa-0001", "tcga-aa-0002"]
    rows = {
        "admin.disease_code": ["kirc"] * 3,
        "patient.bcr_patient_barcode": patients,
        "patient.vital_status": ["alive", "alive", "alive"],
        "patient.days_to_last_followup": ["10", "20", "30"],
        "patient.days_to_death": ["NA", "NA", "NA"],
        "patient.follow_ups.follow_up.vital_status": ["alive", "dead", "NA"],
        "patient.follow_ups.follow_up.days_to_last_followup": ["400", "NA", "NA"],
        "patient.follow_ups.follow_up-2.days_to_death": ["NA", "77", "NA"],
        "patient.gender": ["male", "female", "male"],
    }
    text = "\n".join("\t".join([name, *values]) for name, values in rows.items()) + "\n"
    base = f"{GDAC}.Merge_Clinical.Level_1"
    name = f"{base}/KIRC.merged_only_clinical_clin_format.txt"
    path = write_archive(tmp_path / f"{base}.tar.gz", {name: text, f"{base}/KIRC.clin.merged.txt": text})
    found = inspect_path(path)
    assert (found.layout, found.n_patients) == ("firehose-clinical", 3)
    table = read_firehose_clinical(str(path)).table
    assert table["bcr_patient_barcode"].tolist() == [patient.upper() for patient in patients]
    assert table["OS"].tolist() == [0, 1, 0]
    assert table["OS.time"].tolist() == [400, 77, 30]
    expression = write_normalised(tmp_path, linear(3))
    assert read_cohort(expression, clinical=path, endpoint=OS).outcome.time_days.tolist() == [400, 77, 30]
    with pytest.raises(InputError, match="a clinical table of the Broad Firehose; it holds no expression: give it as"):
        read_cohort(path)


def test_a_picked_table_out_of_its_archive(tmp_path):
    path = tmp_path / "KIRC.clin.merged.picked.txt"
    path.write_text(picked_text([name[:12] for name in aliquots(4)], **VITAL))
    found = inspect_path(path)
    assert (found.layout, found.n_patients) == ("firehose-clinical", 4)
    assert [str(pair) for pair in found.endpoints] == ["OS with OS.time (days): 1 events in 2 patients"]
    path.write_text("admin.bcr\ta\tb\npatient.gender\tmale\tfemale\n")
    with pytest.raises(InputError, match="has none of the rows Hybridization REF"):
        inspect_path(path)


def test_micrornas_are_refused(tmp_path):
    frame = pd.DataFrame(1.0, index=aliquots(2), columns=["a", "b"])
    text = rsem_text(frame.set_axis(INTEGRINS[:2], axis=1), ("read_count", "cross-mapped"), (1.0, 0))
    for at, gene in enumerate(INTEGRINS[:2]):
        text = text.replace(f"{gene}|{ENTREZ[gene]}", f"hsa-let-7{at}")
    name = "KIRC.mirnaseq__illuminahiseq_mirnaseq__bcgsc_ca__Level_3__miR_gene_expression__data.data.txt"
    path = write_archive(tmp_path / f"{GDAC}.Merge_mirnaseq.tar.gz", {f"a/{name}": text})
    with pytest.raises(InputError, match=r"the rows are microRNAs \(hsa-let-70, hsa-let-71\), not genes"):
        inspect_path(path)


@pytest.mark.parametrize(
    ("name", "link", "message"),
    [
        ("../outside.txt", None, r"'?\.\./outside.txt'? points outside"),
        ("/etc/passwd", None, "points outside the archive"),
        ("C:\\windows\\x.txt", None, "points outside the archive"),
        ("a/link.txt", ("../../secret", tarfile.SYMTYPE), "is a link or device"),
        ("a/hard.txt", ("other", tarfile.LNKTYPE), "is a link or device"),
        ("a/device", ("", tarfile.CHRTYPE), "is a link or device"),
    ],
)
def test_unsafe_members_are_refused(tmp_path, name, link, message):
    good = {f"a/KIRC.{NORMALISED}.data.txt": rsem_text(linear())}
    members = good if link else good | {name: "x"}
    path = write_archive(tmp_path / f"{GDAC}.tar.gz", members, [(name, *link)] if link else [])
    with pytest.raises(InputError, match=message):
        read_cohort(path)


def test_sizes_are_bounded(tmp_path):
    packed = gzip.compress(b"0" * 5_000_000)
    path = write_archive(tmp_path / "a.tar.gz", {"a/big.txt": b"0" * 5_000_000, "a/packed.txt.gz": packed})
    with pytest.raises(InputError, match="unpacks to 5,000,000 bytes, more than the 1,000,000"):
        read_members(str(path), lambda name: True, largest=1_000_000)
    only = write_archive(tmp_path / "b.tar.gz", {"a/packed.txt.gz": packed})
    member = read_members(str(only), lambda name: True, largest=1_000_000)[0]
    with pytest.raises(InputError, match="unpacks to more than 1,000,000 bytes"):
        member.load()


@pytest.mark.parametrize("cut", [40, 400, 4000])
def test_archives_that_are_cut_off(tmp_path, cut):
    path = write_normalised(tmp_path, linear(40))
    path.write_bytes(path.read_bytes()[:-cut])
    with pytest.raises(InputError, match=r"damaged or cut off|cut off inside"):
        read_firehose(str(path))


def test_damaged_tables(tmp_path):
    path = tmp_path / "KIRC.rnaseqv2__data.data.txt"
    text = rsem_text(linear())
    lines = text.split("\n")
    for broken, message in (
        (text[: len(text) // 2].rsplit("\t", 1)[0], "the header has 5 fields, but line"),
        (
            text.replace(lines[5].split("\t")[2], "x1", 1),
            r"text where a number is needed: row .*, column 'TCGA-AA-0001",
        ),
        ("\n".join(lines[:2]) + "\n", "a header without a single row below it"),
    ):
        path.write_text(broken)
        with pytest.raises(InputError, match=message):
            read_cohort(path)
    path.write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    np.testing.assert_allclose(read_firehose(str(path)).values, linear(), rtol=1e-6)


def test_general_tables_are_left_alone(tmp_path):
    assert inspect_path(write_matrix(tmp_path / "KIRC.tsv", make_matrix(4, patients=aliquots(4)).T)).layout == "table"


@pytest.mark.data
@pytest.mark.skipif(not FOLDER, reason="ITGSTRAT_DATA is not set: the public files are not at hand")
class TestRealFiles:
    @pytest.mark.parametrize("kind", ["Clinical_Pick_Tier1", "Merge_Clinical"])
    def test_clinical(self, kind):
        folder = Path(FOLDER) / "layouts" / "firehose"
        path = next(folder.glob(f"*{kind}*"))
        found = inspect_path(path)
        assert (found.layout, found.n_patients) == ("firehose-clinical", 537)
        # Liu 2018, Table 3: 177 deaths and 360 censored among the 537 patients of KIRC
        assert [str(pair) for pair in found.endpoints] == ["OS with OS.time (days): 177 events in 535 patients"]
        assert any("KIRC recommended" in note for note in found.notes)

    def test_joined_to_expression(self):
        folder = Path(FOLDER)
        path = next((folder / "layouts" / "firehose").glob("*Clinical_Pick_Tier1*"))
        source = folder / "cohorts" / "tcga-agilent-kirc" / "expression.parquet"
        cohort = read_cohort(source, clinical=path, endpoint=OS)
        assert (cohort.outcome.n_events, len(cohort)) == (15, 72)

    def test_micrornas(self):
        folder = Path(FOLDER) / "layouts" / "firehose"
        for source in (folder, next(folder.glob("*mirnaseq*"))):
            with pytest.raises(InputError, match="the rows are microRNAs"):
                inspect_path(source)
