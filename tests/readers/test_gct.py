import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from itgstrat.errors import InputError
from itgstrat.readers import inspect_path, read_cohort
from itgstrat.readers.gct import read_cls, read_gct

from .builders import INTEGRINS, make_matrix
from .layouts import cohorts, write_gct, write_text


def check(raw, frame):
    assert (raw.samples, raw.labels) == (tuple(frame.index), tuple(frame.columns))
    np.testing.assert_array_equal(raw.values, frame.to_numpy())


@pytest.mark.parametrize("version", ["1.2", "1.3"])
@pytest.mark.parametrize("name", ["c.gct", "c.gct.gz"])
def test_both_versions(tmp_path, version, name):
    frame = make_matrix()
    path = write_gct(tmp_path / name, frame, version)
    check(read_gct(str(path)), frame)
    assert inspect_path(path).layout == "gct"


@given(cohorts(), st.sampled_from(["1.2", "1.3"]))
@settings(max_examples=30)
def test_round_trip(tmp_path_factory, frame, version):
    metadata = {"batch": [str(at) for at in range(len(frame))]} if version == "1.3" else {}
    path = write_gct(tmp_path_factory.mktemp("gct") / "c.gct.gz", frame, version, metadata)
    raw = read_gct(str(path))
    check(raw, frame)
    if metadata:
        assert raw.clinical["batch"].tolist() == list(range(len(frame)))


def test_column_metadata_are_the_clinical_table(tmp_path):
    frame = make_matrix()
    metadata = {"OS": [1, 0] * 3, "OS.time": range(1, 7), "stage": ["I", "-666", "II", "I", "na", "II"]}
    path = write_gct(tmp_path / "c.gct", frame, metadata=metadata)
    found = inspect_path(path)
    assert [str(pair) for pair in found.endpoints] == ["OS with OS.time (days): 3 events in 6 patients"]
    cohort = read_cohort(path, columns={"stage": "stage"})
    assert cohort.clinical["stage"].isna().tolist() == [False, True, False, False, True, False]


def test_row_metadata_name_the_genes(tmp_path):
    frame = make_matrix()
    probes = frame.set_axis([f"{at}_at" for at in range(frame.shape[1])], axis=1)
    words = {"note": dict.fromkeys(probes, "x y"), "pr_gene_symbol": dict(zip(probes, frame.columns, strict=True))}
    path = write_gct(tmp_path / "c.gct", probes, descriptions=words)
    raw = read_gct(str(path))
    check(raw, frame)
    assert raw.notes[0].startswith("genes named by 'pr_gene_symbol': 100% gene identifiers")
    assert read_gct(str(path), symbols="id").labels == tuple(probes)
    with pytest.raises(InputError, match="no column 'symbol' describes the rows; there are id, note"):
        read_gct(str(path), symbols="symbol")


def test_classes(tmp_path):
    path = write_gct(tmp_path / "c.gct", make_matrix())
    cls = write_text(tmp_path / "c.cls", "6 2 1\n# tumour normal\n1 1 0 0 1 0\n")
    found = read_cohort(path, cls=str(cls)).clinical
    assert found["class"].tolist() == ["tumour", "tumour", "normal", "normal", "tumour", "normal"]
    assert inspect_path(cls).layout == "cls"
    assert "samples of each class: tumour: 3, normal: 3" in inspect_path(cls).notes
    with pytest.raises(InputError, match=r"holds no expression: read the GCT file and give this as cls=PATH"):
        read_cohort(cls)
    assert read_cls(write_text(tmp_path / "n.cls", "#numeric\n#score\n1 2 3\n")) == {"score": [1, 2, 3]}
    short = write_text(tmp_path / "s.cls", "2 2 1\n# a b\na b\n")
    with pytest.raises(InputError, match=r"s.cls: 2 labels, but .*c.gct has 6 samples"):
        read_gct(str(path), cls=short)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("3 2 1\n# a b\na b\n", "line 1 says 3 samples, line 3 has 2 labels"),
        ("3 1 1\n# a\na b c\n", "1 class names, but 3 different labels"),
        ("a b c\n", "no CLS file; it needs three lines"),
    ],
)
def test_bad_classes(tmp_path, text, message):
    with pytest.raises(InputError, match=message):
        read_cls(write_text(tmp_path / "c.cls", text))


GOOD = f"#1.2\n2\t2\nNAME\tDescription\tA\tB\n{INTEGRINS[0]}\tna\t1\t2\n{INTEGRINS[1]}\tna\t3\t4\n"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("2\t2\n", "2\n"), "line 2 of a GCT 1.2 file gives the numbers of rows and columns; found '2'"),
        (("2\t2\n", "2\t3\n"), "line 2 says 3 samples .* but line 3 has 4 fields instead of 5"),
        (("2\t2\n", "3\t2\n"), "line 2 says 3 rows, but there are 2; the file may be cut off"),
        (("A\tB", "A\tA"), "samples occur twice: A"),
        (("3\t4", "3\tx"), rf"row '{INTEGRINS[1]}', column 'B': 'x'"),
        (("3\t4", "3"), "header has 4 fields, but line 5 has 3 fields"),
        ((GOOD[GOOD.index(INTEGRINS[0]) :], ""), "a GCT header without a single row"),
        ((GOOD[4:], "\n"), "the header of a GCT file has three lines|gives the numbers of"),
    ],
)
def test_what_does_not_fit_is_refused(tmp_path, change, message):
    with pytest.raises(InputError, match=message):
        read_gct(str(write_text(tmp_path / "c.gct", GOOD.replace(*change))))


def test_rows_of_another_species_or_array(tmp_path):
    frame = make_matrix(genes=[f"{at}_at" for at in range(5)])
    with pytest.raises(InputError, match=r"no row is named by a human gene .*give a probe_map"):
        read_gct(str(write_gct(tmp_path / "c.gct", frame)))
    table = write_text(
        tmp_path / "map.csv", "probe,symbol\n" + "".join(f"{at}_at,{INTEGRINS[at]}\n" for at in range(5))
    )
    assert read_gct(str(tmp_path / "c.gct"), probe_map=table).labels == INTEGRINS[:5]


def test_an_option_of_another_layout_is_refused(tmp_path):
    path = write_gct(tmp_path / "c.gct", make_matrix())
    with pytest.raises(InputError, match=r"the layout 'gct' has no option layer \(it has: cls, symbols"):
        read_cohort(path, layer="x")
    with pytest.raises(InputError, match="layout 'gtc' is not known; use one of"):
        read_cohort(path, layout="gtc")


DATA = os.environ.get("ITGSTRAT_DATA")


class TestRealFiles:
    """Files of GenePattern, GSEApy and cmapPy, unchanged; see layouts/PROVENANCE.txt."""

    pytestmark = [pytest.mark.data, pytest.mark.skipif(not DATA, reason="ITGSTRAT_DATA is not set")]  # noqa: RUF012

    def path(self, name):
        return Path(DATA) / "layouts" / "gct" / name

    def test_leukaemia_with_classes(self):
        raw = read_gct(str(self.path("Leukemia_hgu95av2.trim.gct.gz")), cls=self.path("Leukemia.cls"))
        assert raw.values.shape == (48, 9020)
        assert raw.clinical["class"].tolist() == [sample.partition("_")[0] for sample in raw.samples]
        with pytest.raises(InputError, match="negative, which levels cannot be"):
            inspect_path(self.path("Leukemia_hgu95av2.trim.gct.gz"))

    def test_metadata_of_cmap(self):
        raw = read_gct(str(self.path("mini_gctoo_for_testing.gct")), symbols="id")
        assert raw.values.shape == (6, 6)
        assert raw.values[:3, 0].tolist() == [1, 2, 3]
        assert raw.clinical["distil_nsample"].tolist() == [3, 3, 66, 2, 9, 111111]
        assert raw.clinical["mfc_plate_id"].isna().all()

    @pytest.mark.parametrize(
        "name", ["counts_versioned_ids.gct", "mini_gctoo_for_testing_nometa.gct", "older_version_v1_2.gct"]
    )
    def test_no_human_genes_is_said(self, name):
        with pytest.raises(InputError, match="no row is named by a human gene"):
            inspect_path(self.path(name))
