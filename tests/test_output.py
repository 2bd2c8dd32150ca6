"""A folder of results is there whole, or not at all; a table as pandas writes it."""

from io import BytesIO
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from itgstrat.errors import OutputError
from itgstrat.output import check_folder, hash_files, write_folder, write_tsv


def write_new(folder):
    (folder / "new.txt").write_text("new")


def names(folder):
    return sorted(path.name for path in folder.rglob("*"))


def test_a_folder_is_written_with_its_parents(tmp_path):
    folder = write_folder(tmp_path / "a" / "b", write_new)
    assert names(tmp_path) == ["a", "b", "new.txt"]
    assert folder.stat().st_mode & 0o777 == 0o755


def test_an_existing_folder_is_refused_and_left_alone(tmp_path):
    (tmp_path / "out").mkdir()
    with pytest.raises(OutputError, match="out exists; give another folder with --out, or replace it with --force"):
        write_folder(tmp_path / "out", write_new)
    with pytest.raises(OutputError, match="exists"):
        check_folder(tmp_path / "out", force=False)
    check_folder(tmp_path / "out", force=True)
    assert names(tmp_path) == ["out"]


def test_force_replaces_all_of_it(tmp_path):
    (tmp_path / "out" / "old").mkdir(parents=True)
    (tmp_path / "out" / "predictions.tsv").write_text("")
    write_folder(tmp_path / "out", write_new, force=True)
    assert names(tmp_path) == ["new.txt", "out"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_a_failing_writer_leaves_the_old_folder_and_no_litter(tmp_path, error):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "predictions.tsv").write_text("old")

    def fail(folder):
        write_new(folder)
        raise error("half way")

    with pytest.raises(error, match="half way"):
        write_folder(tmp_path / "out", fail, force=True)
    with pytest.raises(error, match="half way"):
        write_folder(tmp_path / "other", fail)
    assert names(tmp_path) == ["out", "predictions.tsv"]


def test_a_move_that_fails_brings_the_old_folder_back(tmp_path, monkeypatch):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "predictions.tsv").write_text("old")
    replace = Path.replace

    def refuse_the_new(self, target):
        if (self / "new.txt").exists():
            raise OSError("no space left")
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", refuse_the_new)
    with pytest.raises(OSError, match="no space left"):
        write_folder(tmp_path / "out", write_new, force=True)
    assert names(tmp_path) == ["out", "predictions.tsv"]


def test_a_place_that_cannot_be_written_is_said(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match=r"cannot be written: .*; give another folder"):
        write_folder(tmp_path / "file" / "out", write_new)


def test_the_folder_one_stands_in_is_not_replaced(tmp_path, monkeypatch):
    (tmp_path / "mine.txt").write_text("mine")
    monkeypatch.chdir(tmp_path)
    for folder in (".", tmp_path, tmp_path.parent):
        with pytest.raises(OutputError, match="is the folder you are in, or above it"):
            write_folder(folder, write_new, force=True)
    assert names(tmp_path) == ["mine.txt"]


def test_force_does_not_replace_what_is_no_result(tmp_path):
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter-1.tex").write_text("years of work")
    with pytest.raises(OutputError, match=r"holds chapter-1\.tex and no results of itgstrat; --force replaces results"):
        write_folder(tmp_path / "thesis", write_new, force=True)
    assert names(tmp_path) == ["chapter-1.tex", "thesis"]


def test_files_are_hashed_once_and_folders_left_out(tmp_path):
    (tmp_path / "a.tsv").write_bytes(b"abc")
    found = hash_files([tmp_path / "a.tsv", tmp_path, tmp_path / "gone.tsv", str(tmp_path / "a.tsv")])
    # the test vector of FIPS 180-4
    assert found == {str(tmp_path / "a.tsv"): "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"}


NUMBERS = [0.1, 1e-5, 1e16, 1e300, -0.0, np.nan, np.inf, 1 / 3, 123456789.0, 5e-324]
TABLES = {
    "plain": pd.DataFrame(
        {"a": NUMBERS, "b": ["x", "", "ß", np.nan, *"efghij"], "c": range(10), "d": [True, False] * 5}
    ),
    "empty": pd.DataFrame({"a": np.array([], dtype=float), "b": np.array([], dtype=object)}),
    "tab": pd.DataFrame({"a": ["x\ty", "z"], "b": ["1", "2"]}),
    "line": pd.DataFrame({"a": ["x\ny", "z"], "b": ["1", "2"]}),
    "return": pd.DataFrame({"a": ["x\ry", "z"], "b": ["1", "2"]}),
    "quote": pd.DataFrame({"a": ['5" tumour', "z"], "b": ["1", "2"]}),
    "name": pd.DataFrame({"a\tb": ["x"], "c": ["y"]}),
    "one column": pd.DataFrame({"a": ["", "x"]}),
    "none": pd.DataFrame({"a": ["x", None], "b": [1.0, 2.0]}),
    "mixed": pd.DataFrame({"a": ["x", 0.1, 3], "b": [1.0, 2.0, 3.0]}),
    "float32": pd.DataFrame({"a": np.array([0.1, 7.0], np.float32), "b": ["x", "y"]}),
    "category": pd.DataFrame({"a": pd.Categorical(["x", None]), "b": ["x", "y"]}),
    "nullable": pd.DataFrame(
        {"a": pd.array([1, None], dtype="Int64"), "b": ["x", "y"], "c": pd.array(["x", None], dtype="string")}
    ),
}


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("header", [True, False])
def test_a_table_is_written_as_pandas_does(name, header):
    file = BytesIO()
    write_tsv(TABLES[name], file, header)
    assert file.getvalue().decode() == TABLES[name].to_csv(sep="\t", index=False, header=header)
