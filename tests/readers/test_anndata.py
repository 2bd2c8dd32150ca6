import os
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from itgstrat.errors import InputError
from itgstrat.readers import detect_layout, inspect_path, read_cohort
from itgstrat.readers.anndata import open_h5ad, read_h5ad
from itgstrat.readers.blocks import iter_blocks

from .builders import INTEGRINS, make_matrix
from .layouts import cohorts, write_h5ad

OBS = pd.DataFrame(
    {
        "stage": pd.Categorical(["I", "II", None, "I", "II", "I"]),
        "age": [50.0, 60, 70, 55, np.nan, 40],
        "OS": [1, 0, 1, 0, 1, 0],
        "OS.time": [10, 20, 30, 40, 50, 60],
        "centre": ["a", "b", "a", "b", "a", ""],
    }
)
NEW = OBS.assign(
    grade=pd.array([1, None, 3, 2, 2, 1], dtype="Int64"), site=pd.array(["x", None, "y", "x", "x", "x"], dtype="string")
)


@pytest.mark.parametrize("form", ["dense", "csr", "csc"])
@pytest.mark.parametrize("version", ["0.7", "0.12"])
def test_every_form_gives_the_same_cohort(tmp_path, form, version):
    frame = make_matrix()
    path = write_h5ad(tmp_path / "c.h5ad", frame, OBS if version == "0.7" else NEW, form, version)
    assert detect_layout(path) == "h5ad"
    raw = read_h5ad(str(path))
    assert (raw.samples, raw.labels) == (tuple(frame.index), tuple(frame.columns))
    np.testing.assert_array_equal(raw.values, frame.to_numpy())
    assert raw.values.dtype == np.float32
    table = raw.clinical
    assert table["stage"].tolist()[:2] == ["I", "II"]
    assert table["stage"].isna().tolist() == [False, False, True, False, False, False]
    assert table["centre"].isna().tolist() == [False] * 5 + [True]
    np.testing.assert_array_equal(table["age"], OBS["age"])
    if version != "0.7":
        np.testing.assert_array_equal(table["grade"], [1, np.nan, 3, 2, 2, 1])
        assert table["site"].isna().tolist() == [False, True, False, False, False, False]


def test_obs_is_the_clinical_table(tmp_path):
    path = write_h5ad(tmp_path / "c.h5ad", make_matrix(), OBS)
    found = inspect_path(path)
    assert (found.layout, found.n_patients) == ("h5ad", 6)
    assert [str(pair) for pair in found.endpoints] == ["OS with OS.time (days): 3 events in 6 patients"]
    cohort = read_cohort(path, columns={"age": "age"})
    assert cohort.clinical["age"].tolist()[:2] == [50, 60]


@given(cohorts(), st.sampled_from(["dense", "csr", "csc"]), st.sampled_from(["0.7", "0.12"]))
@settings(max_examples=30)
def test_round_trip(tmp_path_factory, frame, form, version):
    path = write_h5ad(tmp_path_factory.mktemp("h5ad") / "c.h5ad", frame, form=form, version=version)
    raw = read_h5ad(str(path))
    assert (raw.samples, raw.labels) == (tuple(frame.index), tuple(frame.columns))
    np.testing.assert_array_equal(raw.values, frame.to_numpy())
    parts = list(iter_blocks(path, rows=2))
    np.testing.assert_array_equal(np.concatenate([part.values for part in parts]), frame.to_numpy())


def test_layers_and_raw(tmp_path):
    frame, whole = make_matrix(), make_matrix(seed=1)
    path = write_h5ad(tmp_path / "c.h5ad", frame, layers={"tpm": frame.to_numpy() * 2}, raw=whole)
    assert "other numbers in the file: layer='raw', layer='tpm'" in read_h5ad(str(path)).notes
    np.testing.assert_array_equal(read_h5ad(str(path), layer="tpm").values, frame.to_numpy() * 2)
    np.testing.assert_array_equal(read_cohort(path, layer="raw").expression, whole)
    with pytest.raises(InputError, match="the file has no layers/fpkm; declare layer= one of: raw, tpm"):
        read_h5ad(str(path), layer="fpkm")


def test_symbols_beside_the_index(tmp_path):
    frame = make_matrix()
    ids = frame.set_axis([f"probe{at}" for at in range(frame.shape[1])], axis=1)
    var = pd.DataFrame({"gene_symbols": list(frame.columns), "other": "x"}, index=ids.columns)
    path = write_h5ad(tmp_path / "c.h5ad", ids, var=var)
    assert read_h5ad(str(path)).labels == INTEGRINS
    assert read_h5ad(str(path), symbols="index").labels == tuple(ids.columns)
    with pytest.raises(InputError, match="var has no column 'symbol'"):
        read_h5ad(str(path), symbols="symbol")


def test_only_some_genes_and_patients(tmp_path):
    frame = make_matrix(7)
    path = write_h5ad(tmp_path / "c.h5ad", frame, OBS.iloc[[0, 1, 2, 3, 4, 5, 0]])
    parts = list(iter_blocks(path, rows=3, labels=INTEGRINS[4:6]))
    assert [part.samples for part in parts] == [tuple(frame.index[at : at + 3]) for at in (0, 3, 6)]
    assert parts[1].labels == INTEGRINS[4:6]
    np.testing.assert_array_equal(parts[1].values, frame.iloc[3:6, 4:6])
    assert parts[2].clinical["age"].tolist() == [50]
    with pytest.raises(InputError, match=r"none of the 1 labels asked for \(nope\) is there"):
        next(iter_blocks(path, labels=["nope"]))
    with pytest.raises(InputError, match="the layout 'h5ad' has no option probe_map"):
        next(iter_blocks(path, probe_map="x"))


def foreign(path, place):
    with h5py.File(path, "w") as file:
        file.create_dataset(place, data=[1.0])
    return path


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("0/DATA/0/matrix", r"GCTX file of CMap; convert it to GCT with cmapPy \(gctx2gct\)"),
        ("matrix/barcodes", "a 10x Genomics file of cells"),
        ("row_attrs/x", "a loom file"),
        ("stuff", "no h5ad"),
    ],
)
def test_other_hdf5_files(tmp_path, place, message):
    with pytest.raises(InputError, match=message):
        inspect_path(foreign(tmp_path / "c.h5", place))


def test_damaged_files(tmp_path):
    path = write_h5ad(tmp_path / "c.h5ad", make_matrix())
    cut = tmp_path / "cut.h5ad"
    cut.write_bytes(path.read_bytes()[:900])
    with pytest.raises(InputError, match="damaged, cut off"):
        read_h5ad(str(cut))
    with h5py.File(path, "a") as file:
        del file["obs"]
        file.create_dataset("obs", data=np.zeros(6, dtype=[("index", "S3"), ("age", "f4")]))
    with pytest.raises(InputError, match=r"obs is written as anndata before 0\.7 did"):
        read_h5ad(str(path))
    with pytest.raises(InputError, match="there is no such file"), open_h5ad(tmp_path / "gone.h5ad"):
        pass


def test_sizes_that_do_not_fit(tmp_path):
    path = write_h5ad(tmp_path / "c.h5ad", make_matrix())
    with h5py.File(path, "a") as file:
        del file["X"]
        file.create_dataset("X", data=np.zeros((5, 3)))
    with pytest.raises(InputError, match="X is 5 x 3, but there are 6 observations and 26 variables"):
        read_h5ad(str(path))


DATA = os.environ.get("ITGSTRAT_DATA")


class TestRealFiles:
    """Archives of anndata's own tests, unchanged; see layouts/PROVENANCE.txt."""

    pytestmark = [pytest.mark.data, pytest.mark.skipif(not DATA, reason="ITGSTRAT_DATA is not set")]  # noqa: RUF012

    def path(self, version):
        return Path(DATA) / "layouts" / "h5ad" / f"tests_data_archives_v{version}_adata.h5ad"

    def test_version_0_7(self):
        raw = read_h5ad(str(self.path("0.7.0")))
        assert raw.values.shape == (30, 20)
        assert np.count_nonzero(raw.values) == 228
        assert list(raw.clinical) == ["sample", "obs_cat", "cat_ordered", "int64", "float64", "uint8"]
        assert raw.clinical["obs_cat"].notna().all()
        whole = read_h5ad(str(self.path("0.7.0")), layer="raw")
        assert (whole.values.shape, np.count_nonzero(whole.values)) == ((30, 40), 480)
        assert read_h5ad(str(self.path("0.7.0")), layer="array").values.shape == (30, 20)
        with pytest.raises(InputError, match="not one gene of the catalogue"):
            inspect_path(self.path("0.7.0"))

    def test_version_0_11_without_numbers(self):
        with pytest.raises(InputError, match="the file has no X; declare layer= one of: none"):
            read_h5ad(str(self.path("0.11.4")))


def test_sparse_rows_that_are_read_in_parts_stay_in_place(tmp_path):
    rng = np.random.default_rng(6)
    values = np.where(rng.random((121, 9)) < 0.4, rng.normal(size=(121, 9)), 0).astype(np.float32)
    values[:53] = 0  # a part without a number
    filled = np.nonzero(values)
    text = h5py.string_dtype()
    with h5py.File(tmp_path / "sparse.h5ad", "w") as file:
        for group, letter, size in (("obs", "P", 121), ("var", "G", 9)):
            file.create_group(group).attrs["_index"] = "_index"
            names = np.array([f"{letter}{at}" for at in range(size)], dtype=object)
            file[group].create_dataset("_index", data=names, dtype=text)
        matrix = file.create_group("X")
        matrix.attrs.update({"encoding-type": "csr_matrix", "shape": values.shape})
        matrix["indptr"] = np.concatenate([[0], np.count_nonzero(values, axis=1).cumsum()])
        matrix["indices"], matrix["data"] = filled[1], values[filled]
    with open_h5ad(tmp_path / "sparse.h5ad") as found:
        np.testing.assert_array_equal(found.rows(0, 121), values)
        np.testing.assert_array_equal(found.rows(40, 111), values[40:111])
