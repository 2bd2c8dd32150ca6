"""The systems: every one that the reviews name has its row, and names lead somewhere."""

from collections import Counter
from typing import Any

import pytest

from itgstrat.biology import System, build_catalogue, load_catalogue
from itgstrat.errors import CatalogueError

CATALOGUE = load_catalogue()
THEMES = {
    "format": 1,
    "reviews": {"S1": {"text": "a review"}},
    "themes": {"chapter": {"title": "Chapter", "about": "Words.", "categories": ["kind"]}},
    "unseen": [],
}


def build(themes: dict[str, Any] | None = None, **changes: Any) -> System:
    """Build one system over the packaged signatures."""
    entry = {"code": "X-1", "review": "S1", "where": "abstract", "phrase": "words", "theme": "chapter"}
    entry |= {"signatures": ["gfr_met"], **changes}
    document = {"format": 1, "systems": [entry]}
    return build_catalogue(themes=THEMES | (themes or {}), systems=document, known=CATALOGUE).systems["X-1"]


def test_all_112_systems_are_there_by_review() -> None:
    assert Counter(code[:2] for code in CATALOGUE.systems) == {"S1": 34, "S2": 34, "S3": 44}


@pytest.mark.parametrize("system", CATALOGUE.systems.values(), ids=CATALOGUE.systems)
def test_every_system_has_words_and_signatures_or_the_reason_it_has_none(system: System) -> None:
    assert system.phrase
    assert system.where
    assert system.source.text
    assert bool(system.signatures) != bool(system.why_none)
    assert bool(system.why_none) == (system.code == "S3-38")


def test_every_signature_covers_a_system() -> None:
    assert [key for key in CATALOGUE.signatures if not CATALOGUE.systems_of(key)] == []


def test_every_category_has_one_theme() -> None:
    named = Counter(category for theme in CATALOGUE.themes.values() for category in theme.categories)
    assert set(named) == {one.category for one in CATALOGUE.signatures.values()}
    assert set(named.values()) == {1}
    assert {one.theme for one in CATALOGUE.systems.values()} == set(CATALOGUE.themes)


def test_what_expression_cannot_give_names_its_surrogates() -> None:
    assert len(CATALOGUE.unseen) == 14
    codes = {code for one in CATALOGUE.unseen for code in one.systems}
    assert codes >= {"S3-20a", "S3-20b", "S3-20c", "S3-20d", "S3-20e", "S3-33", "S1-18", "S3-23", "S3-35", "S2-30"}
    assert all(one.surrogates and one.why and one.needs for one in CATALOGUE.unseen)


def test_systems_are_found_by_code() -> None:
    assert CATALOGUE.system("s2-26").code == "S2-26"
    with pytest.raises(CatalogueError, match="no system is called 'S2-99'; did you mean 'S2-"):
        CATALOGUE.system("S2-99")
    with pytest.raises(CatalogueError, match="'nothing'"):
        CATALOGUE.systems_of("nothing")


def test_a_system_of_ones_own_may_name_packaged_signatures() -> None:
    assert build().signatures == ("gfr_met",)
    assert build(signatures=[], why_none="no set exists").why_none == "no set exists"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"signatures": ["nothing"]}, "systems: X-1: signatures: unknown: nothing"),
        ({"signatures": []}, "systems: X-1: why_none is missing"),
        ({"why_none": "words"}, "why_none: a system with signatures has none"),
        ({"theme": "nothing"}, "theme: unknown: nothing"),
        ({"review": "S9"}, "review: need one of S1, found 'S9'"),
        ({"phrases": "words"}, "unknown fields: phrases"),
        (
            {"themes": {"unseen": [{"what": "a", "why": "b", "needs": "c", "systems": ["Y"]}]}},
            "unseen: a: systems: unknown: Y",
        ),
        ({"themes": {"reviews": []}}, "reviews: need a dict under 'reviews'"),
    ],
)
def test_a_faulty_system_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(CatalogueError, match=message):
        build(**changes)
