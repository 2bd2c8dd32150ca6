"""The packaged facts: genes, counts, sources and licences."""

import ast
import re
from importlib.resources import files
from pathlib import Path

import pytest

import itgstrat.biology
from itgstrat.biology import Signature, load_catalogue, load_hgnc

CATALOGUE = load_catalogue()
EVERY = pytest.mark.parametrize("signature", CATALOGUE.signatures.values(), ids=CATALOGUE.signatures)
MODULES = sorted(Path(itgstrat.biology.__file__).parent.glob("*.py"))


@pytest.mark.parametrize("name", ["heterodimers.yaml", "signatures.yaml", "groups.yaml", "hgnc.tsv.gz", "SOURCES.md"])
def test_package_data_is_there(name: str) -> None:
    assert files("itgstrat.biology").joinpath("facts", name).read_bytes()


@EVERY
def test_every_gene_is_an_approved_symbol(signature: Signature) -> None:
    assert [gene for gene in signature.genes if not load_hgnc().approved(gene)] == []


@EVERY
def test_every_signature_names_source_licence_and_what_was_checked(signature: Signature) -> None:
    source = signature.source
    assert all([source.text, source.licence, source.verification])
    assert re.fullmatch(r"\d*", source.pmid)
    assert re.fullmatch(r"(10\.\d{4,}/\S+)?", source.doi)
    assert re.fullmatch(r"(M\d+)?", source.msigdb_id)
    assert bool(source.msigdb_name) == ("MSigDB" in source.licence)


@EVERY
def test_no_set_of_forbidden_licence(signature: Signature) -> None:
    words = f"{signature.source.text} {signature.source.msigdb_name}"
    assert not re.search(r"KEGG|BIOCARTA|STKE|\b(ST|SA|SIG)_", words, re.IGNORECASE)


@EVERY
def test_descriptions_are_short_sentences(signature: Signature) -> None:
    assert signature.description.endswith(".")
    assert len(signature.description) < 320


def test_no_two_signatures_have_the_same_genes() -> None:
    lists = [frozenset(signature.genes.items()) for signature in CATALOGUE.signatures.values()]
    assert len(set(lists)) == len(lists)


def test_there_are_24_heterodimers_of_18_alpha_and_8_beta_subunits() -> None:
    dimers = CATALOGUE.heterodimers.values()
    assert len(dimers) == 24
    assert all(dimer.alpha.startswith("ITGA") and dimer.beta.startswith("ITGB") for dimer in dimers)
    assert len({dimer.alpha for dimer in dimers}) == 18
    assert {dimer.beta for dimer in dimers} == {f"ITGB{number}" for number in range(1, 9)}
    assert len(CATALOGUE.integrin_genes()) == 26


def test_subunits_are_those_of_the_pid_family_set() -> None:
    assert set(CATALOGUE.integrin_genes()) == set(CATALOGUE.signatures["itg_family_pid"].genes)


def test_the_16_joint_pairs_have_an_integrin_and_a_receptor_part() -> None:
    pairs = CATALOGUE.select(["joint_pairs"])
    assert len(pairs) == 16
    subunits = set(CATALOGUE.integrin_genes())
    for pair in pairs:
        (first, integrin), (second, receptor) = pair.parts
        assert (pair.rule, first, second) == ("lower_part", "integrin", "receptor")
        assert set(integrin) & subunits
        assert receptor
        assert not set(receptor) & subunits
        assert sorted(integrin + receptor) == sorted(pair.genes)


def test_the_receptor_part_names_a_receptor() -> None:
    receptors = set(CATALOGUE.genes(["receptors"]))
    for pair in CATALOGUE.select(["joint_pairs"]):
        assert set(dict(pair.parts)["receptor"]) & receptors, pair.id


def test_groups_cover_the_categories() -> None:
    groups = CATALOGUE.groups
    assert groups["proliferation"] == ("output_e2f", "output_g2m")
    assert len(groups["receptors"]) == 11
    assert set(groups["receptors"]) < set(groups["receptors_all"])
    assert {one.id for one in CATALOGUE.select(["category:growth_factor_receptor"])} == set(groups["receptors_all"])
    assert set(groups["joint_pairs"]) == {one.id for one in CATALOGUE.select(["category:joint_integrin_gfr"])}
    left_out = set(CATALOGUE.signatures) - {member for members in groups.values() for member in members}
    assert left_out == {"itg_family_pid"}


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.name)
def test_no_gene_symbol_stands_in_the_code(module: Path) -> None:
    tree = ast.parse(module.read_text(encoding="utf-8"))
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef)
    docstrings = {ast.get_docstring(node, clean=False) for node in ast.walk(tree) if isinstance(node, documented)}
    texts = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    assert [text for text in texts - docstrings if load_hgnc().approved(text)] == []
