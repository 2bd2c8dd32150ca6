"""The frame of every page: sound, labelled, one script that the page's own policy lets run."""

import base64
import hashlib
import re
from dataclasses import replace
from itertools import pairwise

import pytest

from itgstrat.reporting import prediction_report, training_report
from itgstrat.reporting.frame import list_headings, templates
from tests.reporting.conftest import (
    make_bundle,
    make_cohorts,
    make_config,
    make_drivers,
    make_evaluation,
    make_prediction,
)
from tests.reporting.test_checklists import CLOSER
from tests.reporting.test_report import Page

NASTY = ("<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "</details></main>")


@pytest.fixture(scope="module", params=["training", "prediction"])
def text(request):
    config = make_config()
    bundle = make_bundle(config)
    if request.param == "training":
        evaluation = replace(make_evaluation(), closer=CLOSER)
        left_out, hashes = {"itg_a1b1": "no <gene>"}, {"a <file>.tsv": "00ff"}
        drivers = make_drivers(bundle, NASTY[0])
        return training_report(config, evaluation, bundle, make_cohorts(config), drivers, left_out, hashes)
    curve = {"patients": 20, "events": 5, "survival": [1.0, 0.9, None]}
    bundle.info["strata_survival"] = {"time_days": [0, 800, 1600], "strata": dict.fromkeys(("low", "high"), curve)}
    return prediction_report(make_prediction(NASTY), bundle)


def test_tags_close_ids_are_unique_and_what_is_referred_to_exists(text):
    page = Page(text)
    assert not page.open
    assert len(page.ids) == len(set(page.ids))
    for tag, attrs in page.tags:
        for name in ("aria-labelledby", "for"):
            assert attrs.get(name) in {None, *page.ids}
        if tag == "a":
            assert attrs["href"].startswith("#")
            assert attrs["href"][1:] in page.ids


def test_headings_are_in_order_and_all_sections_in_the_contents(text):
    page = Page(text)
    levels = [int(tag[1]) for tag in page.names() if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    contents = [
        attrs["href"][1:] for tag, attrs in Page(text[text.index("<nav") : text.index("</nav>") + 6]).tags if tag == "a"
    ]
    sections = [attrs["id"] for tag, attrs in page.tags if tag == "h2"]
    assert [anchor for anchor in contents if anchor in sections] == sections
    assert len(contents) == len(set(contents))


def test_every_figure_is_labelled_captioned_and_named(text):
    figures = re.findall(r"<figure.*?</figure>", text, re.DOTALL)
    assert figures
    for figure in figures:
        drawn = [attrs for tag, attrs in Page(figure).tags if tag == "svg"]
        assert len(drawn) == 1
        assert drawn[0]["role"] == "img"
        assert len(drawn[0]["aria-label"]) > 20
        assert re.search(r"<figcaption>[^<]{20,}", figure)
    names = re.findall(r'<figure data-name="([^"]+)"', text)
    assert len(names) == len(set(names)) == len(figures)


def test_tables_have_captions_scopes_and_a_labelled_region(text):
    page = Page(text)
    assert page.names().count("table") == page.names().count("caption")
    assert all("scope" in attrs for tag, attrs in page.tags if tag == "th")
    boxes = [attrs for _, attrs in page.tags if attrs.get("class") == "box"]
    assert len(boxes) >= page.names().count("table")
    assert all(attrs["role"] == "region" and attrs["tabindex"] == "0" and attrs["aria-label"] for attrs in boxes)


def test_nothing_but_our_script_runs_and_nothing_is_fetched(text):
    page = Page(text)
    assert not {"link", "img", "iframe", "object", "embed", "form", "base"} & set(page.names())
    policy = next(attrs["content"] for _, attrs in page.tags if attrs.get("http-equiv") == "Content-Security-Policy")
    assert policy.startswith("default-src 'none'; ")
    (script,) = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in policy
    assert not [name for _, attrs in page.tags for name in attrs if name.startswith("on") or name == "src"]
    # every address but the name of the SVG format is in a text
    assert not re.findall(r'(?:href|src|url)\W{0,3}(?:https?:)?//[^"]*', text)


def test_the_script_is_short():
    assert templates().globals["script"].count("\n") < 150


def test_headings_without_an_anchor_are_not_listed():
    (only,) = list_headings('<h3 id="z">before</h3><h2 id="a">A &lt;b&gt;</h2><h3>none</h3><h2 class="x" id="c">C</h2>')
    assert (only.anchor, only.words, only.below) == ("a", "A &lt;b&gt;", ())
