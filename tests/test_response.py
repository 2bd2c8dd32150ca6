"""Labels: what counts, who is left out, and what is refused."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from itgstrat.errors import CohortError, OutcomeError
from itgstrat.response import Labelling, Response, keep_labelled, read_response, require_both
from tests.simulate import simulate_cohort

R_NR = Labelling("response", ("R",), ("NR",))


def labelled(values):
    cohort = simulate_cohort(len(values), 40).cohort
    return cohort.with_clinical(pd.DataFrame({"response": values}, index=cohort.patients))


def test_patients_with_neither_value_are_left_out_and_counted():
    cohort = keep_labelled(labelled(["R", "NR", None, "SD", "R"]), R_NR)
    assert read_response(cohort, R_NR).label.tolist() == [True, False, True]
    assert len(cohort) == 3
    assert str(cohort.dropped[-1]) == "2 patients dropped: response is missing or SD (one-00002, one-00003)"
    assert keep_labelled(cohort, R_NR) is cohort


@pytest.mark.parametrize("values", [[1.0, 0.0, np.nan], [1, 0, 2], ["1", "0", ""]])
def test_numbers_are_read_as_their_text(values):
    cohort = keep_labelled(labelled(values), Labelling("response", ("1",), ("0",)))
    assert read_response(cohort, Labelling("response", ("1",), ("0",))).label.tolist() == [True, False]


def test_what_is_no_label_is_refused():
    with pytest.raises(CohortError, match=r"'response' holds CR, PD, none of R, NR"):
        keep_labelled(labelled(["CR", "PD"]), R_NR)
    with pytest.raises(CohortError, match="has no clinical variable 'arm' for the label"):
        keep_labelled(labelled(["R", "NR"]), replace(R_NR, name="arm"))
    with pytest.raises(CohortError, match=r"no label in one-00001; leave them out first"):
        read_response(labelled(["R", "SD"]), R_NR)
    with pytest.raises(OutcomeError, match="2 labels and 1 strata"):
        Response(np.array([True, False]), np.array(["one"]))
    with pytest.raises(OutcomeError, match="need to be True or False"):
        Response(np.array([1.0, np.nan]), np.array(["one", "one"]))


def test_too_few_of_a_label():
    response = Response(np.array([True] * 9 + [False]), np.full(10, "one"), "R")
    with pytest.raises(OutcomeError, match=r"9 positive and 1 negative labels \(R\) among 10 .* at least 2 of either"):
        require_both(response, 2, "this")
    require_both(response, 1, "this")
