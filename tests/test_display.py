"""How records show themselves in a notebook: the finding first, every text escaped, nothing fetched, short."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from itgstrat.biology import load_catalogue
from itgstrat.cohort import Dropped
from itgstrat.display import list_html, remarks_html, table_html
from itgstrat.evaluation import Comparison, Difference, Evaluation, Interval, RandomSummary, Row
from itgstrat.evaluation.response_table import (
    RandomAuc,
    ResponseComparison,
    ResponseDifference,
    ResponseEvaluation,
    ResponseRow,
)
from itgstrat.outcome import make_outcome
from itgstrat.prediction import predict
from itgstrat.training import TrainedRun
from tests.simulate import make_bundle, simulate_cohort

EVIL = '<script src="//x">alert(1)</script>&"'


class Reader(HTMLParser):
    """Collect tags and text; a tag that is not closed in order is a fault."""

    def __init__(self, page):
        super().__init__()
        self.open, self.tags, self.texts = [], [], []
        self.feed(page)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)
        self.tags.append(tag)
        assert all(name == "style" for name, _ in attrs)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)


def read(record):
    """The words that a reader sees; the page holds nothing but headings, tables and lists."""
    reader = Reader(record if isinstance(record, str) else record._repr_html_())
    assert set(reader.tags) <= {"p", "b", "table", "tr", "th", "td", "ul", "li"}
    return " | ".join(reader.texts)


def renamed(cohort, name):
    """The same cohort, its name, patients, clinical variables and reasons full of markup."""
    patients = pd.Index([f"{name}{number}" for number in range(len(cohort))])
    return replace(
        cohort,
        name=name,
        expression=cohort.expression.set_axis(patients),
        clinical=cohort.clinical.set_axis(patients).assign(**{name: 1}),
        batch=np.full(len(cohort), name),
        dropped=(Dropped("patient", (name, "b"), f"because {name}", name),),
        source=name,
    )


@pytest.fixture(scope="module")
def cohort():
    return simulate_cohort(60, 80, seed=3).cohort


@pytest.fixture(scope="module")
def prediction(cohort):
    return predict(make_bundle(cohort), cohort)


def evaluation(label="the model", kind="external", notes=()):
    interval = Interval(0.61, 0.55, 0.67)
    rows = (
        Row("model", label, interval, interval, Interval(0.15, 0.1, 0.2)),
        Row("clinical", "clinical only", Interval(0.6, 0.5, 0.7), None, Interval(0.16, 0.1, 0.2)),
        Row("kaplan_meier", "Kaplan-Meier", None, None, Interval(0.17, 0.1, 0.2)),
    )
    differences = (
        Difference("model", "clinical", Interval(0.01, -0.03, 0.05), Interval(-0.01, -0.02, 0.01)),
        Difference("model", "kaplan_meier", None, Interval(-0.02, -0.03, -0.01)),
    )
    random = RandomSummary((0.5, 0.6), 0.55, 0.51, 0.59, 0.333)
    one = Comparison("cross-validation", label, "batch", 60, 40, (1.0, 2.0), rows, differences, random, {}, None)
    return Evaluation(f"They add nothing ({label})", (one, replace(one, kind=kind, cohort="other")), notes)


def test_a_cohort_tells_size_units_outcome_and_what_was_dropped(cohort):
    lost = tuple(Dropped("gene", (f"G{number}", f"H{number}"), f"reason {number}", "x") for number in range(7))
    words = read(replace(cohort, dropped=lost))
    assert words.startswith("simulated: 60 patients, 80 genes")
    assert "log2" in words
    assert f"{cohort.outcome.n_events} events" in words
    assert "2 genes dropped: reason 0 (G0, H0)" in words
    assert "reason 5" not in words
    assert words.endswith("and 2 more")
    assert repr(replace(cohort, dropped=lost)) == (
        f"Cohort(simulated: 60 patients, 80 genes, log2; {cohort.outcome.n_events} events; dropped: 14 genes)"
    )


def test_a_cohort_does_not_take_what_was_not_loaded_for_nothing(cohort):
    bare = replace(cohort, outcome=None, clinical=cohort.clinical[[]], alterations=None)
    assert "none: read without an endpoint" in read(bare)
    assert "not wild type" in read(bare)
    assert "no outcome; dropped: nothing" in repr(bare)
    assert "none loaded" not in read(replace(cohort, alterations=pd.DataFrame({"KRAS_mut": 1.0}, cohort.patients)))


def test_a_cohort_names_its_file_and_no_folder(cohort):
    words = read(replace(cohort, source="/home/me/secret/a.tsv; survset:b"))
    assert "a.tsv; survset:b" in words
    assert "secret" not in words


def test_an_evaluation_begins_with_the_finding_and_shows_every_baseline():
    words = read(evaluation(notes=("few events",)))
    assert words.startswith("They add nothing")
    assert "0.610 (0.550 to 0.670)" in words
    assert "+0.010 (-0.030 to +0.050)" in words
    assert "random genes, 2 draws | 0.550 (0.510 to 0.590), p = 0.333" in words
    assert "external, other (60 patients, 40 events), batch reference" in words
    assert words.endswith("few events")
    assert repr(evaluation()) == "Evaluation(They add nothing (the model))"


def response_evaluation(label="the model", kind="cross-validation", notes=()):
    half = Interval(0.5, 0.4, 0.6)
    rows = tuple(
        ResponseRow(key, name, half, half, half, half, half, half)
        for key, name in [("model", label), ("clinical", "clinical only")]
    )
    gain = ResponseDifference("model", "clinical", Interval(0.1, -0.05, 0.25), half, half, half)
    random = RandomAuc((0.5, 0.6), 0.55, 0.51, 0.59, 0.333)
    one = ResponseComparison("cross-validation", label, "batch", 60, 20, rows, (gain,), random, pd.DataFrame())
    return ResponseEvaluation(f"They add nothing ({label})", (one, replace(one, kind=kind, cohort="other")), notes)


def test_an_evaluation_of_a_label_begins_with_the_finding_and_shows_every_baseline():
    words = read(response_evaluation(kind="external", notes=("few patients",)))
    assert words.startswith("They add nothing")
    assert "cross-validation, the model (60 patients, 20 with the label)" in words
    assert "external, other (60 patients, 20 with the label), batch reference" in words
    assert "clinical only | 0.500 (0.400 to 0.600) | +0.100 (-0.050 to +0.250) | 0.500" in words
    assert "random genes, 2 draws | 0.550 (0.510 to 0.590), p = 0.333" in words
    assert words.endswith("few patients")
    assert repr(response_evaluation()) == "ResponseEvaluation(They add nothing (the model))"
    assert "also judged with left out: other" in read(response_evaluation(kind="leave-one-cohort-out"))


def test_a_run_tells_its_cohorts_its_finding_and_what_was_left_out(cohort):
    config = SimpleNamespace(name="my-run")
    bundle = make_bundle(cohort)
    bundle = replace(bundle, info={**bundle.info, "patients": 60})
    run = TrainedRun(config, bundle, evaluation(), (cohort,), {"hallmark_x": "3 of 200 genes"}, None)
    assert repr(run) == "TrainedRun(my-run: They add nothing (the model))"
    words = read(run)
    assert words.startswith("Run my-run | ")
    assert "simulated (60 patients)" in words
    assert "left out: hallmark_x: 3 of 200 genes" in words
    assert "They add nothing" in words


def test_an_outcome_counts_patients_and_not_rows():
    one = make_outcome([1, 0, 1], [10, 20, 3000], stratum=["a", "a", "b"])
    assert repr(one) == "Outcome(3 patients, 2 events, 2 strata; the longest follow-up is 3,000 days)"
    drawn = replace(one[np.array([0, 0, 1])], patient=np.array([0, 0, 1]))
    assert repr(drawn) == "Outcome(2 patients, 2 events, 1 stratum; the longest follow-up is 20 days)"
    assert repr(one[np.array([], dtype=int)]) == "Outcome(0 patients, 0 events, 0 strata)"


def test_an_agent_tells_class_and_target():
    agents = load_catalogue().agents
    shown = repr(agents["abituzumab"])
    assert shown.startswith("Agent(abituzumab: integrin antagonist; target itg_")
    assert max(len(repr(one)) for one in agents.values()) < 300
    assert all(one.target_checked.source not in repr(one) for one in agents.values() if one.target_checked.source)


def test_an_evaluation_names_left_out_cohorts_without_their_tables():
    words = read(evaluation(kind="leave-one-cohort-out"))
    assert "also judged with other left out" in words
    assert words.count("clinical only") == 1


def test_a_prediction_tells_how_many_it_tells_and_for_whom_it_does_not(prediction):
    words = read(prediction)
    assert words.startswith("simulated: risk told for 60 of 60 patients (20 low, 20 intermediate, 20 high); ")
    assert words.count("one-0000") == 5
    assert "5 of 60 patients shown" in words
    assert "survival_" in words
    withheld = prediction.table.assign(risk=prediction.table["risk"].where(prediction.table.index > 3))
    assert "risk told for 56 of 60 patients" in repr(replace(prediction, table=withheld))
    assert "–" in read(replace(prediction, table=withheld))
    nobody = prediction.table.assign(risk=np.nan)
    assert "risk told for 0 of 60 patients (none)" in read(replace(prediction, table=nobody))


def test_a_prediction_of_a_label_shows_its_probability(prediction):
    table = prediction.table.drop(columns="risk").assign(probability=0.25)
    assert "probability told for 60 of 60" in read(replace(prediction, table=table))
    assert " | 0.25 | " in read(replace(prediction, table=table))


def test_agents_are_told_as_putative(prediction):
    agents = pd.DataFrame({"agent": ["a", "b", "a"]})
    assert "2 agents, four tiers each, putative" in read(replace(prediction, agents=agents))
    assert "putative" not in read(replace(prediction, agents=pd.DataFrame()))


def test_markup_in_names_is_shown_and_not_obeyed(cohort, prediction):
    evil = renamed(cohort, EVIL)
    pages = [
        evil,
        evaluation(EVIL, notes=(EVIL,)),
        response_evaluation(EVIL, notes=(EVIL,)),
        replace(prediction, model_name=EVIL, notes=(EVIL,), table=prediction.table.assign(patient=EVIL, why=EVIL)),
        table_html(EVIL, [EVIL], [[EVIL]]),
        list_html(EVIL, {EVIL: EVIL}),
        remarks_html([EVIL]),
    ]
    for page in pages:
        assert "alert(1)" in read(page)  # and `read` found no script


@pytest.mark.parametrize(
    "make", [lambda c, p: c, lambda c, p: p, lambda c, p: evaluation(), lambda c, p: load_catalogue()]
)
def test_nothing_is_long_and_nothing_is_fetched(cohort, prediction, make):
    record = make(cohort, prediction)
    page = record._repr_html_()
    assert len(page) < 12_000
    assert not re.search(r"https?:|src=|href=|url\(", page)
    assert len(repr(record)) < 400
    assert "\n" not in repr(record)


def test_remarks_are_counted_where_they_are_many():
    assert remarks_html([]) == ""
    assert read(remarks_html(list("abcdefg"), most=2)) == "a | b | and 5 more"
