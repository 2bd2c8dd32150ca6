"""Study folders of cBioPortal, made here: profiles, clinical tables, panels, case lists, archives."""

import io
import os
import tarfile
from pathlib import Path

import numpy as np
import pytest

from itgstrat.errors import InputError
from itgstrat.outcome import Endpoint
from itgstrat.readers import detect_layout, inspect_path, read_cohort
from itgstrat.readers.alterations import align_alterations
from itgstrat.readers.beside import read_alterations
from itgstrat.readers.cbioportal import read_study
from itgstrat.readers.endpoints import find_endpoints

from .builders import INTEGRINS, make_matrix

FOLDER = os.environ.get("ITGSTRAT_DATA")
SAMPLES = ["P1-S1", "P1-S2", "P2-S1", "P3-S1", "P4-S1"]


def write_meta(folder, name, /, **fields):
    lines = [f"{key}: {value}\n" for key, value in ({"cancer_study_identifier": "ours_2020"} | fields).items()]
    (folder / f"meta_{name}.txt").write_text("".join(lines))


def write_rows(path, rows, head=()):
    path.write_text("".join("\t".join(map(str, row)) + "\n" for row in [*head, *rows]))


def write_expression(folder, name, frame, stable_id, datatype="CONTINUOUS", **fields):
    file = f"data_{name}.txt"
    write_rows(
        folder / file,
        [["Hugo_Symbol", "Entrez_Gene_Id", *frame.index], *([g, "", *frame[g]] for g in frame)],
    )
    kind = {"genetic_alteration_type": "MRNA_EXPRESSION", "datatype": datatype, "stable_id": stable_id}
    write_meta(folder, name, **kind, profile_name=name, data_filename=file, **fields)


def write_clinical(folder, four_lines=True):
    head = [["#Patient", "#a"], ["#Patient", "#b"], ["#STRING", "STRING"], ["#1", "1"]]

    def widen(row, width):
        return [*row, *["x"] * (width - len(row))]

    patients = [["PATIENT_ID", "OS_STATUS", "OS_MONTHS", "AGE"]]
    patients += [["P1", "1:DECEASED", "10.5", 50], ["P2", "0:LIVING", "20", 60], ["P3", "1:DECEASED", 30, "NA"]]
    samples = [["PATIENT_ID", "SAMPLE_ID", "SAMPLE_TYPE"]]
    kinds = ["Metastasis", "Primary", "Primary", "Primary", "Primary"]
    samples += [[sample[:2], sample, kind] for sample, kind in zip(SAMPLES, kinds, strict=True)]
    for name, datatype, rows in (("patient", "PATIENT", patients), ("sample", "SAMPLE", samples)):
        above = [widen(row, len(rows[0])) for row in head] if four_lines else []
        write_rows(folder / f"data_clinical_{name}.txt", rows, above)
        kind = {"genetic_alteration_type": "CLINICAL", "datatype": f"{datatype}_ATTRIBUTES"}
        write_meta(folder, f"clinical_{name}", **kind, data_filename=f"data_clinical_{name}.txt")


def write_alterations(folder):
    rows = [["Hugo_Symbol", "Variant_Classification", "Tumor_Sample_Barcode", "HGVSp_Short"]]
    rows += [["KRAS", "Missense_Mutation", "P1-S2", "p.G12D"], ["TP53", "Silent", "P2-S1", "p.R213="]]
    write_rows(folder / "data_mutations.txt", rows, [["#version 2.4"]])
    kind = {"genetic_alteration_type": "MUTATION_EXTENDED", "datatype": "MAF", "stable_id": "mutations"}
    write_meta(folder, "mutations", **kind, data_filename="data_mutations.txt")
    rows = [["Hugo_Symbol", "Entrez_Gene_Id", *SAMPLES[:3]], ["ERBB2", 2064, 0, 2, "NA"], ["PTEN", 5728, 0, -2, 0]]
    write_rows(folder / "data_cna.txt", rows)
    kind = {"genetic_alteration_type": "COPY_NUMBER_ALTERATION", "datatype": "DISCRETE", "stable_id": "gistic"}
    write_meta(folder, "cna", **kind, data_filename="data_cna.txt")


def write_case_list(folder, name, samples):
    (folder / "case_lists").mkdir(exist_ok=True)
    text = f"cancer_study_identifier: ours_2020\nstable_id: ours_2020_{name}\ncase_list_ids: " + "\t".join(samples)
    (folder / "case_lists" / f"cases_{name}.txt").write_text(text + "\n")


def write_study(folder, four_lines=True):
    folder.mkdir(exist_ok=True)
    write_meta(folder, "study", type_of_cancer="brca", name="Ours")
    frame = make_matrix(patients=SAMPLES)
    write_expression(folder, "mrna_seq_v2_rsem", np.exp2(frame), "rna_seq_v2_mrna")
    write_expression(folder, "mrna_zscores", frame - 7, "rna_seq_v2_mrna_median_Zscores", "Z-SCORE")
    write_clinical(folder, four_lines)
    write_alterations(folder)
    write_case_list(folder, "sequenced", SAMPLES[:4])
    return folder


@pytest.fixture
def study(tmp_path):
    return write_study(tmp_path / "a study")


@pytest.mark.parametrize("four_lines", [True, False])
def test_a_whole_study(tmp_path, four_lines):
    folder = write_study(tmp_path / "a study", four_lines)
    assert detect_layout(folder) == "cbioportal"
    cohort = read_cohort(folder, endpoint=Endpoint("OS_STATUS", "OS_MONTHS", "months"))
    assert (cohort.name, cohort.unit, cohort.shape) == ("ours_2020", "log2", (3, len(INTEGRINS)))
    assert list(cohort.patients) == ["P1", "P2", "P3"]
    frame = make_matrix(patients=SAMPLES).loc[["P1-S2", "P2-S1", "P3-S1"]]
    np.testing.assert_allclose(cohort.expression, np.log2(np.exp2(frame) + 1), rtol=1e-4)
    assert cohort.outcome.event.tolist() == [True, False, True]
    assert cohort.outcome.time_days[1] == pytest.approx(20 * 30.4375, rel=0.01)
    assert cohort.clinical["AGE"].tolist() == pytest.approx([50, 60, np.nan], nan_ok=True)
    reasons = [(record.what, record.names, record.reason) for record in cohort.dropped]
    assert reasons == [
        ("sample", ("P1-S1",), "sample type 'Metastasis', not a primary sample"),
        ("patient", ("P4",), "event status 'OS_STATUS' missing"),
    ]
    assert cohort.alterations["KRAS_G12"].tolist() == [1, 0, 0]
    assert cohort.alterations["TP53_mut"].tolist() == [0, 0, 0]
    assert cohort.alterations["ERBB2_amp"].tolist() == pytest.approx([1, np.nan, np.nan], nan_ok=True)
    assert cohort.alterations["PTEN_del"].tolist() == pytest.approx([1, 0, np.nan], nan_ok=True)


def test_other_samples_on_request(study):
    assert list(read_cohort(study, samples="metastatic").patients) == ["P1"]
    assert list(read_cohort(study, samples="all").patients) == SAMPLES
    assert read_cohort(study, samples="all").alterations["KRAS_mut"].tolist() == pytest.approx(
        [0, 1, 0, 0, np.nan], nan_ok=True
    )


def test_inspect(study):
    found = inspect_path(study)
    assert (found.layout, found.n_samples, found.n_patients, found.unit) == ("cbioportal", 5, 4, "linear")
    assert [str(pair) for pair in found.endpoints] == ["OS_STATUS with OS_MONTHS (months): 2 events in 3 patients"]
    notes = " | ".join(found.notes)
    assert "profile rna_seq_v2_mrna (mrna_seq_v2_rsem)" in notes
    assert "not read: rna_seq_v2_mrna_median_Zscores" in notes
    assert "4 samples listed as profiled (mutations)" in notes


def test_profiles(study):
    zscores = read_study(str(study), profile="rna_seq_v2_mrna_median_Zscores")
    assert zscores.unit == "z-score"
    assert read_cohort(study, profile="data_mrna_zscores.txt").unit == "z-score"
    with pytest.raises(InputError, match="0 profiles 'nothing'; there are rna_seq_v2_mrna"):
        read_study(str(study), profile="nothing")
    write_expression(study, "mrna_u133", make_matrix(patients=SAMPLES), "mrna_U133")
    assert "profile rna_seq_v2_mrna" in read_study(str(study)).notes[0]
    write_expression(study, "second", make_matrix(patients=SAMPLES), "rna_seq_v2_mrna")
    with pytest.raises(InputError, match="several profiles fit equally well"):
        read_study(str(study))


def test_zscores_alone_are_read_and_said(study):
    for name in ("data_mrna_seq_v2_rsem.txt", "meta_mrna_seq_v2_rsem.txt"):
        (study / name).unlink()
    cohort = read_cohort(study)
    assert cohort.unit == "z-score"
    assert "only z-scores are there" in " | ".join(inspect_path(study).notes)


def test_entrez_goes_before_the_symbol(study):
    path = study / "data_mrna_seq_v2_rsem.txt"
    lines = path.read_text().splitlines()
    lines[1] = "some old name\t3694\t" + lines[1].split("\t", 2)[2]
    path.write_text("\n".join(lines) + "\n")
    assert "ITGB6" in read_cohort(study).genes
    entrez = [line.split("\t", 1)[1] for line in lines]
    path.write_text("\n".join(line for line in entrez if not line.startswith("\t")) + "\n")
    assert list(read_cohort(study).genes) == ["ITGB6"]


def add_panels(study, rows, panel=("KRAS", "EGFR")):
    write_rows(study / "data_gene_panel_matrix.txt", [["SAMPLE_ID", "mutations", "gistic"], *rows])
    kind = {"genetic_alteration_type": "GENE_PANEL_MATRIX", "datatype": "GENE_PANEL_MATRIX"}
    write_meta(study, "gene_panel_matrix", **kind, data_filename="data_gene_panel_matrix.txt")
    if panel:
        text = "stable_id: SMALL\ndescription: ours\ngene_list: " + "\t".join(panel)
        (study / "data_gene_panel_small.txt").write_text(text + "\n")


def states(study, gene):
    table = align_alterations(read_alterations(study, ["KRAS", "TP53", "ERBB2", "PTEN"])[0], SAMPLES, SAMPLES)[0]
    return ["-" if np.isnan(value) else f"{value:g}" for value in table[gene]]


def test_gene_panels(study):
    rows = [["P1-S1", "SMALL", "NA"], ["P1-S2", "WES", "WES"], ["P2-S1", "NA", "NA"], ["P4-S1", "SMALL", "NA"]]
    add_panels(study, [*rows, ["P9", "NA", "NA"]])
    assert states(study, "KRAS_mut") == ["0", "1", "0", "-", "0"]
    assert states(study, "TP53_mut") == ["-", "0", "0", "-", "-"]
    assert "no line in the gene panel matrix, so assessed only for what was found: P3-S1" in " | ".join(
        inspect_path(study).notes
    )


def test_a_panel_whose_genes_are_not_there(study):
    add_panels(study, [[sample, "IMPACT341", "IMPACT341"] for sample in SAMPLES], panel=None)
    assert states(study, "KRAS_mut") == ["-", "1", "-", "-", "-"]
    assert states(study, "PTEN_del") == ["-", "1", "-", "-", "-"]
    assert "genes of the panel IMPACT341 are not in the study" in " | ".join(inspect_path(study).notes)


def test_one_panel_for_all_in_the_meta_file(study):
    add_panels(study, [])
    (study / "meta_gene_panel_matrix.txt").unlink()
    with (study / "meta_mutations.txt").open("a") as file:
        file.write("gene_panel: SMALL\n")
    assert states(study, "KRAS_mut") == ["0", "1", "0", "0", "-"]
    assert states(study, "TP53_mut") == ["-", "-", "-", "-", "-"]


def test_without_a_case_list_only_samples_with_variants_are_assessed(study):
    (study / "case_lists" / "cases_sequenced.txt").unlink()
    assert states(study, "KRAS_mut") == ["-", "1", "0", "-", "-"]
    assert "no case list says who was sequenced" in " | ".join(inspect_path(study).notes)


def test_structural_variants_and_others_are_named(study):
    write_rows(study / "data_sv.txt", [["Sample_Id", "Site1_Hugo_Symbol"], ["P1-S1", "ALK"]])
    kind = {"genetic_alteration_type": "STRUCTURAL_VARIANT", "datatype": "SV"}
    write_meta(study, "sv", **kind, data_filename="data_sv.txt")
    write_rows(study / "data_rppa.txt", [["a", "b"]])
    write_meta(study, "rppa", genetic_alteration_type="PROTEIN_LEVEL", datatype="LOG2", data_filename="data_rppa.txt")
    notes = read_study(str(study)).notes
    assert "1 structural variants in data_sv.txt, not used" in notes
    assert "also in the study, not read: PROTEIN_LEVEL" in notes


def test_files_that_are_not_there_are_all_named(study):
    (study / "data_cna.txt").unlink()
    (study / "data_mrna_zscores.txt").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:1\n")
    write_meta(study, "odd", genetic_alteration_type="CLINICAL", data_filename="../../secret.txt")
    with pytest.raises(InputError, match="the study is not complete") as caught:
        read_cohort(study)
    message = str(caught.value)
    assert "meta_cna.txt names data_cna.txt, which is not there" in message
    assert "data_mrna_zscores.txt is only the pointer of git LFS" in message
    assert "meta_odd.txt names ../../secret.txt, outside of the study" in message


def test_a_study_without_expression(study):
    for name in ("mrna_seq_v2_rsem", "mrna_zscores"):
        (study / f"meta_{name}.txt").unlink()
    with pytest.raises(InputError, match=r"no expression .*there are CLINICAL, COPY_NUMBER_ALTERATION"):
        read_cohort(study)
    with pytest.raises(InputError, match="no expression"):
        inspect_path(study)


def test_bad_clinical_tables(study):
    text = (study / "data_clinical_patient.txt").read_text()
    (study / "data_clinical_patient.txt").write_text(text + "P1\t0:LIVING\t3\t3\n")
    with pytest.raises(InputError, match="patients occur twice in the patient table: P1"):
        read_cohort(study)
    (study / "data_clinical_patient.txt").write_text(text.replace("PATIENT_ID", "PATIENT"))
    with pytest.raises(InputError, match="no column PATIENT_ID among PATIENT, OS_STATUS"):
        read_cohort(study)
    (study / "data_clinical_patient.txt").write_text(text + "P5\t0:LIV")
    with pytest.raises(InputError, match=r"the header has 4 fields, but line \d+ has 2"):
        read_cohort(study)


def test_without_clinical_tables(study):
    for path in study.glob("*clinical*"):
        path.unlink()
    cohort = read_cohort(study)
    assert list(cohort.patients) == SAMPLES
    assert cohort.clinical.empty


def pack(study, path):
    with tarfile.open(path, "w:gz") as archive:
        archive.add(study, "ours_2020")
    return path


def test_an_archive_as_downloaded(study, tmp_path):
    path = pack(study, tmp_path / "ours_2020.tar.gz")
    assert detect_layout(path) == "cbioportal"
    packed, unpacked = read_cohort(path), read_cohort(study)
    assert packed.expression.equals(unpacked.expression)
    assert packed.alterations.equals(unpacked.alterations)
    assert packed.source == str(path)


@pytest.mark.parametrize("name", ["../outside.txt", "/etc/outside.txt", "ours/../../outside.txt"])
def test_a_member_that_points_outside(study, tmp_path, name):
    path = pack(study, tmp_path / "s.tar.gz")
    with tarfile.open(path, "w:gz") as archive:
        archive.add(study, "ours_2020")
        member = tarfile.TarInfo(name)
        member.size = 2
        archive.addfile(member, io.BytesIO(b"hi"))
    with pytest.raises(InputError, match="points outside"):
        read_cohort(path)
    assert not (tmp_path / "outside.txt").exists()


def test_a_link_and_a_damaged_archive(study, tmp_path):
    path = tmp_path / "s.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        archive.add(study, "ours_2020")
        member = tarfile.TarInfo("ours_2020/link.txt")
        member.type, member.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(member)
    with pytest.raises(InputError, match="is a link or device"):
        read_cohort(path)
    pack(study, path)
    path.write_bytes(path.read_bytes()[:-2000])
    with pytest.raises(InputError, match="damaged or cut off"):
        read_cohort(path, layout="cbioportal")


@pytest.mark.parametrize(
    ("name", "content", "n_samples", "n_labels"),
    [
        ("meta_study.txt", "cBioPortal, meta file (study)", 0, 0),
        ("data_clinical_sample.txt", "cBioPortal, clinical sample attributes", 5, 0),
        ("data_clinical_patient.txt", "cBioPortal, clinical patient attributes", 3, 0),
        ("data_gene_panel_small.txt", "cBioPortal, gene panel", 0, 2),
        ("case_lists/cases_sequenced.txt", "cBioPortal, case list", 4, 0),
    ],
)
def test_single_files_of_a_study(study, name, content, n_samples, n_labels):
    add_panels(study, [])
    found = inspect_path(study / name)
    assert (found.layout, found.orientation) == ("cbioportal-file", f"no expression: {content}")
    assert (found.n_samples, found.n_labels) == (n_samples, n_labels)
    with pytest.raises(InputError, match="one file of a cBioPortal study; name the whole folder"):
        read_cohort(study / name)


def test_files_of_a_study_that_have_a_use_of_their_own(study):
    assert detect_layout(study / "data_mutations.txt") == "maf"
    assert detect_layout(study / "data_cna.txt") == "cna"
    assert len(read_cohort(study / "data_mrna_seq_v2_rsem.txt")) == len(SAMPLES)


@pytest.mark.data
@pytest.mark.skipif(not FOLDER, reason="ITGSTRAT_DATA is not set")
class TestRealStudy:
    source = str(Path(FOLDER or ".") / "layouts" / "cbioportal_study_es_0")

    def test_it_is_read(self):
        assert detect_layout(self.source) == "cbioportal"
        raw = read_study(self.source, alteration_genes=["TP53", "BRCA1", "ACP3", "FGFR3"])
        assert (raw.name, len(raw.samples), raw.unit) == ("study_es_0", 526, "auto")
        assert raw.labels[0] == "CREB3L1|90993"
        assert [str(pair.event) for pair in find_endpoints(raw.clinical)] == ["OS_STATUS"]
        assert "48 structural variants in data_structural_variants.txt, not used" in raw.notes
        assert any("mrna_median_Zscores" in note and "not read" in note for note in raw.notes)

    def test_panels_and_case_lists(self):
        table = read_study(self.source, alteration_genes=["TP53", "BRCA1", "ACP3", "FGFR3"]).alterations
        rows = {
            "TCGA-A1-A0SB-01": [1, 1, 0, np.nan],  # panel 1
            "TCGA-A1-A0SB-02": [np.nan, np.nan, 0, 0],  # panel 2
            "TCGA-A2-A04P-01": [np.nan, np.nan, np.nan, np.nan],  # sequenced, not in the panel matrix
            "TEST_SAMPLE_1": [0, 0, 1, 0],  # NA in the matrix and sequenced: whole exome
            "TEST_SAMPLE_15": [np.nan, np.nan, 1, 0],
        }
        for sample, values in rows.items():
            assert table.loc[sample].tolist() == pytest.approx(values, nan_ok=True), sample
        assert "TEST_SAMPLE_7" not in table.index

    def test_zscores_are_known(self):
        assert read_study(self.source, profile="mrna_median_Zscores").unit == "z-score"

    def test_every_file_of_it_is_recognised(self):
        layouts = {path.name: detect_layout(path) for path in Path(self.source).rglob("*") if path.is_file()}
        assert layouts.pop("data_mutations_extended.maf") == "maf"
        expression = {
            layouts.pop(name) for name in ("data_expression_median.txt", "data_expression_median_Zscores.txt")
        }
        assert "cbioportal-file" not in expression
        assert set(layouts.values()) == {"cbioportal-file"}
