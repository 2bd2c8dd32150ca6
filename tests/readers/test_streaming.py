"""Cohorts in blocks: the same numbers, patients, units and faults as when the file is read as a whole."""

import errno
import gzip
import tempfile

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from itgstrat.biology.hgnc import load_hgnc
from itgstrat.errors import InputError
from itgstrat.readers import read_cohort
from itgstrat.readers.blocks import iter_blocks, open_cohort
from itgstrat.readers.cohort_stream import stream_cohort
from itgstrat.readers.expression_stream import stream_expression
from itgstrat.readers.scratch import Scratch
from itgstrat.readers.tables import read_matrix
from itgstrat.readers.units import detect_unit, survey_numbers

from .builders import INTEGRINS, make_clinical, make_matrix, write_matrix
from .layouts import cohorts, write_h5ad, write_series, write_text

#: What people write in a cell for a number, a missing one, and by mistake.
CELLS = st.one_of(
    st.floats(-20, 49, width=32).map(lambda value: f"{value:.4f}"),
    st.floats(-20, 49, width=32).map(repr),
    st.sampled_from(["0", "-0.0", "1e1", "2.5E-3", "+7", ".5", "5.", "1e-40", "16777217", "0.1000000014901161193847"]),
    st.sampled_from(["NA", "", "NaN", "null", "#N/A", "nan"]),
)
ODD_CELLS = st.sampled_from(["abc", " 1.5", "1.5 ", "1,5", "inf", "-Inf", '"2.5"', '"3', "1_0", "0x1"])
LABELS = st.sampled_from([*INTEGRINS, "CD61", "GP3A", '"CD29"', "NOGENE", '"odd, label"', "3695", "ENSG00000115221.12"])
WANTED = [*INTEGRINS[::2], "FGFR1"]


@st.composite
def texts(draw):
    """A table as text, with what occurs in the field: quotes, missing words, exponents, aliases, faults."""
    labels = draw(st.lists(LABELS, min_size=2, max_size=9, unique=True))
    n_patients = draw(st.integers(1, 7))
    cells = st.one_of(CELLS, ODD_CELLS) if draw(st.integers(0, 3)) == 0 else CELLS
    rows = [[label, *draw(st.lists(cells, min_size=n_patients, max_size=n_patients))] for label in labels]
    described = draw(st.booleans())
    if described:
        rows = [[row[0], draw(st.sampled_from(["12", "", "NA"])), *row[1:]] for row in rows]
    header = ["gene", *(["Entrez_Gene_Id"] * described), *(f"P{at}" for at in range(n_patients))]
    if draw(st.booleans()) and not described:
        rows = [[cell.strip('"') if at == 0 else cell for at, cell in enumerate(row)] for row in rows]
        turned = zip(header, *rows, strict=True) if len({len(row) for row in rows}) == 1 else ()
        header, *rows = [list(map(str, row)) for row in zip(*[header, *rows], strict=True)] if turned else rows
    delimiter = draw(st.sampled_from(["\t", "\t", ";"]))
    lines = [delimiter.join(header), *(delimiter.join(row) for row in rows)]
    if draw(st.integers(0, 5)) == 0:
        lines.insert(draw(st.integers(2, len(lines))), draw(st.sampled_from(["", "x", delimiter * (len(header) - 1)])))
    text = draw(st.sampled_from(["\n", "\r\n"])).join(lines) + draw(st.sampled_from(["", "\n", "\n\n"]))
    data = draw(st.sampled_from([b"", b"\xef\xbb\xbf"])) + text.encode()
    return gzip.compress(data) if draw(st.booleans()) else data


def read_or_refuse(read):
    """What a reader gives, or the message of its refusal."""
    try:
        return read()
    except InputError as error:
        return str(error)


def stream_whole(path, block, genes=WANTED, **options):
    with stream_expression(path, genes, block=block, **options) as stream:
        parts = list(stream)
        assert all(len(patients) <= block for patients, _ in parts)
        assert [patient for patients, _ in parts for patient in patients] == list(stream.patients)
        values = np.concatenate([values for _, values in parts])
        return stream, pd.DataFrame(values, index=list(stream.patients), columns=list(stream.genes))


def check_same(path, block, **options):
    """Blocks and the whole file agree in every bit, or are refused in the same words."""
    whole = read_or_refuse(lambda: read_cohort(path, duplicates="mean", genes=WANTED, **options))
    found = read_or_refuse(lambda: stream_whole(path, block, **options))
    if isinstance(whole, str) or isinstance(found, str):
        assert isinstance(found, str), found
        assert isinstance(whole, str), found
        # a patient without a count is met, and numbered, in its block, so that other faults are told first
        assert found == whole or "without a single count" in whole
        return None
    stream, frame = found
    assert list(frame.columns) == list(whole.genes)
    assert set(stream.absent) == set(WANTED) - set(whole.genes)
    assert list(frame.index) == list(whole.patients)
    np.testing.assert_array_equal(frame.to_numpy(), whole.expression.to_numpy())
    assert frame.to_numpy().dtype == np.float32
    assert (*stream.dropped, *stream.lost) == whole.dropped
    return stream


@given(texts(), st.integers(1, 4), st.sampled_from([16, 60, 1 << 20]))
@settings(max_examples=300, deadline=None)
def test_text_in_blocks_is_the_text_as_a_whole(tmp_path_factory, data, block, size):
    path = tmp_path_factory.mktemp("text") / "c.txt"
    path.write_bytes(data)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("itgstrat.readers.blocks._TEXT", size)
        check_same(path, block)


@given(cohorts(), st.sampled_from(["parquet", "feather", "dense", "csr", "csc"]), st.integers(1, 4), st.booleans())
@settings(max_examples=80, deadline=None)
def test_binary_files_in_blocks(tmp_path_factory, frame, kind, block, turned):
    path = tmp_path_factory.mktemp("binary") / "c"
    if kind in ("parquet", "feather"):
        table = (frame if turned else frame.T).rename_axis("label").reset_index()
        table.to_parquet(path, row_group_size=2) if kind == "parquet" else table.to_feather(path)
    else:
        write_h5ad(path, frame, form=kind)
    check_same(path, block)
    if not (frame.to_numpy() < 0).any() and frame.notna().any(axis=None):
        check_same(path, block, unit="linear")


@pytest.mark.parametrize("block", [1, 4, 100])
@pytest.mark.parametrize("turned", [False, True])
def test_units_are_told_by_all_patients(tmp_path, block, turned):
    frame = make_matrix(30)
    for level, unit in ((frame, "log2"), ((2**frame).round(), "counts"), (2**frame + 0.5, "linear")):
        odd = level.copy()
        odd.iloc[-1] *= 3 if unit != "log2" else 1
        path = write_matrix(tmp_path / "c.tsv", odd if turned else odd.T)
        assert check_same(path, block).unit == unit
    late = frame.copy()
    late.iloc[-1, 0] = 60.0  # one patient tells that these are no logarithms
    assert check_same(write_matrix(tmp_path / "c.tsv", late.T), block).unit == "linear"


@pytest.mark.parametrize("seed", range(4))
def test_a_survey_in_blocks_is_that_of_the_whole(seed, monkeypatch):
    monkeypatch.setattr("itgstrat.readers.units._ENOUGH", 300)
    values = np.random.default_rng(seed).normal(0, 3, (41, 57)).astype(np.float32)
    values[values < -6] = np.nan
    whole = survey_numbers([values], 41)
    parts = survey_numbers([values[start : start + 7] for start in range(0, 41, 7)], 41)
    assert (parts.lowest, parts.highest, parts.n_negative) == (whole.lowest, whole.highest, (values < 0).sum())
    np.testing.assert_array_equal(parts.thinned, whole.thinned)
    assert whole.thinned.shape == (41, -(-57 // (41 * 57 // 300)))
    assert detect_unit(values)[0] in ("log2", "log-ratio", "z-score")


def test_a_declared_unit_is_held_against_every_block(tmp_path):
    frame = make_matrix(9)
    frame.iloc[8, 3] = -1.0
    path = write_matrix(tmp_path / "c.tsv", frame.T)
    with stream_expression(path, INTEGRINS, block=4, unit="linear") as stream:
        blocks = stream.blocks()
        assert len(next(blocks)[1]) == 4
        with pytest.raises(InputError, match="declared as linear, but 1 values are negative"):
            list(blocks)
    with pytest.raises(InputError, match="unit 'litres' is not known"), stream_expression(path, unit="litres"):
        pass


def test_blocks_can_be_taken_from_the_middle_and_twice(tmp_path):
    frame = make_matrix(10)
    with stream_expression(write_matrix(tmp_path / "c.tsv", frame.T), block=4) as stream:
        assert (stream.n_blocks, stream.coverage) == (3, 1.0)
        for _ in range(2):
            rows, values = zip(*stream.blocks(1), strict=True)
            assert rows == (slice(4, 8), slice(8, 10))
            np.testing.assert_array_equal(np.concatenate(values), frame.to_numpy()[4:])


def test_samples_that_do_not_stay_leave_holes_in_the_blocks(tmp_path):
    codes = ["01A", "11A", "11A", "01B", "01A", "11A", "11A", "11A", "01A"]
    frame = make_matrix(patients=[f"TCGA-AA-{at:04d}-{code}" for at, code in enumerate(codes)])
    path = write_matrix(tmp_path / "c.tsv", frame.T)
    check_same(path, 2)
    with stream_cohort(path, INTEGRINS, block=2) as stream:
        blocks = list(stream.cohorts())
        assert [None if block is None else len(block) for block in blocks] == [1, 1, 1, None, 1]
        assert stream.expression.selection.is_tcga


def test_clinical_variables_go_with_their_patients(tmp_path):
    frame = make_matrix(7)
    path = write_matrix(tmp_path / "c.tsv", frame.T)
    clinical = make_clinical(frame.index[::-1], age=[*range(50, 56), "NA"]).assign(
        sample_type=["tumor", "tumor", "healthy", "tumor", "tumor", "tumor", "healthy"]
    )
    altered = pd.DataFrame({"MSI_H": [1, 0, np.nan, 1, 0, 1]}, index=frame.index[1:])
    whole = read_cohort(path, duplicates="mean", clinical=clinical, columns={"age": "age"}, alterations=altered)
    with stream_cohort(path, block=3, clinical=clinical, columns={"age": "age"}, alterations=altered) as stream:
        parts = [cohort for cohort in stream.cohorts() if cohort is not None]
        known, all_, some = stream.facts(), stream.take(), [stream.take(count) for count in (1, 3, 4, 99)]
    assert whole.dropped == stream.dropped == parts[0].dropped
    for name in ("expression", "clinical", "alterations"):
        pd.testing.assert_frame_equal(pd.concat([getattr(part, name) for part in parts]), getattr(whole, name))
        pd.testing.assert_frame_equal(getattr(all_, name), getattr(whole, name))
        for count, part in zip((1, 3, 4, 99), some, strict=True):
            pd.testing.assert_frame_equal(getattr(part, name), getattr(whole, name).iloc[:count])
    pd.testing.assert_frame_equal(known.clinical, whole.clinical)
    assert {part.source for part in parts} == {whole.source}
    assert {(part.name, part.unit, *set(part.batch)) for part in parts} == {(whole.name, whole.unit, *set(whole.batch))}


def test_layouts_of_their_own_are_cut_into_blocks(tmp_path, caplog):
    frame = make_matrix(5)
    path = write_series(tmp_path / "GSE1_series_matrix.txt", frame)
    with caplog.at_level("INFO"):
        check_same(path, 2)
    assert "the layout geo is read as a whole, not in blocks" in caplog.text


def test_the_highest_mean_needs_all_patients(tmp_path):
    path = write_matrix(tmp_path / "c.tsv", make_matrix().T)
    with pytest.raises(InputError, match="does not go in blocks"), stream_expression(path, duplicates="highest_mean"):
        pass


def test_text_that_is_not_plain_is_read_as_a_whole(tmp_path, caplog):
    a, b = INTEGRINS[:2]
    path = write_text(tmp_path / "c.tsv", f"gene\tP1\tP2\n{a}\tNA \t2\n{b}\t3\t4\n")
    with caplog.at_level("INFO"), open_cohort(path) as cohort:
        (block,) = cohort.read(None)
        np.testing.assert_array_equal(block, [[np.nan, 3.0], [2.0, 4.0]])
        assert [block.tolist() for block in cohort.read([1])] == [[[3.0], [4.0]]]
    assert "the text is not plain; it is read as a whole" in caplog.text


@pytest.mark.parametrize("delimiter", [",", "\t"])
def test_empty_lines_of_a_spreadsheet_at_the_end_are_no_rows(tmp_path, monkeypatch, delimiter):
    monkeypatch.setattr("itgstrat.readers.blocks._TEXT", 1000)
    monkeypatch.setattr("itgstrat.readers.scratch.TOGETHER", 1)
    frame = make_matrix(20)
    nothing = (delimiter * 20 + "\n") * 120_000  # more than is read at a time
    lines = frame.T.rename_axis("gene").to_csv(sep=delimiter) + nothing
    path = write_text(tmp_path / "c.csv", lines)
    with open_cohort(path) as cohort:
        (block,) = cohort.read(None)
    np.testing.assert_array_equal(block, read_matrix(path).values.T)


@pytest.mark.parametrize("fail", [False, True])
def test_the_scratch_file_is_gone_afterwards(tmp_path, monkeypatch, fail):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    path = write_matrix(tmp_path / "c.tsv", make_matrix(300).T)
    with pytest.raises(ZeroDivisionError) if fail else open_cohort(path), open_cohort(path) as cohort:
        assert len(list(cohort.read(None))) == 2
        if fail:
            raise ZeroDivisionError
    assert [one.name for one in tmp_path.iterdir()] == ["c.tsv"]


def test_a_full_disk_is_told(tmp_path, monkeypatch):
    path = write_matrix(tmp_path / "c.tsv", make_matrix().T)
    with Scratch(3) as scratch:
        scratch._file.close()
        monkeypatch.setattr(scratch, "_file", Full())
        scratch.add(np.ones((2, 5), np.float32))
        with pytest.raises(InputError, match=r"is full; a text matrix .* 4 bytes .* TMPDIR"):
            next(scratch.columns())
    with Scratch(3, together=1) as scratch:
        scratch._file.close()
        monkeypatch.setattr(scratch, "_file", Full())
        with pytest.raises(InputError, match="is full"):
            scratch.add(np.ones((2, 5), np.float32))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    with pytest.raises(InputError, match="cannot be written"):
        next(iter_blocks(path))


class Full:
    """A file on a full disk."""

    def write(self, data):
        raise OSError(errno.ENOSPC, "No space left on device")

    def close(self):
        pass


@given(st.integers(1, 9), st.lists(st.integers(0, 5), min_size=1, max_size=4), st.integers(1, 11), st.integers(0, 400))
def test_scratch_gives_back_what_was_laid_down(tile, heights, width, together):
    parts = [np.random.default_rng(at).random((height, width), np.float32) for at, height in enumerate(heights)]
    whole = np.concatenate(parts)
    assume(len(whole))
    with Scratch(tile, together) as scratch:
        for at, part in enumerate(parts):
            scratch.add(np.asfortranarray(part) if at % 2 else part)
        np.testing.assert_array_equal(np.concatenate(list(scratch.columns())), whole.T)
        assert {len(block) for block in list(scratch.columns())[:-1]} <= {tile}
        np.testing.assert_array_equal(np.concatenate(list(scratch.rows())), whole)


def test_numbers_parsed_as_one_column_are_those_of_a_plain_loop(tmp_path):
    rng = np.random.default_rng(4)
    words = [
        [f"{value:.{digits}{kind}}" for value in rng.normal(0, 100, 6)] for digits in range(1, 9) for kind in "fge"
    ]
    lines = ["gene\t" + "\t".join("ABCDEF"), *(f'"g{at}"\t' + "\t".join(row) for at, row in enumerate(words))]
    matrix = read_matrix(write_text(tmp_path / "c.tsv", "\n".join(lines)))
    assert matrix.rows == tuple(f"g{at}" for at in range(len(words)))
    for row, cells in zip(matrix.values, words, strict=True):
        for value, word in zip(row, cells, strict=True):
            assert abs(float(value) - float(word)) <= np.spacing(np.float32(abs(value))) / 2  # the nearest float32


def test_an_alias_and_an_id_are_found_for_the_symbol(tmp_path):
    symbol, other = INTEGRINS[:2]
    table = load_hgnc()
    ensembl = next(key for key, value in table.ensembl.items() if value == other)
    path = write_text(tmp_path / "c.tsv", f"gene\tP1\tP2\n{symbol}\t1\t2\n{ensembl}.7\t3\t4\n{other}\t5\t8\n")
    _, frame = stream_whole(path, 1, genes=[symbol, other])
    assert frame.to_dict("list") == {symbol: [1.0, 2.0], other: [4.0, 6.0]}
