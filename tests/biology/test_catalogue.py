"""The catalogue: the packaged facts hold together, and faults in them are told clearly."""

import copy
import pickle
from typing import Any

import pytest

from itgstrat.biology import Catalogue, build_catalogue, load_catalogue
from itgstrat.biology.records import Signature, Source
from itgstrat.errors import CatalogueError

SOURCE = {"text": "a paper", "licence": "CC0", "verification": "read"}


def signature(**changes: Any) -> dict[str, Any]:
    """Make a sound signature entry with changes."""
    entry = {
        "id": "one",
        "title": "One",
        "category": "kind",
        "rule": "set",
        "genes": {"MET": 1, "SPINT1": -1},
        "source": SOURCE,
        "confidence": "high",
        "description": "words",
    }
    return copy.deepcopy(entry | changes)


def heterodimer(**changes: Any) -> dict[str, Any]:
    """Make a sound heterodimer entry with changes."""
    words = dict.fromkeys(("id", "title", "ligand_class", "ligands", "main_cells"), "words")
    entry = words | {"alpha": "ITGAV", "beta": "ITGB6", "confidence": "high", "source": SOURCE}
    return copy.deepcopy(entry | changes)


def build(signatures: Any = (), groups: Any = None, heterodimers: Any = (), version: int = 1) -> Catalogue:
    """Build a catalogue of entries."""
    return build_catalogue(
        {"format": version, "heterodimers": list(heterodimers)},
        {"format": version, "signatures": list(signatures)},
        {"format": version, "groups": groups or {}},
    )


def test_the_packaged_catalogue_is_loaded_once() -> None:
    catalogue = load_catalogue()
    assert load_catalogue() is catalogue
    assert repr(catalogue) == ("Catalogue(258 signatures, 24 of them heterodimers; 19 groups; 112 systems; 25 agents)")


def test_signatures_up_and_down_keep_the_order_of_the_list() -> None:
    found = build([signature(genes={"MET": 1, "SPINT1": -1, "HGF": 1})]).signatures["one"]
    assert (found.up, found.down) == (("MET", "HGF"), ("SPINT1",))


def test_a_signature_names_itself_without_a_wall_of_genes() -> None:
    source = Source("made")
    mixed = Signature("own", "Own", "made", "set", {"KRAS": 1, "NRAS": -1}, source, "low")
    assert repr(mixed) == "Signature(own: made; 2 genes: KRAS, -NRAS)"
    many = Signature("long", "Long", "made", "gene", {f"G{n}": 1 for n in range(9)}, source, "low")
    assert repr(many) == "Signature(long: made, one gene; 9 genes: G0, G1, G2, G3, G4, ...)"
    assert repr(Signature("none", "None", "made", "set", {}, source, "low")) == "Signature(none: made; 0 genes)"
    assert max(len(repr(one)) for one in load_catalogue().signatures.values()) < 160


def test_records_can_be_hashed_and_sent_to_a_worker() -> None:
    catalogue = load_catalogue()
    assert len(set(catalogue.signatures.values())) == len(catalogue.signatures)
    assert pickle.loads(pickle.dumps(catalogue)) == catalogue


def test_a_heterodimer_is_a_signature_of_its_lower_subunit() -> None:
    found = load_catalogue().signatures["itg_avb6"]
    assert (found.rule, found.category) == ("lower_subunit", "integrin_heterodimer")
    assert dict(found.genes) == {"ITGAV": 1, "ITGB6": 1}
    assert found.parts == (("alpha", ("ITGAV",)), ("beta", ("ITGB6",)))


def test_select_keeps_the_order_and_drops_repeats() -> None:
    chosen = load_catalogue().select(["output_g2m", "gfr_met", "proliferation", "gfr_met"])
    assert [one.id for one in chosen] == ["output_g2m", "gfr_met", "output_e2f"]


def test_select_takes_a_group_a_category_and_a_single_name() -> None:
    catalogue = load_catalogue()
    assert len(catalogue.select(["joint_pairs"])) == 16
    assert catalogue.select(["category:integrin_heterodimer"]) == catalogue.select(["heterodimers"])
    assert [one.id for one in catalogue.select("gfr_axl")] == ["gfr_axl"]
    assert catalogue.select([]) == ()


def test_select_names_all_unknown_names_with_near_ones() -> None:
    message = r"2 unknown signature names:\n  - 'itg_avb66'; did you mean 'itg_avb6'.*\n  - 'qqq'\nNeed"
    with pytest.raises(CatalogueError, match=message):
        load_catalogue().select(["itg_avb66", "itg_avb6", "qqq"])


def test_select_refuses_an_unknown_category() -> None:
    with pytest.raises(CatalogueError, match=r"1 unknown signature name:\n.*did you mean 'category:integrin_family'"):
        load_catalogue().select(["category:integrin_familly"])


def test_genes_of_some_and_of_all() -> None:
    catalogue = load_catalogue()
    assert catalogue.genes(["itg_avb6", "itg_avb8"]) == ("ITGAV", "ITGB6", "ITGB8")
    assert set(catalogue.integrin_genes()) < set(catalogue.genes())
    with pytest.raises(CatalogueError, match="'nothing'"):
        catalogue.genes(["nothing"])


def test_groups_within_groups_are_spelled_out() -> None:
    groups = {"inner": {"members": ["one"]}, "outer": {"members": ["inner", "one"]}}
    assert build([signature()], groups).groups == {"inner": ("one",), "outer": ("one",)}


def test_a_category_may_be_a_member_of_a_group() -> None:
    two = signature(id="two", genes={"HGF": 1})
    assert build([signature(), two], {"g": {"members": ["category:kind"]}}).groups == {"g": ("one", "two")}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"id": ""}, "id is missing"),
        ({"title": 3}, "title: need text, found 3"),
        ({"rule": "mean"}, "signatures: one: rule: need one of set, lower_subunit, lower_part, found 'mean'"),
        ({"confidence": None}, "confidence: need one of high, medium, low, found None"),
        ({"genes": {}}, "genes: need a mapping"),
        ({"genes": {"MET": 2, "HGF": True}}, r"2 are not, e\.g\. MET, HGF"),
        ({"source": None}, "source: need a mapping"),
        ({"source": SOURCE | {"licence": ""}}, "one: source: licence is missing"),
        ({"source": SOURCE | {"page": "3"}}, "one: source: unknown fields: page"),
        ({"gene": {}}, "unknown fields: gene"),
        ({"parts": {"a": ["MET"], "b": ["SPINT1"]}}, "a signature with rule 'set' has none"),
        ({"parts": ["MET"]}, "parts: need a mapping of names to lists"),
        ({"beside": ["two"]}, "signatures: one: beside: unknown: two"),
        ({"beside": "two"}, "beside: need a list of texts, found 'two'"),
        ({"rule": "lower_part"}, "rule 'lower_part' needs two parts"),
        ({"rule": "lower_part", "parts": {"a": ["MET", "SPINT1"], "b": []}}, "needs two parts with genes"),
        (
            {"rule": "lower_part", "parts": {"a": ["MET"], "b": ["HGF"]}},
            "each gene of the signature in one part",
        ),
        (
            {
                "rule": "lower_subunit",
                "genes": {"A": 1, "B": 1, "C": 1},
                "parts": {"a": ["A"], "b": ["B", "C"]},
            },
            "needs one gene in each part",
        ),
    ],
)
def test_a_faulty_signature_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(CatalogueError, match=message):
        build([signature(**changes)])


def test_all_faults_are_told_at_once() -> None:
    with pytest.raises(CatalogueError, match="3 faults in the facts:") as caught:
        build([signature(title="", rule="x"), "text"])
    assert str(caught.value).count("\n  - ") == 3


def test_ids_must_be_unique() -> None:
    with pytest.raises(CatalogueError, match="one: this id is there twice"):
        build([signature(), signature()])
    with pytest.raises(CatalogueError, match="one: the id is taken by a heterodimer"):
        build([signature()], heterodimers=[heterodimer(id="one")])


def test_a_heterodimer_has_two_different_subunits() -> None:
    with pytest.raises(CatalogueError, match="alpha and beta are the same gene"):
        build(heterodimers=[heterodimer(beta="ITGAV")])


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        ({"g": {"members": []}}, "groups: g: need a list of members"),
        ({"g": ["one"]}, "groups: g: need a list of members"),
        ({"g": {"members": ["two"]}}, "groups: g: unknown members: two"),
        ({"g": {"members": ["category:x"]}}, "groups: g: unknown members: category:x"),
        ({"one": {"members": ["one"]}}, "groups: one: the name is taken by a signature"),
        ({"g": {"members": ["h"]}, "h": {"members": ["g"]}}, "g > h > g goes round in a circle"),
    ],
)
def test_a_faulty_group_is_refused(groups: dict[str, Any], message: str) -> None:
    with pytest.raises(CatalogueError, match=message):
        build([signature()], groups)


def test_another_format_is_refused() -> None:
    with pytest.raises(CatalogueError, match="signatures: need format 1, found 2"):
        build(version=2)


def test_a_document_that_is_no_mapping_is_refused() -> None:
    with pytest.raises(CatalogueError, match="heterodimers: need a list under 'heterodimers'"):
        build_catalogue([], {}, None)


def test_leaving_genes_out_makes_another_signature() -> None:
    emt = load_catalogue().signatures["hallmark_emt"]
    rest = emt.without(["ITGAV", "ITGB3", "EPCAM"])
    assert rest.id == "hallmark_emt_without_ITGAV_ITGB3"
    assert set(emt.genes) - set(rest.genes) == {"ITGAV", "ITGB3"}
    assert emt.without(load_catalogue().integrin_genes(), label="integrins").id == "hallmark_emt_without_integrins"
    assert emt.without(["EPCAM"]) is emt


def test_leaving_genes_out_keeps_the_other_genes_of_a_part() -> None:
    pair = load_catalogue().signatures["joint_b1_met"].without(["SRC"])
    assert dict(pair.parts)["integrin"] == ("ITGB1", "ITGA2", "ITGA3", "PTK2")
    assert sorted(pair.genes) == sorted(gene for _, genes in pair.parts for gene in genes)


@pytest.mark.parametrize(
    ("name", "genes", "message"),
    [
        ("abc_bcrp", ["ABCG2"], "abc_bcrp cannot be scored without ABCG2: nothing of the signature is left"),
        ("itg_avb6", ["ITGB6"], "itg_avb6 cannot be scored without ITGB6: nothing of one of its two parts is left"),
    ],
)
def test_a_signature_without_anything_left_is_refused(name: str, genes: list[str], message: str) -> None:
    with pytest.raises(CatalogueError, match=message):
        load_catalogue().signatures[name].without(genes)


def test_merging_adds_and_keeps_both() -> None:
    own = build([signature()], {"mine": {"members": ["one"]}})
    merged = load_catalogue().merged_with(own)
    assert [one.id for one in merged.select(["mine", "gfr_met"])] == ["one", "gfr_met"]
    assert len(merged.signatures) == 259
    assert merged.agents == load_catalogue().agents


def test_names_that_clash_are_told_and_nothing_is_replaced() -> None:
    own = build([signature(id="gfr_met"), signature(id="receptors", genes={"HGF": 1})])
    with pytest.raises(CatalogueError, match="signatures and groups: gfr_met, receptors; rename them in your own file"):
        load_catalogue().merged_with(own)


def test_a_group_of_signatures_that_are_not_there_says_to_merge() -> None:
    own = build_catalogue(groups={"format": 1, "groups": {"g": {"members": ["gfr_met"]}}}, known=load_catalogue())
    with pytest.raises(CatalogueError, match=r"not in it \(gfr_met\); merge it"):
        own.select(["g"])
    assert [one.id for one in load_catalogue().merged_with(own).select(["g"])] == ["gfr_met"]


def test_records_show_themselves_escaped_in_a_notebook() -> None:
    catalogue = load_catalogue()
    shown = build([signature(title="a <b>")]).signatures["one"]._repr_html_()
    assert "a &lt;b&gt;" in shown
    assert "<b>one" in shown
    assert "CENTRIC" in catalogue.agents["cilengitide"]._repr_html_()
    assert "anoikis_resistance" in catalogue.systems["S1-22"]._repr_html_()
    assert "none: A technology" in catalogue.systems["S3-38"]._repr_html_()
    assert "antagonist_axis" in catalogue._repr_html_()
