"""A user's own catalogue: YAML and GMT, with names brought up to date and losses told."""

import logging
from pathlib import Path
from typing import Any

import pytest
import yaml

from itgstrat.biology import Catalogue, load_catalogue, read_catalogue
from itgstrat.errors import CatalogueError

SOURCE = {"text": "a paper", "licence": "CC0", "verification": "read"}


def gmt(folder: Path, *lines: str) -> Catalogue:
    """Write lines with commas for tabs and read them."""
    path = folder / "own.gmt"
    path.write_text("\n".join(line.replace(",", "\t") for line in lines), encoding="utf-8")
    return read_catalogue(path)


def document(folder: Path, **sections: Any) -> Catalogue:
    """Write a YAML document and read it."""
    path = folder / "own.yaml"
    path.write_text(yaml.safe_dump({"format": 1, **sections}), encoding="utf-8")
    return read_catalogue(path)


def signature(**changes: Any) -> dict[str, Any]:
    """Make a sound signature entry with changes."""
    entry = {"id": "mine", "title": "Mine", "category": "kind", "rule": "set", "genes": {"MET": 1}, "source": SOURCE}
    return entry | {"confidence": "high", "description": "Words."} | changes


def test_a_gmt_set_is_a_signature(tmp_path: Path) -> None:
    found = gmt(tmp_path, "MINE,https://example.org,MET,HGF,", "", "OTHER,,EGFR").signatures
    assert dict(found["MINE"].genes) == {"MET": 1, "HGF": 1}
    assert (found["MINE"].rule, found["MINE"].category, found["MINE"].confidence) == ("set", "own", "low")
    assert found["MINE"].source.text == "https://example.org"
    assert found["OTHER"].source.text == "gene set of own.gmt"


@pytest.mark.parametrize("ending", ["DN", "DOWN"])
def test_up_and_down_sets_become_one_signed_signature(tmp_path: Path, ending: str) -> None:
    found = gmt(tmp_path, f"MINE_{ending},d,CDH1", "MINE_UP,d,VIM,FN1", "LONE_UP,d,MET").signatures
    assert list(found) == ["MINE", "LONE_UP"]
    assert (found["MINE"].up, found["MINE"].down) == (("VIM", "FN1"), ("CDH1",))


def test_names_are_brought_up_to_date_and_losses_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        found = gmt(tmp_path, "MINE,d,MET,HER2,AMY1,nonsense,ENSG00000115221.12,3694").signatures["MINE"]
    assert dict(found.genes) == {"MET": 1, "ERBB2": 1, "ITGB6": 1}
    assert "renamed: HER2->ERBB2, ENSG00000115221.12->ITGB6, 3694->ITGB6" in found.source.verification
    assert "dropped, no one approved symbol: AMY1, nonsense" in found.source.verification
    assert "MINE: 2 dropped, no one approved symbol: AMY1, nonsense" in caplog.text


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["MINE,d"], "line 1: need name, description and genes, separated by tabs; found 'MINE"),
        (["MINE,d,MET", "MINE,d,HGF"], "line 2: the set 'MINE' is there twice"),
        (["MINE_UP,d,MET", "MINE_DN,d,HGF", "MINE,d,EGFR"], "'MINE' is a set of its own and also the name of MINE_UP"),
        (["MINE_UP,d,MET,HGF", "MINE_DN,d,HGF"], "MINE_UP and MINE_DN share genes: HGF"),
        (["MINE_UP,d,ERBB2", "MINE_DN,d,HER2"], "HER2: one gene under two names, with opposite signs"),
        (["MINE,d,nonsense"], "MINE: no gene of the signature has one approved symbol; lost: nonsense"),
    ],
)
def test_a_faulty_gmt_is_refused(tmp_path: Path, lines: list[str], message: str) -> None:
    with pytest.raises(CatalogueError, match=message):
        gmt(tmp_path, *lines)


def test_all_faults_of_a_gmt_are_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match="2 faults"):
        gmt(tmp_path, "A,d", "B,d,x", "B,d,y")


def test_yaml_has_the_layout_of_the_facts(tmp_path: Path) -> None:
    pair = signature(id="pair", rule="lower_part", genes={"ITGB6": 1, "HER2": 1}, parts={"a": ["ITGB6"], "b": ["HER2"]})
    dimer = dict.fromkeys(("title", "ligand_class", "ligands", "main_cells"), "words") | {"id": "own_dimer"}
    dimer |= {"alpha": "CD51", "beta": "ITGB6", "confidence": "high", "source": SOURCE}
    groups = {"panel": {"members": ["mine", "receptors", "pair"]}}
    own = document(tmp_path, signatures=[signature(), pair], heterodimers=[dimer], groups=groups)
    assert own.signatures["pair"].parts == (("a", ("ITGB6",)), ("b", ("ERBB2",)))
    assert (own.heterodimers["own_dimer"].alpha, own.signatures["own_dimer"].up) == ("ITGAV", ("ITGAV", "ITGB6"))
    merged = load_catalogue().merged_with(own)
    assert [one.id for one in merged.select(["panel"])] == ["mine", *merged.groups["receptors"], "pair"]


def test_reviews_and_systems_of_ones_own_are_read(tmp_path: Path) -> None:
    system = {"code": "X-1", "review": "X", "where": "here", "phrase": "words", "theme": "cascade"}
    own = document(tmp_path, reviews={"X": {"text": "my review"}}, systems=[system | {"signatures": ["gfr_met"]}])
    assert own.systems["X-1"].source.text == "my review"


@pytest.mark.parametrize(
    ("sections", "message"),
    [
        ({"signatures": [signature(rule="x")]}, r"own\.yaml: 1 fault in the facts:\n  - signatures: mine: rule"),
        ({"signature": []}, "unknown sections: signature; need heterodimers, signatures"),
        ({"format": 2, "signatures": []}, "need format 1, found 2"),
        ({"groups": {"g": {"members": ["nothing"]}}}, "unknown members: nothing"),
        (
            {
                "signatures": [
                    signature(rule="lower_part", genes={"ERBB2": 1, "HER2": 1}, parts={"a": ["ERBB2"], "b": ["HER2"]})
                ]
            },
            "one gene stands in both parts",
        ),
    ],
)
def test_a_faulty_yaml_is_refused(tmp_path: Path, sections: dict[str, Any], message: str) -> None:
    with pytest.raises(CatalogueError, match=message):
        document(tmp_path, **sections)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("own.txt", "x", "a catalogue is a .yaml, .yml or .gmt file, found '.txt'"),
        ("own.yaml", "- one", "need a mapping with 'format'"),
        ("own.yaml", "a: [", "no YAML"),
        ("own.gmt", None, "cannot be read"),
    ],
)
def test_other_files_are_refused(tmp_path: Path, name: str, content: str | None, message: str) -> None:
    if content is not None:
        (tmp_path / name).write_text(content, encoding="utf-8")
    with pytest.raises(CatalogueError, match=message):
        read_catalogue(tmp_path / name)


def test_a_heterodimer_needs_two_known_genes(tmp_path: Path) -> None:
    dimer = dict.fromkeys(("id", "title", "ligand_class", "ligands", "main_cells"), "words")
    dimer |= {"alpha": "nonsense", "beta": "ITGB6", "confidence": "high", "source": SOURCE}
    with pytest.raises(CatalogueError, match="need two different genes"):
        document(tmp_path, heterodimers=[dimer])
