"""What a bundle carries of its evaluation: plain numbers, those of the comparisons, and no patient."""

import json
from dataclasses import replace

import numpy as np

from itgstrat.evaluation.compare import Interval
from itgstrat.evaluation.summary import summarise_comparisons
from tests.reporting.conftest import HORIZONS, make_comparison, make_evaluation


def test_it_holds_the_numbers_of_every_comparison():
    evaluation = make_evaluation()
    told = summarise_comparisons(evaluation.comparisons)
    assert [(one["kind"], one["cohort"], one["reference"]) for one in told] == [
        (item.kind, item.cohort, item.reference) for item in evaluation.comparisons
    ]
    first, model = told[0], evaluation.internal.row("model")
    assert (first["patients"], first["events"]) == (60, evaluation.internal.n_events)
    assert (first["horizons_days"], first["followed_days"]) == ([HORIZONS[0]], 2000.0)
    for name, interval in (("concordance", model.harrell), ("slope", model.slope), ("brier", model.brier)):
        assert Interval(**first[name]) == interval
    assert Interval(**first["kaplan_meier_brier"]) == evaluation.internal.row("kaplan_meier").brier


def test_it_is_plain_json_without_a_patient_and_what_is_not_known_is_null():
    comparison = make_comparison(models=("model", "clinical"))
    row = replace(comparison.rows[0], slope=Interval(np.nan, np.nan, np.nan))
    (told,) = summarise_comparisons([replace(comparison, rows=(row, comparison.rows[1]))])
    assert told["kaplan_meier_brier"] is None
    assert set(told["slope"].values()) == {None}
    text = json.dumps(told, allow_nan=False)
    assert json.loads(text) == told
    assert not any(f'"{name}"' in text for name in comparison.patients["patient"])
