import numpy as np
import pytest

from itgstrat.errors import OutcomeError
from itgstrat.outcome import DAYS_PER_UNIT, make_outcome, require_events


@pytest.mark.parametrize(("unit", "days"), [("days", 2.0), ("weeks", 14.0), ("months", 60.875), ("years", 730.5)])
def test_times_become_days(unit, days):
    assert make_outcome([1], [2], unit=unit).time_days.tolist() == [days]
    assert DAYS_PER_UNIT[unit] == days / 2


@pytest.mark.parametrize(
    "event", [[1, 0], [1.0, 0.0], [True, False], ["1", "0"], np.array([1, 0], object), np.array([True, False], object)]
)
def test_events_may_be_numbers_booleans_or_text(event):
    assert make_outcome(event, [3, 4]).event.tolist() == [True, False]


@pytest.mark.parametrize("event", [[1, 2], ["dead", "alive"], [1, np.nan], [1, None], [1, -1]])
def test_other_events_are_refused(event):
    with pytest.raises(OutcomeError, match=r"the event column holds .*; it needs 1 \(event\) and 0 \(censored\)"):
        make_outcome(event, [3, 4])


@pytest.mark.parametrize("time", [0, -3, np.nan, np.inf])
def test_a_time_must_be_above_zero(time):
    with pytest.raises(OutcomeError, match=r"1 times are missing, zero or negative \(positions 1\)"):
        make_outcome([1, 0], [3, time])


def test_many_bad_times_are_counted():
    with pytest.raises(OutcomeError, match=r"9 times .*\(positions 0, 1, 2, 3, 4 \(9 in all\)\)"):
        make_outcome([1] * 9, [0] * 9)


def test_an_unknown_unit_is_refused():
    with pytest.raises(OutcomeError, match="time unit 'decades' is not known; use one of days, weeks"):
        make_outcome([1], [3], unit="decades")


def test_lengths_must_agree():
    with pytest.raises(OutcomeError, match="1 events, 2 times, 2 strata"):
        make_outcome([1], [3, 4])
    with pytest.raises(OutcomeError, match="2 events, 2 times, 1 strata"):
        make_outcome([1, 0], [3, 4], stratum=["a"])


def test_rows_are_taken_by_position_and_by_mask():
    outcome = make_outcome([1, 0, 1], [3, 4, 5], stratum=["b", "a", "b"])
    for rows in (np.array([2, 0]), np.array([True, False, True])):
        taken = outcome[rows]
        assert sorted(taken.time_days) == [3, 5]
        assert taken.n_events == len(taken) == taken.shape[0] == 2
        assert set(taken.stratum) == {"b"}


def test_strata_come_in_sorted_order():
    outcome = make_outcome([1, 0, 1], [3, 4, 5], stratum=["b", "a", "b"])
    assert [(name, rows.tolist()) for name, rows in outcome.by_stratum()] == [("a", [1]), ("b", [0, 2])]


def test_too_few_events_say_what_they_are_for():
    outcome = make_outcome([1, 0], [3, 4])
    require_events(outcome, 1, "this")
    with pytest.raises(OutcomeError, match="1 events among 2 patients; a forest needs at least 5: use an endpoint"):
        require_events(outcome, 5, "a forest")
