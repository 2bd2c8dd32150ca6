"""Kaplan-Meier figures show what they were told, also of one patient and of no event."""

import numpy as np
import pytest

from itgstrat.outcome import make_outcome
from itgstrat.reporting.style import new_axes
from itgstrat.reporting.survival_figure import plot_kaplan_meier, stratum_colours
from itgstrat.reporting.svg import describe
from tests.reporting.conftest import STRATA, make_patients


def draw(cohort=None, **settings):
    table = make_patients()
    stratum = "all" if cohort is None else np.asarray(cohort, dtype=str)
    outcome = make_outcome(table["event"], table["time_days"], stratum=stratum)
    return plot_kaplan_meier(outcome, table["stratum"], STRATA, **settings)


def texts(ax):
    return [item.get_text() for item in ax.texts]


def test_numbers_at_risk_and_events_stand_below_the_curves_in_the_order_of_the_strata():
    times = np.array([0.5, 1.5, 2.5, 3.0, 1.0, 2.0])
    group = ["low", "low", "low", "low", "high", "high"]
    outcome = make_outcome([1, 0, 1, 0, 1, 1], times, "years")
    ax = plot_kaplan_meier(outcome, group, ["low", "high"], until_days=3 * 365.25)
    ticks = [0, 0.5, 1, 1.5, 2, 2.5, 3]
    assert ax.get_xticks().tolist() == ticks
    low = [sum(time >= tick for time in times[:4]) for tick in ticks]
    high = [sum(time >= tick for time in times[4:]) for tick in ticks]
    assert texts(ax)[:20] == ["at risk", "events", "low", *map(str, low), "2", "high", *map(str, high), "2"]
    assert low == [4, 4, 3, 3, 2, 2, 1]
    assert high == [2, 2, 2, 1, 1, 0, 0]


def test_a_narrow_figure_has_fewer_ticks():
    assert len(draw(ax=new_axes()).get_xticks()) < len(draw().get_xticks()) <= 9


def test_each_group_has_a_sample_of_its_line_beside_its_name():
    ax = draw()
    samples = [line for line in ax.lines if not line.get_clip_on()]
    assert [line.get_color() for line in samples] == [stratum_colours(STRATA)[name] for name in STRATA]
    assert len({str(line.get_linestyle()) + str(line._dash_pattern) for line in samples}) == 3


def test_log_rank_says_when_it_compares_within_cohort():
    assert texts(draw())[-1].startswith("log-rank p")
    assert texts(draw(make_patients()["cohort"]))[-1].endswith("within cohort")
    assert not texts(draw(["one"] * 60))[-1].endswith("within cohort")


def test_the_test_can_be_left_out():
    ax = draw(test=False)
    assert not any("log-rank" in text for text in texts(ax))
    assert "log-rank" not in describe(ax)


def test_the_description_tells_medians():
    ax = plot_kaplan_meier(make_outcome([1, 1, 0, 0], [1, 2, 3, 3], "years"), ["a", "a", "b", "b"])
    told = "a: 2 patients, 2 events, median 1.0 years; b: 2 patients, 0 events, median not reached"
    assert told in describe(ax)


def test_one_stratum_one_patient_and_no_event_are_drawn():
    ax = plot_kaplan_meier(make_outcome([0], [400]), ["withheld"], STRATA)
    assert not any("log-rank" in text for text in texts(ax))
    assert "withheld" in texts(ax)


def test_no_patients_is_refused():
    with pytest.raises(ValueError, match="no patients"):
        plot_kaplan_meier(make_outcome([], []), [])


def test_strata_colours_are_told_apart():
    assert len(set(stratum_colours(["a", "b", "c", "d", "e", "f"]).values())) == 6
    assert len(stratum_colours([str(number) for number in range(9)])) == 9
