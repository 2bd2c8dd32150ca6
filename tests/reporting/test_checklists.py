"""The checklists: every item once, every fact known, and the numbers those of the run."""

from dataclasses import replace
from importlib.resources import files

import pytest
import yaml

from itgstrat.evaluation.closer import CloserLook
from itgstrat.evaluation.prognosis import Effect, Prognosis
from itgstrat.reporting.checklists import NAMES, fill_checklists, fill_label_checklists
from itgstrat.reporting.wording import NOTHING, say_interval
from tests.reporting.conftest import make_bundle, make_cohorts, make_config, make_evaluation
from tests.reporting.label_builders import make_response_comparison, make_response_evaluation

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
    for shown in (content["items"], [item | item.get("label", {}) for item in content["items"]]):
        assert all(item["asks"] and (item.get("run") or item.get("author")) for item in shown)
    assert {key for item in content["items"] for key in item.get("label", {})} <= {"run", "author"}
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
        assert "Proportional hazards of the risk: p = 0.40" in told["10"]


def label_config(**response):
    response = response or {"column": "best", "positive": ["R"], "negative": ["NR"], "class_weight": "balanced"}
    return make_config(endpoint=None, response=response)


def fill_label(config, *comparisons):
    bundle = make_bundle(make_config())
    bundle = replace(bundle, info={**bundle.info, "positive": 33})
    found = make_response_evaluation(*comparisons or [make_response_comparison()])
    return fill_label_checklists(config, found, bundle, make_cohorts(make_config()), {})


def test_a_label_run_tells_of_its_label_and_of_no_event():
    item = make_response_comparison()
    remark, tripod = fill_label(label_config(), item)
    assert [len(one.table.rows) for one in (remark, tripod)] == [20, 52]
    told = {row[0]: row[2:] for row in remark.table.rows}
    assert told["7"] == (
        "Label: best, R against NR", "How and when the label was assessed, and by which criteria"
    )  # fmt: skip
    assert told["6"][0] == NOTHING
    assert told["12"][0].startswith("60 patients, 33 with the label; ")
    assert told["15"][0].startswith(
        f"Out-of-fold area under the ROC curve {say_interval(item.row('model').auc)}, Brier"
    )
    assert told["17"][0] == "No clinical variable to compare with"
    machine = {row[0]: row[2] for row in tripod.table.rows}
    assert machine["13"].startswith(
        "No resampling; both labels weigh the same while the model is fitted; probabilities"
    )
    assert machine["4"] == "Development with internal evaluation"
    rarer = min(item.n_positive, item.n_patients - item.n_positive)
    assert machine["10"].startswith(f"{rarer} patients of the rarer label for 4 features of the model")
    cells = " ".join(cell for one in (remark, tripod) for row in one.table.rows for cell in row[2:])
    for word in ("{", "None", "events", "survival", "Harrell", "Kaplan", "horizon", "hazard", "the risk"):
        assert word not in cells


def test_external_cohorts_and_clinical_variables_are_told_of():
    item = make_response_comparison()
    gain = item.difference("proliferation")
    with_clinical = replace(item, differences=(replace(gain, against="clinical"),))
    remark, tripod = fill_label(label_config(), with_clinical, make_response_comparison("external", "X"))
    assert remark.table.rows[16][2] == (
        f"Area under the ROC curve, the model minus clinical only: {say_interval(gain.auc, signed=True)}"
    )
    assert tripod.table.rows[5][2] == "Development with internal and external evaluation"


def test_the_answer_of_a_rule_is_no_clinical_endpoint():
    (tripod,) = fill_label(label_config(surrogate="etaracizumab"))
    assert tripod.title.startswith("TRIPOD+AI")
    told = {row[0]: row[2] for row in tripod.table.rows}
    assert told["8a"] == (
        "Label: eligible against not eligible by the T1 rule of etaracizumab; no clinical outcome was looked at"
    )
