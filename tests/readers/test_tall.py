"""Numbers read as one long list, against a loop over the cells."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from itgstrat.readers import tall
from itgstrat.readers.dialect import detect_dialect
from itgstrat.readers.matrix import MISSING_NUMBERS
from itgstrat.readers.tall import TallParser

NUMBERS = st.one_of(
    st.floats(-1e30, 1e30).map(repr),
    st.floats(-50, 50).map("{:.4f}".format),
    st.integers(-(10**9), 10**9).map(str),
    st.sampled_from(["0", "-0.0", "1e-40", "2.5E+3", " 1.5", "1.5 ", ".5", "+1", "5.", "007"]),
)


def make_text(rows, path, delimiter="\t", quoted=False):
    """Text of rows of cells below a header, the dialect of it, and the rows alone."""
    mark = '"' if quoted else ""
    header = delimiter.join(["gene", *(f"P{at}" for at in range(len(rows[0])))])
    lines = [delimiter.join([f"{mark}g{at}{mark}", *row]) for at, row in enumerate(rows)]
    body = "\n".join([*lines, ""]).encode()
    return body, detect_dialect(f"{header}\n".encode() + body, path)


def read_cell(cell):
    """The slow path: one cell, to double and to float32."""
    with np.errstate(over="ignore"):
        return np.nan if cell.strip() in MISSING_NUMBERS else np.float32(float(cell))


@given(st.lists(st.lists(NUMBERS, min_size=3, max_size=3), min_size=2, max_size=6), st.sampled_from("\t,;"))
def test_numbers_are_those_of_a_loop(tmp_path_factory, rows, delimiter):
    body, dialect = make_text(rows, tmp_path_factory.getbasetemp() / "c.tsv", delimiter)
    found = TallParser(dialect, 1).parse(body)
    if found is None:  # blanks around what is no number in JSON: read as a table, or as a whole
        assert any(cell != cell.strip() for row in rows for cell in row)
        return
    fields, values = found
    assert fields == [[f"g{at}" for at in range(len(rows))]]
    assert values.dtype == np.float32
    np.testing.assert_array_equal(values, [[read_cell(cell) for cell in row] for row in rows])


@pytest.mark.parametrize("size", [1, 10, 60, 1 << 20])
@pytest.mark.parametrize("end", ["\n", ""])
@pytest.mark.parametrize("quoted", [False, True])
def test_slices_are_put_together(tmp_path, monkeypatch, size, end, quoted):
    monkeypatch.setattr(tall, "_SLICE", size)
    cells = np.random.default_rng(3).normal(0, 10, (20, 7)).round(3)
    body, dialect = make_text([[str(cell) for cell in row] for row in cells], tmp_path / "c.tsv", quoted=quoted)
    fields, values = TallParser(dialect, 1).parse(body.rstrip(b"\n") + end.encode())
    np.testing.assert_array_equal(values, cells.astype(np.float32))
    assert fields == [[f"g{at}" for at in range(20)]]


def test_what_is_missing_is_missing_and_the_parser_goes_on(tmp_path):
    rows = [["1.5", "NA", "", "nan"], ["2", "3", "4", "5"]]
    body, dialect = make_text(rows, tmp_path / "c.tsv")
    parser = TallParser(dialect, 1)
    assert parser.parse(body) is None
    _, values = parser.parse(body, MISSING_NUMBERS)
    np.testing.assert_array_equal(values, [[1.5, np.nan, np.nan, np.nan], [2, 3, 4, 5]])
    np.testing.assert_array_equal(parser.parse(body.split(b"\n")[1])[1], [[2, 3, 4, 5]])


@pytest.mark.parametrize(
    "cell", ["[1]", "[1", '"1"', "true", "null", "x", "1,5", "{}", "1 5", "0x1f", '{"a":1}', "1\\", "[]", "\t"]
)
def test_what_is_no_number_is_left_to_a_second_look(tmp_path, cell):
    body, dialect = make_text([["1", "2", "3"], ["4", "5", "6"]], tmp_path / "c.tsv")
    assert TallParser(dialect, 1).parse(body.replace(b"5", cell.encode())) is None


def test_a_number_beyond_float32_is_infinite(tmp_path):
    body, dialect = make_text([["1", "1e39", "-1e300"], ["4", "5", "123456789012345678901234567890"]], tmp_path / "c")
    _, values = TallParser(dialect, 1).parse(body)
    assert np.isinf(values[0, 1:]).all()
    assert values[1, 2] == np.float32(123456789012345678901234567890)


@pytest.mark.parametrize("line", ["g\t1\t2", "g\t1\t2\t3\t4", "", 'g"x"\t1\t2\t3'])
def test_lines_that_are_not_plain_are_left_to_a_second_look(tmp_path, line):
    body, dialect = make_text([["1", "2", "3"], ["4", "5", "6"]], tmp_path / "c.tsv", quoted=True)
    assert TallParser(dialect, 1).parse(body + line.encode() + b"\n" + body) is None
