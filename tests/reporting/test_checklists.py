"""The checklists: every item once, every fact known, and the numbers those of the run."""

from dataclasses import replace
from importlib.resources import files

import pytest
import yaml

from itgstrat.evaluation.closer import CloserLook
from itgstrat.evaluation.prognosis import Effect, Prognosis
from itgstrat.reporting.checklists import NAMES, fill_checklists
from tests.reporting.conftest import make_bundle, make_cohorts, make_config, make_evaluation

RISK = Effect("out-of-fold risk", 1.8, 1.2, 2.7, 0.004, 0.4)
AGE = Effect("age (per SD, 10)", 1.1, 0.9, 1.4, 0.3, 0.6)
CLOSER = CloserLook(
    None, None, None, (), 730.5, None, (), (), Prognosis(60, 25, RISK, (RISK, AGE), 6.6, 0.01, 730.5, (), ())
)


@pytest.fixture(scope="module", params=[None, CLOSER])
def filled(request):
    config = make_config()
    evaluation = replace(make_evaluation(), closer=request.param)
    return request.param, fill_checklists(config, evaluation, make_bundle(config), make_cohorts(config), {"a": "b"})


@pytest.mark.parametrize(("name", "items"), [("remark", 20), ("tripod_ai", 27)])
def test_every_item_is_there_once_and_somebody_tells_it(name, items):
    text = (files("itgstrat.reporting") / "checklists" / f"{name}.yaml").read_text(encoding="utf-8")
    content = yaml.safe_load(text)
    numbers = [str(item["item"]) for item in content["items"]]
    assert len(numbers) == len(set(numbers))
    assert list(dict.fromkeys(int(number.rstrip("abcdefg")) for number in numbers)) == list(range(1, items + 1))
    assert all(item["asks"] and (item.get("run") or item.get("author")) for item in content["items"])
    assert "doi 10." in content["source"]


def test_nothing_is_left_to_fill_in(filled):
    _, found = filled
    assert [len(one.table.rows) for one in found] == [20, 52]
    assert len(found) == len(NAMES)
    cells = [cell for one in found for row in one.table.rows for cell in row]
    assert not [cell for cell in cells if "{" in cell or "None" in cell or not cell]


def test_the_numbers_are_those_of_the_run(filled):
    closer, (remark, tripod) = filled
    told = {row[0]: row[2] for row in remark.table.rows}
    assert told["12"].startswith("60 patients, 30 events; 2 reasons for dropping")
    assert told["19"].startswith("The 24 signatures (heterodimers) add nothing here")
    assert {row[0]: row[2] for row in tripod.table.rows}["23a"].startswith(
        "Out-of-fold concordance 0.650 (0.570 to 0.720)"
    )
    if closer is None:
        assert told["17"] == "No clinical variable to compare with"
    else:
        assert told["15"].startswith("Out-of-fold risk, per SD: hazard ratio 1.80 (1.20 to 2.70), p = 0.004")
        assert "age (per SD, 10): hazard ratio 1.10 (0.90 to 1.40), p = 0.30" in told["16"]
        assert told["17"].endswith("p = 0.010")
        assert told["10"].endswith("Proportional hazards of the risk: p = 0.40")
