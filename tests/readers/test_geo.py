import os
from itertools import cycle
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings

from itgstrat.errors import InputError
from itgstrat.outcome import Endpoint
from itgstrat.readers import inspect_path, read_cohort
from itgstrat.readers.geo import _table_blocks, read_series_matrix
from itgstrat.readers.platform import read_probe_map
from itgstrat.readers.samples import describe_samples
from itgstrat.readers.soft import read_soft
from itgstrat.readers.textmatrix import parse_matrix

from .builders import INTEGRINS, make_matrix, write_matrix
from .layouts import cohorts, write_platform, write_series, write_text

A, B, C = INTEGRINS[:3]
PROBES = [f"{at}_at" for at in range(6)]
PLATFORM = dict(zip(PROBES, [A, f"{A} /// {B}", "", B, B, C], strict=True))


def make_series(tmp_path, name="GSE1_series_matrix.txt.gz", **options):
    frame = make_matrix(4, PROBES, patients=[f"GSM{at}" for at in range(4)])
    return frame, write_series(tmp_path / name, frame, **options)


CHARACTERISTICS = [
    ["tissue: tumor", "tissue: tumor", "tissue: adjacent normal", "tissue: tumor"],
    ["age: 50", "Sex: F", "age: 60", "age: NA"],
    ["primary", "", "event (1: dead; 0: alive): 1", "stage: II; grade: 3"],
]


def test_probes_are_named_by_the_table_beside_the_file(tmp_path):
    frame, path = make_series(tmp_path, characteristics=CHARACTERISTICS)
    write_platform(tmp_path / "GPL1.soft.gz", PLATFORM)
    raw = read_series_matrix(str(path))
    assert raw.labels == (A, B, B, C)
    np.testing.assert_array_equal(raw.values, frame[["0_at", "3_at", "4_at", "5_at"]])
    assert {record.reason: record.names for record in raw.dropped} == {
        "probe of several genes": (f"1_at ({A} /// {B})",),
        "probe of no gene by the platform table": ("2_at",),
    }
    cohort = read_cohort(path, duplicates="mean")
    np.testing.assert_allclose(cohort.expression[B], frame[["3_at", "4_at"]].mean(axis=1), rtol=1e-6)
    reasons = [record.reason for record in cohort.dropped]
    assert reasons[:2] == ["probe of several genes", "probe of no gene by the platform table"]
    assert "averaged with other rows of the same gene" in reasons
    assert {record.cohort for record in cohort.dropped} == {"GSE1_series_matrix"}


def test_characteristics_become_columns(tmp_path):
    _, path = make_series(tmp_path, characteristics=CHARACTERISTICS, titles=["T1", "T2", "N1", "T3"])
    write_platform(tmp_path / "GPL1.annot", PLATFORM)
    raw = read_series_matrix(str(path))
    table = raw.clinical
    assert table["sample"].tolist() == ["GSM0", "GSM1", "GSM2", "GSM3"]
    assert table["title"].tolist() == ["T1", "T2", "N1", "T3"]
    assert table["tissue"].tolist()[2] == "adjacent normal"
    np.testing.assert_array_equal(table["age"], [50, np.nan, 60, np.nan])
    assert table["Sex"].tolist()[1] == "F"
    assert table["characteristic 3"].tolist()[0] == "primary"
    np.testing.assert_array_equal(table["event (1: dead; 0: alive)"], [np.nan, np.nan, 1, np.nan])
    assert (table["stage"].tolist()[3], table["grade"].tolist()[3]) == ("II", 3)
    assert "characteristics without a name, kept as characteristic 3" in raw.notes
    assert "1 of 4 samples may be no tumours (tissue: adjacent normal); choose with keep=" in raw.notes


def test_samples_are_chosen_and_the_others_named(tmp_path):
    _, path = make_series(tmp_path, characteristics=CHARACTERISTICS)
    write_platform(tmp_path / "GPL1.annot", PLATFORM)
    cohort = read_cohort(path, keep="tissue=tumor")
    assert list(cohort.patients) == ["GSM0", "GSM1", "GSM3"]
    assert [(r.reason, r.names) for r in cohort.dropped if r.what == "sample"] == [("not tissue=tumor", ("GSM2",))]
    assert len(read_cohort(path, keep="tissue=tumor|adjacent normal")) == 4
    with pytest.raises(
        InputError, match=r"no sample has 'tissue=tumour'; column 'tissue' holds adjacent normal, tumor"
    ):
        read_cohort(path, keep="tissue=tumour")
    with pytest.raises(InputError, match="needs column=value; columns: sample, title, tissue"):
        read_cohort(path, keep="tissu=tumor")


def test_without_a_platform_table_the_message_says_which(tmp_path):
    _, path = make_series(tmp_path, platform="GPL571")
    with pytest.raises(InputError, match=r"probes \(0_at, 1_at, 2_at \(6 in all\)\) of GPL571; .*fetch geo:GPL571"):
        inspect_path(path)
    table = write_text(tmp_path / "map.tsv", "probe\tsymbol\n" + "".join(f"{p}\t{g}\n" for p, g in PLATFORM.items()))
    assert read_series_matrix(str(path), probe_map=table).labels == (A, B, B, C)


def test_rows_that_are_genes_need_no_table(tmp_path):
    frame = make_matrix(3, patients=["GSM1", "GSM2", "GSM3"])
    found = inspect_path(write_series(tmp_path / "s.txt", frame))
    assert (found.layout, found.n_genes) == ("geo", len(INTEGRINS))


def test_a_table_of_another_platform_is_refused(tmp_path):
    _, path = make_series(tmp_path)
    write_platform(tmp_path / "GPL1.soft", {f"x{at}": A for at in range(9)})
    with pytest.raises(InputError, match=r"0 of 6 probes .* are in .*GPL1.soft, column 'Gene Symbol' \(x0, x1"):
        read_cohort(path)


def test_sequencing_has_no_table(tmp_path):
    frame = make_matrix(3, [], patients=["GSM1", "GSM2", "GSM3"])
    said = [
        '!Series_type\t"Expression profiling by high throughput sequencing"',
        '!Series_supplementary_file\t"ftp://x/GSE1_counts.txt.gz"',
    ]
    path = write_series(tmp_path / "GSE1_series_matrix.txt", frame, series=said, titles=["P1", "P2", "P3"])
    with pytest.raises(
        InputError, match=r"GSE1 \(Expression profiling by high .* has no expression table .*GSE1_counts"
    ):
        inspect_path(path)


def test_a_series_without_table_is_a_clinical_table(tmp_path):
    rows = [["OS: 1", "OS: 0", "OS: 1"], ["OS.time: 10", "OS.time: 20", "OS.time: 30"]]
    series = write_series(
        tmp_path / "GSE1_series_matrix.txt",
        make_matrix(3, [], patients=["GSM1", "GSM2", "GSM3"]),
        rows,
        titles=["P1", "P2", "P3"],
    )
    path = write_matrix(tmp_path / "counts.tsv.gz", make_matrix(3, patients=["P3", "P1", "P2"]).T)
    cohort = read_cohort(path, clinical=series, endpoint=Endpoint("OS", "OS.time"))
    assert cohort.outcome.time_days.tolist() == [30, 10, 20]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("!series_matrix_table_end\n", ""), "no line !series_matrix_table_end; the file is cut off"),
        (("!Sample_geo_accession", "!Sample_x"), "no line !Sample_geo_accession"),
        (('\t"GSM3"\n', "\n"), "4 samples, but other numbers in the lines !Sample_title"),
    ],
)
def test_bad_files(tmp_path, change, message):
    _, path = make_series(tmp_path, "s.txt")
    path.write_text(path.read_text().replace(*change, 1))
    with pytest.raises(InputError, match=message):
        read_series_matrix(str(path))


def test_text_in_a_cell_is_named(tmp_path):
    frame, path = make_series(tmp_path, "s.txt")
    cell = f"{frame.loc['GSM1', '3_at']:.9g}"
    path.write_text(path.read_text().replace(cell, "low"))
    with pytest.raises(InputError, match="row '3_at', column 'GSM1': 'low'"):
        read_series_matrix(str(path))


@given(cohorts())
@settings(max_examples=30)
def test_round_trip(tmp_path_factory, frame):
    path = write_series(tmp_path_factory.mktemp("geo") / "s.txt.gz", frame)
    raw = read_series_matrix(str(path))
    assert (raw.samples, raw.labels) == (tuple(frame.index), tuple(frame.columns))
    np.testing.assert_array_equal(raw.values, frame.to_numpy())


@pytest.mark.parametrize(
    ("column", "cell", "genes"),
    [
        ("Gene symbol", A, (A,)),
        ("GENE_SYMBOL", f"{A}///{B}", (A, B)),
        ("ILMN_Gene", A, (A,)),
        ("gene_assignment", f"NM_1 // {A} // x // 1 // 9 /// ENST // {A} // x // 1 // 9", (A,)),
        ("gene_assignment", "---", ()),
        ("Gene Symbol", "---", ()),
        ("Gene Symbol", f"{A} /// LOC999999999", (A,)),
        ("ENTREZ_GENE_ID", "3694", ("3694",)),
    ],
)
def test_columns_of_genes(tmp_path, column, cell, genes):
    path = write_platform(tmp_path / "GPL1.soft", {"p": cell}, column)
    assert read_probe_map(path).genes == {"p": genes}


def test_platform_tables_of_every_kind(tmp_path):
    full = write_text(tmp_path / "GPL1-1.txt", f"#ID = \n#Gene Symbol = \nID\tGene Symbol\np\t{A}\n")
    assert read_probe_map(full).genes == {"p": (A,)}
    with pytest.raises(InputError, match="no column of gene symbols among ID, Title, What"):
        read_probe_map(write_platform(tmp_path / "a.soft", {"p": A}, "What"))
    with pytest.raises(InputError, match=r"no platform table of GPL2 in it \(platforms: \['GPL1'\]\)"):
        read_probe_map(
            write_text(tmp_path / "f.soft", "^DATABASE = x\n^PLATFORM = GPL1\n!platform_table_begin\nID\tGENE\n"),
            "GPL2",
        )
    with pytest.raises(InputError, match="no platform table of GPL2 in it"):
        read_probe_map(write_platform(tmp_path / "g.soft", {"p": A}), "GPL2")
    annotation = (
        "^Annotation\n!Annotation_platform = GPL1\n#ID = x\n!platform_table_begin\nID\tGene title\tGene symbol\n"
    )
    annot = write_text(tmp_path / "GPL1.annot.gz", f"{annotation}p\ta thing\t{A}///{B}\n!platform_table_end\n")
    assert read_probe_map(annot, "GPL1").genes == {"p": (A, B)}
    numbered = write_text(tmp_path / "map.csv", f"probe,symbol\n7892501,{A}\n7892502,\n")
    assert read_probe_map(numbered).genes == {"7892501": (A,), "7892502": ()}


SOFT = f"""^PLATFORM = GPL1
!platform_table_begin
ID\tGene Symbol
p1_at\t{A}
p2_at\t{B}
!platform_table_end
^SAMPLE = GSM1
!Sample_title = one
!Sample_characteristics_ch1 = OS: 1
!Sample_platform_id = GPL1
!sample_table_begin
ID_REF\tVALUE\tABS_CALL
p1_at\t5\tP
p2_at\t6\tP
!sample_table_end
^SAMPLE = GSM2
!Sample_title = two
!Sample_characteristics_ch1 = OS: 0
!Sample_platform_id = GPL1
!sample_table_begin
ID_REF\tVALUE
p2_at\t8
p1_at\tnull
!sample_table_end
"""


def test_family_soft(tmp_path):
    path = write_text(tmp_path / "GSE1_family.soft.gz", SOFT)
    raw = read_soft(str(path))
    assert (raw.samples, raw.labels) == (("GSM1", "GSM2"), (A, B))
    np.testing.assert_array_equal(raw.values, [[5, 6], [np.nan, 8]])
    assert raw.clinical["OS"].tolist() == [1, 0]
    assert inspect_path(path).layout == "geo-soft"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("p1_at\t5", "p1_at\tx"), "text where a number is needed: GSM1, p1_at: 'x'"),
        (("\tVALUE\tABS_CALL", "\tSIGNAL\tABS_CALL"), "the table of GSM1 has no columns ID_REF and VALUE, but ID_REF"),
        (("!Sample_platform_id = GPL1", "!Sample_platform_id = GPL9"), r"of GPL9; .*itgstrat fetch geo:GPL9"),
        ((SOFT[SOFT.index("^SAMPLE") :], ""), r"a SOFT file without samples \(platform GPL1\)"),
        (("null\n!sample_table_end", "null"), "the table of GSM2 has no end; the file is cut off"),
    ],
)
def test_bad_soft(tmp_path, change, message):
    with pytest.raises(InputError, match=message):
        read_soft(str(write_text(tmp_path / "f.soft", SOFT.replace(*change))))


def test_two_channels_and_the_organism():
    table, notes = describe_samples(
        [
            {
                "geo_accession": ["GSM1"],
                "characteristics_ch1": ["age: 5", "age: 6"],
                "characteristics_ch2": ["age: 7", "title: x"],
                "title": ["t"],
                "organism_ch1": ["Mus musculus"],
            }
        ]
    )
    assert table.to_dict("records") == [
        {"sample": "GSM1", "title": "t", "age": "5; 6", "age (channel 2)": 7.0, "title (channel 2)": "x"}
        | {"organism": "Mus musculus"}
    ]
    assert notes == ("organism Mus musculus: itgstrat knows human genes; others match by name at best",)
    assert isinstance(table, pd.DataFrame)


DATA = os.environ.get("ITGSTRAT_DATA")
real = [pytest.mark.data, pytest.mark.skipif(not DATA, reason="ITGSTRAT_DATA is not set")]


class TestRealFiles:
    """Files of GEO, unchanged; see layouts/PROVENANCE.txt."""

    pytestmark = real

    def path(self, name):
        return Path(DATA) / "layouts" / "geo" / name

    @pytest.mark.parametrize(
        ("name", "n_samples", "n_probes", "columns"),
        [
            ("GSE14520-GPL571_series_matrix.txt.gz", 43, 22268, {"Tissue", "Disease state", "Individual"}),
            ("GSE42872_series_matrix.txt.gz", 6, 33297, {"cell type", "cell line"}),
        ],
    )
    def test_series_with_a_map_made_by_us(self, tmp_path, name, n_samples, n_probes, columns):
        matrix = parse_matrix(lambda: _table_blocks(self.path(name), 100.0), self.path(name))
        assert matrix.values.shape == (n_probes, n_samples)
        platform = write_platform(tmp_path / "GPL.soft", dict(zip(matrix.rows, cycle(INTEGRINS), strict=False)))
        cohort = read_cohort(self.path(name), probe_map=platform)
        assert cohort.shape == (n_samples, len(INTEGRINS))
        assert columns <= set(cohort.clinical)
        assert 0 < np.nanmin(cohort.expression.to_numpy()) < np.nanmax(cohort.expression.to_numpy()) < 25

    def test_normals_are_pointed_out_and_left_out_on_request(self, tmp_path):
        path = self.path("GSE14520-GPL571_series_matrix.txt.gz")
        matrix = parse_matrix(lambda: _table_blocks(path, 100.0), path)
        platform = write_platform(tmp_path / "GPL.soft", dict(zip(matrix.rows, cycle(INTEGRINS), strict=False)))
        raw = read_series_matrix(str(path), probe_map=platform)
        assert any("may be no tumours (" in note for note in raw.notes)
        cohort = read_cohort(path, probe_map=platform, keep="Tissue=Liver Tumor Tissue")
        assert len(cohort) == 22

    @pytest.mark.parametrize(
        ("name", "message"),
        [
            ("GSE14520-GPL571_series_matrix.txt.gz", "of GPL571; put its table beside"),
            ("GSE42872_series_matrix.txt.gz", "of GPL6244; put its table beside"),
            ("GSM11805.txt.gz", r"22283 in all\)\) of GPL96; put its table beside"),
            ("GSE105845_family.soft", r"without samples \(platform GPL13112\)"),
        ],
    )
    def test_what_is_missing_is_said(self, name, message):
        with pytest.raises(InputError, match=message):
            inspect_path(self.path(name))

    def test_a_small_family_is_read(self):
        found = inspect_path(self.path("soft_ex_family.txt"))
        assert (found.layout, found.n_samples, found.n_labels) == ("geo-soft", 3, 18)
        assert any("organism Mus musculus" in note for note in found.notes)
