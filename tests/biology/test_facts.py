"""The packaged facts: genes, counts, sources and licences."""

import ast
import hashlib
import json
import re
import subprocess
import sys
from dataclasses import asdict
from importlib.resources import files
from pathlib import Path

import pytest
import yaml
from pydantic import TypeAdapter

import itgstrat.biology
from itgstrat.biology import (
    Agent,
    Heterodimer,
    Signature,
    System,
    Theme,
    build_catalogue,
    load_catalogue,
    load_hgnc,
)

CATALOGUE = load_catalogue()
EVERY = pytest.mark.parametrize("signature", CATALOGUE.signatures.values(), ids=CATALOGUE.signatures)
MODULES = sorted(Path(itgstrat.biology.__file__).parent.glob("*.py"))


DOCUMENTS = ("heterodimers", "signatures", "groups", "themes", "systems", "agents")
FACTS = files("itgstrat.biology").joinpath("facts")
SOURCES = FACTS.joinpath("SOURCES.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "name", [*(f"{name}.yaml" for name in DOCUMENTS), "catalogue.json", "hgnc.tsv.gz", "SOURCES.md"]
)
def test_package_data_is_there(name: str) -> None:
    assert FACTS.joinpath(name).read_bytes()


def test_the_packed_catalogue_equals_the_yaml_files() -> None:
    documents = {name: yaml.safe_load(FACTS.joinpath(f"{name}.yaml").read_text(encoding="utf-8")) for name in DOCUMENTS}
    packed = json.loads(FACTS.joinpath("catalogue.json").read_text(encoding="utf-8"))
    assert packed == documents, "run `python scripts/build_facts.py` after an edit of the facts"
    assert build_catalogue(**documents) == CATALOGUE


def test_loading_takes_less_than_a_seventh_of_a_second() -> None:
    code = (
        "import time; from itgstrat.biology import load_catalogue; start = time.process_time(); load_catalogue(); "
        "print(time.process_time() - start)"
    )
    runs = [subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True) for _ in range(3)]
    assert min(float(run.stdout) for run in runs) < 0.15


def test_records_have_the_types_they_declare() -> None:
    for record, found in (
        (Signature, CATALOGUE.signatures),
        (Heterodimer, CATALOGUE.heterodimers),
        (System, CATALOGUE.systems),
        (Theme, CATALOGUE.themes),
        (Agent, CATALOGUE.agents),
    ):
        adapter = TypeAdapter(dict[str, record])  # type: ignore[valid-type]
        written = json.dumps({key: asdict(one) for key, one in found.items()})
        assert adapter.validate_json(written, strict=True, extra="forbid") == found


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
def test_every_licence_is_described(signature: Signature) -> None:
    assert f"| {signature.source.licence} |" in SOURCES


def test_no_licence_is_described_that_no_signature_has() -> None:
    described = re.findall(
        r"^\| ([^|]+) \|", SOURCES.partition("## Licences")[2].partition("## Sources")[0], re.MULTILINE
    )
    used = {one.source.licence for one in CATALOGUE.signatures.values()}
    assert set(described) - {"licence, as an entry writes it"} == used


@EVERY
def test_low_confidence_and_components_say_so(signature: Signature) -> None:
    assert (signature.confidence == "low") == signature.description.startswith("Low confidence.")
    said = "Abundance, not activity: read beside" in signature.description
    assert said == bool(signature.beside)
    assert all(name in signature.description.partition("read beside")[2] for name in signature.beside)


@EVERY
def test_surrogates_say_what_they_are_not(signature: Signature) -> None:
    if signature.category == "alteration_surrogate" or "surrogate" in signature.id:
        words = "Surrogate only: it is not|[Nn]o mutation call|binding sites, not|nothing more|Short reads"
        assert re.search(words, signature.description)


def test_the_components_of_box_1_stand_beside_their_outputs() -> None:
    group = CATALOGUE.groups["box1"]
    members = [CATALOGUE.signatures[name] for name in group]
    components = [one for one in members if one.beside]
    assert len(components) == 15
    assert all(output in group for one in components for output in one.beside)
    signalling = {one.id for one in CATALOGUE.select(["category:autonomous_signalling"])}
    without = signalling - {one.id for one in components}
    assert without == {
        "hallmark_nfkb",
        "erk_output_mpas",
        "hemidesmosome_reactome",
        "box1_lipid_raft_palmitoylation",
        "box1_migration_survival_output",
    }


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
    pairs = {one.id for one in CATALOGUE.select(["category:joint_integrin_gfr"]) if one.rule == "lower_part"}
    assert set(groups["joint_pairs"]) == pairs
    assert set(CATALOGUE.signatures) - set(groups["all"]) == {"itg_family_pid"}


def test_the_panels_of_the_demo_have_the_members_they_had() -> None:
    # configs/demo.yaml is built on them, and its published numbers with it.
    text = "|".join(",".join(CATALOGUE.groups[name]) for name in ("heterodimers", "receptors", "joint_pairs"))
    assert hashlib.sha256(text.encode()).hexdigest()[:16] == "194936e31b90da36"


def test_the_cascade_goes_from_detachment_to_stroma_in_the_order_of_the_review() -> None:
    steps = CATALOGUE.groups["cascade_steps"]
    first = [min(system.code for system in CATALOGUE.systems_of(step) if system.code[:2] == "S2") for step in steps[:4]]
    assert first == sorted(first)
    assert (steps[0], steps[-1]) == ("casc_detachment", "casc_supportive_stroma")


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.name)
def test_no_gene_symbol_stands_in_the_code(module: Path) -> None:
    tree = ast.parse(module.read_text(encoding="utf-8"))
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef)
    docstrings = {ast.get_docstring(node, clean=False) for node in ast.walk(tree) if isinstance(node, documented)}
    texts = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    assert [text for text in texts - docstrings if load_hgnc().approved(text)] == []
