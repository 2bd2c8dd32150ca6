import gzip

import numpy as np
import pandas as pd
import pytest

from itgstrat.errors import InputError
from itgstrat.readers.tables import read_clinical, read_matrix, tidy_clinical

from .builders import make_matrix, write_matrix

SMALL = "gene\tA\tB\nx\t1\t2.5\ny\tNA\t-3e2\n"


def write(tmp_path, content, name="table.tsv"):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def check_small(matrix):
    assert (matrix.rows, matrix.columns) == (("x", "y"), ("A", "B"))
    np.testing.assert_array_equal(matrix.values, np.array([[1, 2.5], [np.nan, -300]], np.float32))
    assert matrix.values.dtype == np.float32


@pytest.mark.parametrize(
    "content",
    [
        SMALL,
        SMALL.replace("\t", ","),
        SMALL.replace("\t", ";"),
        SMALL.replace("\t", " "),
        SMALL.replace("\n", "\r\n"),
        SMALL.replace("\n", "\r"),
        SMALL.rstrip("\n"),
        SMALL.replace("\n", "\n\n"),
        SMALL.replace("x", '"x"').replace("A\t", '"A"\t', 1),
        "# made by hand\n# twice\n" + SMALL,
        SMALL.replace("gene\t", ""),
        SMALL.replace("gene\tA\tB\n", "gene\tA\tB\t\n").replace("2.5", "2.5\t").replace("-3e2", "-3e2\t"),
        SMALL.replace("2.5", " 2.5 "),
        b"\xef\xbb\xbf" + SMALL.encode(),
        SMALL.encode("utf-16"),
        gzip.compress(SMALL.encode()),
        gzip.compress(SMALL[:20].encode()) + gzip.compress(SMALL[20:].encode()),
    ],
    ids=[
        *("tsv", "csv", "semicolon", "space", "crlf", "cr", "no-end", "blank-lines", "quoted", "comments"),
        *("r-header", "trailing", "padded", "bom", "utf16", "gz", "gz-members"),
    ],
)
def test_every_way_of_writing_gives_the_same_matrix(tmp_path, content):
    check_small(read_matrix(write(tmp_path, content)))


@pytest.mark.parametrize("spelling", ["", "NA", "NaN", "nan", "null", "N/A", "None"])
def test_spellings_of_missing(tmp_path, spelling):
    check_small(read_matrix(write(tmp_path, SMALL.replace("NA", spelling))))


def test_latin1_names(tmp_path):
    path = write(tmp_path, SMALL.replace("A", "Müller", 1).encode("latin-1"))
    assert read_matrix(path).columns == ("Müller", "B")


def test_a_path_with_spaces_and_content_before_ending(tmp_path):
    path = write(tmp_path, gzip.compress(SMALL.encode()), "my table, final (2).csv")
    check_small(read_matrix(path))


@pytest.mark.parametrize("kind", ["parquet", "feather"])
def test_binary_tables(tmp_path, kind):
    frame = make_matrix().T
    path = tmp_path / f"m.{kind}"
    if kind == "parquet":
        frame.to_parquet(path)
    else:
        frame.rename_axis("gene").reset_index().to_feather(path)
    matrix = read_matrix(path)
    assert matrix.rows == tuple(frame.index)
    np.testing.assert_array_equal(matrix.values, frame.to_numpy())


def test_annotation_columns_are_left_out_and_named(tmp_path):
    content = "Hugo\tEntrez_Gene_Id\tdescription\tS1\tnote\nx\t1\ta b\t1.5\thigh\ny\t2\tc\t2.5\tlow\n"
    matrix = read_matrix(write(tmp_path, content))
    assert matrix.columns == ("S1",)
    assert matrix.left_out == ("Entrez_Gene_Id", "description", "note")


def test_row_numbers_are_not_labels(tmp_path):
    matrix = read_matrix(write(tmp_path, ",gene,S1\n0,x,1\n1,y,2\n", "pandas.csv"))
    assert (matrix.rows, matrix.columns) == (("x", "y"), ("S1",))


def test_text_late_in_a_column_is_found(tmp_path):
    rows = [f"g{i}\t{i}\t1\n" for i in range(5000)]
    rows[4000] = "g4000\tbad\t1\n"
    rows[4500] = "g4500\tworse\t1\n"
    path = write(tmp_path, "gene\tA\tB\n" + "".join(rows))
    with pytest.raises(InputError, match=r"row 'g4000', column 'A': 'bad', row 'g4500', column 'A': 'worse'"):
        read_matrix(path)


def test_a_column_of_text_with_one_number_late_is_an_error(tmp_path):
    rows = [f"g{i}\t1\tword\n" for i in range(100)]
    rows[90] = "g90\t1\t3\n"
    with pytest.raises(InputError, match=r"text where a number is needed: .*column 'B'.*\(99 in all\)"):
        read_matrix(write(tmp_path, "gene\tA\tB\n" + "".join(rows)))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", r"the file is empty \(0 bytes\)"),
        ("  \n\n", "nothing but white space"),
        ("just words\n", "not a table|a header without"),
        ("word\nword\n", "not a table: the first line is 'word'"),
        ("gene\tA\tB\n", "a header without a single row"),
        ("gene\tA\tB\nx\t1\t2\ny\t1\nz\t1\t2\n", "header has 3 fields, but line 3 has 2 fields"),
        ("gene\tA\tB\nx\t1\t2\ny\t1\t2\t3\n", "header has 3 fields, but line 3 has 4 fields"),
        ("gene\tA\tB\nx\t1\tabc\ny\t1\t2\n", r"row 'x', column 'B': 'abc'; correct the cells"),
        ("gene;A;B\nx;1,5;2,5\ny;1,0;2,5\n", "decimal commas"),
        (
            "gene\tA\tB\nx\t1\t-Inf\ny\t1\tinf\n",
            r"infinite numbers: row 'x', column 'B', row 'y', column 'B'",
        ),
        (
            "gene\tA\tB\nx\tred\tblue\ny\tred\tblue\n",
            r"no column of numbers beside the labels \(text: A, B\)",
        ),
        ('gene\tA\tB\nx\t1\t2\n"y\t1\t2\n', "unclosed quotation|has . fields"),
        (b"\x00\x01\x02\x03" * 50, "the content is binary"),
        (b"PK\x03\x04" + b"\x00" * 50, "an Excel workbook or a zip archive"),
        (b"\x89HDF\r\n\x1a\n" + b"\x00" * 50, "an HDF5 file"),
        ("<!DOCTYPE html><html>404</html>", "a web page, not the file behind it"),
        (gzip.compress(SMALL.encode() * 50, mtime=0)[:-12], r"cut off after [\d,]+ unpacked bytes"),
        (gzip.compress(SMALL.encode() * 50, mtime=0)[:-8] + b"\xff" * 8, "gzip archive is damaged"),
        (gzip.compress(b"\x00\x01" * 50, mtime=0), "the content is binary"),
        (b"PAR1" + b"\x00" * 50, "damaged or cut off"),
        (b"ARROW1" + b"\x00" * 50, "damaged or cut off"),
        (b"FEA1" + b"\x00" * 50, "feather version 1"),
    ],
)
def test_what_is_no_matrix_is_refused(tmp_path, content, message):
    path = write(tmp_path, content)
    with pytest.raises(InputError, match=message) as caught:
        read_matrix(path)
    assert str(path) in str(caught.value)


def test_folder_and_missing_file(tmp_path):
    with pytest.raises(InputError, match="this is a folder"):
        read_matrix(tmp_path)
    with pytest.raises(InputError, match="there is no such file"):
        read_matrix(tmp_path / "gone.tsv")


def test_symlink_loop(tmp_path):
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    with pytest.raises(InputError, match="there is no such file"):
        read_matrix(tmp_path / "a")


def test_parquet_without_labels(tmp_path):
    pd.DataFrame({"A": [1.0, 2.0], "B": [1.0, 2.0]}).to_parquet(tmp_path / "m.parquet")
    with pytest.raises(InputError, match=r"no column of labels among A, B; keep the gene"):
        read_matrix(tmp_path / "m.parquet")


def test_empty_parquet(tmp_path):
    pd.DataFrame({"gene": pd.Series([], dtype=str), "B": []}).to_parquet(tmp_path / "m.parquet")
    with pytest.raises(InputError, match="0 rows and 2 columns"):
        read_matrix(tmp_path / "m.parquet")


def test_clinical_types_and_missing(tmp_path):
    content = "id\tage\tstage\tcode\n001\t50\tIII\t07\n002\t[Not Available]\tNA\t12\n003\t61.5\t'--\t\n"
    table = read_clinical(write(tmp_path, content))
    assert table["id"].tolist() == ["001", "002", "003"]
    assert table["age"].dtype == np.float64
    assert table["age"].isna().tolist() == [False, True, False]
    assert table["stage"].isna().tolist() == [False, True, True]
    assert table["code"].tolist()[:2] == ["07", "12"]


def test_clinical_from_parquet(tmp_path):
    pd.DataFrame({"id": ["a", "b"], "age": [1, 2]}).to_parquet(tmp_path / "c.parquet")
    assert read_clinical(tmp_path / "c.parquet")["age"].tolist() == [1.0, 2.0]


def test_clinical_header_names_twice(tmp_path):
    with pytest.raises(InputError, match="columns of the clinical table occur twice: age"):
        read_clinical(write(tmp_path, "id\tage\tage\na\t1\t2\n"))


def test_tidy_keeps_categories_and_nullable_numbers():
    frame = pd.DataFrame(
        {
            "factor": pd.Categorical([2, 0, 1]),
            "word": pd.Categorical(["a", "missing", "b"]),
            "maybe": pd.array([1, None, 3], dtype="Int64"),
            "truth": [True, False, True],
        }
    )
    tidy = tidy_clinical(frame)
    assert tidy["factor"].tolist() == [2.0, 0.0, 1.0]
    assert tidy["word"].isna().tolist() == [False, True, False]
    assert tidy["maybe"].isna().tolist() == [False, True, False]
    assert tidy["truth"].tolist() == [1.0, 0.0, 1.0]


def test_wide_table(tmp_path):
    frame = make_matrix(3, [f"g{i}" for i in range(12_000)])
    matrix = read_matrix(write_matrix(tmp_path / "wide.tsv.gz", frame))
    np.testing.assert_array_equal(matrix.values, frame.to_numpy())


@pytest.mark.parametrize("ending", ["parquet", "feather"])
def test_columns_that_are_read_in_parts_stay_in_place(tmp_path, ending):
    # a.b is no part of a; more columns than are read at a time
    names = ["a.b", "a", *(f"P{at}" for at in range(150)), "a.c"]
    values = np.random.default_rng(4).normal(size=(7, len(names)))
    frame = pd.DataFrame(values, columns=names)
    frame.insert(0, "gene", [f"G{at}" for at in range(7)])
    path = tmp_path / f"matrix.{ending}"
    (frame.to_parquet if ending == "parquet" else frame.to_feather)(path)
    found = read_matrix(path)
    assert found.columns == tuple(names)
    np.testing.assert_array_equal(found.values, values.astype(np.float32))
    np.testing.assert_array_equal(read_matrix(path, columns=["a"]).values[:, 0], values[:, 1].astype(np.float32))


def test_infinite_numbers_are_named_whatever_part_they_are_in(tmp_path):
    frame = pd.DataFrame(np.zeros((3, 200)), columns=[f"P{at}" for at in range(200)])
    frame.loc[1, "P180"], frame.loc[0, "P3"] = np.inf, -np.inf
    frame.insert(0, "gene", ["A", "B", "C"])
    frame.to_parquet(tmp_path / "matrix.parquet")
    with pytest.raises(InputError, match=r"infinite numbers: row 'A', column 'P3', row 'B', column 'P180'"):
        read_matrix(tmp_path / "matrix.parquet")
