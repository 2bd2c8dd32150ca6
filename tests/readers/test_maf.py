"""Mutation tables: every form in which they come, and the three states of a gene."""

import gzip
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from itgstrat.biology.alterations import build_alterations, load_alterations, make_alteration
from itgstrat.errors import CatalogueError, InputError
from itgstrat.readers import detect_layout, inspect_path, read_cohort, read_mutations
from itgstrat.readers.alterations import align_alterations
from itgstrat.readers.maf import NOT_ALTERING, PROTEIN_ALTERING, is_maf, read_maf
from itgstrat.readers.mutations import ProteinChange, read_change

from .builders import make_matrix, write_matrix

FOLDER = os.environ.get("ITGSTRAT_DATA")
COLUMNS = ("Hugo_Symbol", "Variant_Classification", "Tumor_Sample_Barcode")


def write_maf(path, rows, columns=(*COLUMNS, "HGVSp_Short"), comments=()):
    lines = [*comments, "\t".join(columns), *("\t".join(map(str, row)) for row in rows)]
    text = ("\n".join(lines) + "\n").encode()
    path.write_bytes(gzip.compress(text) if path.suffix == ".gz" else text)
    return path


ROWS = [
    ("KRAS", "Missense_Mutation", "s1", "p.G12D"),
    ("TP53", "Silent", "s1", "p.R213="),
    ("TP53", "Nonsense_Mutation", "s2", "p.R213*"),
    ("EGFR", "In_Frame_Del", "s2", "p.E746_A750del"),
    ("EGFR", "Intron", "s3", ""),
]


def test_one_zero_and_missing(tmp_path):
    found = read_mutations(write_maf(tmp_path / "a.maf", ROWS), ["KRAS", "TP53"], profiled=["s3", "s4"])
    assert found.table["KRAS_mut"].to_dict() == {"s1": 1, "s2": 0, "s3": 0, "s4": 0}
    assert found.table["TP53_mut"].to_dict() == {"s1": 0, "s2": 1, "s3": 0, "s4": 0}
    table, notes = align_alterations(found, ["s1", "s4", "s5"], ["s1", "s4", "s5"])
    assert table["KRAS_mut"].tolist()[:2] == [1, 0]
    assert np.isnan(table.loc["s5"]).all()
    assert any("not assessed" in note and note.endswith("s5") for note in notes)


def test_codons(tmp_path):
    names = ["KRAS_G12", "KRAS_G12D", "KRAS_G12C", "KRAS_G13", "EGFR_ex19del", "TP53_R213*", "TP53_R213", "KRAS_A12"]
    table = read_mutations(write_maf(tmp_path / "a.maf", ROWS), names).table
    assert table.loc["s1"].tolist() == [1, 1, 0, 0, 0, 0, 0, 0]
    assert table.loc["s2"].tolist() == [0, 0, 0, 0, 1, 1, 0, 0]


def test_a_codon_that_cannot_be_read_is_missing(tmp_path):
    rows = [("KRAS", "Missense_Mutation", "s1", ""), ("KRAS", "Frame_Shift_Del", "s2", ""), *ROWS[2:]]
    table = read_mutations(write_maf(tmp_path / "a.maf", rows), ["KRAS", "KRAS_G12"]).table
    assert table["KRAS_mut"].to_dict() == {"s1": 1, "s2": 1, "s3": 0}
    assert np.isnan(table["KRAS_G12"]["s1"])
    assert table["KRAS_G12"].tolist()[1:] == [0, 0]
    without = read_mutations(write_maf(tmp_path / "b.maf", [row[:3] for row in ROWS], COLUMNS), ["KRAS_G12"]).table
    assert np.isnan(without["KRAS_G12"]["s1"])
    assert without["KRAS_G12"]["s2"] == 0


def test_an_unknown_effect_is_neither_mutated_nor_not(tmp_path):
    rows = [("KRAS", "Targeted_Region", "s1", "p.G12D"), ("KRAS", "Missense_Mutation", "s2", "p.G12D")]
    found = read_mutations(write_maf(tmp_path / "a.maf", rows), ["KRAS", "KRAS_G12"])
    assert np.isnan(found.table.loc["s1"]).all()
    assert found.table.loc["s2"].tolist() == [1, 1]
    assert any("Targeted_Region" in note for note in found.notes)


@pytest.mark.parametrize(
    ("text", "change"),
    [
        ("p.G12D", ProteinChange("G", 12, 12, "D")),
        ("G12D", ProteinChange("G", 12, 12, "D")),
        ("p.(Gly12Asp)", ProteinChange("G", 12, 12, "D")),
        ("ENSP00000256078.4:p.Gly12Asp", ProteinChange("G", 12, 12, "D")),
        ("p.E746_A750del", ProteinChange("E", 746, 750, "del")),
        ("p.A155Rfs*59", ProteinChange("A", 155, 155, "Rfs*59")),
        ("p.X125_splice", ProteinChange("X", 125, 125, "_splice")),
        ("p.*394Qext*?", ProteinChange("*", 394, 394, "Qext*?")),
        ("p.=", None),
        ("", None),
        (float("nan"), None),
    ],
)
def test_protein_changes(text, change):
    assert read_change(text) == change


def test_genes_by_any_identifier(tmp_path):
    rows = [
        ("p53", 0, "", "Missense_Mutation", "s1"),
        ("old name", 7157, "", "Missense_Mutation", "s2"),
        ("", 0, "ENSG00000141510", "Missense_Mutation", "s3"),
        ("1-Mar", 0, "", "Missense_Mutation", "s4"),
    ]
    columns = ("Hugo_Symbol", "Entrez_Gene_Id", "Gene", *COLUMNS[1:])
    found = read_mutations(write_maf(tmp_path / "a.maf", rows, columns), ["TP53"])
    assert found.table["TP53_mut"].tolist() == [1, 1, 1, 0]
    assert "1 variants of no approved gene left out: 1-Mar" in found.notes


def test_comments_packing_line_ends_and_case_of_names(tmp_path):
    columns = ("hugo_symbol", "VARIANT_CLASSIFICATION", "Tumor_Sample_Barcode", "Protein_Change")
    comments = ("#version gdc-1.0.0", "#tumor.aliquot 1")
    packed = write_maf(tmp_path / "a b.maf.gz", ROWS, columns, comments)
    plain = tmp_path / "plain.maf"
    plain.write_bytes(b"\xef\xbb\xbf" + gzip.decompress(packed.read_bytes()).replace(b"\n", b"\r\n"))
    expected = read_mutations(write_maf(tmp_path / "c.maf", ROWS)).table
    for path in (packed, plain):
        assert is_maf(str(path))
        pd.testing.assert_frame_equal(read_mutations(path).table, expected)


def test_vaf_and_burden(tmp_path):
    columns = (*COLUMNS, "t_alt_count", "t_ref_count")
    rows = [("KRAS", "Missense_Mutation", "s1", 10, 30), ("KRAS", "Missense_Mutation", "s1", 30, 30)]
    rows += [("TP53", "Silent", "s2", 1, 3)]
    path = write_maf(tmp_path / "a.maf", rows, columns)
    found = read_mutations(path, ["KRAS"], profiled=["s3"], extras=["vaf", "burden"], panels={"s2": ["KRAS"]})
    assert found.table["KRAS_vaf"].tolist()[0] == 0.5
    assert found.table["KRAS_vaf"].isna().tolist() == [False, True, True]
    assert found.table["n_mutations"].tolist()[0] == 2
    assert np.isnan(found.table["n_mutations"]["s2"])
    assert found.table["n_mutations"]["s3"] == 0
    percent = write_maf(tmp_path / "b.maf", [("KRAS", "Missense_Mutation", "s1", 45.5)], (*COLUMNS, "i_TumorVAF_WU"))
    assert read_mutations(percent, ["KRAS"], extras=["vaf"]).table["KRAS_vaf"]["s1"] == 0.455


def test_what_is_not_somatic_or_repeated_is_left_out(tmp_path):
    columns = (*COLUMNS, "Chromosome", "Start_Position", "Tumor_Seq_Allele2", "Mutation_Status", "FILTER")
    rows = [
        ("TP53", "Missense_Mutation", "s1", 17, 100, "A", "Germline", "PASS"),
        ("KRAS", "Missense_Mutation", "s1", 12, 100, "A", "Somatic", "PASS"),
        ("KRAS", "Missense_Mutation", "s1", 12, 100, "A", "Somatic", "PASS"),
        ("KRAS", "Missense_Mutation", "s1", 12, 101, "A", "Somatic", "wga"),
    ]
    found = read_mutations(write_maf(tmp_path / "a.maf", rows, columns), ["KRAS", "TP53"], extras=["burden"])
    assert found.table.loc["s1"].tolist() == [1, 0, 2]
    notes = " | ".join(found.notes)
    assert "1 variants left out, not somatic (Mutation_Status Germline)" in notes
    assert "1 repeated rows of one variant left out" in notes
    assert "1 variants with a FILTER other than PASS are kept (wga)" in notes


@pytest.mark.parametrize(
    ("effect", "build", "start", "value"),
    [
        ("Splice_Site", "GRCh37", 116411902, 1),
        ("Splice_Region", "hg38", 116771990, 1),
        ("Splice_Site", "GRCh37", 116340000, 0),  # another exon
        ("Splice_Site", "", 116340000, 1),  # no build to judge by
        ("Missense_Mutation", "GRCh37", 116411910, 0),
        ("Targeted_Region", "GRCh37", 116411902, np.nan),
    ],
)
def test_candidates_of_exon_skipping(tmp_path, effect, build, start, value):
    columns = (*COLUMNS, "NCBI_Build", "Chromosome", "Start_Position", "End_Position")
    path = write_maf(tmp_path / "a.maf", [("MET", effect, "s1", build, 7, start, start)], columns)
    assert read_mutations(path).table["METex14_candidate"].tolist() == pytest.approx([value], nan_ok=True)


def test_panels(tmp_path):
    path = write_maf(tmp_path / "a.maf", ROWS)
    panels = {"s1": ["TP53"], "s2": None, "s4": ["KRAS"]}
    table = read_mutations(path, ["KRAS", "TP53", "EGFR"], profiled=["s4"], panels=panels).table
    expected = {"s1": [1, 0, np.nan], "s2": [np.nan, 1, 1], "s3": [0, 0, 0], "s4": [0, np.nan, np.nan]}
    pd.testing.assert_frame_equal(table, pd.DataFrame(expected, index=table.columns).T, check_names=False)
    whole = read_mutations(path, ["KRAS", "ERBB2"], panel=["kras", "7157"]).table
    assert whole["KRAS_mut"].tolist() == [1, 0, 0]
    assert whole["ERBB2_mut"].isna().all()


def test_a_file_cut_to_a_panel_is_noticed(tmp_path):
    rows = [("TP53", "Missense_Mutation", f"s{number}", "p.R175H") for number in range(60)]
    found = read_mutations(write_maf(tmp_path / "a.maf", rows), ["TP53", "KRAS"], profiled=["t"])
    assert found.table["KRAS_mut"].isna().all()
    assert found.table["TP53_mut"]["t"] == 0
    assert any("most likely a gene panel" in note for note in found.notes)


def test_several_files_and_folders_are_one(tmp_path):
    write_maf(tmp_path / "a.maf", ROWS[:2])
    (tmp_path / "uuid").mkdir()
    write_maf(tmp_path / "uuid" / "b.maf.gz", ROWS[2:], comments=("#version 2.4",))
    whole = read_mutations(write_maf(tmp_path / "all.txt", ROWS)).table
    pd.testing.assert_frame_equal(read_mutations(tmp_path).table, whole)
    pd.testing.assert_frame_equal(read_mutations([tmp_path / "a.maf", tmp_path / "uuid" / "b.maf.gz"]).table, whole)


def test_samples_that_are_named_by_patient(tmp_path):
    rows = [("TP53", "Missense_Mutation", "TCGA-AA-0001", "p.R175H"), ("TP53", "Silent", "TCGA-AA-0002-06A-11D", "")]
    listed = ["TCGA-AA-0001-01", "TCGA-AA-0002", "TCGA-AA-0003"]
    found = read_mutations(write_maf(tmp_path / "a.maf", rows), ["TP53"], profiled=listed)
    assert list(found.table.index) == ["TCGA-AA-0001", "TCGA-AA-0002-06", "TCGA-AA-0003"]
    samples = ["TCGA-AA-0001-01A-11R", "TCGA-AA-0002-01A-11R", "TCGA-AA-0003-01A-11R", "TCGA-AA-0003-11A-11R"]
    values = align_alterations(found, samples, [sample[:12] for sample in samples])[0]["TP53_mut"]
    assert values.tolist() == pytest.approx([1, np.nan, 0, np.nan], nan_ok=True)


PATIENTS = [f"TCGA-AA-{number:04d}" for number in range(3)]
SAMPLES = [f"{patient}-{kind}" for patient in PATIENTS for kind in ("01", "06")] + ["plain 1", "plain 2"]
GENES = ["TP53", "KRAS", "EGFR", "MET"]
EFFECTS = ["Missense_Mutation", "Frame_Shift_Del", "Splice_Site", "Silent", "Intron", "Unknown", ""]
ALTERING = {"Missense_Mutation", "Frame_Shift_Del", "Splice_Site"}
UNREADABLE = {"Unknown", ""}


def aliquot(sample, number):
    return f"{sample}A-{number}D-A29I-10" if sample.startswith("TCGA") else sample


variants = st.tuples(st.sampled_from(GENES), st.sampled_from(EFFECTS), st.sampled_from(SAMPLES), st.integers(11, 13))
panel = st.none() | st.sets(st.sampled_from(GENES))


def expect(sample, gene, rows, listed, panels, common):
    """What is known of a gene in a sample, said the long way."""
    own = [effect for other, effect, key, _ in rows if (other, key) == (gene, sample)]
    if any(effect in ALTERING for effect in own):
        return 1.0
    if any(effect in UNREADABLE for effect in own):
        return np.nan
    if sample not in listed and not any(key == sample for _, _, key, _ in rows):
        return np.nan
    if sample in panels:
        return 0.0 if panels[sample] is not None and gene in panels[sample] else np.nan
    return 0.0 if common is None or gene in common else np.nan


@settings(deadline=None, max_examples=150)
@given(
    rows=st.lists(variants, min_size=1, max_size=12),
    listed=st.sets(st.sampled_from(SAMPLES)),
    panels=st.dictionaries(st.sampled_from(SAMPLES), panel, max_size=4),
    common=panel,
)
def test_three_states_equal_the_slow_loop(tmp_path_factory, rows, listed, panels, common):
    written = [(gene, effect, aliquot(sample, number), "") for gene, effect, sample, number in rows]
    path = write_maf(tmp_path_factory.mktemp("maf") / "a.maf", written)
    found = read_mutations(path, GENES, profiled=listed, panel=common, panels=panels)
    asked = [f"{sample}A-11R" if sample.startswith("TCGA") else sample for sample in SAMPLES]
    table = align_alterations(found, asked, SAMPLES)[0]
    slow = [[expect(sample, gene, rows, listed, panels, common) for gene in GENES] for sample in SAMPLES]
    np.testing.assert_array_equal(table.to_numpy(), np.array(slow))


@settings(deadline=None, max_examples=50)
@given(
    codon=st.integers(1, 30),
    residue=st.sampled_from("AG"),
    result=st.sampled_from("CD*"),
    place=st.integers(1, 30),
    wanted=st.sampled_from(["G", "A"]),
)
def test_codons_equal_the_slow_loop(tmp_path_factory, codon, residue, result, place, wanted):
    effect = "Nonsense_Mutation" if result == "*" else "Missense_Mutation"
    rows = [("KRAS", effect, "s1", f"p.{residue}{codon}{result}")]
    path = write_maf(tmp_path_factory.mktemp("maf") / "a.maf", rows)
    names = [f"KRAS_{wanted}{place}", f"KRAS_{wanted}{place}C", f"KRAS_{place}"]
    same = (residue, codon) == (wanted, place)
    expected = [same and result != "*", same and result == "C", codon == place and result != "*"]
    assert read_mutations(path, names).table.loc["s1"].tolist() == [float(value) for value in expected]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("Hugo_Symbol\tVariant_Classification\nTP53\tSilent\n", "no column tumor_sample_barcode"),
        ("\t".join(COLUMNS) + "\n", "a header without a single variant"),
        ("\t".join(COLUMNS) + "\nTP53\tSilent\t\n", r"no Tumor_Sample_Barcode in line 2"),
        ("\t".join(COLUMNS) + "\nTP53\tSilent\ts1\nTP53\tSil", r"the header has 3 fields, but line 3 has 2"),
        ("\t".join(COLUMNS) + "\nTP53\tSilent\ts1\ts2\n", r"the header has 3 fields, but line 2 has 4"),
        ("\t".join([*COLUMNS, COLUMNS[0]]) + "\na\tb\tc\td\n", "columns occur twice: hugo_symbol"),
        ("version https://git-lfs.github.com/spec/v1\noid 1\n", "git lfs pull"),
    ],
)
def test_bad_files(tmp_path, content, message):
    path = tmp_path / "a.maf"
    path.write_text(content)
    with pytest.raises(InputError, match=message):
        read_maf(path)


def test_damaged_archive_and_empty_folder(tmp_path):
    packed = write_maf(tmp_path / "a.maf.gz", ROWS * 50)
    packed.write_bytes(packed.read_bytes()[:-20])
    with pytest.raises(InputError, match="cut off"):
        read_maf(packed)
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=r"no \*\.maf"):
        read_maf(tmp_path / "empty")


def test_names_that_are_not_understood():
    with pytest.raises(CatalogueError, match="'no such gene' is no gene"):
        make_alteration("no such gene")
    source = {"text": "x", "licence": "x", "verification": "x"}
    entry = {"id": "a", "kind": "codon", "gene": "KRAS", "seed": "x", "why": "x", "source": source, "more": 1}
    with pytest.raises(CatalogueError, match=r"2 faults in the facts:(.|\n)*a codon needs a change"):
        build_alterations({"format": 1, "alterations": [entry]})


def test_the_facts_are_whole():
    facts = load_alterations()
    assert {record.kind for record in facts} == {"mutation", "codon", "splice", "amplification", "deletion", "table"}
    assert all(set(record.classes) <= PROTEIN_ALTERING | NOT_ALTERING for record in facts)
    assert not PROTEIN_ALTERING & NOT_ALTERING


def test_inspect_and_read_alone(tmp_path):
    path = write_maf(tmp_path / "a.maf", ROWS)
    found = inspect_path(path)
    assert (found.layout, found.n_samples, found.n_patients, found.n_genes) == ("maf", 3, 3, 3)
    assert found.orientation == "no expression: mutations (MAF)"
    assert "5 variants, 3 of them protein-altering" in found.notes[0]
    assert any("read_cohort(EXPRESSION, alterations=MAF)" in note for note in found.notes)
    with pytest.raises(InputError, match=r"mutation table .* beside an expression table"):
        read_cohort(path)


def test_beside_an_expression_table(tmp_path):
    frame = make_matrix(patients=["s1", "s2", "s9"])
    expression = write_matrix(tmp_path / "m.tsv", frame.T)
    maf = write_maf(tmp_path / "a.maf", ROWS)
    cohort = read_cohort(expression, alterations=maf)
    assert cohort.alterations["KRAS_mut"].tolist() == pytest.approx([1, 0, np.nan], nan_ok=True)
    assert list(cohort.alterations.index) == list(cohort.patients)
    assert cohort[[1]].alterations["TP53_mut"].tolist() == [1]
    assert read_cohort(expression).alterations is None
    with pytest.raises(InputError, match="shares no sample with the expression table"):
        read_cohort(expression, alterations=write_maf(tmp_path / "b.maf", [("TP53", "Silent", "x", "")]))


@pytest.mark.data
@pytest.mark.skipif(not FOLDER, reason="ITGSTRAT_DATA is not set")
class TestRealFiles:
    folder = Path(FOLDER or ".") / "layouts" / "maf"

    def test_every_maf_is_recognised(self):
        sizes = {}
        for path in sorted(self.folder.glob("*.maf.gz")):
            found = inspect_path(path)
            sizes[path.name[:4]] = (found.layout, found.n_samples, found.n_genes)
        assert sizes == {
            "49f9": ("maf", 1, 6),
            "brca": ("maf", 1, 845),
            "ee01": ("maf", 1, 7),
            "tcga": ("maf", 193, 1610),
        }
        assert detect_layout(self.folder / "tcga_laml_annot.tsv") == "clinical-table"

    def test_laml_equals_a_count_by_hand(self):
        path = self.folder / "tcga_laml.maf.gz"
        frame = pd.read_csv(path, sep="\t", low_memory=False)
        found = read_mutations(path, ["FLT3", "NPM1", "DNMT3A", "DNMT3A_R882", "TP53"])
        altering = frame[frame["Variant_Classification"].isin(PROTEIN_ALTERING)]
        for gene in ("FLT3", "NPM1", "DNMT3A", "TP53"):
            expected = set(altering.loc[altering["Hugo_Symbol"] == gene, "Tumor_Sample_Barcode"])
            column = found.table[f"{gene}_mut"]
            assert set(column.index[column == 1]) == expected
        at_882 = altering["Protein_Change"].astype(str).str.startswith("p.R882")
        own = altering[at_882 & (altering["Hugo_Symbol"] == "DNMT3A")]
        assert found.table["DNMT3A_R882"].sum() == own["Tumor_Sample_Barcode"].nunique() > 20
        assert not found.table.isna().to_numpy().any()

    def test_gdc_masked_files_as_one(self):
        found = read_mutations(sorted(self.folder.glob("*masked.maf.gz")))
        assert len(found.table) == 2
        assert all(key.startswith("TCGA-") and key.endswith("-01") for key in found.table.index)
