"""Copy-number calls in the four ways in which they are written."""

import gzip

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from itgstrat.errors import InputError
from itgstrat.readers import inspect_path, read_cna, read_cohort
from itgstrat.readers.alterations import align_alterations
from itgstrat.readers.cna import is_cna, list_samples
from itgstrat.readers.profiling import make_profiling

from .builders import make_matrix, write_matrix

ENTREZ = {"ERBB2": 2064, "MET": 4233, "EGFR": 1956, "PTEN": 5728}


def make_calls(samples=("s1", "s2", "s3")):
    calls = [[2, 0, -1], [1, 2, 0], [0, 0, 0], [-2, -1, np.nan]]
    return pd.DataFrame(calls, index=list(ENTREZ), columns=list(samples))


def spell(value):
    return "NA" if np.isnan(value) else f"{value:g}"


def write_cna(path, calls, style="cbioportal"):
    """The same calls as cBioPortal (wide, Entrez alone, long), Xena and Firehose write them."""
    heads = {
        "cbioportal": (["Hugo_Symbol", "Entrez_Gene_Id"], lambda gene: [gene, ENTREZ[gene]]),
        "entrez": (["Entrez_Gene_Id"], lambda gene: [ENTREZ[gene]]),
        "xena": (["Gene Symbol"], lambda gene: [gene]),
        "firehose": (["Gene Symbol", "Locus ID", "Cytoband"], lambda gene: [f"{gene}|chr17", ENTREZ[gene], "17q12"]),
    }
    if style == "long":
        lines = [["Hugo_Symbol", "Entrez_Gene_Id", "Sample_Id", "Value"]]
        lines += [[gene, ENTREZ[gene], s, spell(calls.loc[gene, s])] for gene in calls.index for s in calls]
    else:
        names, label = heads[style]
        lines = [[*names, *calls.columns], *([*label(g), *map(spell, calls.loc[g])] for g in calls.index)]
    text = "".join("\t".join(map(str, line)) + "\n" for line in lines).encode()
    path.write_bytes(gzip.compress(text) if path.suffix == ".gz" else text)
    return path


STYLES = ["cbioportal", "entrez", "xena", "firehose", "long"]


@pytest.mark.parametrize("style", STYLES)
def test_every_style(tmp_path, style):
    path = write_cna(tmp_path / "data_cna.txt.gz", make_calls(), style)
    found = read_cna(path)
    assert is_cna(str(path))
    assert list_samples(path) == ("s1", "s2", "s3")
    assert found.table["ERBB2_cna"].tolist() == [2, 0, -1]
    assert found.table["ERBB2_amp"].tolist() == [1, 0, 0]
    assert found.table["MET_amp"].tolist() == [0, 1, 0]
    assert found.table["PTEN_del"].tolist() == pytest.approx([1, 0, np.nan], nan_ok=True)
    assert "PTEN_amp" not in found.table
    assert found.table["POU5F1_amp"].isna().all()
    assert "no copy number for POU5F1: not assessed" in found.notes


calls_of = st.sampled_from([-2.0, -1.5, -1.0, 0.0, 1.0, 2.0, np.nan])


@settings(deadline=None, max_examples=40)
@given(
    style=st.sampled_from(STYLES),
    cells=st.lists(calls_of, min_size=12, max_size=12),
    panel=st.sets(st.sampled_from(list(ENTREZ))),
)
def test_what_is_written_is_read_back(tmp_path_factory, style, cells, panel):
    calls = pd.DataFrame(np.reshape(cells, (4, 3)), index=list(ENTREZ), columns=["s1", "s2", "s3"])
    path = write_cna(tmp_path_factory.mktemp("cna") / "c.txt", calls, style)
    table = read_cna(path, list(ENTREZ), make_profiling(panels={"s1": panel, "s2": None})).table
    for gene in ENTREZ:
        for sample in calls:
            call = calls.loc[gene, sample]
            unknown = sample == "s2" or (sample == "s1" and gene not in panel)
            call = np.nan if unknown and call == 0 else call
            states = [call, float(call == 2), float(call == -2)] if np.isfinite(call) else [np.nan] * 3
            names = [f"{gene}_cna", f"{gene}_amp", f"{gene}_del"]
            np.testing.assert_array_equal(table.loc[sample, names].to_numpy(float), states)


def test_tcga_aliquots(tmp_path):
    samples = ("TCGA-AA-0001-01B-11D", "TCGA-AA-0001-01A-11D", "TCGA-AA-0002-06A-11D")
    found = read_cna(write_cna(tmp_path / "c.txt", make_calls(samples), "xena"))
    assert found.table["ERBB2_cna"].to_dict() == {"TCGA-AA-0001-01": 0, "TCGA-AA-0002-06": -1}
    assert "further aliquots of a sample left out: TCGA-AA-0001-01B-11D" in found.notes
    table = align_alterations(found, ["TCGA-AA-0001-01A-11R", "TCGA-AA-0002-01A-11R"], ["TCGA-AA-0001", "TCGA-AA-0002"])
    assert table[0]["ERBB2_cna"].tolist() == pytest.approx([0, np.nan], nan_ok=True)


def test_log_ratios_are_not_called(tmp_path):
    path = write_cna(tmp_path / "c.txt", make_calls() * 0.37, "xena")
    found = read_cna(path)
    assert list(found.table) == ["PTEN_cna", "EGFR_cna", "POU5F1_cna", "ERBB2_cna", "MET_cna"]
    assert any("log-ratios" in note for note in found.notes)
    assert not is_cna(str(path))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("x\ty\n1\t2\n", "no column Hugo_Symbol, Gene Symbol or Entrez_Gene_Id"),
        ("Hugo_Symbol\ts1\nERBB2\tamp\n", "text where a copy number is needed: ERBB2 in s1: 'amp'"),
        ("Hugo_Symbol\ts1\n", "0 genes and 1 samples"),
        ("Hugo_Symbol\tEntrez_Gene_Id\nERBB2\t2064\n", "1 genes and 0 samples"),
        ("Hugo_Symbol\tSample_Id\tValue\nERBB2\ts1\t2\nERBB2\ts1\t0\n", "called twice in one sample: ERBB2 in s1"),
        ("Hugo_Symbol\ts1\nERBB2\t2\t3\n", "the header has 2 fields, but line 2 has 3"),
    ],
)
def test_bad_files(tmp_path, content, message):
    path = tmp_path / "c.txt"
    path.write_text(content)
    with pytest.raises(InputError, match=message):
        read_cna(path)


def test_inspect_and_read_alone_and_beside(tmp_path):
    path = write_cna(tmp_path / "data_cna.txt", make_calls())
    found = inspect_path(path)
    assert (found.layout, found.n_samples, found.n_genes, found.identifier) == ("cna", 3, 4, "SYMBOL|ENTREZ")
    assert "2 calls of amplification (2) and 1 of deep deletion (-2)" in found.notes
    with pytest.raises(InputError, match=r"copy-number calls .* no expression"):
        read_cohort(path)
    expression = write_matrix(tmp_path / "m.tsv", make_matrix(patients=["s3", "s1", "s8"]).T)
    second = write_cna(tmp_path / "more.txt", make_calls(["s8", "s1", "s7"]), "xena")
    cohort = read_cohort(expression, alterations=[path, second])
    assert cohort.alterations["ERBB2_amp"].tolist() == [0, 1, 1]
