"""Blocks, big files and what is made to exhaust a machine; round trips of tables; dates made of symbols."""

import gzip
import tracemalloc

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from itgstrat.biology.hgnc import load_hgnc
from itgstrat.errors import InputError
from itgstrat.readers import inspect_path
from itgstrat.readers.blocks import iter_blocks
from itgstrat.readers.content import first_text, read_text, stream_text, text_size
from itgstrat.readers.genes import map_genes
from itgstrat.readers.spreadsheet import find_mangled
from itgstrat.readers.tables import read_clinical, read_matrix

from .builders import INTEGRINS, make_matrix, write_matrix
from .layouts import cohorts, write_table, write_text

QUOTED = st.text(st.characters(categories=["L", "Nd", "P", "S"], include_characters=" "), max_size=8).map(
    lambda text: "Pat" + text.strip()
)


@given(cohorts(QUOTED), st.sampled_from("\t,;"), st.sampled_from(["c.txt", "c.txt.gz"]))
@settings(max_examples=60)
def test_round_trip_of_text(tmp_path_factory, frame, delimiter, name):
    path = write_table(tmp_path_factory.mktemp("text") / name, frame, delimiter)
    matrix = read_matrix(path)
    assert (matrix.rows, matrix.columns) == (tuple(frame.columns), tuple(frame.index))
    np.testing.assert_array_equal(matrix.values.T, frame.to_numpy())


@given(cohorts(), st.sampled_from(["parquet", "feather"]), st.integers(1, 4), st.booleans())
@settings(max_examples=40, deadline=None)  # the first one loads the gene table
def test_round_trip_of_binary_tables_and_their_blocks(tmp_path_factory, frame, kind, rows, turned):
    path = tmp_path_factory.mktemp("binary") / f"c.{kind}"
    table = (frame if turned else frame.T).rename_axis("label").reset_index()
    table.to_parquet(path) if kind == "parquet" else table.to_feather(path)
    matrix = read_matrix(path)
    values = matrix.values if turned else matrix.values.T
    np.testing.assert_array_equal(values, frame.to_numpy())
    parts = list(iter_blocks(path, rows))
    assert sum((part.samples for part in parts), ()) == tuple(frame.index)
    assert {part.labels for part in parts} == {tuple(frame.columns)}
    np.testing.assert_array_equal(np.concatenate([part.values for part in parts]), frame.to_numpy())


@pytest.mark.parametrize("kind", ["parquet", "feather", "tsv"])
@pytest.mark.parametrize("turned", [False, True])
def test_only_some_rows_and_columns(tmp_path, kind, turned):
    frame = make_matrix()
    table = (frame if turned else frame.T).rename_axis("label")
    path = tmp_path / f"c.{kind}"
    if kind == "tsv":
        table.to_csv(path, sep="\t")
    else:
        getattr(table.reset_index(), f"to_{kind}")(path)
    rows, columns = list(table.index[[3, 1]]), list(table.columns[[4, 2]])
    matrix = read_matrix(path, rows=rows, columns=columns)
    assert (matrix.rows, matrix.columns) == (tuple(table.index[[1, 3]]), tuple(table.columns[[2, 4]]))
    np.testing.assert_allclose(matrix.values, table.iloc[[1, 3], [2, 4]], rtol=1e-6)
    with pytest.raises(InputError, match=r"none of the 1 (labels|columns) asked for \(nope\) is there; the file has"):
        read_matrix(path, columns=["nope"])
    with pytest.raises(InputError, match=r"none of the 1 labels asked for \(nope\) is there; the file has"):
        read_matrix(path, rows=["nope"])
    parts = list(iter_blocks(path, 4, labels=INTEGRINS[2:4]))
    assert [len(part.samples) for part in parts] == [4, 2]
    np.testing.assert_allclose(parts[1].values, frame.iloc[4:, 2:4], rtol=1e-6)


def test_blocks_of_nothing(tmp_path):
    path = write_matrix(tmp_path / "c.tsv", make_matrix().T)
    with pytest.raises(InputError, match="blocks of 0 patients; rows must be 1 or more"):
        next(iter_blocks(path, 0))
    with pytest.raises(InputError, match="there is no such file"):
        next(iter_blocks(tmp_path / "gone"))


def test_a_block_does_not_grow_with_the_file(tmp_path):
    def peak(n_patients):
        path = tmp_path / f"{n_patients}.parquet"
        make_matrix(n_patients, [*INTEGRINS, *(f"g{at}" for at in range(974))]).T.rename_axis(
            "gene"
        ).reset_index().to_parquet(path)
        tracemalloc.start()
        for _ in iter_blocks(path, 20):
            pass
        return tracemalloc.get_traced_memory()[1], tracemalloc.stop()

    assert peak(400)[0] < 2 * peak(100)[0]


@pytest.mark.parametrize("block", [7, 16, 64, 10_000])
@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("packed", [False, True])
def test_blocks_are_whole_lines_and_lose_nothing(tmp_path, block, ends, packed):
    text = 'gene\tA\n"x\ny"\t1\nµ\t2\n\nz\t3'
    data = b"\xef\xbb\xbf" + text.replace("\n", ends).encode()
    path = tmp_path / "c"
    path.write_bytes(gzip.compress(data) if packed else data)
    parts = list(stream_text(path, block=block))
    assert b"".join(parts).decode() == text
    assert all(part.endswith(b"\n") and part.count(b'"') % 2 == 0 for part in parts[:-1])
    assert read_text(path).decode() == text
    assert first_text(path, 6) == "gene\tA"


def test_utf16_and_latin1_in_blocks(tmp_path):
    text = "gene\tMüller\n" + "".join(f"g{at}\t{at}\n" for at in range(100))
    path = tmp_path / "c"
    for encoding in ("utf-16", "latin-1"):
        path.write_bytes(text.encode(encoding))
        assert b"".join(stream_text(path, block=64)).decode() == text


def test_the_size_of_the_text_is_known_before(tmp_path):
    path = write_text(tmp_path / "c.gz", "0123456789" * 500)
    assert text_size(path) == 5000
    assert text_size(write_text(tmp_path / "c", "x" * 50)) == 50
    members = tmp_path / "members.gz"
    members.write_bytes(gzip.compress(b"x" * 900) + gzip.compress(b""))  # bgzip ends so
    assert text_size(members) == 4 * members.stat().st_size


def test_a_matrix_of_many_blocks(tmp_path, monkeypatch):
    monkeypatch.setattr("itgstrat.readers.content._READ", 1000)
    frame = make_matrix(5, [f"g{at}" for at in range(3000)])
    frame.iloc[3, 2990] = np.nan
    path = write_matrix(tmp_path / "c.tsv.gz", frame.T)
    parts = list(stream_text(path, block=5000))
    assert len(parts) > 20
    from itgstrat.readers.textmatrix import parse_matrix

    matrix = parse_matrix(lambda: stream_text(path, block=5000), path)
    assert matrix.rows == tuple(frame.columns)
    np.testing.assert_array_equal(matrix.values.T, frame.to_numpy())


def make_bomb(path, line, n_bytes):
    """A gz that unpacks to `n_bytes`, made without holding them."""
    with gzip.open(path, "wb", compresslevel=9) as file:
        piece = line * (1_000_000 // len(line))
        for _ in range(n_bytes // len(piece)):
            file.write(piece)
    return path


@pytest.mark.slow
@pytest.mark.parametrize("line", [b"0\t", b"x\t0\n"], ids=["one-line", "lines"])
def test_a_bomb_is_refused_in_bounded_memory(tmp_path, line, monkeypatch):
    monkeypatch.setattr("itgstrat.readers.content._ALWAYS_ALLOWED", 1 << 24)
    monkeypatch.setattr("itgstrat.readers.content._LONGEST_LINE", 1 << 23)
    path = tmp_path / "bomb.tsv.gz"
    with gzip.open(path, "wb") as file:
        file.write(b"gene\tA\n")
    path.write_bytes(path.read_bytes() + make_bomb(tmp_path / "b", line, 100_000_000).read_bytes())
    tracemalloc.start()
    with pytest.raises(InputError, match=r"bomb.tsv.gz: (the archive of .* unpacks to more than|no line end within)"):
        read_matrix(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 * (1 << 24)


def test_the_limit_can_be_raised(tmp_path, monkeypatch):
    monkeypatch.setattr("itgstrat.readers.content._ALWAYS_ALLOWED", 1000)
    frame = make_matrix(200)
    frame[:] = 1.0
    path = write_matrix(tmp_path / "c.tsv.gz", frame.T)
    ratio = text_size(path) / path.stat().st_size
    assert read_matrix(path, max_inflation=ratio + 1).values.shape == (26, 200)
    with pytest.raises(InputError, match=r"unpacks to more than .* or set max_inflation above 2"):
        read_matrix(path, max_inflation=2)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("gene\tA\tA\n{a}\t1\t2\n", "patients occur twice: A"),
        ("gene,A,B\n{a}\t1\t2\n{b}\t1\t2\n", "header|ragged|not a table|delimiter"),
        ("gene\tA\tB\n{a}\t1\t2\n{b}\t1\t2\t3\n", "header has 3 fields, but line 3 has 4 fields"),
        ("gene\tA\tB\n{a}\t1\t2\n{b}\t1,5\t2\n", r"row '{b}', column 'A': '1,5'.*decimal commas"),
        ("gene\tA\tB\n", "a header without a single row"),
        ("gene\tA\tB\n\n\n", "a header without a single row"),
    ],
)
def test_bad_tables_say_what_and_where(tmp_path, content, message):
    path = tmp_path / "my table.tsv"
    a, b = INTEGRINS[:2]
    path.write_text(content.replace("{a}", a).replace("{b}", b))
    with pytest.raises(InputError, match=message.replace("{b}", b)) as caught:
        inspect_path(path)
    assert "my table.tsv" in str(caught.value)


def test_a_label_column_of_missing_words(tmp_path):
    path = write_text(tmp_path / "c.tsv", "gene\tA\tB\nx\t1\t2\nNA\t3\t4\n")
    assert read_matrix(path).rows == ("x", "")
    path = write_text(tmp_path / "c.tsv", "gene\tA\tB\nx\tNA\t2\nNA\t3\t4\n")
    assert read_matrix(path).rows == ("x", "")


def test_quotes_inside_a_clinical_field(tmp_path):
    path = write_text(tmp_path / "c.tsv", 'id\tnote\na\t"two\nlines, 5"" nail"\nb\tplain\n')
    assert read_clinical(path)["note"].tolist() == ['two\nlines, 5" nail', "plain"]


DATES = [
    ("2-Sep", "SEPTIN2"),
    ("Sep-02", "SEPTIN2"),
    ("02-Sep", "SEPTIN2"),
    ("2017-09-02", "SEPTIN2"),
    ("2017-09-02 00:00:00", "SEPTIN2"),
    ("3-Mar", "MARCHF3"),
    ("Mar-03", "MARCHF3"),
    ("10-Mrz", "MARCHF10"),
    ("1-Dec", "DELEC1"),
    ("15-Sep", "SELENOF"),
]


@pytest.mark.parametrize(("label", "symbol"), DATES)
def test_dates_that_were_symbols(label, symbol):
    assert find_mangled(label, load_hgnc()) == (symbol,)
    meaning = map_genes([label]).meanings[0]
    assert (meaning.symbol, meaning.direct, meaning.mangled) == (symbol, False, True)


@pytest.mark.parametrize("label", ["1-Mar", "Mar-01", "2-Mar", "2016-03-01"])
def test_a_date_of_two_genes_is_not_guessed(label):
    meaning = map_genes([label]).meanings[0]
    assert (meaning.symbol, meaning.mangled) == ("", True)
    assert meaning.lost.startswith("date that a spreadsheet made of MARCHF")


@pytest.mark.parametrize("label", ["30-Sep", "1-Jan", "SEPT-", "MARC-1", "2-Xyz", "9/2/2017", "", "12"])
def test_what_is_no_such_date(label):
    assert find_mangled(label, load_hgnc()) == ()


def test_dates_are_reported(tmp_path, caplog):
    from itgstrat.readers import read_cohort

    frame = make_matrix(3, [*INTEGRINS, "2-Sep", "1-Mar"])
    path = write_matrix(tmp_path / "c.tsv", frame.T)
    note = "symbols turned into dates by a spreadsheet: 2-Sep (SEPTIN2), 1-Mar (several)"
    assert any(note in each for each in inspect_path(path).notes)
    cohort = read_cohort(path)
    assert note in caplog.text
    np.testing.assert_allclose(cohort.expression["SEPTIN2"], frame["2-Sep"], rtol=1e-6)
    assert [r.names for r in cohort.dropped] == [("1-Mar",)]
    assert isinstance(cohort.expression, pd.DataFrame)
