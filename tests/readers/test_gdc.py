import gzip
import io
import json
import os
import tarfile
import uuid
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
from itgstrat.readers.gdc import read_gdc
from itgstrat.readers.gdc_clinical import read_gdc_clinical

from .builders import GENES, INTEGRINS, make_matrix, write_tsv

FOLDER = os.environ.get("ITGSTRAT_DATA")
OS = Endpoint("OS", "OS.time")
ENSEMBL = {symbol: identifier for identifier, symbol in load_hgnc().ensembl.items()}
COUNTED = ["N_unmapped", "N_multimapping", "N_noFeature", "N_ambiguous"]


def file_id(number):
    return str(uuid.UUID(int=number + 1))


def star_text(levels, model="GENCODE v36"):
    rows = [f"# gene-model: {model}"] if model else []
    rows.append("gene_id\tgene_name\tgene_type\tunstranded\tstranded_first\tstranded_second\ttpm_unstranded")
    rows[-1] += "\tfpkm_unstranded\tfpkm_uq_unstranded"
    rows += [f"{name}\t\t\t99\t98\t97\t\t\t" for name in COUNTED]
    for gene, level in levels.items():
        count = round(float(level) * 10)
        rows.append(f"{ENSEMBL[gene]}.4\t{gene}\tprotein_coding\t{count}\t1\t2\t{level!r}\t{level / 2!r}\t0.5")
    return "\n".join(rows) + "\n"


def htseq_text(levels):
    rows = [f"{ENSEMBL[gene]}.4\t{round(float(level))}" for gene, level in levels.items()]
    return "\n".join([*rows, "__no_feature\t5", "__ambiguous\t6", "__not_aligned\t0"]) + "\n"


def write_star(folder, frame, packed=False, text=star_text, ending="rna_seq.augmented_star_gene_counts.tsv"):
    """One folder a file, named by the id of the file, as the GDC hands them out."""
    for at, (_, levels) in enumerate(frame.iterrows()):
        place = folder / file_id(at)
        place.mkdir(parents=True, exist_ok=True)
        content = text({gene: float(level) for gene, level in levels.items()}).encode()
        name = f"{uuid.UUID(int=at + 500)}.{ending}"
        (place / (name + ".gz" if packed else name)).write_bytes(gzip.compress(content) if packed else content)
    return folder


def sheet(samples, types=None, **columns):
    n = len(samples)
    table = {
        "File ID": [file_id(at) for at in range(n)],
        "File Name": [f"{uuid.UUID(int=at + 500)}.rna_seq.augmented_star_gene_counts.tsv" for at in range(n)],
        "Data Category": "Transcriptome Profiling",
        "Data Type": "Gene Expression Quantification",
        "Project ID": "TCGA-BRCA",
        "Case ID": [sample[:12] for sample in samples],
        "Sample ID": list(samples),
    }
    return pd.DataFrame(table | ({"Sample Type": types} if types else {}) | columns)


def linear(n_patients=3, genes=INTEGRINS, **more):
    return np.exp2(make_matrix(n_patients, genes=genes, **more)).astype(np.float64).round(4)


SAMPLES = ["TCGA-AA-0000-01A", "TCGA-AA-0001-01A", "TCGA-AA-0001-11A"]


@st.composite
def levels(draw):
    genes = draw(st.lists(st.sampled_from(GENES), min_size=2, max_size=8, unique=True))
    n_patients = draw(st.integers(1, 5))
    numbers = st.floats(0, 1e5, width=32).map(lambda number: round(number, 4))
    values = draw(hnp.arrays(np.float64, (n_patients, len(genes)), elements=numbers))
    values[:, 0] = 100.0
    return pd.DataFrame(values, index=[f"TCGA-AA-{at:04d}" for at in range(n_patients)], columns=genes)


@settings(deadline=None, max_examples=15)
@given(frame=levels(), packed=st.booleans())
def test_what_is_written_is_read_back(tmp_path_factory, frame, packed):
    folder = write_star(tmp_path_factory.mktemp("gdc"), frame, packed)
    write_tsv(folder / "gdc_sample_sheet.2025-01-01.tsv", sheet([f"{name}-01A" for name in frame.index]))
    raw = read_gdc(str(folder))
    assert raw.labels == tuple(f"{ENSEMBL[gene]}.4" for gene in frame)
    np.testing.assert_array_equal(raw.values, frame.to_numpy(dtype=np.float32))
    cohort = read_cohort(folder)
    assert list(cohort.patients) == list(frame.index)
    np.testing.assert_allclose(cohort.expression[list(frame)], np.log2(frame + 1), rtol=1e-5, atol=1e-6)


def test_columns_and_units(tmp_path):
    frame = linear()
    write_star(tmp_path, frame)
    write_tsv(tmp_path / "gdc_sample_sheet.tsv", sheet(SAMPLES))
    found = inspect_path(tmp_path)
    assert (found.layout, found.n_samples, found.n_patients, found.unit) == ("gdc", 3, 2, "linear")
    assert found.unit_reason == "stated by the layout"
    assert found.identifier == "Ensembl gene"
    assert "STAR - Counts, GENCODE v36: column tpm_unstranded, 3 files" in found.notes
    counts = read_gdc(str(tmp_path), measure="unstranded")
    assert counts.unit == "counts"
    np.testing.assert_array_equal(counts.values, (frame.to_numpy() * 10).round())
    cpm = read_cohort(tmp_path, measure="unstranded").expression
    assert np.exp2(cpm).sub(1).sum(axis=1).tolist() == pytest.approx([1e6, 1e6], rel=1e-4)
    with pytest.raises(InputError, match="has no measure 'tpm'; use one of tpm_unstranded, fpkm_unstranded"):
        read_cohort(tmp_path, measure="tpm")


def test_normals_and_repeats_are_dropped_and_counted(tmp_path):
    write_star(tmp_path, linear(5))
    samples = [*SAMPLES, "TCGA-AA-0000-01A", "TCGA-AA-0001-01B"]
    write_tsv(tmp_path / "gdc_sample_sheet.tsv", sheet(samples))
    cohort = read_cohort(tmp_path)
    assert list(cohort.patients) == ["TCGA-AA-0000", "TCGA-AA-0001"]
    assert [(record.reason, record.names, record.cohort) for record in cohort.dropped] == [
        ("another file of the same sample stays", (f"TCGA-AA-0000-01A ({file_id(3)})",), tmp_path.name),
        ("another primary sample of the same patient stays", ("TCGA-AA-0001-01B",), tmp_path.name),
        ("normal tissue, not a primary sample", ("TCGA-AA-0001-11A",), tmp_path.name),
    ]


def test_files_that_the_sheet_does_not_list(tmp_path):
    write_star(tmp_path, linear(3))
    write_tsv(tmp_path / "gdc_sample_sheet.tsv", sheet(SAMPLES[:2]))
    cohort = read_cohort(tmp_path)
    assert len(cohort) == 2
    assert cohort.dropped[0].names == (file_id(2),)
    assert "not in the sample sheet gdc_sample_sheet.tsv" in cohort.dropped[0].reason


def test_sheet_of_2024_of_another_programme(tmp_path):
    """No barcodes that say the tissue: three columns say it, and the fixed sample gives way to the frozen one."""
    write_star(tmp_path, linear(5))
    table = sheet(["C3L-1-01", "C3L-1-06", "C3L-2-01", "C3L-2-02", "C3L-1-03"])
    table["Case ID"] = ["C3L-1", "C3L-1", "C3L-2", "C3L-2", "C3L-1"]
    table["Tissue Type"] = ["Tumor", "Normal", "Tumor", "Tumor", "Tumor"]
    table["Tumor Descriptor"] = ["Primary", "Not Applicable", "Primary", "Primary", "Metastatic"]
    table["Specimen Type"] = "Solid Tissue"
    table["Preservation Method"] = ["Frozen", "Frozen", "FFPE", "Frozen", "Frozen"]
    write_tsv(tmp_path / "gdc_sample_sheet.2024-12-01.tsv", table)
    cohort = read_cohort(tmp_path)
    assert list(cohort.patients) == ["C3L-1", "C3L-2"]
    reasons = {name: record.reason for record in cohort.dropped for name in record.names}
    assert reasons["C3L-2-01"].startswith("formalin-fixed (FFPE)")
    assert "Solid Tissue Normal" in reasons["C3L-1-06"]
    assert "Metastatic" in reasons["C3L-1-03"]
    assert list(read_cohort(tmp_path, samples="normal").patients) == ["C3L-1"]


def test_blood_cancers_are_primary(tmp_path):
    write_star(tmp_path, linear(1))
    kind = ["Primary Blood Derived Cancer - Bone Marrow"]
    write_tsv(tmp_path / "gdc_sample_sheet.tsv", sheet(["BA2000R"], kind).assign(**{"Case ID": ["2000"]}))
    assert list(read_cohort(tmp_path).patients) == ["2000"]


@pytest.mark.parametrize("text", [None, "id\tfilename\tmd5\tsize\tstate\n"])
def test_without_a_sheet_samples_are_file_ids(tmp_path, text):
    write_star(tmp_path, linear(2))
    if text:
        rows = [f"{file_id(at)}\t{uuid.UUID(int=at + 500)}.x.tsv\ta\t1\treleased" for at in range(2)]
        (tmp_path / "gdc_manifest.2025.txt").write_text(text + "\n".join(rows) + "\n")
    found = inspect_path(tmp_path)
    assert found.n_patients == 2
    assert any("samples are named by file id" in note and "download the sample sheet" in note for note in found.notes)
    assert list(read_cohort(tmp_path).patients) == [file_id(0), file_id(1)]


def test_metadata_json(tmp_path):
    write_star(tmp_path, linear(2))
    entries = [
        {
            "file_id": file_id(at),
            "file_name": f"{uuid.UUID(int=at + 500)}.rna_seq.augmented_star_gene_counts.tsv",
            "associated_entities": [{"entity_submitter_id": f"TCGA-AA-000{at}-01A-11R-A123-07", "case_id": "c"}],
        }
        for at in range(2)
    ]
    (tmp_path / "metadata.cart.2025-01-01.json").write_text(json.dumps(entries))
    assert list(read_cohort(tmp_path).patients) == ["TCGA-AA-0000", "TCGA-AA-0001"]
    (tmp_path / "metadata.cart.2025-01-01.json").write_text("{")
    with pytest.raises(InputError, match=r"metadata\.cart\..*json: damaged JSON"):
        read_cohort(tmp_path)


def test_cases_without_samples_and_two_files_are_not_guessed(tmp_path):
    write_star(tmp_path, linear(2), text=htseq_text, ending="htseq.counts")
    names = [f"{uuid.UUID(int=at + 500)}.htseq.counts" for at in range(2)]
    entries = [{"file_name": name, "cases": [{"case_id": "one"}]} for name in names]
    (tmp_path / "files.2018-11-14.json").write_text(json.dumps(entries))
    clinical = {"case_id": ["one"], "submitter_id": ["TCGA-AA-0000"], "project_id": ["TCGA-BRCA"]}
    write_tsv(tmp_path / "clinical.tsv", pd.DataFrame(clinical | {"vital_status": ["alive"]}))
    with pytest.raises(InputError, match=r"several files of one case, and no table says which is tumour: TCGA-AA-0000"):
        read_cohort(tmp_path)


def test_mixed_workflows_and_gene_models_are_named(tmp_path):
    write_star(tmp_path / "a", linear(2))
    write_star(tmp_path / "b", linear(1), text=htseq_text, ending="htseq.counts")
    with pytest.raises(InputError, match=r"2 workflows are mixed \(HTSeq - Counts: 1 files, STAR - Counts: 2 files\)"):
        read_cohort(tmp_path)
    frame = linear(1)
    write_star(tmp_path / "c", frame)
    older = tmp_path / "c" / file_id(9) / "old.rna_seq.augmented_star_gene_counts.tsv"
    older.parent.mkdir()
    older.write_text(star_text(frame.iloc[0].to_dict(), "GENCODE v22"))
    with pytest.raises(InputError, match=r"two gene models are mixed .*GENCODE v36.*GENCODE v22"):
        read_cohort(tmp_path / "c")
    older.write_text(star_text(frame.iloc[0, :-3].to_dict()))
    with pytest.raises(InputError, match=r"has other genes than .*\(23 against 26"):
        read_cohort(tmp_path / "c")


def test_htseq_and_one_file(tmp_path):
    frame = linear(2) * 100
    write_star(tmp_path, frame, packed=True, text=htseq_text, ending="htseq.counts")
    raw = read_gdc(str(tmp_path))
    assert raw.unit == "counts"
    np.testing.assert_array_equal(raw.values, frame.to_numpy().round())
    one = next((tmp_path / file_id(1)).iterdir())
    found = inspect_path(one)
    assert (found.layout, found.n_samples, found.n_labels) == ("gdc", 1, 26)
    assert read_cohort(one).patients.tolist() == [file_id(1)]


def pack(folder, archive, mode="w:gz"):
    with tarfile.open(archive, mode) as tar:
        for file in sorted(path for path in folder.rglob("*") if path.is_file()):
            tar.add(file, file.relative_to(folder).as_posix())
    return archive


def test_the_archive_of_the_cart(tmp_path):
    folder = write_star(tmp_path / "cart", linear(3), packed=True)
    write_tsv(folder / "gdc_sample_sheet.tsv", sheet(SAMPLES))
    archive = pack(folder, tmp_path / "gdc_download_20250101.tar.gz")
    assert inspect_path(archive).layout == "gdc"
    pd.testing.assert_frame_equal(read_cohort(archive).expression, read_cohort(folder).expression)
    archive.write_bytes(archive.read_bytes()[:-200])
    with pytest.raises(InputError, match="damaged or cut off"):
        read_gdc(str(archive))


def clinical_2020():
    missing = "'--"
    rows = [
        ("c1", "TCGA-AA-0000", "Dead", "300", missing, "yes", "Stage I"),
        ("c1", "TCGA-AA-0000", "Dead", "300", missing, "no", "Stage I"),
        ("c2", "TCGA-AA-0001", "Alive", missing, "900", "yes", "Stage II"),
        ("c2", "TCGA-AA-0001", "Alive", missing, "950", "no", "Stage III"),
        ("c3", "TCGA-AA-0002", "Not Reported", missing, missing, missing, missing),
    ]
    names = ["case_id", "case_submitter_id", "vital_status", "days_to_death", "days_to_last_follow_up"]
    table = pd.DataFrame(rows, columns=[*names, "treatment_or_therapy", "ajcc_pathologic_stage"])
    return table.assign(project_id="TCGA-BRCA", year_of_death=missing)


def test_clinical_table_of_2020(tmp_path):
    path = write_tsv(tmp_path / "clinical.tsv", clinical_2020())
    found = read_gdc_clinical(str(path))
    table = found.table.set_index("case_submitter_id")
    assert table["OS.time"].tolist()[:2] == [300, 950]
    assert table["OS"].tolist()[:2] == [1, 0]
    assert table.loc["TCGA-AA-0002", ["OS", "OS.time"]].isna().all()
    assert table["ajcc_pathologic_stage"].tolist()[0] == "Stage I"
    assert pd.isna(table.loc["TCGA-AA-0001", "ajcc_pathologic_stage"])
    notes = " | ".join(found.notes)
    for part in (
        "1 columns without a value are left out",
        "1 columns of treatments (several rows a patient) are left out",
        "1 columns differ between the rows of some patients and are missing there: ajcc_pathologic_stage",
        "event = vital_status dead; OS.time = days_to_death of the dead, days_to_last_follow_up of the living",
        "1 patients are of unknown vital status: TCGA-AA-0002",
    ):
        assert part in notes
    seen = inspect_path(path)
    assert (seen.layout, seen.n_patients) == ("gdc-clinical", 3)
    assert [str(pair) for pair in seen.endpoints] == ["OS with OS.time (days): 1 events in 2 patients"]
    assert any("TCGA-CDR on OS (Liu 2018, Table 3): BRCA use with caution" in note for note in seen.notes)
    with pytest.raises(InputError, match="a clinical table of the GDC; it holds no expression"):
        read_cohort(path)


def clinical_2025():
    missing = "'--"
    table = pd.DataFrame(
        {
            "project.project_id": "TCGA-BRCA",
            "cases.case_id": ["c1", "c1", "c2", "c3"],
            "cases.submitter_id": ["TCGA-AA-0000", "TCGA-AA-0000", "TCGA-AA-0001", "TCGA-AA-0002"],
            "demographic.vital_status": ["Dead", "Dead", "Alive", "Alive"],
            "demographic.days_to_death": ["300", "300", missing, missing],
            "diagnoses.days_to_last_follow_up": [missing, missing, "-3", missing],
            "diagnoses.diagnosis_is_primary_disease": ["false", "true", "true", "true"],
            "diagnoses.ajcc_pathologic_stage": ["Stage IV", "Stage I", "Stage II", missing],
            "treatments.treatment_type": ["Surgery", "Surgery", "Surgery", "Surgery"],
        }
    )
    visits = {"cases.submitter_id": ["TCGA-AA-0002", "TCGA-AA-0002"], "follow_ups.days_to_follow_up": ["40", "70"]}
    return table, pd.DataFrame(visits)


def test_clinical_table_of_2025_in_every_wrapping(tmp_path):
    table, visits = clinical_2025()
    folder = tmp_path / "clinical.cart.2025-01-01"
    folder.mkdir()
    path = write_tsv(folder / "clinical.tsv", table)
    write_tsv(folder / "follow_up.tsv", visits)
    write_tsv(folder / "exposure.tsv", visits)
    archive = pack(folder, tmp_path / "clinical.cart.2025-01-01.tar.gz")
    for source in (path, folder, archive):
        assert inspect_path(source).layout == "gdc-clinical"
        found = read_gdc_clinical(str(source))
        rows = found.table.set_index("cases.submitter_id")
        assert rows["diagnoses.ajcc_pathologic_stage"].tolist()[:2] == ["Stage I", "Stage II"]
        assert rows["OS.time"].tolist()[::2] == [300, 70]
        assert pd.isna(rows.loc["TCGA-AA-0001", "OS.time"])
        notes = " | ".join(found.notes)
        assert "1 patients without diagnoses.days_to_last_follow_up: last day of follow_ups.days_to_follow_up" in notes
        assert "1 patients have a negative time: TCGA-AA-0001" in notes
    expression = write_star(tmp_path / "files", linear(3))
    samples = [f"TCGA-AA-{at:04d}-01A" for at in range(3)]
    write_tsv(expression / "gdc_sample_sheet.tsv", sheet(samples))
    for source in (path, folder, archive):
        cohort = read_cohort(expression, clinical=source, endpoint=OS)
        assert cohort.outcome.time_days.tolist() == [300, 70]
        assert any(record.names == ("TCGA-AA-0001",) for record in cohort.dropped)
    write_tsv(expression / "clinical.tsv", table)
    assert read_cohort(expression, endpoint=OS).outcome.n_events == 1


def test_clinical_table_saved_as_csv(tmp_path):
    path = tmp_path / "clinical.csv"
    clinical_2020().assign(site="Breast, NOS").to_csv(path, index=False)
    assert inspect_path(path).layout == "gdc-clinical"
    assert read_gdc_clinical(str(path)).table["OS.time"].tolist()[:2] == [300, 950]


def test_lists_of_files_alone(tmp_path):
    path = write_tsv(tmp_path / "gdc_sample_sheet.2025.tsv", sheet(SAMPLES))
    found = inspect_path(path)
    assert (found.layout, found.n_samples, found.n_patients) == ("gdc-files", 3, 2)
    assert "lists 3 files: 3 of STAR - Counts" in found.notes
    with pytest.raises(InputError, match="a sample sheet of the GDC; it holds no expression: put it into the folder"):
        read_cohort(path)


def test_contradicting_sheets_are_refused(tmp_path):
    write_star(tmp_path, linear(2))
    write_tsv(tmp_path / "gdc_sample_sheet.1.tsv", sheet(SAMPLES[:2]))
    write_tsv(tmp_path / "gdc_sample_sheet.2.tsv", sheet(SAMPLES[1:]))
    with pytest.raises(InputError, match="sample sheets contradict each other"):
        read_cohort(tmp_path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"gene_id\tgene_name\n" + b"ENSG00000138448.4\tX\n", "no column tpm_unstranded among gene_id, gene_name"),
        (b"# gene-model: GENCODE v36\n", "no column gene_id, tpm_unstranded among none"),
        (star_text({"ITGB6": 1.5}).replace("1.5", "x").encode(), "no number in the rows ENSG00000115221.4"),
        (b"PK\x03\x04 this is a zip", "an Excel workbook or a zip archive"),
        (gzip.compress(star_text({"ITGB6": 1.5}).encode() * 99)[:-30], "cut off"),
    ],
)
def test_damaged_files(tmp_path, content, message):
    place = tmp_path / "a folder with spaces" / file_id(0)
    place.mkdir(parents=True)
    (place / "x.rna_seq.augmented_star_gene_counts.tsv").write_bytes(content)
    with pytest.raises(InputError, match=message):
        read_cohort(tmp_path / "a folder with spaces")


def test_windows_ends_marks_and_loops(tmp_path):
    frame = linear(2)
    write_star(tmp_path, frame)
    for file in tmp_path.rglob("*.tsv"):
        file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes().replace(b"\n", b"\r\n"))
    text = io.BytesIO()
    sheet(SAMPLES[:2]).to_csv(text, sep="\t", index=False, lineterminator="\r\n")
    (tmp_path / "gdc_sample_sheet.tsv").write_bytes(b"\xef\xbb\xbf" + text.getvalue())
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / file_id(0) / "up").symlink_to(tmp_path)
    cohort = read_cohort(tmp_path)
    assert list(cohort.patients) == ["TCGA-AA-0000", "TCGA-AA-0001"]
    np.testing.assert_allclose(cohort.expression, np.log2(frame + 1), rtol=1e-5)


def test_no_count_file(tmp_path):
    with pytest.raises(InputError, match="no STAR or HTSeq count file of the GDC in it"):
        read_cohort(tmp_path, layout="gdc")


@pytest.mark.data
@pytest.mark.skipif(not FOLDER, reason="ITGSTRAT_DATA is not set: the public files are not at hand")
class TestRealFiles:
    def test_star(self):
        folder = Path(FOLDER) / "layouts" / "gdc_star"
        found = inspect_path(folder)
        assert (found.layout, found.n_samples, found.n_labels, found.unit) == ("gdc", 1, 60660, "linear")
        assert len(found.integrins) == 26
        assert any("does not list them" in note for note in found.notes)
        raw = read_gdc(str(folder))
        assert raw.values.sum() == pytest.approx(1e6, rel=1e-3)
        assert "GENCODE v36" in raw.notes[0]
        assert inspect_path(folder / "gdc_sample_sheet.tsv").layout == "gdc-files"

    def test_htseq_with_json_and_clinical_table(self):
        folder = Path(FOLDER) / "layouts" / "gdc_htseq"
        cohort = read_cohort(folder)
        assert list(cohort.patients) == ["TCGA-A8-A085", "TCGA-AO-A1KQ", "TCGA-D8-A1XS"]
        assert cohort.clinical["OS.time"].notna().all()
        assert "tissue is not known" in " ".join(inspect_path(folder).notes)
        assert len(inspect_path(folder).integrins) == 26
        for name, layout in (
            ("clinical.tsv", "gdc-clinical"),
            ("files.2018-11-14.json", "gdc-files"),
            ("gdc_manifest.2018-11-14.txt", "gdc-files"),
        ):
            assert inspect_path(folder / name).layout == layout
