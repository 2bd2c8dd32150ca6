import pytest

from itgstrat.biology import load_catalogue
from itgstrat.reporting.labels import LONGEST, label_feature
from itgstrat.reporting.wording import title_feature

CATALOGUE = load_catalogue()


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("joint_avb5_egfr", "avb5 with EGFR"),
        ("joint_avb5_egfr:product", "avb5 with EGFR, product"),
        ("joint_avb5_egfr:receptor", "avb5 with EGFR, receptor part"),
        ("joint_avb5_egfr_without_ITGB5:product", "avb5 with EGFR without ITGB5, product"),
        ("age", "age"),
        ("grade=G3", "grade=G3"),
        ("mine:product", "mine:product"),
    ],
)
def test_a_form_of_a_signature_has_its_title(name, title):
    assert title_feature(name) == label_feature(name) == title


def test_a_heterodimer_keeps_its_greek_letters_in_every_form():
    one = CATALOGUE.heterodimers["itg_avb6"]
    assert label_feature("itg_avb6:adjusted") == f"{label_feature(one.title)}, adjusted"
    assert title_feature("itg_avb6:adjusted") == f"{one.title}, adjusted"


def test_a_long_title_is_cut_and_its_form_is_not():
    long = [one for one in CATALOGUE.signatures.values() if len(one.title) > LONGEST]
    assert long
    for one in long:
        if one.id in CATALOGUE.heterodimers:
            continue
        assert label_feature(f"{one.id}:product").endswith("…, product")
        assert len(label_feature(f"{one.id}:product")) <= LONGEST
