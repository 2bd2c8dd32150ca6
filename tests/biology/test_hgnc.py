"""The gene table: what a name means, and when it is left unresolved."""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from itgstrat.biology.hgnc import GeneTable, load_hgnc, parse_gene_table
from itgstrat.errors import CatalogueError

HEAD = "# test table\nsymbol\tprevious\talias\tentrez\tensembl\n"


@pytest.fixture(scope="module")
def small() -> GeneTable:
    """Build a table in which every rule has a case."""
    rows = [
        "AAA\tOLD1|SHARED\tBBB|X1\t1\tENSG00000000001",
        "BBB\tSHARED\tX1|Y1|OLD1\t2\tENSG00000000002",
        "C1orf7\t\tMixed\t\t",
    ]
    return parse_gene_table(HEAD + "\n".join(rows) + "\n")


def symbol(table: GeneTable, name: str) -> str | None:
    """Resolve a name that must be known."""
    found = table.resolve(name)
    assert found is not None
    return found.symbol


def test_the_packaged_table_loads_and_names_its_source() -> None:
    table = load_hgnc()
    assert len(table.symbols) == 43_837
    assert "genenames.org" in table.source
    assert "CC0" in table.source
    assert load_hgnc() is table


def test_approved_is_letter_for_letter() -> None:
    assert load_hgnc().approved("ITGB6")
    assert not load_hgnc().approved("itgb6")
    assert not load_hgnc().approved("HER2")


@pytest.mark.parametrize(
    ("name", "expected", "how"),
    [
        ("ITGB6", "ITGB6", "approved"),
        (" itgb6 ", "ITGB6", "approved"),
        ("TAZ", "TAFAZZIN", "previous"),
        ("MST1", "MST1", "approved"),
        ("Met", "MET", "approved"),  # "Met" as written is an alias of SLTM
        ("HER2", "ERBB2", "alias"),
        ("p53", "TP53", "alias"),
        ("SLC9A3R1", "NHERF1", "previous"),
        ("C1orf112", "FIRRM", "previous"),
        ("C9ORF72", "C9orf72", "approved"),
        ("hspb2-c11orf52", "HSPB2-C11orf52", "approved"),
    ],
)
def test_names_of_real_genes(name: str, expected: str, how: str) -> None:
    found = load_hgnc().resolve(name)
    assert found is not None
    assert (found.name, found.symbol, found.how, found.reason) == (name, expected, how, "")


def test_alias_traps_named_in_the_facts() -> None:
    table = load_hgnc()
    assert symbol(table, "TAZ") != "WWTR1"
    assert symbol(table, "MST1") != "STK4"


@pytest.mark.parametrize("name", ["AMY1", "MRP8"])
def test_real_ambiguous_names_stay_unresolved(name: str) -> None:
    found = load_hgnc().resolve(name)
    assert found is not None
    assert (found.symbol, found.how) == (None, "ambiguous")
    assert "genes: " in found.reason


def test_approved_symbol_beats_the_alias_of_another_gene(small: GeneTable) -> None:
    assert symbol(small, "BBB") == "BBB"


def test_unique_previous_symbol_beats_an_alias(small: GeneTable) -> None:
    assert symbol(small, "OLD1") == "AAA"


def test_previous_symbol_of_two_genes_is_ambiguous(small: GeneTable) -> None:
    found = small.resolve("SHARED")
    assert found is not None
    assert found.symbol is None
    assert found.reason == "previous symbol of 2 genes: AAA, BBB"


def test_alias_of_two_genes_is_ambiguous(small: GeneTable) -> None:
    found = small.resolve("x1")
    assert found is not None
    assert found.reason == "alias of 2 genes: AAA, BBB"


def test_alias_of_one_gene_resolves_and_case_is_tried_as_written_first(small: GeneTable) -> None:
    assert symbol(small, "y1") == "BBB"
    assert symbol(small, "Mixed") == "C1orf7"
    assert small.resolve("MIXED") is None
    assert symbol(small, "c1ORF7") == "C1orf7"


@pytest.mark.parametrize("name", ["", "no such gene", "ENSG00000115221"])
def test_unknown_names_give_nothing(name: str) -> None:
    assert load_hgnc().resolve(name) is None


@given(st.lists(st.one_of(st.sampled_from(["TAZ", "MST1", "her2", "AMY1", "ITGB6", ""]), st.text(max_size=8))))
def test_resolving_many_is_resolving_each(names: list[str]) -> None:
    table = load_hgnc()
    assert table.resolve_many(names) == [table.resolve(name) for name in names]


def test_every_approved_symbol_means_itself() -> None:
    table = load_hgnc()
    found = table.resolve_many(table.symbols)
    assert all(one is not None and one.symbol == one.name for one in found)
    assert all(symbol(table, name.lower()) == name for name in table.symbols)


@pytest.mark.parametrize(
    ("identifier", "expected"),
    [
        ("ENSG00000115221", "ITGB6"),
        ("ENSG00000115221.12", "ITGB6"),
        ("ENSG00000182378.15_PAR_Y", "PLCXD1"),
        ("ENSGR0000182378.10", "PLCXD1"),
        ("ENST00000283249.6", None),
        ("ITGB6", None),
        ("ENSG99999999999", None),
    ],
)
def test_ensembl_ids(identifier: str, expected: str | None) -> None:
    assert load_hgnc().from_ensembl(identifier) == expected


def test_entrez_ids() -> None:
    assert load_hgnc().from_entrez(" 3694 ") == "ITGB6"
    assert load_hgnc().from_entrez("0") is None
    assert load_hgnc().from_entrez("") is None


def test_a_table_with_another_head_is_refused() -> None:
    with pytest.raises(CatalogueError, match="need a comment line and the columns symbol, previous"):
        parse_gene_table("symbol\tprevious\n")


def test_a_table_with_a_short_line_is_refused() -> None:
    with pytest.raises(CatalogueError, match=r"1 lines without 5 columns, e\.g\. \[4\]"):
        parse_gene_table(HEAD + "AAA\t\t\t\t\nBBB\t\n")


def test_loading_needs_no_pandas_numpy_or_pydantic() -> None:
    code = (
        "import sys; from itgstrat.biology import load_catalogue, load_hgnc; load_catalogue(); load_hgnc(); "
        "sys.exit(' '.join({'pandas', 'numpy', 'pydantic'} & set(sys.modules)) or None)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
