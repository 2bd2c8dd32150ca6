import numpy as np
import pandas as pd
import pytest

from itgstrat.errors import InputError
from itgstrat.outcome import Endpoint
from itgstrat.readers.endpoints import count_events, find_endpoints, find_inverted, read_events, read_outcome

OS = Endpoint("OS", "OS.time")


def table(event, time):
    return pd.DataFrame({"OS": event, "OS.time": time}, index=[f"P{number}" for number in range(len(event))])


def read(event, time, endpoint=OS, matched=None):
    frame = table(event, time)
    matched = np.ones(len(frame), bool) if matched is None else np.array(matched)
    return read_outcome(frame, matched, endpoint, "c", "c.tsv")


def test_patients_without_an_outcome_are_dropped_by_reason():
    reading = read(
        [1, 0, np.nan, 1, 0, np.nan],
        [10, 0, 5, np.nan, 7, np.nan],
        Endpoint("OS", "OS.time", "months"),
        [True] * 5 + [False],
    )
    assert reading.kept.tolist() == [True, False, False, False, True, False]
    assert reading.outcome.event.tolist() == [True, False]
    np.testing.assert_allclose(reading.outcome.time_days, [10 * 365.25 / 12, 7 * 365.25 / 12])
    assert set(reading.outcome.stratum) == {"c"}
    assert {record.reason: record.names for record in reading.dropped} == {
        "no row in the clinical table": ("P5",),
        "event status 'OS' missing": ("P2",),
        "time 'OS.time' missing": ("P3",),
        "time 'OS.time' is zero (no follow-up)": ("P1",),
    }


@pytest.mark.parametrize(
    ("event", "time", "message"),
    [
        ([1, 0], [5, -3], "negative times in 'OS.time': P1: -3"),
        ([0, 0], [5, 3], "no events: all 2 patients are censored in 'OS'"),
        ([1, 0], ["soon", "5"], "time column 'OS.time' holds text: P0: 'soon'; it needs numbers"),
        ([1, 2], [5, 3], "event column 'OS' holds 2; it needs 1"),
        (["sick", "well"], [5, 3], "event column 'OS' holds sick, well"),
        ([np.nan, np.nan], [5, 3], "no patient has an outcome: 2 patients dropped: event status"),
        ([1, 0], [0, 0], "no patient has an outcome: 2 patients dropped: time 'OS.time' is zero"),
    ],
)
def test_outcomes_that_cannot_be_used(event, time, message):
    with pytest.raises(InputError, match=message):
        read(event, time)


def test_a_column_that_is_not_there_names_the_pairs_found():
    with pytest.raises(InputError, match=r"no column PFI, PFI.time for the endpoint; pairs found: OS with OS\.time"):
        read([1, 0], [5, 3], Endpoint("PFI", "PFI.time"))


@pytest.mark.parametrize(
    ("words", "events"),
    [
        (["Dead", "Alive", "na"], [1, 0, np.nan]),
        (["DECEASED", "LIVING", ""], [1, 0, np.nan]),
        (["1:DECEASED", "0:LIVING", "[Not Available]"], [1, 0, np.nan]),
        (["1:Recurred/Progressed", "0:DiseaseFree", None], [1, 0, np.nan]),
        ([True, False, None], [1, 0, np.nan]),
        ([1.0, 0.0, np.nan], [1, 0, np.nan]),
        (["recurrence", "norecurrence", "missing"], [1, 0, np.nan]),
    ],
)
def test_event_words(words, events):
    np.testing.assert_array_equal(read_events(pd.Series(words)), events)


@pytest.mark.parametrize(
    ("event", "time", "unit"),
    [
        ("OS", "OS.time", "days"),
        ("PFI", "PFI.time", "days"),
        ("OS_STATUS", "OS_MONTHS", "months"),
        ("firehose_OS", "firehose_OS_days", "days"),
        ("OS_status", "OS_days", "days"),
        ("event", "time", "days"),
        ("event", "months", "months"),
        ("event_occurred_os", "survival_time_os", "days"),
        ("dead", "months", "months"),
        ("deceased", "days", "days"),
        ("Died", "Survival (months)", "months"),
        ("status", "survival_months", "months"),
        ("status", "OS_MONTHS", "months"),
        ("vital_status", "OS_MONTHS", "months"),
        ("death", "overall_survival_days", "days"),
        ("OS_EVENT", "OS_MONTHS", "months"),
        ("OS_STATUS", "survival_years", "years"),
        ("Overall Survival Status", "Overall Survival (Months)", "months"),
        ("Relapse Free Status", "Relapse Free Status (Months)", "months"),
        ("recurrence", "recurrence_mos", "months"),
        ("dead", "follow_up_years", "years"),
        ("vital.status", "followup.weeks", "weeks"),
        ("fustat", "futime", "days"),
        ("event", "time_to_event", "days"),
        ("dead", "time_in_months", "months"),
        ("e.rfs", "t.rfs", "days"),
        ("event_pfs", "time_pfs", "days"),
        ("drug_event", "drug_time", "days"),
    ],
)
def test_endpoints_are_found(event, time, unit):
    frame = pd.DataFrame({time: [5, 6], "age": [50, 60], event: [1, 0]})
    assert find_endpoints(frame) == (Endpoint(event, time, unit),)
    assert count_events(frame, Endpoint(event, time, unit)) == (1, 2)


@pytest.mark.parametrize(
    ("event", "time"),
    [
        ("dead", "dfs_months"),  # another endpoint's time
        ("status", "PFI.time"),
        ("dead", "age_months"),
        ("dead", "years"),  # of age, or calendar years
        ("dead", "year"),
        ("death", "death_year"),
        ("death", "death_month"),
        ("treatment", "treatment_months"),
        ("smoking_status", "smoking_years"),
        ("er_status", "time"),
        ("status", "collection_time"),
        ("dead", "time_point"),
        ("dead", "months_to_biopsy"),
        ("tumor_status", "survival_months"),
        ("alive", "months"),
        ("recurrence", "survival_months"),
    ],
)
def test_columns_that_do_not_belong_together(event, time):
    assert find_endpoints(pd.DataFrame({event: [1, 0], time: [5, 6]})) == ()


def test_a_time_with_an_event_of_its_own_goes_with_no_other():
    frame = pd.DataFrame(
        {"OS_MONTHS": [5, 6], "OS_STATUS": [1, 0], "dead": [1, 0], "event": [1, 1], "DFS_MONTHS": [3, 4]}
    )
    assert find_endpoints(frame) == (Endpoint("OS_STATUS", "OS_MONTHS", "months"),)


@pytest.mark.parametrize(("time", "event"), [("time", "event"), ("survival_months", "dead")])
def test_of_the_usual_names_the_likeliest_is_taken(time, event):
    frame = pd.DataFrame({"dead": [1, 0], "event": [1, 1], "status": ["mutant", "wild"], time: [5, 6]})
    assert [pair.event for pair in find_endpoints(frame)] == [event]


def test_a_stated_unit_wins():
    frame = pd.DataFrame({"event_occurred_os": [1, 0], "survival_time_os": [5, 6], "survival_unit": ["month", "month"]})
    assert find_endpoints(frame)[0].unit == "months"


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame({"survival_months": [5, 6], "censorship": [1, 0]}),
        pd.DataFrame({"OS": [0, 0], "OS.time": [5, 6]}),
        pd.DataFrame({"OS": [1, 0], "OS.time": [5, -6]}),
        pd.DataFrame({"OS": ["a", "b"], "OS.time": [5, 6]}),
        pd.DataFrame({"vital_status": ["Dead", "Alive"], "days_to_death": [5, np.nan]}),
    ],
    ids=["inverted", "no-events", "negative", "words", "no-follow-up"],
)
def test_what_is_no_endpoint(frame):
    assert find_endpoints(frame) == ()


def test_inverted_columns_are_pointed_out():
    assert find_inverted(pd.DataFrame({"survival_months": [1], "censorship": [1], "os": [1], "Alive": [1]})) == (
        "censorship",
        "Alive",
    )
